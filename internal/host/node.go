package host

import (
	"io/fs"
	"syscall"
)

// nodeMode turns the mode of a node to be made into mknod(2)'s.
func nodeMode(path string, mode fs.FileMode) (uint32, error) {
	m := UnixPerm(mode)
	switch {
	case mode&fs.ModeNamedPipe != 0:
		return m | syscall.S_IFIFO, nil
	case mode&fs.ModeCharDevice != 0:
		return m | syscall.S_IFCHR, nil
	case mode&fs.ModeDevice != 0:
		return m | syscall.S_IFBLK, nil
	}
	return 0, &fs.PathError{Op: "mknod", Path: path, Err: fs.ErrInvalid}
}
