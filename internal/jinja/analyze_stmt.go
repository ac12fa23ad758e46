package jinja

// This file walks over the statements of a template that is analysed. When it
// follows imports it keeps known, the names whose values are sure at the
// place where the walk is.

// node analyses a statement or an expression.
func (a *analysis) node(n node, cond bool) {
	switch n := n.(type) {
	case *includeNode:
		a.template(n.template, n.text, TemplateUse{Tag: "include", Optional: n.ignoreMissing, WithContext: n.withContext, Conditional: cond})
	case *importNode:
		a.template(n.template, n.text, TemplateUse{Tag: n.tag, WithContext: n.withContext, Conditional: cond})
		a.forget(n)
	case *fromNode:
		a.template(n.template, n.text, TemplateUse{Tag: "from", WithContext: n.withContext, Conditional: cond})
		a.forget(n)
	case *extendsNode:
		a.template(n.template, n.text, TemplateUse{Tag: "extends", WithContext: true, Conditional: cond})
	case *ifNode:
		a.ifTag(n, cond)
	case *forNode:
		a.node(n.iter, cond)
		a.scoped(func() {
			a.forget(n.target)
			if n.test != nil {
				a.node(n.test, true)
			}
			a.list(n.body, true)
		})
		a.scoped(func() { a.list(n.other, true) })
	case *macroNode:
		if n.call != nil {
			a.node(n.call, cond)
		} else {
			a.forget(n)
		}
		a.list(n.defaults, true)
		a.scoped(func() {
			for _, arg := range n.args {
				a.forget(arg)
			}
			a.list(n.body, true)
		})
	case *withNode:
		a.list(n.values, cond)
		a.scoped(func() {
			for i := range n.targets {
				a.assigned(n.targets[i], n.values[i])
			}
			a.list(n.body, cond)
		})
	case *assignNode:
		a.node(n.node, cond)
		a.assigned(n.target, n.node)
	case *assignBlockNode:
		if n.filter != nil {
			a.node(n.filter, cond)
		}
		a.scoped(func() { a.list(n.body, cond) })
		a.forget(n.target)
	case *blockNode:
		a.scoped(func() { a.list(n.body, cond) })
	case *filterBlockNode:
		a.scoped(func() { a.list(n.body, cond) })
		a.node(n.filter, cond)
	default:
		if !a.expression(n, cond) {
			children(n, func(c node) { a.node(c, cond) })
		}
	}
}

func (a *analysis) ifTag(n *ifNode, cond bool) {
	branch := func(body []node) {
		a.scoped(func() { a.list(body, true) })
	}
	a.node(n.test, cond)
	branch(n.body)
	for _, e := range n.elifs {
		a.node(e.test, true)
		branch(e.body)
	}
	branch(n.other)
	a.forget(n) // what a branch assigned
}

// template notes the templates that an expression names.
func (a *analysis) template(n node, text span, u TemplateUse) {
	several := func(items []node) {
		u.Optional = u.Optional || len(items) > 1
		for _, it := range items {
			a.template(it, text, u)
		}
	}
	switch n := n.(type) {
	case *listNode:
		several(n.items)
		return
	case *tupleNode:
		several(n.items)
		return
	case *condNode:
		a.node(n.test, u.Conditional)
		u.Conditional = true
		a.template(n.then, text, u)
		if n.other != nil {
			a.template(n.other, text, u)
		}
		return
	}
	u.Text = a.text(text.off, text.end)
	u.Pos = a.pos(text.off)
	if k, ok := n.(*constNode); ok {
		if s, ok := constStr(k); ok {
			u.Name, u.Pos = s, a.pos(k.off)
		}
	} else {
		a.node(n, u.Conditional)
	}
	if a.survey != nil {
		if u.Name == "" {
			u.Name = a.name(n)
		}
		a.survey.follow(a, &u)
	}
	a.needs.Templates = append(a.needs.Templates, u)
}

// scoped walks over a body whose assignments are gone after it.
func (a *analysis) scoped(walk func()) {
	if a.survey == nil {
		walk()
		return
	}
	saved := a.known.Copy()
	walk()
	a.known = saved
}

// forget notes that a node gives its targets values that are not known.
func (a *analysis) forget(n node) {
	if a.survey == nil {
		return
	}
	gone := func(name string) { a.known.DeleteStr(name) }
	walk(n, func(n node) bool {
		switch n := n.(type) {
		case *nameNode:
			if n.ctx != ctxLoad {
				gone(n.name)
			}
		case *macroNode:
			if n.call == nil {
				gone(n.name)
			}
			return false
		case *importNode:
			gone(n.target)
		case *fromNode:
			for _, name := range n.aliases {
				gone(name)
			}
		case *forNode, *withNode, *blockNode, *filterBlockNode: // scopes of their own
			return false
		}
		return true
	})
}

// assigned notes an assignment.
func (a *analysis) assigned(target, value node) {
	if a.survey == nil {
		return
	}
	if name, ok := target.(*nameNode); ok {
		if v, ok := a.value(value); ok {
			a.known.SetStr(name.name, v)
			return
		}
	}
	a.forget(target)
}
