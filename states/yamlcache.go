package states

import (
	"errors"
	"hash/maphash"
	"strings"
	"sync"

	"pinch/internal/py"
	"pinch/internal/saltyaml"
	"pinch/states/low"
)

// yamlCache keeps the parsed form of rendered SLS: many hosts render a file to
// the same text. What it gives out is copied, since compiling changes it.
//
// A text is kept when it comes the second time: what holds a host's name comes
// once, and keeping it would only cost memory and a copy.
type yamlCache struct {
	loader saltyaml.Loader

	seed  maphash.Seed
	mu    sync.Mutex
	m     map[yamlKey]*yamlEntry
	seen  map[uint64]struct{}
	bytes int
	lines map[string]*sourceLines // of files by path
}

type yamlKey struct{ path, text string }

type yamlEntry struct {
	once  sync.Once
	value py.Value
	tree  bool // no container occurs twice in value
	pos   *filePositions
	err   error
}

const (
	maxYAMLBytes = 16 << 20 // of text that is kept; a full cache starts anew
	maxYAMLSeen  = 1 << 20  // texts that came once
)

func newYAMLCache() *yamlCache {
	return &yamlCache{seed: maphash.MakeSeed(), m: map[yamlKey]*yamlEntry{}, seen: map[uint64]struct{}{}, lines: map[string]*sourceLines{}}
}

// lineMap returns the map of the lines of a file that was rendered to text.
func (c *yamlCache) lineMap(path, source, text string) *lineMap {
	if source == text {
		return &lineMap{same: true}
	}
	return &lineMap{source: c.sourceLines(path, source), text: splitLines(text)}
}

// sourceLines returns the lines of a file, kept from the last time.
func (c *yamlCache) sourceLines(path, source string) *sourceLines {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.lines[path]; l != nil && l.text == source {
		return l
	}
	l := newSourceLines(source)
	if path != "" {
		c.lines[path] = l
	}
	return l
}

// entry returns the shared entry of a text, nil when it comes for the first
// time.
func (c *yamlCache) entry(k yamlKey) *yamlEntry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.m[k]; ok {
		return e
	}
	h := maphash.Comparable(c.seed, k)
	if _, again := c.seen[h]; !again {
		if len(c.seen) >= maxYAMLSeen {
			clear(c.seen)
		}
		c.seen[h] = struct{}{}
		return nil
	}
	if c.bytes += len(k.text); c.bytes > maxYAMLBytes {
		c.m, c.bytes = map[yamlKey]*yamlEntry{}, len(k.text)
	}
	e := &yamlEntry{}
	c.m[k] = e
	return e
}

// load parses rendered text. path and source are the SLS file and what stands
// in it, for positions.
func (c *yamlCache) load(path, source, text string) (py.Value, *filePositions, error) {
	e := c.entry(yamlKey{path, text})
	if e == nil {
		return c.parse(path, source, text)
	}
	e.once.Do(func() {
		e.value, e.pos, e.err = c.parse(path, source, text)
		e.tree = !strings.Contains(text, "&") // without an anchor there is no alias
	})
	if e.err != nil {
		return nil, nil, e.err
	}
	if e.tree {
		return py.CopyTree(e.value), e.pos, nil
	}
	return py.DeepCopy(e.value), e.pos, nil
}

func (c *yamlCache) parse(path, source, text string) (py.Value, *filePositions, error) {
	v, pos, err := c.loader.LoadState(text)
	if err != nil {
		return nil, nil, c.newYAMLError(err, path, source, text)
	}
	return v, c.newFilePositions(path, source, text, v, pos), nil
}

// yamlError is a YAML error in the words of Salt's renderer, with its place.
type yamlError struct {
	exc *py.Error
	pos low.Pos
}

func (e *yamlError) Error() string { return e.exc.Error() }
func (e *yamlError) Unwrap() error { return e.exc }

// newYAMLError words an error as salt.renderers.yaml raises it. With libyaml
// its text has no lines around the place.
func (c *yamlCache) newYAMLError(err error, path, source, text string) error {
	var ye *saltyaml.Error
	if !errors.As(err, &ye) {
		return err
	}
	out := &yamlError{exc: &py.Error{Class: ye.Class, Msg: ye.Error(), Err: ye}, pos: low.Pos{File: path}}
	if line := c.lineMap(path, source, text).find(ye.Line); line > 0 {
		out.pos.Line = line
		if source == text {
			out.pos.Col = ye.Column
		}
	}
	return out
}

// splitLines is str.splitlines for text that only has line feeds.
func splitLines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}
