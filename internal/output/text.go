package output

import (
	"strings"
	"unicode"

	"pinch/internal/py"
)

// isSpace is str.isspace for one character.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

func strip(s string) string  { return strings.TrimFunc(s, isSpace) }
func rstrip(s string) string { return strings.TrimRightFunc(s, isSpace) }
func lstrip(s string) string { return strings.TrimLeftFunc(s, isSpace) }

// stripEscapes shows the escape character as "?".
func stripEscapes(s string) string { return strings.ReplaceAll(s, "\x1b", "?") }

// key returns d[name], or Python's KeyError.
func key(d *py.Dict, name string) (py.Value, error) {
	if v, ok := d.GetStr(name); ok {
		return v, nil
	}
	return nil, py.KeyError(py.Str(name))
}

// attr is the exception for a method that a value does not have.
func attr(v py.Value, name string) error {
	return py.AttributeErrorf("'%s' object has no attribute '%s'", v.Type(), name)
}

// spaces returns n spaces.
func spaces(n int) string { return strings.Repeat(" ", max(n, 0)) }

// rjust right-justifies in characters.
func rjust(s string, width int) string { return spaces(width-runes(s)) + s }

// ljust left-justifies in characters.
func ljust(s string, width int) string { return s + spaces(width-runes(s)) }

func runes(s string) int {
	n := 0
	for range s {
		n++
	}
	return n
}
