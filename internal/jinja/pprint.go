package jinja

import (
	"sort"
	"strings"
	"unicode/utf8"

	"pinch/internal/py"
)

// PFormat is pprint.pformat(v) with its defaults: 80 columns, dicts sorted.
func PFormat(v py.Value) (string, error) {
	p := &prettyPrinter{}
	err := p.format(v, 0, 0)
	return p.b.String(), err
}

const prettyWidth = 80

type prettyPrinter struct {
	b     strings.Builder
	stack []py.Value
}

// format writes v; indent is the column it starts at, allowance how many
// closing brackets follow it on its last line.
func (p *prettyPrinter) format(v py.Value, indent, allowance int) error {
	if len(p.stack) > maxPrintDepth {
		return recursionError()
	}
	for _, s := range p.stack {
		if s == v {
			p.b.WriteString("<Recursion on " + v.Type() + ">")
			return nil
		}
	}
	rep, err := p.repr(v)
	if err != nil {
		return err
	}
	if utf8.RuneCountInString(rep) <= prettyWidth-indent-allowance {
		p.b.WriteString(rep)
		return nil
	}
	switch v := v.(type) {
	case *py.Dict:
		if v.Len() == 0 {
			break
		}
		p.stack = append(p.stack, v)
		defer p.pop()
		if v.Ordered {
			return p.ordered(v, indent, allowance)
		}
		p.b.WriteByte('{')
		if err := p.dictItems(v, indent+1, allowance+1); err != nil {
			return err
		}
		p.b.WriteByte('}')
		return nil
	case *py.List:
		p.stack = append(p.stack, v)
		defer p.pop()
		return p.sequence("[", v.Items, "]", indent, allowance)
	case py.Tuple:
		end := ")"
		if len(v) == 1 {
			end = ",)"
		}
		return p.sequence("(", v, end, indent, allowance)
	case *py.Set:
		p.stack = append(p.stack, v)
		defer p.pop()
		items, err := prettySorted(v.Items())
		if err != nil || v.Len() == 0 {
			break
		}
		if v.Frozen {
			return p.sequence("frozenset({", items, "})", indent+len("frozenset("), allowance)
		}
		return p.sequence("{", items, "}", indent, allowance)
	case py.Str:
		p.str(string(v), indent, allowance)
		return nil
	}
	p.b.WriteString(rep)
	return nil
}

func (p *prettyPrinter) pop() { p.stack = p.stack[:len(p.stack)-1] }

func (p *prettyPrinter) newline(indent int) {
	p.b.WriteByte('\n')
	p.b.WriteString(strings.Repeat(" ", indent))
}

func (p *prettyPrinter) sequence(open string, items []py.Value, end string, indent, allowance int) error {
	p.b.WriteString(open)
	indent++
	for i, it := range items {
		a := 1
		if i > 0 {
			p.b.WriteByte(',')
			p.newline(indent)
		}
		if i == len(items)-1 {
			a = allowance + len(end)
		}
		if err := p.format(it, indent, a); err != nil {
			return err
		}
	}
	p.b.WriteString(end)
	return nil
}

func (p *prettyPrinter) dictItems(d *py.Dict, indent, allowance int) error {
	keys, err := prettySorted(d.Keys())
	if err != nil {
		return err
	}
	for i, k := range keys {
		if i > 0 {
			p.b.WriteByte(',')
			p.newline(indent)
		}
		rep, err := p.repr(k)
		if err != nil {
			return err
		}
		p.b.WriteString(rep + ": ")
		v, _, err := d.Get(k)
		if err != nil {
			return err
		}
		a := 1
		if i == len(keys)-1 {
			a = allowance
		}
		if err := p.format(v, indent+utf8.RuneCountInString(rep)+2, a); err != nil {
			return err
		}
	}
	return nil
}

func (p *prettyPrinter) ordered(d *py.Dict, indent, allowance int) error {
	const open = "OrderedDict(["
	p.b.WriteString(open)
	indent += len(open)
	i := 0
	for k, v := range d.All() {
		if i > 0 {
			p.b.WriteByte(',')
			p.newline(indent)
		}
		rep, err := p.repr(k)
		if err != nil {
			return err
		}
		p.b.WriteString("(" + rep + ", ")
		a := 1
		if i == d.Len()-1 {
			a = allowance + 2
		}
		if err := p.format(v, indent+utf8.RuneCountInString(rep)+3, a+1); err != nil {
			return err
		}
		p.b.WriteByte(')')
		i++
	}
	p.b.WriteString("])")
	return nil
}

