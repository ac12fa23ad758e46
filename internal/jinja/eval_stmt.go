package jinja

import (
	"strconv"

	"pinch/internal/py"
)

// stmt is compiled code that writes output. It is shared by all renders and
// keeps no state.
type stmt interface {
	exec(f *frame, w *writer) error
}

// frame holds the variables of one running function.
type frame struct {
	vars   []py.Value // nil: missing
	parent *frame     // of the function around it
	c      *Context

	parentTemplate *Template // set by extends, in a root frame
}

// function is the code of a template's root, a block or a macro.
type function struct {
	t     *Template
	block string
	slots int
	enter []frameLoad
	body  []stmt

	self, super slotRef
}

func newFrame(fn *function, parent *frame, c *Context) *frame {
	return &frame{vars: make([]py.Value, fn.slots), parent: parent, c: c}
}

// runIn runs the function's body in a frame made for it.
func (fn *function) runIn(f *frame, w *writer) error {
	if fn.self.name != "" {
		f.vars[fn.self.slot] = &selfRef{f.c}
	}
	if fn.super.name != "" {
		f.vars[fn.super.slot] = f.c.super(fn)
	}
	f.load(fn.enter)
	return run(fn.body, f, w)
}

func run(body []stmt, f *frame, w *writer) error {
	for _, s := range body {
		if err := s.exec(f, w); err != nil {
			return err
		}
	}
	return nil
}

// frameLoad fills one variable when a frame is entered.
type frameLoad struct {
	kind loadKind
	slot int
	name string
	from slotRef
}

func (f *frame) load(loads []frameLoad) {
	for i := range loads {
		switch l := &loads[i]; l.kind {
		case loadResolve:
			f.vars[l.slot] = f.c.Resolve(l.name)
		case loadAlias:
			f.vars[l.slot] = f.get(l.from)
		default:
			f.vars[l.slot] = nil
		}
	}
}

func (f *frame) clear(slots []int) {
	for _, s := range slots {
		f.vars[s] = nil
	}
}

func (f *frame) get(r slotRef) py.Value {
	for n := r.up; n > 0; n-- {
		f = f.parent
	}
	return f.vars[r.slot]
}

func (f *frame) set(r slotRef, v py.Value) {
	for n := r.up; n > 0; n-- {
		f = f.parent
	}
	f.vars[r.slot] = v
}

// localVars are the variables that an include or import with context, or a
// scoped block, sees besides the context's.
type localVars struct {
	names []string
	slots []slotRef
}

func (l *localVars) dict(f *frame) *py.Dict {
	var d *py.Dict
	for i, name := range l.names {
		if v := f.get(l.slots[i]); v != nil {
			if d == nil {
				d = py.NewDict()
			}
			d.SetStr(name, v)
		}
	}
	return d
}

// target is what an assignment, a loop or a with stores into.
type target interface {
	assign(f *frame, v py.Value) error
}

type slotTarget slotRef

func (t slotTarget) assign(f *frame, v py.Value) error {
	f.set(slotRef(t), v)
	return nil
}

type nsTarget struct {
	ns   slotRef
	attr string
}

func (t *nsTarget) assign(f *frame, v py.Value) error {
	// That it is a namespace is checked for {% set %} with a value only.
	switch ns := f.get(t.ns).(type) {
	case *Namespace:
		ns.d.SetStr(t.attr, v)
		return nil
	case nil:
		return py.TypeErrorf("'_MissingType' object does not support item assignment")
	default:
		return py.SetItem(ns, py.Str(t.attr), v)
	}
}

type tupleTarget []target

