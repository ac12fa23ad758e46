package gitfs_test

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/fileserver"
	"pinch/internal/gitfs"
	"pinch/internal/gitfs/gittest"
)

// seen is what a disk says about a path.
type seen struct {
	Stat, Link, Real, Dir, Text string
}

func look(d fileserver.Disk, root, p string) seen {
	var s seen
	if info, err := d.Stat(p); err == nil {
		s.Stat = info.Mode().String()
		if info.Mode().IsRegular() {
			f, err := d.Open(p)
			if err != nil {
				return seen{Text: err.Error()}
			}
			b, err := io.ReadAll(f)
			s.Text = string(b)
			if err != nil || int64(len(b)) != info.Size() {
				s.Text = "size"
			}
		}
	}
	s.Link, _ = d.Readlink(p)
	s.Real, _ = d.Real(p)
	if entries, err := d.ReadDir(p); err == nil {
		for _, e := range entries {
			s.Dir += e.Name() + ":" + e.Type().String() + " "
		}
	}
	s.Dir = strings.ReplaceAll(s.Dir, ".git:d--------- ", "")
	return s
}

// A commit looks as its checkout does.
func TestCommitLooksLikeCheckout(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	big := strings.Repeat("0123456789abcdef", 1<<17) // 2 MiB
	gittest.Build(t, dir, gittest.Repos{"r": {
		{Branch: "master", Files: map[string]string{"salt/top.sls": "x\n", "salt/a/b/c": "c\n", "salt/big": big, "ü/ä b": "umlaut\n"}, Exec: map[string]string{"salt/x": "x"},
			Links: map[string]string{"salt/l": "a/b", "salt/abs": filepath.Join(dir, "r/salt/a"), "salt/out": "../../..", "salt/etc": "/etc", "salt/loop": "loop",
				"salt/loop2": "loop3", "salt/loop3": "loop2", "salt/none": "nosuch", "salt/up": "../ü", "salt/l2": "l/c", "salt/file": "a/b/c/d"}},
		{Branch: "master", Files: map[string]string{"salt/top.sls": "newer\n"}, Remove: []string{"salt/a"}},
	}})
	repo := filepath.Join(dir, "r")
	var uses []gitfs.Use
	c := gitfs.NewCommits("master~1", func(u gitfs.Use) { uses = append(uses, u) })
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, sub := range []string{"salt", "pillar"} { // the second is not there
		at, err := c.Add(context.Background(), filepath.Join(repo, sub))
		if err != nil || at != filepath.Join(repo, sub) {
			t.Fatalf("%s is at %q, %v", sub, at, err)
		}
	}
	if len(uses) != 1 || uses[0].Ref != "master~1" || len(uses[0].Commit) != 40 {
		t.Errorf("uses %v", uses)
	}
	gittest.Git(t, repo, 0, "checkout", "-q", "master~1")
	var paths []string
	if err := filepath.WalkDir(repo, func(p string, d fs.DirEntry, err error) error {
		if d.Name() == ".git" {
			return filepath.SkipDir
		}
		paths = append(paths, p)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, more := range []string{"salt/l/c", "salt/l/../b/c", "salt/abs/b", "salt/up/ä b", "salt/a/b/c/d", "nosuch", "salt/l/nosuch", "salt/./a//b", "salt/loop/x", "salt/x/", "pillar/top.sls"} {
		paths = append(paths, repo+"/"+more)
	}
	for _, p := range paths {
		want, got := look(fileserver.OS(), repo, p), look(c.Disk(), repo, p)
		switch strings.TrimPrefix(p, repo+"/") {
		case "salt/out": // above the repository there is nothing else
			continue
		case "salt/etc": // what leads out of the repository is not there
			want = seen{Link: want.Link}
		case "salt/x/": // Go cleans it
			continue
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-checkout +commit):\n%.400s", p, d)
		}
	}
	f, err := c.Disk().Open(filepath.Join(repo, "salt/big"))
	if err != nil {
		t.Fatal(err)
	}
	part := make([]byte, 16)
	if _, err := f.ReadAt(part, 1<<20); err != nil || !bytes.Equal(part, []byte("0123456789abcdef")) {
		t.Errorf("1 MiB into a large file: %q, %v", part, err)
	}
}

func TestCommitsOutside(t *testing.T) {
	dir := t.TempDir()
	gittest.Build(t, dir, gittest.Repos{"r": {{Branch: "master", Files: map[string]string{"a/f": "x\n"}}}})
	if err := os.Mkdir(filepath.Join(dir, "plain"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIT_CEILING_DIRECTORIES", dir) // in vain: it is not ours
	c := gitfs.NewCommits("master", func(gitfs.Use) {})
	if _, err := c.Add(context.Background(), filepath.Join(dir, "plain")); err == nil || !strings.Contains(err.Error(), "no git work tree") {
		t.Errorf("a directory outside: %v", err)
	}
	if at, err := c.Add(context.Background(), filepath.Join(dir, "nosuch/x")); err != nil || !strings.HasSuffix(at, "nosuch/x") {
		t.Errorf("a directory that is not there: %q, %v", at, err)
	}
	if !c.Empty() {
		t.Error("nothing was added, yet there is something")
	}
	for _, rev := range []string{"nosuch", "--all", "HEAD:a", ""} {
		if _, err := gitfs.NewCommits(rev, func(gitfs.Use) {}).Add(context.Background(), filepath.Join(dir, "r/a")); err == nil {
			t.Errorf("revision %q is taken", rev)
		}
	}
	// a link to the tree is the tree
	if err := os.Symlink(filepath.Join(dir, "r"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	at, err := c.Add(context.Background(), filepath.Join(dir, "link/a"))
	if err != nil || !c.Has(at) {
		t.Errorf("a link to the tree: %q, %v", at, err)
	}
	if _, err := c.Disk().Stat(filepath.Join(at, "f")); err != nil {
		t.Error(err)
	}
}
