package saltfun

import (
	"sort"

	"pinch/internal/fnmatch"
	"pinch/internal/match"
	"pinch/internal/py"
	"pinch/internal/saltargs"
)

func grainsFuncs() []*function {
	return []*function{
		parse("grains.get", "key, default='', delimiter=':', ordered=True", grainsGet),
		parse("grains.fetch", "key, default='', delimiter=':', ordered=True", grainsGet),
		parse("grains.has_value", "key", func(c *call) (py.Value, error) {
			_, found, err := lookup(c.h.Grains, c.arg("key"), ":")
			return py.Bool(found), err
		}),
		parse("grains.items", "sanitize=False", func(c *call) (py.Value, error) {
			out := plainCopy(c.h.Grains)
			yes, err := saltargs.IsTrue(c.arg("sanitize"))
			if err != nil || !yes {
				return out, err
			}
			return out, sanitize(out)
		}),
		parse("grains.item", "*args, **kwargs", grainsItem),
		parse("grains.ls", "", func(c *call) (py.Value, error) {
			keys := c.h.Grains.Keys()
			sort.SliceStable(keys, func(i, j int) bool { return py.ToStr(keys[i]) < py.ToStr(keys[j]) })
			return py.NewList(keys...), nil
		}),
		parse("grains.equals", "key, value", func(c *call) (py.Value, error) {
			v, err := match.Traverse(c.h.Grains, c.arg("key"), py.Str(""), ":")
			if err != nil {
				return nil, err
			}
			return py.Bool(py.ToStr(v) == py.ToStr(c.arg("value"))), nil
		}),
		parse("grains.filter_by", "lookup_dict!, grain='os_family', merge!=None, default='default', base!=None",
			func(c *call) (py.Value, error) {
				return filterBy(c.arg("lookup_dict"), c.arg("grain"), c.h.Grains,
					c.arg("merge"), c.arg("default"), c.arg("base"))
			}),
	}
}

func grainsGet(c *call) (py.Value, error) {
	return match.Traverse(c.h.Grains, c.arg("key"), c.arg("default"), delimiter(c.arg("delimiter")))
}

// delimiter returns the delimiter argument; what is no text is taken as the
// default, since Salt's callers never pass anything else on purpose.
func delimiter(v py.Value) string {
	if s, ok := v.(py.Str); ok && s != "" {
		return string(s)
	}
	return match.DefaultDelimiter
}

// absent is a default that no value equals.
type absent struct{}

// Type implements py.Value.
func (absent) Type() string { return "type" }

// lookup is match.Traverse that tells a missing value.
func lookup(data, key py.Value, delim string) (v py.Value, found bool, err error) {
	v, err = match.Traverse(data, key, absent{}, delim)
	if err != nil {
		return nil, false, err
	}
	_, missing := v.(absent)
	return v, !missing, nil
}

func plainCopy(d *py.Dict) *py.Dict {
	out := py.NewDict()
	out.Update(d)
	return out
}

func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// sanitize hides what identifies a machine, as grains.items(sanitize=True).
func sanitize(d *py.Dict) error {
	for _, key := range []string{"serialnumber", "domain", "fqdn", "id", "host", "localhost", "nodename"} {
		v, ok := d.GetStr(key)
		if !ok {
			continue
		}
		if key == "serialnumber" {
			s := []rune(py.ToStr(v))
			keep := len(s) * 3 / 4
			for i := keep; i < len(s); i++ {
				s[i] = 'X'
			}
			d.SetStr(key, py.Str(s))
			continue
		}
		names := map[string]string{"domain": "DOMAINNAME", "fqdn": "MINION.DOMAINNAME", "id": "MINION.DOMAINNAME"}
		text, ok := names[key]
		if !ok {
			text = "MINION"
		}
		d.SetStr(key, py.Str(text))
	}
	return nil
}

func grainsItem(c *call) (py.Value, error) {
	def, ok := c.kw.GetStr("default")
	if !ok {
		def = py.Str("")
	}
	delim := match.DefaultDelimiter
	if d, ok := c.kw.GetStr("delimiter"); ok {
		delim = delimiter(d)
	}
	out := py.NewDict()
	for _, key := range c.rest {
		v, err := match.Traverse(c.h.Grains, key, def, delim)
		if err != nil {
			return nil, err
		}
		if err := out.Set(key, v); err != nil {
			return nil, err
		}
	}
	yes, err := saltargs.IsTrue(py.OrNone(c.kw.Lookup("sanitize")))
	if err != nil || !yes {
		return out, err
	}
	return out, sanitize(out)
}

// filterBy is the common part of grains.filter_by and pillar.filter_by.
func filterBy(table, key py.Value, data *py.Dict, merge, def, base py.Value) (py.Value, error) {
	dict, ok := table.(*py.Dict)
	if !ok {
		return nil, py.AttributeErrorf("'%s' object has no attribute 'get'", py.TypeName(table))
	}
	val, err := match.Traverse(data, key, py.NewList(), ":")
	if err != nil {
		return nil, err
	}
	each := []py.Value{val}
	if l, ok := val.(*py.List); ok {
		each = l.Items
	}
	ret := firstMatch(dict, each)
	if ret == nil {
		if ret, err = dictGet(dict, def); err != nil {
			return nil, err
		}
	}
	if py.IsTrue(base) {
		values, has, err := dict.Get(base)
		if err != nil {
			return nil, err
		}
		if has {
			if ret, err = overBase(values, ret); err != nil {
				return nil, err
			}
		}
	}
	if !py.IsTrue(merge) {
		return ret, nil
	}
	m, ok := merge.(*py.Dict)
	if !ok {
		return nil, py.Errorf("SaltException", "filter_by merge argument must be a dictionary.")
	}
	if _, none := ret.(py.NoneType); none {
		return m, nil
	}
	if _, err := Update(ret, py.DeepCopy(m), true, false); err != nil {
		return nil, err
	}
	return ret, nil
}

// firstMatch returns the first value that is not None whose key, as a
// pattern, fits one of the values, or nil.
func firstMatch(dict *py.Dict, each []py.Value) py.Value {
	for _, e := range each {
		text := py.ToStr(e)
		for k, v := range dict.All() {
			if fnmatch.Match(py.ToStr(k), text) {
				if _, none := v.(py.NoneType); !none {
					return v
				}
				break
			}
		}
	}
	return nil
}

func overBase(values, ret py.Value) (py.Value, error) {
	if _, none := ret.(py.NoneType); none {
		return values, nil
	}
	if _, ok := values.(*py.Dict); !ok {
		return ret, nil
	}
	if _, ok := ret.(*py.Dict); !ok {
		return nil, py.Errorf("SaltException", "filter_by default and look-up values must both be dictionaries.")
	}
	return Update(py.DeepCopy(values), ret, true, false)
}

// dictGet is dict.get(key): None when it is missing.
func dictGet(d *py.Dict, key py.Value) (py.Value, error) {
	v, ok, err := d.Get(key)
	if err != nil {
		return nil, err
	}
	if !ok {
		return py.None, nil
	}
	return v, nil
}
