package file

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/internal/saltargs"
	"pinch/states/low"
)

func TestPaths(t *testing.T) {
	for _, c := range []struct{ fn, in, want string }{
		{"norm", "//a/../b/./c", "//b/c"}, {"norm", "///a", "/a"}, {"norm", "", "."}, {"norm", "a/..", "."},
		{"dir", "/a/b/", "/a/b"}, {"dir", "/a", "/"}, {"dir", "a", ""}, {"dir", "//a", "//"},
		{"base", "/a/b", "b"}, {"base", "/a/", ""},
		{"user", "~/x", "/root/x"}, {"user", "~root", "/root"}, {"user", "~none/x", "~none/x"}, {"user", "/~", "/~"},
		{"vars", "$HOME/${HOME}x/$NO/$", "/root//rootx/$NO/$"},
		{"mode", "0o644", "0644"}, {"mode", `"0755"`, "0755"}, {"mode", "1777", "1777"}, {"mode", "7", "0007"},
		{"parents", "0640", "750"}, {"parents", "0644", "755"}, {"parents", "0600", "700"},
	} {
		f := host.NewFake(nil)
		f.Env["HOME"] = "/root"
		got := map[string]func(string) string{
			"norm": pypath.Norm, "dir": pypath.Dir, "base": pypath.Base, "parents": dirModeFor,
			"user": func(s string) string { return expandUser(f, s) }, "vars": func(s string) string { return expandVars(f, s) },
			"mode": func(s string) string { return normalizeMode(py.Str(s)) },
		}[c.fn](c.in)
		if got != c.want {
			t.Errorf("%s(%q) = %q, not %q", c.fn, c.in, got, c.want)
		}
	}
	if got := pypath.Rel("/a/b/c", "/a/d"); got != "../b/c" {
		t.Errorf("relPath = %q", got)
	}
	if got := pypath.Join("a", "b/", "c", "/d", ""); got != "/d/" {
		t.Errorf("joinPath = %q", got)
	}
}

func TestSplitLines(t *testing.T) {
	text := "a\r\nb\rc\fd\u2028e\x85\n\nf"
	if d := cmp.Diff([]string{"a\r\n", "b\r", "c\f", "d\u2028", "e\x85\n", "\n", "f"}, py.SplitLines(text, true)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"a\r\n", "b\r", "c\fd\u2028e\x85\n", "\n", "f"}, splitBytes(text)); d != "" {
		t.Error(d)
	}
}

func TestShellWords(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
	}{
		{`a  "b c" d`, []string{"a", `"b`, `c"`, "d"}}, // a double quote alone makes single ones count
		{`it's a`, []string{"it's", "a"}},
		{`'a b' "c d" e`, []string{"'a", "b'", `"c d"`, "e"}},
		{``, nil},
	} {
		got, err := shellWords(c.in)
		if d := cmp.Diff(c.want, got); d != "" || err != nil {
			t.Errorf("%s: %s %v", c.in, d, err)
		}
	}
	if _, err := shellWords(`it's "open`); err == nil {
		t.Error("an open quote is let through")
	}
	words, err := saltargs.ShlexSplit(`-x 'a b' "c\"d" e\ f ''`)
	if d := cmp.Diff([]string{"-x", "a b", `c"d`, "e f", ""}, words); d != "" || err != nil {
		t.Error(d, err)
	}
}

func TestParseHash(t *testing.T) {
	md5 := strings.Repeat("aB", 16)
	for _, c := range []struct{ in, kind, problem string }{
		{md5, "md5", ""},
		{"md5=" + md5, "md5", ""},
		{"sha256= " + strings.Repeat("0", 64), "sha256", ""},
		{"abc", "", "Source hash abc format is invalid."},
		{"xyz", "", "Source hash xyz format is invalid."},
		{"foo=" + md5, "", "Invalid hash type 'foo'."},
		{"sha1=" + md5, "", "Invalid length (32) for hash type 'sha1'. Either remove the hash type and simply use '" + md5 + "' as the source_hash, or change the hash type to 'md5'"},
		{"md5=ab", "", "format is invalid"},
	} {
		got, err := parseHash(c.in)
		switch {
		case c.problem == "" && (err != nil || got.kind != c.kind || got.sum != strings.ToLower(got.sum)):
			t.Errorf("%s: %+v, %v", c.in, got, err)
		case c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)):
			t.Errorf("%s: %v", c.in, err)
		}
	}
}

