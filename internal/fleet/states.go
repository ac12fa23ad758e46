package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pinch/internal/elsewhere"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/shim"
	"pinch/shim/wire"
	"pinch/states"
	"pinch/states/low"
)

// highstateOut is the outputter of functions that return states.
const highstateOut = "highstate"

// prepared is a host with its session, ready to compile.
type prepared struct {
	*stateArgs
	turn   *turn
	caller *hostCaller
	only   string // the ID that state.sls_id runs
}

func (w *worker) prepare(ctx context.Context) (*prepared, error) {
	if _, err := w.session(ctx); err != nil {
		return nil, err
	}
	a, err := w.stateArgs()
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", w.res.ID, w.job.Fun, err)
	}
	t := &turn{}
	return &prepared{stateArgs: a, turn: t, caller: &hostCaller{w: w, t: t}}, nil
}

// compile has the turn while make compiles.
func (p *prepared) compile(make func() (*states.Compiled, error)) (*states.Compiled, error) {
	p.turn.mu.Lock()
	defer p.turn.mu.Unlock()
	p.caller.memo = map[string]py.Value{}
	defer func() { p.caller.memo = nil }()
	return make()
}

// refused makes the result of a tree that does not compile: Salt's list of
// messages, and an error with their places.
func (w *worker) refused(c *states.Compiled, isPillar bool) error {
	ce := &CompileError{Host: w.res.ID, Pillar: isPillar}
	l := py.NewList()
	if isPillar {
		l.Append(py.Str("Pillar failed to render with the following messages:"))
	}
	for _, e := range c.Errors {
		ce.Errors = append(ce.Errors, e)
		l.Append(py.Str(e.Message))
	}
	w.res.Return, w.res.Out = l, highstateOut
	w.res.Retcode = 1
	if isPillar {
		w.res.Retcode = 5
	}
	return ce
}

func pillarFailed(c *states.Compiled) bool { return c.Pillar != nil && c.Pillar.Has("_errors") }

// apply is state.apply, state.highstate and state.sls.
func apply(ctx context.Context, w *worker) error {
	p, err := w.prepare(ctx)
	if err != nil {
		return err
	}
	if p.req.SLS, err = p.mods(); err != nil {
		return err
	}
	switch w.job.Fun {
	case "state.highstate":
		p.req.SLS = nil
		p.positionalTest(0)
	case "state.test":
		p.req.Test = true
	case "state.sls":
		p.positionalTest(1)
		if len(p.req.SLS) == 0 {
			return &FunctionError{Host: w.res.ID, Fun: w.job.Fun, Text: "missing the names of the SLS to apply"}
		}
	}
	p.req.Highstate = len(p.req.SLS) == 0
	c, err := p.compile(func() (*states.Compiled, error) { return w.f.Tree.Compile(ctx, p.req, p.caller) })
	if err != nil {
		return err
	}
	if len(c.Errors) > 0 {
		return w.refused(c, pillarFailed(c))
	}
	if p.req.Highstate && len(c.Chunks) == 0 {
		w.noStates(c)
		return nil
	}
	return w.runChunks(ctx, p, c, c.Chunks)
}

// noStates is Salt's return when the top file gives nothing to do.
func (w *worker) noStates(c *states.Compiled) {
	comment := "No Top file or master_tops data matches found. Please see master log for details."
	if c.TopError != nil && w.f.Warn != nil {
		w.f.Warn(w.res.ID, c.TopError.Error())
	}
	w.res.Out, w.res.Retcode = highstateOut, 2
	w.res.Return = py.DictOf("no_|-states_|-states_|-None", py.DictOf("result", py.False, "comment", py.Str(comment),
		"name", py.Str("No States"), "changes", py.NewDict(), "__run_num__", py.Int(0)))
}

