package states

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/py"
	"pinch/internal/saltyaml"
)

// extFunc makes an external pillar's data. pillar is what there is so far.
type extFunc func(p *pillar, ctx context.Context, pillar *py.Dict, args *py.Args) (py.Value, error)

// extFuncs are the external pillars, by Salt's names.
var extFuncs = map[string]extFunc{
	"cmd_json":   cmdJSON,
	"cmd_yaml":   cmdYAML,
	"file_tree":  fileTree,
	"nodegroups": extNodegroups,
	"stack":      extStack,
}

// extMissing are those that Salt has and pinch has not.
var extMissing = []string{"extra_minion_data_in_pillar", "git", "gpg", "postgres", "reclass"}

// external adds the external pillars (Salt: ext_pillar).
func (p *pillar) external(ctx context.Context, pillar *py.Dict) (*py.Dict, error) {
	v, ok := p.c.opts.GetStr("ext_pillar")
	if !ok {
		return pillar, nil
	}
	malformed := func() { p.errs.add(problem(ClassPillarOther, "", `The "ext_pillar" option is malformed`)) }
	list, ok := v.(*py.List)
	if !ok {
		malformed()
		return pillar, nil
	}
	var err error
	if p.override.Len() > 0 {
		if pillar, err = p.mergeDicts(pillar, p.override); err != nil {
			return nil, err
		}
	}
	for _, it := range list.Items {
		run, ok := it.(*py.Dict)
		if !ok {
			malformed()
			return py.NewDict(), nil
		}
		first, err := firstKey(run)
		if err != nil {
			return nil, err
		}
		if excluded, ok := p.c.opts.GetStr("exclude_ext_pillar"); ok {
			if skip, err := in(first, excluded); err != nil {
				return nil, err
			} else if skip {
				continue
			}
		}
		var data py.Value = py.None
		for key, val := range run.All() {
			if data, err = p.runExternal(ctx, pillar, str(key), val, data); err != nil {
				return nil, err
			}
		}
		if py.IsTrue(data) {
			merged, err := p.merge(pillar, data)
			if err != nil {
				return nil, err
			}
			if pillar, ok = merged.(*py.Dict); !ok {
				return nil, py.TypeErrorf("'%s' object is not a mapping", merged.Type())
			}
		}
	}
	return pillar, nil
}

// runExternal runs one external pillar; one that fails is an error of the
// pillar and gives what came before it.
func (p *pillar) runExternal(ctx context.Context, pillar *py.Dict, name string, val, before py.Value) (py.Value, error) {
	fn, ok := extFuncs[name]
	if !ok {
		if contains(extMissing, name) {
			e := problem(ClassPillarOther, "", "Failed to load ext_pillar %s: it is not supported", name)
			e.Hint = "supported are cmd_json, cmd_yaml, file_tree, nodegroups and stack"
			p.errs.add(e)
			return before, nil
		}
		p.c.tree.log("critical", "ext_pillar interface named %s is unavailable.", name)
		return before, nil
	}
	args := &py.Args{}
	switch v := val.(type) {
	case *py.Dict:
		for k, x := range v.All() {
			args.Kw = append(args.Kw, py.KwArg{Name: str(k), Value: x})
		}
	case *py.List:
		args.Pos = v.Items
	default:
		args.Pos = []py.Value{val}
	}
	data, err := fn(p, ctx, pillar, args)
	if err == nil {
		return data, nil
	}
	if isFatal(ctx, err) {
		return nil, err
	}
	_, text := exception(err)
	e := problem(ClassPillarOther, "", "Failed to load ext_pillar %s: %s", name, text)
	e.Err = err
	p.errs.add(e)
	return before, nil
}

// oneArg returns the argument of a function with one parameter.
func oneArg(args *py.Args, name string) (string, error) {
	switch {
	case len(args.Pos) == 1 && len(args.Kw) == 0:
		return str(args.Pos[0]), nil
	case len(args.Pos) == 0 && len(args.Kw) == 1 && args.Kw[0].Name == name:
		return str(args.Kw[0].Value), nil
	case len(args.Pos) == 0 && len(args.Kw) == 0:
		return "", py.TypeErrorf("ext_pillar() missing 1 required positional argument: '%s'", name)
	case len(args.Kw) > 0:
		return "", py.TypeErrorf("ext_pillar() got an unexpected keyword argument '%s'", args.Kw[0].Name)
	}
	return "", py.TypeErrorf("ext_pillar() takes 3 positional arguments but %d were given", 2+len(args.Pos))
}

func cmdJSON(p *pillar, ctx context.Context, _ *py.Dict, args *py.Args) (py.Value, error) {
	return p.command(ctx, args, "JSON", py.LoadsJSON[string])
}

func cmdYAML(p *pillar, ctx context.Context, _ *py.Dict, args *py.Args) (py.Value, error) {
	return p.command(ctx, args, "YAML", saltyaml.Load)
}

