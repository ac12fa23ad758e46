package archive

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// entry is a path that goes into a zip archive.
type entry struct{ file, name string }

func execZip(_ context.Context, c *modules.Call, w host.Writer, a *zipArgs) (py.Value, error) {
	if err := noTemplate(a.Template); err != nil {
		return nil, err
	}
	if a.Runas != "" {
		return nil, modules.SaltInvocationError("archive.zip: runas is not supported: use archive.cmd_zip")
	}
	if a.Cwd != "" && !path.IsAbs(a.Cwd) {
		return nil, modules.SaltInvocationError("cwd must be absolute")
	}
	var entries []entry
	for _, src := range expandSources(c, a.Sources) {
		if a.Cwd == "" && !path.IsAbs(src) {
			return nil, modules.SaltInvocationError("Relative paths require the 'cwd' parameter")
		}
		if !path.IsAbs(src) {
			src = path.Join(a.Cwd, src)
		}
		root := "/"
		if a.Cwd != "" && strings.HasPrefix(src, a.Cwd) {
			root = strings.TrimSuffix(a.Cwd, "/") + "/"
		}
		if err := gather(c, src, root, &entries); err != nil {
			return nil, err
		}
	}
	pr, pw := io.Pipe()
	go func() { _ = pw.CloseWithError(pack(c, pw, entries)) }() // the reader gets the error
	err := w.WriteFile(a.ZipFile, pr, host.WriteOptions{})
	_ = pr.Close() // ends pack when the file cannot be written
	if err != nil {
		return nil, modules.CommandExecutionError(fmt.Sprintf("Exception encountered creating zipfile: %v", err))
	}
	names := py.NewList()
	for _, e := range entries {
		names.Append(py.Str(e.name))
	}
	return names, nil
}

// gather lists a path and, of a directory, what is below it: files first, as
// Python's os.walk does. What is not there is left out.
func gather(r host.Reader, src, root string, out *[]entry) error {
	fi, err := r.Stat(src)
	if err != nil {
		return nil //nolint:nilerr // Salt packs what is there
	}
	name := strings.TrimPrefix(src, root)
	if !fi.IsDir() {
		*out = append(*out, entry{src, name})
		return nil
	}
	if name == "" || src+"/" == root {
		name = "."
	}
	*out = append(*out, entry{src, name + "/"})
	entries, err := r.ReadDir(src)
	if err != nil {
		return err
	}
	var dirs []string
	for _, e := range entries {
		full := path.Join(src, e.Name())
		if isDir(r, full) {
			if !e.Type().IsDir() {
				continue // a link to a directory: os.walk does not follow it
			}
			dirs = append(dirs, full)
			continue
		}
		if err := gather(r, full, root, out); err != nil {
			return err
		}
	}
	for _, d := range dirs {
		if err := gather(r, d, root, out); err != nil {
			return err
		}
	}
	return nil
}

func pack(r host.Reader, out io.Writer, entries []entry) error {
	z := zip.NewWriter(out)
	for _, e := range entries {
		fi, err := r.Stat(e.file)
		if err != nil {
			return err
		}
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: fi.ModTime}
		h.SetMode(fi.Mode)
		if fi.IsDir() {
			h.Method = zip.Store
		}
		to, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		if fi.IsDir() {
			continue
		}
		in, err := r.Open(e.file)
		if err != nil {
			return err
		}
		_, err = io.Copy(to, in)
		if err = errors.Join(err, in.Close()); err != nil {
			return err
		}
	}
	return z.Close()
}
