// Package cp has the functions of Salt's cp module that take content from the
// caller and write it on the host. What reads the tree is in saltfun, which
// sends files through recv_chunked.
package cp

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/modules"
)

type chunkArgs struct {
	Dest       string   `arg:"dest,required" doc:"The path of the file."`
	Chunk      *string  `arg:"chunk,required" doc:"The content in base64; None makes a directory."`
	Append     bool     `arg:"append" default:"False" doc:"Appends to the file."`
	Compressed bool     `arg:"compressed" default:"True" doc:"The content is compressed by gzip."`
	Mode       py.Value `arg:"mode" doc:"The permission bits of the file as a number."`
}

type recvArgs struct {
	Files *py.Dict `arg:"files,required" doc:"Paths and texts."`
	Dest  string   `arg:"dest,required" doc:"The file or directory to write."`
}

// maxChunk bounds what one compressed chunk may become.
const maxChunk = 64 << 20

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return append(treeFuncs(),
		modules.Action[chunkArgs]{Name: "cp.recv_chunked", Doc: "Writes a piece of a file.", Run: recvChunked}.Func(),
		modules.Action[recvArgs]{Name: "cp.recv", Doc: "Writes small texts into files.", Run: recv}.Func(),
	)
}

// answer is what the function returns for an error of the system, which also
// counts as exit status 1.
func answer(c *modules.Call, err error) (py.Value, error) {
	c.Memo.Put(modules.RetcodeKey, int64(1))
	return py.Str(modules.OSErrorText(err)), nil
}

func recvChunked(_ context.Context, c *modules.Call, w host.Writer, a *chunkArgs) (py.Value, error) {
	if a.Chunk == nil {
		info, err := c.Stat(a.Dest)
		switch {
		case err == nil && !info.IsDir():
			return py.Str("Path exists and is a file"), nil
		case err == nil:
			return py.True, nil
		}
		if err := w.MkdirAll(a.Dest, 0o777); err != nil {
			return answer(c, err)
		}
		return py.True, nil
	}
	raw, err := base64.StdEncoding.DecodeString(*a.Chunk)
	if err != nil {
		return nil, py.Errorf("Error", "Incorrect padding")
	}
	if a.Compressed {
		if raw, err = gunzip(raw); err != nil {
			return nil, err
		}
	}
	content := io.Reader(bytes.NewReader(raw))
	if a.Append {
		old, err := c.Open(a.Dest)
		switch {
		case err == nil:
			defer old.Close()
			content = io.MultiReader(old, content)
		case !errors.Is(err, fs.ErrNotExist):
			return answer(c, err)
		}
	}
	if no, bad := host.Errno(statErr(c, pypath.Dir(a.Dest))); bad && no == syscall.ENOENT {
		if err := w.MkdirAll(pypath.Dir(a.Dest), 0o777); err != nil {
			return answer(c, err)
		}
	}
	o := modules.WriteNew(c, a.Dest)
	if n, ok := py.AsInt(a.Mode); ok {
		m := host.GoPerm(uint32(n) & 0o7777)
		o.Mode = &m
	}
	if err := w.WriteFile(a.Dest, content, o); err != nil {
		return answer(c, err)
	}
	return py.True, nil
}

func statErr(c *modules.Call, p string) error {
	_, err := c.Stat(p)
	return err
}

func gunzip(raw []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, py.Errorf("BadGzipFile", "Not a gzipped file (%s)", py.Repr(py.Bytes(raw[:min(2, len(raw))])))
	}
	out, err := io.ReadAll(io.LimitReader(z, maxChunk+1))
	switch {
	case err != nil:
		return nil, py.Errorf("EOFError", "Compressed file ended before the end-of-stream marker was reached")
	case len(out) > maxChunk:
		return nil, modules.CommandExecutionError(fmt.Sprintf("cp.recv_chunked: a chunk of more than %d bytes", maxChunk))
	}
	return out, nil
}

func recv(_ context.Context, c *modules.Call, w host.Writer, a *recvArgs) (py.Value, error) {
	out := py.NewDict()
	isDir := func(p string) bool {
		info, err := c.Stat(p)
		return err == nil && info.IsDir()
	}
	for k, v := range a.Files.All() {
		name := pypath.Base(py.ToStr(k))
		final := a.Dest
		switch {
		case name == pypath.Base(a.Dest) && !isDir(a.Dest):
		case isDir(a.Dest):
			final = pypath.Join(a.Dest, name)
		case !isDir(pypath.Dir(a.Dest)):
			return py.Str("Destination unavailable"), nil
		}
		text, ok := v.(py.Str)
		if !ok {
			return nil, py.TypeErrorf("write() argument must be str, not %s", v.Type())
		}
		err := w.WriteFile(final, strings.NewReader(string(text)), modules.WriteNew(c, final))
		if _, system := host.Errno(err); err != nil && !system {
			return nil, err
		}
		out.SetStr(final, py.Bool(err == nil))
	}
	return out, nil
}
