package supervisord

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"pinch/internal/py"
	"pinch/modules"
)

// options are the settings of a process, with those of the section DEFAULT.
func options(c *modules.Call, a *optionsArgs) (*py.Dict, error) {
	file := ""
	if a.ConfFile != nil {
		file = *a.ConfFile
	} else {
		for _, p := range []string{"/etc/supervisor/supervisord.conf", "/etc/supervisord.conf"} {
			if _, err := c.Stat(p); err == nil {
				file = p
				break
			}
		}
		if file == "" {
			return nil, modules.CommandExecutionError("No suitable config file found")
		}
	}
	data, err := c.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, modules.CommandExecutionError(fmt.Sprintf("Unable to read from %s: %s", file, modules.OSErrorText(err)))
	}
	sections, err := readConfig(string(data), file)
	if err != nil {
		return nil, err
	}
	name := "program:" + a.Name
	own, ok := sections[name]
	if !ok {
		return nil, modules.CommandExecutionError(fmt.Sprintf("Process '%s' not found", a.Name))
	}
	all := sections[defaults].Copy()
	all.Update(own)
	out := py.NewDict()
	for k, v := range all.All() {
		text, err := interpolate(py.ToStr(v), py.ToStr(k), name, all, 0)
		if err != nil {
			return nil, err
		}
		text, _, _ = strings.Cut(text, ";")
		out.SetStr(py.ToStr(k), number(strings.TrimSpace(text)))
	}
	return out, nil
}

const defaults = "DEFAULT"

var (
	sectionLine = regexp.MustCompile(`^\[(.+)\]`)
	optionLine  = regexp.MustCompile(`^(.*?)\s*[=:]\s*(.*)$`)
)

// readConfig reads a file as Python's ConfigParser does.
func readConfig(text, file string) (map[string]*py.Dict, error) {
	sections := map[string]*py.Dict{defaults: py.NewDict()}
	var current *py.Dict
	key, section, indent := "", "", 0
	var broken []string
	for i, line := range py.SplitLines(text, false) {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, ";") {
			continue
		}
		if trimmed == "" {
			if current != nil && key != "" { // it may stand inside of a value
				current.SetStr(key, current.Lookup(key).(py.Str)+"\n")
			}
			continue
		}
		depth := len(line) - len(strings.TrimLeft(line, " \t"))
		if current != nil && key != "" && depth > indent {
			current.SetStr(key, current.Lookup(key).(py.Str)+py.Str("\n"+trimmed))
			continue
		}
		indent = depth
		if m := sectionLine.FindStringSubmatch(trimmed); m != nil {
			if _, again := sections[m[1]]; again && m[1] != defaults {
				return nil, py.Errorf("configparser.DuplicateSectionError", "While reading from %s [line %2d]: section %s already exists",
					py.Repr(py.Str(file)), i+1, py.Repr(py.Str(m[1])))
			} else if !again {
				sections[m[1]] = py.NewDict()
			}
			current, section, key = sections[m[1]], m[1], ""
			continue
		}
		if current == nil {
			return nil, py.Errorf("configparser.MissingSectionHeaderError", "File contains no section headers.\nfile: %s, line: %d\n%s",
				py.Repr(py.Str(file)), i+1, py.Repr(py.Str(line+"\n")))
		}
		m := optionLine.FindStringSubmatch(trimmed)
		if m == nil || m[1] == "" {
			broken = append(broken, fmt.Sprintf("\n\t[line %2d]: %s", i+1, py.Repr(py.Str(line+"\n"))))
			key = ""
			continue
		}
		key = strings.ToLower(m[1])
		if current.Has(key) {
			return nil, py.Errorf("configparser.DuplicateOptionError", "While reading from %s [line %2d]: option %s in section %s already exists",
				py.Repr(py.Str(file)), i+1, py.Repr(py.Str(key)), py.Repr(py.Str(section)))
		}
		current.SetStr(key, py.Str(m[2]))
	}
	if broken != nil {
		return nil, py.Errorf("configparser.ParsingError", "Source contains parsing errors: %s%s", py.Repr(py.Str(file)), strings.Join(broken, ""))
	}
	for _, s := range sections {
		for k, v := range s.All() {
			s.SetStr(py.ToStr(k), py.Str(strings.TrimRight(py.ToStr(v), "\n")))
		}
	}
	return sections, nil
}

var reference = regexp.MustCompile(`^%\(([^)]+)\)s`)

// interpolate puts other settings in the place of %(NAME)s.
func interpolate(raw, option, section string, all *py.Dict, depth int) (string, error) {
	if depth > 10 {
		return "", py.Errorf("configparser.InterpolationDepthError", "Recursion limit exceeded in value substitution: option %s in section %s "+
			"contains an interpolation key which cannot be substituted in 10 steps. Raw value: %s", py.Repr(py.Str(option)), py.Repr(py.Str(section)), py.Repr(py.Str(raw)))
	}
	var b strings.Builder
	for rest := raw; rest != ""; {
		i := strings.IndexByte(rest, '%')
		if i < 0 {
			b.WriteString(rest)
			break
		}
		b.WriteString(rest[:i])
		rest = rest[i:]
		if strings.HasPrefix(rest, "%%") {
			b.WriteString("%")
			rest = rest[2:]
			continue
		}
		m := reference.FindStringSubmatch(rest)
		if m == nil {
			if strings.HasPrefix(rest, "%(") {
				return "", py.Errorf("configparser.InterpolationSyntaxError", "bad interpolation variable reference %s", py.Repr(py.Str(rest)))
			}
			return "", py.Errorf("configparser.InterpolationSyntaxError", "'%%' must be followed by '%%' or '(', found: %s", py.Repr(py.Str(rest)))
		}
		name := strings.ToLower(m[1])
		v, ok := all.GetStr(name)
		if !ok {
			return "", py.Errorf("configparser.InterpolationMissingOptionError", "Bad value substitution: option %s in section %s contains an interpolation key %s "+
				"which is not a valid option name. Raw value: %s", py.Repr(py.Str(option)), py.Repr(py.Str(section)), py.Repr(py.Str(name)), py.Repr(py.Str(raw)))
		}
		text, err := interpolate(py.ToStr(v), option, section, all, depth+1)
		if err != nil {
			return "", err
		}
		b.WriteString(text)
		rest = rest[len(m[0]):]
	}
	return b.String(), nil
}
