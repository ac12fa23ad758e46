package file

import (
	"context"
	"fmt"
	"io/fs"
	"sort"
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/modules"
	"pinch/states/low"
)

// level is one directory of a walk: its subdirectories (links to directories
// included, which are not entered) and its other entries, in the directory's
// own order, which Salt's comments show.
type level struct {
	dir         string
	dirs, files []string
}

// readLevel reads one directory. What cannot be read is empty, as for os.walk.
func readLevel(r host.Reader, dir string) level {
	l := level{dir: dir}
	entries, err := r.ScanDir(dir)
	if err != nil {
		return l
	}
	for _, e := range entries {
		if e.IsDir() || e.Type()&fs.ModeSymlink != 0 && isDir(r, pypath.Join(dir, e.Name())) {
			l.dirs = append(l.dirs, e.Name())
		} else {
			l.files = append(l.files, e.Name())
		}
	}
	return l
}

// walk visits a directory tree from the top down, as os.walk. follow enters
// links to directories; visit may shorten the list of directories to enter.
func walk(r host.Reader, top string, follow bool, visit func(l *level)) {
	if !isDir(r, top) {
		return
	}
	l := readLevel(r, top)
	visit(&l)
	for _, d := range l.dirs {
		p := pypath.Join(top, d)
		if follow || !isLink(r, p) {
			walk(r, p, follow, visit)
		}
	}
}

// levels lists a tree down to a depth; negative is no limit.
func levels(r host.Reader, top string, maxDepth int) []level {
	depth := func(p string) int { return strings.Count(strings.TrimRight(p, "/"), "/") }
	var out []level
	walk(r, top, false, func(l *level) {
		if maxDepth >= 0 && depth(l.dir)-depth(top) >= maxDepth {
			l.dirs = nil
			return
		}
		out = append(out, level{l.dir, append([]string(nil), l.dirs...), append([]string(nil), l.files...)})
	})
	return out
}

// patterns are an include_pat or exclude_pat argument: globs, or regular
// expressions behind "E@".
type patterns struct {
	set   bool
	match []func(string) (bool, error)
}

func newPatterns(v py.Value) (patterns, error) {
	if v == nil || !py.IsTrue(v) {
		return patterns{}, nil
	}
	items := []py.Value{v}
	if l, ok := v.(*py.List); ok {
		items = l.Items
	}
	p := patterns{set: true}
	for _, it := range items {
		text, ok := it.(py.Str)
		if !ok {
			return p, py.TypeErrorf("expected string or bytes-like object, got '%s'", it.Type())
		}
		if expr, isExpr := strings.CutPrefix(string(text), "E@"); isExpr {
			re, err := compileText(expr, 0)
			if err != nil {
				return p, err
			}
			p.match = append(p.match, re.search)
			continue
		}
		glob := fnmatch.Compile(string(text))
		p.match = append(p.match, func(s string) (bool, error) { return glob.Match(s), nil })
	}
	return p, nil
}

