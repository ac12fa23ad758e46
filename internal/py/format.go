package py

import (
	"strconv"
	"strings"
)

// fieldSource gives the arguments of str.format.
type fieldSource struct {
	pos     []Value
	kw      func(name string) (Value, error)
	noPos   bool // format_map has no positional fields
	auto    int
	numbers numbering
	// getattr looks up {0.name}; a sandbox puts its own in.
	getattr func(o Value, name string) (Value, error)
}

type numbering uint8

const (
	numberingOpen numbering = iota
	numberingAuto
	numberingManual
)

// FormatHooks lets a sandbox replace the look-up of attributes in fields such
// as {0.name}; the zero value uses GetAttr.
type FormatHooks struct {
	GetAttr func(o Value, name string) (Value, error)
}

// StrFormat is format.format(*args, **kwargs).
func StrFormat(format string, a *Args, hooks FormatHooks) (string, error) {
	src := &fieldSource{pos: a.Pos, kw: func(name string) (Value, error) {
		if v, ok := a.Get(name); ok {
			return v, nil
		}
		return nil, KeyError(Str(name))
	}, getattr: hooks.GetAttr}
	return src.run(format)
}

// StrFormatMap is format.format_map(mapping).
func StrFormatMap(format string, mapping Value, hooks FormatHooks) (string, error) {
	src := &fieldSource{noPos: true, kw: func(name string) (Value, error) {
		return GetItem(mapping, Str(name))
	}, getattr: hooks.GetAttr}
	return src.run(format)
}

func (src *fieldSource) run(format string) (string, error) {
	if src.getattr == nil {
		src.getattr = GetAttr
	}
	return src.format(format, 2)
}

// format expands one level; the specification of a field is expanded at the
// next one, and there it ends.
func (src *fieldSource) format(s string, depth int) (string, error) {
	if depth < 1 {
		return "", ValueErrorf("Max string recursion exceeded")
	}
	b := make([]byte, 0, len(s)+16)
	for s != "" {
		i := strings.IndexAny(s, "{}")
		if i < 0 {
			b = append(b, s...)
			break
		}
		b = append(b, s[:i]...)
		c := s[i]
		s = s[i+1:]
		if s != "" && s[0] == c {
			b = append(b, c)
			s = s[1:]
			continue
		}
		if c == '}' {
			return "", ValueErrorf("Single '}' encountered in format string")
		}
		if s == "" {
			return "", ValueErrorf("Single '{' encountered in format string")
		}
		f, rest, err := parseField(s)
		if err != nil {
			return "", err
		}
		s = rest
		text, err := src.field(f, depth)
		if err != nil {
			return "", err
		}
		b = append(b, text...)
		if len(b) > maxBytes {
			return "", memoryError()
		}
	}
	return string(b), nil
}

// formatField is {name!conversion:spec}.
type formatField struct {
	name       string
	conversion rune
	spec       string
}

// parseField reads the field whose opening brace is behind.
func parseField(s string) (f formatField, rest string, err error) {
	i := 0
	for ; i < len(s); i++ {
		switch s[i] {
		case '{':
			return f, "", ValueErrorf("unexpected '{' in field name")
		case '[':
			if j := strings.IndexByte(s[i:], ']'); j >= 0 {
				i += j
			} else {
				i = len(s) - 1
			}
			continue
		case '}', ':', '!':
		default:
			continue
		}
		break
	}
	if i >= len(s) {
		return f, "", ValueErrorf("expected '}' before end of string")
	}
	f.name = s[:i]
	c := s[i]
	s = s[i+1:]
	if c == '}' {
		return f, s, nil
	}
	if c == '!' {
		if s == "" {
			return f, "", ValueErrorf("end of string while looking for conversion specifier")
		}
		r, n := decodeRune(s)
		f.conversion = r
		s = s[n:]
		if s != "" {
			c := s[0]
			s = s[1:]
			if c == '}' {
				return f, s, nil
			}
			if c != ':' {
				return f, "", ValueErrorf("expected ':' after conversion specifier")
			}
		}
	}
	open := 1
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '{':
			open++
		case '}':
			if open--; open == 0 {
				f.spec = s[:i]
				return f, s[i+1:], nil
			}
		}
	}
	return f, "", ValueErrorf("unmatched '{' in format spec")
}

