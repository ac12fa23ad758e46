package match

import "errors"

// A compound target ends in an expression of True, False, and, or, not and
// parentheses that Salt hands to Python's eval. Its value is computed here by
// the same grammar:
//
//	or   = and { "or" and }
//	and  = not { "and" not }
//	not  = "not" not | call
//	call = atom { "(" [ or ] ")" }
//	atom = "True" | "False" | "(" [ or ] ")"
//
// An atom followed by parentheses is a call, which is valid to parse and fails
// when it is evaluated: `True or x ( y )` is true because Python never gets
// there. An empty pair of parentheses is the empty tuple, which is false.

var (
	errSyntax = errors.New("invalid syntax")
	errCall   = errors.New("object is not callable")
)

// maxParens is where CPython's tokenizer gives up.
const maxParens = 200

// evalBool computes the expression's truth value.
func evalBool(tokens []string) (bool, error) {
	p := boolParser{tokens: tokens}
	node, err := p.or()
	if err != nil {
		return false, err
	}
	if p.pos != len(tokens) {
		return false, errSyntax
	}
	return node()
}

// boolNode is a parsed expression, evaluated when called.
type boolNode func() (bool, error)

type boolParser struct {
	tokens []string
	pos    int
	depth  int
}

func (p *boolParser) peek() string {
	if p.pos < len(p.tokens) {
		return p.tokens[p.pos]
	}
	return ""
}

func (p *boolParser) accept(tok string) bool {
	if p.peek() != tok {
		return false
	}
	p.pos++
	return true
}

func (p *boolParser) or() (boolNode, error) { return p.chain("or", p.and, true) }

func (p *boolParser) and() (boolNode, error) { return p.chain("and", p.not, false) }

// chain parses operands joined by op; evaluation stops at the first operand
// whose value is stop.
func (p *boolParser) chain(op string, operand func() (boolNode, error), stop bool) (boolNode, error) {
	first, err := operand()
	if err != nil {
		return nil, err
	}
	nodes := []boolNode{first}
	for p.accept(op) {
		n, err := operand()
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return func() (bool, error) {
		for _, n := range nodes {
			if v, err := n(); err != nil || v == stop {
				return v, err
			}
		}
		return !stop, nil
	}, nil
}

func (p *boolParser) not() (boolNode, error) {
	negate := false
	for p.accept("not") {
		negate = !negate
	}
	n, err := p.call()
	if err != nil || !negate {
		return n, err
	}
	return func() (bool, error) {
		v, err := n()
		return !v, err
	}, nil
}

func (p *boolParser) call() (boolNode, error) {
	n, err := p.atom()
	if err != nil {
		return nil, err
	}
	for p.peek() == "(" {
		callee := n
		if _, err := p.parens(); err != nil {
			return nil, err
		}
		n = func() (bool, error) {
			if _, err := callee(); err != nil {
				return false, err
			}
			return false, errCall
		}
	}
	return n, nil
}

func (p *boolParser) atom() (boolNode, error) {
	switch p.peek() {
	case "True":
		p.pos++
		return func() (bool, error) { return true, nil }, nil
	case "False":
		p.pos++
		return func() (bool, error) { return false, nil }, nil
	case "(":
		return p.parens()
	}
	return nil, errSyntax
}

func (p *boolParser) parens() (boolNode, error) {
	if p.depth++; p.depth > maxParens {
		return nil, errSyntax
	}
	defer func() { p.depth-- }()
	p.pos++
	if p.accept(")") {
		return func() (bool, error) { return false, nil }, nil
	}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if !p.accept(")") {
		return nil, errSyntax
	}
	return n, nil
}
