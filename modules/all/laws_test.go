package all_test

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/saltyaml"
	"pinch/modules"
	"pinch/modules/all"
	"pinch/states/low"
	"pinch/states/run"
)

// The laws that every state function keeps, tried on the examples of its
// documentation on a host in memory:
//
//   - an example binds to the function's arguments and raises nothing,
//   - test mode changes nothing and runs no command that may,
//   - a state that reports changes and is applied again reports none, and test
//     mode then announces none,
//   - what test mode announces, result None, is what a run then does: changes.
func TestLaws(t *testing.T) {
	reg := all.Registry()
	fence := regexp.MustCompile("(?s)```yaml\n(.*?)```")
	for _, f := range reg.All() {
		if f.Kind != modules.StateKind {
			continue
		}
		for _, e := range fence.FindAllStringSubmatch(f.Doc, -1) {
			t.Run(f.Name, func(t *testing.T) { checkLaws(t, reg, e[1]) })
		}
	}
}

// always are functions that act each time that they are called.
var always = map[string]string{
	"mount.fstab_absent": "in test mode Salt's result is None even when there is nothing to do",
	"cmd.run":            "runs its command", "cmd.script": "runs its script", "cmd.call": "calls its function",
	"module.run": "calls its functions", "event.send": "sends its event", "event.fire_master": "sends its event",
	"test.succeed_with_changes": "pretends", "test.fail_with_changes": "pretends", "test.configurable_test_state": "pretends",
	"file.touch": "sets the times", "grains.present": nextRun, "grains.list_present": nextRun, "grains.append": nextRun,
}

const nextRun = "changes the grains of the next run"

// tests are what a function runs in test mode too, as Salt does.
var tests = map[string]string{
	"pkg.uptodate": "run apt-get -q update", // refresh is True by default
}

func checkLaws(t *testing.T, reg *modules.Registry, example string) {
	chunks := exampleChunks(t, example)
	for i := range chunks {
		c := &chunks[i]
		f := reg.State(c.FullName())
		if f == nil {
			t.Fatalf("the example uses %s, which does not exist", c.FullName())
		}
		if err := f.CheckArgs(c.Data); err != nil {
			t.Fatalf("the example does not bind: %v\n%s", err, example)
		}
	}
	h := host.NewFake(map[string]string{"/etc/passwd": "root:x:0:0:root:/root:/bin/sh\n", "/etc/group": "root:x:0:\n", "/etc/shadow": "root:*:1:::::\n", "/etc/hosts": "127.0.0.1 localhost\n", "/run/": "", "/var/": "", "/srv/": "", "/opt/": ""})
	first := runExample(t, reg, h, chunks, true)
	if ops := strings.Join(h.Ops, "; "); ops != tests[chunks[0].FullName()] {
		t.Errorf("test mode changed the host: %s", ops)
	}
	for tag, r := range first {
		if strings.HasPrefix(r.Comment(), "An exception occurred in this state: panic") {
			t.Errorf("%s: %s", tag, r.Comment())
		}
	}
	applied := runExample(t, reg, h, chunks, false)
	for tag, r := range applied {
		if strings.HasPrefix(r.Comment(), "An exception occurred in this state: panic") {
			t.Errorf("%s: %s", tag, r.Comment())
		}
		if first[tag].Result() == low.True && !first[tag].Changed() && r.Changed() && always[funOf(tag)] == "" {
			t.Errorf("%s: test mode announced nothing and the run changed %s", tag, py.Repr(r.Data.Lookup("changes")))
		}
	}
	h.Ops = nil
	again := runExample(t, reg, h, chunks, false)
	for tag, r := range again {
		if applied[tag].Result() != low.True || always[funOf(tag)] != "" {
			continue // it could not be applied here
		}
		if r.Changed() || r.Result() != low.True {
			t.Errorf("%s: applied again: result %s, changes %s, %s", tag, py.Repr(r.Data.Lookup("result")), py.Repr(r.Data.Lookup("changes")), r.Comment())
		}
	}
	h.Ops = nil
	for tag, r := range runExample(t, reg, h, chunks, true) {
		if applied[tag].Result() == low.True && always[funOf(tag)] == "" && (r.Changed() || r.Result() != low.True) {
			t.Errorf("%s: once applied, test mode announces %s: %s", tag, py.Repr(r.Data.Lookup("changes")), r.Comment())
		}
	}
	if ops := strings.Join(h.Ops, "; "); ops != tests[chunks[0].FullName()] {
		t.Errorf("test mode changed the host once it was applied: %s", ops)
	}
}

