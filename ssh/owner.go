//go:build unix

package ssh

import (
	"io/fs"
	"os"
	"syscall"
)

// ownedByUs says whether a file belongs to this user.
func ownedByUs(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Getuid()
}
