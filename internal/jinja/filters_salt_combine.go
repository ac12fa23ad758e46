package jinja

import (
	"pinch/internal/py"
)

// maxPool bounds the items that product and its like hold at a time.
const maxPool = 1 << 20

// saltCombineFilters are the functions of itertools that Salt offers as
// filters. Their results can be read once.
func saltCombineFilters() map[string]Filter {
	combine := func(name, signature string, start func(n, r int) (first []int, next func([]int, int) bool)) Filter {
		return fn(signature, strictArgs(func(c *Context, a []py.Value) (py.Value, error) {
			pool, err := collect(a[0])
			if err != nil {
				return nil, err
			}
			r := len(pool)
			if !isNone(a[1]) {
				if r, err = intOf(a[1]); err != nil {
					return nil, err
				}
				if r < 0 {
					return nil, py.ValueErrorf("r must be non-negative")
				}
				if r > maxPool {
					return nil, py.Errorf("MemoryError", "%s: tuples of %d items are too long", name, r)
				}
			}
			idx, next := start(len(pool), r)
			return tuples(c, "itertools."+name, idx, func() bool { return next(idx, len(pool)) }, func(i, k int) py.Value { return pool[k] }, r), nil
		}))
	}
	return map[string]Filter{
		"combinations": combine("combinations", "combinations(iterable, r)", func(n, r int) ([]int, func([]int, int) bool) {
			return ascending(n, r), nextCombination
		}),
		"combinations_with_replacement": combine("combinations_with_replacement", "combinations_with_replacement(iterable, r)",
			func(n, r int) ([]int, func([]int, int) bool) {
				if n == 0 && r > 0 {
					return nil, nextReplacement
				}
				return make([]int, r), nextReplacement
			}),
		"permutations": fn("permutations(iterable, r=None)", strictArgs(permutations)),
		"product":      fnRest("product(value, *args, **kwargs)", strictRest(product)),
		"compress":     fn("compress(data, selectors)", strictArgs(compress)),
		"zip": func(c *Context, v py.Value, args *py.Args) (py.Value, error) {
			if u := StrictUndefinedIn(v); u != nil {
				return u, nil
			}
			for _, a := range args.Pos {
				if err := strictFail(a); err != nil {
					return nil, err
				}
			}
			return py.Call(c.Ctx(), py.Builtins()["zip"], &py.Args{Pos: append([]py.Value{v}, args.Pos...), Kw: args.Kw})
		},
		"zip_longest": fnRest("zip_longest(value, *args, **kwargs)", strictRest(zipLongest)),
	}
}

// tuples is an iterator over the tuples of at(i, idx[i]) while next moves
// idx; a nil idx is an empty one.
func tuples(c *Context, typ string, idx []int, next func() bool, at func(i, k int) py.Value, r int) py.Value {
	started := false
	return NewGenerator(typ, func() (py.Value, bool, error) {
		if err := c.rt.step(); err != nil {
			return nil, false, err
		}
		if idx == nil || started && !next() {
			return nil, false, nil
		}
		started = true
		t := make(py.Tuple, r)
		for i := range t {
			t[i] = at(i, idx[i])
		}
		return t, true, nil
	})
}

// ascending is 0, 1, ... r-1, nil when there are fewer than r.
func ascending(n, r int) []int {
	if r > n {
		return nil
	}
	idx := make([]int, r)
	for i := range idx {
		idx[i] = i
	}
	return idx
}

func nextCombination(idx []int, n int) bool {
	for i := len(idx) - 1; i >= 0; i-- {
		if idx[i] < n-len(idx)+i {
			idx[i]++
			for j := i + 1; j < len(idx); j++ {
				idx[j] = idx[j-1] + 1
			}
			return true
		}
	}
	return false
}

func nextReplacement(idx []int, n int) bool {
	for i := len(idx) - 1; i >= 0; i-- {
		if idx[i] < n-1 {
			k := idx[i] + 1
			for j := i; j < len(idx); j++ {
				idx[j] = k
			}
			return true
		}
	}
	return false
}

