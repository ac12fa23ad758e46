package jinja

import (
	"context"
	"strconv"

	"pinch/internal/py"
)

func itoa(i int) string { return strconv.Itoa(i) }

func constStr(n node) (string, bool) {
	k, ok := n.(*constNode)
	if !ok {
		return "", false
	}
	s, ok := k.value.(py.Str)
	return string(s), ok
}

func truthConst(v py.Value) (bool, error) { return py.Truth(v) }

func (c *compiler) exprs(ns []node, f *compileFrame) []expr {
	if len(ns) == 0 {
		return nil
	}
	out := make([]expr, len(ns))
	for i, n := range ns {
		out[i] = c.expr(n, f)
	}
	return out
}

func (c *compiler) opt(n node, f *compileFrame) expr {
	if n == nil {
		return nil
	}
	return c.expr(n, f)
}

func (c *compiler) nameLoad(name string, f *compileFrame) expr {
	r := c.ref(f, name)
	if r.up == 0 {
		return &localExpr{slot: r.slot, name: name}
	}
	return &outerExpr{slotRef: r}
}

// expr compiles an expression.
func (c *compiler) expr(n node, f *compileFrame) expr {
	switch n := n.(type) {
	case *constNode:
		return &constExpr{n.value}
	case *nameNode:
		if c.reads != nil && f.syms.fromContext(n.name) {
			c.reads(n)
		}
		return c.nameLoad(n.name, f)
	case *getattrNode:
		return &attrExpr{obj: c.expr(n.node, f), name: n.attr, key: py.Str(n.attr)}
	case *getitemNode:
		obj := c.expr(n.node, f)
		if s, ok := n.arg.(*sliceNode); ok {
			return &sliceExpr{obj: obj, start: c.opt(s.start, f), stop: c.opt(s.stop, f), step: c.opt(s.step, f)}
		}
		return &itemExpr{obj: obj, key: c.expr(n.arg, f)}
	case *callNode:
		return c.call(n, f)
	case *filterNode:
		return c.filter(n, f)
	case *testNode:
		return c.test(n, f)
	case *binaryNode:
		l, r := c.expr(n.left, f), c.expr(n.right, f)
		switch n.op {
		case "and":
			return &andExpr{l, r}
		case "or":
			return &orExpr{l, r}
		}
		return c.fold(&binaryExpr{op: binaryOps(n.op), l: l, r: r}, l, r)
	case *unaryNode:
		e := c.expr(n.node, f)
		if n.op == "not" {
			return &notExpr{e}
		}
		return c.fold(&unaryExpr{op: n.op, e: e}, e)
	case *concatNode:
		// Constants are joined at compile time, without escaping.
		return &concatExpr{parts: c.exprs(n.nodes, f), escape: c.escaping(f) == escapeYes && !c.folding && !c.isConst(n, f)}
	case *compareNode:
		e := &compareExpr{first: c.expr(n.expr, f), rest: c.exprs(n.rest, f), ops: make([]cmpOp, len(n.ops))}
		for i, op := range n.ops {
			e.ops[i] = cmpOps(op)
		}
		if len(e.ops) == 1 {
			return &compareOne{op: e.ops[0], l: e.first, r: e.rest[0]}
		}
		return e
	case *condNode:
		soft := f.asSoft()
		e := &condExpr{then: c.expr(n.then, soft), test: c.expr(n.test, soft), position: c.position(n)}
		e.other = c.opt(n.other, soft)
		return e
	case *tupleNode:
		return &tupleExpr{items: c.exprs(n.items, f)}
	case *listNode:
		return &listExpr{items: c.exprs(n.items, f)}
	case *dictNode:
		return &dictExpr{keys: c.exprs(n.keys, f), values: c.exprs(n.values, f)}
	case *profileNode:
		return &profileExpr{label: c.expr(n.label, f), source: n.source}
	case *profileEndNode:
		return &profileEndExpr{c.expr(n.id, f)}
	case *sliceNode:
		return &sliceValueExpr{start: c.opt(n.start, f), stop: c.opt(n.stop, f), step: c.opt(n.step, f)}
	}
	c.fail("internal error: unknown expression", n.lineno())
	return nil
}

