package jinja

import (
	"context"
	"strings"

	"pinch/internal/py"
)

// generator is a Python generator: it can be read once, is true, and has
// neither length nor items.
type generator struct {
	typ  string
	name string // of the function, as repr shows it
	next func() (py.Value, bool, error)
	done bool
}

func newGenerator(name string, next func() (py.Value, bool, error)) *generator {
	return &generator{typ: "generator", name: name, next: next}
}

// Type implements py.Value.
func (g *generator) Type() string { return g.typ }

// Next implements py.Iterator.
func (g *generator) Next() (py.Value, bool, error) {
	if g.done {
		return nil, false, nil
	}
	v, ok, err := g.next()
	if err != nil || !ok {
		g.done = true
		return nil, false, err
	}
	return v, true, nil
}

// Attr implements py.AttrGetter.
func (g *generator) Attr(name string) (py.Value, bool, error) {
	if g.typ != "generator" {
		return nil, false, nil
	}
	switch name {
	case "gi_frame", "gi_code": // the sandbox refuses them
		return py.None, true, nil
	case "gi_running", "gi_suspended":
		return py.False, true, nil
	case "close":
		return py.NewFunc(name, func(_ context.Context, a *py.Args) (py.Value, error) {
			if len(a.Pos)+len(a.Kw) > 0 {
				return nil, py.TypeErrorf("generator.close() takes no arguments (%d given)", len(a.Pos))
			}
			g.done = true
			return py.None, nil
		}), true, nil
	case "send":
		return py.NewFunc(name, func(_ context.Context, a *py.Args) (py.Value, error) {
			if len(a.Pos) != 1 || len(a.Kw) > 0 {
				return nil, py.TypeErrorf("generator.send() takes exactly one argument (%d given)", len(a.Pos))
			}
			if _, none := a.Pos[0].(py.NoneType); !none {
				return nil, py.TypeErrorf("can't send non-None value to a just-started generator")
			}
			v, ok, err := g.Next()
			if err == nil && !ok {
				return nil, py.Errorf("StopIteration", "")
			}
			return v, err
		}), true, nil
	}
	return nil, false, nil
}

// Iter implements py.Iterable.
func (g *generator) Iter() (py.Iterator, error) { return g, nil }

// PyRepr implements py.Reprer. The address, which differs from run to run in
// Python, is always the same.
func (g *generator) PyRepr() (string, error) {
	name := g.typ + " object"
	if g.name != "" {
		name += " " + g.name
	}
	return "<" + name + " at 0x7f0000000000>", nil
}

// NewGenerator returns a Python iterator of the named type ("generator",
// "zip", "map"): next is called until ok is false. It can be read once.
func NewGenerator(typ string, next func() (v py.Value, ok bool, err error)) py.Value {
	return &generator{typ: typ, next: next}
}

// ignoreCase lowers a string; others stay.
func ignoreCase(v py.Value) py.Value {
	if s, ok := strOf(v); ok {
		return py.Str(strings.ToLower(s))
	}
	return v
}

// attrGetter returns a function that looks an attribute path such as "a.b.0"
// up in a value. attr None gives the value itself; def, when not nil, stands
// for what is undefined; with fold strings are lowered.
func (c *Context) attrGetter(attr, def py.Value, fold bool) (func(py.Value) (py.Value, error), error) {
	var parts []py.Value
	switch v := attr.(type) {
	case py.NoneType:
	case py.Str:
		for _, p := range strings.Split(string(v), ".") {
			if n, ok := digits(p); ok {
				parts = append(parts, n)
			} else {
				parts = append(parts, py.Str(p))
			}
		}
	case Markup:
		return c.attrGetter(py.Str(v), def, fold)
	default:
		parts = []py.Value{attr}
	}
	return func(v py.Value) (py.Value, error) {
		for _, p := range parts {
			var err error
			if v, err = c.GetItem(v, p); err != nil {
				return nil, err
			}
			if def != nil && IsUndefined(v) {
				v = def
			}
		}
		if fold {
			v = ignoreCase(v)
		}
		return v, nil
	}, nil
}

