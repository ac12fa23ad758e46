package shim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"pinch/internal/py"
	"pinch/modules"
	"pinch/shim/wire"
	"pinch/states/low"
)

// Session is a running shim: one remote process for everything that one
// invocation does on a host.
type Session struct {
	Hello Hello

	proc  Proc
	conn  *wire.Conn
	opts  *Options
	hello chan *py.Dict
	done  chan struct{}
	err   error // of the connection, once done is closed

	mu     sync.Mutex
	run    *RunOptions
	remote modules.Caller // of the call that is under way
	cache  map[low.SourceID]*Source
}

// Source is a file of the tree, or a rendered text, as one host gets it.
type Source struct {
	Hash string // SHA-256, hex
	Size int64
	Mode uint32
	// Plain says that it is a file of the tree as it lies there: it may go
	// through the host's cache.
	Plain   bool
	Content io.ReaderAt
}

// SourceEntry is an entry of a listed directory.
type SourceEntry struct {
	ID    low.SourceID
	Name  string
	Mode  uint32
	IsDir bool
	Link  string
}

// Sources serves the sources of a run, by the numbers that the bundle grants.
type Sources interface {
	// Get returns a source; a template is rendered now, with extra beside its
	// context. A *modules.SourceError becomes the state's comment.
	Get(ctx context.Context, n low.SourceID, extra *py.Dict) (*Source, error)
	List(ctx context.Context, n low.SourceID) ([]SourceEntry, error)
}

// RunOptions are what a run needs of the controller.
type RunOptions struct {
	Sources Sources
	// Remote answers the functions that only the controller can.
	Remote modules.Caller
	// Transport uploads large files; nil sends them through the session.
	Transport Transport
	Each      func(low.Result)
	Starting  func(n, total int, id, fun, name string)
	// Stop, when closed, lets the running state end and leaves out the rest.
	Stop <-chan struct{}
}

func newSession(proc Proc, r io.Reader, o *Options) *Session {
	s := &Session{proc: proc, opts: o, hello: make(chan *py.Dict, 1), done: make(chan struct{}), cache: map[low.SourceID]*Source{}}
	s.conn = wire.NewConn(wire.Config{R: r, W: proc.Stdin(), Handler: s.handle, OnEvent: s.event, Trace: o.Trace,
		OnHello: func(d *py.Dict) error {
			select {
			case s.hello <- d:
				return nil
			default:
				return &wire.ProtocolError{Msg: "a second greeting"}
			}
		}})
	go func() {
		defer close(s.done)
		err := s.conn.Serve()
		if err != nil {
			_ = proc.Kill()
		}
		if werr := proc.Wait(); err == nil {
			err = werr
		}
		s.err = err
	}()
	return s
}

// Bytes returns how many bytes of the protocol were sent and received.
func (s *Session) Bytes() (sent, received int64) { return s.conn.Bytes() }

// Return is what an execution function gave.
type Return struct {
	Value py.Value
	// Retcode is the exit status that the function left (cmd.run); HasRetcode
	// says whether it did.
	Retcode    int64
	HasRetcode bool
}

// CallOptions are a call's surroundings.
type CallOptions struct {
	Host           string // minion id
	Grains, Opts   *py.Dict
	Test, ReadOnly bool
	// Remote answers what the function asks of the controller; during a run
	// the run's does.
	Remote modules.Caller
}

// Call runs an execution function on the host.
func (s *Session) Call(ctx context.Context, fun string, args *py.Args, o CallOptions) (Return, error) {
	p := wire.EncodeArgs(fun, args)
	p.SetStr("host", py.Str(o.Host))
	p.SetStr("test", py.Bool(o.Test))
	p.SetStr("read_only", py.Bool(o.ReadOnly))
	if o.Grains != nil {
		p.SetStr("grains", o.Grains)
	}
	if o.Opts != nil {
		p.SetStr("opts", o.Opts)
	}
	defer s.answerWith(o.Remote)()
	a, err := s.conn.Call(ctx, "call", p)
	if err != nil {
		return Return{}, s.explain(err)
	}
	d, ok := a.Value.(*py.Dict)
	if !ok {
		return Return{}, fmt.Errorf("%s: the shim gave no return", fun)
	}
	r := Return{Value: py.OrNone(d.Lookup("return"))}
	if code, has := d.GetStr("retcode"); has {
		r.Retcode, r.HasRetcode = 0, true
		r.Retcode, _ = py.AsInt(code)
	}
	return r, nil
}

// answerWith has r answer until the returned function is called. Calls of one
// session are for one host; what a call's answer calls itself is over first.
func (s *Session) answerWith(r modules.Caller) (end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.remote
	s.remote = r
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.remote = before
	}
}

