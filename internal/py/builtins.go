package py

import (
	"context"
	"strings"
	"unicode/utf8"
)

// TypeObject is a class such as dict or str: it can be called, and knows its
// class methods.
type TypeObject struct {
	Name string
	call func(ctx context.Context, args *Args) (Value, error)
	attr func(name string) Value
}

// Type implements Value.
func (*TypeObject) Type() string { return "type" }

// Call implements Callable.
func (t *TypeObject) Call(ctx context.Context, args *Args) (Value, error) { return t.call(ctx, args) }

// PyRepr implements Reprer.
func (t *TypeObject) PyRepr() (string, error) { return "<class '" + t.Name + "'>", nil }

// Attr implements AttrGetter.
func (t *TypeObject) Attr(name string) (Value, bool, error) {
	if t.attr == nil || strings.HasPrefix(name, "__") {
		return nil, false, nil
	}
	v := t.attr(name)
	return v, v != nil, nil
}

// Builtins returns a new dict of the built-in functions and classes that have
// no side effects, by name. The caller picks what it lets templates have.
func Builtins() map[string]Value {
	m := builtinTypes()
	for name, fn := range builtinFuncs() {
		m[name] = NewFunc(name, fn)
	}
	return m
}

func builtinTypes() map[string]Value {
	m := map[string]Value{}
	add := func(name string, empty Value, call func(ctx context.Context, a *Args) (Value, error)) {
		m[name] = &TypeObject{Name: name, call: call, attr: func(attr string) Value { return ClassAttr(empty, attr) }}
	}
	add("int", Int(0), intType)
	add("float", Float(0), floatType)
	add("str", Str(""), strType)
	add("bool", Bool(false), boolType)
	add("bytes", Bytes(""), bytesType)
	add("complex", Complex(0), complexType)
	add("list", &List{}, func(_ context.Context, a *Args) (Value, error) {
		items, err := optionalItems("list", a)
		return &List{Items: items}, err
	})
	add("tuple", Tuple{}, func(_ context.Context, a *Args) (Value, error) {
		items, err := optionalItems("tuple", a)
		return Tuple(items), err
	})
	add("set", &Set{}, func(_ context.Context, a *Args) (Value, error) { return setType(a, "set") })
	add("frozenset", &Set{Frozen: true}, func(_ context.Context, a *Args) (Value, error) { return setType(a, "frozenset") })
	add("dict", &Dict{}, func(_ context.Context, a *Args) (Value, error) { return NewDictOf(a, false) })
	add("OrderedDict", &Dict{Ordered: true}, func(_ context.Context, a *Args) (Value, error) { return NewDictOf(a, true) })
	add("range", &Range{}, func(_ context.Context, a *Args) (Value, error) {
		if len(a.Kw) > 0 {
			return nil, TypeErrorf("range() takes no keyword arguments")
		}
		return NewRange(a.Pos...)
	})
	m["OrderedDict"].(*TypeObject).Name = "collections.OrderedDict"
	return m
}

func optionalItems(name string, a *Args) ([]Value, error) {
	if err := posArgs(name, name, a, 0, 1); err != nil {
		return nil, err
	}
	if len(a.Pos) == 0 {
		return []Value{}, nil
	}
	return Collect(a.Pos[0])
}

func setType(a *Args, name string) (Value, error) {
	items, err := optionalItems(name, a)
	if err != nil {
		return nil, err
	}
	s, err := NewSet(items...)
	if err != nil {
		return nil, err
	}
	s.Frozen = name == "frozenset"
	return s, nil
}

// NewDictOf is dict(*args, **kwargs) or OrderedDict(...).
func NewDictOf(a *Args, ordered bool) (*Dict, error) {
	d := &Dict{Ordered: ordered}
	if ordered && len(a.Pos) > 1 {
		return nil, TypeErrorf("expected at most 1 arguments, got %d", len(a.Pos))
	}
	if err := countArgs("dict", len(a.Pos), 0, 1); err != nil {
		return nil, err
	}
	if len(a.Pos) == 1 {
		if err := UpdateDict(d, a.Pos[0]); err != nil {
			return nil, err
		}
	}
	for _, kw := range a.Kw {
		d.SetStr(kw.Name, kw.Value)
	}
	return d, nil
}

func intType(_ context.Context, a *Args) (Value, error) {
	var base Value
	b := &Args{Pos: a.Pos}
	for _, kw := range a.Kw {
		if kw.Name != "base" {
			return nil, TypeErrorf("'%s' is an invalid keyword argument for int()", kw.Name)
		}
		base = kw.Value
	}
	if len(a.Pos) > 2 {
		return nil, TypeErrorf("int() takes at most 2 arguments (%d given)", len(b.Pos))
	}
	if len(a.Pos) == 2 {
		base = a.Pos[1]
	}
	if len(a.Pos) == 0 {
		if base != nil {
			return nil, TypeErrorf("int() missing string argument")
		}
		return Int(0), nil
	}
	if base != nil {
		return ToIntBase(a.Pos[0], base)
	}
	return ToInt(a.Pos[0])
}