// runChunks runs compiled chunks on the host.
func (w *worker) runChunks(ctx context.Context, p *prepared, c *states.Compiled, chunks []low.Chunk) error {
	bad, misfits := w.checkArguments(chunks)
	if len(bad) > 0 {
		return w.refused(&states.Compiled{Errors: bad}, false)
	}
	g := grantSources(c, w.f.Registry, p.turn, chunks)
	w.warnAhead(g, misfits)
	b := &low.Bundle{
		JID: w.job.JID, Host: w.res.ID, Test: p.req.Test, ReadOnly: w.job.ReadOnly,
		FailHard: py.IsTrue(py.OrNone(c.Opts.Lookup("failhard"))), Opts: w.shipOpts(), Grains: w.grains, Chunks: chunks,
		Only: p.only, Concurrent: p.concurrent,
	}
	b.Opts.SetStr("test", py.Bool(p.req.Test))
	ret := py.NewDict()
	w.res.Return, w.res.Out = ret, highstateOut
	for i, d := range c.Disabled {
		ret.SetStr((&low.Chunk{Data: d.Chunk}).Tag(), disabledResult(d, i))
	}
	done := 0
	o := shim.RunOptions{
		Sources: g, Remote: &remote{c: c, t: p.turn, grants: g}, Stop: w.f.Stop,
		Each: func(r low.Result) {
			done++
			ret.SetStr(r.Tag, r.Data)
			if r.Event != "" {
				w.f.Log.Info("event", "host", w.res.ID, "tag", r.Event, "result", py.ToStr(py.OrNone(r.Data.Lookup("result"))))
			}
		},
		Starting: func(n, total int, id, fun, _ string) { w.f.Progress.State(w.res.ID, n, total, fun+" "+id) },
	}
	if w.conn != nil {
		o.Transport = transport{w.conn}
	}
	sum, err := w.sess.Run(ctx, b, o)
	var busy *shim.BusyError
	for p.queue && errors.As(err, &busy) {
		if err = modules.Sleep(ctx, time.Second); err == nil {
			sum, err = w.sess.Run(ctx, b, o)
		}
	}
	if err != nil {
		switch {
		case errors.As(err, &busy):
			w.res.Return, w.res.Out = py.Str(busy.Msg), ""
			return fmt.Errorf("%s: %w", w.res.ID, err)
		case ctx.Err() != nil:
			unreported(ret, chunks, "the run was interrupted")
			return fmt.Errorf("%s: interrupted after %d results: %w", w.res.ID, done, context.Canceled)
		}
		return w.brokeOff(err, ret, chunks, done)
	}
	w.res.Summary = sum
	if sum.Failed > 0 || ret.Len() == 0 {
		w.res.Retcode = 2
	}
	if sum.Cancelled {
		return fmt.Errorf("%s: stopped, %d states were not run: %w", w.res.ID, sum.NotRun, context.Canceled)
	}
	return nil
}

// brokeOff is the end of a run of which there is no summary: the shim answered
// with an error, or is gone.
func (w *worker) brokeOff(err error, ret *py.Dict, chunks []low.Chunk, done int) error {
	var remote *wire.RemoteError
	if !errors.As(err, &remote) {
		unreported(ret, chunks, "the host was lost")
		return &LostError{Host: w.res.ID, Done: done, Err: err}
	}
	if done == 0 { // it did not even begin
		w.res.Return, w.res.Out = py.Str(err.Error()), ""
	} else {
		unreported(ret, chunks, "the run broke off")
	}
	return fmt.Errorf("%s: %w", w.res.ID, err)
}

// unreported gives the states that have not reported a failed result, so that
// no summary counts only what went well. Whether they ran is not known.
func unreported(ret *py.Dict, chunks []low.Chunk, why string) {
	for i := range chunks {
		c := &chunks[i]
		if _, reported := ret.GetStr(c.Tag()); reported {
			continue
		}
		ret.SetStr(c.Tag(), py.DictOf("changes", py.NewDict(), "result", py.False,
			"comment", py.Str("No result came of this state: "+why), "__state_ran__", py.False, "__run_num__", py.Int(i),
			"__sls__", py.Str(c.SLS()), "__id__", py.Str(c.ID()), "name", py.Str(c.Name())))
	}
}

// disabledResult is Salt's return for a state that the grain
// state_runs_disabled takes out.
func disabledResult(d states.DisabledState, num int) *py.Dict {
	fun := (&low.Chunk{Data: d.Chunk}).FullName()
	return py.DictOf("changes", py.NewDict(), "result", py.False,
		"comment", py.Str(fmt.Sprintf("The state function \"%s\" is currently disabled by \"%s\", to re-enable, run state.enable %s.", fun, d.Pattern, d.Pattern)),
		"__run_num__", py.Int(num), "__sls__", py.OrNone(d.Chunk.Lookup("__sls__")))
}

