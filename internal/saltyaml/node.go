package saltyaml

import (
	"strings"

	"pinch/internal/py"
)

type nodeKind uint8

const (
	scalarNode nodeKind = iota
	sequenceNode
	mappingNode
)

// String is what Salt's messages call the kind.
func (k nodeKind) String() string { return [...]string{"scalar", "sequence", "mapping"}[k] }

func (k nodeKind) class() string {
	return [...]string{"ScalarNode", "SequenceNode", "MappingNode"}[k]
}

// node is one node of a composed document. An alias is the same *node again.
type node struct {
	kind  nodeKind
	style byte // of a scalar; collections have stylePlain for block, '[' for flow, 0 for unset
	tag   string
	value string  // of a scalar
	items []*node // of a sequence; of a mapping key, value, key, value, ...
	start mark
	size  int // nodes below and including this one, aliases written out

	open  bool     // while its content is composed
	built py.Value // of a collection, once it is constructed

	anchor  string // for the emitter: of a collection that occurs again
	met     bool   // while anchors are given
	written bool
}

// repr is repr(node.value) of PyYAML's node classes, which Salt puts into the
// message for a key that cannot be hashed. ok is false when Python would run
// out of stack.
func (n *node) valueRepr(b *strings.Builder, depth int) (ok bool) {
	if depth > maxDepth/4 {
		return false
	}
	if n.kind == scalarNode {
		b.WriteString(py.Repr(py.Str(n.value)))
		return true
	}
	b.WriteByte('[')
	step := 1
	if n.kind == mappingNode {
		step = 2
	}
	for i := 0; i < len(n.items); i += step {
		if i > 0 {
			b.WriteString(", ")
		}
		if step == 2 {
			b.WriteByte('(')
		}
		for j := range step {
			if j > 0 {
				b.WriteString(", ")
			}
			if !n.items[i+j].repr(b, depth+1) {
				return false
			}
		}
		if step == 2 {
			b.WriteByte(')')
		}
	}
	b.WriteByte(']')
	return true
}

func (n *node) repr(b *strings.Builder, depth int) bool {
	b.WriteString(n.kind.class())
	b.WriteString("(tag=")
	b.WriteString(py.Repr(py.Str(n.tag)))
	b.WriteString(", value=")
	if !n.valueRepr(b, depth) {
		return false
	}
	b.WriteByte(')')
	return true
}
