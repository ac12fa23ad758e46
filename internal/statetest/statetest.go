// Package statetest runs declared functions on a host in memory, for the tests
// of modules whose programs no test machine has.
package statetest

import (
	"context"
	"io"
	"strings"
	"testing"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/saltyaml"
	"pinch/modules"
	"pinch/states/low"
)

// Host is a host in memory with the functions of a module.
type Host struct {
	*host.Fake
	Grains *py.Dict
	// Call answers functions of other modules; nil: there are none.
	Call func(fun string, args *py.Args) (py.Value, error)

	t    *testing.T
	reg  *modules.Registry
	memo *modules.Memo
}

// New returns a host with functions and files. answer is asked what a command
// puts out; ok false is a program that is not there.
func New(t *testing.T, funcs []*modules.Func, files map[string]string, answer func(argv string) (out host.Output, ok bool)) *Host {
	h := &Host{Fake: host.NewFake(files), Grains: py.DictOf("kernel", py.Str("Linux"), "os", py.Str("Debian"), "os_family", py.Str("Debian")),
		t: t, reg: modules.New(funcs)}
	h.OnRun = func(cmd host.Cmd) (host.Output, bool, error) {
		out, ok := answer(strings.TrimPrefix(strings.Join(cmd.Argv, " "), merging))
		return out, ok, nil
	}
	return h
}

// merging is what stands before a command whose streams are put together.
const merging = `/bin/sh -c exec "$@" 2>&1 sh `

// Out is a command that ended well with this output.
func Out(text string) (host.Output, bool) { return host.Output{Stdout: []byte(text)}, true }

// Failed is a command that ended with a status and an error text.
func Failed(code int, text string) (host.Output, bool) {
	return host.Output{Code: code, Stderr: []byte(text)}, true
}

type caller func(fun string, args *py.Args) (py.Value, error)

func (f caller) Call(_ context.Context, fun string, args *py.Args) (py.Value, error) {
	return f(fun, args)
}

func (h *Host) call(test bool) *modules.Call {
	return &modules.Call{Reader: h.Fake, Test: test, Grains: h.Grains, Opts: py.NewDict(), Memo: h.memo, Output: io.Discard,
		Log: modules.NoLog{}, Funcs: caller(h.Call)}
}

func (h *Host) data(yaml string) *py.Dict {
	h.t.Helper()
	v, err := saltyaml.Load(yaml)
	d, ok := v.(*py.Dict)
	if err != nil || !ok {
		h.t.Fatalf("%s: %v, %v", yaml, v, err)
	}
	return d
}

// State runs a state function with arguments in YAML, each time in a run of its
// own. It returns the result, the comment and the changes, with the error in
// their place where one is raised.
func (h *Host) State(fun, yaml string, test bool) string {
	h.t.Helper()
	f := h.reg.State(fun)
	if f == nil {
		h.t.Fatalf("there is no state function %s", fun)
	}
	h.memo = modules.NewMemo()
	done, err := h.run(f, h.data(yaml), test)
	if err != nil {
		return "error: " + err.Error()
	}
	s := py.ToStr(done.Result.Value()) + " | " + done.Comment
	if d, ok := done.Changes.(*py.Dict); ok && d.Len() > 0 {
		s += " | " + py.Repr(d)
	}
	return s
}

func (h *Host) run(f *modules.Func, data *py.Dict, test bool) (modules.Done, error) {
	c := h.call(test)
	c.Chunk = &low.Chunk{Data: data}
	before := len(h.Ops)
	plan, err := f.Check(context.Background(), c, data)
	if err != nil || test || plan.Apply == nil {
		if n := len(h.Ops); n != before {
			h.t.Errorf("%s: looking changed the host: %v", f.Name, h.Ops[before:])
		}
		return plan.Would, err
	}
	return plan.Apply(context.Background(), h.Fake)
}

// Exec calls an execution function with arguments in YAML.
func (h *Host) Exec(fun, yaml string) string {
	h.t.Helper()
	f := h.reg.Exec(fun)
	if f == nil {
		h.t.Fatalf("there is no function %s", fun)
	}
	args := &py.Args{}
	for k, v := range h.data(yaml).All() {
		args.Kw = append(args.Kw, py.KwArg{Name: py.ToStr(k), Value: v})
	}
	h.memo = modules.NewMemo()
	v, err := f.Exec(context.Background(), h.call(false), h.Fake, args)
	if err != nil {
		return "error: " + err.Error()
	}
	return py.Repr(v)
}

// Ran returns the commands run to change something since the last call.
func (h *Host) Ran() string {
	var out []string
	for _, op := range h.Ops {
		out = append(out, strings.TrimPrefix(strings.TrimPrefix(op, "run "), merging))
	}
	h.Ops = nil
	return strings.Join(out, "; ")
}

// Is compares what there is with what is wanted.
func (h *Host) Is(got, want string) {
	h.t.Helper()
	if got != want {
		h.t.Errorf("got  %s\nwant %s", got, want)
	}
}
