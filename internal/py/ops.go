package py

import "reflect"

// TypeName is the name CPython's own error texts use for v's type, which for
// a few types has the module in front ("collections.OrderedDict").
func TypeName(v Value) string {
	switch v := v.(type) {
	case nil:
		return "NoneType"
	case *Dict:
		if v.Ordered {
			return "collections.OrderedDict"
		}
		return "dict"
	case qualifiedTyper:
		return v.qualifiedType()
	}
	return v.Type()
}

// qualifiedTyper is a type of another module than builtins.
type qualifiedTyper interface{ qualifiedType() string }

// Truth is bool(v).
func Truth(v Value) (bool, error) {
	switch v := v.(type) {
	case nil, NoneType:
		return false, nil
	case Bool:
		return bool(v), nil
	case Int:
		return v != 0, nil
	case Float:
		return v != 0, nil
	case Complex:
		return v != 0, nil
	case Str:
		return v != "", nil
	case Bytes:
		return v != "", nil
	case Tuple:
		return len(v) > 0, nil
	case *List:
		return len(v.Items) > 0, nil
	case *Dict:
		return v.Len() > 0, nil
	case Truther:
		return v.Truth()
	case Lener:
		return v.Len() > 0, nil
	}
	return true, nil
}

// IsTrue is Truth for values that cannot raise: an exception counts as false.
func IsTrue(v Value) bool {
	if v == nil {
		return false
	}
	t, err := Truth(v)
	return err == nil && t
}

// Equal is a == b.
func Equal(a, b Value) (bool, error) {
	var w comparison
	return equal(a, b, &w)
}

// comparison is how far comparing containers has got: shared items could make
// it take for ever.
type comparison struct{ depth, items int }

func (w *comparison) leave() { w.depth-- }

// maxCompared is how many items one comparison may look at.
const maxCompared = 100 << 20

func (w *comparison) enter(items int) error {
	w.depth++
	w.items += items + 1
	switch {
	case w.depth > maxDepth:
		return Errorf("RecursionError", "maximum recursion depth exceeded in comparison")
	case w.items > maxCompared:
		return Errorf("RuntimeError", "comparison of more than %d items", maxCompared)
	}
	return nil
}

// Is is a is b: the same object for reference types, the same type and value
// for the others (CPython shares small ints and interned strings).
func Is(a, b Value) bool {
	if ta, ok := a.(Tuple); ok {
		tb, ok := b.(Tuple)
		return ok && len(ta) == len(tb) && (len(ta) == 0 || &ta[0] == &tb[0])
	}
	return comparable(a) && comparable(b) && a == b
}

const maxDepth = 1000 // Python's default recursion limit

func equal(a, b Value, w *comparison) (bool, error) {
	switch x := a.(type) {
	case Str:
		if y, ok := b.(Str); ok {
			return x == y, nil
		}
	case Bytes:
		if y, ok := b.(Bytes); ok {
			return x == y, nil
		}
	case NoneType:
		if _, ok := b.(NoneType); ok {
			return true, nil
		}
	case Bool, Int, *Long, Float, Complex:
		if isNumber(b) {
			return numEqual(a, b), nil
		}
	case *List:
		if y, ok := b.(*List); ok {
			if x == y {
				return true, nil
			}
			return equalItems(x.Items, y.Items, w)
		}
	case Tuple:
		if y, ok := b.(Tuple); ok {
			return equalItems(x, y, w)
		}
	case *Dict:
		if y, ok := b.(*Dict); ok {
			if x == y {
				return true, nil
			}
			return equalDicts(x, y, w)
		}
	case *Set:
		if y, ok := b.(*Set); ok {
			return x == y || x.Len() == y.Len() && subset(x, y), nil
		}
	}
	if ea, ok := a.(Equaler); ok {
		if eq, known, err := ea.EqualTo(b); known || err != nil {
			return eq, err
		}
	}
	if eb, ok := b.(Equaler); ok {
		if eq, known, err := eb.EqualTo(a); known || err != nil {
			return eq, err
		}
	}
	return comparable(a) && comparable(b) && a == b, nil
}

