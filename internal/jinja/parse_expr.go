package jinja

import (
	"strings"

	"pinch/internal/py"
)

// expression reads an expression; without condexpr an inline if is left alone.
func (p *parser) expression(condexpr bool) node {
	defer p.enter()()
	if condexpr {
		return p.condExpr()
	}
	return p.or()
}

func (p *parser) condExpr() node {
	line := p.cur.line
	e := p.or()
	links := 0
	for p.skipName("if") {
		p.link(&links)
		test := p.or()
		var other node
		if p.skipName("else") {
			leave := p.enter()
			other = p.condExpr()
			leave()
		}
		e = &condNode{at(line), test, e, other}
		line = p.cur.line
	}
	return e
}

func (p *parser) or() node {
	line := p.cur.line
	left := p.and()
	links := 0
	for p.skipName("or") {
		p.link(&links)
		left = &binaryNode{at(line), "or", left, p.and()}
		line = p.cur.line
	}
	return left
}

func (p *parser) and() node {
	line := p.cur.line
	left := p.not()
	links := 0
	for p.skipName("and") {
		p.link(&links)
		left = &binaryNode{at(line), "and", left, p.not()}
		line = p.cur.line
	}
	return left
}

func (p *parser) not() node {
	if p.cur.isName("not") {
		defer p.enter()()
		line := p.advance().line
		return &unaryNode{at(line), "not", p.not()}
	}
	return p.compare()
}

func (p *parser) compare() node {
	line := p.cur.line
	e := p.math1()
	var ops []string
	var rest []node
	for {
		op := ""
		switch k := p.cur.kind; {
		case k == tokEq || k == tokNe || k == tokLt || k == tokLtEq || k == tokGt || k == tokGtEq:
			op = tokNames[k]
			p.advance()
		case p.skipName("in"):
			op = "in"
		case p.cur.isName("not") && p.look().isName("in"):
			p.advance()
			p.advance()
			op = "not in"
		}
		if op == "" {
			break
		}
		ops = append(ops, op)
		rest = append(rest, p.math1())
		line = p.cur.line
	}
	if ops == nil {
		return e
	}
	return &compareNode{at(line), e, ops, rest}
}

func (p *parser) math1() node {
	line := p.cur.line
	left := p.concat()
	links := 0
	for p.cur.kind == tokAdd || p.cur.kind == tokSub {
		p.link(&links)
		op := tokNames[p.advance().kind]
		left = &binaryNode{at(line), op, left, p.concat()}
		line = p.cur.line
	}
	return left
}

func (p *parser) concat() node {
	line := p.cur.line
	first := p.math2()
	if p.cur.kind != tokTilde {
		return first
	}
	nodes := []node{first}
	for p.skipIf(tokTilde) {
		nodes = append(nodes, p.math2())
	}
	return &concatNode{at(line), nodes}
}

func (p *parser) math2() node {
	line := p.cur.line
	left := p.pow()
	links := 0
	for p.cur.kind == tokMul || p.cur.kind == tokDiv || p.cur.kind == tokFloorDiv || p.cur.kind == tokMod {
		p.link(&links)
		op := tokNames[p.advance().kind]
		left = &binaryNode{at(line), op, left, p.pow()}
		line = p.cur.line
	}
	return left
}

func (p *parser) pow() node {
	line := p.cur.line
	left := p.unary(true)
	links := 0
	for p.skipIf(tokPow) {
		p.link(&links)
		left = &binaryNode{at(line), "**", left, p.unary(true)}
		line = p.cur.line
	}
	return left
}

func (p *parser) unary(withFilter bool) node {
	defer p.enter()()
	line := p.cur.line
	var n node
	switch p.cur.kind {
	case tokSub, tokAdd:
		op := tokNames[p.advance().kind]
		n = &unaryNode{at(line), op, p.unary(false)}
	default:
		n = p.primary(false)
	}
	n = p.postfix(n)
	if withFilter {
		n = p.filterExpr(n)
	}
	return n
}

