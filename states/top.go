package states

import (
	"context"
	"strings"

	"pinch/internal/match"
	"pinch/internal/py"
)

// envTop is the top files of one environment: its own and those it includes.
type envTop struct {
	env  string
	tops []py.Value
}

// topURL is opts["state_top"] as a path below the roots.
func (c *compiler) topPath() string {
	return strings.TrimPrefix(strings.TrimPrefix(c.opts.String("state_top"), "salt://"), "/")
}

// envOrder reads env_order, of which text is its letters.
func envOrder(opts *py.Dict) ([]string, error) {
	v := opts.Lookup("env_order")
	if v == nil || !py.IsTrue(v) {
		return nil, nil
	}
	items, err := py.Collect(v)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, it := range items {
		out = append(out, str(it))
	}
	return out, nil
}

// envList returns the environments in the order in which top files are read
// (Salt: _get_envs).
func (c *compiler) envList() ([]string, error) {
	var roots []string
	if d, ok := c.opts.Lookup("file_roots").(*py.Dict); ok {
		for k := range d.All() {
			roots = append(roots, str(k))
		}
	}
	order, err := envOrder(c.opts)
	if err != nil {
		return nil, err
	}
	served := c.files.Envs()
	var out []string
	add := func(env string) {
		if !contains(out, env) {
			out = append(out, env)
		}
	}
	if len(order) > 0 {
		for _, env := range order {
			if len(served) == 0 || contains(served, env) {
				add(env)
			}
		}
		return out, nil
	}
	add("base")
	for _, env := range append(roots, served...) {
		add(env)
	}
	return out, nil
}

// getTops reads the top files (Salt: get_tops).
func (c *compiler) getTops(ctx context.Context) ([]envTop, error) {
	saltenv := c.opts.Lookup("saltenv")
	strategy := c.opts.Lookup("top_file_merging_strategy")
	if strategy == py.Value(py.Str("same")) && !py.IsTrue(saltenv) && !py.IsTrue(c.opts.Lookup("default_top")) {
		return nil, py.Errorf("SaltRenderError",
			"top_file_merging_strategy set to 'same', but no default_top configuration option was set")
	}
	var envs []string
	switch {
	case py.IsTrue(saltenv):
		envs = []string{str(saltenv)}
	case py.IsTrue(c.opts.Lookup("state_top_saltenv")):
		envs = []string{str(c.opts.Lookup("state_top_saltenv"))}
	default:
		var err error
		if envs, err = c.envList(); err != nil {
			return nil, err
		}
	}
	var out []envTop
	found := 0
	for _, env := range envs {
		top := envTop{env: env}
		if f, ok := c.files.Find(c.topPath(), env); ok {
			found++
			v, err := c.compileTemplate(ctx, &template{file: f, saltenv: env, context: c.req.Context})
			if err != nil {
				return nil, err
			}
			top.tops = append(top.tops, v)
		} else {
			top.tops = append(top.tops, py.NewDict())
		}
		out = append(out, top)
	}
	if found > 1 && strategy == py.Value(py.Str("merge")) && !py.IsTrue(c.opts.Lookup("env_order")) {
		c.tree.log("warning", "top_file_merging_strategy is merge and there are %d top files: set env_order to say which comes first", found)
	}
	return out, c.includeTops(ctx, out)
}

// topIncludes takes the key include out of top files and returns the SLS that
// it lists.
func topIncludes(tops []py.Value) ([]py.Value, error) {
	var wanted []py.Value
	for _, top := range tops {
		has, err := in(py.Str("include"), top)
		if err != nil {
			return nil, err
		}
		d, ok := top.(*py.Dict)
		if !has || !ok {
			continue
		}
		v, _ := d.DeleteStr("include")
		list, err := py.Collect(v)
		if err != nil {
			return nil, err
		}
		wanted = append(wanted, list...)
	}
	return wanted, nil
}

