package archive

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"pinch/internal/host"
	"pinch/internal/py"
)

// maxZip bounds the archives that are held in memory: zip needs random access.
const maxZip int64 = 2 << 30

// member is a file, directory or link of an archive.
type member struct {
	name, link         string
	mode               fs.FileMode
	uid, gid           int
	uname, gname       string
	mtime              time.Time
	hard               bool
	setMode, setOwner  bool
	encrypted, special bool
}

var errFormat = errors.New("the archive cannot be read")

// walk calls visit for each member of an archive; content is nil for what has
// none, and valid during the call only.
func walk(r host.Reader, file, format string, visit func(m member, content io.Reader) error) error {
	f, err := r.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // reading tells
	if format == "zip" {
		return walkZip(f, visit)
	}
	b := bufio.NewReader(f)
	var in io.Reader = b
	head, err := b.Peek(3)
	if err != nil && err != io.EOF {
		return err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		if in, err = gzip.NewReader(b); err != nil {
			return errFormat
		}
	case bytes.HasPrefix(head, []byte("BZh")):
		in = bzip2.NewReader(b)
	}
	t := tar.NewReader(in)
	for first := true; ; first = false {
		h, err := t.Next()
		if err == io.EOF {
			if first && len(head) == 0 {
				return errFormat
			}
			return nil
		}
		if err != nil {
			return errFormat
		}
		m := member{name: strings.TrimSuffix(h.Name, "/"), link: h.Linkname, uid: h.Uid, gid: h.Gid, uname: h.Uname, gname: h.Gname,
			mtime: h.ModTime, mode: host.GoPerm(uint32(h.Mode) & 0o7777), setMode: true, setOwner: true}
		var content io.Reader
		switch h.Typeflag {
		case tar.TypeDir:
			m.mode |= fs.ModeDir
		case tar.TypeSymlink:
			m.mode |= fs.ModeSymlink
		case tar.TypeLink:
			m.hard = true
		case tar.TypeReg, tar.TypeRegA, tar.TypeGNUSparse: //nolint:staticcheck // old archives have TypeRegA
			content = t
		case tar.TypeXGlobalHeader:
			continue
		default:
			m.special = true
		}
		if err := visit(m, content); err != nil {
			return err
		}
	}
}

func walkZip(f io.Reader, visit func(m member, content io.Reader) error) error {
	data, err := io.ReadAll(io.LimitReader(f, maxZip+1))
	if err != nil {
		return err
	}
	if int64(len(data)) > maxZip {
		return fmt.Errorf("the zip archive is larger than %d bytes", maxZip)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return errFormat
	}
	for _, e := range z.File {
		unix := uint32(e.ExternalAttrs >> 16)
		m := member{name: e.Name, mtime: e.Modified, mode: host.GoPerm(unix & 0o7777), setMode: unix&0o777 != 0, encrypted: e.Flags&1 != 0}
		switch {
		case unix&0o170000 == 0o120000:
			m.mode |= fs.ModeSymlink
		case strings.HasSuffix(e.Name, "/"):
			m.mode |= fs.ModeDir
		}
		if m.encrypted {
			if err := visit(m, nil); err != nil {
				return err
			}
			continue
		}
		c, err := e.Open()
		if err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
		if m.mode&fs.ModeSymlink != 0 {
			target, err := io.ReadAll(io.LimitReader(c, 1<<16))
			if err != nil {
				return fmt.Errorf("%s: %w", e.Name, err)
			}
			m.link = string(target)
		}
		err = visit(m, c)
		_ = c.Close() // reading tells
		if err != nil {
			return err
		}
	}
	return nil
}

// contents are the paths of an archive, sorted; directories end in "/".
type contents struct {
	dirs, files, links          []string
	topDirs, topFiles, topLinks []string
	encrypted                   bool
}

// list reads the paths of an archive.
func list(r host.Reader, file, format string, strip int) (*contents, error) {
	c := &contents{}
	err := walk(r, file, format, func(m member, _ io.Reader) error {
		c.encrypted = c.encrypted || m.encrypted
		switch {
		case m.mode&fs.ModeSymlink != 0:
			c.links = append(c.links, m.name)
		case m.mode.IsDir():
			c.dirs = append(c.dirs, strings.TrimSuffix(m.name, "/")+"/")
		default:
			c.files = append(c.files, m.name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if format == "zip" { // the directories of files count too
		for _, f := range c.files {
			if i := strings.LastIndexByte(f, '/'); i >= 0 {
				c.dirs = append(c.dirs, f[:i+1])
			}
		}
		slices.Sort(c.dirs)
		c.dirs = slices.Compact(c.dirs)
	}
	c.arrange(strip)
	return c, nil
}

func (c *contents) arrange(strip int) {
	for _, l := range []*[]string{&c.dirs, &c.files, &c.links} {
		if strip > 0 {
			var kept []string
			for _, p := range *l {
				if parts := strings.SplitN(p, "/", strip+1); len(parts) > strip && parts[strip] != "" {
					kept = append(kept, parts[strip])
				}
			}
			*l = kept
		}
		slices.Sort(*l)
	}
	top := func(l []string, slashes int) (out []string) {
		for _, p := range l {
			if strings.Count(p, "/") == slashes {
				out = append(out, p)
			}
		}
		return out
	}
	c.topDirs, c.topFiles, c.topLinks = top(c.dirs, 1), top(c.files, 0), top(c.links, 0)
	if p := commonPrefix(slices.Concat(c.dirs, c.files, c.links)); strings.Contains(p, "/") {
		if p = p[:strings.Index(p, "/")+1]; !slices.Contains(c.topDirs, p) {
			c.topDirs = append(c.topDirs, p)
		}
	}
}

func commonPrefix(l []string) string {
	if len(l) == 0 {
		return ""
	}
	p := l[0]
	for _, s := range l[1:] {
		for !strings.HasPrefix(s, p) {
			p = p[:len(p)-1]
		}
	}
	return p
}

// inside refuses names that lead out of the directory.
func inside(dir, name string) (string, error) {
	clean := path.Clean(strings.TrimLeft(name, "/"))
	if clean == ".." || strings.HasPrefix(clean, "../") {
		return "", fmt.Errorf("%s: refused: the name leads out of %s", name, dir)
	}
	return path.Join(dir, clean), nil
}

// extract writes the members into dir and returns their names. No member is
// written through a link that leads out of dir.
func extract(w host.Writer, file, format, dir string, perms bool) (names []string, err error) {
	root, err := host.Realpath(w, dir)
	if err != nil {
		return nil, err
	}
	type late struct {
		path string
		m    member
	}
	var dirs []late
	err = walk(w, file, format, func(m member, content io.Reader) error {
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
		return finish(w, target, m, perms)
	})
	if err != nil {
		return names, err
	}
	for i := len(dirs) - 1; i >= 0; i-- {
		if err := finish(w, dirs[i].path, dirs[i].m, perms); err != nil {
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

func pyList(l []string) *py.List { return py.Strings(l...) }
