package pkg

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// world is a host of another family: what is installed and offered, behind the
// commands of its manager, in the formats in which the real ones print.
type world struct {
	*host.Fake
	t                  *testing.T
	grains             *py.Dict
	memo               *modules.Memo
	reg                *modules.Registry
	installed, offered map[string]string
	// ran are the commands that change something.
	ran []string
	// fail makes them fail with this message.
	fail string
}

// emulator answers a command: output, whether it was one that changes, and
// whether it is known.
type emulator func(w *world, argv []string) (out host.Output, change, ok bool)

func newWorld(t *testing.T, family, program string, run emulator) *world {
	w := &world{Fake: host.NewFake(nil), t: t, memo: modules.NewMemo(), reg: modules.New(Funcs()),
		grains:    py.DictOf("os_family", py.Str(family), "os", py.Str(family), "osarch", py.Str("x86_64"), "osmajorrelease", py.Str("9")),
		installed: map[string]string{"base": "1.0-1"}, offered: map[string]string{"base": "1.0-1", "pa": "1.1-2", "pb": "2.0-3"}}
	w.Programs[program] = "/usr/bin/" + program
	w.OnRun = func(cmd host.Cmd) (ret host.Output, _ bool, _ error) {
		if len(cmd.Argv) > len(toOneStream) && cmd.Argv[0] == toOneStream[0] {
			cmd.Argv = cmd.Argv[len(toOneStream):]
			defer func() { ret.Stdout, ret.Stderr = append(ret.Stdout, ret.Stderr...), nil }()
		}
		out, change, ok := run(w, cmd.Argv)
		if !ok {
			t.Errorf("unknown command %q", cmd.Argv)
			return host.Output{Code: 127}, true, nil
		}
		if change {
			w.ran = append(w.ran, strings.Join(cmd.Argv, " "))
			if w.fail != "" {
				return host.Output{Code: 1, Stderr: []byte(w.fail)}, true, nil
			}
		}
		return out, true, nil
	}
	return w
}

func (w *world) lines(set map[string]string, format string) host.Output {
	var b strings.Builder
	for _, n := range slices.Sorted(maps.Keys(set)) {
		fmt.Fprintf(&b, format, n, set[n])
	}
	return host.Output{Stdout: []byte(b.String())}
}

// add and drop are what an installation and a removal do. The words may carry
// versions, which are taken off behind any of the separators.
func (w *world) add(words []string, separator string) host.Output {
	for _, word := range words {
		name, _, _ := strings.Cut(word, separator)
		v, ok := w.offered[name]
		if !ok {
			return host.Output{Code: 1, Stderr: []byte("no such package: " + name)}
		}
		w.installed[name] = v
	}
	return host.Output{}
}

func (w *world) drop(names []string) host.Output {
	for _, n := range names {
		delete(w.installed, n)
	}
	return host.Output{}
}

