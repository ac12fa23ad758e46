package shim

import (
	"context"
	"strings"
	"testing"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/shim/server"
)

// again answers a call by calling the host once more, as a pillar that is
// compiled for the answer may do.
type again struct{ p *pair }

func (a again) Call(ctx context.Context, fun string, _ *py.Args) (py.Value, error) {
	if _, err := a.p.Call(ctx, "ask.nothing", py.NewArgs(), CallOptions{Remote: confRemote{}}); err != nil {
		return nil, err
	}
	return py.Str("asked again for " + fun), nil
}

// A function that is called outside a run can ask the controller too; what
// nobody answers is an error.
func TestCallIsAnswered(t *testing.T) {
	type args struct{}
	ask := modules.Query[args]{Name: "ask.option", Run: func(ctx context.Context, c *modules.Call, _ *args) (py.Value, error) {
		return c.Remote.Call(ctx, "config.option", py.NewArgs(py.Str("k")))
	}}.Func()
	nothing := modules.Query[args]{Name: "ask.nothing", Run: func(context.Context, *modules.Call, *args) (py.Value, error) { return py.None, nil }}.Func()
	p := &pair{served: make(chan error, 1)}
	p.start(t, -1, server.Options{Registry: modules.New([]*modules.Func{ask, nothing}), Host: host.NewFake(nil), Build: "x"}, &Options{Controller: "me@here"})
	for _, c := range []struct {
		remote modules.Caller
		want   string
	}{{confRemote{}, "asked config.option"}, {again{p}, "asked again for config.option"}, {nil, ""}} {
		r, err := p.Call(context.Background(), "ask.option", py.NewArgs(), CallOptions{Remote: c.remote})
		if c.want == "" {
			if err == nil || !strings.Contains(err.Error(), "no run is on") {
				t.Errorf("nobody answers: %v, %v", r.Value, err)
			}
		} else if err != nil || py.ToStr(r.Value) != c.want {
			t.Errorf("%v, %v; want %s", r.Value, err, c.want)
		}
	}
	if err := p.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if err := <-p.served; err != nil {
		t.Error(err)
	}
}
