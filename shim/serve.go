package shim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"pinch/internal/py"
	"pinch/modules"
	"pinch/shim/wire"
	"pinch/states/low"
)

// maxInline is up to what size a source comes with its description.
const maxInline = 32 << 10

// source returns a source, from the run's cache unless extra values change
// how it is rendered.
func (s *Session) source(ctx context.Context, run *RunOptions, n low.SourceID, extra *py.Dict) (*Source, error) {
	s.mu.Lock()
	src := s.cache[n]
	s.mu.Unlock()
	if src != nil && extra == nil {
		return src, nil
	}
	if run.Sources == nil {
		return nil, &wire.RemoteError{Class: "missing", Msg: fmt.Sprintf("source %d is not granted", n)}
	}
	src, err := run.Sources.Get(ctx, n, extra)
	if err != nil {
		return nil, sourceError(err)
	}
	s.mu.Lock()
	s.cache[n] = src
	s.mu.Unlock()
	return src, nil
}

func sourceError(err error) error {
	var se *modules.SourceError
	if !errors.As(err, &se) {
		return err
	}
	class := "source"
	if se.Missing {
		class = "missing"
	}
	return &wire.RemoteError{Class: class, Msg: se.Comment}
}

func (s *Session) stat(ctx context.Context, run *RunOptions, n low.SourceID, p *py.Dict) (wire.Answer, error) {
	extra, _ := p.Lookup("context").(*py.Dict)
	src, err := s.source(ctx, run, n, extra)
	if err != nil {
		return wire.Answer{}, err
	}
	d := py.DictOf("n", py.Int(n), "hash", py.Str(src.Hash), "size", py.Int(src.Size), "mode", py.Int(src.Mode))
	switch {
	case p.String("have") == src.Hash:
		d.SetStr("same", py.True)
	case src.Size <= maxInline:
		b := make([]byte, src.Size)
		if _, err := src.Content.ReadAt(b, 0); err != nil && err != io.EOF {
			return wire.Answer{}, err
		}
		d.SetStr("data", py.Bytes(b))
	case src.Plain && run.Transport != nil:
		d.SetStr("blob", py.True)
	}
	return wire.Answer{Value: d}, nil
}

func (s *Session) read(ctx context.Context, run *RunOptions, n low.SourceID, off, length int64) (wire.Answer, error) {
	src, err := s.source(ctx, run, n, nil)
	if err != nil {
		return wire.Answer{}, err
	}
	if off < 0 || length < 0 || length > 1<<20 || off > src.Size {
		return wire.Answer{}, &wire.RemoteError{Class: "method", Msg: fmt.Sprintf("source.read: %d bytes at %d of %d", length, off, src.Size)}
	}
	b := make([]byte, min(length, src.Size-off))
	if _, err := src.Content.ReadAt(b, off); err != nil && err != io.EOF {
		return wire.Answer{}, err
	}
	return wire.Answer{Data: b}, nil
}

func list(ctx context.Context, run *RunOptions, n low.SourceID) (wire.Answer, error) {
	if run.Sources == nil {
		return wire.Answer{}, &wire.RemoteError{Class: "missing", Msg: fmt.Sprintf("source %d is not granted", n)}
	}
	entries, err := run.Sources.List(ctx, n)
	if err != nil {
		return wire.Answer{}, sourceError(err)
	}
	l := py.NewList()
	for _, e := range entries {
		d := py.DictOf("n", py.Int(e.ID), "name", py.Str(e.Name), "mode", py.Int(e.Mode), "dir", py.Bool(e.IsDir))
		if e.Link != "" {
			d.SetStr("link", py.Str(e.Link))
		}
		l.Append(d)
	}
	return wire.Answer{Value: l}, nil
}

// upload puts a large plain source into the host's cache. The path must be
// the cache's own: the shim cannot have files written elsewhere.
func (s *Session) upload(ctx context.Context, run *RunOptions, n low.SourceID, dest string) (wire.Answer, error) {
	src, err := s.source(ctx, run, n, nil)
	if err != nil {
		return wire.Answer{}, err
	}
	if run.Transport == nil || !src.Plain {
		return wire.Answer{}, &wire.RemoteError{Class: "method", Msg: fmt.Sprintf("source %d cannot be uploaded", n)}
	}
	if want := path.Join(s.Hello.Dir, "blobs", src.Hash); dest != want || !strings.HasPrefix(dest, "/") {
		return wire.Answer{}, &wire.RemoteError{Class: "method", Msg: fmt.Sprintf("upload to %q refused: the cache is %q", clean(dest), want)}
	}
	if err := run.Transport.PutResumable(ctx, dest, src.Content, src.Size); err != nil {
		return wire.Answer{}, err
	}
	return wire.Answer{Value: py.True}, nil
}
