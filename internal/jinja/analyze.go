package jinja

import (
	"slices"
	"unicode/utf8"

	"pinch/internal/py"
)

// Needs is what a template may reach for while it is rendered, found without
// running it, in the order of the source. Text between expressions needs
// nothing; a name behind a condition counts like any other.
type Needs struct {
	// Functions are the execution functions: salt['x.y'], salt.x.y,
	// salt.get('x.y'), 'x.y' in salt, and the filters that ask the target.
	Functions []FunctionUse
	// Templates are the templates that are included, imported or extended.
	Templates []TemplateUse
	// Filters and Tests are those that the template names. One that does not
	// exist is in the list only where it stands in a branch: elsewhere the
	// template does not compile.
	Filters, Tests []Use
	// Variables are what it reads from the context, globals such as range
	// left out: jinja2.meta.find_undeclared_variables, with each place.
	Variables []VariableUse
}

// Pos is a place in a template: File is what its Loader called it, "" for the
// template itself. Line and Col count from 1, Col in characters.
type Pos struct {
	File      string
	Line, Col int
}

// Use is one mention of a name.
type Use struct {
	Name string
	Pos  Pos
	// Conditional says that the place may not be reached: it is in a branch,
	// a loop's or a macro's body, or right of "and", "or" or "if".
	Conditional bool
	// Known says, of a filter or test, that it exists.
	Known bool
}

// FunctionUse is one mention of an execution function.
type FunctionUse struct {
	// Name is the full name ("x.y"), "" when it is not known: it is computed,
	// or salt or salt.x is passed on as a whole.
	Name string
	// Text is the source of a mention without a name: "salt[fun]".
	Text string
	How  FunctionHow
	// Call describes the arguments of a call.
	Call        *CallShape
	Pos         Pos
	Conditional bool
}

// FunctionHow says what a template does with a function.
type FunctionHow uint8

// The ways to mention a function.
const (
	// Called is salt['x.y'](...).
	Called FunctionHow = iota
	// Taken is the function as a value, which may be called elsewhere.
	Taken
	// Asked is the question whether the function exists: 'x.y' in salt,
	// salt['x.y'] is defined.
	Asked
	// ByFilter is a filter that asks the target.
	ByFilter
)

// CallShape is what is known of a call's arguments.
type CallShape struct {
	// Pos are the positional arguments: constants by value, others nil.
	Pos []py.Value
	// Kw are the names of the keyword arguments.
	Kw []string
	// Open says that there may be more: *args or **kwargs.
	Open bool
}

// TemplateUse is one include, import or extends of one template.
type TemplateUse struct {
	// Name is the name as written, "" when it is computed.
	Name string
	// Text is the source of the expression.
	Text string
	// Tag is the tag: include, import, from, extends, import_yaml,
	// import_json or import_text.
	Tag string
	// Optional says that it may be missing: "ignore missing", or one of
	// several names of which the first that exists is taken.
	Optional    bool
	WithContext bool
	Pos         Pos
	Conditional bool
}

// VariableUse is one place that reads a variable of the context.
type VariableUse struct {
	Use
	// Path are the constant keys that are read below it:
	// grains.cpu['model'] has cpu and model, grains.get('os') has os.
	Path []string
}

// Needs analyses the template by itself; Survey follows what it imports.
func (t *Template) Needs() *Needs {
	a := newAnalysis(t)
	a.list(t.ast, false)
	return &a.needs
}

// analysis walks over a template once.
type analysis struct {
	t     *Template
	env   *environment
	lines lineIndex
	needs Needs
	reads map[*nameNode]bool // names that come from the context

	// When imports are followed: known are the variables whose values are sure
	// at the place of the walk.
	survey *surveyor
	known  *py.Dict
	depth  int
	cut    int // the line of a "#jinja2:" header that was taken out, or 0
}

func newAnalysis(t *Template) *analysis {
	a := &analysis{t: t, env: t.env, reads: map[*nameNode]bool{}}
	a.lines.source = normalizeSource(t.source, t.opts.KeepTrailingNewline)
	c := &compiler{t: &Template{name: t.name, file: t.file, opts: t.opts}, o: &t.opts, env: t.env,
		reads: func(n *nameNode) { a.reads[n] = true }}
	if err := c.template(t.ast); err != nil {
		panic("jinja: a template that compiled does not: " + err.Error())
	}
	return a
}

func (a *analysis) pos(off int32) Pos {
	line, col := a.lines.at(int(off))
	if a.cut > 0 && line >= a.cut {
		line++
	}
	return Pos{File: a.t.file, Line: line, Col: col}
}

// lineIndex finds lines and columns of offsets.
type lineIndex struct {
	source string
	starts []int
}

