//go:build unix

package run

import (
	"math/rand/v2"
	"syscall"
)

// umask sets the process's file mode mask and returns what puts it back. It
// is the whole process's: parallel states share it, as threads do in Salt.
func umask(mask int) (restore func()) {
	old := syscall.Umask(mask)
	return func() { syscall.Umask(old) }
}

func splay(most int64) int64 {
	if most <= 0 {
		return 0
	}
	return rand.Int64N(most + 1)
}
