package archive

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// inside refuses names that lead out of the directory.
func inside(dir, name string) (string, error) {
	clean := path.Clean(strings.TrimLeft(name, "/"))
	if clean == ".." || strings.HasPrefix(clean, "../") {
		return "", fmt.Errorf("%s: refused: the name leads out of %s", name, dir)
	}
	return path.Join(dir, clean), nil
}

// extractor extracts an archive.
type extractor struct {
	w                 host.Writer
	file, format, dir string
	perms             bool   // of a zip archive's members
	password          string // of a zip archive
	excludes          []string
}

// extract writes the members into a directory and returns their names. No
// member is written through a link that leads out of it.
func (x *extractor) extract(ctx context.Context, c *modules.Call) (names []string, err error) {
	w, dir := x.w, x.dir
	root, err := host.Realpath(w, dir)
	if err != nil {
		return nil, err
	}
	type late struct {
		path string
		m    member
	}
	var dirs []late
	err = walk(ctx, c, w, x.file, x.format, x.password, func(m member, content io.Reader) error {
		if slices.Contains(x.excludes, m.name) {
			return nil
		}
		names = append(names, m.name)
		target, err := inside(dir, m.name)
		if err != nil {
			return err
		}
		parent, err := host.Realpath(w, path.Dir(target))
		if err != nil {
			return err
		}
		if target != path.Clean(dir) && parent != root && !strings.HasPrefix(parent, strings.TrimSuffix(root, "/")+"/") {
			return fmt.Errorf("%s: refused: a link of the path leads out of %s", m.name, dir)
		}
		if m.special {
			return fmt.Errorf("%s: refused: it is a device or a pipe", m.name)
		}
		if m.mode.IsDir() {
			dirs = append(dirs, late{target, m})
			return w.MkdirAll(target, 0o777)
		}
		if err := w.MkdirAll(path.Dir(target), 0o777); err != nil {
			return err
		}
		if fi, err := w.Lstat(target); err == nil {
			if x.format == "zip" && m.mode&fs.ModeSymlink != 0 { // as in Salt, which links without looking
				return fmt.Errorf("[Errno 17] File exists: %s -> %s", py.Repr(py.Bytes(m.link)), py.Repr(py.Str(target)))
			}
			if fi.IsDir() {
				return fmt.Errorf("%s: it is a directory", target)
			}
			if err := w.Remove(target); err != nil {
				return err
			}
		}
		switch {
		case m.mode&fs.ModeSymlink != 0:
			if err := w.Symlink(m.link, target); err != nil {
				return err
			}
		case m.hard:
			from, err := inside(dir, m.link)
			if err != nil {
				return err
			}
			return w.Link(from, target)
		default:
			mode := host.GoPerm(0o666 &^ uint32(w.Umask()))
			if err := w.WriteFile(target, content, host.WriteOptions{Mode: &mode}); err != nil {
				return err
			}
		}
		return finish(w, target, m, x.perms)
	})
	if err != nil {
		return names, err
	}
	for i := len(dirs) - 1; i >= 0; i-- {
		if err := finish(w, dirs[i].path, dirs[i].m, x.perms); err != nil {
			return names, err
		}
	}
	return names, nil
}

// finish sets owner, mode and time of what was extracted.
func finish(w host.Writer, target string, m member, perms bool) error {
	if m.setOwner && w.Getuid() == 0 {
		uid, gid := m.uid, m.gid
		if u, ok := w.User(m.uname); ok && m.uname != "" {
			uid = u.UID
		}
		if g, ok := w.Group(m.gname); ok && m.gname != "" {
			gid = g.GID
		}
		if err := w.Lchown(target, uid, gid); err != nil {
			return err
		}
	}
	if m.mode&fs.ModeSymlink != 0 {
		return nil
	}
	if m.setMode && perms {
		if err := w.Chmod(target, m.mode&^fs.ModeType); err != nil {
			return err
		}
	}
	if !m.setOwner { // zip: Python leaves the time of extraction
		return nil
	}
	return w.Chtimes(target, m.mtime, m.mtime)
}
