package saltyaml

import (
	"fmt"
	"strings"

	"pinch/internal/py"
)

// dialect says whose loader class constructs the values.
type dialect uint8

const (
	saltDialect   dialect = iota // SaltYamlSafeLoader
	renderDialect                // the same with OrderedDict
	plainDialect                 // PyYAML's CSafeLoader (salt.serializers.yaml)
)

// constructor turns nodes into values, like PyYAML breadth first: a
// collection is made empty, and filled after everything on its own level
// exists. That decides which of several errors is reported, and lets a
// collection contain itself.
type constructor struct {
	dialect   dialect
	pending   []filling
	recursive bool // a collection contains itself
	merged    int
	positions *Positions // nil once levels are filled
	levels    int
	words     *words // may be nil
}

// filling is a collection that is still empty.
type filling struct {
	n *node
	v py.Value
}

func (c *constructor) document(root *node) (py.Value, error) {
	v, err := c.object(root)
	if err != nil {
		return nil, err
	}
	var spare []filling
	for len(c.pending) > 0 {
		level := c.pending
		c.pending = spare[:0]
		for _, f := range level {
			if err := c.fill(f); err != nil {
				return nil, err
			}
		}
		spare = level
		if c.levels--; c.levels == 0 {
			c.positions = nil
		}
	}
	return v, nil
}

func (c *constructor) fail(problem string, n *node) error {
	return newMarked("ConstructorError", "", nil, problem, &n.start)
}

// object returns the value of a node; a collection's content comes later.
func (c *constructor) object(n *node) (py.Value, error) {
	if n.built != nil {
		return n.built, nil
	}
	var v py.Value
	switch n.tag {
	case tagStr:
		s, err := c.scalar(n)
		return c.words.value(s), err
	case tagInt:
		return c.integer(n)
	case tagBool:
		return c.boolean(n)
	case tagNull:
		_, err := c.scalar(n)
		return py.None, err
	case tagFloat:
		return c.float(n)
	case tagBinary:
		return c.binary(n)
	case tagTimestamp:
		return c.timestamp(n)
	case tagSeq, tagPairs:
		v = py.NewList()
	case tagMap:
		v = c.newMap()
	case tagOmap:
		// Once a renderer has run, Salt's loader reads it as a mapping.
		if c.dialect == plainDialect {
			v = py.NewList()
		} else {
			v = c.newMap()
		}
	case tagSet:
		v = new(py.Set)
	case tagUnicode:
		if c.dialect == plainDialect {
			return nil, c.undefined(n)
		}
		s, err := c.scalar(n)
		return py.Str(s), err
	default:
		if c.dialect == plainDialect && strings.HasPrefix(n.tag, "!encrypted") {
			s, err := c.scalar(n)
			return py.Str(s), err
		}
		return nil, c.undefined(n)
	}
	n.built = v
	c.pending = append(c.pending, filling{n, v})
	return v, nil
}

func (c *constructor) undefined(n *node) error {
	return c.fail("could not determine a constructor for the tag "+py.Repr(py.Str(n.tag)), n)
}

func (c *constructor) newMap() *py.Dict {
	if c.dialect == renderDialect {
		return py.NewOrderedDict()
	}
	return py.NewDict()
}

// fill constructs a collection's content.
func (c *constructor) fill(f filling) error {
	switch v := f.v.(type) {
	case *py.Dict:
		return c.mapping(f.n, v)
	case *py.Set:
		d := c.newMap()
		if err := c.mapping(f.n, d); err != nil {
			return err
		}
		for k := range d.All() {
			if err := v.Add(k); err != nil {
				return err
			}
		}
		return nil
	case *py.List:
		switch f.n.tag {
		case tagOmap:
			return c.pairs(f.n, v, "while constructing an ordered map")
		case tagPairs:
			return c.pairs(f.n, v, "while constructing pairs")
		}
		return c.sequence(f.n, v)
	}
	return fmt.Errorf("yaml: cannot fill a %s", f.v.Type())
}

func (c *constructor) sequence(n *node, l *py.List) error {
	if n.kind != sequenceNode {
		return c.fail("expected a sequence node, but found "+n.kind.String(), n)
	}
	l.Items = make([]py.Value, 0, len(n.items))
	for _, item := range n.items {
		v, err := c.object(item)
		if err != nil {
			return err
		}
		l.Items = append(l.Items, v)
	}
	c.positions.note(l, n, n.items, nil)
	return nil
}

const mappingContext = "while constructing a mapping"

func (c *constructor) mapping(n *node, d *py.Dict) error {
	if n.kind != mappingNode {
		return c.fail("expected a mapping node, but found "+n.kind.String(), n)
	}
	if err := c.flatten(n, 0); err != nil {
		return err
	}
	d.Grow(len(n.items) / 2)
	var keys []py.Value
	var places []*node
	if c.positions != nil {
		keys = make([]py.Value, 0, len(n.items)/2)
		places = make([]*node, 0, len(n.items)/2)
	}
	for i := 0; i < len(n.items); i += 2 {
		kn := n.items[i]
		k, err := c.object(kn)
		if err != nil {
			return err
		}
		_, found, err := d.Get(k)
		if err != nil {
			return c.unhashable(n, kn)
		}
		v, err := c.object(n.items[i+1])
		if err != nil {
			return err
		}
		if found && c.dialect != plainDialect {
			return newMarked("ConstructorError", mappingContext, &n.start,
				"found conflicting ID '"+py.ToStr(k)+"'", &kn.start)
		}
		if err := d.Set(k, v); err != nil {
			return err
		}
		if c.positions != nil {
			keys = append(keys, k)
			places = append(places, kn)
		}
	}
	c.positions.note(d, n, places, keys)
	return nil
}

