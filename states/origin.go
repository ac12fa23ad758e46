package states

import (
	"slices"
	"strconv"
	"strings"

	"pinch/internal/py"
	"pinch/internal/saltyaml"
	"pinch/states/low"
)

// Origin says where a value of the pillar came from.
type Origin struct {
	// Path are the keys that lead to the value, which is no mapping, or an
	// empty one.
	Path  []string
	Value py.Value
	// From are the places; several when a list was put together from them,
	// none when nothing is known (a value that was made of others).
	From []Place
}

// Key is the path as pillar.get takes it.
func (o *Origin) Key() string { return strings.Join(o.Path, ":") }

// Place is where a part of the pillar was written.
type Place struct {
	// Kind is "sls", "ext_pillar", "command line" or "configuration".
	Kind string
	Name string // of the SLS or the external pillar
	// Pos is the file, with the line where that is certain.
	Pos low.Pos
}

// String words a place: file and line, what it is.
func (p Place) String() string {
	what := p.Kind
	if p.Name != "" {
		what += " " + p.Name
	}
	at := p.Pos.File
	if at == "" {
		return what
	}
	if p.Pos.Line > 0 {
		at += ":" + strconv.Itoa(p.Pos.Line)
	}
	return at + " (" + what + ")"
}

// contribution is what one source gave to a pillar.
type contribution struct {
	place Place
	data  py.Value // a copy
	at    map[string]low.Pos
}

// tracker collects contributions in the order in which they are merged: later
// ones win. A nil tracker collects nothing.
type tracker struct {
	list []contribution
	// own and whole are what SLS gave, by environment and name: alone, and
	// with their includes.
	own, whole map[string][]contribution
	// rendered is what the yaml renderer read last.
	source, text string
}

func newTracker() *tracker {
	return &tracker{own: map[string][]contribution{}, whole: map[string][]contribution{}}
}

// add notes a contribution.
func (t *tracker) add(place Place, data py.Value) {
	if t != nil && data != nil && py.IsTrue(data) {
		t.list = append(t.list, contribution{place: place, data: py.DeepCopy(data)})
	}
}

// reads notes the text that a renderer reads as YAML.
func (t *tracker) reads(source, text string) {
	if t != nil {
		t.source, t.text = source, text
	}
}

// sls notes what an SLS rendered to, before its includes.
func (t *tracker) sls(env, name, file string, data py.Value) {
	if t == nil {
		return
	}
	c := contribution{place: Place{Kind: "sls", Name: name, Pos: low.Pos{File: file}}, data: py.DeepCopy(data)}
	if d, ok := c.data.(*py.Dict); ok {
		d.DeleteStr("include")
	}
	c.at = positionsIn(file, t.source, t.text)
	t.source, t.text = "", ""
	key := env + ":" + name
	t.own[key] = []contribution{c}
	t.whole[key] = t.own[key]
}

// of returns what an SLS gave: with its includes, or alone when it was
// rendered before.
func (t *tracker) of(env, name string, alone bool) []contribution {
	if t == nil {
		return nil
	}
	if alone {
		return t.own[env+":"+name]
	}
	return t.whole[env+":"+name]
}

// below puts contributions under a key like "a:b".
func below(list []contribution, key string) []contribution {
	if key == "" {
		return list
	}
	out := make([]contribution, len(list))
	for i, c := range list {
		moved := contribution{place: c.place, data: under(key, c.data, ":"), at: map[string]low.Pos{}}
		prefix := strings.ReplaceAll(key, ":", pathSep) + pathSep
		for p, pos := range c.at {
			moved.at[prefix+p] = pos
		}
		out[i] = moved
	}
	return out
}

// pathSep is between the keys of a path in maps; keys may hold colons.
const pathSep = "\x00"

// positionsIn returns where the keys of a text stand, by path, in the file
// that the text was rendered from. A line that is not certain is left out.
func positionsIn(file, source, text string) map[string]low.Pos {
	out := map[string]low.Pos{}
	if text == "" {
		return out
	}
	v, pos, err := saltyaml.LoadSLS(text)
	if err != nil {
		return out // the renderer told
	}
	lines := &lineMap{same: true}
	if source != text {
		lines = &lineMap{source: newSourceLines(source), text: splitLines(text)}
	}
	var walk func(v py.Value, path []string)
	walk = func(v py.Value, path []string) {
		d, ok := v.(*py.Dict)
		if !ok {
			return
		}
		for k, x := range d.All() {
			p := append(path[:len(path):len(path)], str(k))
			if line := lines.find(pos.Key(d, k).Line); line > 0 {
				out[strings.Join(p, pathSep)] = low.Pos{File: file, Line: line}
			}
			if len(p) < maxOriginDepth {
				walk(x, p)
			}
		}
	}
	walk(v, nil)
	return out
}

// maxOriginDepth bounds mappings that hold themselves.
const maxOriginDepth = 100

// origins tells for each value of a pillar where it came from: of the sources
// that gave the very value the last, which is the one that won; else of those
// that have the key (a list that was merged, a value that was decrypted).
func (t *tracker) origins(pillar *py.Dict) ([]Origin, error) {
	var out []Origin
	var walk func(v py.Value, path []string) error
	walk = func(v py.Value, path []string) error {
		d, ok := v.(*py.Dict)
		if ok && d.Len() > 0 && len(path) < maxOriginDepth {
			for k, x := range d.All() {
				if err := walk(x, append(path[:len(path):len(path)], str(k))); err != nil {
					return err
				}
			}
			return nil
		}
		if len(path) == 0 {
			return nil
		}
		from, err := t.places(path, v)
		if err != nil {
			return err
		}
		out = append(out, Origin{Path: path, Value: v, From: from})
		return nil
	}
	return out, walk(pillar, nil)
}

func (t *tracker) places(path []string, v py.Value) ([]Place, error) {
	var all []Place
	lists := true
	for _, c := range slices.Backward(t.list) {
		x, err := traverseText(c.data, path)
		if err != nil {
			return nil, err
		}
		if x == nil {
			continue
		}
		place := c.place
		if pos, ok := c.at[strings.Join(path, pathSep)]; ok {
			place.Pos = pos
		}
		if eq, err := py.Equal(x, v); err != nil {
			return nil, err
		} else if eq && x.Type() == v.Type() {
			return []Place{place}, nil
		}
		if _, ok := x.(*py.List); !ok {
			lists = false
		}
		all = append(all, place)
	}
	if _, ok := v.(*py.List); ok && lists {
		slices.Reverse(all)
		return all, nil
	}
	if len(all) > 0 {
		all = all[:1]
	}
	return all, nil
}

// traverseText follows keys by their texts, as Key names them; nil is what is
// not there.
func traverseText(v py.Value, path []string) (py.Value, error) {
next:
	for _, want := range path {
		d, ok := v.(*py.Dict)
		if !ok {
			return nil, nil
		}
		if x, ok := d.GetStr(want); ok {
			v = x
			continue
		}
		for k, x := range d.All() {
			if _, isText := k.(py.Str); !isText && str(k) == want {
				v = x
				continue next
			}
		}
		return nil, nil
	}
	return v, nil
}
