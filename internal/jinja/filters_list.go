package jinja

import (
	"math/rand/v2"
	"strings"

	"pinch/internal/py"
)

// lengthOf is len(v).
func lengthOf(v py.Value) (int, error) {
	if u, ok := v.(*Undefined); ok {
		return u.Length()
	}
	return py.Len(v)
}

// listFilters are Jinja's filters on sequences and mappings.
func listFilters() map[string]Filter {
	length := builtinFn("len", func(_ *Context, v py.Value) (py.Value, error) {
		n, err := lengthOf(v)
		return py.Int(n), err
	})
	return map[string]Filter{
		"length": length, "count": length,
		"first": fn("sync_do_first(environment, seq)", func(c *Context, a []py.Value) (py.Value, error) {
			it, err := iterate(a[0])
			if err != nil {
				return nil, err
			}
			v, ok, err := it.Next()
			if err != nil {
				return nil, err
			}
			if !ok {
				return c.UndefinedHint("No first item, sequence was empty."), nil
			}
			return v, nil
		}),
		"last":     fn("do_last(environment, seq)", doLast),
		"random":   fn("do_random(context, seq)", doRandom),
		"list":     fn("sync_do_list(value)", func(_ *Context, a []py.Value) (py.Value, error) { return toList(a[0]) }),
		"join":     fn("sync_do_join(eval_ctx, value, d='', attribute=None)", doJoin),
		"reverse":  fn("do_reverse(value)", doReverse),
		"sort":     fn("do_sort(environment, value, reverse=False, case_sensitive=False, attribute=None)", doSort),
		"unique":   fn("sync_do_unique(environment, value, case_sensitive=False, attribute=None)", doUnique),
		"min":      fn("do_min(environment, value, case_sensitive=False, attribute=None)", minMax(py.OpLt)),
		"max":      fn("do_max(environment, value, case_sensitive=False, attribute=None)", minMax(py.OpGt)),
		"sum":      fn("sync_do_sum(environment, iterable, attribute=None, start=0)", doSum),
		"batch":    fn("do_batch(value, linecount, fill_with=None)", doBatch),
		"slice":    fn("sync_do_slice(value, slices, fill_with=None)", doSlice),
		"groupby":  fn("sync_do_groupby(environment, value, attribute, default=None, case_sensitive=False)", doGroupby),
		"dictsort": fn("do_dictsort(value, case_sensitive=False, by='key', reverse=False)", doDictsort),
		"items":    fn("do_items(value)", doItems),
		"attr":     fn("do_attr(environment, obj, name)", doAttr),
	}
}

func toList(v py.Value) (py.Value, error) {
	items, err := collect(v)
	if err != nil {
		return nil, err
	}
	return py.NewList(items...), nil
}

// collect is list(v) as a slice.
func collect(v py.Value) ([]py.Value, error) {
	if u, ok := v.(*Undefined); ok && u.strict() {
		return nil, u.fail()
	}
	return py.Collect(v)
}

func doLast(c *Context, a []py.Value) (py.Value, error) {
	items, err := reversible(a[0])
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return c.UndefinedHint("No last item, sequence was empty."), nil
	}
	return items[len(items)-1], nil
}

// reversible returns the items that reversed(v) would give, in their normal
// order.
func reversible(v py.Value) ([]py.Value, error) {
	switch v := v.(type) {
	case *py.List, py.Tuple, py.Str, Markup, py.Bytes, *py.Dict, *py.Range, *groupTuple:
		return py.Collect(v)
	case *py.View:
		return py.Collect(v)
	case *Undefined:
		// reversed() asks for __reversed__, then for len().
		if _, err := v.Length(); err != nil {
			return nil, err
		}
		return nil, v.fail()
	}
	return nil, py.TypeErrorf("'%s' object is not reversible", py.TypeName(v))
}

func doRandom(c *Context, a []py.Value) (py.Value, error) {
	n, err := lengthOf(a[0])
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return c.UndefinedHint("No random item, sequence was empty."), nil
	}
	return py.GetItem(a[0], py.Int(rand.IntN(n)))
}

func doJoin(c *Context, a []py.Value) (py.Value, error) {
	if u, undefined := a[1].(*Undefined); undefined && !c.escape { // printed before the items are read
		if _, err := u.PyStr(); err != nil {
			return nil, err
		}
	}
	items, err := collect(a[0])
	if err != nil {
		return nil, err
	}
	if _, none := a[2].(py.NoneType); !none {
		get, err := c.attrGetter(a[2], nil, false)
		if err != nil {
			return nil, err
		}
		for i := range items {
			if items[i], err = get(items[i]); err != nil {
				return nil, err
			}
		}
	}
	if c.escape {
		return joinEscaped(items, a[1])
	}
	sep, err := py.StrErr(a[1])
	if err != nil {
		return nil, err
	}
	parts := make([]string, len(items))
	n := 0
	for i, v := range items {
		if parts[i], err = py.StrErr(v); err != nil {
			return nil, err
		}
		if n += len(parts[i]) + len(sep); n > c.rt.budget.output {
			return nil, c.rt.budget.tooLong()
		}
	}
	return py.Str(strings.Join(parts, sep)), nil
}

