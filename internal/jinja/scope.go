package jinja

import (
	"maps"
	"slices"
)

// Scoping follows Jinja's compiler, which turns a template into Python
// functions: the root, every block, macro, call block and recursive loop is a
// function with local variables named by nesting level. A name's place is
// decided here, before anything runs; what is not assigned in the template is
// read from the context when its frame is entered.

// fnCode describes the local variables of one such function.
type fnCode struct {
	parent *fnCode
	slots  map[slotKey]*variable
}

type slotKey struct {
	level int
	name  string
}

// variable is one slot of a function. Siblings of the same level and name
// share it, as they share the Python variable.
type variable struct {
	fn   *fnCode
	slot int
	name string
}

func newFn(parent *fnCode) *fnCode {
	return &fnCode{parent: parent, slots: map[slotKey]*variable{}}
}

func (f *fnCode) variable(level int, name string) *variable {
	k := slotKey{level, name}
	v := f.slots[k]
	if v == nil {
		v = &variable{fn: f, slot: len(f.slots), name: name}
		f.slots[k] = v
	}
	return v
}

type loadKind uint8

const (
	loadParam loadKind = iota
	loadResolve
	loadAlias
	loadUndefined
)

type load struct {
	kind loadKind
	from *variable // of loadAlias
}

// symbols are the names of one frame: what they refer to and how they get
// their value when the frame is entered.
type symbols struct {
	level  int
	parent *symbols
	fn     *fnCode
	refs   map[string]*variable
	loads  map[*variable]load
	order  []*variable
	stores map[string]bool
}

func newSymbols(parent *symbols, fn *fnCode) *symbols {
	s := &symbols{parent: parent, fn: fn, refs: map[string]*variable{}, loads: map[*variable]load{}, stores: map[string]bool{}}
	if parent != nil {
		s.level = parent.level + 1
	}
	return s
}

func (s *symbols) copy() *symbols {
	c := &symbols{level: s.level, parent: s.parent, fn: s.fn, refs: make(map[string]*variable, len(s.refs)),
		loads: make(map[*variable]load, len(s.loads)), stores: make(map[string]bool, len(s.stores)),
		order: append([]*variable(nil), s.order...)}
	for k, v := range s.refs {
		c.refs[k] = v
	}
	for k, v := range s.loads {
		c.loads[k] = v
	}
	for k := range s.stores {
		c.stores[k] = true
	}
	return c
}

func (s *symbols) setLoad(v *variable, l load) {
	if _, ok := s.loads[v]; !ok {
		s.order = append(s.order, v)
	}
	s.loads[v] = l
}

func (s *symbols) define(name string, l load) *variable {
	v := s.fn.variable(s.level, name)
	s.refs[name] = v
	s.setLoad(v, l)
	return v
}

func (s *symbols) findRef(name string) *variable {
	for ; s != nil; s = s.parent {
		if v := s.refs[name]; v != nil {
			return v
		}
	}
	return nil
}

// fromContext says whether a name is read from the context, if perhaps only
// where a branch did not assign it.
func (s *symbols) fromContext(name string) bool {
	v := s.findRef(name)
	for v != nil {
		for s != nil && s.refs[name] != v {
			s = s.parent
		}
		if s == nil {
			return false
		}
		switch l := s.loads[v]; l.kind {
		case loadResolve:
			return true
		case loadAlias:
			v, s = l.from, s.parent
		default:
			return false
		}
	}
	return false
}

func (s *symbols) store(name string) {
	s.stores[name] = true
	if s.refs[name] != nil {
		return
	}
	if outer := s.parent.findRef(name); outer != nil {
		s.define(name, load{loadAlias, outer})
		return
	}
	s.define(name, load{kind: loadUndefined})
}

func (s *symbols) param(name string) *variable {
	s.stores[name] = true
	return s.define(name, load{kind: loadParam})
}

func (s *symbols) load(name string) {
	if s.findRef(name) == nil {
		s.define(name, load{kind: loadResolve})
	}
}