// comparable says whether Go's == may be used on v.
func comparable(v Value) bool {
	switch v.(type) {
	case Tuple:
		return false
	case Str, Int, Bool, Float, NoneType, Bytes, *List, *Dict, *Set:
		return true
	}
	return v == nil || reflect.TypeOf(v).Comparable()
}

func equalItems(x, y []Value, w *comparison) (bool, error) {
	if len(x) != len(y) {
		return false, nil
	}
	if err := w.enter(len(x)); err != nil {
		return false, err
	}
	defer w.leave()
	for i := range x {
		if i >= len(y) { // a comparison changed the list
			return false, nil
		}
		if eq, err := equal(x[i], y[i], w); err != nil || !eq {
			return false, err
		}
	}
	return true, nil
}

func equalDicts(x, y *Dict, w *comparison) (bool, error) {
	if x.Len() != y.Len() {
		return false, nil
	}
	if err := w.enter(x.Len()); err != nil {
		return false, err
	}
	defer w.leave()
	if x.Ordered && y.Ordered { // OrderedDicts compare their order too
		ky := y.Keys()
		for i, k := range x.Keys() {
			if eq, err := equal(k, ky[i], w); err != nil || !eq {
				return false, err
			}
		}
	}
	for k, v := range x.All() {
		other, ok, err := y.Get(k)
		if err != nil || !ok {
			return false, err
		}
		if eq, err := equal(v, other, w); err != nil || !eq {
			return false, err
		}
	}
	return true, nil
}

// subset says whether every item of x is in y; set items are hashable.
func subset(x, y *Set) bool {
	for i := range x.d.entries {
		if k := x.d.entries[i].key; k != nil {
			if _, ok, err := y.d.Get(k); err != nil || !ok {
				return false
			}
		}
	}
	return true
}

// Len is len(v).
func Len(v Value) (int, error) {
	switch v := v.(type) {
	case Str:
		return runeCount(string(v)), nil
	case Bytes:
		return len(v), nil
	case Tuple:
		return len(v), nil
	case *List:
		return len(v.Items), nil
	case *Dict:
		return v.Len(), nil
	case Lener:
		return v.Len(), nil
	}
	return 0, TypeErrorf("object of type '%s' has no len()", TypeName(v))
}

// Contains is item in container.
func Contains(container, item Value) (bool, error) {
	switch c := container.(type) {
	case Str:
		s, ok := asStr(item)
		if !ok {
			return false, TypeErrorf("'in <string>' requires string as left operand, not %s", TypeName(item))
		}
		return containsString(string(c), s), nil
	case Bytes:
		return bytesContains(c, item)
	case *Dict:
		_, ok, err := c.Get(item)
		return ok, err
	case Tuple:
		return containsItem(c, item)
	case *List:
		return containsItem(c.Items, item)
	case Container:
		return c.Contains(item)
	}
	it, err := Iterate(container)
	if err != nil {
		return false, TypeErrorf("argument of type '%s' is not iterable", TypeName(container))
	}
	for {
		x, ok, err := it.Next()
		if err != nil || !ok {
			return false, err
		}
		if eq, err := sameOrEqual(x, item); err != nil || eq {
			return eq, err
		}
	}
}

// sameOrEqual is how containers compare their items: an object is equal to
// itself, whatever its __eq__ says.
func sameOrEqual(x, y Value) (bool, error) {
	if Is(x, y) {
		return true, nil
	}
	return Equal(x, y)
}

func containsItem(items []Value, item Value) (bool, error) {
	if s, ok := item.(Str); ok { // the usual case, without a type switch per item
		for _, it := range items {
			if t, ok := it.(Str); ok {
				if t == s {
					return true, nil
				}
				continue
			}
			if eq, err := Equal(it, item); err != nil || eq {
				return eq, err
			}
		}
		return false, nil
	}
	for _, it := range items {
		if eq, err := sameOrEqual(it, item); err != nil || eq {
			return eq, err
		}
	}
	return false, nil
}

// StrLike is a str subclass such as Jinja's Markup: string functions take it
// as the str it wraps.
type StrLike interface{ PyString() string }

// asStr returns the text of a str or of a subclass.
func asStr(v Value) (string, bool) {
	switch v := v.(type) {
	case Str:
		return string(v), true
	case StrLike:
		return v.PyString(), true
	}
	return "", false
}
