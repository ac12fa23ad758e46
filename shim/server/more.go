package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/shim/wire"
	"pinch/states/low"
)

// MoreFuncs are functions that few trees use: a program of their own, which is
// brought to the host and started when the first of them is called. It runs as
// a child of the shim, over pipes.
type MoreFuncs struct {
	// States and Execs are the names of the modules whose functions it has.
	States, Execs []string
	// Start starts it; nil asks the controller for the program. close ends it
	// and waits for its end.
	Start func(ctx context.Context) (r io.Reader, w io.Writer, close func(), err error)
}

// more is the shim's side of that child.
type more struct {
	s     *server
	ctx   context.Context    // the session's
	has   [2]map[string]bool // modules by modules.Kind
	start func(ctx context.Context) (r io.Reader, w io.Writer, close func(), err error)

	mu    sync.Mutex
	conn  *wire.Conn // nil: not started
	close func()
	known map[string]*modules.Func
	// begun is what the child was last told for all calls.
	begun begun
	// calls are those under way, by number.
	calls map[int64]*moreCall
	next  int64
}

// moreCall is a call that the child works on, or whose plan it keeps.
type moreCall struct {
	*modules.Call
	w host.Writer // nil: only looking
}

// begun is what the child needs to know of a run, sent when it is another.
type begun struct {
	opts, grains *py.Dict
	environ      string
	run          int64
}

func newMore(ctx context.Context, s *server, m *MoreFuncs) *more {
	x := &more{s: s, ctx: ctx, start: m.Start, known: map[string]*modules.Func{}, calls: map[int64]*moreCall{}}
	for k, names := range [2][]string{modules.StateKind: m.States, modules.ExecKind: m.Execs} {
		x.has[k] = map[string]bool{}
		for _, name := range names {
			x.has[k][name] = true
		}
	}
	if x.start == nil {
		x.start = x.startHelper
	}
	return x
}

// startHelper starts the helper program.
func (x *more) startHelper(ctx context.Context) (io.Reader, io.Writer, func(), error) {
	path, err := (&helper{s: x.s, program: "more"}).path(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	argv := []string{path, "--dir", x.s.Dir}
	if !x.s.blobs.usable() {
		argv = append(argv, "--no-blobs")
	}
	ctx, cancel := context.WithCancel(ctx)
	in, toChild := io.Pipe()
	out, fromChild := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		o, err := x.s.Host.Run(ctx, host.Cmd{Argv: argv, Stdin: in, Stdout: fromChild})
		if err == nil && o.Code != 0 {
			err = fmt.Errorf("it ended with status %d: %s", o.Code, strings.ToValidUTF8(strings.TrimSpace(string(o.Stderr)), "?"))
		}
		// nil is the end of file
		_ = fromChild.CloseWithError(err)
		_ = in.CloseWithError(errors.Join(err, io.ErrClosedPipe))
	}()
	return out, toChild, func() {
		_ = toChild.Close() // its end of input
		select {
		case <-ended:
		case <-time.After(childGrace):
		}
		cancel()
		<-ended
	}, nil
}

// childGrace is what the child has to end by itself.
const childGrace = 3 * time.Second

// connect starts the child unless it runs. Called with mu held.
func (x *more) connect() error {
	if x.conn != nil {
		select {
		case <-x.conn.Closed():
			return errors.New("it has ended")
		default:
			return nil
		}
	}
	r, w, closeChild, err := x.start(x.ctx)
	if err != nil {
		return err
	}
	conn := wire.NewConn(wire.Config{R: r, W: w, Handler: x.handle})
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := conn.Serve(); err != nil {
			x.s.Log.Warn("the program with further functions", "error", err)
		}
	}()
	x.conn, x.close = conn, func() {
		closeChild()
		<-served
	}
	return nil
}

// end ends the child.
func (x *more) end() {
	x.mu.Lock()
	closeChild := x.close
	x.close = nil
	x.mu.Unlock()
	if closeChild != nil {
		closeChild()
	}
}

