package jmespath

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"pinch/internal/py"
)

// The nodes of a query.
type (
	node interface{}

	identity   struct{} // the value itself, "@"
	field      struct{ name string }
	index      struct{ i py.Value }
	slice      struct{ parts [3]py.Value }
	literal    struct{ v py.Value }
	sub        struct{ left, right node } // "a.b", "a[0]", "a | b"
	comparator struct {
		op          kind
		left, right node
	}
	either struct{ left, right node } // ||
	both   struct{ left, right node } // &&
	not    struct{ x node }
	expref struct{ x node }
	flat   struct{ x node }
	list   struct{ items []node }
	hash   struct {
		names []string
		items []node
	}
	call struct {
		name string
		args []node
	}
	// The projections apply right to each item of a list, to each value of
	// an object, or to each item for which cond is true.
	project       struct{ left, right node }
	projectValues struct{ left, right node }
	projectIf     struct{ left, right, cond node }
)

// power is how strongly a token binds to its left side.
var power = map[kind]int{
	tPipe: 1, tOr: 2, tAnd: 3, tEQ: 5, tGT: 5, tLT: 5, tGTE: 5, tLTE: 5, tNE: 5, tFlatten: 9,
	tStar: 20, tFilter: 21, tDot: 40, tNot: 45, tLBrace: 50, tLBracket: 55, tLParen: 60,
}

// projectionStop is the power below which a token ends a projection.
const projectionStop = 10

type parser struct {
	query  string
	tokens []token
	pos    int
	depth  int
}

// at returns the token some places on; behind the end it is the end.
func (p *parser) at(n int) token {
	i := min(max(p.pos+n, 0), len(p.tokens)-1)
	return p.tokens[i]
}

func (p *parser) cur() token { return p.at(0) }

func (p *parser) unexpected(t token, reason string) error {
	return py.Errorf("ParseError", "%s: Parse error at column %d, token \"%s\" (%s), for expression:\n\"%s\"\n%s^",
		reason, t.start, t.text(), strings.ToUpper(string(t.kind)), p.query, strings.Repeat(" ", t.start+1))
}

func (p *parser) incomplete() error {
	return py.Errorf("IncompleteExpressionError", "Invalid jmespath expression: Incomplete expression:\n\"%s\"\n%s^",
		p.query, strings.Repeat(" ", utf8.RuneCountInString(p.query)+1))
}

// expect takes a token of the kind.
func (p *parser) expect(k kind) error {
	t := p.cur()
	switch {
	case t.kind == k:
		p.pos++
		return nil
	case t.kind == tEOF:
		return p.incomplete()
	}
	return p.unexpected(t, fmt.Sprintf("Expecting: %s, got: %s", k, t.kind))
}

func (p *parser) expression(min int) (node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, py.Errorf("RecursionError", "maximum recursion depth exceeded")
	}
	defer func() { p.depth-- }()
	left, err := p.prefix()
	for err == nil && min < power[p.cur().kind] {
		left, err = p.infix(left)
	}
	return left, err
}

// prefix parses what can begin an expression.
func (p *parser) prefix() (node, error) {
	t := p.cur()
	p.pos++
	switch t.kind {
	case tLiteral:
		return literal{t.value}, nil
	case tIdent:
		return field{t.text()}, nil
	case tQuoted:
		if next := p.cur(); next.kind == tLParen {
			next.start = 0
			return nil, p.unexpected(next, "Quoted identifier not allowed for function names.")
		}
		return field{t.text()}, nil
	case tStar:
		if p.cur().kind == tRBracket {
			return projectValues{identity{}, identity{}}, nil
		}
		right, err := p.projected(power[tStar])
		return projectValues{identity{}, right}, err
	case tFilter:
		return p.filter(identity{})
	case tLBrace:
		return p.hash()
	case tLParen:
		x, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		return x, p.expect(tRParen)
	case tFlatten:
		right, err := p.projected(power[tFlatten])
		return project{flat{identity{}}, right}, err
	case tNot:
		x, err := p.expression(power[tNot])
		return not{x}, err
	case tLBracket:
		switch {
		case p.cur().kind == tNumber || p.cur().kind == tColon:
			return p.index(identity{})
		case p.cur().kind == tStar && p.at(1).kind == tRBracket:
			p.pos += 2
			right, err := p.projected(power[tStar])
			return project{identity{}, right}, err
		}
		return p.list()
	case tCurrent:
		return identity{}, nil
	case tExpref:
		x, err := p.expression(power[tExpref])
		return expref{x}, err
	case tEOF:
		return nil, p.incomplete()
	}
	return nil, p.unexpected(t, "invalid token")
}

