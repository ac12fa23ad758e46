package saltfun

import (
	"strings"

	"pinch/internal/py"
)

// Update is Salt's dictupdate.update: it merges upd into dest and returns
// dest. Dicts are merged recursively, lists replaced or, with mergeLists,
// extended by what they lack.
func Update(dest, upd py.Value, recursive, mergeLists bool) (py.Value, error) {
	d, okD := dest.(*py.Dict)
	u, okU := upd.(*py.Dict)
	if !okD || !okU {
		return nil, py.TypeErrorf("Cannot update using non-dict types in dictupdate.update()")
	}
	return d, update(d, u, recursive, mergeLists, 0)
}

const maxDepth = 900 // below Python's recursion limit

func update(d, u *py.Dict, recursive, mergeLists bool, depth int) error {
	if depth > maxDepth {
		return py.Errorf("RecursionError", "maximum recursion depth exceeded")
	}
	if !recursive {
		d.Update(u)
		return nil
	}
	for _, k := range u.Keys() {
		val, _, err := u.Get(k)
		if err != nil {
			return err
		}
		old, has, err := d.Get(k)
		if err != nil {
			return err
		}
		if has {
			switch o := old.(type) {
			case *py.Dict:
				if v, ok := val.(*py.Dict); ok {
					if err := update(o, v, true, mergeLists, depth+1); err != nil {
						return err
					}
					continue
				}
			case *py.List:
				if v, ok := val.(*py.List); ok && mergeLists {
					merged, err := extend(py.DeepCopy(o).(*py.List), v.Items)
					if err != nil {
						return err
					}
					val = merged
				}
			}
		}
		if err := d.Set(k, val); err != nil {
			return err
		}
	}
	return nil
}

// extend appends to l the items that it lacked before.
func extend(l *py.List, items []py.Value) (*py.List, error) {
	had := l.Items
	for _, it := range items {
		in, err := contains(had, it)
		if err != nil {
			return nil, err
		}
		if !in {
			l.Append(it)
		}
	}
	return l, nil
}

func contains(items []py.Value, v py.Value) (bool, error) {
	for _, it := range items {
		if eq, err := py.Equal(it, v); err != nil || eq {
			return eq, err
		}
	}
	return false, nil
}

// Merge is Salt's dictupdate.merge. strategy is smart, list, recurse,
// aggregate, overwrite or none; another one is recurse. renderer decides what
// smart means: a pipe that ends in yamlex aggregates.
func Merge(a, b py.Value, strategy, renderer string, mergeLists bool) (py.Value, error) {
	if strategy == "smart" {
		strategy = "recurse"
		if renderer[strings.LastIndexByte(renderer, '|')+1:] == "yamlex" || strings.HasPrefix(renderer, "yamlex_") {
			strategy = "aggregate"
		}
	}
	switch strategy {
	case "list":
		return mergeList(a, b)
	case "aggregate":
		return Aggregate(a, b, 1)
	case "overwrite":
		da, okA := a.(*py.Dict)
		db, okB := b.(*py.Dict)
		if okA && okB {
			for k, v := range db.All() {
				if _, has, err := da.Get(k); err != nil {
					return nil, err
				} else if has {
					if err := da.Set(k, v); err != nil {
						return nil, err
					}
				}
			}
		}
		return Update(py.DeepCopy(a), b, true, mergeLists)
	case "recurse":
		return Update(py.DeepCopy(a), b, true, mergeLists)
	}
	return Update(py.DeepCopy(a), b, true, false)
}

// mergeList keeps what only a has and pairs what both have.
func mergeList(a, b py.Value) (py.Value, error) {
	da, ok := a.(*py.Dict)
	if !ok {
		return nil, py.AttributeErrorf("'%s' object has no attribute 'items'", py.TypeName(a))
	}
	out := py.NewDict()
	for k, v := range da.All() {
		in, other, err := member(b, k)
		if err != nil {
			return nil, err
		}
		if in {
			v = py.NewList(v, other)
		}
		if err := out.Set(k, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func member(b, k py.Value) (in bool, v py.Value, err error) {
	d, ok := b.(*py.Dict)
	if !ok {
		return false, nil, py.TypeErrorf("argument of type '%s' is not iterable", py.TypeName(b))
	}
	v, in, err = d.Get(k)
	return in, v, err
}

// Aggregate is yamlex's merge: dicts of the first level levels are united,
// lists there too; below, only keys of b count and b's values win.
func Aggregate(a, b py.Value, level int) (py.Value, error) {
	return aggregate(a, b, level, 0)
}

func aggregate(a, b py.Value, level, depth int) (py.Value, error) {
	if depth > maxDepth {
		return nil, py.Errorf("RecursionError", "maximum recursion depth exceeded")
	}
	deep := level > 0
	if deep {
		a, b = mark(a), mark(b)
	}
	da, okA := a.(*py.Dict)
	db, okB := b.(*py.Dict)
	if okA && okB {
		out := db.Copy()
		if deep {
			out = da.Copy()
		}
		for k, v := range db.All() {
			old, has, err := da.Get(k)
			if err != nil {
				return nil, err
			}
			if has {
				if v, err = aggregate(old, v, level-1, depth+1); err != nil {
					return nil, err
				}
			}
			if err := out.Set(k, v); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	la, okA := a.(*py.List)
	lb, okB := b.(*py.List)
	if okA && okB && deep {
		return extend(py.NewList(append([]py.Value(nil), la.Items...)...), lb.Items)
	}
	switch b := b.(type) {
	case *py.Dict:
		return b.Copy(), nil
	case *py.List:
		return py.NewList(append([]py.Value(nil), b.Items...)...), nil
	}
	return b, nil
}

// mark turns a value into what aggregates: a dict stays, the rest is a list.
func mark(v py.Value) py.Value {
	switch v := v.(type) {
	case *py.Dict:
		d := py.NewOrderedDict()
		d.Update(v)
		return d
	case *py.List:
		return v
	case py.Tuple:
		return py.NewList(append([]py.Value(nil), v...)...)
	case *py.Set:
		return py.NewList(v.Items()...)
	}
	return py.NewList(v)
}
