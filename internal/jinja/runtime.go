package jinja

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/internal/pyre"
)

// environment holds the filters, tests and globals of a set of options. It is
// immutable and shared.
type environment struct {
	salt    bool
	filters map[string]Filter
	tests   map[string]Filter
	globals map[string]py.Value
}

// runtime is the state of one Render call: Jinja's Environment as far as it
// changes while rendering.
type runtime struct {
	ctx    context.Context
	r      *Render
	opts   *Options
	env    *environment
	budget budgetState
	// regexes are compiled patterns when the render has no Cache.
	regexes pyre.Cache

	// tpl are the variables that Salt's loader sets in the environment's
	// globals whenever it reads a template: tplfile, tpldir, tpldot.
	tpl       *py.Dict
	templates map[string]*loaded
	free      []*writer
}

// loaded is a template of this render with its module, once imported.
type loaded struct {
	t      *Template
	module *Module
}

func newRuntime(ctx context.Context, t *Template, r *Render) *runtime {
	rt := &runtime{ctx: ctx, r: r, opts: &t.opts, env: t.env}
	rt.budget.init(r.Budget)
	return rt
}

// scope is a layer of context variables; the first layer that has a name wins.
type scope struct {
	vars    *py.Dict
	globals map[string]py.Value // of the outermost layer
	next    *scope
}

func (s *scope) lookup(name string) py.Value {
	for ; s != nil; s = s.next {
		if s.vars != nil {
			if v, ok := s.vars.GetStr(name); ok {
				return v
			}
		}
		if s.globals != nil {
			if v, ok := s.globals[name]; ok {
				return v
			}
		}
	}
	return nil
}

// Context is Jinja's template context: what a template's names resolve to
// while it is rendered. Filters and functions get it as their first argument.
type Context struct {
	rt     *runtime
	tmpl   *Template
	parent *scope
	vars   *py.Dict // what the top level assigned
	export map[string]bool
	blocks map[string][]*function
	escape bool // eval_ctx.autoescape
}

// Ctx returns the context of the render, for calls that may block.
func (c *Context) Ctx() context.Context { return c.rt.ctx }

// Render returns the settings of the render.
func (c *Context) Render() *Render { return c.rt.r }

// AutoEscape says whether automatic escaping is on.
func (c *Context) AutoEscape() bool { return c.escape }

// Resolve returns the variable of that name, or nil.
func (c *Context) Resolve(name string) py.Value {
	if c.vars != nil {
		if v, ok := c.vars.GetStr(name); ok {
			return v
		}
	}
	return c.parent.lookup(name)
}

func (rt *runtime) globalScope() *scope {
	return &scope{vars: rt.r.Vars, next: &scope{globals: rt.env.globals}}
}

func (rt *runtime) mainContext(t *Template) *Context {
	return rt.newContext(t, rt.globalScope())
}

func (rt *runtime) newContext(t *Template, parent *scope) *Context {
	c := &Context{rt: rt, tmpl: t, parent: parent, escape: t.opts.AutoEscape}
	if len(t.blocks) > 0 {
		c.blocks = make(map[string][]*function, len(t.blocks))
		for name, b := range t.blocks {
			c.blocks[name] = []*function{b}
		}
	}
	return c
}

// layer returns the context's variables and the given locals as a scope for a
// template that is included or imported with context.
func (c *Context) layer(locals *py.Dict) *scope {
	switch {
	case c.vars.Len() == 0 && locals.Len() == 0:
		return c.parent
	case c.vars.Len() == 0:
		return &scope{vars: locals, next: c.parent}
	}
	d := c.vars.Copy()
	d.Update(locals)
	return &scope{vars: d, next: c.parent}
}

// derived is Context.derived: a context of the same template with locals.
func (c *Context) derived(locals *py.Dict) *Context {
	d := &Context{rt: c.rt, tmpl: c.tmpl, parent: c.layer(locals), escape: c.escape}
	d.blocks = make(map[string][]*function, len(c.blocks))
	for k, v := range c.blocks {
		d.blocks[k] = append([]*function(nil), v...)
	}
	return d
}

func (c *Context) setVar(name string, v py.Value) {
	if c.vars == nil {
		c.vars = py.NewDict()
	}
	c.vars.SetStr(name, v)
}

func (c *Context) exportName(name string, on bool) {
	if name[0] == '_' {
		return
	}
	if c.export == nil {
		if !on {
			return
		}
		c.export = map[string]bool{}
	}
	if on {
		c.export[name] = true
	} else {
		delete(c.export, name)
	}
}

// All returns every variable of the context as one dict, in the order in
// which Salt would list them.
func (c *Context) All() *py.Dict {
	var layers []*scope
	for s := c.parent; s != nil; s = s.next {
		layers = append(layers, s)
	}
	out := py.NewDict()
	for i := len(layers) - 1; i >= 0; i-- {
		for _, k := range slices.Sorted(maps.Keys(layers[i].globals)) {
			out.SetStr(k, layers[i].globals[k])
		}
		if layers[i].vars != nil {
			out.Update(layers[i].vars)
		}
	}
	if c.vars != nil {
		out.Update(c.vars)
	}
	return out
}

// load returns a template by name, from this render's own table first.
func (rt *runtime) load(name string) (*loaded, error) {
	if l := rt.templates[name]; l != nil {
		return l, nil
	}
	if rt.r.Loader == nil {
		return nil, py.TypeErrorf("no loader for this environment specified")
	}
	t, err := rt.loadTemplate(name)
	if err != nil {
		return nil, err
	}
	l := &loaded{t: t}
	if rt.templates == nil {
		rt.templates = map[string]*loaded{}
	}
	rt.templates[name] = l
	return l, nil
}

