package pkgversion

import (
	"cmp"
	"slices"
	"strings"
)

// apkToken is a kind of part of an Alpine version, in the order in which the
// kinds come: 1.2.3b_rc4~abc-r5. Digits and suffixes may come again.
type apkToken int

const (
	apkFirst apkToken = iota
	apkDigits
	apkLetter
	apkSuffix
	apkSuffixNumber
	apkHash
	apkRevision
	apkEnd
	apkInvalid
)

// apkSuffixes in their order; those before the empty one are older than none.
var apkSuffixes = []string{"alpha", "beta", "pre", "rc", "", "cvs", "svn", "git", "hg", "p"}

var apkRelease = slices.Index(apkSuffixes, "")

// apkReader reads a version part by part.
type apkReader struct {
	kind  apkToken
	value string
	rest  string
}

func newAPKReader(s string) *apkReader {
	r := &apkReader{kind: apkFirst}
	if r.value, r.rest = span(s, isDigit); r.value == "" {
		r.kind = apkInvalid
	}
	return r
}

func (r *apkReader) next() {
	hex := func(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' }
	s, was := r.rest, r.kind
	set := func(kind apkToken, value, rest string) {
		if r.kind, r.value, r.rest = kind, value, rest; value == "" {
			r.kind = apkInvalid
		}
	}
	switch {
	case s == "":
		r.kind = apkEnd
	case was <= apkDigits && 'a' <= s[0] && s[0] <= 'z':
		set(apkLetter, s[:1], s[1:])
	case was == apkSuffix && isDigit(s[0]):
		v, rest := span(s, isDigit)
		set(apkSuffixNumber, v, rest)
	case was <= apkDigits && s[0] == '.':
		v, rest := span(s[1:], isDigit)
		set(apkDigits, v, rest)
	case was <= apkSuffixNumber && s[0] == '_':
		v, rest := span(s[1:], func(c byte) bool { return 'a' <= c && c <= 'z' })
		if !slices.Contains(apkSuffixes, v) {
			v = ""
		}
		set(apkSuffix, v, rest)
	case was <= apkSuffixNumber && s[0] == '~':
		v, rest := span(s[1:], hex)
		set(apkHash, v, rest)
	case was <= apkHash && strings.HasPrefix(s, "-r"):
		v, rest := span(s[2:], isDigit)
		set(apkRevision, v, rest)
	default:
		r.kind = apkInvalid
	}
}

func (r *apkReader) compare(o *apkReader) int {
	switch r.kind {
	case apkDigits:
		if r.value[0] == '0' || o.value[0] == '0' { // like a fraction
			return strings.Compare(r.value, o.value)
		}
		return compareNumbers(r.value, o.value)
	case apkFirst, apkSuffixNumber, apkRevision:
		return compareNumbers(r.value, o.value)
	case apkSuffix:
		return cmp.Compare(slices.Index(apkSuffixes, r.value), slices.Index(apkSuffixes, o.value))
	}
	return strings.Compare(r.value, o.value)
}

func (r *apkReader) isBefore() bool {
	return r.kind == apkSuffix && slices.Index(apkSuffixes, r.value) < apkRelease
}

// APK compares as apk 3 does; ok is false for what is no version. There are no
// epochs.
func APK(a, b string, _ bool) (c int, ok bool) {
	ra, rb := newAPKReader(a), newAPKReader(b)
	for ; ra.kind == rb.kind && ra.kind < apkEnd; ra.next() {
		if c := ra.compare(rb); c != 0 {
			return c, apkValid(ra) && apkValid(rb)
		}
		rb.next()
	}
	switch {
	case !apkValid(ra) || !apkValid(rb):
		return 0, false
	case ra.kind == rb.kind:
		return 0, true
	// one goes on: it is newer, unless with a suffix of what comes before
	case ra.isBefore():
		return -1, true
	case rb.isBefore():
		return 1, true
	}
	return cmp.Compare(rb.kind, ra.kind), true
}

// apkValid reads the rest of a version.
func apkValid(r *apkReader) bool {
	rest := *r
	for rest.kind < apkEnd {
		rest.next()
	}
	return rest.kind == apkEnd
}
