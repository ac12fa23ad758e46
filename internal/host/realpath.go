package host

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
)

// maxLinks is how many symbolic links one path may go through.
const maxLinks = 40

// Realpath resolves all symbolic links of an absolute path, as Python's
// os.path.realpath does: what does not exist is kept as it is written, so the
// target of a dangling link is found. A loop of links is an error.
func Realpath(r Reader, path string) (string, error) {
	links := 0
	done := "/"
	rest := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for len(rest) > 0 {
		name := rest[0]
		rest = rest[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			done = filepath.Dir(done)
			continue
		}
		next := filepath.Join(done, name)
		info, err := r.Lstat(next)
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, fs.ErrPermission) {
				done = next
				continue
			}
			return "", err
		}
		if !info.IsLink() {
			done = next
			continue
		}
		if links++; links > maxLinks {
			return "", &fs.PathError{Op: "realpath", Path: path, Err: syscall.ELOOP}
		}
		target, err := r.Readlink(next)
		if err != nil {
			return "", err
		}
		if strings.HasPrefix(target, "/") {
			done = "/"
		}
		rest = append(strings.Split(strings.TrimPrefix(target, "/"), "/"), rest...)
	}
	return done, nil
}