func (x *lineIndex) at(off int) (line, col int) {
	if x.starts == nil {
		x.starts = append(x.starts, 0)
		for i := range len(x.source) {
			if x.source[i] == '\n' {
				x.starts = append(x.starts, i+1)
			}
		}
	}
	i, found := slices.BinarySearch(x.starts, off)
	if !found {
		i--
	}
	return i + 1, utf8.RuneCountInString(x.source[x.starts[i]:off]) + 1
}

func (a *analysis) text(off, end int32) string { return a.lines.source[off:end] }

// isSalt says whether n is the context's salt.
func (a *analysis) isSalt(n node) (*nameNode, bool) {
	name, ok := n.(*nameNode)
	return name, ok && name.name == "salt" && a.reads[name]
}

func (a *analysis) function(name string, at *nameNode, how FunctionHow, text string, cond bool) *FunctionUse {
	if name != "" {
		text = ""
	}
	a.needs.Functions = append(a.needs.Functions, FunctionUse{Name: name, Text: text, How: how, Pos: a.pos(at.off), Conditional: cond})
	return &a.needs.Functions[len(a.needs.Functions)-1]
}

// saltName takes n for a mention of an execution function: salt['x.y'],
// salt.x.y, salt.x['y'] or salt.get('x.y'). The name is "" when it is
// computed. at is nil when n is none.
func (a *analysis) saltName(n node, cond bool) (name string, at *nameNode, text string) {
	computed := func(root *nameNode, arg node, end int32) {
		at, text = root, a.text(root.off, end)
		a.node(arg, cond)
	}
	switch n := n.(type) {
	case *getitemNode:
		if root, ok := a.isSalt(n.node); ok {
			if name, ok := constStr(n.arg); ok {
				return name, root, ""
			}
			computed(root, n.arg, n.end)
			return "", at, text
		}
		if mod, ok := n.node.(*getattrNode); ok {
			if root, ok := a.isSalt(mod.node); ok {
				if fun, ok := constStr(n.arg); ok {
					return mod.attr + "." + fun, root, ""
				}
				computed(root, n.arg, n.end)
				return "", at, text
			}
		}
	case *getattrNode:
		if mod, ok := n.node.(*getattrNode); ok {
			if root, ok := a.isSalt(mod.node); ok {
				return mod.attr + "." + n.attr, root, ""
			}
		}
	case *callNode:
		get, ok := n.node.(*getattrNode)
		if !ok || get.attr != "get" {
			return "", nil, ""
		}
		root, ok := a.isSalt(get.node)
		if !ok {
			return "", nil, ""
		}
		for i, arg := range n.args {
			if i > 0 {
				a.node(arg, cond)
			}
		}
		if len(n.args) > 0 && n.dynArgs == nil {
			if name, ok := constStr(n.args[0]); ok {
				return name, root, ""
			}
			a.node(n.args[0], cond)
		}
		return "", root, "salt.get(...)"
	}
	return "", nil, ""
}

func (a *analysis) list(ns []node, cond bool) {
	for _, n := range ns {
		a.node(n, cond)
	}
}

func (a *analysis) args(c *callArgs, cond bool) {
	a.list(c.args, cond)
	a.list(c.kwValues, cond)
	for _, n := range []node{c.dynArgs, c.dynKwargs} {
		if n != nil {
			a.node(n, cond)
		}
	}
}

// expression handles the nodes that need something; ok is false for others.
func (a *analysis) expression(n node, cond bool) (ok bool) {
	if a.salt(n, cond) {
		return true
	}
	switch n := n.(type) {
	case *nameNode, *getattrNode, *getitemNode, *callNode:
		return a.variable(n, cond)
	case *compareNode: // 'x.y' in salt
		if len(n.ops) != 1 || n.ops[0] != "in" && n.ops[0] != "not in" {
			return false
		}
		root, ok := a.isSalt(n.rest[0])
		if !ok {
			return false
		}
		if name, ok := constStr(n.expr); ok {
			a.function(name, root, Asked, "", cond)
		} else {
			a.function("", root, Asked, "salt", cond)
			a.node(n.expr, cond)
		}
		return true
	case *filterNode:
		a.filter(n, cond)
		return true
	case *testNode:
		a.test(n, cond)
		return true
	case *condNode:
		a.node(n.test, cond)
		a.node(n.then, true)
		if n.other != nil {
			a.node(n.other, true)
		}
		return true
	case *binaryNode:
		if n.op != "and" && n.op != "or" {
			return false
		}
		a.node(n.left, cond)
		a.node(n.right, true)
		return true
	}
	return false
}

