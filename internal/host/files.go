package host

import (
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// Stat implements Reader.
func (l *Local) Stat(path string) (Info, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return Info{}, err
	}
	return infoOf(fi), nil
}

// Lstat implements Reader.
func (l *Local) Lstat(path string) (Info, error) {
	fi, err := os.Lstat(path)
	if err != nil {
		return Info{}, err
	}
	return infoOf(fi), nil
}

func infoOf(fi fs.FileInfo) Info {
	i := Info{Name: fi.Name(), Size: fi.Size(), Mode: fi.Mode(), ModTime: fi.ModTime()}
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		i.UID, i.GID = int(st.Uid), int(st.Gid)
		fillInfo(&i, st)
	}
	return i
}

// ReadFile implements Reader.
func (l *Local) ReadFile(path string) ([]byte, error) { return os.ReadFile(path) }

// Open implements Reader.
func (l *Local) Open(path string) (io.ReadCloser, error) { return os.Open(path) }

// ReadDir implements Reader.
func (l *Local) ReadDir(path string) ([]fs.DirEntry, error) { return os.ReadDir(path) }

// ScanDir implements Reader.
func (l *Local) ScanDir(path string) ([]fs.DirEntry, error) {
	d, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	entries, err := d.ReadDir(-1)
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return entries, err
}

// Readlink implements Reader.
func (l *Local) Readlink(path string) (string, error) { return os.Readlink(path) }

// Mkdir implements Writer.
func (l *Local) Mkdir(path string, mode fs.FileMode) error { return os.Mkdir(path, mode) }

// MkdirAll implements Writer.
func (l *Local) MkdirAll(path string, mode fs.FileMode) error { return os.MkdirAll(path, mode) }

// Remove implements Writer.
func (l *Local) Remove(path string) error { return os.Remove(path) }

// RemoveAll implements Writer.
func (l *Local) RemoveAll(path string) error { return os.RemoveAll(path) }

// Rename implements Writer.
func (l *Local) Rename(oldPath, newPath string) error { return os.Rename(oldPath, newPath) }

// Symlink implements Writer.
func (l *Local) Symlink(target, path string) error { return os.Symlink(target, path) }

// Link implements Writer.
func (l *Local) Link(oldPath, newPath string) error { return os.Link(oldPath, newPath) }

// Chmod implements Writer.
func (l *Local) Chmod(path string, mode fs.FileMode) error { return os.Chmod(path, mode) }

// Chown implements Writer.
func (l *Local) Chown(path string, uid, gid int) error { return os.Chown(path, uid, gid) }

// Lchown implements Writer.
func (l *Local) Lchown(path string, uid, gid int) error { return os.Lchown(path, uid, gid) }

// Chtimes implements Writer.
func (l *Local) Chtimes(path string, atime, mtime time.Time) error {
	return os.Chtimes(path, atime, mtime)
}

// Kill implements Writer.
func (l *Local) Kill(pid int, signal int) error {
	if err := syscall.Kill(pid, syscall.Signal(signal)); err != nil {
		return os.NewSyscallError("kill", err)
	}
	return nil
}
