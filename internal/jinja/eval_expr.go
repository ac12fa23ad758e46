package jinja

import (
	"time"

	"pinch/internal/py"
)

// expr is a compiled expression.
type expr interface {
	eval(f *frame) (py.Value, error)
}

func evalTruth(e expr, f *frame) (bool, error) {
	v, err := e.eval(f)
	if err != nil {
		return false, err
	}
	if b, ok := v.(py.Bool); ok {
		return bool(b), nil
	}
	return py.Truth(v)
}

type constExpr struct{ v py.Value }

func (e *constExpr) eval(*frame) (py.Value, error) { return e.v, nil }

type localExpr struct {
	slot int
	name string
}

func (e *localExpr) eval(f *frame) (py.Value, error) {
	if v := f.vars[e.slot]; v != nil {
		return v, nil
	}
	return f.c.undefinedName(e.name), nil
}

type outerExpr struct{ slotRef }

func (e *outerExpr) eval(f *frame) (py.Value, error) {
	if v := f.get(e.slotRef); v != nil {
		return v, nil
	}
	return f.c.undefinedName(e.name), nil
}

type attrExpr struct {
	obj  expr
	name string
	key  py.Value
}

func (e *attrExpr) eval(f *frame) (py.Value, error) {
	obj, err := e.obj.eval(f)
	if err != nil {
		return nil, err
	}
	return f.c.getattr(obj, e.name, e.key)
}

type itemExpr struct{ obj, key expr }

func (e *itemExpr) eval(f *frame) (py.Value, error) {
	obj, err := e.obj.eval(f)
	if err != nil {
		return nil, err
	}
	key, err := e.key.eval(f)
	if err != nil {
		return nil, err
	}
	return f.c.GetItem(obj, key)
}

type sliceExpr struct{ obj, start, stop, step expr }

func evalOpt(e expr, f *frame) (py.Value, error) {
	if e == nil {
		return py.None, nil
	}
	return e.eval(f)
}

func (e *sliceExpr) eval(f *frame) (py.Value, error) {
	obj, err := e.obj.eval(f)
	if err != nil {
		return nil, err
	}
	s, err := (&sliceValueExpr{e.start, e.stop, e.step}).slice(f)
	if err != nil {
		return nil, err
	}
	return py.GetItem(obj, s)
}

type sliceValueExpr struct{ start, stop, step expr }

func (e *sliceValueExpr) slice(f *frame) (*py.Slice, error) {
	start, err := evalOpt(e.start, f)
	if err != nil {
		return nil, err
	}
	stop, err := evalOpt(e.stop, f)
	if err != nil {
		return nil, err
	}
	step, err := evalOpt(e.step, f)
	if err != nil {
		return nil, err
	}
	return &py.Slice{Start: start, Stop: stop, Step: step}, nil
}

func (e *sliceValueExpr) eval(f *frame) (py.Value, error) { return e.slice(f) }

type andExpr struct{ l, r expr }

func (e *andExpr) eval(f *frame) (py.Value, error) {
	v, err := e.l.eval(f)
	if err != nil {
		return nil, err
	}
	if ok, err := py.Truth(v); err != nil || !ok {
		return v, err
	}
	return e.r.eval(f)
}

type orExpr struct{ l, r expr }

func (e *orExpr) eval(f *frame) (py.Value, error) {
	v, err := e.l.eval(f)
	if err != nil {
		return nil, err
	}
	if ok, err := py.Truth(v); err != nil || ok {
		return v, err
	}
	return e.r.eval(f)
}

type notExpr struct{ e expr }

func (e *notExpr) eval(f *frame) (py.Value, error) {
	ok, err := evalTruth(e.e, f)
	return py.Bool(!ok), err
}

func binaryOps(op string) py.BinOp {
	switch op {
	case "+":
		return py.OpAdd
	case "-":
		return py.OpSub
	case "*":
		return py.OpMul
	case "/":
		return py.OpDiv
	case "//":
		return py.OpFloorDiv
	case "%":
		return py.OpMod
	}
	return py.OpPow
}

type binaryExpr struct {
	op   py.BinOp
	l, r expr
}

func (e *binaryExpr) eval(f *frame) (py.Value, error) {
	a, err := e.l.eval(f)
	if err != nil {
		return nil, err
	}
	b, err := e.r.eval(f)
	if err != nil {
		return nil, err
	}
	return py.Binary(e.op, a, b)
}

type unaryExpr struct {
	op string
	e  expr
}

func (e *unaryExpr) eval(f *frame) (py.Value, error) {
	v, err := e.e.eval(f)
	if err != nil {
		return nil, err
	}
	if e.op == "-" {
		return py.Unary(py.OpNeg, v)
	}
	return py.Unary(py.OpPos, v)
}

type concatExpr struct {
	parts  []expr
	escape bool
}

func (e *concatExpr) eval(f *frame) (py.Value, error) {
	var few [4]string
	parts := few[:0]
	n := 0
	vals := make([]py.Value, 0, len(e.parts))
	for _, p := range e.parts {
		v, err := p.eval(f)
		if err != nil {
			return nil, err
		}
		vals = append(vals, v)
	}
	if e.escape {
		return markupJoin(vals)
	}
	for _, v := range vals {
		s, err := py.StrErr(v)
		if err != nil {
			return nil, err
		}
		n += len(s)
		parts = append(parts, s)
	}
	if n > f.c.rt.budget.output {
		return nil, f.c.rt.budget.tooLong()
	}
	buf := make([]byte, 0, n)
	for _, p := range parts {
		buf = append(buf, p...)
	}
	return py.Str(buf), nil
}

