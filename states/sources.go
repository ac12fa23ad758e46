package states

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"pinch/internal/fileserver"
	"pinch/internal/gitfs"
	"pinch/internal/py"
)

// sources is where the files of a tree come from, beside the disk.
type sources struct {
	t       *Tree
	copies  *gitfs.Mirrors
	commits *gitfs.Commits // nil without a revision
	fs      *gitfs.FS      // nil without gitfs
	noRoots bool           // fileserver_backend has no roots

	mu   sync.Mutex
	uses map[gitfs.Use]bool
}

func newSources(t *Tree) *sources {
	s := &sources{t: t, uses: map[gitfs.Use]bool{}}
	s.copies = gitfs.NewMirrors(filepath.Join(t.cfg.CacheDir, "git"), t.cfg.NoFetch, t.log)
	if t.cfg.Ref != "" {
		s.commits = gitfs.NewCommits(t.cfg.Ref, s.used)
	}
	return s
}

func (s *sources) close() error {
	err := s.copies.Close()
	if s.commits != nil {
		err = errors.Join(err, s.commits.Close())
	}
	return err
}

// used notes a commit that files are read from.
func (s *sources) used(u gitfs.Use) {
	s.mu.Lock()
	known := s.uses[u]
	s.uses[u] = true
	s.mu.Unlock()
	if known {
		return
	}
	s.t.log("info", "%s", u)
	if s.t.cfg.Used != nil {
		s.t.cfg.Used(u)
	}
}

// open fetches the remotes of the file server, once.
func (s *sources) open(ctx context.Context) error {
	if s.fs == nil {
		return nil
	}
	if err := s.fs.Open(ctx); err != nil {
		return fmt.Errorf("gitfs_remotes: %w", err)
	}
	return nil
}

// err is what went wrong while files were looked for.
func (s *sources) err() error {
	if s.fs == nil {
		return nil
	}
	return s.fs.Err()
}

// disk is what roots lie on; nil is the machine's.
func (s *sources) disk() fileserver.Disk {
	if s.commits == nil {
		return nil
	}
	return s.commits.Disk()
}

// diskFor returns what a file that an option names lies on: the commit, when
// the path is in a repository that roots are read from.
func (s *sources) diskFor(path string) fileserver.Disk {
	if s.commits != nil && s.commits.Has(path) {
		return s.commits.Disk()
	}
	return fileserver.OS()
}

// roots reads one roots option. With a revision its directories are those of
// the commit.
func (s *sources) roots(ctx context.Context, key string) ([]fileserver.Env, error) {
	roots, err := readRoots(s.t.opts.Lookup(key), key)
	if err != nil || s.commits == nil {
		return roots, err
	}
	if key == "file_roots" && s.noRoots {
		return roots, nil
	}
	for _, r := range roots {
		for i, dir := range r.Dirs {
			if r.Dirs[i], err = s.commits.Add(ctx, dir); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", key, r.Name, err)
			}
		}
	}
	// What reads the option finds the directories as they are served.
	d := py.NewDict()
	for _, r := range roots {
		d.SetStr(r.Name, py.Strings(r.Dirs...))
	}
	s.t.opts.SetStr(key, d)
	return roots, nil
}

// backends makes the back ends of fileserver_backend. One that is not known is
// refused: to leave it out would silently compile another tree.
func (s *sources) backends() (func(fileserver.Backend) []fileserver.Backend, error) {
	list, err := textList(s.t.opts.Lookup("fileserver_backend"), "fileserver_backend")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, b := range list {
		switch b {
		case "git":
			b = "gitfs"
		case "roots", "gitfs":
		default:
			return nil, fmt.Errorf("fileserver_backend: %s is not supported (roots and gitfs are)", b)
		}
		if !slices.Contains(names, b) {
			names = append(names, b)
		}
	}
	s.noRoots = !slices.Contains(names, "roots")
	if slices.Contains(names, "gitfs") {
		remotes, err := gitfs.ReadFS(s.t.opts, s.t.cfg.Opts)
		if err != nil {
			return nil, err
		}
		if err := s.needCache("fileserver_backend: gitfs"); err != nil {
			return nil, err
		}
		s.fs = gitfs.NewFS(remotes, s.copies, s.used)
	}
	return func(roots fileserver.Backend) []fileserver.Backend {
		var out []fileserver.Backend
		for _, n := range names {
			if n == "gitfs" {
				out = append(out, s.fs)
			} else {
				out = append(out, roots)
			}
		}
		return out
	}, nil
}

func (s *sources) needCache(what string) error {
	if s.t.cfg.CacheDir == "" || !filepath.IsAbs(s.t.cfg.CacheDir) {
		return fmt.Errorf("%s needs a cache directory: set XDG_CACHE_HOME or HOME", what)
	}
	return nil
}