func (w *world) state(fun string, test bool, kv ...any) modules.Done {
	w.t.Helper()
	data := py.DictOf(append([]any{"state", py.Str("pkg"), "fun", py.Str(fun)}, kv...)...)
	c := &modules.Call{Reader: w.Fake, Test: test, Chunk: &low.Chunk{Data: data}, Memo: w.memo, Opts: py.NewDict(), Grains: w.grains,
		Output: io.Discard, Log: slog.New(slog.DiscardHandler)}
	f := w.reg.State("pkg." + fun)
	if ok, reason := f.Virtual(c); !ok {
		w.t.Fatal(reason)
	}
	p, err := f.Check(context.Background(), c, data)
	if err != nil {
		w.t.Fatal(err)
	}
	apply := p.Apply
	if test {
		apply = p.TestApply
	}
	if apply == nil {
		return p.Would
	}
	d, err := apply(context.Background(), w.Fake)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// words are the arguments that are no options, after the first n.
func words(argv []string, n int) []string {
	return slices.DeleteFunc(slices.Clone(argv[n:]), func(s string) bool { return strings.HasPrefix(s, "-") })
}

func rpmQuery(w *world) host.Output {
	var b strings.Builder
	for _, n := range slices.Sorted(maps.Keys(w.installed)) {
		v, r, _ := strings.Cut(w.installed[n], "-")
		fmt.Fprintf(&b, "%s_|-(none)_|-%s_|-%s_|-x86_64_|-(none)_|-1700000000\n", n, v, r)
	}
	return host.Output{Stdout: []byte(b.String())}
}

func emulateDNF(w *world, argv []string) (host.Output, bool, bool) {
	verbs := words(argv, 1)
	switch {
	case argv[0] == "rpm":
		return rpmQuery(w), false, true
	case verbs[0] == "list" && verbs[1] == "available":
		var b strings.Builder
		for _, n := range verbs[2:] {
			if v := w.offered[n]; v != "" && w.installed[n] != v {
				fmt.Fprintf(&b, "%s.x86_64        %s         appstream\n", n, v)
			}
		}
		if b.Len() == 0 {
			return host.Output{Code: 1, Stderr: []byte("Error: No matching Packages to list")}, false, true
		}
		return host.Output{Stdout: []byte("Available Packages\n" + b.String())}, false, true
	case verbs[0] == "clean", verbs[0] == "check-update":
		return host.Output{Code: 100}, true, true
	case verbs[0] == "install":
		var names []string
		for _, word := range verbs[1:] {
			for n := range w.offered {
				if word == n || strings.HasPrefix(word, n+"-") {
					names = append(names, n)
				}
			}
		}
		if len(names) == 0 {
			return host.Output{Code: 1, Stdout: []byte("No match for argument: " + verbs[1] + "\n"), Stderr: []byte("Error: Unable to find a match: " + verbs[1])}, true, true
		}
		return w.add(names, "="), true, true
	case verbs[0] == "remove":
		return w.drop(verbs[1:]), true, true
	}
	return host.Output{}, false, false
}

func emulateZypper(w *world, argv []string) (host.Output, bool, bool) {
	verbs := words(argv, 1)
	switch {
	case argv[0] == "rpm":
		return rpmQuery(w), false, true
	case verbs[0] == "info":
		var b strings.Builder
		b.WriteString("Loading repository data...\nReading installed packages...\n\n")
		for _, n := range verbs[2:] {
			v := w.offered[n]
			if v == "" {
				fmt.Fprintf(&b, "\npackage '%s' not found.\n", n)
				continue
			}
			status := "not installed"
			if have := w.installed[n]; have == v {
				status = "up-to-date"
			} else if have != "" {
				status = "out-of-date (version " + have + " installed)"
			}
			fmt.Fprintf(&b, "Information for package %s:\n----------------\nRepository     : Main\nName           : %s\nVersion        : %s\nArch           : x86_64\nStatus         : %s\n", n, n, v, status)
		}
		return host.Output{Stdout: []byte(b.String())}, false, true
	case verbs[0] == "refresh":
		return host.Output{Stdout: []byte("Forcing raw metadata refresh\nRetrieving repository 'Main' metadata .......[done]\nBuilding repository 'Main' cache .......[done]\nRepository 'Old' is up to date.\n")}, true, true
	case verbs[0] == "install":
		out := w.add(verbs[1:], "=")
		if out.Code != 0 {
			out.Code, out.Stderr, out.Stdout = 104, nil, []byte("No provider of 'nosuch' found.")
		}
		return out, true, true
	case verbs[0] == "remove":
		return w.drop(verbs[1:]), true, true
	}
	return host.Output{}, false, false
}

func emulatePacman(w *world, argv []string) (host.Output, bool, bool) {
	switch argv[1] {
	case "-Q":
		return w.lines(w.installed, "%s %s\n"), false, true
	case "-Sp":
		var b strings.Builder
		for _, n := range argv[5:] {
			if v := w.offered[n]; v != "" && w.installed[n] != v {
				fmt.Fprintf(&b, "dep 1.0\n%s %s\n", n, v)
			}
		}
		return host.Output{Stdout: []byte(b.String())}, false, true
	case "-Sy":
		return host.Output{Stdout: []byte(":: Synchronizing package databases...\n core is up to date\n extra downloading...\n")}, true, true
	case "-S":
		return w.add(words(argv, 2), "="), true, true
	case "-R", "-Rsc":
		return w.drop(words(argv, 2)), true, true
	}
	return host.Output{}, false, false
}

func emulateAPK(w *world, argv []string) (host.Output, bool, bool) {
	switch argv[1] {
	case "info":
		return w.lines(w.installed, "%s-%s\n"), false, true
	case "policy":
		var b strings.Builder
		for _, n := range argv[2:] {
			if v := w.offered[n]; v != "" {
				fmt.Fprintf(&b, "%s policy:\n", n)
				if have := w.installed[n]; have != "" && have != v {
					fmt.Fprintf(&b, "  %s:\n    lib/apk/db/installed\n", have)
				}
				fmt.Fprintf(&b, "  %s:\n    https://mirror.example/alpine/main\n", v)
			}
		}
		return host.Output{Stdout: []byte(b.String())}, false, true
	case "update":
		return host.Output{}, true, true
	case "add":
		return w.add(words(argv, 2), "="), true, true
	case "del":
		return w.drop(words(argv, 2)), true, true
	}
	return host.Output{}, false, false
}

func emulatePkgng(w *world, argv []string) (host.Output, bool, bool) {
	switch argv[1] {
	case "info":
		return w.lines(w.installed, "%[1]s-%[2]s misc/%[1]s\n"), false, true
	case "search":
		n := argv[len(argv)-1]
		if v := w.offered[n]; v != "" {
			return host.Output{Stdout: []byte(n + "-" + v + "\n")}, slices.Contains(argv, "-U") == false, true
		}
		return host.Output{Code: 70}, slices.Contains(argv, "-U") == false, true
	case "update":
		return host.Output{}, true, true
	case "install":
		var names []string
		for _, word := range words(argv, 2) {
			for n := range w.offered {
				if word == n || strings.HasPrefix(word, n+"-") {
					names = append(names, n)
				}
			}
		}
		if len(names) == 0 {
			return host.Output{Code: 1, Stderr: []byte("pkg: No packages available to install matching 'nosuch' have been found in the repositories")}, true, true
		}
		return w.add(names, "="), true, true
	case "delete":
		return w.drop(words(argv, 2)), true, true
	case "lock":
		return host.Output{Stdout: []byte("base-1.0\n")}, len(argv) > 5, true
	}
	return host.Output{}, false, false
}

func emulateBrew(w *world, argv []string) (host.Output, bool, bool) {
	i := slices.Index(argv, "/opt/homebrew/bin/brew")
	if i != 7 || argv[0] != "sudo" || argv[5] != "ada" {
		w.t.Errorf("brew does not run as its owner: %q", argv)
	}
	argv = argv[i:]
	formula := func(n, installed string) string {
		have := ""
		if installed != "" {
			have = `{"version":"` + installed + `"}`
		}
		return fmt.Sprintf(`{"name":%q,"full_name":%q,"aliases":[%q],"versions":{"stable":%q,"devel":null,"bottle":true},"revision":0,"installed":[%s]}`, n, n, n+"-alias", w.offered[n], have)
	}
	switch {
	case argv[1] == "info":
		var all []string
		names := words(argv, 2)
		if slices.Contains(argv, "--installed") {
			names = slices.Sorted(maps.Keys(w.installed))
		}
		for _, n := range names {
			if w.offered[n] == "" {
				return host.Output{Code: 1, Stderr: []byte("Error: No available formula")}, false, true
			}
			all = append(all, formula(n, w.installed[n]))
		}
		return host.Output{Stdout: []byte(`{"formulae":[` + strings.Join(all, ",") + `],"casks":[]}`)}, false, true
	case argv[1] == "update":
		return host.Output{}, true, true
	case argv[1] == "install":
		return w.add(words(argv, 2), "="), true, true
	case argv[1] == "uninstall":
		return w.drop(words(argv, 2)), true, true
	}
	return host.Output{}, false, false
}

// worlds are the families with what is different between them: the commands
// that install pa, pb at a version, and remove pa.
var worlds = []struct {
	name, family, program        string
	run                          emulator
	install, installVersion, del string
	failed                       string // comment of a package that is not offered
	installChanges               string
}{
	{name: "dnf", family: "RedHat", program: "dnf", run: emulateDNF, install: "dnf -y --best --allowerasing install pa",
		installVersion: "dnf -y --best --allowerasing install pb-2.0-3", del: "dnf -y remove pa",
		failed: "Error occurred installing package(s). Additional info follows:\n\nerrors:\n    - No match for argument: nosuch\n      Error: Unable to find a match: nosuch"},
	{name: "dnf5", family: "RedHat", program: "dnf5", run: emulateDNF, install: "dnf5 -y install --best --allowerasing pa",
		installVersion: "dnf5 -y install --best --allowerasing pb-2.0-3", del: "dnf5 -y remove pa",
		failed: "Error occurred installing package(s). Additional info follows:\n\nerrors:\n    - No match for argument: nosuch\n      Error: Unable to find a match: nosuch"},
	{name: "yum", family: "RedHat", program: "yum", run: emulateDNF, install: "yum -y install pa", installVersion: "yum -y install pb-2.0-3", del: "yum -y remove pa",
		failed: "Error occurred installing package(s). Additional info follows:\n\nerrors:\n    - No match for argument: nosuch\n      Error: Unable to find a match: nosuch"},
	{name: "zypper", family: "Suse", program: "zypper", run: emulateZypper, install: "zypper --non-interactive --no-refresh install --auto-agree-with-licenses --name pa",
		installVersion: "zypper --non-interactive --no-refresh install --auto-agree-with-licenses --name pb=2.0-3", del: "zypper --non-interactive --no-refresh remove pa",
		failed: "An error was encountered while installing package(s): Zypper command failure: No provider of 'nosuch' found."},
	{name: "pacman", family: "Arch", program: "pacman", run: emulatePacman, install: "pacman -S --noprogressbar --noconfirm --needed pa",
		installVersion: "pacman -S --noprogressbar --noconfirm --needed pb=2.0-3", del: "pacman -R --noprogressbar --noconfirm pa",
		failed: "Problem encountered installing package(s). Additional info follows:\n\nerrors:\n    - no such package: nosuch"},
	{name: "apk", family: "Alpine", program: "apk", run: emulateAPK, install: "apk add pa", installVersion: "apk add pb=2.0-r3", del: "apk del pa",
		failed: "Problem encountered installing package(s). Additional info follows:\n\nerrors:\n    - no such package: nosuch"},
	{name: "pkgng", family: "FreeBSD", program: "pkg", run: emulatePkgng, install: "pkg install -y pa", installVersion: "pkg install -y pb-2.0_3", del: "pkg delete -y pa",
		failed: "Problem encountered installing package(s). Additional info follows:\n\nerrors:\n    - pkg: No packages available to install matching 'nosuch' have been found in the repositories"},
	{name: "brew", family: "MacOS", program: "brew", run: emulateBrew, install: "sudo -i -n -H -u ada -- /opt/homebrew/bin/brew install pa",
		del:    "sudo -i -n -H -u ada -- /opt/homebrew/bin/brew uninstall pa",
		failed: "Brew command failed. Additional info follows:\n\nresult:\n    ----------\n    pid:\n        0\n    retcode:\n        1\n    stderr:\n        no such package: nosuch\n    stdout:"},
}

func TestManagers(t *testing.T) {
	for _, c := range worlds {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.family, c.program, c.run)
			version := "2.0-3"
			switch c.name {
			case "apk":
				w.offered = map[string]string{"base": "1.0-r1", "pa": "1.1-r2", "pb": "2.0-r3"}
				w.installed = map[string]string{"base": "1.0-r1"}
				version = "2.0-r3"
			case "pkgng":
				w.offered = map[string]string{"base": "1.0", "pa": "1.1", "pb": "2.0_3"}
				w.installed = map[string]string{"base": "1.0"}
				version = "2.0_3"
			case "brew":
				w.UserList = append(w.UserList, host.User{Name: "ada", UID: 501, GID: 20})
				if err := w.MkdirAll("/opt/homebrew/bin", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := w.WriteFile("/opt/homebrew/bin/brew", strings.NewReader(""), host.WriteOptions{}); err != nil {
					t.Fatal(err)
				}
				if err := w.Chown("/opt/homebrew/bin/brew", 501, 20); err != nil {
					t.Fatal(err)
				}
				delete(w.Programs, "brew")
			}
			check := func(what string, d modules.Done, result low.Tri, comment string, changes py.Value) {
				t.Helper()
				if d.Result != result || d.Comment != comment {
					t.Errorf("%s: %v: %s", what, d.Result.Value(), d.Comment)
				}
				got, _ := d.Changes.(*py.Dict)
				if got == nil {
					got = py.NewDict()
				}
				if changes != nil {
					wantValue(t, got, changes)
				} else if got.Len() > 0 {
					t.Errorf("%s: changes %s", what, py.Repr(got))
				}
			}
			noRefresh := []any{"refresh", py.False}
			args := func(kv ...any) []any { return append(kv, noRefresh...) }
			check("in place", w.state("installed", false, args("name", py.Str("base"))...), low.True, "All specified packages are already installed", nil)
			if c.name == "pacman" || c.name == "apk" || c.name == "pkgng" { // nobody reads the version in a package file there
				check("a file in place", w.state("installed", false, args("name", py.Str("x"), "sources", py.NewList(py.DictOf("base", py.Str("/srv/base.pkg"))))...),
					low.True, "All specified packages are already installed", nil)
			}
			d := w.state("installed", true, args("name", py.Str("pa"))...)
			if d.Result != low.None || d.Comment != "The following packages would be installed/updated: pa" {
				t.Errorf("test mode: %v %s", d.Result.Value(), d.Comment)
			}
			w.ran = nil
			change := py.DictOf("old", py.Str(""), "new", py.Str(w.offered["pa"]))
			changes := py.DictOf("pa", change)
			if c.name == "brew" {
				changes.SetStr("pa-alias", change)
			}
			check("install", w.state("installed", false, args("name", py.Str("pa"))...), low.True, "The following packages were installed/updated: pa", changes)
			if d := cmp.Diff([]string{c.install}, w.ran); d != "" {
				t.Error(d)
			}
			check("again", w.state("installed", false, args("name", py.Str("pa"))...), low.True, "All specified packages are already installed", nil)
			w.ran = nil
			if c.installVersion != "" {
				d = w.state("installed", false, args("name", py.Str("pb"), "version", py.Str(version))...)
				if d.Result != low.True {
					t.Errorf("a version: %s", d.Comment)
				}
				if d := cmp.Diff([]string{c.installVersion}, w.ran); d != "" {
					t.Error(d)
				}
				check("a version again", w.state("installed", false, args("name", py.Str("pb"), "version", py.Str(version))...), low.True, "All specified packages are already installed and are at the desired version", nil)
			}
			d = w.state("installed", false, args("name", py.Str("nosuch"))...)
			if d.Result != low.False || !strings.HasPrefix(d.Comment, c.failed) {
				t.Errorf("what is not offered: %v: %q", d.Result.Value(), d.Comment)
			}
			w.ran = nil
			gone := py.DictOf("new", py.Str(""), "old", py.Str(w.offered["pa"]))
			changes = py.DictOf("pa", gone)
			switch c.name {
			case "brew":
				changes.SetStr("pa-alias", gone)
			case "pkgng":
				gone.SetStr("old", py.DictOf("origin", py.Str("misc/pa"), "version", py.Str("1.1")))
			}
			check("remove in test mode", w.state("removed", true, "name", py.Str("pa")), low.None, "The following packages will be removed: pa.", py.DictOf("pa", py.DictOf("new", py.Str("removed"), "old", py.Str(""))))
			check("remove", w.state("removed", false, "name", py.Str("pa")), low.True, "All targeted packages were removed.", changes)
			if d := cmp.Diff([]string{c.del}, w.ran); d != "" {
				t.Error(d)
			}
			check("remove again", w.state("removed", false, "name", py.Str("pa")), low.True, "All specified packages are already absent", nil)
			d = w.state("latest", false, args("name", py.Str("pa"))...)
			if d.Result != low.True || w.installed["pa"] == "" {
				t.Errorf("latest: %v: %s", d.Result.Value(), d.Comment)
			}
			if c.name != "brew" { // which never says that it is up to date
				check("latest again", w.state("latest", false, args("name", py.Str("pa"))...), low.True, "Package pa is already up-to-date", nil)
			}
		})
	}
}
