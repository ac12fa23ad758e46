package py_test

import (
	"context"
	"math/big"
	"strconv"
	"strings"

	"pinch/internal/py"
)

// evalPython evaluates a Python expression with this package: the goldens are
// expressions, and so the operators are tested as a program uses them.
func evalPython(src string, names map[string]py.Value) (v py.Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(pyPanic)
			if !ok {
				panic(r)
			}
			err = e.err
		}
	}()
	p := &exprParser{toks: tokenize(src)}
	n := p.exprList()
	if p.tok().kind != tokEnd {
		syntaxError("invalid syntax at %q", p.tok().text)
	}
	return n(&scope{names: names}), nil
}

type pyPanic struct{ err error }

func raise(err error) { panic(pyPanic{err}) }

func syntaxError(format string, args ...any) { raise(py.Errorf("SyntaxError", format, args...)) }

func must(v py.Value, err error) py.Value {
	if err != nil {
		raise(err)
	}
	return v
}

func mustBool(b bool, err error) bool {
	if err != nil {
		raise(err)
	}
	return b
}

type scope struct {
	names map[string]py.Value
	up    *scope
}

func (s *scope) get(name string) py.Value {
	for ; s != nil; s = s.up {
		if v, ok := s.names[name]; ok {
			return v
		}
	}
	raise(py.Errorf("NameError", "name '%s' is not defined", name))
	return nil
}

// node evaluates one parsed expression.
type node func(*scope) py.Value

type exprParser struct {
	toks []token
	i    int
}

func (p *exprParser) tok() token { return p.toks[p.i] }

func (p *exprParser) is(text string) bool {
	t := p.tok()
	return (t.kind == tokOp || t.kind == tokName) && t.text == text
}

func (p *exprParser) take(text string) bool {
	if p.is(text) {
		p.i++
		return true
	}
	return false
}

func (p *exprParser) want(text string) {
	if !p.take(text) {
		syntaxError("want %q, got %q", text, p.tok().text)
	}
}

// exprList is an expression or an unparenthesised tuple.
func (p *exprParser) exprList() node {
	first := p.expr()
	if !p.is(",") {
		return first
	}
	items := []node{first}
	for p.take(",") && p.tok().kind != tokEnd {
		items = append(items, p.expr())
	}
	return tupleNode(items)
}

func tupleNode(items []node) node {
	return func(s *scope) py.Value {
		t := make(py.Tuple, len(items))
		for i, n := range items {
			t[i] = n(s)
		}
		return t
	}
}

func (p *exprParser) expr() node {
	if p.take("lambda") {
		return p.lambda()
	}
	then := p.or()
	if !p.take("if") {
		return then
	}
	cond := p.or()
	p.want("else")
	other := p.expr()
	return func(s *scope) py.Value {
		if mustBool(py.Truth(cond(s))) {
			return then(s)
		}
		return other(s)
	}
}

func (p *exprParser) lambda() node {
	var params []string
	for !p.take(":") {
		params = append(params, p.tok().text)
		p.i++
		p.take(",")
	}
	body := p.expr()
	return func(s *scope) py.Value {
		return py.NewFunc("<lambda>", func(_ context.Context, a *py.Args) (v py.Value, err error) {
			if len(a.Pos) != len(params) {
				return nil, py.TypeErrorf("<lambda>() takes %d positional arguments but %d were given", len(params), len(a.Pos))
			}
			in := &scope{names: map[string]py.Value{}, up: s}
			for i, name := range params {
				in.names[name] = a.Pos[i]
			}
			return body(in), nil
		})
	}
}

func (p *exprParser) or() node {
	left := p.and()
	for p.take("or") {
		a, b := left, p.and()
		left = func(s *scope) py.Value {
			if v := a(s); mustBool(py.Truth(v)) {
				return v
			}
			return b(s)
		}
	}
	return left
}

func (p *exprParser) and() node {
	left := p.not()
	for p.take("and") {
		a, b := left, p.not()
		left = func(s *scope) py.Value {
			if v := a(s); !mustBool(py.Truth(v)) {
				return v
			}
			return b(s)
		}
	}
	return left
}

