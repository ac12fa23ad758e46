package fleet

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"pinch/internal/fileserver"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/shim"
	"pinch/states"
	"pinch/states/low"
)

// grants are the sources that one host's run was given, by number. A host can
// have nothing else of the tree.
type grants struct {
	c *states.Compiled
	t *turn

	mu   sync.Mutex
	list []grant
}

type grant struct {
	chunk  *low.Chunk
	ref    string // salt:// URL
	render bool
	file   *fileserver.File // known already, for the files of a listed directory
}

// maxInline is up to which size a plain file goes through the session.
const maxInline = 32 << 10

// templated are the arguments whose files a state's template argument applies
// to; others (hashes, patches) are taken as they are.
var templated = map[string]bool{"source": true, "sources": true, "name": true}

// grantSources numbers the files of the tree that the chunks name, and tells
// the host of the large plain ones, which it may fetch early.
func grantSources(c *states.Compiled, reg *modules.Registry, t *turn, chunks []low.Chunk) *grants {
	g := &grants{c: c, t: t}
	for i := range chunks {
		chunk := &chunks[i]
		render := hasTemplate(chunk, reg)
		for k, v := range chunk.Data.All() {
			key := py.ToStr(k)
			if low.IsInternal(key) {
				continue
			}
			eachText(v, 4, func(text string) {
				if !strings.HasPrefix(text, "salt://") {
					return
				}
				if _, done := chunk.Sources[text]; done {
					return
				}
				if chunk.Sources == nil {
					chunk.Sources = map[string]low.SourceID{}
				}
				gr := grant{chunk: chunk, ref: text, render: render && templated[key]}
				chunk.Sources[text] = g.add(gr)
				g.noteLarge(gr)
			})
		}
	}
	return g
}

func hasTemplate(chunk *low.Chunk, reg *modules.Registry) bool {
	if v, ok := chunk.Data.GetStr("template"); ok {
		return py.IsTrue(v)
	}
	if f := reg.State(chunk.FullName()); f != nil {
		for _, p := range f.Params {
			if p.Name == "template" {
				return py.IsTrue(p.Default)
			}
		}
	}
	return false
}

// eachText calls fn for every text in a value, keys of mappings included.
func eachText(v py.Value, depth int, fn func(string)) {
	switch v := v.(type) {
	case py.Str:
		fn(string(v))
	case *py.List:
		if depth > 0 {
			for _, it := range v.Items {
				eachText(it, depth-1, fn)
			}
		}
	case *py.Dict:
		if depth > 0 {
			for k, it := range v.All() {
				eachText(k, 0, fn)
				eachText(it, depth-1, fn)
			}
		}
	}
}

func (g *grants) add(gr grant) low.SourceID {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.list = append(g.list, gr)
	return low.SourceID(len(g.list)) // 0 is no source
}

func (g *grants) get(n low.SourceID) (grant, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if n < 1 || int(n) > len(g.list) {
		return grant{}, &modules.SourceError{Missing: true, Comment: fmt.Sprintf("source %d is not granted", n)}
	}
	return g.list[n-1], nil
}

