package fileserver

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/pyre"
)

// roots is Salt's back end of that name: directories, the first has precedence.
type roots struct {
	opts  Options
	disk  Disk
	dirs  map[string][]string
	order []string
	hide  []*pyre.Regexp
}

func newRoots(opts Options) (*roots, error) {
	r := &roots{opts: opts, disk: opts.Disk, dirs: map[string][]string{}}
	if r.disk == nil {
		r.disk = OS()
	}
	for _, e := range opts.Roots {
		if _, dup := r.dirs[e.Name]; !dup {
			r.order = append(r.order, e.Name)
		}
		r.dirs[e.Name] = e.Dirs
	}
	for _, text := range opts.IgnoreRegex {
		re, err := pyre.Compile(text, 0)
		if err != nil {
			return nil, fmt.Errorf("file_ignore_regex %q: %w", text, err)
		}
		r.hide = append(r.hide, re)
	}
	return r, nil
}

// Envs implements Backend, in the order of the roots.
func (r *roots) Envs() []string { return slices.Clone(r.order) }

// env returns the directories of an environment, __env__ included.
func (r *roots) env(name string) []string {
	if d, ok := r.dirs[name]; ok {
		return d
	}
	any := r.dirs[EnvAny]
	out := make([]string, len(any))
	for i, dir := range any {
		out[i] = strings.ReplaceAll(dir, EnvAny, name)
	}
	return out
}

// ignored says whether a configured pattern hides the path.
func (r *roots) ignored(name string) bool {
	for _, re := range r.hide {
		if m, err := re.Search(name); err == nil && m != nil {
			return true
		}
	}
	for _, g := range r.opts.IgnoreGlob {
		if fnmatch.Match(g, name) {
			return true
		}
	}
	return false
}

// Find implements Backend.
func (r *roots) Find(name, env string) (Found, bool) {
	rel := path.Clean(name)
	for _, root := range r.env(env) {
		full := filepath.Join(root, filepath.FromSlash(rel))
		info, err := r.disk.Stat(full)
		if err != nil || !info.Mode().IsRegular() || r.ignored(full) || !r.inside(root, full) {
			continue
		}
		return Found{Disk: r.disk, Path: full}, true
	}
	return Found{}, false
}

// findIndex looks for a file in one root alone, by its number; a negative one
// counts from the end. What is no number finds nothing.
func (r *roots) findIndex(name, env, index string) (Found, bool) {
	dirs, ok := r.dirs[env]
	if !ok {
		dirs = r.dirs[EnvAny]
	}
	n, err := strconv.Atoi(strings.TrimSpace(index))
	if n < 0 {
		n += len(dirs)
	}
	if err != nil || n < 0 || n >= len(dirs) {
		return Found{}, false
	}
	full := filepath.Join(dirs[n], filepath.FromSlash(path.Clean(name)))
	if !r.inside(dirs[n], full) {
		return Found{}, false // Salt does not look here; it refuses to serve it
	}
	info, err := r.disk.Stat(full)
	if err != nil || !info.Mode().IsRegular() || r.ignored(full) {
		return Found{}, false
	}
	return Found{Disk: r.disk, Path: full}, true
}

// inside refuses paths that resolve out of their root when symbolic links are
// not to be followed.
func (r *roots) inside(root, full string) bool {
	if r.opts.FollowSymlinks {
		return true // rel is clean, so the text of the path stays below root
	}
	realRoot, err := r.disk.Real(root)
	if err != nil {
		return false
	}
	realFull, err := r.disk.Real(full)
	if err != nil {
		return false
	}
	return realFull == realRoot || strings.HasPrefix(realFull, strings.TrimSuffix(realRoot, "/")+"/")
}

// List implements Backend.
func (r *roots) List(env string, l *Listing) {
	for _, root := range r.env(env) {
		w := walker{r: r, l: l, root: root, seen: map[string]bool{}}
		w.walk(root)
	}
}

// walker collects one root into a listing.
type walker struct {
	r    *roots
	l    *Listing
	root string
	seen map[string]bool // real paths on the way, against loops of links
}

func (w *walker) walk(dir string) {
	if w.r.opts.FollowSymlinks {
		real, err := w.r.disk.Real(dir)
		if err != nil || w.seen[real] {
			return
		}
		w.seen[real] = true
		defer delete(w.seen, real)
	}
	entries, err := w.r.disk.ReadDir(dir)
	if err != nil {
		return // Salt's walk passes over what it cannot read
	}
	for _, e := range entries {
		full := filepath.Join(dir, e.Name())
		isLink := e.Type()&fs.ModeSymlink != 0
		isDir := e.IsDir()
		if isLink {
			info, err := w.r.disk.Stat(full)
			isDir = err == nil && info.IsDir()
		}
		w.add(full, isDir, isLink)
		if isDir && (!isLink || w.r.opts.FollowSymlinks) {
			w.walk(full)
		}
	}
}

// add notes one entry unless it is hidden. Salt lists what is below a hidden
// directory on its own merits, so the walk goes on.
func (w *walker) add(full string, isDir, isLink bool) {
	if isLink && w.r.opts.IgnoreSymlinks {
		return
	}
	rel, err := filepath.Rel(w.root, full)
	if err != nil || w.r.ignored(rel) {
		return
	}
	if isDir {
		w.l.Dir(rel)
		if below, err := w.r.disk.ReadDir(full); err == nil && len(below) == 0 {
			w.l.EmptyDir(rel)
		}
	} else {
		w.l.File(rel)
	}
	if isLink {
		w.link(full, rel)
	}
}

// link notes a symbolic link. Where links are followed, one that leaves the
// root counts as the file that it points to, not as a link.
func (w *walker) link(full, rel string) {
	target, err := w.r.disk.Readlink(full)
	if err != nil {
		return
	}
	joined := target
	switch {
	case path.IsAbs(target):
	case strings.HasPrefix(target, ".."):
		joined = filepath.Join(full, target)
	default:
		joined = filepath.Join(filepath.Dir(full), target)
	}
	if dest, err := filepath.Rel(w.real(w.root), w.real(joined)); err == nil &&
		strings.HasPrefix(dest, "..") && w.r.opts.FollowSymlinks {
		return
	}
	w.l.Link(rel, target)
}

func (w *walker) real(p string) string {
	if real, err := w.r.disk.Real(p); err == nil {
		return real
	}
	return filepath.Clean(p)
}
