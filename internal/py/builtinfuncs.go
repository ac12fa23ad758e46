package py

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/big"
)

type builtin = func(ctx context.Context, a *Args) (Value, error)

// unary1 is a built-in of exactly one positional argument.
func unary1(name string, fn func(v Value) (Value, error)) builtin {
	return func(_ context.Context, a *Args) (Value, error) {
		v, err := oneArg(name, a)
		if err != nil {
			return nil, err
		}
		return fn(v)
	}
}

func builtinFuncs() map[string]builtin {
	m := map[string]builtin{
		"sorted": builtinSorted, "min": minMax("min", OpLt), "max": minMax("max", OpGt),
		"sum": builtinSum, "enumerate": builtinEnumerate, "zip": builtinZip, "map": builtinMap,
		"filter": builtinFilter, "any": anyAll("any", true), "all": anyAll("all", false),
		"round": builtinRound, "divmod": builtinDivmod, "pow": builtinPow, "format": builtinFormat,
		"next": builtinNext,
	}
	one := map[string]func(v Value) (Value, error){
		"len":   func(v Value) (Value, error) { n, err := Len(v); return Int(n), err },
		"abs":   Abs,
		"ord":   Ord,
		"chr":   Chr,
		"repr":  func(v Value) (Value, error) { s, err := ReprErr(v); return Str(s), err },
		"ascii": func(v Value) (Value, error) { s, err := Ascii(v); return Str(s), err },
		"hex":   intBase("#x"), "oct": intBase("#o"), "bin": intBase("#b"),
		"iter":     iterValue,
		"reversed": func(v Value) (Value, error) { return Reversed(v) },
		"callable": func(v Value) (Value, error) { return Bool(IsCallable(v)), nil },
		"hash":     builtinHash,
	}
	for name, fn := range one {
		m[name] = unary1(name, func(v Value) (Value, error) {
			r, err := fn(v)
			if err != nil {
				return nil, err
			}
			return r, nil
		})
	}
	return m
}

func intBase(spec string) func(Value) (Value, error) {
	return func(v Value) (Value, error) {
		i, err := Index(v)
		if err != nil {
			return nil, err
		}
		s, err := Format(i, spec)
		return Str(s), err
	}
}

// iterValue is iter(v) as a value.
func iterValue(v Value) (Value, error) {
	it, err := Iterate(v)
	if err != nil {
		return nil, err
	}
	if val, ok := it.(Value); ok {
		return val, nil
	}
	return NewGenerator("iterator", it.Next), nil
}

