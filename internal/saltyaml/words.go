package saltyaml

import (
	"strings"

	"pinch/internal/py"
)

// words remembers short texts as values: a state tree is made of the same few
// words (name, source, require, root, ...), which then need no memory of their
// own. It forgets a word when another one comes to its place.
type words [1024]py.Value

const maxWord = 24 // bytes

// value returns the text as a value.
func (w *words) value(s string) py.Value {
	if w == nil || len(s) == 0 || len(s) > maxWord {
		return py.Str(s)
	}
	h := uint32(2166136261) // FNV-1a
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	at := &w[h%uint32(len(w))]
	if known, ok := (*at).(py.Str); ok && string(known) == s {
		return *at
	}
	v := py.Value(py.Str(strings.Clone(s))) // not a part of the document, which would stay with it
	*at = v
	return v
}
