package jmespath_test

import (
	"errors"
	"strings"
	"testing"

	"pinch/internal/jmespath"
	"pinch/internal/py"
)

// TestSearch has a few queries; more are compared with the Python module
// through the filter json_query.
func TestSearch(t *testing.T) {
	data, err := py.LoadsJSON(`{"a": [{"n": "x", "v": 3}, {"n": "y", "v": 1}, {"n": "z"}], "b": {"c": 0}}`)
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"a[*].v":                      "[3, 1]",
		"a[?v > `1`].n | [0]":         "x",
		"sort_by(a[?v], &v)[*].n":     "['y', 'x']",
		"a[-1].[n, v]":                "['z', None]",
		"b.c || 'none'":               "0",
		"!(b.c)":                      "False",
		"a[::-1].n":                   "['z', 'y', 'x']",
		"{first: a[0].n, k: keys(b)}": "{'first': 'x', 'k': ['c']}",
	} {
		e, err := jmespath.Compile(query)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		got, err := e.Search(data, nil)
		if err != nil || py.ToStr(got) != want {
			t.Errorf("%s: got %v, %v; want %s", query, got, err, want)
		}
	}
}

// TestStep checks that a search ends when its caller says so.
func TestStep(t *testing.T) {
	e, err := jmespath.Compile("[*].a")
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	if _, err := e.Search(py.NewList(py.None, py.None), func() error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got error %v", err)
	}
}

// TestDepth checks that nesting is bounded.
func TestDepth(t *testing.T) {
	if _, err := jmespath.Compile(strings.Repeat("(", 100000)); err == nil {
		t.Error("no error for endless parentheses")
	}
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{"a.b[0]", "[?a=='x'].b | [0]", "{a: b, \"c\": [d, `1`]}", "sort_by(@, &a)", "a[::2]", "*.a[]"} {
		f.Add(s)
	}
	data := py.DictOf("a", py.NewList(py.DictOf("b", py.Int(1)), py.Str("x")))
	f.Fuzz(func(t *testing.T, query string) {
		e, err := jmespath.Compile(query)
		if err != nil {
			return
		}
		v, err := e.Search(data, nil)
		if err == nil && v == nil {
			t.Errorf("%q: no value and no error", query)
		}
	})
}