func (t tupleTarget) assign(f *frame, v py.Value) error {
	var items []py.Value
	switch v := v.(type) {
	case py.Tuple:
		items = v
	case *py.List:
		items = v.Items
	default:
		it, err := py.Iterate(v)
		if err != nil {
			if u, ok := v.(*Undefined); ok {
				return u.fail()
			}
			return py.TypeErrorf("cannot unpack non-iterable %s object", py.TypeName(v))
		}
		for len(items) <= len(t) {
			x, ok, err := it.Next()
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			items = append(items, x)
		}
	}
	switch {
	case len(items) < len(t):
		return py.ValueErrorf("not enough values to unpack (expected %d, got %d)", len(t), len(items))
	case len(items) > len(t):
		return py.ValueErrorf("too many values to unpack (expected %d)", len(t))
	}
	for i := range t {
		if err := t[i].assign(f, items[i]); err != nil {
			return err
		}
	}
	return nil
}

type textStmt struct {
	text string
	line int
}

func (s *textStmt) exec(_ *frame, w *writer) error {
	if err := w.write(s.text); err != nil {
		return locate(err, s.line)
	}
	return nil
}

type outputPart struct {
	text   string // when e is nil
	e      expr
	line   int
	escape escaping
	joined bool // by Jinja's compiler, with the constant before it
}

type outputStmt struct {
	parts []outputPart
	check bool // skip when the template extends another
}

func (s *outputStmt) exec(f *frame, w *writer) error {
	if s.check && f.parentTemplate != nil {
		return nil
	}
	for i := range s.parts {
		p := &s.parts[i]
		if p.e == nil {
			if err := w.write(p.text); err != nil {
				return locate(err, p.line)
			}
			if p.joined {
				w.pieces--
			}
			continue
		}
		v, err := p.e.eval(f)
		if err == nil {
			if p.escape == escapeNo || p.escape == escapeRuntime && !f.c.escape {
				err = f.c.print(w, v)
			} else {
				err = f.c.printEscaped(w, v)
			}
		}
		if err != nil {
			return locate(err, p.line)
		}
		if p.joined {
			w.pieces--
		}
	}
	return nil
}

type exprStmt struct {
	line int
	e    expr
}

func (s *exprStmt) exec(f *frame, _ *writer) error {
	if _, err := s.e.eval(f); err != nil {
		return locate(err, s.line)
	}
	return nil
}

type ifBranch struct {
	line int
	test expr
	body []stmt
}

type ifStmt struct {
	branches []ifBranch
	other    []stmt
}

func (s *ifStmt) exec(f *frame, w *writer) error {
	for i := range s.branches {
		b := &s.branches[i]
		ok, err := evalTruth(b.test, f)
		if err != nil {
			return locate(err, b.line)
		}
		if ok {
			return run(b.body, f, w)
		}
	}
	return run(s.other, f, w)
}

type assignStmt struct {
	line, checkLine int
	namespaces      []slotRef
	target          target
	e               expr
	export          []slotRef
}

func (s *assignStmt) exec(f *frame, _ *writer) error {
	for _, ns := range s.namespaces {
		if _, ok := f.get(ns).(*Namespace); !ok {
			return locate(runtimeErrorf("cannot assign attribute on non-namespace object"), s.checkLine)
		}
	}
	v, err := s.e.eval(f)
	if err == nil {
		err = s.target.assign(f, v)
	}
	if err != nil {
		return locate(err, s.line)
	}
	f.publish(s.export)
	return nil
}

// publish makes top-level assignments visible in the context.
func (f *frame) publish(vars []slotRef) {
	for _, r := range vars {
		f.c.setVar(r.name, f.get(r))
		f.c.exportName(r.name, true)
	}
}

type assignBlockStmt struct {
	line   int
	enter  []frameLoad
	body   []stmt
	target target
	filter expr
	export []slotRef
	leave  []int
}

func (s *assignBlockStmt) exec(f *frame, _ *writer) error {
	f.load(s.enter)
	v, err := captured(f, s.body, s.filter, s.line)
	if err != nil {
		return err
	}
	if f.c.escape {
		v = markupOf(v)
	}
	if err := s.target.assign(f, v); err != nil {
		return locate(err, s.line)
	}
	f.publish(s.export)
	f.clear(s.leave)
	return nil
}

