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

	open  bool     // while its content is composed or printed
	built py.Value // of a collection, once it is constructed

	anchor  string // for the emitter: of a collection that occurs again
	met     bool   // while anchors are given
	written bool
}

// maxRepr bounds the text of a node in a message.
const maxRepr = 1 << 20

// valueRepr writes repr(node.value) of PyYAML's node classes, which Salt puts
// into the message for a key that cannot be hashed. A collection inside
// itself is "[...]", as in Python.
func (n *node) valueRepr(b *strings.Builder) {
	switch {
	case n.kind == scalarNode:
		b.WriteString(py.Repr(py.Str(n.value)))
		return
	case n.open || b.Len() > maxRepr:
		b.WriteString("[...]")
		return
	}
	n.open = true
	defer func() { n.open = false }()
	b.WriteByte('[')
	for i, c := range n.items {
		if i > 0 {
			b.WriteString(", ")
		}
		pair := n.kind == mappingNode
		if pair && i%2 == 0 {
			b.WriteByte('(')
		}
		c.repr(b)
		if pair && i%2 == 1 {
			b.WriteByte(')')
		}
	}
	b.WriteByte(']')
}

func (n *node) repr(b *strings.Builder) {
	b.WriteString(n.kind.class())
	b.WriteString("(tag=")
	b.WriteString(py.Repr(py.Str(n.tag)))
	b.WriteString(", value=")
	n.valueRepr(b)
	b.WriteByte(')')
}
