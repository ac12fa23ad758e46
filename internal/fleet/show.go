package fleet

import (
	"context"

	"pinch/internal/py"
	"pinch/shim"
	"pinch/states"
)

// shownPasses are the passes of the functions that show states; the others make all.
var shownPasses = map[string]states.Passes{
	"state.show_sls": states.VerifyHigh, "state.show_highstate": states.RenderOnly, "state.show_low_sls": states.LowOnly,
}

// show is state.show_*: what would run, without running it.
func show(ctx context.Context, w *worker) error {
	p, err := w.prepare(ctx)
	if err != nil {
		return err
	}
	switch w.job.Fun {
	case "state.show_sls", "state.show_low_sls":
		if p.req.SLS, err = p.mods(); err != nil {
			return err
		}
		if len(p.req.SLS) == 0 {
			return &FunctionError{Host: w.res.ID, Fun: w.job.Fun, Text: "missing the names of the SLS"}
		}
	default:
		p.req.Highstate = true
	}
	p.req.Passes = shownPasses[w.job.Fun]
	c, err := p.compile(func() (*states.Compiled, error) { return w.f.Tree.Compile(ctx, p.req, p.caller) })
	if err != nil {
		return err
	}
	if w.job.Fun == "state.show_top" && c.Top != nil && !pillarFailed(c) {
		w.res.Return = c.Top
		return nil
	}
	if len(c.Errors) > 0 {
		return w.refused(c, pillarFailed(c))
	}
	switch w.job.Fun {
	case "state.show_sls", "state.show_highstate":
		w.res.Return = orEmpty(c.High)
	case "state.show_top":
		w.res.Return = orEmpty(c.Top)
	case "state.show_states":
		l, seen := py.NewList(), map[string]bool{}
		for _, ch := range c.Chunks {
			if s := ch.SLS(); !seen[s] {
				seen[s] = true
				l.Append(py.Str(s))
			}
		}
		w.res.Return = l
	default:
		l := py.NewList()
		for _, ch := range c.Chunks {
			l.Append(ch.Data)
		}
		w.res.Return = l
	}
	return nil
}

func orEmpty(d *py.Dict) *py.Dict {
	if d == nil {
		return py.NewDict()
	}
	return d
}

// compileMods compiles the SLS of the i-th argument as far as passes say.
func (w *worker) compileMods(ctx context.Context, i int, passes states.Passes) (*states.Compiled, *prepared, error) {
	p, err := w.prepare(ctx)
	if err != nil {
		return nil, nil, err
	}
	mods := p.kw.Lookup("mods")
	if i < len(p.pos) {
		mods = p.pos[i]
	}
	if mods == nil {
		return nil, nil, &FunctionError{Host: w.res.ID, Fun: w.job.Fun, Text: "missing the names of the SLS"}
	}
	if p.req.SLS, err = names(mods); err != nil {
		return nil, nil, err
	}
	p.req.Passes = passes
	c, err := p.compile(func() (*states.Compiled, error) { return w.f.Tree.Compile(ctx, p.req, p.caller) })
	return c, p, err
}

// slsExists is state.sls_exists MODS: whether the SLS are there and render.
func slsExists(ctx context.Context, w *worker) error {
	c, _, err := w.compileMods(ctx, 0, states.VerifyHigh)
	if err != nil {
		return err
	}
	w.res.Return = py.Bool(len(c.Errors) == 0)
	w.shownBad(c)
	return nil
}

// idExists is state.id_exists IDS MODS: whether all the IDs are in the SLS.
func idExists(ctx context.Context, w *worker) error {
	c, p, err := w.compileMods(ctx, 1, states.LowOnly)
	if err != nil {
		return err
	}
	if len(p.pos) == 0 {
		return &FunctionError{Host: w.res.ID, Fun: w.job.Fun, Text: "usage: state.id_exists ID,... SLS"}
	}
	ids, err := names(p.pos[0])
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for i := range c.Chunks {
		there[c.Chunks[i].ID()] = true
	}
	all := true
	for _, id := range ids {
		all = all && there[id]
	}
	w.res.Return = py.Bool(all)
	w.shownBad(c)
	return nil
}

// shownBad keeps Salt's exit status for SLS that do not compile.
func (w *worker) shownBad(c *states.Compiled) {
	if len(c.Errors) > 0 {
		w.res.Retcode = 1
	}
}

// hostFile reads a file of the host.
func (w *worker) hostFile(ctx context.Context, path string) (string, error) {
	sess, err := w.session(ctx)
	if err != nil {
		return "", err
	}
	v, err := sess.Call(ctx, "file.read", &py.Args{Pos: []py.Value{py.Str(path)}}, shim.CallOptions{})
	if err != nil {
		return "", w.raised(err)
	}
	return py.ToStr(v.Value), nil
}
