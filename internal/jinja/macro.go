package jinja

import (
	"context"

	"pinch/internal/py"
)

// macroCode is the compiled form of a macro or call block.
type macroCode struct {
	name      string
	anonymous bool // a call block
	line      int
	endLine   int // of the code that joins the output
	fn        *function
	args      []string
	argSlots  []int
	defaults  []expr // by argument, nil without one

	caller, kwargs, varargs             bool // the body reads the special name
	callerSlot, kwargsSlot, varargsSlot int
	callerArg                           int // "caller" in the signature, or -1
}

// Macro is a macro as a value: its code and the frame it was defined in.
type Macro struct {
	code   *macroCode
	f      *frame
	escape bool
}

// Type implements py.Value.
func (m *Macro) Type() string { return "Macro" }

// TypeModule is the module of the class, which messages name.
func (m *Macro) TypeModule() string { return "jinja2.runtime" }

// Name returns the macro's name.
func (m *Macro) Name() string { return m.code.name }

// PyRepr implements py.Reprer.
func (m *Macro) PyRepr() (string, error) {
	if m.code.anonymous {
		return "<Macro anonymous>", nil
	}
	return "<Macro " + quote(m.code.name) + ">", nil
}

// Attr implements py.AttrGetter.
func (m *Macro) Attr(name string) (py.Value, bool, error) {
	switch name {
	case "name":
		if m.code.anonymous {
			return py.None, true, nil
		}
		return py.Str(m.code.name), true, nil
	case "arguments":
		t := make(py.Tuple, len(m.code.args))
		for i, a := range m.code.args {
			t[i] = py.Str(a)
		}
		return t, true, nil
	case "catch_kwargs":
		return py.Bool(m.code.kwargs), true, nil
	case "catch_varargs":
		return py.Bool(m.code.varargs), true, nil
	case "caller":
		return py.Bool(m.code.caller), true, nil
	case "explicit_caller":
		return py.Bool(m.code.callerArg >= 0), true, nil
	}
	return nil, false, nil
}

// Call implements py.Callable.
func (m *Macro) Call(_ context.Context, args *py.Args) (py.Value, error) {
	return m.call(m.escape, args)
}

func (m *Macro) reprName() string {
	if m.code.anonymous {
		return "None"
	}
	return quote(m.code.name)
}

// call binds the arguments and runs the body. escape says whether the caller
// escapes automatically: the result is then safe text.
func (m *Macro) call(escape bool, args *py.Args) (py.Value, error) {
	code := m.code
	rt := m.f.c.rt
	f := newFrame(code.fn, m.f, m.f.c)
	if err := m.bind(f, args); err != nil {
		return nil, err
	}
	if err := rt.enterCall(); err != nil {
		return nil, err
	}
	defer rt.leaveCall()
	w := rt.writer()
	defer rt.release(w)
	err := m.run(f, w)
	if err == nil && w.bad != nil {
		err = locate(w.bad, code.endLine)
	}
	if err != nil {
		return nil, leave(err, code.fn.t, "")
	}
	if escape {
		return Markup(w.String()), nil
	}
	return py.Str(w.String()), nil
}

func (m *Macro) run(f *frame, w *writer) error {
	code := m.code
	f.load(code.fn.enter)
	for i, slot := range code.argSlots {
		if f.vars[slot] != nil {
			continue
		}
		d := code.defaults[i]
		if d == nil {
			name := code.args[i]
			f.vars[slot] = f.c.undefinedHint("parameter "+quote(name)+" was not provided", name)
			continue
		}
		v, err := d.eval(f)
		if err != nil {
			return locate(err, code.line)
		}
		f.vars[slot] = v
	}
	return run(code.fn.body, f, w)
}

// bind puts the arguments into the frame, with Jinja's rules for caller,
// kwargs and varargs.
func (m *Macro) bind(f *frame, args *py.Args) error {
	code := m.code
	n := min(len(args.Pos), len(code.args))
	for i := range n {
		f.vars[code.argSlots[i]] = args.Pos[i]
	}
	kw := args.Kw
	owned := false
	take := func(name string) (py.Value, bool) {
		for i := range kw {
			if kw[i].Name == name {
				v := kw[i].Value
				if !owned {
					kw = append([]py.KwArg(nil), kw...)
					owned = true
				}
				kw = append(kw[:i], kw[i+1:]...)
				return v, true
			}
		}
		return nil, false
	}
	foundCaller := n == len(code.args) && code.callerArg >= 0
	for i := n; i < len(code.args); i++ {
		if code.args[i] == "caller" {
			foundCaller = true
		}
		if v, ok := take(code.args[i]); ok {
			f.vars[code.argSlots[i]] = v
		}
	}
	if code.caller && !foundCaller {
		v, ok := take("caller")
		if _, none := v.(py.NoneType); !ok || none {
			v = m.f.c.undefinedHint("No caller defined", "caller")
		}
		f.vars[code.callerSlot] = v
	}
	if code.kwargs {
		d := py.NewDict()
		for _, k := range kw {
			d.SetStr(k.Name, k.Value)
		}
		f.vars[code.kwargsSlot] = d
	} else if len(kw) > 0 {
		for _, k := range kw {
			if k.Name == "caller" {
				return py.TypeErrorf("macro %s was invoked with two values for the special caller argument. This is most likely a bug.", m.reprName())
			}
		}
		return py.TypeErrorf("macro %s takes no keyword argument %s", m.reprName(), quote(kw[0].Name))
	}
	if code.varargs {
		f.vars[code.varargsSlot] = py.Tuple(append([]py.Value(nil), args.Pos[n:]...))
	} else if len(args.Pos) > len(code.args) {
		return py.TypeErrorf("macro %s takes not more than %d argument(s)", m.reprName(), len(code.args))
	}
	return nil
}
