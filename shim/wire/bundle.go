package wire

import (
	"fmt"

	"pinch/internal/py"
	"pinch/states/low"
)

// EncodeBundle is the value that `run` carries.
func EncodeBundle(b *low.Bundle) *py.Dict {
	chunks := py.NewList()
	for i := range b.Chunks {
		c := &b.Chunks[i]
		d := py.DictOf("data", c.Data, "declared", py.Int(c.Declared))
		if c.Pos.File != "" {
			d.SetStr("pos", py.NewList(py.Str(c.Pos.File), py.Int(c.Pos.Line), py.Int(c.Pos.Col)))
		}
		if len(c.Sources) > 0 {
			s := py.NewDict()
			for ref, n := range c.Sources {
				s.SetStr(ref, py.Int(n))
			}
			d.SetStr("sources", s)
		}
		if len(c.Large) > 0 {
			l := py.NewDict()
			for ref, f := range c.Large {
				l.SetStr(ref, py.NewList(py.Str(f.Hash), py.Int(f.Size)))
			}
			d.SetStr("large", l)
		}
		chunks.Append(d)
	}
	return py.DictOf("jid", py.Str(b.JID), "host", py.Str(b.Host), "test", py.Bool(b.Test),
		"read_only", py.Bool(b.ReadOnly), "failhard", py.Bool(b.FailHard), "only", py.Str(b.Only), "concurrent", py.Bool(b.Concurrent),
		"opts", dictOrEmpty(b.Opts), "grains", dictOrEmpty(b.Grains), "chunks", chunks)
}

func dictOrEmpty(d *py.Dict) *py.Dict {
	if d == nil {
		return py.NewDict()
	}
	return d
}

// DecodeBundle reads what EncodeBundle made.
func DecodeBundle(d *py.Dict) (*low.Bundle, error) {
	b := &low.Bundle{
		JID: d.String("jid"), Host: d.String("host"), Test: isTrue(d, "test"),
		ReadOnly: isTrue(d, "read_only"), FailHard: isTrue(d, "failhard"), Only: d.String("only"),
		Concurrent: isTrue(d, "concurrent"),
	}
	b.Opts, _ = d.Lookup("opts").(*py.Dict)
	b.Grains, _ = d.Lookup("grains").(*py.Dict)
	chunks, ok := d.Lookup("chunks").(*py.List)
	if !ok || b.Opts == nil || b.Grains == nil {
		return nil, fmt.Errorf("bundle: chunks, opts or grains are missing")
	}
	for i, v := range chunks.Items {
		c, err := decodeChunk(v)
		if err != nil {
			return nil, fmt.Errorf("bundle: chunk %d: %w", i, err)
		}
		b.Chunks = append(b.Chunks, c)
	}
	return b, nil
}

// MarkOrdered marks what a chunk's arguments hold.
func MarkOrdered(data *py.Dict) {
	for _, v := range data.All() {
		markOrdered(v)
	}
}

// markOrdered makes the mappings of a chunk's arguments OrderedDicts again, as
// which Salt's YAML loader makes every mapping; JSON cannot tell them apart.
func markOrdered(v py.Value) {
	switch v := v.(type) {
	case *py.Dict:
		v.Ordered = true
		for _, it := range v.All() {
			markOrdered(it)
		}
	case *py.List:
		for _, it := range v.Items {
			markOrdered(it)
		}
	}
}

func isTrue(d *py.Dict, key string) bool { return d.Lookup(key) == py.Value(py.True) }

func decodeChunk(v py.Value) (low.Chunk, error) {
	var c low.Chunk
	d, ok := v.(*py.Dict)
	if !ok {
		return c, fmt.Errorf("is a %s", v.Type())
	}
	if c.Data, ok = d.Lookup("data").(*py.Dict); !ok {
		return c, fmt.Errorf("has no data")
	}
	MarkOrdered(c.Data)
	for _, k := range []string{"state", "fun", "__id__", "name"} {
		if !c.Data.Has(k) {
			return c, fmt.Errorf("has no %s", k)
		}
	}
	n, _ := py.AsInt(py.OrNone(d.Lookup("declared")))
	c.Declared = int(n)
	if p, ok := d.Lookup("pos").(*py.List); ok && len(p.Items) == 3 {
		line, _ := py.AsInt(p.Items[1])
		col, _ := py.AsInt(p.Items[2])
		c.Pos = low.Pos{File: py.ToStr(p.Items[0]), Line: int(line), Col: int(col)}
	}
	if s, ok := d.Lookup("sources").(*py.Dict); ok {
		c.Sources = make(map[string]low.SourceID, s.Len())
		for k, n := range s.All() {
			id, ok := py.AsInt(n)
			if !ok {
				return c, fmt.Errorf("source %s has no number", py.ToStr(k))
			}
			c.Sources[py.ToStr(k)] = low.SourceID(id)
		}
	}
	if l, ok := d.Lookup("large").(*py.Dict); ok {
		c.Large = make(map[string]low.Large, l.Len())
		for k, v := range l.All() {
			pair, ok := v.(*py.List)
			if !ok || len(pair.Items) != 2 {
				return c, fmt.Errorf("large file %s is not described", py.ToStr(k))
			}
			size, _ := py.AsInt(pair.Items[1])
			c.Large[py.ToStr(k)] = low.Large{Hash: py.ToStr(pair.Items[0]), Size: size}
		}
	}
	return c, nil
}

// EncodeArgs adds a call's arguments to its parameters.
func EncodeArgs(fun string, a *py.Args) *py.Dict {
	return py.DictOf("fun", py.Str(fun), "args", py.NewList(a.Pos...), "kwargs", a.KwDict())
}

// DecodeArgs reads a call's function and arguments.
func DecodeArgs(d *py.Dict) (fun string, a *py.Args) {
	a = &py.Args{}
	if l, ok := d.Lookup("args").(*py.List); ok {
		a.Pos = l.Items
	}
	if kw, ok := d.Lookup("kwargs").(*py.Dict); ok {
		for k, v := range kw.All() {
			a.Kw = append(a.Kw, py.KwArg{Name: py.ToStr(k), Value: v})
		}
	}
	return d.String("fun"), a
}