// branchUpdate merges what the branches of an if stored: a name that only one
// branch sets keeps its outer value in the others.
func (s *symbols) branchUpdate(branches ...*symbols) {
	stores := map[string]bool{}
	var names []string
	for _, b := range branches {
		for name := range b.stores {
			if !s.stores[name] && !stores[name] {
				stores[name] = true
				names = append(names, name)
			}
		}
	}
	for _, b := range branches {
		for k, v := range b.refs {
			s.refs[k] = v
		}
		for _, v := range b.order {
			s.setLoad(v, b.loads[v])
		}
		for k := range b.stores {
			s.stores[k] = true
		}
	}
	for _, name := range names {
		target := s.findRef(name)
		if outer := s.parent.findRef(name); outer != nil {
			s.setLoad(target, load{loadAlias, outer})
			continue
		}
		s.setLoad(target, load{kind: loadResolve})
	}
}

// dumpStores lists the names that this frame and its parents assign, with
// where they are.
func (s *symbols) dumpStores() (names []string, vars []*variable) {
	seen := map[string]bool{}
	for n := s; n != nil; n = n.parent {
		for _, name := range slices.Sorted(maps.Keys(n.stores)) {
			if !seen[name] {
				seen[name] = true
				names = append(names, name)
				vars = append(vars, s.findRef(name))
			}
		}
	}
	return names, vars
}

// analyze finds the symbols that a node's frame needs.
func (s *symbols) analyze(n node) {
	v := &symbolVisitor{s}
	switch n := n.(type) {
	case *macroNode:
		for _, a := range n.args {
			v.visit(a)
		}
		v.visitAll(n.defaults)
		v.visitAll(n.body)
	case *assignBlockNode:
		v.visitAll(n.body)
	case *withNode:
		v.visitAll(n.targets)
		v.visitAll(n.body)
	default:
		children(n, v.visit)
	}
}

type forBranch uint8

const (
	forBody forBranch = iota
	forElse
	forTest
)

func (s *symbols) analyzeFor(n *forNode, branch forBranch) {
	v := &symbolVisitor{s}
	switch branch {
	case forBody:
		v.params(n.target)
		v.visitAll(n.body)
	case forElse:
		v.visitAll(n.other)
	case forTest:
		v.params(n.target)
		if n.test != nil {
			v.visit(n.test)
		}
	}
}

type symbolVisitor struct{ s *symbols }

// params declares the names of a loop target.
func (v *symbolVisitor) params(n node) {
	walk(n, func(n node) bool {
		if n, ok := n.(*nameNode); ok {
			v.s.param(n.name)
		}
		return true
	})
}

func (v *symbolVisitor) visitAll(ns []node) {
	for _, n := range ns {
		v.visit(n)
	}
}

func (v *symbolVisitor) visit(n node) {
	switch n := n.(type) {
	case *nameNode:
		switch n.ctx {
		case ctxParam:
			v.s.param(n.name)
		case ctxStore:
			v.s.store(n.name)
		default:
			v.s.load(n.name)
		}
	case *nsRefNode:
		v.s.load(n.name)
	case *ifNode:
		v.visit(n.test)
		outer := v.s
		branch := func(ns []node) *symbols {
			v.s = outer.copy()
			v.visitAll(ns)
			return v.s
		}
		body := branch(n.body)
		elifs := make([]node, len(n.elifs))
		for i, e := range n.elifs {
			elifs[i] = e
		}
		elif := branch(elifs)
		other := branch(n.other)
		v.s = outer
		v.s.branchUpdate(body, elif, other)
	case *macroNode:
		if n.call != nil {
			v.visit(n.call)
			return
		}
		v.s.store(n.name)
	case *importNode:
		v.visit(n.template)
		v.s.store(n.target)
	case *fromNode:
		v.visit(n.template)
		for _, a := range n.aliases {
			v.s.store(a)
		}
	case *assignNode:
		v.visit(n.node)
		v.visit(n.target)
	case *forNode:
		v.visit(n.iter)
	case *filterBlockNode:
		v.visit(n.filter)
	case *withNode:
		v.visitAll(n.values)
	case *assignBlockNode:
		v.visit(n.target)
	case *autoescapeNode, *blockNode: // analysed as frames of their own
	default:
		children(n, v.visit)
	}
}

// undeclared says which of the names are read below ns before they are
// assigned. It looks into everything but blocks.
func undeclared(ns []node, names ...string) map[string]bool {
	left := map[string]bool{}
	for _, n := range names {
		left[n] = true
	}
	found := map[string]bool{}
	walkAll(ns, func(n node) bool {
		switch n := n.(type) {
		case *nameNode:
			if n.ctx == ctxLoad && left[n.name] {
				found[n.name] = true
			} else {
				delete(left, n.name)
			}
		case *blockNode:
			return false
		}
		return true
	})
	return found
}
