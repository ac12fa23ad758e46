// Package pkgversion compares versions of packages as their managers do, or as
// Salt does for managers of which it does not know the rules. Debian's rules
// are internal/debversion.
package pkgversion

import (
	"cmp"
	"strconv"
	"strings"
)

// RPM compares [epoch:]version[-release]. A release counts only when both have
// one, as in Salt's rpm_lowpkg: 3.2 is 3.2-1. It always has an answer.
func RPM(a, b string, ignoreEpoch bool) (c int, ok bool) {
	ea, va, ra := evr(a, ignoreEpoch)
	eb, vb, rb := evr(b, ignoreEpoch)
	c = cmp.Compare(ea, eb)
	if c == 0 {
		c = rpmvercmp(va, vb)
	}
	if c == 0 && ra != "" && rb != "" {
		c = rpmvercmp(ra, rb)
	}
	return c, true
}

func evr(s string, ignoreEpoch bool) (epoch int64, version, release string) {
	if e, rest, ok := strings.Cut(s, ":"); ok {
		if s = rest; !ignoreEpoch {
			if n, err := strconv.ParseInt(strings.TrimSpace(e), 10, 64); err == nil {
				epoch = n // garbage counts as 0
			}
		}
	}
	version, release, _ = strings.Cut(s, "-")
	return epoch, version, release
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// rpmvercmp compares segment by segment. A tilde sorts before everything, the
// end included; a caret after the end and before everything else.
func rpmvercmp(a, b string) int {
	separator := func(c byte) bool { return !isDigit(c) && !isAlpha(c) && c != '~' && c != '^' }
	for {
		for a != "" && separator(a[0]) {
			a = a[1:]
		}
		for b != "" && separator(b[0]) {
			b = b[1:]
		}
		ta, tb := strings.HasPrefix(a, "~"), strings.HasPrefix(b, "~")
		ca, cb := strings.HasPrefix(a, "^"), strings.HasPrefix(b, "^")
		switch {
		case ta && tb, ca && cb:
			a, b = a[1:], b[1:]
			continue
		case ta:
			return -1
		case tb:
			return 1
		case ca:
			if b == "" {
				return 1
			}
			return -1
		case cb:
			if a == "" {
				return -1
			}
			return 1
		case a == "" || b == "":
			return cmp.Compare(len(a), len(b))
		}
		if isDigit(a[0]) != isDigit(b[0]) { // numbers are newer than letters
			if isDigit(a[0]) {
				return 1
			}
			return -1
		}
		class := isAlpha
		if isDigit(a[0]) {
			class = isDigit
		}
		var sa, sb string
		sa, a = span(a, class)
		sb, b = span(b, class)
		if c := compareSegment(sa, sb); c != 0 {
			return c
		}
	}
}

// span splits what begins s and is of a class.
func span(s string, class func(byte) bool) (head, rest string) {
	i := 0
	for i < len(s) && class(s[i]) {
		i++
	}
	return s[:i], s[i:]
}

func compareSegment(a, b string) int {
	if isDigit(a[0]) {
		return compareNumbers(a, b)
	}
	return strings.Compare(a, b)
}

// compareNumbers compares numbers of any length.
func compareNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}
