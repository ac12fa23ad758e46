package py

import "context"

func dictMethod(name string, ordered bool) method {
	switch name {
	case "get":
		return dictGet
	case "items":
		return dictItems
	case "keys":
		return dictKeys
	case "values":
		return dictValues
	case "update":
		return dictUpdate
	case "pop":
		return dictPop
	case "popitem":
		return dictPopitem
	case "setdefault":
		return dictSetdefault
	case "copy":
		return dictCopy
	case "clear":
		return dictClear
	case "fromkeys":
		return dictFromkeysMethod
	case "move_to_end":
		if ordered {
			return dictMoveToEnd
		}
	}
	return nil
}

// dictName qualifies a dict method; OrderedDict's own methods in C are named so.
func dictName(self Value, name string) string { return self.Type() + "." + name }

func dictGet(_ context.Context, self Value, a *Args) (Value, error) {
	if err := posArgs("dict.get", "get", a, 1, 2); err != nil {
		return nil, err
	}
	v, ok, err := self.(*Dict).Get(a.Pos[0])
	if err != nil {
		return nil, err
	}
	if !ok {
		if len(a.Pos) == 2 {
			return a.Pos[1], nil
		}
		return None, nil
	}
	return v, nil
}

func dictView(self Value, a *Args, name string, kind ViewKind) (Value, error) {
	if err := noArgs(dictName(self, name), a); err != nil {
		return nil, err
	}
	return &View{D: self.(*Dict), Kind: kind}, nil
}

func dictItems(_ context.Context, self Value, a *Args) (Value, error) {
	return dictView(self, a, "items", ViewItems)
}

func dictKeys(_ context.Context, self Value, a *Args) (Value, error) {
	return dictView(self, a, "keys", ViewKeys)
}

func dictValues(_ context.Context, self Value, a *Args) (Value, error) {
	return dictView(self, a, "values", ViewValues)
}

func dictUpdate(_ context.Context, self Value, a *Args) (Value, error) {
	d := self.(*Dict)
	if d.Ordered {
		if len(a.Pos) > 1 {
			return nil, TypeErrorf("update() takes at most 1 positional argument (%d given)", len(a.Pos))
		}
	} else if err := countArgs("update", len(a.Pos), 0, 1); err != nil {
		return nil, err
	}
	if len(a.Pos) == 1 {
		if err := UpdateDict(d, a.Pos[0]); err != nil {
			return nil, err
		}
	}
	for _, kw := range a.Kw {
		d.SetStr(kw.Name, kw.Value)
	}
	return None, nil
}

// KeyedMapping is a mapping that is no *Dict: dict(m) asks for its keys.
type KeyedMapping interface {
	ItemGetter
	Keys() ([]Value, error)
}

// UpdateDict is d.update(src): src is a mapping or an iterable of pairs.
func UpdateDict(d *Dict, src Value) error {
	switch s := src.(type) {
	case *Dict:
		if s != d {
			d.Update(s)
		}
		return nil
	case KeyedMapping:
		keys, err := s.Keys()
		if err != nil {
			return err
		}
		for _, k := range keys {
			v, err := s.Item(k)
			if err != nil {
				return err
			}
			if err := d.Set(k, v); err != nil {
				return err
			}
		}
		return nil
	}
	it, err := Iterate(src)
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		x, ok, err := it.Next()
		if err != nil || !ok {
			return err
		}
		pair, err := Collect(x)
		if err != nil {
			if d.Ordered {
				return err
			}
			return TypeErrorf("cannot convert dictionary update sequence element #%d to a sequence", i)
		}
		if len(pair) != 2 {
			if d.Ordered {
				return orderedPairError(len(pair))
			}
			return ValueErrorf("dictionary update sequence element #%d has length %d; 2 is required", i, len(pair))
		}
		if err := d.Set(pair[0], pair[1]); err != nil {
			return err
		}
	}
}

func orderedPairError(n int) error {
	if n < 2 {
		return ValueErrorf("need more than %d value%s to unpack", n, plural(n))
	}
	return ValueErrorf("too many values to unpack (expected 2)")
}

func dictPop(_ context.Context, self Value, a *Args) (Value, error) {
	d := self.(*Dict)
	key, def := argAt(a, 0), argAt(a, 1)
	if d.Ordered {
		out, err := kwArgs("pop", a, 1, "key", "default")
		if err != nil {
			return nil, err
		}
		key, def = out[0], out[1]
	} else if err := posArgs("dict.pop", "pop", a, 1, 2); err != nil {
		return nil, err
	}
	var v Value
	ok := false
	if d.Len() > 0 || d.Ordered { // an empty dict does not look at the key
		var err error
		if v, ok, err = d.Delete(key); err != nil {
			return nil, err
		}
	}
	if !ok {
		if def != nil {
			return def, nil
		}
		return nil, missingKey(d, key)
	}
	return v, nil
}