func joinEscaped(items []py.Value, d py.Value) (py.Value, error) {
	sep, err := py.StrErr(d)
	if err != nil {
		return nil, err
	}
	_, safe := d.(Markup)
	anySafe := safe
	for _, v := range items {
		if _, ok := v.(Markup); ok {
			anySafe = true
		}
	}
	if anySafe && !safe {
		sep = escapeHTML(sep)
	}
	parts := make([]string, len(items))
	for i, v := range items {
		s, err := py.StrErr(v)
		if err != nil {
			return nil, err
		}
		if _, ok := v.(Markup); anySafe && !ok {
			s = escapeHTML(s)
		}
		parts[i] = s
	}
	if anySafe {
		return Markup(strings.Join(parts, sep)), nil
	}
	return py.Str(strings.Join(parts, sep)), nil
}

func doReverse(c *Context, a []py.Value) (py.Value, error) {
	if s, ok := strOf(a[0]); ok {
		r := []rune(s)
		for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
			r[i], r[j] = r[j], r[i]
		}
		if _, safe := a[0].(Markup); safe {
			return Markup(string(r)), nil
		}
		return py.Str(r), nil
	}
	items, err := reversible(a[0])
	if err == nil {
		i := len(items)
		return NewGenerator(reversedType(a[0]), func() (py.Value, bool, error) {
			if i == 0 {
				return nil, false, nil
			}
			i--
			return items[i], true, nil
		}), nil
	}
	if classOf(err) != "TypeError" {
		return nil, err
	}
	if items, err = collect(a[0]); err != nil {
		if classOf(err) == "TypeError" {
			return nil, py.Errorf(classFilterArgs, "argument must be iterable")
		}
		return nil, err
	}
	for i, j := 0, len(items)-1; i < j; i, j = i+1, j-1 {
		items[i], items[j] = items[j], items[i]
	}
	return py.NewList(items...), nil
}

func reversedType(v py.Value) string {
	switch v := v.(type) {
	case *py.List:
		return "list_reverseiterator"
	case *py.Dict:
		if v.Ordered {
			return "odict_iterator"
		}
		return "dict_reversekeyiterator"
	case *py.View:
		return [...]string{"dict_reversekeyiterator", "dict_reversevalueiterator", "dict_reverseitemiterator"}[v.Kind]
	case *py.Range:
		return "range_iterator"
	}
	return "reversed"
}

func doSort(c *Context, a []py.Value) (py.Value, error) {
	items, err := collect(a[0])
	if err != nil {
		return nil, err
	}
	sensitive, err := py.Truth(a[2])
	if err != nil {
		return nil, err
	}
	reverse, err := reverseFlag(a[1])
	if err != nil {
		return nil, err
	}
	attrs := []py.Value{a[3]}
	if s, ok := strOf(a[3]); ok {
		attrs = nil
		for _, p := range strings.Split(s, ",") {
			attrs = append(attrs, py.Str(p))
		}
	}
	getters := make([]func(py.Value) (py.Value, error), len(attrs))
	for i, attr := range attrs {
		if getters[i], err = c.attrGetter(attr, nil, !sensitive); err != nil {
			return nil, err
		}
	}
	// Jinja's key is a list, whose items are compared for equality first.
	out, err := py.Sorted(items, func(v py.Value) (py.Value, error) {
		key := make([]py.Value, len(getters))
		for i, get := range getters {
			k, err := get(v)
			if err != nil {
				return nil, err
			}
			key[i] = k
		}
		return py.NewList(key...), nil
	}, reverse)
	if err != nil {
		return nil, err
	}
	return py.NewList(out...), nil
}

// reverseFlag is the reverse argument of sorted(), which must be an int.
func reverseFlag(v py.Value) (bool, error) {
	i, err := py.Index(v)
	if err != nil {
		return false, err
	}
	return py.Truth(i)
}

func doUnique(c *Context, a []py.Value) (py.Value, error) {
	sensitive, err := py.Truth(a[1])
	if err != nil {
		return nil, err
	}
	get, err := c.attrGetter(a[2], nil, !sensitive)
	if err != nil {
		return nil, err
	}
	seen := py.NewDict()
	var it py.Iterator
	return newGenerator("sync_do_unique", func() (py.Value, bool, error) {
		if it == nil {
			if it, err = iterate(a[0]); err != nil {
				return nil, false, err
			}
		}
		for {
			if err := c.rt.step(); err != nil {
				return nil, false, err
			}
			v, ok, err := it.Next()
			if err != nil || !ok {
				return nil, false, err
			}
			key, err := get(v)
			if err != nil {
				return nil, false, err
			}
			_, dup, err := seen.Get(key)
			if err != nil {
				return nil, false, err
			}
			if !dup {
				return v, true, seen.Set(key, py.None)
			}
		}
	}), nil
}