// Find implements modules.More.
func (x *more) Find(k modules.Kind, name string) *modules.Func {
	module, _, _ := strings.Cut(name, ".")
	if !x.has[k][module] {
		return nil
	}
	key := fmt.Sprintf("%d %s", k, name)
	x.mu.Lock()
	defer x.mu.Unlock()
	if f, ok := x.known[key]; ok {
		return f
	}
	f, err := x.ask(k, name)
	if err != nil {
		// not kept: the next call may find it
		return modules.PeerFunc(modules.Func{Name: name, Kind: k, KwArgs: true, VarArgs: true}, false, absent{fmt.Errorf("%s: the program that has it could not be used on this host: %w", name, err)})
	}
	x.known[key] = f
	return f
}

func (x *more) ask(k modules.Kind, name string) (*modules.Func, error) {
	if err := x.connect(); err != nil {
		return nil, err
	}
	a, err := x.conn.Call(x.ctx, "describe", py.DictOf("kind", py.Int(k), "fun", py.Str(name)))
	if err != nil {
		return nil, err
	}
	d, ok := a.Value.(*py.Dict)
	if !ok {
		return nil, nil // there is none of that name
	}
	return decodeFunc(k, name, d, x), nil
}

// absent is the peer of functions that could not be reached.
type absent struct{ err error }

// Virtual implements modules.Peer.
func (a absent) Virtual(*modules.Func, *modules.Call) (bool, string) { return false, a.err.Error() }

// Check implements modules.Peer.
func (a absent) Check(context.Context, *modules.Func, *modules.Call, *py.Dict, bool) (modules.Plan, error) {
	return modules.Plan{}, a.err
}

// Exec implements modules.Peer.
func (a absent) Exec(context.Context, *modules.Func, *modules.Call, host.Writer, *py.Args) (py.Value, error) {
	return nil, a.err
}

// open numbers a call and returns what the child is told of it.
func (x *more) open(ctx context.Context, f *modules.Func, c *modules.Call, w host.Writer) (id int64, p *py.Dict, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.connect(); err != nil {
		return 0, nil, fmt.Errorf("%s: the program that has it: %w", f.Name, err)
	}
	if err := x.begin(ctx, c); err != nil {
		return 0, nil, err
	}
	x.next++
	x.calls[x.next] = &moreCall{Call: c, w: w}
	p = py.DictOf("of", py.Int(x.next), "kind", py.Int(f.Kind), "fun", py.Str(f.Name), "test", py.Bool(c.Test), "in_run", py.Bool(c.InRun),
		"read_only", py.Bool(w == nil), "run_num", py.Int(c.RunNum), "umask", py.Int(x.s.Host.Umask()))
	if c.Chunk != nil {
		b := wire.EncodeBundle(&low.Bundle{Chunks: []low.Chunk{*c.Chunk}})
		p.SetStr("chunk", b.Lookup("chunks").(*py.List).Items[0])
	}
	return x.next, p, nil
}

// begin tells the child what calls have in common, when it has changed.
// Called with mu held.
func (x *more) begin(ctx context.Context, c *modules.Call) error {
	environ := x.s.Host.Environ()
	now := begun{opts: c.Opts, grains: c.Grains, environ: strings.Join(environ, "\x00"), run: x.s.runs.Load()}
	if now == x.begun {
		return nil
	}
	_, err := x.conn.Call(ctx, "begin", py.DictOf("opts", orEmpty(c.Opts), "grains", orEmpty(c.Grains), "environ", py.Strings(environ...), "run", py.Int(now.run)))
	if err == nil {
		x.begun = now
	}
	return err
}

func orEmpty(d *py.Dict) *py.Dict {
	if d == nil {
		return py.NewDict()
	}
	return d
}

func (x *more) done(id int64) {
	x.mu.Lock()
	delete(x.calls, id)
	x.mu.Unlock()
}

func (x *more) call(ctx context.Context, method string, p *py.Dict) (py.Value, error) {
	a, err := x.conn.Call(ctx, method, p)
	if err != nil {
		return nil, decodeError(err)
	}
	return a.Value, nil
}

// Virtual implements modules.Peer.
func (x *more) Virtual(f *modules.Func, c *modules.Call) (bool, string) {
	id, p, err := x.open(x.ctx, f, c, nil)
	if err != nil {
		return false, err.Error()
	}
	defer x.done(id)
	v, err := x.call(x.ctx, "virtual", p)
	if err != nil {
		return false, err.Error()
	}
	l, ok := v.(*py.List)
	if !ok || len(l.Items) != 2 {
		return false, f.Name + ": no answer to __virtual__"
	}
	return l.Items[0] == py.Value(py.True), py.ToStr(l.Items[1])
}