// infix parses what can follow an expression.
func (p *parser) infix(left node) (node, error) {
	t := p.cur()
	binary := func(make func(right node) node) (node, error) {
		right, err := p.expression(power[t.kind])
		return make(right), err
	}
	p.pos++
	switch t.kind {
	case tDot:
		if p.cur().kind == tStar {
			p.pos++
			right, err := p.projected(power[tDot])
			return projectValues{left, right}, err
		}
		right, err := p.afterDot(power[tDot])
		return sub{left, right}, err
	case tPipe:
		return binary(func(right node) node { return sub{left, right} })
	case tOr:
		return binary(func(right node) node { return either{left, right} })
	case tAnd:
		return binary(func(right node) node { return both{left, right} })
	case tEQ, tNE, tLT, tLTE, tGT, tGTE:
		return binary(func(right node) node { return comparator{t.kind, left, right} })
	case tLParen:
		f, ok := left.(field)
		if !ok {
			prev := p.at(-2)
			return nil, p.unexpected(prev, "Invalid function name '"+prev.text()+"'")
		}
		return p.call(f.name)
	case tFilter:
		return p.filter(left)
	case tFlatten:
		right, err := p.projected(power[tFlatten])
		return project{flat{left}, right}, err
	case tLBracket:
		if k := p.cur().kind; k == tNumber || k == tColon {
			return p.index(left)
		}
		if err := p.expect(tStar); err != nil {
			return nil, err
		}
		if err := p.expect(tRBracket); err != nil {
			return nil, err
		}
		right, err := p.projected(power[tStar])
		return project{left, right}, err
	}
	return nil, p.unexpected(t, "invalid token")
}

// index parses "[0]" or "[a:b:c]" behind the bracket.
func (p *parser) index(left node) (node, error) {
	if p.cur().kind != tColon && p.at(1).kind != tColon {
		i := p.cur().value
		p.pos++
		return sub{left, index{i}}, p.expect(tRBracket)
	}
	parts := [3]py.Value{py.None, py.None, py.None}
	for n := 0; p.cur().kind != tRBracket; p.pos++ {
		t := p.cur()
		switch {
		case t.kind == tColon && n < 2:
			n++
		case t.kind == tNumber:
			parts[n] = t.value
		default:
			return nil, p.unexpected(t, "syntax error")
		}
	}
	p.pos++
	right, err := p.projected(power[tStar])
	return project{sub{left, slice{parts}}, right}, err
}

func (p *parser) filter(left node) (node, error) {
	cond, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if err := p.expect(tRBracket); err != nil {
		return nil, err
	}
	if p.cur().kind == tFlatten {
		return projectIf{left, identity{}, cond}, nil
	}
	right, err := p.projected(power[tFilter])
	return projectIf{left, right, cond}, err
}

// projected parses what a projection applies to each item.
func (p *parser) projected(min int) (node, error) {
	t := p.cur()
	switch {
	case power[t.kind] < projectionStop:
		return identity{}, nil
	case t.kind == tLBracket || t.kind == tFilter:
		return p.expression(min)
	case t.kind == tDot:
		p.pos++
		return p.afterDot(min)
	}
	return nil, p.unexpected(t, "syntax error")
}

func (p *parser) afterDot(min int) (node, error) {
	switch t := p.cur(); t.kind {
	case tQuoted, tIdent, tStar:
		return p.expression(min)
	case tLBracket:
		p.pos++
		return p.list()
	case tLBrace:
		p.pos++
		return p.hash()
	default:
		return nil, p.unexpected(t, fmt.Sprintf("Expecting: ['quoted_identifier', 'unquoted_identifier', 'lbracket', 'lbrace'], got: %s", t.kind))
	}
}

func (p *parser) list() (node, error) {
	var out list
	for {
		x, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		out.items = append(out.items, x)
		if p.cur().kind == tRBracket {
			p.pos++
			return out, nil
		}
		if err := p.expect(tComma); err != nil {
			return nil, err
		}
	}
}

func (p *parser) hash() (node, error) {
	var out hash
	for {
		t := p.cur()
		switch t.kind {
		case tQuoted, tIdent:
		case tEOF:
			return nil, p.incomplete()
		default:
			return nil, p.unexpected(t, fmt.Sprintf("Expecting: ['quoted_identifier', 'unquoted_identifier'], got: %s", t.kind))
		}
		p.pos++
		if err := p.expect(tColon); err != nil {
			return nil, err
		}
		x, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		out.names = append(out.names, t.text())
		out.items = append(out.items, x)
		switch p.cur().kind {
		case tComma:
			p.pos++
		case tRBrace:
			p.pos++
			return out, nil
		}
	}
}

// call parses the arguments of a function. The module lets commas be left
// out.
func (p *parser) call(name string) (node, error) {
	out := call{name: name}
	for p.cur().kind != tRParen {
		x, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		if p.cur().kind == tComma {
			p.pos++
		}
		out.args = append(out.args, x)
	}
	p.pos++
	return out, nil
}

func errText(err error) string {
	var pe *py.Error
	if errors.As(err, &pe) {
		return pe.Msg
	}
	return err.Error()
}
