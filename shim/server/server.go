// Package server is the shim's side of a session: it greets, answers the
// controller's calls, runs its bundles and leaves nothing behind. It is the
// whole of shim/cmd/pinch, and `pinch shim` runs it too.
//
// The session lives as long as standard input is open: when the controller
// dies or the connection is cut, running children are ended and the process
// exits.
package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"

	"pinch/internal/fetch"
	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/modules/grains"
	"pinch/shim/wire"
	"pinch/states/low"
	"pinch/states/run"
)

// Options are how a session is served.
type Options struct {
	Registry *modules.Registry
	Host     host.Host
	// Fetch gets things from the web; nil asks the controller for the helper
	// program that does.
	Fetch fetch.Fetcher
	// Dir is the shim's directory on the host, where blobs are cached; "" means none.
	Dir string
	// NoBlobs keeps no cache of large files.
	NoBlobs bool
	// Build identifies the shim: the hash in its path.
	Build string
	// Silence ends the session when the controller has sent nothing for that
	// long; 0 waits for ever.
	Silence time.Duration
	// More has further functions; nil: there are none.
	More *MoreFuncs
	Log  modules.Logger
}

// server is one session.
type server struct {
	Options
	conn   *wire.Conn
	memo   *modules.Memo
	grains *py.Dict
	blobs  *blobs
	// runs counts the bundles.
	runs atomic.Int64
}

func newServer(o Options) *server {
	cache := o.Dir
	if o.NoBlobs {
		cache = ""
	}
	s := &server{Options: o, memo: modules.NewMemo(), blobs: newBlobs(cache)}
	if s.Log == nil {
		s.Log = modules.NoLog{}
	}
	if s.Fetch == nil {
		s.Fetch = &fetch.Helper{Host: o.Host, Path: (&helper{s: s, program: "fetch"}).path}
	}
	return s
}

// Serve runs a session over r and w until the controller closes r.
func Serve(ctx context.Context, r io.Reader, w io.Writer, o Options) error {
	s := newServer(o)
	if o.More != nil {
		m := newMore(ctx, s, o.More)
		defer m.end()
		s.Registry = o.Registry.With(m)
	}
	g, err := grains.Collect(ctx, o.Host)
	if err != nil {
		return fmt.Errorf("collecting grains: %w", err)
	}
	s.grains = g
	if _, err := io.WriteString(w, wire.Magic); err != nil {
		return fmt.Errorf("greeting: %w", err)
	}
	counted := newWatched(r)
	s.conn = wire.NewConn(wire.Config{R: bufio.NewReaderSize(counted, 64<<10), W: w, Handler: s.handle})
	if err := s.conn.SendHello(s.hello()); err != nil {
		return err
	}
	done := make(chan struct{})
	defer close(done)
	if closer, ok := r.(io.Closer); ok {
		go func() {
			if counted.silent(ctx, done, o.Silence) {
				_ = closer.Close() // ends Serve; there is nobody to tell
			}
		}()
	}
	return s.conn.Serve()
}

func (s *server) hello() *py.Dict {
	hostname, err := os.Hostname()
	if err != nil {
		s.Log.Warn("host name", "error", err)
	}
	return py.DictOf(
		"protocol", py.Int(wire.Version), "build", py.Str(s.Build), "os", py.Str(runtime.GOOS),
		"arch", py.Str(runtime.GOARCH), "uid", py.Int(s.Host.Getuid()), "pid", py.Int(os.Getpid()),
		"host", py.Str(hostname), "dir", py.Str(s.Dir), "grains", s.grains)
}

// handle answers one request of the controller.
func (s *server) handle(ctx context.Context, in *wire.Incoming) (wire.Answer, error) {
	switch in.Method {
	case "ping":
		return wire.Answer{Value: py.True}, nil
	case "grains.items":
		s.memo.Drop("grains/")
		g, err := grains.Collect(ctx, s.Host)
		if err != nil {
			return wire.Answer{}, err
		}
		return wire.Answer{Value: g}, nil
	case "call":
		v, err := s.call(ctx, in.Params)
		return wire.Answer{Value: v}, err
	case "run":
		v, err := s.run(ctx, in)
		return wire.Answer{Value: v}, err
	}
	return wire.Answer{}, &wire.RemoteError{Class: "method", Msg: "unknown method " + in.Method}
}

// call runs one execution function.
func (s *server) call(ctx context.Context, p *py.Dict) (py.Value, error) {
	fun, args := wire.DecodeArgs(p)
	b := &low.Bundle{Host: p.String("host"), Grains: s.withGrains(p)}
	b.ReadOnly = p.Lookup("read_only") == py.Value(py.True)
	b.Test = p.Lookup("test") == py.Value(py.True)
	opts, ok := p.Lookup("opts").(*py.Dict)
	if !ok {
		opts = py.NewDict()
	}
	if s.Registry.Exec(fun) == nil {
		return nil, py.Errorf("KeyError", "'%s' is not available.", fun)
	}
	s.memo.Drop(modules.RetcodeKey)
	v, err := run.NewFunctions(s.options(b), opts).Call(ctx, fun, args)
	if err != nil {
		return nil, callError(err)
	}
	out := py.DictOf("return", v)
	if code, ok := s.memo.Get(modules.RetcodeKey); ok {
		if n, isInt := code.(int64); isInt {
			out.SetStr("retcode", py.Int(n))
		}
	}
	return out, nil
}

