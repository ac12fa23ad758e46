package pyre

import (
	"strconv"
	"strings"
)

// An emitter writes a tree in the syntax of an engine, for texts of one kind.
// What the engines see differently (case, classes, $) is spelt out; for a text
// that is ASCII only this is short, and the standard engine can often be used.
type emitter struct {
	b     strings.Builder
	ascii bool // the text is ASCII
	// linear writes for the standard library's engine; what it cannot do, or
	// does otherwise, clears ok. It needs $ to mean the very end, so the text
	// must not end with a newline where endOnly is set.
	linear  bool
	ok      bool
	endOnly bool
}

const (
	wordClass  = `\p{L}\p{N}_`
	asciiWord  = `0-9A-Za-z_`
	spaceClass = `\x{9}-\x{d}\x{1c}-\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}`
	notSpace   = `\x{0}-\x{8}\x{e}-\x{1b}\x{21}-\x{84}\x{86}-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{10ffff}`
	anyClass   = `[\x{0}-\x{10ffff}]`
	neverClass = `[^\x{0}-\x{10ffff}]`
)

func combineFlags(flags, add, del Flags) Flags {
	if add&typeFlags != 0 {
		flags &^= typeFlags
	}
	return (flags | add) &^ del
}

func (e *emitter) refuse() {
	if e.linear {
		e.ok = false
	}
}

func (e *emitter) seq(nodes []*node, flags Flags) {
	for _, n := range nodes {
		e.node(n, flags)
	}
}

