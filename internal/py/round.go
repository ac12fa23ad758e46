package py

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
)

// Round is round(v, ndigits); a nil or None ndigits rounds to an int.
func Round(v, ndigits Value) (Value, error) {
	if ndigits == nil || ndigits == None {
		switch x := v.(type) {
		case Float:
			return FloatToInt(math.RoundToEven(float64(x)))
		case Int, Bool, *Long:
			return Unary(OpPos, v)
		}
		return nil, TypeErrorf("type %s doesn't define __round__ method", TypeName(v))
	}
	switch v.(type) {
	case Float, Int, Bool, *Long:
	default:
		return nil, TypeErrorf("type %s doesn't define __round__ method", TypeName(v))
	}
	n, err := Index(ndigits)
	if err != nil {
		return nil, err
	}
	digits, fits := AsInt(n)
	if !fits {
		digits = math.MaxInt32
		if bigOf(n).Sign() < 0 {
			digits = math.MinInt32
		}
	}
	if f, ok := v.(Float); ok {
		return roundFloat(float64(f), digits)
	}
	return roundInt(v, digits)
}

func roundFloat(f float64, digits int64) (Value, error) {
	if math.IsInf(f, 0) || math.IsNaN(f) || digits > 323 || f == 0 {
		return Float(f), nil
	}
	if digits < -308 {
		return Float(math.Copysign(0, f)), nil
	}
	var text string
	if digits >= 0 {
		text = strconv.FormatFloat(f, 'f', int(digits), 64)
	} else {
		// Round at a place left of the point, on the exact decimal value.
		r := new(big.Rat).SetFloat64(f)
		ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(-digits), nil)
		r.Quo(r, new(big.Rat).SetInt(ten))
		q := roundHalfEven(r.Num(), r.Denom())
		text = fmt.Sprintf("%se%d", q, -digits)
	}
	out, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, Errorf("OverflowError", "rounded value too large to represent")
	}
	if out == 0 {
		out = math.Copysign(0, f)
	}
	return Float(out), nil
}

func roundHalfEven(num, den *big.Int) *big.Int {
	q, r := floorDivMod(num, den)
	c := new(big.Int).Lsh(r, 1).Cmp(den)
	if c > 0 || c == 0 && q.Bit(0) == 1 {
		q.Add(q, big.NewInt(1))
	}
	return q
}

func roundInt(v Value, digits int64) (Value, error) {
	if digits >= 0 {
		return Unary(OpPos, v)
	}
	i := bigOf(v)
	if -digits > int64(i.BitLen()) {
		return Int(0), nil
	}
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(-digits), nil)
	return NewInt(new(big.Int).Mul(roundHalfEven(i, ten), ten)), nil
}
