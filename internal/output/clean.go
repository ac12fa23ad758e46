package output

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"pinch/internal/py"
)

// Clean shows the control characters of a text that could drive a terminal as
// escapes (\x1b, \u009b, \r), for text from another machine. Line breaks and
// tabs stay, and CR LF becomes LF. Bytes that are no UTF-8 are shown too.
func Clean(s string) string { return clean(s, false) }

// clean is Clean; keepEscapes leaves ESC alone, where the outputter itself
// writes it for its colours.
func clean(s string, keepEscapes bool) string {
	if isClean(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n' || r == '\t' || r >= 0x20 && r != 0x7F && (r < 0x80 || r > 0x9F):
			b.WriteString(s[i : i+n])
		case r == 0x1B && keepEscapes:
			b.WriteByte(0x1B)
		case r == '\r' && strings.HasPrefix(s[i+1:], "\n"):
		case r == '\r':
			b.WriteString(`\r`)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += n
	}
	return b.String()
}

func isClean(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 && c != '\n' && c != '\t' || c >= 0x7F {
			return false
		}
	}
	return true
}

// cleanValue returns data with every text cleaned, keys included. done maps
// what is already copied, so that cycles end.
func cleanValue(v py.Value, done map[py.Value]py.Value) py.Value {
	switch x := v.(type) {
	case py.Str:
		return py.Str(Clean(string(x)))
	case py.Bytes:
		if utf8.ValidString(string(x)) {
			return py.Bytes(Clean(string(x)))
		}
	case *py.List:
		if d, ok := done[x]; ok {
			return d
		}
		out := &py.List{Items: make([]py.Value, len(x.Items))}
		done[x] = out
		for i, it := range x.Items {
			out.Items[i] = cleanValue(it, done)
		}
		return out
	case py.Tuple:
		out := make(py.Tuple, len(x))
		for i, it := range x {
			out[i] = cleanValue(it, done)
		}
		return out
	case *py.Dict:
		if d, ok := done[x]; ok {
			return d
		}
		out := &py.Dict{Ordered: x.Ordered}
		done[x] = out
		for k, it := range x.All() {
			if out.Set(cleanValue(k, done), cleanValue(it, done)) != nil {
				continue // unreachable: a key stays hashable
			}
		}
		return out
	}
	return v
}

// cleanOutput cleans finished text. In JSON the escape is written as JSON
// has it, so that the data stays the same.
func cleanOutput(name, text string) string {
	if name == "json" {
		var b strings.Builder
		for _, r := range text {
			if r == 0x7F || r >= 0x80 && r <= 0x9F {
				fmt.Fprintf(&b, `\u%04x`, r)
			} else {
				b.WriteRune(r)
			}
		}
		return b.String()
	}
	return clean(text, !machineReadable(name))
}
