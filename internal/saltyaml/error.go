package saltyaml

import (
	"strconv"
	"strings"
)

// Error is a document that cannot be loaded, or a value that cannot be
// dumped. Class is the Python exception that Salt raises: ScannerError,
// ParserError, ComposerError, ConstructorError, ReaderError, SaltRenderError
// (LoadSLS), or one that escapes the loader unwrapped such as ValueError.
type Error struct {
	Class string
	// Context says what was being read; it is empty when there is none.
	Context string
	// ContextLine and ContextColumn (1-based) are where that began, or 0.
	ContextLine, ContextColumn int
	// Problem is what is wrong, without its place.
	Problem string
	// Line and Column (1-based) are where it is wrong, or 0 when unknown.
	Line, Column int

	text string // str(exc)
}

// Error returns what str(exc) gives in Salt.
func (e *Error) Error() string { return e.text }

// In returns the error with another name for the text's origin, which is
// "<unicode string>" for text that has none.
func (e *Error) In(name string) *Error {
	r := *e
	r.text = strings.ReplaceAll(e.text, `  in "`+unnamed+`", `, `  in "`+name+`", `)
	return &r
}

// unnamed is what PyYAML calls a text that is no file.
const unnamed = "<unicode string>"

const streamName = `  in "` + unnamed + `", line `

// newMarked returns the error whose text is PyYAML's for a marked error.
// A nil mark leaves the place out.
func newMarked(class, context string, contextMark *mark, problem string, problemMark *mark) *Error {
	e := &Error{Class: class, Context: context, Problem: problem}
	var b strings.Builder
	line := func(s string) {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(s)
	}
	if context != "" {
		line(context)
	}
	if contextMark != nil {
		e.ContextLine, e.ContextColumn = contextMark.line+1, contextMark.col+1
		if problemMark == nil || contextMark.line != problemMark.line || contextMark.col != problemMark.col {
			line(contextMark.String())
		}
	}
	line(problem)
	if problemMark != nil {
		e.Line, e.Column = problemMark.line+1, problemMark.col+1
		line(problemMark.String())
	}
	e.text = b.String()
	return e
}

// newPlain returns an exception that is not one of PyYAML's own: its text has
// no place, but where it is known the fields do.
func newPlain(class, text string, m *mark) *Error {
	e := &Error{Class: class, Problem: text, text: text}
	if m != nil {
		e.Line, e.Column = m.line+1, m.col+1
	}
	return e
}

// asRender returns the error as salt.renderers.yaml.render raises it.
func (e *Error) asRender() *Error {
	r := *e
	switch e.Class {
	case "ScannerError":
		r.Class, r.text = "SaltRenderError", e.Problem
	case "ParserError", "ConstructorError":
		r.Class = "SaltRenderError"
	default:
		return e
	}
	return &r
}

// mark is a place in the text; all three count from 0, in characters.
type mark struct{ index, line, col int }

// String is how PyYAML shows a place.
func (m *mark) String() string {
	return streamName + strconv.Itoa(m.line+1) + ", column " + strconv.Itoa(m.col+1)
}
