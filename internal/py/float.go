package py

import (
	"math"
	"math/big"
)

// asFloat converts a bool, int or float; an int beyond the range of float is
// an OverflowError.
func asFloat(v Value) (f float64, ok bool, err error) {
	switch v := v.(type) {
	case Float:
		return float64(v), true, nil
	case Int:
		return float64(v), true, nil
	case Bool:
		if v {
			return 1, true, nil
		}
		return 0, true, nil
	case *Long:
		f, err := bigToFloat(v.v)
		return f, true, err
	}
	return 0, false, nil
}

func bigToFloat(i *big.Int) (float64, error) {
	f, _ := new(big.Float).SetInt(i).Float64()
	if math.IsInf(f, 0) {
		return 0, Errorf("OverflowError", "int too large to convert to float")
	}
	return f, nil
}

func floatBinary(op BinOp, x, y float64) (Value, error) {
	switch op {
	case OpAdd:
		return Float(x + y), nil
	case OpSub:
		return Float(x - y), nil
	case OpMul:
		return Float(x * y), nil
	case OpDiv:
		if y == 0 {
			return nil, Errorf("ZeroDivisionError", "float division by zero")
		}
		return Float(x / y), nil
	case OpFloorDiv:
		if y == 0 {
			return nil, Errorf("ZeroDivisionError", "float floor division by zero")
		}
		q, _ := floatDivMod(x, y)
		return Float(q), nil
	case OpMod:
		if y == 0 {
			return nil, Errorf("ZeroDivisionError", "float modulo")
		}
		_, r := floatDivMod(x, y)
		return Float(r), nil
	case OpPow:
		return floatPow(x, y)
	}
	return nil, binaryTypeError(op, Float(x), Float(y))
}

// floatDivMod is divmod of floats: the remainder has the divisor's sign.
func floatDivMod(x, y float64) (q, r float64) {
	r = math.Mod(x, y)
	q = (x - r) / y
	if r != 0 {
		if (y < 0) != (r < 0) {
			r += y
			q--
		}
	} else {
		r = math.Copysign(0, y)
	}
	if q == 0 {
		return math.Copysign(0, x/y), r
	}
	f := math.Floor(q)
	if q-f > 0.5 {
		f++
	}
	return f, r
}

func floatPow(x, y float64) (Value, error) {
	if x == 0 && y < 0 && !math.IsInf(y, 0) {
		return nil, Errorf("ZeroDivisionError", "0.0 cannot be raised to a negative power")
	}
	if x < 0 && y != math.Trunc(y) && !math.IsInf(x, 0) && !math.IsNaN(y) {
		return complexPow(complex(x, 0), complex(y, 0))
	}
	f := math.Pow(x, y)
	if x > 0 && !math.IsInf(x, 0) && !math.IsNaN(y) {
		f = powExact(x, y)
	} else if x < 0 && !math.IsInf(x, 0) && !math.IsInf(y, 0) {
		f = math.Copysign(powExact(-x, y), f)
	}
	if math.IsInf(f, 0) && !math.IsInf(x, 0) && !math.IsInf(y, 0) {
		return nil, &Error{Class: "OverflowError", Msg: "(34, 'Numerical result out of range')"}
	}
	return Float(f), nil
}
