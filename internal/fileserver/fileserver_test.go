package fileserver_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/fileserver"
)

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func newServer(t *testing.T, o fileserver.Options) *fileserver.Server {
	t.Helper()
	s, err := fileserver.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFind(t *testing.T) {
	top := t.TempDir()
	write(t, top, map[string]string{
		"one/a.sls": "one", "one/d/init.sls": "", "one/q?x": "", "two/a.sls": "two", "two/b.sls": "two",
		"dev/a.sls": "dev", "any/prod/c.sls": "prod", "secret": "s", "one/x.swp": "",
	})
	if err := os.Symlink(filepath.Join(top, "secret"), filepath.Join(top, "one/leak")); err != nil {
		t.Fatal(err)
	}
	roots := []fileserver.Env{
		{Name: "base", Dirs: []string{top + "/one", top + "/two", top + "/missing"}},
		{Name: "dev", Dirs: []string{top + "/dev"}},
		{Name: "__env__", Dirs: []string{top + "/any/__env__"}},
	}
	follow := newServer(t, fileserver.Options{Roots: roots, FollowSymlinks: true, IgnoreGlob: []string{"*.swp"}})
	strict := newServer(t, fileserver.Options{Roots: roots, IgnoreRegex: []string{`/d/init\.sls$`}})
	for _, c := range []struct {
		name, url, env, want string
		s                    *fileserver.Server
	}{
		{"first root wins", "salt://a.sls", "base", "one/a.sls", follow},
		{"second root", "salt://b.sls", "base", "two/b.sls", follow},
		{"environment", "salt://a.sls", "dev", "dev/a.sls", follow},
		{"environment in the URL", "salt://a.sls?saltenv=dev", "base", "dev/a.sls", follow},
		{"old env query", "salt://a.sls?env=dev", "base", "one/a.sls", follow},
		{"any environment", "salt://c.sls", "prod", "any/prod/c.sls", follow},
		{"empty authority", "salt:///a.sls", "base", "one/a.sls", follow},
		{"escaped", "salt://|q?x", "base", "one/q?x", follow},
		{"directory", "salt://d", "base", "", follow},
		{"absent", "salt://nope", "base", "", follow},
		{"up and out", "salt://../secret", "base", "", follow},
		{"up inside", "salt://d/../a.sls", "base", "", follow},
		{"dots alone", "salt://..", "base", "", follow},
		{"link followed", "salt://leak", "base", "one/leak", follow},
		{"link refused", "salt://leak", "base", "", strict},
		{"hidden by glob", "salt://x.swp", "base", "", follow},
		{"hidden by expression", "salt://d/init.sls", "base", "", strict},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, ok := c.s.FindURL(c.url, c.env)
			got := ""
			if ok {
				got = strings.TrimPrefix(f.Path, top+"/")
			}
			if got != c.want {
				t.Errorf("%s in %s: %q, want %q", c.url, c.env, got, c.want)
			}
		})
	}
	if f, ok := follow.FindSLS("d", "base"); !ok || f.Rel != "d/init.sls" {
		t.Errorf("d is %v", f)
	}
}

func TestLists(t *testing.T) {
	top := t.TempDir()
	write(t, top, map[string]string{"a/init.sls": "", "a/b.sls": "", "init.sls": "", "c/f.txt": "", "c/deep/x.sls": ""})
	if err := os.Mkdir(filepath.Join(top, "void"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, l := range [][2]string{{"b.sls", "a/link"}, {"..", "c/loop"}} {
		if err := os.Symlink(l[0], filepath.Join(top, l[1])); err != nil {
			t.Fatal(err)
		}
	}
	s := newServer(t, fileserver.Options{Roots: []fileserver.Env{{Name: "base", Dirs: []string{top}}}})
	for _, c := range []struct {
		what      string
		want, got []string
	}{
		{"files", []string{"a/b.sls", "a/init.sls", "a/link", "c/deep/x.sls", "c/f.txt", "init.sls"}, s.Files("base")},
		{"dirs", []string{"a", "c", "c/deep", "c/loop", "void"}, s.Dirs("base")},
		{"empty dirs", []string{"void"}, s.EmptyDirs("base")},
		{"states", []string{"a", "a.b", "c.deep.x", "init"}, s.States("base")},
		{"no environment", []string{}, s.Files("nope")},
	} {
		if d := cmp.Diff(c.want, c.got); d != "" {
			t.Errorf("%s: %s", c.what, d)
		}
	}
	if d := cmp.Diff([]fileserver.Link{{Path: "a/link", Target: "b.sls"}, {Path: "c/loop", Target: ".."}}, s.Links("base")); d != "" {
		t.Error(d)
	}
	t.Run("a loop of links ends", func(t *testing.T) {
		s := newServer(t, fileserver.Options{Roots: []fileserver.Env{{Name: "base", Dirs: []string{top}}}, FollowSymlinks: true})
		if n := len(s.Files("base")); n < 6 || n > 60 {
			t.Errorf("%d files", n)
		}
	})
}

func TestHash(t *testing.T) {
	top := t.TempDir()
	write(t, top, map[string]string{"a": "hello\n"})
	s := newServer(t, fileserver.Options{Roots: []fileserver.Env{{Name: "base", Dirs: []string{top}}}})
	f, ok := s.Find("a", "base")
	if !ok {
		t.Fatal("not found")
	}
	for kind, want := range map[string]string{
		"sha256": "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
		"md5":    "b1946ac92492d2347c6235b4d2611184",
	} {
		if got, err := f.Hash(kind); err != nil || got != want {
			t.Errorf("%s: %s, %v", kind, got, err)
		}
	}
	if _, err := f.Hash("crc"); err == nil {
		t.Error("an unknown hash type is taken")
	}
	if s.HashType() != "sha256" {
		t.Errorf("default hash %s", s.HashType())
	}
}

func TestBadExpression(t *testing.T) {
	if _, err := fileserver.New(fileserver.Options{IgnoreRegex: []string{"("}}); err == nil || !strings.Contains(err.Error(), "file_ignore_regex") {
		t.Errorf("error %v", err)
	}
}
