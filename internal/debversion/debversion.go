// Package debversion compares Debian package versions as dpkg
// --compare-versions does (deb-version(7)).
package debversion

import (
	"errors"
	"strings"
	"unicode"
)

// version is a Debian version: epoch, upstream version and revision. The zero
// version, which no package has, is less than any other.
type version struct {
	epoch              int64
	upstream, revision string
}

// parseVersion splits a version as dpkg does when it compares: characters that
// a version must not have are only warned about there, and are compared too.
func parseVersion(s string) (version, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return version{}, nil
	}
	if strings.IndexFunc(s, unicode.IsSpace) >= 0 {
		return version{}, errors.New("version string has embedded spaces")
	}
	var v version
	if epoch, rest, ok := strings.Cut(s, ":"); ok {
		if epoch == "" {
			return version{}, errors.New("epoch in version is empty")
		}
		if epoch = strings.TrimPrefix(epoch, "+"); epoch == "" {
			return version{}, errors.New("epoch in version is not number")
		}
		for _, c := range []byte(epoch) {
			if c < '0' || c > '9' {
				return version{}, errors.New("epoch in version is not number")
			}
			if v.epoch = v.epoch*10 + int64(c-'0'); v.epoch > 1<<31-1 {
				return version{}, errors.New("epoch in version is too big")
			}
		}
		if rest == "" {
			return version{}, errors.New("nothing after colon in version number")
		}
		s = rest
	}
	v.upstream = s
	if i := strings.LastIndexByte(s, '-'); i >= 0 {
		v.upstream, v.revision = s[:i], s[i+1:]
		if v.revision == "" {
			return version{}, errors.New("revision number in version is empty")
		}
	}
	if v.upstream == "" {
		return version{}, errors.New("version number is empty")
	}
	return v, nil
}

func (v version) compare(o version) int {
	switch {
	case v.epoch != o.epoch:
		return sign(v.epoch - o.epoch)
	case v.upstream != o.upstream:
		if c := comparePart(v.upstream, o.upstream); c != 0 {
			return c
		}
	}
	return comparePart(v.revision, o.revision)
}

// comparePart compares upstream versions or revisions: texts without digits by
// their characters (letters before others, "~" before the end), then numbers.
func comparePart(a, b string) int {
	for a != "" || b != "" {
		for (a != "" && !isDigit(a[0])) || (b != "" && !isDigit(b[0])) {
			x, y := weight(a), weight(b)
			if x != y {
				return sign(int64(x - y))
			}
			a, b = tail(a), tail(b)
		}
		x, restA := digits(a)
		y, restB := digits(b)
		if len(x) != len(y) {
			return sign(int64(len(x) - len(y)))
		}
		if c := strings.Compare(x, y); c != 0 {
			return c
		}
		a, b = restA, restB
	}
	return 0
}

// digits splits the leading number off, without its leading zeros.
func digits(s string) (number, rest string) {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return strings.TrimLeft(s[:i], "0"), s[i:]
}

func weight(s string) int {
	switch {
	case s == "" || isDigit(s[0]):
		return 0
	case s[0] == '~':
		return -1
	case s[0] >= 'a' && s[0] <= 'z' || s[0] >= 'A' && s[0] <= 'Z':
		return int(s[0])
	}
	return int(s[0]) + 256
}

func tail(s string) string {
	if s == "" || isDigit(s[0]) {
		return s
	}
	return s[1:]
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func sign(n int64) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

// Compare returns -1, 0 or 1; ok is false when one text is not a version.
// ignoreEpoch leaves out what stands before the first colon.
func Compare(a, b string, ignoreEpoch bool) (c int, ok bool) {
	if ignoreEpoch {
		a, b = withoutEpoch(a), withoutEpoch(b)
	}
	x, err := parseVersion(a)
	if err != nil {
		return 0, false
	}
	y, err := parseVersion(b)
	if err != nil {
		return 0, false
	}
	if (x == version{}) || (y == version{}) {
		switch {
		case x == y:
			return 0, true
		case x == version{}:
			return -1, true
		}
		return 1, true
	}
	return x.compare(y), true
}

func withoutEpoch(s string) string {
	if _, rest, ok := strings.Cut(s, ":"); ok {
		return rest
	}
	return s
}