// includeTops adds the top files that top files include.
func (c *compiler) includeTops(ctx context.Context, tops []envTop) error {
	for i := range tops {
		env := tops[i].env
		wanted, err := topIncludes(tops[i].tops)
		if err != nil {
			return err
		}
		done := map[string]bool{}
		for _, w := range wanted {
			for _, sls := range c.filter(env, str(w)) {
				if done[sls] {
					continue
				}
				done[sls] = true
				f, ok := c.files.FindSLS(sls, env)
				if !ok {
					continue
				}
				v, err := c.compileTemplate(ctx, &template{file: f, saltenv: env, context: c.req.Context})
				if err != nil {
					return err
				}
				tops[i].tops = append(tops[i].tops, v)
			}
		}
	}
	return nil
}

// getTop returns the merged top data (Salt: get_top). A top file that cannot
// be rendered counts as empty, which Salt only logs: the error is kept in the
// result's warnings.
func (c *compiler) getTop(ctx context.Context) (*py.Dict, error) {
	tops, err := c.getTops(ctx)
	if err != nil {
		class, text := exception(err)
		if class == "SaltRenderError" {
			c.tree.log("error", "Unable to render top file: %s", text)
			e := &Error{Class: ClassTopMalformed, Message: "Unable to render top file: " + text, Err: err}
			c.place(e, err)
			c.out.TopError = e
			return py.NewDict(), nil
		}
		return nil, err
	}
	return c.mergeTops(tops)
}

// mergeTops merges the top files by the configured strategy.
func (c *compiler) mergeTops(tops []envTop) (*py.Dict, error) {
	switch str(lookup(c.opts, "top_file_merging_strategy")) {
	case "same":
		return c.mergeSame(tops)
	case "merge_all":
		return mergeAll(tops)
	case "merge":
	default:
		c.tree.log("warning", "Invalid top_file_merging_strategy '%s', falling back to 'merge'",
			str(lookup(c.opts, "top_file_merging_strategy")))
	}
	return mergeBase(tops)
}

// section returns the targets of one environment in merged data, made when it
// is not there.
func section(top *py.Dict, env py.Value) (*py.Dict, error) {
	v, ok, err := top.Get(env)
	if err != nil {
		return nil, err
	}
	if !ok {
		d := py.NewOrderedDict()
		return d, top.Set(env, d)
	}
	return v.(*py.Dict), nil
}

// addTargets sets the targets of one section of a top file.
func addTargets(top *py.Dict, env, targets py.Value) error {
	keys, err := py.Collect(targets)
	if err != nil {
		return noTargets()
	}
	for _, tgt := range keys {
		into, err := section(top, env)
		if err != nil {
			return err
		}
		states, err := item(targets, tgt)
		if err != nil {
			return noTargets()
		}
		if err := into.Set(tgt, states); err != nil {
			return noTargets()
		}
	}
	return nil
}

func noTargets() error {
	return py.Errorf("SaltRenderError", "Unable to render top file. No targets found.")
}

func sections(top py.Value) (*py.Dict, error) {
	d, ok := top.(*py.Dict)
	if !ok {
		return nil, py.AttributeErrorf("'%s' object has no attribute 'items'", py.TypeName(top))
	}
	return d, nil
}

func isInclude(k py.Value) bool { return k == py.Value(py.Str("include")) }

// mergeBase: base decides; another environment's top file only speaks of
// itself, and only when base does not (Salt: _merge_tops_merge).
func mergeBase(tops []envTop) (*py.Dict, error) {
	out := py.NewOrderedDict()
	for _, base := range []bool{true, false} {
		for _, t := range tops {
			if (t.env == "base") != base {
				continue
			}
			for _, top := range t.tops {
				d, err := sections(top)
				if err != nil {
					return nil, err
				}
				for env, targets := range d.All() {
					if isInclude(env) || !base && env != py.Value(py.Str(t.env)) {
						continue
					}
					if _, known, err := out.Get(env); err != nil {
						return nil, err
					} else if known && !base {
						continue
					}
					if err := addTargets(out, env, targets); err != nil {
						return nil, err
					}
				}
			}
		}
	}
	return out, nil
}

