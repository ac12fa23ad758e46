package states

import (
	"context"
	"strings"

	"pinch/internal/py"
)

// mods are the pillar SLS of one environment that were rendered, with what
// they rendered to before their includes.
type mods map[string]py.Value

// render renders and merges the matched pillar SLS (Salt: render_pillar).
func (p *pillar) render(ctx context.Context, matches *matched) (*py.Dict, error) {
	out := py.NewDict()
	if p.override != nil {
		out = p.override.Copy()
	}
	for _, env := range p.orderedEnvs(matches) {
		var files []string
		for _, m := range matches.sls[env] {
			name := str(m)
			if !contains(p.names, env) {
				p.noEnvironment(&p.errs, env)
				files = append(files, name)
				continue
			}
			if found := filterNames(p.files.States(env), name); len(found) > 0 {
				files = append(files, found...)
			} else {
				files = append(files, name)
			}
		}
		done := mods{}
		for _, sls := range files {
			state, errs, err := p.renderSLS(ctx, sls, env, done, nil)
			if err != nil {
				return nil, err
			}
			p.errs.list = append(p.errs.list, errs.list...)
			if state == nil || state == py.Value(py.None) {
				continue
			}
			d, ok := state.(*py.Dict)
			if !ok {
				continue // the error is noted
			}
			if p.track != nil {
				p.track.list = append(p.track.list, p.track.of(env, sls, false)...)
			}
			if out, err = p.mergeDicts(out, d); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (p *pillar) noEnvironment(errs *problems, env string) {
	errs.add(problem(ClassOther, "", "No matching pillar environment for environment '%s' found", env))
}

// orderedEnvs is the matched environments, those of env_order first.
func (p *pillar) orderedEnvs(matches *matched) []string {
	order, err := envOrder(p.c.opts)
	if err != nil || len(order) == 0 {
		return matches.order
	}
	var out []string
	for _, list := range [][]string{order, matches.order} {
		for _, env := range list {
			if matches.has(env) && !contains(out, env) {
				out = append(out, env)
			}
		}
	}
	return out
}

// renderSLS renders one pillar SLS with its includes (Salt: render_pstate).
// nil means that there is none and that this is no error.
func (p *pillar) renderSLS(ctx context.Context, sls, env string, done mods, defaults *py.Dict) (py.Value, *problems, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if p.c.depth++; p.c.depth > maxIncludeDepth {
		return nil, nil, py.Errorf("RecursionError", "maximum recursion depth exceeded (pillar SLS %s is included too deep)", sls)
	}
	defer func() { p.c.depth-- }()
	errs := &problems{}
	file, ok := p.files.FindSLS(sls, env)
	if !ok {
		if contains(p.ignored[env], sls) || !p.files.Has(env) {
			return nil, errs, nil
		}
		errs.add(problem(ClassPillarSLSMissing, sls,
			"Specified SLS '%s' in environment '%s' is not available on the salt master", sls, env))
		state := py.NewDict()
		done[sls] = state
		return state, errs, nil
	}
	state, err := p.c.compileTemplate(ctx, &template{file: file, saltenv: env, sls: sls, pillar: true, vars: defaults, track: p.track})
	if err != nil {
		if isFatal(ctx, err) {
			return nil, nil, err
		}
		errs.add(p.slsError(sls, file.Path, err))
		state = py.None
	}
	done[sls] = state
	p.track.sls(env, sls, file.Path, state)
	if !py.IsTrue(state) {
		return state, errs, nil
	}
	d, ok := state.(*py.Dict)
	if !ok {
		errs.add(problem(ClassSLSNotDict, sls, "SLS '%s' does not render to a dictionary", sls))
		return state, errs, nil
	}
	v, has := d.GetStr("include")
	if !has {
		return d, errs, nil
	}
	l, ok := v.(*py.List)
	if !ok {
		errs.add(problem(ClassPillarOther, sls, "Include Declaration in SLS '%s' is not formed as a list", sls))
		return d, errs, nil
	}
	d.DeleteStr("include")
	merged, err := p.includes(ctx, d, l.Items, pillarIncluder{
		sls: sls, env: env, init: strings.HasSuffix(file.Rel, "/init.sls"), defaults: defaults,
	}, done, errs)
	return merged, errs, err
}

// slsError words the failure of a pillar SLS. Its cause is hidden unless
// pillar_safe_render_error is off, as in Salt; it is kept in Err.
func (p *pillar) slsError(sls, path string, err error) *Error {
	_, text := exception(err)
	p.c.tree.log("critical", "Rendering SLS '%s' failed, render error:\n%s", sls, text)
	e := problem(ClassPillarSLSFailed, sls, "Rendering SLS '%s' failed. Please see master log for details.", sls)
	if v, ok := p.c.opts.GetStr("pillar_safe_render_error"); ok && !py.IsTrue(v) {
		e = problem(ClassPillarSLSFailed, sls, "Rendering SLS '%s' failed, render error:\n%s", sls, text)
	}
	e.Err, e.Pos.File = err, path
	p.c.place(e, err)
	return e
}

type pillarIncluder struct {
	sls, env string
	init     bool
	defaults *py.Dict
}

// includes renders the includes of a pillar SLS and merges all of it. The
// defaults of one include stay for those after it.
func (p *pillar) includes(ctx context.Context, state *py.Dict, items []py.Value, from pillarIncluder, done mods, errs *problems) (py.Value, error) {
	override := py.IsTrue(p.c.opts.Lookup("pillar_includes_override_sls"))
	var parts []py.Value
	var last *problems // the errors of the include rendered last: they count again for each reuse
	var whole py.Value = state
	var gave []contribution
	for _, it := range items {
		var key py.Value = py.None
		if d, ok := it.(*py.Dict); ok {
			name, v, err := onlyEntry(d)
			if err != nil {
				return nil, err
			}
			args, ok := v.(*py.Dict)
			if !ok {
				return nil, py.AttributeErrorf("'%s' object has no attribute 'get'", py.TypeName(v))
			}
			if from.defaults, err = includeDefaults(args); err != nil {
				return nil, err
			}
			key, it = lookup(args, "key"), name
		}
		text, ok := it.(py.Str)
		if !ok {
			return nil, py.AttributeErrorf("'%s' object has no attribute 'lstrip'", py.TypeName(it))
		}
		for _, name := range p.includeNames(string(text), from, errs) {
			nested, known := done[name]
			if !known {
				var err error
				if nested, last, err = p.renderSLS(ctx, name, from.env, done, from.defaults); err != nil {
					return nil, err
				}
			}
			if nested != nil && py.IsTrue(nested) {
				if p.track != nil {
					at := ""
					if py.IsTrue(key) {
						at = str(key)
					}
					gave = append(gave, below(p.track.of(from.env, name, known), at)...)
				}
				if py.IsTrue(key) {
					nested = under(str(key), nested, ":")
				}
				if override {
					var err error
					if whole, err = p.merge(whole, nested); err != nil {
						return nil, err
					}
				} else {
					parts = append(parts, nested)
				}
			}
			if last != nil {
				errs.list = append(errs.list, last.list...)
			}
		}
	}
	if p.track != nil {
		id := from.env + ":" + from.sls
		if own := p.track.own[id]; override {
			p.track.whole[id] = append(own[:len(own):len(own)], gave...)
		} else {
			p.track.whole[id] = append(gave, own...)
		}
	}
	if override {
		return whole, nil
	}
	out := py.Value(state)
	for i, part := range append(parts, state) {
		if i == 0 {
			out = part
			continue
		}
		var err error
		if out, err = p.merge(out, part); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func includeDefaults(args *py.Dict) (*py.Dict, error) {
	v, ok := args.GetStr("defaults")
	if !ok {
		return py.NewDict(), nil
	}
	switch d := v.(type) {
	case *py.Dict:
		return d, nil
	case py.NoneType:
		return nil, nil
	}
	return nil, py.TypeErrorf("salt.template.compile_template() argument after ** must be a mapping, not %s", py.TypeName(v))
}

// under puts a value below a key, which the separator cuts into levels.
func under(key string, v py.Value, sep string) py.Value {
	parts := strings.Split(key, sep)
	for i := len(parts) - 1; i >= 0; i-- {
		v = py.DictOf(parts[i], v)
	}
	return v
}

// includeNames resolves the name in an include. A relative name is also looked
// for from the top, and a name that is found both ways counts twice.
func (p *pillar) includeNames(name string, from pillarIncluder, errs *problems) []string {
	if !contains(p.names, from.env) {
		p.noEnvironment(errs, from.env)
		return []string{name}
	}
	states := p.files.States(from.env)
	out := append([]string(nil), filterNames(states, strings.ReplaceAll(strings.TrimLeft(name, "."), "/", "."))...)
	if rest, relative := strings.CutPrefix(name, "."); relative {
		parts := strings.Split(from.sls, ".")
		if !from.init {
			parts = parts[:len(parts)-1]
		}
		name = strings.Join(append(parts[:len(parts):len(parts)], rest), ".")
	}
	out = append(out, filterNames(states, name)...)
	if len(out) == 0 {
		return []string{name}
	}
	return out
}