func (rt *runtime) global(name string) string {
	if rt.tpl != nil {
		if s, ok := rt.tpl.Lookup(name).(py.Str); ok {
			return string(s)
		}
	}
	if rt.r.Vars != nil {
		if s, ok := rt.r.Vars.Lookup(name).(py.Str); ok {
			return string(s)
		}
	}
	return ""
}

// loadTemplate is Salt's loader: names that start with "./" or "../" are
// relative to the template read last, and reading one sets tplfile, tpldir
// and tpldot for those imported after it.
func (rt *runtime) loadTemplate(name string) (*Template, error) {
	full := name
	first, _, _ := strings.Cut(name, "/")
	relative := first == "." || first == ".."
	if relative && rt.env.salt {
		if rt.tpl == nil && !rt.r.Vars.Has("tpldir") {
			rt.r.log("warning", `Relative path "`+name+`" cannot be resolved without an environment`)
			return nil, notFound(name)
		}
		base := rt.global("tpldir")
		full = pypath.Norm(base + "/" + name)
		if up, _, _ := strings.Cut(full, "/"); up == ".." {
			rt.r.log("warning", `Discarded template path "`+name+`": attempts to ascend outside of salt://`)
			return nil, notFound(name)
		}
		// Salt: a local file client takes the path from an absolute tpldir on
		// for one from the root of the tree.
		opts, ok := rt.r.Vars.Lookup("opts").(*py.Dict)
		if ok && opts.String("file_client") == "local" && strings.HasPrefix(base, "/") {
			full = pypath.Rel(full, base)
		}
	}
	if rt.env.salt && name != "" {
		dir := ""
		if i := strings.LastIndexByte(full, '/'); i >= 0 {
			dir = full[:max(i, 1)]
			if i > 0 {
				dir = strings.TrimRight(full[:i], "/")
			}
		}
		file := full
		if relative {
			if rt.tpl != nil || rt.r.Vars.Has("tpldir") {
				dir = rt.global("tpldir")
			}
			file = name
		}
		tpldir := dir
		if tpldir == "" {
			tpldir = "."
		}
		rt.tpl = py.DictOf("tplfile", py.Str(file), "tpldir", py.Str(tpldir), "tpldot", py.Str(strings.ReplaceAll(dir, "/", ".")))
	}
	source, file, err := rt.r.Loader.Load(rt.ctx, full)
	if err != nil {
		if nf, ok := errors.AsType[*NotFoundError](err); ok && nf.Message != "" {
			return nil, &py.Error{Class: classNotFound, Msg: nf.Message, Err: nf}
		}
		if IsNotFound(err) {
			return nil, notFound(name)
		}
		return nil, err
	}
	return rt.r.Cache.parse(name, file, source, rt.opts)
}

func notFound(name string) error {
	return &py.Error{Class: classNotFound, Msg: name, Err: &NotFoundError{Name: name}}
}

// moduleOf returns the shared module of a template imported without context.
func (rt *runtime) moduleOf(l *loaded) (*Module, error) {
	if l.module == nil {
		parent := rt.globalScope()
		if rt.tpl != nil {
			parent = &scope{vars: rt.tpl, next: parent}
		}
		m, err := rt.makeModule(l.t, parent)
		if err != nil {
			return nil, err
		}
		l.module = m
	}
	return l.module, nil
}

func (rt *runtime) makeModule(t *Template, parent *scope) (*Module, error) {
	if err := rt.enterCall(); err != nil {
		return nil, err
	}
	defer rt.leaveCall()
	c := rt.newContext(t, parent)
	w := rt.writer()
	defer rt.release(w)
	if err := t.run(c, w); err != nil {
		return nil, err
	}
	if w.bad != nil {
		return nil, w.bad
	}
	m := &Module{name: t.name, body: w.String(), vars: py.NewDict()}
	for k, v := range c.vars.All() {
		if c.export[string(k.(py.Str))] {
			m.vars.SetStr(string(k.(py.Str)), v)
		}
	}
	return m, nil
}

// writer collects output. It is reused within a render.
type writer struct {
	buf []byte
	rt  *runtime
	// Python joins pieces, and fails at the end when one is no string: pieces
	// counts them, bad is that error.
	pieces int
	bad    error
}

func (rt *runtime) writer() *writer {
	if n := len(rt.free); n > 0 {
		w := rt.free[n-1]
		rt.free = rt.free[:n-1]
		w.buf, w.pieces, w.bad = w.buf[:0], 0, nil
		return w
	}
	return &writer{rt: rt}
}

func (rt *runtime) release(w *writer) { rt.free = append(rt.free, w) }

func (w *writer) String() string { return string(w.buf) }

func (w *writer) write(s string) error {
	if len(w.buf)+len(s) > w.rt.budget.output {
		return w.rt.budget.tooLong()
	}
	w.buf = append(w.buf, s...)
	w.pieces++
	return nil
}

// writeValue writes a value that must be a string.
func (w *writer) writeValue(v py.Value) error {
	if s, ok := strOf(v); ok {
		return w.write(s)
	}
	if w.bad == nil {
		w.bad = py.TypeErrorf("sequence item %d: expected str instance, %s found", w.pieces, py.TypeName(v))
	}
	w.pieces++
	return nil
}
