package saltfun

import (
	"slices"
	"strings"

	"pinch/internal/py"
	"pinch/internal/saltyaml"
)

// redacted is what Salt puts in the place of a pillar's values when a call
// says unmask=False. Templates get plain values otherwise.
const redacted = "**********"

// masked hides what a function gives when the call says unmask=False. What
// pillar.items looks up by key is shown, as in Salt.
func masked(run func(c *call) (py.Value, error)) func(c *call) (py.Value, error) {
	return func(c *call) (py.Value, error) {
		v, err := run(c)
		if err != nil || c.none("unmask") || c.is("unmask") || c.fn.args && c.fn.name != "pillar.item" && len(c.rest) > 0 {
			return v, err
		}
		return redact(v, 0), nil
	}
}

// redact replaces every leaf that is true; what is empty, zero, False or None
// stays, as do keys.
func redact(v py.Value, depth int) py.Value {
	switch x := v.(type) {
	case *py.Dict:
		out := py.NewDict()
		for k, item := range x.All() {
			if depth < maxDepth {
				item = redact(item, depth+1)
			}
			_ = out.Set(k, item) // k is a key already
		}
		return out
	case *py.List:
		out := py.NewList()
		for _, item := range x.Items {
			if depth < maxDepth {
				item = redact(item, depth+1)
			}
			out.Append(item)
		}
		return out
	case py.Str, py.Bool, py.Float, py.Bytes, py.Int:
		return redactLeaf(v)
	}
	if _, isInt := py.AsBig(v); isInt {
		return redactLeaf(v)
	}
	return v
}

func redactLeaf(v py.Value) py.Value {
	if !py.IsTrue(v) {
		return v
	}
	if _, raw := v.(py.Bytes); raw {
		return py.Bytes(redacted)
	}
	return py.Str(redacted)
}

// obfuscate replaces every leaf by the name of its type.
func obfuscate(v py.Value) py.Value { return obfuscateAt(v, 0) }

func obfuscateAt(v py.Value, depth int) py.Value {
	if depth > maxDepth {
		return py.Str("<" + v.Type() + ">")
	}
	switch x := v.(type) {
	case *py.Dict:
		out := py.NewDict()
		if x.Ordered {
			out = py.NewOrderedDict()
		}
		for k, item := range x.All() {
			_ = out.Set(k, obfuscateAt(item, depth+1)) // k is a key already
		}
		return out
	case *py.List:
		out := py.NewList()
		for _, item := range x.Items {
			out.Append(obfuscateAt(item, depth+1))
		}
		return out
	case py.Tuple:
		out := make(py.Tuple, len(x))
		for i, item := range x {
			out[i] = obfuscateAt(item, depth+1)
		}
		return out
	}
	return py.Str("<" + v.Type() + ">")
}

// pillarExt makes a pillar with one more external pillar.
func pillarExt(c *call) (py.Value, error) {
	external := c.arg("external")
	if s, ok := external.(py.Str); ok {
		var err error
		if external, err = saltyaml.Load(string(s)); err != nil {
			return nil, err
		}
	}
	ext, err := onDemand(c, external)
	if err != nil {
		return nil, err
	}
	if c.h.CompilePillar == nil {
		return nil, py.Errorf("CommandExecutionError", "pillar.ext cannot compile a pillar here")
	}
	override, _ := c.arg("pillar").(*py.Dict)
	env := ""
	if v := c.h.Opts.Lookup("pillarenv"); v != nil && py.IsTrue(v) {
		env = py.ToStr(v)
	}
	return c.h.CompilePillar(c.ctx, env, override, ext)
}

// onDemand returns an external pillar that on_demand_ext_pillar allows, nil
// for one that it does not, which is logged.
func onDemand(c *call, external py.Value) (*py.Dict, error) {
	if !py.IsTrue(external) {
		return nil, nil
	}
	ext, ok := external.(*py.Dict)
	if !ok {
		c.h.log("error", "On-demand pillar "+py.ToStr(external)+" is not formatted as a dictionary")
		return nil, nil
	}
	var valid []py.Value
	option := c.h.Opts.Lookup("on_demand_ext_pillar")
	switch l := option.(type) {
	case *py.List:
		valid = l.Items
	case py.Str: // Salt looks for the name in the text
	default:
		c.h.log("error", "The 'on_demand_ext_pillar' configuration option is malformed, it should be a list of ext_pillar module names")
		return nil, nil
	}
	var refused, names []string
	for _, kind := range ext.Keys() {
		allowed, err := contains(valid, kind)
		if err != nil {
			return nil, err
		}
		if text, ok := option.(py.Str); ok {
			allowed = strings.Contains(string(text), py.ToStr(kind))
		}
		if !allowed {
			refused = append(refused, py.ToStr(kind))
		}
	}
	if len(refused) == 0 {
		return ext, nil
	}
	slices.Sort(refused)
	for _, it := range valid {
		names = append(names, py.ToStr(it))
	}
	c.h.log("error", "The following ext_pillar modules are not allowed for on-demand pillar data: "+strings.Join(refused, ", ")+
		". Valid on-demand ext_pillar modules are: "+strings.Join(names, ", ")+
		". The valid modules can be adjusted by setting the 'on_demand_ext_pillar' config option.")
	return nil, nil
}

// hasItem says whether a list option has a value.
func hasItem(list, v py.Value) (bool, error) {
	l, ok := list.(*py.List)
	if !ok {
		return false, nil
	}
	return contains(l.Items, v)
}

// decryptOverride reads the pillar that a call gives encrypted: text that is
// decrypted and read as YAML. gpg is the only renderer that Salt takes.
func decryptOverride(c *call) (*py.Dict, error) {
	kind := py.ToStr(c.arg("pillar_enc"))
	failed := func(text string) (*py.Dict, error) {
		return nil, py.Errorf("CommandExecutionError", "Failed to decrypt pillar override: %s", text)
	}
	valid := c.h.Opts.Lookup("decrypt_pillar_renderers")
	ok, err := hasItem(valid, py.Str(kind))
	if err != nil {
		return nil, err
	}
	if !ok || kind != "gpg" {
		names := ""
		if l, isList := valid.(*py.List); isList {
			for i, it := range l.Items {
				if i > 0 {
					names += ", "
				}
				names += py.ToStr(it)
			}
		}
		return failed("'" + kind + "' is not a valid decryption renderer. Valid choices are: " + names)
	}
	if c.h.Render == nil {
		return failed("nothing can be decrypted here")
	}
	v, err := c.h.Render(c.ctx, RenderRequest{Text: py.ToStr(c.arg("pillar")), Pipe: "gpg|yaml", SaltEnv: "base"})
	if err != nil {
		return nil, err
	}
	d, isDict := v.(*py.Dict)
	if !isDict {
		return failed("it is no mapping but a " + v.Type())
	}
	return d, nil
}
