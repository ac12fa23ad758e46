package jinja

import (
	"pinch/internal/py"
)

// loopFilter is the if of a for loop. Like the generator that Jinja makes of
// it, it has variables of its own.
type loopFilter struct {
	fn     *function
	line   int
	target target
	test   expr
	tuple  bool // the target is a tuple: what passes is repacked into one
	value  expr
}

type filteredIter struct {
	lf *loopFilter
	f  *frame
	it py.Iterator
}

func (it *filteredIter) Next() (py.Value, bool, error) {
	v, ok, err := it.next()
	if err != nil {
		return nil, false, leave(locate(err, it.lf.line), it.lf.fn.t, "")
	}
	return v, ok, nil
}

func (it *filteredIter) next() (py.Value, bool, error) {
	for {
		if err := it.f.c.rt.step(); err != nil {
			return nil, false, err
		}
		v, ok, err := it.it.Next()
		if err != nil || !ok {
			return nil, false, err
		}
		if err := it.lf.target.assign(it.f, v); err != nil {
			return nil, false, err
		}
		pass, err := evalTruth(it.lf.test, it.f)
		if err != nil {
			return nil, false, err
		}
		if !pass {
			continue
		}
		if it.lf.tuple {
			v, err = it.lf.value.eval(it.f)
		}
		return v, true, err
	}
}

type forStmt struct {
	line, callLine int
	target         target
	single         int // the slot of a target that is one local name, else -1
	iter           expr
	filter         *loopFilter
	enter          []frameLoad
	body           []stmt
	leave          []int
	otherEnter     []frameLoad
	other          []stmt
	otherLeave     []int

	extended bool
	loop     slotRef

	recursive        bool
	fn               *function // of a recursive loop
	volatile, escape bool
}

func (s *forStmt) exec(f *frame, w *writer) error {
	if s.recursive {
		v, err := s.iter.eval(f)
		if err == nil {
			err = s.recurse(f, v, 0, w)
		}
		if err != nil {
			return locate(err, s.callLine)
		}
		return nil
	}
	v, err := s.iter.eval(f)
	if err != nil {
		return locate(err, s.line)
	}
	return s.loopOver(f, f, v, 0, w)
}

// recurse runs one level of a recursive loop: a function call in Jinja.
func (s *forStmt) recurse(f *frame, v py.Value, depth int, w *writer) error {
	rt := f.c.rt
	if err := rt.enterCall(); err != nil {
		return err
	}
	defer rt.leaveCall()
	in := newFrame(s.fn, f, f.c)
	if err := s.loopOver(in, f, v, depth, w); err != nil {
		return leave(err, s.fn.t, "")
	}
	return nil
}

// loopOver runs the loop in frame f over v. outer is the frame around a
// recursive loop's function.
func (s *forStmt) loopOver(f, outer *frame, v py.Value, depth int, w *writer) error {
	it, err := iterate(v)
	if err != nil {
		if s.filter != nil { // its function iterates
			err = leave(locate(err, s.filter.line), s.filter.fn.t, "")
		}
		return locate(err, s.line)
	}
	if s.filter != nil {
		in := newFrame(s.filter.fn, f, f.c)
		in.load(s.filter.fn.enter)
		it = &filteredIter{lf: s.filter, f: in, it: it}
	}
	var lc *LoopContext
	if s.extended {
		lc = &LoopContext{c: f.c, it: it, index0: -1, depth0: depth, stmt: s, f: outer}
		if s.filter == nil {
			lc.iterable = v
		}
		f.set(s.loop, nil)
	}
	ran := false // a turn got to the end of the body
	for {
		if err := f.c.rt.step(); err != nil {
			return locate(err, s.line)
		}
		var item py.Value
		var ok bool
		if lc != nil {
			item, ok, err = lc.advance()
		} else {
			item, ok, err = it.Next()
		}
		if err != nil {
			return locate(err, s.line)
		}
		if !ok {
			break
		}
		if s.single >= 0 {
			f.vars[s.single] = item
		} else if err := s.target.assign(f, item); err != nil {
			return locate(err, s.line)
		}
		if lc != nil {
			f.set(s.loop, lc)
		}
		f.load(s.enter)
		if err := run(s.body, f, w); err != nil {
			if err == flowContinue {
				continue
			}
			if err == flowBreak {
				break
			}
			return err
		}
		ran = true
	}
	f.clear(s.leave)
	if !ran && s.other != nil {
		f.load(s.otherEnter)
		if err := run(s.other, f, w); err != nil {
			return err
		}
		f.clear(s.otherLeave)
	}
	return nil
}

// iterate is iter(v) with Jinja's own types.
func iterate(v py.Value) (py.Iterator, error) {
	if u, ok := v.(*Undefined); ok {
		return u.iter()
	}
	return py.Iterate(v)
}

// LoopContext is the loop variable of a for loop.
type LoopContext struct {
	c        *Context
	iterable py.Value // nil: its length is not known
	it       py.Iterator
	index0   int
	depth0   int
	stmt     *forStmt
	f        *frame

	length                 int
	hasLength              bool
	after, current, before py.Value
	peeked                 bool // after is valid; nil means the end
	changed                []py.Value
	hasChanged             bool
}

// Type implements py.Value.
func (l *LoopContext) Type() string { return "LoopContext" }

// TypeModule is the module of the class, which messages name.
func (l *LoopContext) TypeModule() string { return "jinja2.runtime" }