func (src *fieldSource) field(f formatField, depth int) (string, error) {
	v, err := src.lookup(f.name)
	if err != nil {
		return "", err
	}
	if f.conversion != 0 {
		if v, err = convertField(v, f.conversion); err != nil {
			return "", err
		}
	}
	spec := f.spec
	if strings.IndexByte(spec, '{') >= 0 {
		if spec, err = src.format(spec, depth-1); err != nil {
			return "", err
		}
	}
	return Format(v, spec)
}

func convertField(v Value, conversion rune) (Value, error) {
	var s string
	var err error
	switch conversion {
	case 's':
		s, err = StrErr(v)
	case 'r':
		s, err = ReprErr(v)
	case 'a':
		s, err = Ascii(v)
	default:
		if conversion > 32 && conversion < 127 {
			return nil, ValueErrorf("Unknown conversion specifier %c", conversion)
		}
		return nil, ValueErrorf("Unknown conversion specifier \\x%x", conversion)
	}
	return Str(s), err
}

// lookup follows a field name: an argument, then .attribute and [item] parts.
func (src *fieldSource) lookup(name string) (Value, error) {
	i := strings.IndexAny(name, ".[")
	if i < 0 {
		i = len(name)
	}
	v, err := src.first(name[:i])
	rest := name[i:]
	for err == nil && rest != "" {
		c := rest[0]
		rest = rest[1:]
		var part string
		if c == '.' {
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			part, rest = rest[:end], rest[end:]
			if part == "" {
				return nil, ValueErrorf("Empty attribute in format string")
			}
			v, err = src.getattr(v, part)
			continue
		}
		if c != '[' {
			return nil, ValueErrorf("Only '.' or '[' may follow ']' in format field specifier")
		}
		end := strings.IndexByte(rest, ']')
		if end < 0 {
			return nil, ValueErrorf("Missing ']' in format string")
		}
		part, rest = rest[:end], rest[end+1:]
		if part == "" {
			return nil, ValueErrorf("Empty attribute in format string")
		}
		n, isInt, nerr := fieldNumber(part)
		if nerr != nil {
			return nil, nerr
		}
		var key Value = Str(part)
		if isInt {
			key = Int(n)
		}
		v, err = GetItem(v, key)
	}
	return v, err
}

func fieldNumber(s string) (int, bool, error) {
	if s == "" {
		return 0, false, nil
	}
	n, rest, err := formatCount(s)
	if err != nil {
		return 0, false, err
	}
	return n, rest == "" && n >= 0, nil
}

func (src *fieldSource) first(name string) (Value, error) {
	n, isInt, err := fieldNumber(name)
	if err != nil {
		return nil, err
	}
	if name != "" && !isInt {
		return src.kw(name)
	}
	if src.noPos {
		return nil, ValueErrorf("Format string contains positional fields")
	}
	mode := numberingManual
	if name == "" {
		mode = numberingAuto
	}
	if src.numbers == numberingOpen {
		src.numbers = mode
	}
	if src.numbers != mode {
		if mode == numberingAuto {
			return nil, ValueErrorf("cannot switch from manual field specification to automatic field numbering")
		}
		return nil, ValueErrorf("cannot switch from automatic field numbering to manual field specification")
	}
	if name == "" {
		n = src.auto
		src.auto++
	}
	if n >= len(src.pos) {
		return nil, &Error{Class: "IndexError", Msg: "Replacement index " + strconv.Itoa(n) + " out of range for positional args tuple"}
	}
	return src.pos[n], nil
}
