package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinch/internal/py"
)

// offline is a directory with a tree, and no host.
type offline struct {
	t   *testing.T
	dir string
}

func newOffline(t *testing.T, files map[string]string) *offline {
	t.Helper()
	o := &offline{t, t.TempDir()}
	for name, text := range files {
		p := filepath.Join(o.dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

func (o *offline) pinch(args ...string) (stdout, stderr string, code int) {
	o.t.Helper()
	var out, errs bytes.Buffer
	code = Main(Env{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: o.dir, Home: filepath.Join(o.dir, "home"),
		Getenv: func(string) string { return "" }, Signals: make(chan os.Signal),
	}, append([]string{"pinch"}, args...))
	return out.String(), errs.String(), code
}

// want checks the status and what stands in the outputs; a text beginning with
// "!" must not.
func (o *offline) want(code int, out, errs []string, args ...string) {
	o.t.Helper()
	stdout, stderr, got := o.pinch(args...)
	bad := got != code
	for _, c := range []struct {
		text string
		has  []string
	}{{stdout, out}, {stderr, errs}} {
		for _, w := range c.has {
			no, not := strings.CutPrefix(w, "!")
			bad = bad || strings.Contains(c.text, no) == not
		}
	}
	if bad {
		o.t.Errorf("pinch %s: status %d, want %d\nstdout (want %q):\n%s\nstderr (want %q):\n%s", strings.Join(args, " "), got, code, out, stdout, errs, stderr)
	}
}

func TestCompile(t *testing.T) {
	o := newOffline(t, map[string]string{
		"salt/top.sls": "base:\n  '*': [web]\n",
		"salt/web.sls": "nginx:\n  pkg.installed:\n    - version: {{ pillar.version }}\n/etc/x:\n  file.managed:\n" +
			"    - source: salt://x.conf\n    - template: jinja\n    - context: {port: 80}\n    - require: [{pkg: nginx}]\n",
		"salt/x.conf": "{{ grains.id }} {{ port }} {{ tpldir | default('none') }}\n", "salt/bad.sls": "a:\n  file.managed: {{ nothing.here }}\n",
		"salt/host.sls": "a:\n  test.nop:\n    - x: {{ salt['cmd.run']('uptime') }}\n",
		"salt/dev.sls":  "a:\n  test.nop:\n    - x: {{ opts.mine }} {{ salt['config.get']('mine') }}\n",
		"extra/top.sls": "base:\n  '*': [dev]\n", "other/e.sls": "in-other:\n  test.nop: []\n",
		"pillar/top.sls": "base:\n  '*': [p]\n", "pillar/p.sls": "version: {{ grains.os }}-1\nsecret: s\n",
		"g.json": `{"id": "web1", "os": "Debian", "os_family": "Debian"}`, "named.yaml": "web2:\n  os: Fedora\n",
		"rules.json": `[{"fun": "cmd.run", "args": ["uptime"], "return": "up"}]`, "o.yaml": "mine: 1\n", "p.yaml": "version: 7\n",
		"c.yaml": "port: 99\n",
	})
	const g = "--grains-file=g.json"
	// parts and outputters
	o.want(exitOK, []string{"fun: installed", "version: Debian-1", "order: 10000"}, nil, "compile", g, "web")
	o.want(exitOK, []string{`{"status":"ok","low":[{"state":"pkg","name":"nginx"`}, nil, "compile", g, "--out", "json", "web")
	o.want(exitOK, []string{"base:\n- web"}, nil, "compile", g, "--highstate", "--what", "top")
	o.want(exitOK, []string{"top:\n", "pillar:\n", "version: Debian-1", "high:\n", "pkg:\n"}, nil, "compile", g, "--highstate", "--what=top,pillar,high")
	o.want(exitOK, []string{`"templates":[{"id":"/etc/x"`, `"text":"web1 80 `}, nil, "compile", g, "web", "--what=templates", "--out=json")
	// flags may stand before the command
	o.want(exitOK, []string{"__id__: in-other", "!nginx"}, nil, "--file-root", "dev="+filepath.Join(o.dir, "other"), g, "--saltenv=dev", "compile", "e")
	o.want(exitOK, []string{"x: 1 1"}, nil, g, "--opts-file=o.yaml", "--file-root=extra", "compile", "--highstate")
	o.want(exitOK, []string{"version: 7"}, nil, "compile", g, "--pillar-file=p.yaml", "web")
	o.want(exitOK, []string{"version: Fedora-1", "!web2:"}, nil, "compile", "--grains-file=named.yaml", "web")
	o.want(exitOK, []string{"web9 80"}, nil, "compile", g, "--id=web9", "--what=templates", "web")
	// functions of the host
	o.want(exitOK, []string{"x: up"}, nil, "compile", g, "--execution-file=rules.json", "host")
	o.want(exitCompile, nil, []string{"host.sls: ", "cmd.run('uptime') needs the host", "line 3"}, "compile", g, "host")
	// a file
	o.want(exitOK, []string{"web1 99 "}, nil, "compile", g, "--render", "salt://x.conf", "--context-file=c.yaml")
	o.want(exitOK, []string{"version: Debian-1\n/etc/x:"}, nil, "compile", g, "--render", "salt/web.sls")
	o.want(exitCompile, nil, []string{"x.conf:1", "port"}, "compile", g, "--render", "x.conf")
	o.want(exitCompile, nil, []string{"nosuch not found"}, "compile", g, "--render", "nosuch")
	o.want(exitCompile, nil, []string{"bad.sls:2", "'nothing' is undefined"}, "compile", g, "--render", "bad.sls")
	// errors
	o.want(exitCompile, []string{`{"status":"error","errors":[{"class":"jinja_undefined","sls":"bad"`}, nil, "compile", g, "bad", "--out=json")
	o.want(exitCompile, []string{"!status"}, []string{"bad.sls:2", "'nothing' is undefined"}, "compile", g, "bad")
	o.want(exitCompile, nil, []string{"No matching sls found for 'nosuch' in env 'base'"}, "compile", g, "nosuch")
	o.want(exitUsage, nil, []string{"give SLS, or --highstate"}, "compile", g)
	o.want(exitUsage, nil, []string{"give SLS, or --highstate"}, "compile", g, "--highstate", "web")
	o.want(exitUsage, nil, []string{"--what lwo: there are top, pillar"}, "compile", g, "--what=lwo", "web")
	o.want(exitUsage, nil, []string{"no arguments"}, "compile", "--batch", "web")
	o.want(exitError, nil, []string{"--grains-file: open", "/web: no such file"}, "compile", "--grains-file=web", "web")
	o.want(exitError, nil, []string{"execution: a rule must be an object"}, "compile", g, "--execution-file", write(t, o.dir, "r.json", `["x"]`), "web")
	// without grains those of this machine
	o.want(exitOK, []string{"kernel-is Linux"}, nil, "compile", "--render", write(t, o.dir, "salt/k", "kernel-is {{ grains.kernel }}\n"))
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestCommandWords: what a target flag names is a host, whatever
// it is called.
func TestCommandWords(t *testing.T) {
	flags := runFlags()
	a := &app{}
	for _, c := range []struct {
		args string
		want int
	}{
		{"pinch compile x", 1},
		{"pinch --id x -c dir compile --out json", 5},
		{"pinch --out=json compile", 2},
		{"pinch -L compile test.ping", 0},
		{"pinch --local compile", 0},
		{"pinch --nosuch compile", 0},
		{"pinch", 0},
		{"pinch web1 compile", 1}, // web1 is no command
	} {
		if got := commandAt(strings.Fields(c.args), flags, a.commands()); got != c.want {
			t.Errorf("%s: %d, want %d", c.args, got, c.want)
		}
	}
}

// TestCompileIsABatch: the single command prints what the batch prints.
func TestCompileIsABatch(t *testing.T) {
	o := newOffline(t, map[string]string{"salt/a.sls": "a:\n  test.nop:\n    - x: {{ grains.f }}\n", "g.json": `{"id": "h", "f": 1.0}`})
	single, errs, code := o.pinch("compile", "--grains-file=g.json", "--what=high,low", "--out=json", "a")
	if code != 0 {
		t.Fatal(code, errs)
	}
	job := py.DictOf("case", py.Str("c"), "id", py.Str("h"), "grains", py.DictOf("id", py.Str("h"), "f", py.Float(1)),
		"file_roots", py.DictOf("base", py.Strings(filepath.Join(o.dir, "salt"))), "sls", py.Strings("a"), "what", py.Strings("high", "low"))
	line, err := py.EncodeJSON(job)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if code := Main(Env{Stdin: bytes.NewReader(append(line, '\n')), Stdout: &out, Stderr: &out, Dir: o.dir,
		Getenv: func(string) string { return "" }}, []string{"pinch", "compile", "--batch"}); code != 0 {
		t.Fatal(code, out.String())
	}
	if got := strings.Replace(out.String(), `"case":"c",`, "", 1); got != single {
		t.Errorf("single:\n%s\nbatch:\n%s", single, got)
	}
}