// mergeSame: each environment has its own top file, or default_top's (Salt:
// _merge_tops_same).
func (c *compiler) mergeSame(tops []envTop) (*py.Dict, error) {
	out := py.NewOrderedDict()
	fallback := str(lookup(c.opts, "default_top"))
	for _, t := range tops {
		use := t.tops
		if allEmpty(use) {
			use = nil
			for _, f := range tops {
				if f.env == fallback {
					use = f.tops
				}
			}
			if allEmpty(use) {
				c.tree.log("error", "The '%s' saltenv has no top file, and neither has the one of default_top (%s)", t.env, fallback)
				continue
			}
		}
		for _, top := range use {
			d, err := sections(top)
			if err != nil {
				return nil, err
			}
			for env, targets := range d.All() {
				if isInclude(env) || env != py.Value(py.Str(t.env)) {
					continue
				}
				if err := addTargets(out, env, targets); err != nil {
					return nil, err
				}
			}
		}
	}
	return out, nil
}

func allEmpty(tops []py.Value) bool {
	for _, t := range tops {
		if d, ok := t.(*py.Dict); !ok || d.Len() > 0 {
			return false
		}
	}
	return true
}

// mergeAll unites all top files; equal targets are joined (Salt:
// _merge_tops_merge_all).
func mergeAll(tops []envTop) (*py.Dict, error) {
	out := py.NewOrderedDict()
	for _, t := range tops {
		for _, top := range t.tops {
			d, err := sections(top)
			if err != nil {
				return nil, err
			}
			for env, targets := range d.All() {
				if isInclude(env) {
					continue
				}
				if err := joinTargets(out, env, targets); err != nil {
					return nil, err
				}
			}
		}
	}
	return out, nil
}

func joinTargets(out *py.Dict, env, targets py.Value) error {
	keys, err := py.Collect(targets)
	if err != nil {
		return noTargets()
	}
	for _, tgt := range keys {
		into, err := section(out, env)
		if err != nil {
			return err
		}
		states, err := item(targets, tgt)
		if err != nil {
			return noTargets()
		}
		old, known, err := into.Get(tgt)
		if err != nil {
			return noTargets()
		}
		if known {
			if states, err = joinStates(old, states); err != nil {
				return noTargets()
			}
		}
		if err := into.Set(tgt, states); err != nil {
			return noTargets()
		}
	}
	return nil
}

func joinStates(old, next py.Value) (py.Value, error) {
	kind1, names1, err := readTarget(old)
	if err != nil {
		return nil, err
	}
	kind2, names2, err := readTarget(next)
	if err != nil {
		return nil, err
	}
	out := py.NewList()
	if kind2 != nil && py.IsTrue(kind2) {
		kind1 = kind2
	}
	if kind1 != nil {
		out.Append(kind1)
	}
	out.Items = append(out.Items, names1...)
	merged := append([]py.Value(nil), out.Items...)
	for _, n := range names2 {
		known, err := member(merged, n)
		if err != nil {
			return nil, err
		}
		if !known {
			out.Append(n)
		}
	}
	return out, nil
}

func readTarget(v py.Value) (kind py.Value, names []py.Value, err error) {
	items, err := py.Collect(v)
	if err != nil {
		return nil, nil, err
	}
	for _, it := range items {
		switch it.(type) {
		case *py.Dict:
			kind = it
		case py.Str:
			names = append(names, it)
		}
	}
	return kind, names, nil
}

