package file

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"syscall"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
)

// status is what Salt's file.stats says of a file.
type status struct {
	host.Info
	user, group py.Value // names, or numbers where there is no name
	mode        string   // four octal digits
	target      string
}

// stats looks at a file. A dangling link is described itself. The error is
// Salt's.
func stats(r host.Reader, p string, follow bool) (status, error) {
	p = expandUser(r, p)
	info, err := r.Lstat(p)
	if err != nil {
		return status{}, execError("Path not found: " + p)
	}
	s := status{target: pypath.Norm(p)}
	if follow {
		if i, err := r.Stat(p); err == nil {
			info = i
		}
		s.target = realPath(r, p)
	}
	s.Info = info
	s.user, s.group = userName(r, info.UID), groupName(r, info.GID)
	s.mode = octal(info.Perm())
	return s, nil
}

// octal writes permission bits as Salt does: four digits, five never.
func octal(perm uint32) string { return fmt.Sprintf("%04o", perm) }

// kind is the "type" of file.stats.
func (s status) kind() string {
	switch m := s.Mode; {
	case m.IsDir():
		return "dir"
	case m&fs.ModeCharDevice != 0:
		return "char"
	case m&fs.ModeDevice != 0:
		return "block"
	case m&fs.ModeSymlink != 0:
		return "link"
	case m&fs.ModeNamedPipe != 0:
		return "pipe"
	case m&fs.ModeSocket != 0:
		return "socket"
	}
	return "file"
}

// hasUser says whether the file belongs to a user given by name or number.
func (s status) hasUser(u py.Value) bool { return same(u, s.user) || same(u, py.Int(s.UID)) }

// hasGroup says whether the file belongs to a group given by name or number.
func (s status) hasGroup(g py.Value) bool { return same(g, s.group) || same(g, py.Int(s.GID)) }

// normalizeMode writes a mode argument as four octal digits ("" for None), as
// Salt does: 644, "0644", "0o644" and '"644"' are one mode.
func normalizeMode(v py.Value) string {
	if py.IsNone(v) {
		return ""
	}
	s := strings.ReplaceAll(py.ToStr(v), "0o", "0")
	s = strings.Trim(strings.Trim(s, `"`), "'")
	s = strings.TrimLeft(s, "0")
	for len(s) < 4 {
		s = "0" + s
	}
	return s
}

// parseMode reads a normalized mode.
func parseMode(mode string) (fs.FileMode, bool) {
	n, err := strconv.ParseUint(strings.TrimLeft(mode, "0Oo"), 8, 32)
	if strings.TrimLeft(mode, "0Oo") == "" {
		n, err = 0, nil
	}
	if err != nil || n > 0o7777 {
		return 0, false
	}
	return host.GoPerm(uint32(n)), true
}

// sysMode is st_mode.
func sysMode(i host.Info) uint32 {
	m := i.Perm()
	switch t := i.Mode.Type(); {
	case t == 0:
		return m | syscall.S_IFREG
	case t&fs.ModeDir != 0:
		return m | syscall.S_IFDIR
	case t&fs.ModeSymlink != 0:
		return m | syscall.S_IFLNK
	case t&fs.ModeCharDevice != 0:
		return m | syscall.S_IFCHR
	case t&fs.ModeDevice != 0:
		return m | syscall.S_IFBLK
	case t&fs.ModeNamedPipe != 0:
		return m | syscall.S_IFIFO
	case t&fs.ModeSocket != 0:
		return m | syscall.S_IFSOCK
	}
	return m
}

// dirModeFor is the mode of directories made for a file of a mode: what may
// be read may be searched.
func dirModeFor(mode string) string {
	if len(mode) > 3 {
		mode = mode[len(mode)-3:]
	}
	b := []byte(mode)
	for i := range b {
		if b[i] != '0' {
			b[i] |= 1
		}
	}
	return string(b)
}