// callError keeps the class of Salt's exceptions on the way to the controller.
func callError(err error) error {
	var salt *modules.Error
	var bind *modules.BindError
	switch {
	case errors.As(err, &salt):
		return &wire.RemoteError{Class: salt.Class, Msg: salt.Msg}
	case errors.As(err, &bind):
		return &wire.RemoteError{Class: "SaltInvocationError", Msg: bind.Msg}
	}
	return err
}

func (s *server) withGrains(p *py.Dict) *py.Dict {
	if g, ok := p.Lookup("grains").(*py.Dict); ok {
		return g
	}
	return s.grains
}

func (s *server) options(b *low.Bundle) run.Options {
	return run.Options{
		Bundle: b, Registry: s.Registry, Host: s.Host, Memo: s.memo, Remote: remote{s.conn}, Fetch: s.Fetch, Log: s.Log,
		Sources: func(c *low.Chunk) modules.Sources { return &sources{s: s, chunk: c} },
	}
}

// run runs a bundle. Results go out as events; the answer is the summary.
func (s *server) run(ctx context.Context, in *wire.Incoming) (py.Value, error) {
	b, err := wire.DecodeBundle(in.Params)
	if err != nil {
		return nil, &wire.RemoteError{Class: "bundle", Msg: err.Error()}
	}
	if !b.Test && !b.Concurrent {
		l, err := acquire(lockPath(s.Dir, s.Host.Getuid()), holder{JID: b.JID, PID: os.Getpid(), Controller: in.Params.String("controller"), Since: time.Now()})
		if err != nil {
			return nil, err
		}
		defer l.release()
	}
	s.memo.Drop("")
	s.runs.Add(1)
	o := s.options(b)
	o.Stop = in.Stop
	o.Each = func(r low.Result) error {
		d := py.DictOf("tag", py.Str(r.Tag), "data", r.Data)
		if r.Event != "" {
			d.SetStr("event", py.Str(r.Event))
		}
		return s.conn.SendEvent("result", d)
	}
	var startErr error
	o.Starting = func(n, total int, c *low.Chunk) {
		if startErr == nil {
			startErr = s.conn.SendEvent("start", py.DictOf("n", py.Int(n), "total", py.Int(total), "id", py.Str(c.ID()), "fun", py.Str(c.FullName()), "name", py.Str(c.Name())))
		}
	}
	stopFetching := s.blobs.prefetch(ctx, s, b)
	defer stopFetching()
	sum, err := run.Run(ctx, o)
	if err != nil {
		return nil, err
	}
	if s.blobs.usable() {
		s.blobs.expire(time.Now())
		expireShims(s.Dir, s.Build, time.Now())
	}
	return py.DictOf("states", py.Int(sum.States), "failed", py.Int(sum.Failed), "changed", py.Int(sum.Changed),
		"would_change", py.Int(sum.WouldChange), "not_run", py.Int(sum.NotRun), "cancelled", py.Bool(sum.Cancelled)), nil
}

// remote asks the controller.
type remote struct{ conn *wire.Conn }

// Call implements modules.Caller.
func (r remote) Call(ctx context.Context, fun string, args *py.Args) (py.Value, error) {
	a, err := r.conn.Call(ctx, "call", wire.EncodeArgs(fun, args))
	if err != nil {
		var re *wire.RemoteError
		if errors.As(err, &re) {
			return nil, &py.Error{Class: re.Class, Msg: re.Msg}
		}
		return nil, err
	}
	return a.Value, nil
}

// Usage is printed by the shim when a person starts it.
const Usage = "This is pinch's shim: pinch starts it over SSH. It is of no use by hand.\n"

// Main is the shim's main: args without the program's name. It returns the
// exit status. more and web are as in Options.
func Main(args []string, reg func() *modules.Registry, more *MoreFuncs, web fetch.Fetcher) int {
	a, err := parseArgs(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "pinch shim: %v\n%s", err, Usage)
		return 64
	}
	if a.version {
		fmt.Fprintf(os.Stdout, "pinch shim protocol %d\n", wire.Version)
		return 0
	}
	in, out, err := takeStdio()
	if err != nil {
		fmt.Fprintf(os.Stderr, "pinch shim: %v\n", err)
		return 1
	}
	exe, err := os.Executable()
	if err != nil {
		fmt.Fprintf(os.Stderr, "pinch shim: its own path: %v\n", err)
		return 1
	}
	dir := a.dir
	build := buildOf(exe)
	if dir == "" && !a.noBlobs { // an installed pinch has no directory of its own
		dir = filepath.Dir(filepath.Dir(exe))
	}
	h := host.NewLocal(os.Environ())
	// The signals of a dying connection end the session like its end of input.
	ctx, stop := notifyContext()
	defer stop()
	go func() {
		<-ctx.Done()
		_ = in.Close() // wakes the reader
	}()
	err = Serve(ctx, in, out, Options{Registry: reg(), Host: h, Fetch: web, Dir: dir, NoBlobs: a.noBlobs, Build: build, Silence: a.silence, More: more, Log: &stderrLog{w: os.Stderr}})
	code := 0
	if err != nil {
		fmt.Fprintf(os.Stderr, "pinch shim: %v\n", err)
		code = 1
	}
	if cerr := h.Close(); cerr != nil {
		fmt.Fprintf(os.Stderr, "pinch shim: cleaning up: %v\n", cerr)
		code = 1
	}
	if a.wipe {
		if werr := wipe(exe, dir); werr != nil {
			fmt.Fprintf(os.Stderr, "pinch shim: wiping: %v\n", werr)
			code = 1
		}
	}
	return code
}

// buildOf is the build of an installed program: its directory's name.
func buildOf(exe string) string { return filepath.Base(filepath.Dir(exe)) }