func floatType(_ context.Context, a *Args) (Value, error) {
	if err := posArgs("float", "float", a, 0, 1); err != nil {
		return nil, err
	}
	if len(a.Pos) == 0 {
		return Float(0), nil
	}
	return ToFloat(a.Pos[0])
}

func boolType(_ context.Context, a *Args) (Value, error) {
	if err := posArgs("bool", "bool", a, 0, 1); err != nil {
		return nil, err
	}
	if len(a.Pos) == 0 {
		return Bool(false), nil
	}
	t, err := Truth(a.Pos[0])
	return Bool(t), err
}

func strType(_ context.Context, a *Args) (Value, error) {
	out, err := kwArgs("str", a, 0, "object", "encoding", "errors")
	if err != nil {
		return nil, err
	}
	if out[0] == nil {
		return Str(""), nil
	}
	if out[1] == nil && out[2] == nil {
		s, err := StrErr(out[0])
		return Str(s), err
	}
	text := [2]string{"utf-8", "strict"}
	for i, v := range out[1:] {
		if v == nil {
			continue
		}
		s, ok := asStr(v)
		if !ok {
			return nil, TypeErrorf("str() argument '%s' must be str, not %s", [2]string{"encoding", "errors"}[i], argType(v))
		}
		text[i] = s
	}
	s, err := StrOfBytes(out[0], text[0], text[1])
	return Str(s), err
}

func bytesType(_ context.Context, a *Args) (Value, error) {
	out, err := kwArgs("bytes", a, 0, "source", "encoding", "errors")
	if err != nil {
		return nil, err
	}
	for i, name := range []string{1: "encoding", 2: "errors"} {
		if i > 0 && out[i] != nil {
			if _, ok := asStr(out[i]); !ok {
				return nil, TypeErrorf("bytes() argument '%s' must be str, not %s", name, argType(out[i]))
			}
		}
	}
	isText := false
	if out[0] != nil {
		_, isText = asStr(out[0])
	}
	switch {
	case !isText && out[1] != nil:
		return nil, TypeErrorf("encoding without a string argument")
	case !isText && out[2] != nil:
		return nil, TypeErrorf("errors without a string argument")
	case out[0] == nil:
		return Bytes(""), nil
	}
	if s, ok := asStr(out[0]); ok {
		if out[1] == nil {
			return nil, TypeErrorf("string argument without an encoding")
		}
		encoding, errors, err := codecArgs("bytes", &Args{Pos: a.Pos[1:], Kw: a.Kw})
		if err != nil {
			return nil, err
		}
		b, err := Encode(s, encoding, errors)
		return Bytes(b), err
	}
	switch x := out[0].(type) {
	case Bytes:
		return x, nil
	case Int, Bool:
		n, _ := AsInt(x)
		if n < 0 {
			return nil, ValueErrorf("negative count")
		}
		b, err := repeatString("\x00", n)
		return Bytes(b), err
	}
	if _, long := out[0].(*Long); long {
		return nil, Errorf("OverflowError", "cannot fit 'int' into an index-sized integer")
	}
	items, err := Collect(out[0])
	if err != nil {
		return nil, TypeErrorf("cannot convert '%s' object to bytes", TypeName(out[0]))
	}
	b := make([]byte, len(items))
	for i, it := range items {
		n, err := intArg(it)
		if err != nil {
			return nil, err
		}
		if n < 0 || n > 255 {
			return nil, ValueErrorf("bytes must be in range(0, 256)")
		}
		b[i] = byte(n)
	}
	return Bytes(b), nil
}

// Ord is ord(v).
func Ord(v Value) (Value, error) {
	s, ok := asStr(v)
	n := runeCount(s)
	if b, isBytes := v.(Bytes); isBytes {
		if len(b) == 1 {
			return Int(b[0]), nil
		}
		n, ok = len(b), true
	}
	if !ok {
		return nil, TypeErrorf("ord() expected string of length 1, but %s found", TypeName(v))
	}
	if n != 1 {
		return nil, TypeErrorf("ord() expected a character, but string of length %d found", n)
	}
	r, _ := nextRune(s)
	return Int(r), nil
}

// Chr is chr(v).
func Chr(v Value) (Value, error) {
	i, err := Index(v)
	if err != nil {
		return nil, err
	}
	n, ok := AsInt(i)
	if !ok {
		return nil, Errorf("OverflowError", "Python int too large to convert to C int")
	}
	if n < 0 || n > utf8.MaxRune {
		return nil, ValueErrorf("chr() arg not in range(0x110000)")
	}
	return Str(encodeRune(rune(n))), nil
}
