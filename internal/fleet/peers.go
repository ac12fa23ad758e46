package fleet

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"pinch/internal/py"
	"pinch/internal/saltargs"
	"pinch/roster"
	"pinch/states"
)

// Peers finds the hosts of the roster that a target means: kind and expression
// as Salt's tgt_type and tgt. filter is as in Fleet, nil when none is needed.
type Peers func(kind, expr string) (hosts []*roster.Host, filter func(*roster.Host, *py.Dict) (bool, error), err error)

// peers asks other hosts for templates (mine.get, publish.publish), each host
// and question once a run. Its sessions stay open until the run ends.
type peers struct {
	f     *Fleet
	slots chan struct{}

	mu      sync.Mutex
	workers map[roster.HostID]*peer
	answers map[string]*answer
}

// peer is a session with one host. Its lock is held while it is used.
type peer struct {
	mu sync.Mutex
	w  *worker
}

// answer is what a host said; done is closed when it is known.
type answer struct {
	done chan struct{}
	res  *Result
}

func newPeers(f *Fleet, procs int) *peers {
	return &peers{f: f, slots: make(chan struct{}, procs), workers: map[roster.HostID]*peer{}, answers: map[string]*answer{}}
}

// close ends all sessions.
func (p *peers) close(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, x := range p.workers {
		_ = x.w.close(ctx, nil) // what it has to say is logged
	}
}

// nestedKey marks the context of a question to another host: such a question
// asks nobody else, or two hosts could wait for each other.
type nestedKey struct{}

// question is what is asked of hosts.
type question struct {
	fun  string
	args *py.Args
	mine bool // by way of mine_functions
}

// ask asks all hosts at once and returns the results in their order. A host
// that the filter leaves out has no result.
func (p *peers) ask(ctx context.Context, hosts []*roster.Host, filter func(*roster.Host, *py.Dict) (bool, error), q question) []*Result {
	ctx = context.WithValue(ctx, nestedKey{}, true)
	out := make([]*Result, len(hosts))
	var wg sync.WaitGroup
	for i, h := range hosts {
		wg.Go(func() { out[i] = p.one(ctx, h, filter, q) })
	}
	wg.Wait()
	return out
}

func (p *peers) one(ctx context.Context, h *roster.Host, filter func(*roster.Host, *py.Dict) (bool, error), q question) *Result {
	key := fmt.Sprintf("%s\x00%v\x00%s\x00%s\x00%s", h.ID, q.mine, q.fun, py.Repr(py.Tuple(q.args.Pos)), py.Repr(q.args.KwDict()))
	p.mu.Lock()
	a, asked := p.answers[key]
	if !asked {
		a = &answer{done: make(chan struct{})}
		p.answers[key] = a
	}
	x := p.workers[h.ID]
	if x == nil {
		x = &peer{w: &worker{f: p.f, host: h, res: &Result{ID: string(h.ID)}}}
		p.workers[h.ID] = x
	}
	p.mu.Unlock()
	if !asked {
		p.slots <- struct{}{}
		a.res = x.do(ctx, q)
		<-p.slots
		close(a.done)
	}
	select {
	case <-a.done:
	case <-ctx.Done():
		return &Result{ID: string(h.ID), Err: ctx.Err()}
	}
	if filter != nil && a.res.Err == nil {
		x.mu.Lock()
		yes, err := filter(h, x.w.grains)
		x.mu.Unlock()
		if err != nil {
			return &Result{ID: string(h.ID), Err: err}
		}
		if !yes {
			return nil
		}
	}
	return a.res
}

// do asks one host.
func (x *peer) do(ctx context.Context, q question) *Result {
	x.mu.Lock()
	defer x.mu.Unlock()
	w := x.w
	w.job = Job{JID: w.f.jid, Fun: q.fun, Args: q.args, ReadOnly: w.f.readOnly}
	w.res = &Result{ID: string(w.host.ID)}
	if _, err := w.session(ctx); err != nil {
		w.res.Err = err
		return w.res
	}
	var err error
	if q.mine {
		err = w.mine(ctx, q)
	} else {
		err = w.do(ctx)
	}
	w.res.Err = err
	return w.res
}

