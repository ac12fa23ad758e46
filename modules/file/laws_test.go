package file

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/py"
	"pinch/states/low"
)

// snapshot describes everything below a directory, times left out.
func snapshot(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		i, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %v", rel, i.Mode())
		switch {
		case i.Mode().IsRegular():
			data, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %q", data)
		case i.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(p)
			if err != nil {
				return err
			}
			b.WriteString(" " + target)
		}
		b.WriteByte('\n')
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// stateCase is a state that has something to do in a directory that prepare
// has filled.
type stateCase struct {
	name, fun string
	args      *py.Dict
	// again: it does it again at every run, in Salt as well.
	again bool
}

// stateCases returns a case or more of every state that changes something. D
// in a text argument stands for the directory.
func stateCases() []stateCase {
	s := func(v string) py.Value { return py.Str(v) }
	d := py.DictOf
	l := func(items ...py.Value) py.Value { return py.NewList(items...) }
	return []stateCase{
		{"contents", "file.managed", d("name", s("D/new"), "contents", s("a\nb"), "mode", s("0640")), false},
		{"changed contents", "file.managed", d("name", s("D/text"), "contents", l(s("x"), py.Int(5))), false},
		{"source", "file.managed", d("name", s("D/sub/new/f"), "source", s("salt://a/one"), "makedirs", py.True, "mode", s("keep")), false},
		{"source list", "file.managed", d("name", s("D/text"), "source", l(s("salt://no"), s("D/other"))), false},
		{"pillar", "file.managed", d("name", s("D/new"), "contents_pillar", s("key")), false},
		{"mode only", "file.managed", d("name", s("D/text"), "mode", py.Int(600), "replace", py.False), false},
		{"through a link", "file.managed", d("name", s("D/link"), "contents", s("behind")), false},
		{"instead of a link", "file.managed", d("name", s("D/link"), "contents", s("other"), "follow_symlinks", py.False), false},
		{"checked", "file.managed", d("name", s("D/text"), "contents", s("good"), "check_cmd", s("grep -q good")), false},
		{"directory", "file.directory", d("name", s("D/x/y"), "makedirs", py.True, "mode", s("0700")), false},
		{"tree", "file.directory", d("name", s("D/tree"), "dir_mode", s("0711"), "file_mode", s("0604"), "recurse", l(s("mode"))), false},
		{"clean", "file.directory", d("name", s("D/tree"), "clean", py.True, "exclude_pat", s("keep*")), false},
		{"recurse", "file.recurse", d("name", s("D/rec"), "source", s("salt://a"), "file_mode", s("0600")), false},
		{"recurse and clean", "file.recurse", d("name", s("D/tree"), "source", s("salt://a"), "clean", py.True), false},
		{"absent file", "file.absent", d("name", s("D/text")), false},
		{"absent tree", "file.absent", d("name", s("D/tree")), false},
		{"absent link", "file.absent", d("name", s("D/dangling")), false},
		{"symlink", "file.symlink", d("name", s("D/s/l"), "target", s("x"), "makedirs", py.True), false},
		{"other target", "file.symlink", d("name", s("D/link"), "target", s("other")), false},
		{"forced symlink", "file.symlink", d("name", s("D/text"), "target", s("other"), "force", py.True), false},
		{"atomic symlink", "file.symlink", d("name", s("D/link"), "target", s("other"), "atomic", py.True), false},
		{"hardlink", "file.hardlink", d("name", s("D/h"), "target", s("D/text")), false},
		{"append", "file.append", d("name", s("D/text"), "text", l(s("x y"), s("text"))), false},
		{"append to nothing", "file.append", d("name", s("D/n"), "text", s("x")), false},
		{"append a source", "file.append", d("name", s("D/text"), "source", s("salt://a/one")), false},
		{"prepend", "file.prepend", d("name", s("D/text"), "text", s("x")), false},
		{"replace", "file.replace", d("name", s("D/text"), "pattern", s("t(.)xt"), "repl", s(`T\1XT`)), false},
		{"replace or append", "file.replace", d("name", s("D/text"), "pattern", s("^no"), "repl", s("yes"), "append_if_not_found", py.True), false},
		{"replace behind a link", "file.replace", d("name", s("D/link"), "pattern", s("text"), "repl", s("x")), false},
		{"comment", "file.comment", d("name", s("D/text"), "regex", s("^text")), false},
		{"uncomment", "file.uncomment", d("name", s("D/commented"), "regex", s("a")), false},
		{"line", "file.line", d("name", s("D/text"), "mode", s("ensure"), "content", s("x"), "after", s("text")), false},
		{"blockreplace", "file.blockreplace", d("name", s("D/text"), "content", s("x"), "append_if_not_found", py.True), false},
		{"keyvalue", "file.keyvalue", d("name", s("D/text"), "key", s("a"), "value", py.Int(1), "append_if_not_found", py.True), false},
		{"copy", "file.copy", d("name", s("D/c"), "source", s("D/tree")), false},
		{"rename", "file.rename", d("name", s("D/r/r"), "source", s("D/text"), "makedirs", py.True), false},
		{"touch", "file.touch", d("name", s("D/t")), true},
		{"serialize", "file.serialize", d("name", s("D/y"), "dataset", d("b", l(py.Int(1)), "a", s("x"))), false},
		{"serialize and merge", "file.serialize", d("name", s("D/json"), "dataset", d("b", py.Int(1)), "formatter", s("json"), "merge_if_exists", py.True), false},
		{"decode", "file.decode", d("name", s("D/d"), "encoded_data", s("aGVsbG8=")), false},
		{"mknod", "file.mknod", d("name", s("D/p"), "ntype", s("p")), false},
		{"pruned", "file.pruned", d("name", s("D/empty"), "recurse", py.True), false},
		{"tidied", "file.tidied", d("name", s("D/tree"), "matches", l(s("f.*")), "rmdirs", py.True), false},
		{"retention", "file.retention_schedule", d("name", s("D/backups"), "retain", d("most_recent", py.Int(1)), "strptime_format", s("b%Y%m%d")), false},
		{"patch", "file.patch", d("name", s("D/text"), "source", s("salt://patch")), false},
	}
}

// prepare fills a directory.
func prepare(t *testing.T, dir string) *testHost {
	t.Helper()
	files := map[string]string{
		"text": "text\n", "other": "other\n", "commented": "#a\n", "json": `{"a": {"x": 1}}`, "tree/f1": "1", "tree/sub/f2": "2",
		"tree/keep": "k", "empty/a/b/": "", "backups/b20240101": "", "backups/b20240102": "", "backups/x": "",
	}
	for name, content := range files {
		p := filepath.Join(dir, name)
		parent := filepath.Dir(p)
		if strings.HasSuffix(name, "/") {
			parent = p
		}
		if err := os.MkdirAll(parent, 0o755); err != nil {
			t.Fatal(err)
		}
		if parent == p {
			continue
		}
		if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"link": "text", "dangling": "nowhere"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	h := newTestHost(t, filepath.Join(dir, "text"), "text\n")
	h.tree = map[string]string{"salt://a/one": "one\n", "salt://a/b/two": "two\n", "salt://patch": "--- t\n+++ t\n@@ -1 +1,2 @@\n text\n+patched\n"}
	h.pillar = py.DictOf("key", py.Str("from pillar"))
	return h
}

// placeIn puts the directory in the place of D in text arguments.
func placeIn(v py.Value, dir string) py.Value {
	switch v := v.(type) {
	case py.Str:
		if strings.HasPrefix(string(v), "D/") {
			return py.Str(dir + string(v)[1:])
		}
	case *py.List:
		out := py.NewList()
		for _, it := range v.Items {
			out.Append(placeIn(it, dir))
		}
		return out
	case *py.Dict:
		out := py.NewDict()
		for k, it := range v.All() {
			out.SetStr(py.ToStr(k), placeIn(it, dir))
		}
		return out
	}
	return v
}

// TestStates runs every case in test mode, for real, and in test mode again.
func TestStates(t *testing.T) {
	t.Parallel()
	for _, c := range stateCases() {
		t.Run(c.fun+"/"+c.name, func(t *testing.T) {
			dir := t.TempDir()
			h := prepare(t, dir)
			if c.fun == "file.patch" && h.local.LookPath("patch") == "" {
				t.Skip("needs the program patch")
			}
			args := placeIn(c.args, dir).(*py.Dict)
			before := snapshot(t, dir)
			run := func(test bool, want low.Tri) {
				t.Helper()
				d, err := h.state(c.fun, args, test)
				if err != nil {
					t.Fatalf("test=%v: %v", test, err)
				}
				if d.Result != want {
					t.Fatalf("test=%v: result %v: %s", test, d.Result.Value(), d.Comment)
				}
			}
			run(true, low.None)
			if d := cmp.Diff(before, snapshot(t, dir)); d != "" {
				t.Fatalf("test mode wrote:\n%s", d)
			}
			run(false, low.True)
			after := snapshot(t, dir)
			if before == after {
				t.Error("nothing changed")
			}
			if c.again {
				return
			}
			run(true, low.True)
			run(false, low.True)
			if d := cmp.Diff(after, snapshot(t, dir)); d != "" {
				t.Errorf("the second run wrote:\n%s", d)
			}
		})
	}
}

// TestAccumulated gathers text for a template and for a block.
func TestAccumulated(t *testing.T) {
	dir := t.TempDir()
	h := prepare(t, dir)
	h.tree["salt://acc"] = "ACC"
	for i, to := range []string{"new", "text", "text"} {
		h.id = fmt.Sprint(i)
		p := py.Str(filepath.Join(dir, to))
		d, err := h.state("file.accumulated", py.DictOf("name", py.Str("a"+h.id), "filename", p, "text", py.Strings("t"+h.id),
			"require_in", py.NewList(py.DictOf("file", py.Str("id"+h.id)))), false)
		if err != nil || d.Result != low.True {
			t.Fatalf("%+v, %v", d, err)
		}
	}
	if _, err := h.state("file.managed", py.DictOf("name", py.Str(filepath.Join(dir, "new")), "source", py.Str("salt://acc"), "template", py.Str("jinja")), false); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "new")); err != nil || string(b) != "{'a0': ['t0']}" {
		t.Errorf("template: %q, %v", b, err)
	}
	h.id = "2" // only what is required in this state
	if _, err := h.state("file.blockreplace", py.DictOf("name", py.Str(filepath.Join(dir, "text")), "marker_start", py.Str("S"), "marker_end", py.Str("E"),
		"append_if_not_found", py.True), false); err != nil {
		t.Fatal(err)
	}
	if want := "text\nS\nt2\nE\n"; h.read() != want {
		t.Errorf("block: %q, not %q", h.read(), want)
	}
}

