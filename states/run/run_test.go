package run

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/saltyaml"
	"pinch/modules"
	"pinch/states/low"
)

type anyArgs struct {
	Name  string   `arg:"name,required" doc:"x"`
	Extra *py.Dict `arg:"**"`
}

// registry has states that tell what they were asked to do by their name.
func registry(log *[]string) *modules.Registry {
	note := func(s string) { *log = append(*log, s) }
	state := func(name string, result low.Tri, changes bool, watch bool) *modules.Func {
		s := modules.State[anyArgs]{Name: name, Check: func(_ context.Context, c *modules.Call, a *anyArgs) (modules.Plan, error) {
			d := modules.Done{Result: result, Comment: name}
			if changes {
				d.Changes = py.DictOf("new", py.Str(a.Name))
			}
			return modules.Plan{Would: modules.Done{Result: low.None, Comment: "would", Changes: d.Changes}, Apply: func(context.Context, host.Writer) (modules.Done, error) {
				note(a.Name)
				return d, nil
			}}, nil
		}}
		if watch {
			s.Watch = func(_ context.Context, _ *modules.Call, a *anyArgs) (modules.Plan, error) {
				return modules.Plan{Apply: func(context.Context, host.Writer) (modules.Done, error) {
					note("watch " + a.Name)
					return modules.OK("watched", py.DictOf("restarted", py.True)), nil
				}}, nil
			}
		}
		return s.Func()
	}
	boom := modules.State[anyArgs]{Name: "t.panic", Check: func(context.Context, *modules.Call, *anyArgs) (modules.Plan, error) { panic("oh no") }}.Func()
	raise := modules.State[anyArgs]{Name: "t.raise", Check: func(context.Context, *modules.Call, *anyArgs) (modules.Plan, error) {
		return modules.Plan{}, modules.CommandExecutionError("it broke")
	}}.Func()
	retcode := modules.Query[struct {
		Cmd   string   `arg:"cmd" doc:"x"`
		Extra *py.Dict `arg:"**"`
	}]{Name: "cmd.retcode", Run: func(_ context.Context, _ *modules.Call, a *struct {
		Cmd   string   `arg:"cmd" doc:"x"`
		Extra *py.Dict `arg:"**"`
	}) (py.Value, error) {
		if a.Cmd == "true" {
			return py.Int(0), nil
		}
		return py.Int(1), nil
	}}.Func()
	return modules.New([]*modules.Func{
		state("t.ok", low.True, false, true), state("t.change", low.True, true, true), state("t.fail", low.False, false, false),
		state("t.plain", low.True, false, false), boom, raise, retcode,
	})
}

// chunks reads low chunks: a list of mappings; __id__ and name default to id.
func chunks(t *testing.T, text string) []low.Chunk {
	t.Helper()
	v, err := saltyaml.Load(text)
	if err != nil {
		t.Fatal(err)
	}
	var out []low.Chunk
	for i, it := range v.(*py.List).Items {
		d := it.(*py.Dict)
		state, fun, _ := strings.Cut(d.String("f"), ".")
		id := d.Lookup("id")
		d.DeleteStr("f")
		d.DeleteStr("id")
		d.SetStr("state", py.Str(state))
		d.SetStr("fun", py.Str(fun))
		d.SetStr("__id__", id)
		if !d.Has("name") {
			d.SetStr("name", id)
		}
		d.SetStr("__sls__", py.Str("s"))
		d.SetStr("order", py.Int(10000+i))
		out = append(out, low.Chunk{Data: d})
	}
	return out
}

func runChunks(t *testing.T, text string, change func(*Options)) (map[string]low.Result, []string, low.Summary) {
	t.Helper()
	var log []string
	got := map[string]low.Result{}
	o := Options{
		Bundle: &low.Bundle{Chunks: chunks(t, text), Opts: py.NewDict(), Grains: py.NewDict()}, Registry: registry(&log), Host: host.NewLocal(nil),
		Each:  func(r low.Result) error { got[py.ToStr(r.Data.Lookup("name"))] = r; return nil },
		Sleep: func(context.Context, time.Duration) error { return nil },
	}
	if change != nil {
		change(&o)
	}
	sum, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return got, log, sum
}

