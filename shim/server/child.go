package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/shim/wire"
	"pinch/states/low"
	"pinch/states/run"
)

// child is the program with further functions (see MoreFuncs). What it is told
// and asks is in peercodec.go; what the shim would ask of its controller it
// asks of the shim, which passes it on.
type child struct {
	*server

	mu     sync.Mutex
	opts   *py.Dict
	grains *py.Dict
	run    int64
	plans  map[int64]kept
}

// kept is a plan that may be applied.
type kept struct {
	apply func(ctx context.Context, w host.Writer) (modules.Done, error)
	fun   string
}

// ServeMore answers a shim over r and w until it closes r.
func ServeMore(r io.Reader, w io.Writer, o Options) error {
	c := &child{server: newServer(o), plans: map[int64]kept{}, opts: py.NewDict(), grains: py.NewDict()}
	c.conn = wire.NewConn(wire.Config{R: bufio.NewReaderSize(r, 64<<10), W: w, Handler: c.handle})
	return c.conn.Serve()
}

func (c *child) handle(ctx context.Context, in *wire.Incoming) (wire.Answer, error) {
	v, err := c.answer(ctx, in.Method, in.Params)
	return wire.Answer{Value: py.OrNone(v)}, encodeError(err)
}

func (c *child) answer(ctx context.Context, method string, p *py.Dict) (py.Value, error) {
	switch method {
	case "begin":
		return nil, c.begin(p)
	case "apply":
		return c.apply(ctx, p)
	}
	kind, _ := py.AsInt(py.OrNone(p.Lookup("kind")))
	f := c.Registry.Exec(p.String("fun"))
	if modules.Kind(kind) == modules.StateKind {
		f = c.Registry.State(p.String("fun"))
	}
	if method == "describe" {
		if f == nil {
			return py.None, nil
		}
		return describe(f), nil
	}
	if f == nil {
		return nil, py.KeyError(py.Str(p.String("fun")))
	}
	call, err := c.callOf(p)
	if err != nil {
		return nil, err
	}
	switch method {
	case "virtual":
		ok, reason := f.Virtual(call)
		return py.NewList(py.Bool(ok), py.Str(reason)), nil
	case "check":
		return c.check(ctx, f, call, p)
	case "exec":
		return c.exec(ctx, f, call, p)
	}
	return nil, &wire.RemoteError{Class: "method", Msg: "unknown method " + method}
}

// begin takes what calls have in common. What was learnt in another run is
// forgotten, and so is a plan that nobody applied.
func (c *child) begin(p *py.Dict) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	opts, _ := p.Lookup("opts").(*py.Dict)
	grains, _ := p.Lookup("grains").(*py.Dict)
	if opts == nil || grains == nil {
		return errors.New("begin: options or grains are missing")
	}
	c.opts, c.grains = opts, grains
	if n, _ := py.AsInt(py.OrNone(p.Lookup("run"))); n != c.run {
		c.run = n
		c.memo.Drop("")
		clear(c.plans)
	}
	environ, _ := p.Lookup("environ").(*py.List)
	return c.setEnviron(environ)
}

