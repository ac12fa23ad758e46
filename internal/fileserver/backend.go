package fileserver

import (
	"maps"
	"slices"
)

// Backend gives the files of environments: one of Salt's fileserver_backend.
// It is safe for concurrent use.
type Backend interface {
	// Envs returns the names of the environments, in any order.
	Envs() []string
	// Find looks for a regular file. The name is relative and does not lead
	// up, but is not clean: a//b or ./a is another name than a/b for some.
	Find(name, env string) (Found, bool)
	// List notes all that an environment holds.
	List(env string, l *Listing)
}

// Found says where a file is.
type Found struct {
	Disk Disk
	Path string
}

// Listing collects what one back end has in one environment.
type Listing struct {
	files, dirs, empty map[string]bool
	links              map[string]string
}

func newListing() *Listing {
	return &Listing{files: map[string]bool{}, dirs: map[string]bool{}, empty: map[string]bool{}, links: map[string]string{}}
}

// File notes a file, or a symbolic link that is listed as one.
func (l *Listing) File(path string) { l.files[path] = true }

// Dir notes a directory.
func (l *Listing) Dir(path string) { l.dirs[path] = true }

// EmptyDir notes that a directory has no content.
func (l *Listing) EmptyDir(path string) { l.empty[path] = true }

// Link notes a symbolic link and its text.
func (l *Listing) Link(path, target string) { l.links[path] = target }

// listBackends makes the listing of an environment over all back ends. Of
// links Salt takes those of the last back end alone.
func (s *Server) listBackends(l *listing, env string) {
	all := newListing()
	for _, b := range s.backends {
		one := newListing()
		b.List(env, one)
		maps.Copy(all.files, one.files)
		maps.Copy(all.dirs, one.dirs)
		maps.Copy(all.empty, one.empty)
		all.links = one.links
	}
	l.fileSet, l.dirsSet = all.files, all.dirs
	l.files, l.dirs, l.emptyDirs = sortedKeys(all.files), sortedKeys(all.dirs), sortedKeys(all.empty)
	for _, p := range slices.Sorted(maps.Keys(all.links)) {
		l.links = append(l.links, Link{Path: p, Target: all.links[p]})
	}
	l.states = stateNames(l.files)
}
