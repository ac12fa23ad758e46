// Package pprint is Python's pprint on Python's values.
package pprint

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"pinch/internal/py"
)

// lineWidth is the line length that pprint aims at.
const lineWidth = 80

// Format is pprint.pformat(v, indent): a value's repr, broken into lines where
// it is longer than a line.
func Format(v py.Value, indent int) (string, error) {
	p := &printer{step: indent, open: map[py.Value]bool{}}
	if err := p.value(v, 0, 0, 0); err != nil {
		return "", err
	}
	return p.b.String(), nil
}

// maxDepth bounds the nesting, as Python's recursion limit does.
const maxDepth = 900

func blanks(n int) string { return strings.Repeat(" ", max(n, 0)) }

type printer struct {
	b    strings.Builder
	step int
	open map[py.Value]bool
}

func (p *printer) value(v py.Value, indent, allowance, level int) error {
	rep, err := p.repr(v, 0)
	if err != nil {
		return err
	}
	if utf8.RuneCountInString(rep) <= lineWidth-indent-allowance {
		p.b.WriteString(rep)
		return nil
	}
	if ref, ok := v.(*py.Dict); ok {
		if p.open[ref] {
			p.b.WriteString(rep)
			return nil
		}
		p.open[ref] = true
		defer delete(p.open, ref)
	}
	if ref, ok := v.(*py.List); ok {
		if p.open[ref] {
			p.b.WriteString(rep)
			return nil
		}
		p.open[ref] = true
		defer delete(p.open, ref)
	}
	switch v := v.(type) {
	case *py.Dict:
		if v.Ordered {
			return p.ordered(v, indent, allowance, level+1)
		}
		return p.dict(v, indent, allowance, level+1)
	case *py.List:
		return p.group("[", "]", v.Items, indent, allowance, level+1)
	case py.Tuple:
		end := ")"
		if len(v) == 1 {
			end = ",)"
		}
		return p.group("(", end, v, indent, allowance, level+1)
	case *py.Set:
		items := safeSort(v.Items())
		if v.Frozen {
			return p.group("frozenset({", "})", items, indent+len("frozenset("), allowance, level+1)
		}
		return p.group("{", "}", items, indent, allowance, level+1)
	case py.Str:
		p.str(string(v), indent, allowance, level+1)
	case py.Bytes:
		p.bytes(string(v), indent, allowance, level+1)
	default:
		p.b.WriteString(rep)
	}
	return nil
}

// repr is the one-line form: repr() with the keys of dicts sorted.
func (p *printer) repr(v py.Value, depth int) (string, error) {
	if depth > maxDepth {
		return "", py.Errorf("RecursionError", "maximum recursion depth exceeded")
	}
	var items []py.Value
	begin, end := "", ""
	switch v := v.(type) {
	case *py.Dict:
		if v.Ordered {
			return py.ReprErr(v)
		}
		if p.open[v] && depth > 0 {
			return "<Recursion on dict>", nil
		}
		was := p.open[v]
		p.open[v] = true
		var parts []string
		for _, k := range safeSort(v.Keys()) {
			ks, err := p.repr(k, depth+1)
			if err != nil {
				return "", err
			}
			item, _, err := v.Get(k)
			if err != nil {
				return "", err
			}
			vs, err := p.repr(item, depth+1)
			if err != nil {
				return "", err
			}
			parts = append(parts, ks+": "+vs)
		}
		p.open[v] = was
		return "{" + strings.Join(parts, ", ") + "}", nil
	case *py.List:
		if p.open[v] && depth > 0 {
			return "<Recursion on list>", nil
		}
		was := p.open[v]
		p.open[v] = true
		defer func() { p.open[v] = was }()
		items, begin, end = v.Items, "[", "]"
	case py.Tuple:
		items, begin, end = v, "(", ")"
		if len(v) == 1 {
			end = ",)"
		}
	default:
		return py.ReprErr(v)
	}
	parts := make([]string, len(items))
	for i, it := range items {
		s, err := p.repr(it, depth+1)
		if err != nil {
			return "", err
		}
		parts[i] = s
	}
	return begin + strings.Join(parts, ", ") + end, nil
}

// safeSort sorts values of any types: those that cannot be compared by the
// name of their type.
func safeSort(items []py.Value) []py.Value {
	out := append([]py.Value(nil), items...)
	less := func(a, b py.Value) bool {
		if l, err := py.Less(a, b); err == nil {
			return l
		}
		return typeText(a) < typeText(b)
	}
	// Insertion sort keeps Python's order for orders that are not total.
	for i := 1; i < len(out); i++ {
		x := out[i]
		lo, hi := 0, i
		for lo < hi {
			mid := (lo + hi) / 2
			if less(x, out[mid]) {
				hi = mid
			} else {
				lo = mid + 1
			}
		}
		copy(out[lo+1:i+1], out[lo:i])
		out[lo] = x
	}
	return out
}