// str writes a long string as several adjacent literals.
func (p *prettyPrinter) str(s string, indent, allowance int) {
	var chunks []string
	level := len(p.stack)
	if level == 0 {
		indent++
		allowance++
	}
	maxWidth := prettyWidth - indent
	var lines []string
	for rest := s; rest != ""; {
		n := lineEnd(rest, 0)
		lines = append(lines, rest[:n])
		rest = rest[n:]
	}
	for i, line := range lines {
		rep := quote(line)
		w := maxWidth
		if i == len(lines)-1 {
			w -= allowance
		}
		if utf8.RuneCountInString(rep) <= w {
			chunks = append(chunks, rep)
			continue
		}
		parts := wordsWithSpace(line)
		current := ""
		for j, part := range parts {
			candidate := current + part
			w2 := maxWidth
			if j == len(parts)-1 && i == len(lines)-1 {
				w2 -= allowance
			}
			if utf8.RuneCountInString(quote(candidate)) > w2 {
				if current != "" {
					chunks = append(chunks, quote(current))
				}
				current = part
			} else {
				current = candidate
			}
		}
		if current != "" {
			chunks = append(chunks, quote(current))
		}
	}
	if len(chunks) == 1 {
		p.b.WriteString(chunks[0])
		return
	}
	if level == 0 {
		p.b.WriteByte('(')
	}
	for i, c := range chunks {
		if i > 0 {
			p.newline(indent)
		}
		p.b.WriteString(c)
	}
	if level == 0 {
		p.b.WriteByte(')')
	}
}

// wordsWithSpace splits a line into words, each with the space behind it.
func wordsWithSpace(s string) []string {
	var out []string
	for s != "" {
		n := strings.IndexFunc(s, isSpace)
		if n < 0 {
			out = append(out, s)
			break
		}
		n += spaceLen(s[n:])
		out = append(out, s[:n])
		s = s[n:]
	}
	return out
}

// repr is pprint's repr: that of Python with the dicts inside sorted.
func (p *prettyPrinter) repr(v py.Value) (string, error) {
	var b strings.Builder
	err := prettyRepr(&b, v, append([]py.Value(nil), p.stack...))
	return b.String(), err
}

func prettyRepr(b *strings.Builder, v py.Value, stack []py.Value) error {
	if len(stack) > maxPrintDepth {
		return recursionError()
	}
	switch v.(type) {
	case *py.Dict, *py.List:
		for _, s := range stack {
			if s == v {
				b.WriteString("<Recursion on " + v.Type() + ">")
				return nil
			}
		}
		stack = append(stack, v)
	}
	items := func(open string, vs []py.Value, end string) error {
		b.WriteString(open)
		for i, it := range vs {
			if i > 0 {
				b.WriteString(", ")
			}
			if err := prettyRepr(b, it, stack); err != nil {
				return err
			}
		}
		b.WriteString(end)
		return nil
	}
	switch v := v.(type) {
	case *py.List:
		return items("[", v.Items, "]")
	case py.Tuple:
		if len(v) == 1 {
			return items("(", v, ",)")
		}
		return items("(", v, ")")
	case *py.Dict:
		if v.Ordered {
			break
		}
		keys, err := prettySorted(v.Keys())
		if err != nil {
			return err
		}
		b.WriteByte('{')
		for i, k := range keys {
			if i > 0 {
				b.WriteString(", ")
			}
			if err := prettyRepr(b, k, stack); err != nil {
				return err
			}
			b.WriteString(": ")
			val, _, err := v.Get(k)
			if err != nil {
				return err
			}
			if err := prettyRepr(b, val, stack); err != nil {
				return err
			}
		}
		b.WriteByte('}')
		return nil
	}
	s, err := py.ReprErr(v)
	b.WriteString(s)
	return err
}

// prettySorted sorts as pprint does: values that cannot be compared go by
// their type's name.
func prettySorted(vs []py.Value) ([]py.Value, error) {
	out := append([]py.Value(nil), vs...)
	sort.SliceStable(out, func(i, j int) bool {
		if less, err := py.Less(out[i], out[j]); err == nil {
			return less
		}
		return py.TypeName(out[i]) < py.TypeName(out[j])
	})
	return out, nil
}