// builtinHash has no relation to CPython's number, only its rules.
func builtinHash(v Value) (Value, error) {
	k, err := hashKey(v)
	if err != nil {
		return nil, err
	}
	if i, ok := k.(Int); ok {
		return i, nil
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%T %v", k, k)
	return Int(h.Sum64() >> 3), nil
}

func builtinSorted(ctx context.Context, a *Args) (Value, error) {
	if len(a.Pos) != 1 {
		return nil, countArgs("sorted", len(a.Pos), 1, 1)
	}
	items, err := Collect(a.Pos[0])
	if err != nil {
		return nil, err
	}
	items, err = sortedKw(ctx, "sort", items, a)
	if err != nil {
		return nil, err
	}
	return &List{Items: items}, nil
}

func minMax(name string, op CmpOp) builtin {
	return func(ctx context.Context, a *Args) (Value, error) {
		var key func(Value) (Value, error)
		var def Value
		for _, kw := range a.Kw {
			switch kw.Name {
			case "key":
				if kw.Value != None {
					key = func(v Value) (Value, error) { return Call(ctx, kw.Value, NewArgs(v)) }
				}
			case "default":
				def = kw.Value
			default:
				return nil, TypeErrorf("'%s' is an invalid keyword argument for %s()", kw.Name, name)
			}
		}
		items := a.Pos
		switch {
		case len(items) == 0:
			return nil, TypeErrorf("%s expected at least 1 argument, got 0", name)
		case len(items) > 1 && def != nil:
			return nil, TypeErrorf("Cannot specify a default for %s() with multiple positional arguments", name)
		case len(items) == 1:
			var err error
			if items, err = Collect(items[0]); err != nil {
				return nil, err
			}
		}
		best, ok, err := MinMax(op, items, key)
		switch {
		case err != nil:
			return nil, err
		case ok:
			return best, nil
		case def != nil:
			return def, nil
		}
		return nil, ValueErrorf("%s() arg is an empty sequence", name)
	}
}

func builtinSum(_ context.Context, a *Args) (Value, error) {
	if len(a.Pos) == 0 {
		return nil, TypeErrorf("sum() takes at least 1 positional argument (0 given)")
	}
	out, err := kwArgs("sum", a, 1, "", "start")
	if err != nil {
		return nil, err
	}
	return Sum(out[0], out[1])
}

func builtinEnumerate(_ context.Context, a *Args) (Value, error) {
	out, err := kwArgs("enumerate", a, 1, "iterable", "start")
	if err != nil {
		return nil, err
	}
	start := 0
	if out[1] != nil {
		if start, err = intArg(out[1]); err != nil {
			return nil, err
		}
	}
	return generatorValue(Enumerate(out[0], int64(start)))
}

// generatorValue keeps a nil generator from becoming a value that is not nil.
func generatorValue(g *Generator, err error) (Value, error) {
	if err != nil {
		return nil, err
	}
	return g, nil
}

func builtinZip(_ context.Context, a *Args) (Value, error) {
	for _, kw := range a.Kw {
		return nil, TypeErrorf("'%s' is an invalid keyword argument for zip()", kw.Name)
	}
	return generatorValue(Zip(a.Pos...))
}

func builtinMap(ctx context.Context, a *Args) (Value, error) {
	if len(a.Pos) < 2 {
		return nil, TypeErrorf("map() must have at least two arguments.")
	}
	if len(a.Pos) == 2 {
		return generatorValue(Map(func(v Value) (Value, error) { return Call(ctx, a.Pos[0], NewArgs(v)) }, a.Pos[1]))
	}
	rows, err := Zip(a.Pos[1:]...)
	if err != nil {
		return nil, err
	}
	return generatorValue(Map(func(v Value) (Value, error) {
		return Call(ctx, a.Pos[0], NewArgs(v.(Tuple)...)) // Zip yields tuples
	}, rows))
}

func builtinFilter(ctx context.Context, a *Args) (Value, error) {
	if err := posArgs("filter", "filter", a, 2, 2); err != nil {
		return nil, err
	}
	return generatorValue(Filter(func(v Value) (bool, error) {
		if a.Pos[0] == None {
			return Truth(v)
		}
		r, err := Call(ctx, a.Pos[0], NewArgs(v))
		if err != nil {
			return false, err
		}
		return Truth(r)
	}, a.Pos[1]))
}

// anyAll is any (want true) and all (want false).
func anyAll(name string, want bool) builtin {
	return unary1(name, func(v Value) (Value, error) {
		it, err := Iterate(v)
		if err != nil {
			return nil, err
		}
		for {
			x, ok, err := it.Next()
			if err != nil || !ok {
				return Bool(!want), err
			}
			t, err := Truth(x)
			if err != nil {
				return nil, err
			}
			if t == want {
				return Bool(want), nil
			}
		}
	})
}

func builtinRound(_ context.Context, a *Args) (Value, error) {
	out, err := kwArgs("round", a, 1, "number", "ndigits")
	if err != nil {
		return nil, err
	}
	return Round(out[0], out[1])
}

func builtinDivmod(_ context.Context, a *Args) (Value, error) {
	if err := posArgs("divmod", "divmod", a, 2, 2); err != nil {
		return nil, err
	}
	return DivMod(a.Pos[0], a.Pos[1])
}

func builtinPow(_ context.Context, a *Args) (Value, error) {
	out, err := kwArgs("pow", a, 2, "base", "exp", "mod")
	if err != nil {
		return nil, err
	}
	if OrNone(out[2]) != None {
		return powMod(out[0], out[1], out[2])
	}
	return Binary(OpPow, out[0], out[1])
}

// powMod is pow(base, exp, mod).
func powMod(base, exp, mod Value) (Value, error) {
	ints := true
	for _, v := range []Value{base, exp, mod} {
		switch v.(type) {
		case Int, Bool, *Long:
		case Float:
			return nil, TypeErrorf("pow() 3rd argument not allowed unless all arguments are integers")
		default:
			ints = false
		}
	}
	if !ints {
		return nil, TypeErrorf("unsupported operand type(s) for ** or pow(): '%s', '%s', '%s'", TypeName(base), TypeName(exp), TypeName(mod))
	}
	m := bigOf(mod)
	if m.Sign() == 0 {
		return nil, ValueErrorf("pow() 3rd argument cannot be 0")
	}
	r := new(big.Int).Exp(bigOf(base), bigOf(exp), new(big.Int).Abs(m))
	if r == nil {
		return nil, ValueErrorf("base is not invertible for the given modulus")
	}
	if m.Sign() < 0 && r.Sign() > 0 {
		r.Add(r, m)
	}
	return NewInt(r), nil
}

func builtinFormat(_ context.Context, a *Args) (Value, error) {
	if err := posArgs("format", "format", a, 1, 2); err != nil {
		return nil, err
	}
	spec := ""
	if v := argAt(a, 1); v != nil {
		var ok bool
		if spec, ok = asStr(v); !ok {
			return nil, TypeErrorf("format() argument 2 must be str, not %s", argType(v))
		}
	}
	s, err := Format(a.Pos[0], spec)
	return Str(s), err
}

func builtinNext(_ context.Context, a *Args) (Value, error) {
	if err := posArgs("next", "next", a, 1, 2); err != nil {
		return nil, err
	}
	it, ok := a.Pos[0].(Iterator)
	if !ok {
		return nil, TypeErrorf("'%s' object is not an iterator", TypeName(a.Pos[0]))
	}
	v, ok, err := it.Next()
	switch {
	case err != nil:
		return nil, err
	case ok:
		return v, nil
	case len(a.Pos) == 2:
		return a.Pos[1], nil
	}
	return nil, &Error{Class: "StopIteration"}
}
