package states

import (
	"context"
	"math/big"
	"sort"
	"strings"

	"pinch/internal/py"
)

// top returns the merged top data of the pillar (Salt: get_top).
func (p *pillar) top(ctx context.Context) (*py.Dict, *problems, error) {
	errs := &problems{}
	tops, err := p.tops(ctx, errs)
	if err != nil {
		return nil, nil, err
	}
	merged, err := p.mergeTops(tops)
	if err != nil {
		if class, _ := exception(err); class != "TypeError" {
			return nil, nil, err
		}
		errs.add(problem(ClassTopMalformed, "", "Error encountered while rendering pillar top file."))
		return py.NewOrderedDict(), errs, nil
	}
	return merged, errs, nil
}

// topEnvs returns the environments whose top files count.
func (p *pillar) topEnvs() []string {
	if p.env != "" {
		if !p.files.Has(p.env) {
			return nil
		}
		return []string{p.env}
	}
	if str(lookup(p.c.opts, "pillar_source_merging_strategy")) != "none" {
		return p.names
	}
	only := p.saltenv
	if only == "" {
		only = "base"
	}
	if !contains(p.names, only) {
		return nil
	}
	return []string{only}
}

func (p *pillar) tops(ctx context.Context, errs *problems) ([]envTop, error) {
	var out []envTop
	for _, env := range p.topEnvs() {
		f, ok := p.files.Find(p.c.topPath(), env)
		if !ok {
			continue
		}
		v, err := p.c.compileTemplate(ctx, &template{file: f, saltenv: env, pillar: true})
		if err != nil {
			if isFatal(ctx, err) {
				return nil, err
			}
			_, text := exception(err)
			e := problem(ClassPillarOther, "", "Rendering Primary Top file failed, render error:\n%s", text)
			e.Pos.File, e.Err = f.Path, err
			p.c.place(e, err)
			errs.add(e)
			break
		}
		out = append(out, envTop{env: env, tops: []py.Value{v}})
	}
	for i := range out {
		if err := p.includeTops(ctx, &out[i], errs); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// includeTops adds the SLS that a pillar top file includes, as top files.
func (p *pillar) includeTops(ctx context.Context, t *envTop, errs *problems) error {
	wanted, err := topIncludes(t.tops)
	if err != nil {
		return err
	}
	done := map[string]bool{}
	for _, w := range wanted {
		sls := str(w)
		if done[sls] {
			continue
		}
		done[sls] = true
		f, ok := p.files.FindSLS(sls, t.env)
		if !ok {
			t.tops = append(t.tops, py.NewDict())
			continue
		}
		v, err := p.c.compileTemplate(ctx, &template{file: f, saltenv: t.env, pillar: true})
		if err != nil {
			if isFatal(ctx, err) {
				return err
			}
			_, text := exception(err)
			e := problem(ClassPillarOther, sls, "Rendering Top file %s failed, render error:\n%s", sls, text)
			e.Pos.File, e.Err = f.Path, err
			p.c.place(e, err)
			errs.add(e)
			continue
		}
		t.tops = append(t.tops, v)
	}
	return nil
}

// mergeTops joins the top files; later ones replace targets (Salt: merge_tops).
func (p *pillar) mergeTops(tops []envTop) (*py.Dict, error) {
	top, orders := py.NewOrderedDict(), py.NewDict()
	for _, t := range tops {
		for _, one := range t.tops {
			d, err := sections(one)
			if err != nil {
				return nil, err
			}
			for env, targets := range d.All() {
				if isInclude(env) {
					continue
				}
				keys, err := py.Collect(targets)
				if err != nil {
					return nil, err
				}
				for _, tgt := range keys {
					if err := p.mergeTarget(top, orders, env, targets, tgt); err != nil {
						return nil, err
					}
				}
			}
		}
	}
	return sortTargets(top, orders)
}

func (p *pillar) mergeTarget(top, orders *py.Dict, env, targets, tgt py.Value) error {
	order, err := section(orders, env)
	if err != nil {
		return err
	}
	if err := order.Set(tgt, py.Int(0)); err != nil {
		return err
	}
	v, err := item(targets, tgt)
	if err != nil {
		return err
	}
	comps, err := py.Collect(v)
	if err != nil {
		return err
	}
	entry, states, ignore := py.NewList(), py.NewOrderedDict(), false
	for _, comp := range comps {
		switch comp := comp.(type) {
		case *py.Dict:
			if comp.Has("match") {
				entry.Append(comp)
			}
			if v, ok := comp.GetStr("order"); ok {
				n, err := topOrder(v)
				if err != nil {
					return err
				}
				if err := order.Set(tgt, n); err != nil {
					return err
				}
			}
			ignore = ignore || py.IsTrue(lookup(comp, "ignore_missing"))
		case py.Str:
			states.SetStr(string(comp), py.True)
		}
	}
	if ignore {
		for k := range states.All() {
			p.ignored[str(env)] = append(p.ignored[str(env)], str(k))
		}
	}
	entry.Items = append(entry.Items, states.Keys()...)
	into, err := section(top, env)
	if err != nil {
		return err
	}
	return into.Set(tgt, entry)
}

// topOrder is the order option of a target: an int, or text that is one.
func topOrder(v py.Value) (py.Value, error) {
	switch v := v.(type) {
	case py.Int, py.Bool, *py.Long:
		return v, nil
	case py.Float:
		return py.Int(int64(v)), nil
	case py.Str:
		if n, ok := new(big.Int).SetString(strings.TrimFunc(string(v), isSpace), 10); ok {
			return py.NewInt(n), nil
		}
		return py.Int(0), nil
	}
	return nil, py.TypeErrorf("int() argument must be a string, a bytes-like object or a real number, not '%s'", py.TypeName(v))
}

func sortTargets(top, orders *py.Dict) (*py.Dict, error) {
	out := py.NewOrderedDict()
	for env, v := range top.All() {
		targets := v.(*py.Dict)
		order, _, err := orders.Get(env)
		if err != nil {
			return nil, err
		}
		keys := targets.Keys()
		rank := func(i int) float64 {
			n, _, _ := order.(*py.Dict).Get(keys[i])
			big, _ := py.AsBig(n)
			f, _ := big.Float64()
			return f
		}
		index := make([]int, len(keys))
		for i := range index {
			index[i] = i
		}
		sort.SliceStable(index, func(a, b int) bool { return rank(index[a]) < rank(index[b]) })
		sorted := py.NewOrderedDict()
		for _, i := range index {
			x, _, err := targets.Get(keys[i])
			if err != nil {
				return nil, err
			}
			if err := sorted.Set(keys[i], x); err != nil {
				return nil, err
			}
		}
		if err := out.Set(env, sorted); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// matches returns the pillar SLS that are meant for this host (Salt:
// top_matches).
func (p *pillar) matches(top *py.Dict) (*matched, error) {
	out := newMatched()
	for env, body := range top.All() {
		if p.env != "" && env != py.Value(py.Str(p.env)) {
			continue
		}
		name := str(env)
		for tgt, data := range body.(*py.Dict).All() {
			ok, err := p.c.confirmTop(tgt, data)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			out.open(name)
			for _, it := range data.(*py.List).Items {
				if _, text := it.(py.Str); !text {
					continue
				}
				known, err := member(out.sls[name], it)
				if err != nil {
					return nil, err
				}
				if !known {
					out.add(name, it)
				}
			}
		}
	}
	return out, nil
}
