package py

// ViewKind tells the three dict views apart.
type ViewKind uint8

// The kinds of dict views.
const (
	ViewKeys ViewKind = iota
	ViewValues
	ViewItems
)

// View is what dict.keys(), values() and items() return: it follows the dict.
type View struct {
	D    *Dict
	Kind ViewKind
}

// Type implements Value.
func (v *View) Type() string {
	return [2][3]string{{"dict_keys", "dict_values", "dict_items"}, {"odict_keys", "odict_values", "odict_items"}}[b2i(v.D.Ordered)][v.Kind]
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Len implements Lener.
func (v *View) Len() int { return v.D.Len() }

// Iter implements Iterable.
func (v *View) Iter() (Iterator, error) {
	return &dictIter{d: v.D, n: v.D.Len(), kind: v.Kind}, nil
}

// Contains implements Container.
func (v *View) Contains(x Value) (bool, error) {
	switch v.Kind {
	case ViewKeys:
		_, ok, err := v.D.Get(x)
		return ok, err
	case ViewItems:
		t, ok := x.(Tuple)
		if !ok || len(t) != 2 {
			return false, nil
		}
		val, ok, err := v.D.Get(t[0])
		if err != nil || !ok {
			return false, err
		}
		return Equal(val, t[1])
	}
	return containsItem(v.D.Values(), x)
}

// ReprTo implements PrinterReprer.
func (v *View) ReprTo(p *Printer) error {
	if !p.Enter(v) {
		p.WriteString("...")
		return nil
	}
	defer p.Leave()
	p.WriteString(v.Type() + "([")
	first := true
	for k, val := range v.D.All() {
		if !first {
			p.WriteString(", ")
		}
		first = false
		var err error
		switch v.Kind {
		case ViewKeys:
			err = p.Repr(k)
		case ViewValues:
			err = p.Repr(val)
		default:
			err = p.Repr(Tuple{k, val})
		}
		if err != nil {
			return err
		}
	}
	p.WriteString("])")
	return nil
}

// EqualTo implements Equaler: keys and items compare as sets.
func (v *View) EqualTo(other Value) (bool, bool, error) {
	if !isSetLike(v) || !isSetLike(other) {
		return false, false, nil
	}
	n, err := Len(other)
	if err != nil || n != v.Len() {
		return false, true, err
	}
	it, err := v.Iter()
	if err != nil {
		return false, true, err
	}
	for {
		x, ok, err := it.Next()
		if err != nil || !ok {
			return err == nil, true, err
		}
		if in, err := Contains(other, x); err != nil || !in {
			return false, true, err
		}
	}
}

// HashKey implements Hasher: keys and items are set-like and have none.
func (v *View) HashKey() (any, error) {
	if v.Kind != ViewValues {
		return nil, unhashable(v)
	}
	return v, nil
}

// isSetLike says whether v compares and combines as a set.
func isSetLike(v Value) bool {
	switch v := v.(type) {
	case *Set:
		return true
	case *View:
		return v.Kind != ViewValues
	}
	return false
}

// setOf returns the items of any iterable as a set.
func setOf(v Value) (*Set, error) {
	if s, ok := v.(*Set); ok {
		return s, nil
	}
	items, err := Collect(v)
	if err != nil {
		return nil, err
	}
	return NewSet(items...)
}

// setBinary is & | ^ - of sets and of dict views.
func setBinary(op BinOp, a, b Value) (v Value, known bool, err error) {
	sa, aSet := a.(*Set)
	_, bSet := b.(*Set)
	switch {
	case aSet && (bSet || isSetLike(b)):
	case !aSet && isSetLike(a), !aSet && isSetLike(b) && !bSet:
		// A view takes any iterable on the other side.
	default:
		return nil, false, nil
	}
	x, err := setOf(a)
	if err != nil {
		return nil, true, err
	}
	y, err := setOf(b)
	if err != nil {
		return nil, true, err
	}
	r := setOp(op, x, y)
	r.Frozen = aSet && sa.Frozen
	return r, true, nil
}

func setOp(op BinOp, x, y *Set) *Set {
	r := &Set{}
	keep := func(from, other *Set, in bool) {
		for _, it := range from.Items() {
			if has, _ := other.Contains(it); has == in { // items are hashable
				_ = r.Add(it)
			}
		}
	}
	switch op {
	case OpAnd:
		keep(x, y, true)
	case OpSub:
		keep(x, y, false)
	case OpXor:
		keep(x, y, false)
		keep(y, x, false)
	default:
		r.d = *x.d.Copy()
		for _, it := range y.Items() {
			_ = r.Add(it)
		}
	}
	return r
}
