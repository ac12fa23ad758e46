package states

import (
	"strings"

	"pinch/internal/py"
)

// The helpers below are the bits of Python that Salt's compiler leans on when
// a tree is malformed: they raise what Python would raise.

// startsDunder is v.startswith("__").
func startsDunder(v py.Value) (bool, error) { return startsWith(v, "__") }

func startsWith(v py.Value, prefix string) (bool, error) {
	s, ok := v.(py.Str)
	if !ok {
		return false, py.AttributeErrorf("'%s' object has no attribute 'startswith'", py.TypeName(v))
	}
	return strings.HasPrefix(string(s), prefix), nil
}

// str is str(v).
func str(v py.Value) string { return py.ToStr(v) }

// in is v in container for dicts, lists and text.
func in(v, container py.Value) (bool, error) {
	switch c := container.(type) {
	case *py.Dict:
		_, ok, err := c.Get(v)
		return ok, err
	case *py.List:
		return member(c.Items, v)
	case py.Tuple:
		return member(c, v)
	case py.Str:
		s, ok := v.(py.Str)
		if !ok {
			return false, py.TypeErrorf("'in <string>' requires string as left operand, not %s", py.TypeName(v))
		}
		return strings.Contains(string(c), string(s)), nil
	}
	return false, py.TypeErrorf("argument of type '%s' is not iterable", py.TypeName(container))
}

func member(items []py.Value, v py.Value) (bool, error) {
	for _, it := range items {
		if eq, err := py.Equal(it, v); err != nil || eq {
			return eq, err
		}
	}
	return false, nil
}

// firstKey is next(iter(d)).
func firstKey(d *py.Dict) (py.Value, error) {
	for k := range d.All() {
		return k, nil
	}
	return nil, py.Errorf("StopIteration", "")
}

// onlyEntry is next(iter(d.items())).
func onlyEntry(d *py.Dict) (k, v py.Value, err error) {
	for k, v := range d.All() {
		return k, v, nil
	}
	return nil, nil, py.Errorf("StopIteration", "")
}

// item is container[key] for what high data is made of.
func item(container, key py.Value) (py.Value, error) {
	switch c := container.(type) {
	case *py.Dict:
		v, ok, err := c.Get(key)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, py.KeyError(key)
		}
		return v, nil
	case *py.List:
		if _, isInt := py.AsInt(key); !isInt {
			return nil, py.TypeErrorf("list indices must be integers or slices, not %s", py.TypeName(key))
		}
	case py.Str:
		if _, isInt := py.AsInt(key); !isInt {
			return nil, py.TypeErrorf("string indices must be integers, not '%s'", py.TypeName(key))
		}
	default:
		return nil, py.TypeErrorf("'%s' object is not subscriptable", py.TypeName(container))
	}
	return py.GetItem(container, key)
}

// setDefaultList is d.setdefault(key, []), which must be a list afterwards.
func setDefaultList(d *py.Dict, key string) (*py.List, error) {
	v, ok := d.GetStr(key)
	if !ok {
		l := py.NewList()
		d.SetStr(key, l)
		return l, nil
	}
	l, ok := v.(*py.List)
	if !ok {
		return nil, py.AttributeErrorf("'%s' object has no attribute 'extend'", py.TypeName(v))
	}
	return l, nil
}

// extendList is list.extend(v).
func extendList(l *py.List, v py.Value) error {
	items, err := py.Collect(v)
	if err != nil {
		return err
	}
	l.Items = append(l.Items, items...)
	return nil
}

// popItem is dict.popitem().
func popItem(d *py.Dict) (k, v py.Value, err error) {
	if d.Len() == 0 {
		return nil, nil, &py.Error{Class: "KeyError", Msg: "'dictionary is empty'", Arg: py.Str("dictionary is empty")}
	}
	keys := d.Keys()
	k = keys[len(keys)-1]
	v, _, err = d.Delete(k)
	return k, v, err
}

// splitDot is text.split(".").
func splitDot(s string) []string { return strings.Split(s, ".") }
