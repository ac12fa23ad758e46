package py

import "unicode/utf8"

// Iterate returns an iterator over v (iter(v)), or the TypeError that v is
// not iterable. Dicts give keys, strings give characters. A list that grows
// while it is iterated is followed, as in Python.
func Iterate(v Value) (Iterator, error) {
	switch v := v.(type) {
	case *List:
		return &listIter{l: v}, nil
	case Tuple:
		return &sliceIter{items: v}, nil
	case *Dict:
		return &dictIter{d: v, n: v.Len()}, nil
	case *Set:
		return &setIter{s: v, sliceIter: sliceIter{items: v.Items()}}, nil
	case Str:
		return &strIter{s: string(v)}, nil
	case Bytes:
		items := make([]Value, len(v))
		for i := range len(v) {
			items[i] = Int(v[i])
		}
		return &sliceIter{items: items}, nil
	case Iterable:
		return v.Iter()
	case Iterator:
		return v, nil
	}
	return nil, TypeErrorf("'%s' object is not iterable", TypeName(v))
}

// Collect returns all values of an iterable (list(v)).
func Collect(v Value) ([]Value, error) {
	switch v := v.(type) {
	case *List:
		return append([]Value(nil), v.Items...), nil
	case Tuple:
		return append([]Value(nil), v...), nil
	case *Dict:
		return v.Keys(), nil
	case *Set:
		return v.Items(), nil
	}
	it, err := Iterate(v)
	if err != nil {
		return nil, err
	}
	if l, ok := v.(Lener); ok && l.Len() > maxItems {
		return nil, memoryError()
	}
	var out []Value
	for {
		x, ok, err := it.Next()
		if err != nil || !ok {
			return out, err
		}
		if len(out) >= maxItems {
			return nil, memoryError()
		}
		out = append(out, x)
	}
}

// The iterators are values too (iter(x)), named as CPython names them.

// Type implements Value.
func (*sliceIter) Type() string { return "tuple_iterator" }

// Type implements Value.
func (*listIter) Type() string { return "list_iterator" }

// Type implements Value.
func (*strIter) Type() string { return "str_iterator" }

// Type implements Value.
func (*setIter) Type() string { return "set_iterator" }

// Type implements Value.
func (it *dictIter) Type() string {
	return [...]string{"dict_keyiterator", "dict_valueiterator", "dict_itemiterator"}[it.kind]
}

type sliceIter struct {
	items []Value
	i     int
}

func (it *sliceIter) Next() (Value, bool, error) {
	if it.i >= len(it.items) {
		return nil, false, nil
	}
	it.i++
	return it.items[it.i-1], true, nil
}

type listIter struct {
	l *List
	i int
}

func (it *listIter) Next() (Value, bool, error) {
	if it.l == nil || it.i >= len(it.l.Items) {
		it.l = nil
		return nil, false, nil
	}
	it.i++
	return it.l.Items[it.i-1], true, nil
}

type dictIter struct {
	d    *Dict
	i    int
	n    int
	kind ViewKind
}

// setIter iterates a set's items; only the error text differs.
type setIter struct {
	sliceIter
	s *Set
}

func (it *setIter) Next() (Value, bool, error) {
	if it.s != nil && it.s.Len() != len(it.items) {
		return nil, false, Errorf("RuntimeError", "Set changed size during iteration")
	}
	v, ok, err := it.sliceIter.Next()
	if !ok {
		it.s = nil
	}
	return v, ok, err
}

func (it *dictIter) Next() (Value, bool, error) {
	if it.d == nil {
		return nil, false, nil
	}
	if it.d.Len() != it.n {
		if it.d.Ordered {
			return nil, false, Errorf("RuntimeError", "OrderedDict mutated during iteration")
		}
		return nil, false, Errorf("RuntimeError", "dictionary changed size during iteration")
	}
	for it.i < len(it.d.entries) {
		e := it.d.entries[it.i]
		it.i++
		if e.key != nil {
			switch it.kind {
			case ViewValues:
				return e.val, true, nil
			case ViewItems:
				return Tuple{e.key, e.val}, true, nil
			}
			return e.key, true, nil
		}
	}
	it.d = nil
	return nil, false, nil
}

type strIter struct{ s string }

func (it *strIter) Next() (Value, bool, error) {
	if it.s == "" {
		return nil, false, nil
	}
	_, n := decodeRune(it.s)
	c := it.s[:n]
	it.s = it.s[n:]
	return Str(c), true, nil
}

// decodeRune is utf8.DecodeRuneInString that also takes a lone surrogate in
// its WTF-8 form as one code point.
func decodeRune(s string) (rune, int) {
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n == 1 && len(s) >= 3 && s[0] == 0xED && s[1]&0xE0 == 0xA0 && s[2]&0xC0 == 0x80 {
		return 0xD000 | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F), 3
	}
	return r, n
}
