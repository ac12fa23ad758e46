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
	lax      bool     // sections and options may come twice
}

// INI holds what was read of INI files, one after another: a later one adds to
// the sections of those before and replaces their options.
type INI struct{ r iniReader }

// Read reads a file; strict refuses a section or an option that it has twice.
func (c *INI) Read(text, name string, strict bool) error {
	if c.r.sections == nil {
		c.r.sections, c.r.defaults = py.NewDict(), py.NewDict()
	}
	c.r.name, c.r.lax = name, !strict
	return c.r.read(text)
}

// Sections are the names of all sections, in order.
func (c *INI) Sections() []string {
	var out []string
	if c.r.sections != nil {
		for k := range c.r.sections.All() {
			out = append(out, py.ToStr(k))
		}
	}
	return out
}

// Raw are a section's own options as they are written; nil when it is not there.
func (c *INI) Raw(section string) *py.Dict {
	if c.r.sections == nil {
		return nil
	}
	own, ok := c.r.sections.Lookup(section).(*py.Dict)
	if !ok {
		return nil
	}
	out := py.NewDict()
	for k, v := range own.All() {
		out.SetStr(py.ToStr(k), py.Str(rawOption(v)))
	}
	return out
}

// Items are a section's options and the defaults, with what they refer to
// filled in; nil when the section is not there.
func (c *INI) Items(section string) (*py.Dict, error) {
	if c.Raw(section) == nil {
		return nil, nil
	}
	return c.r.items(section)
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
	for k := range r.sections.All() {
		s, err := r.items(py.ToStr(k))
		if err != nil {
			return nil, err
		}
		out.SetStr(py.ToStr(k), s)
	}
	return out, nil
}

func (r *iniReader) items(section string) (*py.Dict, error) {
	all := r.defaults.Copy()
	all.Update(r.sections.Lookup(section).(*py.Dict))
	s := py.NewDict()
	for opt := range all.All() {
		text, err := r.get(section, py.ToStr(opt), all, 0)
		if err != nil {
			return nil, err
		}
		s.SetStr(py.ToStr(opt), py.Str(text))
	}
	return s, nil
}

func (r *iniReader) read(text string) error {
	var section, option *py.Dict
	var lines *py.List // of the current option
	name, sectionName := "", ""
	indent := 0
	number := 0
	type place struct{ section, option string }
	added := map[place]bool{} // what this text has: only that is a duplicate
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
			at := place{section: sectionName}
			if added[at] && !r.lax {
				return py.Errorf("DuplicateSectionError", "While reading from %s [line %2d]: section %s already exists", r.source(), number, py.Repr(py.Str(sectionName)))
			}
			added[at] = true
			var there bool
			if section, there = r.sections.Lookup(sectionName).(*py.Dict); !there {
				section = py.NewDict()
				r.sections.SetStr(sectionName, section)
			}
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
		at := place{sectionName, name}
		if added[at] && !r.lax {
			return py.Errorf("DuplicateOptionError", "While reading from %s [line %2d]: option %s in section %s already exists", r.source(), number, py.Repr(py.Str(name)), py.Repr(py.Str(sectionName)))
		}
		added[at] = true
		lines = py.NewList(py.Str(strings.TrimSpace(m[2])))
		section.SetStr(name, lines)
		option = section
	}
	if len(bad) > 0 {
		return py.Errorf("ParsingError", "Source contains parsing errors: %s\n\t%s", r.source(), strings.Join(bad, "\n\t"))
	}
	return nil
}

// rawOption joins the lines of an option.
func rawOption(v py.Value) string {
	l, ok := v.(*py.List)
	if !ok {
		return ""
	}
	parts := make([]string, len(l.Items))
	for i, it := range l.Items {
		parts[i] = py.ToStr(it)
	}
	return strings.TrimRight(strings.Join(parts, "\n"), " \t\r\n\f\v")
}

// get returns an option's text with its references filled in.
func (r *iniReader) get(section, option string, all *py.Dict, depth int) (string, error) {
	raw := rawOption(all.Lookup(option))
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
