package py

// DeepCopy returns copy.deepcopy(v): containers are new, shared and cyclic
// references inside v stay shared in the copy, other values are kept.
func DeepCopy(v Value) Value { return (&copier{}).copy(v) }

type copier struct{ memo map[Value]Value }

func (c *copier) copy(v Value) Value {
	switch v := v.(type) {
	case *List:
		if n, ok := c.memo[v]; ok {
			return n
		}
		n := &List{Items: make([]Value, len(v.Items))}
		c.note(v, n)
		for i, it := range v.Items {
			n.Items[i] = c.copy(it)
		}
		return n
	case *Dict:
		if n, ok := c.memo[v]; ok {
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

func (c *copier) note(v, n Value) {
	if c.memo == nil {
		c.memo = map[Value]Value{}
	}
	c.memo[v] = n
}
