package pkg

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// fakeApt is a host with dpkg's database and an apt that knows pa and pb.
type fakeApt struct {
	*host.Fake
	t    *testing.T
	memo *modules.Memo
	reg  *modules.Registry
	// ran are the commands, less those that only look.
	ran []string
	// looked are the commands that only look.
	looked []string
	// fail makes apt-get fail with this message.
	fail string
}

func newFakeApt(t *testing.T, status string) *fakeApt {
	f := &fakeApt{Fake: host.NewFake(map[string]string{dpkgDir + "/status": status}), t: t, memo: modules.NewMemo(), reg: modules.New(Funcs())}
	offered := map[string]string{"pa": "1.1", "pb": "2:3"}
	f.OnRun = func(cmd host.Cmd) (host.Output, bool, error) {
		line := strings.Join(cmd.Argv, " ")
		switch {
		case strings.HasPrefix(line, "apt-cache -q policy "):
			f.looked = append(f.looked, line)
			var b strings.Builder
			for _, n := range cmd.Argv[3:] {
				if v, ok := offered[n]; ok {
					b.WriteString(n + ":\n  Installed: (none)\n  Candidate: " + v + "\n  Version table:\n")
				}
			}
			return host.Output{Stdout: []byte(b.String())}, true, nil
		case strings.HasPrefix(line, "apt-cache show "):
			f.looked = append(f.looked, line)
			name, ver, _ := strings.Cut(cmd.Argv[2], "=")
			return host.Output{Stdout: []byte("Package: " + name + "\nVersion: " + ver + "\n")}, true, nil
		case strings.HasPrefix(line, "dpkg --get-selections"):
			f.looked = append(f.looked, line)
			return host.Output{}, true, nil
		}
		f.ran = append(f.ran, line)
		if f.fail != "" {
			return host.Output{Code: 100, Stderr: []byte(f.fail + "\n")}, true, nil
		}
		if cmd.Argv[0] == "apt-get" && strings.Contains(line, " install ") {
			if *cmd.Env["DEBIAN_FRONTEND"] != "noninteractive" {
				t.Error("apt may ask")
			}
			for _, w := range cmd.Argv {
				name, ver, _ := strings.Cut(w, "=")
				if _, ok := offered[name]; !ok {
					continue
				}
				if ver == "" {
					ver = offered[name]
				}
				status += "\nPackage: " + name + "\nStatus: install ok installed\nArchitecture: all\nVersion: " + ver + "\n"
			}
			if err := f.WriteFile(dpkgDir+"/status", strings.NewReader(status), host.WriteOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		return host.Output{}, true, nil
	}
	return f
}

// state runs a state function.
func (f *fakeApt) state(fun string, test bool, kv ...any) modules.Done {
	f.t.Helper()
	name, _, _ := strings.Cut(strings.TrimPrefix(fun, "pkg."), " ")
	data := py.DictOf(append([]any{"state", py.Str("pkg"), "fun", py.Str(name)}, kv...)...)
	c := &modules.Call{
		Reader: f.Fake, Test: test, Chunk: &low.Chunk{Data: data}, Memo: f.memo, Opts: py.NewDict(), Output: io.Discard, Log: slog.New(slog.DiscardHandler),
		Grains: py.DictOf("os_family", py.Str("Debian"), "os", py.Str("Debian"), "osarch", py.Str("amd64"), "cpuarch", py.Str("x86_64")),
	}
	p, err := f.reg.State(fun).Check(context.Background(), c, data)
	if err != nil {
		f.t.Fatal(err)
	}
	done := p.Would
	apply := p.Apply
	if test {
		apply = p.TestApply
	}
	if apply != nil {
		if done, err = apply(context.Background(), f.Fake); err != nil {
			f.t.Fatal(err)
		}
	}
	return done
}

const paInstalled = "Package: pa\nStatus: install ok installed\nArchitecture: all\nVersion: 1.0\n"

// What is in order costs no process, and one reading of the database for many
// states.
func TestNothingToDo(t *testing.T) {
	f := newFakeApt(t, paInstalled)
	for _, fun := range []string{"pkg.installed", "pkg.removed"} {
		name := "pa"
		if fun == "pkg.removed" {
			name = "pb"
		}
		for _, test := range []bool{true, false} {
			d := f.state(fun, test, "name", py.Str(name))
			if d.Result != low.True {
				t.Errorf("%s: %+v", fun, d)
			}
		}
	}
	if len(f.ran)+len(f.looked) > 0 {
		t.Errorf("commands were run: %q %q", f.ran, f.looked)
	}
}

func TestInstalled(t *testing.T) {
	f := newFakeApt(t, paInstalled)
	pkgs := py.NewList(py.Str("pa"), py.Str("pb"))
	d := f.state("pkg.installed", false, "name", py.Str("x"), "pkgs", pkgs)
	if d.Result != low.True || d.Comment != "The following packages were installed/updated: pb\nThe following packages were already installed: pa" {
		t.Errorf("got %v %q", d.Result, d.Comment)
	}
	wantValue(t, d.Changes, py.DictOf("pb", py.DictOf("old", py.Str(""), "new", py.Str("2:3"))))
	want := []string{"apt-get -q update", "apt-get -q -y -o DPkg::Options::=--force-confold -o DPkg::Options::=--force-confdef install pb"}
	if diff := cmp.Diff(want, f.ran); diff != "" {
		t.Error(diff)
	}
	// the index is fetched once a run
	f.ran = nil
	if d := f.state("pkg.installed", false, "name", py.Str("pa"), "version", py.Str("1.1"), "install_recommends", py.False); d.Result != low.True {
		t.Errorf("got %q", d.Comment)
	}
	want = []string{"apt-get -q -y -o DPkg::Options::=--force-confold -o DPkg::Options::=--force-confdef --no-install-recommends install pa=1.1"}
	if diff := cmp.Diff(want, f.ran); diff != "" {
		t.Error(diff)
	}
}

// In test mode the index is fetched, once, and nothing else is run.
func TestInstalledTestMode(t *testing.T) {
	f := newFakeApt(t, paInstalled)
	for range 2 {
		d := f.state("pkg.installed", true, "name", py.Str("pb"))
		if d.Result != low.None || d.Comment != "The following packages would be installed/updated: pb" {
			t.Errorf("got %v %q", d.Result, d.Comment)
		}
		wantValue(t, d.Changes, py.DictOf("pb", py.DictOf("new", py.Str("2:3"), "old", py.Str(""))))
	}
	if diff := cmp.Diff([]string{"apt-get -q update"}, f.ran); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"apt-cache -q policy pb"}, f.looked); diff != "" {
		t.Error(diff)
	}
}

