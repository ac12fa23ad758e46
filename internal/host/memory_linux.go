package host

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// memoryFile is a file that is in memory only, at its beginning; uid owns it
// and alone may read it. uid -1 is the process's own.
func memoryFile(content []byte, uid int) (*os.File, error) {
	fd, err := unix.MemfdCreate("pinch", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("a file in memory: %w", err)
	}
	f := os.NewFile(uintptr(fd), "memory")
	fail := func(err error) (*os.File, error) {
		_ = f.Close() // nobody has it
		return nil, fmt.Errorf("a file in memory: %w", err)
	}
	if _, err := f.Write(content); err != nil {
		return fail(err)
	}
	if _, err := f.Seek(0, 0); err != nil {
		return fail(err)
	}
	if err := f.Chmod(0o600); err != nil {
		return fail(err)
	}
	if uid >= 0 {
		if err := f.Chown(uid, -1); err != nil {
			return fail(err)
		}
	}
	return f, nil
}
