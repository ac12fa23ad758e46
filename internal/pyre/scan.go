package pyre

import (
	"fmt"
	"strings"

	"pinch/internal/py"
)

// scanner splits a pattern into tokens: one character, or a backslash and the
// character behind it. Like CPython's it reads one token ahead, which decides
// which of two errors is reported. Errors are panics of *py.Error.
type scanner struct {
	src    []rune
	text   bool // a str, no bytes
	index  int  // behind next
	next   string
	isNext bool
}

func newScanner(src []rune, text bool) *scanner {
	s := &scanner{src: src, text: text}
	s.advance()
	return s
}

func (s *scanner) advance() {
	if s.index >= len(s.src) {
		s.next, s.isNext = "", false
		return
	}
	c := s.src[s.index]
	tok := py.RuneString(c)
	n := 1
	if c == '\\' {
		if s.index+1 >= len(s.src) {
			panic(reError("bad escape (end of pattern)", s.src, len(s.src)-1))
		}
		tok += py.RuneString(s.src[s.index+1])
		n = 2
	}
	s.index += n
	s.next, s.isNext = tok, true
}

func (s *scanner) match(tok string) bool {
	if s.isNext && s.next == tok {
		s.advance()
		return true
	}
	return false
}

// get returns the next token; ok is false at the end.
func (s *scanner) get() (tok string, ok bool) {
	tok, ok = s.next, s.isNext
	s.advance()
	return tok, ok
}

// getWhile reads up to n characters of a set.
func (s *scanner) getWhile(n int, set string) string {
	var b strings.Builder
	for range n {
		if !s.in(set) {
			break
		}
		b.WriteString(s.next)
		s.advance()
	}
	return b.String()
}

// in says whether the next token is one character of set.
func (s *scanner) in(set string) bool {
	return s.isNext && len(s.next) == 1 && strings.Contains(set, s.next)
}

func (s *scanner) getUntil(end, what string) string {
	var b strings.Builder
	for {
		c, ok := s.next, s.isNext
		s.advance()
		if !ok {
			if b.Len() == 0 {
				panic(s.fail("missing "+what, 0))
			}
			panic(s.fail("missing "+end+", unterminated name", runeLen(b.String())))
		}
		if c == end {
			if b.Len() == 0 {
				panic(s.fail("missing "+what, 1))
			}
			return b.String()
		}
		b.WriteString(c)
	}
}

// tell is the position of the next token.
func (s *scanner) tell() int { return s.index - runeLen(s.next) }

func (s *scanner) seek(index int) {
	s.index = index
	s.advance()
}

func runeLen(s string) int { return len(py.Runes(s)) }

// fail returns the error at offset characters before the next token.
func (s *scanner) fail(msg string, offset int) *py.Error {
	if !s.text {
		msg = asciiOnly(msg)
	}
	return reError(msg, s.src, s.tell()-offset)
}

func asciiOnly(s string) string {
	out, err := py.Encode(s, "ascii", "backslashreplace")
	if err != nil { // cannot happen: the handler takes every character
		return s
	}
	return out
}

// reError is re.error with its position, and line and column where the
// pattern has several lines.
func reError(msg string, src []rune, pos int) *py.Error {
	text := fmt.Sprintf("%s at position %d", msg, pos)
	line, last, many := 1, -1, false
	for i, r := range src {
		if r == '\n' {
			many = true
			if i < pos {
				line++
				last = i
			}
		}
	}
	if many {
		text = fmt.Sprintf("%s (line %d, column %d)", text, line, pos-last)
	}
	return &py.Error{Class: "error", Msg: text}
}
