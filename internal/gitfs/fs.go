package gitfs

import (
	"context"
	"errors"
	"path"
	"strings"
	"sync"

	"pinch/internal/fileserver"
	"pinch/internal/py"
)

// Use is a commit that a run took files from.
type Use struct {
	Role   Role
	Remote string // its URL, without a password
	Env    string
	Ref    string // branch, tag or commit as configured
	Commit string
}

// FS is Salt's file server back end gitfs: branches and tags of the remotes
// are environments. It implements fileserver.Backend.
type FS struct {
	repos  []*fsRepo
	used   func(Use)
	copies *Mirrors

	openMu  sync.Mutex
	opened  bool
	openErr error

	envsOnce sync.Once
	envs     map[string]bool
}

type fsRepo struct {
	remote *Remote
	bare   *Mirror
	fs     *FS

	mu    sync.Mutex
	trees map[string]*fsTree // by environment; nil: none
	err   error
}

// fsTree is what a remote gives for an environment.
type fsTree struct {
	tree *Tree
	disk *Disk
	at   string // where the tree is mounted on the disk
}

// NewFS returns the back end, which must be opened before it is used. used is
// told, once each, which commits are read.
func NewFS(remotes []*Remote, mirrors *Mirrors, used func(Use)) *FS {
	f := &FS{used: used, copies: mirrors}
	for _, r := range remotes {
		f.repos = append(f.repos, &fsRepo{remote: r, fs: f, trees: map[string]*fsTree{}})
	}
	return f
}

