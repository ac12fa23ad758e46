package jmespath

import (
	"context"
	"math"
	"slices"
	"strings"

	"pinch/internal/py"
)

// function is one of the language's functions. Each parameter has a list of
// types, empty for any; "array-number" is an array of numbers only.
type function struct {
	params   [][]string
	variadic bool
	run      func(e *evaluator, a []py.Value) (py.Value, error)
}

func types(params ...string) [][]string {
	out := make([][]string, len(params))
	for i, p := range params {
		out[i] = strings.Fields(p)
	}
	return out
}

// functions is built on each call of a search that needs it; it is small.
func functions() map[string]function {
	method := func(name string) func(*evaluator, []py.Value) (py.Value, error) {
		return func(_ *evaluator, a []py.Value) (py.Value, error) {
			return py.CallMethod(context.Background(), a[0], name, py.NewArgs(a[1:]...))
		}
	}
	extreme := func(op py.CmpOp) func(*evaluator, []py.Value) (py.Value, error) {
		return func(_ *evaluator, a []py.Value) (py.Value, error) { return best(op, a[0], nil) }
	}
	extremeBy := func(name string, op py.CmpOp) func(*evaluator, []py.Value) (py.Value, error) {
		return func(e *evaluator, a []py.Value) (py.Value, error) {
			return best(op, a[0], e.key(a[1], name, "number", "string"))
		}
	}
	return map[string]function{
		"abs": {types("number"), false, func(_ *evaluator, a []py.Value) (py.Value, error) { return py.Abs(a[0]) }},
		"avg": {types("array-number"), false, func(_ *evaluator, a []py.Value) (py.Value, error) {
			n := len(a[0].(*py.List).Items)
			if n == 0 {
				return py.None, nil
			}
			total, err := py.Sum(a[0], py.Int(0))
			if err != nil {
				return nil, err
			}
			return py.Binary(py.OpDiv, total, py.Int(n))
		}},
		"not_null": {types(""), true, func(_ *evaluator, a []py.Value) (py.Value, error) {
			for _, v := range a {
				if v != py.Value(py.None) {
					return v, nil
				}
			}
			return py.None, nil
		}},
		"to_array": {types(""), false, func(_ *evaluator, a []py.Value) (py.Value, error) {
			if _, ok := a[0].(*py.List); ok {
				return a[0], nil
			}
			return py.NewList(a[0]), nil
		}},
		"to_string": {types(""), false, toString},
		"to_number": {types(""), false, toNumber},
		"contains": {types("array string", ""), false, func(_ *evaluator, a []py.Value) (py.Value, error) {
			in, err := py.Contains(a[0], a[1])
			return py.Bool(in), err
		}},
		"length": {types("string array object"), false, func(_ *evaluator, a []py.Value) (py.Value, error) {
			n, err := py.Len(a[0])
			return py.Int(n), err
		}},
		"ends_with":   {types("string", "string"), false, method("endswith")},
		"starts_with": {types("string", "string"), false, method("startswith")},
		"reverse": {types("array string"), false, func(_ *evaluator, a []py.Value) (py.Value, error) {
			return py.GetSlice(a[0], py.None, py.None, py.Int(-1))
		}},
		"ceil":  {types("number"), false, rounded(math.Ceil)},
		"floor": {types("number"), false, rounded(math.Floor)},
		"join":  {types("string", "array-string"), false, method("join")},
		"map": {types("expref", "array"), false, func(e *evaluator, a []py.Value) (py.Value, error) {
			out := py.NewList()
			for _, it := range a[1].(*py.List).Items {
				v, err := e.eval(a[0].(expression).x, it)
				if err != nil {
					return nil, err
				}
				out.Append(v)
			}
			return out, nil
		}},
		"max": {types("array-number array-string"), false, extreme(py.OpGt)},
		"min": {types("array-number array-string"), false, extreme(py.OpLt)},
		"merge": {types("object"), true, func(_ *evaluator, a []py.Value) (py.Value, error) {
			out := py.NewDict()
			for _, v := range a {
				if err := py.UpdateDict(out, v); err != nil {
					return nil, err
				}
			}
			return out, nil
		}},
		"sort": {types("array-string array-number"), false, func(_ *evaluator, a []py.Value) (py.Value, error) {
			out, err := py.Sorted(a[0].(*py.List).Items, nil, false)
			return py.NewList(out...), err
		}},
		"sum": {types("array-number"), false, func(_ *evaluator, a []py.Value) (py.Value, error) { return py.Sum(a[0], py.Int(0)) }},
		"keys": {types("object"), false, func(_ *evaluator, a []py.Value) (py.Value, error) {
			return py.NewList(a[0].(*py.Dict).Keys()...), nil
		}},
		"values": {types("object"), false, func(_ *evaluator, a []py.Value) (py.Value, error) {
			return py.NewList(a[0].(*py.Dict).Values()...), nil
		}},
		"type": {types(""), false, func(_ *evaluator, a []py.Value) (py.Value, error) {
			if t := typeOf(a[0]); t != "unknown" && t != "expref" {
				return py.Str(t), nil
			}
			return py.None, nil
		}},
		"sort_by": {types("array", "expref"), false, sortBy},
		"min_by":  {types("array", "expref"), false, extremeBy("min_by", py.OpLt)},
		"max_by":  {types("array", "expref"), false, extremeBy("max_by", py.OpGt)},
	}
}

