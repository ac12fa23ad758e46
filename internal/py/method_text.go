package py

import (
	"context"
	"math"
	"strings"
)

// textFunc is a method that str and bytes have alike; name is its name.
type textFunc func(t textOps, name, self string, a *Args) (Value, error)

func textMethod(t textOps, name string) method {
	fn := textFuncOf(name)
	if fn == nil {
		return nil
	}
	return func(_ context.Context, self Value, a *Args) (Value, error) {
		if t.bytes {
			return fn(t, name, string(self.(Bytes)), a)
		}
		s, _ := asStr(self) // methods of str are looked up on str values only
		return fn(t, name, s, a)
	}
}

func textFuncOf(name string) textFunc {
	switch name {
	case "split", "rsplit":
		return textSplit
	case "splitlines":
		return textSplitLines
	case "strip", "lstrip", "rstrip":
		return textStrip
	case "find", "rfind", "index", "rindex", "count":
		return textFind
	case "startswith", "endswith":
		return textStarts
	case "replace":
		return textReplace
	case "join":
		return textJoin
	case "partition", "rpartition":
		return textPartition
	case "center", "ljust", "rjust":
		return textPad
	case "zfill":
		return textZfill
	case "expandtabs":
		return textExpandTabs
	case "removeprefix", "removesuffix":
		return textRemove
	}
	return nil
}

func (t textOps) typeName() string {
	if t.bytes {
		return "bytes"
	}
	return "str"
}

// text converts an argument that must be of the same kind as self.
func (t textOps) text(v Value) (string, bool) {
	if t.bytes {
		b, ok := v.(Bytes)
		return string(b), ok
	}
	return asStr(v)
}

// bytesLike is the TypeError for an argument of bytes methods.
func bytesLike(v Value) error {
	return TypeErrorf("a bytes-like object is required, not '%s'", TypeName(v))
}

func textSplit(t textOps, name, s string, a *Args) (Value, error) {
	out, err := kwArgs(name, a, 0, "sep", "maxsplit")
	if err != nil {
		return nil, err
	}
	limit := -1
	if out[1] != nil {
		if limit, err = intArg(out[1]); err != nil {
			return nil, err
		}
	}
	right := name == "rsplit"
	if sep := OrNone(out[0]); sep != None {
		sepText, ok := t.text(sep)
		if !ok {
			if t.bytes {
				return nil, bytesLike(sep)
			}
			return nil, TypeErrorf("must be str or None, not %s", TypeName(sep))
		}
		if sepText == "" {
			return nil, ValueErrorf("empty separator")
		}
		if right {
			return t.list(rsplit(s, sepText, limit)), nil
		}
		if limit >= 0 && limit < math.MaxInt {
			return t.list(strings.SplitN(s, sepText, limit+1)), nil
		}
		return t.list(strings.Split(s, sepText)), nil
	}
	if right {
		return t.list(t.rsplitSpace(s, limit)), nil
	}
	return t.list(t.splitSpace(s, limit)), nil
}

func textSplitLines(t textOps, _, s string, a *Args) (Value, error) {
	out, err := kwArgs("splitlines", a, 0, "keepends")
	if err != nil {
		return nil, err
	}
	keep := false
	if out[0] != nil {
		n, err := cInt(out[0])
		if err != nil {
			return nil, err
		}
		keep = n != 0
	}
	return t.list(t.splitLines(s, keep)), nil
}

func textStrip(t textOps, name, s string, a *Args) (Value, error) {
	if err := posArgs(t.typeName()+"."+name, name, a, 0, 1); err != nil {
		return nil, err
	}
	left, right := name != "rstrip", name != "lstrip"
	if set := OrNone(argAt(a, 0)); set != None {
		text, ok := t.text(set)
		if !ok {
			if t.bytes {
				return nil, bytesLike(set)
			}
			return nil, TypeErrorf("%s arg must be None or str", name)
		}
		return t.wrap(t.trim(s, text, left, right)), nil
	}
	if left {
		s = t.trimLeft(s)
	}
	if right {
		s = t.trimRight(s)
	}
	return t.wrap(s), nil
}