// explain says why the session ended when that is why a call failed.
func (s *Session) explain(err error) error {
	if !errors.Is(err, wire.ErrClosed) {
		return err
	}
	select {
	case <-s.done:
	case <-time.After(5 * time.Second):
	}
	cause := s.err
	if cause == nil {
		cause = errors.New("it ended on its own")
	}
	return fmt.Errorf("the shim is gone: %w", cause)
}

// Run runs a bundle. A host that another controller holds gives a *BusyError.
func (s *Session) Run(ctx context.Context, b *low.Bundle, o RunOptions) (low.Summary, error) {
	s.mu.Lock()
	s.run, s.cache = &o, map[low.SourceID]*Source{}
	s.mu.Unlock()
	d := wire.EncodeBundle(b)
	d.SetStr("controller", py.Str(s.opts.Controller))
	p, err := s.conn.Go("run", d)
	if err != nil {
		return low.Summary{}, s.explain(err)
	}
	finished := make(chan struct{})
	defer close(finished)
	if o.Stop != nil {
		go func() {
			select {
			case <-o.Stop:
				_ = p.Stop() // a broken connection shows in Wait
			case <-finished:
			}
		}()
	}
	a, err := p.Wait(ctx)
	if err != nil {
		var re *wire.RemoteError
		if errors.As(err, &re) && re.Class == "busy" {
			return low.Summary{}, &BusyError{Msg: re.Msg}
		}
		return low.Summary{}, s.explain(err)
	}
	r, ok := a.Value.(*py.Dict)
	if !ok {
		return low.Summary{}, errors.New("the shim gave no summary")
	}
	num := func(k string) int { n, _ := py.AsInt(py.OrNone(r.Lookup(k))); return int(n) }
	return low.Summary{States: num("states"), Failed: num("failed"), Changed: num("changed"), WouldChange: num("would_change"),
		NotRun: num("not_run"), Cancelled: r.Lookup("cancelled") == py.Value(py.True)}, nil
}

// BusyError says that another run holds the host.
type BusyError struct{ Msg string }

// Error implements error.
func (e *BusyError) Error() string { return e.Msg }

// Close says goodbye and waits for the remote process to end, at most until
// ctx ends; then it is killed.
func (s *Session) Close(ctx context.Context) error {
	_ = s.conn.SendBye(py.NewDict()) // a connection that is gone needs no goodbye
	_ = s.proc.Stdin().Close()
	select {
	case <-s.done:
		return s.err
	case <-ctx.Done():
		_ = s.proc.Kill()
		<-s.done
		return context.Cause(ctx)
	}
}

// event takes what happens during a run.
func (s *Session) event(name string, d *py.Dict) {
	s.mu.Lock()
	run := s.run
	s.mu.Unlock()
	if run == nil || d == nil {
		return
	}
	switch name {
	case "result":
		if data, ok := d.Lookup("data").(*py.Dict); ok && run.Each != nil {
			run.Each(low.Result{Tag: d.String("tag"), Data: data, Event: d.String("event")})
		}
	case "start":
		if run.Starting != nil {
			n, _ := py.AsInt(py.OrNone(d.Lookup("n")))
			total, _ := py.AsInt(py.OrNone(d.Lookup("total")))
			run.Starting(int(n), int(total), d.String("id"), d.String("fun"), d.String("name"))
		}
	}
}

// handle answers the shim's requests. Whatever it names must be granted: its
// sources by number, and functions that need no host.
func (s *Session) handle(ctx context.Context, in *wire.Incoming) (wire.Answer, error) {
	switch in.Method {
	case "helper.stat", "helper.read":
		return s.helper(in.Method, in.Params)
	}
	s.mu.Lock()
	run, remote := s.run, s.remote
	s.mu.Unlock()
	if run != nil {
		remote = run.Remote
	}
	if in.Method == "call" && remote != nil {
		fun, args := wire.DecodeArgs(in.Params)
		v, err := remote.Call(ctx, fun, args)
		return wire.Answer{Value: v}, err
	}
	if run == nil {
		return wire.Answer{}, &wire.RemoteError{Class: "method", Msg: in.Method + ": no run is on"}
	}
	num := func(k string) int64 { n, _ := py.AsInt(py.OrNone(in.Params.Lookup(k))); return n }
	n := low.SourceID(num("n"))
	switch in.Method {
	case "source.stat":
		return s.stat(ctx, run, n, in.Params)
	case "source.read":
		return s.read(ctx, run, n, num("off"), num("len"))
	case "source.list":
		return list(ctx, run, n)
	case "source.upload":
		return s.upload(ctx, run, n, in.Params.String("path"))
	}
	return wire.Answer{}, &wire.RemoteError{Class: "method", Msg: "unknown method " + in.Method}
}
