package jinja

import (
	"strings"

	"pinch/internal/py"
)

// Salt is the variable "salt": execution functions by name, as
// salt['module.function'] or salt.module.function.
type Salt struct {
	lookup func(name string) (py.Value, bool)
	module func(name string) bool
}

// NewSalt returns the variable. lookup finds a function by its full name;
// module says whether there is any function in a module. Both may be called
// by several goroutines when the value is shared.
func NewSalt(lookup func(name string) (py.Value, bool), module func(name string) bool) *Salt {
	return &Salt{lookup: lookup, module: module}
}

// Type implements py.Value.
func (*Salt) Type() string { return "AliasedLoader" }

// QualifiedType is the class with its module.
func (*Salt) QualifiedType() string { return "salt.utils.templates.AliasedLoader" }

// PyRepr implements py.Reprer.
func (*Salt) PyRepr() (string, error) {
	return "<salt.utils.templates.AliasedLoader object>", nil
}

// Item implements py.ItemGetter.
func (s *Salt) Item(key py.Value) (py.Value, error) {
	if name, ok := strOf(key); ok {
		if v, ok := s.lookup(name); ok {
			return v, nil
		}
	}
	return nil, py.KeyError(key)
}

// Contains implements py.Container.
func (s *Salt) Contains(key py.Value) (bool, error) {
	name, ok := strOf(key)
	if !ok {
		return false, nil
	}
	_, ok = s.lookup(name)
	return ok, nil
}

// Attr implements py.AttrGetter: a module, whose attributes are functions.
func (s *Salt) Attr(name string) (py.Value, bool, error) {
	if strings.HasPrefix(name, "_") || !s.module(name) {
		return nil, false, nil
	}
	return &saltModule{s, name}, true, nil
}

type saltModule struct {
	salt *Salt
	name string
}

func (*saltModule) Type() string          { return "LoadedMod" }
func (*saltModule) QualifiedType() string { return "salt.loader.lazy.LoadedMod" }

func (m *saltModule) PyRepr() (string, error) {
	return "<LoadedMod module='salt.loaded.int.module." + m.name + "'>", nil
}

func (m *saltModule) Attr(name string) (py.Value, bool, error) {
	v, ok := m.salt.lookup(m.name + "." + name)
	return v, ok, nil
}
