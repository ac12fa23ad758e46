package shim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/modules/file"
	testmod "pinch/modules/test"
	"pinch/shim/server"
	"pinch/states/low"
)

type farArgs struct {
	Name   string         `arg:"name,required"`
	Source modules.Source `arg:"source"`
	Fail   string         `arg:"fail"`
}

// farPlan is a state that uses everything a call gives it.
func farPlan(ctx context.Context, c *modules.Call, a *farArgs) (modules.Plan, error) {
	echo, err := c.Funcs.Call(ctx, "test.echo", py.NewArgs(py.Str("here")))
	if err != nil {
		return modules.Plan{}, err
	}
	asked, err := c.Remote.Call(ctx, "config.get", py.NewArgs(py.Str("k")))
	if err != nil {
		return modules.Plan{}, err
	}
	info, err := c.Sources.Stat(ctx, "salt://f", "")
	if err != nil {
		return modules.Plan{}, err
	}
	before := ""
	if r := c.Result("test_|-a_|-a_|-succeed_with_changes"); r != nil {
		before = r.String("comment")
	}
	found := fmt.Sprintf("%s %s %d [%s] %s %v %d", py.ToStr(echo), py.ToStr(asked), info.Size, before, c.Getenv("HOME"), c.InRun, c.RunNum)
	switch a.Fail {
	case "salt":
		return modules.Plan{}, modules.CommandExecutionError(found)
	case "panic":
		panic(found)
	}
	return modules.Would(found, py.DictOf("new", py.Str(a.Name)), func(ctx context.Context, w host.Writer) (modules.Done, error) {
		done, err := c.State(ctx, w, "file.managed", py.DictOf("name", py.Str(a.Name), "contents", py.Str(found)))
		done.Warnings = append(done.Warnings, "far")
		return done, err
	}), nil
}

func farFuncs() []*modules.Func {
	return []*modules.Func{
		modules.State[farArgs]{Name: "far.present", Check: farPlan, Watch: func(_ context.Context, _ *modules.Call, a *farArgs) (modules.Plan, error) {
			return modules.InOrder("watched " + a.Name), nil
		}}.Func(),
		modules.State[farArgs]{Name: "far.absent", Check: farPlan, Virtual: func(*modules.Call) (bool, string) { return false, "no far here" }}.Func(),
		modules.Query[farArgs]{Name: "far.get", Run: func(_ context.Context, c *modules.Call, a *farArgs) (py.Value, error) {
			n, err := modules.Remember(c.Memo, "far/get", func() (int, error) { asked.Add(1); return int(asked.Load()), nil })
			c.Memo.Put(modules.RetcodeKey, int64(3))
			return py.NewList(py.Str(a.Name), py.Int(n), c.Opts.Lookup("o"), c.Grains.Lookup("g")), err
		}}.Func(),
		modules.Action[farArgs]{Name: "far.set", Run: func(_ context.Context, _ *modules.Call, w host.Writer, a *farArgs) (py.Value, error) {
			return py.True, w.Mkdir(a.Name, 0o755)
		}}.Func(),
	}
}

var asked atomic.Int64

// farther starts the child in this process; it fails as often as told.
func farther(h host.Host, fail int) *server.MoreFuncs {
	return &server.MoreFuncs{States: []string{"far"}, Execs: []string{"far"}, Start: func(context.Context) (io.Reader, io.Writer, func(), error) {
		if fail--; fail >= 0 {
			return nil, nil, nil, errors.New("no way there")
		}
		in, toChild := io.Pipe()
		out, fromChild := io.Pipe()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			err := server.ServeMore(in, fromChild, server.Options{Registry: modules.New(farFuncs()), Host: h, NoBlobs: true})
			fromChild.CloseWithError(err)
		}()
		return out, toChild, func() { toChild.Close(); <-ended }, nil
	}}
}

func openFar(t *testing.T, fail int) *pair {
	t.Helper()
	t.Setenv("PINCH_LOCK_DIR", t.TempDir())
	p := &pair{host: host.NewFake(map[string]string{"/srv/": ""}), served: make(chan error, 1)}
	p.host.Env = map[string]string{"HOME": "/root"}
	p.start(t, -1, server.Options{Registry: modules.New(testmod.Funcs(), file.Funcs()), Host: p.host, Build: "x", More: farther(p.host, fail)}, &Options{Controller: "me@here"})
	t.Cleanup(func() {
		if err := p.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-p.served; err != nil {
			t.Error(err)
		}
	})
	return p
}

func farBundle(fun, arg, value string) *low.Bundle {
	chunk := func(n int, state, fun, id string, kv ...any) low.Chunk {
		d := py.DictOf("state", py.Str(state), "fun", py.Str(fun), "__id__", py.Str(id), "name", py.Str(id), "order", py.Int(10000+n), "__sls__", py.Str("s"), "__env__", py.Str("base"))
		d.Update(py.DictOf(kv...))
		return low.Chunk{Data: d}
	}
	far := chunk(1, "far", fun, "/srv/far", "source", py.Str("salt://f"))
	if arg != "" {
		far.Data.SetStr(arg, py.Str(value))
	}
	far.Sources = map[string]low.SourceID{"salt://f": 1}
	return &low.Bundle{JID: "1", Host: "h", Opts: py.NewDict(), Grains: py.NewDict(), Chunks: []low.Chunk{
		chunk(0, "test", "succeed_with_changes", "a"), far, chunk(2, "far", "nothing", "none"),
	}}
}

