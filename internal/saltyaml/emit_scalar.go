package saltyaml

import (
	"unicode/utf8"
)

// scalar chooses a style for a scalar and writes it.
func (e *emitter) scalar(n *node, at where) error {
	plain, quoted := implicitly(n)
	tag := ""
	if e.o.Canonical || !plain && !quoted {
		tag = n.tag
	}
	a := analyze(n.value, e.o.ASCII)
	style := n.style
	if style == 0 {
		style = stylePlain
	}
	if e.o.Canonical || at.simpleKey && a.multiline {
		style = styleDouble
	}
	if style == stylePlain {
		allowed := a.blockPlain
		if e.flow > 0 {
			allowed = a.flowPlain
		}
		if !allowed || n.value == "" && (e.flow > 0 || at.simpleKey) || tag == "" && !plain {
			style = styleSingle
		}
	}
	if style == styleSingle && !a.singleQuoted {
		style = styleDouble
	}
	if (style == styleLit || style == styleFold) && (!a.blockText || e.flow > 0 || at.simpleKey) {
		style = styleDouble
	}
	switch {
	case tag != "":
		e.tag(tag)
	case !quoted && style != stylePlain: // "not what the quotes say"
		e.space()
		e.text("!")
	}
	old := e.deeper(true, false)
	folds := !at.simpleKey
	switch style {
	case stylePlain:
		e.plain(n.value, folds)
	case styleSingle:
		e.single(n.value, folds)
	case styleDouble:
		e.double(n.value, folds)
	case styleLit:
		e.literal(n.value)
	case styleFold:
		e.folded(n.value)
	}
	e.indent = old
	return nil
}

func spaceAt(s string, i int) bool { return i < len(s) && s[i] == ' ' }

func (e *emitter) plain(s string, folds bool) {
	if s != "" || e.flow > 0 {
		e.space()
	}
	spaces, breaks := false, false
	for i := 0; i < len(s); {
		switch {
		case s[i] == ' ':
			if folds && !spaces && e.column > e.width && !spaceAt(s, i+1) {
				e.newLine()
				i++
			} else {
				i += e.write(s, i)
			}
			spaces = true
		case breakIn(s, i) > 0:
			if !breaks && s[i] == '\n' {
				e.putBreak()
			}
			i += e.writeBreak(s, i)
			e.indention, breaks = true, true
		default:
			if breaks {
				e.newLine()
			}
			i += e.write(s, i)
			e.indention, spaces, breaks = false, false, false
		}
	}
	e.whitespace, e.indention = false, false
}

func (e *emitter) single(s string, folds bool) {
	e.indicator("'", true, false, false)
	spaces, breaks := false, false
	for i := 0; i < len(s); {
		switch {
		case s[i] == ' ':
			if folds && !spaces && e.column > e.width && i > 0 && i < len(s)-1 && !spaceAt(s, i+1) {
				e.newLine()
				i++
			} else {
				i += e.write(s, i)
			}
			spaces = true
		case breakIn(s, i) > 0:
			if !breaks && s[i] == '\n' {
				e.putBreak()
			}
			i += e.writeBreak(s, i)
			e.indention, breaks = true, true
		default:
			if breaks {
				e.newLine()
			}
			if s[i] == '\'' {
				e.put('\'')
			}
			i += e.write(s, i)
			e.indention, spaces, breaks = false, false, false
		}
	}
	if breaks {
		e.newLine()
	}
	e.indicator("'", false, false, false)
	e.whitespace, e.indention = false, false
}

func (e *emitter) double(s string, folds bool) {
	e.indicator(`"`, true, false, false)
	spaces := false
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case !printable(s, i) || e.o.ASCII && c >= 0x80 || c == '"' || c == '\\' || breakIn(s, i) > 0:
			r, w := utf8.DecodeRuneInString(s[i:])
			before := len(e.out)
			e.out = appendEscape(e.out, r)
			e.column += len(e.out) - before
			i += w
			spaces = false
		case c == ' ':
			if folds && !spaces && e.column > e.width && i > 0 && i < len(s)-1 {
				e.newLine()
				if spaceAt(s, i+1) {
					e.put('\\')
				}
				i++
			} else {
				i += e.write(s, i)
			}
			spaces = true
		default:
			i += e.write(s, i)
			spaces = false
		}
	}
	e.indicator(`"`, false, false, false)
	e.whitespace, e.indention = false, false
}

