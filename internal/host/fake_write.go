package host

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"syscall"
	"time"
)

// WriteFile implements Writer.
func (f *Fake) WriteFile(p string, content io.Reader, o WriteOptions) error {
	data, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	real, err := f.resolve("write", p, !o.NoFollow)
	if err != nil {
		return err
	}
	parent := f.nodes[path.Dir(real)]
	if parent == nil {
		return fail("write", p, syscall.ENOENT)
	}
	old := f.nodes[real]
	if old != nil && old.info.IsDir() {
		return fail("write", p, syscall.EISDIR)
	}
	if old != nil && old.attrs&(FlagImmutable|FlagAppend) != 0 || parent.attrs&FlagImmutable != 0 {
		return fail("write", p, syscall.EPERM)
	}
	f.note("write", real)
	n := f.node(real, 0o600)
	if old != nil && !old.info.IsLink() {
		n.info.Mode, n.info.UID, n.info.GID, n.xattrs = old.info.Mode, old.info.UID, old.info.GID, old.xattrs
	}
	if o.Mode != nil {
		n.info.Mode = *o.Mode & modeBits
	}
	if o.UID != nil {
		n.info.UID = *o.UID
	}
	if o.GID != nil {
		n.info.GID = *o.GID
	}
	n.content, n.info.Size = data, int64(len(data))
	f.nodes[real] = n
	return nil
}

// create puts a new node at a path whose parent must be a directory.
func (f *Fake) create(op, p string, n *fakeNode) error {
	real, err := f.resolve(op, p, false)
	if err != nil {
		return err
	}
	if f.nodes[real] != nil {
		return fail(op, p, syscall.EEXIST)
	}
	if f.nodes[path.Dir(real)] == nil {
		return fail(op, p, syscall.ENOENT)
	}
	n.info.Name = path.Base(real)
	f.nodes[real] = n
	return nil
}

// Mkdir implements Writer.
func (f *Fake) Mkdir(p string, mode fs.FileMode) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.note("mkdir", p)
	return f.create("mkdir", p, f.node(p, fs.ModeDir|mode&modeBits&^0o022))
}

// MkdirAll implements Writer.
func (f *Fake) MkdirAll(p string, mode fs.FileMode) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.note("mkdir -p", p)
	var todo []string
	for d := p; ; d = path.Dir(d) {
		_, n, err := f.get("mkdir", d, true)
		if err == nil {
			if !n.info.IsDir() {
				return fail("mkdir", d, syscall.ENOTDIR)
			}
			break
		}
		todo = append(todo, d)
	}
	for i := len(todo) - 1; i >= 0; i-- {
		if err := f.create("mkdir", todo[i], f.node(todo[i], fs.ModeDir|mode&modeBits&^0o022)); err != nil {
			return err
		}
	}
	return nil
}

// Remove implements Writer.
func (f *Fake) Remove(p string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	real, n, err := f.get("remove", p, false)
	if err != nil {
		return err
	}
	if n.info.IsDir() && len(f.below(real)) > 0 {
		return fail("remove", p, syscall.ENOTEMPTY)
	}
	if n.attrs&(FlagImmutable|FlagAppend) != 0 {
		return fail("remove", p, syscall.EPERM)
	}
	f.note("remove", real)
	delete(f.nodes, real)
	return nil
}

func (f *Fake) below(dir string) []string {
	var out []string
	for q := range f.nodes {
		if q != "/" && strings.HasPrefix(q, strings.TrimSuffix(dir, "/")+"/") {
			out = append(out, q)
		}
	}
	return out
}

// RemoveAll implements Writer.
func (f *Fake) RemoveAll(p string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	real, _, err := f.get("remove", p, false)
	if err != nil {
		return nil // as os.RemoveAll: nothing there is no error
	}
	f.note("remove -r", real)
	for _, q := range f.below(real) {
		delete(f.nodes, q)
	}
	delete(f.nodes, real)
	return nil
}

// Rename implements Writer.
func (f *Fake) Rename(oldPath, newPath string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	from, n, err := f.get("rename", oldPath, false)
	if err != nil {
		return err
	}
	to, err := f.resolve("rename", newPath, false)
	if err != nil {
		return err
	}
	if f.nodes[path.Dir(to)] == nil {
		return fail("rename", newPath, syscall.ENOENT)
	}
	if t := f.nodes[to]; t != nil && t.info.IsDir() && (!n.info.IsDir() || len(f.below(to)) > 0) {
		return fail("rename", newPath, syscall.EEXIST)
	}
	f.note("rename", from, to)
	for _, q := range f.below(from) {
		f.nodes[to+strings.TrimPrefix(q, from)] = f.nodes[q]
		delete(f.nodes, q)
	}
	delete(f.nodes, from)
	n.info.Name = path.Base(to)
	f.nodes[to] = n
	return nil
}

