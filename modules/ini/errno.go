package ini

import (
	"errors"
	"syscall"
)

// errno finds the system's number of an error.
func errno(err error) (int, bool) {
	var n syscall.Errno
	if errors.As(err, &n) {
		return int(n), true
	}
	return 0, false
}
