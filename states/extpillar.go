package states

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pinch/internal/py"
	"pinch/states/low"
)

// extFunc makes an external pillar's data. pillar is what there is so far.
type extFunc func(p *pillar, ctx context.Context, pillar *py.Dict, args *py.Args) (py.Value, error)

// extSupported are the names of the external pillars that pinch has.
var extSupported = []string{
	"cmd_json", "cmd_yaml", "cmd_yamlex", "extra_minion_data_in_pillar", "file_tree", "git", "gpg",
	"http_json", "http_yaml", "nodegroups", "stack",
}

// extFuncOf returns an external pillar by its name in Salt, nil for one that
// pinch has not.
func extFuncOf(name string) extFunc {
	switch name {
	case "cmd_json":
		return cmdJSON
	case "cmd_yaml":
		return cmdYAML
	case "cmd_yamlex":
		return cmdYAMLEx
	case "extra_minion_data_in_pillar":
		return extraMinionData
	case "file_tree":
		return fileTree
	case "git":
		return extGit
	case "gpg":
		return extGPG
	case "http_json":
		return httpJSON
	case "http_yaml":
		return httpYAML
	case "nodegroups":
		return extNodegroups
	case "stack":
		return extStack
	}
	return nil
}

// extMissing are those that Salt or one of its extensions has and pinch has
// not.
var extMissing = []string{
	"azureblob", "cobbler", "confidant", "consul", "csv", "digicert", "django_orm", "ec2_pillar", "etcd", "foreman", "hg", "hiera",
	"libvirt", "makostack", "mongo", "mysql", "nacl", "netbox", "neutron", "nsot", "pepa", "pillar_ldap", "postgres", "puppet",
	"reclass", "redis", "rethinkdb", "s3", "saltclass", "sqlcipher", "sqlite3", "svn", "varstack_pillar", "vault", "venafi", "virtkey",
	"vmware_pillar",
}

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
			p.trackExternal(str(first), data)
			merged, err := p.merge(pillar, data)
			if err != nil {
				return nil, err
			}
			if pillar, ok = merged.(*py.Dict); !ok {
				return nil, py.TypeErrorf("'%s' object is not a mapping", py.TypeName(merged))
			}
		}
	}
	return pillar, nil
}

// trackExternal notes what external pillars gave; those that told it file by
// file have done so.
func (p *pillar) trackExternal(name string, data py.Value) {
	if p.track == nil {
		return
	}
	if len(p.parts) > 0 {
		for i := range p.parts {
			if p.parts[i].place.Kind == "" {
				p.parts[i].place.Kind, p.parts[i].place.Name = "ext_pillar", name
			}
		}
		p.track.list = append(p.track.list, p.parts...)
	} else {
		p.track.add(Place{Kind: "ext_pillar", Name: name}, data)
	}
	p.parts = nil
}

// part notes what a file gave to an external pillar; text is what was read as
// YAML and source what it was rendered from, "" for none.
func (p *pillar) part(file, source, text string, data py.Value) {
	if p.track != nil {
		p.parts = append(p.parts, contribution{
			place: Place{Pos: low.Pos{File: file}}, data: py.DeepCopy(data), at: positionsIn(file, source, text),
		})
	}
}

// hinted is an exception of which pinch can say more than Salt's text does.
type hinted struct {
	exc  *py.Error
	hint string
}

// Error implements error.
func (h *hinted) Error() string { return h.exc.Error() }

// Unwrap returns the exception.
func (h *hinted) Unwrap() error { return h.exc }

// runExternal runs one external pillar; one that fails is an error of the
// pillar and gives what came before it.
func (p *pillar) runExternal(ctx context.Context, pillar *py.Dict, name string, val, before py.Value) (py.Value, error) {
	fn := extFuncOf(name)
	if fn == nil {
		if contains(extMissing, name) {
			e := problem(ClassPillarOther, "", "Failed to load ext_pillar %s: it is not supported", name)
			e.Hint = "supported are " + strings.Join(extSupported, ", ")
			p.errs.add(e)
			return before, nil
		}
		p.c.tree.log("critical", "ext_pillar interface named %s is unavailable.", name)
		return before, nil
	}
	p.parts = nil
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
	p.parts = nil
	if isFatal(ctx, err) {
		return nil, err
	}
	_, text := exception(err)
	e := problem(ClassPillarOther, "", "Failed to load ext_pillar %s: %s", name, text)
	e.Err = err
	if h, ok := errors.AsType[*hinted](err); ok {
		e.Hint = h.hint
	}
	p.errs.add(e)
	return before, nil
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
	if len(valid) > 0 && !contains(valid, name) {
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
