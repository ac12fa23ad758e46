package archive

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"pinch/internal/host"
	"pinch/modules"
)

// maxZip bounds the archives that are held in memory, where the host does not
// give random access to its files.
const maxZip int64 = 1 << 30

// openZip reads the directory of a zip archive.
func openZip(c *modules.Call, f io.Reader, file string) (*zip.Reader, error) {
	at, random := f.(io.ReaderAt)
	var size int64
	if random {
		fi, err := c.Stat(file)
		if err != nil {
			return nil, err
		}
		size = fi.Size
	} else {
		data, err := io.ReadAll(io.LimitReader(f, maxZip+1))
		if err != nil {
			return nil, err
		}
		if size = int64(len(data)); size > maxZip {
			return nil, fmt.Errorf("the zip archive is larger than %d bytes", maxZip)
		}
		at = bytes.NewReader(data)
	}
	z, err := zip.NewReader(at, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, errFormat
	}
	return z, nil
}

// walkZip is walk for zip archives. Without a password encrypted members have
// no content.
func walkZip(c *modules.Call, f io.Reader, file, password string, visit func(m member, content io.Reader) error) error {
	z, err := openZip(c, f, file)
	if err != nil {
		return err
	}
	for _, e := range z.File {
		unix := e.ExternalAttrs >> 16
		m := member{name: e.Name, mtime: e.Modified, mode: host.GoPerm(unix & 0o7777), setMode: unix&0o777 != 0, encrypted: e.Flags&1 != 0}
		switch {
		case unix&0o170000 == 0o120000:
			m.mode |= fs.ModeSymlink
		case strings.HasSuffix(e.Name, "/"):
			m.mode |= fs.ModeDir
		}
		if m.encrypted && password == "" {
			if err := visit(m, nil); err != nil {
				return err
			}
			continue
		}
		if err := visitZip(e, m, password, visit); err != nil {
			return err
		}
	}
	return nil
}

func visitZip(e *zip.File, m member, password string, visit func(m member, content io.Reader) error) error {
	var content io.ReadCloser
	var err error
	if m.encrypted {
		content, err = openEncrypted(e, password)
	} else {
		content, err = e.Open()
	}
	if err != nil && m.encrypted {
		return err // it names the member
	}
	if err != nil {
		return fmt.Errorf("%s: %w", e.Name, err)
	}
	if m.mode&fs.ModeSymlink != 0 {
		target, err := io.ReadAll(io.LimitReader(content, 1<<16))
		if err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
		m.link = string(target)
	}
	err = visit(m, content)
	_ = content.Close() // reading tells
	return err
}
