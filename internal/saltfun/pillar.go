package saltfun

import (
	"path/filepath"

	"pinch/internal/match"
	"pinch/internal/py"
)

func pillarFuncs() []*function {
	const get = "key, default!=NOT_SET, merge!=False, merge_nested_lists=None, delimiter=':', pillarenv=None, saltenv=None, unmask=None"
	const items = "*args, pillar=None, pillar_enc=None, pillarenv=None, saltenv=None, unmask=None"
	return []*function{
		parse("pillar.get", get, masked(pillarGet)),
		parse("pillar.fetch", get, masked(pillarGet)),
		parse("pillar.items", items, masked(pillarItems)),
		parse("pillar.data", items, masked(pillarItems)),
		parse("pillar.obfuscate", items, func(c *call) (py.Value, error) {
			v, err := masked(pillarItems)(c)
			if err != nil {
				return nil, err
			}
			return obfuscate(v), nil
		}),
		parse("pillar.ext", "external, pillar=None, unmask=None", masked(pillarExt)),
		parse("pillar.item", "*args, default=None, delimiter=None, pillarenv=None, saltenv=None, unmask=None", masked(pillarItem)),
		parse("pillar.raw", "key=None, unmask=None", masked(func(c *call) (py.Value, error) {
			if !c.is("key") {
				return plainCopy(c.h.Pillar), nil
			}
			v, ok, err := c.h.Pillar.Get(c.arg("key"))
			if err == nil && !ok {
				v = py.NewDict()
			}
			return v, err
		})),
		parse("pillar.ls", items, func(c *call) (py.Value, error) {
			v, err := pillarItems(c)
			if err != nil {
				return nil, err
			}
			keys, err := py.Collect(v)
			return py.NewList(keys...), err
		}),
		parse("pillar.keys", "key, delimiter=':', unmask=None", pillarKeys),
		parse("pillar.file_exists", "path, saltenv=None", pillarFileExists),
		parse("pillar.filter_by", "lookup_dict!, pillar, merge!=None, default='default', base!=None",
			func(c *call) (py.Value, error) {
				return filterBy(c.arg("lookup_dict"), c.arg("pillar"), c.h.Pillar,
					c.arg("merge"), c.arg("default"), c.arg("base"))
			}),
	}
}

// pillarOf returns the pillar to look into: the host's, or a fresh one when an
// environment is asked for.
func pillarOf(c *call) (*py.Dict, error) {
	if c.none("pillarenv") && c.none("saltenv") {
		return c.h.Pillar, nil
	}
	return fresh(c, nil)
}

func fresh(c *call, override *py.Dict) (*py.Dict, error) {
	env := c.arg("pillarenv")
	if _, none := env.(py.NoneType); none {
		env = c.h.Opts.Lookup("pillarenv")
		if py.IsTrue(c.h.Opts.Lookup("pillarenv_from_saltenv")) {
			if env = c.arg("saltenv"); !py.IsTrue(env) {
				env = c.h.Opts.Lookup("saltenv")
			}
		}
	}
	if c.h.CompilePillar == nil {
		return nil, py.Errorf("CommandExecutionError", "%s cannot compile a pillar here", c.fn.name)
	}
	name := ""
	if py.IsTrue(env) {
		name = py.ToStr(env)
	}
	return c.h.CompilePillar(c.ctx, name, override, nil)
}

func pillarGet(c *call) (py.Value, error) {
	def, raise := c.arg("default"), false
	if _, unset := def.(notSet); unset {
		def = py.Str("")
		raise = py.IsTrue(c.h.Opts.Lookup("pillar_raise_on_missing"))
	}
	pillar, err := pillarOf(c)
	if err != nil {
		return nil, err
	}
	key, delim := c.arg("key"), delimiter(c.arg("delimiter"))
	if c.is("merge") {
		v, done, err := pillarMerge(c, pillar, def, key, delim)
		if err != nil || done {
			return v, err
		}
	}
	v, found, err := lookup(pillar, key, delim)
	switch {
	case err != nil:
		return nil, err
	case found:
		return v, nil
	case raise:
		return nil, &py.Error{Class: "KeyError", Msg: py.Repr(py.Str("Pillar key not found: " + py.ToStr(key))),
			Arg: py.Str("Pillar key not found: " + py.ToStr(key))}
	}
	return def, nil
}

