package saltyaml

import (
	"iter"

	"pinch/internal/py"
)

// Pos is a place in a document, counted from 1; the zero Pos is unknown.
type Pos struct{ Line, Column int }

// Positions tells where the entries of a loaded tree stand. It identifies
// containers by their object, so it stays valid when the tree is changed:
// entries that came later are simply unknown. Values shared by aliases and
// merge keys have the place where they are written out.
type Positions struct {
	of     map[py.Value]span32
	keys   []py.Value
	places []place
}

type place struct{ line, col int32 }

// span32 is a container's part of keys and places; its own place is the one
// before them.
type span32 struct{ first, n int32 }

// note stores where a container and its entries stand. keys is nil for a
// sequence.
func (p *Positions) note(v py.Value, n *node, entries []*node, keys []py.Value) {
	if p == nil {
		return
	}
	p.add(nil, n)
	p.of[v] = span32{int32(len(p.places)), int32(len(entries))}
	for i, e := range entries {
		var k py.Value
		if keys != nil {
			k = keys[i]
		}
		p.add(k, e)
	}
}

func (p *Positions) add(k py.Value, n *node) {
	p.keys = append(p.keys, k)
	p.places = append(p.places, place{int32(n.start.line), int32(n.start.col)})
}

func (p *Positions) at(i int32) Pos {
	return Pos{int(p.places[i].line) + 1, int(p.places[i].col) + 1}
}

// Container returns where a *py.Dict or *py.List begins.
func (p *Positions) Container(v py.Value) Pos {
	if p == nil || !container(v) {
		return Pos{}
	}
	if s, ok := p.of[v]; ok {
		return p.at(s.first - 1)
	}
	return Pos{}
}

// Key returns where the key of a mapping stands, the mapping's own place when
// the key is not known.
func (p *Positions) Key(d *py.Dict, key py.Value) Pos {
	if p == nil {
		return Pos{}
	}
	s, ok := p.of[d]
	if !ok {
		return Pos{}
	}
	for i := s.first; i < s.first+s.n; i++ {
		if eq, err := py.Equal(p.keys[i], key); err == nil && eq {
			return p.at(i)
		}
	}
	return p.at(s.first - 1)
}

// Item returns where the i-th item (from 0) of a sequence stood when it was
// loaded, the sequence's own place when there was none.
func (p *Positions) Item(l *py.List, i int) Pos {
	if p == nil {
		return Pos{}
	}
	s, ok := p.of[l]
	if !ok {
		return Pos{}
	}
	if i < 0 || i >= int(s.n) {
		return p.at(s.first - 1)
	}
	return p.at(s.first + int32(i))
}

func container(v py.Value) bool {
	switch v.(type) {
	case *py.Dict, *py.List:
		return true
	}
	return false
}

// Keys yields the keys of a mapping as they were written, with their places.
func (p *Positions) Keys(d *py.Dict) iter.Seq2[py.Value, Pos] {
	return func(yield func(py.Value, Pos) bool) {
		if p == nil {
			return
		}
		s := p.of[d]
		for i := s.first; i < s.first+s.n; i++ {
			if p.keys[i] != nil && !yield(p.keys[i], p.at(i)) {
				return
			}
		}
	}
}
