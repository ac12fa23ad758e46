package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pinch/internal/fetch/direct"
	"pinch/modules/all"
	"pinch/shim/server"
)

// The test program can be the shim, as pinch itself can.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "shim" {
		os.Exit(server.Main(os.Args[2:], all.Registry, nil, direct.Fetcher{}))
	}
	os.Exit(m.Run())
}

// site is a directory with embedded hosts, a roster and a tree.
type site struct {
	t   *testing.T
	dir string
}

func newSite(t *testing.T, files map[string]string) *site {
	t.Helper()
	dir := t.TempDir()
	stop, err := startDemoHosts(dir)
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t, dir}
	for _, d := range []string{"salt", "pillar"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		s.write(name, text)
	}
	return s
}

func (s *site) write(name, text string) {
	s.t.Helper()
	p := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// pinch runs a command line and returns what it printed and its status.
func (s *site) pinch(args ...string) (stdout, stderr string, code int) {
	s.t.Helper()
	return s.pinchRaw(append([]string{"-c", s.dir}, args...)...)
}

// pinchRaw is pinch without the directory of the configuration.
func (s *site) pinchRaw(args ...string) (stdout, stderr string, code int) {
	s.t.Helper()
	var out, errs bytes.Buffer
	exe, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	env := Env{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: s.dir, Home: filepath.Join(s.dir, "home"), Self: exe,
		Getenv: func(k string) string {
			if k == "PATH" {
				return os.Getenv(k)
			}
			return ""
		}, Signals: make(chan os.Signal),
	}
	code = Main(env, append([]string{"pinch"}, args...))
	return out.String(), errs.String(), code
}

func (s *site) want(code int, out, errs string, args ...string) {
	s.t.Helper()
	stdout, stderr, got := s.pinch(args...)
	if got != code || !strings.Contains(stdout, out) || !strings.Contains(stderr, errs) {
		s.t.Errorf("pinch %s: status %d, want %d\nstdout (want %q):\n%s\nstderr (want %q):\n%s", strings.Join(args, " "), got, code, out, stdout, errs, stderr)
	}
}

func TestCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("starts SSH hosts and builds the shim")
	}
	s := newSite(t, map[string]string{
		"pillar/top.sls": "base: {'*': [p]}\n", "pillar/p.sls": "secret: x{{ grains['id'] }}\n",
		"salt/top.sls": "base:\n  '*': [ok]\n",
		"salt/ok.sls":  "{{ grains['demo_root'] }}/f:\n  file.managed:\n    - source: salt://f.jinja\n    - template: jinja\n    - mode: '0600'\n",
		"salt/f.jinja": "{{ pillar['secret'] }} {{ salt['cmd.run']('echo from host') }}\n",
		"salt/bad.sls": "a:\n  test.nop:\n   - x: [\n", "salt/undefined.sls": "a:\n  test.nop:\n    - x: {{ nothing.here }}\n",
		"salt/fail.sls": "a:\n  test.fail_without_changes: []\n", "salt/loop.sls": "a:\n  test.nop:\n    - require: [{test: b}]\nb:\n  test.nop:\n    - require: [{test: a}]\n",
		"salt/dangling.sls": "a:\n  test.nop:\n    - require: [{test: nosuch}]\n",
		"salt/argument.sls": "first:\n  test.nop: []\na:\n  file.append: [{name: /x}, {contnts: y}]\n",
		"salt/unknown.sls":  "a:\n  file.manged:\n    - name: /x\n",
	})
	s.want(exitOK, "True", "", "web1", "test.ping")
	s.want(exitOK, `"web1": true`, "", "--out=json", "-L", "web1,web2", "test.ping")
	s.want(exitOK, "xweb2", "", "web2", "pillar.get", "secret")
	s.want(exitOK, "web1", "", "web1", "grains.item", "id")
	s.want(exitOK, "hello", "", "-r", "web1", "echo hello")
	s.want(exitFailed, "", "", "web1", "cmd.run", "exit 3")
	s.want(exitOK, "retcode", "", "web1", "cmd.run_all", "echo x")
	s.want(exitOK, "file", "", "web1", "state.show_sls", "ok")
	s.want(exitOK, "managed", "", "web1", "state.show_lowstate")
	s.want(exitOK, "ok", "", "web1", "state.show_top")

	// test mode, apply, again
	s.want(exitOK, "(unchanged=1, changed=1)", "", "web1", "state.apply", "test=True")
	s.want(exitOK, "(changed=1)", "", "web1", "state.apply")
	s.want(exitOK, "Succeeded: 1\n", "", "web1", "state.apply")
	b, err := os.ReadFile(filepath.Join(s.dir, "hosts", "web1", "f"))
	if err != nil || string(b) != "xweb1 from host\n" {
		t.Errorf("the file holds %q, %v", b, err)
	}
	s.want(exitOK, "Success!", "", "web1", "state.single", "test.nop", "name=x")

	// what goes wrong: which host, where, and an exit status of its own
	s.want(exitCompile, "", "salt/bad.sls", "web1", "state.apply", "bad")
	s.want(exitCompile, "", "salt/undefined.sls:3", "web1", "state.apply", "undefined")
	s.want(exitCompile, "", "No matching sls found for 'nosuch'", "web1", "state.apply", "nosuch")
	s.want(exitCompile, "", "Recursive requisites were found", "web1", "state.apply", "loop")
	s.want(exitCompile, "", "Referenced state does not exist", "web1", "state.apply", "dangling")
	s.want(exitFailed, "Failed:    1", "", "web1", "state.apply", "fail")
	s.want(exitFailed, "was not found in SLS", "did you mean file.managed?", "web1", "state.apply", "unknown")
	s.want(exitCompile, "Data failed to compile", "salt/argument.sls:4:3: Passed invalid arguments to state a: 'contnts' is an invalid keyword argument for 'file.append'", "web1", "state.apply", "argument")
	s.want(exitNoMatch, "", "no host of the roster matches", "nosuch*", "test.ping")
	s.want(exitUnknownHost, "", "nosuch", "-L", "web1,nosuch", "test.ping")
	s.want(exitError, "is not available", "did you mean", "web1", "test.pnig")
	s.want(exitError, "nosucharg", "", "web1", "test.ping", "nosucharg=1")
	s.want(exitUsage, "", "not defined: -nosuchflag", "web1", "--nosuchflag", "test.ping")
	s.want(exitUsage, "", "function is missing", "web1")

	// nothing is left but the cached shim
	for _, h := range demoHosts {
		root := filepath.Join(s.dir, "hosts", h)
		entries, err := os.ReadDir(root)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if n := e.Name(); n != "home" && n != "cache" && n != "f" {
				t.Errorf("%s: %s is left", h, n)
			}
		}
	}
	s.want(exitOK, "True", "", "--wipe", "web1", "test.ping")
	// the shim removes itself as its last act, after the session's end
	cache := filepath.Join(s.dir, "hosts", "web1", "cache")
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		left, err := os.ReadDir(cache)
		if err != nil || len(left) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("--wipe left %v", left)
		}
	}
}

