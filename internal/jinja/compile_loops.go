package jinja

// This file compiles loops, macros and call blocks: what needs functions of
// its own.

func (c *compiler) forStmt(n *forNode, f *compileFrame) stmt {
	outerFn, outerLoops := c.fn, c.loops
	if n.recursive {
		c.fn = newFn(outerFn)
		c.loops = 0
	}
	body := f.inner(c.fn)
	body.loop = true
	other := f.inner(c.fn)

	extended := n.recursive || undeclared(n.body, "loop")["loop"]
	if !extended {
		walk(n, func(x node) bool {
			if b, ok := x.(*blockNode); ok && b.scoped {
				extended = true
			}
			return true
		})
	}
	s := &forStmt{extended: extended, recursive: n.recursive}
	if extended {
		s.loop = c.slot(body.syms.param("loop"))
	}
	body.syms.analyzeFor(n, forBody)
	if n.other != nil {
		other.syms.analyzeFor(n, forElse)
	}
	if n.test != nil {
		c.newline(n.test)
		s.filter = c.loopFilter(n, f)
	}
	if n.recursive {
		body.buffered, other.buffered = true, true
		c.newline(n)
	}
	walk(n, func(x node) bool {
		if x, ok := x.(*nameNode); ok && x.ctx == ctxStore && x.name == "loop" {
			c.fail("Can't assign to special loop variable in for-loop target", x.lineno())
		}
		return true
	})
	c.newline(n)
	s.line = c.line
	s.target = c.target(n.target, body)
	if t, ok := s.target.(slotTarget); ok && t.up == 0 {
		s.single = t.slot
	} else {
		s.single = -1
	}
	if !n.recursive {
		s.iter = c.expr(n.iter, f)
	}
	s.enter = c.enter(body)
	c.loops++
	s.body = c.stmts(n.body, body)
	c.loops--
	s.leave = c.leaving(body)
	if n.other != nil {
		s.otherEnter = c.enter(other)
		s.other = c.stmts(n.other, other)
		s.otherLeave = c.leaving(other)
	}
	if n.recursive {
		s.fn = &function{t: c.t, slots: len(c.fn.slots)}
		s.volatile, s.escape = f.volatile, f.escape
		c.fn, c.loops = outerFn, outerLoops
		c.newline(n)
		s.callLine = c.line
		s.iter = c.expr(n.iter, f)
	}
	return s
}

// loopFilter compiles the if of a for: a generator function of its own.
func (c *compiler) loopFilter(n *forNode, f *compileFrame) *loopFilter {
	outer := c.fn
	c.fn = newFn(outer)
	test := f.inner(c.fn)
	test.syms.analyzeFor(n, forTest)
	lf := &loopFilter{fn: &function{t: c.t}, line: c.line}
	lf.fn.enter = c.enter(test)
	lf.target = c.target(n.target, test)
	lf.test = c.expr(n.test, test)
	_, lf.tuple = n.target.(*tupleNode)
	if lf.tuple {
		lf.value = c.targetValue(n.target, test)
	}
	lf.fn.slots = len(c.fn.slots)
	c.fn = outer
	return lf
}

// targetValue compiles reading back what was assigned to a target.
func (c *compiler) targetValue(n node, f *compileFrame) expr {
	switch n := n.(type) {
	case *tupleNode:
		t := &tupleExpr{items: make([]expr, len(n.items))}
		for i, it := range n.items {
			t.items[i] = c.targetValue(it, f)
		}
		return t
	case *nameNode:
		return c.nameLoad(n.name, f)
	}
	c.fail("internal error: unknown loop target", n.lineno())
	return nil
}

// macroBody compiles the function of a macro or call block.
func (c *compiler) macroBody(n *macroNode, f *compileFrame) *macroCode {
	outerFn, outerLoops := c.fn, c.loops
	c.fn, c.loops = newFn(outerFn), 0
	in := f.inner(c.fn)
	in.syms.analyze(n)
	m := &macroCode{name: n.name, anonymous: n.call != nil, callerArg: -1}
	skipKwargs, skipVarargs := false, false
	for i, a := range n.args {
		switch a.name {
		case "caller":
			m.callerArg = i
		case "kwargs":
			skipKwargs = true
		case "varargs":
			skipVarargs = true
		}
		m.args = append(m.args, a.name)
		m.argSlots = append(m.argSlots, in.syms.findRef(a.name).slot)
	}
	und := undeclared(n.body, "caller", "kwargs", "varargs")
	if und["caller"] {
		if m.callerArg >= 0 {
			if m.callerArg-len(n.args) < -len(n.defaults) {
				c.fail(`When defining macros or call blocks the special "caller" argument must be omitted or be given a default.`, n.lineno())
			}
		} else {
			m.callerSlot = in.syms.param("caller").slot
		}
		m.caller = true
	}
	if und["kwargs"] && !skipKwargs {
		m.kwargsSlot = in.syms.param("kwargs").slot
		m.kwargs = true
	}
	if und["varargs"] && !skipVarargs {
		m.varargsSlot = in.syms.param("varargs").slot
		m.varargs = true
	}
	in.requireCheck, in.buffered = false, true
	in.syms.analyze(n)
	c.newline(n)
	m.line = c.line
	m.fn = &function{t: c.t}
	m.fn.enter = c.enter(in)
	m.defaults = make([]expr, len(n.args))
	for i := range n.args {
		if d := i - len(n.args) + len(n.defaults); d >= 0 {
			m.defaults[i] = c.expr(n.defaults[d], in)
		}
	}
	m.fn.body = c.stmts(n.body, in)
	m.endLine = c.line
	m.fn.slots = len(c.fn.slots)
	c.fn, c.loops = outerFn, outerLoops
	return m
}

func (c *compiler) macro(n *macroNode, f *compileFrame) stmt {
	s := &macroStmt{code: c.macroBody(n, f), toplevel: f.toplevel}
	s.target = c.ref(f, n.name)
	return s
}

func (c *compiler) callBlock(n *macroNode, f *compileFrame) stmt {
	s := &callBlockStmt{code: c.macroBody(n, f)}
	c.newline(n)
	s.line = c.line
	s.call = c.call(n.call, f)
	s.call.withCaller = true
	return s
}
