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
	// formatter asks for the rules of string.Formatter.
	formatter bool
	hooks     FormatHooks
}

type numbering uint8

const (
	numberingOpen numbering = iota
	numberingAuto
	numberingManual
)

// FormatHooks make a string.Formatter of one's own, as a sandbox has one.
type FormatHooks struct {
	// GetAttr and GetItem look up {0.name} and {0[key]}.
	GetAttr func(o Value, name string) (Value, error)
	GetItem func(o, key Value) (Value, error)
	// Field formats a value.
	Field func(v Value, spec string) (string, error)
}

// StrFormat is format.format(*args, **kwargs).
func StrFormat(format string, a *Args) (string, error) {
	src := &fieldSource{pos: a.Pos, kw: a.item, hooks: FormatHooks{GetAttr, GetItem, Format}}
	return src.format(format, 2)
}

// StrFormatMap is format.format_map(mapping).
func StrFormatMap(format string, mapping Value) (string, error) {
	src := &fieldSource{noPos: true, kw: itemsOf(mapping), hooks: FormatHooks{GetAttr, GetItem, Format}}
	return src.format(format, 2)
}

// FormatterFormat is string.Formatter().vformat(format, args, kwargs) of a
// formatter with the hooks; with a mapping that takes the place of kwargs. It
// differs from str.format in numbering, nesting and errors.
func FormatterFormat(format string, a *Args, mapping Value, hooks FormatHooks) (string, error) {
	src := &fieldSource{pos: a.Pos, kw: a.item, formatter: true, hooks: hooks}
	if mapping != nil {
		src.pos, src.kw = nil, itemsOf(mapping)
	}
	return src.format(format, 3)
}

func (a *Args) item(name string) (Value, error) {
	if v, ok := a.Get(name); ok {
		return v, nil
	}
	return nil, KeyError(Str(name))
}

func itemsOf(mapping Value) func(string) (Value, error) {
	return func(name string) (Value, error) { return GetItem(mapping, Str(name)) }
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
		if v, err = convertField(v, f.conversion, src.formatter); err != nil {
			return "", err
		}
	}
	spec := f.spec
	if strings.IndexByte(spec, '{') >= 0 {
		if spec, err = src.format(spec, depth-1); err != nil {
			return "", err
		}
	}
	return src.hooks.Field(v, spec)
}

func convertField(v Value, conversion rune, formatter bool) (Value, error) {
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
		if formatter || conversion > 32 && conversion < 127 {
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
	v, err := src.first(name[:i], i == len(name))
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
			v, err = src.hooks.GetAttr(v, part)
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
		v, err = src.hooks.GetItem(v, key)
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

// first returns the argument that a field names; whole says that nothing
// follows the name.
func (src *fieldSource) first(name string, whole bool) (Value, error) {
	n, isInt, err := fieldNumber(name)
	if err != nil {
		return nil, err
	}
	if name != "" && !isInt {
		return src.kw(name)
	}
	if src.formatter {
		return src.formatterArg(name, n, whole)
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

// formatterArg is an argument of string.Formatter: only fields that are
// nothing but a number or empty count in numbering.
func (src *fieldSource) formatterArg(name string, n int, whole bool) (Value, error) {
	if name == "" && !whole {
		return src.kw(name)
	}
	if whole && (name == "" && src.numbers == numberingManual || name != "" && src.auto > 0) {
		return nil, ValueErrorf("cannot switch from manual field specification to automatic field numbering")
	}
	switch {
	case name == "":
		n = src.auto
		src.auto++
	case whole:
		src.numbers = numberingManual
	}
	if n >= len(src.pos) {
		return nil, &Error{Class: "IndexError", Msg: "tuple index out of range"}
	}
	return src.pos[n], nil
}
