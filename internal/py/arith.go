package py

import (
	"math"
	"math/big"
	"math/bits"
)

// BinOp is an arithmetic or bit operator.
type BinOp uint8

// The binary operators.
const (
	OpAdd BinOp = iota
	OpSub
	OpMul
	OpDiv
	OpFloorDiv
	OpMod
	OpPow
	OpAnd
	OpOr
	OpXor
	OpLShift
	OpRShift
)

// String returns the operator as Python's error texts name it.
func (op BinOp) String() string {
	return [...]string{"+", "-", "*", "/", "//", "%", "** or pow()", "&", "|", "^", "<<", ">>"}[op]
}

// Operand is __add__ and its like. With reflected the value is the right
// operand (__radd__); known is false for NotImplemented.
type Operand interface {
	BinaryOp(op BinOp, other Value, reflected bool) (v Value, known bool, err error)
}

// Limits of a single result, so that a template cannot take all memory: what
// Python would only refuse when memory ends is a MemoryError here.
const (
	maxBytes = 256 << 20
	maxItems = 16 << 20
	maxBits  = 32 << 20
)

func memoryError() *Error { return &Error{Class: "MemoryError"} }

func binaryTypeError(op BinOp, a, b Value) *Error {
	return TypeErrorf("unsupported operand type(s) for %s: '%s' and '%s'", op, TypeName(a), TypeName(b))
}

// Binary is a op b.
func Binary(op BinOp, a, b Value) (Value, error) {
	switch x := a.(type) {
	case Int:
		if y, ok := b.(Int); ok {
			return intBinary(op, int64(x), int64(y))
		}
	case Float:
		if y, ok := b.(Float); ok {
			return floatBinary(op, float64(x), float64(y))
		}
	case Str:
		if y, ok := b.(Str); ok && op == OpAdd {
			if len(x)+len(y) > maxBytes {
				return nil, memoryError()
			}
			return x + y, nil
		}
	}
	if isNumber(a) && isNumber(b) {
		return numberBinary(op, a, b)
	}
	if o, ok := b.(Operand); ok { // a str subclass on the right goes first
		if _, plain := a.(Operand); !plain {
			if v, known, err := o.BinaryOp(op, a, true); known || err != nil {
				return v, err
			}
		}
	}
	if o, ok := a.(Operand); ok {
		if v, known, err := o.BinaryOp(op, b, false); known || err != nil {
			return v, err
		}
		if o, ok := b.(Operand); ok {
			if v, known, err := o.BinaryOp(op, a, true); known || err != nil {
				return v, err
			}
		}
	}
	switch op {
	case OpAdd:
		return concat(a, b)
	case OpMul:
		return repeatEither(a, b)
	case OpMod:
		switch x := a.(type) {
		case Str:
			s, err := PercentFormat(string(x), b)
			if err != nil {
				return nil, err
			}
			return Str(s), nil
		case Bytes:
			s, err := PercentFormatBytes(string(x), b)
			if err != nil {
				return nil, err
			}
			return Bytes(s), nil
		}
	case OpOr:
		if x, ok := a.(*Dict); ok {
			if y, ok := b.(*Dict); ok {
				return mergeDicts(x, y), nil
			}
		}
	}
	switch op {
	case OpAnd, OpOr, OpXor, OpSub:
		if v, known, err := setBinary(op, a, b); known || err != nil {
			return v, err
		}
	}
	return nil, binaryTypeError(op, a, b)
}

func mergeDicts(x, y *Dict) *Dict {
	d := x.Copy()
	d.Ordered = x.Ordered || y.Ordered
	d.Update(y)
	return d
}

func numberBinary(op BinOp, a, b Value) (Value, error) {
	if op >= OpAnd {
		return bitBinary(op, a, b)
	}
	_, aFloat := a.(Float)
	_, bFloat := b.(Float)
	_, aComplex := a.(Complex)
	_, bComplex := b.(Complex)
	switch {
	case aComplex || bComplex:
		return complexBinary(op, a, b)
	case aFloat || bFloat:
		x, _, err := asFloat(a)
		if err != nil {
			return nil, err
		}
		y, _, err := asFloat(b)
		if err != nil {
			return nil, err
		}
		return floatBinary(op, x, y)
	}
	x, okX := AsInt(a)
	y, okY := AsInt(b)
	if okX && okY {
		return intBinary(op, x, y)
	}
	return bigBinary(op, bigOf(a), bigOf(b))
}

