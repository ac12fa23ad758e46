package fleet

import (
	"context"
	"errors"
	"sync"

	"pinch/internal/py"
	"pinch/modules"
	"pinch/shim"
	"pinch/shim/wire"
	"pinch/states"
)

// turn is the right to use a host's compiled tree: one goroutine at a time
// renders for it. It is given up while a call is on its way to the host,
// because the host's answer may need the tree itself.
type turn struct{ mu sync.Mutex }

// hostCaller calls functions on the host for templates. What only looks is
// asked once.
type hostCaller struct {
	w *worker
	t *turn
	// memo is what was asked already; nil outside of a compile. While states
	// run, the host changes.
	memo map[string]py.Value
}

// volatile are the modules whose answers are not the same the next time.
var volatile = map[string]bool{"status": true, "ps": true, "test": true, "temp": true, "random": true, "http": true}

// memoKey is the key of a call whose answer may be kept, else "".
func memoKey(fn *modules.Func, args *py.Args) string {
	if fn.Access != modules.ReadOnly || volatile[fn.Module()] {
		return ""
	}
	return fn.Name + "\x00" + py.Repr(py.Tuple(args.Pos)) + "\x00" + py.Repr(args.KwDict())
}

// Call implements states.Caller.
func (h *hostCaller) Call(ctx context.Context, fun string, args *py.Args) (py.Value, error) {
	return h.CallAnswered(ctx, fun, args, nil)
}

// CallAnswered implements saltfun.Answered. It is called by whoever has the
// turn.
func (h *hostCaller) CallAnswered(ctx context.Context, fun string, args *py.Args, answers states.Caller) (py.Value, error) {
	if ask := peerFunc(fun); ask != nil {
		h.t.mu.Unlock()
		defer h.t.mu.Lock()
		return ask(ctx, h.w.f, args)
	}
	fn := h.w.f.Registry.Exec(fun)
	if fn == nil {
		return nil, py.Errorf("CommandExecutionError", "pinch does not have the function %s", fun)
	}
	key := ""
	if h.memo != nil {
		if key = memoKey(fn, args); key == "" && fn.Access == modules.Write {
			clear(h.memo)
		} else if v, ok := h.memo[key]; ok {
			return py.DeepCopy(v), nil
		}
	}
	sess, err := h.w.session(ctx)
	if err != nil {
		return nil, err
	}
	o := shim.CallOptions{Host: h.w.res.ID, Grains: h.w.grains, Opts: h.w.shipOpts(), ReadOnly: h.w.job.ReadOnly}
	if answers != nil {
		o.Remote = &remote{c: answers, t: h.t}
	}
	h.t.mu.Unlock()
	r, err := sess.Call(ctx, fun, args, o)
	h.t.mu.Lock()
	if err != nil {
		var re *wire.RemoteError
		if errors.As(err, &re) {
			return nil, &py.Error{Class: re.Class, Msg: re.Msg}
		}
		return nil, err
	}
	if key != "" {
		h.memo[key] = py.DeepCopy(r.Value)
	}
	return r.Value, nil
}

// Knows implements saltfun.Knower.
func (h *hostCaller) Knows(name string) bool {
	return h.w.f.Registry.Exec(name) != nil || peerFunc(name) != nil
}

// remote answers the shim's calls for functions that only the controller has.
type remote struct {
	c      states.Caller // the host's compiled tree, or the compile that is under way
	t      *turn
	grants *grants // nil: no files, outside of a run
}

// Call implements modules.Caller. The host is not trusted: it may ask what its
// own templates could ask without touching another host, and nothing that
// would run on the controller or read files of the tree that it was not given.
func (r *remote) Call(ctx context.Context, fun string, args *py.Args) (py.Value, error) {
	r.t.mu.Lock()
	defer r.t.mu.Unlock()
	if fun == "file.apply_template_on_contents" && r.grants != nil {
		return r.grants.renderText(ctx, args)
	}
	if takesFiles[fun] && r.grants != nil && r.grants.named(args) {
		return r.c.Call(ctx, fun, args)
	}
	if !hostMayAsk[fun] {
		return nil, py.KeyError(py.Str(fun))
	}
	return r.c.Call(ctx, fun, args)
}

// lateRemote is the remote of a call of the command line. Few functions ask for
// anything: the pillar is compiled when one does.
type lateRemote struct {
	w    *worker
	once sync.Once
	r    *remote
	err  error
}

// Call implements modules.Caller.
func (l *lateRemote) Call(ctx context.Context, fun string, args *py.Args) (py.Value, error) {
	l.once.Do(func() { l.r, l.err = l.w.pillarRemote(ctx) })
	if l.err != nil {
		return nil, l.err
	}
	return l.r.Call(ctx, fun, args)
}

func (w *worker) pillarRemote(ctx context.Context) (*remote, error) {
	t := &turn{}
	p := &prepared{stateArgs: &stateArgs{req: states.Request{Host: w.res.ID, Grains: w.grains, Opts: w.host.MinionOpts}}, turn: t, caller: &hostCaller{w: w, t: t}}
	c, err := p.compile(func() (*states.Compiled, error) { return w.f.Tree.CompilePillar(ctx, p.req, p.caller) })
	if err != nil {
		return nil, err
	}
	if len(c.Errors) > 0 {
		return nil, py.Errorf("CommandExecutionError", "the pillar of %s: %s", w.res.ID, c.Errors[0].Message)
	}
	return &remote{c: c, t: t}, nil
}

// takesFiles are functions that a running state (module.run) may call for a
// file of the tree that the host was given: one that its states name.
var takesFiles = map[string]bool{
	"cp.get_file": true, "cp.get_url": true, "cp.cache_file": true, "cp.get_file_str": true, "cp.hash_file": true, "cp.stat_file": true,
	"cp.get_template": true, "cp.is_cached": true,
}

// hostMayAsk are the functions whose answers a host has a right to: its own
// pillar, grains and options.
var hostMayAsk = map[string]bool{
	"pillar.get": true, "pillar.items": true, "pillar.item": true, "pillar.keys": true, "pillar.raw": true, "pillar.ls": true,
	"config.get": true, "config.option": true, "config.merge": true,
	"grains.get": true, "grains.item": true, "grains.items": true, "grains.has_value": true, "grains.filter_by": true,
	"match.glob": true, "match.compound": true, "match.grain": true, "match.list": true, "match.pcre": true,
	"defaults.get": true, "slsutil.merge": true, "slsutil.update": true, "slsutil.serialize": true, "slsutil.deserialize": true,
}