// appendEscape appends a character's escape in a double-quoted scalar.
func appendEscape(b []byte, r rune) []byte {
	const hex = "0123456789ABCDEF"
	short := byte(0)
	switch r {
	case 0:
		short = '0'
	case '\a':
		short = 'a'
	case '\b':
		short = 'b'
	case '\t':
		short = 't'
	case '\n':
		short = 'n'
	case '\v':
		short = 'v'
	case '\f':
		short = 'f'
	case '\r':
		short = 'r'
	case 0x1B:
		short = 'e'
	case '"', '\\':
		short = byte(r)
	case 0x85:
		short = 'N'
	case 0xA0:
		short = '_'
	case 0x2028:
		short = 'L'
	case 0x2029:
		short = 'P'
	}
	if short != 0 {
		return append(b, '\\', short)
	}
	letter, digits := byte('U'), 8
	switch {
	case r <= 0xFF:
		letter, digits = 'x', 2
	case r <= 0xFFFF:
		letter, digits = 'u', 4
	}
	b = append(b, '\\', letter)
	for k := (digits - 1) * 4; k >= 0; k -= 4 {
		b = append(b, hex[r>>k&15])
	}
	return b
}

// blockHints writes the indentation and chomping indicators that a block
// scalar needs, and notes one whose end only `...` can show.
func (e *emitter) blockHints(s string) {
	if spaceAt(s, 0) || s != "" && breakIn(s, 0) > 0 {
		e.indicator(string(rune('0'+e.step)), false, false, false)
	}
	e.openEnded = false
	last := lastChar(s, len(s))
	switch {
	case s == "" || breakIn(s, last) == 0:
		e.indicator("-", false, false, false)
	case last == 0 || breakIn(s, lastChar(s, last)) > 0:
		e.indicator("+", false, false, false)
		e.openEnded = true
	}
}

// lastChar returns where the character before end begins.
func lastChar(s string, end int) int {
	if end > 0 {
		end--
	}
	for end > 0 && s[end]&0xC0 == 0x80 {
		end--
	}
	return end
}

func (e *emitter) literal(s string) {
	e.indicator("|", true, false, false)
	e.blockHints(s)
	e.putBreak()
	e.indention, e.whitespace = true, true
	breaks := true
	for i := 0; i < len(s); {
		if breakIn(s, i) > 0 {
			i += e.writeBreak(s, i)
			e.indention, breaks = true, true
			continue
		}
		if breaks {
			e.newLine()
		}
		i += e.write(s, i)
		e.indention, breaks = false, false
	}
}

func (e *emitter) folded(s string) {
	e.indicator(">", true, false, false)
	e.blockHints(s)
	e.putBreak()
	e.indention, e.whitespace = true, true
	breaks, leading := true, true
	for i := 0; i < len(s); {
		if breakIn(s, i) > 0 {
			if !breaks && !leading && s[i] == '\n' {
				k := i
				for k < len(s) && breakIn(s, k) > 0 {
					k += breakIn(s, k)
				}
				if !blankzIn(s, k) {
					e.putBreak()
				}
			}
			i += e.writeBreak(s, i)
			e.indention, breaks = true, true
			continue
		}
		if breaks {
			e.newLine()
			leading = s[i] == ' ' || s[i] == '\t'
		}
		if !breaks && s[i] == ' ' && !spaceAt(s, i+1) && e.column > e.width {
			e.newLine()
			i++
		} else {
			i += e.write(s, i)
		}
		e.indention, breaks = false, false
	}
}