func (e *evaluator) call(name string, args []py.Value) (py.Value, error) {
	f, ok := functions()[name]
	if !ok {
		return nil, py.Errorf("UnknownFunctionError", "Unknown function: %s()", name)
	}
	want, least := len(f.params), ""
	if f.variadic {
		least = "at least "
	}
	if len(args) < want || len(args) > want && !f.variadic {
		plural := "s"
		if want == 1 {
			plural = ""
		}
		class := "ArityError"
		if f.variadic {
			class = "VariadictArityError"
		}
		return nil, py.Errorf(class, "Expected %s%d argument%s for function %s(), received %d", least, want, plural, name, len(args))
	}
	for i, allowed := range f.params {
		if err := checkType(name, args[i], allowed); err != nil {
			return nil, err
		}
	}
	return f.run(e, args)
}

// typeOf is the language's name of a value's type.
func typeOf(v py.Value) string {
	switch v.(type) {
	case py.Bool:
		return "boolean"
	case *py.List:
		return "array"
	case *py.Dict:
		return "object"
	case py.NoneType:
		return "null"
	case py.Str:
		return "string"
	case py.Int, *py.Long, py.Float:
		return "number"
	case expression:
		return "expref"
	}
	return "unknown"
}

func checkType(fun string, v py.Value, allowed []string) error {
	if len(allowed) == 0 {
		return nil
	}
	var elements []string
	ok := false
	for _, t := range allowed {
		base, element, typed := strings.Cut(t, "-")
		if typed {
			elements = append(elements, element)
		}
		ok = ok || base == typeOf(v)
	}
	if !ok {
		return typeError(fun, v, typeOf(v), allowed)
	}
	l, isList := v.(*py.List)
	if !isList || len(elements) == 0 || len(l.Items) == 0 {
		return nil
	}
	want := typeOf(l.Items[0]) // of several, the first item decides
	if !slices.Contains(elements, want) {
		return typeError(fun, l.Items[0], py.TypeName(l.Items[0]), allowed)
	}
	for _, it := range l.Items {
		if typeOf(it) != want {
			return typeError(fun, it, py.TypeName(it), allowed)
		}
	}
	return nil
}

func typeError(fun string, v py.Value, actual string, allowed []string) error {
	return py.Errorf("JMESPathTypeError", "In function %s(), invalid type for value: %s, expected one of: %s, received: \"%s\"",
		fun, py.ToStr(v), py.Repr(py.Strings(allowed...)), actual)
}

// key makes the key function of sort_by and its like.
func (e *evaluator) key(x py.Value, fun string, allowed ...string) func(py.Value) (py.Value, error) {
	return func(v py.Value) (py.Value, error) {
		k, err := e.eval(x.(expression).x, v)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(allowed, typeOf(k)) {
			return nil, typeError(fun, k, typeOf(k), allowed)
		}
		return k, nil
	}
}

func sortBy(e *evaluator, a []py.Value) (py.Value, error) {
	items := a[0].(*py.List).Items
	if len(items) == 0 {
		return a[0], nil
	}
	first, err := e.eval(a[1].(expression).x, items[0])
	if err != nil {
		return nil, err
	}
	want := typeOf(first)
	if want != "number" && want != "string" {
		return nil, typeError("sort_by", items[0], want, []string{"string", "number"})
	}
	out, err := py.Sorted(items, e.key(a[1], "sort_by", want), false)
	return py.NewList(out...), err
}

func best(op py.CmpOp, v py.Value, key func(py.Value) (py.Value, error)) (py.Value, error) {
	b, ok, err := py.MinMax(op, v.(*py.List).Items, key)
	if err == nil && !ok {
		return py.None, nil
	}
	return b, err
}

func rounded(f func(float64) float64) func(*evaluator, []py.Value) (py.Value, error) {
	return func(_ *evaluator, a []py.Value) (py.Value, error) {
		if x, ok := a[0].(py.Float); ok {
			return py.FloatToInt(f(float64(x)))
		}
		return a[0], nil
	}
}

func toString(_ *evaluator, a []py.Value) (py.Value, error) {
	if isText(a[0]) {
		return a[0], nil
	}
	s, err := py.DumpsJSON(a[0], py.DumpOptions{EnsureASCII: true, Separators: [2]string{",", ":"}})
	return py.Str(s), err
}

func toNumber(_ *evaluator, a []py.Value) (py.Value, error) {
	switch v := a[0].(type) {
	case *py.List, *py.Dict, py.Bool, py.NoneType:
		return py.None, nil
	case py.Int, *py.Long, py.Float:
		return v, nil
	}
	if n, err := py.ToInt(a[0]); err == nil {
		return n, nil
	}
	f, err := py.ToFloat(a[0])
	if err != nil {
		if pe, ok := err.(*py.Error); ok && pe.Class == "ValueError" {
			return py.None, nil
		}
		return nil, err
	}
	return f, nil
}