func TestFindHash(t *testing.T) {
	sum := func(c string) string { return strings.Repeat(c, 64) }
	list := sum("a") + "  first\n" + sum("b") + " *app.tgz\r\n" + sum("c") + "  ./dir/other.tgz\nSHA256 (x) = " + sum("d") + "\nnamed " + sum("e") + "\n"
	for _, c := range []struct{ name, file, source, hashName, want string }{
		{"by source", "/opt/f", "http://x/y/app.tgz?q=1", "", "b"},
		{"by file", "/opt/other.tgz", "http://x/app.tgz", "", "c"},
		{"by hash name", "/opt/other.tgz", "http://x/app.tgz", "first", "a"},
		{"name in front", "", "", "named", "e"},
		{"first of all", "/opt/zzz", "http://x/qqq", "", "a"},
	} {
		if got, ok := findHash(list, c.file, c.source, c.hashName); !ok || got.sum != sum(c.want) || got.kind != "sha256" {
			t.Errorf("%s: %+v, %v", c.name, got, ok)
		}
	}
	if got, ok := findHash("no hash here\nabcdef0123\n", "f", "s", ""); ok {
		t.Errorf("found %+v in nothing", got)
	}
}

func TestEncode(t *testing.T) {
	for _, c := range []struct{ name, errors, in, want string }{
		{"latin-1", "strict", "é", "\xe9"}, {"UTF-8", "strict", "é", "é"}, {"ascii", "ignore", "aé", "a"}, {"cp1252", "strict", "€", "\x80"},
		{"ISO-8859-15", "strict", "€", "\xa4"}, {"utf-16-le", "strict", "a", "a\x00"}, {"utf-16", "strict", "a", "\xff\xfea\x00"},
		{"latin1", "replace", "日", "?"}, {"latin1", "backslashreplace", "日", `\u65e5`}, {"latin1", "xmlcharrefreplace", "日", "&#26085;"}, {"utf-8-sig", "strict", "a", "\xef\xbb\xbfa"},
	} {
		got, err := encode(c.in, c.name, c.errors)
		if err != nil || string(got) != c.want {
			t.Errorf("%s/%s: %q, %v, not %q", c.name, c.errors, got, err, c.want)
		}
	}
	if _, err := encode("日", "latin-1", "strict"); err == nil || !strings.Contains(err.Error(), "'latin-1' codec can't encode character") {
		t.Errorf("strict: %v", err)
	}
	if got, err := decode([]byte("\xe9"), "latin-1"); err != nil || got != "é" {
		t.Errorf("decode: %q, %v", got, err)
	}
}

func TestStrptime(t *testing.T) {
	for _, c := range []struct{ in, format, want string }{
		{"b_2024-02-29T2359", "b_%Y-%m-%dT%H%M", "2024-02-29 23:59:00"},
		{"Mon Feb 05 07:08:09 PM 24", "%a %b %d %I:%M:%S %p %y", "2024-02-05 19:08:09"},
		{"2023-02-29", "%Y-%m-%d", ""}, {"x", "%Y", ""}, {"2024x", "%Y", ""}, {"13PM", "%I%p", ""},
		{"2024060", "%Y%j", "2024-02-29 00:00:00"}, {"100%", "%H0%%", "1900-01-01 10:00:00"},
	} {
		got, ok := strptime(c.in, c.format)
		text := ""
		if ok {
			text = got.Format("2006-01-02 15:04:05")
		}
		if text != c.want {
			t.Errorf("%s as %s: %q, not %q", c.in, c.format, text, c.want)
		}
	}
}

func TestHumanBytes(t *testing.T) {
	for in, want := range map[string]int64{"5": 5, "1k": 1024, "2 MiB": 2 << 20, "1MB": 1e6, "1.5K": 1536, "x": 0, "5q": 0, "": 0} {
		if got := humanBytes(in); got != want {
			t.Errorf("%q: %d, not %d", in, got, want)
		}
	}
}

