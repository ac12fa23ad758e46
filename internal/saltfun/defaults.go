package saltfun

import (
	"pinch/internal/py"
	"pinch/internal/saltyaml"
)

func defaultsFuncs() []*function {
	return []*function{
		parse("defaults.get", "key!, default=''", defaultsGet),
		parse("defaults.merge", "dest, src, merge_lists=False, in_place=True, convert_none=True", func(c *call) (py.Value, error) {
			return defaultsMerge(c.arg("dest"), c.arg("src"), c.is("merge_lists"), c.is("in_place"), c.is("convert_none"))
		}),
		parse("defaults.deepcopy", "source", func(c *call) (py.Value, error) { return py.DeepCopy(c.arg("source")), nil }),
		parse("defaults.update", "dest, defaults, merge_lists=True, in_place=True, convert_none=True", defaultsUpdate),
	}
}

// defaultsGet reads FORMULA/defaults.yaml or FORMULA/defaults.json of the tree.
func defaultsGet(c *call) (py.Value, error) {
	key, err := c.text("key")
	if err != nil {
		return nil, err
	}
	formula, rest, below := cutColon(key)
	var data py.Value
	for _, ext := range []string{"yaml", "json"} {
		f, ok := c.h.Files.Find(formula+"/defaults."+ext, "base")
		if !ok {
			continue
		}
		raw, err := f.Read()
		if err != nil {
			return nil, err
		}
		if ext == "yaml" {
			data, err = saltyaml.Load(string(raw))
		} else {
			data, err = py.DecodeJSON(string(raw))
		}
		if err != nil {
			return nil, err
		}
		if !py.IsTrue(data) {
			data = py.NewDict()
		}
		break
	}
	if data == nil {
		data = py.None
	}
	if !below {
		return data, nil
	}
	return get(data, rest, c.arg("default"))
}

func cutColon(s string) (before, after string, found bool) {
	for i := range len(s) {
		if s[i] == ':' {
			return s[:i], s[i+1:], s[i+1:] != ""
		}
	}
	return s, "", false
}

func defaultsMerge(dest, src py.Value, mergeLists, inPlace, convertNone bool) (py.Value, error) {
	if _, none := src.(py.NoneType); none && convertNone {
		src = py.NewDict()
	}
	if _, none := dest.(py.NoneType); none && convertNone {
		if inPlace {
			return nil, py.TypeErrorf("Can't perform in-place merge into NoneType")
		}
		dest = py.NewDict()
	}
	if !inPlace {
		dest = py.DeepCopy(dest)
	}
	return Update(dest, src, true, mergeLists)
}

func defaultsUpdate(c *call) (py.Value, error) {
	dest, defaults := c.arg("dest"), c.arg("defaults")
	_, noDest := dest.(py.NoneType)
	if c.is("in_place") {
		if noDest {
			return nil, py.TypeErrorf("Can't perform in-place update into NoneType")
		}
	} else {
		if noDest && c.is("convert_none") {
			dest = py.NewDict()
		}
		dest = py.DeepCopy(dest)
	}
	if _, none := defaults.(py.NoneType); none && c.is("convert_none") {
		defaults = py.NewDict()
	}
	nodes, ok := dest.(*py.Dict)
	if !ok {
		return nil, py.AttributeErrorf("'%s' object has no attribute 'items'", py.TypeName(dest))
	}
	for _, name := range nodes.Keys() {
		vars, _, err := nodes.Get(name)
		if err != nil {
			return nil, err
		}
		merged, err := defaultsMerge(py.DeepCopy(defaults), vars, c.is("merge_lists"), true, c.is("convert_none"))
		if err != nil {
			return nil, err
		}
		if err := nodes.Set(name, merged); err != nil {
			return nil, err
		}
	}
	return nodes, nil
}
