package saltyaml

import (
	"strings"
	"unicode/utf8"
)

// DoubleQuote is the `yaml_dquote` filter: text as a double-quoted scalar on
// one line, in ASCII.
func DoubleQuote(text string) string {
	b := make([]byte, 0, len(text)+2)
	b = append(b, '"')
	for i := 0; i < len(text); {
		c := text[i]
		if c >= 0x20 && c <= 0x7E && c != '"' && c != '\\' {
			b = append(b, c)
			i++
			continue
		}
		r, n := decodeChar(text[i:])
		b = appendEscape(b, r)
		i += n
	}
	return string(append(b, '"'))
}

// decodeChar is utf8.DecodeRuneInString that knows lone surrogates, which
// py.Str holds in their three-byte form.
func decodeChar(s string) (rune, int) {
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n == 1 && len(s) >= 3 && s[0] == 0xED && s[1]&0xE0 == 0xA0 {
		return 0xD000 | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F), 3
	}
	return r, n
}

// SingleQuote is the `yaml_squote` filter: text as a single-quoted scalar. A
// line break is written as an empty line, so that folding restores it.
func SingleQuote(text string) string {
	var b strings.Builder
	b.Grow(len(text) + 2)
	b.WriteByte('\'')
	for i := 0; i < len(text); {
		if n := foldBreak(text[i:]); n > 0 {
			if text[i] == '\n' {
				b.WriteByte('\n')
			}
			for n > 0 {
				b.WriteString(text[i : i+n])
				i += n
				n = foldBreak(text[i:])
			}
			continue
		}
		if text[i] == '\'' {
			b.WriteByte('\'')
		}
		b.WriteByte(text[i])
		i++
	}
	b.WriteByte('\'')
	return b.String()
}

// foldBreak returns the width of a line break other than CR at the start of
// s, 0 when none is there.
func foldBreak(s string) int {
	if s == "" || s[0] == '\r' {
		return 0
	}
	return breakIn(s, 0)
}