// checkArguments looks at the arguments of all states before the run. bad are
// those that a function does not have: Salt ends a run when it comes to such a
// state, with no result of those before; here the run does not begin. Nor does
// it with a state that wants a master or minions (package elsewhere). misfits
// say what else will fail when its turn comes: functions that do not exist and
// arguments that do not fit.
func (w *worker) checkArguments(chunks []low.Chunk) (bad []*states.Error, misfits []string) {
	for i := range chunks {
		c := &chunks[i]
		f := w.f.Registry.State(c.FullName())
		if f == nil {
			if e := elsewhere.Of(c.FullName()); e != nil && e.Refused {
				bad = append(bad, &states.Error{Class: states.ClassElsewhere, SLS: c.SLS(), Pos: c.Pos, Hint: e.Instead,
					Message: fmt.Sprintf("state %s: %s is refused: %s", c.ID(), c.FullName(), e.Why)})
				continue
			}
			misfits = append(misfits, fmt.Sprintf("%s: state %s: there is no function %s%s", c.Pos, c.ID(), c.FullName(), w.hint(c.FullName())))
			continue
		}
		err := f.CheckArgs(c.Data)
		var be *modules.BindError
		switch {
		case errors.As(err, &be) && be.Unknown:
			e := &states.Error{Class: states.ClassArgUnknown, SLS: c.SLS(), Pos: c.Pos,
				Message: fmt.Sprintf("Passed invalid arguments to state %s: %s", c.ID(), be.Msg)}
			if be.Near != "" {
				e.Hint = "did you mean " + be.Near + "?"
			}
			bad = append(bad, e)
		case err != nil:
			misfits = append(misfits, fmt.Sprintf("%s: state %s: %v", c.Pos, c.ID(), err))
		}
	}
	return bad, misfits
}

// hint says of a function that does not exist why, or which may be meant.
func (w *worker) hint(fun string) string {
	if e := elsewhere.Of(fun); e != nil {
		return ": " + e.Text()
	}
	if near := w.f.Registry.NearName(modules.StateKind, fun); near != "" {
		return fmt.Sprintf(" (did you mean %s?)", near)
	}
	return ""
}

// warnAhead tells what will fail and is known before the run: misfits, and
// files that are not in the tree. Salt finds them when it comes to the state,
// and so does the run.
func (w *worker) warnAhead(g *grants, misfits []string) {
	if w.f.Warn == nil {
		return
	}
	for _, m := range append(misfits, g.missing()...) {
		w.f.Warn(w.res.ID, m)
	}
}

// shippedOpts are the minion options that functions and the engine look at.
// Others stay on the controller: they name its files, keys and passwords.
var shippedOpts = []string{
	"state_aggregate", "state_max_parallel", "disabled_requisites", "failhard", "cachedir", "backup_mode", "hash_type",
	"providers", "file_ignore_regex", "file_ignore_glob", "saltenv", "pillarenv", "use_superseded", "grains_cache",
	"pkg.refresh", "timezone", "test", "multiprocessing",
}

// shipOpts are the options that the host is told.
func (w *worker) shipOpts() *py.Dict {
	all := w.f.Tree.Opts()
	o := py.NewDict()
	for _, k := range shippedOpts {
		if v, ok := all.GetStr(k); ok {
			o.SetStr(k, v)
		}
	}
	if w.host.MinionOpts != nil {
		o.Update(w.host.MinionOpts)
	}
	o.SetStr("id", py.Str(w.host.ID))
	return o
}

