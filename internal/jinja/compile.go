package jinja

// compiler turns the syntax tree into code: trees of stmt and expr whose
// variables are slots. It visits nodes in the order in which Jinja writes its
// Python code, because a line number holds until the next one is written.
type compiler struct {
	t    *Template
	o    *Options
	env  *environment
	fn   *fnCode
	line int // the line that errors of the code written now are reported for

	blocks       []*blockNode
	extends      int
	knownExtends bool
	loops        int // loops around the current statement in this function
	// badCall and badFlow are the first errors that Python finds in the
	// finished code: its parser those of calls, its compiler those of break.
	badCall, badFlow *Error
	folding          bool // an expression is compiled to be evaluated at once
	// reads is told of names that are read from the context; nil: nobody asks.
	reads func(*nameNode)
}

// compileFrame is Jinja's compile-time Frame.
type compileFrame struct {
	syms                   *symbols
	toplevel, rootlevel    bool
	loop, block, soft      bool
	requireCheck, buffered bool
	escape                 bool
	volatile               bool
	assignedNames          []string
	assignedVars           []*variable
}

func (f *compileFrame) inner(fn *fnCode) *compileFrame {
	return &compileFrame{syms: newSymbols(f.syms, fn), requireCheck: f.requireCheck,
		buffered: f.buffered, escape: f.escape, volatile: f.volatile}
}

func (f *compileFrame) asSoft() *compileFrame {
	c := *f
	c.rootlevel = false
	c.soft = true
	return &c
}

// compileTemplate fills t with the code of body.
func compileTemplate(t *Template, body []node, env *environment) error {
	return (&compiler{t: t, o: &t.opts, env: env}).template(body)
}

func (c *compiler) template(body []node) (err error) {
	t := c.t
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			err = e
		}
	}()
	hasExtends := false
	seen := map[string]bool{}
	walkAll(body, func(n node) bool {
		switch n := n.(type) {
		case *extendsNode:
			hasExtends = true
		case *blockNode:
			if seen[n.name] {
				c.fail("block "+quote(n.name)+" defined twice", n.lineno())
			}
			seen[n.name] = true
			c.blocks = append(c.blocks, n)
		}
		return true
	})
	root := &function{t: t}
	c.fn = newFn(nil)
	f := &compileFrame{syms: newSymbols(nil, c.fn), toplevel: true, rootlevel: true,
		requireCheck: hasExtends, escape: t.opts.AutoEscape}
	if undeclared(body, "self")["self"] {
		root.self = c.slot(f.syms.param("self"))
	}
	for _, n := range body {
		(&symbolVisitor{f.syms}).visit(n)
	}
	root.enter = c.enter(f)
	root.body = c.stmts(body, f)
	root.slots = len(c.fn.slots)
	t.root = root
	t.hasExtends = hasExtends
	t.extendsLine = c.line
	t.blocks = make(map[string]*function, len(c.blocks))
	for _, b := range c.blocks {
		t.blocks[b.name] = c.blockFunction(b)
		t.blockNames = append(t.blockNames, b.name)
	}
	if c.badCall != nil {
		return c.badCall
	}
	if c.badFlow != nil {
		return c.badFlow
	}
	return nil
}

// python notes an error that is found once the code is complete.
func (c *compiler) python(at **Error, msg string, line int) {
	if *at == nil {
		*at = &Error{Kind: OtherError, Class: "SyntaxError", Message: msg, Line: line, File: c.t.name}
	}
}

func (c *compiler) fail(msg string, line int) {
	panic(&Error{Kind: SyntaxError, Class: "TemplateAssertionError", Message: msg, Line: line, File: c.t.name})
}

func (c *compiler) blockFunction(b *blockNode) *function {
	fn := &function{t: c.t, block: b.name}
	c.fn = newFn(nil)
	c.loops = 0
	c.newline(b)
	f := &compileFrame{syms: newSymbols(nil, c.fn), block: true, escape: c.o.AutoEscape}
	und := undeclared(b.body, "self", "super")
	if und["self"] {
		fn.self = c.slot(f.syms.param("self"))
	}
	if und["super"] {
		fn.super = c.slot(f.syms.param("super"))
	}
	f.syms.analyze(b)
	fn.enter = c.enter(f)
	fn.body = c.stmts(b.body, f)
	fn.slots = len(c.fn.slots)
	return fn
}

