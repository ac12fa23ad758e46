package py

import "strings"

// Named is a tuple whose items have names, as time.struct_time.
type Named struct {
	class string
	names []string
	items Tuple
}

// newNamed returns a Named of names and values in turn.
func newNamed(class string, pairs ...any) *Named {
	n := &Named{class: class}
	for i := 0; i < len(pairs); i += 2 {
		n.names = append(n.names, pairs[i].(string))
		n.items = append(n.items, pairs[i+1].(Value))
	}
	return n
}

// Type implements Value.
func (n *Named) Type() string { return n.class[strings.LastIndexByte(n.class, '.')+1:] }

func (n *Named) qualifiedType() string { return n.class }

// PyRepr implements Reprer.
func (n *Named) PyRepr() (string, error) {
	parts := make([]string, len(n.items))
	for i, it := range n.items {
		parts[i] = n.names[i] + "=" + Repr(it)
	}
	return n.class + "(" + strings.Join(parts, ", ") + ")", nil
}

// Len implements Lener.
func (n *Named) Len() int { return len(n.items) }

// Truth implements Truther.
func (n *Named) Truth() (bool, error) { return true, nil }

// Iter implements Iterable.
func (n *Named) Iter() (Iterator, error) { return Iterate(n.items) }

// Item implements ItemGetter.
func (n *Named) Item(key Value) (Value, error) { return GetItem(n.items, key) }

// Contains implements Container.
func (n *Named) Contains(v Value) (bool, error) { return Contains(n.items, v) }

// HashKey implements Hasher.
func (n *Named) HashKey() (any, error) { return hashKey(n.items) }

// EqualTo implements Equaler.
func (n *Named) EqualTo(other Value) (equal, known bool, err error) {
	if o, ok := other.(*Named); ok {
		other = o.items
	}
	if _, ok := other.(Tuple); !ok {
		return false, false, nil
	}
	equal, err = Equal(n.items, other)
	return equal, true, err
}

// Attr implements AttrGetter.
func (n *Named) Attr(name string) (Value, bool, error) {
	for i, f := range n.names {
		if f == name {
			return n.items[i], true, nil
		}
	}
	return LookupAttr(n.items, name)
}
