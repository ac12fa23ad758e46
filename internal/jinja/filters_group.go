package jinja

import "pinch/internal/py"

// This file has the filters that cut a sequence into parts.

// groupTuple is what groupby yields: a named tuple.
type groupTuple struct{ grouper, list py.Value }

func (*groupTuple) Type() string       { return "_GroupTuple" }
func (*groupTuple) TypeModule() string { return "jinja2.filters" }
func (g *groupTuple) tuple() py.Tuple  { return py.Tuple{g.grouper, g.list} }
func (*groupTuple) Len() int           { return 2 }

func (g *groupTuple) Attr(name string) (py.Value, bool, error) {
	switch name {
	case "grouper":
		return g.grouper, true, nil
	case "list":
		return g.list, true, nil
	}
	return py.LookupAttr(g.tuple(), name)
}

func (g *groupTuple) Item(key py.Value) (py.Value, error) { return py.GetItem(g.tuple(), key) }
func (g *groupTuple) Iter() (py.Iterator, error)          { return py.Iterate(g.tuple()) }
func (g *groupTuple) PyRepr() (string, error)             { return py.ReprErr(g.tuple()) }
func (g *groupTuple) Contains(v py.Value) (bool, error)   { return py.Contains(g.tuple(), v) }

func (g *groupTuple) EqualTo(other py.Value) (bool, bool, error) {
	switch o := other.(type) {
	case *groupTuple:
		eq, err := py.Equal(g.tuple(), o.tuple())
		return eq, true, err
	case py.Tuple:
		eq, err := py.Equal(g.tuple(), o)
		return eq, true, err
	}
	return false, false, nil
}

func doBatch(c *Context, a []py.Value) (py.Value, error) {
	var it py.Iterator
	var pending py.Value
	done := false
	return newGenerator("do_batch", func() (py.Value, bool, error) {
		if done {
			return nil, false, nil
		}
		var err error
		if it == nil {
			if it, err = iterate(a[0]); err != nil {
				return nil, false, err
			}
		}
		var tmp []py.Value
		if pending != nil {
			tmp = append(tmp, pending)
			pending = nil
		}
		for {
			if err := c.rt.step(); err != nil {
				return nil, false, err
			}
			v, ok, err := it.Next()
			if err != nil {
				return nil, false, err
			}
			if !ok {
				break
			}
			full, err := py.Equal(py.Int(len(tmp)), a[1])
			if err != nil {
				return nil, false, err
			}
			if full {
				pending = v
				return py.NewList(tmp...), true, nil
			}
			tmp = append(tmp, v)
		}
		done = true
		if len(tmp) == 0 {
			return nil, false, nil
		}
		if _, none := a[2].(py.NoneType); !none {
			// [fill] * (linecount - len), when it is not full
			less, err := py.RichCompare(py.OpLt, py.Int(len(tmp)), a[1])
			if err != nil {
				return nil, false, err
			}
			if less {
				left, err := py.Binary(py.OpSub, a[1], py.Int(len(tmp)))
				if err != nil {
					return nil, false, err
				}
				more, err := py.Binary(py.OpMul, py.NewList(a[2]), left)
				if err != nil {
					return nil, false, err
				}
				tmp = append(tmp, more.(*py.List).Items...)
			}
		}
		return py.NewList(tmp...), true, nil
	}), nil
}

func doSlice(c *Context, a []py.Value) (py.Value, error) {
	var seq []py.Value
	started := false
	i, n, offset := 0, 0, 0
	return newGenerator("sync_do_slice", func() (py.Value, bool, error) {
		if !started {
			started = true
			var err error
			if seq, err = collect(a[0]); err != nil {
				return nil, false, err
			}
			if _, err = py.Binary(py.OpFloorDiv, py.Int(len(seq)), a[1]); err != nil {
				return nil, false, err
			}
			if n, err = intOf(a[1]); err != nil {
				return nil, false, err
			}
		}
		if i >= n {
			return nil, false, nil
		}
		if err := c.rt.step(); err != nil {
			return nil, false, err
		}
		per, extra := len(seq)/n, len(seq)%n
		start := offset + i*per
		if i < extra {
			offset++
		}
		end := offset + (i+1)*per
		tmp := append([]py.Value(nil), seq[start:end]...)
		if _, none := a[2].(py.NoneType); !none && i >= extra {
			tmp = append(tmp, a[2])
		}
		i++
		return py.NewList(tmp...), true, nil
	}), nil
}

func doGroupby(c *Context, a []py.Value) (py.Value, error) {
	sensitive, err := py.Truth(a[3])
	if err != nil {
		return nil, err
	}
	var def py.Value
	if _, none := a[2].(py.NoneType); !none {
		def = a[2]
	}
	key, err := c.attrGetter(a[1], def, !sensitive)
	if err != nil {
		return nil, err
	}
	items, err := collect(a[0])
	if err != nil {
		return nil, err
	}
	if items, err = py.Sorted(items, key, false); err != nil {
		return nil, err
	}
	out := py.NewList()
	var last py.Value
	var group *py.List
	for _, v := range items {
		k, err := key(v)
		if err != nil {
			return nil, err
		}
		same := false
		if group != nil {
			if same, err = py.Equal(last, k); err != nil {
				return nil, err
			}
		}
		if !same {
			group = py.NewList()
			last = k
			out.Append(&groupTuple{k, group})
		}
		group.Append(v)
	}
	if !sensitive { // show the first item's own spelling
		real, err := c.attrGetter(a[1], def, false)
		if err != nil {
			return nil, err
		}
		for _, g := range out.Items {
			g := g.(*groupTuple)
			if g.grouper, err = real(g.list.(*py.List).Items[0]); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}