// salt handles a node that stands for salt, a module or function of it, or the
// call of one.
func (a *analysis) salt(n node, cond bool) (ok bool) {
	if name, at, text := a.saltName(n, cond); at != nil {
		a.function(name, at, Taken, text, cond)
		return true
	}
	switch n := n.(type) {
	case *callNode:
		name, at, text := a.saltName(n.node, cond)
		if at == nil {
			return false
		}
		a.function(name, at, Called, text, cond).Call = shapeOf(&n.callArgs)
		a.args(&n.callArgs, cond)
		return true
	case *getattrNode:
		if root, ok := a.isSalt(n.node); ok { // a module is passed on
			a.function("", root, Taken, "salt."+n.attr, cond)
			return true
		}
	case *nameNode:
		if root, ok := a.isSalt(n); ok {
			a.function("", root, Taken, "salt", cond)
			return true
		}
	}
	return false
}

func shapeOf(c *callArgs) *CallShape {
	s := &CallShape{Kw: c.kwNames, Open: c.dynArgs != nil || c.dynKwargs != nil}
	for _, arg := range c.args {
		var v py.Value
		if k, ok := arg.(*constNode); ok {
			v = k.value
		}
		s.Pos = append(s.Pos, v)
	}
	return s
}

func (a *analysis) filter(n *filterNode, cond bool) {
	if n.node != nil {
		a.node(n.node, cond)
	}
	if n.off != noSpot {
		_, known := a.env.filters[n.name]
		use := Use{Name: n.name, Pos: a.pos(n.off), Conditional: cond, Known: known}
		a.needs.Filters = append(a.needs.Filters, use)
		if fun := hostFilters[n.name]; fun != "" && a.env.salt {
			a.needs.Functions = append(a.needs.Functions, FunctionUse{Name: fun, How: ByFilter, Pos: use.Pos, Conditional: cond})
		}
	}
	a.args(&n.callArgs, cond)
}

func (a *analysis) test(n *testNode, cond bool) {
	_, known := a.env.tests[n.name]
	a.needs.Tests = append(a.needs.Tests, Use{Name: n.name, Pos: a.pos(n.off), Conditional: cond, Known: known})
	if n.name == "defined" || n.name == "undefined" {
		if _, ok := a.isSalt(n.node); ok { // asks nothing of the host
			return
		}
		if name, at, text := a.saltName(n.node, cond); at != nil {
			a.function(name, at, Asked, text, cond)
			return
		}
	}
	a.node(n.node, cond)
	a.args(&n.callArgs, cond)
}

// variable takes n for a variable with constant keys below it; ok is false
// when it is none.
func (a *analysis) variable(n node, cond bool) bool {
	var path []string
	for first := true; ; first = false {
		if !first && a.salt(n, cond) {
			return true
		}
		switch x := n.(type) {
		case *nameNode:
			if !a.reads[x] || x.off == noSpot {
				return true
			}
			if _, global := a.env.globals[x.name]; global {
				return true
			}
			slices.Reverse(path)
			a.needs.Variables = append(a.needs.Variables, VariableUse{Use{Name: x.name, Pos: a.pos(x.off), Conditional: cond}, path})
			return true
		case *getattrNode:
			path = append(path, x.attr)
			n = x.node
			continue
		case *getitemNode:
			if key, ok := constStr(x.arg); ok {
				path = append(path, key)
				n = x.node
				continue
			}
			a.node(x.arg, cond)
			path, n = nil, x.node
			continue
		case *callNode:
			a.args(&x.callArgs, cond)
			path = nil
			n = x.node
			get, ok := x.node.(*getattrNode)
			if !ok {
				continue
			}
			n = get.node
			if len(x.args) > 0 && get.attr == "get" {
				if key, ok := constStr(x.args[0]); ok {
					path = append(path, key)
				}
			}
			continue
		}
		if first {
			return false
		}
		a.node(n, cond)
		return true
	}
}

// Merge adds what o needs.
func (n *Needs) Merge(o *Needs) {
	n.Functions = append(n.Functions, o.Functions...)
	n.Templates = append(n.Templates, o.Templates...)
	n.Filters = append(n.Filters, o.Filters...)
	n.Tests = append(n.Tests, o.Tests...)
	n.Variables = append(n.Variables, o.Variables...)
}

// FunctionNames returns the names of the functions that are mentioned, sorted,
// each once. all is false when some mention has no name.
func (n *Needs) FunctionNames() (names []string, all bool) {
	all = true
	for i := range n.Functions {
		if f := &n.Functions[i]; f.Name != "" {
			names = append(names, f.Name)
		} else {
			all = false
		}
	}
	slices.Sort(names)
	return slices.Compact(names), all
}

// String is "file:line:col", or "line:col" of the template itself.
func (p Pos) String() string {
	s := itoa(p.Line) + ":" + itoa(p.Col)
	if p.File == "" {
		return s
	}
	return p.File + ":" + s
}