// digits reads a string of digits as an int.
func digits(s string) (py.Value, bool) {
	if s == "" || len(s) > 18 {
		return nil, false
	}
	n := int64(0)
	for i := range len(s) {
		if !isDec(s[i]) {
			return nil, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return py.Int(n), true
}

// mapFilters are the filters that apply others: map, select and its kin.
func mapFilters() map[string]Filter {
	return map[string]Filter{
		"map":        fnRest("sync_do_map(context, value, *args, **kwargs)", doMap),
		"select":     fnRest("sync_do_select(context, value, *args, **kwargs)", selectOrReject(true, false)),
		"reject":     fnRest("sync_do_reject(context, value, *args, **kwargs)", selectOrReject(false, false)),
		"selectattr": fnRest("sync_do_selectattr(context, value, *args, **kwargs)", selectOrReject(true, true)),
		"rejectattr": fnRest("sync_do_rejectattr(context, value, *args, **kwargs)", selectOrReject(false, true)),
	}
}

// CallFilter applies a filter by name.
func (c *Context) CallFilter(name, v py.Value, args *py.Args) (py.Value, error) {
	return c.callNamed("filter", c.rt.env.filters, name, v, args)
}

// CallTest applies a test by name.
func (c *Context) CallTest(name, v py.Value, args *py.Args) (py.Value, error) {
	return c.callNamed("test", c.rt.env.tests, name, v, args)
}

func (c *Context) callNamed(kind string, table map[string]Filter, name, v py.Value, args *py.Args) (py.Value, error) {
	s, ok := strOf(name)
	f := table[s]
	if !ok || f == nil {
		if u, ok := name.(*Undefined); ok {
			if u.strict() { // looking it up already hashes it
				return nil, u.fail()
			}
			return nil, runtimeErrorf("No %s named %s. (%s; did you forget to quote the callable name?)", kind, "Undefined", u.message())
		}
		if _, _, err := py.NewDict().Get(name); err != nil { // not hashable
			return nil, err
		}
		return nil, runtimeErrorf("No %s named %s.", kind, py.Repr(name))
	}
	return f(c, v, args)
}

// lazyIter starts to iterate over v at the first use, if v is true.
type lazyIter struct {
	v       py.Value
	it      py.Iterator
	prepare func() error
}

func (l *lazyIter) next() (py.Value, bool, error) {
	if l.it == nil {
		ok, err := py.Truth(l.v)
		if err != nil || !ok {
			return nil, false, err
		}
		if err := l.prepare(); err != nil {
			return nil, false, err
		}
		if l.it, err = iterate(l.v); err != nil {
			return nil, false, err
		}
	}
	return l.it.Next()
}

func doMap(c *Context, a []py.Value, rest *py.Args) (py.Value, error) {
	var apply func(py.Value) (py.Value, error)
	src := &lazyIter{v: a[0]}
	src.prepare = func() error {
		attr, has := rest.Get("attribute")
		if len(rest.Pos) == 0 && has {
			var def py.Value
			for _, k := range rest.Kw {
				switch k.Name {
				case "attribute":
				case "default":
					if _, none := k.Value.(py.NoneType); !none {
						def = k.Value
					}
				default:
					return py.Errorf(classFilterArgs, "Unexpected keyword argument %s", quote(k.Name))
				}
			}
			var err error
			apply, err = c.attrGetter(attr, def, false)
			return err
		}
		if len(rest.Pos) == 0 {
			return py.Errorf(classFilterArgs, "map requires a filter argument")
		}
		args := &py.Args{Pos: rest.Pos[1:], Kw: rest.Kw}
		apply = func(v py.Value) (py.Value, error) { return c.CallFilter(rest.Pos[0], v, args) }
		return nil
	}
	return newGenerator("sync_do_map", func() (py.Value, bool, error) {
		if err := c.rt.step(); err != nil {
			return nil, false, err
		}
		v, ok, err := src.next()
		if err != nil || !ok {
			return nil, false, err
		}
		v, err = apply(v)
		return v, true, err
	}), nil
}

func selectOrReject(want, attr bool) func(*Context, []py.Value, *py.Args) (py.Value, error) {
	return func(c *Context, a []py.Value, rest *py.Args) (py.Value, error) {
		var get func(py.Value) (py.Value, error)
		pos := rest.Pos
		src := &lazyIter{v: a[0]}
		src.prepare = func() error {
			if !attr {
				return nil
			}
			if len(pos) == 0 {
				return py.Errorf(classFilterArgs, "Missing parameter for attribute name")
			}
			var err error
			get, err = c.attrGetter(pos[0], nil, false)
			pos = pos[1:]
			return err
		}
		return newGenerator("select_or_reject", func() (py.Value, bool, error) {
			for {
				if err := c.rt.step(); err != nil {
					return nil, false, err
				}
				item, ok, err := src.next()
				if err != nil || !ok {
					return nil, false, err
				}
				v := item
				if get != nil {
					if v, err = get(item); err != nil {
						return nil, false, err
					}
				}
				if len(pos) > 0 {
					if v, err = c.CallTest(pos[0], v, &py.Args{Pos: pos[1:], Kw: rest.Kw}); err != nil {
						return nil, false, err
					}
				}
				pass, err := py.Truth(v)
				if err != nil {
					return nil, false, err
				}
				if pass == want {
					return item, true, nil
				}
			}
		}), nil
	}
}
