package pkgversion

import (
	"slices"
	"strings"
)

// Loose compares as Salt does where a manager has no comparison of its own
// (salt.utils.versions): runs of digits and of lower-case letters and what lies
// between them, as numbers when there is nothing but numbers, else as texts,
// the numbers filled up with zeros.
func Loose(a, b string, ignoreEpoch bool) (c int, ok bool) {
	if ignoreEpoch {
		a, b = withoutEpoch(a), withoutEpoch(b)
	}
	pa, na := looseParts(a)
	pb, nb := looseParts(b)
	part := strings.Compare
	if na && nb {
		part = compareNumbers
	} else {
		part = func(x, y string) int { return strings.Compare(filled(x), filled(y)) }
	}
	return slices.CompareFunc(pa, pb, part), true
}

func withoutEpoch(s string) string {
	if _, rest, ok := strings.Cut(s, ":"); ok {
		return rest
	}
	return s
}

// filled is a number with at least eight digits; zeros in front do not count.
func filled(s string) string {
	if s == "" || !isDigit(s[0]) {
		return s
	}
	if s = strings.TrimLeft(s, "0"); len(s) < 8 {
		s = strings.Repeat("0", 8-len(s)) + s
	}
	return s
}

// looseParts splits a version; dots fall away.
func looseParts(s string) (parts []string, numbers bool) {
	lower := func(c byte) bool { return 'a' <= c && c <= 'z' }
	other := func(c byte) bool { return !isDigit(c) && !lower(c) && c != '.' }
	numbers = true
	for s != "" {
		var part string
		switch {
		case s[0] == '.':
			s = s[1:]
			continue
		case isDigit(s[0]):
			part, s = span(s, isDigit)
		case lower(s[0]):
			part, s = span(s, lower)
			numbers = false
		default:
			part, s = span(s, other)
			numbers = false
		}
		parts = append(parts, part)
	}
	return parts, numbers
}
