package jinja

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"pinch/internal/py"
)

// numberFilters are Jinja's filters on numbers.
func numberFilters() map[string]Filter {
	return map[string]Filter{
		"abs":   builtinFn("abs", func(_ *Context, v py.Value) (py.Value, error) { return absValue(v) }),
		"int":   fn("do_int(value, default=0, base=10)", doInt),
		"float": fn("do_float(value, default=0.0)", doFloat),
		"round": fn("do_round(value, precision=0, method='common')", doRound),
	}
}

func absValue(v py.Value) (py.Value, error) {
	if u, ok := v.(*Undefined); ok { // no __abs__
		return nil, py.TypeErrorf("bad operand type for abs(): '%s'", u.Type())
	}
	return py.Abs(v)
}

// toInt is int(v) or, for a string, int(v, base).
func toInt(v py.Value, base int) (py.Value, error) {
	switch v := v.(type) {
	case py.Int, *py.Long:
		return v, nil
	case py.Bool:
		return py.Unary(py.OpPos, v)
	case py.Float:
		return py.FloatToInt(float64(v))
	case *Undefined:
		return nil, v.fail()
	}
	s, ok := strOf(v)
	if !ok {
		return nil, py.TypeErrorf("int() argument must be a string, a bytes-like object or a real number, not '%s'", py.TypeName(v))
	}
	bad := func() error {
		return py.ValueErrorf("invalid literal for int() with base %d: %s", base, quote(s))
	}
	t := strings.TrimFunc(s, isSpace)
	neg := false
	if t != "" && (t[0] == '-' || t[0] == '+') {
		neg = t[0] == '-'
		t = t[1:]
	}
	if base != 0 && (base < 2 || base > 36) {
		return nil, py.ValueErrorf("int() base must be >= 2 and <= 36, or 0")
	}
	use := base
	if len(t) > 1 && t[0] == '0' {
		prefix := map[byte]int{'x': 16, 'X': 16, 'o': 8, 'O': 8, 'b': 2, 'B': 2}[t[1]]
		if prefix != 0 && (base == prefix || base == 0) {
			use = prefix
			t = strings.TrimPrefix(t[2:], "_")
		}
	}
	if use == 0 {
		use = 10
		if strings.Trim(t, "0_") != "" && strings.HasPrefix(t, "0") {
			return nil, bad()
		}
	}
	if t == "" || strings.HasPrefix(t, "_") || strings.HasSuffix(t, "_") || strings.Contains(t, "__") || t[0] == '-' || t[0] == '+' {
		return nil, bad()
	}
	t = asciiDigits(strings.ReplaceAll(t, "_", ""))
	if len(t) > 4300 && use&(use-1) != 0 {
		return nil, py.ValueErrorf("Exceeds the limit (4300 digits) for integer string conversion: value has %d digits; use sys.set_int_max_str_digits() to increase the limit", len(t))
	}
	n, ok := new(big.Int).SetString(t, use)
	if !ok {
		return nil, bad()
	}
	if neg {
		n.Neg(n)
	}
	return py.NewInt(n), nil
}

// asciiDigits replaces other scripts' decimal digits.
func asciiDigits(s string) string {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return strings.Map(func(r rune) rune {
				if d, ok := digitValue(r); ok {
					return '0' + d
				}
				return r
			}, s)
		}
	}
	return s
}

// toFloat is float(v).
func toFloat(v py.Value) (float64, error) {
	switch v := v.(type) {
	case py.Float:
		return float64(v), nil
	case py.Int:
		return float64(v), nil
	case py.Bool:
		if v {
			return 1, nil
		}
		return 0, nil
	case *py.Long:
		f, _ := new(big.Float).SetInt(v.Big()).Float64()
		if math.IsInf(f, 0) {
			return 0, py.Errorf("OverflowError", "int too large to convert to float")
		}
		return f, nil
	case *Undefined:
		return 0, v.fail()
	}
	s, ok := strOf(v)
	if !ok {
		return 0, py.TypeErrorf("float() argument must be a string or a real number, not '%s'", py.TypeName(v))
	}
	bad := py.ValueErrorf("could not convert string to float: %s", quote(s))
	t := asciiDigits(strings.TrimFunc(s, isSpace))
	switch strings.ToLower(strings.TrimLeft(t, "+-")) {
	case "inf", "infinity", "nan":
	default:
		for i := range len(t) {
			if c := t[i]; !isDec(c) && c != '.' && c != '+' && c != '-' && c != 'e' && c != 'E' && c != '_' {
				return 0, bad
			}
			if t[i] == '_' && (i == 0 || i+1 == len(t) || !isDec(t[i-1]) || !isDec(t[i+1])) {
				return 0, bad
			}
		}
		t = strings.ReplaceAll(t, "_", "")
	}
	f, err := strconv.ParseFloat(t, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, bad
	}
	return f, nil
}

func doInt(_ *Context, a []py.Value) (py.Value, error) {
	base := 10
	if _, isStr := strOf(a[0]); isStr {
		n, err := intOf(a[2])
		if err != nil {
			if classOf(err) == "TypeError" {
				return a[1], nil
			}
			return nil, err
		}
		base = n
	}
	v, err := toInt(a[0], base)
	if err == nil {
		return v, nil
	}
	if c := classOf(err); c != "TypeError" && c != "ValueError" {
		return nil, err
	}
	f, err := toFloat(a[0])
	if err == nil {
		if v, err = py.FloatToInt(f); err == nil {
			return v, nil
		}
	}
	switch classOf(err) {
	case "TypeError", "ValueError", "OverflowError":
		return a[1], nil
	}
	return nil, err
}

func doFloat(_ *Context, a []py.Value) (py.Value, error) {
	f, err := toFloat(a[0])
	if err == nil {
		return py.Float(f), nil
	}
	if c := classOf(err); c != "TypeError" && c != "ValueError" {
		return nil, err
	}
	return a[1], nil
}

func doRound(_ *Context, a []py.Value) (py.Value, error) {
	method, _ := strOf(a[2])
	if _, _, err := py.NewDict().Get(a[2]); err != nil { // looked up in a set
		return nil, err
	}
	switch method {
	case "common":
		if u, ok := a[0].(*Undefined); ok { // no __round__
			return nil, py.TypeErrorf("type %s doesn't define __round__ method", u.Type())
		}
		return py.Round(a[0], a[1])
	case "ceil", "floor":
	default:
		return nil, py.Errorf(classFilterArgs, "method must be common, ceil or floor")
	}
	scale, err := py.Binary(py.OpPow, py.Int(10), a[1])
	if err != nil {
		return nil, err
	}
	v, err := py.Binary(py.OpMul, a[0], scale)
	if err != nil {
		return nil, err
	}
	if f, ok := v.(py.Float); ok {
		r := math.Ceil(float64(f))
		if method == "floor" {
			r = math.Floor(float64(f))
		}
		if v, err = py.FloatToInt(r); err != nil {
			return nil, err
		}
	} else if _, ok := py.AsBig(v); !ok {
		return nil, py.TypeErrorf("must be real number, not %s", py.TypeName(v))
	}
	return py.Binary(py.OpDiv, v, scale)
}

func formatFixed(f float64, digits int) string { return strconv.FormatFloat(f, 'f', digits, 64) }
