package py

import (
	"context"
	"math"
)

func listMethod(name string) method {
	switch name {
	case "append":
		return listAppend
	case "extend":
		return listExtend
	case "insert":
		return listInsert
	case "remove":
		return listRemove
	case "pop":
		return listPop
	case "clear":
		return listClear
	case "index":
		return listIndex
	case "count":
		return seqCount
	case "sort":
		return listSort
	case "reverse":
		return listReverse
	case "copy":
		return listCopy
	}
	return nil
}

func tupleMethod(name string) method {
	switch name {
	case "index":
		return tupleIndex
	case "count":
		return seqCount
	}
	return nil
}

func listAppend(_ context.Context, self Value, a *Args) (Value, error) {
	v, err := oneArg("list.append", a)
	if err != nil {
		return nil, err
	}
	l := self.(*List)
	if len(l.Items) >= maxItems {
		return nil, memoryError()
	}
	l.Items = append(l.Items, v)
	return None, nil
}

func listExtend(_ context.Context, self Value, a *Args) (Value, error) {
	v, err := oneArg("list.extend", a)
	if err != nil {
		return nil, err
	}
	items, err := Collect(v)
	if err != nil {
		return nil, err
	}
	l := self.(*List)
	if len(l.Items)+len(items) > maxItems {
		return nil, memoryError()
	}
	l.Items = append(l.Items, items...)
	return None, nil
}

func listInsert(_ context.Context, self Value, a *Args) (Value, error) {
	if err := posArgs("list.insert", "insert", a, 2, 2); err != nil {
		return nil, err
	}
	l := self.(*List)
	i, err := intArg(a.Pos[0])
	if err != nil {
		return nil, err
	}
	if i < 0 {
		i = max(i+len(l.Items), 0)
	}
	i = min(i, len(l.Items))
	l.Items = append(l.Items, nil)
	copy(l.Items[i+1:], l.Items[i:])
	l.Items[i] = a.Pos[1]
	return None, nil
}

func listRemove(_ context.Context, self Value, a *Args) (Value, error) {
	v, err := oneArg("list.remove", a)
	if err != nil {
		return nil, err
	}
	l := self.(*List)
	i, err := findItem(l.Items, v, 0, len(l.Items))
	if err != nil {
		return nil, err
	}
	if i < 0 {
		return nil, ValueErrorf("list.remove(x): x not in list")
	}
	l.Items = append(l.Items[:i], l.Items[i+1:]...)
	return None, nil
}

func listPop(_ context.Context, self Value, a *Args) (Value, error) {
	if err := posArgs("list.pop", "pop", a, 0, 1); err != nil {
		return nil, err
	}
	l := self.(*List)
	i := -1
	if len(a.Pos) == 1 {
		var err error
		if i, err = intArg(a.Pos[0]); err != nil {
			return nil, err
		}
	}
	if len(l.Items) == 0 {
		return nil, Errorf("IndexError", "pop from empty list")
	}
	if i < 0 {
		i += len(l.Items)
	}
	if i < 0 || i >= len(l.Items) {
		return nil, Errorf("IndexError", "pop index out of range")
	}
	v := l.Items[i]
	l.Items = append(l.Items[:i], l.Items[i+1:]...)
	return v, nil
}

func listClear(_ context.Context, self Value, a *Args) (Value, error) {
	if err := noArgs("list.clear", a); err != nil {
		return nil, err
	}
	self.(*List).Items = nil
	return None, nil
}

func listCopy(_ context.Context, self Value, a *Args) (Value, error) {
	if err := noArgs("list.copy", a); err != nil {
		return nil, err
	}
	return &List{Items: append([]Value(nil), self.(*List).Items...)}, nil
}

func listReverse(_ context.Context, self Value, a *Args) (Value, error) {
	if err := noArgs("list.reverse", a); err != nil {
		return nil, err
	}
	items := self.(*List).Items
	for i, j := 0, len(items)-1; i < j; i, j = i+1, j-1 {
		items[i], items[j] = items[j], items[i]
	}
	return None, nil
}

