package py

import "context"

// The optional interfaces below are Python's special methods. A type that has
// none of them behaves like a plain object: true, equal only to itself,
// neither iterable nor callable.

// Truther is __bool__.
type Truther interface{ Truth() (bool, error) }

// Lener is __len__.
type Lener interface{ Len() int }

// Iterable is __iter__. An Iterator returned by it is read once.
type Iterable interface {
	Value
	Iter() (Iterator, error)
}

// Iterator yields values; after the last one ok is false for ever.
type Iterator interface {
	Next() (v Value, ok bool, err error)
}

// AttrGetter is __getattr__: ok is false when there is no such attribute.
type AttrGetter interface {
	Attr(name string) (v Value, ok bool, err error)
}

// ItemGetter is __getitem__. A missing key or index is a KeyError or IndexError.
type ItemGetter interface {
	Item(key Value) (Value, error)
}

// ClassItemGetter is __class_getitem__: a class that can be subscripted, which
// makes it no mapping.
type ClassItemGetter interface {
	ClassItem(key Value) (Value, error)
}

// ItemSetter is __setitem__.
type ItemSetter interface {
	SetItem(key, v Value) error
}

// Container is __contains__.
type Container interface {
	Contains(v Value) (bool, error)
}

// Stringer is __str__; Reprer is __repr__. The Go method names avoid
// fmt.Stringer so that no value prints itself by accident.
type (
	Stringer interface{ PyStr() (string, error) }
	Reprer   interface{ PyRepr() (string, error) }
)

// Equaler is __eq__: known is false for NotImplemented.
type Equaler interface {
	EqualTo(other Value) (equal, known bool, err error)
}

// Hasher is __hash__: the result is a comparable Go value; equal values give
// equal ones.
type Hasher interface {
	HashKey() (any, error)
}

// Callable is __call__.
type Callable interface {
	Value
	Call(ctx context.Context, args *Args) (Value, error)
}

// Args are the arguments of one call, keyword arguments in the order given.
type Args struct {
	Pos []Value
	Kw  []KwArg
}

// KwArg is one keyword argument.
type KwArg struct {
	Name  string
	Value Value
}

// NewArgs returns arguments with only positional values.
func NewArgs(pos ...Value) *Args { return &Args{Pos: pos} }

// Get returns the keyword argument of that name.
func (a *Args) Get(name string) (Value, bool) {
	for _, k := range a.Kw {
		if k.Name == name {
			return k.Value, true
		}
	}
	return nil, false
}

// KwDict returns the keyword arguments as a dict, in order.
func (a *Args) KwDict() *Dict {
	d := NewDict()
	for _, k := range a.Kw {
		d.SetStr(k.Name, k.Value)
	}
	return d
}

// Func is a Go function as a Python callable.
type Func struct {
	Name string
	Fn   func(ctx context.Context, args *Args) (Value, error)
}

// NewFunc returns a callable named name.
func NewFunc(name string, fn func(ctx context.Context, args *Args) (Value, error)) *Func {
	return &Func{Name: name, Fn: fn}
}

// Type implements Value.
func (*Func) Type() string { return "builtin_function_or_method" }

// Call implements Callable.
func (f *Func) Call(ctx context.Context, args *Args) (Value, error) { return f.Fn(ctx, args) }
