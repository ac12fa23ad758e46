package gitfs_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pinch/internal/fileserver"
	"pinch/internal/gitfs"
	"pinch/internal/gitfs/gittest"
	"pinch/internal/py"
)

// oneRepo is a repository with a file and what serves it.
func oneRepo(t *testing.T) (dir, url string) {
	dir = t.TempDir()
	words := gittest.Build(t, dir, gittest.Repos{"r": {{Branch: "master", Files: map[string]string{"f": "one\n"}}, {Branch: "old", From: "master", Files: map[string]string{"f": "old\n"}}}})
	return filepath.Join(dir, "r"), words.Replace("{r}")
}

func read(t *testing.T, s *fileserver.Server, name, env string) string {
	t.Helper()
	f, ok := s.Find(name, env)
	if !ok {
		return ""
	}
	b, err := f.Read()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestOneFetchARun(t *testing.T) {
	repo, url := oneRepo(t)
	cache := t.TempDir()
	opts := py.DictOf("gitfs_remotes", py.Strings(url), "fileserver_backend", py.Strings("gitfs"))
	first := newMirrors(t, cache)
	s := serve(t, first, opts)
	if got := read(t, s, "f", "base"); got != "one\n" {
		t.Fatalf("f is %q", got)
	}
	gittest.Git(t, repo, 9, "checkout", "-q", "master")
	gittest.Git(t, repo, 9, "branch", "-D", "old")
	if err := os.WriteFile(filepath.Join(repo, "f"), []byte("two\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	gittest.Git(t, repo, 9, "commit", "-qam", "two")
	if got := read(t, serve(t, first, opts), "f", "base"); got != "one\n" {
		t.Errorf("a second fetch in the run: f is %q", got)
	}
	old := gitfs.NewMirrors(filepath.Join(cache, "cache"), true, func(string, string, ...any) {})
	if got := read(t, serve(t, old, opts), "f", "base"); got != "one\n" {
		t.Errorf("--no-fetch fetched: f is %q", got)
	}
	next := serve(t, newMirrors(t, cache), opts)
	if got := read(t, next, "f", "base"); got != "two\n" {
		t.Errorf("the next run: f is %q", got)
	}
	if envs := next.Envs(); len(envs) != 1 {
		t.Errorf("a branch that is gone is still there: %v", envs)
	}
	// what the first run reads does not change under it
	if got := read(t, s, "f", "old"); got != "old\n" {
		t.Errorf("the first run lost its branch: %q", got)
	}
}

// Files of all sizes are read by offset.
func TestReadAt(t *testing.T) {
	dir := t.TempDir()
	part := strings.Repeat("0123456789", 10)
	words := gittest.Build(t, dir, gittest.Repos{"r": {{Branch: "master", Files: map[string]string{
		"small": part, "middle": strings.Repeat(part, 1000), "large": strings.Repeat(part, 20_000), "empty": ""}}}})
	s := serve(t, newMirrors(t, dir), py.DictOf("gitfs_remotes", py.Strings(words.Replace("{r}")), "fileserver_backend", py.Strings("gitfs")))
	for name, size := range map[string]int64{"small": 100, "middle": 100_000, "large": 2_000_000, "empty": 0} {
		f, ok := s.Find(name, "base")
		if !ok {
			t.Fatalf("%s is not there", name)
		}
		got, err := io.ReadAll(io.NewSectionReader(f, 0, size+1))
		if err != nil || int64(len(got)) != size || string(got) != strings.Repeat(part, int(size/100)) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		if size > 50 {
			b := make([]byte, 3)
			if _, err := f.ReadAt(b, size-3); err != nil || string(b) != "789" {
				t.Errorf("the end of %s: %q, %v", name, b, err)
			}
		}
	}
}

func TestFetchFails(t *testing.T) {
	_, url := oneRepo(t)
	log := func(string, string, ...any) {}
	for _, c := range []struct {
		name   string
		access gitfs.Access
		want   []string
		not    string
	}{
		{"no repository", gitfs.Access{URL: url + "-nosuch"}, []string{url + "-nosuch", "does not"}, ""},
		{"password is masked", gitfs.Access{URL: "https://u:s3cret@127.0.0.1:1/x.git"}, []string{"https://u:***@127.0.0.1:1/x.git", "onnect"}, "s3cret"},
		{"password over http", gitfs.Access{URL: "http://127.0.0.1:1/x.git", User: "u", Password: "s3cret"}, []string{"insecure_auth"}, "s3cret"},
		{"password over ssh", gitfs.Access{URL: "ssh://u:s3cret@127.0.0.1:1/x.git"}, []string{"https only"}, "s3cret"},
		{"missing key", gitfs.Access{URL: "ssh://u@127.0.0.1:1/x.git", PrivateKey: "/nosuch/key"}, []string{"privkey", "/nosuch/key"}, ""},
		{"key with a space", gitfs.Access{URL: "ssh://u@127.0.0.1:1/x.git", PrivateKey: t.TempDir() + "/a;b"}, []string{"privkey"}, ""},
		{"proxy with a password", gitfs.Access{URL: url, Proxy: "http://u:s3cret@p"}, []string{"proxy"}, "s3cret"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := gitfs.NewMirrors(t.TempDir(), false, log).Get(context.Background(), c.access)
			if err == nil {
				t.Fatal("no error")
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q does not say %q", err, w)
				}
			}
			if c.not != "" && strings.Contains(err.Error(), c.not) {
				t.Errorf("%q tells the password", err)
			}
		})
	}
	if _, err := gitfs.NewMirrors(t.TempDir(), true, log).Get(context.Background(), gitfs.Access{URL: url}); err == nil || !strings.Contains(err.Error(), "--no-fetch") {
		t.Errorf("without a copy --no-fetch gives %v", err)
	}
}

// The password reaches the server, and nothing else.
func TestPassword(t *testing.T) {
	out, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		t.Fatal(err)
	}
	backend := filepath.Join(strings.TrimSpace(string(out)), "git-http-backend")
	if _, err := os.Stat(backend); err != nil {
		t.Skip("git has no http-backend here")
	}
	repo, _ := oneRepo(t)
	gittest.Git(t, repo, 0, "config", "http.uploadpack", "true")
	var let atomic.Int32
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, p, ok := r.BasicAuth(); !ok || u != "me" || p != "s3cret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		let.Add(1)
		(&cgi.Handler{Path: backend, Env: []string{
			"GIT_PROJECT_ROOT=" + filepath.Dir(repo), "GIT_HTTP_EXPORT_ALL=1", "HOME=" + filepath.Dir(repo),
			"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
		}}).ServeHTTP(w, r)
	}))
	defer srv.Close()
	cache := t.TempDir()
	for _, c := range []gitfs.Access{
		{URL: srv.URL + "/r/.git", User: "me", Password: "s3cret"},
		{URL: strings.Replace(srv.URL, "https://", "https://me:s3cret@", 1) + "/r/.git"},
	} {
		c.NoVerify, c.Refspecs = true, []string{"+refs/heads/*:refs/remotes/origin/*"}
		let.Store(0)
		m := gitfs.NewMirrors(cache, false, func(string, string, ...any) {})
		if _, err := m.Get(context.Background(), c); err != nil {
			t.Fatal(err)
		}
		if let.Load() == 0 {
			t.Error("nothing came to the server")
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := gitfs.NewMirrors(cache, false, func(string, string, ...any) {}).Get(context.Background(),
		gitfs.Access{URL: srv.URL + "/r/.git", User: "me", Password: "wr0ng", NoVerify: true, Refspecs: []string{"+refs/heads/*:refs/x/*"}}); err == nil || strings.Contains(err.Error(), "wr0ng") {
		t.Errorf("a wrong password gives %v", err)
	}
	err = filepath.WalkDir(cache, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(p)
		if bytes.Contains(b, []byte("s3cret")) {
			t.Errorf("%s holds the password", p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestLock(t *testing.T) {
	_, url := oneRepo(t)
	cache := t.TempDir()
	log := func(string, string, ...any) {}
	a := gitfs.Access{URL: url, Refspecs: []string{"+refs/heads/*:refs/remotes/origin/*"}}
	if _, err := gitfs.NewMirrors(cache, false, log).Get(context.Background(), a); err != nil {
		t.Fatal(err)
	}
	locks, err := filepath.Glob(filepath.Join(cache, "*.lock"))
	if err != nil || len(locks) != 1 {
		t.Fatalf("locks %v, %v", locks, err)
	}
	f, err := os.Open(locks[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	m := gitfs.NewMirrors(cache, false, log)
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if _, err := m.Get(ctx, a); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a mirror that another run writes: %v", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_UN); err != nil {
		t.Fatal(err)
	}
	// the interrupted try is not remembered; many at once fetch once
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := m.Get(context.Background(), a); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	// a mirror that was left half-made is made anew
	dir := strings.TrimSuffix(locks[0], ".lock")
	if err := os.Remove(filepath.Join(dir, "HEAD")); err != nil {
		t.Fatal(err)
	}
	if _, err := gitfs.NewMirrors(cache, false, log).Get(context.Background(), a); err != nil {
		t.Error(err)
	}
}

func TestBadRemotes(t *testing.T) {
	one := func(params ...any) py.Value { return py.NewList(py.DictOf("https://x/r", py.DictOf(params...))) }
	for _, c := range []struct {
		name string
		v    py.Value
		want string
	}{
		{"a path", py.Strings("/srv/x.git"), "no URL"},
		{"a helper", py.Strings("ext::sh -c evil"), "no URL"},
		{"an option", py.Strings("--upload-pack=evil"), "no URL"},
		{"a number", py.NewList(py.Int(5)), "must be strings"},
		{"text", py.Int(5), "a list is needed"},
		{"two keys", py.NewList(py.DictOf("https://x/a", py.None, "root", py.Str("x"))), "indented"},
		{"no parameters", py.NewList(py.DictOf("https://x/a", py.None)), "no colon"},
		{"parameters as text", py.NewList(py.DictOf("https://x/a", py.Str("y"))), "a list of parameters"},
		{"unknown parameter", one("rooot", py.Str("x")), "Invalid gitfs configuration parameter 'rooot' in remote 'https://x/r'. Valid parameters are: base, fallback,"},
		{"unknown reference type", one("ref_types", py.Strings("branches")), "branches"},
		{"passphrase", one("privkey", py.Str("/k"), "passphrase", py.Str("p")), "ssh-agent"},
		{"pubkey alone", one("pubkey", py.Str("/k")), "privkey"},
		{"depth", one("depth", py.Str("x")), "depth"},
		{"refspec", one("refspecs", py.Strings("--evil")), "refspecs"},
		{"saltenv parameter", one("saltenv", py.NewList(py.DictOf("dev", py.NewList(py.DictOf("base", py.Str("x")))))), "no parameter of a saltenv"},
		{"twice", py.Strings("https://x/a", "https://x/a"), "name"},
		{"masked", py.NewList(py.DictOf("https://u:s3cret@x/a", py.DictOf("x", py.Int(1)))), "https://u:***@x/a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := defaults()
			opts.SetStr("gitfs_remotes", c.v)
			_, err := gitfs.ReadFS(opts, opts)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	for _, good := range []string{"https://x/a.git", "git@host:a/b.git", "file:///srv/x", "ssh://u@h:22/~/x"} {
		opts := defaults()
		opts.SetStr("gitfs_remotes", py.Strings(good))
		if _, err := gitfs.ReadFS(opts, opts); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}
