package host

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func fillInfo(i *Info, st *syscall.Stat_t) {
	i.AccTime = time.Unix(int64(st.Atim.Sec), int64(st.Atim.Nsec))
	i.ChgTime = time.Unix(int64(st.Ctim.Sec), int64(st.Ctim.Nsec))
	i.Inode, i.Dev = uint64(st.Ino), uint64(st.Dev)
	i.Nlink, i.Rdev = uint64(st.Nlink), uint64(st.Rdev)
}

func noXattr(err error) bool {
	return errors.Is(err, unix.ENODATA) || errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EOPNOTSUPP)
}

// Attrs implements Reader.
func (l *Local) Attrs(path string) (flags uint32, ok bool, err error) {
	f, err := openForFlags(path)
	if err != nil {
		if errors.Is(err, errNoFlags) {
			return 0, false, nil
		}
		return 0, false, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	n, err := unix.IoctlGetInt(int(f.Fd()), unix.FS_IOC_GETFLAGS)
	if errors.Is(err, unix.ENOTTY) || errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, &fs.PathError{Op: "lsattr", Path: path, Err: err}
	}
	return uint32(n), true, nil
}

// SetAttrs implements Writer.
func (l *Local) SetAttrs(path string, flags uint32) error {
	f, err := openForFlags(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // nothing was written
	if err := unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, int(flags)); err != nil {
		return &fs.PathError{Op: "chattr", Path: path, Err: err}
	}
	return nil
}

var errNoFlags = errors.New("attributes are for files and directories only")

// openForFlags opens a file or directory without touching a device behind it.
func openForFlags(path string) (*os.File, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() && !fi.IsDir() {
		return nil, &fs.PathError{Op: "chattr", Path: path, Err: errNoFlags}
	}
	return os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
}

// Mknod implements Writer.
func (l *Local) Mknod(path string, mode fs.FileMode, major, minor uint32) error {
	m, err := nodeMode(path, mode)
	if err != nil {
		return err
	}
	if err := unix.Mknod(path, m, int(unix.Mkdev(major, minor))); err != nil {
		return &fs.PathError{Op: "mknod", Path: path, Err: err}
	}
	return nil
}

// Umask implements Reader. It is read from /proc because umask(2) can only be
// asked by setting it, which every goroutine would see.
func (l *Local) Umask() int {
	data, err := os.ReadFile("/proc/self/status")
	if err == nil {
		for line := range strings.Lines(string(data)) {
			if v, ok := strings.CutPrefix(line, "Umask:"); ok {
				if m, err := strconv.ParseInt(strings.TrimSpace(v), 8, 32); err == nil {
					return int(m)
				}
			}
		}
	}
	m := syscall.Umask(0o022)
	syscall.Umask(m)
	return m
}

// procAttr makes a child die with the shim.
func procAttr(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }

func lookupUser(*Local, string) (User, bool) { return User{}, false }

func lookupGroup(*Local, string) (Group, bool) { return Group{}, false }

// inheritNothing keeps files that this process was started with from the
// commands it runs: lvm, for one, complains of them in its output. A kernel
// before 5.11 does not know the flag, and they stay open there.
func inheritNothing() {
	_ = unix.CloseRange(3, math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC)
}
