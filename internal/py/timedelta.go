package py

import (
	"context"
	"fmt"
	"math/big"
	"strings"
)

// TimeDelta is datetime.timedelta in microseconds.
type TimeDelta int64

const dayMicros = 86400 * 1000000

// Type implements Value.
func (TimeDelta) Type() string { return "timedelta" }

func (TimeDelta) qualifiedType() string { return "datetime.timedelta" }

// parts are days of any sign, seconds and microseconds that are not negative.
func (d TimeDelta) parts() (days, seconds, micros int64) {
	days = floorDiv(int64(d), dayMicros)
	rest := int64(d) - days*dayMicros
	return days, rest / 1000000, rest % 1000000
}

// Truth implements Truther.
func (d TimeDelta) Truth() (bool, error) { return d != 0, nil }

// PyRepr implements Reprer.
func (d TimeDelta) PyRepr() (string, error) {
	days, seconds, micros := d.parts()
	var parts []string
	for _, p := range []struct {
		name string
		n    int64
	}{{"days", days}, {"seconds", seconds}, {"microseconds", micros}} {
		if p.n != 0 {
			parts = append(parts, fmt.Sprintf("%s=%d", p.name, p.n))
		}
	}
	if len(parts) == 0 {
		parts = []string{"0"}
	}
	return "datetime.timedelta(" + strings.Join(parts, ", ") + ")", nil
}

// PyStr implements Stringer.
func (d TimeDelta) PyStr() (string, error) {
	days, seconds, micros := d.parts()
	s := ""
	if days != 0 {
		s = fmt.Sprintf("%d day%s, ", days, plural(int(max(days, -days))))
	}
	s += fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	if micros != 0 {
		s += fmt.Sprintf(".%06d", micros)
	}
	return s, nil
}

// OrderTo implements Orderer.
func (d TimeDelta) OrderTo(op CmpOp, other Value) (bool, bool, error) {
	o, ok := other.(TimeDelta)
	if !ok {
		return false, false, nil
	}
	switch {
	case d < o:
		return op.Holds(-1), true, nil
	case d > o:
		return op.Holds(1), true, nil
	}
	return op.Holds(0), true, nil
}

// UnaryOp implements UnaryOperand.
func (d TimeDelta) UnaryOp(op UnaryOp) (Value, bool, error) {
	switch op {
	case OpNeg:
		return -d, true, nil
	case OpPos:
		return d, true, nil
	}
	return nil, false, nil
}

// Abs is abs(d).
func (d TimeDelta) Abs() Value { return max(d, -d) }

// BinaryOp implements Operand.
func (d TimeDelta) BinaryOp(op BinOp, other Value, reflected bool) (Value, bool, error) {
	if o, ok := other.(TimeDelta); ok {
		return d.withDelta(op, o)
	}
	if f, ok := other.(Float); ok && (op == OpMul || op == OpDiv && !reflected) {
		v, err := d.scale(op, f)
		return v, true, err
	}
	n, ok := AsInt(other)
	if !ok {
		return nil, false, nil
	}
	switch {
	case op == OpMul:
		v, err := intBinary(OpMul, int64(d), n)
		if i, fits := v.(Int); err == nil && fits {
			return TimeDelta(i), true, nil
		}
		return nil, true, Errorf("OverflowError", "Python int too large to convert to C int")
	case reflected || op != OpDiv && op != OpFloorDiv:
		return nil, false, nil
	case n == 0:
		return nil, true, Errorf("ZeroDivisionError", "integer division or modulo by zero")
	case op == OpFloorDiv:
		return TimeDelta(floorDiv(int64(d), n)), true, nil
	}
	v, err := roundRat(new(big.Rat).SetFrac(big.NewInt(int64(d)), big.NewInt(n)))
	return v, true, err
}

// scale is d * f or d / f, rounded half to even as exact numbers are.
func (d TimeDelta) scale(op BinOp, f Float) (Value, error) {
	if _, err := floatRatio(float64(f)); err != nil {
		return nil, err
	}
	by := new(big.Rat).SetFloat64(float64(f))
	if op == OpDiv {
		if by.Sign() == 0 {
			return nil, Errorf("ZeroDivisionError", "division by zero")
		}
		by.Inv(by)
	}
	return roundRat(by.Mul(by, new(big.Rat).SetInt64(int64(d))))
}

func roundRat(r *big.Rat) (Value, error) {
	q, rest := new(big.Int).DivMod(r.Num(), r.Denom(), new(big.Int))
	if c := rest.Lsh(rest, 1).Cmp(r.Denom()); c > 0 || c == 0 && q.Bit(0) == 1 {
		q.Add(q, big.NewInt(1))
	}
	if !q.IsInt64() {
		return nil, Errorf("OverflowError", "Python int too large to convert to C int")
	}
	return TimeDelta(q.Int64()), nil
}

func roundEven(f float64) float64 {
	v, err := Round(Float(f), nil)
	if err != nil {
		return 0 // the quotient of two finite numbers is finite
	}
	out, _, _ := asFloat(v)
	return out
}

func (d TimeDelta) withDelta(op BinOp, o TimeDelta) (Value, bool, error) {
	switch op {
	case OpAdd:
		return d + o, true, nil
	case OpSub:
		return d - o, true, nil
	case OpDiv, OpFloorDiv, OpMod:
		if o == 0 {
			return nil, true, Errorf("ZeroDivisionError", "integer division or modulo by zero")
		}
		q := floorDiv(int64(d), int64(o))
		switch op {
		case OpFloorDiv:
			return Int(q), true, nil
		case OpMod:
			return d - TimeDelta(q)*o, true, nil
		}
		return Float(float64(d) / float64(o)), true, nil
	}
	return nil, false, nil
}

// Attr implements AttrGetter.
func (d TimeDelta) Attr(name string) (Value, bool, error) {
	days, seconds, micros := d.parts()
	switch name {
	case "days":
		return Int(days), true, nil
	case "seconds":
		return Int(seconds), true, nil
	case "microseconds":
		return Int(micros), true, nil
	case "resolution":
		return TimeDelta(1), true, nil
	case "total_seconds":
		return NewFunc(name, func(_ context.Context, a *Args) (Value, error) {
			return Float(float64(d) / 1e6), noArgs("timedelta.total_seconds", a)
		}), true, nil
	}
	return nil, false, nil
}
