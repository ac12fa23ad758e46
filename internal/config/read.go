package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"

	"pinch/internal/py"
	"pinch/internal/saltyaml"
	"pinch/roster"
)

// document is one configuration file.
type document struct {
	file string
	top  *py.Dict
	at   *saltyaml.Positions
}

func (d *document) keyPos(key py.Value) roster.Pos { return d.posIn(d.top, key) }

func (d *document) posIn(in *py.Dict, key py.Value) roster.Pos {
	p := roster.Pos{File: d.file}
	if in != nil {
		at := d.at.Key(in, key)
		p.Line, p.Col = at.Line, at.Column
	}
	return p
}

// read reads a file, which must hold a mapping or nothing.
func (l *loader) read(path string) (*document, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, &roster.Error{Pos: roster.Pos{File: path}, Msg: "reading the configuration", Err: err}
	}
	l.c.Files = append(l.c.Files, path)
	v, at, err := saltyaml.LoadSLS(string(text))
	if err != nil {
		e := &roster.Error{Pos: roster.Pos{File: path}, Msg: "the configuration is no valid YAML", Err: err}
		var ye *saltyaml.Error
		if errors.As(err, &ye) {
			e.Pos.Line, e.Pos.Col = ye.Line, ye.Column
		}
		return nil, e
	}
	if v == py.None {
		v = py.NewDict()
	}
	top, ok := v.(*py.Dict)
	if !ok {
		return nil, &roster.Error{
			Pos: roster.Pos{File: path, Line: 1, Col: 1}, Msg: "expected a mapping of options, got " + v.Type() + " " + show(v),
			Advice: "write `option: value` lines",
		}
	}
	plainDicts(top, map[*py.Dict]bool{})
	return &document{file: path, top: top, at: at}, nil
}

// plainDicts makes all mappings plain dicts: Salt's configuration is loaded
// without keeping a special order class, and that shows when it is printed.
func plainDicts(v py.Value, seen map[*py.Dict]bool) {
	switch v := v.(type) {
	case *py.Dict:
		if seen[v] {
			return
		}
		seen[v] = true
		v.Ordered = false
		for _, x := range v.All() {
			plainDicts(x, seen)
		}
	case *py.List:
		for _, x := range v.Items {
			plainDicts(x, seen)
		}
	}
}

// maxIncludeDepth bounds includes of includes.
const maxIncludeDepth = 10

// readMaster reads the master file, then the files of default_include
// (master.d/*.conf) and of include, each over the former.
func (l *loader) readMaster() error {
	doc, err := l.read(l.c.File)
	if err != nil {
		return err
	}
	l.merge(doc.top, doc.file, doc.keyPos)
	defaultInclude := py.Value(py.Str("master.d/*.conf"))
	if v, ok := doc.top.GetStr("default_include"); ok {
		defaultInclude = v
	}
	for _, inc := range []struct {
		value py.Value
		key   string
	}{{defaultInclude, "default_include"}, {doc.top.Lookup("include"), "include"}} {
		merged, pos, err := l.include(doc, inc.key, inc.value, 0)
		if err != nil {
			return err
		}
		l.merge(merged, doc.file, func(k py.Value) roster.Pos { return pos[py.ToStr(k)] })
	}
	return nil
}

// merge puts options over those read before.
func (l *loader) merge(d *py.Dict, file string, pos func(py.Value) roster.Pos) {
	for k, v := range d.All() {
		name := py.ToStr(k)
		l.opts.SetStr(name, v)
		p := pos(k)
		if p.File == "" {
			p.File = file
		}
		l.c.pos[name] = p
	}
}

// include reads the files that an include option of doc names. Among each
// other they are merged deeply, lists included.
func (l *loader) include(doc *document, key string, v py.Value, depth int) (*py.Dict, map[string]roster.Pos, error) {
	out, pos := py.NewDict(), map[string]roster.Pos{}
	var patterns []string
	switch v := v.(type) {
	case nil, py.NoneType:
		return out, pos, nil
	case py.Str:
		patterns = []string{string(v)}
	case *py.List:
		for _, it := range v.Items {
			s, ok := it.(py.Str)
			if !ok {
				return nil, nil, &roster.Error{Pos: doc.keyPos(py.Str(key)), Msg: key + ": expected file names, got " + show(it)}
			}
			patterns = append(patterns, string(s))
		}
	default:
		return nil, nil, &roster.Error{Pos: doc.keyPos(py.Str(key)), Msg: key + ": expected a file name or a list of them, got " + show(v)}
	}
	if depth > maxIncludeDepth {
		return nil, nil, &roster.Error{Pos: doc.keyPos(py.Str(key)), Msg: "include: files include each other"}
	}
	for _, pattern := range patterns {
		if pattern == "" {
			continue
		}
		names, err := filepath.Glob(l.abs(pattern, filepath.Dir(doc.file)))
		if err != nil {
			return nil, nil, &roster.Error{Pos: doc.keyPos(py.Str(key)), Msg: key + ": " + pattern, Err: err}
		}
		if len(names) == 0 && key == "include" {
			l.c.Warnings = append(l.c.Warnings, roster.Warning{Pos: doc.keyPos(py.Str(key)), Msg: "include: " + pattern + " matches no files"})
		}
		slices.Sort(names)
		for _, n := range names {
			if isDir(n) {
				continue
			}
			sub, err := l.read(n)
			if err != nil {
				return nil, nil, err
			}
			for k := range sub.top.All() {
				pos[py.ToStr(k)] = sub.keyPos(k)
			}
			nested, nestedPos, err := l.include(sub, "include", sub.top.Lookup("include"), depth+1)
			if err != nil {
				return nil, nil, err
			}
			sub.top.Update(nested)
			for k, p := range nestedPos {
				pos[k] = p
			}
			if err := deepMerge(out, sub.top); err != nil {
				return nil, nil, err
			}
		}
	}
	return out, pos, nil
}

// deepMerge is salt.utils.dictupdate.update(dest, upd, True, True): mappings
// are merged, lists get the new items appended that they do not have.
func deepMerge(dest, upd *py.Dict) error {
	for k, v := range upd.All() {
		old, ok, err := dest.Get(k)
		if err != nil {
			return err
		}
		if ok {
			switch o := old.(type) {
			case *py.Dict:
				if n, isDict := v.(*py.Dict); isDict {
					if err := deepMerge(o, n); err != nil {
						return err
					}
					continue
				}
			case *py.List:
				if n, isList := v.(*py.List); isList {
					merged, err := joinLists(o, n)
					if err != nil {
						return err
					}
					v = merged
				}
			}
		}
		if err := dest.Set(k, v); err != nil {
			return err
		}
	}
	return nil
}

func joinLists(a, b *py.List) (*py.List, error) {
	out := py.NewList(slices.Clone(a.Items)...)
items:
	for _, it := range b.Items {
		for _, have := range out.Items {
			same, err := py.Equal(have, it)
			if err != nil {
				return nil, err
			}
			if same {
				continue items
			}
		}
		out.Append(it)
	}
	return out, nil
}
