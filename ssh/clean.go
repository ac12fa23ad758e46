package ssh

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxRemoteText bounds what of the far side's text gets into an error.
const maxRemoteText = 2000

// cleanText makes text of the far side fit to be printed: valid UTF-8, no
// control or formatting characters that could drive a terminal (newline and
// tab become one blank), at most max bytes of which the end is kept.
func cleanText(s string, max int) string {
	cut := false
	if len(s) > 4*max {
		s, cut = s[len(s)-4*max:], true
	}
	var b strings.Builder
	b.Grow(min(len(s), max))
	blank := true // no leading blank
	for _, r := range s {
		switch {
		case r == utf8.RuneError:
			r = '?'
		case r == '\n', r == '\t', r == '\r', r == ' ':
			if blank {
				continue
			}
			r = ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == '\u2028', r == '\u2029':
			continue
		}
		blank = r == ' '
		b.WriteRune(r)
	}
	out := strings.TrimRight(b.String(), " ")
	if len(out) > max {
		start := len(out) - max
		for start < len(out) && !utf8.RuneStart(out[start]) {
			start++
		}
		out, cut = out[start:], true
	}
	if cut {
		out = "..." + out
	}
	return out
}
