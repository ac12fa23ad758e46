package jinja_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/jinja"
	"pinch/internal/py"
)

// needsText writes what a template needs, a line each.
func needsText(n *jinja.Needs) string {
	var b strings.Builder
	maybe := func(cond bool) string {
		if cond {
			return " maybe"
		}
		return ""
	}
	for _, f := range n.Functions {
		how := []string{"call", "take", "ask", "filter"}[f.How]
		name := f.Name
		if name == "" {
			name = "?" + f.Text
		}
		args := ""
		if f.Call != nil {
			for _, v := range f.Call.Pos {
				if v == nil {
					args += " _"
				} else {
					args += " " + py.Repr(v)
				}
			}
			for _, k := range f.Call.Kw {
				args += " " + k + "="
			}
			if f.Call.Open {
				args += " *"
			}
		}
		fmt.Fprintf(&b, "%s %s %s%s%s\n", f.Pos, how, name, args, maybe(f.Conditional))
	}
	for _, u := range n.Templates {
		name := u.Name
		if name == "" {
			name = "?" + u.Text
		}
		opt := ""
		if u.Optional {
			opt += " optional"
		}
		if u.WithContext {
			opt += " with"
		}
		fmt.Fprintf(&b, "%s %s %s%s%s\n", u.Pos, u.Tag, name, opt, maybe(u.Conditional))
	}
	for _, u := range n.Filters {
		fmt.Fprintf(&b, "%s | %s %v%s\n", u.Pos, u.Name, u.Known, maybe(u.Conditional))
	}
	for _, u := range n.Tests {
		fmt.Fprintf(&b, "%s is %s %v%s\n", u.Pos, u.Name, u.Known, maybe(u.Conditional))
	}
	for _, u := range n.Variables {
		fmt.Fprintf(&b, "%s read %s%s\n", u.Pos, strings.Join(append([]string{u.Name}, u.Path...), " "), maybe(u.Conditional))
	}
	return b.String()
}

