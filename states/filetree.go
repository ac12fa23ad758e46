package states

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"sort"
	"strings"

	"pinch/internal/fileserver"
	"pinch/internal/fnmatch"
	"pinch/internal/py"
	"pinch/internal/saltfun"
)

// fileTreeOptions are the arguments of the external pillar file_tree.
type fileTreeOptions struct {
	root      string
	follow    bool
	keep      bool     // keep_newline as a flag
	keepGlobs []string // or as patterns of paths
	template  bool
	render    string
	lists     *rendererLists
	malformed string // why nothing can be read
	disk      fileserver.Disk
}

// fileTree is the external pillar file_tree: the files below hosts/ID become
// keys, directories nested dicts. As on a salt-ssh master the nodegroups of a
// host are not known to it (see extNodegroups), so nodegroups/ does not count.
func fileTree(p *pillar, ctx context.Context, _ *py.Dict, args *py.Args) (py.Value, error) {
	o, err := fileTreeArgs(args)
	if err != nil {
		return nil, err
	}
	if o.root == "" {
		p.c.tree.log("error", "file_tree: no root_dir specified")
		return py.NewDict(), nil
	}
	dirs := []string{o.root}
	if !filepath.IsAbs(o.root) {
		if dirs = p.fileTreeRoots(o.root); dirs == nil {
			return py.NewDict(), nil
		}
	}
	var out py.Value = py.NewDict()
	for _, dir := range dirs {
		d, err := p.fileTreeHost(ctx, dir, o)
		if err != nil {
			return nil, err
		}
		if out, err = saltfun.Merge(out, d, "recurse", "yaml", false); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func fileTreeArgs(args *py.Args) (*fileTreeOptions, error) {
	vals, err := bindArgs(args, []string{"root_dir", "follow_dir_links", "debug", "keep_newline", "render_default",
		"renderer_blacklist", "renderer_whitelist", "template"}, 0)
	if err != nil {
		return nil, err
	}
	o := &fileTreeOptions{
		follow:   py.IsTrue(lookup(vals, "follow_dir_links")),
		template: lookup(vals, "template") == py.Value(py.True),
		lists:    &rendererLists{},
	}
	if o.lists.allowed, err = textList(vals.Lookup("renderer_whitelist"), "renderer_whitelist"); err != nil {
		return nil, err
	}
	if o.lists.forbidden, err = textList(vals.Lookup("renderer_blacklist"), "renderer_blacklist"); err != nil {
		return nil, err
	}
	if v := lookup(vals, "root_dir"); py.IsTrue(v) {
		o.root = str(v)
	}
	if v := lookup(vals, "render_default"); py.IsTrue(v) {
		o.render = str(v)
	}
	switch v := lookup(vals, "keep_newline").(type) {
	case py.NoneType:
		if vals.Has("keep_newline") {
			o.malformed = malformedNewline
		}
	case py.Bool:
		o.keep = bool(v)
	case *py.List:
		list, err := textList(v, "keep_newline")
		if err != nil {
			return nil, err
		}
		o.keepGlobs = list
	default:
		o.malformed = malformedNewline
	}
	return o, nil
}

const malformedNewline = "keep_newline must be either True/False or a list of file globs"

// fileTreeRoots resolves a relative root_dir below the pillar's directories.
func (p *pillar) fileTreeRoots(root string) []string {
	if p.env == "" {
		p.c.tree.log("error", "file_tree: root_dir is relative but pillarenv is not set")
		return nil
	}
	d, _ := p.c.opts.Lookup("pillar_roots").(*py.Dict)
	dirs, err := textList(lookup(d, p.env), "pillar_roots")
	if err != nil || dirs == nil {
		p.c.tree.log("error", "file_tree: root_dir is relative but there are no pillar_roots for pillarenv %s", p.env)
		return nil
	}
	var out []string
	for _, dir := range dirs {
		full := filepath.Join(dir, root)
		if len(out) == 0 || out[len(out)-1] != full {
			out = append(out, full)
		}
	}
	return out
}

func (p *pillar) fileTreeHost(ctx context.Context, root string, o *fileTreeOptions) (*py.Dict, error) {
	o.disk = p.c.tree.sources.diskFor(root)
	if info, err := o.disk.Stat(root); err != nil || !info.IsDir() {
		p.c.tree.log("error", "file_tree: root_dir %s does not exist or is not a directory", root)
		return py.NewDict(), nil
	}
	if o.malformed != "" {
		p.c.tree.log("error", "file_tree: %s. Skipping this ext_pillar for root_dir %s", o.malformed, root)
		return py.NewDict(), nil
	}
	id := p.c.req.Host
	if id == "" || !filepath.IsLocal(id) || strings.ContainsRune(id, '/') {
		return py.NewDict(), nil
	}
	dir := filepath.Join(root, "hosts", id)
	info, err := o.disk.Stat(dir)
	if err != nil {
		return py.NewDict(), nil
	}
	if !info.IsDir() {
		p.c.tree.log("error", "file_tree: %s exists, but is not a directory", dir)
		return py.NewDict(), nil
	}
	return p.fileTreeDir(ctx, dir, "", o, 0)
}

// fileTreeDir reads one directory; rel is its path below the host's. Its
// directories come before its files.
func (p *pillar) fileTreeDir(ctx context.Context, dir, rel string, o *fileTreeOptions, depth int) (*py.Dict, error) {
	out := py.NewDict()
	entries, err := o.disk.ReadDir(dir)
	if err != nil {
		p.c.tree.log("error", "%s", err) // as Salt passes over it
		return out, nil
	}
	if depth > maxIncludeDepth {
		return nil, fmt.Errorf("%s: directories nest too deep, perhaps a link leads back", dir)
	}
	sort.SliceStable(entries, func(i, j int) bool { return o.isDir(dir, entries[i]) && !o.isDir(dir, entries[j]) })
	for _, e := range entries {
		full := filepath.Join(dir, e.Name())
		if o.isDir(dir, e) {
			sub := py.NewDict()
			if o.follow || e.IsDir() {
				if sub, err = p.fileTreeDir(ctx, full, filepath.Join(rel, e.Name()), o, depth+1); err != nil {
					return nil, err
				}
			}
			out.SetStr(e.Name(), sub)
			continue
		}
		if info, err := o.disk.Stat(full); err != nil || !info.Mode().IsRegular() {
			p.c.tree.log("error", "file_tree: %s: not a regular file", full)
			continue
		}
		raw, err := fileserver.ReadFile(o.disk, full)
		if err != nil {
			p.c.tree.log("error", "file_tree: Error reading %s: %s", full, err)
			continue
		}
		v, err := p.fileTreeFile(ctx, raw, rel, e.Name(), o)
		if err != nil {
			return nil, err
		}
		out.SetStr(e.Name(), v)
		p.part(full, "", "", under(filepath.Join(rel, e.Name()), v, "/"))
	}
	return out, nil
}

func (o *fileTreeOptions) isDir(dir string, e fs.DirEntry) bool {
	if e.IsDir() {
		return true
	}
	info, err := o.disk.Stat(filepath.Join(dir, e.Name()))
	return err == nil && info.IsDir()
}

func (p *pillar) fileTreeFile(ctx context.Context, raw []byte, rel, name string, o *fileTreeOptions) (py.Value, error) {
	if rel == "" {
		rel = "."
	}
	if !o.keep && len(raw) > 0 && raw[len(raw)-1] == '\n' && !o.keeps(rel+"/"+name) {
		raw = raw[:len(raw)-1]
	}
	if !o.template {
		return py.Bytes(raw), nil
	}
	text, err := saltfun.DecodeText(raw)
	if err != nil {
		return nil, err
	}
	if strings.TrimFunc(text, isSpace) == "" {
		return py.NewDict(), nil
	}
	if o.render == "" && !strings.HasPrefix(text, "#!") {
		return py.NewDict(), nil // no renderers: Salt's pipe is empty
	}
	v, err := p.c.compileTemplate(ctx, &template{text: text, pipe: o.render, lists: o.lists, saltenv: "base", pillar: true})
	if s, ok := v.(rendered); ok {
		return py.Str(s.text), err
	}
	return v, err
}

func (o *fileTreeOptions) keeps(path string) bool {
	for _, g := range o.keepGlobs {
		if fnmatch.Match(g, path) {
			return true
		}
	}
	return false
}