func bitBinary(op BinOp, a, b Value) (Value, error) {
	for _, v := range [...]Value{a, b} {
		switch v.(type) {
		case Float, Complex:
			return nil, binaryTypeError(op, a, b)
		}
	}
	if x, ok := a.(Bool); ok {
		if y, ok := b.(Bool); ok {
			switch op {
			case OpAnd:
				return x && y, nil
			case OpOr:
				return x || y, nil
			case OpXor:
				return Bool(x != y), nil
			}
		}
	}
	x, okX := AsInt(a)
	y, okY := AsInt(b)
	if okX && okY {
		return intBinary(op, x, y)
	}
	return bigBinary(op, bigOf(a), bigOf(b))
}

// intBinary works on 64-bit ints and goes to big ones on overflow.
func intBinary(op BinOp, x, y int64) (Value, error) {
	switch op {
	case OpAdd:
		if s := x + y; (s > x) == (y > 0) {
			return Int(s), nil
		}
	case OpSub:
		if s := x - y; (s < x) == (y > 0) {
			return Int(s), nil
		}
	case OpMul:
		if hi, lo := bits.Mul64(uabs(x), uabs(y)); hi == 0 && lo < 1<<63 {
			if (x < 0) != (y < 0) {
				return Int(-int64(lo)), nil
			}
			return Int(int64(lo)), nil
		}
	case OpDiv:
		if y == 0 {
			return nil, Errorf("ZeroDivisionError", "division by zero")
		}
		if uabs(x) <= 1<<53 && uabs(y) <= 1<<53 {
			return Float(float64(x) / float64(y)), nil
		}
	case OpFloorDiv:
		if y == 0 {
			return nil, Errorf("ZeroDivisionError", "integer division or modulo by zero")
		}
		if x != math.MinInt64 || y != -1 {
			q := x / y
			if x%y != 0 && (x < 0) != (y < 0) {
				q--
			}
			return Int(q), nil
		}
	case OpMod:
		if y == 0 {
			return nil, Errorf("ZeroDivisionError", "integer modulo by zero")
		}
		if y == -1 {
			return Int(0), nil
		}
		r := x % y
		if r != 0 && (r < 0) != (y < 0) {
			r += y
		}
		return Int(r), nil
	case OpAnd:
		return Int(x & y), nil
	case OpOr:
		return Int(x | y), nil
	case OpXor:
		return Int(x ^ y), nil
	case OpRShift:
		if y >= 0 {
			return Int(x >> min(uint64(y), 63)), nil
		}
	case OpLShift:
		if y >= 0 && y < 63 && x<<y>>y == x {
			return Int(x << y), nil
		}
	}
	return bigBinary(op, big.NewInt(x), big.NewInt(y))
}

func uabs(x int64) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

func bigBinary(op BinOp, x, y *big.Int) (Value, error) {
	z := new(big.Int)
	switch op {
	case OpAdd:
		return NewInt(z.Add(x, y)), nil
	case OpSub:
		return NewInt(z.Sub(x, y)), nil
	case OpMul:
		if x.BitLen()+y.BitLen() > maxBits {
			return nil, memoryError()
		}
		return NewInt(z.Mul(x, y)), nil
	case OpDiv:
		return bigDivide(x, y)
	case OpFloorDiv:
		if y.Sign() == 0 {
			return nil, Errorf("ZeroDivisionError", "integer division or modulo by zero")
		}
		q, _ := floorDivMod(x, y)
		return NewInt(q), nil
	case OpMod:
		if y.Sign() == 0 {
			return nil, Errorf("ZeroDivisionError", "integer modulo by zero")
		}
		_, r := floorDivMod(x, y)
		return NewInt(r), nil
	case OpPow:
		return bigPow(x, y)
	case OpAnd:
		return NewInt(z.And(x, y)), nil
	case OpOr:
		return NewInt(z.Or(x, y)), nil
	case OpXor:
		return NewInt(z.Xor(x, y)), nil
	}
	return bigShift(op, x, y)
}

func bigShift(op BinOp, x, y *big.Int) (Value, error) {
	if y.Sign() < 0 {
		return nil, ValueErrorf("negative shift count")
	}
	if op == OpRShift {
		if !y.IsInt64() || y.Int64() > int64(x.BitLen()) {
			return Int(min(0, x.Sign())), nil
		}
		return NewInt(new(big.Int).Rsh(x, uint(y.Int64()))), nil
	}
	if x.Sign() == 0 {
		return Int(0), nil
	}
	if !y.IsInt64() {
		return nil, Errorf("OverflowError", "too many digits in integer")
	}
	if y.Int64()+int64(x.BitLen()) > maxBits {
		return nil, memoryError()
	}
	return NewInt(new(big.Int).Lsh(x, uint(y.Int64()))), nil
}

