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
	frag := int64(st.Frsize)
	if frag == 0 {
		frag = int64(st.Bsize)
	}
	// statvfs(3) knows the flags only up to ST_SYNCHRONOUS and its like.
	return FSInfo{BlockSize: int64(st.Bsize), FragSize: frag, Blocks: st.Blocks, BlocksFree: st.Bfree, BlocksAvail: st.Bavail,
		Files: st.Files, FilesFree: st.Ffree, FilesAvail: st.Ffree, Flags: uint64(st.Flags) &^ 0x20, NameMax: uint64(st.Namelen)}, nil
}
