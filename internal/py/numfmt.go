package py

import (
	"math"
	"strconv"
	"strings"
)

// formatFloat writes a float that is not negative in one of C's forms e, f, g
// (upper case too) with prec digits. alt keeps the point and, for g, trailing
// zeros. A NaN has no sign.
func formatFloat(f float64, conv byte, prec int, alt bool) string {
	upper := conv >= 'A' && conv <= 'Z'
	if math.IsInf(f, 0) || math.IsNaN(f) {
		s := "inf"
		if math.IsNaN(f) {
			s = "nan"
		}
		if upper {
			return strings.ToUpper(s)
		}
		return s
	}
	var s string
	switch conv | 0x20 {
	case 'e':
		s = strconv.FormatFloat(f, 'e', prec, 64)
		if alt && prec == 0 {
			s = strings.Replace(s, "e", ".e", 1)
		}
	case 'f':
		s = strconv.FormatFloat(f, 'f', prec, 64)
		if alt && prec == 0 {
			s += "."
		}
	default:
		s = formatG(f, prec, alt)
	}
	if upper {
		s = strings.ToUpper(s)
	}
	return s
}

// formatG is C's %g: prec significant digits, without an exponent where it is
// at least -4 and below prec.
func formatG(f float64, prec int, alt bool) string {
	prec = max(prec, 1)
	mant, exp := splitExp(strconv.FormatFloat(f, 'e', prec-1, 64))
	if exp < -4 || exp >= prec {
		if !alt {
			mant = trimZeros(mant)
		} else if !strings.Contains(mant, ".") {
			mant += "."
		}
		return mant + expText(exp)
	}
	s := strconv.FormatFloat(f, 'f', prec-1-exp, 64)
	if !alt {
		return trimZeros(s)
	}
	if !strings.Contains(s, ".") {
		s += "."
	}
	return s
}

// splitExp splits "d.ddde+NN".
func splitExp(s string) (mant string, exp int) {
	i := strings.IndexByte(s, 'e')
	exp, _ = strconv.Atoi(s[i+1:]) // FormatFloat wrote it
	return s[:i], exp
}

func expText(exp int) string {
	sign := "+"
	if exp < 0 {
		sign, exp = "-", -exp
	}
	s := strconv.Itoa(exp)
	if len(s) < 2 {
		s = "0" + s
	}
	return "e" + sign + s
}

// trimZeros removes trailing zeros behind the point, and the point.
func trimZeros(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// formatShort is float.__format__ without a type: like repr, or with a
// precision like g that keeps one digit behind the point.
func formatShort(f float64, prec int, alt bool) string {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return formatFloat(f, 'g', 6, false)
	}
	if prec < 0 {
		s := FloatRepr(f)
		if i := strings.IndexByte(s, 'e'); alt && i > 0 && !strings.Contains(s, ".") {
			s = s[:i] + "." + s[i:]
		}
		return s
	}
	prec = max(prec, 1)
	mant, exp := splitExp(strconv.FormatFloat(f, 'e', prec-1, 64))
	if exp < -4 || exp >= prec-1 {
		if !alt {
			mant = trimZeros(mant)
		} else if !strings.Contains(mant, ".") {
			mant += "."
		}
		return mant + expText(exp)
	}
	s := strconv.FormatFloat(f, 'f', max(prec-1-exp, 0), 64)
	if !alt {
		s = trimZeros(s)
	}
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