func (e *emitter) node(n *node, flags Flags) {
	switch n.op {
	case opLiteral:
		e.literal(n.char, flags)
	case opSet:
		e.set(n, flags)
	case opAny:
		if flags&DotAll != 0 {
			e.b.WriteString(anyClass)
		} else {
			e.b.WriteString(`[^\n]`)
		}
	case opAt:
		e.at(n.char, flags)
	case opBranch:
		e.b.WriteString("(?:")
		for i, k := range n.kids {
			if i > 0 {
				e.b.WriteByte('|')
			}
			e.seq(k, flags)
		}
		e.b.WriteByte(')')
	case opGroup:
		if n.group > 0 {
			e.b.WriteByte('(')
		} else {
			e.b.WriteString("(?:")
		}
		e.seq(n.kids[0], combineFlags(flags, n.add, n.del))
		e.b.WriteByte(')')
	case opAtomic:
		e.refuse()
		e.wrap("(?>", n.kids[0], flags)
	case opRepeat:
		e.repeat(n, flags)
	case opRef:
		e.refuse()
		open := "(?:"
		if flags&IgnoreCase != 0 {
			open = "(?i:"
		}
		e.b.WriteString(open + `\` + strconv.Itoa(n.group) + ")")
	case opCond:
		e.refuse()
		e.b.WriteString("(?(" + strconv.Itoa(n.group) + ")")
		e.seq(n.kids[0], flags)
		e.b.WriteByte('|') // regexp2 looks for the first branch's text where there is no second
		if len(n.kids) > 1 {
			e.seq(n.kids[1], flags)
		}
		e.b.WriteByte(')')
	case opLookAhead:
		e.refuse()
		e.wrap(map[bool]string{false: "(?=", true: "(?!"}[n.negate], n.kids[0], flags)
	case opLookBehind:
		e.refuse()
		e.wrap(map[bool]string{false: "(?<=", true: "(?<!"}[n.negate], n.kids[0], flags)
	}
}

func (e *emitter) wrap(open string, nodes []*node, flags Flags) {
	e.b.WriteString(open)
	e.seq(nodes, flags)
	e.b.WriteByte(')')
}

func (e *emitter) repeat(n *node, flags Flags) {
	// The engines differ in what a repeat of something empty captures, and the
	// standard one takes small counts only.
	if e.linear {
		w := widther{}
		if lo, _ := w.seq(n.kids[0]); lo == 0 || n.min > 1000 || n.max > 1000 && n.max != maxRepeat {
			e.refuse()
		}
	}
	if n.kind == possessive {
		e.refuse()
		e.b.WriteString("(?>")
	}
	e.wrap("(?:", n.kids[0], flags)
	switch {
	case n.min == 0 && n.max == maxRepeat:
		e.b.WriteByte('*')
	case n.min == 1 && n.max == maxRepeat:
		e.b.WriteByte('+')
	case n.min == 0 && n.max == 1:
		e.b.WriteByte('?')
	case n.max == maxRepeat:
		e.b.WriteString("{" + strconv.Itoa(n.min) + ",}")
	default:
		e.b.WriteString("{" + strconv.Itoa(n.min) + "," + strconv.Itoa(n.max) + "}")
	}
	switch n.kind {
	case lazy:
		e.b.WriteByte('?')
	case possessive:
		e.b.WriteByte(')')
	}
}

func (e *emitter) at(char rune, flags Flags) {
	switch char {
	case '^':
		if flags&Multiline != 0 {
			e.b.WriteString("(?m:^)")
		} else {
			e.b.WriteString(`\A`)
		}
	case '$':
		switch {
		case flags&Multiline != 0:
			e.b.WriteString("(?m:$)")
		case e.linear:
			e.endOnly = true
			e.b.WriteString(`\z`)
		default:
			e.b.WriteString(`\Z`)
		}
	case 'A':
		e.b.WriteString(`\A`)
	case 'Z':
		e.b.WriteString(`\z`)
	case 'b', 'B':
		e.boundary(char, flags)
	}
}

func (e *emitter) boundary(char rune, flags Flags) {
	if char == 'B' { // it matches nowhere in an empty text
		e.refuse()
		e.b.WriteString(`(?!\A\z)`)
	}
	if e.ascii {
		e.b.WriteString(`\` + string(char))
		return
	}
	e.refuse()
	w := "[" + asciiWord + "]"
	if flags&Unicode != 0 {
		w = "[" + wordClass + "]"
	}
	if char == 'b' {
		e.b.WriteString("(?:(?<=" + w + ")(?!" + w + ")|(?<!" + w + ")(?=" + w + "))")
	} else {
		e.b.WriteString("(?:(?<=" + w + ")(?=" + w + ")|(?<!" + w + ")(?!" + w + "))")
	}
}

func (e *emitter) literal(c rune, flags Flags) {
	if flags&IgnoreCase != 0 {
		if eq := equivalents(c, flags); len(eq) > 1 {
			n := &node{op: opSet}
			for _, r := range eq {
				n.set = append(n.set, setItem{lo: r, hi: r})
			}
			e.set(n, flags&^IgnoreCase)
			return
		}
	}
	e.b.WriteString(quoteRune(c))
}

// quoteRune writes a character so that both engines take it literally, in a
// class too.
func quoteRune(c rune) string {
	if c < 0x80 && (c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9') {
		return string(c)
	}
	return `\x{` + strconv.FormatInt(int64(c), 16) + "}"
}

func quoteRange(lo, hi rune) string {
	if lo == hi {
		return quoteRune(lo)
	}
	return quoteRune(lo) + "-" + quoteRune(hi)
}

func (e *emitter) set(n *node, flags Flags) {
	if e.ascii {
		e.b.WriteString(asciiSet(n, flags))
		return
	}
	var body strings.Builder
	seen := map[byte]bool{}
	for _, it := range n.set {
		if it.class != 0 {
			seen[it.class] = true
			if it.class != 'W' || flags&Unicode == 0 {
				body.WriteString(classText(it.class, flags))
			}
			continue
		}
		for _, r := range foldRange(it.lo, it.hi, flags) {
			body.WriteString(quoteRange(r.lo, r.hi))
		}
	}
	for _, pair := range [...][2]byte{{'d', 'D'}, {'s', 'S'}, {'w', 'W'}} {
		if seen[pair[0]] && seen[pair[1]] {
			e.b.WriteString(map[bool]string{false: anyClass, true: neverClass}[n.negate])
			return
		}
	}
	not := ""
	if n.negate {
		not = "^"
	}
	switch notWord := seen['W'] && flags&Unicode != 0; {
	case !notWord:
		e.b.WriteString("[" + not + body.String() + "]")
	case body.Len() == 0:
		e.b.WriteString(map[bool]string{false: "[^" + wordClass + "]", true: "[" + wordClass + "]"}[n.negate])
	case n.negate: // word characters but those
		e.refuse()
		e.b.WriteString("[" + wordClass + "-[" + body.String() + "]]")
	default:
		e.b.WriteString("(?:[^" + wordClass + "]|[" + body.String() + "])")
	}
}

func classText(class byte, flags Flags) string {
	if flags&Unicode == 0 {
		return map[byte]string{
			'd': `0-9`, 'D': `\x{0}-\x{2f}\x{3a}-\x{10ffff}`,
			's': `\x{9}-\x{d}\x{20}`, 'S': `\x{0}-\x{8}\x{e}-\x{1f}\x{21}-\x{10ffff}`,
			'w': asciiWord, 'W': `\x{0}-\x{2f}\x{3a}-\x{40}\x{5b}-\x{5e}\x{60}\x{7b}-\x{10ffff}`,
		}[class]
	}
	return map[byte]string{'d': `\p{Nd}`, 'D': `\P{Nd}`, 's': spaceClass, 'S': notSpace, 'w': wordClass}[class]
}
