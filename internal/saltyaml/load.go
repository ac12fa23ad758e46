package saltyaml

import (
	"math"
	"sync"

	"pinch/internal/py"
)

// Load is salt.utils.yaml.safe_load: the value of the only document, None
// when there is none. Mappings are *py.Dict (not Ordered), sequences
// *py.List, sets *py.Set; aliases give the same object again. Errors are
// *Error.
func Load(text string) (py.Value, error) {
	root, recursive, err := compose(text)
	if err != nil {
		return nil, err
	}
	if root == nil {
		return py.None, nil
	}
	c := &constructor{dialect: saltDialect, recursive: recursive}
	return c.document(root)
}

// LoadSLS is salt.renderers.yaml.render: Load with OrderedDicts, where a
// false document becomes an empty dict. The positions tell where each entry
// of the tree stands in text. Errors are *Error, of class SaltRenderError
// where Salt wraps them, with their place kept in Line and Column.
func LoadSLS(text string) (py.Value, *Positions, error) {
	return new(composer).loadSLS(text, math.MaxInt)
}

// Loader loads one SLS after another with the same buffers. The zero Loader is
// ready; it is safe for concurrent use.
type Loader struct{ composers sync.Pool }

// LoadState is LoadSLS whose positions are those of the IDs and of the states
// in them, and of nothing below.
func (l *Loader) LoadState(text string) (py.Value, *Positions, error) {
	const levels = 2
	c, ok := l.composers.Get().(*composer)
	if !ok {
		c = &composer{words: new(words)}
	}
	v, pos, err := c.loadSLS(text, levels)
	c.reset("")
	l.composers.Put(c)
	return v, pos, err
}

// loadSLS notes the positions of as many levels of collections.
func (c *composer) loadSLS(text string, levels int) (py.Value, *Positions, error) {
	pos := &Positions{of: map[py.Value]span32{}}
	root, recursive, err := c.compose(text)
	if err != nil {
		return nil, nil, rendered(err)
	}
	if root == nil {
		return py.NewDict(), pos, nil
	}
	made := &constructor{dialect: renderDialect, recursive: recursive, positions: pos, levels: levels, words: c.words}
	v, err := made.document(root)
	if err != nil {
		return nil, nil, rendered(err)
	}
	if !py.IsTrue(v) {
		return py.NewDict(), pos, nil
	}
	if recursive && cyclic(v) {
		return nil, nil, newPlain("RecursionError", recursionText, &root.start)
	}
	return v, pos, nil
}

func rendered(err error) error {
	if e, ok := err.(*Error); ok { //nolint:errorlint // made in this package, never wrapped
		return e.asRender()
	}
	return err
}

// cyclic says whether a list or dict contains itself, which the renderer's
// check of all keys cannot end on. (A cycle may also go through a set or a
// list of pairs, which that check does not enter.)
func cyclic(root py.Value) bool {
	const open, closed = 1, 2
	state := map[py.Value]uint8{}
	var visit func(v py.Value) bool
	visit = func(v py.Value) bool {
		if !container(v) {
			return false
		}
		if s := state[v]; s != 0 {
			return s == open
		}
		state[v] = open
		switch v := v.(type) {
		case *py.Dict:
			for _, item := range v.All() {
				if visit(item) {
					return true
				}
			}
		case *py.List:
			for _, item := range v.Items {
				if visit(item) {
					return true
				}
			}
		}
		state[v] = closed
		return false
	}
	return visit(root)
}