// fold evaluates arithmetic on number constants at compile time; an operation
// that fails is left for the run.
func (c *compiler) fold(e expr, parts ...expr) expr {
	for _, p := range parts {
		k, ok := p.(*constExpr)
		if !ok {
			return e
		}
		switch k.v.(type) {
		case py.Int, py.Float:
		default:
			return e
		}
	}
	if b, ok := e.(*binaryExpr); ok && b.op == py.OpPow {
		return e
	}
	v, err := e.eval(nil)
	if err != nil {
		return e
	}
	return &constExpr{v}
}

func (c *compiler) args(a *callArgs, f *compileFrame) argList {
	c.checkKeywords(a)
	return argList{pos: c.exprs(a.args, f), names: a.kwNames, values: c.exprs(a.kwValues, f),
		star: c.opt(a.dynArgs, f), starStar: c.opt(a.dynKwargs, f)}
}

func (c *compiler) call(n *callNode, f *compileFrame) *callExpr {
	e := &callExpr{fn: c.expr(n.node, f)}
	if a, ok := e.fn.(*attrExpr); ok {
		e.method = a
	}
	e.args = c.args(&n.callArgs, f)
	if f.loop || f.block {
		e.names, e.slots = f.assignedNames, make([]slotRef, len(f.assignedVars))
		for i, v := range f.assignedVars {
			e.slots[i] = c.slot(v)
		}
	}
	return e
}

func (c *compiler) filter(n *filterNode, f *compileFrame) expr {
	e := &filterExpr{name: n.name, fn: c.env.filters[n.name]}
	if e.fn == nil && !f.soft {
		c.fail("No filter named "+quote(n.name)+".", n.lineno())
	}
	if n.node != nil {
		e.value = c.expr(n.node, f)
	} else {
		e.escape = c.escaping(f)
	}
	e.args = c.args(&n.callArgs, f)
	return e
}

func (c *compiler) test(n *testNode, f *compileFrame) expr {
	e := &testExpr{name: n.name, fn: c.env.tests[n.name]}
	if e.fn == nil && !f.soft {
		c.fail("No test named "+quote(n.name)+".", n.lineno())
	}
	e.value = c.expr(n.node, f)
	e.args = c.args(&n.callArgs, f)
	if a := &e.args; len(a.pos) == 0 && len(a.names) == 0 && a.star == nil && a.starStar == nil {
		switch n.name {
		case "defined":
			return &definedExpr{e: e.value, want: true}
		case "undefined":
			return &definedExpr{e: e.value}
		}
	}
	return e
}

// isConst says whether Jinja's optimizer takes a node for a constant: literals
// and what is made of them by operators, look-ups, filters and tests, unless
// evaluating it fails.
func (c *compiler) isConst(n node, f *compileFrame) bool {
	constant, evaluate := true, false
	walk(n, func(n node) bool {
		switch n := n.(type) {
		case *nameNode, *callNode, *profileNode, *profileEndNode, *sliceNode:
			constant = false
		case *constNode, *listNode, *tupleNode:
		case *filterNode:
			constant = constant && !f.volatile && foldedFilters[n.name] && n.node != nil
			evaluate = true
		case *testNode:
			constant = constant && !f.volatile
			evaluate = true
		default:
			evaluate = true
		}
		return constant
	})
	if !constant || !evaluate {
		return constant
	}
	rt := newRuntime(context.Background(), c.t, &Render{Budget: Budget{Steps: 1000, Output: 1 << 16}})
	rt.env = c.env
	ctx := rt.mainContext(c.t)
	ctx.escape = f.escape
	was := c.folding
	c.folding = true
	e := c.expr(n, f)
	c.folding = was
	v, err := e.eval(&frame{c: ctx})
	if err == nil {
		_, err = py.StrErr(v)
	}
	return err == nil && !IsUndefined(v)
}

// foldedFilters are the filters that Jinja applies to constants when it
// compiles and whose result can be safe text or must be known then. Other
// filters give the same at any time.
var foldedFilters = map[string]bool{
	"abs": true, "capitalize": true, "center": true, "count": true, "d": true, "default": true, "e": true, "escape": true,
	"filesizeformat": true, "first": true, "float": true, "forceescape": true, "format": true, "indent": true, "int": true,
	"join": true, "last": true, "length": true, "list": true, "lower": true, "replace": true, "round": true, "safe": true,
	"sort": true, "string": true, "striptags": true, "sum": true, "title": true, "trim": true, "truncate": true, "upper": true,
	"urlencode": true, "urlize": true, "wordcount": true, "wordwrap": true, "xmlattr": true,
}
