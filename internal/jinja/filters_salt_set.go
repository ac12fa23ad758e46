package jinja

import (
	"strings"

	"pinch/internal/py"
)

// saltSetFilters are Salt's filters that treat lists as sets. Two values of
// hashable types (tuples, strings) give a set, others a list in order.
func saltSetFilters() map[string]Filter {
	pair := func(name string, sets func(x, y *py.Set) (*py.Set, error), lists func(c *Context, x, y py.Value) ([]py.Value, error)) Filter {
		return fn(name+"(lst1, lst2)", func(c *Context, a []py.Value) (py.Value, error) {
			if !isHashable(a[0]) || !isHashable(a[1]) {
				items, err := lists(c, a[0], a[1])
				if err != nil {
					return nil, err
				}
				items, err = c.unique(items)
				return py.NewList(items...), err
			}
			x, err := setOf(a[0])
			if err != nil {
				return nil, err
			}
			y, err := setOf(a[1])
			if err != nil {
				return nil, err
			}
			return sets(x, y)
		})
	}
	return map[string]Filter{
		"unique": fn("unique(values)", func(c *Context, a []py.Value) (py.Value, error) {
			if isHashable(a[0]) {
				return setOf(a[0])
			}
			items, err := collect(a[0])
			if err != nil {
				return nil, err
			}
			items, err = c.unique(items)
			return py.NewList(items...), err
		}),
		"union":                pair("union", binarySet(py.OpOr), joined),
		"intersect":            pair("intersect", binarySet(py.OpAnd), func(c *Context, x, y py.Value) ([]py.Value, error) { return c.selectIn(x, y, true) }),
		"difference":           pair("difference", binarySet(py.OpSub), func(c *Context, x, y py.Value) ([]py.Value, error) { return c.selectIn(x, y, false) }),
		"symmetric_difference": pair("symmetric_difference", binarySet(py.OpXor), symmetric),
	}
}

// setOf is set(v).
func setOf(v py.Value) (*py.Set, error) {
	items, err := collect(v)
	if err != nil {
		return nil, err
	}
	return py.NewSet(items...)
}

func binarySet(op py.BinOp) func(x, y *py.Set) (*py.Set, error) {
	return func(x, y *py.Set) (*py.Set, error) {
		v, err := py.Binary(op, x, y)
		if err != nil {
			return nil, err
		}
		return v.(*py.Set), nil
	}
}

// joined is x + y, which must be of one type.
func joined(_ *Context, x, y py.Value) ([]py.Value, error) {
	v, err := py.Binary(py.OpAdd, x, y)
	if err != nil {
		return nil, err
	}
	return collect(v)
}

func symmetric(c *Context, x, y py.Value) ([]py.Value, error) {
	all, err := joined(c, x, y)
	if err != nil {
		return nil, err
	}
	both, err := c.selectIn(x, y, true)
	if err != nil {
		return nil, err
	}
	return c.selectIn(py.NewList(all...), py.NewList(both...), false)
}

// selectIn returns the items of x that are in y, or that are not.
func (c *Context) selectIn(x, y py.Value, in bool) ([]py.Value, error) {
	it, err := iterate(x)
	if err != nil {
		return nil, err
	}
	var table *memberTable
	if l, ok := y.(*py.List); ok {
		table = &memberTable{c: c}
		for _, v := range l.Items {
			if err := table.add(v); err != nil {
				return nil, err
			}
		}
	}
	var out []py.Value
	for {
		if err := c.rt.step(); err != nil {
			return nil, err
		}
		v, ok, err := it.Next()
		if err != nil || !ok {
			return out, err
		}
		var has bool
		if table != nil {
			has, err = table.has(v)
		} else {
			has, err = py.Contains(y, v)
		}
		if err != nil {
			return nil, err
		}
		if has == in {
			out = append(out, v)
		}
	}
}

// unique drops items that are equal to an earlier one.
func (c *Context) unique(items []py.Value) ([]py.Value, error) {
	table := &memberTable{c: c}
	var out []py.Value
	for _, v := range items {
		has, err := table.has(v)
		if err != nil {
			return nil, err
		}
		if has {
			continue
		}
		if err := table.add(v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// memberTable answers "v in list" by hash where v has one, so that large lists
// do not cost the square of their length. Equal values are of one hash or have
// none, except that a set equals a frozenset.
type memberTable struct {
	c      *Context
	hashed *py.Dict
	rest   []py.Value
}

func (t *memberTable) add(v py.Value) error {
	if t.hashed == nil {
		t.hashed = py.NewDict()
	}
	if _, isSet := v.(*py.Set); !isSet && t.hashed.Set(v, py.None) == nil {
		return nil
	}
	t.rest = append(t.rest, v)
	return nil
}

func (t *memberTable) has(v py.Value) (bool, error) {
	if err := t.c.rt.step(); err != nil {
		return false, err
	}
	if t.hashed.Len() > 0 {
		if err := strictFail(v); err != nil { // comparing it fails
			return false, err
		}
		if _, ok, err := t.hashed.Get(v); err == nil && ok {
			return true, nil
		}
	}
	for _, r := range t.rest {
		if err := t.c.rt.step(); err != nil {
			return false, err
		}
		if py.Is(r, v) {
			return true, nil
		}
		if eq, err := py.Equal(r, v); eq || err != nil {
			return eq, err
		}
	}
	return false, nil
}

// splitCells splits a line at its bars.
func splitCells(line string) []string {
	cells := strings.Split(line, "|")
	for i := range cells {
		cells[i] = stripText(cells[i])
	}
	return cells
}
