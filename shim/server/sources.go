package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"pinch/internal/py"
	"pinch/modules"
	"pinch/shim/wire"
	"pinch/states/low"
)

// sources gives a chunk the sources that the controller granted it.
type sources struct {
	s     *server
	chunk *low.Chunk
}

// number finds what the chunk was granted.
func (x *sources) number(ref string) (low.SourceID, error) {
	if x.chunk != nil {
		if n, ok := x.chunk.Sources[ref]; ok {
			return n, nil
		}
	}
	return 0, &modules.SourceError{Ref: ref, Missing: true, Comment: fmt.Sprintf("Source file %s not found in saltenv '%s'", ref, x.env())}
}

func (x *sources) env() string {
	if x.chunk == nil || x.chunk.Env() == "" {
		return "base"
	}
	return x.chunk.Env()
}

// Stat implements modules.Sources.
func (x *sources) Stat(ctx context.Context, ref, have string) (modules.SourceInfo, error) {
	return x.StatWith(ctx, ref, have, nil)
}

// StatWith is Stat with values that a template gets on top of its context
// (file.accumulated).
func (x *sources) StatWith(ctx context.Context, ref, have string, context *py.Dict) (modules.SourceInfo, error) {
	n, err := x.number(ref)
	if err != nil {
		return modules.SourceInfo{}, err
	}
	return x.stat(ctx, ref, n, have, context)
}

// StatEntry implements modules.Sources.
func (x *sources) StatEntry(ctx context.Context, e modules.SourceInfo, have string, context *py.Dict) (modules.SourceInfo, error) {
	return x.stat(ctx, e.Name, e.ID, have, context)
}

func (x *sources) stat(ctx context.Context, ref string, n low.SourceID, have string, context *py.Dict) (modules.SourceInfo, error) {
	p := py.DictOf("n", py.Int(n), "have", py.Str(have))
	if context != nil {
		p.SetStr("context", context)
	}
	a, err := x.s.conn.Call(ctx, "source.stat", p)
	if err != nil {
		return modules.SourceInfo{}, sourceError(ref, err)
	}
	d, ok := a.Value.(*py.Dict)
	if !ok {
		return modules.SourceInfo{}, fmt.Errorf("source %s: the controller gave no description", ref)
	}
	return decodeInfo(d), nil
}

// List implements modules.Sources.
func (x *sources) List(ctx context.Context, ref string) ([]modules.SourceInfo, error) {
	n, err := x.number(ref)
	if err != nil {
		return nil, err
	}
	a, err := x.s.conn.Call(ctx, "source.list", py.DictOf("n", py.Int(n)))
	if err != nil {
		return nil, sourceError(ref, err)
	}
	l, ok := a.Value.(*py.List)
	if !ok {
		return nil, fmt.Errorf("source %s: the controller gave no list", ref)
	}
	out := make([]modules.SourceInfo, 0, len(l.Items))
	for _, it := range l.Items {
		d, ok := it.(*py.Dict)
		if !ok {
			return nil, fmt.Errorf("source %s: the controller gave no list", ref)
		}
		out = append(out, decodeInfo(d))
	}
	return out, nil
}

func sourceError(ref string, err error) error {
	var re *wire.RemoteError
	if errors.As(err, &re) {
		return &modules.SourceError{Ref: ref, Missing: re.Class == "missing", Comment: re.Msg}
	}
	return err
}

func decodeInfo(d *py.Dict) modules.SourceInfo {
	num := func(k string) int64 {
		if v := d.Lookup(k); v != nil {
			n, _ := py.AsInt(v)
			return n
		}
		return 0
	}
	info := modules.SourceInfo{
		ID: low.SourceID(num("n")), Name: d.String("name"), Hash: d.String("hash"), Size: num("size"),
		Mode: uint32(num("mode")), IsDir: d.Lookup("dir") == py.Value(py.True), Link: d.String("link"),
		Same: d.Lookup("same") == py.Value(py.True), Blob: d.Lookup("blob") == py.Value(py.True),
	}
	if b, ok := d.Lookup("data").(py.Bytes); ok {
		info.Inline = []byte(b)
	}
	return info
}

// Open implements modules.Sources. The reader fails at its end when the
// content is not what the hash says, so a writer that renames at the end
// never shows wrong content.
func (x *sources) Open(ctx context.Context, info modules.SourceInfo) (io.ReadCloser, error) {
	if info.Inline != nil || info.Size == 0 {
		return io.NopCloser(bytes.NewReader(info.Inline)), nil
	}
	if info.Blob && x.s.blobs.usable() {
		f, err := x.s.blobs.open(ctx, x.s, info)
		if err != nil {
			return nil, err
		}
		return &verified{r: f, c: f, h: sha256.New(), want: info.Hash}, nil
	}
	r := &remoteReader{ctx: ctx, conn: x.s.conn, method: "source.read", of: py.DictOf("n", py.Int(info.ID)), size: info.Size}
	return &verified{r: r, c: io.NopCloser(nil), h: sha256.New(), want: info.Hash}, nil
}

// verified checks the hash at the end of the content.
type verified struct {
	r    io.Reader
	c    io.Closer
	h    hash.Hash
	want string
}

func (v *verified) Read(p []byte) (int, error) {
	n, err := v.r.Read(p)
	v.h.Write(p[:n])
	if err == io.EOF && hex.EncodeToString(v.h.Sum(nil)) != v.want {
		return n, errors.New("the content does not have the hash that the controller gave")
	}
	return n, err
}

func (v *verified) Close() error { return v.c.Close() }

// window is how much of a source is asked for at once.
const window = 64 << 10

// remoteReader reads a source in windows over the session, asking for the next
// ones while the first is on its way.
type remoteReader struct {
	ctx     context.Context
	conn    *wire.Conn
	method  string
	of      *py.Dict // what is read: the parameters besides off and len
	size    int64
	asked   int64
	pending []*wire.Pending
	rest    []byte
}

const readAhead = 16 // windows: 1 MiB outstanding

func (r *remoteReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		for len(r.pending) < readAhead && r.asked < r.size {
			length := min(window, r.size-r.asked)
			p := py.DictOf("off", py.Int(r.asked), "len", py.Int(length))
			p.Update(r.of)
			q, err := r.conn.Go(r.method, p)
			if err != nil {
				return 0, err
			}
			r.pending = append(r.pending, q)
			r.asked += length
		}
		if len(r.pending) == 0 {
			return 0, io.EOF
		}
		a, err := r.pending[0].Wait(r.ctx)
		r.pending = r.pending[1:]
		if err != nil {
			return 0, err
		}
		if len(a.Data) == 0 {
			return 0, io.ErrUnexpectedEOF
		}
		r.rest = a.Data
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
