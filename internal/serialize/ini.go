package serialize

import (
	"regexp"
	"strings"

	"pinch/internal/py"
)

// interpolation is what BasicInterpolation takes for a reference.
var interpolation = regexp.MustCompile(`%\([^)]+\)s`)

// section is one section of an INI file.
type section struct {
	name    string
	options *py.Dict // in order; None is an option without a value
}

// iniOptions are the arguments of ConfigParser that matter for writing.
type iniOptions struct {
	delimiter string
	noValue   bool
	raw       bool // no interpolation
}

func readIniOptions(opts *py.Dict) (iniOptions, error) {
	o := iniOptions{delimiter: "="}
	kw, err := keywords(opts)
	if err != nil {
		return o, err
	}
	for _, k := range kw {
		switch k.Name {
		case "allow_no_value":
			o.noValue = py.IsTrue(k.Value)
		case "delimiters":
			items, err := py.Collect(k.Value)
			if err != nil {
				return o, err
			}
			if len(items) > 0 {
				o.delimiter = py.ToStr(items[0])
			}
		case "interpolation":
			if k.Value != py.None {
				return o, py.TypeErrorf("ConfigParser: interpolation can only be None here")
			}
			o.raw = true
		case "comment_prefixes", "inline_comment_prefixes", "strict", "empty_lines_in_values":
			// these concern reading
		case "defaults", "dict_type", "default_section", "converters", "fp":
			return o, py.TypeErrorf("ConfigParser: the option %s is not supported", k.Name)
		default:
			return o, py.TypeErrorf("RawConfigParser.__init__() got an unexpected keyword argument '%s'", k.Name)
		}
	}
	return o, nil
}

// iniText writes a mapping of sections as Python's ConfigParser does.
func iniText(v py.Value, opts *py.Dict) (string, error) {
	d, ok := v.(*py.Dict)
	if !ok {
		return "", py.TypeErrorf("configparser can only serialize dictionaries, not <class '%s'>", typeName(v))
	}
	o, err := readIniOptions(opts)
	if err != nil {
		return "", err
	}
	const defaultName = "DEFAULT"
	first := &section{name: defaultName, options: py.NewDict()}
	var sections []*section
	for k, v := range d.All() {
		s := first
		if name := py.ToStr(k); name != defaultName {
			for _, other := range sections {
				if other.name == name {
					return "", py.Errorf("DuplicateSectionError", "Section %s already exists", py.Repr(py.Str(name)))
				}
			}
			s = &section{name: name, options: py.NewDict()}
			sections = append(sections, s)
		}
		options, ok := v.(*py.Dict)
		if !ok {
			return "", py.AttributeErrorf("'%s' object has no attribute 'items'", typeName(v))
		}
		if s.name == "" { // a nameless section's options go to the defaults
			s = first
		}
		for k, v := range options.All() {
			if err := o.set(s, k, v); err != nil {
				return "", err
			}
		}
	}
	var b strings.Builder
	if first.options.Len() > 0 {
		o.write(&b, first)
	}
	for _, s := range sections {
		o.write(&b, s)
	}
	return b.String(), nil
}

func (o iniOptions) set(s *section, k, v py.Value) error {
	name := py.Lower(py.ToStr(k))
	if v == py.None {
		if !o.noValue {
			return py.TypeErrorf("option values must be strings")
		}
		s.options.SetStr(name, py.None)
		return nil
	}
	text := py.ToStr(v)
	if !o.raw {
		rest := interpolation.ReplaceAllString(strings.ReplaceAll(text, "%%", ""), "")
		if i := strings.IndexByte(rest, '%'); i >= 0 {
			return py.ValueErrorf("invalid interpolation syntax in %s at position %d",
				py.Repr(py.Str(text)), len([]rune(rest[:i])))
		}
	}
	s.options.SetStr(name, py.Str(text))
	return nil
}

func (o iniOptions) write(b *strings.Builder, s *section) {
	b.WriteString("[" + s.name + "]\n")
	for k, v := range s.options.All() {
		b.WriteString(py.ToStr(k))
		if v != py.None {
			b.WriteString(" " + o.delimiter + " " + strings.ReplaceAll(py.ToStr(v), "\n", "\n\t"))
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
}
