package jinja

import (
	"strings"

	"pinch/internal/py"
)

// saltDictFilters are Salt's filters on mappings.
func saltDictFilters() map[string]Filter {
	encodeDict := fn("encode_dict(data, encoding=None, errors='strict', keep=False, preserve_dict_class=False, preserve_tuples=False)",
		func(c *Context, a []py.Value) (py.Value, error) {
			e, err := newBytesEncoder(c, a)
			if err != nil {
				return nil, err
			}
			return e.dict(a[0], 0)
		})
	encodeList := fn("encode_list(data, encoding=None, errors='strict', keep=False, preserve_dict_class=False, preserve_tuples=False)",
		func(c *Context, a []py.Value) (py.Value, error) {
			e, err := newBytesEncoder(c, a)
			if err != nil {
				return nil, err
			}
			return e.list(a[0], 0)
		})
	change := func(name string, f func(c *Context, d py.Value, key, value py.Value, ordered bool) error) Filter {
		return fn(name+"_dict_key_value(in_dict, keys, value, delimiter=':', ordered_dict=False)", func(c *Context, a []py.Value) (py.Value, error) {
			ordered, err := py.Truth(a[4])
			if err != nil {
				return nil, err
			}
			d, key, err := lastDict(a[0], a[1], a[3], ordered)
			if err != nil {
				return nil, err
			}
			return a[0], f(c, d, key, a[2], ordered)
		})
	}
	return map[string]Filter{
		"traverse":              fn("traverse_dict_and_list(data, key, default=None, delimiter=':')", traverse),
		"compare_dicts":         fn("compare_dicts(old=None, new=None)", compareDicts),
		"to_entries":            fn("to_entries(data)", toEntries),
		"from_entries":          fn("from_entries(entries)", fromEntries),
		"json_decode_dict":      encodeDict, // Salt: both names encode
		"json_encode_dict":      encodeDict,
		"json_decode_list":      encodeList,
		"json_encode_list":      encodeList,
		"set_dict_key_value":    change("set", func(_ *Context, d, key, value py.Value, _ bool) error { return py.SetItem(d, key, value) }),
		"update_dict_key_value": change("update", lastMethod("update", func(ordered bool) py.Value { return &py.Dict{Ordered: ordered} })),
		"append_dict_key_value": change("append", lastMethod("append", func(bool) py.Value { return py.NewList() })),
		"extend_dict_key_value": change("extend", lastMethod("extend", func(bool) py.Value { return py.NewList() })),
	}
}

func traverse(c *Context, a []py.Value) (py.Value, error) {
	follow := c.rt.r.Codec.Traverse
	if follow == nil {
		return nil, noCodec("traverse")
	}
	for _, v := range a[:2] {
		if err := strictFail(v); err != nil {
			return nil, err
		}
	}
	delim, ok := strOf(a[3])
	if _, isStr := strOf(a[1]); isStr && !ok {
		return nil, py.TypeErrorf("must be str or None, not %s", py.TypeName(a[3]))
	}
	if ok && delim == "" {
		return nil, py.ValueErrorf("empty separator")
	}
	return follow(a[0], plainStr(a[1]), a[2], delim)
}

// lastDict makes sure that all but the last of the joined keys are dicts, one
// in the other, and returns the innermost with the last key.
func lastDict(in, keys, delimiter py.Value, ordered bool) (d, last py.Value, err error) {
	has, err := py.Contains(keys, delimiter)
	if err != nil {
		return nil, nil, err
	}
	if !has {
		return in, keys, nil
	}
	text, ok := strOf(keys)
	delim, ok2 := strOf(delimiter)
	if !ok || !ok2 {
		return nil, nil, py.AttributeErrorf("'%s' object has no attribute 'rpartition'", py.TypeName(keys))
	}
	if delim == "" {
		return nil, nil, py.ValueErrorf("empty separator")
	}
	parts := strings.Split(text, delim)
	d = in
	for _, p := range parts[:len(parts)-1] {
		key := py.Str(p)
		in, err := py.Contains(d, key)
		if err != nil {
			return nil, nil, err
		}
		var next py.Value
		if in {
			if next, err = py.GetItem(d, key); err != nil {
				return nil, nil, err
			}
		}
		if _, isDict := next.(*py.Dict); !isDict {
			next = &py.Dict{Ordered: ordered}
			if err := py.SetItem(d, key, next); err != nil {
				return nil, nil, err
			}
		}
		d = next
	}
	return d, py.Str(parts[len(parts)-1]), nil
}