func listSort(ctx context.Context, self Value, a *Args) (Value, error) {
	l := self.(*List)
	if n := len(a.Pos) + len(a.Kw); n > 2 {
		return nil, TypeErrorf("sort() takes at most 2 arguments (%d given)", n)
	}
	if len(a.Pos) > 0 {
		return nil, TypeErrorf("sort() takes no positional arguments")
	}
	items, err := sortedKw(ctx, "sort", l.Items, a)
	if err != nil {
		return nil, err
	}
	l.Items = items
	return None, nil
}

// sortedKw sorts with the keyword arguments key and reverse.
func sortedKw(ctx context.Context, name string, items []Value, a *Args) ([]Value, error) {
	var key func(Value) (Value, error)
	reverse := false
	for _, kw := range a.Kw {
		switch kw.Name {
		case "key":
			if kw.Value != None {
				key = func(v Value) (Value, error) { return Call(ctx, kw.Value, NewArgs(v)) }
			}
		case "reverse":
			n, err := Index(kw.Value)
			if err != nil {
				return nil, err
			}
			reverse = IsTrue(n)
		default:
			return nil, TypeErrorf("'%s' is an invalid keyword argument for %s()", kw.Name, name)
		}
	}
	return Sorted(items, key, reverse)
}

func findItem(items []Value, v Value, start, stop int) (int, error) {
	for i := start; i < stop && i < len(items); i++ {
		eq, err := sameOrEqual(items[i], v)
		if err != nil {
			return -1, err
		}
		if eq {
			return i, nil
		}
	}
	return -1, nil
}

// seqIndex is index(value, start, stop).
func seqIndex(items []Value, a *Args, kind, missing string) (Value, error) {
	if err := posArgs(kind+".index", "index", a, 1, 3); err != nil {
		return nil, err
	}
	bounds := [2]int{0, math.MaxInt}
	for i, v := range a.Pos[1:] {
		n, err := sliceIndex(v)
		if err != nil {
			return nil, TypeErrorf("slice indices must be integers or have an __index__ method")
		}
		if n < 0 {
			n = max(n+len(items), 0)
		}
		bounds[i] = n
	}
	i, err := findItem(items, a.Pos[0], bounds[0], bounds[1])
	if err != nil {
		return nil, err
	}
	if i < 0 {
		if missing == "" {
			text, err := ReprErr(a.Pos[0])
			if err != nil {
				return nil, err
			}
			missing = text + " is not in list"
		}
		return nil, &Error{Class: "ValueError", Msg: missing}
	}
	return Int(i), nil
}

func listIndex(_ context.Context, self Value, a *Args) (Value, error) {
	return seqIndex(self.(*List).Items, a, "list", "")
}

func tupleIndex(_ context.Context, self Value, a *Args) (Value, error) {
	return seqIndex(self.(Tuple), a, "tuple", "tuple.index(x): x not in tuple")
}

func seqCount(_ context.Context, self Value, a *Args) (Value, error) {
	v, err := oneArg(self.Type()+".count", a)
	if err != nil {
		return nil, err
	}
	items, ok := self.(Tuple)
	if l, isList := self.(*List); isList && !ok {
		items = l.Items
	}
	n := 0
	for _, it := range items {
		eq, err := sameOrEqual(it, v)
		if err != nil {
			return nil, err
		}
		if eq {
			n++
		}
	}
	return Int(n), nil
}

func rangeMethod(name string) method {
	switch name {
	case "index":
		return func(_ context.Context, self Value, a *Args) (Value, error) {
			v, err := oneArg("range.index", a)
			if err != nil {
				return nil, err
			}
			i, err := self.(*Range).indexOf(v)
			if err == nil && i < 0 {
				if _, ok := AsBig(v); ok {
					err = ValueErrorf("%s is not in range", Repr(v))
				} else {
					err = ValueErrorf("sequence.index(x): x not in sequence")
				}
			}
			return Int(i), err
		}
	case "count":
		return func(_ context.Context, self Value, a *Args) (Value, error) {
			v, err := oneArg("range.count", a)
			if err != nil {
				return nil, err
			}
			in, err := self.(*Range).Contains(v)
			return Int(b2i(in)), err
		}
	}
	return nil
}