// verifyTops checks the shape of the merged top data (Salt: verify_tops).
func verifyTops(top *py.Dict, errs *problems) error {
	for env, matches := range top.All() {
		if isInclude(env) {
			continue
		}
		if _, ok := env.(py.Str); !ok {
			errs.add(problem(ClassTopMalformed, "", "Environment %s in top file is not formed as a string", str(env)))
		}
		if env == py.Value(py.Str("")) {
			errs.add(problem(ClassTopMalformed, "", "Empty saltenv statement in top file"))
		}
		d, ok := matches.(*py.Dict)
		if !ok {
			errs.add(problem(ClassTopMalformed, "", "The top file matches for saltenv %s are not formatted as a dict", str(env)))
			return py.AttributeErrorf("'%s' object has no attribute 'items'", py.TypeName(matches))
		}
		for tgt, mods := range d.All() {
			l, ok := mods.(*py.List)
			if !ok {
				errs.add(problem(ClassTopMalformed, "", "Malformed topfile: state declarations for matcher %s in saltenv %s "+
					"are not formed as a list (got %s)", py.Repr(tgt), py.Repr(env), mods.Type()))
				continue
			}
			verifyTopList(l, env, errs)
		}
	}
	return nil
}

func verifyTopList(l *py.List, env py.Value, errs *problems) {
	for _, mod := range l.Items {
		switch m := mod.(type) {
		case *py.Dict:
			for _, v := range m.All() {
				if !py.IsTrue(v) {
					errs.add(problem(ClassTopMalformed, "", "Improperly formatted top file matcher in saltenv %s: %s file", str(m), str(v)))
				}
			}
		case py.Str:
			if m == "" {
				errs.add(problem(ClassTopMalformed, "", "Environment %s contains an empty sls index", str(env)))
			}
		}
	}
}

// topMatches returns what of the top data is meant for this host (Salt:
// top_matches).
func (c *compiler) topMatches(top *py.Dict) (*matched, error) {
	out := newMatched()
	if v := c.opts.Lookup("master_tops"); v != nil && py.IsTrue(v) {
		return nil, problem(ClassTopMalformed, "", "master_tops is not supported: list the states of the hosts in top.sls")
	}
	only := c.opts.Lookup("saltenv")
	for env, body := range top.All() {
		if py.IsTrue(only) {
			if eq, err := py.Equal(env, only); err != nil {
				return nil, err
			} else if !eq {
				continue
			}
		}
		d, ok := body.(*py.Dict)
		if !ok {
			return nil, py.AttributeErrorf("'%s' object has no attribute 'items'", py.TypeName(body))
		}
		for tgt, data := range d.All() {
			if err := c.filterMatches(str(env), tgt, data, out); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (c *compiler) filterMatches(env string, tgt, data py.Value, out *matched) error {
	if s, ok := data.(py.Str); ok {
		data = py.NewList(s)
	}
	ok, err := c.confirmTop(tgt, data)
	if err != nil || !ok {
		return err
	}
	out.open(env)
	items, err := py.Collect(data)
	if err != nil {
		return err
	}
	for _, it := range items {
		sub, err := in(py.Str("subfilter"), it)
		if err != nil {
			return err
		}
		d, isDict := it.(*py.Dict)
		if sub && isDict {
			v, _ := d.DeleteStr("subfilter")
			nested, ok := v.(*py.Dict)
			if !ok {
				return py.AttributeErrorf("'%s' object has no attribute 'items'", py.TypeName(v))
			}
			for t, x := range nested.All() {
				if err := c.filterMatches(env, t, x, out); err != nil {
					return err
				}
			}
		}
		switch {
		case isDict:
			k, v, err := popItem(d)
			if err != nil {
				return err
			}
			if c.available(str(k)) {
				out.add(str(k), v)
			}
		default:
			if s, ok := it.(py.Str); ok {
				out.add(env, s)
			}
		}
	}
	return nil
}

// confirmTop says whether a target of a top file means this host.
func (c *compiler) confirmTop(tgt, data py.Value) (bool, error) {
	m := c.matcher()
	return m.ConfirmTop(tgt, data)
}

func (c *compiler) matcher() *match.Matcher {
	groups, _ := c.opts.Lookup("nodegroups").(*py.Dict)
	return &match.Matcher{
		Minion:     match.Minion{ID: c.req.Host, Grains: c.grains, Pillar: c.fun.Pillar},
		Nodegroups: groups,
		Log:        func(m string) { c.tree.log("error", "%s", m) },
	}
}
