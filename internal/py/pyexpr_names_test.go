package py_test

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/py"
)

// pythonNames is what expressions may name.
func pythonNames() map[string]py.Value {
	names := py.Builtins()
	builder := func(name string, fn func() py.Value) {
		names[name] = py.NewFunc(name, func(context.Context, *py.Args) (py.Value, error) { return fn(), nil })
	}
	builder("rec_list", func() py.Value {
		a := py.NewList(py.Int(1))
		a.Append(a)
		return a
	})
	builder("rec_dict", func() py.Value {
		d := py.DictOf("k", py.Int(1))
		d.SetStr("s", d)
		return d
	})
	builder("rec_mixed", func() py.Value {
		l := py.NewList()
		d := py.DictOf("l", l)
		l.Append(d)
		l.Append(py.Tuple{d})
		return d
	})
	function := func(name string, fn func(a *py.Args) (py.Value, error)) {
		names[name] = py.NewFunc(name, func(_ context.Context, a *py.Args) (py.Value, error) { return fn(a) })
	}
	function("setitem", func(a *py.Args) (py.Value, error) { return a.Pos[0], py.SetItem(a.Pos[0], a.Pos[1], a.Pos[2]) })
	function("delitem", func(a *py.Args) (py.Value, error) { return a.Pos[0], py.DelItem(a.Pos[0], a.Pos[1]) })
	function("slice", func(a *py.Args) (py.Value, error) {
		if len(a.Pos) == 1 {
			return &py.Slice{Stop: a.Pos[0]}, nil
		}
		s := &py.Slice{Start: a.Pos[0], Stop: a.Pos[1]}
		if len(a.Pos) > 2 {
			s.Step = a.Pos[2]
		}
		return s, nil
	})
	names["type"] = py.NewFunc("type", func(_ context.Context, a *py.Args) (py.Value, error) { return typeOf(a.Pos[0]), nil })
	names["isinstance"] = py.NewFunc("isinstance", func(_ context.Context, a *py.Args) (py.Value, error) {
		if len(a.Pos) != 2 {
			return nil, fmt.Errorf("isinstance wants 2 arguments")
		}
		classes, ok := a.Pos[1].(py.Tuple)
		if !ok {
			classes = py.Tuple{a.Pos[1]}
		}
		for _, c := range classes {
			t := c.(*py.TypeObject).Name
			got := a.Pos[0].Type()
			if t == got || t == "int" && got == "bool" || t == "dict" && got == "OrderedDict" {
				return py.True, nil
			}
		}
		return py.False, nil
	})
	return names
}

// attribute adds the special methods, which the package itself does not show.
func attribute(o py.Value, name string) py.Value {
	method := func(fn func(a *py.Args) (py.Value, error)) py.Value {
		return py.NewFunc(name, func(_ context.Context, a *py.Args) (py.Value, error) { return fn(a) })
	}
	_, isType := o.(*py.TypeObject)
	switch name {
	case "__name__":
		if t, ok := o.(*py.TypeObject); ok {
			return py.Str(t.Name[strings.LastIndex(t.Name, ".")+1:])
		}
	case "__round__":
		return method(func(a *py.Args) (py.Value, error) { return py.Round(o, argOrNone(a)) })
	case "__int__", "__trunc__":
		return method(func(*py.Args) (py.Value, error) { return py.ToInt(o) })
	case "__float__":
		return method(func(*py.Args) (py.Value, error) { return py.ToFloat(o) })
	case "__len__":
		return method(func(*py.Args) (py.Value, error) { n, err := py.Len(o); return py.Int(n), err })
	case "__str__":
		return method(func(*py.Args) (py.Value, error) { s, err := py.StrErr(o); return py.Str(s), err })
	case "__repr__":
		return method(func(*py.Args) (py.Value, error) { s, err := py.ReprErr(o); return py.Str(s), err })
	case "__bool__":
		return method(func(*py.Args) (py.Value, error) { b, err := py.Truth(o); return py.Bool(b), err })
	case "__abs__":
		return method(func(*py.Args) (py.Value, error) { return py.Abs(o) })
	case "__neg__":
		return method(func(*py.Args) (py.Value, error) { return py.Unary(py.OpNeg, o) })
	case "__contains__":
		return method(func(a *py.Args) (py.Value, error) {
			b, err := py.Contains(o, a.Pos[0])
			return py.Bool(b), err
		})
	case "__getitem__":
		return method(func(a *py.Args) (py.Value, error) { return py.GetItem(o, a.Pos[0]) })
	case "__format__":
		return method(func(a *py.Args) (py.Value, error) {
			s, err := py.Format(o, string(a.Pos[0].(py.Str)))
			return py.Str(s), err
		})
	case "__class__":
		if !isType {
			return typeOf(o)
		}
	case "__add__":
		return method(func(a *py.Args) (py.Value, error) { return py.Binary(py.OpAdd, o, a.Pos[0]) })
	case "__eq__":
		return method(func(a *py.Args) (py.Value, error) {
			b, err := py.Equal(o, a.Pos[0])
			return py.Bool(b), err
		})
	}
	return must(py.GetAttr(o, name))
}

func argOrNone(a *py.Args) py.Value {
	if len(a.Pos) > 0 {
		return a.Pos[0]
	}
	return py.None
}

func typeOf(v py.Value) py.Value {
	if t, ok := py.Builtins()[v.Type()]; ok {
		return t
	}
	return &py.TypeObject{Name: v.Type()}
}
