package alias

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sample = "# people\nroot: alice, bob # both\n\nweb:carol\n  more@example.org\nnews\n"

func TestRender(t *testing.T) {
	want := "# people\nroot: alice, bob # both\n\nweb: carol\n  more@example.org\nnews\n"
	if diff := cmp.Diff(want, render(parse(sample))); diff != "" {
		t.Error(diff)
	}
}

func TestFind(t *testing.T) {
	for name, want := range map[string]string{"root": "alice, bob", "web": "carol", "none": ""} {
		if got, ok := find(parse(sample), name); got != want || ok != (want != "") {
			t.Errorf("%s = %q, %v, want %q", name, got, ok, want)
		}
	}
}

func TestSetAndRemove(t *testing.T) {
	text := "a: 1 # x\nb: 2\na: 3\n"
	for name, c := range map[string]struct {
		lines []line
		want  string
	}{
		"set":    {set(parse(text), "a", "9"), "a: 9 # x\nb: 2\n"},
		"new":    {set(parse(text), "c", "9"), text + "c: 9\n"},
		"remove": {remove(parse(text), "a"), "b: 2\n"},
		"none":   {remove(parse(text), "c"), text},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, render(c.lines)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(sample)
	f.Fuzz(func(t *testing.T, text string) {
		first := render(parse(text))
		if second := render(parse(first)); first != second {
			t.Errorf("%q is written as %q and then as %q", text, first, second)
		}
	})
}
