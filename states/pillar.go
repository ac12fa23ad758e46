package states

import (
	"context"

	"pinch/internal/fileserver"
	"pinch/internal/py"
	"pinch/internal/saltfun"
)

// pillar compiles one pillar (Salt: class Pillar).
type pillar struct {
	c        *compiler
	env      string // pillarenv, "" for none
	saltenv  string // the state environment, "" for none
	files    *fileserver.Server
	names    []string // pillar environments, base first
	data     *py.Dict // what templates see while the pillar is made
	override *py.Dict
	ignored  map[string][]string // SLS that may be missing, by environment
	errs     problems
	inner    problems       // of pillars that external ones compiled
	internal bool           // without external pillars
	track    *tracker       // nil: nobody asks where values come from
	parts    []contribution // of the external pillar that runs
}

// newPillar prepares a pillar. pillarenv is "" for none; override may be nil.
func (c *compiler) newPillar(pillarenv string, override *py.Dict) (*pillar, error) {
	saltenv := ""
	if v := c.opts.Lookup("saltenv"); v != nil && py.IsTrue(v) {
		saltenv = str(v)
	}
	any := pillarenv
	if any == "" {
		any = saltenv
	}
	if any == "" {
		any = "base"
	}
	files, err := c.tree.pillars.forEnv(any)
	if err != nil {
		return nil, err
	}
	return c.pillarOf(files, pillarenv, saltenv, override), nil
}

// pillarOf prepares a pillar of the files of a server.
func (c *compiler) pillarOf(files *fileserver.Server, pillarenv, saltenv string, override *py.Dict) *pillar {
	p := &pillar{c: c, env: pillarenv, saltenv: saltenv, files: files, override: override, ignored: map[string][]string{}}
	p.names = []string{"base"}
	for _, n := range files.Names() {
		if n != "base" {
			p.names = append(p.names, n)
		}
	}
	p.data = py.NewDict()
	if d, ok := c.opts.Lookup("pillar").(*py.Dict); ok {
		p.data.Update(d)
	}
	return p
}

// problems are what is wrong with the compiled pillar: like its _errors, its
// own, or those of pillars in it when it has none.
func (p *pillar) problems() *problems {
	if len(p.errs.list) > 0 {
		return &p.errs
	}
	return &p.inner
}

// merge merges b into a copy of a by the configured strategy.
func (p *pillar) merge(a, b py.Value) (py.Value, error) {
	strategy := "smart"
	if v := p.c.opts.Lookup("pillar_source_merging_strategy"); v != nil && py.IsTrue(v) {
		strategy = str(v)
	}
	pipe := "yaml"
	if v, ok := p.c.opts.GetStr("renderer"); ok {
		pipe = str(v)
	}
	return saltfun.Merge(a, b, strategy, pipe, py.IsTrue(p.c.opts.Lookup("pillar_merge_lists")))
}

func (p *pillar) mergeDicts(a, b *py.Dict) (*py.Dict, error) {
	v, err := p.merge(a, b)
	if err != nil {
		return nil, err
	}
	d, ok := v.(*py.Dict)
	if !ok {
		return nil, py.TypeErrorf("'%s' object is not a mapping", py.TypeName(v))
	}
	return d, nil
}

// compile makes the pillar (Salt: compile_pillar). What is wrong with it
// stands in its _errors, as in Salt. A Go error is an exception that Salt lets
// through.
func (p *pillar) compile(ctx context.Context) (*py.Dict, error) {
	c := p.c
	savedPillar, savedFiles := c.fun.Pillar, c.pillarFiles
	c.fun.Pillar, c.pillarFiles = p.data, p.files
	defer func() { c.fun.Pillar, c.pillarFiles = savedPillar, savedFiles }()

	top, topErrs, err := p.top(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.sources(ctx, top); err != nil {
		return nil, err
	}
	p.errs.list = append(p.errs.list, topErrs.list...)

	out := p.data
	if py.IsTrue(c.opts.Lookup("pillar_opts")) {
		out.SetStr("master", masterOpts(c.opts))
		p.track.add(Place{Kind: "configuration", Name: "pillar_opts"}, py.DictOf("master", lookup(out, "master")))
	}
	if own, ok := c.opts.Lookup("pillar").(*py.Dict); ok && py.IsTrue(c.opts.Lookup("ssh_merge_pillar")) {
		if p.track != nil && own.Len() > 0 { // it is merged below all else
			first := newTracker()
			first.add(Place{Kind: "configuration", Name: "pillar"}, own)
			p.track.list = append(first.list, p.track.list...)
		}
		if out, err = p.mergeDicts(own, out); err != nil {
			return nil, err
		}
	}
	if len(p.errs.list) > 0 {
		l := py.NewList()
		for _, e := range p.errs.list {
			c.tree.log("critical", "Pillar render error: %s", e.Message)
			l.Append(py.Str(e.Message))
		}
		out.SetStr("_errors", l)
	}
	if p.override.Len() > 0 {
		p.track.add(Place{Kind: "command line"}, p.override)
		if out, err = p.mergeDicts(out, p.override); err != nil {
			return nil, err
		}
	}
	failed, err := p.decrypt(ctx, out)
	if err != nil {
		return nil, err
	}
	if len(failed) > 0 {
		l, err := setDefaultList(out, "_errors")
		if err != nil {
			return nil, err
		}
		for _, e := range failed {
			p.errs.add(e)
			l.Append(py.Str(e.Message))
		}
	}
	return out, nil
}

// sources fills data from the pillar SLS and the external pillars.
func (p *pillar) sources(ctx context.Context, top *py.Dict) error {
	if p.internal || !py.IsTrue(p.c.opts.Lookup("ext_pillar_first")) {
		matches, err := p.matches(top)
		if err != nil {
			return err
		}
		d, err := p.render(ctx, matches)
		if err != nil {
			return err
		}
		p.data.Update(d)
		if p.internal {
			return nil
		}
		if d, err = p.external(ctx, p.data); err != nil {
			return err
		}
		p.data.Update(d)
		return nil
	}
	start := p.override
	if start == nil {
		start = py.NewDict()
	}
	d, err := p.external(ctx, start)
	if err != nil {
		return err
	}
	p.data.Update(d)
	matches, err := p.matches(top)
	if err != nil {
		return err
	}
	if d, err = p.render(ctx, matches); err != nil {
		return err
	}
	if d, err = p.mergeDicts(p.data, d); err != nil {
		return err
	}
	p.data.Update(d)
	return nil
}

// masterOpts is what pillar_opts puts in the pillar.
func masterOpts(opts *py.Dict) *py.Dict {
	out := py.NewDict()
	for k, v := range opts.All() {
		switch str(k) {
		case "pillar", "__context__", "functions", "matchers", "rend":
			continue
		}
		_ = out.Set(k, v) // k is a key already
	}
	out.SetStr("saltversion", py.Str(saltfun.Version))
	return out
}
