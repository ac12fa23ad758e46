package py

import (
	"math"
	"math/cmplx"
	"strconv"
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
