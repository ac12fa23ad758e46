package py

// Set is Python's set or, with Frozen, frozenset. Numbers are listed as
// CPython lists them. Other items come in the order of insertion; Python's
// order differs from run to run, and Salt sorts where it matters.
type Set struct {
	Frozen bool
	d      Dict
}

// NewSet returns a set of the items; an unhashable one is a TypeError.
func NewSet(items ...Value) (*Set, error) {
	s := &Set{}
	for _, it := range items {
		if err := s.Add(it); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Type implements Value.
func (s *Set) Type() string {
	if s.Frozen {
		return "frozenset"
	}
	return "set"
}

// Len returns the number of items.
func (s *Set) Len() int { return s.d.Len() }

// Add adds an item.
func (s *Set) Add(v Value) error { return s.d.Set(v, None) }

// Remove removes an item and says whether it was there.
func (s *Set) Remove(v Value) (bool, error) {
	_, ok, err := s.d.Delete(asMember(v))
	return ok, err
}

// Contains implements Container.
func (s *Set) Contains(v Value) (bool, error) {
	_, ok, err := s.d.Get(asMember(v))
	return ok, err
}

// asMember makes a set that is looked for in a set a frozenset, which it
// would have to be to be in there.
func asMember(v Value) Value {
	if s, ok := v.(*Set); ok && !s.Frozen {
		return &Set{Frozen: true, d: s.d}
	}
	return v
}

// Items returns the items in the order of iteration, see set_order.go.
func (s *Set) Items() []Value { return setOrder(s.d.Keys()) }

// Copy returns a shallow copy.
func (s *Set) Copy() *Set { return &Set{Frozen: s.Frozen, d: *s.d.Copy()} }

// HashKey implements Hasher: only a frozenset has one.
func (s *Set) HashKey() (any, error) {
	if !s.Frozen {
		return nil, unhashable(s)
	}
	return setKeyOf(s.Items())
}