// TestBackups keeps a file, lists its backups, restores and removes one.
func TestBackups(t *testing.T) {
	dir := t.TempDir()
	h := prepare(t, dir)
	h.cache = filepath.Join(dir, "cache")
	args := py.DictOf("name", py.Str(h.path), "contents", py.Str("new"), "backup", py.Str("minion"))
	if d, err := h.state("file.managed", args, false); err != nil || d.Result != low.True {
		t.Fatalf("%+v, %v", d, err)
	}
	path := py.DictOf("path", py.Str(h.path))
	v, err := h.exec("file.list_backups", path)
	if err != nil {
		t.Fatal(err)
	}
	entry, ok, err := v.(*py.Dict).Get(py.Int(0))
	if !ok || err != nil || entry.(*py.Dict).Lookup("Size") != py.Value(py.Int(5)) {
		t.Fatalf("backups: %s", py.Repr(v))
	}
	id := py.DictOf("path", py.Str(h.path), "backup_id", py.Int(0))
	if v, err := h.exec("file.restore_backup", id); err != nil || v.(*py.Dict).Lookup("result") != py.Value(py.True) || h.read() != "text\n" {
		t.Errorf("restore: %s, %v, %q", py.Repr(v), err, h.read())
	}
	for range 2 { // the kept one, and that of the restore
		if v, err := h.exec("file.delete_backup", id); err != nil || v.(*py.Dict).Lookup("result") != py.Value(py.True) {
			t.Errorf("delete: %s, %v", py.Repr(v), err)
		}
	}
	if v, err := h.exec("file.list_backups", path); err != nil || v.(*py.Dict).Len() != 0 {
		t.Errorf("left: %s, %v", py.Repr(v), err)
	}
}

// TestWebSources manages a file from a web server.
func TestWebSources(t *testing.T) {
	gets := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, pw, _ := r.BasicAuth()
		switch {
		case r.URL.Path == "/private" && (user != "u" || pw != "p"):
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/gone":
			w.WriteHeader(http.StatusNotFound)
		default:
			gets++
			fmt.Fprint(w, "from web\n") //nolint:errcheck // a test's answer
		}
	}))
	defer srv.Close()
	sum := hashBytes([]byte("from web\n"), "sha256")
	for _, c := range []struct {
		name string
		args *py.Dict
		want low.Tri
		text string
	}{
		{"hash", py.DictOf("source", py.Str(srv.URL+"/f"), "source_hash", py.Str(sum)), low.True, "updated"},
		{"wrong hash", py.DictOf("source", py.Str(srv.URL+"/f"), "source_hash", py.Str(strings.Repeat("0", 64))), low.False, "does not match actual checksum (" + sum + ")"},
		{"no hash", py.DictOf("source", py.Str(srv.URL+"/f")), low.False, "please set source_hash or set skip_verify to True"},
		{"skip verify", py.DictOf("source", py.Str(srv.URL+"/f"), "skip_verify", py.True), low.True, "updated"},
		{"login", py.DictOf("source", py.Str(strings.Replace(srv.URL, "://", "://u:p@", 1)+"/private"), "skip_verify", py.True), low.True, "updated"},
		{"no login", py.DictOf("source", py.Str(srv.URL+"/private"), "skip_verify", py.True), low.False, "Error: HTTP 401: Unauthorized reading /private"},
		{"gone", py.DictOf("source", py.Str(srv.URL+"/gone"), "skip_verify", py.True), low.False, "Error: HTTP 404: Not Found reading /gone"},
		{"list", py.DictOf("source", py.Strings(srv.URL+"/gone", srv.URL+"/f"), "skip_verify", py.True), low.True, "updated"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := prepare(t, t.TempDir())
			c.args.SetStr("name", py.Str(h.path))
			for _, test := range []bool{true, false} {
				d, err := h.state("file.managed", c.args, test)
				if err != nil {
					t.Fatal(err)
				}
				if !test && (d.Result != c.want || !strings.Contains(d.Comment, c.text)) {
					t.Errorf("result %v: %s", d.Result.Value(), d.Comment)
				}
				if (test || c.want == low.False) && h.read() != "text\n" {
					t.Errorf("test=%v: the file became %q", test, h.read())
				}
			}
			if c.want == low.True && h.read() != "from web\n" {
				t.Errorf("the file is %q", h.read())
			}
		})
	}
	gets = 0
	h := newTestHost(t, filepath.Join(t.TempDir(), "f"), "from web\n")
	args := py.DictOf("name", py.Str(h.path), "source", py.Str(srv.URL+"/f"), "source_hash", py.Str(sum))
	if d, err := h.state("file.managed", args, false); err != nil || d.Result != low.True || gets != 0 {
		t.Errorf("a file in place was fetched %d times: %+v, %v", gets, d, err)
	}
}

