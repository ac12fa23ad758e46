// Package pep440 has the versions of Python packages and their specifiers, as
// PEP 440 defines them and the library packaging implements it.
package pep440

import (
	"cmp"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
)

// Version is a version of a Python package.
type Version struct {
	text    string
	epoch   *big.Int
	release []*big.Int
	pre     *part // a, b or rc
	post    *part
	dev     *part
	local   []string
}

// part is a letter and a number.
type part struct {
	letter string
	n      *big.Int
}

// versionPattern is PEP 440's appendix B.
const versionPattern = `v?(?:(\d+)!)?(\d+(?:\.\d+)*)` +
	`(?:[-_.]?(alpha|beta|preview|pre|rc|a|b|c)[-_.]?(\d*))?` +
	`(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d*))?` +
	`(?:[-_.]?(dev)[-_.]?(\d*))?` +
	`(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?`

var versionRegexp = regexp.MustCompile(`(?i)^\s*` + versionPattern + `\s*$`)

// Parse reads a version.
func Parse(s string) (*Version, error) {
	m := versionRegexp.FindStringSubmatch(s)
	if m == nil {
		return nil, fmt.Errorf("Invalid version: '%s'", s) //nolint:staticcheck // packaging's text
	}
	v := &Version{text: strings.TrimSpace(s), epoch: number(m[1])}
	for _, n := range strings.Split(m[2], ".") {
		v.release = append(v.release, number(n))
	}
	if m[3] != "" {
		letter := map[string]string{"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc"}[strings.ToLower(m[3])]
		if letter == "" {
			letter = strings.ToLower(m[3])
		}
		v.pre = &part{letter, number(m[4])}
	}
	if m[5] != "" || m[6] != "" {
		v.post = &part{"post", number(m[5] + m[7])}
	}
	if m[8] != "" {
		v.dev = &part{"dev", number(m[9])}
	}
	if m[10] != "" {
		v.local = strings.FieldsFunc(strings.ToLower(m[10]), func(r rune) bool { return strings.ContainsRune("-_.", r) })
	}
	return v, nil
}

// number reads digits; none are 0.
func number(s string) *big.Int {
	n := new(big.Int)
	if s != "" {
		n.SetString(s, 10) // the pattern lets digits through only
	}
	return n
}

// String returns the version as it was written.
func (v *Version) String() string { return v.text }

// IsPrerelease says whether it is a pre-release or a development release.
func (v *Version) IsPrerelease() bool { return v.pre != nil || v.dev != nil }

// Compare orders versions.
func Compare(a, b *Version) int {
	if c := comparePublic(a, b); c != 0 {
		return c
	}
	return compareLocal(a.local, b.local)
}

func comparePublic(a, b *Version) int {
	return cmp.Or(
		a.epoch.Cmp(b.epoch),
		compareRelease(a.release, b.release),
		comparePart(a.preKey(), b.preKey()),
		comparePart(a.postKey(), b.postKey()),
		comparePart(a.devKey(), b.devKey()),
	)
}

func compareRelease(a, b []*big.Int) int {
	zero := new(big.Int)
	for i := range max(len(a), len(b)) {
		x, y := zero, zero
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if c := x.Cmp(y); c != 0 {
			return c
		}
	}
	return 0
}

// Keys that sort before and after every part.
var (
	first = part{letter: "", n: new(big.Int)}
	last  = part{letter: "~", n: new(big.Int)}
)

// preKey sorts 1.0.dev1 before 1.0a1, and 1.0 after its pre-releases.
func (v *Version) preKey() part {
	switch {
	case v.pre != nil:
		return *v.pre
	case v.post == nil && v.dev != nil:
		return first
	}
	return last
}

func (v *Version) postKey() part {
	if v.post == nil {
		return first
	}
	return *v.post
}

func (v *Version) devKey() part {
	if v.dev == nil {
		return last
	}
	return *v.dev
}

func comparePart(a, b part) int { return cmp.Or(strings.Compare(a.letter, b.letter), a.n.Cmp(b.n)) }

// compareLocal orders local versions: none first, words before numbers.
func compareLocal(a, b []string) int {
	return slices.CompareFunc(a, b, func(x, y string) int {
		xn, yn := isDigits(x), isDigits(y)
		switch {
		case xn && yn:
			return number(x).Cmp(number(y))
		case xn:
			return 1
		case yn:
			return -1
		}
		return strings.Compare(x, y)
	})
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