// window cuts s to [start:end] of code points or bytes; ok is false where
// start is behind the end of s. from is where the window begins.
func (t textOps) window(s string, start, end Value) (text string, from int, ok bool, err error) {
	if start == nil && end == nil {
		return s, 0, true, nil
	}
	n := t.count(s)
	lo, hi := 0, n
	if v := OrNone(start); v != None {
		if lo, err = sliceIndex(v); err != nil {
			return "", 0, false, err
		}
		if lo < 0 {
			lo = max(lo+n, 0)
		}
	}
	if v := OrNone(end); v != None {
		if hi, err = sliceIndex(v); err != nil {
			return "", 0, false, err
		}
		if hi < 0 {
			hi = max(hi+n, 0)
		}
		hi = min(hi, n)
	}
	if lo > n || lo > hi {
		return "", 0, false, nil
	}
	at := t.offset(s, lo)
	return s[at : at+t.offset(s[at:], hi-lo)], lo, true, nil
}

func textFind(t textOps, name, s string, a *Args) (Value, error) {
	if err := parenArgs(t.typeName()+"."+name, name, a, 1, 3); err != nil {
		return nil, err
	}
	text, from, inside, err := t.window(s, argAt(a, 1), argAt(a, 2))
	if err != nil {
		return nil, err
	}
	sub, ok := t.text(a.Pos[0])
	if !ok && t.bytes {
		n, isInt := AsInt(a.Pos[0])
		_, isLong := a.Pos[0].(*Long)
		switch {
		case isLong:
			return nil, ValueErrorf("byte must be in range(0, 256)")
		case !isInt:
			return nil, TypeErrorf("argument should be integer or bytes-like object, not '%s'", TypeName(a.Pos[0]))
		case n < 0 || n > 255:
			return nil, ValueErrorf("byte must be in range(0, 256)")
		}
		sub = string([]byte{byte(n)})
	} else if !ok {
		return nil, TypeErrorf("must be str, not %s", TypeName(a.Pos[0]))
	}
	if name == "count" {
		switch {
		case !inside:
			return Int(0), nil
		case sub == "":
			return Int(t.count(text) + 1), nil
		}
		return Int(strings.Count(text, sub)), nil
	}
	i := -1
	if inside {
		if strings.HasPrefix(name, "r") {
			i = strings.LastIndex(text, sub)
		} else {
			i = strings.Index(text, sub)
		}
	}
	if i >= 0 {
		return Int(from + t.count(text[:i])), nil
	}
	if strings.HasSuffix(name, "index") {
		if t.bytes {
			return nil, ValueErrorf("subsection not found")
		}
		return nil, ValueErrorf("substring not found")
	}
	return Int(-1), nil
}

func textStarts(t textOps, name, s string, a *Args) (Value, error) {
	if err := parenArgs(t.typeName()+"."+name, name, a, 1, 3); err != nil {
		return nil, err
	}
	text, _, ok, err := t.window(s, argAt(a, 1), argAt(a, 2))
	if err != nil {
		return nil, err
	}
	match := strings.HasPrefix
	if name == "endswith" {
		match = strings.HasSuffix
	}
	if tup, isTuple := a.Pos[0].(Tuple); isTuple {
		for _, v := range tup {
			sub, isText := t.text(v)
			if !isText {
				if t.bytes {
					return nil, bytesLike(v)
				}
				return nil, TypeErrorf("tuple for %s must only contain str, not %s", name, TypeName(v))
			}
			if ok && match(text, sub) {
				return Bool(true), nil
			}
		}
		return Bool(false), nil
	}
	sub, isText := t.text(a.Pos[0])
	if !isText {
		kind := "str or a tuple of str"
		if t.bytes {
			kind = "bytes or a tuple of bytes"
		}
		return nil, TypeErrorf("%s first arg must be %s, not %s", name, kind, TypeName(a.Pos[0]))
	}
	return Bool(ok && match(text, sub)), nil
}

func textReplace(t textOps, name, s string, a *Args) (Value, error) {
	if err := posArgs(t.typeName()+".replace", name, a, 2, 3); err != nil {
		return nil, err
	}
	var text [2]string
	for i, v := range a.Pos[:2] {
		var ok bool
		if text[i], ok = t.text(v); !ok {
			if t.bytes {
				return nil, bytesLike(v)
			}
			return nil, TypeErrorf("replace() argument %d must be str, not %s", i+1, argType(v))
		}
	}
	count := -1
	if v := argAt(a, 2); v != nil {
		var err error
		if count, err = intArg(v); err != nil {
			return nil, err
		}
	}
	out, err := t.replace(s, text[0], text[1], count)
	return t.wrap(out), err
}