func TestInstallFails(t *testing.T) {
	f := newFakeApt(t, paInstalled)
	f.fail = "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem."
	d := f.state("pkg.installed", false, "name", py.Str("pb"), "refresh", py.False)
	want := "Problem encountered installing package(s). Additional info follows:\n\nerrors:\n    - " + f.fail
	if d.Result != low.False || d.Comment != want {
		t.Errorf("got %v %q", d.Result, d.Comment)
	}
}

func TestLatest(t *testing.T) {
	f := newFakeApt(t, paInstalled)
	d := f.state("pkg.latest", false, "name", py.Str("x"), "pkgs", py.NewList(py.Str("nosuch")))
	if d.Result != low.False || d.Comment != "No information found for 'nosuch'." {
		t.Errorf("got %v %q", d.Result, d.Comment)
	}
	d = f.state("pkg.latest", true, "name", py.Str("pa"))
	wantValue(t, d.Changes, py.DictOf("pa", py.DictOf("new", py.Str("1.1"), "old", py.Str("1.0"))))
}

func TestAggregate(t *testing.T) {
	chunk := func(kv ...any) *py.Dict {
		return py.DictOf(append([]any{"state", py.Str("pkg"), "fun", py.Str("installed")}, kv...)...)
	}
	first := chunk("name", py.Str("pa"), "__agg__", py.True)
	others := []*py.Dict{
		first,
		chunk("name", py.Str("pb"), "version", py.Str("1")),
		chunk("name", py.Str("x"), "pkgs", py.NewList(py.Str("pc"), py.Str("pa"))),
		chunk("name", py.Str("pd"), "hold", py.True),
		chunk("name", py.Str("pe"), "fromrepo", py.Str("other")),
		py.DictOf("state", py.Str("pkg"), "fun", py.Str("removed"), "name", py.Str("pf")),
	}
	got := aggregate(first, others, py.NewDict())
	wantValue(t, got.Lookup("pkgs"), py.NewList(py.Str("pa"), py.DictOf("pb", py.Str("1")), py.Str("pc")))
	if first.Has("pkgs") {
		t.Error("the chunk itself was changed")
	}
}

func TestOtherPackageManager(t *testing.T) {
	c := &modules.Call{Reader: host.NewFake(nil), Grains: py.DictOf("os_family", py.Str("Gentoo"))}
	ok, reason := virtual(c)
	if ok || !strings.Contains(reason, "'Gentoo'") || !strings.Contains(reason, managers) {
		t.Errorf("%v %q", ok, reason)
	}
	c.Grains = py.DictOf("os_family", py.Str("RedHat"))
	if ok, reason := virtual(c); ok || !strings.Contains(reason, "yumpkg") {
		t.Errorf("%v %q", ok, reason)
	}
}
