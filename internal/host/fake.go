package host

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Fake is a host in memory, for tests: files, users and scripted commands.
// Writes and commands are recorded in Ops, in the form of Recorder's. Commands
// that are not scripted fail with ENOENT, as a missing program does.
type Fake struct {
	mu    sync.Mutex
	nodes map[string]*fakeNode
	inode uint64

	// Ops are the changes made so far.
	Ops []string
	// Commands maps an argv joined by blanks (or only its first word) to what
	// the command puts out.
	Commands map[string]Output
	// OnRun, when set, is asked before Commands; ok false goes on to it.
	OnRun func(cmd Cmd) (out Output, ok bool, err error)
	// Programs are further executables that LookPath finds, besides the first
	// words of Commands and executable files of PATH.
	Programs map[string]string
	// UserList and GroupList are the account database.
	UserList  []User
	GroupList []Group
	// Env is the environment.
	Env map[string]string
	// Clock is what Now returns; zero means a fixed day in 2026.
	Clock time.Time
	// UID is the effective user id.
	UID int
}

type fakeNode struct {
	info    Info
	content []byte
	link    string
	xattrs  map[string][]byte
	attrs   uint32
}

var _ Writer = (*Fake)(nil)

// NewFake returns a host with a root directory, /tmp, root and its group. files
// maps absolute paths to contents; parents are made. A path that ends in "/" is
// a directory.
func NewFake(files map[string]string) *Fake {
	f := &Fake{
		nodes:     map[string]*fakeNode{},
		Commands:  map[string]Output{},
		Programs:  map[string]string{},
		Env:       map[string]string{"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
		UserList:  []User{{Name: "root", Passwd: "x", Home: "/root", Shell: "/bin/sh"}},
		GroupList: []Group{{Name: "root"}},
	}
	f.nodes["/"] = f.node("/", fs.ModeDir|0o755)
	f.parents("/tmp/x")
	for p, c := range files {
		if d, isDir := strings.CutSuffix(p, "/"); isDir {
			f.parents(d + "/x")
			continue
		}
		f.parents(p)
		n := f.node(p, 0o644)
		n.content = []byte(c)
		n.info.Size = int64(len(c))
		f.nodes[p] = n
	}
	return f
}

func (f *Fake) node(p string, mode fs.FileMode) *fakeNode {
	f.inode++
	t := f.Now()
	return &fakeNode{info: Info{Name: path.Base(p), Mode: mode, Inode: f.inode, Nlink: 1, UID: f.UID, ModTime: t, AccTime: t, ChgTime: t}}
}

func (f *Fake) parents(p string) {
	for d := path.Dir(p); d != "/"; d = path.Dir(d) {
		if f.nodes[d] == nil {
			f.nodes[d] = f.node(d, fs.ModeDir|0o755)
		}
	}
}

func (f *Fake) note(op string, args ...any) {
	line := op
	for _, a := range args {
		line += " " + fmt.Sprint(a)
	}
	f.Ops = append(f.Ops, line)
}

func fail(op, p string, err error) error { return &fs.PathError{Op: op, Path: p, Err: err} }

// resolve follows the links of a path; the last one only when follow is set.
func (f *Fake) resolve(op, p string, follow bool) (string, error) {
	if !strings.HasPrefix(p, "/") {
		return "", fail(op, p, fs.ErrInvalid)
	}
	done, links := "/", 0
	rest := strings.Split(strings.Trim(p, "/"), "/")
	for len(rest) > 0 {
		name := rest[0]
		rest = rest[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			done = path.Dir(done)
			continue
		}
		if n := f.nodes[done]; n == nil {
			return "", fail(op, p, syscall.ENOENT)
		} else if !n.info.IsDir() {
			return "", fail(op, p, syscall.ENOTDIR)
		}
		next := path.Join(done, name)
		n := f.nodes[next]
		if n == nil || !n.info.IsLink() || len(rest) == 0 && !follow {
			done = next
			continue
		}
		if links++; links > maxLinks {
			return "", fail(op, p, syscall.ELOOP)
		}
		if strings.HasPrefix(n.link, "/") {
			done = "/"
		}
		rest = append(strings.Split(strings.Trim(n.link, "/"), "/"), rest...)
	}
	return done, nil
}

func (f *Fake) get(op, p string, follow bool) (string, *fakeNode, error) {
	real, err := f.resolve(op, p, follow)
	if err != nil {
		return "", nil, err
	}
	n := f.nodes[real]
	if n == nil {
		return "", nil, fail(op, p, syscall.ENOENT)
	}
	return real, n, nil
}

// Stat implements Reader.
func (f *Fake) Stat(p string) (Info, error) { return f.stat("stat", p, true) }

// Lstat implements Reader.
func (f *Fake) Lstat(p string) (Info, error) { return f.stat("lstat", p, false) }

func (f *Fake) stat(op, p string, follow bool) (Info, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, n, err := f.get(op, p, follow)
	if err != nil {
		return Info{}, err
	}
	i := n.info
	i.Name = path.Base(p)
	return i, nil
}

// ReadFile implements Reader.
func (f *Fake) ReadFile(p string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, n, err := f.get("open", p, true)
	if err != nil {
		return nil, err
	}
	if n.info.IsDir() {
		return nil, fail("read", p, syscall.EISDIR)
	}
	return bytes.Clone(n.content), nil
}

// Open implements Reader.
func (f *Fake) Open(p string) (io.ReadCloser, error) {
	b, err := f.ReadFile(p)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

// dirEntry is an Info as fs.DirEntry.
type dirEntry struct{ i Info }

func (d dirEntry) Name() string               { return d.i.Name }
func (d dirEntry) IsDir() bool                { return d.i.IsDir() }
func (d dirEntry) Type() fs.FileMode          { return d.i.Mode.Type() }
func (d dirEntry) Info() (fs.FileInfo, error) { return fileInfo{d.i}, nil }

type fileInfo struct{ i Info }

func (i fileInfo) Name() string       { return i.i.Name }
func (i fileInfo) Size() int64        { return i.i.Size }
func (i fileInfo) Mode() fs.FileMode  { return i.i.Mode }
func (i fileInfo) ModTime() time.Time { return i.i.ModTime }
func (i fileInfo) IsDir() bool        { return i.i.IsDir() }
func (i fileInfo) Sys() any           { return nil }

// ReadDir implements Reader.
func (f *Fake) ReadDir(p string) ([]fs.DirEntry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	real, n, err := f.get("open", p, true)
	if err != nil {
		return nil, err
	}
	if !n.info.IsDir() {
		return nil, fail("readdirent", p, syscall.ENOTDIR)
	}
	var out []fs.DirEntry
	for q, n := range f.nodes {
		if q != "/" && path.Dir(q) == real {
			i := n.info
			i.Name = path.Base(q)
			out = append(out, dirEntry{i})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name() < out[j].Name() })
	return out, nil
}

// ScanDir implements Reader: the order of a fake's directories is by name.
func (f *Fake) ScanDir(p string) ([]fs.DirEntry, error) { return f.ReadDir(p) }

// Readlink implements Reader.
func (f *Fake) Readlink(p string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, n, err := f.get("readlink", p, false)
	if err != nil {
		return "", err
	}
	if !n.info.IsLink() {
		return "", fail("readlink", p, syscall.EINVAL)
	}
	return n.link, nil
}

// Xattr implements Reader.
func (f *Fake) Xattr(p, name string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, n, err := f.get("getxattr", p, false)
	if err != nil {
		return nil, err
	}
	return n.xattrs[name], nil
}

// ListXattr implements Reader.
func (f *Fake) ListXattr(p string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, n, err := f.get("listxattr", p, false)
	if err != nil {
		return nil, err
	}
	var out []string
	for k := range n.xattrs {
		out = append(out, k)
	}
	slices.Sort(out)
	return out, nil
}

// Attrs implements Reader.
func (f *Fake) Attrs(p string) (uint32, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, n, err := f.get("lsattr", p, true)
	if err != nil {
		return 0, false, err
	}
	return n.attrs, true, nil
}

// StatFS implements Reader: every file system of a fake has 1 GiB, half free.
func (f *Fake) StatFS(p string) (FSInfo, error) {
	if _, err := f.Stat(p); err != nil {
		return FSInfo{}, err
	}
	return FSInfo{BlockSize: 4096, FragSize: 4096, Blocks: 1 << 18, BlocksFree: 1 << 17, BlocksAvail: 1 << 17,
		Files: 1 << 16, FilesFree: 1 << 15, FilesAvail: 1 << 15, NameMax: 255}, nil
}

// LookPath implements Reader.
func (f *Fake) LookPath(name string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.Programs[name]; p != "" {
		return p
	}
	for _, d := range strings.Split(f.Env["PATH"], ":") {
		if n := f.nodes[path.Join(d, name)]; n != nil && n.info.IsRegular() && n.info.Mode&0o111 != 0 {
			return path.Join(d, name)
		}
	}
	for argv := range f.Commands {
		first, _, _ := strings.Cut(argv, " ")
		if first == name || path.Base(first) == name {
			return path.Join("/usr/bin", name)
		}
	}
	return ""
}

// Query implements Reader.
func (f *Fake) Query(ctx context.Context, cmd Cmd) (Output, error) {
	if err := CheckQuery(cmd); err != nil {
		return Output{}, err
	}
	return f.command(ctx, cmd)
}

func (f *Fake) command(ctx context.Context, cmd Cmd) (Output, error) {
	if err := ctx.Err(); err != nil {
		return Output{}, err
	}
	if f.OnRun != nil {
		if out, ok, err := f.OnRun(cmd); ok || err != nil {
			return out, err
		}
	}
	argv := slices.Clone(cmd.Argv)
	for range 2 {
		if out, ok := f.Commands[strings.Join(argv, " ")]; ok {
			return out, nil
		}
		if out, ok := f.Commands[argv[0]]; ok {
			return out, nil
		}
		argv[0] = path.Base(argv[0])
	}
	return Output{Code: 127}, fail("exec", cmd.Argv[0], syscall.ENOENT)
}

// Run implements Writer.
func (f *Fake) Run(ctx context.Context, cmd Cmd) (Output, error) {
	f.mu.Lock()
	f.note("run", strings.Join(cmd.Argv, " "))
	f.mu.Unlock()
	out, err := f.command(ctx, cmd)
	if cmd.Tee != nil {
		for _, b := range [][]byte{out.Stdout, out.Stderr} {
			if _, werr := cmd.Tee.Write(b); werr != nil && err == nil {
				err = werr
			}
		}
	}
	return out, err
}

// User implements Reader.
func (f *Fake) User(name string) (User, bool) {
	i := slices.IndexFunc(f.UserList, func(u User) bool { return u.Name == name })
	if i < 0 {
		return User{}, false
	}
	return f.UserList[i], true
}

// UserID implements Reader.
func (f *Fake) UserID(uid int) (User, bool) {
	i := slices.IndexFunc(f.UserList, func(u User) bool { return u.UID == uid })
	if i < 0 {
		return User{}, false
	}
	return f.UserList[i], true
}

// Users implements Reader.
func (f *Fake) Users() ([]User, error) { return slices.Clone(f.UserList), nil }

// Group implements Reader.
func (f *Fake) Group(name string) (Group, bool) {
	i := slices.IndexFunc(f.GroupList, func(g Group) bool { return g.Name == name })
	if i < 0 {
		return Group{}, false
	}
	return f.GroupList[i], true
}

// GroupID implements Reader.
func (f *Fake) GroupID(gid int) (Group, bool) {
	i := slices.IndexFunc(f.GroupList, func(g Group) bool { return g.GID == gid })
	if i < 0 {
		return Group{}, false
	}
	return f.GroupList[i], true
}

// Groups implements Reader.
func (f *Fake) Groups() ([]Group, error) { return slices.Clone(f.GroupList), nil }

// Environ implements Reader.
func (f *Fake) Environ() []string { return environList(f.Env) }

// Getenv implements Reader.
func (f *Fake) Getenv(name string) string { return f.Env[name] }

// Getuid implements Reader.
func (f *Fake) Getuid() int { return f.UID }

// Umask implements Reader.
func (f *Fake) Umask() int { return 0o022 }

// Now implements Reader.
func (f *Fake) Now() time.Time {
	if f.Clock.IsZero() {
		return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	}
	return f.Clock
}
