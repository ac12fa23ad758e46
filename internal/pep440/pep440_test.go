package pep440

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// cases reads a file that was made with the library packaging.
func cases(t *testing.T, name string) [][]string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for _, line := range strings.Split(strings.TrimRight(string(data), "\n"), "\n") {
		out = append(out, strings.Split(line, "\t"))
	}
	return out
}

func TestCompare(t *testing.T) {
	for _, c := range cases(t, "compare.txt") {
		a, err := Parse(c[0])
		if err != nil {
			t.Fatal(err)
		}
		b, err := Parse(c[1])
		if err != nil {
			t.Fatal(err)
		}
		if got := strconv.Itoa(Compare(a, b)); got != c[2] {
			t.Errorf("%s and %s: %s, want %s", c[0], c[1], got, c[2])
		}
	}
}

func TestContains(t *testing.T) {
	for _, c := range cases(t, "contains.txt") {
		specs, err := ParseSpecifiers(c[0])
		if err != nil {
			t.Fatal(err)
		}
		v, err := Parse(c[1])
		if err != nil {
			t.Fatal(err)
		}
		if got := Contains(specs, v); got != (c[2] == "True") {
			t.Errorf("%s in %q: %v, want %s", c[1], c[0], got, c[2])
		}
	}
}

func TestInvalid(t *testing.T) {
	for _, s := range []string{"", "x", "1.x", "1..2", "1.0+", "a1", "1.0-", "1.0 1"} {
		if v, err := Parse(s); err == nil {
			t.Errorf("%q is version %v", s, v)
		}
	}
	for _, s := range []string{"1.0", "=1", "==", "~=1", "==1.dev1.*", "==1.0a1.*", ">=1.*", "<1+x", "== 1 2", "=>1"} {
		if p, err := ParseSpecifiers(s); err == nil {
			t.Errorf("%q is specifier %v", s, p)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("1!2.3a4.post5.dev6+x.7")
	f.Fuzz(func(t *testing.T, s string) {
		if v, err := Parse(s); err == nil && Compare(v, v) != 0 {
			t.Errorf("%q differs from itself", s)
		}
		_, _ = ParseSpecifiers(s) // must not panic
	})
}
