package gitfs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Commits reads directories of local work trees as one revision has them. It
// is safe for concurrent use.
type Commits struct {
	rev  string
	used func(Use)

	mu    sync.Mutex
	disk  *Disk
	repos map[string]*localRepo // by top directory
}

type localRepo struct {
	repo   *Repo
	commit string
}

// NewCommits prepares to read a revision: a branch, a tag, a commit id, or
// whatever git takes for one.
func NewCommits(rev string, used func(Use)) *Commits {
	return &Commits{rev: rev, used: used, disk: NewDisk(), repos: map[string]*localRepo{}}
}

// Disk shows the trees of all directories that were added.
func (c *Commits) Disk() *Disk { return c.disk }

// Close ends the processes that read the repositories.
func (c *Commits) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, r := range c.repos {
		errs = append(errs, r.repo.Close())
	}
	return errors.Join(errs...)
}

// Add makes the repository around a directory part of the disk and returns the
// directory's path there. A directory outside of any work tree is an error,
// unless it does not exist at all; one that the commit does not have is none.
func (c *Commits) Add(ctx context.Context, dir string) (string, error) {
	real, err := realPath(dir)
	if err != nil {
		return "", err
	}
	there := real
	for {
		if info, err := os.Stat(there); err == nil && info.IsDir() {
			break
		}
		if parent := filepath.Dir(there); parent != there {
			there = parent
			continue
		}
		return "", fmt.Errorf("%s: there is no such directory", dir)
	}
	out, err := command{dir: there, args: []string{"rev-parse", "--show-toplevel"}}.run(ctx)
	if err != nil && there != real {
		return real, nil
	}
	if err != nil {
		return "", fmt.Errorf("%s is in no git work tree, so it has no revision %s: %w", dir, c.rev, err)
	}
	top := strings.TrimSuffix(string(out), "\n")
	if real != top && !strings.HasPrefix(real, strings.TrimSuffix(top, "/")+"/") {
		return "", fmt.Errorf("%s: git says that its work tree is %s", dir, top)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.repos[top]; known {
		return real, nil
	}
	r := NewRepo(top)
	commit, err := r.Resolve(ctx, c.rev)
	if err != nil {
		return "", fmt.Errorf("%s: revision %s: %w", top, c.rev, err)
	}
	tree, err := r.Tree(ctx, commit)
	if err != nil {
		return "", wrap(top, err)
	}
	c.disk.Mount(top, tree)
	c.repos[top] = &localRepo{repo: r, commit: commit}
	c.used(Use{Role: "ref", Remote: top, Ref: c.rev, Commit: commit})
	return real, nil
}

// Empty says that no directory that was added lies in a work tree.
func (c *Commits) Empty() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.repos) == 0
}

// Has says whether a path lies in a repository that was added.
func (c *Commits) Has(path string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for top := range c.repos {
		if _, ok := below(top, filepath.Clean(path)); ok {
			return true
		}
	}
	return false
}

// realPath resolves the links in the part of a path that exists.
func realPath(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	rest := ""
	for p := dir; ; p = filepath.Dir(p) {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			return filepath.Join(real, rest), nil
		}
		if p == filepath.Dir(p) {
			return dir, nil
		}
		rest = filepath.Join(filepath.Base(p), rest)
	}
}