// captured runs a body into a string and applies a filter to it.
func captured(f *frame, body []stmt, filter expr, line int) (py.Value, error) {
	rt := f.c.rt
	w := rt.writer()
	err := run(body, f, w)
	text, bad := w.String(), w.bad
	rt.release(w)
	if err != nil {
		return nil, err
	}
	if bad != nil {
		return nil, locate(bad, line)
	}
	if filter == nil {
		return py.Str(text), nil
	}
	v, err := filter.(*filterExpr).evalWith(f, text)
	if err != nil {
		return nil, locate(err, line)
	}
	return v, nil
}

type filterBlockStmt struct {
	line   int
	enter  []frameLoad
	body   []stmt
	filter expr
	leave  []int
}

func (s *filterBlockStmt) exec(f *frame, w *writer) error {
	f.load(s.enter)
	v, err := captured(f, s.body, s.filter, s.line)
	if err != nil {
		return err
	}
	// The result is written as it is: neither finalized nor escaped.
	if err := w.writeValue(v); err != nil {
		return locate(err, s.line)
	}
	f.clear(s.leave)
	return nil
}

type withStmt struct {
	line    int
	enter   []frameLoad
	targets []target
	values  []expr
	body    []stmt
	leave   []int
}

func (s *withStmt) exec(f *frame, w *writer) error {
	f.load(s.enter)
	for i, e := range s.values {
		v, err := e.eval(f)
		if err == nil {
			err = s.targets[i].assign(f, v)
		}
		if err != nil {
			return locate(err, s.line)
		}
	}
	if err := run(s.body, f, w); err != nil {
		return err
	}
	f.clear(s.leave)
	return nil
}

type autoescapeStmt struct {
	line  int
	enter []frameLoad
	value expr
	body  []stmt
	leave []int
}

func (s *autoescapeStmt) exec(f *frame, w *writer) error {
	f.load(s.enter)
	on, err := evalTruth(s.value, f)
	if err != nil {
		return locate(err, s.line)
	}
	old := f.c.escape
	f.c.escape = on
	err = run(s.body, f, w)
	f.c.escape = old
	if err != nil {
		return err
	}
	f.clear(s.leave)
	return nil
}

type flowStmt struct{ flow flow }

func (s *flowStmt) exec(*frame, *writer) error { return s.flow }

type macroStmt struct {
	code     *macroCode
	target   slotRef
	toplevel bool
}

func (s *macroStmt) exec(f *frame, _ *writer) error {
	m := &Macro{code: s.code, f: f, escape: f.c.escape}
	f.set(s.target, m)
	if s.toplevel {
		f.c.setVar(s.code.name, m)
		f.c.exportName(s.code.name, true)
	}
	return nil
}

type callBlockStmt struct {
	line int
	code *macroCode
	call *callExpr
}

func (s *callBlockStmt) exec(f *frame, w *writer) error {
	caller := &Macro{code: s.code, f: f, escape: f.c.escape}
	v, err := s.call.evalCaller(f, caller)
	if err == nil {
		err = w.writeValue(v)
	}
	if err != nil {
		return locate(err, s.line)
	}
	return nil
}

// print writes str(finalize(v)).
func (c *Context) print(w *writer, v py.Value) error {
	switch v := v.(type) {
	case py.Str:
		return w.write(string(v))
	case py.Int:
		w.buf = strconv.AppendInt(w.buf, int64(v), 10)
		w.pieces++
		return nil
	}
	s, err := c.finalText(v)
	if err != nil {
		return err
	}
	return w.write(s)
}

func (c *Context) printEscaped(w *writer, v py.Value) error {
	if m, ok := v.(Markup); ok {
		return w.write(string(m))
	}
	s, err := c.finalText(v)
	if err != nil {
		return err
	}
	return w.write(escapeHTML(s))
}
