// Package fileserver serves the files of a state or pillar tree: Salt's roots
// backend, read straight from the controller's disk.
//
// A Server is a consistent view for one run: it lists every environment once
// and keeps the text and hash of what it read, so that all hosts share one
// copy. It is safe for concurrent use. Paths are relative to a root and never
// leave it; the first root that has a file wins, as in Salt.
//
// The reference is Salt 3008's fileserver/roots.py and fileclient.py.
package fileserver

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"

	"pinch/internal/fnmatch"
	"pinch/internal/pyre"
)

// EnvAny is the environment name that stands for every environment that the
// roots do not name; its directories may contain the same text.
const EnvAny = "__env__"

// Env is one environment and its directories, searched in order.
type Env struct {
	Name string
	Dirs []string
}

// Options say what is served. The names are Salt's.
type Options struct {
	Roots          []Env    // file_roots or pillar_roots, in the order written
	IgnoreRegex    []string // file_ignore_regex
	IgnoreGlob     []string // file_ignore_glob
	FollowSymlinks bool     // fileserver_followsymlinks; Salt's default is true
	IgnoreSymlinks bool     // fileserver_ignoresymlinks
	HashType       string   // hash_type; "" is sha256
}

// Server serves one set of roots.
type Server struct {
	opts   Options
	roots  map[string][]string
	order  []string
	regexs []*pyre.Regexp

	mu    sync.Mutex
	lists map[string]*listing
	files map[string]*fileEntry
}

// New returns a server. A regular expression that cannot be read is an error.
func New(opts Options) (*Server, error) {
	s := &Server{
		opts:  opts,
		roots: map[string][]string{},
		lists: map[string]*listing{},
		files: map[string]*fileEntry{},
	}
	for _, e := range opts.Roots {
		if _, dup := s.roots[e.Name]; !dup {
			s.order = append(s.order, e.Name)
		}
		s.roots[e.Name] = e.Dirs
	}
	for _, text := range opts.IgnoreRegex {
		re, err := pyre.Compile(text, 0)
		if err != nil {
			return nil, fmt.Errorf("file_ignore_regex %q: %w", text, err)
		}
		s.regexs = append(s.regexs, re)
	}
	return s, nil
}

// Envs returns the names of the environments, sorted as Salt lists them.
func (s *Server) Envs() []string {
	out := slices.Clone(s.order)
	sort.Strings(out)
	return out
}

// Names returns the names of the environments in the order of the roots.
func (s *Server) Names() []string { return slices.Clone(s.order) }

// Has says whether the roots name the environment itself.
func (s *Server) Has(env string) bool {
	_, ok := s.roots[env]
	return ok
}

// dirs returns the directories of an environment, __env__ included.
func (s *Server) dirs(env string) []string {
	if d, ok := s.roots[env]; ok {
		return d
	}
	d, ok := s.roots[EnvAny]
	if !ok {
		return nil
	}
	out := make([]string, len(d))
	for i, dir := range d {
		out[i] = strings.ReplaceAll(dir, EnvAny, env)
	}
	return out
}

// ignored says whether a configured pattern hides the path.
func (s *Server) ignored(name string) bool {
	for _, re := range s.regexs {
		if m, err := re.Search(name); err == nil && m != nil {
			return true
		}
	}
	for _, g := range s.opts.IgnoreGlob {
		if fnmatch.Match(g, name) {
			return true
		}
	}
	return false
}

// File is a file that was found.
type File struct {
	Path string // on this machine
	Rel  string // below its root, with slashes
	Env  string // the environment asked for

	entry *fileEntry
}

// Find looks a file up. name is relative to the roots; a "?saltenv=" query in
// it wins over env. ok is false when no root has such a regular file, when the
// name would leave its root, and when a configured pattern hides it.
func (s *Server) Find(name, env string) (f *File, ok bool) {
	name, env = splitQuery(name, env)
	if path.IsAbs(name) || strings.Contains(name, "../") {
		return nil, false
	}
	rel := path.Clean(name)
	if path.IsAbs(rel) || rel == ".." || strings.HasPrefix(rel, "../") {
		return nil, false
	}
	for _, root := range s.dirs(env) {
		full := filepath.Join(root, filepath.FromSlash(rel))
		entry := s.entry(full)
		if !entry.regular() || s.ignored(full) || !s.inside(root, full) {
			continue
		}
		return &File{Path: full, Rel: rel, Env: env, entry: entry}, true
	}
	return nil, false
}

// inside refuses paths that resolve out of their root when symbolic links are
// not to be followed.
func (s *Server) inside(root, full string) bool {
	if s.opts.FollowSymlinks {
		return true // rel is clean, so the text of the path stays below root
	}
	realRoot, err := filepath.EvalSymlinks(root)
	if err != nil {
		return false
	}
	realFull, err := filepath.EvalSymlinks(full)
	if err != nil {
		return false
	}
	return realFull == realRoot || strings.HasPrefix(realFull, strings.TrimSuffix(realRoot, "/")+"/")
}

// splitQuery takes Salt's query off a path: "a?saltenv=dev" is a in dev. An
// escaped path ("|a?b") is taken as it is.
func splitQuery(name, env string) (string, string) {
	if strings.HasPrefix(name, "|") {
		return strings.TrimLeft(name, "|"), env
	}
	base, query, found := strings.Cut(name, "?")
	if !found {
		return name, env
	}
	query, _, _ = strings.Cut(query, "?")
	for _, part := range strings.Split(query, "&") {
		if k, v, ok := strings.Cut(part, "="); ok && k == "saltenv" {
			env = v
		}
	}
	return base, env
}

// ParseURL splits a salt:// URL into its path and the saltenv that it names,
// "" when it names none. Other text is returned as it is.
func ParseURL(url string) (name, env string) {
	rest, ok := strings.CutPrefix(url, "salt://")
	if !ok {
		return url, ""
	}
	if i := strings.Index(rest, "?env="); i >= 0 {
		rest = rest[:i] // "env" is an old spelling that Salt ignores
	} else if i := strings.Index(rest, "?saltenv="); i >= 0 {
		rest, env = rest[:i], rest[i+len("?saltenv="):]
	}
	return strings.TrimLeft(rest, "/"), env
}

// FindURL looks up a salt:// URL; env is the environment when the URL names none.
func (s *Server) FindURL(url, env string) (*File, bool) {
	name, own := ParseURL(url)
	if own != "" {
		env = own
	}
	return s.Find(name, env)
}

// FindSLS looks up an SLS: a.b is a/b.sls or a/b/init.sls.
func (s *Server) FindSLS(sls, env string) (*File, bool) {
	p := strings.ReplaceAll(sls, ".", "/")
	if f, ok := s.Find(p+".sls", env); ok {
		return f, true
	}
	return s.Find(p+"/init.sls", env)
}

// Open opens the file for reading.
func (f *File) Open() (*os.File, error) { return os.Open(f.Path) }
