package saltargs

import (
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"

	"pinch/internal/py"
)

// TestMode says whether the keyword arguments ask for a test run: a keyword
// spelt "test" in any case with a true value in the sense of IsTrue.
func TestMode(kwargs *py.Dict) (bool, error) {
	for k, v := range kwargs.All() {
		name, ok := k.(py.Str)
		if !ok || strings.ToLower(string(name)) != "test" {
			continue
		}
		if yes, err := IsTrue(v); err != nil || yes {
			return yes, err
		}
	}
	return false, nil
}

// IsTrue is salt.utils.data.is_true: a number is true above zero (and loses
// its fraction first), text when it reads as such a number or as "true", other
// values by bool().
func IsTrue(v py.Value) (bool, error) {
	switch v := v.(type) {
	case py.Bool, py.Int, *py.Long:
		n, _ := py.AsBig(v)
		if f, _ := new(big.Float).SetInt(n).Float64(); math.IsInf(f, 0) {
			return false, py.Errorf("OverflowError", "int too large to convert to float")
		}
		return n.Sign() > 0, nil
	case py.Float:
		f := float64(v)
		if math.IsInf(f, 0) {
			return false, py.Errorf("OverflowError", "cannot convert float infinity to integer")
		}
		return math.Trunc(f) > 0, nil
	case py.Str:
		return textIsTrue(string(v))
	case py.Bytes:
		if yes, err := textIsTrue(string(v)); err != nil || yes {
			return yes, err
		}
		if _, ok := number(string(v)); ok {
			return false, nil
		}
		return v != "", nil
	}
	return py.Truth(v)
}

func textIsTrue(s string) (bool, error) {
	if f, ok := number(s); ok {
		return f > 0, nil
	}
	return strings.ToLower(s) == "true", nil
}

// number is float(text), with the underscores Python allows between digits.
func number(s string) (float64, bool) {
	s = strings.Map(asciiDigit, strings.TrimFunc(s, isSpace))
	for i := 0; i < len(s); i++ {
		if s[i] == '_' && (i == 0 || i == len(s)-1 || !isDigit(s[i-1]) || !isDigit(s[i+1])) {
			return 0, false
		}
	}
	if strings.ContainsAny(s, "xXpP") { // Go also reads hexadecimal floats
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, false
	}
	return f, true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// asciiDigit maps a decimal digit of any script to its ASCII form: in every
// script the ten digits are consecutive, from a zero on.
func asciiDigit(r rune) rune {
	if r < 0x80 || !unicode.Is(unicode.Nd, r) {
		return r
	}
	zero := r
	for unicode.Is(unicode.Nd, zero-1) {
		zero--
	}
	return '0' + (r-zero)%10
}
