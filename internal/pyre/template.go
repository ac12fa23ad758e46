package pyre

import (
	"strconv"
	"strings"

	"pinch/internal/py"
)

// template is a parsed replacement: literal texts and groups.
type template []templatePart

type templatePart struct {
	text  string
	group int // -1 for a literal
}

func (t template) expand(m *Match) string {
	if len(t) == 1 && t[0].group < 0 {
		return t[0].text
	}
	var b strings.Builder
	for _, p := range t {
		if p.group < 0 {
			b.WriteString(p.text)
			continue
		}
		s, _ := m.Group(p.group) // a group that took no part is empty
		b.WriteString(s)
	}
	return b.String()
}

// templater builds a template.
type templater struct {
	re      *Regexp
	s       *scanner
	out     template
	literal strings.Builder
}

// template parses a replacement text: \1, \g<1>, \g<name> and escapes.
func (re *Regexp) template(repl string) (t template, err error) {
	if strings.IndexByte(repl, '\\') < 0 {
		return template{{text: repl, group: -1}}, nil
	}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*py.Error)
			if !ok {
				panic(r)
			}
			t, err = nil, e
		}
	}()
	src := py.Runes(repl)
	if re.bytes {
		src = latin1(repl)
	}
	b := &templater{re: re, s: newScanner(src, !re.bytes)}
	for {
		tok, ok := b.s.get()
		if !ok {
			break
		}
		if tok[0] == '\\' {
			b.escape(tok)
		} else {
			b.put(py.Runes(tok)[0])
		}
	}
	b.flush()
	return b.out, nil
}

func (b *templater) put(r rune) {
	if b.re.bytes {
		b.literal.WriteByte(byte(r))
		return
	}
	b.literal.WriteString(py.RuneString(r))
}

func (b *templater) flush() {
	if b.literal.Len() > 0 {
		b.out = append(b.out, templatePart{text: b.literal.String(), group: -1})
		b.literal.Reset()
	}
}

func (b *templater) group(n, offset int) {
	if n > b.re.Groups {
		panic(b.s.fail("invalid group reference "+strconv.Itoa(n), offset))
	}
	b.flush()
	b.out = append(b.out, templatePart{group: n})
}

func (b *templater) escape(tok string) {
	s, c := b.s, tok[1:]
	switch {
	case c == "g":
		b.named()
	case c == "0":
		tok += s.getWhile(2, octDigits)
		n, _ := strconv.ParseUint(tok[1:], 8, 32) // octal digits only
		b.put(rune(n & 0xff))
	case len(c) == 1 && strings.Contains(digits, c):
		b.numeric(tok)
	default:
		if r, ok := simpleEscape(py.Runes(c)[0], true); ok {
			b.put(r)
			return
		}
		if isASCIILetter(c) {
			panic(s.fail("bad escape "+tok, len(tok)))
		}
		b.put('\\')
		b.put(py.Runes(c)[0])
	}
}

func (b *templater) numeric(tok string) {
	s := b.s
	if s.in(digits) {
		t, _ := s.get()
		tok += t
		if strings.Contains(octDigits, tok[1:2]) && strings.Contains(octDigits, tok[2:3]) && s.in(octDigits) {
			t, _ := s.get()
			tok += t
			n, _ := strconv.ParseUint(tok[1:], 8, 32)
			if n > 0o377 {
				panic(s.fail("octal escape value "+tok+" outside of range 0-0o377", len(tok)))
			}
			b.put(rune(n))
			return
		}
	}
	n, _ := strconv.Atoi(tok[1:]) // one or two digits
	b.group(n, len(tok)-1)
}

// named parses \g<...>.
func (b *templater) named() {
	s := b.s
	if !s.match("<") {
		panic(s.fail("missing <", 0))
	}
	name := s.getUntil(">", "group name")
	if py.IsIdentifier(name) {
		n, ok := b.re.Index[name]
		if !ok {
			panic(py.Errorf("IndexError", "unknown group name %s", repr(name)))
		}
		b.group(n, runeLen(name)+1)
		return
	}
	p := parser{s: s}
	b.group(p.groupNumber(name), runeLen(name)+1)
}