func TestRequisites(t *testing.T) {
	for _, c := range []struct {
		name, chunks string
		want         map[string]string // name: result comment
		log          string
	}{
		{"require ok", "[{f: t.plain, id: a}, {f: t.plain, id: b, require: [{t: a}]}]", map[string]string{"b": "True t.plain"}, "a b"},
		{"require failed", "[{f: t.fail, id: a}, {f: t.plain, id: b, require: [{t: a}]}]", map[string]string{"b": "False One or more requisite failed: s.a"}, "a"},
		{"require_any", "[{f: t.fail, id: a}, {f: t.plain, id: c}, {f: t.plain, id: b, require_any: [{t: a}, {t: c}]}]", map[string]string{"b": "True t.plain"}, "a c b"},
		{"onchanges none", "[{f: t.plain, id: a}, {f: t.plain, id: b, onchanges: [{t: a}]}]", map[string]string{"b": "True State was not run because none of the onchanges reqs changed"}, "a"},
		{"onchanges", "[{f: t.change, id: a}, {f: t.plain, id: b, onchanges: [{t: a}]}]", map[string]string{"b": "True t.plain"}, "a b"},
		{"onfail not", "[{f: t.plain, id: a}, {f: t.plain, id: b, onfail: [{t: a}]}]", map[string]string{"b": "True State was not run because onfail req did not change"}, "a"},
		{"onfail", "[{f: t.fail, id: a}, {f: t.plain, id: b, onfail: [{t: a}]}]", map[string]string{"b": "True t.plain"}, "a b"},
		{"watch", "[{f: t.change, id: a}, {f: t.ok, id: b, watch: [{t: a}]}]", map[string]string{"b": "True watched"}, "a b watch b"},
		{"watch own changes", "[{f: t.change, id: a}, {f: t.change, id: b, watch: [{t: a}]}]", map[string]string{"b": "True t.change"}, "a b"},
		{"listen", "[{f: t.ok, id: b, listen: [{t: a}]}, {f: t.change, id: a}]", map[string]string{"b": "True watched"}, "b a watch b"},
		{"prereq", "[{f: t.plain, id: b, prereq: [{t: a}]}, {f: t.change, id: a}]", map[string]string{"b": "True t.plain", "a": "True t.change"}, "b a"},
		{"out of order", "[{f: t.plain, id: b, require: [{t: a}]}, {f: t.plain, id: a}]", map[string]string{"b": "True t.plain"}, "a b"},
		{"unless", "[{f: t.plain, id: a, unless: 'true'}]", map[string]string{"a": "True unless condition is true"}, ""},
		{"onlyif", "[{f: t.plain, id: a, onlyif: 'false'}]", map[string]string{"a": "True onlyif condition is false"}, ""},
		{"check_cmd", "[{f: t.fail, id: a, check_cmd: 'true'}]", map[string]string{"a": "True check_cmd determined the state succeeded"}, "a"},
		{"panic", "[{f: t.panic, id: a}, {f: t.plain, id: b}]", map[string]string{"a": "False An exception occurred in this state: panic: oh no", "b": "True t.plain"}, "b"},
		{"raise", "[{f: t.raise, id: a}]", map[string]string{"a": "False An exception occurred in this state: salt.exceptions.CommandExecutionError: it broke"}, ""},
		{"unknown", "[{f: t.nothing, id: a}]", map[string]string{"a": "False State 't.nothing' was not found in SLS 's'\nReason: 't.nothing' is not available.\n"}, ""},
		{"retry", "[{f: t.fail, id: a, retry: {attempts: 3}}]", map[string]string{"a": "False Attempt 1: Returned a result of \"False\", with the following comment: \"t.fail\"\nAttempt 2: Returned a result of \"False\", with the following comment: \"t.fail\"\nt.fail"}, "a a a"},
		{"parallel", "[{f: t.plain, id: a, parallel: True}, {f: t.plain, id: b, require: [{t: a}]}]", map[string]string{"a": "True t.plain", "b": "True t.plain"}, "a b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, log, _ := runChunks(t, c.chunks, nil)
			for name, want := range c.want {
				r, ok := got[name]
				if !ok {
					t.Errorf("%s has no result", name)
					continue
				}
				if have := py.ToStr(r.Data.Lookup("result")) + " " + r.Comment(); have != want {
					t.Errorf("%s:\ngot  %s\nwant %s", name, have, want)
				}
			}
			if have := strings.Join(log, " "); have != c.log {
				t.Errorf("ran %q, want %q", have, c.log)
			}
		})
	}
}

