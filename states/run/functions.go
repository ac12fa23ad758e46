package run

import (
	"context"
	"fmt"
	"io"
	"strings"

	"pinch/internal/fetch"
	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// Functions calls execution functions on the host: for conditions, slots,
// module.run, calls of the controller and calls between functions. It is
// Salt's __salt__ on the host.
type Functions struct {
	registry *modules.Registry
	host     host.Host
	remote   modules.Caller
	fetcher  fetch.Fetcher
	memo     *modules.Memo
	grains   *py.Dict
	opts     *py.Dict
	test     bool
	readOnly bool
	inRun    bool
	output   io.Writer
	log      modules.Logger
}

// NewFunctions returns the functions of a run. Of the options it uses Bundle,
// Registry, Host, Remote, Fetch, Memo, InRun, Output and Log.
func NewFunctions(o Options, opts *py.Dict) *Functions {
	f := &Functions{
		registry: o.Registry, host: o.Host, remote: o.Remote, fetcher: o.Fetch, memo: o.Memo, grains: o.Bundle.Grains,
		opts: opts, test: o.Bundle.Test, readOnly: o.Bundle.ReadOnly, inRun: o.InRun, output: o.Output, log: o.Log,
	}
	if f.fetcher == nil {
		f.fetcher = fetch.None{}
	}
	if f.memo == nil {
		f.memo = modules.NewMemo()
	}
	if f.output == nil {
		f.output = io.Discard
	}
	if f.log == nil {
		f.log = modules.NoLog{}
	}
	if f.grains == nil {
		f.grains = py.NewDict()
	}
	return f
}

// Call implements modules.Caller. A function that is not the host's own is
// asked of the controller.
func (f *Functions) Call(ctx context.Context, fun string, args *py.Args) (py.Value, error) {
	fn := f.registry.Exec(fun)
	if fn == nil {
		if f.remote != nil {
			return f.remote.Call(ctx, fun, args)
		}
		return nil, py.KeyError(py.Str(fun))
	}
	call := f.NewCall(nil, nil)
	if ok, reason := fn.Virtual(call); !ok {
		msg := fmt.Sprintf("'%s' __virtual__ returned False", fn.Module())
		if reason != "" {
			msg += ": " + reason
		}
		return nil, &py.Error{Class: "KeyError", Msg: msg}
	}
	w := f.host
	if f.readOnly {
		w = nil
	}
	return fn.Exec(ctx, call, w, args)
}

// Find implements modules.Finder.
func (f *Functions) Find(fun string) *modules.Func { return f.registry.Exec(fun) }

// NewCall returns what a function may use: one of the chunk c, or with nil an
// execution function.
func (f *Functions) NewCall(c *low.Chunk, sources func(*low.Chunk) modules.Sources) *modules.Call {
	call := &modules.Call{
		Reader: f.host, Test: f.test, Chunk: c, Grains: f.grains, Opts: f.opts,
		Remote: f.remote, Fetch: f.fetcher, InRun: f.inRun, Funcs: f,
		Memo: f.memo, Output: f.output, Log: f.log,
	}
	if c != nil && sources != nil {
		call.Sources, call.SourcesOf = sources(c), sources
		call.State = func(ctx context.Context, w host.Writer, fun string, data *py.Dict) (modules.Done, error) {
			return f.state(ctx, call, w, fun, data)
		}
	}
	return call
}

// state runs a state function for another one, whose call is outer.
func (f *Functions) state(ctx context.Context, outer *modules.Call, w host.Writer, fun string, data *py.Dict) (modules.Done, error) {
	fn := f.registry.State(fun)
	if fn == nil {
		return modules.Done{}, py.KeyError(py.Str(fun))
	}
	name, base, _ := strings.Cut(fun, ".")
	inner := *outer
	inner.Chunk = &low.Chunk{Data: outer.Chunk.Data.Copy(), Pos: outer.Chunk.Pos, Sources: outer.Chunk.Sources, Large: outer.Chunk.Large}
	inner.Chunk.Data.SetStr("state", py.Str(name))
	inner.Chunk.Data.SetStr("fun", py.Str(base))
	inner.Chunk.Data.SetStr("name", data.Lookup("name"))
	if ok, reason := fn.Virtual(&inner); !ok {
		return modules.Done{}, &py.Error{Class: "KeyError", Msg: reason}
	}
	plan, err := fn.Check(ctx, &inner, data)
	if err != nil || plan.Apply == nil || inner.Test || w == nil {
		return plan.Would, err
	}
	return plan.Apply(ctx, w)
}
