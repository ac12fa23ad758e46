package file

import (
	"strings"

	"pinch/internal/host"
)

// The functions below are Python's os.path.

// expandUser is expanduser.
func expandUser(r host.Reader, p string) string {
	if !strings.HasPrefix(p, "~") {
		return p
	}
	name, rest, hasRest := strings.Cut(p[1:], "/")
	home := ""
	if name == "" {
		home = r.Getenv("HOME")
		if home == "" {
			u, ok := r.UserID(r.Getuid())
			if !ok {
				return p
			}
			home = u.Home
		}
	} else {
		u, ok := r.User(name)
		if !ok {
			return p
		}
		home = u.Home
	}
	home = strings.TrimRight(home, "/")
	if hasRest {
		home += "/" + rest
	}
	if home == "" {
		return "/"
	}
	return home
}

// expandVars is expandvars.
func expandVars(r host.Reader, p string) string {
	var b strings.Builder
	for i := 0; i < len(p); {
		if p[i] != '$' || i+1 == len(p) {
			b.WriteByte(p[i])
			i++
			continue
		}
		name, width := "", 0
		if p[i+1] == '{' {
			if j := strings.IndexByte(p[i:], '}'); j > 2 {
				name, width = p[i+2:i+j], j+1
			}
		} else {
			j := i + 1
			for j < len(p) && (p[j] == '_' || p[j] >= '0' && p[j] <= '9' || p[j]|0x20 >= 'a' && p[j]|0x20 <= 'z') {
				j++
			}
			name, width = p[i+1:j], j-i
		}
		if v := r.Getenv(name); name != "" && v != "" {
			b.WriteString(v)
			i += width
			continue
		}
		b.WriteByte('$')
		i++
	}
	return b.String()
}

func isAbs(p string) bool { return strings.HasPrefix(p, "/") }

func exists(r host.Reader, p string) bool {
	_, err := r.Stat(p)
	return err == nil
}

func lexists(r host.Reader, p string) bool {
	_, err := r.Lstat(p)
	return err == nil
}

func isDir(r host.Reader, p string) bool {
	i, err := r.Stat(p)
	return err == nil && i.IsDir()
}

func isFile(r host.Reader, p string) bool {
	i, err := r.Stat(p)
	return err == nil && i.IsRegular()
}

func isLink(r host.Reader, p string) bool {
	i, err := r.Lstat(p)
	return err == nil && i.IsLink()
}

// realPath is realpath: with a loop of links the path itself.
func realPath(r host.Reader, p string) string {
	real, err := host.Realpath(r, p)
	if err != nil {
		return p
	}
	return real
}
