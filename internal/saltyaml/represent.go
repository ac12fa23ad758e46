package saltyaml

import (
	"encoding/base64"
	"math"
	"sort"
	"strings"
	"unicode/utf8"

	"pinch/internal/py"
)

// representer turns values into nodes, like PyYAML's SafeRepresenter with
// Salt's additions. Objects met again give the same node, which the emitter
// writes as an alias.
type representer struct {
	o    Options
	seen map[any]*node
	// pure is PyYAML without Salt's additions: it knows no OrderedDict.
	pure bool
}

// tupleID is a tuple's identity: copies of the value share its items.
type tupleID struct {
	first *py.Value
	n     int
}

func (r *representer) value(v py.Value, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, newPlain("RecursionError", recursionText, nil)
	}
	switch v := v.(type) {
	case py.Str:
		return r.str(string(v))
	case py.NoneType:
		return r.scalar(tagNull, "null"), nil
	case py.Bool:
		if v {
			return r.scalar(tagBool, "true"), nil
		}
		return r.scalar(tagBool, "false"), nil
	case py.Int, *py.Long:
		return r.scalar(tagInt, py.Repr(v)), nil
	case py.Float:
		return r.scalar(tagFloat, floatText(float64(v))), nil
	case py.Bytes:
		n := r.scalar(tagBinary, encodeBase64(string(v)))
		n.style = styleLit
		return n, nil
	case py.Date:
		return r.scalar(tagTimestamp, v.ISO()), nil
	case py.DateTime:
		return r.scalar(tagTimestamp, v.ISO(" ")), nil
	case py.Tuple:
		n := &node{kind: sequenceNode, tag: tagSeq}
		if len(v) > 0 {
			id := tupleID{&v[0], len(v)}
			if seen := r.seen[id]; seen != nil {
				return seen, nil
			}
			r.seen[id] = n
		}
		return r.sequence(n, v, depth)
	case *py.List:
		if n := r.seen[v]; n != nil {
			return n, nil
		}
		n := &node{kind: sequenceNode, tag: tagSeq}
		r.seen[v] = n
		return r.sequence(n, v.Items, depth)
	case *py.Dict:
		if v.Ordered && r.pure {
			break
		}
		if n := r.seen[v]; n != nil {
			return n, nil
		}
		n := &node{kind: mappingNode, tag: tagMap}
		r.seen[v] = n
		if (v.Ordered && !r.o.SortOrdered) || r.o.KeepOrder {
			return r.mapping(n, v.Keys(), v, depth)
		}
		return r.mapping(n, sortedKeys(v.Keys()), v, depth)
	case *py.Set:
		if v.Frozen {
			break
		}
		if n := r.seen[v]; n != nil {
			return n, nil
		}
		n := &node{kind: mappingNode, tag: tagSet}
		r.seen[v] = n
		keys := v.Items()
		if !r.o.KeepOrder {
			keys = sortedKeys(keys)
		}
		return r.mapping(n, keys, nil, depth)
	}
	if r.o.Strict {
		return nil, cannotRepresent(v)
	}
	return r.scalar(tagNull, "NULL"), nil
}

func cannotRepresent(v py.Value) error {
	return newPlain("RepresenterError", "('cannot represent an object', "+py.Repr(v)+")", nil)
}

func (r *representer) scalar(tag, value string) *node {
	return &node{kind: scalarNode, tag: tag, value: value, style: r.o.DefaultStyle}
}

func (r *representer) str(s string) (*node, error) {
	if !utf8.ValidString(s) {
		for i := range s {
			if c, n := utf8.DecodeRuneInString(s[i:]); c == utf8.RuneError && n == 1 {
				return nil, badUTF8(s, i)
			}
		}
	}
	return r.scalar(tagStr, s), nil
}

// leaf says whether a child lets its parent be written in brackets under
// FlowLeaves.
func leaf(n *node) bool { return n.kind == scalarNode && n.style == 0 }

func (r *representer) sequence(n *node, items []py.Value, depth int) (*node, error) {
	best := true
	for _, it := range items {
		c, err := r.value(it, depth+1)
		if err != nil {
			return nil, err
		}
		best = best && leaf(c)
		n.items = append(n.items, c)
	}
	r.setStyle(n, best)
	return n, nil
}

// mapping fills a mapping node; d is nil for a set.
func (r *representer) mapping(n *node, keys []py.Value, d *py.Dict, depth int) (*node, error) {
	best := true
	n.items = make([]*node, 0, 2*len(keys))
	for _, k := range keys {
		var v py.Value = py.None
		if d != nil {
			var err error
			if v, _, err = d.Get(k); err != nil {
				return nil, err
			}
		}
		kn, err := r.value(k, depth+1)
		if err != nil {
			return nil, err
		}
		vn, err := r.value(v, depth+1)
		if err != nil {
			return nil, err
		}
		best = best && leaf(kn) && leaf(vn)
		n.items = append(n.items, kn, vn)
	}
	r.setStyle(n, best)
	return n, nil
}

func (r *representer) setStyle(n *node, best bool) {
	n.style = stylePlain
	if r.o.FlowStyle == Flow || r.o.FlowStyle == FlowLeaves && best {
		n.style = flowStyle
	}
}

// sortedKeys sorts keys as Python's sorted() does; keys that cannot be
// compared with each other stay as they are.
func sortedKeys(keys []py.Value) []py.Value {
	strs := true
	for _, k := range keys {
		if _, ok := k.(py.Str); !ok {
			strs = false
			break
		}
	}
	out := append([]py.Value(nil), keys...)
	if strs {
		// UTF-8 sorts like the code points.
		sort.SliceStable(out, func(i, j int) bool { return out[i].(py.Str) < out[j].(py.Str) })
		return out
	}
	failed := false
	sort.SliceStable(out, func(i, j int) bool {
		less, err := py.Less(out[i], out[j])
		failed = failed || err != nil
		return less
	})
	if failed {
		return keys
	}
	return out
}

// floatText writes a float so that YAML 1.1 reads it as one.
func floatText(f float64) string {
	switch {
	case math.IsNaN(f):
		return ".nan"
	case math.IsInf(f, 1):
		return ".inf"
	case math.IsInf(f, -1):
		return "-.inf"
	}
	s := strings.ToLower(py.Repr(py.Float(f)))
	if !strings.Contains(s, ".") {
		s = strings.Replace(s, "e", ".0e", 1)
	}
	return s
}

// encodeBase64 is base64.encodebytes: lines of 76 characters.
func encodeBase64(s string) string {
	text := base64.StdEncoding.EncodeToString([]byte(s))
	var b strings.Builder
	for len(text) > 76 {
		b.WriteString(text[:76])
		b.WriteByte('\n')
		text = text[76:]
	}
	if text != "" {
		b.WriteString(text)
		b.WriteByte('\n')
	}
	return b.String()
}