// newline notes the line of the node whose code follows.
func (c *compiler) newline(n node) {
	if l := n.lineno(); l > 0 {
		c.line = l
	}
}

func (c *compiler) stmts(ns []node, f *compileFrame) []stmt {
	out := make([]stmt, 0, len(ns))
	for _, n := range ns {
		s := c.stmt(n, f)
		if s == nil {
			continue
		}
		out = append(out, s)
		if _, ok := s.(*extendedTwice); ok && c.knownExtends {
			break
		}
	}
	return out
}

// slotRef says where a variable is, seen from the function being compiled.
type slotRef struct {
	up   int // functions outwards
	slot int
	name string
}

func (c *compiler) slot(v *variable) slotRef {
	r := slotRef{slot: v.slot, name: v.name}
	for fn := c.fn; fn != v.fn; fn = fn.parent {
		r.up++
	}
	return r
}

func (c *compiler) ref(f *compileFrame, name string) slotRef { return c.slot(f.syms.findRef(name)) }

// enter compiles what fills a frame's variables when it is entered.
func (c *compiler) enter(f *compileFrame) []frameLoad {
	var out []frameLoad
	for _, v := range f.syms.order {
		l := f.syms.loads[v]
		switch l.kind {
		case loadParam:
		case loadResolve:
			out = append(out, frameLoad{kind: loadResolve, slot: v.slot, name: v.name})
		case loadAlias:
			out = append(out, frameLoad{kind: loadAlias, slot: v.slot, from: c.slot(l.from)})
		case loadUndefined:
			out = append(out, frameLoad{kind: loadUndefined, slot: v.slot})
		}
	}
	return out
}

// leaving lists the slots that are unset when a frame is left.
func (c *compiler) leaving(f *compileFrame) []int {
	var out []int
	for _, v := range f.syms.order {
		out = append(out, v.slot)
	}
	return out
}

func (c *compiler) locals(f *compileFrame) localVars {
	names, vars := f.syms.dumpStores()
	l := localVars{names: names, slots: make([]slotRef, len(vars))}
	for i, v := range vars {
		l.slots[i] = c.slot(v)
	}
	return l
}

func (c *compiler) stmt(n node, f *compileFrame) stmt {
	switch n := n.(type) {
	case *outputNode:
		return c.output(n, f)
	case *ifNode:
		return c.ifStmt(n, f)
	case *forNode:
		return c.forStmt(n, f)
	case *assignNode:
		return c.assign(n, f)
	case *assignBlockNode:
		return c.assignBlock(n, f)
	case *exprStmtNode:
		c.newline(n)
		return &exprStmt{line: c.line, e: c.expr(n.node, f)}
	case *macroNode:
		if n.call != nil {
			return c.callBlock(n, f)
		}
		return c.macro(n, f)
	case *withNode:
		return c.with(n, f)
	case *filterBlockNode:
		return c.filterBlock(n, f)
	case *blockNode:
		return c.block(n, f)
	case *extendsNode:
		return c.extend(n, f)
	case *includeNode:
		return c.include(n, f)
	case *importNode:
		c.newline(n)
		s := &importStmt{line: c.line, target: c.ref(f, n.target), name: n.target,
			toplevel: f.toplevel, withContext: n.withContext}
		s.template = c.expr(n.template, f)
		if n.withContext {
			s.locals = c.locals(f)
		}
		return s
	case *fromNode:
		return c.from(n, f)
	case *autoescapeNode:
		return c.autoescape(n, f)
	case *breakNode:
		c.newline(n)
		return &flowStmt{c.flow(flowBreak, n)}
	case *continueNode:
		c.newline(n)
		return &flowStmt{c.flow(flowContinue, n)}
	}
	c.fail("internal error: unknown statement", n.lineno())
	return nil
}

func (c *compiler) flow(kind flow, n node) flow {
	if c.loops == 0 {
		c.python(&c.badFlow, kind.Error(), n.lineno())
	}
	return kind
}

