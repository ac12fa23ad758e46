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
	seed  maphash.Seed
	mu    sync.Mutex
	m     map[yamlKey]*yamlEntry
	seen  map[uint64]struct{}
	bytes int
}

type yamlKey struct{ path, text string }

type yamlEntry struct {
	once  sync.Once
	value py.Value
	pos   *filePositions
	err   error
}

const (
	maxYAMLBytes = 64 << 20 // of text that is kept; a full cache starts anew
	maxYAMLSeen  = 1 << 20  // texts that came once
)

func newYAMLCache() *yamlCache {
	return &yamlCache{seed: maphash.MakeSeed(), m: map[yamlKey]*yamlEntry{}, seen: map[uint64]struct{}{}}
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
		return parseYAML(path, source, text)
	}
	e.once.Do(func() { e.value, e.pos, e.err = parseYAML(path, source, text) })
	if e.err != nil {
		return nil, nil, e.err
	}
	return py.DeepCopy(e.value), e.pos, nil
}

func parseYAML(path, source, text string) (py.Value, *filePositions, error) {
	v, pos, err := saltyaml.LoadSLS(text)
	if err != nil {
		return nil, nil, newYAMLError(err, path, source, text)
	}
	return v, newFilePositions(path, source, text, v, pos), nil
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
func newYAMLError(err error, path, source, text string) error {
	var ye *saltyaml.Error
	if !errors.As(err, &ye) {
		return err
	}
	out := &yamlError{exc: &py.Error{Class: ye.Class, Msg: ye.Error(), Err: ye}, pos: low.Pos{File: path}}
	if line := newLineMap(source, text).source(ye.Line); line > 0 {
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
