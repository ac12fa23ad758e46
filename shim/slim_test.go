package shim

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSlim(t *testing.T) {
	source := t.TempDir()
	pkg := filepath.Join(source, "modules", "x")
	if err := os.MkdirAll(pkg, 0o755); err != nil {
		t.Fatal(err)
	}
	const from = "// Package x.\npackage x\n\nconst long = \"a\"\n\ntype args struct { // of f\n\tName string `arg:\"name,required\" default:\"x\" doc:\"It's \\\"quoted\\\".\"`\n\tB    bool   `arg:\"b\" doc:\"B.\" enum:\"x|y\"`\n}\n\n" +
		"type other struct{ Doc string }\n\nfunc query(name, doc string) other { return other{Doc: doc} }\n\n" +
		"var fs = []other{{Doc: \"one\" +\n\t\"two\\n\"}, {Doc: long}, query(\"f\", \"text\"), query(\"g\", long+\"x\")}\n"
	const want = "// Package x.\npackage x\n\nconst long = \"a\"\n\ntype args struct { _ [0]func(); // of f\n\tName string `arg:\"name,required\" default:\"x\"`\n\tB    bool   `arg:\"b\" enum:\"x|y\"`\n}\n\n" +
		"type other struct{ Doc string }\n\nfunc query(name, doc string) other { return other{Doc: doc} }\n\n" +
		"var fs = []other{{Doc: (\n\"\")}, {Doc: \"\"}, query(\"f\", \"\"), query(\"g\", \"\")}\n"
	name := filepath.Join(pkg, "x.go")
	if err := os.WriteFile(name, []byte(from), 0o644); err != nil {
		t.Fatal(err)
	}
	file, err := slim(source, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var overlay struct{ Replace map[string]string }
	if err := json.Unmarshal(data, &overlay); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(overlay.Replace[name])
	if diff := cmp.Diff(want, string(got)); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if err := os.WriteFile(name, []byte("package"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := slim(source, t.TempDir()); err == nil {
		t.Error("a file that is no Go: no error")
	}
}
