package states_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pinch/internal/jinja"
	"pinch/internal/py"
	"pinch/states"
)

// FuzzSLS: whatever stands in an SLS and in one that it may include, compiling
// ends, with chunks that a run can take or with errors that say something.
func FuzzSLS(f *testing.F) {
	for _, s := range [][2]string{
		{"a:\n  pkg.installed:\n    - require: [{test: b}]\ninclude: [b]\n", "b:\n  test.nop:\n    - names: [x, y: [{order: last}]]\n"},
		{"include: [b, .b, ..b, 'b*', {base: b}]\nexclude: [{id: x}, b]\n", "include: [a]\nx: test.nop\n"},
		{"extend:\n  x:\n    test:\n      - watch_in: [{sls: b}]\ninclude: [b]\n", "x:\n  test.nop: []\n  cmd.run:\n    - use: [{test: x}]\n"},
		{"{% from 'b.sls' import m with context %}{{ m(1) }}", "{% macro m(x) %}a{{ x }}:\n  test.nop:\n    - x: {{ grains | tojson }}\n{% endmacro %}"},
		{"#!jinja|json\n{\"a\": {\"test.nop\": [{\"prereq\": [{\"cmd\": \"*\"}]}, {\"order\": -1}]}, \"b\": {\"cmd.run\": []}}", "#!py\n"},
		{"a:\n  test.nop:\n    - require: [a]\n    - order: first\n", "? [x]\n: y\n"},
		{"&a a: &b\n  test.nop: &c\n    - *b\n<<: *a\n", "{% for i in range(9) %}{{ i }}: {% endfor %}"},
		{"a: {test: [nop, {onfail_any: [{test: '[!a]'}]}, {listen_in: b}]}", "{{ salt['pillar.get'](salt) }}"},
		{"a: test.nop\n", "z: test.nop\n"}, {"a:\n  test.nop:\n    - require:\n      - test: b\nb: test.nop\n", ""}, {"extend: {a: {test: [x]}}\n", ""},
		{"a:\n  test:\n    - nop\n    - names: [x, {y: [{z: 1}]}]\n    - use_in: [{test: a}]\n", ""},
		{"{% for i in range(3) %}\n{{ i }}: {test.nop: [{order: last}]}\n{% endfor %}\n", ""}, {"#!json\n{\"a\": \"test.nop\"}\n", ""},
		{"&x a: &y {test.nop: [{require_in: [b]}]}\nb: *y\n", ""}, {"a: {cmd.run: [{prereq: [{cmd: b}]}]}\nb: {cmd.run: [{prereq: [{cmd: a}]}]}\n", ""},
		{"{{ include }}:\n- 1\n", ""}, {"a:\n  test.nop:\n    - name: {a: b}\n    - names: x\n", "1: 2\nnull: ~\n"},
	} {
		f.Add(s[0], s[1])
	}
	opts := py.DictOf("pillar_roots", py.DictOf("base", py.NewList()))
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a)+len(b) > 8192 {
			return
		}
		own := t.TempDir()
		for name, text := range map[string]string{"a.sls": a, "b.sls": b} {
			if err := os.WriteFile(filepath.Join(own, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		roots := opts.Copy()
		roots.SetStr("file_roots", py.DictOf("base", py.Strings(own)))
		tree, err := states.NewTree(context.Background(), states.Config{
			Opts: roots, Budget: jinja.Budget{Steps: 200_000, Output: 1 << 20},
			Command: func(context.Context, states.CommandLine) (string, error) { return "", nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		c, err := tree.Compile(ctx, states.Request{Host: "h", Grains: testGrains("h"), SLS: []string{"a"}}, nil)
		if err != nil { // at best it was not done in time
			t.Fatal(err)
		}
		for _, e := range c.Errors {
			if e.Class == "" || e.Message == "" {
				t.Errorf("an error that says nothing: %+v", e)
			}
		}
		if len(c.Errors) > 0 && len(c.Chunks) > 0 {
			t.Errorf("errors and %d chunks: %v", len(c.Chunks), c.Errors[0])
		}
		for i := range c.Chunks {
			d := c.Chunks[i].Data
			for _, key := range []string{"state", "fun", "__id__", "name", "order"} {
				if !d.Has(key) {
					t.Errorf("a chunk without %s: %s", key, py.Repr(d))
				}
			}
		}
	})
}
