//go:build freebsd || darwin

package host

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// StatFS implements Reader.
func (l *Local) StatFS(path string) (FSInfo, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return FSInfo{}, &fs.PathError{Op: "statfs", Path: path, Err: err}
	}
	return FSInfo{BlockSize: int64(st.Iosize), FragSize: int64(st.Bsize), Blocks: st.Blocks, BlocksFree: st.Bfree, BlocksAvail: uint64(max(int64(st.Bavail), 0)),
		Files: st.Files, FilesFree: uint64(st.Ffree), FilesAvail: uint64(st.Ffree), Flags: uint64(st.Flags), NameMax: 255}, nil
}
