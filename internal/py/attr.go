package py

import (
	"context"
	"strings"
)

// method is a built-in method: self is the receiver.
type method func(ctx context.Context, self Value, args *Args) (Value, error)

// BoundMethod is a built-in method with its receiver.
type BoundMethod struct {
	Self Value
	Name string
	fn   method
}

// Type implements Value.
func (*BoundMethod) Type() string { return "builtin_function_or_method" }

// Call implements Callable.
func (m *BoundMethod) Call(ctx context.Context, args *Args) (Value, error) {
	return m.fn(ctx, m.Self, args)
}

// PyRepr implements Reprer. CPython adds an address, which differs from run to run.
func (m *BoundMethod) PyRepr() (string, error) {
	return "<built-in method " + m.Name + " of " + TypeName(m.Self) + " object>", nil
}

// PyRepr implements Reprer.
func (f *Func) PyRepr() (string, error) { return "<built-in function " + f.Name + ">", nil }

// lookupMethod finds the built-in method of a value.
func lookupMethod(v Value, name string) method {
	switch v := v.(type) {
	case Str:
		return strMethod(name)
	case *Dict:
		return dictMethod(name, v.Ordered)
	case *List:
		return listMethod(name)
	case Tuple:
		return tupleMethod(name)
	case *Set:
		return setMethod(name, v.Frozen)
	case Bytes:
		return bytesMethod(name)
	case Int, Bool, *Long:
		return intMethod(name)
	case Float:
		return floatMethod(name)
	case *View:
		return viewMethod(name, v.Kind)
	case *Range:
		return rangeMethod(name)
	}
	return nil
}

// LookupAttr is getattr(o, name) that says by ok whether there is one. Names
// with two leading underscores do not exist: nothing in a template needs
// them, and they lead out of a sandbox.
func LookupAttr(o Value, name string) (v Value, ok bool, err error) {
	if !strings.HasPrefix(name, "__") {
		if fn := lookupMethod(o, name); fn != nil {
			return &BoundMethod{Self: o, Name: name, fn: fn}, true, nil
		}
		if v := dataAttr(o, name); v != nil {
			return v, true, nil
		}
	}
	if g, isGetter := o.(AttrGetter); isGetter {
		return g.Attr(name)
	}
	return nil, false, nil
}

// GetAttr is getattr(o, name), see LookupAttr.
func GetAttr(o Value, name string) (Value, error) {
	v, ok, err := LookupAttr(o, name)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, noAttribute(o, name)
	}
	return v, nil
}

func noAttribute(o Value, name string) *Error {
	if t, ok := o.(*TypeObject); ok {
		return AttributeErrorf("type object '%s' has no attribute '%s'", t.Name, name)
	}
	return AttributeErrorf("'%s' object has no attribute '%s'", TypeName(o), name)
}

// dataAttr has the attributes of numbers and ranges that are no methods.
func dataAttr(o Value, name string) Value {
	switch x := o.(type) {
	case Int, Bool, *Long:
		n, _ := Unary(OpPos, o) // an int cannot raise
		switch name {
		case "real", "numerator":
			return n
		case "imag":
			return Int(0)
		case "denominator":
			return Int(1)
		}
	case Float:
		switch name {
		case "real":
			return x
		case "imag":
			return Float(0)
		}
	case Complex:
		switch name {
		case "real":
			return Float(real(complex128(x)))
		case "imag":
			return Float(imag(complex128(x)))
		}
	case *Range:
		switch name {
		case "start":
			return Int(x.Start)
		case "stop":
			return Int(x.Stop)
		case "step":
			return Int(x.Step)
		}
	case *Slice:
		switch name {
		case "start":
			return OrNone(x.Start)
		case "stop":
			return OrNone(x.Stop)
		case "step":
			return OrNone(x.Step)
		}
	}
	return nil
}

// Call is fn(*args).
func Call(ctx context.Context, fn Value, args *Args) (Value, error) {
	if c, ok := fn.(Callable); ok {
		return c.Call(ctx, args)
	}
	return nil, TypeErrorf("'%s' object is not callable", TypeName(fn))
}

// CallMethod is o.name(*args) without making the bound method.
func CallMethod(ctx context.Context, o Value, name string, args *Args) (Value, error) {
	if fn := lookupMethod(o, name); fn != nil && !strings.HasPrefix(name, "__") {
		return fn(ctx, o, args)
	}
	f, err := GetAttr(o, name)
	if err != nil {
		return nil, err
	}
	return Call(ctx, f, args)
}

// IsCallable says whether v can be called.
func IsCallable(v Value) bool {
	_, ok := v.(Callable)
	return ok
}
