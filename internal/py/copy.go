package py

// DeepCopy returns copy.deepcopy(v): containers are new, shared and cyclic
// references inside v stay shared in the copy, other values are kept.
func DeepCopy(v Value) Value { return (&copier{}).copy(v) }

// CopyTree is DeepCopy of a value in which no container occurs twice, and
// costs less.
func CopyTree(v Value) Value {
	switch v := v.(type) {
	case *List:
		n := &List{Items: make([]Value, len(v.Items))}
		for i, it := range v.Items {
			n.Items[i] = CopyTree(it)
		}
		return n
	case *Dict:
		n := v.Copy()
		for i := range n.entries {
			n.entries[i].val = CopyTree(n.entries[i].val)
		}
		return n
	case *Set:
		return v.Copy()
	case Tuple:
		n := make(Tuple, len(v))
		for i, it := range v {
			n[i] = CopyTree(it)
		}
		return n
	}
	return v
}

// copier remembers what it copied: the first few in a list, which is all that
// most values have, the rest in a map.
type copier struct {
	few  [16]copied
	n    int // how many of few are used
	memo map[Value]Value
}

type copied struct{ from, to Value }

func (c *copier) copy(v Value) Value {
	switch v := v.(type) {
	case *List:
		if n := c.find(v); n != nil {
			return n
		}
		n := &List{Items: make([]Value, len(v.Items))}
		c.note(v, n)
		for i, it := range v.Items {
			n.Items[i] = c.copy(it)
		}
		return n
	case *Dict:
		if n := c.find(v); n != nil {
			return n
		}
		n := v.Copy()
		c.note(v, n)
		for i := range n.entries {
			n.entries[i].val = c.copy(n.entries[i].val)
		}
		return n
	case *Set:
		return v.Copy()
	case Tuple:
		n := make(Tuple, len(v))
		for i, it := range v {
			n[i] = c.copy(it)
		}
		return n
	}
	return v
}

func (c *copier) find(v Value) Value {
	for i := range c.few[:c.n] {
		if c.few[i].from == v {
			return c.few[i].to
		}
	}
	return c.memo[v]
}

func (c *copier) note(v, n Value) {
	if c.n < len(c.few) {
		c.few[c.n] = copied{v, n}
		c.n++
		return
	}
	if c.memo == nil {
		c.memo = map[Value]Value{}
	}
	c.memo[v] = n
}
