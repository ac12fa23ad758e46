package states

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"strings"

	"pinch/internal/fileserver"
	"pinch/internal/gitfs"
	"pinch/internal/jinja"
	"pinch/internal/py"
)

// Config is what a tree is made of.
type Config struct {
	// Opts are the options as configured, in Salt's names (file_roots,
	// pillar_roots, nodegroups, jinja_env, ...). They stand over Salt's
	// defaults.
	Opts *py.Dict
	// Log takes what Salt would log: level is debug, info, warning, error or
	// critical. It is called by many goroutines. May be nil.
	Log func(level, message string)
	// Environ looks up this process's environment, for sdb's env driver. nil
	// is os.LookupEnv.
	Environ func(key string) (string, bool)
	// Budget bounds what rendering one template may cost.
	Budget jinja.Budget
	// Command runs a command on the controller, for external pillars, and
	// returns what it printed. nil is RunCommand.
	Command func(ctx context.Context, c CommandLine) (string, error)
	// Decrypt decrypts one PGP message with the keys of a directory, for the
	// gpg renderer, and returns what was said about it. nil is gpg.
	Decrypt func(ctx context.Context, home string, message []byte) (plain, stderr []byte, err error)
	// CacheDir is where copies of git remotes are kept. "" refuses options
	// that need it.
	CacheDir string
	// NoFetch takes the copies of git remotes as they are.
	NoFetch bool
	// Ref is a revision of the local repository that file_roots and
	// pillar_roots are read from; "" reads the files.
	Ref string
	// Used is told, once each, what commits files come from. It is called by
	// many goroutines. May be nil.
	Used func(gitfs.Use)
}

// Tree is a state tree with its pillar, shared by all hosts. It is safe for
// concurrent use. Files are read once: a Tree shows one state of the tree.
type Tree struct {
	cfg   Config
	opts  *py.Dict // defaults and Config.Opts; never changed
	files *fileserver.Server
	// pillars serves pillar_roots; with __env__ in the roots there is one
	// server for each environment that it stands for.
	pillars *pillarServers
	jinja   *jinja.Cache
	yaml    *yamlCache
	sources *sources
	plain   plainTexts
}

//go:embed defaults.json
var defaultsJSON []byte

// DefaultOpts returns Salt 3008.3's minion options.
func DefaultOpts() *py.Dict {
	v, err := py.DecodeJSON(defaultsJSON)
	if err != nil {
		panic("states: defaults.json: " + err.Error())
	}
	return v.(*py.Dict)
}

