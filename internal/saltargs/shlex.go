package saltargs

import (
	"strings"

	"pinch/internal/py"
)

// ShlexSplit is Python's shlex.split: words as a POSIX shell would cut them,
// without any expansion and without comments. Errors are ValueErrors.
func ShlexSplit(s string) ([]string, error) {
	const (
		between = iota // between words
		inWord
		single
		double
	)
	var out []string
	var word strings.Builder
	state := between
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch state {
		case single:
			if c == '\'' {
				state = inWord
			} else {
				word.WriteByte(c)
			}
			continue
		case double:
			switch {
			case c == '"':
				state = inWord
			case c == '\\':
				if i++; i == len(s) {
					return nil, py.ValueErrorf("No escaped character")
				}
				if s[i] != '"' && s[i] != '\\' {
					word.WriteByte('\\')
				}
				word.WriteByte(s[i])
			default:
				word.WriteByte(c)
			}
			continue
		}
		switch c {
		case ' ', '\t', '\r', '\n':
			if state == inWord {
				out = append(out, word.String())
				word.Reset()
			}
			state = between
		case '\'':
			state = single
		case '"':
			state = double
		case '\\':
			if i++; i == len(s) {
				return nil, py.ValueErrorf("No escaped character")
			}
			state = inWord
			word.WriteByte(s[i])
		default:
			state = inWord
			word.WriteByte(c)
		}
	}
	switch state {
	case single, double:
		return nil, py.ValueErrorf("No closing quotation")
	case inWord:
		out = append(out, word.String())
	}
	return out, nil
}
