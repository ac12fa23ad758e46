package states_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pinch/internal/gitfs/gittest"
	"pinch/internal/golden"
	"pinch/internal/py"
	"pinch/states"
)

// sourceCase is a pillar from elsewhere than pillar_roots: a case of
// testdata/pillar_sources.json, which internal/gitfs/testdata/record.py fills
// in with what real Salt makes of it.
type sourceCase struct {
	Name      string            `json:"name"`
	Repos     gittest.Repos     `json:"repos"`
	Roots     map[string]string `json:"roots"`
	RootLinks map[string]string `json:"rootlinks"`
	Opts      json.RawMessage   `json:"opts"`
	Key       string            `json:"key"`
	HTTP      map[string]page   `json:"http"`
	Pillar    struct {
		ID        string          `json:"id"`
		Grains    json.RawMessage `json:"grains"`
		SaltEnv   string          `json:"saltenv"`
		PillarEnv string          `json:"pillarenv"`
		Override  json.RawMessage `json:"override"`
		Ext       json.RawMessage `json:"ext"` // on demand
	} `json:"pillar"`
	Expect struct {
		Pillar json.RawMessage `json:"pillar"`
		Error  string          `json:"error"`
	} `json:"expect"`
}

type page struct {
	Status  int               `json:"status"`
	Body    string            `json:"body"`
	Auth    string            `json:"auth"`
	Headers map[string]string `json:"headers"`
}