// floorDivMod rounds the quotient down; y is not zero.
func floorDivMod(x, y *big.Int) (q, r *big.Int) {
	q, r = new(big.Int).QuoRem(x, y, new(big.Int))
	if r.Sign() != 0 && (r.Sign() < 0) != (y.Sign() < 0) {
		q.Sub(q, big.NewInt(1))
		r.Add(r, y)
	}
	return q, r
}

// bigDivide is true division, correctly rounded.
func bigDivide(x, y *big.Int) (Value, error) {
	if y.Sign() == 0 {
		return nil, Errorf("ZeroDivisionError", "division by zero")
	}
	f, _ := new(big.Rat).SetFrac(x, y).Float64()
	if math.IsInf(f, 0) {
		return nil, Errorf("OverflowError", "integer division result too large for a float")
	}
	if f == 0 && (x.Sign() < 0) != (y.Sign() < 0) {
		f = math.Copysign(0, -1)
	}
	return Float(f), nil
}

func bigPow(x, y *big.Int) (Value, error) {
	if y.Sign() < 0 {
		fx, err := bigToFloat(x)
		if err != nil {
			return nil, err
		}
		fy, err := bigToFloat(y)
		if err != nil {
			return nil, err
		}
		return floatPow(fx, fy)
	}
	if x.IsInt64() && x.Int64() >= -1 && x.Int64() <= 1 { // any exponent is quick
		switch {
		case y.Sign() == 0 || x.Int64() == 1:
			return Int(1), nil
		case x.Sign() == 0:
			return Int(0), nil
		}
		return Int(1 - 2*int64(y.Bit(0))), nil
	}
	if !y.IsInt64() || y.Int64() > maxBits || y.Int64()*int64(x.BitLen()) > maxBits {
		return nil, memoryError()
	}
	return NewInt(new(big.Int).Exp(x, y, nil)), nil
}

// UnaryOp is an operator of one operand.
type UnaryOp uint8

// The unary operators; `not` is Truth.
const (
	OpNeg UnaryOp = iota
	OpPos
	OpInvert
)

// String returns the operator as Python writes it.
func (op UnaryOp) String() string { return [...]string{"-", "+", "~"}[op] }

// UnaryOperand is __neg__, __pos__ and __invert__.
type UnaryOperand interface {
	UnaryOp(op UnaryOp) (v Value, known bool, err error)
}

// Unary is op v.
func Unary(op UnaryOp, v Value) (Value, error) {
	switch x := v.(type) {
	case Float:
		switch op {
		case OpNeg:
			return -x, nil
		case OpPos:
			return x, nil
		}
	case Complex:
		switch op {
		case OpNeg:
			return -x, nil
		case OpPos:
			return x, nil
		}
	case Int, Bool, *Long:
		switch op {
		case OpNeg:
			if n, ok := AsInt(v); ok && n != math.MinInt64 {
				return Int(-n), nil
			}
			return NewInt(new(big.Int).Neg(bigOf(v))), nil
		case OpPos:
			if n, ok := AsInt(v); ok {
				return Int(n), nil
			}
			return v, nil
		}
		return NewInt(new(big.Int).Not(bigOf(v))), nil
	case UnaryOperand:
		if r, known, err := x.UnaryOp(op); known || err != nil {
			return r, err
		}
	}
	return nil, TypeErrorf("bad operand type for unary %s: '%s'", op, TypeName(v))
}

// Abs is abs(v).
func Abs(v Value) (Value, error) {
	switch x := v.(type) {
	case Float:
		return Float(math.Abs(float64(x))), nil
	case Complex:
		return Float(math.Hypot(real(complex128(x)), imag(complex128(x)))), nil
	case Int, Bool, *Long:
		if bigOf(v).Sign() < 0 {
			return Unary(OpNeg, v)
		}
		return Unary(OpPos, v)
	case interface{ Abs() Value }:
		return x.Abs(), nil
	}
	return nil, TypeErrorf("bad operand type for abs(): '%s'", TypeName(v))
}

// DivMod is divmod(a, b).
func DivMod(a, b Value) (Value, error) {
	if isReal(a) && isReal(b) {
		_, aFloat := a.(Float)
		_, bFloat := b.(Float)
		if (aFloat || bFloat) && !IsTrue(b) {
			return nil, Errorf("ZeroDivisionError", "float divmod()")
		}
	} else if _, ok := a.(Operand); !ok {
		return nil, TypeErrorf("unsupported operand type(s) for divmod(): '%s' and '%s'", TypeName(a), TypeName(b))
	}
	q, err := Binary(OpFloorDiv, a, b)
	if err != nil {
		return nil, err
	}
	r, err := Binary(OpMod, a, b)
	if err != nil {
		return nil, err
	}
	return Tuple{q, r}, nil
}