// pillarMerge merges the pillar's value into the default; done is false when
// the types do not allow it, which Salt only logs.
func pillarMerge(c *call, pillar *py.Dict, def, key py.Value, delim string) (v py.Value, done bool, err error) {
	mergeLists := c.is("merge_nested_lists")
	if c.none("merge_nested_lists") {
		mergeLists = py.IsTrue(c.h.Opts.Lookup("pillar_merge_lists"))
	}
	switch d := def.(type) {
	case *py.Dict:
		ret, err := match.Traverse(pillar, key, py.NewDict(), delim)
		if err != nil {
			return nil, false, err
		}
		if _, ok := ret.(*py.Dict); ok {
			v, err := Update(py.DeepCopy(d), ret, true, mergeLists)
			return v, true, err
		}
		c.h.log("error", "pillar.get: the default of "+py.ToStr(key)+" is a dict but the pillar has a "+ret.Type()+": not merged")
	case *py.List:
		ret, err := match.Traverse(pillar, key, py.NewList(), delim)
		if err != nil {
			return nil, false, err
		}
		if l, ok := ret.(*py.List); ok {
			v, err := extend(py.DeepCopy(d).(*py.List), l.Items)
			return v, true, err
		}
		c.h.log("error", "pillar.get: the default of "+py.ToStr(key)+" is a list but the pillar has a "+ret.Type()+": not merged")
	default:
		c.h.log("error", "pillar.get: the default of "+py.ToStr(key)+" is a "+def.Type()+": only a dict or list can be merged")
	}
	return nil, false, nil
}

func pillarItems(c *call) (py.Value, error) {
	if len(c.rest) > 0 {
		pillar, err := pillarOf(c)
		if err != nil {
			return nil, err
		}
		return pick(pillar, c.rest, py.Str(""), ":")
	}
	override, _ := c.arg("pillar").(*py.Dict)
	if c.is("pillar_enc") && c.is("pillar") {
		var err error
		if override, err = decryptOverride(c); err != nil {
			return nil, err
		}
	}
	return fresh(c, override)
}

func pillarItem(c *call) (py.Value, error) {
	def := c.arg("default")
	if c.none("default") {
		def = py.Str("")
	}
	pillar, err := pillarOf(c)
	if err != nil {
		return nil, err
	}
	return pick(pillar, c.rest, def, delimiter(c.arg("delimiter")))
}

func pick(pillar *py.Dict, keys []py.Value, def py.Value, delim string) (py.Value, error) {
	out := py.NewDict()
	for _, key := range keys {
		v, err := match.Traverse(pillar, key, def, delim)
		if err != nil {
			return nil, err
		}
		if err := out.Set(key, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func pillarKeys(c *call) (py.Value, error) {
	key := c.arg("key")
	v, found, err := lookup(c.h.Pillar, key, delimiter(c.arg("delimiter")))
	if err != nil {
		return nil, err
	}
	if !found {
		text := py.Str("Pillar key not found: " + py.ToStr(key))
		return nil, &py.Error{Class: "KeyError", Msg: py.Repr(text), Arg: text}
	}
	d, ok := v.(*py.Dict)
	if !ok {
		return nil, py.ValueErrorf("Pillar value in key %s is not a dict", py.ToStr(key))
	}
	return py.NewList(d.Keys()...), nil
}

func pillarFileExists(c *call) (py.Value, error) {
	path, err := c.text("path")
	if err != nil {
		return nil, err
	}
	if c.h.PillarFiles == nil {
		return nil, py.Errorf("CommandExecutionError", "No pillar_roots found. Are you running this on the master?")
	}
	envs := c.h.PillarFiles.Names()
	if c.is("saltenv") {
		env := py.ToStr(c.arg("saltenv"))
		if !c.h.PillarFiles.Has(env) {
			return py.False, nil
		}
		envs = []string{env}
	}
	for _, env := range envs {
		if _, ok := c.h.PillarFiles.Find(filepath.ToSlash(path), env); ok {
			return py.True, nil
		}
	}
	return py.False, nil
}
