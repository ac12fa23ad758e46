package npm

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/py"
)

func TestFindJSON(t *testing.T) {
	for text, want := range map[string]string{
		"{\"added\": 1}": "{'added': 1}", "npm warn x\n{\n  \"a\": [1]\n}": "{'a': [1]}", "[warn\n[1]": "[1]", "{}": "", "no": "", "": "",
	} {
		v, ok := findJSON(text)
		if ok != (want != "") || ok && py.Repr(v) != want {
			t.Errorf("%q: %v, %v", text, v, ok)
		}
	}
}

func TestSortPackages(t *testing.T) {
	have := py.DictOf("less", py.DictOf("version", py.Str("4.2.0")), "@a/b", py.DictOf("version", py.Str("1.0.0")), "broken", py.DictOf("missing", py.True))
	missing, satisfied, err := sortPackages([]string{"less", "less@4.2.0", "less@5", "@a/b@1.0.0", "@a/c", "broken"}, have, false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"less@5", "@a/c", "broken"}, missing); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"less@4.2.0", "less@4.2.0", "@a/b@1.0.0"}, satisfied); diff != "" {
		t.Error(diff)
	}
	if _, _, err := sortPackages([]string{"@"}, have, false); err == nil {
		t.Error("@ is a package")
	}
}
