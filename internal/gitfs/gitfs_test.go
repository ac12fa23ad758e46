package gitfs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/fileserver"
	"pinch/internal/gitfs"
	"pinch/internal/gitfs/gittest"
	"pinch/internal/py"
)

// recorded is a case of testdata/gitfs.json, which testdata/record.py fills in
// with what real Salt does.
type recorded struct {
	Name      string            `json:"name"`
	Repos     gittest.Repos     `json:"repos"`
	Roots     map[string]string `json:"roots"`
	RootLinks map[string]string `json:"rootlinks"`
	Opts      json.RawMessage   `json:"opts"`
	Asked     []string          `json:"asked"`
	Find      [][2]string       `json:"find"`
	Expect    struct {
		Envs  []string         `json:"envs"`
		Lists map[string]lists `json:"lists"`
		Find  []*found         `json:"find"`
	} `json:"expect"`
}

type lists struct {
	Files []string          `json:"files"`
	Dirs  []string          `json:"dirs"`
	Empty []string          `json:"empty"`
	Links map[string]string `json:"links"`
}

type found struct {
	Rel  string `json:"rel"`
	Mode string `json:"mode"`
	Hash string `json:"hash"`
}

func TestRecorded(t *testing.T) {
	raw, err := os.ReadFile("testdata/gitfs.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []recorded
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	shared := &built{t: t, dir: t.TempDir(), words: map[string]*strings.Replacer{}}
	shared.copies = newMirrors(t, shared.dir)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) { runRecorded(t, c, shared) })
	}
}

// built are repositories and their mirrors, shared by cases: git is slow.
type built struct {
	t      *testing.T
	dir    string
	copies *gitfs.Mirrors
	words  map[string]*strings.Replacer
}

func (b *built) repos(r gittest.Repos) *strings.Replacer {
	key, err := json.Marshal(r)
	if err != nil {
		b.t.Fatal(err)
	}
	if w, ok := b.words[string(key)]; ok {
		return w
	}
	dir := filepath.Join(b.dir, strconv.Itoa(len(b.words)))
	if err := os.Mkdir(dir, 0o755); err != nil {
		b.t.Fatal(err)
	}
	w := gittest.Build(b.t, dir, r)
	b.words[string(key)] = w
	return w
}

func runRecorded(t *testing.T, c recorded, shared *built) {
	dir := t.TempDir()
	words := shared.repos(c.Repos)
	for name, text := range c.Roots {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range c.RootLinks {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	v, err := py.DecodeJSON([]byte(words.Replace(strings.ReplaceAll(string(c.Opts), "{ROOT}", dir))))
	if err != nil {
		t.Fatal(err)
	}
	set := v.(*py.Dict)
	s := serve(t, shared.copies, set)
	if d := cmp.Diff(c.Expect.Envs, s.Envs()); d != "" {
		t.Errorf("environments (-Salt +pinch):\n%s", d)
	}
	for _, env := range c.Asked {
		links := map[string]string{}
		real := words.Replace(env)
		for _, l := range s.Links(real) {
			links[l.Path] = l.Target
		}
		got := lists{Files: s.Files(real), Dirs: s.Dirs(real), Empty: s.EmptyDirs(real), Links: links}
		if d := cmp.Diff(c.Expect.Lists[env], got); d != "" {
			t.Errorf("%s (-Salt +pinch):\n%s", env, d)
		}
	}
	for i, f := range c.Find {
		var got *found
		if file, ok := s.Find(f[0], words.Replace(f[1])); ok {
			info, err := file.Stat()
			if err != nil {
				t.Fatal(err)
			}
			sum, err := file.Hash(s.HashType())
			if err != nil {
				t.Fatal(err)
			}
			got = &found{Rel: f[0], Mode: fmt.Sprintf("%o", info.Mode().Perm()), Hash: sum}
		}
		want := c.Expect.Find[i]
		if want != nil {
			want.Rel = f[0]
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("find %s (-Salt +pinch):\n%s", f, d)
		}
	}
}

// defaults are Salt's defaults of the options that gitfs reads.
func defaults() *py.Dict {
	return py.DictOf("gitfs_base", py.Str("master"), "gitfs_root", py.Str(""), "gitfs_mountpoint", py.Str(""), "gitfs_fallback", py.Str(""),
		"gitfs_ref_types", py.Strings("branch", "tag", "sha"), "gitfs_ssl_verify", py.True,
		"gitfs_refspecs", py.Strings("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"))
}

func newMirrors(t *testing.T, dir string) *gitfs.Mirrors {
	m := gitfs.NewMirrors(filepath.Join(dir, "cache"), false, func(level, format string, args ...any) {
		t.Logf(level+": "+format, args...)
	})
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// serve makes a server as the options say.
func serve(t *testing.T, mirrors *gitfs.Mirrors, set *py.Dict) *fileserver.Server {
	t.Helper()
	opts := defaults()
	opts.Update(set)
	remotes, err := gitfs.ReadFS(opts, set)
	if err != nil {
		t.Fatal(err)
	}
	fs := gitfs.NewFS(remotes, mirrors, func(u gitfs.Use) { t.Log(u) })
	t.Cleanup(func() {
		if err := fs.Err(); err != nil {
			t.Error(err)
		}
	})
	if err := fs.Open(context.Background()); err != nil {
		t.Fatal(err)
	}
	var roots []fileserver.Env
	if d, ok := opts.Lookup("file_roots").(*py.Dict); ok {
		for env, dirs := range d.All() {
			r := fileserver.Env{Name: py.ToStr(env)}
			for _, dir := range dirs.(*py.List).Items {
				r.Dirs = append(r.Dirs, py.ToStr(dir))
			}
			roots = append(roots, r)
		}
	} else {
		roots = []fileserver.Env{{Name: "base"}}
	}
	s, err := fileserver.New(fileserver.Options{
		Roots: roots, FollowSymlinks: true, HashType: opts.String("hash_type"),
		Backends: func(r fileserver.Backend) []fileserver.Backend {
			var out []fileserver.Backend
			for _, b := range opts.Lookup("fileserver_backend").(*py.List).Items {
				if py.ToStr(b) == "roots" {
					out = append(out, r)
				} else {
					out = append(out, fs)
				}
			}
			return out
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
