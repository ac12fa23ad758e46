package jinja

import "pinch/internal/py"

// This file runs blocks, inheritance, includes and imports.

type blockStmt struct {
	line             int
	name             string
	check            bool
	scoped, required bool
	locals           localVars
}

func (s *blockStmt) exec(f *frame, w *writer) error {
	if s.check && f.parentTemplate != nil {
		return nil
	}
	c := f.c
	if s.scoped {
		c = c.derived(s.locals.dict(f))
	}
	stack := f.c.blocks[s.name]
	if s.required && len(stack) <= 1 {
		return locate(runtimeErrorf("Required block %s not found", quote(s.name)), s.line)
	}
	if len(stack) == 0 {
		return locate(py.KeyError(py.Str(s.name)), s.line)
	}
	if err := c.runBlock(stack[0], w); err != nil {
		return locate(err, s.line)
	}
	return nil
}

// runBlock runs a block's function in this context.
func (c *Context) runBlock(fn *function, w *writer) error {
	if err := c.rt.enterCall(); err != nil {
		return err
	}
	err := fn.runIn(newFrame(fn, nil, c), w)
	c.rt.leaveCall()
	if err != nil {
		return leave(err, fn.t, fn.block)
	}
	return nil
}

type extendedTwice struct{ line int }

func (s *extendedTwice) exec(*frame, *writer) error {
	return locate(runtimeErrorf("extended multiple times"), s.line)
}

type extendsStmt struct {
	line, checkLine int
	check           bool // another extends may have run
	template        expr
}

func (s *extendsStmt) exec(f *frame, _ *writer) error {
	if s.check && f.parentTemplate != nil {
		return locate(runtimeErrorf("extended multiple times"), s.checkLine)
	}
	v, err := s.template.eval(f)
	var l *loaded
	if err == nil {
		l, err = f.c.rt.getTemplate(v)
	}
	if err != nil {
		return locate(err, s.line)
	}
	f.parentTemplate = l.t
	if f.c.blocks == nil {
		f.c.blocks = map[string][]*function{}
	}
	for _, name := range l.t.blockNames {
		f.c.blocks[name] = append(f.c.blocks[name], l.t.blocks[name])
	}
	return nil
}

type loadMode uint8

const (
	loadEither loadMode = iota
	loadOne
	loadSelect
)

type includeStmt struct {
	line          int
	template      expr
	mode          loadMode
	ignoreMissing bool
	withContext   bool
	locals        localVars
}

func (s *includeStmt) exec(f *frame, w *writer) error {
	v, err := s.template.eval(f)
	var l *loaded
	if err == nil {
		l, err = f.c.rt.selectTemplate(v, s.mode)
		if err != nil && s.ignoreMissing && IsNotFound(err) {
			return nil
		}
	}
	if err == nil {
		err = s.include(f, l, w)
	}
	if err != nil {
		return locate(err, s.line)
	}
	return nil
}

func (s *includeStmt) include(f *frame, l *loaded, w *writer) error {
	rt := f.c.rt
	if !s.withContext {
		m, err := rt.moduleOf(l)
		if err != nil {
			return err
		}
		return w.write(m.body)
	}
	if err := rt.enterCall(); err != nil {
		return err
	}
	defer rt.leaveCall()
	return l.t.run(rt.newContext(l.t, f.c.layer(s.locals.dict(f))), w)
}

type importStmt struct {
	line        int
	template    expr
	target      slotRef
	name        string
	toplevel    bool
	withContext bool
	locals      localVars
}

// importModule loads the template and makes its module.
func importModule(f *frame, template expr, withContext bool, locals *localVars) (*Module, error) {
	v, err := template.eval(f)
	if err != nil {
		return nil, err
	}
	rt := f.c.rt
	l, err := rt.getTemplate(v)
	if err != nil {
		return nil, err
	}
	if !withContext {
		return rt.moduleOf(l)
	}
	return rt.makeModule(l.t, f.c.layer(locals.dict(f)))
}

func (s *importStmt) exec(f *frame, _ *writer) error {
	m, err := importModule(f, s.template, s.withContext, &s.locals)
	if err != nil {
		return locate(err, s.line)
	}
	f.set(s.target, m)
	if s.toplevel {
		f.c.setVar(s.name, m)
		f.c.exportName(s.name, false)
	}
	return nil
}

type fromStmt struct {
	line           int
	template       expr
	names, aliases []string
	slots          []slotRef
	toplevel       bool
	withContext    bool
	position       string
	locals         localVars
}

func (s *fromStmt) exec(f *frame, _ *writer) error {
	m, err := importModule(f, s.template, s.withContext, &s.locals)
	if err != nil {
		return locate(err, s.line)
	}
	for i, name := range s.names {
		v, ok := m.vars.GetStr(name)
		if !ok {
			v = f.c.undefinedHint("the template "+quote(m.name)+" (imported on "+s.position+
				") does not export the requested name "+quote(name), name)
		}
		f.set(s.slots[i], v)
	}
	if s.toplevel {
		for i, alias := range s.aliases {
			f.c.setVar(alias, f.get(s.slots[i]))
			f.c.exportName(alias, false)
		}
	}
	return nil
}

// getTemplate is Environment.get_template.
func (rt *runtime) getTemplate(v py.Value) (*loaded, error) {
	if u, ok := v.(*Undefined); ok {
		// The loader fails on its first use of the name.
		return nil, u.fail()
	}
	name, ok := strOf(v)
	if !ok {
		return nil, py.AttributeErrorf("'%s' object has no attribute 'split'", py.TypeName(v))
	}
	return rt.load(name)
}

// selectTemplate is get_template, select_template or get_or_select_template.
func (rt *runtime) selectTemplate(v py.Value, mode loadMode) (*loaded, error) {
	if mode == loadEither {
		switch v.(type) {
		case py.Str, Markup, *Undefined:
			mode = loadOne
		}
	}
	if mode == loadOne {
		return rt.getTemplate(v)
	}
	ok, err := py.Truth(v)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, &py.Error{Class: classNoneFound, Msg: "Tried to select from an empty list of templates.", Err: &NotFoundError{}}
	}
	names, err := py.Collect(v)
	if err != nil {
		return nil, err
	}
	text := ""
	for i, n := range names {
		l, err := rt.getTemplate(n)
		if err == nil {
			return l, nil
		}
		if !IsNotFound(err) && classOf(err) != classUndefined {
			return nil, err
		}
		if i > 0 {
			text += ", "
		}
		if u, ok := n.(*Undefined); ok {
			text += u.message()
		} else {
			text += py.ToStr(n)
		}
	}
	return nil, &py.Error{Class: classNoneFound, Msg: "none of the templates given were found: " + text, Err: &NotFoundError{Name: text}}
}
