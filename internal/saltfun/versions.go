package saltfun

import (
	"math/big"
	"strings"

	"pinch/internal/debversion"
	"pinch/internal/py"
)

// versionFuncs compare package versions by the rules of the host's package
// manager, which its os_family names. For other families the host is asked.
func versionFuncs() []*function {
	cmp := parse("pkg.version_cmp", "pkg1, pkg2, ignore_epoch=False, **kwargs", func(c *call) (py.Value, error) {
		a, b := py.ToStr(c.arg("pkg1")), py.ToStr(c.arg("pkg2"))
		if c.h.Grains.String("os_family") == "Debian" {
			n, ok := debversion.Compare(a, b, c.is("ignore_epoch"))
			if !ok {
				return py.None, nil
			}
			return py.Int(n), nil
		}
		if c.is("ignore_epoch") {
			a, b = afterColon(a), afterColon(b)
		}
		return py.Int(compareRPM(a, b)), nil
	})
	cmp.here = func(h *Host) bool {
		switch h.Grains.String("os_family") {
		case "Debian", "RedHat", "Suse":
			return true
		}
		return false
	}
	return []*function{cmp}
}

func afterColon(s string) string {
	if _, rest, ok := strings.Cut(s, ":"); ok {
		return rest
	}
	return s
}

// compareDigits compares runs of digits as numbers of any size.
func compareDigits(a, b string) int {
	x, okX := new(big.Int).SetString("0"+a, 10)
	y, okY := new(big.Int).SetString("0"+b, 10)
	if !okX || !okY {
		return strings.Compare(a, b)
	}
	return x.Cmp(y)
}

// compareRPM compares as rpm does: epoch, version, and release when both have
// one.
func compareRPM(a, b string) int {
	ea, va, ra := splitRPM(a)
	eb, vb, rb := splitRPM(b)
	if ra == "" || rb == "" {
		ra, rb = "", ""
	}
	if c := compareDigits(ea, eb); c != 0 {
		return c
	}
	if c := rpmPart(va, vb); c != 0 {
		return c
	}
	return rpmPart(ra, rb)
}

func splitRPM(s string) (epoch, version, release string) {
	epoch = "0"
	if e, rest, ok := strings.Cut(s, ":"); ok {
		if digits(e) == len(e) && e != "" {
			epoch = e
		}
		s = rest
	}
	version, release, _ = strings.Cut(s, "-")
	return epoch, version, release
}

// rpmPart is rpm's rpmvercmp.
func rpmPart(a, b string) int {
	separator := func(c byte) bool { return !isDigit(c) && !isAlpha(c) && c != '~' && c != '^' }
	for {
		for a != "" && separator(a[0]) {
			a = a[1:]
		}
		for b != "" && separator(b[0]) {
			b = b[1:]
		}
		switch {
		case starts(a, '~') || starts(b, '~'):
			if !starts(a, '~') {
				return 1
			}
			if !starts(b, '~') {
				return -1
			}
			a, b = a[1:], b[1:]
			continue
		case starts(a, '^') || starts(b, '^'):
			switch {
			case a == "":
				return -1
			case b == "":
				return 1
			case !starts(a, '^'):
				return 1
			case !starts(b, '^'):
				return -1
			}
			a, b = a[1:], b[1:]
			continue
		case a == "" || b == "":
			return sign(len(a) - len(b))
		}
		if isDigit(a[0]) {
			na, nb := digits(a), digits(b)
			if nb == 0 {
				return 1 // numbers are newer than text
			}
			if c := compareDigits(a[:na], b[:nb]); c != 0 {
				return c
			}
			a, b = a[na:], b[nb:]
			continue
		}
		na, nb := letters(a), letters(b)
		if nb == 0 {
			return -1
		}
		if c := strings.Compare(a[:na], b[:nb]); c != 0 {
			return c
		}
		a, b = a[na:], b[nb:]
	}
}

func starts(s string, c byte) bool { return s != "" && s[0] == c }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isAlpha(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func digits(s string) int { return run(s, isDigit) }

func letters(s string) int { return run(s, isAlpha) }

func run(s string, in func(byte) bool) int {
	for i := range len(s) {
		if !in(s[i]) {
			return i
		}
	}
	return len(s)
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}
