package py

import (
	"cmp"
	"math"
	"math/big"
	"strings"
)

// CmpOp is a comparison operator.
type CmpOp uint8

// The comparison operators.
const (
	OpLt CmpOp = iota
	OpLe
	OpEq
	OpNe
	OpGt
	OpGe
)

// String returns the operator as Python writes it.
func (op CmpOp) String() string { return [...]string{"<", "<=", "==", "!=", ">", ">="}[op] }

// Swap returns the operator for exchanged operands.
func (op CmpOp) Swap() CmpOp { return [...]CmpOp{OpGt, OpGe, OpEq, OpNe, OpLt, OpLe}[op] }

// Holds says whether the operator holds for a three-way result.
func (op CmpOp) Holds(c int) bool {
	switch op {
	case OpLt:
		return c < 0
	case OpLe:
		return c <= 0
	case OpEq:
		return c == 0
	case OpNe:
		return c != 0
	case OpGt:
		return c > 0
	}
	return c >= 0
}

// Orderer is __lt__, __le__, __gt__ and __ge__ in one: known is false for
// NotImplemented. It is not asked for == and !=, see Equaler.
type Orderer interface {
	OrderTo(op CmpOp, other Value) (holds, known bool, err error)
}

// Less is a < b.
func Less(a, b Value) (bool, error) { return RichCompare(OpLt, a, b) }

// LessEq is a <= b.
func LessEq(a, b Value) (bool, error) { return RichCompare(OpLe, a, b) }

// Compare orders two values of one ordering: negative, zero or positive. Values
// that Python cannot order are the TypeError of <; NaN counts as equal.
func Compare(a, b Value) (int, error) {
	lt, err := Less(a, b)
	if err != nil {
		return 0, err
	}
	if lt {
		return -1, nil
	}
	gt, err := Less(b, a)
	if err != nil {
		return 0, err
	}
	if gt {
		return 1, nil
	}
	return 0, nil
}

// RichCompare is a op b.
func RichCompare(op CmpOp, a, b Value) (bool, error) {
	var w comparison
	return richCompare(op, a, b, &w)
}

func richCompare(op CmpOp, a, b Value, w *comparison) (bool, error) {
	switch op {
	case OpEq:
		return equal(a, b, w)
	case OpNe:
		eq, err := equal(a, b, w)
		return !eq && err == nil, err
	}
	switch x := a.(type) {
	case Str:
		if y, ok := b.(Str); ok {
			return op.Holds(strings.Compare(string(x), string(y))), nil
		}
	case Int:
		if y, ok := b.(Int); ok {
			return op.Holds(cmp.Compare(x, y)), nil
		}
		if isReal(b) {
			return orderNumbers(op, a, b), nil
		}
	case Bool, *Long, Float:
		if isReal(b) {
			return orderNumbers(op, a, b), nil
		}
	case Bytes:
		if y, ok := b.(Bytes); ok {
			return op.Holds(strings.Compare(string(x), string(y))), nil
		}
	case *List:
		if y, ok := b.(*List); ok {
			return orderItems(op, x.Items, y.Items, w)
		}
	case Tuple:
		if y, ok := b.(Tuple); ok {
			return orderItems(op, x, y, w)
		}
	}
	if holds, known, err := orderSets(op, a, b); known || err != nil {
		return holds, err
	}
	if o, ok := a.(Orderer); ok {
		if holds, known, err := o.OrderTo(op, b); known || err != nil {
			return holds, err
		}
	}
	if o, ok := b.(Orderer); ok {
		if holds, known, err := o.OrderTo(op.Swap(), a); known || err != nil {
			return holds, err
		}
	}
	return false, TypeErrorf("'%s' not supported between instances of '%s' and '%s'", op, TypeName(a), TypeName(b))
}

func orderItems(op CmpOp, x, y []Value, w *comparison) (bool, error) {
	if err := w.enter(min(len(x), len(y))); err != nil {
		return false, err
	}
	defer w.leave()
	for i := 0; i < len(x) && i < len(y); i++ {
		eq, err := equal(x[i], y[i], w)
		if err != nil {
			return false, err
		}
		if !eq {
			return richCompare(op, x[i], y[i], w)
		}
	}
	return op.Holds(cmp.Compare(len(x), len(y))), nil
}

