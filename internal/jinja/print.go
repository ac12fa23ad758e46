package jinja

import (
	"strings"

	"pinch/internal/py"
)

// finalText is str(finalize(v)): what {{ v }} prints. Salt's finalize turns
// mappings, at any depth, into ones whose text is safe in YAML.
func (c *Context) finalText(v py.Value) (string, error) {
	if c.rt.env.salt {
		switch v.(type) {
		case *py.Dict, *py.List, py.Tuple, *py.Set, *py.Named, *groupTuple:
			p := printer{}
			if err := p.str(v, 0); err != nil {
				return "", err
			}
			return p.b.String(), nil
		}
	}
	return py.StrErr(v)
}

// printer writes containers as Salt's PrintableDict does.
type printer struct{ b strings.Builder }

const (
	maxPrintDepth = 900
	// maxPrint bounds the text of one container, in which items may be shared.
	maxPrint = 256 << 20
)

// check guards one step of the printer.
func (p *printer) check(depth int) error {
	if depth > maxPrintDepth {
		return recursionError()
	}
	if p.b.Len() > maxPrint {
		return py.Errorf("MemoryError", "the text of a value exceeds the limit of %d bytes", maxPrint)
	}
	return nil
}

func recursionError() error {
	return py.Errorf("RecursionError", "maximum recursion depth exceeded while calling a Python object")
}

// str writes str(v) of a finalized value.
func (p *printer) str(v py.Value, depth int) error {
	if err := p.check(depth); err != nil {
		return err
	}
	switch v := v.(type) {
	case *py.Dict:
		return p.dict(v, depth, p.str)
	case *py.List, py.Tuple, *py.Set, *py.Named, *groupTuple:
		return p.repr(v, depth)
	}
	s, err := py.StrErr(v)
	p.b.WriteString(s)
	return err
}

// repr writes repr(v) of a finalized value.
func (p *printer) repr(v py.Value, depth int) error {
	if err := p.check(depth); err != nil {
		return err
	}
	switch v := v.(type) {
	case *py.Dict:
		return p.dict(v, depth, p.repr)
	case *py.List:
		return p.items("[", v.Items, "]", depth)
	case py.Tuple:
		if len(v) == 1 {
			return p.items("(", v, ",)", depth)
		}
		return p.items("(", v, ")", depth)
	case *py.Set:
		switch {
		case v.Len() == 0:
			p.b.WriteString(v.Type() + "()")
			return nil
		case v.Frozen: // not a set for finalize
			break
		default:
			again, err := py.NewSet(v.Items()...) // as finalize makes it
			if err != nil {
				return err
			}
			return p.items("{", again.Items(), "}", depth)
		}
	case *py.Named:
		if v.Type() == "IsoCalendarDate" { // finalize makes it of one list
			return py.TypeErrorf("IsoCalendarDate() missing required argument 'week' (pos 2)")
		}
	case *groupTuple:
		return py.TypeErrorf("_GroupTuple.__new__() missing 1 required positional argument: 'list'")
	case py.Str:
		p.b.WriteString(quote(string(v)))
		return nil
	}
	s, err := py.ReprErr(v)
	p.b.WriteString(s)
	return err
}

func (p *printer) items(open string, items []py.Value, end string, depth int) error {
	p.b.WriteString(open)
	for i, it := range items {
		if i > 0 {
			p.b.WriteString(", ")
		}
		if err := p.repr(it, depth+1); err != nil {
			return err
		}
	}
	p.b.WriteString(end)
	return nil
}

func (p *printer) dict(d *py.Dict, depth int, value func(py.Value, int) error) error {
	p.b.WriteByte('{')
	first := true
	for k, v := range d.All() {
		if !first {
			p.b.WriteString(", ")
		}
		first = false
		key, err := py.ReprErr(k)
		if err != nil {
			return err
		}
		p.b.WriteString(key)
		p.b.WriteString(": ")
		if s, ok := strOf(v); ok {
			p.b.WriteString(yamlSafeRepr(s, v))
			continue
		}
		if err := value(v, depth+1); err != nil {
			return err
		}
	}
	p.b.WriteByte('}')
	return nil
}

// yamlSafeRepr is repr of a string unless that would break in YAML: with a
// newline or tab it is a YAML double-quoted scalar.
func yamlSafeRepr(s string, v py.Value) string {
	if !strings.ContainsAny(s, "\n\r\t") {
		return py.Repr(v)
	}
	if _, markup := v.(Markup); markup { // its dumper knows str only
		return `! "NULL"`
	}
	return doubleQuoted(s)
}

// doubleQuoted writes a YAML double-quoted scalar on one line, with the
// escapes of libyaml's emitter.
func doubleQuoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch r {
		case 0:
			b.WriteString(`\0`)
		case '\a':
			b.WriteString(`\a`)
		case '\b':
			b.WriteString(`\b`)
		case '\t':
			b.WriteString(`\t`)
		case '\n':
			b.WriteString(`\n`)
		case '\v':
			b.WriteString(`\v`)
		case '\f':
			b.WriteString(`\f`)
		case '\r':
			b.WriteString(`\r`)
		case 0x1b:
			b.WriteString(`\e`)
		case '"':
			b.WriteString(`\"`)
		case '\\':
			b.WriteString(`\\`)
		case 0x85:
			b.WriteString(`\N`)
		case 0x2028:
			b.WriteString(`\L`)
		case 0x2029:
			b.WriteString(`\P`)
		default:
			switch {
			case r >= ' ' && r < 0x7f, r >= 0xa0 && r <= 0xd7ff, r >= 0xe000 && r <= 0xfffd && r != 0xfeff:
				b.WriteRune(r)
			case r <= 0xff:
				b.WriteString(`\x` + strings.ToUpper(hex(r, 2)))
			case r <= 0xffff:
				b.WriteString(`\u` + strings.ToUpper(hex(r, 4)))
			default:
				b.WriteString(`\U` + strings.ToUpper(hex(r, 8)))
			}
		}
	}
	b.WriteByte('"')
	return b.String()
}