func TestPillarSources(t *testing.T) {
	raw, err := os.ReadFile("testdata/pillar_sources.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []sourceCase
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	shared := &sharedSources{t: t, dir: t.TempDir(), repos: map[string]*strings.Replacer{}, keys: map[string]string{}}
	t.Cleanup(shared.close)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			if diff := shared.run(t, c); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// sharedSources are what cases have in common, because it is slow to make.
type sharedSources struct {
	t     *testing.T
	dir   string
	repos map[string]*strings.Replacer
	keys  map[string]string // gpg's directories by key
}

func (s *sharedSources) build(r gittest.Repos) *strings.Replacer {
	key, err := json.Marshal(r)
	if err != nil {
		s.t.Fatal(err)
	}
	if w, ok := s.repos[string(key)]; ok {
		return w
	}
	dir := filepath.Join(s.dir, strconv.Itoa(len(s.repos)))
	if err := os.Mkdir(dir, 0o755); err != nil {
		s.t.Fatal(err)
	}
	w := gittest.Build(s.t, dir, r)
	s.repos[string(key)] = w
	return w
}

// keyring imports a key. The path must be short: gpg's agent has a socket in it.
func (s *sharedSources) keyring(t *testing.T, key string) string {
	if _, err := exec.LookPath("gpg"); err != nil {
		t.Skip("there is no gpg here")
	}
	if dir, ok := s.keys[key]; ok {
		return dir
	}
	dir, err := os.MkdirTemp("", "k")
	if err != nil {
		s.t.Fatal(err)
	}
	s.keys[key] = dir
	cmd := exec.Command("gpg", "--batch", "--homedir", dir, "--import")
	cmd.Stdin = strings.NewReader(key)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("gpg --import: %v\n%s", err, out)
	}
	return dir
}

func (s *sharedSources) close() {
	for _, dir := range s.keys {
		if out, err := exec.Command("gpgconf", "--homedir", dir, "--kill", "all").CombinedOutput(); err != nil {
			s.t.Errorf("gpgconf --kill: %v\n%s", err, out)
		}
		if err := os.RemoveAll(dir); err != nil {
			s.t.Error(err)
		}
	}
}

func (s *sharedSources) run(t *testing.T, c sourceCase) string {
	root := t.TempDir()
	for name, text := range c.Roots {
		full := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return err.Error()
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			return err.Error()
		}
	}
	for name, to := range c.RootLinks {
		if err := os.Symlink(to, filepath.Join(root, name)); err != nil {
			return err.Error()
		}
	}
	repos := s.build(c.Repos)
	words := []string{}
	if c.Key != "" {
		words = append(words, "{ROOT}/k", s.keyring(t, c.Key))
	}
	words = append(words, "{ROOT}", root)
	if c.HTTP != nil {
		words = append(words, "{HTTP}", servePages(t, c.HTTP))
	}
	local := strings.NewReplacer(words...)
	fill := func(raw json.RawMessage) string { return repos.Replace(local.Replace(string(raw))) }
	dict := func(raw json.RawMessage) *py.Dict {
		if len(raw) == 0 {
			return nil
		}
		v, err := py.LoadsJSON(fill(raw))
		if err != nil {
			t.Fatal(err)
		}
		d, _ := v.(*py.Dict)
		return d
	}
	opts := py.DictOf("ssh_merge_pillar", py.False, "pillar_roots", py.DictOf("base", py.NewList()), "file_roots", py.DictOf("base", py.NewList()))
	opts.Update(dict(c.Opts))
	var logged []string
	tree, err := states.NewTree(context.Background(), states.Config{Opts: opts, CacheDir: filepath.Join(s.dir, "cache"), Log: func(level, m string) {
		logged = append(logged, level+": "+m)
	}})
	if err != nil {
		return err.Error()
	}
	defer func() {
		if err := tree.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(strings.Join(logged, "\n"))
		}
	}()
	got, err := tree.CompilePillar(context.Background(), states.Request{
		Highstate: c.Pillar.SaltEnv == "", // there is no saltenv then
		Host:      c.Pillar.ID, Grains: dict(c.Pillar.Grains), SaltEnv: c.Pillar.SaltEnv, PillarEnv: c.Pillar.PillarEnv, Pillar: dict(c.Pillar.Override),
	}, nil)
	if err != nil {
		return err.Error()
	}
	if want := c.Expect.Error; want != "" {
		if len(got.Errors) != 1 || got.Errors[0].Message != want {
			return fmt.Sprintf("got %v %v, want error %s", got.Pillar, got.Errors, want)
		}
		return ""
	}
	if got.Pillar == nil {
		return fmt.Sprintf("no pillar: %v", got.Errors)
	}
	if (len(got.Errors) > 0) != got.Pillar.Has("_errors") {
		return fmt.Sprintf("errors %v beside the pillar %s", got.Errors, py.Repr(got.Pillar))
	}
	want, err := py.LoadsJSON(fill(c.Expect.Pillar))
	if err != nil {
		return err.Error()
	}
	have := asRecorded(got.Pillar)
	if len(c.Pillar.Ext) > 0 {
		ext, err := py.LoadsJSON(fill(c.Pillar.Ext))
		if err != nil {
			return err.Error()
		}
		v, err := got.Call(context.Background(), "pillar.ext", py.NewArgs(ext))
		if err != nil {
			return err.Error()
		}
		have = asRecorded(v)
	}
	if strings.Contains(string(c.Opts), "file_tree") { // the order is that of a directory listing
		if eq, err := py.Equal(want, have); err != nil || !eq {
			return fmt.Sprintf("got %s, want %s", py.Repr(have), py.Repr(want))
		}
		return ""
	}
	return golden.Diff(want, have)
}

// asRecorded makes a value what record.py writes.
func asRecorded(v py.Value) py.Value {
	switch v := v.(type) {
	case *py.Dict:
		out := py.NewDict()
		for k, x := range v.All() {
			out.SetStr(py.ToStr(k), asRecorded(x))
		}
		return out
	case *py.List:
		out := py.NewList()
		for _, x := range v.Items {
			out.Append(asRecorded(x))
		}
		return out
	case py.Bytes:
		return py.DictOf("$bytes", py.Str(hex.EncodeToString([]byte(v))))
	}
	return v
}

func servePages(t *testing.T, pages map[string]page) string {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := pages[r.URL.EscapedPath()]
		switch {
		case !ok:
			p = page{Status: 404}
		case p.Auth != "" && r.Header.Get("Authorization") != p.Auth:
			p = page{Status: 401}
		}
		for k, v := range p.Headers {
			w.Header().Set(k, v)
		}
		if p.Status != 0 {
			w.WriteHeader(p.Status)
		}
		if _, err := w.Write([]byte(p.Body)); err != nil {
			t.Log(err)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}
