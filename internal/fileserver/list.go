package fileserver

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Link is a symbolic link of the tree: its path and what it says.
type Link struct{ Path, Target string }

// listing is what one environment holds; made once.
type listing struct {
	once             sync.Once
	files, dirs      []string
	emptyDirs        []string
	links            []Link
	states           []string
	fileSet, dirsSet map[string]bool
}

func (s *Server) list(env string) *listing {
	s.mu.Lock()
	l, ok := s.lists[env]
	if !ok {
		l = &listing{}
		s.lists[env] = l
	}
	s.mu.Unlock()
	l.once.Do(func() { s.fill(l, env) })
	return l
}

// Files returns the paths of all files of an environment, sorted.
func (s *Server) Files(env string) []string { return s.list(env).files }

// Dirs returns the paths of all directories, sorted.
func (s *Server) Dirs(env string) []string { return s.list(env).dirs }

// EmptyDirs returns the paths of the directories without content, sorted.
func (s *Server) EmptyDirs(env string) []string { return s.list(env).emptyDirs }

// Links returns the symbolic links, sorted by path.
func (s *Server) Links(env string) []Link { return s.list(env).links }

// States returns the names of all SLS of an environment, sorted.
func (s *Server) States(env string) []string { return s.list(env).states }

// HasFile says whether Files contains the path.
func (s *Server) HasFile(name, env string) bool { return s.list(env).fileSet[name] }

// HasDir says whether Dirs contains the path.
func (s *Server) HasDir(name, env string) bool { return s.list(env).dirsSet[name] }

func (s *Server) fill(l *listing, env string) {
	l.fileSet, l.dirsSet = map[string]bool{}, map[string]bool{}
	empty, links := map[string]bool{}, map[string]string{}
	for _, root := range s.dirs(env) {
		w := walker{s: s, l: l, root: root, empty: empty, links: links, seen: map[string]bool{}}
		w.walk(root)
	}
	l.files, l.dirs = sortedKeys(l.fileSet), sortedKeys(l.dirsSet)
	l.emptyDirs = sortedKeys(empty)
	for _, p := range sortedStrings(links) {
		l.links = append(l.links, Link{Path: p, Target: links[p]})
	}
	l.states = stateNames(l.files)
}

// walker collects one root into a listing.
type walker struct {
	s     *Server
	l     *listing
	root  string
	empty map[string]bool
	links map[string]string
	seen  map[string]bool // real paths on the way, against loops of links
}

func (w *walker) walk(dir string) {
	if w.s.opts.FollowSymlinks {
		real, err := filepath.EvalSymlinks(dir)
		if err != nil || w.seen[real] {
			return
		}
		w.seen[real] = true
		defer delete(w.seen, real)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // Salt's walk passes over what it cannot read
	}
	for _, e := range entries {
		full := filepath.Join(dir, e.Name())
		isLink := e.Type()&fs.ModeSymlink != 0
		isDir := e.IsDir()
		if isLink {
			info, err := os.Stat(full)
			isDir = err == nil && info.IsDir()
		}
		w.add(full, isDir, isLink)
		if isDir && (!isLink || w.s.opts.FollowSymlinks) {
			w.walk(full)
		}
	}
}

// add notes one entry unless it is hidden. Salt lists what is below a hidden
// directory on its own merits, so the walk goes on.
func (w *walker) add(full string, isDir, isLink bool) {
	if isLink && w.s.opts.IgnoreSymlinks {
		return
	}
	rel, err := filepath.Rel(w.root, full)
	if err != nil || w.s.ignored(rel) {
		return
	}
	if isDir {
		w.l.dirsSet[rel] = true
		if below, err := os.ReadDir(full); err == nil && len(below) == 0 {
			w.empty[rel] = true
		}
	} else {
		w.l.fileSet[rel] = true
	}
	if isLink {
		w.link(full, rel)
	}
}

// link notes a symbolic link. Where links are followed, one that leaves the
// root counts as the file that it points to, not as a link.
func (w *walker) link(full, rel string) {
	target, err := os.Readlink(full)
	if err != nil {
		return
	}
	joined := target
	switch {
	case filepath.IsAbs(target):
	case strings.HasPrefix(target, ".."):
		joined = filepath.Join(full, target)
	default:
		joined = filepath.Join(filepath.Dir(full), target)
	}
	if dest, err := filepath.Rel(realPath(w.root), realPath(joined)); err == nil &&
		strings.HasPrefix(dest, "..") && w.s.opts.FollowSymlinks {
		return
	}
	w.links[rel] = target
}

func realPath(p string) string {
	if real, err := filepath.EvalSymlinks(p); err == nil {
		return real
	}
	return filepath.Clean(p)
}

func stateNames(files []string) []string {
	set := map[string]bool{}
	for _, f := range files {
		base, ok := strings.CutSuffix(f, ".sls")
		if !ok {
			continue
		}
		base = strings.TrimSuffix(base, "/init")
		set[strings.ReplaceAll(base, "/", ".")] = true
	}
	return sortedKeys(set)
}

func sortedStrings(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// sortedKeys is never nil: an empty environment has lists, not None.
func sortedKeys(set map[string]bool) []string {
	out := slices.AppendSeq(make([]string, 0, len(set)), maps.Keys(set))
	slices.Sort(out)
	return out
}
