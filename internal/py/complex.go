package py

import (
	"context"
	"math"
	"math/cmplx"
	"strconv"
	"strings"
)

// Complex is Python's complex. State trees do not use it, but (-8)**0.5 makes one.
type Complex complex128

// Type implements Value.
func (Complex) Type() string { return "complex" }

func appendComplex(b []byte, c complex128) []byte {
	if re := real(c); re == 0 && !math.Signbit(re) {
		return append(appendComplexPart(b, imag(c)), 'j')
	}
	b = append(b, '(')
	b = appendComplexPart(b, real(c))
	if im := imag(c); math.IsNaN(im) || !math.Signbit(im) {
		b = append(b, '+')
	}
	b = appendComplexPart(b, imag(c))
	return append(b, 'j', ')')
}

// appendComplexPart is a float's repr without ".0".
func appendComplexPart(b []byte, f float64) []byte {
	if f == math.Trunc(f) && math.Abs(f) < 1e16 {
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	}
	return appendFloat(b, f)
}

func asComplex(v Value) (complex128, bool, error) {
	if c, ok := v.(Complex); ok {
		return complex128(c), true, nil
	}
	f, ok, err := asFloat(v)
	return complex(f, 0), ok, err
}

func complexBinary(op BinOp, a, b Value) (Value, error) {
	x, okX, err := asComplex(a)
	if err != nil {
		return nil, err
	}
	y, okY, err := asComplex(b)
	if err != nil {
		return nil, err
	}
	if !okX || !okY {
		return nil, binaryTypeError(op, a, b)
	}
	switch op {
	case OpAdd:
		return Complex(x + y), nil
	case OpSub:
		return Complex(x - y), nil
	case OpMul:
		return Complex(x * y), nil
	case OpDiv:
		if y == 0 {
			return nil, Errorf("ZeroDivisionError", "complex division by zero")
		}
		return Complex(x / y), nil
	case OpPow:
		return complexPow(x, y)
	}
	return nil, binaryTypeError(op, a, b)
}

func complexPow(x, y complex128) (Value, error) {
	if y == 0 {
		return Complex(1), nil
	}
	if x == 0 {
		if imag(y) != 0 || real(y) < 0 {
			return nil, Errorf("ZeroDivisionError", "0.0 to a negative or complex power")
		}
		return Complex(0), nil
	}
	if n := real(y); imag(y) == 0 && n == math.Trunc(n) && math.Abs(n) <= 100 {
		r, p := complex128(1), x
		for m := int(math.Abs(n)); m > 0; m >>= 1 {
			if m&1 == 1 {
				r *= p
			}
			p *= p
		}
		if n < 0 {
			r = 1 / r
		}
		return Complex(r), nil
	}
	// In the polar form CPython uses, so that the last digits agree.
	vabs := math.Hypot(real(x), imag(x))
	length := powExact(vabs, real(y))
	at := math.Atan2(imag(x), real(x))
	phase := at * real(y)
	if imag(y) != 0 {
		length *= math.Exp(-at * imag(y))
		phase += imag(y) * math.Log(vabs)
	}
	sin, cos := sincos(phase)
	r := complex(length*cos, length*sin)
	if cmplx.IsInf(r) {
		return nil, Errorf("OverflowError", "complex exponentiation")
	}
	return Complex(r), nil
}

// complexType is complex(real=0, imag=0).
func complexType(_ context.Context, a *Args) (Value, error) {
	out, err := kwArgs("complex", a, 0, "real", "imag")
	if err != nil {
		return nil, err
	}
	if out[0] == nil && out[1] == nil {
		return Complex(0), nil
	}
	if s, ok := asStr(OrNone(out[0])); ok {
		if out[1] != nil {
			return nil, TypeErrorf("complex() can't take second arg if first is a string")
		}
		return parseComplex(s)
	}
	if _, ok := asStr(OrNone(out[1])); ok {
		return nil, TypeErrorf("complex() second arg can't be a string")
	}
	part := func(v Value, what string) (complex128, error) {
		if v == nil {
			return 0, nil
		}
		c, ok, err := asComplex(v)
		if err == nil && !ok {
			err = TypeErrorf("complex() %s, not '%s'", what, TypeName(v))
		}
		return c, err
	}
	re, err := part(out[0], "first argument must be a string or a number")
	if err != nil {
		return nil, err
	}
	im, err := part(out[1], "second argument must be a number")
	if err != nil {
		return nil, err
	}
	return Complex(complex(real(re)-imag(im), imag(re)+real(im))), nil
}

// parseComplex reads "1+2j", "(1+2j)", "2j" or "1", with space around.
func parseComplex(text string) (Value, error) {
	s := strings.TrimFunc(text, isSpace)
	if inner, ok := strings.CutPrefix(s, "("); ok {
		if s, ok = strings.CutSuffix(inner, ")"); ok {
			s = strings.TrimFunc(s, isSpace)
		}
	}
	bad := ValueErrorf("complex() arg is a malformed string")
	if s == "" {
		return nil, bad
	}
	number := func(s string) (float64, bool) {
		f, ok := parseFloat(s)
		return f, ok && s == strings.TrimFunc(s, isSpace)
	}
	imag, isImag := strings.CutSuffix(strings.ToLower(s), "j")
	if !isImag {
		f, ok := number(s)
		if !ok {
			return nil, bad
		}
		return Complex(complex(f, 0)), nil
	}
	cut := 0 // where the imaginary part's sign is
	for i := len(imag) - 1; i > 0; i-- {
		if (imag[i] == '+' || imag[i] == '-') && imag[i-1] != 'e' {
			cut = i
			break
		}
	}
	re := 0.0
	ok := true
	if cut > 0 {
		re, ok = number(imag[:cut])
	}
	if imag = imag[cut:]; imag == "" || imag == "+" || imag == "-" {
		imag += "1"
	}
	im, ok2 := number(imag)
	if !ok || !ok2 {
		return nil, bad
	}
	return Complex(complex(re, im)), nil
}