// Check implements modules.Peer.
func (x *more) Check(ctx context.Context, f *modules.Func, c *modules.Call, data *py.Dict, watch bool) (modules.Plan, error) {
	id, p, err := x.open(ctx, f, c, nil)
	if err != nil {
		return modules.Plan{}, err
	}
	p.SetStr("data", data)
	p.SetStr("watch", py.Bool(watch))
	v, err := x.call(ctx, "check", p)
	if err != nil {
		x.done(id)
		return modules.Plan{}, err
	}
	d, ok := v.(*py.Dict)
	if !ok {
		x.done(id)
		return modules.Plan{}, fmt.Errorf("%s: no plan", f.Name)
	}
	plan := modules.Plan{}
	if plan.Would, err = decodeDone(d.Lookup("would")); err != nil {
		x.done(id)
		return modules.Plan{}, fmt.Errorf("%s: %w", f.Name, err)
	}
	apply := func(ctx context.Context, w host.Writer) (modules.Done, error) {
		x.mu.Lock()
		x.calls[id] = &moreCall{Call: c, w: w}
		x.mu.Unlock()
		defer x.done(id)
		v, err := x.call(ctx, "apply", py.DictOf("of", py.Int(id)))
		if err != nil {
			return modules.Done{}, err
		}
		return decodeDone(v)
	}
	switch d.String("then") {
	case "apply":
		plan.Apply = apply
	case "test":
		plan.TestApply = apply
	default:
		x.done(id)
	}
	return plan, nil
}

// Exec implements modules.Peer.
func (x *more) Exec(ctx context.Context, f *modules.Func, c *modules.Call, w host.Writer, args *py.Args) (py.Value, error) {
	id, p, err := x.open(ctx, f, c, w)
	if err != nil {
		return nil, err
	}
	defer x.done(id)
	p.Update(wire.EncodeArgs(f.Name, args))
	v, err := x.call(ctx, "exec", p)
	if err != nil {
		return nil, err
	}
	d, ok := v.(*py.Dict)
	if !ok {
		return nil, fmt.Errorf("%s: no return", f.Name)
	}
	if code, ok := py.AsInt(py.OrNone(d.Lookup("retcode"))); ok && c.Memo != nil {
		c.Memo.Put(modules.RetcodeKey, code)
	}
	return py.OrNone(d.Lookup("return")), nil
}

// handle answers the child.
func (x *more) handle(ctx context.Context, in *wire.Incoming) (wire.Answer, error) {
	switch in.Method {
	case "call", "host.state", "host.result":
		v, err := x.callBack(ctx, in)
		return wire.Answer{Value: py.OrNone(v)}, encodeError(err)
	}
	return x.s.conn.Call(ctx, in.Method, in.Params) // as from the shim itself
}

// callBack is what a function there wants of this side.
func (x *more) callBack(ctx context.Context, in *wire.Incoming) (py.Value, error) {
	id, _ := py.AsInt(py.OrNone(in.Params.Lookup("of")))
	x.mu.Lock()
	c := x.calls[id]
	x.mu.Unlock()
	if c == nil {
		return nil, fmt.Errorf("%s: call %d is not under way", in.Method, id)
	}
	switch in.Method {
	case "host.result":
		if c.Result == nil {
			return py.None, nil
		}
		if d := c.Result(in.Params.String("tag")); d != nil {
			return d, nil
		}
		return py.None, nil
	case "host.state":
		data, _ := in.Params.Lookup("data").(*py.Dict)
		if c.State == nil || data == nil {
			return nil, errors.New("a state function is called outside a state")
		}
		w := c.w
		if in.Params.Lookup("write") != py.Value(py.True) {
			w = nil
		}
		done, err := c.State(ctx, w, in.Params.String("fun"), data)
		if err != nil {
			return nil, err
		}
		return encodeDone(done), nil
	}
	fun, args := wire.DecodeArgs(in.Params)
	return c.Funcs.Call(ctx, fun, args)
}