// named says whether the first argument (or path) is a source that the chunks
// name.
func (g *grants) named(args *py.Args) bool {
	v, ok := args.Get("path")
	if len(args.Pos) > 0 {
		v, ok = args.Pos[0], true
	}
	ref, isText := v.(py.Str)
	if !ok || !isText {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, gr := range g.list {
		if gr.file == nil && gr.ref == string(ref) {
			return true
		}
	}
	return false
}

func (g *grants) noteLarge(gr grant) {
	if gr.render {
		return
	}
	f, ok := g.c.FindSource(gr.chunk, gr.ref)
	if !ok {
		return // the state tells
	}
	fi, err := f.Stat()
	if err != nil || fi.Size() <= maxInline {
		return
	}
	sum, err := f.Hash("sha256")
	if err != nil {
		return // the state tells when it reads the file
	}
	if gr.chunk.Large == nil {
		gr.chunk.Large = map[string]low.Large{}
	}
	gr.chunk.Large[gr.ref] = low.Large{Hash: sum, Size: fi.Size()}
}

// missing lists the files that are named and not there, with their places.
func (g *grants) missing() []string {
	var out []string
	for _, gr := range g.list {
		if gr.file != nil || gr.chunk.FullName() == "file.recurse" {
			continue
		}
		if _, ok := g.c.FindSource(gr.chunk, gr.ref); !ok && isOnly(gr) {
			out = append(out, fmt.Sprintf("%s: state %s of %s: %s is not in the tree", gr.chunk.Pos, gr.chunk.ID(), gr.chunk.FullName(), gr.ref))
		}
	}
	return out
}

// isOnly says that a source is not one of a list, of which the first that
// exists is taken.
func isOnly(gr grant) bool {
	s, ok := gr.chunk.Data.Lookup("source").(py.Str)
	return ok && string(s) == gr.ref
}

// Get implements shim.Sources.
func (g *grants) Get(ctx context.Context, n low.SourceID, extra *py.Dict) (*shim.Source, error) {
	gr, err := g.get(n)
	if err != nil {
		return nil, err
	}
	f := gr.file
	if f == nil {
		var ok bool
		if f, ok = g.c.FindSource(gr.chunk, gr.ref); !ok {
			return nil, &modules.SourceError{Ref: gr.ref, Missing: true, Comment: fmt.Sprintf("Source file %s not found in saltenv '%s'", gr.ref, gr.chunk.Env())}
		}
	}
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	mode := uint32(fi.Mode().Perm())
	if gr.render {
		text, err := g.render(ctx, gr, f, extra)
		if err != nil {
			return nil, err
		}
		return memory(text, mode), nil
	}
	if fi.Size() <= maxInline {
		b, err := f.Read()
		if err != nil {
			return nil, err
		}
		return memory(b, mode), nil
	}
	sum, err := f.Hash("sha256")
	if err != nil {
		return nil, err
	}
	return &shim.Source{Hash: sum, Size: fi.Size(), Mode: mode, Plain: true, Content: f}, nil
}

func memory(b []byte, mode uint32) *shim.Source {
	sum := sha256.Sum256(b)
	return &shim.Source{Hash: hex.EncodeToString(sum[:]), Size: int64(len(b)), Mode: mode, Content: bytes.NewReader(b)}
}

// render renders a template for a chunk. extra are further variables.
func (g *grants) render(ctx context.Context, gr grant, f *fileserver.File, extra *py.Dict) ([]byte, error) {
	g.t.mu.Lock()
	defer g.t.mu.Unlock()
	chunk := gr.chunk
	if extra != nil {
		with := *chunk
		with.Data = chunk.Data.Copy()
		with.Data.Update(extra)
		chunk = &with
	}
	raw, err := f.Read()
	if err != nil {
		return nil, err
	}
	text, err := g.c.RenderText(ctx, chunk, gr.ref, f.Path, raw)
	if err != nil {
		return nil, templateError(gr.ref, err)
	}
	return text, nil
}

func templateError(ref string, err error) error {
	var te *states.TemplateError
	if errors.As(err, &te) {
		return &modules.SourceError{Ref: ref, Comment: te.Message}
	}
	return err
}

// List implements shim.Sources: the files and directories below a directory
// of the tree.
func (g *grants) List(_ context.Context, n low.SourceID) ([]shim.SourceEntry, error) {
	gr, err := g.get(n)
	if err != nil {
		return nil, err
	}
	url, env := strings.TrimPrefix(gr.ref, "salt://"), gr.chunk.Env()
	if p, q, ok := strings.Cut(url, "?saltenv="); ok {
		url, env = p, q
	}
	if env == "" {
		env = "base"
	}
	prefix := strings.Trim(path.Clean("/"+url), "/")
	if prefix != "" {
		prefix += "/"
	}
	files := g.c.Files()
	var out []shim.SourceEntry
	for _, d := range files.Dirs(env) {
		if rel, ok := strings.CutPrefix(d, prefix); ok && rel != "" {
			out = append(out, shim.SourceEntry{Name: rel, IsDir: true, Mode: 0o755})
		}
	}
	links := map[string]string{}
	for _, l := range files.Links(env) {
		links[l.Path] = l.Target
	}
	for _, name := range files.Files(env) {
		rel, ok := strings.CutPrefix(name, prefix)
		if !ok || rel == "" {
			continue
		}
		f, found := files.Find(name, env)
		if !found {
			continue
		}
		fi, err := f.Stat()
		if err != nil {
			return nil, err
		}
		id := g.add(grant{chunk: gr.chunk, ref: "salt://" + name, render: gr.render, file: f})
		out = append(out, shim.SourceEntry{ID: id, Name: rel, Mode: uint32(fi.Mode().Perm()), Link: links[name]})
	}
	if len(out) == 0 && !files.HasDir(strings.TrimSuffix(prefix, "/"), env) {
		return nil, &modules.SourceError{Ref: gr.ref, Missing: true, Comment: "Recurse failed: none of the specified sources were found"}
	}
	return out, nil
}

// renderText renders a text for the host: the contents of a state with a
// template. Only texts that the tree gave to this host are rendered; a host
// cannot have a template of its own run on the controller. The exception is a
// source from elsewhere (https://), whose text the controller never sees.
func (g *grants) renderText(ctx context.Context, args *py.Args) (py.Value, error) {
	pos := func(i int, name string) py.Value {
		if i < len(args.Pos) {
			return args.Pos[i]
		}
		v, _ := args.Get(name)
		return v
	}
	text, ok := pos(0, "contents").(py.Str)
	if !ok {
		return nil, py.TypeErrorf("contents must be text")
	}
	vars, _ := pos(2, "context").(*py.Dict)
	if vars == nil {
		vars = py.NewDict()
	}
	chunk := g.owner(ctx, string(text))
	if chunk == nil {
		return nil, py.Errorf("CommandExecutionError", "the text is none that this host was given a template for")
	}
	with := *chunk
	with.Data = chunk.Data.Copy()
	with.Data.Update(vars)
	out, err := g.c.RenderText(ctx, &with, "", chunk.Pos.File, []byte(text))
	if err != nil {
		var te *states.TemplateError
		if errors.As(err, &te) {
			return py.DictOf("result", py.False, "comment", py.Str(te.Message), "name", py.Str(chunk.Name()), "changes", py.NewDict()), nil
		}
		return nil, err
	}
	return py.Str(out), nil
}

// textArguments are the arguments that a state may have rendered: the contents
// of a file, a command and its directory.
var textArguments = []string{"contents", "text", "name", "cwd"}

// owner finds the chunk whose contents a text is.
func (g *grants) owner(ctx context.Context, text string) *low.Chunk {
	for i := range g.c.Chunks {
		c := &g.c.Chunks[i]
		if v := c.Data.Lookup("template"); v == nil || !py.IsTrue(v) {
			continue
		}
		foreign := false
		eachText(py.OrNone(c.Data.Lookup("source")), 2, func(s string) {
			foreign = foreign || strings.Contains(s, "://") && !strings.HasPrefix(s, "salt://")
		})
		if foreign || slices.ContainsFunc(textArguments, func(key string) bool { return sameText(py.OrNone(c.Data.Lookup(key)), text) }) {
			return c
		}
		for key, fun := range map[string]string{"contents_pillar": "pillar.get", "contents_grains": "grains.get"} {
			found := false
			eachText(py.OrNone(c.Data.Lookup(key)), 1, func(name string) {
				v, err := g.c.Call(ctx, fun, py.NewArgs(py.Str(name)))
				found = found || err == nil && (sameText(v, text) || strings.Contains(text, strings.TrimSpace(py.ToStr(v))))
			})
			if found {
				return c
			}
		}
	}
	return nil
}

// sameText compares what a state says with what it becomes: lines joined, and
// line breaks at the end aside.
func sameText(v py.Value, text string) bool {
	var b strings.Builder
	switch v := v.(type) {
	case py.Str:
		b.WriteString(string(v))
	case *py.List:
		for _, it := range v.Items {
			b.WriteString(strings.TrimRight(py.ToStr(it), "\r\n"))
			b.WriteByte('\n')
		}
	default:
		return false
	}
	norm := func(s string) string {
		return strings.TrimRight(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s), "\n")
	}
	return norm(b.String()) == norm(text)
}