func (p *exprParser) not() node {
	if p.take("not") {
		n := p.not()
		return func(s *scope) py.Value { return py.Bool(!mustBool(py.Truth(n(s)))) }
	}
	return p.comparison()
}

func (p *exprParser) compareOp() string {
	for _, op := range []string{"<", "<=", "==", "!=", ">", ">=", "in"} {
		if p.take(op) {
			return op
		}
	}
	if p.take("is") {
		if p.take("not") {
			return "is not"
		}
		return "is"
	}
	if p.is("not") {
		p.i++
		p.want("in")
		return "not in"
	}
	return ""
}

func (p *exprParser) comparison() node {
	first := p.binary(0)
	var ops []string
	var rest []node
	for op := p.compareOp(); op != ""; op = p.compareOp() {
		ops = append(ops, op)
		rest = append(rest, p.binary(0))
	}
	if len(ops) == 0 {
		return first
	}
	return func(s *scope) py.Value {
		a := first(s)
		for i, op := range ops {
			b := rest[i](s)
			if !compareValues(op, a, b) {
				return py.False
			}
			a = b
		}
		return py.True
	}
}

func compareValues(op string, a, b py.Value) bool {
	switch op {
	case "in":
		return mustBool(py.Contains(b, a))
	case "not in":
		return !mustBool(py.Contains(b, a))
	case "is":
		return py.Is(a, b)
	case "is not":
		return !py.Is(a, b)
	}
	ops := map[string]py.CmpOp{"<": py.OpLt, "<=": py.OpLe, "==": py.OpEq, "!=": py.OpNe, ">": py.OpGt, ">=": py.OpGe}
	return mustBool(py.RichCompare(ops[op], a, b))
}

var binaryLevels = [][]struct {
	text string
	op   py.BinOp
}{
	{{"|", py.OpOr}}, {{"^", py.OpXor}}, {{"&", py.OpAnd}},
	{{"<<", py.OpLShift}, {">>", py.OpRShift}},
	{{"+", py.OpAdd}, {"-", py.OpSub}},
	{{"*", py.OpMul}, {"/", py.OpDiv}, {"//", py.OpFloorDiv}, {"%", py.OpMod}},
}

func (p *exprParser) binary(level int) node {
	if level == len(binaryLevels) {
		return p.unary()
	}
	left := p.binary(level + 1)
next:
	for {
		for _, o := range binaryLevels[level] {
			if p.tok().kind == tokOp && p.take(o.text) {
				a, b := left, p.binary(level+1)
				left = func(s *scope) py.Value {
					x := a(s)
					return must(py.Binary(o.op, x, b(s)))
				}
				continue next
			}
		}
		return left
	}
}

func (p *exprParser) unary() node {
	for text, op := range map[string]py.UnaryOp{"-": py.OpNeg, "+": py.OpPos, "~": py.OpInvert} {
		if p.tok().kind == tokOp && p.take(text) {
			n := p.unary()
			return func(s *scope) py.Value { return must(py.Unary(op, n(s))) }
		}
	}
	base := p.primary()
	if p.take("**") {
		exp := p.unary()
		return func(s *scope) py.Value {
			b := base(s)
			return must(py.Binary(py.OpPow, b, exp(s)))
		}
	}
	return base
}

func (p *exprParser) primary() node {
	n := p.atom()
	for {
		switch {
		case p.take("."):
			obj, name := n, p.tok().text
			p.i++
			n = func(s *scope) py.Value { return attribute(obj(s), name) }
		case p.take("("):
			n = p.call(n)
		case p.take("["):
			obj, key := n, p.subscript()
			n = func(s *scope) py.Value {
				o := obj(s)
				if t, ok := o.(*py.TypeObject); ok {
					raise(py.TypeErrorf("type '%s' is not subscriptable", t.Name))
				}
				return must(py.GetItem(o, key(s)))
			}
		default:
			return n
		}
	}
}