// TestVerifyTLS: what one state fetched without looking at the certificate is
// not good enough for one that wants it looked at.
func TestVerifyTLS(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "from web\n") //nolint:errcheck // a test's answer
	}))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	h := prepare(t, t.TempDir())
	args := py.DictOf("name", py.Str(h.path), "source", py.Str(srv.URL+"/f"), "skip_verify", py.True, "verify_ssl", py.False)
	if d, err := h.state("file.managed", args, false); err != nil || d.Result != low.True {
		t.Fatalf("%+v, %v", d, err)
	}
	args = py.DictOf("name", py.Str(h.path+"2"), "source", py.Str(srv.URL+"/f"), "skip_verify", py.True)
	if d, err := h.state("file.managed", args, false); err != nil || d.Result != low.False || !strings.Contains(d.Comment, "certificate") {
		t.Errorf("%v: %s, %v", d.Result.Value(), d.Comment, err)
	}
}

// TestFind looks for files in all ways that file.find has.
func TestFind(t *testing.T) {
	dir := t.TempDir()
	h := prepare(t, dir)
	old := time.Now().Add(-10 * 24 * time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "tree/keep"), old, old); err != nil {
		t.Fatal(err)
	}
	tree := filepath.Join(dir, "tree")
	for _, c := range []struct{ name, kw, want string }{
		{"name", "name=f*", "f1 sub/f2"},
		{"type and depth", "type=f maxdepth=1", "f1 keep"},
		{"directories", "type=d mindepth=1", "sub"},
		{"time", "mtime=+5d", "keep"},
		{"size", "size=1b type=f", "f1 keep sub/f2"},
		{"content", "grep=2", "sub/f2"},
		{"regex", "iregex=KEEP$", "keep"},
		{"bad type", "type=q", `error: invalid file type "q"`},
		{"bad interval", "mtime=5x", "error: invalid time interval: '5x'"},
		{"bad option", "nope=1", `error: invalid option "nope"`},
		{"no value", "name=", `error: missing value for "name" option`},
	} {
		t.Run(c.name, func(t *testing.T) {
			kw := py.DictOf("path", py.Str(tree))
			for _, f := range strings.Fields(c.kw) {
				k, v, _ := strings.Cut(f, "=")
				kw.SetStr(k, py.Str(v))
			}
			v, err := h.exec("file.find", kw)
			if err != nil {
				t.Fatal(err)
			}
			got := py.ToStr(v)
			if l, ok := v.(*py.List); ok {
				var names []string
				for _, it := range l.Items {
					names = append(names, strings.TrimPrefix(py.ToStr(it), tree+"/"))
				}
				got = strings.Join(names, " ")
			}
			if got != c.want {
				t.Errorf("got %s, not %s", got, c.want)
			}
		})
	}
	if _, err := h.exec("file.find", py.DictOf("path", py.Str(tree), "delete", py.Str("f"))); err == nil {
		t.Error("delete is let through")
	}
}

func TestGlob(t *testing.T) {
	f := host.NewFake(map[string]string{"/a/x1": "", "/a/x2": "", "/a/.h": "", "/b/x1": "", "/b/y": ""})
	for _, c := range []struct{ pattern, want string }{
		{"/a/x?", "/a/x1 /a/x2"}, {"/?/x1", "/a/x1 /b/x1"}, {"/a/*", "/a/x1 /a/x2"}, {"/a/.*", "/a/.h"}, {"/no/*", ""}, {"/a/x1", "/a/x1"}, {"/[ab]", "/a /b"},
	} {
		if got := strings.Join(glob(f, c.pattern), " "); got != c.want {
			t.Errorf("%s: %s, not %s", c.pattern, got, c.want)
		}
	}
}

// TestFuncs holds every declaration to the rules of the documentation.
func TestFuncs(t *testing.T) {
	for _, f := range Funcs() {
		if !strings.HasPrefix(f.Name, "file.") || f.Doc == "" {
			t.Errorf("%s: name or documentation", f.Name)
		}
		for _, p := range f.Params {
			if !strings.HasSuffix(p.Doc, ".") {
				t.Errorf("%s: argument %s is not documented", f.Name, p.Name)
			}
		}
	}
}
