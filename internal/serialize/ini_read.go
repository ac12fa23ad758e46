package serialize

import (
	"regexp"
	"strings"

	"pinch/internal/py"
)

// iniReader reads an INI file as Python's ConfigParser does with its defaults.
type iniReader struct {
	name     string // of the file, "" for a text
	defaults *py.Dict
	sections *py.Dict // name to *py.Dict of option to list of lines
}

var (
	iniHeader = regexp.MustCompile(`^\[(.+)\]`)
	iniOption = regexp.MustCompile(`^(.*?)\s*[=:]\s*(.*)$`)
	iniRef    = regexp.MustCompile(`%(%|\(([^)]+)\)s|.?)`)
)

// source is the file as Python's messages name it.
func (r *iniReader) source() string {
	if r.name == "" {
		return "'<string>'"
	}
	return py.Repr(py.Str(r.name))
}

// iniValue reads a text into a mapping of sections to mappings of options.
func iniValue(text, name string) (py.Value, error) {
	r := &iniReader{name: name, defaults: py.NewDict(), sections: py.NewDict()}
	if err := r.read(text); err != nil {
		return nil, err
	}
	out := py.NewDict()
	for k, v := range r.sections.All() {
		own := v.(*py.Dict)
		all := r.defaults.Copy()
		all.Update(own)
		s := py.NewDict()
		for opt := range all.All() {
			text, err := r.get(py.ToStr(k), py.ToStr(opt), all, 0)
			if err != nil {
				return nil, err
			}
			s.SetStr(py.ToStr(opt), py.Str(text))
		}
		out.SetStr(py.ToStr(k), s)
	}
	return out, nil
}

func (r *iniReader) read(text string) error {
	var section, option *py.Dict
	var lines *py.List // of the current option
	name, sectionName := "", ""
	indent := 0
	number := 0
	var bad []string
	for line := range strings.Lines(text) {
		number++
		value := strings.TrimSpace(line)
		if strings.HasPrefix(value, "#") || strings.HasPrefix(value, ";") {
			continue
		}
		if value == "" {
			if option != nil && lines != nil {
				lines.Append(py.Str(""))
			}
			continue
		}
		here := len(line) - len(strings.TrimLeft(line, " \t\r\f\v"))
		if option != nil && lines != nil && here > indent {
			lines.Append(py.Str(value))
			continue
		}
		indent = here
		if m := iniHeader.FindStringSubmatch(value); m != nil {
			sectionName, lines, option = m[1], nil, nil
			if section = r.defaults; sectionName == "DEFAULT" {
				continue
			}
			if r.sections.Has(sectionName) {
				return py.Errorf("DuplicateSectionError", "While reading from %s [line %2d]: section %s already exists", r.source(), number, py.Repr(py.Str(sectionName)))
			}
			section = py.NewDict()
			r.sections.SetStr(sectionName, section)
			continue
		}
		if section == nil {
			return py.Errorf("MissingSectionHeaderError", "File contains no section headers.\nfile: %s, line: %d\n%s", r.source(), number, py.Repr(py.Str(line)))
		}
		m := iniOption.FindStringSubmatch(value)
		if m == nil || strings.TrimSpace(m[1]) == "" {
			bad = append(bad, py.Repr(py.Str(line)))
			continue
		}
		name = strings.ToLower(strings.TrimSpace(m[1]))
		if section.Has(name) {
			return py.Errorf("DuplicateOptionError", "While reading from %s [line %2d]: option %s in section %s already exists", r.source(), number, py.Repr(py.Str(name)), py.Repr(py.Str(sectionName)))
		}
		lines = py.NewList(py.Str(strings.TrimSpace(m[2])))
		section.SetStr(name, lines)
		option = section
	}
	if len(bad) > 0 {
		return py.Errorf("ParsingError", "Source contains parsing errors: %s\n\t%s", r.source(), strings.Join(bad, "\n\t"))
	}
	return nil
}

// get returns an option's text with its references filled in.
func (r *iniReader) get(section, option string, all *py.Dict, depth int) (string, error) {
	l, ok := all.Lookup(option).(*py.List)
	if !ok {
		return "", nil
	}
	parts := make([]string, len(l.Items))
	for i, it := range l.Items {
		parts[i] = py.ToStr(it)
	}
	raw := strings.TrimRight(strings.Join(parts, "\n"), " \t\r\n\f\v")
	if depth > 10 {
		return "", py.Errorf("InterpolationDepthError", "Recursion limit exceeded in value substitution: option %s in section %s contains an interpolation key which cannot be substituted in 10 steps. Raw value: %s",
			py.Repr(py.Str(option)), py.Repr(py.Str(section)), py.Repr(py.Str(raw)))
	}
	var failed error
	out := iniRef.ReplaceAllStringFunc(raw, func(ref string) string {
		m := iniRef.FindStringSubmatch(ref)
		switch {
		case failed != nil:
			return ""
		case m[1] == "%":
			return "%"
		case m[2] == "":
			failed = py.Errorf("InterpolationSyntaxError", "'%%' must be followed by '%%' or '(', found: %s", py.Repr(py.Str(raw[strings.Index(raw, ref):])))
			return ""
		}
		key := strings.ToLower(m[2])
		if !all.Has(key) {
			failed = py.Errorf("InterpolationMissingOptionError", "Bad value substitution: option %s in section %s contains an interpolation key %s which is not a valid option name. Raw value: %s",
				py.Repr(py.Str(option)), py.Repr(py.Str(section)), py.Repr(py.Str(key)), py.Repr(py.Str(raw)))
			return ""
		}
		text, err := r.get(section, key, all, depth+1)
		failed = err
		return text
	})
	return out, failed
}