func typeText(v py.Value) string { return "<class '" + v.Type() + "'>" }

func (p *printer) margin() {
	if p.step > 1 {
		p.b.WriteString(blanks(p.step - 1))
	}
}

func (p *printer) dict(d *py.Dict, indent, allowance, level int) error {
	p.b.WriteByte('{')
	p.margin()
	indent += p.step
	allowance++
	keys := safeSort(d.Keys())
	for i, k := range keys {
		rep, err := p.repr(k, 0)
		if err != nil {
			return err
		}
		p.b.WriteString(rep + ": ")
		v, _, err := d.Get(k)
		if err != nil {
			return err
		}
		room := 1
		if i == len(keys)-1 {
			room = allowance
		}
		if err := p.value(v, indent+utf8.RuneCountInString(rep)+2, room, level); err != nil {
			return err
		}
		if i < len(keys)-1 {
			p.b.WriteString(",\n" + blanks(indent))
		}
	}
	p.b.WriteByte('}')
	return nil
}

func (p *printer) ordered(d *py.Dict, indent, allowance, level int) error {
	const name = "OrderedDict("
	items := py.NewList()
	for k, v := range d.All() {
		items.Append(py.Tuple{k, v})
	}
	p.b.WriteString(name)
	if err := p.value(items, indent+len(name), allowance+1, level); err != nil {
		return err
	}
	p.b.WriteByte(')')
	return nil
}

func (p *printer) group(begin, end string, items []py.Value, indent, allowance, level int) error {
	p.b.WriteString(begin)
	p.margin()
	indent += p.step
	allowance += len(end)
	for i, v := range items {
		room := 1
		if i == len(items)-1 {
			room = allowance
		}
		if i > 0 {
			p.b.WriteString(",\n" + blanks(indent))
		}
		if err := p.value(v, indent, room, level); err != nil {
			return err
		}
	}
	p.b.WriteString(end)
	return nil
}

var wordAndSpace = regexp.MustCompile(`^[^\s\p{Z}\x{85}\x1c-\x1f\v]*[\s\p{Z}\x{85}\x1c-\x1f\v]*`)

// str breaks a text at its line breaks and then at blanks.
func (p *printer) str(s string, indent, allowance, level int) {
	if s == "" {
		p.b.WriteString("''")
		return
	}
	lines := py.SplitLines(s, true)
	if level == 1 {
		indent++
		allowance++
	}
	width := lineWidth - indent
	var chunks []string
	for i, line := range lines {
		last := i == len(lines)-1
		room := width
		if last {
			room -= allowance
		}
		if rep := py.Repr(py.Str(line)); utf8.RuneCountInString(rep) <= room {
			chunks = append(chunks, rep)
			continue
		}
		chunks = append(chunks, p.words(line, width, allowance, last)...)
	}
	p.chunks(chunks, indent, level)
}

func (p *printer) words(line string, width, allowance int, last bool) []string {
	var chunks []string
	current := ""
	for line != "" {
		part := wordAndSpace.FindString(line)
		line = line[len(part):]
		if line == "" && last {
			width -= allowance
		}
		if utf8.RuneCountInString(py.Repr(py.Str(current+part))) > width {
			if current != "" {
				chunks = append(chunks, py.Repr(py.Str(current)))
			}
			current = part
		} else {
			current += part
		}
	}
	if current != "" {
		chunks = append(chunks, py.Repr(py.Str(current)))
	}
	return chunks
}

// chunks writes pieces of a text below each other, in parentheses on the
// outermost level.
func (p *printer) chunks(chunks []string, indent, level int) {
	if len(chunks) > 1 && level == 1 {
		p.b.WriteByte('(')
	}
	p.b.WriteString(strings.Join(chunks, "\n"+blanks(indent)))
	if len(chunks) > 1 && level == 1 {
		p.b.WriteByte(')')
	}
}

func (p *printer) bytes(s string, indent, allowance, level int) {
	if len(s) <= 4 {
		p.b.WriteString(py.Repr(py.Bytes(s)))
		return
	}
	if level == 1 {
		indent++
		allowance++
		p.b.WriteByte('(')
	}
	width := lineWidth - indent
	var chunks []string
	current := ""
	for i := 0; i < len(s); i += 4 {
		part := s[i:min(i+4, len(s))]
		if i == len(s)/4*4 {
			width -= allowance
		}
		if len(py.Repr(py.Bytes(current+part))) > width {
			if current != "" {
				chunks = append(chunks, py.Repr(py.Bytes(current)))
			}
			current = part
		} else {
			current += part
		}
	}
	if current != "" {
		chunks = append(chunks, py.Repr(py.Bytes(current)))
	}
	p.b.WriteString(strings.Join(chunks, "\n"+blanks(indent)))
	if level == 1 {
		p.b.WriteByte(')')
	}
}
