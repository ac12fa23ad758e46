package jinja

// This file parses Jinja's own tags.

func (p *parser) setTag() node {
	line := p.advance().line
	target := p.assignTarget(true)
	if p.skipIf(tokAssign) {
		return &assignNode{at(line), target, p.tuple(tupleOpts{condexpr: true})}
	}
	filter := p.filters(nil, false)
	body := p.statements(true, "endset")
	n := &assignBlockNode{at: at(line), target: target, body: body}
	n.filter, _ = filter.(*filterNode)
	return n
}

func (p *parser) forTag() node {
	n := &forNode{at: at(p.expectName("for").line)}
	n.target = p.assignTarget(false)
	p.expectName("in")
	n.iter = p.tuple(tupleOpts{})
	if p.skipName("if") {
		n.test = p.expression(true)
	}
	n.recursive = p.skipName("recursive")
	n.body = p.statements(false, "endfor", "else")
	if p.advance().text != "endfor" {
		n.other = p.statements(true, "endfor")
	}
	return n
}

func (p *parser) ifTag() node {
	result := &ifNode{at: at(p.expectName("if").line)}
	n := result
	for {
		n.test = p.tuple(tupleOpts{})
		n.body = p.statements(false, "elif", "else", "endif")
		t := p.advance()
		if t.isName("elif") {
			n = &ifNode{at: at(p.cur.line)}
			result.elifs = append(result.elifs, n)
			continue
		}
		if t.isName("else") {
			result.other = p.statements(true, "endif")
		}
		return result
	}
}

func (p *parser) withTag() node {
	n := &withNode{at: at(p.advance().line)}
	for p.cur.kind != tokBlockEnd {
		if len(n.targets) > 0 {
			p.expect(tokComma)
		}
		target := p.assignTarget(false)
		setCtx(target, ctxParam)
		n.targets = append(n.targets, target)
		p.expect(tokAssign)
		n.values = append(n.values, p.expression(true))
	}
	n.body = p.statements(true, "endwith")
	return n
}

func (p *parser) autoescapeTag() node {
	n := &autoescapeNode{at: at(p.advance().line)}
	n.value = p.expression(true)
	n.body = p.statements(true, "endautoescape")
	return n
}

func (p *parser) blockTag() node {
	n := &blockNode{at: at(p.advance().line)}
	n.name = p.expect(tokName).text
	n.scoped = p.skipName("scoped")
	n.required = p.skipName("required")
	if p.cur.kind == tokSub {
		p.fail("Block names in Jinja have to be valid Python identifiers and may not contain hyphens, use an underscore instead.")
	}
	n.body = p.statements(true, "endblock")
	if n.required {
		for _, b := range n.body {
			out, ok := b.(*outputNode)
			if !ok {
				p.fail("Required blocks can only contain comments or whitespace")
			}
			for _, c := range out.nodes {
				if d, ok := c.(*dataNode); !ok || !allSpace(d.data) {
					p.fail("Required blocks can only contain comments or whitespace")
				}
			}
		}
	}
	p.skipName(n.name)
	return n
}

func (p *parser) extendsTag() node {
	n := &extendsNode{at: at(p.advance().line)}
	n.template, n.text = p.templateExpr()
	return n
}

// templateExpr reads the expression that names a template.
func (p *parser) templateExpr() (node, span) {
	off := p.cur.off
	n := p.expression(true)
	return n, span{off, p.last}
}

// importContext reads "with context" or "without context".
func (p *parser) importContext(byDefault bool) bool {
	if (p.cur.isName("with") || p.cur.isName("without")) && p.look().isName("context") {
		with := p.advance().text == "with"
		p.advance()
		return with
	}
	return byDefault
}

func (p *parser) includeTag() node {
	n := &includeNode{at: at(p.advance().line)}
	n.template, n.text = p.templateExpr()
	if p.cur.isName("ignore") && p.look().isName("missing") {
		n.ignoreMissing = true
		p.advance()
		p.advance()
	}
	n.withContext = p.importContext(true)
	return n
}

func (p *parser) importTag() *importNode {
	t := p.advance()
	n := &importNode{at: at(t.line), tag: t.text}
	n.template, n.text = p.templateExpr()
	p.expectName("as")
	n.target = p.targetName().name
	n.withContext = p.importContext(false)
	return n
}