func (p *parser) primary(namespace bool) node {
	t := p.cur
	switch t.kind {
	case tokName:
		p.advance()
		switch t.text {
		case "true", "True":
			return &constNode{t.spot(), py.True}
		case "false", "False":
			return &constNode{t.spot(), py.False}
		case "none", "None":
			return &constNode{t.spot(), py.None}
		}
		if namespace && p.cur.kind == tokDot {
			p.advance()
			return &nsRefNode{at(t.line), t.text, p.expect(tokName).text}
		}
		return &nameNode{t.spot(), t.text, ctxLoad}
	case tokString:
		p.advance()
		if p.cur.kind != tokString {
			return &constNode{t.spot(), py.Str(t.text)}
		}
		parts := []string{t.text}
		for p.cur.kind == tokString {
			parts = append(parts, p.advance().text)
		}
		return &constNode{t.spot(), py.Str(strings.Join(parts, ""))}
	case tokInteger, tokFloat:
		p.advance()
		return &constNode{t.spot(), t.value}
	case tokLParen:
		p.advance()
		n := p.tuple(tupleOpts{condexpr: true, parens: true})
		p.expect(tokRParen)
		return n
	case tokLBracket:
		return p.list()
	case tokLBrace:
		return p.dict()
	}
	p.failAt("unexpected "+quote(t.describe()), t.line)
	return nil
}

type tupleOpts struct {
	simplified bool // names and literals only
	condexpr   bool
	parens     bool // an empty tuple is allowed
	namespace  bool
}

// tuple reads one expression or, with commas, a tuple.
func (p *parser) tuple(o tupleOpts) node {
	defer p.enter()()
	line := p.cur.line
	var items []node
	isTuple := false
	for {
		if len(items) > 0 {
			p.expect(tokComma)
		}
		if k := p.cur.kind; k == tokVariableEnd || k == tokBlockEnd || k == tokRParen {
			break
		}
		if o.simplified {
			items = append(items, p.primary(o.namespace))
		} else {
			items = append(items, p.expression(o.condexpr))
		}
		if p.cur.kind != tokComma {
			break
		}
		isTuple = true
		line = p.cur.line
	}
	if !isTuple {
		if len(items) > 0 {
			return items[0]
		}
		if !o.parens {
			p.fail("Expected an expression, got " + quote(p.cur.describe()))
		}
	}
	return &tupleNode{at(line), items}
}

func (p *parser) list() node {
	n := &listNode{at: at(p.expect(tokLBracket).line)}
	for p.cur.kind != tokRBracket {
		if len(n.items) > 0 {
			p.expect(tokComma)
		}
		if p.cur.kind == tokRBracket {
			break
		}
		n.items = append(n.items, p.expression(true))
	}
	p.expect(tokRBracket)
	return n
}

func (p *parser) dict() node {
	n := &dictNode{at: at(p.expect(tokLBrace).line)}
	for p.cur.kind != tokRBrace {
		if len(n.keys) > 0 {
			p.expect(tokComma)
		}
		if p.cur.kind == tokRBrace {
			break
		}
		n.keys = append(n.keys, p.expression(true))
		p.expect(tokColon)
		n.values = append(n.values, p.expression(true))
	}
	p.expect(tokRBrace)
	return n
}

func (p *parser) postfix(n node) node {
	for links := 0; ; p.link(&links) {
		switch p.cur.kind {
		case tokDot, tokLBracket:
			n = p.subscript(n)
		case tokLParen:
			n = p.call(n)
		default:
			return n
		}
	}
}

func (p *parser) filterExpr(n node) node {
	for links := 0; ; p.link(&links) {
		switch {
		case p.cur.kind == tokPipe:
			n = p.filters(n, false)
		case p.cur.isName("is"):
			n = p.test(n)
		case p.cur.kind == tokLParen:
			n = p.call(n)
		default:
			return n
		}
	}
}

