package jinja

import (
	"maps"
	"slices"
	"sort"
)

// Needs is what a template may reach for while it is rendered, found without
// running it.
type Needs struct {
	// Functions are the full names of the execution functions that it names
	// in salt['x.y'] or salt.x.y, sorted.
	Functions []string
	// DynamicFunctions says that some name is computed, or that salt itself
	// is passed on.
	DynamicFunctions bool
	// Templates are the constant names it includes, imports or extends, as
	// written, sorted.
	Templates []string
	// DynamicTemplates says that some such name is computed.
	DynamicTemplates bool
}

// Needs analyses the template. Names behind a condition count too.
func (t *Template) Needs() Needs {
	a := &analysis{functions: map[string]bool{}, templates: map[string]bool{}}
	walkAll(t.ast, a.visit)
	a.needs.Functions = slices.Sorted(maps.Keys(a.functions))
	a.needs.Templates = slices.Sorted(maps.Keys(a.templates))
	return a.needs
}

type analysis struct {
	needs                Needs
	functions, templates map[string]bool
}

func isSalt(n node) bool {
	name, ok := n.(*nameNode)
	return ok && name.name == "salt" && name.ctx == ctxLoad
}

func (a *analysis) visit(n node) bool {
	switch n := n.(type) {
	case *getitemNode:
		if isSalt(n.node) {
			if name, ok := constStr(n.arg); ok {
				a.functions[name] = true
				return false
			}
			a.needs.DynamicFunctions = true
			walk(n.arg, a.visit)
			return false
		}
		// salt.x['y'] names a function too.
		if mod, ok := n.node.(*getattrNode); ok && isSalt(mod.node) {
			if name, ok := constStr(n.arg); ok {
				a.functions[mod.attr+"."+name] = true
			} else {
				a.needs.DynamicFunctions = true
				walk(n.arg, a.visit)
			}
			return false
		}
	case *getattrNode:
		if mod, ok := n.node.(*getattrNode); ok && isSalt(mod.node) {
			a.functions[mod.attr+"."+n.attr] = true
			return false
		}
		if isSalt(n.node) { // a whole module is passed on
			a.needs.DynamicFunctions = true
			return false
		}
	case *compareNode: // 'x.y' in salt
		if len(n.ops) == 1 && (n.ops[0] == "in" || n.ops[0] == "not in") && isSalt(n.rest[0]) {
			if name, ok := constStr(n.expr); ok {
				a.functions[name] = true
				return false
			}
		}
	case *nameNode:
		if isSalt(n) {
			a.needs.DynamicFunctions = true
		}
	case *filterNode:
		if fun := hostFilters[n.name]; fun != "" {
			a.functions[fun] = true
		}
	case *includeNode:
		a.template(n.template)
	case *importNode:
		a.template(n.template)
	case *fromNode:
		a.template(n.template)
	case *extendsNode:
		a.template(n.template)
	}
	return true
}

func (a *analysis) template(n node) {
	switch n := n.(type) {
	case *listNode:
		for _, it := range n.items {
			a.template(it)
		}
		return
	case *tupleNode:
		for _, it := range n.items {
			a.template(it)
		}
		return
	}
	if name, ok := constStr(n); ok {
		a.templates[name] = true
		return
	}
	a.needs.DynamicTemplates = true
}

// Merge adds what o needs.
func (n *Needs) Merge(o Needs) {
	n.Functions = union(n.Functions, o.Functions)
	n.Templates = union(n.Templates, o.Templates)
	n.DynamicFunctions = n.DynamicFunctions || o.DynamicFunctions
	n.DynamicTemplates = n.DynamicTemplates || o.DynamicTemplates
}

func union(a, b []string) []string {
	m := map[string]bool{}
	for _, s := range a {
		m[s] = true
	}
	for _, s := range b {
		m[s] = true
	}
	out := slices.Sorted(maps.Keys(m))
	sort.Strings(out)
	return out
}
