package check

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/py"
	"pinch/modules/all"
	"pinch/states"
)

// runCheck checks a tree that is written to a directory; pillar/... are pillar
// files. It returns the findings and the notes with paths below the roots.
func runCheck(t *testing.T, files map[string]string) (findings, notes []string, r *Report) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if !strings.HasPrefix(name, "pillar/") {
			name = "salt/" + name
		}
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	opts := py.DictOf("file_roots", py.DictOf("base", py.Strings(filepath.Join(dir, "salt"))),
		"pillar_roots", py.DictOf("base", py.Strings(filepath.Join(dir, "pillar"))))
	tree, err := states.NewTree(context.Background(), states.Config{Opts: opts})
	if err != nil {
		t.Fatal(err)
	}
	r, err = Run(context.Background(), tree, Options{Registry: all.Registry(), Functions: states.PureFunctions()})
	if err != nil {
		t.Fatal(err)
	}
	list := func(fs []Finding) []string {
		out := []string{}
		for _, f := range fs {
			f.File = strings.TrimPrefix(strings.TrimPrefix(f.File, dir+"/salt/"), dir+"/")
			out = append(out, f.String())
		}
		return out
	}
	return list(r.Findings), list(r.Notes), r
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  []string
		notes []string
	}{
		{"all is well", map[string]string{
			"top.sls": "base:\n  '*':\n    - a\n", "a.sls": "include: [b]\na:\n  pkg.installed: []\n", "b.sls": "b: {test.nop: [{x: 1}]}\n",
		}, nil, nil},
		{"functions, in every form", map[string]string{"a.sls": `# comment: with.dots
x: file.manged
/etc/y:
  user:
    - present
    - ui: 7
  pkg.instaled:
  - names: [a]
z: {service.runing: [{name: z}], user.present: [{ui: z}]}
"quoted: id":
  "chocolatey.installed": []
extend:
  e:
    file.manged:
      - user: root
    test.nop:
      - anything: 1
  f:
    user.present:
      - homme: /x
`}, []string{
			"a.sls:2:1: state function file.manged: neither pinch nor Salt 3008 has it (did you mean file.managed?)",
			"a.sls:6:7: user.present has no argument ui (did you mean uid?)",
			"a.sls:7:3: state function pkg.instaled: neither pinch nor Salt 3008 has it (did you mean pkg.installed?)",
			"a.sls:9:1: state function service.runing: neither pinch nor Salt 3008 has it (did you mean service.running?)",
			"a.sls:9:1: user.present has no argument ui (did you mean uid?)",
			"a.sls:11:3: state function chocolatey.installed: it is for Windows, and pinch manages no Windows hosts",
			"a.sls:14:5: state function file.manged: neither pinch nor Salt 3008 has it (did you mean file.managed?)",
			"a.sls:20:9: user.present has no argument homme (did you mean home?)",
		}, nil},
		{"values are no keys", map[string]string{"a.sls": `a:
  file.managed:
    - contents: |
        file.manged:
          - x: 1
      # still deeper
    - context:
        file.manged: {a: 1}
        other:
          - thing: 1
    - require:
      - file.manged: x
      - pkg: y
    - source: [salt://none, salt://neither]
  cmd.run:
    - name: "first
        file.manged:
        last"
    - env: {A: 'x: y',
        B: z}
`}, nil, nil},
		{"branches and loops", map[string]string{"a.sls": `{%- set x = 'file.manged:' %}
{% set block %}
in: {file.manged: []}
{% endset %}{% load_yaml as y %}
in:
  file.manged: []
{% endload %}{# c:
  file.manged: [] #}
{% for n in [1] -%}
ä-{{ n }}:
    {% if n %}
    file.manged:
      - user: {{ n }}
    {% else %}
    user.present:
      - ü: 1
    {% endif %}
{%- endfor %}
b:
  test.nop: []
{% raw %}{% if %}
c:
  file.manged: []{% endraw %}
`}, []string{
			"a.sls:12:5: state function file.manged: neither pinch nor Salt 3008 has it (did you mean file.managed?) [in a branch]",
			"a.sls:16:9: user.present has no argument ü [in a branch]",
			"a.sls:23:3: state function file.manged: neither pinch nor Salt 3008 has it (did you mean file.managed?)",
		}, nil},
		{"what only rendering knows", map[string]string{"a.sls": `{{ macro() }}
a:
  {{ mod }}.installed: []
  file.{{ fun }}:
    - naem: x
b:
  pkg:
    - {{ fun }}
c: {{ body }}
d:
  test.nop:
    - {{ args }}
`, "b.sls": "{% import x as y %}{{ salt[f]() }}"}, nil, []string{
			"a.sls:1:1: what stands here is only known after rendering",
			"a.sls:3:3: which function this is is only known after rendering",
			"a.sls:4:3: which function this is is only known after rendering",
			"a.sls:7:3: which function of pkg this is is only known after rendering",
			"a.sls:9:1: what stands here is only known after rendering",
			"b.sls:1:11: import x: which file this is is only known after rendering",
			"b.sls:1:23: salt[f]: which function this is is only known after rendering",
		}},
		{"templates", map[string]string{
			"a.sls": "{% from 'm.jinja' import m %}{% if m and 'x.y' in salt %}{{ salt['file.get_hsah'](m) }}{% endif %}\n" +
				"a: {file.managed: [{source: 'salt://f.conf'}, {template: jinja}]}\n{{ salt.cmd.run('a', 1) }}{{ salt['win_servermanager.list_installed']() }}\n{{ salt['group.info']('x', wrong=1) }}",
			"m.jinja": "{% set m = 1 %}{% if m is odd %}{% import 'x' as x %}{{ salt['win_wua.list']('*') | list_files }}{{ 1 | nosuch }}{% endif %}",
			"f.conf":  "{{ salt['nosuch.fun']() }}\n", "unused.jinja": "{% if x %}", "b.sls": "b:\n  file.managed:\n    - source: salt://b.conf\n    - template: mako\n",
			"c.sls": "c:\n  postgres_database.present:\n    - template: template0\n", "bin": "{{ \x00 }}", "d.sls": "d:\n  file.recurse:\n    - source: salt://dir\n    - template: jinja\n",
			"dir/t": "{{ salt['no.such']() }}", "b.conf": "",
		}, []string{
			"a.sls:1:61: execution function file.get_hsah: neither pinch nor Salt 3008 has it (did you mean file.get_hash?) [in a branch]",
			"a.sls:3:30: execution function win_servermanager.list_installed: Salt has it, pinch has not",
			"a.sls:4:4: group.info has no argument wrong",
			"b.sls:4:7: the template engine mako is not supported",
			"dir/t:1:4: execution function no.such: neither pinch nor Salt 3008 has it",
			"f.conf:1:4: execution function nosuch.fun: neither pinch nor Salt 3008 has it",
			"m.jinja:1:43: import: there is no file x [in a branch]",
			"m.jinja:1:57: execution function win_wua.list: Salt has it, pinch has not [in a branch]",
			"m.jinja:1:85: the filter list_files is not supported: it would list a directory of the controller; use salt['file.find'](path) [in a branch]",
			"m.jinja:1:105: there is no filter nosuch [in a branch]",
			"unused.jinja:1: Jinja: Unexpected end of template. Jinja was looking for the following tags: 'elif' or 'else' or 'endif'. The innermost block that needs to be closed is 'if'.",
		}, []string{"a.sls:3:1: what stands here is only known after rendering", "a.sls:4:1: what stands here is only known after rendering"}},
		{"includes", map[string]string{
			"a/init.sls": "include:\n  - .b\n  - ..c\n  - nosuch\n  - .nosuch\n{% if x %}\n  - ...beyond\n{% endif %}\n  - {{ x }}\n  - d.*\n  - base: nosuch\n",
			"a/b.sls":    "", "c.sls": "include: [.a]\n",
		}, []string{
			"a/init.sls:4:5: include: there is no SLS nosuch",
			"a/init.sls:5:5: include: there is no SLS a.nosuch",
			"a/init.sls:7:5: include ...beyond goes beyond the top of the tree [in a branch]",
		}, nil},
		{"renderers and Python", map[string]string{
			"a.sls": "#!py\ndef run(): return {}\n", "b.sls": "#!jinja|mako|yaml\n", "pillar/p.sls": "#!stateconf yaml\n", "pillar/q.sls": "{{ salt['x.mine'](1) }}{{ 1 | nosuch }}",
			"_modules/x.py": "import os\n\ndef mine(a):\n    pass\ndef _private():\n    pass\n", "_states/y.py": "__virtualname__ = 'yy'\ndef there_(name):\n    pass\n",
			"_grains/g.py": "", "_notes/x.py": "", "c.sls": "c:\n  yy.there: []\n",
		}, []string{
			"pillar/p.sls:1:1: the renderer stateconf is not supported",
			"pillar/q.sls:1: Jinja: No filter named 'nosuch'.",
			"_grains/g.py:1: _grains: the tree's own Python is not loaded: its grains are not there",
			"_modules/x.py:1: _modules: the tree's own Python is not loaded (1 functions)",
			"_states/y.py:1: _states: the tree's own Python is not loaded (1 functions)",
			"a.sls:1:1: the renderer py is not supported",
			"b.sls:1:1: the renderer mako is not supported",
			"c.sls:2:3: state function yy.there: it is in the tree's own Python (_states/y.py:2), which is not loaded",
		}, nil},
		{"what does not load", map[string]string{
			"a.sls": "a: [\n", "b.sls": "{% if %}\n", "c.sls": "a: 1\na: 2\n", "d.sls": "\xff", "e.sls": "", "f.sls": "#!yaml\na: {{ x }}\n",
		}, []string{
			"a.sls:2:1: while parsing a flow node\ndid not find expected node content\n  in \"<unicode string>\", line 2, column 1",
			"b.sls:1: Jinja: Expected an expression, got 'end of statement block'",
			"c.sls:2:1: while constructing a mapping\n  in \"<unicode string>\", line 1, column 1\nfound conflicting ID 'a'\n  in \"<unicode string>\", line 2, column 1",
			"d.sls: UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
			"f.sls:2:5: while constructing a mapping\n  in \"<unicode string>\", line 2, column 4\nfound unacceptable key [(ScalarNode(tag='tag:yaml.org,2002:str', value='x'), ScalarNode(tag='tag:yaml.org,2002:null', value=''))]\n  in \"<unicode string>\", line 2, column 5",
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			findings, notes, _ := runCheck(t, c.files)
			if d := cmp.Diff(append([]string{}, c.want...), findings); d != "" {
				t.Errorf("findings (-want +got):\n%s", d)
			}
			if d := cmp.Diff(append([]string{}, c.notes...), notes); d != "" {
				t.Errorf("notes (-want +got):\n%s", d)
			}
		})
	}
}

