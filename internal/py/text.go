package py

import (
	"strings"
	"unicode"
)

// decimalValue is the value of a decimal digit of any script, or -1.
func decimalValue(r rune) int {
	if r < 0x80 {
		if r >= '0' && r <= '9' {
			return int(r - '0')
		}
		return -1
	}
	if !unicode.Is(unicode.Nd, r) || isNewer(r) {
		return -1
	}
	// Decimal digits come in runs of ten, and runs start where the character
	// before is no digit.
	for d := rune(0); ; d++ {
		if !unicode.Is(unicode.Nd, r-d-1) {
			return int(d % 10)
		}
	}
}

// isSpace is str.isspace for one code point.
func isSpace(r rune) bool {
	if r < 0x80 {
		return r == ' ' || r >= 9 && r <= 13 || r >= 0x1c && r <= 0x1f
	}
	return r == 0x85 || unicode.Is(unicode.Zs, r) || r == 0x2028 || r == 0x2029
}

func isAlpha(r rune) bool {
	if r < 0x80 {
		return r|0x20 >= 'a' && r|0x20 <= 'z'
	}
	return unicode.IsLetter(r) && !isNewer(r)
}

func isDecimal(r rune) bool { return decimalValue(r) >= 0 }

func isDigitRune(r rune) bool {
	return isDecimal(r) || r >= 0x80 && inRanges(digitsBeyondNd, r)
}

func isNumericRune(r rune) bool {
	return isDecimal(r) || r >= 0x80 && inRanges(numericBeyondNd, r)
}

func isAlnum(r rune) bool { return isAlpha(r) || isNumericRune(r) }

func isLower(r rune) bool {
	if r < 0x80 {
		return r >= 'a' && r <= 'z'
	}
	if isNewer(r) {
		return false
	}
	low := unicode.IsLower(r) || unicode.Is(unicode.Other_Lowercase, r)
	return low != inRanges(notLower14, r)
}

func isUpper(r rune) bool {
	if r < 0x80 {
		return r >= 'A' && r <= 'Z'
	}
	return (unicode.IsUpper(r) || unicode.Is(unicode.Other_Uppercase, r)) && !isNewer(r)
}

func isTitleCase(r rune) bool { return unicode.IsTitle(r) }

func isCased(r rune) bool { return isLower(r) || isUpper(r) || isTitleCase(r) }

func isCaseIgnorable(r rune) bool {
	switch r {
	case '\'', '.', ':', '^', '`', 0xA8, 0xAD, 0xAF, 0xB4, 0xB7, 0xB8, 0x2019, 0x2018, 0x2024, 0x2027, 0x387, 0x55F, 0x5F4, 0xFE13, 0xFE52, 0xFE55, 0xFF07, 0xFF0E, 0xFF1A:
		return true
	}
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk)
}

// Upper is str.upper.
func Upper(s string) string {
	if isASCII(s) {
		return strings.ToUpper(s)
	}
	return mapCase(s, specialUpper, unicode.ToUpper)
}

func mapCase(s string, special map[rune]string, simple func(rune) rune) string {
	b := make([]byte, 0, len(s)+8)
	for i := 0; i < len(s); {
		r, n := decodeRune(s[i:])
		switch t, ok := special[r]; {
		case n == 1 && r == 0xFFFD || isSurrogate(r):
			b = append(b, s[i:i+n]...)
		case ok:
			b = append(b, t...)
		default:
			b = append(b, string(simple(r))...)
		}
		i += n
	}
	return string(b)
}

// Lower is str.lower.
func Lower(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	b := make([]byte, 0, len(s)+8)
	for i := 0; i < len(s); {
		r, n := decodeRune(s[i:])
		b = appendLower(b, s, i, r, n)
		i += n
	}
	return string(b)
}

// appendLower writes the lower-case form of the code point at i; a capital
// sigma depends on what stands around it.
func appendLower(b []byte, s string, i int, r rune, n int) []byte {
	switch {
	case n == 1 && r == 0xFFFD || isSurrogate(r):
		return append(b, s[i:i+n]...)
	case r == 0x130:
		return append(b, "i̇"...)
	case r == 0x3A3:
		if finalSigma(s, i, n) {
			return append(b, "ς"...)
		}
		return append(b, "σ"...)
	}
	return append(b, string(unicode.ToLower(r))...)
}

func finalSigma(s string, i, n int) bool {
	before := false
	for _, r := range reverseRunes(s[:i]) {
		if isCaseIgnorable(r) {
			continue
		}
		before = isCased(r)
		break
	}
	if !before {
		return false
	}
	for _, r := range s[i+n:] {
		if isCaseIgnorable(r) {
			continue
		}
		return !isCased(r)
	}
	return true
}

func reverseRunes(s string) []rune {
	rs := []rune(s)
	for i, j := 0, len(rs)-1; i < j; i, j = i+1, j-1 {
		rs[i], rs[j] = rs[j], rs[i]
	}
	return rs
}

// CaseFold is str.casefold.
func CaseFold(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	s = strings.ReplaceAll(s, "İ", "i̇") // the one lower-case form of two code points
	return mapCase(s, specialFold, unicode.ToLower)
}

// Title is str.title.
func Title(s string) string {
	b := make([]byte, 0, len(s)+8)
	inWord := false
	for i := 0; i < len(s); {
		r, n := decodeRune(s[i:])
		if inWord {
			b = appendLower(b, s, i, r, n)
		} else {
			b = appendTitle(b, s, i, r, n)
		}
		inWord = isCased(r)
		i += n
	}
	return string(b)
}

func appendTitle(b []byte, s string, i int, r rune, n int) []byte {
	if n == 1 && r == 0xFFFD || isSurrogate(r) {
		return append(b, s[i:i+n]...)
	}
	if t, ok := specialTitle[r]; ok {
		return append(b, t...)
	}
	return append(b, string(unicode.ToTitle(r))...)
}

// Capitalize is str.capitalize.
func Capitalize(s string) string {
	if s == "" {
		return s
	}
	b := make([]byte, 0, len(s)+8)
	r, n := decodeRune(s)
	b = appendTitle(b, s, 0, r, n)
	for i := n; i < len(s); {
		r, n := decodeRune(s[i:])
		b = appendLower(b, s, i, r, n)
		i += n
	}
	return string(b)
}

// SwapCase is str.swapcase.
func SwapCase(s string) string {
	b := make([]byte, 0, len(s)+8)
	for i := 0; i < len(s); {
		r, n := decodeRune(s[i:])
		switch {
		case isUpper(r):
			b = appendLower(b, s, i, r, n)
		case isLower(r):
			b = append(b, Upper(s[i:i+n])...)
		default:
			b = append(b, s[i:i+n]...)
		}
		i += n
	}
	return string(b)
}
