package host

import (
	"errors"
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

func fillInfo(i *Info, st *syscall.Stat_t) {
	fillTimes(i, st.Atimespec, st.Ctimespec)
	i.Inode, i.Dev = uint64(st.Ino), uint64(st.Dev)
	i.Nlink, i.Rdev = uint64(st.Nlink), uint64(st.Rdev)
}

func noXattr(err error) bool {
	return errors.Is(err, unix.ENOATTR) || errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EPERM)
}

// Mknod implements Writer.
func (l *Local) Mknod(path string, mode fs.FileMode, major, minor uint32) error {
	m, err := nodeMode(path, mode)
	if err != nil {
		return err
	}
	if mode&fs.ModeNamedPipe != 0 {
		err = unix.Mkfifo(path, m&0o7777)
	} else {
		err = unix.Mknod(path, m, mkdev(major, minor))
	}
	if err != nil {
		return &fs.PathError{Op: "mknod", Path: path, Err: err}
	}
	return nil
}

func lookupUser(*Local, string) (User, bool) { return User{}, false }

func lookupGroup(*Local, string) (Group, bool) { return Group{}, false }
