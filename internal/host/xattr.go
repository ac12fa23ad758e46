package host

import (
	"errors"
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"
)

// Xattr implements Reader.
func (l *Local) Xattr(path, name string) ([]byte, error) {
	for size := 256; ; size *= 4 {
		buf := make([]byte, size)
		n, err := unix.Lgetxattr(path, name, buf)
		switch {
		case err == nil:
			return buf[:n], nil
		case errors.Is(err, unix.ERANGE) && size < 1<<20:
			continue
		case noXattr(err):
			return nil, nil
		}
		return nil, &fs.PathError{Op: "getxattr", Path: path, Err: err}
	}
}

// ListXattr implements Reader.
func (l *Local) ListXattr(path string) ([]string, error) {
	for size := 1024; ; size *= 4 {
		buf := make([]byte, size)
		n, err := unix.Llistxattr(path, buf)
		switch {
		case err == nil:
			if n == 0 {
				return nil, nil
			}
			return strings.Split(strings.TrimSuffix(string(buf[:n]), "\x00"), "\x00"), nil
		case errors.Is(err, unix.ERANGE) && size < 1<<20:
			continue
		case noXattr(err):
			return nil, nil
		}
		return nil, &fs.PathError{Op: "listxattr", Path: path, Err: err}
	}
}

// SetXattr implements Writer.
func (l *Local) SetXattr(path, name string, value []byte) error {
	var err error
	if value == nil {
		err = unix.Lremovexattr(path, name)
		if err != nil && noXattr(err) {
			return nil
		}
	} else {
		err = unix.Lsetxattr(path, name, value, 0)
	}
	if err != nil {
		return &fs.PathError{Op: "setxattr", Path: path, Err: err}
	}
	return nil
}