func permutations(c *Context, a []py.Value) (py.Value, error) {
	pool, err := collect(a[0])
	if err != nil {
		return nil, err
	}
	n, r := len(pool), len(pool)
	switch v := a[1].(type) {
	case py.NoneType:
	case py.Int, py.Bool, *py.Long:
		if r, err = intOf(v); err != nil {
			return nil, err
		}
	default:
		if err := strictFail(v); err != nil {
			return nil, err
		}
		return nil, py.TypeErrorf("Expected int as r")
	}
	if r < 0 {
		return nil, py.ValueErrorf("r must be non-negative")
	}
	var idx []int
	cycles := make([]int, min(r, n))
	if r <= n {
		idx = ascending(n, n)
		for i := range cycles {
			cycles[i] = n - i
		}
	}
	// idx is the whole order, of which the first r count; cycles says how
	// many choices each place has left.
	next := func() bool {
		for i := r - 1; i >= 0; i-- {
			cycles[i]--
			if cycles[i] > 0 {
				j := n - cycles[i]
				idx[i], idx[j] = idx[j], idx[i]
				return true
			}
			first := idx[i]
			copy(idx[i:], idx[i+1:])
			idx[n-1] = first
			cycles[i] = n - i
		}
		return false
	}
	return tuples(c, "itertools.permutations", idx, next, func(_, k int) py.Value { return pool[k] }, r), nil
}

func product(c *Context, a []py.Value, rest *py.Args) (py.Value, error) {
	repeat := 1
	for _, k := range rest.Kw {
		if k.Name != "repeat" {
			return nil, py.TypeErrorf("product() got an unexpected keyword argument '%s'", k.Name)
		}
		n, err := intOf(k.Value)
		if err != nil {
			return nil, err
		}
		if repeat = n; repeat < 0 {
			return nil, py.ValueErrorf("repeat argument cannot be negative")
		}
	}
	var once [][]py.Value
	for _, v := range append([]py.Value{a[0]}, rest.Pos...) {
		pool, err := collect(v)
		if err != nil {
			return nil, err
		}
		once = append(once, pool)
	}
	if repeat > maxPool/len(once) {
		return nil, py.Errorf("MemoryError", "product: tuples of %d items are too long", repeat)
	}
	var pools [][]py.Value
	for range repeat {
		pools = append(pools, once...)
	}
	idx := make([]int, len(pools))
	for _, p := range pools {
		if len(p) == 0 {
			idx = nil
		}
	}
	next := func() bool {
		for i := len(idx) - 1; i >= 0; i-- {
			if idx[i]++; idx[i] < len(pools[i]) {
				return true
			}
			idx[i] = 0
		}
		return false
	}
	return tuples(c, "itertools.product", idx, next, func(i, k int) py.Value { return pools[i][k] }, len(pools)), nil
}

func compress(c *Context, a []py.Value) (py.Value, error) {
	data, err := iterate(a[0])
	if err != nil {
		return nil, err
	}
	selectors, err := iterate(a[1])
	if err != nil {
		return nil, err
	}
	return NewGenerator("itertools.compress", func() (py.Value, bool, error) {
		for {
			if err := c.rt.step(); err != nil {
				return nil, false, err
			}
			v, ok, err := data.Next()
			if err != nil || !ok {
				return nil, false, err
			}
			s, ok, err := selectors.Next()
			if err != nil || !ok {
				return nil, false, err
			}
			if yes, err := py.Truth(s); yes || err != nil {
				return v, true, err
			}
		}
	}), nil
}

func zipLongest(c *Context, a []py.Value, rest *py.Args) (py.Value, error) {
	var fill py.Value = py.None
	for _, k := range rest.Kw {
		if k.Name != "fillvalue" {
			return nil, py.TypeErrorf("zip_longest() got an unexpected keyword argument")
		}
		fill = k.Value
	}
	var its []py.Iterator
	for i, v := range append([]py.Value{a[0]}, rest.Pos...) {
		it, err := iterate(v)
		if err != nil {
			if classOf(err) == "TypeError" && i >= 0 {
				return nil, py.TypeErrorf("'%s' object is not iterable", py.TypeName(v))
			}
			return nil, err
		}
		its = append(its, it)
	}
	left := len(its)
	return NewGenerator("itertools.zip_longest", func() (py.Value, bool, error) {
		if err := c.rt.step(); err != nil {
			return nil, false, err
		}
		t := make(py.Tuple, len(its))
		for i, it := range its {
			t[i] = fill
			if it == nil {
				continue
			}
			v, ok, err := it.Next()
			if err != nil {
				return nil, false, err
			}
			if !ok {
				its[i] = nil
				left--
				continue
			}
			t[i] = v
		}
		return t, left > 0, nil
	}), nil
}
