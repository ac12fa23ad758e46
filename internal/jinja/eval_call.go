package jinja

import "pinch/internal/py"

// This file runs calls, filters and tests.

// argList are the arguments of a call, filter or test.
type argList struct {
	pos            []expr
	names          []string
	values         []expr
	star, starStar expr
}

// eval evaluates the arguments into args.
func (a *argList) eval(f *frame, args *py.Args) error {
	if len(a.pos) > 0 {
		args.Pos = make([]py.Value, len(a.pos), len(a.pos)+1)
		for i, e := range a.pos {
			v, err := e.eval(f)
			if err != nil {
				return err
			}
			args.Pos[i] = v
		}
	}
	if len(a.values) > 0 {
		args.Kw = make([]py.KwArg, len(a.values))
		for i, e := range a.values {
			v, err := e.eval(f)
			if err != nil {
				return err
			}
			args.Kw[i] = py.KwArg{Name: a.names[i], Value: v}
		}
	}
	if a.star != nil {
		v, err := a.star.eval(f)
		if err != nil {
			return err
		}
		more, err := py.Collect(v)
		if err != nil {
			if u, ok := v.(*Undefined); ok {
				return u.fail()
			}
			if classOf(err) == "TypeError" {
				return py.TypeErrorf("Value after * must be an iterable, not %s", py.TypeName(v))
			}
			return err
		}
		args.Pos = append(args.Pos, more...)
	}
	if a.starStar != nil {
		v, err := a.starStar.eval(f)
		if err != nil {
			return err
		}
		d, ok := v.(*py.Dict)
		if !ok {
			if u, ok := v.(*Undefined); ok {
				return u.fail()
			}
			return py.TypeErrorf("jinja2.sandbox.SandboxedEnvironment.call() argument after ** must be a mapping, not %s", py.TypeName(v))
		}
		for k, v := range d.All() {
			name, ok := strOf(k)
			if !ok {
				return py.TypeErrorf("keywords must be strings")
			}
			if _, dup := args.Get(name); dup {
				return py.TypeErrorf("jinja2.sandbox.SandboxedEnvironment.call() got multiple values for keyword argument %s", quote(name))
			}
			args.Kw = append(args.Kw, py.KwArg{Name: name, Value: v})
		}
	}
	return nil
}

type callExpr struct {
	fn     expr
	method *attrExpr // fn, when it is an attribute
	args   argList

	withCaller bool
	// names and slots are what a loop or block assigned before the call: a
	// function that takes the context sees them.
	names []string
	slots []slotRef
}

func (e *callExpr) eval(f *frame) (py.Value, error) { return e.evalCaller(f, nil) }

func (e *callExpr) evalCaller(f *frame, caller *Macro) (py.Value, error) {
	var fn py.Value
	var err error
	if e.method != nil {
		obj, oerr := e.method.obj.eval(f)
		if oerr != nil {
			return nil, oerr
		}
		if caller == nil {
			if v, done, err := e.fastMethod(f, obj); done || err != nil {
				return v, err
			}
		}
		fn, err = f.c.getattr(obj, e.method.name, e.method.key)
	} else {
		fn, err = e.fn.eval(f)
	}
	if err != nil {
		return nil, err
	}
	var args py.Args
	if err := e.args.eval(f, &args); err != nil {
		return nil, err
	}
	if caller != nil {
		if _, dup := args.Get("caller"); dup {
			return nil, py.TypeErrorf("got multiple values for keyword argument 'caller'")
		}
		args.Kw = append(args.Kw, py.KwArg{Name: "caller", Value: caller})
	}
	c := f.c
	if b, ok := fn.(*builtin); ok && b.wantsContext && len(e.names) > 0 {
		locals := localVars{e.names, e.slots}
		c = c.derived(locals.dict(f))
	}
	return c.Call(fn, &args)
}

// fastMethod answers the commonest methods without making a bound method.
func (e *callExpr) fastMethod(f *frame, obj py.Value) (v py.Value, done bool, err error) {
	d, ok := obj.(*py.Dict)
	if !ok || e.args.star != nil || e.args.starStar != nil || len(e.args.names) > 0 {
		return nil, false, nil
	}
	switch e.method.name {
	case "get":
		n := len(e.args.pos)
		if n != 1 && n != 2 {
			return nil, false, nil
		}
		key, err := e.args.pos[0].eval(f)
		if err != nil {
			return nil, true, err
		}
		fallback := py.Value(py.None)
		if n == 2 {
			if fallback, err = e.args.pos[1].eval(f); err != nil {
				return nil, true, err
			}
		}
		v, ok, err := d.Get(key)
		if err != nil {
			return nil, true, err
		}
		if !ok {
			v = fallback
		}
		return v, true, nil
	case "items":
		if len(e.args.pos) == 0 {
			return &py.View{D: d, Kind: py.ViewItems}, true, nil
		}
	}
	return nil, false, nil
}

type filterExpr struct {
	name   string
	fn     Filter // nil: unknown, an error when it is used
	value  expr   // nil: the text of the block around it
	args   argList
	escape escaping
}

func (e *filterExpr) eval(f *frame) (py.Value, error) {
	v, err := e.value.eval(f)
	if err != nil {
		return nil, err
	}
	return e.apply(f, v)
}

// evalWith applies a chain of filters to the text of a filter or set block.
func (e *filterExpr) evalWith(f *frame, text string) (py.Value, error) {
	var v py.Value = py.Str(text)
	if inner, ok := e.value.(*filterExpr); ok {
		var err error
		if v, err = inner.evalWith(f, text); err != nil {
			return nil, err
		}
	} else if e.escape == escapeYes || e.escape == escapeRuntime && f.c.escape {
		v = Markup(text)
	}
	return e.apply(f, v)
}

func (e *filterExpr) apply(f *frame, v py.Value) (py.Value, error) {
	var args py.Args
	if err := e.args.eval(f, &args); err != nil {
		return nil, err
	}
	if e.fn == nil {
		return nil, runtimeErrorf("No filter named %s found.", quote(e.name))
	}
	return e.fn(f.c, v, &args)
}

type testExpr struct {
	name  string
	fn    Filter
	value expr
	args  argList
}

func (e *testExpr) eval(f *frame) (py.Value, error) {
	v, err := e.value.eval(f)
	if err != nil {
		return nil, err
	}
	var args py.Args
	if err := e.args.eval(f, &args); err != nil {
		return nil, err
	}
	if e.fn == nil {
		return nil, runtimeErrorf("No test named %s found.", quote(e.name))
	}
	return e.fn(f.c, v, &args)
}