// lastMethod calls a method of what the key holds, or of a new container
// where it holds nothing.
func lastMethod(method string, empty func(ordered bool) py.Value) func(*Context, py.Value, py.Value, py.Value, bool) error {
	return func(c *Context, d, key, value py.Value, ordered bool) error {
		has, err := py.Contains(d, key)
		if err != nil {
			return err
		}
		var target py.Value = py.None
		if has {
			if target, err = py.GetItem(d, key); err != nil {
				return err
			}
		}
		if isNone(target) {
			target = empty(ordered)
			if err := py.SetItem(d, key, target); err != nil {
				return err
			}
		}
		if err := strictFail(value); err != nil && method != "append" {
			return err
		}
		_, err = py.CallMethod(c.Ctx(), target, method, py.NewArgs(value))
		if err == nil {
			return nil
		}
		switch classOf(err) {
		case "AttributeError":
			return py.Errorf("SaltInvocationError", "The last key contains a <class '%s'>, which cannot %s.", className(target), method)
		case "TypeError":
			if method != "append" {
				return py.Errorf("SaltInvocationError", "Cannot %s <class '%s'> with a <class '%s'>.", method, className(target), className(value))
			}
		case "ValueError":
			if method == "update" {
				return py.Errorf("SaltInvocationError", "Cannot update <class '%s'> with a <class '%s'>.", className(target), className(value))
			}
		}
		return err
	}
}