func TestNeeds(t *testing.T) {
	for _, tt := range []struct{ source, want string }{
		{"plain", ""},
		{"a\n  {{ salt['a.b'](1, x, k=2) }}{{ salt.c.d(*l) }}{{ salt['a.b'] }}",
			"2:6 call a.b 1 _ k=\n2:34 call c.d *\n2:52 take a.b\n2:21 read x\n2:44 read l\n"},
		{"é {% if 'a.b' in salt %}{% set f = salt['x.y'] %}{% endif %}", "1:18 ask a.b\n1:36 take x.y maybe\n"},
		{"{{ salt[name]() }}{{ salt.m[n] }}", "1:4 call ?salt[name]\n1:22 take ?salt.m[n]\n1:9 read name\n1:29 read n\n"},
		{"{{ salt.mod['fun']('k').x }}", "1:4 call mod.fun 'k'\n"},
		{"{{ f(salt) }}{% set m = salt.mod %}{{ salt.items() }}", "1:6 take ?salt\n1:25 take ?salt.mod\n1:39 take ?salt\n1:4 read f\n"},
		{"{{ salt.get('a.b')(1) }}{{ salt.get(n, 2) }}{{ salt['a.b'] is defined }}{{ salt is defined }}",
			"1:4 call a.b 1\n1:28 take ?salt.get(...)\n1:48 ask a.b\n1:63 is defined true\n1:84 is defined true\n1:37 read n\n"},
		{"{% set salt = 1 %}{{ salt.a.b() }}", ""},
		{"{% macro m(x, y=z) %}{{ salt['a.b'](x) }}{{ w }}{% endmacro %}{{ m(1) }}{{ m.name }}",
			"1:25 call a.b _ maybe\n1:17 read z maybe\n1:45 read w maybe\n"},
		{"{% from 'a.jinja' import x with context %}{% import_yaml 'b.yaml' as y %}{% include ['c', 'd'] %}{% include 'i' ignore missing without context %}",
			"1:9 from a.jinja with\n1:58 import_yaml b.yaml\n1:86 include c optional with\n1:91 include d optional with\n1:109 include i optional\n"},
		{"{% extends 'e' if a else b %}{% import tpldir ~ '/x' as q %}",
			"1:12 extends e with maybe\n1:12 extends ?'e' if a else b with maybe\n1:40 import ?tpldir ~ '/x'\n1:19 read a\n1:26 read b maybe\n1:40 read tpldir\n"},
		{"{{ x|upper|nope if y is odd and z is nope }}",
			"1:6 | upper true maybe\n1:12 | nope false maybe\n1:25 is odd true\n1:38 is nope false maybe\n1:20 read y\n1:33 read z maybe\n1:4 read x maybe\n"},
		{"{{ '/x'|file_hashsum }}", "1:9 filter file.get_hash\n1:9 | file_hashsum true\n"},
		{"{{ grains['cpu'].model }}{{ grains.get('os', x).y }}{{ grains[k].z }}{{ grains.os.lower() }}{{ range(n) }}",
			"1:4 read grains cpu model\n1:46 read x\n1:29 read grains os\n1:63 read k\n1:56 read grains\n1:73 read grains os\n1:102 read n\n"},
		{"{% for i in l if i %}{{ loop.index }}{{ i }}{% else %}{{ e }}{% endfor %}{% if c %}{% set v = 1 %}{% endif %}{{ v }}",
			"1:13 read l\n1:58 read e maybe\n1:80 read c\n1:113 read v\n"},
		{"{% load_yaml as d %}{{ a }}{% endload %}{{ d }}{% do d.update(b) %}", "1:24 read a maybe\n1:63 read b\n"},
		{"{% if x %}\r\n{{ y }}\r\n{% endif %}", "1:7 read x\n2:4 read y maybe\n"},
	} {
		t.Run(tt.source, func(t *testing.T) {
			tmpl, err := jinja.Parse("", tt.source, jinja.SaltOptions())
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, needsText(tmpl.Needs())); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestSurvey(t *testing.T) {
	loader := mapLoader{
		"f/map.jinja":       "{% import_yaml tpldir ~ '/defaults.yaml' as d %}{% from './libs/a.jinja' import x %}{{ salt['cmd.run']('id') }}",
		"f/defaults.yaml":   "a: {{ 1|upper }}",
		"f/libs/a.jinja":    "{% include 'f/' ~ flavour ~ '.jinja' %}",
		"f/red.jinja":       "{{ salt['pillar.get']('a') }}",
		"f/broken.jinja":    "{% if %}",
		"f/loop.jinja":      "{% include 'f/loop.jinja' %}",
		"f/files/a.txt":     "{{ grains.os }}",
		"f/Debian.jinja":    "{{ salt.grains.get('x') }}",
		"f/with.jinja":      "{% include tplroot ~ '/red.jinja' %}",
		"f/without.jinja":   "{% include tplroot ~ '/red.jinja' %}",
		"f/osmap/init.yaml": "",
	}
	file := func(name string) string { return cacheDir + name }
	for _, tt := range []struct {
		name, source string
		vars         *py.Dict
		files        []string
		functions    []string
		unknown      []string
		missing      []string
		errors       []string
	}{
		{name: "formula", vars: py.DictOf("sls", py.Str("f.config"), "flavour", py.Str("red")),
			source:    "{%- set tplroot = tpldir.split('/')[0] %}\n{%- from tplroot ~ \"/map.jinja\" import m with context %}",
			files:     []string{"f/map.jinja", "f/defaults.yaml", "f/libs/a.jinja", "f/red.jinja"},
			functions: []string{"cmd.run", "pillar.get"}},
		{name: "not known", vars: py.NewDict(),
			source:  "{% from 'f/map.jinja' import m %}{% import x ~ '.jinja' as y %}",
			files:   []string{"f/map.jinja", "f/defaults.yaml", "f/libs/a.jinja"},
			unknown: []string{"f/libs/a.jinja:1:12 'f/' ~ flavour ~ '.jinja'", "1:44 x ~ '.jinja'"}, functions: []string{"cmd.run"}},
		{name: "grains", vars: py.DictOf("grains", py.DictOf("os", py.Str("Debian"))),
			source: "{% include 'f/' ~ grains['os'] ~ '.jinja' %}{% include 'f/' ~ grains.get('nope', 'red') ~ '.jinja' %}{% include 'f/' ~ salt['x.y']() %}",
			files:  []string{"f/Debian.jinja", "f/red.jinja"}, functions: []string{"grains.get", "pillar.get", "x.y"}, unknown: []string{"1:113 'f/' ~ salt['x.y']()"}},
		{name: "missing and broken", vars: py.NewDict(),
			source:  "#jinja2: {\"trim_blocks\": true}\n{% include 'no' %}{% include 'no2' ignore missing %}{% include ['no3', 'f/red.jinja'] %}\n{% include 'f/broken.jinja' %}",
			files:   []string{"f/red.jinja"},
			missing: []string{"2:12 no"}, errors: []string{cacheDir + "f/broken.jinja:1: Expected an expression, got 'end of statement block'"}, functions: []string{"pillar.get"}},
		{name: "endless", vars: py.NewDict(), source: "{% include 'f/loop.jinja' %}", files: []string{"f/loop.jinja"}},
		{name: "context", vars: py.NewDict(),
			source: "{% set tplroot = 'f' %}{% include 'f/with.jinja' %}{% include 'f/without.jinja' without context %}",
			files:  []string{"f/with.jinja", "f/red.jinja", "f/without.jinja"}, unknown: []string{"f/without.jinja:1:12 tplroot ~ '/red.jinja'"}, functions: []string{"pillar.get"}},
		{name: "assigned twice", vars: py.DictOf("c", py.True),
			source: "{% set p = 'f/red.jinja' %}{% include p %}{% if c %}{% set p = 'f/Debian.jinja' %}{% include p %}{% endif %}{% include p %}" +
				"{% for p in l %}{% include p %}{% endfor %}{% macro m(p) %}{% include p %}{% endmacro %}",
			files: []string{"f/red.jinja", "f/Debian.jinja"}, functions: []string{"grains.get", "pillar.get"},
			unknown: []string{"1:120 p", "1:151 p", "1:194 p"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := jinja.SurveySalt(context.Background(), cacheDir+"f/config.sls", tt.source, &jinja.Render{Vars: tt.vars, Loader: loader})
			if err != nil {
				t.Fatal(err)
			}
			for i, f := range tt.files {
				tt.files[i] = file(f)
			}
			names, all := s.FunctionNames()
			places := func(us []jinja.TemplateUse, text func(u jinja.TemplateUse) string) []string {
				var out []string
				for _, u := range us {
					out = append(out, strings.TrimPrefix(u.Pos.String(), cacheDir)+" "+text(u))
				}
				return out
			}
			var errs []string
			for _, err := range s.Errors {
				errs = append(errs, err.Error())
			}
			for what, d := range map[string]string{
				"files":     cmp.Diff(tt.files, s.Files),
				"functions": cmp.Diff(tt.functions, names),
				"unknown":   cmp.Diff(tt.unknown, places(s.Unknown, func(u jinja.TemplateUse) string { return u.Text })),
				"missing":   cmp.Diff(tt.missing, places(s.Missing, func(u jinja.TemplateUse) string { return u.Name })),
				"errors":    cmp.Diff(tt.errors, errs),
			} {
				if d != "" {
					t.Errorf("%s: %s", what, d)
				}
			}
			if !all {
				t.Error("a function has no name")
			}
			pure := s.Pure(func(fun string) bool { return fun == "pillar.get" || fun == "grains.get" })
			if want := !slices.Contains(names, "cmd.run") && len(tt.unknown) == 0 && len(tt.errors) == 0; pure != want {
				t.Errorf("pure %v", pure)
			}
		})
	}
}
