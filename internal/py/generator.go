package py

// Generator is a one-shot iterator as a value: what generator functions, map,
// zip and their like return. It is true even when nothing is left.
type Generator struct {
	Name string // its type: "generator", "map", "zip", ...
	next func() (Value, bool, error)
	done bool
}

// NewGenerator returns a generator that calls next until it says ok is false
// or fails; it is not called again after that.
func NewGenerator(name string, next func() (v Value, ok bool, err error)) *Generator {
	return &Generator{Name: name, next: next}
}

// GeneratorOf yields the items.
func GeneratorOf(name string, items []Value) *Generator {
	it := &sliceIter{items: items}
	return NewGenerator(name, it.Next)
}

// Type implements Value.
func (g *Generator) Type() string { return g.Name }

// Next implements Iterator.
func (g *Generator) Next() (Value, bool, error) {
	if g.done {
		return nil, false, nil
	}
	v, ok, err := g.next()
	if !ok || err != nil {
		g.done = true
		return nil, false, err
	}
	return v, true, nil
}

// Iter implements Iterable: a generator is its own iterator.
func (g *Generator) Iter() (Iterator, error) { return g, nil }

// PyRepr implements Reprer. CPython adds an address.
func (g *Generator) PyRepr() (string, error) { return "<" + g.Name + " object>", nil }

// Enumerate is enumerate(v, start).
func Enumerate(v Value, start int64) (*Generator, error) {
	it, err := Iterate(v)
	if err != nil {
		return nil, err
	}
	n := start
	return NewGenerator("enumerate", func() (Value, bool, error) {
		x, ok, err := it.Next()
		if !ok || err != nil {
			return nil, false, err
		}
		n++
		return Tuple{Int(n - 1), x}, true, nil
	}), nil
}

// Zip is zip(*vs).
func Zip(vs ...Value) (*Generator, error) {
	its := make([]Iterator, len(vs))
	for i, v := range vs {
		it, err := Iterate(v)
		if err != nil {
			return nil, err
		}
		its[i] = it
	}
	return NewGenerator("zip", func() (Value, bool, error) {
		if len(its) == 0 {
			return nil, false, nil
		}
		t := make(Tuple, len(its))
		for i, it := range its {
			x, ok, err := it.Next()
			if !ok || err != nil {
				return nil, false, err
			}
			t[i] = x
		}
		return t, true, nil
	}), nil
}

// Map is map(fn, v).
func Map(fn func(Value) (Value, error), v Value) (*Generator, error) {
	it, err := Iterate(v)
	if err != nil {
		return nil, err
	}
	return NewGenerator("map", func() (Value, bool, error) {
		x, ok, err := it.Next()
		if !ok || err != nil {
			return nil, false, err
		}
		y, err := fn(x)
		return y, err == nil, err
	}), nil
}

// Filter is filter(fn, v).
func Filter(fn func(Value) (bool, error), v Value) (*Generator, error) {
	it, err := Iterate(v)
	if err != nil {
		return nil, err
	}
	return NewGenerator("filter", func() (Value, bool, error) {
		for {
			x, ok, err := it.Next()
			if !ok || err != nil {
				return nil, false, err
			}
			if keep, err := fn(x); err != nil || keep {
				return x, err == nil, err
			}
		}
	}), nil
}

// Reversed is reversed(v): sequences, dicts and their views.
func Reversed(v Value) (*Generator, error) {
	switch x := v.(type) {
	case *List, Tuple, Str, Bytes, *Range, *Dict, *View:
		items, err := Collect(v)
		if err != nil {
			return nil, err
		}
		for i, j := 0, len(items)-1; i < j; i, j = i+1, j-1 {
			items[i], items[j] = items[j], items[i]
		}
		name := "reversed"
		switch x.(type) {
		case *List:
			name = "list_reverseiterator"
		case *Dict, *View:
			name = "dict_reversekeyiterator"
		}
		return GeneratorOf(name, items), nil
	}
	return nil, TypeErrorf("'%s' object is not reversible", TypeName(v))
}

// Sum is sum(v, start); a nil start is 0.
func Sum(v, start Value) (Value, error) {
	if start == nil {
		start = Int(0)
	}
	it, err := Iterate(v)
	if err != nil {
		return nil, err
	}
	switch start.(type) {
	case Str:
		return nil, TypeErrorf("sum() can't sum strings [use ''.join(seq) instead]")
	case Bytes:
		return nil, TypeErrorf("sum() can't sum bytes [use b''.join(seq) instead]")
	}
	for {
		x, ok, err := it.Next()
		if err != nil || !ok {
			return start, err
		}
		if start, err = Binary(OpAdd, start, x); err != nil {
			return nil, err
		}
	}
}

// MinMax is min(items, key=key) for OpLt and max for OpGt: the first of equal
// ones. ok is false for no items.
func MinMax(op CmpOp, items []Value, key func(Value) (Value, error)) (best Value, ok bool, err error) {
	var bestKey Value
	for _, it := range items {
		k := it
		if key != nil {
			if k, err = key(it); err != nil {
				return nil, false, err
			}
		}
		if bestKey == nil {
			best, bestKey = it, k
			continue
		}
		better, err := RichCompare(op, k, bestKey)
		if err != nil {
			return nil, false, err
		}
		if better {
			best, bestKey = it, k
		}
	}
	return best, bestKey != nil, nil
}
