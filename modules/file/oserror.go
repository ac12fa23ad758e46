package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// errnoOf returns the system's error number behind err.
func errnoOf(err error) (syscall.Errno, bool) {
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

// strerror is the C library's text of an error number. Go's differs only in
// the first letter.
func strerror(no syscall.Errno) string {
	s := no.Error()
	if s == "" {
		return fmt.Sprintf("Unknown error %d", int(no))
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// osError is str() of the OSError that Python raises for err.
func osError(err error) string {
	no, ok := errnoOf(err)
	if !ok {
		return err.Error()
	}
	text := fmt.Sprintf("[Errno %d] %s", int(no), strerror(no))
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case errors.As(err, &pe) && pe.Path != "":
		text += ": '" + pe.Path + "'"
	case errors.As(err, &le):
		text += ": '" + le.Old + "' -> '" + le.New + "'"
	}
	return text
}
