//go:build freebsd || darwin

package host

import (
	"errors"
	"io/fs"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Attrs implements Reader. The flags of chattr are Linux's.
func (l *Local) Attrs(path string) (flags uint32, ok bool, err error) {
	_, err = l.Stat(path)
	return 0, false, err
}

// SetAttrs implements Writer.
func (l *Local) SetAttrs(path string, _ uint32) error {
	return &fs.PathError{Op: "chattr", Path: path, Err: errors.ErrUnsupported}
}

// procAttr: there is no parent death signal here; the run's end kills groups.
func procAttr(*syscall.SysProcAttr) {}

func fillTimes(i *Info, atime, ctime syscall.Timespec) {
	i.AccTime = time.Unix(int64(atime.Sec), int64(atime.Nsec))
	i.ChgTime = time.Unix(int64(ctime.Sec), int64(ctime.Nsec))
}

func mkdev(major, minor uint32) uint64 { return unix.Mkdev(major, minor) }

// Umask implements Reader.
func (l *Local) Umask() int {
	m := syscall.Umask(0o022)
	syscall.Umask(m)
	return m
}

// inheritNothing has nothing to do: no program here complains of open files.
func inheritNothing() {}
