package fileserver

import (
	"maps"
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
	l.once.Do(func() { s.listBackends(l, env) })
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

// sortedKeys is never nil: an empty environment has lists, not None.
func sortedKeys(set map[string]bool) []string {
	out := slices.AppendSeq(make([]string, 0, len(set)), maps.Keys(set))
	slices.Sort(out)
	return out
}
