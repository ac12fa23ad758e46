package host

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// tempPrefix begins the names of temporary files beside their targets. It is
// hidden, so that a program which reads a whole conf.d directory skips it.
const tempPrefix = ".pinch.tmp."

// WriteFile implements Writer. Either the whole new content is there with its
// owner, mode and label, or the old file is untouched; the exceptions are files
// that cannot be replaced (bind mounts) and KeepLinks, which are written in
// place.
func (l *Local) WriteFile(path string, content io.Reader, o WriteOptions) error {
	if !o.NoFollow {
		real, err := Realpath(l, path)
		if err != nil {
			return err
		}
		path = real
	}
	old, err := l.Lstat(path)
	exists := err == nil
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case old.IsDir():
		return &fs.PathError{Op: "write", Path: path, Err: syscall.EISDIR}
	case old.IsLink():
		exists = false // NoFollow: nothing of the link is kept
	case !old.IsRegular():
		return &fs.PathError{Op: "write", Path: path, Err: errors.New("is a device, pipe or socket, not a regular file")}
	}
	if exists && o.KeepLinks && (old.Nlink > 1 || os.Geteuid() != 0 && old.UID != os.Geteuid()) {
		return l.writeInPlace(path, content, o)
	}
	dir := filepath.Dir(path)
	if o.Dir != "" {
		dir = o.Dir
	}
	tmp, err := l.writeTemp(dir, path, exists, old, content, o)
	if errors.Is(err, errNoTemp) && exists && o.KeepLinks {
		return l.writeInPlace(path, content, o)
	}
	if err != nil {
		return err
	}
	err = os.Rename(tmp, path)
	if err == nil {
		return nil
	}
	defer func() { _ = os.Remove(tmp) }() // the rename's error counts
	switch {
	case errors.Is(err, syscall.EXDEV) && o.Dir != "":
		f, err := os.Open(tmp)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		o.Dir = ""
		return l.WriteFile(path, f, o)
	case errors.Is(err, syscall.EBUSY) && exists: // bind-mounted, as /etc/hosts in a container
		f, err := os.Open(tmp)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		return l.writeInPlace(path, f, o)
	}
	return &fs.PathError{Op: "write", Path: path, Err: cause(err)}
}

// errNoTemp says that a temporary file could not be made in a directory, of
// whose content nothing was read yet.
var errNoTemp = errors.New("no temporary file")

// noTempError is errNoTemp with its cause.
type noTempError struct{ fs.PathError }

// Is implements the interface of errors.Is.
func (e *noTempError) Is(target error) bool { return target == errNoTemp }

// Unwrap returns the error in the form that all file operations have.
func (e *noTempError) Unwrap() error { return &e.PathError }

// writeTemp writes a complete temporary file and returns its path. Nothing is
// left behind after an error.
func (l *Local) writeTemp(dir, path string, exists bool, old Info, content io.Reader, o WriteOptions) (tmp string, err error) {
	f, err := os.CreateTemp(dir, tempPrefix+"*")
	if err != nil {
		return "", &noTempError{fs.PathError{Op: "write", Path: path, Err: cause(err)}}
	}
	tmp = f.Name()
	defer func() {
		if err != nil {
			_ = f.Close() // err is the first error
			_ = os.Remove(tmp)
			err = &fs.PathError{Op: "write", Path: path, Err: cause(err)}
		}
	}()
	if _, err = io.Copy(f, content); err != nil {
		return tmp, err
	}
	uid, gid := -1, -1
	mode := fs.FileMode(0o600)
	if exists {
		uid, gid, mode = old.UID, old.GID, old.Mode
	}
	if o.UID != nil {
		uid = *o.UID
	}
	if o.GID != nil {
		gid = *o.GID
	}
	if o.Mode != nil {
		mode = *o.Mode
	}
	st, err := f.Stat()
	if err != nil {
		return tmp, err
	}
	if is := infoOf(st); uid >= 0 && uid != is.UID || gid >= 0 && gid != is.GID {
		if err = f.Chown(uid, gid); err != nil {
			return tmp, fmt.Errorf("setting owner %d:%d: %w", uid, gid, cause(err))
		}
	}
	if exists {
		if err = l.copyXattrs(path, tmp); err != nil {
			return tmp, err
		}
	}
	if err = f.Chmod(mode & modeBits); err != nil {
		return tmp, err
	}
	if err = f.Sync(); err != nil {
		return tmp, err
	}
	return tmp, f.Close()
}

// modeBits are the bits that chmod sets.
const modeBits = fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky

// writeInPlace overwrites a file that must keep its inode.
func (l *Local) writeInPlace(path string, content io.Reader, o WriteOptions) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	if err == nil && (o.UID != nil || o.GID != nil) {
		err = f.Chown(orKeep(o.UID), orKeep(o.GID))
	}
	if err == nil && o.Mode != nil {
		err = f.Chmod(*o.Mode & modeBits)
	}
	if err == nil {
		if err = f.Sync(); errors.Is(err, syscall.EINVAL) {
			err = nil // files of /proc and /sys have nothing to sync
		}
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return &fs.PathError{Op: "write", Path: path, Err: cause(err)}
	}
	return nil
}

func orKeep(id *int) int {
	if id == nil {
		return -1
	}
	return *id
}

// copyXattrs gives a temporary file the extended attributes (security label,
// ACLs) of the file that it replaces. Those that the kernel itself drops or
// renews when content changes are left out.
func (l *Local) copyXattrs(from, to string) error {
	names, err := l.ListXattr(from)
	if err != nil {
		return err
	}
	for _, n := range names {
		switch n {
		case "security.capability", "security.ima", "security.evm":
			continue
		}
		v, err := l.Xattr(from, n)
		if err != nil {
			return err
		}
		if v == nil {
			continue
		}
		if err := l.SetXattr(to, n, v); err != nil {
			if now, e := l.Xattr(to, n); e == nil && string(now) == string(v) {
				continue // inherited already
			}
			if strings.HasPrefix(n, "user.") || n == "security.selinux" || strings.HasPrefix(n, "system.posix_acl") {
				return fmt.Errorf("keeping the extended attribute %s: %w", n, cause(err))
			}
		}
	}
	return nil
}

// cause strips the path that an error of the temporary file carries: the
// caller names the path that its user knows.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return le.Err
	}
	var se *os.SyscallError
	if errors.As(err, &se) {
		return se.Err
	}
	return err
}