func minMax(op py.CmpOp) func(*Context, []py.Value) (py.Value, error) {
	return func(c *Context, a []py.Value) (py.Value, error) {
		items, err := collect(a[0])
		if err != nil {
			return nil, err
		}
		if len(items) == 0 {
			return c.UndefinedHint("No aggregated item, sequence was empty."), nil
		}
		sensitive, err := py.Truth(a[1])
		if err != nil {
			return nil, err
		}
		get, err := c.attrGetter(a[2], nil, !sensitive)
		if err != nil {
			return nil, err
		}
		best := items[0]
		bestKey, err := get(best)
		if err != nil {
			return nil, err
		}
		for _, v := range items[1:] {
			key, err := get(v)
			if err != nil {
				return nil, err
			}
			better, err := py.RichCompare(op, key, bestKey)
			if err != nil {
				return nil, err
			}
			if better {
				best, bestKey = v, key
			}
		}
		return best, nil
	}
}

func doSum(c *Context, a []py.Value) (py.Value, error) {
	get := func(v py.Value) (py.Value, error) { return v, nil }
	if _, none := a[1].(py.NoneType); !none {
		var err error
		if get, err = c.attrGetter(a[1], nil, false); err != nil {
			return nil, err
		}
	}
	it, err := iterate(a[0])
	if err != nil {
		return nil, err
	}
	total := a[2]
	switch total.(type) {
	case py.Str, Markup:
		return nil, py.TypeErrorf("sum() can't sum strings [use ''.join(seq) instead]")
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
			return total, nil
		}
		if v, err = get(v); err != nil {
			return nil, err
		}
		if total, err = py.Binary(py.OpAdd, total, v); err != nil {
			return nil, err
		}
	}
}

func doDictsort(_ *Context, a []py.Value) (py.Value, error) {
	by, _ := strOf(a[2])
	pos := 0
	switch by {
	case "key":
	case "value":
		pos = 1
	default:
		return nil, py.Errorf(classFilterArgs, `You can only sort by either "key" or "value"`)
	}
	sensitive, err := py.Truth(a[1])
	if err != nil {
		return nil, err
	}
	d, err := itemsOf(a[0])
	if err != nil {
		return nil, err
	}
	reverse, err := reverseFlag(a[3])
	if err != nil {
		return nil, err
	}
	out, err := py.Sorted(d, func(v py.Value) (py.Value, error) {
		k := v.(py.Tuple)[pos]
		if !sensitive {
			k = ignoreCase(k)
		}
		return k, nil
	}, reverse)
	if err != nil {
		return nil, err
	}
	return py.NewList(out...), nil
}

// itemsOf is list(v.items()).
func itemsOf(v py.Value) ([]py.Value, error) {
	if d, ok := v.(*py.Dict); ok {
		return py.Collect(&py.View{D: d, Kind: py.ViewItems})
	}
	if u, ok := v.(*Undefined); ok {
		return nil, u.fail()
	}
	m, err := py.GetAttr(v, "items")
	if err != nil {
		return nil, err
	}
	call, ok := m.(py.Callable)
	if !ok {
		return nil, py.TypeErrorf("'%s' object is not callable", py.TypeName(m))
	}
	items, err := call.Call(nil, &py.Args{}) //nolint:staticcheck // items() never blocks
	if err != nil {
		return nil, err
	}
	return py.Collect(items)
}

func doItems(_ *Context, a []py.Value) (py.Value, error) {
	var it py.Iterator
	return newGenerator("do_items", func() (py.Value, bool, error) {
		if it == nil {
			if IsUndefined(a[0]) {
				return nil, false, nil
			}
			if !isMapping(a[0]) {
				return nil, false, py.TypeErrorf("Can only get item pairs from a mapping.")
			}
			items, err := itemsOf(a[0])
			if err != nil {
				return nil, false, err
			}
			if it, err = py.Iterate(py.Tuple(items)); err != nil {
				return nil, false, err
			}
		}
		return it.Next()
	}), nil
}

func doAttr(c *Context, a []py.Value) (py.Value, error) {
	name, ok := strOf(a[1])
	if u, undefined := a[1].(*Undefined); undefined {
		return nil, u.fail()
	}
	if !ok {
		if err := py.Hashable(a[1]); err != nil { // it is first looked up in the classes' dicts
			return nil, err
		}
		return nil, py.TypeErrorf("attribute name must be string, not '%s'", py.TypeName(a[1]))
	}
	if name != "" && name[0] == '_' {
		if hasPrivate(a[0], name) {
			return c.unsafe(a[0], name), nil
		}
		return c.undefinedOf(a[0], a[1]), nil
	}
	v, ok, err := py.LookupAttr(a[0], name)
	if err != nil {
		return nil, err
	}
	if !ok {
		return c.undefinedOf(a[0], a[1]), nil
	}
	return c.guard(a[0], v, name), nil
}