type cmpOp uint8

const (
	cmpEq cmpOp = iota
	cmpNe
	cmpLt
	cmpLe
	cmpGt
	cmpGe
	cmpIn
	cmpNotIn
)

func cmpOps(op string) cmpOp {
	switch op {
	case "==":
		return cmpEq
	case "!=":
		return cmpNe
	case "<":
		return cmpLt
	case "<=":
		return cmpLe
	case ">":
		return cmpGt
	case ">=":
		return cmpGe
	case "in":
		return cmpIn
	}
	return cmpNotIn
}

func compareValues(op cmpOp, a, b py.Value) (bool, error) {
	switch op {
	case cmpEq:
		return py.Equal(a, b)
	case cmpNe:
		eq, err := py.Equal(a, b)
		return !eq, err
	case cmpLt:
		return py.RichCompare(py.OpLt, a, b)
	case cmpLe:
		return py.RichCompare(py.OpLe, a, b)
	case cmpGt:
		return py.RichCompare(py.OpGt, a, b)
	case cmpGe:
		return py.RichCompare(py.OpGe, a, b)
	case cmpIn:
		return py.Contains(b, a)
	}
	in, err := py.Contains(b, a)
	return !in, err
}

type compareOne struct {
	op   cmpOp
	l, r expr
}

func (e *compareOne) eval(f *frame) (py.Value, error) {
	a, err := e.l.eval(f)
	if err != nil {
		return nil, err
	}
	b, err := e.r.eval(f)
	if err != nil {
		return nil, err
	}
	ok, err := compareValues(e.op, a, b)
	return py.Bool(ok), err
}

type compareExpr struct {
	first expr
	ops   []cmpOp
	rest  []expr
}

func (e *compareExpr) eval(f *frame) (py.Value, error) {
	a, err := e.first.eval(f)
	if err != nil {
		return nil, err
	}
	for i, op := range e.ops {
		b, err := e.rest[i].eval(f)
		if err != nil {
			return nil, err
		}
		ok, err := compareValues(op, a, b)
		if err != nil || !ok {
			return py.Bool(ok), err
		}
		a = b
	}
	return py.True, nil
}

type condExpr struct {
	test, then, other expr
	position          string
}

func (e *condExpr) eval(f *frame) (py.Value, error) {
	ok, err := evalTruth(e.test, f)
	if err != nil {
		return nil, err
	}
	if ok {
		return e.then.eval(f)
	}
	if e.other != nil {
		return e.other.eval(f)
	}
	// Always the lenient kind: it prints as nothing.
	return &Undefined{kind: Default, hint: "the inline if-expression on " + e.position +
		" evaluated to false and no else section was defined."}, nil
}

type tupleExpr struct{ items []expr }

func evalAll(es []expr, f *frame) ([]py.Value, error) {
	if len(es) == 0 {
		return nil, nil
	}
	out := make([]py.Value, len(es))
	for i, e := range es {
		v, err := e.eval(f)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

func (e *tupleExpr) eval(f *frame) (py.Value, error) {
	items, err := evalAll(e.items, f)
	return py.Tuple(items), err
}

type listExpr struct{ items []expr }

func (e *listExpr) eval(f *frame) (py.Value, error) {
	items, err := evalAll(e.items, f)
	if err != nil {
		return nil, err
	}
	return py.NewList(items...), nil
}

type dictExpr struct{ keys, values []expr }

func (e *dictExpr) eval(f *frame) (py.Value, error) {
	d := py.NewDict()
	for i := range e.keys {
		k, err := e.keys[i].eval(f)
		if err != nil {
			return nil, err
		}
		v, err := e.values[i].eval(f)
		if err != nil {
			return nil, err
		}
		if err := d.Set(k, v); err != nil {
			return nil, err
		}
	}
	return d, nil
}

type definedExpr struct {
	e    expr
	want bool
}

func (e *definedExpr) eval(f *frame) (py.Value, error) {
	v, err := e.e.eval(f)
	if err != nil {
		return nil, err
	}
	_, undefined := v.(*Undefined)
	return py.Bool(undefined != e.want), nil
}

// profileExpr starts a profile block of Salt; its value is the state of the
// clock.
type profileExpr struct {
	label  expr
	source string
}

func (e *profileExpr) eval(f *frame) (py.Value, error) {
	v, err := e.label.eval(f)
	if err != nil {
		return nil, err
	}
	return py.Tuple{v, py.Str(e.source), py.Float(float64(time.Now().UnixNano()) / 1e9)}, nil
}

type profileEndExpr struct{ id expr }

func (e *profileEndExpr) eval(f *frame) (py.Value, error) {
	v, err := e.id.eval(f)
	if err != nil {
		return nil, err
	}
	if t, ok := v.(py.Tuple); ok && len(t) == 3 && f.c.rt.r.Log != nil {
		start, _ := t[2].(py.Float)
		took := float64(time.Now().UnixNano())/1e9 - float64(start)
		f.c.rt.r.log("profile", "Time (in seconds) to render "+py.ToStr(t[1])+" '"+py.ToStr(t[0])+"': "+py.FloatRepr(took))
	}
	return py.None, nil
}
