package roster

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"pinch/internal/py"
)

// Flat is Salt's default roster: one rendered file that maps host names to
// addresses or to mappings of settings.
type Flat struct {
	Path   string
	Render Renderer
}

// Name implements Source.
func (*Flat) Name() string { return "flat" }

// Entries implements Source.
func (f *Flat) Entries(ctx context.Context) ([]Entry, error) {
	top, loc, err := readMapping(ctx, f.Path, f.Render)
	if err != nil {
		return nil, err
	}
	var out []Entry
	for k, v := range top.All() {
		out = append(out, flatEntry(k, v, loc))
	}
	return out, nil
}

// flatEntry makes an entry of one item of a flat roster.
func flatEntry(k, v py.Value, loc *locator) Entry {
	id := HostID(py.ToStr(k))
	e := Entry{ID: id, Data: py.NewDict(), Pos: loc.host(k)}
	if _, ok := k.(py.Str); !ok {
		e.Warnings = append(e.Warnings, Warning{Pos: e.Pos, Host: id, Msg: "the name is no text for YAML (" + k.Type() + "); put it in quotes"})
	}
	switch v := v.(type) {
	case py.Str:
		e.Data.SetStr("host", v)
	case *py.Dict:
		e.Data.Update(v)
		e.KeyPos = func(key string) Pos { return loc.key(k, v, key) }
	case py.NoneType:
		e.Problem = &Error{Pos: e.Pos, Host: id, Msg: "the entry is empty", Advice: "write " + string(id) + ": ADDRESS, or a mapping with host:"}
	default:
		e.Problem = &Error{
			Pos: e.Pos, Host: id, Msg: "expected an address or a mapping, got " + v.Type() + " " + show(v),
			Advice: "put an address in quotes",
		}
	}
	return e
}

// readMapping reads and renders a roster file. A file without content is an
// empty mapping.
func readMapping(ctx context.Context, path string, render Renderer) (*py.Dict, *locator, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, readError(path, err)
	}
	r, err := render(ctx, path, text)
	if err != nil {
		return nil, nil, fileError(path, err)
	}
	loc := newLocator(path, text, r)
	switch v := r.Value.(type) {
	case *py.Dict:
		return v, loc, nil
	case nil, py.NoneType:
		return py.NewDict(), loc, nil
	default:
		return nil, nil, &Error{
			Pos: Pos{File: path, Line: 1, Col: 1}, Msg: "expected a mapping of host names, got " + v.Type() + " " + show(v),
			Advice: "write one `name: address` a line",
		}
	}
}

func readError(path string, err error) error {
	e := &Error{Pos: Pos{File: path}, Msg: "reading the roster", Err: err}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		e.Err = pe.Err // the path is in Pos
	}
	if errors.Is(err, fs.ErrNotExist) {
		e.Advice = "create it, name another one with --roster-file, or give user@host as the target"
	}
	return e
}

// Dir is a directory with one rendered file per host, named like the host and
// holding its settings.
type Dir struct {
	Path string
	// Domain is added to the name of a host without a host setting
	// (roster_domain).
	Domain string
	Render Renderer
}

// Name implements Source.
func (*Dir) Name() string { return "dir" }

// Entries implements Source. A file that cannot be rendered is a problem of
// that host alone.
func (d *Dir) Entries(ctx context.Context) ([]Entry, error) {
	files, err := os.ReadDir(d.Path)
	if err != nil {
		return nil, readError(d.Path, err)
	}
	var out []Entry
	for _, f := range files {
		name := f.Name()
		path := filepath.Join(d.Path, name)
		info, err := os.Stat(path)
		if err == nil && info.IsDir() || strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") {
			continue
		}
		out = append(out, d.entry(ctx, HostID(name), path))
	}
	return out, nil
}

func (d *Dir) entry(ctx context.Context, id HostID, path string) Entry {
	e := Entry{ID: id, Data: py.NewDict(), Pos: Pos{File: path, Line: 1, Col: 1}}
	top, loc, err := readMapping(ctx, path, d.Render)
	if err != nil {
		if !errors.As(err, &e.Problem) {
			e.Problem = &Error{Pos: e.Pos, Err: err}
		}
		e.Problem.Host = id
		return e
	}
	e.Data.Update(top)
	if !e.Data.Has("host") {
		host := string(id)
		if d.Domain != "" {
			host += "." + d.Domain
		}
		e.Data.SetStr("host", py.Str(host))
	}
	e.KeyPos = func(key string) Pos {
		if p := loc.host(py.Str(key)); p.Line > 0 {
			return p
		}
		return e.Pos
	}
	return e
}