// output compiles text and expressions.
func (c *compiler) output(n *outputNode, f *compileFrame) stmt {
	if f.requireCheck && c.knownExtends {
		return nil
	}
	out := &outputStmt{check: f.requireCheck, parts: make([]outputPart, 0, len(n.nodes))}
	wasConst := false
	for _, child := range n.nodes {
		if d, ok := child.(*dataNode); ok {
			if k := len(out.parts); k > 0 && out.parts[k-1].e == nil {
				out.parts[k-1].text += d.data
			} else {
				out.parts = append(out.parts, outputPart{text: d.data, line: d.lineno(), joined: wasConst})
			}
			wasConst = true
			continue
		}
		isConst := c.isConst(child, f)
		if !isConst { // constants are written without a line
			c.newline(child)
		}
		part := outputPart{e: c.expr(child, f), line: c.line, escape: c.escaping(f)}
		if part.escape == escapeRuntime && isConst { // printed at compile time
			part.escape = escapeNo
		}
		part.joined = wasConst && isConst
		wasConst = isConst
		out.parts = append(out.parts, part)
	}
	if len(out.parts) == 1 && out.parts[0].e == nil && !out.check {
		return &textStmt{out.parts[0].text, n.lineno()}
	}
	return out
}

type escaping uint8

const (
	escapeNo escaping = iota
	escapeYes
	escapeRuntime
)

func (c *compiler) escaping(f *compileFrame) escaping {
	switch {
	case f.volatile:
		return escapeRuntime
	case f.escape:
		return escapeYes
	}
	return escapeNo
}

func (c *compiler) ifStmt(n *ifNode, f *compileFrame) stmt {
	soft := f.asSoft()
	s := &ifStmt{}
	add := func(n *ifNode) {
		c.newline(n)
		b := ifBranch{line: c.line, test: c.expr(n.test, soft)}
		b.body = c.stmts(n.body, soft)
		s.branches = append(s.branches, b)
	}
	add(n)
	for _, e := range n.elifs {
		add(e)
	}
	s.other = c.stmts(n.other, soft)
	c.takeAssigned(f, soft)
	return s
}

// takeAssigned keeps what a soft frame noted about assignments.
func (c *compiler) takeAssigned(f, soft *compileFrame) {
	f.assignedNames, f.assignedVars = soft.assignedNames, soft.assignedVars
}

func (c *compiler) assign(n *assignNode, f *compileFrame) stmt {
	s := &assignStmt{}
	walk(n.target, func(x node) bool {
		if r, ok := x.(*nsRefNode); ok {
			s.namespaces = append(s.namespaces, c.ref(f, r.name))
			s.checkLine = c.line
		}
		return true
	})
	c.newline(n)
	s.line = c.line
	s.target = c.target(n.target, f)
	s.e = c.expr(n.node, f)
	s.export = c.exported(n.target, f)
	return s
}

// exported lists what an assignment publishes in the context.
func (c *compiler) exported(target node, f *compileFrame) []slotRef {
	if !f.toplevel && !f.loop && !f.block {
		return nil
	}
	var out []slotRef
	walk(target, func(x node) bool {
		if x, ok := x.(*nameNode); ok && x.ctx == ctxStore {
			v := f.syms.findRef(x.name)
			if f.loop || f.block {
				f.assignedNames = append(f.assignedNames, x.name)
				f.assignedVars = append(f.assignedVars, v)
			} else {
				out = append(out, c.slot(v))
			}
		}
		return true
	})
	return out
}

func (c *compiler) assignBlock(n *assignBlockNode, f *compileFrame) stmt {
	b := f.inner(c.fn)
	b.requireCheck, b.buffered = false, true
	b.syms.analyze(n)
	s := &assignBlockStmt{enter: c.enter(b)}
	s.body = c.stmts(n.body, b)
	c.newline(n)
	s.line = c.line
	s.target = c.target(n.target, f)
	if n.filter != nil {
		s.filter = c.filter(n.filter, b)
	}
	s.export = c.exported(n.target, f)
	s.leave = c.leaving(b)
	return s
}

func (c *compiler) filterBlock(n *filterBlockNode, f *compileFrame) stmt {
	b := f.inner(c.fn)
	b.syms.analyze(n)
	s := &filterBlockStmt{enter: c.enter(b)}
	b.buffered = true
	s.body = c.stmts(n.body, b)
	c.newline(n)
	s.line = c.line
	s.filter = c.filter(n.filter, b)
	s.leave = c.leaving(b)
	return s
}

