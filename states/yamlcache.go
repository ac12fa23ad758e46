package states

import (
	"errors"
	"strings"
	"sync"

	"pinch/internal/py"
	"pinch/internal/saltyaml"
	"pinch/states/low"
)

// yamlCache keeps the parsed form of rendered SLS: many hosts render a file to
// the same text. What it gives out is copied, since compiling changes it.
type yamlCache struct {
	mu    sync.Mutex
	m     map[yamlKey]*yamlEntry
	bytes int
}

type yamlKey struct{ path, text string }

type yamlEntry struct {
	once  sync.Once
	value py.Value
	pos   *filePositions
	err   error
}

// maxYAMLBytes bounds the text that is kept; a full cache starts anew.
const maxYAMLBytes = 64 << 20

func newYAMLCache() *yamlCache { return &yamlCache{m: map[yamlKey]*yamlEntry{}} }

func (c *yamlCache) entry(k yamlKey) *yamlEntry {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.m[k]
	if !ok {
		if c.bytes += len(k.text); c.bytes > maxYAMLBytes {
			c.m, c.bytes = map[yamlKey]*yamlEntry{}, len(k.text)
		}
		e = &yamlEntry{}
		c.m[k] = e
	}
	return e
}

// load parses rendered text. path and source are the SLS file and what stands
// in it, for positions.
func (c *yamlCache) load(path, source, text string) (py.Value, *filePositions, error) {
	e := c.entry(yamlKey{path, text})
	e.once.Do(func() {
		v, pos, err := saltyaml.LoadSLS(text)
		if err != nil {
			e.err = newYAMLError(err, path, source, text)
			return
		}
		e.value = v
		e.pos = newFilePositions(path, source, text, v, pos)
	})
	if e.err != nil {
		return nil, nil, e.err
	}
	return py.DeepCopy(e.value), e.pos, nil
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