func TestCounts(t *testing.T) {
	_, _, r := runCheck(t, map[string]string{"a.sls": "a:\n  x.y: []\n  z.w: []\n", "b.sls": "a: [", "pillar/p.sls": "", "m.jinja": ""})
	if d := cmp.Diff("[2 state functions 1 syntax] 2 1 1", fmt.Sprint(r.Counts(), r.SLS, r.Pillars, r.Templates)); d != "" {
		t.Error(d)
	}
}

// FuzzOutline: any text has an outline, whose places are in the text.
func FuzzOutline(f *testing.F) {
	for _, s := range []string{
		"a:\n  file.managed:\n    - name: x\n", "{% if x %}a: b.c{% endif %}", "a: {b.c: [d, {e: f}]}", "extend:\n  a:\n    b:\n      - c\n      - d: |\n          e\n",
		"{{ '}}' }}: {# #}\n{% raw %}{% endraw %}", "include:\n  - .a\n- b", "a: 'x\n\n  y'\nb: [\n", "- a\n -b: >\n", "{% set x %}\n{% endset", "\"", "- - : ", "a:\n\t- b",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o := readOutline(text)
		lines := strings.Count(text, "\n") + 1
		for _, d := range o.decls {
			if d.at.line < 1 || d.at.line > lines || d.at.col < 1 {
				t.Errorf("%q: %+v", text, d.at)
			}
		}
	})
}