func TestTestModeAppliesNothing(t *testing.T) {
	got, log, sum := runChunks(t, "[{f: t.change, id: a}, {f: t.ok, id: b, watch: [{t: a}]}]", func(o *Options) { o.Bundle.Test = true })
	if len(log) > 0 {
		t.Errorf("test mode ran %v", log)
	}
	if got["a"].Result() != low.None || sum.WouldChange == 0 {
		t.Errorf("got %v, %+v", got["a"].Data, sum)
	}
}

func TestReadOnlyRefuses(t *testing.T) {
	got, log, _ := runChunks(t, "[{f: t.change, id: a}]", func(o *Options) { o.Bundle.ReadOnly = true })
	if len(log) > 0 || got["a"].Result() != low.False || !strings.Contains(got["a"].Comment(), "read-only") {
		t.Errorf("ran %v, got %v", log, got["a"].Data)
	}
}

func TestFailhard(t *testing.T) {
	got, log, _ := runChunks(t, "[{f: t.fail, id: a, failhard: True}, {f: t.plain, id: b}]", nil)
	if _, ran := got["b"]; ran || strings.Join(log, " ") != "a" {
		t.Errorf("after a hard failure: ran %v", log)
	}
}

func TestStopLeavesOutTheRest(t *testing.T) {
	stop := make(chan struct{})
	got, log, sum := runChunks(t, "[{f: t.plain, id: a}, {f: t.plain, id: b}, {f: t.plain, id: c}]", func(o *Options) {
		o.Stop = stop
		each := o.Each
		o.Each = func(r low.Result) error {
			if r.Data.String("name") == "a" {
				close(stop)
			}
			return each(r)
		}
	})
	if strings.Join(log, " ") != "a" || sum.NotRun != 2 || !sum.Cancelled {
		t.Errorf("ran %v, %+v", log, sum)
	}
	for _, n := range []string{"b", "c"} {
		if r := got[n]; r.Data == nil || r.Result() == low.True || r.Data.Lookup("__state_ran__") != py.Value(py.False) {
			t.Errorf("%s is reported as %v", n, r.Data)
		}
	}
}

func TestGoneControllerEndsTheRun(t *testing.T) {
	gone := errors.New("gone")
	var log []string
	_, err := Run(context.Background(), Options{
		Bundle:   &low.Bundle{Chunks: chunks(t, "[{f: t.plain, id: a}, {f: t.plain, id: b}]"), Opts: py.NewDict(), Grains: py.NewDict()},
		Registry: registry(&log), Host: host.NewLocal(nil), Each: func(low.Result) error { return gone },
	})
	if !errors.Is(err, gone) || len(log) != 1 {
		t.Errorf("got %v after %v", err, log)
	}
}

func TestSlots(t *testing.T) {
	fun, args, rest, ok := parseCall(`test.arg('a b', "c,d", e=f, g=[1, 2]).x.y ~ /tail`)
	if !ok || fun != "test.arg" || len(args.Pos) != 2 || py.ToStr(args.Pos[1]) != "c,d" || len(args.Kw) != 2 || rest != ".x.y ~ /tail" {
		t.Errorf("got %v %v %q %v", fun, args, rest, ok)
	}
	if _, _, _, ok := parseCall("broken("); ok {
		t.Error("an open parenthesis was accepted")
	}
}

// A state with fire_event has an event beside its result, tagged as Salt's are.
func TestFireEvent(t *testing.T) {
	got, _, _ := runChunks(t, "[{f: t.plain, id: a, fire_event: True}, {f: t.change, id: b, fire_event: my/done}, {f: t.plain, id: c, fire_event: False}, {f: t.plain, id: d}]",
		func(o *Options) { o.Bundle.JID, o.Bundle.Host = "20260101000000000000", "h1" })
	for name, want := range map[string]string{"a": "salt/state_result/20260101000000000000/h1/a", "b": "salt/state_result/20260101000000000000/h1/my/done", "c": "", "d": ""} {
		if got[name].Event != want {
			t.Errorf("%s: event %q, want %q", name, got[name].Event, want)
		}
	}
}
