package states

import (
	"strings"
	"sync"

	"pinch/internal/py"
	"pinch/internal/saltyaml"
	"pinch/states/low"
)

// filePositions tells where the IDs of one rendered SLS and their states
// stand in the file.
//
// YAML knows lines of the rendered text only. Where the file has no Jinja they
// are the file's. Else a line is looked for in the file by its text and its
// neighbours (lineMap); one that cannot be told apart has no line number, only
// the file's name, rather than a wrong one.
type filePositions struct {
	path   string
	source string
	text   string
	same   bool // there is no Jinja in the file
	ids    map[string]idPositions
	cache  *yamlCache

	once  sync.Once
	lines *lineMap
}

type idPositions struct {
	at   saltyaml.Pos
	keys []keyPosition
}

type keyPosition struct {
	name string
	at   saltyaml.Pos
}

func (c *yamlCache) newFilePositions(path, source, text string, v py.Value, pos *saltyaml.Positions) *filePositions {
	f := &filePositions{path: path, source: source, text: text, same: source == text, cache: c}
	d, ok := v.(*py.Dict)
	if !ok {
		return f
	}
	f.ids = make(map[string]idPositions, d.Len())
	for k, at := range pos.Keys(d) {
		id := py.ToStr(k)
		p := idPositions{at: at}
		if b, ok := d.Lookup(id).(*py.Dict); ok {
			p.keys = make([]keyPosition, 0, b.Len())
			for key, at := range pos.Keys(b) {
				name := py.ToStr(key)
				if id != "extend" {
					name, _, _ = strings.Cut(name, ".")
				}
				p.keys = append(p.keys, keyPosition{name, at})
			}
		}
		f.ids[id] = p
	}
	return f
}

// at returns the place of an ID's state, or of the ID, or of the file.
func (f *filePositions) at(id, state string) low.Pos {
	out := low.Pos{File: f.path}
	p, ok := f.ids[id]
	if !ok {
		return out
	}
	at := p.at
	for _, k := range p.keys {
		if k.name == state {
			at = k.at
			break
		}
	}
	if f.same {
		out.Line, out.Col = at.Line, at.Column
		return out
	}
	f.once.Do(func() { f.lines = f.cache.lineMap(f.path, f.source, f.text) })
	if line := f.lines.find(at.Line); line > 0 {
		out.Line, out.Col = line, at.Column
	}
	return out
}

// lineMap finds lines of rendered text in the source that it was rendered
// from.
type lineMap struct {
	source *sourceLines
	text   []string
	same   bool // source and text are the same: nothing else is set
}

// sourceLines are the lines of a file, shared by all that it is rendered to.
type sourceLines struct {
	text  string
	lines []string
	where map[string][]int // lines by their text without blanks at the end
}

func newSourceLines(text string) *sourceLines {
	s := &sourceLines{text: text, lines: splitLines(text)}
	s.where = make(map[string][]int, len(s.lines))
	for i, l := range s.lines {
		l = strings.TrimRight(l, " \t")
		s.where[l] = append(s.where[l], i)
	}
	return s
}

// find returns the line of the source (from 1) that gave a line of the
// text, 0 when that is not certain.
func (m *lineMap) find(line int) int {
	if m.same {
		return line
	}
	if line < 1 || line > len(m.text) {
		return 0
	}
	at := m.source.where[strings.TrimRight(m.text[line-1], " \t")]
	switch len(at) {
	case 0:
		return 0
	case 1:
		return at[0] + 1
	}
	best, score, tie := 0, 0, false
	for _, i := range at {
		switch n := m.agreement(i, line-1); {
		case n > score:
			best, score, tie = i+1, n, false
		case n == score:
			tie = true
		}
	}
	if tie {
		return 0
	}
	return best
}

// agreement counts the equal lines around a line of both texts. A blank line
// says nothing.
func (m *lineMap) agreement(src, text int) int {
	n := 0
	for _, step := range []int{-1, 1} {
		for k := step; ; k += step {
			i, j := src+k, text+k
			if i < 0 || j < 0 || i >= len(m.source.lines) || j >= len(m.text) || k > 12 || k < -12 ||
				strings.TrimRight(m.source.lines[i], " \t") != strings.TrimRight(m.text[j], " \t") {
				break
			}
			if strings.TrimSpace(m.source.lines[i]) != "" {
				n++
			}
		}
	}
	return n
}

// positionOf returns the place of a state; env and sls name the SLS.
func (c *compiler) positionOf(env, sls, id, state string) low.Pos {
	f, ok := c.places[env+":"+sls]
	if !ok {
		return low.Pos{}
	}
	return f.at(id, state)
}

// fileOf returns the file of an SLS, in whatever environment it was rendered.
func (c *compiler) fileOf(sls string) string {
	for key, f := range c.places {
		if strings.HasSuffix(key, ":"+sls) {
			return f.path
		}
	}
	return ""
}
