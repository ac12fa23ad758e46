package py

import (
	"context"
	"strings"
)

// ClassAttr is an attribute of a built-in class: a class method, bound, or a
// method that takes its receiver as first argument. empty is a value of the
// class; the result is nil when there is no such attribute.
func ClassAttr(empty Value, name string) Value {
	fn := lookupMethod(empty, name)
	if fn == nil {
		return nil
	}
	switch name {
	case "fromkeys", "maketrans", "fromhex", "from_bytes":
		return &BoundMethod{Self: empty, Name: name, fn: fn}
	}
	m := &MethodDescriptor{class: empty, name: name, fn: fn}
	if d, ok := empty.(*Dict); ok && d.Ordered && (name == "get") { // inherited
		m.class = &Dict{}
	}
	return m
}

// MethodDescriptor is a method of a class without a receiver, dict.get.
type MethodDescriptor struct {
	class Value
	name  string
	fn    method
}

// Type implements Value.
func (*MethodDescriptor) Type() string { return "method_descriptor" }

func (m *MethodDescriptor) className() string {
	if d, ok := m.class.(*Dict); ok && d.Ordered {
		return "collections.OrderedDict"
	}
	return m.class.Type()
}

// PyRepr implements Reprer.
func (m *MethodDescriptor) PyRepr() (string, error) {
	return "<method '" + m.name + "' of '" + m.className() + "' objects>", nil
}

// Call implements Callable.
func (m *MethodDescriptor) Call(ctx context.Context, a *Args) (Value, error) {
	if len(a.Pos) == 0 {
		return nil, TypeErrorf("unbound method %s.%s() needs an argument", m.class.Type(), m.name)
	}
	self := a.Pos[0]
	if s, ok := asStr(self); ok && m.class.Type() == "str" {
		self = Str(s)
	}
	t, class := self.Type(), m.class.Type()
	if t != class && !(class == "int" && t == "bool") && !(class == "dict" && t == "OrderedDict") {
		return nil, TypeErrorf("descriptor '%s' for '%s' objects doesn't apply to a '%s' object", m.name, m.className(), TypeName(self))
	}
	return m.fn(ctx, self, &Args{Pos: a.Pos[1:], Kw: a.Kw})
}

// IsGeneric says whether a class of that name, as repr shows it, can be
// subscripted: list[int].
func IsGeneric(class string) bool {
	switch class {
	case "dict", "list", "tuple", "set", "frozenset", "type", "collections.OrderedDict":
		return true
	}
	return false
}

// GenericAlias is a subscripted class, dict['a'].
type GenericAlias struct {
	Origin Value // callable
	Name   string
	Args   Tuple
}

// NewGenericAlias is origin[key]; name is the class's as repr shows it.
func NewGenericAlias(origin Value, name string, key Value) *GenericAlias {
	args, ok := key.(Tuple)
	if !ok {
		args = Tuple{key}
	}
	return &GenericAlias{Origin: origin, Name: name, Args: args}
}

// Type implements Value.
func (*GenericAlias) Type() string { return "GenericAlias" }

// TypeModule is the module of the class, which messages name.
func (*GenericAlias) TypeModule() string { return "types" }

func (*GenericAlias) qualifiedType() string { return "types.GenericAlias" }

// PyRepr implements Reprer.
func (g *GenericAlias) PyRepr() (string, error) {
	parts := make([]string, len(g.Args))
	for i, a := range g.Args {
		s, err := ReprErr(a)
		if err != nil {
			return "", err
		}
		if class, ok := strings.CutPrefix(s, "<class '"); ok && a.Type() == "type" {
			s = strings.TrimSuffix(class, "'>")
		}
		parts[i] = s
	}
	if len(parts) == 0 {
		parts = []string{"()"}
	}
	return g.Name + "[" + strings.Join(parts, ", ") + "]", nil
}

// Call implements Callable: it makes a value of the class.
func (g *GenericAlias) Call(ctx context.Context, a *Args) (Value, error) {
	return Call(ctx, g.Origin, a)
}

// Attr implements AttrGetter with the attributes of the class.
func (g *GenericAlias) Attr(name string) (Value, bool, error) { return LookupAttr(g.Origin, name) }

// Item implements ItemGetter.
func (g *GenericAlias) Item(Value) (Value, error) {
	s, err := ReprErr(g)
	if err != nil {
		return nil, err
	}
	return nil, TypeErrorf("%s is not a generic class", s)
}

// HashKey implements Hasher.
func (g *GenericAlias) HashKey() (any, error) {
	k, err := hashKey(g.Args)
	return aliasKey{g.Name, k}, err
}

type aliasKey struct {
	name string
	args any
}

// EqualTo implements Equaler.
func (g *GenericAlias) EqualTo(other Value) (equal, known bool, err error) {
	o, ok := other.(*GenericAlias)
	if !ok {
		return false, false, nil
	}
	if g.Name != o.Name {
		return false, true, nil
	}
	equal, err = Equal(g.Args, o.Args)
	return equal, true, err
}