// TestCleanKeeps keeps what required states manage.
func TestCleanKeeps(t *testing.T) {
	dir := t.TempDir()
	h := prepare(t, dir)
	tree := filepath.Join(dir, "tree")
	chunk := func(fun, name string, kv ...any) low.Chunk {
		d := py.DictOf("state", py.Str("file"), "fun", py.Str(fun), "name", py.Str(name), "__id__", py.Str(fun))
		d.Update(py.DictOf(kv...))
		return low.Chunk{Data: d}
	}
	h.low = []low.Chunk{chunk("managed", filepath.Join(tree, "keep")), chunk("recurse", filepath.Join(tree, "sub"), "source", py.Str("salt://a"))}
	require := py.NewList(py.DictOf("file", py.Str("managed")), py.DictOf("file", py.Str("recurse")), py.Str("other"))
	d, err := h.state("file.directory", py.DictOf("name", py.Str(tree), "clean", py.True, "require", require), false)
	if err != nil || d.Result != low.True {
		t.Fatalf("%+v, %v", d, err)
	}
	if want, got := "[. keep sub]", fmt.Sprint(names(t, tree)); got != want {
		t.Errorf("left are %s, not %s", got, want)
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	for _, l := range strings.Split(strings.TrimSpace(snapshot(t, dir)), "\n") {
		name, _, _ := strings.Cut(l, " ")
		out = append(out, name)
	}
	return out
}
