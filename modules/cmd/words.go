package cmd

import (
	"strings"

	"pinch/modules"
)

// shellWords splits a command line into words as Python's shlex.split does:
// quotes and backslashes as in a POSIX shell, no expansion.
func shellWords(s string) ([]string, error) {
	var words []string
	var b strings.Builder
	inWord := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case ' ', '\t', '\r', '\n':
			if inWord {
				words = append(words, b.String())
				b.Reset()
				inWord = false
			}
		case '\'':
			inWord = true
			end := strings.IndexByte(s[i+1:], '\'')
			if end < 0 {
				return nil, modules.CommandExecutionError("No closing quotation")
			}
			b.WriteString(s[i+1 : i+1+end])
			i += end + 1
		case '"':
			inWord = true
			closed := false
			for i++; i < len(s); i++ {
				if s[i] == '"' {
					closed = true
					break
				}
				if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\') {
					i++
				}
				b.WriteByte(s[i])
			}
			if !closed {
				return nil, modules.CommandExecutionError("No closing quotation")
			}
		case '\\':
			inWord = true
			if i+1 == len(s) {
				return nil, modules.CommandExecutionError("No escaped character")
			}
			i++
			b.WriteByte(s[i])
		default:
			inWord = true
			b.WriteByte(c)
		}
	}
	if inWord {
		words = append(words, b.String())
	}
	return words, nil
}
