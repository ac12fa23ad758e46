// Package fnmatch is Python's fnmatch with its exact rules, which are what
// Salt means by "glob" for names that are no paths: `*` and `?` also match a
// slash and a leading dot, a backslash is an ordinary character, `!` negates a
// set and `^` does not, and an unclosed `[` is itself.
//
// Matching is linear in practice and never worse than the product of both
// lengths, whatever the pattern is.
package fnmatch

import (
	"iter"
	"strings"
	"unicode/utf8"
)

// Pattern is a compiled pattern. It is immutable.
type Pattern struct {
	text   string
	tokens []token
	// plain is set when the pattern has no wildcard and matches only itself.
	plain bool
}

type token struct {
	kind kind
	lit  rune
	set  []span
	neg  bool
}

type kind byte

const (
	literal kind = iota
	anyOne
	star
	class
)

// span is an inclusive range of code points; a class without one matches
// nothing, or everything when negated.
type span struct{ lo, hi rune }

// Compile compiles a pattern. Every text is a valid pattern.
func Compile(pattern string) *Pattern {
	if !strings.ContainsAny(pattern, "*?[") {
		return Literal(pattern)
	}
	p := &Pattern{text: pattern, plain: true}
	rs := runes(pattern)
	for i := 0; i < len(rs); {
		c := rs[i]
		i++
		switch c {
		case '*':
			p.plain = false
			if n := len(p.tokens); n == 0 || p.tokens[n-1].kind != star {
				p.tokens = append(p.tokens, token{kind: star})
			}
		case '?':
			p.plain = false
			p.tokens = append(p.tokens, token{kind: anyOne})
		case '[':
			end := classEnd(rs, i)
			if end < 0 {
				p.tokens = append(p.tokens, token{kind: literal, lit: c})
				break
			}
			p.plain = false
			p.tokens = append(p.tokens, parseClass(rs[i:end]))
			i = end + 1
		default:
			p.tokens = append(p.tokens, token{kind: literal, lit: c})
		}
	}
	return p
}

// Literal returns the pattern that matches text and nothing else, whatever
// characters are in it.
func Literal(text string) *Pattern { return &Pattern{text: text, plain: true} }

// classEnd returns the index of the ] that closes the set opened before i, or
// -1. A ] in first place, also behind !, is a member.
func classEnd(rs []rune, i int) int {
	if i < len(rs) && rs[i] == '!' {
		i++
	}
	if i < len(rs) && rs[i] == ']' {
		i++
	}
	for ; i < len(rs); i++ {
		if rs[i] == ']' {
			return i
		}
	}
	return -1
}

// parseClass reads the text between the brackets. The text is cut at each
// hyphen that stands between two members; adjacent pieces then form a range of
// the last and the first character. A range that is upside down is dropped
// with both its ends, as CPython does since 3.9.
func parseClass(body []rune) token {
	t := token{kind: class}
	var chunks [][]rune
	start, k := 0, 1
	if body[0] == '!' {
		k = 2
	}
	for {
		h := indexFrom(body, '-', k)
		if h < 0 {
			break
		}
		chunks = append(chunks, append([]rune(nil), body[start:h]...))
		start, k = h+1, h+3
	}
	switch last := body[start:]; {
	case len(last) > 0:
		chunks = append(chunks, append([]rune(nil), last...))
	case len(chunks) > 0:
		chunks[len(chunks)-1] = append(chunks[len(chunks)-1], '-')
	}
	for i := len(chunks) - 1; i > 0; i-- {
		left, right := chunks[i-1], chunks[i]
		if left[len(left)-1] > right[0] {
			chunks[i-1] = append(left[:len(left)-1:len(left)-1], right[1:]...)
			chunks = append(chunks[:i], chunks[i+1:]...)
		}
	}
	if len(chunks) > 0 && len(chunks[0]) > 0 && chunks[0][0] == '!' {
		t.neg = true
		chunks[0] = chunks[0][1:]
	}
	for i, chunk := range chunks {
		for j, r := range chunk {
			switch {
			case j == 0 && i > 0: // the upper end of a range, noted below
			case j == len(chunk)-1 && i+1 < len(chunks):
				t.set = append(t.set, span{r, chunks[i+1][0]})
			default:
				t.set = append(t.set, span{r, r})
			}
		}
	}
	return t
}

func indexFrom(rs []rune, r rune, from int) int {
	for i := from; i < len(rs); i++ {
		if rs[i] == r {
			return i
		}
	}
	return -1
}

// String returns the pattern's text.
func (p *Pattern) String() string { return p.text }

// Plain says whether the pattern has no wildcard and so matches its own text
// only.
func (p *Pattern) Plain() bool { return p.plain }

// Match says whether the whole of name matches, as fnmatch.fnmatchcase does.
func (p *Pattern) Match(name string) bool {
	if p.plain {
		return p.text == name
	}
	rs := runes(name)
	ti, ni := 0, 0
	starAt, starName := -1, 0
	for ni < len(rs) {
		switch {
		case ti < len(p.tokens) && p.tokens[ti].kind == star:
			starAt, starName = ti, ni
			ti++
		case ti < len(p.tokens) && p.tokens[ti].matches(rs[ni]):
			ti++
			ni++
		case starAt >= 0:
			starName++
			ti, ni = starAt+1, starName
		default:
			return false
		}
	}
	for ti < len(p.tokens) && p.tokens[ti].kind == star {
		ti++
	}
	return ti == len(p.tokens)
}

func (t *token) matches(r rune) bool {
	switch t.kind {
	case literal:
		return r == t.lit
	case anyOne:
		return true
	case class:
		for _, s := range t.set {
			if s.lo <= r && r <= s.hi {
				return !t.neg
			}
		}
		return t.neg
	}
	return false
}

// Match says whether name matches pattern.
func Match(pattern, name string) bool { return Compile(pattern).Match(name) }

// Filter returns the names that match, in their order.
func Filter(names iter.Seq[string], pattern string) []string {
	p := Compile(pattern)
	var out []string
	for n := range names {
		if p.Match(n) {
			out = append(out, n)
		}
	}
	return out
}

// HasMeta says whether the pattern has a character with a special meaning.
func HasMeta(pattern string) bool { return !Compile(pattern).plain }

// runes decodes s; a byte that is no UTF-8 becomes a private value of its own
// so that different bytes stay different.
func runes(s string) []rune {
	out := make([]rune, 0, len(s))
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			r = -1 - rune(s[i])
		}
		out = append(out, r)
		i += n
	}
	return out
}
