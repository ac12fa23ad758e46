// Package jmespath evaluates JMESPath (https://jmespath.org), the query
// language of Salt's filter json_query, over Python values, with the results
// and error texts of the Python module jmespath 1.1.
//
// An expression is lexed whole, parsed by operator precedence into a tree, and
// the tree is walked once per search.
package jmespath

import (
	"pinch/internal/py"
)

// maxDepth bounds nested expressions and data.
const maxDepth = 500

// Expression is a compiled query. It is immutable.
type Expression struct{ root node }

// Compile parses a query. Errors are *py.Error of the classes of the module
// (ParseError, LexerError, ...), which Salt shows as they are.
func Compile(query string) (*Expression, error) {
	tokens, err := lex(query)
	if err != nil {
		return nil, err
	}
	p := &parser{query: query, tokens: tokens}
	root, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if t := p.cur(); t.kind != tEOF {
		return nil, p.unexpected(t, "Unexpected token: "+t.text())
	}
	return &Expression{root}, nil
}

// Search runs the query on data. step is called for every value that is
// looked at and ends the search by its error; it may be nil.
func (e *Expression) Search(data py.Value, step func() error) (py.Value, error) {
	if step == nil {
		step = func() error { return nil }
	}
	return (&evaluator{step: step}).eval(e.root, data)
}