func compareDicts(_ *Context, a []py.Value) (py.Value, error) {
	before, after := a[0], a[1]
	var keys []py.Value
	seen := py.NewDict()
	for _, v := range []py.Value{after, before} {
		some, err := py.Truth(v)
		if err != nil {
			return nil, err
		}
		if !some {
			continue
		}
		items, err := collect(v)
		if err != nil {
			return nil, err
		}
		for _, k := range items {
			_, dup, err := seen.Get(k)
			if err != nil {
				return nil, err
			}
			if !dup {
				keys = append(keys, k)
				if err := seen.Set(k, py.None); err != nil {
					return nil, err
				}
			}
		}
	}
	out := py.NewDict()
	for _, k := range keys {
		var was, is py.Value = py.Str(""), py.Str("")
		inOld, err := py.Contains(before, k)
		if err != nil {
			return nil, err
		}
		inNew := true
		if inOld {
			if inNew, err = py.Contains(after, k); err != nil {
				return nil, err
			}
		}
		if inNew {
			if is, err = py.GetItem(after, k); err != nil {
				return nil, err
			}
		}
		if inOld {
			if was, err = py.GetItem(before, k); err != nil {
				return nil, err
			}
		}
		entry := py.DictOf("old", was, "new", is)
		if inOld && !inNew { // Salt writes the new value first here
			entry = py.DictOf("new", is, "old", was)
		}
		if inOld && inNew {
			ne, err := py.RichCompare(py.OpNe, is, was)
			if err != nil {
				return nil, err
			}
			if !ne {
				continue
			}
		}
		if err := out.Set(k, entry); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func toEntries(_ *Context, a []py.Value) (py.Value, error) {
	out := py.NewList()
	switch v := a[0].(type) {
	case *py.Dict:
		for k, it := range v.All() {
			out.Append(py.DictOf("key", k, "value", it))
		}
	case *py.List:
		for i, it := range v.Items {
			out.Append(py.DictOf("key", py.Int(i), "value", it))
		}
	default:
		return nil, py.Errorf("SaltException", "Input data must be a dict or list")
	}
	return out, nil
}

// updateMapping is the update of MutableMapping, which unpacks pairs.
func updateMapping(d *py.Dict, src py.Value) error {
	switch src.(type) {
	case *py.Dict, py.KeyedMapping:
		return py.UpdateDict(d, src)
	}
	items, err := collect(src)
	if err != nil {
		return err
	}
	for _, it := range items {
		pair, err := unpack(it, 2)
		if err != nil {
			return err
		}
		if err := d.Set(pair[0], pair[1]); err != nil {
			return err
		}
	}
	return nil
}

func fromEntries(c *Context, a []py.Value) (py.Value, error) {
	out := py.NewDict()
	it, err := iterate(a[0])
	if err != nil {
		return nil, err
	}
	for {
		if err := c.rt.step(); err != nil {
			return nil, err
		}
		v, ok, err := it.Next()
		if err != nil {
			return nil, err
		}
		if !ok {
			return out, nil
		}
		some, err := py.Truth(v)
		if err != nil {
			return nil, err
		}
		entry := py.NewDict()
		if some {
			if err := updateMapping(entry, v); err != nil {
				return nil, err
			}
		}
		lower := py.NewDict()
		for k, x := range entry.All() {
			if s, ok := strOf(k); ok {
				k = py.Str(py.Lower(s))
			}
			if err := lower.Set(k, x); err != nil {
				return nil, err
			}
		}
		for _, name := range []string{"key", "name"} {
			key, ok := lower.GetStr(name)
			if !ok {
				continue
			}
			some, err := py.Truth(key)
			if err != nil {
				return nil, err
			}
			if !some {
				continue
			}
			value, ok := lower.GetStr("value")
			if !ok {
				value = py.None
			}
			if err := out.Set(key, value); err != nil {
				return nil, err
			}
			break
		}
	}
}

// bytesEncoder is salt.utils.data.encode_dict and encode_list: text becomes
// bytes, a container that holds itself is None in there.
type bytesEncoder struct {
	c                           *Context
	encoding, errors            py.Value
	keep, keepClass, keepTuples bool
	stack                       []py.Value
}

func newBytesEncoder(c *Context, a []py.Value) (*bytesEncoder, error) {
	e := &bytesEncoder{c: c, encoding: a[1], errors: a[2]}
	for i, flag := range []*bool{&e.keep, &e.keepClass, &e.keepTuples} {
		var err error
		if *flag, err = py.Truth(a[3+i]); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func (e *bytesEncoder) dict(v py.Value, depth int) (py.Value, error) {
	items, err := itemsOf(v)
	if err != nil {
		return nil, err
	}
	out := py.NewDict()
	if d, ok := v.(*py.Dict); ok && e.keepClass {
		out.Ordered = d.Ordered
	}
	e.stack = append(e.stack, v)
	defer func() { e.stack = e.stack[:len(e.stack)-1] }()
	for _, it := range items {
		pair := it.(py.Tuple)
		key, err := e.key(pair[0], depth)
		if err != nil {
			return nil, err
		}
		val, err := e.value(pair[1], depth)
		if err != nil {
			return nil, err
		}
		if err := out.Set(key, val); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (e *bytesEncoder) key(k py.Value, depth int) (py.Value, error) {
	if t, ok := k.(py.Tuple); ok {
		return e.value(t, depth) // a list, which cannot be a key, without preserve_tuples
	}
	return e.scalar(k)
}

func (e *bytesEncoder) list(v py.Value, depth int) (py.Value, error) {
	items, err := collect(v)
	if err != nil {
		return nil, err
	}
	e.stack = append(e.stack, v)
	defer func() { e.stack = e.stack[:len(e.stack)-1] }()
	out := py.NewList()
	for _, it := range items {
		x, err := e.value(it, depth)
		if err != nil {
			return nil, err
		}
		out.Append(x)
	}
	return out, nil
}

func (e *bytesEncoder) value(v py.Value, depth int) (py.Value, error) {
	if err := e.c.rt.step(); err != nil {
		return nil, err
	}
	if depth > maxPrintDepth {
		return nil, recursionError()
	}
	switch x := v.(type) {
	case *py.List, *py.Dict:
		for _, s := range e.stack {
			if s == v {
				return py.None, nil
			}
		}
		if _, ok := x.(*py.List); ok {
			return e.list(v, depth+1)
		}
		return e.dict(v, depth+1)
	case py.Tuple:
		keep := e.keepTuples
		e.stack = append(e.stack, py.None) // a tuple is no key of the search
		defer func() { e.stack, e.keepTuples = e.stack[:len(e.stack)-1], keep }()
		out := make([]py.Value, len(x))
		for i, it := range x {
			var err error
			if out[i], err = e.value(it, depth+1); err != nil {
				return nil, err
			}
		}
		if keep {
			return py.Tuple(out), nil
		}
		return py.NewList(out...), nil
	}
	return e.scalar(v)
}

func (e *bytesEncoder) scalar(v py.Value) (py.Value, error) {
	if _, ok := strOf(v); !ok {
		return v, nil
	}
	b, err := saltToBytes(e.c, []py.Value{v, e.encoding, e.errors})
	if class := classOf(err); class == "TypeError" || e.keep && class == "UnicodeEncodeError" {
		return v, nil
	}
	return b, err
}
