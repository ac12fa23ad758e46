package py

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// ToInt is int(v).
func ToInt(v Value) (Value, error) {
	switch x := v.(type) {
	case Int, *Long:
		return v, nil
	case Bool:
		return Unary(OpPos, v)
	case Float:
		return FloatToInt(float64(x))
	case Bytes:
		return parseInt(string(x), 10, v)
	case Inter:
		return x.ToInt()
	}
	if s, ok := asStr(v); ok {
		return parseInt(s, 10, Str(s))
	}
	return nil, TypeErrorf("int() argument must be a string, a bytes-like object or a real number, not '%s'", TypeName(v))
}

// Inter is __int__.
type Inter interface{ ToInt() (Value, error) }

// Floater is __float__.
type Floater interface{ ToFloat() (Value, error) }

// ToIntBase is int(v, base).
func ToIntBase(v, base Value) (Value, error) {
	n, err := intArg(base)
	if err != nil {
		return nil, err
	}
	if n != 0 && (n < 2 || n > 36) {
		return nil, ValueErrorf("int() base must be >= 2 and <= 36, or 0")
	}
	s, ok := asStr(v)
	if b, isBytes := v.(Bytes); isBytes {
		s, ok = string(b), true
	} else {
		v = Str(s)
	}
	if !ok {
		return nil, TypeErrorf("int() can't convert non-string with explicit base")
	}
	return parseInt(s, n, v)
}

func parseInt(s string, base int, orig Value) (Value, error) {
	bad := func() error {
		return ValueErrorf("invalid literal for int() with base %d: %s", base, Repr(orig))
	}
	t := textOps{}
	digits, ok := asciiDigits(t.trimRight(t.trimLeft(s)))
	if !ok || digits == "" {
		return nil, bad()
	}
	neg := digits[0] == '-'
	if neg || digits[0] == '+' {
		digits = digits[1:]
	}
	radix := base
	if len(digits) > 1 && digits[0] == '0' {
		prefix := map[byte]int{'x': 16, 'o': 8, 'b': 2}[digits[1]|0x20]
		if prefix != 0 && (base == 0 || base == prefix) {
			radix = prefix
			digits = strings.TrimPrefix(digits[2:], "_")
		}
	}
	if radix == 0 {
		radix = 10
		if digits != "" && digits[0] == '0' && strings.Trim(digits, "0_") != "" {
			return nil, bad()
		}
	}
	if digits == "" || digits[0] == '_' || digits[len(digits)-1] == '_' || strings.Contains(digits, "__") {
		return nil, bad()
	}
	digits = strings.ReplaceAll(digits, "_", "")
	for i := range len(digits) {
		if digitIn(digits[i]) >= radix {
			return nil, bad()
		}
	}
	if radix&(radix-1) != 0 && len(digits) > maxIntDigits {
		return nil, ValueErrorf("Exceeds the limit (%d digits) for integer string conversion: value has %d digits; use sys.set_int_max_str_digits() to increase the limit", maxIntDigits, len(digits))
	}
	i, ok := new(big.Int).SetString(digits, radix)
	if !ok {
		return nil, bad()
	}
	if neg {
		i.Neg(i)
	}
	return NewInt(i), nil
}

func digitIn(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case asciiAlpha(c):
		return int(c|0x20-'a') + 10
	}
	return 99
}

// asciiDigits replaces decimal digits of any script by ASCII ones; ok is
// false when something else is not ASCII.
func asciiDigits(s string) (string, bool) {
	if isASCII(s) {
		return s, true
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		r, n := nextRune(s[i:])
		switch d := decimalValue(r); {
		case r < 0x80:
			b = append(b, byte(r))
		case d >= 0:
			b = append(b, byte('0'+d))
		case isSpace(r):
			b = append(b, ' ')
		default:
			return "", false
		}
		i += n
	}
	return string(b), true
}

// ToFloat is float(v).
func ToFloat(v Value) (Value, error) {
	if f, ok, err := asFloat(v); ok || err != nil {
		return Float(f), err
	}
	if x, ok := v.(Floater); ok {
		return x.ToFloat()
	}
	s, ok := asStr(v)
	orig := Value(Str(s))
	if b, isBytes := v.(Bytes); isBytes {
		s, ok, orig = string(b), true, v
	}
	if !ok {
		return nil, TypeErrorf("float() argument must be a string or a real number, not '%s'", TypeName(v))
	}
	f, ok := parseFloat(s)
	if !ok {
		return nil, ValueErrorf("could not convert string to float: %s", Repr(orig))
	}
	return Float(f), nil
}

func parseFloat(s string) (float64, bool) {
	t := textOps{}
	s, ok := asciiDigits(t.trimRight(t.trimLeft(s)))
	if !ok || s == "" {
		return 0, false
	}
	body := strings.ToLower(strings.TrimLeft(s, "+-"))
	if len(s)-len(body) > 1 {
		return 0, false
	}
	switch body {
	case "inf", "infinity":
		if s[0] == '-' {
			return math.Inf(-1), true
		}
		return math.Inf(1), true
	case "nan":
		return math.NaN(), true
	}
	if body == "" || !isDigit(body[0]) && body[0] != '.' || strings.ContainsAny(body, "xp") {
		return 0, false
	}
	for i := range len(s) { // an underscore stands between digits only
		if s[i] == '_' && (i == 0 || i+1 == len(s) || !isDigit(s[i-1]) || !isDigit(s[i+1])) {
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}
