// Package runename finds characters by their Unicode names, as Python's
// unicodedata.lookup does. It carries the table of all names (about 1 MiB), so
// only the controller links it.
package runename

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/runenames"
)

// Lookup returns the character of that name; case does not matter but in the
// names that are made of a code point. It walks all names, so it is meant for
// the odd \N{...} in a pattern.
func Lookup(name string) (rune, bool) {
	if hex, ok := strings.CutPrefix(name, "CJK UNIFIED IDEOGRAPH-"); ok {
		n, err := strconv.ParseUint(hex, 16, 32)
		r := rune(n)
		return r, err == nil && len(hex) >= 4 && unicode.Is(unicode.Unified_Ideograph, r) && strings.ToUpper(hex) == hex
	}
	upper := strings.ToUpper(name)
	if r, ok := aliases(upper); ok {
		return r, true
	}
	if strings.ContainsAny(upper, "<>") || strings.HasPrefix(upper, "HANGUL SYLLABLE ") && upper != name {
		return 0, false
	}
	for r := rune(0x20); r <= unicode.MaxRune; r++ {
		if r == 0x3400 || r == 0x4e00 || r == 0x20000 || r == 0x30000 {
			for unicode.Is(unicode.Unified_Ideograph, r) { // these have no names of their own
				r++
			}
		}
		if runenames.Name(r) == upper {
			return r, true
		}
	}
	return 0, false
}

// aliases has the control characters, whose names are aliases only, and the
// usual abbreviations.
func aliases(name string) (rune, bool) {
	switch name {
	case "NULL", "NUL":
		return 0, true
	case "ALERT", "BEL":
		return 7, true
	case "BACKSPACE", "BS":
		return 8, true
	case "CHARACTER TABULATION", "HORIZONTAL TABULATION", "HT", "TAB":
		return 9, true
	case "LINE FEED", "NEW LINE", "END OF LINE", "LF", "NL", "EOL":
		return 10, true
	case "LINE TABULATION", "VERTICAL TABULATION", "VT":
		return 11, true
	case "FORM FEED", "FF":
		return 12, true
	case "CARRIAGE RETURN", "CR":
		return 13, true
	case "ESCAPE", "ESC":
		return 27, true
	case "SP":
		return ' ', true
	case "DELETE", "DEL":
		return 0x7f, true
	case "NEXT LINE", "NEL":
		return 0x85, true
	case "NBSP":
		return 0xa0, true
	case "SHY":
		return 0xad, true
	case "ZWSP":
		return 0x200b, true
	case "ZWNJ":
		return 0x200c, true
	case "ZWJ":
		return 0x200d, true
	case "BYTE ORDER MARK", "BOM", "ZWNBSP":
		return 0xfeff, true
	}
	return 0, false
}
