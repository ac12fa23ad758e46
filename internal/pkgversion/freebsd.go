package pkgversion

import (
	"cmp"
	"math"
	"strconv"
	"strings"
)

// FreeBSD compares as `pkg version -t` does: version[_revision][,epoch]. The
// epoch counts first; ignoreEpoch does not count, as in Salt.
func FreeBSD(a, b string, _ bool) (c int, ok bool) {
	va, ra, ea := splitFreeBSD(a)
	vb, rb, eb := splitFreeBSD(b)
	return cmp.Or(cmp.Compare(ea, eb), compareFreeBSD(va, vb), cmp.Compare(ra, rb)), true
}

func splitFreeBSD(s string) (version string, revision, epoch int64) {
	s = s[strings.LastIndexByte(s, '-')+1:]
	version = s
	if i := strings.LastIndexByte(s, ','); i >= 0 {
		epoch, version = number(s[i+1:]), s[:i]
	}
	if i := strings.LastIndexByte(version, '_'); i >= 0 {
		revision, version = number(version[i+1:]), version[:i]
	}
	return version, revision, epoch
}

// number reads the digits in front; what is too large is the largest.
func number(s string) int64 {
	digits, _ := span(s, isDigit)
	if digits == "" {
		return 0
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return math.MaxInt64
	}
	return n
}

func compareFreeBSD(a, b string) int {
	if strings.EqualFold(a, b) {
		return 0
	}
	for a != "" || b != "" {
		// a plus sign ends a part of the version: the other one catches up
		atA, atB := a != "" && a[0] != '+', b != "" && b[0] != '+'
		var ca, cb component
		if atA {
			ca, a = freeBSDComponent(a)
		}
		if atB {
			cb, b = freeBSDComponent(b)
		}
		if !atA && !atB {
			a, b = strings.TrimPrefix(a, "+"), strings.TrimPrefix(b, "+")
			continue
		}
		if c := cmp.Or(cmp.Compare(ca.n, cb.n), cmp.Compare(ca.letter, cb.letter), cmp.Compare(ca.patch, cb.patch)); c != 0 {
			return c
		}
	}
	return 0
}

// component is what stands between two dots: a number, a letter or a stage by
// its first letter, and the number behind that.
type component struct{ n, letter, patch int64 }

// stages are words that count by their place in the alphabet, before numbers.
var stages = []struct {
	name  string
	value int64
}{{"pl", 0}, {"alpha", 1}, {"beta", 2}, {"pre", 'p' - 'a' + 1}, {"rc", 'r' - 'a' + 1}}

func freeBSDComponent(s string) (c component, rest string) {
	stage := false
	switch {
	case isDigit(s[0]):
		c.n = number(s)
		_, s = span(s, isDigit)
	case s[0] == '*':
		c.n = -2
		if i := strings.IndexByte(s, '+'); i >= 0 {
			s = s[i:]
		} else {
			s = ""
		}
	default:
		c.n, stage = -1, true
	}
	if s != "" && isAlpha(s[0]) {
		word, behind := span(s, isAlpha)
		value, known := int64(0), false
		for _, st := range stages {
			if known = strings.EqualFold(word, st.name); known {
				value = st.value
				break
			}
		}
		switch {
		case known && stage:
			c.letter, s = value, behind
		case known: // as if a dot stood before it
		default:
			c.letter, s = int64(word[0]|0x20-'a'+1), behind
		}
		c.patch = -1
		if s != "" && isDigit(s[0]) {
			c.patch = number(s)
			_, s = span(s, isDigit)
		}
	}
	for s != "" && !isDigit(s[0]) && !isAlpha(s[0]) && s[0] != '+' && s[0] != '*' {
		s = s[1:]
	}
	return c, s
}