func (p *parser) fromTag() node {
	n := &fromNode{at: at(p.advance().line)}
	n.template, n.text = p.templateExpr()
	p.expectName("import")
	context := func() bool {
		if (p.cur.text == "with" || p.cur.text == "without") && p.look().isName("context") {
			n.withContext = p.advance().text == "with"
			p.advance()
			return true
		}
		return false
	}
	for {
		if len(n.names) > 0 {
			p.expect(tokComma)
		}
		if p.cur.kind != tokName {
			p.expect(tokName)
		}
		if context() {
			break
		}
		target := p.targetName()
		if target.name[0] == '_' {
			p.failAt("names starting with an underline can not be imported", target.lineno())
		}
		alias := target.name
		if p.skipName("as") {
			alias = p.targetName().name
		}
		n.names = append(n.names, target.name)
		n.aliases = append(n.aliases, alias)
		if context() || p.cur.kind != tokComma {
			break
		}
	}
	return n
}

func (p *parser) signature(n *macroNode) {
	p.expect(tokLParen)
	for p.cur.kind != tokRParen {
		if len(n.args) > 0 {
			p.expect(tokComma)
		}
		arg := p.targetName()
		arg.ctx = ctxParam
		if p.skipIf(tokAssign) {
			n.defaults = append(n.defaults, p.expression(true))
		} else if len(n.defaults) > 0 {
			p.fail("non-default argument follows default argument")
		}
		n.args = append(n.args, arg)
	}
	p.expect(tokRParen)
}

func (p *parser) callTag() node {
	n := &macroNode{at: at(p.advance().line)}
	if p.cur.kind == tokLParen {
		p.signature(n)
	}
	call, ok := p.expression(true).(*callNode)
	if !ok {
		p.failAt("expected call", n.lineno())
	}
	n.call = call
	n.body = p.statements(true, "endcall")
	return n
}

func (p *parser) filterTag() node {
	n := &filterBlockNode{at: at(p.advance().line)}
	n.filter, _ = p.filters(nil, true).(*filterNode)
	n.body = p.statements(true, "endfilter")
	return n
}

func (p *parser) macroTag() node {
	n := &macroNode{at: at(p.advance().line)}
	n.name = p.targetName().name
	p.signature(n)
	n.body = p.statements(true, "endmacro")
	return n
}

func (p *parser) printTag() node {
	n := &outputNode{at: at(p.advance().line)}
	for p.cur.kind != tokBlockEnd {
		if len(n.nodes) > 0 {
			p.expect(tokComma)
		}
		n.nodes = append(n.nodes, p.expression(true))
	}
	return n
}

func (p *parser) doTag() node {
	line := p.advance().line
	return &exprStmtNode{at(line), p.tuple(tupleOpts{condexpr: true})}
}

// targetName reads a name that is assigned to.
func (p *parser) targetName() *nameNode {
	t := p.expect(tokName)
	n := &nameNode{t.spot(), t.text, ctxStore}
	p.checkTarget(n)
	return n
}

// assignTarget reads a name, a tuple of names or, with namespace, an
// attribute of a namespace.
func (p *parser) assignTarget(namespace bool) node {
	target := p.tuple(tupleOpts{simplified: true, namespace: namespace})
	setCtx(target, ctxStore)
	p.checkTarget(target)
	return target
}

func (p *parser) checkTarget(n node) {
	if !canAssign(n) {
		p.failAt("can't assign to "+quote(nodeKind(n)), n.lineno())
	}
}

func canAssign(n node) bool {
	switch n := n.(type) {
	case *nameNode:
		switch n.name {
		case "true", "false", "none", "True", "False", "None":
			return false
		}
		return true
	case *nsRefNode:
		return true
	case *tupleNode:
		for _, it := range n.items {
			if !canAssign(it) {
				return false
			}
		}
		return true
	}
	return false
}

func nodeKind(n node) string {
	switch n.(type) {
	case *nameNode:
		return "name"
	case *constNode:
		return "const"
	case *tupleNode:
		return "tuple"
	case *listNode:
		return "list"
	case *dictNode:
		return "dict"
	}
	return "expr"
}

func setCtx(n node, ctx nameCtx) {
	walk(n, func(n node) bool {
		if n, ok := n.(*nameNode); ok {
			n.ctx = ctx
		}
		return true
	})
}
