package shim

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"pinch/internal/fetch"
	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/shim/server"
	"pinch/shim/wire"
)

// webGet is a function that wants something from the web.
func webGet(ctx context.Context, c *modules.Call, a *struct {
	URL string `arg:"url,required"`
},
) (py.Value, error) {
	resp, err := c.Fetch.Fetch(ctx, &fetch.Request{URL: a.URL})
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // reading tells
	b, err := io.ReadAll(resp.Body)
	return py.Str(b), err
}

// helperFinder has a helper program that answers every request alike, and a
// shim's place where it would be.
func helperFinder(t *testing.T) (f *Finder, hash string) {
	t.Helper()
	var answer bytes.Buffer
	resp := &fetch.Response{Status: 200, Reason: "OK", Body: io.NopCloser(strings.NewReader("from the helper"))}
	if err := fetch.WriteResponse(&answer, resp, nil); err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	script.WriteString("#!/bin/sh\ncat >/dev/null\nprintf '")
	for _, c := range answer.Bytes() {
		script.WriteString("\\0" + string('0'+c>>6) + string('0'+c>>3&7) + string('0'+c&7))
	}
	script.WriteString("'\n#" + strings.Repeat("x", 200<<10) + "\n")
	program := []byte(strings.ReplaceAll(script.String(), `\0`, `\`))
	gz, err := Compress(program, gzip.NoCompression)
	if err != nil {
		t.Fatal(err)
	}
	hash = HashOf(program)
	index, err := json.Marshal(Index{Fetch: {runtime.GOOS + "/" + runtime.GOARCH: {Hash: hash, Size: int64(len(program))}}})
	if err != nil {
		t.Fatal(err)
	}
	return &Finder{blobs: fstest.MapFS{
		"index.json": {Data: index}, BlobName(Fetch, runtime.GOOS, runtime.GOARCH): {Data: gz},
	}, found: map[string]*Binary{}, fails: map[string]error{}}, hash
}

// TestHelper: the helper program comes with the first request, lies beside the
// shim, is checked each time before it is used, and has another place where
// that one cannot be written.
func TestHelper(t *testing.T) {
	finder, hash := helperFinder(t)
	dir := t.TempDir()
	build := strings.Repeat("a", 16)
	if err := os.Mkdir(filepath.Join(dir, build), 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, build, "fetch")
	for _, c := range []struct {
		name, build string
		finder      *Finder
		before      func() error
		read        bool // over the session
		problem     string
	}{
		{name: "missing", build: build, finder: finder, read: true},
		{name: "there", build: build, finder: finder},
		{name: "changed", build: build, finder: finder, read: true, before: func() error { return os.WriteFile(file, []byte("#!/bin/sh\nexit 3\n"), 0o700) }},
		{name: "no directory", build: strings.Repeat("b", 16), finder: finder, read: true},
		{name: "none for the platform", build: build, finder: &Finder{blobs: fstest.MapFS{}, found: map[string]*Binary{}, fails: map[string]error{}}, problem: "no helper program for the web for " + runtime.GOOS},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.before != nil {
				if err := c.before(); err != nil {
					t.Fatal(err)
				}
			}
			h := host.NewLocal(os.Environ())
			reads := 0
			p := &pair{served: make(chan error, 1)}
			get := modules.Query[struct {
				URL string `arg:"url,required"`
			}]{Name: "web.get", Run: webGet}.Func()
			p.start(t, -1, server.Options{Registry: modules.New([]*modules.Func{get}), Host: h, Dir: dir, Build: c.build},
				&Options{Controller: "me@here", Finder: c.finder, Trace: func(_ bool, k wire.Kind, _ uint32, payload []byte) {
					if k == wire.Request && bytes.Contains(payload, []byte("helper.read")) {
						reads++
					}
				}})
			for range 2 {
				r, err := p.Call(context.Background(), "web.get", py.NewArgs(py.Str("http://web.example/")), CallOptions{Host: "h"})
				switch {
				case c.problem != "":
					if err == nil || !strings.Contains(err.Error(), c.problem) {
						t.Errorf("the problem is %v", err)
					}
				case err != nil:
					t.Fatal(err)
				case py.ToStr(r.Value) != "from the helper":
					t.Errorf("the answer is %s", py.Repr(r.Value))
				}
			}
			if err := p.Close(context.Background()); err != nil {
				t.Error(err)
			}
			if (reads > 0) != c.read {
				t.Errorf("read in %d pieces", reads)
			}
			if err := h.Close(); err != nil {
				t.Error(err)
			}
			if b, err := os.ReadFile(file); err != nil || HashOf(b) != hash {
				t.Errorf("%s is not the helper: %v", file, err)
			}
		})
	}
}

// TestHelperOnly: no other program is to be had through a session.
func TestHelperOnly(t *testing.T) {
	finder, _ := helperFinder(t)
	s := &Session{opts: &Options{Finder: finder}, Hello: Hello{OS: runtime.GOOS, Arch: runtime.GOARCH}}
	for _, name := range []string{"", "pinch", "../fetch"} {
		if _, err := s.helper("helper.stat", py.DictOf("program", py.Str(name))); err == nil {
			t.Errorf("%q is given away", name)
		}
	}
	for _, at := range [][2]int{{-1, 5}, {0, -1}, {0, 2 << 20}, {1 << 30, 1}} {
		if _, err := s.helper("helper.read", py.DictOf("program", py.Str("fetch"), "off", py.Int(at[0]), "len", py.Int(at[1]))); err == nil {
			t.Errorf("%d bytes at %d are given", at[1], at[0])
		}
	}
}
