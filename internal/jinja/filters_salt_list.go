package jinja

import (
	"pinch/internal/py"
)

// saltListFilters are Salt's filters on sequences.
func saltListFilters() map[string]Filter {
	extreme := func(name string) func(*Context, []py.Value) (py.Value, error) {
		return func(c *Context, a []py.Value) (py.Value, error) {
			if err := strictFail(a[0]); err != nil {
				return nil, err
			}
			return py.Call(c.Ctx(), py.Builtins()[name], py.NewArgs(a[0]))
		}
	}
	return map[string]Filter{
		"min":     fn("lst_min(obj)", extreme("min")),
		"max":     fn("lst_max(obj)", extreme("max")),
		"avg":     fn("lst_avg(lst)", average),
		"flatten": fn("flatten(data, levels=None, preserve_nulls=False, _ids=None)", flatten),
		"is_list": fn("is_list(value)", func(_ *Context, a []py.Value) (py.Value, error) {
			_, ok := a[0].(*py.List)
			return py.Bool(ok), nil
		}),
		"is_iter":           isIter,
		"sorted_ignorecase": fn("sorted_ignorecase(to_sort)", sortedIgnoreCase),
		"exactly_n_true":    fn("exactly_n(iterable, amount=1)", exactlyN),
		"exactly_one_true": fn("exactly_one(iterable)", func(c *Context, a []py.Value) (py.Value, error) {
			return exactlyN(c, []py.Value{a[0], py.Int(1)})
		}),
		"substring_in_list": fn("substr_in_list(string_to_search_for, list_to_search)", func(_ *Context, a []py.Value) (py.Value, error) {
			return anyItem(a[1], func(s py.Value) (bool, error) { return py.Contains(s, a[0]) })
		}),
		"compare_lists": fn("compare_lists(old=None, new=None)", compareLists),
		"mysql_to_dict": fn("mysql_to_dict(data, key)", mysqlToDict),
	}
}

// anyItem is any(test(x) for x in v).
func anyItem(v py.Value, test func(py.Value) (bool, error)) (py.Value, error) {
	it, err := iterate(v)
	if err != nil {
		return nil, err
	}
	for {
		x, ok, err := it.Next()
		if err != nil || !ok {
			return py.False, err
		}
		if hit, err := test(x); hit || err != nil {
			return py.Bool(hit), err
		}
	}
}

func average(_ *Context, a []py.Value) (py.Value, error) {
	if isHashable(a[0]) {
		f, err := floatOf(a[0])
		return py.Float(f), err
	}
	total, err := py.Sum(a[0], py.Int(0))
	if err != nil {
		return nil, err
	}
	n, err := lengthOf(a[0])
	if err != nil {
		return nil, err
	}
	q, err := py.Binary(py.OpDiv, total, py.Int(n))
	if err != nil {
		return nil, err
	}
	f, err := floatOf(q)
	return py.Float(f), err
}

// flatten is salt.utils.data.flatten. A list that stands in two places is
// taken for a cycle, as in Salt.
func flatten(c *Context, a []py.Value) (py.Value, error) {
	keep, err := py.Truth(a[2])
	if err != nil {
		return nil, err
	}
	f := &flattener{c: c, keepNulls: keep, seen: map[py.Value]bool{}}
	if err := f.add(a[0], a[1], 0); err != nil {
		return nil, err
	}
	return py.NewList(f.out...), nil
}

type flattener struct {
	c         *Context
	keepNulls bool
	seen      map[py.Value]bool
	out       []py.Value
}

var nulls = py.Tuple{py.None, py.Str("None"), py.Str("null")}

func (f *flattener) add(data, levels py.Value, depth int) error {
	switch data.(type) {
	case *py.List, *py.Dict, *py.Set:
		if f.seen[data] {
			return py.Errorf("RecursionError", "Reference cycle detected. Check input list.")
		}
		f.seen[data] = true
	}
	if depth > maxPrintDepth {
		return recursionError()
	}
	it, err := iterate(data)
	if err != nil {
		return err
	}
	for {
		if err := f.c.rt.step(); err != nil {
			return err
		}
		v, ok, err := it.Next()
		if err != nil || !ok {
			return err
		}
		if !f.keepNulls {
			null, err := py.Contains(nulls, v)
			if err != nil {
				return err
			}
			if null {
				continue
			}
		}
		iterable, err := isIterable(v, true)
		if err != nil {
			return err
		}
		if !iterable {
			f.out = append(f.out, v)
			continue
		}
		if isNone(levels) {
			if err := f.add(v, levels, depth+1); err != nil {
				return err
			}
			continue
		}
		deeper, err := py.RichCompare(py.OpGe, levels, py.Int(1))
		if err != nil {
			return err
		}
		if !deeper {
			f.out = append(f.out, v)
			continue
		}
		n, err := py.ToInt(levels)
		if err != nil {
			return err
		}
		if n, err = py.Binary(py.OpSub, n, py.Int(1)); err != nil {
			return err
		}
		if err := f.add(v, n, depth+1); err != nil {
			return err
		}
	}
}

