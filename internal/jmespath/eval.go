package jmespath

import (
	"fmt"

	"pinch/internal/py"
)

type evaluator struct {
	step  func() error
	depth int
}

// expression is the value of "&expr": a query that a function applies.
type expression struct{ x node }

// Type implements py.Value.
func (expression) Type() string { return "_Expression" }

func (e *evaluator) eval(n node, v py.Value) (py.Value, error) {
	if err := e.step(); err != nil {
		return nil, err
	}
	if e.depth++; e.depth > 4*maxDepth {
		return nil, py.Errorf("RecursionError", "maximum recursion depth exceeded")
	}
	defer func() { e.depth-- }()
	switch n := n.(type) {
	case identity:
		return v, nil
	case literal:
		return n.v, nil
	case field:
		if d, ok := v.(*py.Dict); ok {
			if x, ok := d.GetStr(n.name); ok {
				return x, nil
			}
		}
		return py.None, nil
	case index:
		l, ok := v.(*py.List)
		if !ok {
			return py.None, nil
		}
		i, ok := py.AsInt(n.i)
		if i < 0 {
			i += int64(len(l.Items))
		}
		if !ok || i < 0 || i >= int64(len(l.Items)) {
			return py.None, nil
		}
		return l.Items[i], nil
	case slice:
		if _, ok := v.(*py.List); !ok {
			return py.None, nil
		}
		return py.GetSlice(v, n.parts[0], n.parts[1], n.parts[2])
	case sub:
		left, err := e.eval(n.left, v)
		if err != nil {
			return nil, err
		}
		return e.eval(n.right, left)
	case comparator:
		return e.compare(n, v)
	case either, both, not:
		return e.logic(n, v)
	case expref:
		return expression{n.x}, nil
	case flat:
		return e.flatten(n, v)
	case list:
		if v == py.Value(py.None) {
			return py.None, nil
		}
		items, err := e.all(n.items, v)
		return py.NewList(items...), err
	case hash:
		if v == py.Value(py.None) {
			return py.None, nil
		}
		items, err := e.all(n.items, v)
		if err != nil {
			return nil, err
		}
		out := py.NewDict()
		for i, name := range n.names {
			out.SetStr(name, items[i])
		}
		return out, nil
	case call:
		args, err := e.all(n.args, v)
		if err != nil {
			return nil, err
		}
		return e.call(n.name, args)
	case project:
		return e.project(n.left, n.right, nil, v)
	case projectIf:
		return e.project(n.left, n.right, n.cond, v)
	case projectValues:
		base, err := e.eval(n.left, v)
		if err != nil {
			return nil, err
		}
		d, ok := base.(*py.Dict)
		if !ok {
			return py.None, nil
		}
		return e.each(d.Values(), n.right, nil)
	}
	panic(fmt.Sprintf("jmespath: no evaluation of %T", n))
}

func (e *evaluator) all(nodes []node, v py.Value) ([]py.Value, error) {
	out := make([]py.Value, len(nodes))
	for i, n := range nodes {
		var err error
		if out[i], err = e.eval(n, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (e *evaluator) project(left, right, cond node, v py.Value) (py.Value, error) {
	base, err := e.eval(left, v)
	if err != nil {
		return nil, err
	}
	l, ok := base.(*py.List)
	if !ok {
		return py.None, nil
	}
	return e.each(l.Items, right, cond)
}

// each collects right of the items for which cond is true, without nulls.
func (e *evaluator) each(items []py.Value, right, cond node) (py.Value, error) {
	out := py.NewList()
	for _, it := range items {
		if cond != nil {
			c, err := e.eval(cond, it)
			if err != nil {
				return nil, err
			}
			if isFalse(c) {
				continue
			}
		}
		x, err := e.eval(right, it)
		if err != nil {
			return nil, err
		}
		if x != py.Value(py.None) {
			out.Append(x)
		}
	}
	return out, nil
}

func (e *evaluator) flatten(n flat, v py.Value) (py.Value, error) {
	base, err := e.eval(n.x, v)
	if err != nil {
		return nil, err
	}
	l, ok := base.(*py.List)
	if !ok {
		return py.None, nil
	}
	out := py.NewList()
	for _, it := range l.Items {
		if err := e.step(); err != nil {
			return nil, err
		}
		if inner, ok := it.(*py.List); ok {
			out.Items = append(out.Items, inner.Items...)
		} else {
			out.Append(it)
		}
	}
	return out, nil
}

func (e *evaluator) logic(n node, v py.Value) (py.Value, error) {
	switch n := n.(type) {
	case either:
		x, err := e.eval(n.left, v)
		if err != nil || !isFalse(x) {
			return x, err
		}
		return e.eval(n.right, v)
	case both:
		x, err := e.eval(n.left, v)
		if err != nil || isFalse(x) {
			return x, err
		}
		return e.eval(n.right, v)
	case not:
		x, err := e.eval(n.x, v)
		if err != nil {
			return nil, err
		}
		if isNumber(x) { // 0 is true
			return py.False, nil
		}
		t, err := py.Truth(x)
		return py.Bool(!t), err
	}
	panic(fmt.Sprintf("jmespath: no logic of %T", n))
}

func (e *evaluator) compare(n comparator, v py.Value) (py.Value, error) {
	x, err := e.eval(n.left, v)
	if err != nil {
		return nil, err
	}
	y, err := e.eval(n.right, v)
	if err != nil {
		return nil, err
	}
	switch n.op {
	case tEQ, tNE:
		eq, err := equal(x, y)
		return py.Bool(eq == (n.op == tEQ)), err
	}
	if !isNumber(x) && !isText(x) || !isNumber(y) && !isText(y) {
		return py.None, nil
	}
	op := map[kind]py.CmpOp{tLT: py.OpLt, tLTE: py.OpLe, tGT: py.OpGt, tGTE: py.OpGe}[n.op]
	ok, err := py.RichCompare(op, x, y)
	return py.Bool(ok), err
}

// equal is == except that 0 and 1 differ from false and true.
func equal(x, y py.Value) (bool, error) {
	if isNumber(x) && isBool(y) || isNumber(y) && isBool(x) {
		return false, nil
	}
	return py.Equal(x, y)
}

func isBool(v py.Value) bool { _, ok := v.(py.Bool); return ok }

func isNumber(v py.Value) bool {
	switch v.(type) {
	case py.Int, *py.Long, py.Float, py.Complex:
		return true
	}
	return false
}

func isText(v py.Value) bool {
	switch v.(type) {
	case py.Str, py.StrLike:
		return true
	}
	return false
}

// isFalse holds for what a filter drops: null, false and what is empty.
func isFalse(v py.Value) bool {
	switch v := v.(type) {
	case py.NoneType:
		return true
	case py.Bool:
		return !bool(v)
	case py.Str:
		return v == ""
	case *py.List:
		return len(v.Items) == 0
	case *py.Dict:
		return v.Len() == 0
	}
	if s, ok := v.(py.StrLike); ok {
		return s.PyString() == ""
	}
	return false
}
