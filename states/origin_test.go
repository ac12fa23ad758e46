package states_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/gitfs/gittest"
	"pinch/internal/py"
	"pinch/states"
)

// TestOrigins compiles pillars and looks at where their values are said to
// come from.
func TestOrigins(t *testing.T) {
	words := gittest.Build(t, t.TempDir(), gittest.Repos{"g": {{Branch: "master", Files: map[string]string{
		"top.sls": "base:\n  '*': [g]\n", "g.sls": "\nfrom_git: 1\nboth: git\n"}}}})
	for _, c := range []struct {
		name     string
		files    map[string]string
		opts     []any
		override *py.Dict
		want     map[string]string
	}{
		{"two SLS", map[string]string{
			"top.sls": "base:\n  '*': [a, b]\n", "a.sls": "x: 1\nd:\n  k: 1\n  l: 2\n", "b.sls": "# comment\nd:\n  l: 3\n",
		}, nil, nil, map[string]string{"x": "a.sls:1 (sls a)", "d:k": "a.sls:3 (sls a)", "d:l": "b.sls:3 (sls b)"}},
		{"equal values: the later wins", map[string]string{
			"top.sls": "base:\n  '*': [a, b]\n", "a.sls": "x: 1\n", "b.sls": "x: 1\n",
		}, nil, nil, map[string]string{"x": "b.sls:1 (sls b)"}},
		{"includes", map[string]string{
			"top.sls": "base:\n  '*': [a]\n", "a.sls": "include:\n  - b\n  - c:\n      key: in:side\nx: own\n", "b.sls": "x: b\ny: b\n", "c.sls": "z:\n  q: 1\n",
		}, nil, nil, map[string]string{"x": "a.sls:5 (sls a)", "y": "b.sls:2 (sls b)", "in:side:z:q": "c.sls:2 (sls c)"}},
		{"includes override", map[string]string{
			"top.sls": "base:\n  '*': [a]\n", "a.sls": "include: [b]\nx: own\n", "b.sls": "x: b\n",
		}, []any{"pillar_includes_override_sls", py.True}, nil, map[string]string{"x": "b.sls:1 (sls b)"}},
		{"an include that was rendered before", map[string]string{
			"top.sls": "base:\n  '*': [b, a]\n", "a.sls": "include: [b]\ny: 1\n", "b.sls": "x: b\n",
		}, nil, nil, map[string]string{"x": "b.sls:1 (sls b)", "y": "a.sls:2 (sls a)"}},
		{"Jinja", map[string]string{
			"top.sls": "base:\n  '*': [a]\n", "a.sls": "{% set v = 5 %}\nx: 1\n{% for n in ['p', 'q'] %}\n{{ n }}: {{ v }}\n{% endfor %}\nlast: 1\n",
		}, nil, nil, map[string]string{"x": "a.sls:2 (sls a)", "p": "a.sls (sls a)", "q": "a.sls (sls a)", "last": "a.sls:6 (sls a)"}},
		{"merged lists", map[string]string{
			"top.sls": "base:\n  '*': [a, b, c]\n", "a.sls": "l: [1]\n", "b.sls": "l: [2]\n", "c.sls": "m: []\n",
		}, []any{"pillar_merge_lists", py.True}, nil, map[string]string{"l": "a.sls:1 (sls a), b.sls:1 (sls b)", "m": "c.sls:1 (sls c)"}},
		{"external pillars", map[string]string{
			"top.sls": "base:\n  '*': [a]\n", "a.sls": "x: sls\ny: sls\nboth: sls\n",
			"st/s.cfg": "1.yml\n2.yml\n", "st/1.yml": "{# nothing #}\ns: {a: 1, b: 1}\n", "st/2.yml": "s:\n  b: 2\n", "ft/hosts/web1/key/file": "text",
		}, []any{"ext_pillar", py.NewList(py.DictOf("cmd_yaml", py.Str("echo 'y: cmd'")), py.DictOf("stack", py.Str("ROOT/st/s.cfg")),
			py.DictOf("file_tree", py.DictOf("root_dir", py.Str("ROOT/ft"))), py.DictOf("git", py.Strings(words.Replace("master {g}"))))},
			py.DictOf("cli", py.DictOf("k", py.Int(1))), map[string]string{
				"x": "a.sls:1 (sls a)", "y": "ext_pillar cmd_yaml", "s:a": "st/1.yml:2 (ext_pillar stack)", "s:b": "st/2.yml:2 (ext_pillar stack)",
				"key:file": "ft/hosts/web1/key/file (ext_pillar file_tree)", "from_git": "GIT/g.sls:2 (sls g)", "both": "GIT/g.sls:3 (sls g)", "cli:k": "command line",
			}},
		{"command line over all", map[string]string{
			"top.sls": "base:\n  '*': [a]\n", "a.sls": "x: {a: 1, b: 1}\n",
		}, nil, py.DictOf("x", py.DictOf("a", py.Int(2))), map[string]string{"x:a": "command line", "x:b": "a.sls:1 (sls a)"}},
		{"keys that are no text", map[string]string{
			"top.sls": "base:\n  '*': [a]\n", "a.sls": "2: one\ntrue: yes\n'a:b': colon\n",
		}, nil, nil, map[string]string{"2": "a.sls:1 (sls a)", "True": "a.sls:2 (sls a)", "a:b": "a.sls:3 (sls a)"}},
		{"JSON", map[string]string{
			"top.sls": "base:\n  '*': [a]\n", "a.sls": "#!json\n{\"x\": {\"y\": 1}}\n",
		}, nil, nil, map[string]string{"x:y": "a.sls (sls a)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			for name, text := range c.files {
				full := filepath.Join(root, name)
				if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			opts := py.DictOf("pillar_roots", py.DictOf("base", py.Strings(root)), "file_roots", py.NewDict())
			text, err := py.EncodeJSON(py.DictOf(c.opts...))
			if err != nil {
				t.Fatal(err)
			}
			more, err := py.DecodeJSON([]byte(strings.ReplaceAll(string(text), "ROOT", root)))
			if err != nil {
				t.Fatal(err)
			}
			opts.Update(more.(*py.Dict))
			tree, err := states.NewTree(context.Background(), states.Config{Opts: opts, CacheDir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := tree.Close(); err != nil {
					t.Error(err)
				}
			}()
			got, err := tree.CompilePillar(context.Background(), states.Request{Host: "web1", Pillar: c.override, Origins: true}, nil)
			if err != nil || len(got.Errors) > 0 {
				t.Fatal(err, got.Errors)
			}
			have := map[string]string{}
			for _, o := range got.Origins {
				var parts []string
				for _, p := range o.From {
					s := strings.TrimPrefix(p.String(), root+"/")
					if i := strings.Index(s, "@"); strings.HasPrefix(s, "git:") && i > 0 {
						s = "GIT" + s[i+13:]
					}
					parts = append(parts, s)
				}
				have[o.Key()] = strings.Join(parts, ", ")
			}
			if d := cmp.Diff(c.want, have); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}