// isIterable is salt.utils.data.is_iter.
func isIterable(v py.Value, ignoreStr bool) (bool, error) {
	if _, ok := strOf(v); ok && ignoreStr {
		return false, nil
	}
	if g, ok := v.(*generator); ok { // asking must not consume it
		return g != nil, nil
	}
	_, err := iterate(v)
	if err != nil && classOf(err) == "TypeError" {
		return false, nil
	}
	return err == nil, err
}

var isIterSig = sig("is_iter(thing, ignore=None)")

// isIter has the type str as the default of ignore; a template has no other
// types to give.
func isIter(_ *Context, v py.Value, args *py.Args) (py.Value, error) {
	a, err := isIterSig.bind(v, args)
	if err != nil {
		return nil, err
	}
	given := len(args.Pos) > 0
	if _, ok := args.Get("ignore"); ok {
		given = true
	}
	if given {
		some, err := py.Truth(a[1])
		if err != nil {
			return nil, err
		}
		if some {
			return nil, py.TypeErrorf("isinstance() arg 2 must be a type, a tuple of types, or a union")
		}
	}
	ok, err := isIterable(a[0], !given)
	return py.Bool(ok), err
}

func sortedIgnoreCase(c *Context, a []py.Value) (py.Value, error) {
	items, err := collect(a[0])
	if err != nil {
		return nil, err
	}
	out, err := py.Sorted(items, func(v py.Value) (py.Value, error) {
		return py.CallMethod(c.Ctx(), v, "lower", &py.Args{})
	}, false)
	return py.NewList(out...), err
}

func exactlyN(c *Context, a []py.Value) (py.Value, error) {
	it, err := iterate(a[0])
	if err != nil {
		return nil, err
	}
	want, err := intOf(a[1])
	if err != nil {
		return nil, err
	}
	n := 0
	for n <= max(want, 0) {
		if err := c.rt.step(); err != nil {
			return nil, err
		}
		v, ok, err := it.Next()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		yes, err := py.Truth(v)
		if err != nil {
			return nil, err
		}
		if yes {
			n++
		}
	}
	return py.Bool(n == max(want, 0)), nil
}

func compareLists(c *Context, a []py.Value) (py.Value, error) {
	out := py.NewDict()
	missing := func(key string, items, other py.Value) error {
		it, err := iterate(items)
		if err != nil {
			return err
		}
		var list *py.List
		for {
			if err := c.rt.step(); err != nil {
				return err
			}
			v, ok, err := it.Next()
			if err != nil || !ok {
				return err
			}
			in, err := py.Contains(other, v)
			if err != nil {
				return err
			}
			if in {
				continue
			}
			if list == nil {
				list = py.NewList()
				out.SetStr(key, list)
			}
			list.Append(v)
		}
	}
	if err := missing("new", a[1], a[0]); err != nil {
		return nil, err
	}
	return out, missing("old", a[0], a[1])
}

// mysqlToDict reads the table that the mysql client prints.
func mysqlToDict(c *Context, a []py.Value) (py.Value, error) {
	out := py.NewDict()
	headers := []string{""}
	it, err := iterate(a[0])
	if err != nil {
		return nil, err
	}
	for {
		if err := c.rt.step(); err != nil {
			return nil, err
		}
		v, ok, err := it.Next()
		if err != nil {
			return nil, err
		}
		if !ok {
			return out, nil
		}
		some, err := py.Truth(v)
		if err != nil {
			return nil, err
		}
		if !some {
			continue
		}
		line, ok := strOf(v)
		if !ok {
			return nil, py.AttributeErrorf("'%s' object has no attribute 'startswith'", py.TypeName(v))
		}
		if line[0] == '+' {
			continue
		}
		cells := splitCells(line)
		if len(headers) == 1 {
			headers = cells
			continue
		}
		row := py.NewDict()
		for i := 1; i < len(headers)-1; i++ {
			if i >= len(cells) {
				return nil, py.Errorf("IndexError", "list index out of range")
			}
			n, err := saltToNum(py.Str(cells[i]))
			if err != nil {
				return nil, err
			}
			row.SetStr(headers[i], n)
		}
		key, ok, err := row.Get(a[1])
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, py.KeyError(a[1])
		}
		if err := out.Set(key, row); err != nil {
			return nil, err
		}
	}
}