func (p patterns) any(s string) (bool, error) {
	for _, m := range p.match {
		if ok, err := m(s); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// filter is Salt's check_include_exclude.
type filter struct{ include, exclude patterns }

func newFilter(include, exclude py.Value) (f filter, err error) {
	if f.include, err = newPatterns(include); err != nil {
		return f, err
	}
	f.exclude, err = newPatterns(exclude)
	return f, err
}

// takes says whether a relative path is to be dealt with.
func (f filter) takes(rel string) (bool, error) {
	if f.include.set {
		if ok, err := f.include.any(rel); !ok || err != nil {
			return false, err
		}
	}
	if f.exclude.set {
		ok, err := f.exclude.any(rel)
		return !ok, err
	}
	return true, nil
}

// keepFiles lists what a cleaned directory keeps because the state requires
// it: the files of required file states, whole trees for directories (Salt's
// _gen_keep_files).
func (o *op) keepFiles(ctx context.Context, name string, require py.Value) []string {
	l, ok := require.(*py.List)
	if !ok {
		return nil
	}
	keep := map[string]bool{}
	for _, comp := range l.Items {
		d, ok := comp.(*py.Dict)
		if !ok {
			continue
		}
		want, ok := d.GetStr("file")
		if !ok {
			continue
		}
		for i := range o.Lowstate {
			c := &o.Lowstate[i]
			if !same(py.OrNone(c.Data.Lookup("name")), want) && !same(py.OrNone(c.Data.Lookup("__id__")), want) {
				continue
			}
			fn := c.Name()
			if !isDir(o.w, fn) {
				keep[fn] = true
				continue
			}
			if rel := pypath.Rel(fn, name); strings.HasPrefix(rel, "..") {
				continue
			}
			if c.Fun() == "recurse" && o.keepRecursed(ctx, c, keep) {
				continue
			}
			for _, lv := range levels(o.w, fn, -1) {
				keep[lv.dir] = true
				for _, n := range append(lv.dirs, lv.files...) {
					keep[pypath.Join(lv.dir, n)] = true
				}
			}
		}
	}
	out := make([]string, 0, len(keep))
	for k := range keep {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// keepRecursed keeps what another file.recurse makes of its source. It says
// false when that source cannot be listed; then all that is there is kept.
func (o *op) keepRecursed(ctx context.Context, c *low.Chunk, keep map[string]bool) bool {
	if o.SourcesOf == nil {
		return false
	}
	arg := func(name string) py.Value { return py.OrNone(c.Data.Lookup(name)) }
	f := &recurseArgs{Name: c.Name(), Source: modules.Source{Value: arg("source")}, IncludePat: arg("include_pat"), ExcludePat: arg("exclude_pat"),
		IncludeEmpty: given(arg("include_empty")), KeepSymlinks: given(arg("keep_symlinks")), Merge: given(arg("merge"))}
	if n, ok := py.AsInt(arg("maxdepth")); ok {
		depth := int(n)
		f.Maxdepth = &depth
	}
	other := &op{Call: o.Call, w: o.w, test: o.test}
	call := *o.Call
	call.Chunk, call.Sources = c, o.SourcesOf(c)
	other.Call = &call
	refs, lists, err := other.takeSources(ctx, f.Source.Value)
	if err != nil {
		return false
	}
	x, err := layOut(expandUser(o, f.Name), refs, lists, f)
	if err != nil {
		return false
	}
	for k := range x.keep {
		keep[k] = true
	}
	return true
}

// cleanDir removes everything below a directory but what is kept, the parents
// of that, and what is excluded. It returns what it removed, or in test mode
// would remove.
func (o *op) cleanDir(root string, keep []string, exclude filter) ([]string, error) {
	kept := map[string]bool{root: true}
	for _, k := range keep {
		if !isAbs(k) {
			continue
		}
		for p := pypath.Norm(k); ; p = pypath.Dir(p) {
			kept[p] = true
			if strings.Trim(p, "/") == "" {
				break
			}
		}
	}
	var removed []string
	var failed error
	walk(o.w, root, false, func(l *level) {
		var enter []string
		for _, n := range append(append([]string(nil), l.dirs...), l.files...) {
			p := pypath.Join(l.dir, n)
			if failed != nil {
				break
			}
			takes, err := exclude.takes(pypath.Rel(p, root))
			if err != nil {
				failed = err
				break
			}
			if kept[pypath.Norm(p)] || !takes {
				enter = append(enter, n)
				continue
			}
			removed = append(removed, p)
			if o.test {
				enter = append(enter, n)
				continue
			}
			failed = o.remove(p)
		}
		var dirs []string
		for _, d := range l.dirs {
			for _, e := range enter {
				if d == e {
					dirs = append(dirs, d)
					break
				}
			}
		}
		l.dirs = dirs
	})
	if failed != nil {
		return removed, fmt.Errorf("cleaning %s: %w", root, failed)
	}
	return removed, nil
}