func funOf(tag string) string {
	parts := strings.Split(tag, "_|-")
	return parts[0] + "." + parts[len(parts)-1]
}

// exampleChunks makes the low chunks of an example: one a state, requisites left out.
func exampleChunks(t *testing.T, example string) []low.Chunk {
	t.Helper()
	v, err := saltyaml.Load(example)
	if err != nil {
		t.Fatal(err)
	}
	var out []low.Chunk
	for id, body := range v.(*py.Dict).All() {
		if s, isText := body.(py.Str); isText {
			body = py.DictOf(string(s), py.NewList())
		}
		for fun, args := range body.(*py.Dict).All() {
			state, name, _ := strings.Cut(py.ToStr(fun), ".")
			d := py.DictOf("state", py.Str(state), "name", id, "__id__", id, "__sls__", py.Str("example"), "__env__", py.Str("base"))
			if l, ok := args.(*py.List); ok {
				for _, arg := range l.Items {
					if a, ok := arg.(*py.Dict); ok {
						for k, v := range a.All() {
							if !low.IsRequisite(py.ToStr(k)) && !strings.HasSuffix(py.ToStr(k), "_in") {
								d.SetStr(py.ToStr(k), v)
							}
						}
					}
				}
			}
			d.SetStr("fun", py.Str(name))
			out = append(out, low.Chunk{Data: d})
		}
	}
	return out
}

// noSources is a tree without files.
type noSources struct{ modules.Sources }

func (noSources) Stat(_ context.Context, ref, _ string) (modules.SourceInfo, error) {
	return modules.SourceInfo{}, &modules.SourceError{Ref: ref, Missing: true, Comment: "Unable to manage file: none of the specified sources were found"}
}

func (s noSources) StatWith(ctx context.Context, ref, have string, _ *py.Dict) (modules.SourceInfo, error) {
	return s.Stat(ctx, ref, have)
}

func (s noSources) List(ctx context.Context, ref string) ([]modules.SourceInfo, error) {
	_, err := s.Stat(ctx, ref, "")
	return nil, err
}

// noRemote is a controller that answers nothing.
type noRemote struct{}

func (noRemote) Call(_ context.Context, fun string, _ *py.Args) (py.Value, error) {
	return nil, py.KeyError(py.Str(fun))
}

func runExample(t *testing.T, reg *modules.Registry, h *host.Fake, chunks []low.Chunk, test bool) map[string]low.Result {
	t.Helper()
	var own []low.Chunk
	for _, c := range chunks {
		own = append(own, low.Chunk{Data: py.DeepCopy(c.Data).(*py.Dict)})
	}
	got := map[string]low.Result{}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := run.Run(ctx, run.Options{
		Bundle:   &low.Bundle{Chunks: own, Test: test, Opts: py.DictOf("test", py.Bool(test)), Grains: grains()},
		Registry: reg, Host: h, Remote: noRemote{},
		Sources: func(*low.Chunk) modules.Sources { return noSources{} },
		Each:    func(r low.Result) error { got[r.Tag] = r; return nil },
		Sleep:   func(context.Context, time.Duration) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(own) {
		t.Errorf("%d results of %d states: %s", len(got), len(own), strings.Join(slices.Sorted(maps.Keys(got)), " "))
	}
	return got
}

func grains() *py.Dict {
	return py.DictOf("kernel", py.Str("Linux"), "os", py.Str("Debian"), "os_family", py.Str("Debian"), "init", py.Str("systemd"),
		"osmajorrelease", py.Int(12), "oscodename", py.Str("bookworm"), "osarch", py.Str("amd64"), "id", py.Str("h1"))
}