// Open fetches the remotes, several at a time. Only the first call does.
func (f *FS) Open(ctx context.Context) error {
	f.openMu.Lock()
	defer f.openMu.Unlock()
	if f.opened {
		return f.openErr
	}
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, len(f.repos))
	slots := make(chan struct{}, 4)
	var wg sync.WaitGroup
	for i, r := range f.repos {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if r.bare, errs[i] = f.copies.Get(run, r.remote.Access); errs[i] != nil {
				cancel() // one failure is enough
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	f.opened, f.openErr = true, firstCause(errs)
	return f.openErr
}

// firstCause returns the first error that is not the cancellation that another
// caused.
func firstCause(errs []error) error {
	var first error
	for _, err := range errs {
		if err != nil && err != context.Canceled {
			return err
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// Err returns what went wrong while files were looked for.
func (f *FS) Err() error {
	for _, r := range f.repos {
		r.mu.Lock()
		err := r.err
		r.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// fail keeps the first error of a remote.
func (r *fsRepo) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = wrap(r.remote.Where(), err)
	}
}

// errNotOpen says that files were looked for before the remotes were fetched.
var errNotOpen = errors.New("the remote was not fetched yet")

// envSet is the set of all environments.
func (f *FS) envSet() map[string]bool {
	f.envsOnce.Do(func() {
		f.envs = map[string]bool{}
		for _, r := range f.repos {
			if r.bare == nil {
				r.fail(errNotOpen)
				continue
			}
			for _, env := range r.remote.envs(r.bare) {
				f.envs[env] = true
			}
		}
	})
	return f.envs
}

// Envs implements fileserver.Backend.
func (f *FS) Envs() []string {
	var out []string
	for env := range f.envSet() {
		out = append(out, env)
	}
	return out
}

// serves says whether a remote may have the environment: it is named by a
// reference of any remote, or may be a commit, or everything falls back.
func (r *fsRepo) serves(env string) bool {
	return isHex(env) || r.fs.envSet()[env] || r.remote.fallback != ""
}

// tree returns what the remote gives for an environment, nil for nothing.
func (r *fsRepo) tree(env string) *fsTree {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t, ok := r.trees[env]; ok || r.bare == nil {
		return t
	}
	var t *fsTree
	ref, commit := r.remote.resolve(r.bare, env)
	if commit != "" {
		tree, err := r.bare.Tree(context.Background(), commit)
		if err != nil {
			if r.err == nil {
				r.err = wrap(r.bare.URL, err)
			}
			return nil
		}
		t = &fsTree{tree: tree, disk: NewDisk(), at: label(r.bare.URL, commit)}
		t.disk.Mount(t.at, tree)
		r.fs.used(Use{Role: RoleFS, Remote: r.bare.URL, Env: env, Ref: ref, Commit: commit})
	}
	r.trees[env] = t
	return t
}

// resolve returns the reference and the commit of an environment.
func (r *Remote) resolve(m *Mirror, env string) (ref, commit string) {
	if !r.exposed(env) {
		return "", ""
	}
	ref = r.ref(env)
	if ref == "" {
		return "", ""
	}
	for _, name := range []string{ref, r.fallback} {
		if name == "" {
			continue
		}
		for _, kind := range r.refTypes {
			if c := m.find(kind, name); c != "" {
				return name, c
			}
		}
	}
	return "", ""
}

// find returns the commit of a reference of one kind.
func (m *Mirror) find(kind, name string) string {
	switch kind {
	case "branch":
		return m.refs[branchPrefix+name]
	case "tag":
		return m.refs[tagPrefix+name]
	}
	c, err := m.Resolve(context.Background(), name)
	if err != nil {
		return "" // git says that there is none of that name
	}
	return c
}

// Find implements fileserver.Backend.
func (f *FS) Find(name, env string) (fileserver.Found, bool) {
	for _, r := range f.repos {
		mount := r.remote.param("mountpoint", env)
		inner, ok := name, true
		if mount != "" {
			inner, ok = strings.CutPrefix(name, mount+"/")
			inner = strings.TrimLeft(inner, "/")
		}
		if !ok || !r.serves(env) {
			continue
		}
		t := r.tree(env)
		if t == nil {
			continue
		}
		if root := r.remote.param("root", env); root != "" {
			inner = join(root, inner)
		}
		at, ok, err := t.find(inner)
		if err != nil {
			r.fail(err)
		}
		if ok {
			return fileserver.Found{Disk: t.disk, Path: t.at + "/" + at}, true
		}
	}
	return fileserver.Found{}, false
}

// maxLinkChain is Salt's bound of links to links.
const maxLinkChain = 100

// find follows links that stand at the end of the path. Salt does not follow
// links to directories, and takes absolute ones as relative.
func (t *fsTree) find(name string) (at string, ok bool, err error) {
	for range maxLinkChain {
		n, ok := t.tree.nodes[name]
		if !ok {
			return "", false, nil
		}
		if !n.isLink() {
			return name, n.isFile(), nil
		}
		to, err := t.tree.readlink(n)
		if err != nil {
			return "", false, err
		}
		name = join(path.Dir(name), to)
	}
	return "", false, nil
}

// List implements fileserver.Backend.
func (f *FS) List(env string, l *fileserver.Listing) {
	named := isHex(env) || f.envSet()[env]
	for _, r := range f.repos {
		if !r.serves(env) {
			continue
		}
		t := r.tree(env)
		if t == nil {
			continue
		}
		root, mount := path.Clean(r.remote.param("root", env)), r.remote.param("mountpoint", env)
		if n, ok := t.tree.nodes[strings.TrimPrefix(root, ".")]; !ok || !n.isDir() {
			continue
		}
		for name, n := range t.tree.nodes {
			rel := name
			if root != "." {
				var ok bool
				if rel, ok = strings.CutPrefix(name, root+"/"); !ok {
					continue
				}
			}
			if rel == "" {
				continue
			}
			rel = join(mount, rel)
			switch {
			case n.isDir():
				l.Dir(rel)
			case n.isLink():
				l.File(rel)
				to, err := t.tree.readlink(n)
				if err != nil {
					r.fail(err)
				}
				if named { // Salt lists no links of what it falls back to
					l.Link(rel, to)
				}
			case n.isFile():
				l.File(rel)
			}
		}
		if mount != "" {
			l.Dir(mount)
		}
	}
}

// label is where a commit's tree is said to lie: git:HOST/PATH@COMMIT.
func label(remote, commit string) string {
	if _, rest, ok := strings.Cut(remote, "://"); ok {
		remote = rest
	}
	if at := strings.LastIndex(remote, "@"); at >= 0 && !strings.Contains(remote[:at], "/") {
		remote = remote[at+1:]
	}
	return "git:" + path.Clean(remote) + "@" + commit[:12]
}

// ReadFS reads the remotes of gitfs from options.
func ReadFS(opts, set *py.Dict) ([]*Remote, error) {
	return ReadRemotes(RoleFS, py.OrNone(opts.Lookup("gitfs_remotes")), opts, set)
}

var _ fileserver.Backend = (*FS)(nil)

// String words a use for a log.
func (u Use) String() string {
	what := string(u.Role) + " " + u.Remote
	if u.Env != "" {
		what += " environment " + u.Env
	}
	return what + ": " + u.Ref + " is " + u.Commit
}