func (c *constructor) unhashable(n, key *node) error {
	problem := "found unhashable key"
	if c.dialect != plainDialect {
		var b strings.Builder
		if key.kind == scalarNode {
			b.WriteString(key.value)
		} else {
			key.valueRepr(&b)
		}
		problem = "found unacceptable key " + b.String()
	}
	return newMarked("ConstructorError", mappingContext, &n.start, problem, &key.start)
}

// flatten puts what merge keys (`<<`) bring in before a mapping's own keys.
// In Salt's dialect own keys win by leaving the merged ones out; keys that
// several merged mappings share then conflict.
func (c *constructor) flatten(n *node, depth int) error {
	if depth > maxDepth {
		return newPlain("RecursionError", recursionText, &n.start)
	}
	var merged []*node
	kept := n.items[:0]
	for i := 0; i < len(n.items); {
		key, value := n.items[i], n.items[i+1]
		if key.tag != tagMerge {
			if key.tag == tagValue {
				key.tag = tagStr
			}
			if !c.recursive {
				kept = append(kept, key, value)
			}
			i += 2
			continue
		}
		if c.recursive {
			// The mapping may merge itself: that changes it while it is read.
			n.items = append(n.items[:i:i], n.items[i+2:]...)
		} else {
			i += 2
		}
		more, err := c.mergeOf(n, value, depth)
		if err != nil {
			return err
		}
		merged = append(merged, more...)
	}
	if !c.recursive {
		n.items = kept
	}
	if len(merged) == 0 {
		return nil
	}
	if c.dialect != plainDialect {
		merged = withoutOwn(merged, n.items)
	}
	n.items = append(merged, n.items...)
	return nil
}

// mergeOf returns the pairs that one merge key brings in.
func (c *constructor) mergeOf(n, value *node, depth int) ([]*node, error) {
	var out []*node
	switch value.kind {
	case mappingNode:
		if err := c.flatten(value, depth+1); err != nil {
			return nil, err
		}
		out = value.items
	case sequenceNode:
		for _, sub := range value.items {
			if sub.kind != mappingNode {
				return nil, newMarked("ConstructorError", mappingContext, &n.start,
					"expected a mapping for merging, but found "+sub.kind.String(), &sub.start)
			}
			if err := c.flatten(sub, depth+1); err != nil {
				return nil, err
			}
			if c.merged += len(sub.items); c.merged > 2*maxMerged {
				return nil, tooManyMerged(n)
			}
		}
		for i := len(value.items) - 1; i >= 0; i-- {
			out = append(out, value.items[i].items...)
		}
	default:
		return nil, newMarked("ConstructorError", mappingContext, &n.start,
			"expected a mapping or list of mappings for merging, but found "+value.kind.String(), &value.start)
	}
	if c.merged += len(out); c.merged > 2*maxMerged {
		return nil, tooManyMerged(n)
	}
	return out, nil
}

func tooManyMerged(n *node) error {
	return newMarked("ConstructorError", "", nil, fmt.Sprintf("merge keys bring in more than %d keys", maxMerged), &n.start)
}

// withoutOwn drops the merged pairs whose key node has the same value as one
// of the mapping's own: the same text for scalars (whatever their type), the
// same nodes for collections.
func withoutOwn(merged, own []*node) []*node {
	texts := make(map[string]bool, len(own)/2)
	var lists []*node
	for i := 0; i < len(own); i += 2 {
		if own[i].kind == scalarNode {
			texts[own[i].value] = true
		} else {
			lists = append(lists, own[i])
		}
	}
	out := make([]*node, 0, len(merged)+len(own))
	for i := 0; i < len(merged); i += 2 {
		k := merged[i]
		if k.kind == scalarNode && texts[k.value] || k.kind != scalarNode && sameItems(k, lists) {
			continue
		}
		out = append(out, k, merged[i+1])
	}
	return out
}

func sameItems(k *node, among []*node) bool {
	for _, o := range among {
		same := len(k.items) == len(o.items) && (k.kind == o.kind || len(k.items) == 0)
		for i := 0; same && i < len(k.items); i++ {
			same = k.items[i] == o.items[i]
		}
		if same {
			return true
		}
	}
	return false
}

// pairs constructs !!omap and !!pairs: a list of (key, value) tuples.
func (c *constructor) pairs(n *node, l *py.List, context string) error {
	if n.kind != sequenceNode {
		return newMarked("ConstructorError", context, &n.start,
			"expected a sequence, but found "+n.kind.String(), &n.start)
	}
	for _, sub := range n.items {
		if sub.kind != mappingNode {
			return newMarked("ConstructorError", context, &n.start,
				"expected a mapping of length 1, but found "+sub.kind.String(), &sub.start)
		}
		if len(sub.items) != 2 {
			return newMarked("ConstructorError", context, &n.start,
				fmt.Sprintf("expected a single mapping item, but found %d items", len(sub.items)/2), &sub.start)
		}
		k, err := c.object(sub.items[0])
		if err != nil {
			return err
		}
		v, err := c.object(sub.items[1])
		if err != nil {
			return err
		}
		l.Append(py.Tuple{k, v})
	}
	return nil
}
