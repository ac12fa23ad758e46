package py

import "context"

func setMethod(name string, frozen bool) method {
	switch name {
	case "copy":
		return func(_ context.Context, self Value, a *Args) (Value, error) {
			if err := noArgs(self.Type()+".copy", a); err != nil {
				return nil, err
			}
			return self.(*Set).Copy(), nil
		}
	case "union":
		return setCombine(OpOr)
	case "intersection":
		return setCombine(OpAnd)
	case "difference":
		return setCombine(OpSub)
	case "symmetric_difference":
		return setOne(func(self *Set, other Value) (Value, error) {
			o, err := setOf(other)
			if err != nil {
				return nil, err
			}
			r := setOp(OpXor, self, o)
			r.Frozen = self.Frozen
			return r, nil
		}, name)
	case "isdisjoint":
		return setOne(func(self *Set, other Value) (Value, error) { return isDisjoint(self, other) }, name)
	case "issubset":
		return setOne(func(self *Set, other Value) (Value, error) {
			o, err := setOf(other)
			if err != nil {
				return nil, err
			}
			return Bool(subset(self, o)), nil
		}, name)
	case "issuperset":
		return setOne(func(self *Set, other Value) (Value, error) {
			o, err := setOf(other)
			if err != nil {
				return nil, err
			}
			return Bool(subset(o, self)), nil
		}, name)
	}
	if frozen {
		return nil
	}
	return mutableSetMethod(name)
}

func mutableSetMethod(name string) method {
	switch name {
	case "add":
		return setOne(func(self *Set, v Value) (Value, error) { return None, self.Add(v) }, name)
	case "discard":
		return setOne(func(self *Set, v Value) (Value, error) {
			_, err := self.Remove(v)
			return None, err
		}, name)
	case "remove":
		return setOne(func(self *Set, v Value) (Value, error) {
			ok, err := self.Remove(v)
			if err == nil && !ok {
				err = KeyError(v)
			}
			return None, err
		}, name)
	case "pop":
		return func(_ context.Context, self Value, a *Args) (Value, error) {
			if err := noArgs("set.pop", a); err != nil {
				return nil, err
			}
			items := self.(*Set).Items()
			if len(items) == 0 {
				return nil, KeyError(Str("pop from an empty set"))
			}
			_, err := self.(*Set).Remove(items[0])
			return items[0], err
		}
	case "clear":
		return func(_ context.Context, self Value, a *Args) (Value, error) {
			if err := noArgs("set.clear", a); err != nil {
				return nil, err
			}
			self.(*Set).d.Clear()
			return None, nil
		}
	case "update":
		return setUpdate(OpOr, name)
	case "intersection_update":
		return setUpdate(OpAnd, name)
	case "difference_update":
		return setUpdate(OpSub, name)
	case "symmetric_difference_update":
		return setOne(func(self *Set, other Value) (Value, error) {
			o, err := setOf(other)
			if err != nil {
				return nil, err
			}
			self.d = setOp(OpXor, self, o).d
			return None, nil
		}, name)
	}
	return nil
}

// setOne is a set method of one argument.
func setOne(fn func(self *Set, other Value) (Value, error), name string) method {
	return func(_ context.Context, self Value, a *Args) (Value, error) {
		v, err := oneArg(self.Type()+"."+name, a)
		if err != nil {
			return nil, err
		}
		return fn(self.(*Set), v)
	}
}

func combineSets(op BinOp, self *Set, others []Value) (*Set, error) {
	r := &Set{d: *self.d.Copy()}
	for _, v := range others {
		o, err := setOf(v)
		if err != nil {
			return nil, err
		}
		r = setOp(op, r, o)
	}
	return r, nil
}

// setCombine is a set method of any number of iterables that gives a new set.
func setCombine(op BinOp) method {
	return func(_ context.Context, self Value, a *Args) (Value, error) {
		if len(a.Kw) > 0 {
			return nil, TypeErrorf("%s.%s() takes no keyword arguments", self.Type(), map[BinOp]string{OpOr: "union", OpAnd: "intersection", OpSub: "difference"}[op])
		}
		r, err := combineSets(op, self.(*Set), a.Pos)
		if err != nil {
			return nil, err
		}
		r.Frozen = self.(*Set).Frozen
		return r, nil
	}
}

func setUpdate(op BinOp, name string) method {
	return func(_ context.Context, self Value, a *Args) (Value, error) {
		if len(a.Kw) > 0 {
			return nil, TypeErrorf("set.%s() takes no keyword arguments", name)
		}
		s := self.(*Set)
		r, err := combineSets(op, s, a.Pos)
		if err != nil {
			return nil, err
		}
		s.d = r.d
		return None, nil
	}
}