func (p *parser) subscript(n node) node {
	t := p.advance()
	if t.kind == tokDot {
		attr := p.advance()
		switch attr.kind {
		case tokName:
			return &getattrNode{at(t.line), n, attr.text}
		case tokInteger:
			return &getitemNode{at(t.line), n, &constNode{attr.spot(), attr.value}, attr.end}
		}
		p.failAt("expected name or number", attr.line)
	}
	var args []node
	for p.cur.kind != tokRBracket {
		if len(args) > 0 {
			p.expect(tokComma)
		}
		args = append(args, p.subscribed())
	}
	end := p.expect(tokRBracket).end
	if len(args) == 1 {
		return &getitemNode{at(t.line), n, args[0], end}
	}
	return &getitemNode{at(t.line), n, &tupleNode{at(t.line), args}, end}
}

// subscribed reads one index or slice.
func (p *parser) subscribed() node {
	n := &sliceNode{at: at(p.cur.line)}
	if !p.skipIf(tokColon) {
		e := p.expression(true)
		if !p.skipIf(tokColon) {
			return e
		}
		n.start = e
	}
	end := func() bool { return p.cur.kind == tokRBracket || p.cur.kind == tokComma }
	if p.cur.kind != tokColon && !end() {
		n.stop = p.expression(true)
	}
	if p.skipIf(tokColon) && !end() {
		n.step = p.expression(true)
	}
	return n
}

func (p *parser) callArgs() callArgs {
	line := p.expect(tokLParen).line
	var c callArgs
	ensure := func(ok bool) {
		if !ok {
			p.failAt("invalid syntax for function call expression", line)
		}
	}
	comma := false
	for p.cur.kind != tokRParen {
		if comma {
			p.expect(tokComma)
			if p.cur.kind == tokRParen {
				break
			}
		}
		switch {
		case p.cur.kind == tokMul:
			ensure(c.dynArgs == nil && c.dynKwargs == nil)
			p.advance()
			c.dynArgs = p.expression(true)
		case p.cur.kind == tokPow:
			ensure(c.dynKwargs == nil)
			p.advance()
			c.dynKwargs = p.expression(true)
		case p.cur.kind == tokName && p.look().kind == tokAssign:
			ensure(c.dynKwargs == nil)
			c.kwNames = append(c.kwNames, p.cur.text)
			p.advance()
			p.advance()
			c.kwValues = append(c.kwValues, p.expression(true))
		default:
			ensure(c.dynArgs == nil && c.dynKwargs == nil && c.kwNames == nil)
			c.args = append(c.args, p.expression(true))
		}
		comma = true
	}
	p.expect(tokRParen)
	return c
}

func (p *parser) call(n node) node {
	line := p.cur.line
	return &callNode{at(line), n, p.callArgs()}
}

// filters reads a chain of filters applied to n; with inline the first pipe is
// left out, as in a filter block.
func (p *parser) filters(n node, inline bool) node {
	links := 0
	for p.cur.kind == tokPipe || inline {
		p.link(&links)
		if !inline {
			p.advance()
		}
		t := p.expect(tokName)
		f := &filterNode{spot: t.spot(), node: n, name: p.dotted(t.text)}
		if p.cur.kind == tokLParen {
			f.callArgs = p.callArgs()
		}
		n, inline = f, false
	}
	return n
}

func (p *parser) dotted(name string) string {
	if p.cur.kind != tokDot {
		return name
	}
	parts := []string{name}
	for p.skipIf(tokDot) {
		parts = append(parts, p.expect(tokName).text)
	}
	return strings.Join(parts, ".")
}

func (p *parser) test(n node) node {
	line := p.advance().line
	negated := p.skipName("not")
	t := &testNode{spot: spot{at(line), p.cur.off}, node: n}
	t.name = p.dotted(p.expect(tokName).text)
	switch k := p.cur.kind; {
	case k == tokLParen:
		t.callArgs = p.callArgs()
	case k == tokName || k == tokString || k == tokInteger || k == tokFloat || k == tokLBracket || k == tokLBrace:
		if p.cur.isName("else") || p.cur.isName("or") || p.cur.isName("and") {
			break
		}
		if p.cur.isName("is") {
			p.fail("You cannot chain multiple tests with is")
		}
		t.args = []node{p.postfix(p.primary(false))}
	}
	if negated {
		return &unaryNode{at(line), "not", t}
	}
	return t
}
