package jinja

import (
	"context"
	"sync"

	"pinch/internal/py"
)

// The two environments: plain Jinja's and Salt's. They are built once, for the
// first template, and never changed.
var (
	plainEnv = sync.OnceValue(func() *environment { return newEnvironment(false) })
	saltEnv  = sync.OnceValue(func() *environment { return newEnvironment(true) })
)

func environmentFor(o *Options) *environment {
	if o.Extensions.Salt {
		return saltEnv()
	}
	return plainEnv()
}

func newEnvironment(salt bool) *environment {
	e := &environment{salt: salt, filters: map[string]Filter{}, tests: map[string]Filter{}, globals: map[string]py.Value{}}
	add(e.filters, textFilters(), listFilters(), numberFilters(), mapFilters(), htmlFilters())
	add(e.tests, coreTests())
	add(e.globals, coreGlobals())
	if salt {
		add(e.filters, saltTagFilters())
		add(e.tests, saltTagTests())
		add(e.globals, saltTagGlobals())
		addSalt(e)
	}
	// These look at the tables themselves.
	e.tests["filter"] = fn("test_filter(env, value)", func(_ *Context, a []py.Value) (py.Value, error) {
		name, ok := strOf(a[0])
		_, known := e.filters[name]
		_, _, err := py.NewDict().Get(a[0]) // unhashable?
		return py.Bool(ok && known), err
	})
	e.tests["test"] = fn("test_test(env, value)", func(_ *Context, a []py.Value) (py.Value, error) {
		name, ok := strOf(a[0])
		_, known := e.tests[name]
		_, _, err := py.NewDict().Get(a[0]) // unhashable?
		return py.Bool(ok && known), err
	})
	return e
}

func add[T any](to map[string]T, from ...map[string]T) {
	for _, m := range from {
		for k, v := range m {
			to[k] = v
		}
	}
}

// builtin is a global function, or a method of one of Jinja's own types.
type builtin struct {
	name  string // as repr shows it
	class bool   // a class, not a function
	// wantsContext is @pass_context: the function sees what a loop or block
	// assigned.
	wantsContext bool
	fn           Filter
	empty        py.Value // of a class that is Python's own: one of its values
}

// Attr implements py.AttrGetter.
func (b *builtin) Attr(name string) (py.Value, bool, error) {
	if b.class && name == "mro" {
		return &builtin{name: "mro"}, true, nil // refused by the sandbox
	}
	if b.empty == nil {
		return nil, false, nil
	}
	v := py.ClassAttr(b.empty, name)
	return v, v != nil, nil
}

// ClassItem implements py.ClassItemGetter: dict['a'] is a generic alias.
func (b *builtin) ClassItem(key py.Value) (py.Value, error) {
	switch {
	case b.class && py.IsGeneric(b.name):
		return py.NewGenericAlias(b, b.name, key), nil
	case b.class:
		return nil, py.TypeErrorf("type '%s' is not subscriptable", b.name)
	}
	return nil, py.TypeErrorf("'%s' object is not subscriptable", b.Type())
}

// Type implements py.Value.
func (b *builtin) Type() string {
	if b.class {
		return "type"
	}
	return "function"
}

// PyRepr implements py.Reprer.
func (b *builtin) PyRepr() (string, error) {
	if b.class {
		return "<class '" + b.name + "'>", nil
	}
	return "<function " + b.name + ">", nil
}

// Call implements py.Callable for callers outside a template.
func (b *builtin) Call(ctx context.Context, args *py.Args) (py.Value, error) {
	rt := &runtime{ctx: ctx, r: &Render{}, opts: &Options{NewlineSequence: "\n"}, env: &environment{salt: true}}
	rt.budget.init(Budget{})
	return b.fn(&Context{rt: rt, parent: &scope{}}, nil, args)
}

// global makes a global function from a Python signature.
func global(signature string, f func(c *Context, a []py.Value) (py.Value, error)) *builtin {
	s := sig(signature)
	return &builtin{name: s.name, fn: func(c *Context, _ py.Value, args *py.Args) (py.Value, error) {
		a, err := s.bind(nil, args)
		if err != nil {
			return nil, err
		}
		return f(c, a)
	}}
}