func (l *LoopContext) advance() (py.Value, bool, error) {
	var v py.Value
	if l.peeked && l.after != nil {
		v = l.after
	} else {
		x, ok, err := l.it.Next()
		if err != nil || !ok {
			return nil, false, err
		}
		v = x
	}
	l.peeked, l.after = false, nil
	l.index0++
	l.before, l.current = l.current, v
	return v, true, nil
}

// peek returns the next item without taking it, nil at the end.
func (l *LoopContext) peek() (py.Value, error) {
	if l.peeked && l.after != nil {
		return l.after, nil
	}
	v, ok, err := l.it.Next()
	if err != nil {
		return nil, err
	}
	if !ok {
		v = nil
	}
	l.peeked, l.after = true, v
	return v, nil
}

func (l *LoopContext) len() (int, error) {
	if l.hasLength {
		return l.length, nil
	}
	if l.iterable != nil {
		if n, err := py.Len(l.iterable); err == nil {
			l.length, l.hasLength = n, true
			return n, nil
		} else if classOf(err) != "TypeError" {
			return 0, err
		}
	}
	var rest []py.Value
	for {
		if err := l.c.rt.step(); err != nil {
			return 0, err
		}
		v, ok, err := l.it.Next()
		if err != nil {
			return 0, err
		}
		if !ok {
			break
		}
		rest = append(rest, v)
	}
	it, err := py.Iterate(py.Tuple(rest))
	if err != nil {
		return 0, err
	}
	l.it = it
	l.length = len(rest) + l.index0 + 1
	if l.peeked && l.after != nil {
		l.length++
	}
	l.hasLength = true
	return l.length, nil
}

// Iter implements py.Iterable: the loop yields pairs of item and loop.
func (l *LoopContext) Iter() (py.Iterator, error) { return loopPairs{l}, nil }

type loopPairs struct{ l *LoopContext }

func (p loopPairs) Next() (py.Value, bool, error) {
	v, ok, err := p.l.advance()
	if err != nil || !ok {
		return nil, false, err
	}
	return py.Tuple{v, p.l}, true, nil
}

// Len implements py.Lener.
func (l *LoopContext) Len() int {
	n, err := l.len()
	if err != nil {
		return 0
	}
	return n
}

// PyRepr implements py.Reprer.
func (l *LoopContext) PyRepr() (string, error) {
	n, err := l.len()
	return "<LoopContext " + itoa(l.index0+1) + "/" + itoa(n) + ">", err
}

// Attr implements py.AttrGetter.
func (l *LoopContext) Attr(name string) (py.Value, bool, error) {
	switch name {
	case "index":
		return py.Int(l.index0 + 1), true, nil
	case "index0":
		return py.Int(l.index0), true, nil
	case "first":
		return py.Bool(l.index0 == 0), true, nil
	case "last":
		v, err := l.peek()
		return py.Bool(v == nil), true, err
	case "length":
		n, err := l.len()
		return py.Int(n), true, err
	case "revindex":
		n, err := l.len()
		return py.Int(n - l.index0), true, err
	case "revindex0":
		n, err := l.len()
		return py.Int(n - l.index0 - 1), true, err
	case "depth":
		return py.Int(l.depth0 + 1), true, nil
	case "depth0":
		return py.Int(l.depth0), true, nil
	case "previtem":
		if l.index0 == 0 {
			return l.c.undefinedHint("there is no previous item", ""), true, nil
		}
		return l.before, true, nil
	case "nextitem":
		v, err := l.peek()
		if v == nil && err == nil {
			v = l.c.undefinedHint("there is no next item", "")
		}
		return v, true, err
	case "cycle":
		return &builtin{name: "LoopContext.cycle", fn: func(_ *Context, _ py.Value, a *py.Args) (py.Value, error) {
			if err := noKeywords("LoopContext.cycle", a); err != nil {
				return nil, err
			}
			if len(a.Pos) == 0 {
				return nil, py.TypeErrorf("no items for cycling given")
			}
			return a.Pos[l.index0%len(a.Pos)], nil
		}}, true, nil
	case "changed":
		return &builtin{name: "LoopContext.changed", fn: func(_ *Context, _ py.Value, a *py.Args) (py.Value, error) {
			if err := noKeywords("LoopContext.changed", a); err != nil {
				return nil, err
			}
			if l.hasChanged {
				same, err := py.Equal(py.Tuple(l.changed), py.Tuple(a.Pos))
				if err != nil {
					return nil, err
				}
				if same {
					return py.False, nil
				}
			}
			l.changed, l.hasChanged = a.Pos, true
			return py.True, nil
		}}, true, nil
	}
	return nil, false, nil
}

// call is loop(iterable): a turn deeper in a recursive loop.
func (l *LoopContext) call(c *Context, args *py.Args) (py.Value, error) {
	if len(args.Pos) != 1 || len(args.Kw) > 0 {
		a, err := loopCallSig.bind(nil, args)
		if err != nil {
			return nil, err
		}
		args = &py.Args{Pos: a}
	}
	if !l.stmt.recursive {
		return nil, py.TypeErrorf("The loop must have the 'recursive' marker to be called recursively.")
	}
	w := c.rt.writer()
	defer c.rt.release(w)
	if err := l.stmt.recurse(l.f, args.Pos[0], l.depth0+1, w); err != nil {
		return nil, err
	}
	if w.bad != nil {
		return nil, w.bad
	}
	if l.stmt.escape || l.stmt.volatile && c.escape {
		return Markup(w.String()), nil
	}
	return py.Str(w.String()), nil
}
