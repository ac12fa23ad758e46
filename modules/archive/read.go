package archive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"pinch/internal/host"
	"pinch/modules"
)

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

func isFormat(err error) bool { return errors.Is(err, errFormat) }

// walk calls visit for each member of an archive; content is nil for what has
// none, and valid during the call only. xz archives are read through the xz
// program. w is nil while only looking.
func walk(ctx context.Context, c *modules.Call, w host.Writer, file, format, password string, visit func(m member, content io.Reader) error) error {
	f, err := c.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // reading tells
	if format == "zip" {
		return walkZip(c, f, file, password, visit)
	}
	b := bufio.NewReader(f)
	head, err := b.Peek(6)
	if err != nil && err != io.EOF {
		return err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		in, err := gzip.NewReader(b)
		if err != nil {
			return errFormat
		}
		return walkTar(in, visit)
	case bytes.HasPrefix(head, []byte("BZh")):
		return walkTar(bzip2.NewReader(b), visit)
	case bytes.HasPrefix(head, []byte{0xfd, '7', 'z', 'X', 'Z', 0}), bytes.HasPrefix(head, []byte{0x5d, 0, 0}):
		if c.LookPath("xz") == "" {
			return errFormat
		}
		return stream(ctx, c, w, []string{"xz", "--decompress", "--stdout", file}, func(in io.Reader) error { return walkTar(in, visit) })
	}
	if len(head) == 0 {
		return errFormat
	}
	return walkTar(b, visit)
}

func walkTar(in io.Reader, visit func(m member, content io.Reader) error) error {
	t := tar.NewReader(in)
	for {
		h, err := t.Next()
		if err == io.EOF {
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

// contents are the paths of an archive, sorted; directories end in "/".
type contents struct {
	dirs, files, links          []string
	topDirs, topFiles, topLinks []string
	encrypted                   bool
}

// add takes a member.
func (c *contents) add(m member, _ io.Reader) error {
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
}

// collect reads the paths of an archive.
func collect(ctx context.Context, call *modules.Call, w host.Writer, file, format string) (*contents, error) {
	c := &contents{}
	if err := walk(ctx, call, w, file, format, "", c.add); err != nil {
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