func textJoin(t textOps, _, s string, a *Args) (Value, error) {
	v, err := oneArg(t.typeName()+".join", a)
	if err != nil {
		return nil, err
	}
	items, err := Collect(v)
	if err != nil {
		if e, ok := err.(*Error); ok && e.Class == "TypeError" && strings.HasSuffix(e.Msg, "is not iterable") {
			return nil, TypeErrorf("can only join an iterable")
		}
		return nil, err
	}
	out, err := t.join(s, items)
	return t.wrap(out), err
}

func (t textOps) join(sep string, items []Value) (string, error) {
	size := 0
	for i, it := range items {
		s, ok := t.text(it)
		if !ok {
			if t.bytes {
				return "", TypeErrorf("sequence item %d: expected a bytes-like object, %s found", i, TypeName(it))
			}
			return "", TypeErrorf("sequence item %d: expected str instance, %s found", i, TypeName(it))
		}
		size += len(s)
		if i > 0 {
			size += len(sep)
		}
		if size > maxBytes {
			return "", memoryError()
		}
	}
	var b strings.Builder
	b.Grow(size)
	for i, it := range items {
		if i > 0 {
			b.WriteString(sep)
		}
		s, _ := t.text(it)
		b.WriteString(s)
	}
	return b.String(), nil
}

func textPartition(t textOps, name, s string, a *Args) (Value, error) {
	v, err := oneArg(t.typeName()+"."+name, a)
	if err != nil {
		return nil, err
	}
	sep, ok := t.text(v)
	if !ok {
		if t.bytes {
			return nil, bytesLike(v)
		}
		return nil, TypeErrorf("must be str, not %s", TypeName(v))
	}
	if sep == "" {
		return nil, ValueErrorf("empty separator")
	}
	i := strings.Index(s, sep)
	if name == "rpartition" {
		i = strings.LastIndex(s, sep)
	}
	switch {
	case i >= 0:
		return Tuple{t.wrap(s[:i]), t.wrap(sep), t.wrap(s[i+len(sep):])}, nil
	case name == "rpartition":
		return Tuple{t.wrap(""), t.wrap(""), t.wrap(s)}, nil
	}
	return Tuple{t.wrap(s), t.wrap(""), t.wrap("")}, nil
}

func textPad(t textOps, name, s string, a *Args) (Value, error) {
	if err := posArgs(t.typeName()+"."+name, name, a, 1, 2); err != nil {
		return nil, err
	}
	width, err := intArg(a.Pos[0])
	if err != nil {
		return nil, err
	}
	fill := " "
	if v := argAt(a, 1); v != nil {
		var ok bool
		if fill, ok = t.text(v); !ok {
			if t.bytes {
				return nil, TypeErrorf("%s() argument 2 must be a byte string of length 1, not %s", name, TypeName(v))
			}
			return nil, TypeErrorf("The fill character must be a unicode character, not %s", TypeName(v))
		}
		if t.count(fill) != 1 {
			if t.bytes {
				return nil, TypeErrorf("%s() argument 2 must be a byte string of length 1, not bytes", name)
			}
			return nil, TypeErrorf("The fill character must be exactly one character long")
		}
	}
	where := map[string]byte{"center": '^', "ljust": '<', "rjust": '>'}[name]
	out, err := t.pad(s, width, fill, where)
	return t.wrap(out), err
}

func textZfill(t textOps, _, s string, a *Args) (Value, error) {
	v, err := oneArg(t.typeName()+".zfill", a)
	if err != nil {
		return nil, err
	}
	width, err := intArg(v)
	if err != nil {
		return nil, err
	}
	out, err := t.zfill(s, width)
	return t.wrap(out), err
}

func textExpandTabs(t textOps, _, s string, a *Args) (Value, error) {
	out, err := kwArgs("expandtabs", a, 0, "tabsize")
	if err != nil {
		return nil, err
	}
	size := 8
	if out[0] != nil {
		if size, err = cInt(out[0]); err != nil {
			return nil, err
		}
	}
	text, err := t.expandTabs(s, size)
	return t.wrap(text), err
}

func textRemove(t textOps, name, s string, a *Args) (Value, error) {
	v, err := oneArg(t.typeName()+"."+name, a)
	if err != nil {
		return nil, err
	}
	part, ok := t.text(v)
	if !ok {
		if t.bytes {
			return nil, bytesLike(v)
		}
		return nil, TypeErrorf("%s() argument must be str, not %s", name, argType(v))
	}
	if name == "removeprefix" {
		return t.wrap(strings.TrimPrefix(s, part)), nil
	}
	return t.wrap(strings.TrimSuffix(s, part)), nil
}