func (c *child) setEnviron(l *py.List) error {
	want := map[string]string{}
	if l != nil {
		for _, v := range l.Items {
			if name, value, ok := strings.Cut(py.ToStr(v), "="); ok {
				want[name] = value
			}
		}
	}
	for _, kv := range c.Host.Environ() {
		name, value, _ := strings.Cut(kv, "=")
		if now, ok := want[name]; !ok {
			if err := c.Host.Unsetenv(name); err != nil {
				return err
			}
		} else if now == value {
			delete(want, name)
		}
	}
	for name, value := range want {
		if err := c.Host.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

// callOf makes the call that the shim describes.
func (c *child) callOf(p *py.Dict) (*modules.Call, error) {
	flag := func(key string) bool { return p.Lookup(key) == py.Value(py.True) }
	number := func(key string) int64 { n, _ := py.AsInt(py.OrNone(p.Lookup(key))); return n }
	up := upward{conn: c.conn, of: number("of")}
	c.mu.Lock()
	opts, grains := c.opts, c.grains
	c.mu.Unlock()
	// what the shim's engine forgets after every state
	c.memo.Drop("path/")
	syscall.Umask(int(number("umask")))
	sources := func(k *low.Chunk) modules.Sources { return &sources{s: c.server, chunk: k} }
	funcs := run.NewFunctions(run.Options{
		Bundle:   &low.Bundle{Grains: grains, Test: flag("test"), ReadOnly: flag("read_only")},
		Registry: c.Registry, Host: c.Host, Memo: c.memo, Remote: up, Fetch: c.Fetch, Log: c.Log, InRun: flag("in_run"),
	}, opts)
	v := p.Lookup("chunk")
	if v == nil {
		return funcs.NewCall(nil, nil), nil
	}
	b, err := wire.DecodeBundle(py.DictOf("opts", opts, "grains", grains, "chunks", py.NewList(v)))
	if err != nil {
		return nil, err
	}
	call := funcs.NewCall(&b.Chunks[0], sources)
	call.RunNum = int(number("run_num"))
	call.Result, call.State = up.result, up.state
	return call, nil
}

func (c *child) check(ctx context.Context, f *modules.Func, call *modules.Call, p *py.Dict) (py.Value, error) {
	data, ok := p.Lookup("data").(*py.Dict)
	if !ok {
		return nil, fmt.Errorf("%s: no arguments", f.Name)
	}
	wire.MarkOrdered(data)
	look := f.Check
	if p.Lookup("watch") == py.Value(py.True) {
		look = f.Watch
	}
	plan, err := look(ctx, call, data)
	if err != nil {
		return nil, err
	}
	out := py.DictOf("would", encodeDone(plan.Would))
	then, apply := "", plan.Apply
	switch {
	case call.Test && plan.TestApply != nil:
		then, apply = "test", plan.TestApply
	case !call.Test && plan.Apply != nil:
		then = "apply"
	}
	if then != "" {
		id, _ := py.AsInt(py.OrNone(p.Lookup("of")))
		c.mu.Lock()
		c.plans[id] = kept{apply: apply, fun: f.Name}
		c.mu.Unlock()
		out.SetStr("then", py.Str(then))
	}
	return out, nil
}

func (c *child) apply(ctx context.Context, p *py.Dict) (py.Value, error) {
	id, _ := py.AsInt(py.OrNone(p.Lookup("of")))
	c.mu.Lock()
	plan, ok := c.plans[id]
	delete(c.plans, id)
	c.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("call %d has no plan", id)
	}
	done, err := plan.apply(ctx, c.Host)
	if err != nil {
		return nil, err
	}
	return encodeDone(done), nil
}

func (c *child) exec(ctx context.Context, f *modules.Func, call *modules.Call, p *py.Dict) (py.Value, error) {
	_, args := wire.DecodeArgs(p)
	w := c.Host
	if p.Lookup("read_only") == py.Value(py.True) {
		w = nil
	}
	c.memo.Drop(modules.RetcodeKey)
	v, err := f.Exec(ctx, call, w, args)
	if err != nil {
		return nil, err
	}
	out := py.DictOf("return", py.OrNone(v))
	if code, ok := c.memo.Get(modules.RetcodeKey); ok {
		if n, isInt := code.(int64); isInt {
			out.SetStr("retcode", py.Int(n))
		}
	}
	return out, nil
}

// upward is what a call in the child asks of the shim.
type upward struct {
	conn *wire.Conn
	of   int64
}

// Call implements modules.Caller.
func (u upward) Call(ctx context.Context, fun string, args *py.Args) (py.Value, error) {
	p := wire.EncodeArgs(fun, args)
	p.SetStr("of", py.Int(u.of))
	a, err := u.conn.Call(ctx, "call", p)
	return a.Value, decodeError(err)
}

// result is modules.Call's Result.
func (u upward) result(tag string) *py.Dict {
	a, err := u.conn.Call(context.Background(), "host.result", py.DictOf("of", py.Int(u.of), "tag", py.Str(tag)))
	if err != nil {
		return nil // the shim is gone, and with it the run
	}
	d, _ := a.Value.(*py.Dict)
	return d
}

// state is modules.Call's State.
func (u upward) state(ctx context.Context, w host.Writer, fun string, data *py.Dict) (modules.Done, error) {
	a, err := u.conn.Call(ctx, "host.state", py.DictOf("of", py.Int(u.of), "fun", py.Str(fun), "data", data, "write", py.Bool(w != nil)))
	if err != nil {
		return modules.Done{}, decodeError(err)
	}
	return decodeDone(a.Value)
}

// MoreMain is the main of the program with further functions.
func MoreMain(args []string, reg func() *modules.Registry) int {
	a, err := parseArgs(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "pinch's further functions: %v\n%s", err, Usage)
		return 64
	}
	in, out, err := takeStdio()
	if err != nil {
		fmt.Fprintf(os.Stderr, "pinch's further functions: %v\n", err)
		return 1
	}
	exe, err := os.Executable()
	if err != nil {
		fmt.Fprintf(os.Stderr, "pinch's further functions: their own path: %v\n", err)
		return 1
	}
	h := host.NewLocal(os.Environ())
	err = ServeMore(in, out, Options{Registry: reg(), Host: h, Dir: a.dir, NoBlobs: a.noBlobs, Build: buildOf(exe), Log: &stderrLog{w: os.Stderr}})
	if err = errors.Join(err, h.Close()); err != nil {
		fmt.Fprintf(os.Stderr, "pinch's further functions: %v\n", err)
		return 1
	}
	return 0
}