// orderSets is the subset order of sets, dict keys and dict items.
func orderSets(op CmpOp, a, b Value) (holds, known bool, err error) {
	if !isSetLike(a) || !isSetLike(b) {
		return false, false, nil
	}
	x, err := setOf(a)
	if err != nil {
		return false, true, err
	}
	y, err := setOf(b)
	if err != nil {
		return false, true, err
	}
	switch op {
	case OpLt:
		return x.Len() < y.Len() && subset(x, y), true, nil
	case OpLe:
		return x.Len() <= y.Len() && subset(x, y), true, nil
	case OpGt:
		return x.Len() > y.Len() && subset(y, x), true, nil
	}
	return x.Len() >= y.Len() && subset(y, x), true, nil
}

// isNumber says whether v is a bool, int, float or complex.
func isNumber(v Value) bool {
	switch v.(type) {
	case Bool, Int, *Long, Float, Complex:
		return true
	}
	return false
}

// isReal says whether v is a bool, int or float.
func isReal(v Value) bool {
	_, c := v.(Complex)
	return !c && isNumber(v)
}

func orderNumbers(op CmpOp, a, b Value) bool {
	c, ordered := cmpNumbers(a, b)
	return ordered && op.Holds(c)
}

func numEqual(a, b Value) bool {
	if x, ok := a.(Complex); ok {
		if y, ok := b.(Complex); ok {
			return x == y
		}
		return imag(complex128(x)) == 0 && numEqual(Float(real(complex128(x))), b)
	}
	if _, ok := b.(Complex); ok {
		return numEqual(b, a)
	}
	c, ordered := cmpNumbers(a, b)
	return ordered && c == 0
}

// cmpNumbers compares ints and floats exactly, without rounding the int to a
// float first; ordered is false when one is NaN.
func cmpNumbers(a, b Value) (c int, ordered bool) {
	fa, aFloat := a.(Float)
	fb, bFloat := b.(Float)
	switch {
	case aFloat && bFloat:
		if fa != fa || fb != fb {
			return 0, false
		}
		return cmp.Compare(fa, fb), true
	case aFloat:
		c, ordered = cmpIntFloat(b, float64(fa))
		return -c, ordered
	case bFloat:
		return cmpIntFloat(a, float64(fb))
	}
	x, okX := AsInt(a)
	y, okY := AsInt(b)
	if okX && okY {
		return cmp.Compare(x, y), true
	}
	return bigOf(a).Cmp(bigOf(b)), true
}

func cmpIntFloat(i Value, f float64) (int, bool) {
	if math.IsNaN(f) {
		return 0, false
	}
	if math.IsInf(f, 1) {
		return -1, true
	}
	if math.IsInf(f, -1) {
		return 1, true
	}
	if n, ok := AsInt(i); ok && n < 1<<53 && n > -1<<53 {
		return cmp.Compare(float64(n), f), true
	}
	// A float of any size is exact as a big.Float of its own 53 bits.
	return new(big.Float).SetInt(bigOf(i)).Cmp(big.NewFloat(f)), true
}

// bigOf is AsBig without the copy; the result must not be changed.
func bigOf(v Value) *big.Int {
	switch v := v.(type) {
	case *Long:
		return v.v
	case Int:
		return big.NewInt(int64(v))
	case Bool:
		if v {
			return big.NewInt(1)
		}
	}
	return new(big.Int)
}

// Sorted is sorted(items, key=key, reverse=reverse) in a new slice: stable,
// and comparing with < only, in CPython's order so that the error text for
// values that cannot be ordered is the same. A nil key compares the items.
func Sorted(items []Value, key func(Value) (Value, error), reverse bool) ([]Value, error) {
	out := append([]Value(nil), items...)
	keys := out
	if key != nil {
		keys = make([]Value, len(out))
		for i, it := range out {
			k, err := key(it)
			if err != nil {
				return nil, err
			}
			keys[i] = k
		}
	}
	return sortByKeys(out, keys, reverse)
}