// NewTree returns a tree. What is wrong with the configuration is an error. Git
// remotes are fetched when the first host is compiled.
func NewTree(ctx context.Context, cfg Config) (*Tree, error) {
	opts := DefaultOpts()
	if cfg.Opts != nil {
		opts.Update(py.DeepCopy(cfg.Opts).(*py.Dict))
	}
	if cfg.Environ == nil {
		cfg.Environ = os.LookupEnv
	}
	if cfg.Command == nil {
		cfg.Command = RunCommand
	}
	t := &Tree{cfg: cfg, opts: opts, jinja: jinja.NewCache(), yaml: newYAMLCache()}
	if cfg.Decrypt == nil {
		t.cfg.Decrypt = runGPG
	}
	t.sources = newSources(t)
	if err := t.open(ctx); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// open makes the servers.
func (t *Tree) open(ctx context.Context) error {
	backends, err := t.sources.backends()
	if err != nil {
		return err
	}
	roots, err := t.sources.roots(ctx, "file_roots")
	if err != nil {
		return err
	}
	if t.files, err = serverOf(t.opts, roots, t.sources.disk(), backends); err != nil {
		return err
	}
	if roots, err = t.sources.roots(ctx, "pillar_roots"); err != nil {
		return err
	}
	if t.sources.commits != nil && t.sources.commits.Empty() {
		return fmt.Errorf("revision %s: no directory of file_roots and pillar_roots lies in a git work tree", t.cfg.Ref)
	}
	t.pillars, err = newPillarServers(t.opts, roots, t.sources.disk())
	return err
}

// Open fetches the git remotes of the file server, which compiling a host does
// by itself.
func (t *Tree) Open(ctx context.Context) error { return t.sources.open(ctx) }

// Close ends the processes that read git repositories. The tree cannot be used
// afterwards.
func (t *Tree) Close() error { return t.sources.close() }

// Opts returns the options of the tree: the defaults and what is configured.
// They must not be changed.
func (t *Tree) Opts() *py.Dict { return t.opts }

// Files returns the server of file_roots.
func (t *Tree) Files() *fileserver.Server { return t.files }

// PillarFiles returns the server of pillar_roots, without an __env__ among
// them.
func (t *Tree) PillarFiles() *fileserver.Server { return t.pillars.plain }

func (t *Tree) log(level, format string, args ...any) {
	if t.cfg.Log != nil {
		t.cfg.Log(level, fmt.Sprintf(format, args...))
	}
}

// serverOf makes a server of roots with the options that tell how. backends may
// be nil.
func serverOf(opts *py.Dict, roots []fileserver.Env, disk fileserver.Disk, backends func(fileserver.Backend) []fileserver.Backend) (*fileserver.Server, error) {
	regexes, err := textList(opts.Lookup("file_ignore_regex"), "file_ignore_regex")
	if err != nil {
		return nil, err
	}
	globs, err := textList(opts.Lookup("file_ignore_glob"), "file_ignore_glob")
	if err != nil {
		return nil, err
	}
	return fileserver.New(fileserver.Options{
		Roots: roots, IgnoreRegex: regexes, IgnoreGlob: globs,
		FollowSymlinks: py.IsTrue(opts.Lookup("fileserver_followsymlinks")),
		IgnoreSymlinks: py.IsTrue(opts.Lookup("fileserver_ignoresymlinks")),
		HashType:       opts.String("hash_type"), Disk: disk, Backends: backends,
	})
}

func readRoots(v py.Value, key string) ([]fileserver.Env, error) {
	d, ok := v.(*py.Dict)
	if !ok {
		if v == nil || v == py.Value(py.None) {
			return nil, nil
		}
		return nil, fmt.Errorf("%s: a mapping of environments to lists of directories is needed, not %s", key, v.Type())
	}
	var out []fileserver.Env
	for env, dirs := range d.All() {
		list, err := textList(dirs, key+"["+str(env)+"]")
		if err != nil {
			return nil, err
		}
		out = append(out, fileserver.Env{Name: str(env), Dirs: list})
	}
	return out, nil
}

// textList reads a list of texts; one text is a list of one.
func textList(v py.Value, what string) ([]string, error) {
	switch l := v.(type) {
	case nil, py.NoneType:
		return nil, nil
	case py.Str:
		return []string{string(l)}, nil
	case *py.List:
		out := make([]string, 0, l.Len())
		for _, it := range l.Items {
			out = append(out, str(it))
		}
		return out, nil
	case py.Tuple:
		return textList(py.NewList(l...), what)
	}
	return nil, fmt.Errorf("%s: a list is needed, not %s", what, v.Type())
}

// pillarServers are the servers of pillar_roots.
type pillarServers struct {
	opts  *py.Dict
	disk  fileserver.Disk
	roots []fileserver.Env
	plain *fileserver.Server
	any   []string // the directories of __env__, nil when it is not there
	named map[string]*fileserver.Server
	mu    chan struct{}
}

func newPillarServers(opts *py.Dict, roots []fileserver.Env, disk fileserver.Disk) (*pillarServers, error) {
	p := &pillarServers{opts: opts, disk: disk, named: map[string]*fileserver.Server{}, mu: make(chan struct{}, 1)}
	for _, r := range roots {
		if r.Name == fileserver.EnvAny {
			p.any = append([]string{}, r.Dirs...)
			continue
		}
		p.roots = append(p.roots, r)
	}
	var err error
	p.plain, err = serverOf(opts, p.roots, disk, nil)
	return p, err
}

// forEnv returns the server for a pillar of the environment. Salt gives the
// directories of __env__ to that one environment and forgets the name.
func (p *pillarServers) forEnv(env string) (*fileserver.Server, error) {
	if p.any == nil || env == fileserver.EnvAny || p.plain.Has(env) {
		return p.plain, nil
	}
	p.mu <- struct{}{}
	defer func() { <-p.mu }()
	if s, ok := p.named[env]; ok {
		return s, nil
	}
	dirs := make([]string, len(p.any))
	for i, d := range p.any {
		dirs[i] = strings.ReplaceAll(d, fileserver.EnvAny, env)
	}
	s, err := serverOf(p.opts, append(p.roots[:len(p.roots):len(p.roots)], fileserver.Env{Name: env, Dirs: dirs}), p.disk, nil)
	if err == nil {
		p.named[env] = s
	}
	return s, err
}