func dictPopitem(_ context.Context, self Value, a *Args) (Value, error) {
	d := self.(*Dict)
	last := true
	if d.Ordered {
		out, err := kwArgs("popitem", a, 0, "last")
		if err != nil {
			return nil, err
		}
		if out[0] != nil {
			if last, err = Truth(out[0]); err != nil {
				return nil, err
			}
		}
	} else if err := noArgs("dict.popitem", a); err != nil {
		return nil, err
	}
	e, ok := d.end(last)
	if !ok {
		if d.Ordered {
			return nil, KeyError(Str("dictionary is empty"))
		}
		return nil, KeyError(Str("popitem(): dictionary is empty"))
	}
	if _, _, err := d.Delete(e.key); err != nil {
		return nil, err
	}
	return Tuple{e.key, e.val}, nil
}

// end returns the last or first entry.
func (d *Dict) end(last bool) (dictEntry, bool) {
	for i := range d.entries {
		if last {
			i = len(d.entries) - 1 - i
		}
		if d.entries[i].key != nil {
			return d.entries[i], true
		}
	}
	return dictEntry{}, false
}

func dictSetdefault(_ context.Context, self Value, a *Args) (Value, error) {
	d := self.(*Dict)
	key, def := argAt(a, 0), argAt(a, 1)
	if d.Ordered {
		out, err := kwArgs("setdefault", a, 1, "key", "default")
		if err != nil {
			return nil, err
		}
		key, def = out[0], out[1]
	} else if err := posArgs("dict.setdefault", "setdefault", a, 1, 2); err != nil {
		return nil, err
	}
	v, ok, err := d.Get(key)
	if err != nil || ok {
		return v, err
	}
	def = OrNone(def)
	return def, d.Set(key, def)
}

func dictCopy(_ context.Context, self Value, a *Args) (Value, error) {
	if err := noArgs(dictName(self, "copy"), a); err != nil {
		return nil, err
	}
	return self.(*Dict).Copy(), nil
}

func dictClear(_ context.Context, self Value, a *Args) (Value, error) {
	if err := noArgs(dictName(self, "clear"), a); err != nil {
		return nil, err
	}
	self.(*Dict).Clear()
	return None, nil
}

func dictFromkeysMethod(_ context.Context, self Value, a *Args) (Value, error) {
	if self.(*Dict).Ordered {
		out, err := kwArgs("fromkeys", a, 1, "iterable", "value")
		if err != nil {
			return nil, err
		}
		a = NewArgs(out[0], OrNone(out[1]))
	}
	return dictFromkeys(a, self.(*Dict).Ordered)
}

func dictFromkeys(a *Args, ordered bool) (Value, error) {
	if err := posArgs("dict.fromkeys", "fromkeys", a, 1, 2); err != nil {
		return nil, err
	}
	keys, err := Collect(a.Pos[0])
	if err != nil {
		return nil, err
	}
	d := &Dict{Ordered: ordered}
	val := OrNone(argAt(a, 1))
	for _, k := range keys {
		if err := d.Set(k, val); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func dictMoveToEnd(_ context.Context, self Value, a *Args) (Value, error) {
	d := self.(*Dict)
	out, err := kwArgs("move_to_end", a, 1, "key", "last")
	if err != nil {
		return nil, err
	}
	last := true
	if out[1] != nil {
		if last, err = Truth(out[1]); err != nil {
			return nil, err
		}
	}
	v, ok, err := d.Delete(out[0])
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, missingKey(d, out[0])
	}
	if last {
		return None, d.Set(out[0], v)
	}
	rest := d.snapshot()
	d.Clear()
	if err := d.Set(out[0], v); err != nil {
		return nil, err
	}
	for _, e := range rest {
		d.add(e.key, e.val)
	}
	return None, nil
}

func viewMethod(name string, kind ViewKind) method {
	if name == "isdisjoint" && kind != ViewValues {
		return func(_ context.Context, self Value, a *Args) (Value, error) {
			v, err := oneArg(self.Type()+".isdisjoint", a)
			if err != nil {
				return nil, err
			}
			return isDisjoint(self, v)
		}
	}
	return nil
}

func isDisjoint(container, other Value) (Value, error) {
	items, err := Collect(other)
	if err != nil {
		return nil, err
	}
	for _, it := range items {
		in, err := Contains(container, it)
		if err != nil || in {
			return Bool(false), err
		}
	}
	return Bool(true), nil
}

// missingKey is the KeyError of a method; OrderedDict's lose the key None.
func missingKey(d *Dict, key Value) error {
	if d.Ordered && key == None {
		return &Error{Class: "KeyError"}
	}
	return KeyError(key)
}
