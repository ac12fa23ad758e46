package roster

import (
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"pinch/internal/py"
)

// parseLiteral reads a Python literal as ast.literal_eval does: None, True,
// False, numbers, texts, tuples, lists, dicts and sets. ok is false for
// everything else, which Ansible then takes as text.
func parseLiteral(s string) (v py.Value, ok bool) {
	s = strings.TrimLeft(s, " \t")
	p := &literalParser{s: s}
	v, ok = p.tuple(0, false)
	p.space()
	return v, ok && p.i == len(p.s)
}

const maxLiteralDepth = 100

type literalParser struct {
	s string
	i int
}

func (p *literalParser) space() {
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case ' ', '\t', '\n', '\r', '\f':
			p.i++
		case '#': // a comment, to the end of the line
			if end := strings.IndexByte(p.s[p.i:], '\n'); end >= 0 {
				p.i += end
			} else {
				p.i = len(p.s)
			}
		default:
			return
		}
	}
}

func (p *literalParser) peek() byte {
	p.space()
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

func (p *literalParser) take(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.i++
	return true
}

// tuple reads a value, or several with commas as a tuple.
func (p *literalParser) tuple(depth int, inParens bool) (py.Value, bool) {
	first, ok := p.value(depth)
	if !ok || p.peek() != ',' {
		return first, ok
	}
	items := py.Tuple{first}
	for p.take(',') {
		if c := p.peek(); c == 0 || inParens && c == ')' {
			break
		}
		v, ok := p.value(depth)
		if !ok {
			return nil, false
		}
		items = append(items, v)
	}
	return items, true
}

func (p *literalParser) value(depth int) (py.Value, bool) {
	if depth > maxLiteralDepth {
		return nil, false
	}
	c := p.peek()
	switch {
	case c == '(':
		p.i++
		if p.take(')') {
			return py.Tuple{}, true
		}
		v, ok := p.tuple(depth+1, true)
		return v, ok && p.take(')')
	case c == '[':
		p.i++
		l := py.NewList()
		for !p.take(']') {
			v, ok := p.value(depth + 1)
			if !ok {
				return nil, false
			}
			l.Append(v)
			if !p.take(',') && p.peek() != ']' {
				return nil, false
			}
		}
		return l, true
	case c == '{':
		return p.braces(depth)
	case c == '\'' || c == '"':
		return p.text()
	case c == '-' || c == '+' || c == '.' || c >= '0' && c <= '9':
		return p.number()
	}
	for word, v := range map[string]py.Value{"None": py.None, "True": py.True, "False": py.False} {
		if rest, found := strings.CutPrefix(p.s[p.i:], word); found && (rest == "" || !wordByte(rest[0])) {
			p.i += len(word)
			return v, true
		}
	}
	return nil, false
}

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func (p *literalParser) braces(depth int) (py.Value, bool) {
	p.i++
	d := py.NewDict()
	if p.take('}') {
		return d, true
	}
	var set *py.Set
	for {
		k, ok := p.value(depth + 1)
		if !ok {
			return nil, false
		}
		if set == nil && p.take(':') {
			v, ok := p.value(depth + 1)
			if !ok || d.Set(k, v) != nil {
				return nil, false
			}
		} else {
			if d.Len() > 0 {
				return nil, false
			}
			if set == nil {
				set = &py.Set{}
			}
			if set.Add(k) != nil {
				return nil, false
			}
		}
		if p.take('}') {
			break
		}
		if !p.take(',') {
			return nil, false
		}
		if p.take('}') {
			break
		}
	}
	if set != nil {
		return set, true
	}
	return d, true
}

// text reads adjacent quoted strings.
func (p *literalParser) text() (py.Value, bool) {
	var b strings.Builder
	for {
		q := p.peek()
		if q != '\'' && q != '"' {
			return py.Str(b.String()), true
		}
		p.i++
		for {
			if p.i >= len(p.s) || p.s[p.i] == '\n' {
				return nil, false
			}
			c := p.s[p.i]
			p.i++
			if c == q {
				break
			}
			if c != '\\' {
				b.WriteByte(c)
				continue
			}
			if !p.escape(&b) {
				return nil, false
			}
		}
	}
}

func (p *literalParser) escape(b *strings.Builder) bool {
	if p.i >= len(p.s) {
		return false
	}
	c := p.s[p.i]
	p.i++
	switch c {
	case '\n':
	case '\\', '\'', '"':
		b.WriteByte(c)
	case 'a', 'b', 'f', 'n', 'r', 't', 'v':
		b.WriteByte("\a\b\f\n\r\t\v"[strings.IndexByte("abfnrtv", c)])
	case 'x', 'u', 'U':
		n := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
		if p.i+n > len(p.s) {
			return false
		}
		r, err := strconv.ParseUint(p.s[p.i:p.i+n], 16, 32)
		if err != nil || r > utf8.MaxRune {
			return false
		}
		b.WriteRune(rune(r))
		p.i += n
	case '0', '1', '2', '3', '4', '5', '6', '7':
		end := p.i
		for end < len(p.s) && end < p.i+2 && p.s[end] >= '0' && p.s[end] <= '7' {
			end++
		}
		r, _ := strconv.ParseUint(p.s[p.i-1:end], 8, 32) // digits only
		b.WriteRune(rune(r))
		p.i = end
	case 'N':
		return false // a character by name: nobody writes that in an inventory
	default:
		b.WriteByte('\\')
		b.WriteByte(c)
	}
	return true
}

func (p *literalParser) number() (py.Value, bool) {
	neg := p.peek() == '-'
	if neg || p.peek() == '+' { // one sign, as in a literal
		p.i++
		p.space()
	}
	start := p.i
	for p.i < len(p.s) {
		c := p.s[p.i]
		exp := (c == '-' || c == '+') && p.i > start && (p.s[p.i-1]|0x20) == 'e' && !strings.HasPrefix(strings.ToLower(p.s[start:]), "0x")
		if !wordByte(c) && c != '.' && !exp {
			break
		}
		p.i++
	}
	word := p.s[start:p.i]
	v, ok := pyNumber(word)
	if !ok || !neg {
		return v, ok
	}
	if f, isFloat := v.(py.Float); isFloat {
		return -f, true
	}
	n, _ := py.AsBig(v)
	return py.NewInt(n.Neg(n)), true
}

// pyNumber reads an unsigned int or float of Python's grammar.
func pyNumber(w string) (py.Value, bool) {
	if w == "" || w[0] != '.' && (w[0] < '0' || w[0] > '9') {
		return nil, false
	}
	for i := 1; i < len(w); i++ {
		if w[i] != '_' {
			continue
		}
		// An underscore stands between digits, or behind a prefix such as 0x.
		prefixed := len(w) > 1 && w[0] == '0' && strings.IndexByte("xXoObB", w[1]) >= 0
		if i == len(w)-1 || !digitOf(w[i+1], prefixed) || !digitOf(w[i-1], prefixed) && !(prefixed && i == 2) {
			return nil, false
		}
	}
	plain := strings.ReplaceAll(w, "_", "")
	lower := strings.ToLower(plain)
	if strings.HasPrefix(lower, "0x") || strings.HasPrefix(lower, "0o") || strings.HasPrefix(lower, "0b") {
		n, ok := new(big.Int).SetString(lower, 0)
		if !ok {
			return nil, false
		}
		return py.NewInt(n), true
	}
	if strings.Trim(plain, "0123456789") == "" {
		if len(plain) > 1 && plain[0] == '0' && strings.Trim(plain, "0") != "" {
			return nil, false // a leading zero is a syntax error
		}
		n, ok := new(big.Int).SetString(plain, 10)
		if !ok {
			return nil, false
		}
		return py.NewInt(n), true
	}
	if strings.Trim(lower, "0123456789.e+-") != "" {
		return nil, false
	}
	f, err := strconv.ParseFloat(plain, 64)
	if err != nil && f == 0 {
		return nil, false
	}
	return py.Float(f), true
}

func digitOf(c byte, hex bool) bool {
	return c >= '0' && c <= '9' || hex && (c|0x20 >= 'a' && c|0x20 <= 'f')
}