// Symlink implements Writer.
func (f *Fake) Symlink(target, p string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.node(p, fs.ModeSymlink|0o777)
	n.link, n.info.Size = target, int64(len(target))
	f.note("symlink", target, p)
	return f.create("symlink", p, n)
}

// Link implements Writer.
func (f *Fake) Link(oldPath, newPath string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, n, err := f.get("link", oldPath, false)
	if err != nil {
		return err
	}
	if n.info.IsDir() {
		return fail("link", oldPath, syscall.EPERM)
	}
	f.note("link", oldPath, newPath)
	n.info.Nlink++
	return f.create("link", newPath, n)
}

// change applies fn to the node behind a path.
func (f *Fake) change(op, p string, follow bool, fn func(n *fakeNode)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, n, err := f.get(op, p, follow)
	if err != nil {
		return err
	}
	if n.attrs&FlagImmutable != 0 && op != "chattr" {
		return fail(op, p, syscall.EPERM)
	}
	fn(n)
	return nil
}

// Chmod implements Writer.
func (f *Fake) Chmod(p string, mode fs.FileMode) error {
	return f.change("chmod", p, true, func(n *fakeNode) {
		f.note("chmod", p, fmt.Sprintf("%04o", UnixPerm(mode)))
		n.info.Mode = n.info.Mode&^modeBits | mode&modeBits
	})
}

// Chown implements Writer.
func (f *Fake) Chown(p string, uid, gid int) error { return f.chown("chown", p, uid, gid, true) }

// Lchown implements Writer.
func (f *Fake) Lchown(p string, uid, gid int) error { return f.chown("lchown", p, uid, gid, false) }

func (f *Fake) chown(op, p string, uid, gid int, follow bool) error {
	return f.change(op, p, follow, func(n *fakeNode) {
		f.note(op, p, uid, gid)
		if uid >= 0 {
			n.info.UID = uid
		}
		if gid >= 0 {
			n.info.GID = gid
		}
	})
}

// Chtimes implements Writer.
func (f *Fake) Chtimes(p string, atime, mtime time.Time) error {
	return f.change("chtimes", p, true, func(n *fakeNode) {
		f.note("chtimes", p)
		n.info.AccTime, n.info.ModTime = atime, mtime
	})
}

// SetXattr implements Writer.
func (f *Fake) SetXattr(p, name string, value []byte) error {
	return f.change("setxattr", p, false, func(n *fakeNode) {
		f.note("setxattr", p, name)
		if value == nil {
			delete(n.xattrs, name)
			return
		}
		if n.xattrs == nil {
			n.xattrs = map[string][]byte{}
		}
		n.xattrs[name] = value
	})
}

// SetAttrs implements Writer.
func (f *Fake) SetAttrs(p string, flags uint32) error {
	return f.change("chattr", p, true, func(n *fakeNode) {
		f.note("chattr", p, flags)
		n.attrs = flags
	})
}

// Mknod implements Writer.
func (f *Fake) Mknod(p string, mode fs.FileMode, major, minor uint32) error {
	if _, err := nodeMode(p, mode); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.node(p, mode)
	n.info.Rdev = uint64(major)<<8 | uint64(minor)
	f.note("mknod", p)
	return f.create("mknod", p, n)
}

// Setenv implements Writer.
func (f *Fake) Setenv(name, value string) error {
	f.note("setenv", name)
	f.Env[name] = value
	return nil
}

// Unsetenv implements Writer.
func (f *Fake) Unsetenv(name string) error {
	f.note("unsetenv", name)
	delete(f.Env, name)
	return nil
}

// Kill implements Writer.
func (f *Fake) Kill(pid int, signal int) error {
	f.note("kill", pid, signal)
	return nil
}

// TempFile implements Writer.
func (f *Fake) TempFile(dir, pattern string) (string, error) {
	return f.temp(dir, pattern, 0o600)
}

// TempDir implements Writer.
func (f *Fake) TempDir(dir, pattern string) (string, error) {
	return f.temp(dir, pattern, fs.ModeDir|0o700)
}

func (f *Fake) temp(dir, pattern string, mode fs.FileMode) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if dir == "" {
		dir = "/tmp"
	}
	n := f.node("x", mode)
	name := fmt.Sprint(n.info.Inode)
	if i := strings.LastIndexByte(pattern, '*'); i >= 0 {
		name = pattern[:i] + name + pattern[i+1:]
	} else {
		name = pattern + name
	}
	p := path.Join(dir, name)
	f.note("temp", p)
	return p, f.create("create", p, n)
}