// confRemote answers config.get.
type confRemote struct{}

func (confRemote) Call(_ context.Context, fun string, _ *py.Args) (py.Value, error) {
	return py.Str("asked " + fun), nil
}

func runFar(t *testing.T, p *pair, b *low.Bundle) map[string]low.Result {
	t.Helper()
	got := map[string]low.Result{}
	_, err := p.Run(context.Background(), b, RunOptions{Sources: textSources{"12345"}, Remote: confRemote{}, Each: func(r low.Result) {
		got[strings.Split(r.Tag, "_|-")[1]] = r
	}})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestMoreState: a state function of the further program sees what one of the
// shim does, and its results are the same.
func TestMoreState(t *testing.T) {
	const found = "here asked config.get 5 [Success!] /root true 1"
	for _, c := range []struct {
		name, fun, arg, value string
		test                  bool
		result                low.Tri
		comment, file         string
	}{
		{name: "test mode", fun: "present", test: true, result: low.None, comment: found},
		{name: "apply", fun: "present", result: low.True, comment: "File /srv/far updated", file: found + "\n"},
		{name: "exception", fun: "present", arg: "fail", value: "salt", result: low.False,
			comment: "An exception occurred in this state: salt.exceptions.CommandExecutionError: " + found},
		{name: "panic", fun: "present", arg: "fail", value: "panic", result: low.False, comment: "An exception occurred in this state: check: panic: " + found},
		{name: "unknown argument", fun: "present", arg: "nonsense", value: "1", result: low.False, comment: "nonsense"},
		{name: "virtual", fun: "absent", result: low.False, comment: "Reason: 'far' __virtual__ returned False: no far here"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := openFar(t, 0)
			b := farBundle(c.fun, c.arg, c.value)
			if b.Test = c.test; c.test {
				b.Chunks[0].Data.SetStr("fun", py.Str("succeed_without_changes"))
				b.Chunks[0].Data.SetStr("__id__", py.Str("a"))
			}
			got := runFar(t, p, b)
			r := got["/srv/far"]
			want := c.comment
			if c.test {
				want = strings.Replace(want, "[Success!]", "[]", 1)
			}
			if r.Result() != c.result || !strings.Contains(r.Comment(), want) {
				t.Errorf("result %v, comment %q, want %v, %q", r.Result(), r.Comment(), c.result, want)
			}
			if text, _ := p.host.ReadFile("/srv/far"); string(text) != c.file {
				t.Errorf("the file holds %q, want %q", text, c.file)
			}
			if none := got["none"]; !strings.Contains(none.Comment(), "'far.nothing' is not available") {
				t.Errorf("a function that is not there: %q", none.Comment())
			}
		})
	}
}

// TestMoreCall: execution functions, their exit status, what is remembered
// within a run and forgotten with the next, and the refusal to write.
func TestMoreCall(t *testing.T) {
	p := openFar(t, 0)
	ctx := context.Background()
	o := CallOptions{Host: "h", Opts: py.DictOf("o", py.Int(1)), Grains: py.DictOf("g", py.Int(2)), ReadOnly: true}
	asked.Store(0)
	for i, want := range []string{"['a', 1, 1, 2]", "['a', 1, 1, 2]", "['a', 2, 1, 2]"} {
		if i == 2 {
			runFar(t, p, farBundle("present", "", ""))
		}
		r, err := p.Call(ctx, "far.get", py.NewArgs(py.Str("a")), o)
		if err != nil || py.Repr(r.Value) != want || r.Retcode != 3 {
			t.Errorf("call %d: %s, status %d, %v; want %s", i, py.Repr(r.Value), r.Retcode, err, want)
		}
	}
	if _, err := p.Call(ctx, "far.set", py.NewArgs(py.Str("/srv/new")), o); err == nil || !strings.Contains(err.Error(), "only reading is allowed") {
		t.Errorf("a writing function: %v", err)
	}
	o.ReadOnly = false
	if _, err := p.Call(ctx, "far.set", py.NewArgs(py.Str("/srv/new")), o); err != nil {
		t.Error(err)
	}
	if _, err := p.host.Stat("/srv/new"); err != nil {
		t.Error(err)
	}
	if _, err := p.Call(ctx, "far.set", py.NewArgs(), o); err == nil || !strings.Contains(err.Error(), "far.set") {
		t.Errorf("an argument is missing: %v", err)
	}
	if _, err := p.Call(ctx, "far.none", py.NewArgs(), o); err == nil || !strings.Contains(err.Error(), "'far.none' is not available") {
		t.Errorf("a function that is not there: %v", err)
	}
}

// TestMoreAway: when the program cannot be had the function says so, and the
// next call tries again.
func TestMoreAway(t *testing.T) {
	p := openFar(t, 2) // a call looks its function up twice
	o := CallOptions{Host: "h"}
	if _, err := p.Call(context.Background(), "far.get", py.NewArgs(py.Str("a")), o); err == nil || !strings.Contains(err.Error(), "no way there") {
		t.Errorf("without the program: %v", err)
	}
	if _, err := p.Call(context.Background(), "far.get", py.NewArgs(py.Str("a")), o); err != nil {
		t.Error(err)
	}
}