// mine runs a function as salt-ssh's mine does: with the arguments that
// mine_functions of the roster, the pillar or the master's configuration give
// it, or, without an entry, with none.
func (w *worker) mine(ctx context.Context, q question) error {
	p, err := w.prepare(ctx)
	if err != nil {
		return err
	}
	c, err := p.compile(func() (*states.Compiled, error) { return w.f.Tree.CompilePillar(ctx, p.req, p.caller) })
	if err != nil {
		return err
	}
	if len(c.Errors) > 0 {
		return w.refused(c, true)
	}
	entry := mineEntry(q.fun, w.host.MineFunctions, c.Pillar.Lookup("mine_functions"), w.f.Tree.Opts().Lookup("mine_functions"))
	fun, args := mineCall(q.fun, entry)
	w.job.Fun, w.job.Args = fun, args
	return w.callCompiled(ctx, p, c, fun)
}

// mineEntry is the first entry of a function; nil when there is none.
func mineEntry(fun string, sources ...py.Value) py.Value {
	for _, s := range sources {
		switch s := s.(type) {
		case *py.Dict:
			if v, ok := s.GetStr(fun); ok {
				return v
			}
		case *py.List: // names without arguments
			for _, it := range s.Items {
				if it == py.Value(py.Str(fun)) {
					return py.None
				}
			}
		}
	}
	return nil
}

// mineCall reads an entry: a mapping of keyword arguments or a list of
// positional ones, either of which may name another function.
func mineCall(fun string, entry py.Value) (string, *py.Args) {
	args := &py.Args{}
	switch e := entry.(type) {
	case *py.Dict:
		for k, v := range e.All() {
			if name := py.ToStr(k); name == "mine_function" {
				fun = py.ToStr(v)
			} else {
				args.Kw = append(args.Kw, py.KwArg{Name: name, Value: v})
			}
		}
	case *py.List:
		for _, it := range e.Items {
			if d, ok := it.(*py.Dict); ok && d.Has("mine_function") {
				fun = d.String("mine_function")
				continue
			}
			args.Pos = append(args.Pos, it)
		}
	}
	return fun, args
}

// peerFunc returns the function of that name that asks other hosts, or nil.
func peerFunc(name string) func(context.Context, *Fleet, *py.Args) (py.Value, error) {
	switch name {
	case "mine.get":
		return mineGet
	case "publish.publish", "publish.full_data":
		return func(ctx context.Context, f *Fleet, args *py.Args) (py.Value, error) {
			return publish(ctx, f, strings.TrimPrefix(name, "publish."), args)
		}
	}
	return nil
}

// bound are arguments by name, as Python binds them.
func bound(fun string, args *py.Args, names ...string) (map[string]py.Value, error) {
	out := map[string]py.Value{}
	if len(args.Pos) > len(names) {
		return nil, py.TypeErrorf("%s() takes from 2 to %d positional arguments but %d were given", fun, len(names), len(args.Pos))
	}
	for i, v := range args.Pos {
		out[names[i]] = v
	}
	for _, kw := range args.Kw {
		known := false
		for _, n := range names {
			known = known || n == kw.Name
		}
		switch _, twice := out[kw.Name]; {
		case strings.HasPrefix(kw.Name, "__pub_"):
			continue
		case !known:
			return nil, py.TypeErrorf("%s() got an unexpected keyword argument '%s'", fun, kw.Name)
		case twice:
			return nil, py.TypeErrorf("%s() got multiple values for argument '%s'", fun, kw.Name)
		}
		out[kw.Name] = kw.Value
	}
	_, tgt := out["tgt"]
	_, f := out["fun"]
	switch {
	case !tgt && !f:
		return nil, py.TypeErrorf("%s() missing 2 required positional arguments: 'tgt' and 'fun'", fun)
	case !tgt:
		return nil, py.TypeErrorf("%s() missing 1 required positional argument: 'tgt'", fun)
	case !f:
		return nil, py.TypeErrorf("%s() missing 1 required positional argument: 'fun'", fun)
	}
	return out, nil
}

