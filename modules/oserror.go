package modules

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"pinch/internal/host"
	"pinch/internal/py"
)

// OSErrorText is str() of the OSError that Python raises for err.
func OSErrorText(err error) string {
	no, ok := host.Errno(err)
	if !ok {
		return err.Error()
	}
	text := fmt.Sprintf("[Errno %d] %s", int(no), host.Strerror(no))
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

// OSError is an error of the system as Python raises it; others, and nil, are
// returned as they are.
func OSError(err error) error {
	no, ok := host.Errno(err)
	if err == nil || !ok {
		return err
	}
	class := "OSError"
	switch no {
	case syscall.ENOENT:
		class = "FileNotFoundError"
	case syscall.EACCES, syscall.EPERM:
		class = "PermissionError"
	case syscall.EISDIR:
		class = "IsADirectoryError"
	case syscall.ENOTDIR:
		class = "NotADirectoryError"
	case syscall.EEXIST:
		class = "FileExistsError"
	}
	return &py.Error{Class: class, Msg: OSErrorText(err), Err: err}
}

// WriteNew are the options to write a file as Python's open(path, "w") does: a
// new one gets the mode that the umask leaves, an existing one keeps its own.
func WriteNew(h host.Reader, path string) host.WriteOptions {
	o := host.WriteOptions{KeepLinks: true}
	if _, err := h.Stat(path); err != nil {
		m := host.GoPerm(0o666 &^ uint32(h.Umask()))
		o.Mode = &m
	}
	return o
}
