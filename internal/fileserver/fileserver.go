// Package fileserver serves the files of a state or pillar tree: Salt's roots
// back end, read straight from the controller's disk or from the trees of
// commits, and others beside it.
//
// A Server is a consistent view for one run: it lists every environment once
// and keeps the text and hash of what it read, so that all hosts share one
// copy. It is safe for concurrent use. Paths are relative to a root and never
// leave it; the first root that has a file wins, as in Salt.
//
// The reference is Salt 3008's fileserver/roots.py and fileclient.py.
package fileserver

import (
	"bytes"
	"path"
	"strings"
	"sync"
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
	// Disk is what the roots lie on; nil is the machine's own file system.
	Disk Disk
	// Backends returns the back ends in their order, the one of the roots
	// among them or not; nil is the roots alone.
	Backends func(roots Backend) []Backend
}

// Server serves the files of one or more back ends, of which the first that
// has a file wins.
type Server struct {
	opts     Options
	roots    *roots
	backends []Backend

	mu    sync.Mutex
	lists map[string]*listing
	found map[findKey]*File // nil: not there
	files map[string]*fileEntry
}

type findKey struct{ name, env, index string }

// New returns a server. A regular expression that cannot be read is an error.
func New(opts Options) (*Server, error) {
	r, err := newRoots(opts)
	if err != nil {
		return nil, err
	}
	s := &Server{
		opts: opts, roots: r, backends: []Backend{r},
		lists: map[string]*listing{}, found: map[findKey]*File{}, files: map[string]*fileEntry{},
	}
	if opts.Backends != nil {
		s.backends = opts.Backends(r)
	}
	return s, nil
}

// Envs returns the names of the environments, sorted as Salt lists them.
func (s *Server) Envs() []string {
	set := map[string]bool{}
	for _, b := range s.backends {
		for _, env := range b.Envs() {
			set[env] = true
		}
	}
	return sortedKeys(set)
}

// Names returns the names of the environments of the roots, in their order.
func (s *Server) Names() []string { return s.roots.Envs() }

// Has says whether the roots name the environment itself.
func (s *Server) Has(env string) bool {
	_, ok := s.roots.dirs[env]
	return ok
}

// Disk returns what the roots lie on.
func (s *Server) Disk() Disk { return s.roots.disk }

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
	name, env, index := splitQuery(name, env)
	if path.IsAbs(name) || strings.Contains(name, "../") {
		return nil, false
	}
	rel := path.Clean(name)
	if path.IsAbs(rel) || rel == ".." || strings.HasPrefix(rel, "../") {
		return nil, false
	}
	key := findKey{name, env, index}
	s.mu.Lock()
	f, known := s.found[key]
	s.mu.Unlock()
	if known {
		return f, f != nil
	}
	for _, b := range s.backends {
		at, ok := Found{}, false
		if r, isRoots := b.(*roots); isRoots && index != "" {
			at, ok = r.findIndex(name, env, index)
		} else {
			at, ok = b.Find(name, env)
		}
		if ok {
			f = &File{Path: at.Path, Rel: rel, Env: env, entry: s.entry(at)}
			break
		}
	}
	s.mu.Lock()
	s.found[key] = f
	s.mu.Unlock()
	return f, f != nil
}

// splitQuery takes Salt's query off a path: "a?saltenv=dev" is a in dev. An
// escaped path ("|a?b") is taken as it is. index is the number of a root, ""
// for none.
func splitQuery(name, env string) (base, saltenv, index string) {
	if strings.HasPrefix(name, "|") {
		return strings.TrimLeft(name, "|"), env, ""
	}
	base, query, found := strings.Cut(name, "?")
	if !found {
		return name, env, ""
	}
	query, _, _ = strings.Cut(query, "?")
	for _, part := range strings.Split(query, "&") {
		k, v, ok := strings.Cut(part, "=")
		switch {
		case ok && k == "saltenv":
			env = v
		case ok && k == "index":
			index = v + " " // it was given, even if it is empty
		}
	}
	return base, env, index
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
	// the name becomes a salt:// URL, whose slashes in front do not count
	p := strings.TrimLeft(strings.ReplaceAll(sls, ".", "/"), "/")
	if f, ok := s.Find(p+".sls", env); ok {
		return f, true
	}
	return s.Find(strings.TrimLeft(p+"/init.sls", "/"), env)
}

// Open opens the file for reading.
func (f *File) Open() (Content, error) { return f.entry.disk.Open(f.Path) }

// ReadAt implements io.ReaderAt without keeping the file open.
func (f *File) ReadAt(b []byte, off int64) (n int, err error) {
	if info, err := f.Stat(); err == nil && info.Size() <= maxKept && f.entry.disk != OS() {
		// to open it again for each part would read all of it again
		data, err := f.Read()
		if err != nil {
			return 0, err
		}
		return bytes.NewReader(data).ReadAt(b, off)
	}
	in, err := f.Open()
	if err != nil {
		return 0, err
	}
	defer func() {
		if cerr := in.Close(); err == nil {
			err = cerr
		}
	}()
	return in.ReadAt(b, off)
}
