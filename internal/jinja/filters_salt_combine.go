package jinja

import (
	"fmt"

	"pinch/internal/py"
)

// maxPool bounds the items that product and its like hold at a time.
const maxPool = 1 << 20

// saltCombineFilters are the functions of itertools that Salt offers as
// filters. Their results can be read once.
func saltCombineFilters() map[string]Filter {
	combine := func(name, signature string, start func(n, r int) (first []int, next func([]int, int) bool)) Filter {
		return clinic(signature, strictArgs(func(c *Context, a []py.Value) (py.Value, error) {
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
		"permutations": clinic("permutations(iterable, r=None)", strictArgs(permutations)),
		"product":      fnRest("product(value, *args, **kwargs)", strictRest(product)),
		"compress":     clinic("compress(data, selectors)", strictArgs(compress)),
		"zip":          fnRest("zip(value, *args, **kwargs)", strictRest(zip)),
		"zip_longest":  fnRest("zip_longest(value, *args, **kwargs)", strictRest(zipLongest)),
	}
}

// tuples is an iterator over the tuples of at(i, idx[i]) while next moves
// idx; a nil idx is an empty one.
func tuples(c *Context, typ string, idx []int, next func() bool, at func(i, k int) py.Value, r int) py.Value {
	started := false
	return NewGenerator(typ, func() (py.Value, bool, error) {
		c.rt.budget.steps += int64(r) // for its items
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
			return nil, py.TypeErrorf("'%s' is an invalid keyword argument for product()", k.Name)
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

// clinic is fn with the words in which CPython's C functions count their
// arguments.
func clinic(signature string, f func(c *Context, a []py.Value) (py.Value, error)) Filter {
	s := sig(signature)
	return func(c *Context, v py.Value, args *py.Args) (py.Value, error) {
		n := len(args.Pos) + len(args.Kw) + 1
		if n > len(s.params) {
			return nil, py.TypeErrorf("%s() takes at most %d arguments (%d given)", s.name, len(s.params), n)
		}
		for _, k := range args.Kw {
			if s.index(k.Name) < 0 {
				return nil, py.TypeErrorf("'%s' is an invalid keyword argument for %s()", k.Name, s.name)
			}
		}
		if n < s.required {
			return nil, py.TypeErrorf("%s() missing required argument '%s' (pos %d)", s.name, s.params[n].name, n+1)
		}
		a, err := s.bind(v, args)
		if err != nil {
			return nil, err
		}
		return f(c, a)
	}
}

// zip is zip(value, *args, strict=False).
func zip(c *Context, a []py.Value, rest *py.Args) (py.Value, error) {
	strict := false
	for _, k := range rest.Kw {
		if k.Name != "strict" {
			return nil, py.TypeErrorf("zip() got an unexpected keyword argument '%s'", k.Name)
		}
		var err error
		if strict, err = py.Truth(k.Value); err != nil {
			return nil, err
		}
	}
	its, err := iterators(append([]py.Value{a[0]}, rest.Pos...))
	if err != nil {
		return nil, err
	}
	return NewGenerator("zip", func() (py.Value, bool, error) {
		if err := c.rt.step(); err != nil {
			return nil, false, err
		}
		t := make(py.Tuple, len(its))
		for i, it := range its {
			v, ok, err := it.Next()
			if err != nil {
				return nil, false, err
			}
			if ok {
				t[i] = v
				continue
			}
			if strict {
				return nil, false, unequalLengths(its, i)
			}
			return nil, false, nil
		}
		return t, true, nil
	}), nil
}

// unequalLengths is the error of zip(strict=True) when its[short] has ended,
// nil when all others end too.
func unequalLengths(its []py.Iterator, short int) error {
	before := func(n int) string {
		if n == 1 {
			return "argument 1"
		}
		return fmt.Sprintf("arguments 1-%d", n)
	}
	if short > 0 {
		return py.ValueErrorf("zip() argument %d is shorter than %s", short+1, before(short))
	}
	for i, it := range its[1:] {
		_, ok, err := it.Next()
		if err != nil {
			return err
		}
		if ok {
			return py.ValueErrorf("zip() argument %d is longer than %s", i+2, before(i+1))
		}
	}
	return nil
}

func iterators(values []py.Value) ([]py.Iterator, error) {
	var its []py.Iterator
	for _, v := range values {
		it, err := iterate(v)
		if err != nil {
			return nil, err
		}
		its = append(its, it)
	}
	return its, nil
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
	its, err := iterators(append([]py.Value{a[0]}, rest.Pos...))
	if err != nil {
		return nil, err
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
