package pep440

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Specifier is one condition on a version, such as >=1.2.
type Specifier struct {
	// Op is ~=, ==, !=, <=, >=, <, > or ===.
	Op string
	// Version is what follows; with == and != it may end in ".*".
	Version string

	version *Version // nil with ===
	prefix  bool     // ".*"
}

var specifierRegexp = regexp.MustCompile(`^\s*(~=|===|==|!=|<=|>=|<|>)\s*(.*?)\s*$`)

// ParseSpecifier reads a specifier.
func ParseSpecifier(s string) (Specifier, error) {
	invalid := func() (Specifier, error) {
		return Specifier{}, fmt.Errorf("Invalid specifier: '%s'", s) //nolint:staticcheck // packaging's text
	}
	m := specifierRegexp.FindStringSubmatch(s)
	if m == nil || m[2] == "" || strings.ContainsAny(m[2], " \t,;)") {
		return invalid()
	}
	p := Specifier{Op: m[1], Version: m[2]}
	if p.Op == "===" {
		return p, nil
	}
	text := p.Version
	if p.Op == "==" || p.Op == "!=" {
		text, p.prefix = strings.CutSuffix(text, ".*")
	}
	v, err := Parse(text)
	switch {
	case err != nil:
		return invalid()
	case len(v.local) > 0 && (p.prefix || p.Op != "==" && p.Op != "!="):
		return invalid()
	case p.prefix && (v.pre != nil || v.post != nil || v.dev != nil):
		return invalid()
	case p.Op == "~=" && len(v.release) < 2:
		return invalid()
	}
	p.version = v
	return p, nil
}

// ParseSpecifiers reads specifiers with commas between them.
func ParseSpecifiers(s string) ([]Specifier, error) {
	var out []Specifier
	for _, one := range strings.Split(s, ",") {
		if strings.TrimSpace(one) == "" {
			continue
		}
		p, err := ParseSpecifier(one)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// Contains says whether a version meets all specifiers. A pre-release does
// only when one of them names a pre-release.
func Contains(specs []Specifier, v *Version) bool {
	if v.IsPrerelease() && !slices.ContainsFunc(specs, Specifier.wantsPrerelease) {
		return false
	}
	return !slices.ContainsFunc(specs, func(p Specifier) bool { return !p.contains(v) })
}

func (p Specifier) wantsPrerelease() bool {
	switch p.Op {
	case "==", ">=", "<=", "~=":
		return p.version.IsPrerelease()
	case "===":
		v, err := Parse(p.Version)
		return err == nil && v.IsPrerelease()
	}
	return false
}

func (p Specifier) contains(v *Version) bool {
	switch p.Op {
	case "===":
		return strings.EqualFold(v.text, p.Version)
	case "==":
		return p.equal(v)
	case "!=":
		return !p.equal(v)
	case "<=":
		return comparePublic(v, p.version) <= 0
	case ">=":
		return comparePublic(v, p.version) >= 0
	case "<":
		if Compare(v, p.version) >= 0 {
			return false
		}
		// a pre-release of the version itself does not come before it
		return !v.IsPrerelease() || p.version.IsPrerelease() || !sameBase(v, p.version)
	case ">":
		if Compare(v, p.version) <= 0 {
			return false
		}
		if v.post != nil && p.version.post == nil && sameBase(v, p.version) {
			return false
		}
		return len(v.local) == 0 || !sameBase(v, p.version)
	case "~=":
		n := len(p.version.release) - 1
		return comparePublic(v, p.version) >= 0 && v.epoch.Cmp(p.version.epoch) == 0 && hasRelease(v, p.version, n)
	}
	return false
}

func (p Specifier) equal(v *Version) bool {
	w := p.version
	if !p.prefix {
		if len(w.local) == 0 {
			return comparePublic(v, w) == 0
		}
		return Compare(v, w) == 0
	}
	return v.epoch.Cmp(w.epoch) == 0 && hasRelease(v, w, len(w.release))
}

// hasRelease says whether the first n numbers of v's release are w's; missing
// ones are 0.
func hasRelease(v, w *Version, n int) bool {
	have := v.release[:min(n, len(v.release))]
	return compareRelease(have, w.release[:n]) == 0
}

func sameBase(a, b *Version) bool {
	return a.epoch.Cmp(b.epoch) == 0 && compareRelease(a.release, b.release) == 0
}
