// Package py is pinch's value model: the Python objects that a Salt tree is
// made of, from YAML and Jinja through pillar, grains and low state to the
// wire and the outputters.
//
// Order, identity and printing follow CPython, because Salt's results do:
// dicts keep insertion order and are shared by reference, True equals 1 as a
// key, and str() and repr() of every type are Python's. The package has no
// init, no global mutable state and does no I/O; a value that nobody mutates
// may be shared between goroutines.
//
// The language reference is https://docs.python.org/3.11/reference/datamodel.html.
package py

import (
	"math/big"
)

// Value is any Python object. Behaviour beyond the type name is found by the
// optional interfaces of protocol.go (Truther, Iterable, Callable, ...); the
// operators are functions of this package (Repr, Str, Equal, Truth, ...).
type Value interface {
	// Type returns the Python type name, such as "int" or "OrderedDict".
	Type() string
}

// NoneType is the type of None.
type NoneType struct{}

// None is Python's None. A nil Value is never a valid value.
var None = NoneType{}

// Type implements Value.
func (NoneType) Type() string { return "NoneType" }

// EllipsisType is the type of Ellipsis.
type EllipsisType struct{}

// Ellipsis is Python's `...`.
var Ellipsis = EllipsisType{}

// Type implements Value.
func (EllipsisType) Type() string { return "ellipsis" }

// Bool is Python's bool. As a dict key and in arithmetic it is an int.
type Bool bool

// The two bools.
const (
	False = Bool(false)
	True  = Bool(true)
)

// Type implements Value.
func (Bool) Type() string { return "bool" }

// Int is an int that fits 64 bits. Larger ones are *Long: build ints of
// unknown size with NewInt, which picks.
type Int int64

// Type implements Value.
func (Int) Type() string { return "int" }

// Long is an int beyond 64 bits. It is immutable.
type Long struct{ v *big.Int }

// Type implements Value.
func (*Long) Type() string { return "int" }

// Big returns a copy of the value.
func (l *Long) Big() *big.Int { return new(big.Int).Set(l.v) }

// NewInt returns i as an Int or, when it does not fit, a *Long.
func NewInt(i *big.Int) Value {
	if i.IsInt64() {
		return Int(i.Int64())
	}
	return &Long{v: new(big.Int).Set(i)}
}

// AsBig returns v as a big integer when it is a bool or an int.
func AsBig(v Value) (*big.Int, bool) {
	switch v := v.(type) {
	case Bool:
		if v {
			return big.NewInt(1), true
		}
		return new(big.Int), true
	case Int:
		return big.NewInt(int64(v)), true
	case *Long:
		return v.Big(), true
	}
	return nil, false
}

// AsInt returns v as an int64 when it is a bool or an int that fits.
func AsInt(v Value) (int64, bool) {
	switch v := v.(type) {
	case Bool:
		if v {
			return 1, true
		}
		return 0, true
	case Int:
		return int64(v), true
	}
	return 0, false
}

// Float is Python's float.
type Float float64

// Type implements Value.
func (Float) Type() string { return "float" }

// Str is Python's str, held as UTF-8. Indexing and length count code points.
// Lone surrogates are held in their three-byte (WTF-8) form.
type Str string

// Type implements Value.
func (Str) Type() string { return "str" }

// Bytes is Python's bytes. Being a Go string it is immutable and comparable.
type Bytes string

// Type implements Value.
func (Bytes) Type() string { return "bytes" }

// Tuple is Python's tuple. The slice must not be changed once it is a value.
type Tuple []Value

// Type implements Value.
func (Tuple) Type() string { return "tuple" }

// List is Python's list, shared by reference.
type List struct{ Items []Value }

// Type implements Value.
func (*List) Type() string { return "list" }

// NewList returns a list that holds items; it keeps the slice.
func NewList(items ...Value) *List { return &List{Items: items} }

// Append adds a value at the end.
func (l *List) Append(v Value) { l.Items = append(l.Items, v) }

// Len returns the number of items.
func (l *List) Len() int { return len(l.Items) }

// Strings returns the list of Str values made of ss.
func Strings(ss ...string) *List {
	l := &List{Items: make([]Value, len(ss))}
	for i, s := range ss {
		l.Items[i] = Str(s)
	}
	return l
}

// OptStr returns Str(s), or None for the empty string.
func OptStr(s string) Value {
	if s == "" {
		return None
	}
	return Str(s)
}
