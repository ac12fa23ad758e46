package fnmatch_test

import (
	"slices"
	"strings"
	"testing"

	"pinch/internal/fnmatch"
)

// Expected results are CPython 3.11's.
func TestMatch(t *testing.T) {
	cases := []struct {
		pattern string
		yes, no []string
	}{
		{"", []string{""}, []string{"a"}},
		{"*", []string{"", "a", "a/b", ".x", "a\nb"}, nil},
		{"web?", []string{"web1", "webé"}, []string{"web", "web10", "WEB1"}},
		{"web[12]", []string{"web1"}, []string{"web3", "web[12]"}},
		{"web[!1]", []string{"web2", "web!"}, []string{"web1"}},
		{"web[^1]", []string{"web1", "web^"}, []string{"web2"}},
		{"[]a]", []string{"]", "a"}, []string{"b", "]a"}},
		{"[!]a]", []string{"b"}, []string{"]", "a"}},
		{"[a-c]", []string{"a", "b", "c"}, []string{"-", "d"}},
		{"[c-a]", nil, []string{"a", "b", "c", "-", ""}},
		{"[!c-a]", []string{"a", "b", "-"}, []string{""}},
		{"[a-]", []string{"a", "-"}, []string{"b"}},
		{"[-a]", []string{"a", "-"}, []string{"b"}},
		{"[!-a]", []string{"b"}, []string{"-", "a"}},
		{"[a-c-e]", []string{"a", "b", "-", "e"}, []string{"d"}},
		{"[b-ac-d]", []string{"c", "d"}, []string{"a", "b"}},
		{"[", []string{"["}, []string{""}},
		{"a[b", []string{"a[b"}, []string{"ab"}},
		{"[!", []string{"[!"}, nil},
		{`\*`, []string{`\x`, `\`}, []string{"*"}},
		{"a*b*c", []string{"abc", "axbxxc", "aabbcc"}, []string{"ab", "abcd"}},
		{"*a*a*a*b", []string{"aaab", "xaxaxab"}, []string{"aab", strings.Repeat("a", 500)}},
		{"[&~|[]", []string{"&", "~", "|", "["}, []string{"a"}},
	}
	for _, c := range cases {
		t.Run(c.pattern, func(t *testing.T) {
			for _, n := range c.yes {
				if !fnmatch.Match(c.pattern, n) {
					t.Errorf("%q does not match %q", c.pattern, n)
				}
			}
			for _, n := range c.no {
				if fnmatch.Match(c.pattern, n) {
					t.Errorf("%q matches %q", c.pattern, n)
				}
			}
		})
	}
}

func TestFilterAndMeta(t *testing.T) {
	got := fnmatch.Filter(slices.Values([]string{"web2", "db", "web1"}), "web*")
	if !slices.Equal(got, []string{"web2", "web1"}) {
		t.Errorf("Filter = %v", got)
	}
	for p, want := range map[string]bool{"a": false, "a*": true, "a?": true, "[a]": true, "[a": false, "a]": false} {
		if fnmatch.HasMeta(p) != want {
			t.Errorf("HasMeta(%q) = %v", p, !want)
		}
	}
}

func TestLiteral(t *testing.T) {
	p := fnmatch.Literal("[::1]*")
	if !p.Match("[::1]*") || p.Match(":") || p.Match("1") || !p.Plain() || p.String() != "[::1]*" {
		t.Error("Literal is a pattern")
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("a*[b-d]?", "axc1")
	f.Add("[!]-x", "\xff")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		fnmatch.Match(pattern, name)
		if fnmatch.Match("*"+pattern, name) != fnmatch.Match("**"+pattern, name) {
			t.Errorf("*%q and **%q differ on %q", pattern, pattern, name)
		}
	})
}
