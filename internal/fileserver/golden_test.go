package fileserver_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/fileserver"
	"pinch/internal/py"
)

// rootsCase is a case of testdata/roots.json, which
// internal/gitfs/testdata/record.py fills in with what real Salt's file server
// does.
type rootsCase struct {
	Name   string            `json:"name"`
	Files  map[string]string `json:"roots"`
	Links  map[string]string `json:"rootlinks"`
	Opts   json.RawMessage   `json:"opts"`
	Asked  []string          `json:"asked"`
	Find   [][2]string       `json:"find"`
	Expect struct {
		Envs  []string             `json:"envs"`
		Lists map[string]rootsList `json:"lists"`
		Find  []*rootsFile         `json:"find"`
	} `json:"expect"`
}

type rootsList struct {
	Files []string          `json:"files"`
	Dirs  []string          `json:"dirs"`
	Empty []string          `json:"empty"`
	Links map[string]string `json:"links"`
}

type rootsFile struct {
	Rel  string `json:"rel"`
	Mode string `json:"mode"`
	Hash string `json:"hash"`
}

func TestRecordedRoots(t *testing.T) {
	raw, err := os.ReadFile("testdata/roots.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []rootsCase
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir() // named by the test alone: patterns must not see a case's name
	for i, c := range cases {
		t.Run(c.Name, func(t *testing.T) { runRoots(t, c, filepath.Join(dir, strconv.Itoa(i))) })
	}
}

func runRoots(t *testing.T, c rootsCase, top string) {
	write(t, top, c.Files)
	for name, to := range c.Links {
		full := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, full); err != nil {
			t.Fatal(err)
		}
	}
	v, err := py.DecodeJSON([]byte(strings.ReplaceAll(string(c.Opts), "{ROOT}", top)))
	if err != nil {
		t.Fatal(err)
	}
	opts := v.(*py.Dict)
	truth := func(key string, def bool) bool {
		if v, ok := opts.GetStr(key); ok {
			return py.IsTrue(v)
		}
		return def
	}
	texts := func(v py.Value) []string {
		var out []string
		if l, ok := v.(*py.List); ok {
			for _, it := range l.Items {
				out = append(out, py.ToStr(it))
			}
		}
		return out
	}
	o := fileserver.Options{
		IgnoreGlob: texts(opts.Lookup("file_ignore_glob")), IgnoreRegex: texts(opts.Lookup("file_ignore_regex")), HashType: opts.String("hash_type"),
		FollowSymlinks: truth("fileserver_followsymlinks", true), IgnoreSymlinks: truth("fileserver_ignoresymlinks", false),
	}
	for env, dirs := range opts.Lookup("file_roots").(*py.Dict).All() {
		o.Roots = append(o.Roots, fileserver.Env{Name: py.ToStr(env), Dirs: texts(dirs)})
	}
	s := newServer(t, o)
	if d := cmp.Diff(c.Expect.Envs, s.Envs()); d != "" {
		t.Errorf("environments (-Salt +pinch):\n%s", d)
	}
	for _, env := range c.Asked {
		got := rootsList{Files: s.Files(env), Dirs: s.Dirs(env), Empty: s.EmptyDirs(env), Links: map[string]string{}}
		for _, l := range s.Links(env) {
			got.Links[l.Path] = l.Target
		}
		if d := cmp.Diff(c.Expect.Lists[env], got); d != "" {
			t.Errorf("lists of %s (-Salt +pinch):\n%s", env, d)
		}
	}
	for i, f := range c.Find {
		var got *rootsFile
		if file, ok := s.Find(f[0], f[1]); ok {
			sum, err := file.Hash(s.HashType())
			if err != nil {
				t.Fatal(err)
			}
			info, err := file.Stat()
			if err != nil {
				t.Fatal(err)
			}
			got = &rootsFile{Rel: file.Rel, Mode: fmt.Sprintf("%o", info.Mode().Perm()), Hash: sum}
		}
		if d := cmp.Diff(c.Expect.Find[i], got); d != "" {
			t.Errorf("find %q (-Salt +pinch):\n%s", f, d)
		}
	}
}
