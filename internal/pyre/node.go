package pyre

import (
	"math"

	"pinch/internal/py"
)

type opcode uint8

const (
	opLiteral opcode = iota
	opSet            // set, negate
	opAny
	opAt         // at: one of ^ $ A Z b B
	opBranch     // kids are alternatives
	opGroup      // kids[0]; group number (0: none) and flags
	opAtomic     // kids[0]
	opRepeat     // kids[0], min, max, kind
	opRef        // group
	opCond       // group, kids[0] and perhaps kids[1]
	opLookAhead  // kids[0], negate
	opLookBehind // kids[0], negate
)

// maxRepeat stands for no upper bound.
const maxRepeat = math.MaxInt32

type repeatKind uint8

const (
	greedy repeatKind = iota
	lazy
	possessive
)

// node is one item of a parsed pattern; kids are sequences of nodes.
type node struct {
	op       opcode
	char     rune // literal; of opAt: which
	set      []setItem
	negate   bool
	kids     [][]*node
	group    int
	add, del Flags
	min, max int
	kind     repeatKind
}

// setItem is a range, or a class: one of d D s S w W.
type setItem struct {
	lo, hi rune
	class  byte
}

// widther computes how long the text can be that a sequence matches.
type widther struct {
	groups []width // by group number
}

type width struct {
	lo, hi int
	known  bool
}

const maxWidth = math.MaxInt / 4

func addWidth(a, b int) int { return min(a+b, maxWidth) }

func mulWidth(a, n int) int {
	if a != 0 && n > maxWidth/a {
		return maxWidth
	}
	return a * n
}

func (w *widther) seq(nodes []*node) (lo, hi int) {
	for _, n := range nodes {
		l, h := w.node(n)
		lo, hi = addWidth(lo, l), addWidth(hi, h)
	}
	return lo, hi
}

func (w *widther) node(n *node) (lo, hi int) {
	switch n.op {
	case opLiteral, opSet, opAny:
		return 1, 1
	case opBranch:
		lo = maxWidth
		for _, k := range n.kids {
			l, h := w.seq(k)
			lo, hi = min(lo, l), max(hi, h)
		}
		return lo, hi
	case opGroup, opAtomic:
		return w.seq(n.kids[0])
	case opRepeat:
		l, h := w.seq(n.kids[0])
		if n.max == maxRepeat && h > 0 {
			return mulWidth(l, n.min), maxWidth
		}
		return mulWidth(l, n.min), mulWidth(h, n.max)
	case opRef:
		if n.group < len(w.groups) {
			return w.groups[n.group].lo, w.groups[n.group].hi
		}
	case opCond:
		lo, hi = w.seq(n.kids[0])
		if len(n.kids) < 2 {
			return 0, hi
		}
		l, h := w.seq(n.kids[1])
		return min(lo, l), max(hi, h)
	}
	return 0, 0
}

// checkLookbehinds refuses look-behinds of variable width.
func (w *widther) checkLookbehinds(nodes []*node) error {
	for _, n := range nodes {
		if n.op == opLookBehind {
			if lo, hi := w.seq(n.kids[0]); lo != hi {
				return &py.Error{Class: "error", Msg: "look-behind requires fixed-width pattern"}
			}
		}
		for _, k := range n.kids {
			if err := w.checkLookbehinds(k); err != nil {
				return err
			}
		}
	}
	return nil
}
