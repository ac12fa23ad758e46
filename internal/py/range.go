package py

import "math/big"

// Range is Python's range of ints that fit 64 bits.
type Range struct{ Start, Stop, Step int64 }

// NewRange is range(*args); args are one to three ints.
func NewRange(args ...Value) (*Range, error) {
	switch {
	case len(args) == 0:
		return nil, TypeErrorf("range expected at least 1 argument, got 0")
	case len(args) > 3:
		return nil, TypeErrorf("range expected at most 3 arguments, got %d", len(args))
	}
	var n [3]int64
	for i, a := range args {
		v, err := Index(a)
		if err != nil {
			return nil, err
		}
		x, ok := AsInt(v)
		if !ok {
			return nil, Errorf("OverflowError", "Python int too large to convert to C ssize_t")
		}
		n[i] = x
	}
	switch len(args) {
	case 1:
		return &Range{Stop: n[0], Step: 1}, nil
	case 2:
		return &Range{Start: n[0], Stop: n[1], Step: 1}, nil
	}
	if n[2] == 0 {
		return nil, ValueErrorf("range() arg 3 must not be zero")
	}
	return &Range{Start: n[0], Stop: n[1], Step: n[2]}, nil
}

// Index is operator.index(v): ints and bools as an int, else a TypeError.
func Index(v Value) (Value, error) {
	switch v := v.(type) {
	case Int, *Long:
		return v, nil
	case Bool:
		n, _ := AsInt(v)
		return Int(n), nil
	}
	return nil, TypeErrorf("'%s' object cannot be interpreted as an integer", TypeName(v))
}

// Type implements Value.
func (*Range) Type() string { return "range" }

// Len implements Lener.
func (r *Range) Len() int {
	lo, hi, step := r.Start, r.Stop, uint64(r.Step)
	if r.Step < 0 {
		lo, hi, step = hi, lo, -step
	}
	if lo >= hi {
		return 0
	}
	n := (uint64(hi)-uint64(lo)-1)/step + 1
	if n > 1<<62 {
		n = 1 << 62
	}
	return int(n)
}

func (r *Range) at(i int) Value { return Int(r.Start + int64(i)*r.Step) }

// Item implements ItemGetter.
func (r *Range) Item(key Value) (Value, error) {
	if sl, ok := key.(*Slice); ok {
		start, stop, step, err := sl.bounds(r.Len())
		if err != nil {
			return nil, err
		}
		at := func(i int) int64 { return r.Start + int64(i)*r.Step }
		return &Range{Start: at(start), Stop: at(stop), Step: r.Step * int64(step)}, nil
	}
	if _, long := key.(*Long); long {
		return nil, Errorf("IndexError", "range object index out of range")
	}
	i, err := index(key, r.Len(), "range", "range object index out of range")
	if err != nil {
		return nil, err
	}
	return r.at(i), nil
}

// Contains implements Container.
func (r *Range) Contains(v Value) (bool, error) {
	i, err := r.indexOf(v)
	return i >= 0, err
}

func (r *Range) indexOf(v Value) (int, error) {
	if f, ok := v.(Float); ok && f == Float(int64(f)) {
		v = Int(int64(f))
	}
	n, ok := AsInt(v)
	if !ok {
		if _, custom := v.(Equaler); custom && r.Len() > 0 { // asked of the first item
			if eq, err := Equal(Int(r.Start), v); err != nil || eq {
				return 0, err
			}
		}
		return -1, nil
	}
	d := new(big.Int).Sub(big.NewInt(n), big.NewInt(r.Start))
	q, m := new(big.Int).QuoRem(d, big.NewInt(r.Step), new(big.Int))
	if m.Sign() != 0 || q.Sign() < 0 || !q.IsInt64() || q.Int64() >= int64(r.Len()) {
		return -1, nil
	}
	return int(q.Int64()), nil
}

// EqualTo implements Equaler: ranges are equal when their items are.
func (r *Range) EqualTo(other Value) (bool, bool, error) {
	o, ok := other.(*Range)
	if !ok {
		return false, false, nil
	}
	n := r.Len()
	return n == o.Len() && (n == 0 || r.Start == o.Start && (n == 1 || r.Step == o.Step)), true, nil
}

// HashKey implements Hasher.
func (r *Range) HashKey() (any, error) {
	switch n := r.Len(); n {
	case 0:
		return rangeKey{}, nil
	case 1:
		return rangeKey{n: 1, start: r.Start}, nil
	default:
		return rangeKey{n: n, start: r.Start, step: r.Step}, nil
	}
}

type rangeKey struct {
	n           int
	start, step int64
}

// Iter implements Iterable.
func (r *Range) Iter() (Iterator, error) { return &rangeIter{r: r, n: r.Len()}, nil }

type rangeIter struct {
	r    *Range
	i, n int
}

func (*rangeIter) Type() string { return "range_iterator" }

func (it *rangeIter) Next() (Value, bool, error) {
	if it.i >= it.n {
		return nil, false, nil
	}
	it.i++
	return it.r.at(it.i - 1), true, nil
}

// ReprTo implements PrinterReprer.
func (r *Range) ReprTo(p *Printer) error {
	items := []Value{Int(r.Start), Int(r.Stop), Int(r.Step)}
	if r.Step == 1 {
		items = items[:2]
	}
	return p.items("range(", items, ")")
}