func (p *exprParser) subscript() node {
	part := func() node {
		if p.is(":") || p.is("]") || p.is(",") {
			return func(*scope) py.Value { return py.None }
		}
		return p.expr()
	}
	one := func() node {
		first := part()
		if !p.is(":") {
			return first
		}
		parts := []node{first}
		for p.take(":") {
			parts = append(parts, part())
		}
		return func(s *scope) py.Value {
			sl := &py.Slice{Start: parts[0](s), Stop: parts[1](s)}
			if len(parts) > 2 {
				sl.Step = parts[2](s)
			}
			return sl
		}
	}
	n := one()
	if p.is(",") {
		items := []node{n}
		for p.take(",") && !p.is("]") {
			items = append(items, one())
		}
		n = tupleNode(items)
	}
	p.want("]")
	return n
}

type callArg struct {
	name string // keyword
	star int    // 1: *x, 2: **x
	n    node
}

func (p *exprParser) call(fn node) node {
	var args []callArg
	for !p.take(")") {
		switch {
		case p.take("**"):
			args = append(args, callArg{star: 2, n: p.expr()})
		case p.take("*"):
			args = append(args, callArg{star: 1, n: p.expr()})
		case p.tok().kind == tokName && p.toks[p.i+1].text == "=" && p.toks[p.i+1].kind == tokOp:
			name := p.tok().text
			p.i += 2
			args = append(args, callArg{name: name, n: p.expr()})
		default:
			n := p.expr()
			if p.is("for") {
				n = p.comprehension(n, func(items []py.Value) (py.Value, error) { return py.GeneratorOf("generator", items), nil })
			}
			args = append(args, callArg{n: n})
		}
		if !p.take(",") {
			p.want(")")
			break
		}
	}
	return func(s *scope) py.Value {
		f := fn(s)
		a := &py.Args{}
		for _, arg := range args {
			v := arg.n(s)
			switch {
			case arg.star == 1:
				items, err := py.Collect(v)
				if err != nil {
					raise(err)
				}
				a.Pos = append(a.Pos, items...)
			case arg.star == 2:
				for k, x := range v.(*py.Dict).All() {
					a.Kw = append(a.Kw, py.KwArg{Name: string(k.(py.Str)), Value: x})
				}
			case arg.name != "":
				a.Kw = append(a.Kw, py.KwArg{Name: arg.name, Value: v})
			default:
				a.Pos = append(a.Pos, v)
			}
		}
		return must(py.Call(context.Background(), f, a))
	}
}

// comprehension parses "for names in iterable [if cond]" behind its element.
func (p *exprParser) comprehension(elem node, build func([]py.Value) (py.Value, error)) node {
	p.want("for")
	var names []string
	for !p.take("in") {
		if p.tok().kind == tokName {
			names = append(names, p.tok().text)
		}
		p.i++
	}
	src := p.or()
	var conds []node
	for p.take("if") {
		conds = append(conds, p.or())
	}
	return func(s *scope) py.Value {
		items, err := py.Collect(src(s))
		if err != nil {
			raise(err)
		}
		var out []py.Value
	next:
		for _, it := range items {
			in := &scope{names: map[string]py.Value{}, up: s}
			if len(names) == 1 {
				in.names[names[0]] = it
			} else {
				parts, err := py.Collect(it)
				if err != nil {
					raise(err)
				}
				for i, name := range names {
					in.names[name] = parts[i]
				}
			}
			for _, c := range conds {
				if !mustBool(py.Truth(c(in))) {
					continue next
				}
			}
			out = append(out, elem(in))
		}
		return must(build(out))
	}
}