// command runs a command on the controller and reads its output. What cannot
// be run or read gives nothing, which Salt only logs.
func (p *pillar) command(ctx context.Context, args *py.Args, format string, load func(string) (py.Value, error)) (py.Value, error) {
	command, err := oneArg(args, "command")
	if err != nil {
		return nil, err
	}
	command = strings.ReplaceAll(command, "%s", p.c.req.Host)
	out, err := p.c.tree.cfg.Command(ctx, command)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		p.c.tree.log("error", "ext_pillar command %s: %s", command, err)
	}
	v, err := load(out)
	if err != nil {
		p.c.tree.log("critical", "%s data from %s failed to parse: %s", format, command, err)
		return py.NewDict(), nil
	}
	return v, nil
}

// extNodegroups is the list of nodegroups that the host is in. Salt asks the
// master's list of accepted minions, in which a host reached over SSH does not
// stand, so the list is empty there; here too.
func extNodegroups(p *pillar, _ context.Context, _ *py.Dict, args *py.Args) (py.Value, error) {
	name := "nodegroups"
	for _, v := range args.Pos {
		name = str(v)
	}
	for _, k := range args.Kw {
		if k.Name != "pillar_name" {
			return nil, py.TypeErrorf("ext_pillar() got an unexpected keyword argument '%s'", k.Name)
		}
		if py.IsTrue(k.Value) {
			name = str(k.Value)
		}
	}
	if !p.c.opts.Has("nodegroups") {
		return nil, py.KeyError(py.Str("nodegroups"))
	}
	return py.DictOf(name, py.NewList()), nil
}

// decrypt decrypts the keys that decrypt_pillar names (Salt: decrypt_pillar).
func (p *pillar) decrypt(ctx context.Context, pillar *py.Dict) ([]*Error, error) {
	v := p.c.opts.Lookup("decrypt_pillar")
	if v == nil || !py.IsTrue(v) {
		return nil, nil
	}
	wanted, err := repackDictList(v)
	if err != nil {
		return nil, err
	}
	var failed []*Error
	if wanted.Len() == 0 {
		failed = append(failed, problem(ClassPillarOther, "", "decrypt_pillar config option is malformed"))
	}
	delim := p.c.opts.String("decrypt_pillar_delimiter")
	for k, r := range wanted.All() {
		key := str(k)
		name := p.c.opts.String("decrypt_pillar_default")
		if py.IsTrue(r) {
			name = str(r)
		}
		ptr, err := traverse(pillar, strings.Split(key, delim))
		if err != nil {
			return nil, err
		}
		if ptr == nil {
			continue
		}
		if err := p.decryptKey(ctx, pillar, strings.Split(key, delim), ptr, name); err != nil {
			if isFatal(ctx, err) {
				return nil, err
			}
			_, text := exception(err)
			failed = append(failed, problem(ClassPillarOther, "", "Failed to decrypt pillar key '%s': %s", key, text))
		}
	}
	return failed, nil
}

func (p *pillar) decryptKey(ctx context.Context, pillar *py.Dict, path []string, ptr py.Value, name string) error {
	valid, err := textList(p.c.opts.Lookup("decrypt_pillar_renderers"), "decrypt_pillar_renderers")
	if err != nil {
		return err
	}
	if !contains(valid, name) {
		return py.Errorf("SaltInvocationError", "'%s' is not a valid decryption renderer. Valid choices are: %s",
			name, strings.Join(valid, ", "))
	}
	if name != "gpg" {
		return fmt.Errorf("the renderer '%s' is not supported for decryption", name)
	}
	out, err := p.c.decrypt(ctx, ptr)
	if err != nil {
		return err
	}
	if !hashable(ptr) {
		return nil // decrypted in its place
	}
	parent, err := traverse(pillar, path[:len(path)-1])
	if err != nil || parent == nil {
		return err
	}
	return py.SetItem(parent, py.Str(path[len(path)-1]), out)
}

// traverse follows keys into dicts; nil is what is not there.
func traverse(v py.Value, path []string) (py.Value, error) {
	for _, key := range path {
		d, ok := v.(*py.Dict)
		if !ok {
			return nil, nil
		}
		if v, ok = d.GetStr(key); !ok {
			return nil, nil
		}
	}
	return v, nil
}

// repackDictList makes one dict of a list of names and one-key dicts.
func repackDictList(v py.Value) (*py.Dict, error) {
	if d, ok := v.(*py.Dict); ok {
		return d, nil
	}
	out := py.NewDict()
	l, ok := v.(*py.List)
	if !ok {
		return out, nil
	}
	for _, it := range l.Items {
		switch x := it.(type) {
		case *py.Dict:
			if x.Len() != 1 {
				return py.NewDict(), nil
			}
			k, val, _ := onlyEntry(x)
			if err := out.Set(k, val); err != nil {
				return nil, err
			}
		case py.Str, py.Int, py.Float:
			if err := out.Set(x, py.None); err != nil {
				return nil, err
			}
		default:
			return py.NewDict(), nil
		}
	}
	return out, nil
}

// gpgDecrypt returns the function that decrypts with gpg and the keys of
// gpg_keydir.
func gpgDecrypt(opts *py.Dict) func(context.Context, []byte) ([]byte, error) {
	home := opts.String("gpg_keydir")
	if home == "" {
		home = "/etc/salt/gpgkeys"
	}
	return func(ctx context.Context, message []byte) ([]byte, error) {
		return runGPG(ctx, home, message)
	}
}
