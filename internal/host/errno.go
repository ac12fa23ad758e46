package host

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
)

// Errno returns the system's error number behind err.
func Errno(err error) (syscall.Errno, bool) {
	var no syscall.Errno
	if errors.As(err, &no) {
		return no, true
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return syscall.ENOENT, true
	case errors.Is(err, fs.ErrExist):
		return syscall.EEXIST, true
	case errors.Is(err, fs.ErrPermission):
		return syscall.EACCES, true
	}
	return 0, false
}

// Strerror is the C library's text of an error number. Go's differs only in
// the first letter.
func Strerror(no syscall.Errno) string {
	s := no.Error()
	if s == "" {
		return fmt.Sprintf("Unknown error %d", int(no))
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
