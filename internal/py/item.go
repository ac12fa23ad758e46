package py

// index converts a subscript to an offset into n items. what names the
// sequence in "%s indices must be integers or slices, not %s".
func index(key Value, n int, what, outOfRange string) (int, error) {
	i, ok := AsInt(key)
	if !ok {
		if _, isLong := key.(*Long); isLong {
			return 0, Errorf("IndexError", "cannot fit 'int' into an index-sized integer")
		}
		if what == "string" {
			return 0, TypeErrorf("string indices must be integers, not '%s'", TypeName(key))
		}
		return 0, TypeErrorf("%s indices must be integers or slices, not %s", what, TypeName(key))
	}
	if i < 0 {
		i += int64(n)
	}
	if i < 0 || i >= int64(n) {
		return 0, &Error{Class: "IndexError", Msg: outOfRange}
	}
	return int(i), nil
}

// GetItem is o[key].
func GetItem(o, key Value) (Value, error) {
	sl, isSlice := key.(*Slice)
	switch o := o.(type) {
	case *Dict:
		v, ok, err := o.Get(key)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, KeyError(key)
		}
		return v, nil
	case *List:
		if isSlice {
			items, err := sliceItems(o.Items, sl)
			if err != nil {
				return nil, err
			}
			return &List{Items: items}, nil
		}
		i, err := index(key, len(o.Items), "list", "list index out of range")
		if err != nil {
			return nil, err
		}
		return o.Items[i], nil
	case Tuple:
		if isSlice {
			items, err := sliceItems(o, sl)
			if err != nil {
				return nil, err
			}
			return Tuple(items), nil
		}
		i, err := index(key, len(o), "tuple", "tuple index out of range")
		if err != nil {
			return nil, err
		}
		return o[i], nil
	case Str:
		return strItem(string(o), key)
	case Bytes:
		if isSlice {
			s, err := sliceBytes(string(o), sl)
			return Bytes(s), err
		}
		i, err := index(key, len(o), "byte", "index out of range")
		if err != nil {
			return nil, err
		}
		return Int(o[i]), nil
	case ItemGetter:
		return o.Item(key)
	case ClassItemGetter:
		return o.ClassItem(key)
	case *TypeObject:
		if IsGeneric(o.Name) {
			return NewGenericAlias(o, o.Name, key), nil
		}
		return nil, TypeErrorf("type '%s' is not subscriptable", o.Name)
	}
	return nil, TypeErrorf("'%s' object is not subscriptable", TypeName(o))
}

func strItem(s string, key Value) (Value, error) {
	if sl, ok := key.(*Slice); ok {
		r, err := sliceStr(s, sl)
		return Str(r), err
	}
	if isASCII(s) {
		i, err := index(key, len(s), "string", "string index out of range")
		if err != nil {
			return nil, err
		}
		return Str(s[i : i+1]), nil
	}
	i, err := index(key, runeCount(s), "string", "string index out of range")
	if err != nil {
		return nil, err
	}
	off := runeOffset(s, i)
	_, w := decodeRune(s[off:])
	return Str(s[off : off+w]), nil
}

// SetItem is o[key] = v.
func SetItem(o, key, v Value) error {
	switch o := o.(type) {
	case *Dict:
		return o.Set(key, v)
	case *List:
		if sl, ok := key.(*Slice); ok {
			return setSlice(o, sl, v)
		}
		i, err := index(key, len(o.Items), "list", "list assignment index out of range")
		if err != nil {
			return err
		}
		o.Items[i] = v
		return nil
	case ItemSetter:
		return o.SetItem(key, v)
	}
	if err := longIndex(o, key); err != nil {
		return err
	}
	return TypeErrorf("'%s' object does not support item assignment", TypeName(o))
}

// longIndex is the error for an index beyond 64 bits, which comes before the
// one that a str or tuple cannot be changed.
func longIndex(o, key Value) error {
	if _, long := key.(*Long); long && isSequence(o) {
		return Errorf("IndexError", "cannot fit 'int' into an index-sized integer")
	}
	return nil
}

func setSlice(l *List, sl *Slice, v Value) error {
	start, step, count, err := sl.Indices(len(l.Items))
	if err != nil {
		return err
	}
	items, err := Collect(v)
	if err != nil {
		if step != 1 {
			return TypeErrorf("must assign iterable to extended slice")
		}
		return TypeErrorf("can only assign an iterable")
	}
	if step == 1 {
		out := make([]Value, 0, len(l.Items)-count+len(items))
		out = append(append(out, l.Items[:start]...), items...)
		l.Items = append(out, l.Items[start+count:]...)
		return nil
	}
	if len(items) != count {
		return ValueErrorf("attempt to assign sequence of size %d to extended slice of size %d", len(items), count)
	}
	for i, it := range items {
		l.Items[start+i*step] = it
	}
	return nil
}

// ItemDeleter is __delitem__.
type ItemDeleter interface{ DelItem(key Value) error }

// DelItem is del o[key].
func DelItem(o, key Value) error {
	switch o := o.(type) {
	case *Dict:
		_, ok, err := o.Delete(key)
		if err == nil && !ok {
			return KeyError(key)
		}
		return err
	case *List:
		if sl, ok := key.(*Slice); ok {
			return delSlice(o, sl)
		}
		i, err := index(key, len(o.Items), "list", "list assignment index out of range")
		if err != nil {
			return err
		}
		o.Items = append(o.Items[:i], o.Items[i+1:]...)
		return nil
	case ItemDeleter:
		return o.DelItem(key)
	}
	if err := longIndex(o, key); err != nil {
		return err
	}
	if _, isInt := AsBig(key); isInt && isSequence(o) {
		return TypeErrorf("'%s' object doesn't support item deletion", TypeName(o))
	}
	return TypeErrorf("'%s' object does not support item deletion", TypeName(o))
}

func delSlice(l *List, sl *Slice) error {
	start, step, count, err := sl.Indices(len(l.Items))
	if err != nil || count == 0 {
		return err
	}
	if step < 0 {
		start, step = start+(count-1)*step, -step
	}
	out := make([]Value, 0, len(l.Items)-count)
	for i, it := range l.Items {
		if d := i - start; d >= 0 && d%step == 0 && d/step < count {
			continue
		}
		out = append(out, it)
	}
	l.Items = out
	return nil
}