func TestDeadHostDoesNotStopOthers(t *testing.T) {
	if testing.Short() {
		t.Skip("starts SSH hosts and builds the shim")
	}
	s := newSite(t, nil)
	roster, err := os.ReadFile(filepath.Join(s.dir, "roster"))
	if err != nil {
		t.Fatal(err)
	}
	s.write("roster", string(roster)+"dead:\n  host: 127.0.0.1\n  port: 1\n")
	s.want(exitUnreachable, `"web1": true`, "dead", "--out=json", "*", "test.ping")
}

func TestLocal(t *testing.T) {
	s := &site{t, t.TempDir()}
	s.write("salt/a.sls", "x:\n  test.succeed_with_changes: []\n")
	s.want(exitOK, "Succeeded: 1 (changed=1)", "", "--local", "--id", "me", "state.apply", "a")
	s.want(exitOK, "me", "", "--local", "--id", "me", "grains.get", "id")
}

// A run that cannot take the host's lock did nothing, and says so.
func TestNoLock(t *testing.T) {
	s := &site{t, t.TempDir()}
	s.write("salt/a.sls", "x:\n  test.succeed_with_changes: []\n")
	t.Setenv("PINCH_LOCK_DIR", filepath.Join(s.dir, "nosuchdir"))
	stdout, stderr, code := s.pinch("--local", "--id", "me", "state.apply", "a")
	if code != exitError || strings.Contains(stdout, "Succeeded") || !strings.Contains(stderr, "me: locking this host") {
		t.Errorf("status %d\nstdout:\n%s\nstderr:\n%s", code, stdout, stderr)
	}
	s.want(exitOK, "True", "", "--local", "test.ping")
}

func TestHelp(t *testing.T) {
	s := &site{t, t.TempDir()}
	var out bytes.Buffer
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"help", "exit-codes"}, fmt.Sprint(exitUnreachable)}, {[]string{"doc", "file.managed"}, "makedirs"},
		{[]string{"functions", "--state"}, "file.managed"}, {[]string{"version"}, "pinch"},
	} {
		out.Reset()
		env := Env{Stdout: &out, Stderr: &out, Dir: s.dir, Home: s.dir, Getenv: func(string) string { return "" }}
		if code := Main(env, append([]string{"pinch"}, c.args...)); code != 0 || !strings.Contains(out.String(), c.want) {
			t.Errorf("pinch %v: status %d\n%s", c.args, code, out.String())
		}
	}
}

func TestPermute(t *testing.T) {
	for in, want := range map[string]string{
		"* state.apply --out json":           "--out json -- * state.apply",
		"web1 cmd.run ls -la":                "-- web1 cmd.run ls -la",
		"-r web1 uptime":                     "-r -- web1 uptime",
		"--out=json web1 test.arg -5":        "--out=json -- web1 test.arg -5",
		"web1 -- cmd.run --out":              "-- web1 cmd.run --out",
		"-L a,b test.ping --static -l debug": "-L --static -l debug -- a,b test.ping",
	} {
		if got := strings.Join(permute(strings.Fields(in), runFlags()), " "); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", in, got, want)
		}
	}
}

func TestEveryErrorHasAStatus(t *testing.T) {
	seen := map[int]bool{}
	for _, e := range exitCodes {
		if seen[e.code] {
			t.Errorf("status %d stands twice", e.code)
		}
		seen[e.code] = true
	}
	if got := gravest(exitNoMatch, exitLost, exitOK); got != exitLost {
		t.Errorf("gravest: %d", got)
	}
}