func (c *compiler) with(n *withNode, f *compileFrame) stmt {
	w := f.inner(c.fn)
	w.syms.analyze(n)
	s := &withStmt{line: c.line, enter: c.enter(w)}
	for i := range n.targets {
		s.targets = append(s.targets, c.target(n.targets[i], w))
		s.values = append(s.values, c.expr(n.values[i], f))
	}
	s.body = c.stmts(n.body, w)
	s.leave = c.leaving(w)
	return s
}

func (c *compiler) autoescape(n *autoescapeNode, f *compileFrame) stmt {
	in := f.inner(c.fn)
	in.syms.analyze(n)
	s := &autoescapeStmt{line: c.line, enter: c.enter(in), value: c.expr(n.value, in)}
	if k, ok := n.value.(*constNode); ok {
		in.escape, _ = truthConst(k.value)
	} else {
		in.volatile = true
	}
	s.body = c.stmts(n.body, in)
	s.leave = c.leaving(in)
	return s
}

func (c *compiler) block(n *blockNode, f *compileFrame) stmt {
	s := &blockStmt{name: n.name, required: n.required, scoped: n.scoped}
	if f.toplevel {
		if c.knownExtends {
			return nil
		}
		s.check = c.extends > 0
	}
	if n.scoped {
		s.locals = c.locals(f)
	}
	c.newline(n)
	s.line = c.line
	return s
}

func (c *compiler) extend(n *extendsNode, f *compileFrame) stmt {
	if !f.toplevel {
		c.fail("cannot use extend from a non top-level scope", n.lineno())
	}
	if c.extends > 0 && c.knownExtends {
		return &extendedTwice{line: c.line}
	}
	s := &extendsStmt{check: c.extends > 0, checkLine: c.line}
	c.newline(n)
	s.line = c.line
	s.template = c.expr(n.template, f)
	if f.rootlevel {
		c.knownExtends = true
	}
	c.extends++
	return s
}

func (c *compiler) include(n *includeNode, f *compileFrame) stmt {
	s := &includeStmt{ignoreMissing: n.ignoreMissing, withContext: n.withContext}
	switch t := n.template.(type) {
	case *constNode:
		if _, ok := constStr(t); ok {
			s.mode = loadOne
		}
	case *tupleNode, *listNode:
		s.mode = loadSelect
	}
	c.newline(n)
	s.line = c.line
	s.template = c.expr(n.template, f)
	if n.withContext {
		s.locals = c.locals(f)
	}
	return s
}

func (c *compiler) from(n *fromNode, f *compileFrame) stmt {
	c.newline(n)
	s := &fromStmt{line: c.line, toplevel: f.toplevel, withContext: n.withContext, position: c.position(n), names: n.names, aliases: n.aliases}
	s.template = c.expr(n.template, f)
	if n.withContext {
		s.locals = c.locals(f)
	}
	for _, a := range n.aliases {
		s.slots = append(s.slots, c.ref(f, a))
	}
	return s
}

// position names a place for messages.
func (c *compiler) position(n node) string {
	s := "line " + itoa(n.lineno())
	if c.t.name != "" {
		s += " in " + quote(c.t.name)
	}
	return s
}

// target compiles an assignment target.
func (c *compiler) target(n node, f *compileFrame) target {
	switch n := n.(type) {
	case *nameNode:
		return slotTarget(c.ref(f, n.name))
	case *nsRefNode:
		return &nsTarget{ns: c.ref(f, n.name), attr: n.attr}
	case *tupleNode:
		t := make(tupleTarget, len(n.items))
		for i, it := range n.items {
			t[i] = c.target(it, f)
		}
		return t
	}
	c.fail("internal error: unknown target", n.lineno())
	return nil
}

// keywordArgs reports a keyword argument that is given twice, as Python's
// compiler does.
func (c *compiler) checkKeywords(a *callArgs) {
	seen := map[string]bool{}
	for _, k := range a.kwNames {
		if seen[k] {
			c.python(&c.badCall, "keyword argument repeated: "+k, c.line)
		}
		seen[k] = true
	}
}
