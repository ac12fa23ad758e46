package jinja_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/jinja"
	"pinch/internal/py"
)

func TestBudget(t *testing.T) {
	for _, tt := range []struct {
		name, source string
		budget       jinja.Budget
		class        string
	}{
		{"steps", "a\n{% for i in range(100) %}{% for j in range(100) %}{% endfor %}{% endfor %}", jinja.Budget{Steps: 1000}, "BudgetError"},
		{"steps of a filter", "a\n{{ range(5000)|map('string')|list|length }}", jinja.Budget{Steps: 1000}, "BudgetError"},
		{"output", "a\n{% for i in range(1000) %}0123456789{% endfor %}", jinja.Budget{Output: 5000}, "MemoryError"},
		{"output of ~", "a\n{% set x = 'a' * 4000 %}{{ x ~ x }}", jinja.Budget{Output: 5000}, "MemoryError"},
		{"depth of macros", "a\n{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", jinja.Budget{}, "RecursionError"},
		{"depth of includes", "a\n{% include 'self' %}", jinja.Budget{}, "RecursionError"},
		{"depth of loops", "{% set l = [] %}{% do l.append(l) %}\n{% for i in l recursive %}{{ loop(i) }}{% endfor %}", jinja.Budget{}, "RecursionError"},
		{"huge repeat", "a\n{{ 'a' * 10000000000 }}", jinja.Budget{}, "MemoryError"},
		{"self-holding dict", "{% set d = {} %}{% do d.update(a=d) %}\n{{ d }}", jinja.Budget{}, "RecursionError"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tmpl, err := jinja.Parse("", tt.source, jinja.SaltOptions())
			if err != nil {
				t.Fatal(err)
			}
			_, err = tmpl.Render(context.Background(), &jinja.Render{Budget: tt.budget, Loader: mapLoader{"self": "{% include 'self' %}"}})
			var e *jinja.Error
			if !errors.As(err, &e) {
				t.Fatalf("error %v", err)
			}
			if e.Class != tt.class {
				t.Errorf("class %s (%s), want %s", e.Class, e.Message, tt.class)
			}
			last := e.Trace[len(e.Trace)-1] // in the template that was rendered
			if last.File != "" || last.Line != 2 {
				t.Errorf("outermost place %q:%d, want line 2", last.File, last.Line)
			}
		})
	}
}

func TestCancel(t *testing.T) {
	tmpl, err := jinja.Parse("", "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", jinja.SaltOptions())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := tmpl.Render(ctx, &jinja.Render{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

// TestShared renders one template by many goroutines at once; run with -race.
func TestShared(t *testing.T) {
	cache := jinja.NewCache()
	want := ""
	var wg sync.WaitGroup
	results := make([]string, 8)
	for i := range results {
		wg.Add(1)
		go func() {
			defer wg.Done()
			r := benchRender(t)
			r.Cache = cache
			for range 20 {
				out, err := jinja.RenderSalt(context.Background(), "app/init.sls", benchSLS, r)
				if err != nil {
					t.Error(err)
					return
				}
				results[i] = out
			}
		}()
	}
	wg.Wait()
	want = results[0]
	if !strings.Contains(want, "aliases: a b c") {
		t.Errorf("unexpected text:\n%s", want)
	}
	for _, r := range results {
		if d := cmp.Diff(want, r); d != "" {
			t.Error(d)
		}
	}
	if n := cache.Len(); n != 2 {
		t.Errorf("%d templates in the cache, want 2", n)
	}
}

func TestSLSVariables(t *testing.T) {
	const source = "{{ tpldir|default('-') }} {{ tplfile|default('-') }} {{ tpldot|default('-') }} {{ slspath|default('-') }} {{ slsdotpath|default('-') }} {{ slscolonpath|default('-') }} {{ sls_path|default('-') }}"
	for _, tt := range []struct{ path, sls, want string }{
		{"/cache/files/base/top.sls", "top", ". top.sls     "},
		{"/cache/files/base/app/init.sls", "app", "app app/init.sls app app app app app"},
		{"/cache/files/base/app/sub/x.sls", "app.sub.x", "app/sub app/sub/x.sls app.sub app/sub app.sub app:sub app_sub"},
		{"/cache/files/base/app/x.conf", "app/files/y.conf", "app/files app/files/y.conf - - - - -"},
		{"", "app.sub.x", "- - - app/sub/x app.sub.x app:sub:x app_sub_x"},
		{"/cache/x/foo.sls", "", ". foo.sls     "},
	} {
		t.Run(tt.sls+"@"+tt.path, func(t *testing.T) {
			got, err := jinja.RenderSalt(context.Background(), tt.path, source, &jinja.Render{Vars: py.DictOf("sls", py.Str(tt.sls))})
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestRenderErrorText(t *testing.T) {
	source := "1\n2\n3\n4\n5\n6\n7 {{ nope }}\n8\n9\n10\n11\n12\n13\n"
	_, err := jinja.RenderSalt(context.Background(), "", source, &jinja.Render{})
	want := `Jinja variable 'nope' is undefined; line 7

---
[...]
2
3
4
5
6
7 {{ nope }}    <======================
8
9
10
11
12
[...]
---`
	if err == nil {
		t.Fatal("no error")
	}
	if d := cmp.Diff(want, err.Error()); d != "" {
		t.Error(d)
	}
}

func TestOptionsFromSalt(t *testing.T) {
	opts := py.DictOf(
		"jinja_env", py.DictOf("trim_blocks", py.True, "variable_start_string", py.Str("<<"), "variable_end_string", py.Str(">>")),
		"jinja_sls_env", py.DictOf("LSTRIP_BLOCKS", py.True, "unknown", py.Int(1)),
		"allow_undefined", py.True)
	env, err := jinja.OptionsFromSalt(opts, false)
	if err != nil {
		t.Fatal(err)
	}
	if !env.TrimBlocks || env.LstripBlocks || env.VariableStart != "<<" || env.Undefined != jinja.Default {
		t.Errorf("jinja_env: %+v", env)
	}
	sls, err := jinja.OptionsFromSalt(opts, true)
	if err != nil {
		t.Fatal(err)
	}
	if sls.TrimBlocks || !sls.LstripBlocks || sls.VariableStart != "{{" {
		t.Errorf("jinja_sls_env: %+v", sls)
	}
	bad := py.DictOf("jinja_env", py.DictOf("block_start_string", py.Int(5)))
	if _, err := jinja.OptionsFromSalt(bad, false); err == nil || !strings.Contains(err.Error(), "jinja_env: block_start_string must be a string, not int") {
		t.Errorf("error %v", err)
	}
}

func TestUndefinedKinds(t *testing.T) {
	for kind, want := range map[jinja.UndefinedKind]string{
		jinja.Default:   "[][False][True]",
		jinja.Chainable: "[][False][True]",
		jinja.Debug:     "[{{ nope }}][False][True]",
	} {
		o := jinja.DefaultOptions()
		o.Undefined = kind
		tmpl, err := jinja.Parse("", "[{{ nope }}][{{ 1 in nope }}][{{ nope == missing }}]", o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tmpl.Render(context.Background(), &jinja.Render{})
		if err != nil || got != want {
			t.Errorf("kind %d: %q, %v", kind, got, err)
		}
		tmpl, err = jinja.Parse("", "{{ nope.a.b }}", o)
		if err != nil {
			t.Fatal(err)
		}
		_, err = tmpl.Render(context.Background(), &jinja.Render{})
		if ok := err == nil; ok != (kind == jinja.Chainable) {
			t.Errorf("kind %d: attribute gives error %v", kind, err)
		}
	}
}
