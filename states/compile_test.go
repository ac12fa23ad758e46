package states_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/py"
	"pinch/internal/saltfun"
	"pinch/states"
)

func compile(t *testing.T, tree *states.Tree, req states.Request, caller states.Caller) *states.Compiled {
	t.Helper()
	if req.Host == "" {
		req.Host = "web1"
	}
	if req.Grains == nil {
		req.Grains = testGrains(req.Host)
	}
	c, err := tree.Compile(context.Background(), req, caller)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// outline is the chunks in running order as state.fun:name.
func outline(c *states.Compiled) []string {
	var out []string
	for i := range c.Chunks {
		out = append(out, c.Chunks[i].FullName()+":"+c.Chunks[i].Name())
	}
	return out
}

func TestPositions(t *testing.T) {
	tree := newTree(t, map[string]string{
		"plain.sls": "# a comment\na:\n  test.nop:\n    - x: 1\n\nb:\n  file.managed:\n    - name: /b\n",
		"jinja.sls": "{% set n = 2 %}\n\nfirst:\n  test.nop: []\n\n{% for i in range(n) %}\nid{{ i }}:\n  test.nop: []\n{% endfor %}\n\nlast:\n  test.succeed_without_changes: []\n",
	}, nil)
	for _, c := range []struct {
		sls  string
		want []string
	}{
		{"plain", []string{"plain.sls:3:3", "plain.sls:7:3"}},
		// The two rounds of the loop cannot be told from the file: no line.
		{"jinja", []string{"jinja.sls:4:3", "jinja.sls", "jinja.sls", "jinja.sls:12:3"}},
	} {
		t.Run(c.sls, func(t *testing.T) {
			got := compile(t, tree, states.Request{SLS: []string{c.sls}}, nil)
			if len(got.Errors) > 0 {
				t.Fatal(got.Errors)
			}
			var at []string
			for i := range got.Chunks {
				pos := got.Chunks[i].Pos
				pos.File = pos.File[strings.LastIndexByte(pos.File, '/')+1:]
				at = append(at, pos.String())
			}
			if d := cmp.Diff(c.want, at); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestErrorsHavePlaces(t *testing.T) {
	tree := newTree(t, map[string]string{
		"undefined.sls": "a:\n  test.nop:\n    - x: {{ nope }}\n",
		"function.sls":  "a:\n  test.nop:\n    - x: {{ salt['pillar.gett']('a') }}\n",
		"yaml.sls":      "a:\n  test.nop:\n   - x: [1\n",
		"requisite.sls": "a:\n  test.nop:\n    - require:\n      - test: nope\n",
		"python.sls":    "#!py\ndef run():\n  return {}\n",
		"nofun.sls":     "a:\n  test:\n    - x: 1\n",
	}, nil)
	for _, c := range []struct{ sls, class, at, hint string }{
		{"undefined", states.ClassJinjaUndefined, "undefined.sls:3", ""},
		{"function", states.ClassJinjaUndefined, "function.sls:3", "pillar.get"},
		{"yaml", states.ClassYAMLSyntax, "yaml.sls:4:1", ""},
		{"requisite", states.ClassReqMissing, "requisite.sls:2:3", ""},
		{"python", states.ClassRenderer, "python.sls:1", "jinja|yaml"},
		{"nofun", states.ClassFunMissing, "nofun.sls:2:3", ""},
	} {
		t.Run(c.sls, func(t *testing.T) {
			got := compile(t, tree, states.Request{SLS: []string{c.sls}}, nil)
			if len(got.Errors) != 1 || len(got.Chunks) != 0 {
				t.Fatalf("errors %v, %d chunks", got.Errors, len(got.Chunks))
			}
			e := got.Errors[0]
			if e.Class != c.class || e.SLS != c.sls {
				t.Errorf("class %s in %s: %s", e.Class, e.SLS, e.Message)
			}
			if at := e.Pos.String(); !strings.HasSuffix(at, "/"+c.at) {
				t.Errorf("at %s, want %s", at, c.at)
			}
			if !strings.Contains(e.Hint, c.hint) {
				t.Errorf("hint %q, want %q in it", e.Hint, c.hint)
			}
		})
	}
}

// hostStub answers host functions.
type hostStub struct {
	answers map[string]py.Value
	err     error
	calls   []string
}

func (h *hostStub) Call(_ context.Context, fun string, args *py.Args) (py.Value, error) {
	h.calls = append(h.calls, fun+py.Repr(py.Tuple(args.Pos)))
	if h.err != nil {
		return nil, h.err
	}
	return h.answers[fun], nil
}

func TestHostFunctions(t *testing.T) {
	tree := newTree(t, map[string]string{
		"a.sls": "a:\n  test.nop:\n    - x: {{ salt['cmd.run']('uptime') }}\n    - y: {{ salt.file.file_exists('/x') }}\n    - z: {{ 'cmd.run' in salt }}\n",
	}, nil)
	h := &hostStub{answers: map[string]py.Value{"cmd.run": py.Str("up"), "file.file_exists": py.True}}
	c := compile(t, tree, states.Request{SLS: []string{"a"}}, h)
	if len(c.Errors) > 0 {
		t.Fatal(c.Errors)
	}
	d := c.Chunks[0].Data
	if got := py.Repr(py.NewList(d.Lookup("x"), d.Lookup("y"), d.Lookup("z"))); got != "['up', True, True]" {
		t.Errorf("arguments %s", got)
	}
	if diff := cmp.Diff([]string{"cmd.run('uptime',)", "file.file_exists('/x',)"}, h.calls); diff != "" {
		t.Error(diff)
	}
	t.Run("host gone", func(t *testing.T) {
		gone := errors.New("connection lost")
		_, err := tree.Compile(context.Background(), states.Request{Host: "web1", SLS: []string{"a"}}, &hostStub{err: gone})
		var he *saltfun.HostError
		if !errors.Is(err, gone) || !errors.As(err, &he) || he.Fun != "cmd.run" {
			t.Errorf("error %v", err)
		}
	})
	t.Run("no host", func(t *testing.T) {
		c := compile(t, tree, states.Request{SLS: []string{"a"}}, nil)
		if len(c.Errors) != 1 || c.Errors[0].Class != states.ClassJinjaFunction {
			t.Errorf("errors %v", c.Errors)
		}
	})
}

func TestGiven(t *testing.T) {
	tree := newTree(t, nil, map[string]string{"top.sls": "base:\n  '*': [a]\n", "a.sls": "v: 5\n"})
	ctx, req := context.Background(), states.Request{Host: "web1", Grains: testGrains("web1")}
	for _, c := range []struct {
		name string
		run  func() (*states.Compiled, error)
		want []string
		err  string
	}{
		{"single", func() (*states.Compiled, error) {
			return tree.Single(ctx, req, nil, "file.managed", "/a", py.DictOf("mode", py.Str("0644")))
		}, []string{"file.managed:/a"}, ""},
		{"high", func() (*states.Compiled, error) {
			return tree.High(ctx, req, nil, py.DictOf(
				"b", py.DictOf("test", py.NewList(py.Str("nop"), py.DictOf("require", py.NewList(py.DictOf("test", py.Str("a")))))),
				"a", py.DictOf("test", py.NewList(py.Str("nop")))))
		}, []string{"test.nop:a", "test.nop:b"}, ""},
		{"high that is none", func() (*states.Compiled, error) { return tree.High(ctx, req, nil, py.Str("x")) }, nil, states.ClassHighNotDict},
		{"high in a circle", func() (*states.Compiled, error) {
			return tree.High(ctx, req, nil, py.DictOf("a", py.DictOf("test", py.NewList(py.Str("nop"),
				py.DictOf("require", py.NewList(py.DictOf("test", py.Str("a"))))))))
		}, nil, states.ClassReqCycle},
		{"low", func() (*states.Compiled, error) {
			return tree.Low(ctx, req, nil, py.DictOf("state", py.Str("test"), "fun", py.Str("nop"), "name", py.Str("n")))
		}, []string{"test.nop:n"}, ""},
		{"low without name", func() (*states.Compiled, error) { return tree.Low(ctx, req, nil, py.DictOf("state", py.Str("test"))) }, nil, states.ClassOther},
		{"template", func() (*states.Compiled, error) {
			return tree.Template(ctx, req, nil, "<template-str>", "x{{ pillar.v }}: test.nop\n")
		}, []string{"test.nop:x5"}, ""},
		{"template with include", func() (*states.Compiled, error) {
			return tree.Template(ctx, req, nil, "t", "include: [a]\n")
		}, nil, states.ClassOther},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.run()
			if err != nil {
				t.Fatal(err)
			}
			if c.err != "" {
				if len(got.Errors) == 0 || got.Errors[0].Class != c.err {
					t.Errorf("errors %v", got.Errors)
				}
				return
			}
			if len(got.Errors) > 0 {
				t.Fatal(got.Errors)
			}
			if d := cmp.Diff(c.want, outline(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestExclude(t *testing.T) {
	tree := newTree(t, map[string]string{"a.sls": "include: [b]\nx: test.nop\n", "b.sls": "y: test.nop\n"}, nil)
	c := compile(t, tree, states.Request{SLS: []string{"a"}, Exclude: py.Strings("b")}, nil)
	if d := cmp.Diff([]string{"test.nop:x"}, outline(c)); d != "" {
		t.Error(d)
	}
}

// TestBounds: a tree that nests without end or is very large ends in time.
func TestBounds(t *testing.T) {
	var many, chain strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&many, "id%d:\n  test.nop: []\n", i)
	}
	for i := range 20_000 {
		fmt.Fprintf(&chain, "id%d:\n  test.nop:\n    - require:\n      - test: id%d\n", i, (i+1)%20_000)
	}
	deep := map[string]string{"many.sls": many.String(), "circle.sls": chain.String(), "pillar.sls": "x: {{ salt['pillar.items']() }}\n"}
	for i := range 400 {
		deep[fmt.Sprintf("deep%d.sls", i)] = fmt.Sprintf("include: [deep%d]\nd%d: test.nop\n", i+1, i)
	}
	tree := newTree(t, deep, map[string]string{"top.sls": "base:\n  '*': [a]\n", "a.sls": "x: {{ salt['pillar.items']() }}\n"})
	quiet := newTree(t, deep, nil)
	for _, c := range []struct {
		sls, class string
		tree       *states.Tree
		chunks     int
	}{
		{"many", "", quiet, 100_000},
		{"circle", states.ClassReqCycle, quiet, 0},
		{"deep0", states.ClassCrash, quiet, 0},
		{"pillar", states.ClassStateNotList, tree, 0}, // a pillar that asks for itself
	} {
		t.Run(c.sls, func(t *testing.T) {
			start := time.Now()
			got := compile(t, c.tree, states.Request{SLS: []string{c.sls}}, nil)
			class := ""
			if len(got.Errors) > 0 {
				class = got.Errors[0].Class
			}
			if class != c.class || len(got.Chunks) != c.chunks {
				t.Errorf("class %q, %d chunks: %.300v", class, len(got.Chunks), got.Errors)
			}
			if d := time.Since(start); d > 60*time.Second {
				t.Errorf("took %s", d)
			}
		})
	}
}

func TestUnsupportedOptions(t *testing.T) {
	if _, err := states.NewTree(context.Background(), states.Config{Opts: py.DictOf("fileserver_backend", py.Strings("roots", "gitfs"))}); err == nil ||
		!strings.Contains(err.Error(), "gitfs") {
		t.Errorf("error %v", err)
	}
	tree := newTree(t, map[string]string{"top.sls": "base:\n  '*': [a]\n", "a.sls": "a: test.nop\n"}, nil,
		"master_tops", py.DictOf("ext_nodes", py.Str("x")))
	c := compile(t, tree, states.Request{Highstate: true}, nil)
	if len(c.Errors) != 1 || !strings.Contains(c.Errors[0].Message, "master_tops") {
		t.Errorf("errors %v", c.Errors)
	}
}