func (p *exprParser) atom() node {
	t := p.tok()
	p.i++
	switch t.kind {
	case tokNum:
		v := number(t.text)
		return func(*scope) py.Value { return v }
	case tokStr:
		for p.tok().kind == tokStr {
			t.text += p.tok().text
			p.i++
		}
		return func(*scope) py.Value { return py.Str(t.text) }
	case tokBytes:
		for p.tok().kind == tokBytes {
			t.text += p.tok().text
			p.i++
		}
		return func(*scope) py.Value { return py.Bytes(t.text) }
	case tokName:
		switch t.text {
		case "None":
			return func(*scope) py.Value { return py.None }
		case "True":
			return func(*scope) py.Value { return py.True }
		case "False":
			return func(*scope) py.Value { return py.False }
		}
		return func(s *scope) py.Value { return s.get(t.text) }
	case tokOp:
		switch t.text {
		case "(":
			return p.paren()
		case "[":
			return p.list()
		case "{":
			return p.braces()
		case "...":
			return func(*scope) py.Value { return py.Ellipsis }
		}
	}
	syntaxError("unexpected %q", t.text)
	return nil
}

func number(s string) py.Value {
	plain := strings.ReplaceAll(s, "_", "")
	if c := s[len(s)-1] | 0x20; c == 'j' {
		f, _ := strconv.ParseFloat(plain[:len(plain)-1], 64)
		return py.Complex(complex(0, f))
	}
	if i, ok := new(big.Int).SetString(plain, 0); ok {
		return py.NewInt(i)
	}
	f, err := strconv.ParseFloat(plain, 64)
	if err != nil && f == 0 {
		syntaxError("invalid number %s", s)
	}
	return py.Float(f)
}

func (p *exprParser) paren() node {
	if p.take(")") {
		return func(*scope) py.Value { return py.Tuple{} }
	}
	first := p.expr()
	if p.is("for") {
		n := p.comprehension(first, func(items []py.Value) (py.Value, error) { return py.GeneratorOf("generator", items), nil })
		p.want(")")
		return n
	}
	if p.take(")") {
		return first
	}
	items := []node{first}
	for p.take(",") && !p.is(")") {
		items = append(items, p.expr())
	}
	p.want(")")
	return tupleNode(items)
}

func (p *exprParser) list() node {
	var items []node
	for !p.take("]") {
		items = append(items, p.expr())
		if p.is("for") {
			n := p.comprehension(items[0], func(vs []py.Value) (py.Value, error) { return py.NewList(vs...), nil })
			p.want("]")
			return n
		}
		if !p.take(",") {
			p.want("]")
			break
		}
	}
	return func(s *scope) py.Value {
		l := &py.List{Items: make([]py.Value, len(items))}
		for i, n := range items {
			l.Items[i] = n(s)
		}
		return l
	}
}

func (p *exprParser) braces() node {
	if p.take("}") {
		return func(*scope) py.Value { return py.NewDict() }
	}
	var keys, vals []node
	isDict := false
	for !p.take("}") {
		if p.take("**") {
			isDict = true
			keys, vals = append(keys, nil), append(vals, p.expr())
		} else {
			keys = append(keys, p.expr())
			if p.take(":") {
				isDict = true
				vals = append(vals, p.expr())
			}
		}
		if p.is("for") {
			n := p.braceComprehension(keys, vals)
			p.want("}")
			return n
		}
		if !p.take(",") {
			p.want("}")
			break
		}
	}
	if !isDict {
		return func(s *scope) py.Value {
			vs := make([]py.Value, len(keys))
			for i, n := range keys {
				vs[i] = n(s)
			}
			set, err := py.NewSet(vs...)
			return must(set, err)
		}
	}
	return func(s *scope) py.Value {
		d := py.NewDict()
		for i := range keys {
			if keys[i] == nil {
				d.Update(vals[i](s).(*py.Dict))
				continue
			}
			k := keys[i](s)
			if err := d.Set(k, vals[i](s)); err != nil {
				raise(err)
			}
		}
		return d
	}
}

func (p *exprParser) braceComprehension(keys, vals []node) node {
	if len(vals) == 0 {
		return p.comprehension(keys[0], func(items []py.Value) (py.Value, error) {
			s, err := py.NewSet(items...)
			return s, err
		})
	}
	pair := tupleNode([]node{keys[0], vals[0]})
	return p.comprehension(pair, func(items []py.Value) (py.Value, error) {
		d := py.NewDict()
		return d, py.UpdateDict(d, py.NewList(items...))
	})
}
