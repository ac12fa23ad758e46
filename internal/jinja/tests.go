package jinja

import (
	"pinch/internal/py"
)

// coreTests are Jinja's tests, except "filter" and "test", which env.go adds.
func coreTests() map[string]Filter {
	is := func(signature string, f func(v py.Value) (bool, error)) Filter {
		return fn(signature, func(_ *Context, a []py.Value) (py.Value, error) {
			ok, err := f(a[0])
			return py.Bool(ok), err
		})
	}
	compare := func(name string, op cmpOp) Filter {
		return func(_ *Context, v py.Value, args *py.Args) (py.Value, error) {
			if err := noKeywords(name, args); err != nil {
				return nil, err
			}
			if len(args.Pos) != 1 {
				return nil, py.TypeErrorf("%s expected 2 arguments, got %d", name, len(args.Pos)+1)
			}
			ok, err := compareValues(op, v, args.Pos[0])
			return py.Bool(ok), err
		}
	}
	t := map[string]Filter{
		"odd":  fn("test_odd(value)", remainder(2, 1)),
		"even": fn("test_even(value)", remainder(2, 0)),
		"divisibleby": fn("test_divisibleby(value, num)", func(_ *Context, a []py.Value) (py.Value, error) {
			r, err := py.Binary(py.OpMod, a[0], a[1])
			if err != nil {
				return nil, err
			}
			eq, err := py.Equal(r, py.Int(0))
			return py.Bool(eq), err
		}),
		"defined":   is("test_defined(value)", func(v py.Value) (bool, error) { return !IsUndefined(v), nil }),
		"undefined": is("test_undefined(value)", func(v py.Value) (bool, error) { return IsUndefined(v), nil }),
		"none": is("test_none(value)", func(v py.Value) (bool, error) {
			_, ok := v.(py.NoneType)
			return ok, nil
		}),
		"boolean": is("test_boolean(value)", func(v py.Value) (bool, error) {
			_, ok := v.(py.Bool)
			return ok, nil
		}),
		"false": is("test_false(value)", func(v py.Value) (bool, error) { return v == py.Value(py.False), nil }),
		"true":  is("test_true(value)", func(v py.Value) (bool, error) { return v == py.Value(py.True), nil }),
		"integer": is("test_integer(value)", func(v py.Value) (bool, error) {
			switch v.(type) {
			case py.Int, *py.Long:
				return true, nil
			}
			return false, nil
		}),
		"float": is("test_float(value)", func(v py.Value) (bool, error) {
			_, ok := v.(py.Float)
			return ok, nil
		}),
		"lower":  fn("test_lower(value)", caseTest("islower")),
		"upper":  fn("test_upper(value)", caseTest("isupper")),
		"string": is("test_string(value)", func(v py.Value) (bool, error) { _, ok := strOf(v); return ok, nil }),
		"mapping": is("test_mapping(value)", func(v py.Value) (bool, error) {
			return isMapping(v), nil
		}),
		"number": is("test_number(value)", func(v py.Value) (bool, error) {
			switch v.(type) {
			case py.Bool, py.Int, *py.Long, py.Float, py.Complex:
				return true, nil
			}
			return false, nil
		}),
		"sequence": is("test_sequence(value)", func(v py.Value) (bool, error) { return isSequence(v), nil }),
		"sameas": fn("test_sameas(value, other)", func(_ *Context, a []py.Value) (py.Value, error) {
			return py.Bool(py.Is(a[0], a[1])), nil
		}),
		"iterable": is("test_iterable(value)", func(v py.Value) (bool, error) {
			if u, ok := v.(*Undefined); ok && u.strict() {
				return false, u.fail()
			}
			_, err := py.Iterate(v)
			if err != nil && classOf(err) != "TypeError" {
				return false, err
			}
			return err == nil, nil
		}),
		"escaped": is("test_escaped(value)", func(v py.Value) (bool, error) {
			switch v := v.(type) {
			case Markup, *Module:
				return true, nil
			case *Undefined:
				return v.kind == Chainable, nil
			}
			return false, nil
		}),
		"callable": builtinFn("callable", func(_ *Context, v py.Value) (py.Value, error) {
			_, loop := v.(*LoopContext)
			_, undefined := v.(*Undefined)
			return py.Bool(py.IsCallable(v) || loop || undefined), nil
		}),
		"in": fn("test_in(value, seq)", func(_ *Context, a []py.Value) (py.Value, error) {
			in, err := py.Contains(a[1], a[0])
			return py.Bool(in), err
		}),
	}
	for op, names := range map[cmpOp][]string{
		cmpEq: {"eq", "==", "equalto"}, cmpNe: {"ne", "!="}, cmpGt: {"gt", ">", "greaterthan"},
		cmpGe: {"ge", ">="}, cmpLt: {"lt", "<", "lessthan"}, cmpLe: {"le", "<="},
	} {
		for _, n := range names {
			t[n] = compare(names[0], op)
		}
	}
	return t
}

func remainder(div, want py.Int) func(*Context, []py.Value) (py.Value, error) {
	return func(_ *Context, a []py.Value) (py.Value, error) {
		r, err := py.Binary(py.OpMod, a[0], div)
		if err != nil {
			return nil, err
		}
		eq, err := py.Equal(r, want)
		return py.Bool(eq), err
	}
}

func caseTest(method string) func(*Context, []py.Value) (py.Value, error) {
	return func(c *Context, a []py.Value) (py.Value, error) {
		s, err := py.StrErr(a[0])
		if err != nil {
			return nil, err
		}
		return py.CallMethod(c.Ctx(), py.Str(s), method, &py.Args{})
	}
}

// mapper is a mapping other than dict, such as Salt's context objects.
type mapper interface{ IsMapping() bool }

func isMapping(v py.Value) bool {
	switch v := v.(type) {
	case *py.Dict:
		return true
	case mapper:
		return v.IsMapping()
	}
	return false
}

func isSequence(v py.Value) bool {
	switch v := v.(type) {
	case py.Str, Markup, py.Bytes, py.Tuple, *py.List, *py.Dict, *py.Range, *groupTuple:
		return true
	case *Undefined:
		return !v.strict()
	case *py.Set, *py.View:
		return false
	}
	_, hasLen := v.(py.Lener)
	_, hasItem := v.(py.ItemGetter)
	return hasLen && hasItem
}