// meantPeers are the hosts of tgt and tgt_type. A target that means nobody, or
// that is none, is nobody, as in Salt; the log says why.
func (f *Fleet) meantPeers(a map[string]py.Value) ([]*roster.Host, func(*roster.Host, *py.Dict) (bool, error)) {
	if f.Peers == nil {
		f.Log.Warn("there is no roster: no other host can be asked")
		return nil, nil
	}
	kind := "glob"
	if v, ok := a["tgt_type"]; ok && py.IsTrue(v) {
		kind = py.ToStr(v)
	}
	expr := py.ToStr(a["tgt"])
	if l, ok := a["tgt"].(*py.List); ok {
		names := make([]string, l.Len())
		for i, it := range l.Items {
			names[i] = py.ToStr(it)
		}
		expr = strings.Join(names, ",")
	}
	hosts, filter, err := f.Peers(kind, expr)
	if err != nil {
		f.Log.Warn("no host is asked", "target", expr, "type", kind, "error", err)
		return nil, nil
	}
	return hosts, filter
}

func mineGet(ctx context.Context, f *Fleet, args *py.Args) (py.Value, error) {
	a, err := bound("get", args, "tgt", "fun", "tgt_type", "roster", "ssh_minions", "regular_minions")
	if err != nil {
		return nil, err
	}
	out := py.NewDict()
	if v, ok := a["ssh_minions"]; ok && !py.IsTrue(v) {
		return out, nil
	}
	fun, ok := a["fun"].(py.Str)
	if !ok {
		return nil, py.Errorf("SaltInvocationError", "mine.get: fun is a %s: one function's name is needed", a["fun"].Type())
	}
	if ctx.Value(nestedKey{}) != nil {
		f.Log.Warn("mine.get inside the mine of another host gives nothing", "function", string(fun))
		return out, nil
	}
	hosts, filter := f.meantPeers(a)
	for _, r := range f.peers.ask(ctx, hosts, filter, question{fun: string(fun), args: &py.Args{}, mine: true}) {
		switch {
		case r == nil:
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case r.Err != nil:
			f.Log.Error("Error executing mine func. Excluding minion from mine.", "function", string(fun), "host", r.ID, "error", r.Err)
		default:
			out.SetStr(r.ID, py.DeepCopy(r.Return))
		}
	}
	return out, nil
}

func publish(ctx context.Context, f *Fleet, name string, args *py.Args) (py.Value, error) {
	a, err := bound(name, args, "tgt", "fun", "arg", "tgt_type", "returner", "timeout", "roster", "ssh_minions", "regular_minions")
	if err != nil {
		return nil, err
	}
	out := py.NewDict()
	fun := py.ToStr(a["fun"])
	if v, ok := a["ssh_minions"]; ok && !py.IsTrue(v) {
		return out, nil
	}
	if strings.HasPrefix(fun, "publish.") || ctx.Value(nestedKey{}) != nil {
		f.Log.Info("Cannot publish publish calls. Returning {}")
		return out, nil
	}
	call := &py.Args{Pos: publishArgs(a["arg"])}
	hosts, filter := f.meantPeers(a)
	for _, r := range f.peers.ask(ctx, hosts, filter, question{fun: fun, args: call}) {
		switch {
		case r == nil:
			continue
		case ctx.Err() != nil:
			return nil, ctx.Err()
		}
		value := py.DeepCopy(py.OrNone(r.Return))
		switch {
		case r.Return == nil: // it could not be asked
			text := ""
			if r.Err != nil {
				text = r.Err.Error()
			}
			value = py.DictOf("stdout", py.Str(""), "stderr", py.Str(text), "retcode", py.Int(255))
		case name == "full_data":
			value = py.DictOf("jid", py.Str(f.jid), "return", value, "retcode", py.Int(r.Retcode), "id", py.Str(r.ID), "fun", py.Str(fun),
				"fun_args", py.NewList(call.Pos...), "ret", py.DeepCopy(value))
		}
		out.SetStr(r.ID, value)
	}
	return out, nil
}

// publishArgs reads the argument arg: one value or a list of them, texts as
// YAML.
func publishArgs(v py.Value) []py.Value {
	switch v := v.(type) {
	case nil, py.NoneType:
		return nil
	case *py.List:
		out := make([]py.Value, 0, v.Len())
		for _, it := range v.Items {
			out = append(out, saltargs.YamlifyArg(it))
		}
		return out
	}
	one := saltargs.YamlifyArg(v)
	if _, none := one.(py.NoneType); none {
		return nil
	}
	return []py.Value{one}
}
