package gitfs

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"pinch/internal/fileserver"
)

// Disk shows trees of commits as directories. It implements fileserver.Disk
// and is immutable once it is used.
type Disk struct{ mounts []mount }

// mount is a tree at a path.
type mount struct {
	at   string
	tree *Tree
	// link makes one symbolic link of the path instead of a tree.
	link string
}

// NewDisk returns a disk without anything.
func NewDisk() *Disk { return &Disk{} }

// Mount puts a tree at a clean path. It may lie inside of another tree.
func (d *Disk) Mount(at string, t *Tree) { d.add(mount{at: at, tree: t}) }

// symlink puts a link to another path of the disk at a path.
func (d *Disk) symlink(at, to string) { d.add(mount{at: at, link: to}) }

// add keeps the longest paths first: the innermost mount counts.
func (d *Disk) add(m mount) {
	d.mounts = append(d.mounts, m)
	slices.SortStableFunc(d.mounts, func(a, b mount) int { return len(b.at) - len(a.at) })
}

// maxLinks is how many symbolic links a path may lead through.
const maxLinks = 40

// place is where a path led: a node of a tree, or a directory above mounts.
type place struct {
	path string // without links
	tree *Tree
	node *node
	link string // of a link that was not followed
	dirs []string
}

// isDir says that it is a directory. A submodule is an empty one, as in a
// checkout without submodules.
func (p *place) isDir() bool {
	if p.node == nil {
		return p.link == ""
	}
	return p.node.isDir() || p.node.mode == modeGitlink
}

func (p *place) isLink() bool {
	if p.node == nil {
		return p.link != ""
	}
	return p.node.isLink()
}

// lookup walks a path. With follow a link at its end is followed, too.
func (d *Disk) lookup(op, name string, follow bool) (*place, error) {
	fail := func(err error) (*place, error) { return nil, &fs.PathError{Op: op, Path: name, Err: err} }
	rest := strings.Split(strings.TrimPrefix(name, "/"), "/")
	at, links := "", 0
	if strings.HasPrefix(name, "/") {
		at = "/"
	}
	cur := d.at(at)
	for len(rest) > 0 {
		step := rest[0]
		rest = rest[1:]
		switch step {
		case "", ".":
			continue
		case "..":
			at = path.Dir(at)
			if cur = d.at(at); cur == nil {
				return fail(fs.ErrNotExist)
			}
			continue
		}
		if cur != nil && !cur.isDir() {
			return fail(syscall.ENOTDIR)
		}
		next := path.Join(at, step)
		p := d.at(next)
		if p == nil {
			return fail(fs.ErrNotExist)
		}
		if p.isLink() && (follow || len(rest) > 0) {
			if links++; links > maxLinks {
				return fail(syscall.ELOOP)
			}
			to, abs, err := p.target()
			if err != nil {
				return fail(err)
			}
			rest = append(strings.Split(to, "/"), rest...)
			if abs {
				at = ""
				if strings.HasPrefix(to, "/") {
					at = "/"
				}
				cur = d.at(at)
			}
			continue
		}
		at, cur = next, p
	}
	if cur == nil {
		return fail(fs.ErrNotExist)
	}
	return cur, nil
}

// target returns what a link says and whether it counts from the disk's root.
func (p *place) target() (to string, abs bool, err error) {
	if p.tree == nil {
		return p.link, true, nil
	}
	to, err = p.tree.readlink(p.node)
	return to, strings.HasPrefix(to, "/"), err
}

// at returns what stands at a path that has no links in it, nil for nothing.
func (d *Disk) at(name string) *place {
	var dirs []string
	above := false
	for i := range d.mounts {
		m := &d.mounts[i]
		if m.at == name && m.link != "" {
			return &place{path: name, link: m.link}
		}
		if rel, ok := below(m.at, name); ok && m.tree != nil {
			n, ok := m.tree.nodes[rel]
			if !ok {
				return nil
			}
			return &place{path: name, tree: m.tree, node: n}
		}
		if rel, ok := below(name, m.at); ok && rel != "" {
			first, _, _ := strings.Cut(rel, "/")
			dirs, above = append(dirs, first), true
		}
	}
	if !above {
		return nil
	}
	return &place{path: name, dirs: dirs}
}

// below returns the path of name relative to dir when it lies there.
func below(dir, name string) (string, bool) {
	switch {
	case dir == name:
		return "", true
	case dir == "":
		return name, !strings.HasPrefix(name, "/")
	case dir == "/":
		return strings.CutPrefix(name, "/")
	}
	return strings.CutPrefix(name, dir+"/")
}

// Stat implements fileserver.Disk.
func (d *Disk) Stat(name string) (fs.FileInfo, error) {
	p, err := d.lookup("stat", name, true)
	if err != nil {
		return nil, err
	}
	return info{path.Base(name), p}, nil
}

// ReadDir implements fileserver.Disk.
func (d *Disk) ReadDir(name string) ([]fs.DirEntry, error) {
	p, err := d.lookup("open", name, true)
	if err != nil {
		return nil, err
	}
	if !p.isDir() {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: syscall.ENOTDIR}
	}
	names := p.dirs
	if p.node != nil {
		names = p.node.children
	}
	var out []fs.DirEntry
	for _, n := range names {
		if c := d.at(path.Join(p.path, n)); c != nil {
			out = append(out, fs.FileInfoToDirEntry(info{n, c}))
		}
	}
	return out, nil
}

// Readlink implements fileserver.Disk.
func (d *Disk) Readlink(name string) (string, error) {
	p, err := d.lookup("readlink", name, false)
	if err != nil {
		return "", err
	}
	if !p.isLink() {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: syscall.EINVAL}
	}
	to, _, err := p.target()
	return to, err
}

// Real implements fileserver.Disk.
func (d *Disk) Real(name string) (string, error) {
	p, err := d.lookup("lstat", name, true)
	if err != nil {
		return "", err
	}
	return p.path, nil
}

// Open implements fileserver.Disk.
func (d *Disk) Open(name string) (fileserver.Content, error) {
	p, err := d.lookup("open", name, true)
	if err != nil {
		return nil, err
	}
	if p.node == nil || !p.node.isFile() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EISDIR}
	}
	c, err := p.tree.open(p.node)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return c, nil
}

// info describes a place as package os would a file.
type info struct {
	name string
	p    *place
}

func (i info) Name() string       { return i.name }
func (i info) IsDir() bool        { return i.p.isDir() }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) Sys() any           { return nil }

func (i info) Size() int64 {
	if i.p.node == nil {
		return 0
	}
	return i.p.node.size
}

func (i info) Mode() fs.FileMode {
	switch {
	case i.p.isLink():
		return fs.ModeSymlink | 0o777
	case i.p.isDir():
		return fs.ModeDir | 0o755
	case i.p.node.mode == modeExec:
		return 0o755
	}
	return 0o644
}

var _ fileserver.Disk = (*Disk)(nil)
