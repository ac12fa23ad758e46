package pip

import (
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// TestParseRequirement compares with what Salt makes of the lines with pip 23.
func TestParseRequirement(t *testing.T) {
	data, err := os.ReadFile("testdata/requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	h := host.NewFake(nil)
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		r, problem := parseRequirement(h, f[0])
		var specs []string
		for _, s := range r.specs {
			specs = append(specs, s.Op+s.Version)
		}
		slices.Sort(specs)
		got := []string{f[0], "True", r.name, strings.Join(specs, ","), ""}
		if problem != "" {
			got = []string{f[0], "False", "", "", strings.ReplaceAll(problem, "\n", `\n`)}
		}
		if diff := cmp.Diff(f, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestLocalSource(t *testing.T) {
	h := host.NewFake(map[string]string{"/src/a/setup.py": "", "/src/b/x": "", "/src/c-1.0.tar.gz": ""})
	for text, want := range map[string]string{
		"/src/a": "", "/src/a[x]": "", "/src/c-1.0.tar.gz": "",
		"/src/b": "pip raised an exception while parsing '/src/b': Directory '/src/b' is not installable. Neither 'setup.py' nor 'pyproject.toml' found.",
	} {
		if r, problem := parseRequirement(h, text); problem != want || r.name != "" {
			t.Errorf("%s: %q, %q", text, r.name, problem)
		}
	}
}

func TestArguments(t *testing.T) {
	l := func(s ...string) py.Value { return py.Strings(s...) }
	c := &modules.Call{Reader: host.NewFake(map[string]string{"/links/x": ""})}
	for name, x := range map[string]struct {
		o       installOptions
		version string
		want    string
		err     string
	}{
		"plain": {installOptions{pkgs: []string{"a;b", "c"}}, "23.0", "a,b c", ""},
		"many": {installOptions{noBinary: l("x", "y"), proxy: py.Str("p:1"), timeout: py.Int(3), findLinks: py.Str("/links, https://h"), indexURL: "https://i", disableVersionCheck: true,
			target: "/t", cacheDir: "/c", upgrade: true, existsAction: "w", preReleases: true, globalOptions: py.Str("--a,--b"), pkgs: []string{"d"}, editable: py.Str("git+https://x#egg=y"),
			extraArgs: py.NewList(py.Str("--foo"), py.DictOf("--bar", py.Int(1)))}, "23.0.1",
			"--no-binary x,y --proxy p:1 --timeout 3 --find-links /links --find-links https://h --index-url https://i --disable-pip-version-check --target /t --cache-dir /c " +
				"--upgrade --exists-action w --pre --global-option --a --global-option --b d --editable git+https://x#egg=y --foo --bar 1", ""},
		"old":          {installOptions{useWheel: true, noUseWheel: true, cacheDir: "/c", useMirrors: py.Str("http://m"), noBinary: l("x")}, "1.5", "--use-wheel --no-use-wheel --use-mirrors --mirrors http://m --download-cache /c", ""},
		"last wheels":  {installOptions{useWheel: true}, "9.0.3", "--use-wheel", ""},
		"new wheels":   {installOptions{useWheel: true}, "10.0", "", ""},
		"timeout":      {installOptions{timeout: py.Float(1.5)}, "23", "", "'1.5' is not a valid timeout, must be an integer"},
		"no index":     {installOptions{noIndex: true, indexURL: "https://x"}, "23", "", "'no_index' and ('index_url' or 'extra_index_url') are mutually exclusive."},
		"index":        {installOptions{indexURL: "x"}, "23", "", "'x' is not a valid URL"},
		"links":        {installOptions{findLinks: py.Str("/none")}, "23", "", "'/none' is not a valid URL or path"},
		"mirrors":      {installOptions{useMirrors: py.Str("http://m")}, "23", "", "pip >= 7.0.0 does not support mirror argument: use index_url and/or extra_index_url instead"},
		"action":       {installOptions{existsAction: "x"}, "23", "", "The exists_action pip option only supports the values s, i, w, and b. 'x' is not valid."},
		"egg":          {installOptions{editable: py.Str("git+https://x")}, "23", "", "You must specify an egg for this editable"},
		"log":          {installOptions{log: "/none/x"}, "23", "", "Trying to create '/none/x' but parent directory '/none' does not exist."},
		"deep":         {installOptions{extraArgs: py.NewList(py.DictOf("--x", py.NewList()))}, "23", "", "Too many levels in: --x"},
		"empty option": {installOptions{extraArgs: py.NewList(py.NewDict())}, "23", "", "'popitem(): dictionary is empty'"},
	} {
		t.Run(name, func(t *testing.T) {
			args, err := x.o.arguments(&tool{c: c, bin: "/v"}, x.version)
			got, msg := strings.Join(args, " "), ""
			if err != nil {
				msg = err.Error()
				if e, ok := err.(*py.Error); ok { //nolint:errorlint // it is returned as it is
					msg = e.Msg
				}
			}
			if x.err != msg || err == nil && got != x.want {
				t.Errorf("%q, error %q", got, msg)
			}
		})
	}
}

func TestFrozen(t *testing.T) {
	for line, want := range map[string][]string{
		"a==1": {"a", "1"}, "a===1.x": {"a", "1.x"}, "-e git+https://x@abc#egg=foo": {"foo", "git+https://x@abc"}, "-e foo==1": {"foo", "1"},
		"# x": nil, "-f https://x": nil, "-e hg+not trust me": nil, "odd": nil,
	} {
		if name, version, ok := frozen(line); ok != (want != nil) || ok && (name != want[0] || version != want[1]) {
			t.Errorf("%q: %q %q %v", line, name, version, ok)
		}
	}
}

func TestVirtualenvVersion(t *testing.T) {
	for text, want := range map[string][]int{
		"virtualenv 20.17.1+ds from /usr/lib/python3/dist-packages/virtualenv/__init__.py": {20, 17, 1},
		"15.1.0": {15, 1, 0}, "16.0rc1": {16, 0}, "virtualenv x": nil,
	} {
		if got, err := parseVirtualenvVersion(text); !slices.Equal(got, want) || (err == nil) != (want != nil) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

// TestCopyChain copies requirements files for a user who may not read them.
func TestCopyChain(t *testing.T) {
	h := host.NewFake(map[string]string{
		"/root/req.txt": "a\n-r sub/more.txt # -r no.txt\n", "/root/sub/more.txt": "--requirement=../last.txt\n", "/root/last.txt": "b\n", "/tmp/d/x": "",
		"/loop": "-r loop\n",
	})
	h.UserList = []host.User{{Name: "u", UID: 7}}
	tl := &tool{c: &modules.Call{Reader: h}, user: "u"}
	got, err := tl.copyChain(h, "/root/req.txt", "/tmp/d")
	if err != nil || got != "/tmp/d/req.txt" {
		t.Fatal(got, err)
	}
	for _, name := range []string{"req.txt", "more.txt", "last.txt"} {
		if fi, err := h.Stat("/tmp/d/" + name); err != nil || fi.UID != 7 {
			t.Errorf("%s: owner %d, %v", name, fi.UID, err)
		}
	}
	if _, err := tl.copyChain(h, "/loop", "/tmp/d"); err == nil || !strings.Contains(err.Error(), "without end") {
		t.Errorf("a loop: %v", err)
	}
	if _, err := tl.copyChain(h, "/none", "/tmp/d"); err == nil {
		t.Error("a file that is not there was copied")
	}
	in, err := h.Open("/tmp/d/last.txt")
	if err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(in); err != nil || string(data) != "b\n" {
		t.Errorf("%q, %v", data, err)
	}
}
