package file

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"pinch/internal/fetch/direct"
	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// testHost runs functions on this machine, on one file of a test's directory,
// with a tree in memory.
type testHost struct {
	t      *testing.T
	local  *host.Local
	path   string
	tree   map[string]string
	pillar *py.Dict
	memo   *modules.Memo
	reg    *modules.Registry
	low    []low.Chunk
	id     string
	cache  string // the minion's cache directory
}

func newTestHost(t *testing.T, path, content string) *testHost {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	h := &testHost{t: t, local: host.NewLocal(os.Environ()), path: path, tree: map[string]string{}, pillar: py.NewDict(), memo: modules.NewMemo(), reg: modules.New(Funcs())}
	t.Cleanup(func() {
		if err := h.local.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func (h *testHost) read() string {
	b, err := os.ReadFile(h.path)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(b)
}

// placed puts <PATH> in the place of the file's path.
func (h *testHost) placed(s string) py.Value { return py.Str(strings.ReplaceAll(s, h.path, "<PATH>")) }

func (h *testHost) call(test bool, chunk *low.Chunk) *modules.Call {
	c := &modules.Call{Reader: h.local, Test: test, Chunk: chunk, Lowstate: h.low, Grains: py.NewDict(), Opts: py.NewDict(), Memo: h.memo,
		Remote: remote{h}, Fetch: direct.Fetcher{}, Funcs: funcs{h}, Output: io.Discard, Log: slog.New(slog.DiscardHandler)}
	if h.cache != "" {
		c.Opts.SetStr("cachedir", py.Str(h.cache))
	}
	if chunk != nil {
		c.Sources, c.SourcesOf = sources{h}, func(*low.Chunk) modules.Sources { return sources{h} }
	}
	return c
}

// state runs a state as the engine does.
func (h *testHost) state(fun string, args *py.Dict, test bool) (modules.Done, error) {
	h.t.Helper()
	f := h.reg.State(fun)
	if f == nil {
		h.t.Fatalf("no state %s", fun)
	}
	data := py.DictOf("state", py.Str("file"), "fun", py.Str(strings.TrimPrefix(fun, "file.")), "__id__", py.Str("id"+h.id), "__sls__", py.Str("sls"), "__env__", py.Str("base"))
	data.Update(args)
	ctx := context.Background()
	c := h.call(test, &low.Chunk{Data: data})
	p, err := f.Check(ctx, c, data)
	if err != nil || p.Apply == nil || test {
		return p.Would, err
	}
	return p.Apply(ctx, h.local)
}

// exec calls an execution function by keywords.
func (h *testHost) exec(fun string, kw *py.Dict) (py.Value, error) {
	h.t.Helper()
	f := h.reg.Exec(fun)
	if f == nil {
		h.t.Fatalf("no function %s", fun)
	}
	args := &py.Args{}
	for k, v := range kw.All() {
		args.Kw = append(args.Kw, py.KwArg{Name: py.ToStr(k), Value: v})
	}
	return f.Exec(context.Background(), h.call(false, nil), h.local, args)
}

type funcs struct{ h *testHost }

// Call has of other modules only cmd.run_all.
func (f funcs) Call(ctx context.Context, fun string, args *py.Args) (py.Value, error) {
	if fun != "cmd.run_all" {
		return nil, &py.Error{Class: "KeyError", Msg: fun}
	}
	out, err := f.h.local.Run(ctx, host.Cmd{Argv: []string{py.ToStr(args.Pos[0])}, Shell: "/bin/sh"})
	return py.DictOf("retcode", py.Int(out.Code), "stdout", py.Str(strings.TrimSpace(string(out.Stdout))), "stderr", py.Str(strings.TrimSpace(string(out.Stderr)))), err
}

type remote struct{ h *testHost }

// Call answers pillar.get.
func (r remote) Call(_ context.Context, fun string, args *py.Args) (py.Value, error) {
	if fun != "pillar.get" {
		return nil, &py.Error{Class: "KeyError", Msg: fun}
	}
	if v, ok := r.h.pillar.GetStr(py.ToStr(args.Pos[0])); ok {
		return v, nil
	}
	return args.Pos[1], nil
}

type sources struct{ h *testHost }

func (s sources) info(name, content, have string) modules.SourceInfo {
	sum := sha256.Sum256([]byte(content))
	i := modules.SourceInfo{Name: name, Hash: hex.EncodeToString(sum[:]), Size: int64(len(content)), Mode: 0o640}
	if i.Same = i.Hash == have; !i.Same {
		i.Inline = []byte(content)
	}
	return i
}

func (s sources) Stat(ctx context.Context, ref, have string) (modules.SourceInfo, error) {
	return s.StatWith(ctx, ref, have, nil)
}

func (s sources) StatWith(_ context.Context, ref, have string, vars *py.Dict) (modules.SourceInfo, error) {
	c, ok := s.h.tree[ref]
	if !ok {
		return modules.SourceInfo{}, &modules.SourceError{Ref: ref, Missing: true, Comment: "Source file " + ref + " not found in saltenv 'base'"}
	}
	if vars != nil {
		c = strings.ReplaceAll(c, "ACC", py.Repr(vars.Lookup("accumulator")))
	}
	return s.info("", c, have), nil
}

func (s sources) StatEntry(ctx context.Context, e modules.SourceInfo, have string, vars *py.Dict) (modules.SourceInfo, error) {
	for u := range s.h.tree {
		if strings.HasSuffix(u, "/"+e.Name) {
			return s.StatWith(ctx, u, have, vars)
		}
	}
	return s.StatWith(ctx, e.Name, have, vars)
}

func (s sources) Open(_ context.Context, i modules.SourceInfo) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(i.Inline)), nil
}

func (s sources) List(_ context.Context, ref string) ([]modules.SourceInfo, error) {
	dirs := map[string]bool{}
	var out []modules.SourceInfo
	for u := range s.h.tree {
		rel, ok := strings.CutPrefix(u, ref+"/")
		if !ok {
			continue
		}
		for d := filepath.Dir(rel); d != "."; d = filepath.Dir(d) {
			dirs[d] = true
		}
		if strings.HasSuffix(rel, "/") {
			continue
		}
		out = append(out, modules.SourceInfo{Name: rel, Mode: 0o640})
	}
	for d := range dirs {
		out = append(out, modules.SourceInfo{Name: d, IsDir: true})
	}
	if len(out) == 0 {
		return nil, &modules.SourceError{Ref: ref, Missing: true, Comment: "none"}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, nil
}
