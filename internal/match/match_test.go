package match_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pinch/internal/match"
	"pinch/internal/py"
)

// Expected results are those of salt 3008.3 (traverse_dict_and_list).
func TestTraverse(t *testing.T) {
	data := py.DictOf(
		"a", py.Value(py.DictOf("b", py.Value(py.NewList(py.Str("x"), py.DictOf("k", py.Int(1)), py.DictOf("k", py.Int(2)))))),
		"n", py.Value(dictWith(py.Int(80), py.Str("port"), py.None, py.Str("none"))),
		"t", py.Value(py.Tuple{py.Int(5)}), "s", py.Value(py.Str("text")),
	)
	def := py.Str("DEF")
	cases := []struct {
		key  py.Value
		want string
		err  string
	}{
		{py.Str("a:b:0"), "'x'", ""},
		{py.Str("a:b:-1"), "{'k': 2}", ""},
		{py.Str("a:b:7"), "'DEF'", ""},
		{py.Str("a:b:k"), "1", ""},
		{py.Str("a:b:z"), "'DEF'", ""},
		{py.Str("n:80"), "'port'", ""},
		{py.Str("n:None"), "'none'", ""},
		{py.Str("n:81"), "'DEF'", ""},
		{py.Str("s:x"), "'DEF'", ""},
		{py.Str("t:0"), "'DEF'", ""},
		{py.Str(""), "'DEF'", ""},
		{py.NewList(py.Str("t"), py.Int(0)), "5", ""},
		{py.NewList(py.Str("t"), py.Int(3)), "", "IndexError: tuple index out of range"},
		{py.NewList(py.Str("s"), py.Int(1)), "'e'", ""},
		{py.NewList(py.Str("a"), py.Str("b"), py.None), "", "TypeError: int() argument must be a string, a bytes-like object or a real number, not 'NoneType'"},
		{py.Int(3), "'DEF'", ""},
		{py.None, "", "TypeError: 'NoneType' object is not iterable"},
	}
	for _, tc := range cases {
		t.Run(py.Repr(tc.key), func(t *testing.T) {
			got, err := match.Traverse(data, tc.key, def, ":")
			if tc.err != "" {
				if err == nil || err.Error() != tc.err {
					t.Errorf("error %v, want %s", err, tc.err)
				}
				return
			}
			if err != nil || py.Repr(got) != tc.want {
				t.Errorf("%v, %v; want %s", got, err, tc.want)
			}
		})
	}
}

func dictWith(kv ...py.Value) *py.Dict {
	d := py.NewDict()
	for i := 0; i < len(kv); i += 2 {
		if err := d.Set(kv[i], kv[i+1]); err != nil {
			panic(err)
		}
	}
	return d
}

func TestKinds(t *testing.T) {
	m := match.Minion{ID: "web1", Data: py.DictOf("k", py.Value(py.Strings("Abc")), "s", py.Value(py.Str("text")), "d", py.Value(py.DictOf("x", py.Int(1))))}
	for _, kind := range match.Kinds() {
		if _, err := match.Match(kind, "a:b", "", m, nil); err != nil && kind != "nosuch" {
			t.Errorf("%s: %v", kind, err)
		}
	}
	for tgt, want := range map[string]bool{"k:a*": true, "k:x": false, "s:te*": true, "d:x": true, "d:y": false, "z:x": false, "k": false} {
		if got, err := match.Match("data", tgt, "", m, nil); err != nil || got != want {
			t.Errorf("data %s: %v, %v", tgt, got, err)
		}
	}
	_, err := match.Match("nosuch", "x", "", m, nil)
	var pe *py.Error
	if !errors.As(err, &pe) || pe.Class != "KeyError" {
		t.Errorf("unknown kind: %v", err)
	}
}

func TestLog(t *testing.T) {
	var said []string
	m := match.Matcher{Minion: match.Minion{ID: "web1"}, Log: func(s string) { said = append(said, s) }}
	for _, tgt := range []string{"web1 or", "N@nosuch and web1", "( and web1", "Z@x", "R@x"} {
		said = nil
		if yes, err := m.Match("compound", py.Str(tgt), ""); yes || err != nil {
			t.Errorf("%s: %v, %v", tgt, yes, err)
		}
		if len(said) == 0 && !strings.HasPrefix(tgt, "Z") {
			t.Errorf("%s: nothing was logged", tgt)
		}
	}
}

func TestNodegroupIsNotChanged(t *testing.T) {
	words := py.Strings("web*", "and", "not", "web2")
	words.Items = slices.Grow(words.Items, 8)
	groups := py.DictOf("g", words)
	for range 2 {
		if yes, err := match.Match("compound", "N@g and web1", "", match.Minion{ID: "web1"}, groups); err != nil || !yes {
			t.Errorf("%v, %v", yes, err)
		}
	}
	if got := py.Repr(words); got != "['web*', 'and', 'not', 'web2']" {
		t.Errorf("the group became %s", got)
	}
}

func TestDeepNesting(t *testing.T) {
	deep := strings.Repeat("( ", 5000) + "*" + strings.Repeat(" )", 5000)
	if yes, err := match.Match("compound", deep, "", match.Minion{ID: "a"}, nil); yes || err != nil {
		t.Errorf("%v, %v", yes, err)
	}
	ok := strings.Repeat("( ", 200) + "*" + strings.Repeat(" )", 200)
	if yes, err := match.Match("compound", ok, "", match.Minion{ID: "a"}, nil); !yes || err != nil {
		t.Errorf("%v, %v", yes, err)
	}
}

func FuzzCompound(f *testing.F) {
	f.Add("web* and not ( G@os:Debian or N@a ) E@x.* I|@a|b")
	f.Add("not not web1 ) (")
	groups := py.DictOf("a", py.Str("N@b or web1"), "b", py.Str("N@a"), "c", py.Value(py.Strings("x", "y")))
	m := match.Minion{ID: "web1", Grains: py.DictOf("os", py.Str("Debian"), "l", py.Value(py.NewList(py.Int(1), py.DictOf("a", py.None))))}
	f.Fuzz(func(t *testing.T, expr string) {
		yes, err := match.Match("compound", expr, "", m, groups)
		var pe *py.Error
		if err != nil && (yes || !errors.As(err, &pe)) {
			t.Errorf("%q: %v, %v", expr, yes, err)
		}
		if p := match.ParseTarget(expr); p.Engine != "" && p.Pattern == "" {
			t.Errorf("%q: engine %q without a pattern", expr, p.Engine)
		}
	})
}
