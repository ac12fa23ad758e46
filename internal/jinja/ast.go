package jinja

import "pinch/internal/py"

// node is any node of the syntax tree. line is the line of the source that
// error messages name for it.
type node interface{ lineno() int }

type at int

func (a at) lineno() int { return int(a) }

// spot is a line and the offset in the normalized source, which Needs turns
// into a line and a column. Nodes that no text stands for have the offset
// noSpot.
type spot struct {
	at
	off int32
}

const noSpot = -1

func (t *token) spot() spot { return spot{at(t.line), t.off} }

func hidden(line at) spot { return spot{line, noSpot} }

// span is a part of the normalized source.
type span struct{ off, end int32 }

type nameCtx uint8

const (
	ctxLoad nameCtx = iota
	ctxStore
	ctxParam
)

// Expressions.
type (
	nameNode struct {
		spot
		name string
		ctx  nameCtx
	}
	nsRefNode struct {
		at
		name, attr string
	}
	constNode struct {
		spot
		value py.Value
	}
	dataNode struct {
		at
		data string
	}
	tupleNode struct {
		at
		items []node
	}
	listNode struct {
		at
		items []node
	}
	dictNode struct {
		at
		keys, values []node
	}
	condNode struct {
		at
		test, then, other node // other is nil without else
	}
	callArgs struct {
		args      []node
		kwNames   []string
		kwValues  []node
		dynArgs   node
		dynKwargs node
	}
	filterNode struct {
		spot
		node node // nil: the enclosing filter or set block's text
		name string
		callArgs
	}
	testNode struct {
		spot
		node node
		name string
		callArgs
	}
	callNode struct {
		at
		node node
		callArgs
	}
	getitemNode struct {
		at
		node, arg node
		end       int32 // of the brackets, in the source
	}
	getattrNode struct {
		at
		node node
		attr string
	}
	sliceNode struct {
		at
		start, stop, step node
	}
	concatNode struct {
		at
		nodes []node
	}
	compareNode struct {
		at
		expr node
		ops  []string
		rest []node
	}
	binaryNode struct { // + - * / // % ** and or
		at
		op          string
		left, right node
	}
	unaryNode struct { // + - not
		at
		op   string
		node node
	}
	profileNode struct { // Salt: starts the clock of a profile block
		at
		label  node
		source string
	}
	profileEndNode struct {
		at
		id node
	}
)

// Statements.
type (
	outputNode struct {
		at
		nodes []node
	}
	extendsNode struct {
		at
		template node
		text     span
	}
	forNode struct {
		at
		target, iter node
		body, other  []node
		test         node
		recursive    bool
	}
	ifNode struct {
		at
		test  node
		body  []node
		elifs []*ifNode
		other []node
	}
	macroNode struct { // a macro, or the body of a call block with call set
		at
		name     string
		args     []*nameNode
		defaults []node
		body     []node
		call     *callNode
	}
	filterBlockNode struct {
		at
		body   []node
		filter *filterNode
	}
	withNode struct {
		at
		targets, values []node
		body            []node
	}
	blockNode struct {
		at
		name             string
		body             []node
		scoped, required bool
	}
	includeNode struct {
		at
		template      node
		text          span
		withContext   bool
		ignoreMissing bool
	}
	importNode struct {
		at
		template    node
		text        span
		tag         string // import, import_yaml, import_json, import_text
		target      string
		withContext bool
	}
	fromNode struct {
		at
		template       node
		text           span
		names, aliases []string
		withContext    bool
	}
	exprStmtNode struct {
		at
		node node
	}
	assignNode struct {
		at
		target, node node
	}
	assignBlockNode struct {
		at
		target node
		filter *filterNode
		body   []node
	}
	autoescapeNode struct { // a scope with an autoescape setting
		at
		value node
		body  []node
	}
	continueNode struct{ at }
	breakNode    struct{ at }
)

// children calls f for the direct children of n, in Jinja's field order, which
// decides whether a name is read or written first.
func children(n node, f func(node)) {
	one := func(c node) {
		if c != nil {
			f(c)
		}
	}
	all := func(cs []node) {
		for _, c := range cs {
			f(c)
		}
	}
	args := func(a *callArgs) {
		all(a.args)
		all(a.kwValues)
		one(a.dynArgs)
		one(a.dynKwargs)
	}
	switch n := n.(type) {
	case *tupleNode:
		all(n.items)
	case *listNode:
		all(n.items)
	case *dictNode:
		for i := range n.keys {
			f(n.keys[i])
			f(n.values[i])
		}
	case *condNode:
		f(n.test)
		f(n.then)
		one(n.other)
	case *filterNode:
		one(n.node)
		args(&n.callArgs)
	case *testNode:
		f(n.node)
		args(&n.callArgs)
	case *callNode:
		f(n.node)
		args(&n.callArgs)
	case *getitemNode:
		f(n.node)
		f(n.arg)
	case *getattrNode:
		f(n.node)
	case *sliceNode:
		one(n.start)
		one(n.stop)
		one(n.step)
	case *concatNode:
		all(n.nodes)
	case *compareNode:
		f(n.expr)
		all(n.rest)
	case *binaryNode:
		f(n.left)
		f(n.right)
	case *unaryNode:
		f(n.node)
	case *profileNode:
		f(n.label)
	case *profileEndNode:
		f(n.id)
	case *outputNode:
		all(n.nodes)
	case *extendsNode:
		f(n.template)
	case *forNode:
		f(n.target)
		f(n.iter)
		all(n.body)
		all(n.other)
		one(n.test)
	case *ifNode:
		f(n.test)
		all(n.body)
		for _, e := range n.elifs {
			f(e)
		}
		all(n.other)
	case *macroNode:
		if n.call != nil {
			f(n.call)
		}
		for _, a := range n.args {
			f(a)
		}
		all(n.defaults)
		all(n.body)
	case *filterBlockNode:
		all(n.body)
		f(n.filter)
	case *withNode:
		all(n.targets)
		all(n.values)
		all(n.body)
	case *blockNode:
		all(n.body)
	case *includeNode:
		f(n.template)
	case *importNode:
		f(n.template)
	case *fromNode:
		f(n.template)
	case *exprStmtNode:
		f(n.node)
	case *assignNode:
		f(n.target)
		f(n.node)
	case *assignBlockNode:
		f(n.target)
		if n.filter != nil {
			f(n.filter)
		}
		all(n.body)
	case *autoescapeNode:
		f(n.value)
		all(n.body)
	}
}

// walk visits n and all nodes below it, n first, until f returns false for a
// node whose children are then skipped.
func walk(n node, f func(node) bool) {
	if f(n) {
		children(n, func(c node) { walk(c, f) })
	}
}

func walkAll(ns []node, f func(node) bool) {
	for _, n := range ns {
		walk(n, f)
	}
}