// single is state.single FUN name=... .
func single(ctx context.Context, w *worker) error {
	p, err := w.prepare(ctx)
	if err != nil {
		return err
	}
	if len(p.pos) == 0 {
		return &FunctionError{Host: w.res.ID, Fun: w.job.Fun, Text: "missing the state function"}
	}
	fun, pos := py.ToStr(p.pos[0]), p.pos[1:]
	kw := p.kw.Copy()
	for _, k := range []string{"test", "pillar", "saltenv", "pillarenv", "queue", "concurrent"} {
		kw.DeleteStr(k)
	}
	name := ""
	if v, ok := kw.DeleteStr("name"); ok {
		name = py.ToStr(v)
	} else if len(pos) > 0 {
		name, pos = py.ToStr(pos[0]), pos[1:]
	}
	if !strings.Contains(fun, ".") {
		text := "Invalid function passed"
		w.res.Return, w.res.Retcode = py.Str(text), 1
		return &FunctionError{Host: w.res.ID, Fun: w.job.Fun, Text: text}
	}
	f := w.f.Registry.State(fun)
	if f == nil {
		text := fmt.Sprintf("Specified state '%s' was not found", fun)
		w.res.Return, w.res.Out, w.res.Retcode = py.NewList(py.Str(text)), highstateOut, 1
		fe := &FunctionError{Host: w.res.ID, Fun: w.job.Fun, Text: text}
		if e := elsewhere.Of(fun); e != nil {
			fe.Why = e.Text()
		} else {
			fe.Near = w.f.Registry.NearName(modules.StateKind, fun)
		}
		return fe
	}
	if name == "" {
		return &FunctionError{Host: w.res.ID, Fun: w.job.Fun, Text: "missing the state's name (name=...)"}
	}
	if len(pos) > 0 {
		return &FunctionError{Host: w.res.ID, Fun: w.job.Fun, Text: fmt.Sprintf("unexpected argument %s: arguments of the state have the form NAME=VALUE", py.Repr(pos[0]))}
	}
	c, err := p.compile(func() (*states.Compiled, error) { return w.f.Tree.Single(ctx, p.req, p.caller, fun, name, kw) })
	if err != nil {
		return err
	}
	return w.runGiven(ctx, p, c)
}

func (w *worker) runGiven(ctx context.Context, p *prepared, c *states.Compiled) error {
	if len(c.Errors) > 0 {
		return w.refused(c, pillarFailed(c))
	}
	return w.runChunks(ctx, p, c, c.Chunks)
}

// given is state.high, state.low and state.template_str: data on the command line.
func given(ctx context.Context, w *worker) error {
	p, err := w.prepare(ctx)
	if err != nil {
		return err
	}
	if len(p.pos) == 0 {
		return &FunctionError{Host: w.res.ID, Fun: w.job.Fun, Text: "missing the data"}
	}
	name, text := "<template-str>", py.ToStr(p.pos[0])
	if w.job.Fun == "state.template" {
		if name = text; !strings.HasSuffix(name, ".sls") {
			name += ".sls"
		}
		if text, err = w.hostFile(ctx, name); err != nil {
			return err
		}
	}
	c, err := p.compile(func() (*states.Compiled, error) {
		switch w.job.Fun {
		case "state.high":
			return w.f.Tree.High(ctx, p.req, p.caller, p.pos[0])
		case "state.low":
			return w.f.Tree.Low(ctx, p.req, p.caller, p.pos[0])
		}
		return w.f.Tree.Template(ctx, p.req, p.caller, name, text)
	})
	if err != nil {
		return err
	}
	return w.runGiven(ctx, p, c)
}

// slsID is state.sls_id ID MODS: the states of one ID.
func slsID(ctx context.Context, w *worker) error {
	p, err := w.prepare(ctx)
	if err != nil {
		return err
	}
	var mods py.Value
	switch {
	case len(p.pos) >= 2:
		mods = p.pos[1]
	case p.kw.Has("mods"):
		mods = p.kw.Lookup("mods")
	}
	if len(p.pos) == 0 || mods == nil {
		return &FunctionError{Host: w.res.ID, Fun: w.job.Fun, Text: "usage: state.sls_id ID SLS"}
	}
	if p.req.SLS, err = names(mods); err != nil {
		return err
	}
	p.req.Passes = states.LowWithRequisites
	c, err := p.compile(func() (*states.Compiled, error) { return w.f.Tree.Compile(ctx, p.req, p.caller) })
	if err != nil {
		return err
	}
	if len(c.Errors) > 0 {
		return w.refused(c, pillarFailed(c))
	}
	id := py.ToStr(p.pos[0])
	if !slices.ContainsFunc(c.Chunks, func(ch low.Chunk) bool { return ch.ID() == id }) {
		text := fmt.Sprintf("No matches for ID '%s' found in SLS '%s' within saltenv '%s'", id, strings.Join(p.req.SLS, ","), orBase(p.req.SaltEnv))
		w.res.Return, w.res.Retcode = py.Str(text), 1
		return &FunctionError{Host: w.res.ID, Fun: w.job.Fun, Text: text}
	}
	p.only = id
	return w.runChunks(ctx, p, c, c.Chunks)
}

func orBase(env string) string {
	if env == "" {
		return "base"
	}
	return env
}
