package host

import (
	"errors"
	"io/fs"
	"os/user"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

func fillInfo(i *Info, st *syscall.Stat_t) {
	fillTimes(i, st.Atimespec, st.Ctimespec)
	i.Inode, i.Dev = st.Ino, uint64(st.Dev)
	i.Nlink, i.Rdev = uint64(st.Nlink), uint64(st.Rdev)
}

func noXattr(err error) bool {
	return errors.Is(err, unix.ENOATTR) || errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EPERM)
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
		err = unix.Mknod(path, m, int(mkdev(major, minor)))
	}
	if err != nil {
		return &fs.PathError{Op: "mknod", Path: path, Err: err}
	}
	return nil
}

// lookupUser asks the directory service, which holds macOS's accounts.
func lookupUser(_ *Local, key string) (User, bool) {
	u, err := user.Lookup(key)
	if _, aerr := strconv.Atoi(key); aerr == nil {
		u, err = user.LookupId(key)
	}
	if err != nil {
		return User{}, false
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	return User{Name: u.Username, Passwd: "*", UID: uid, GID: gid, Gecos: u.Name, Home: u.HomeDir, Shell: "/bin/zsh"}, err1 == nil && err2 == nil
}

// lookupGroup asks the directory service.
func lookupGroup(_ *Local, key string) (Group, bool) {
	g, err := user.LookupGroup(key)
	if _, aerr := strconv.Atoi(key); aerr == nil {
		g, err = user.LookupGroupId(key)
	}
	if err != nil {
		return Group{}, false
	}
	gid, err := strconv.Atoi(g.Gid)
	return Group{Name: g.Name, GID: gid}, err == nil
}
