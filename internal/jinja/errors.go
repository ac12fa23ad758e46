package jinja

import (
	"cmp"
	"errors"
	"fmt"

	"pinch/internal/py"
)

// ErrorKind groups errors the way Salt words them.
type ErrorKind uint8

// The kinds of errors.
const (
	// OtherError is a Python exception out of an expression, or a template
	// that was not found.
	OtherError ErrorKind = iota
	// SyntaxError is found while parsing.
	SyntaxError
	// UndefinedError is a use of an undefined variable.
	UndefinedError
	// RuntimeError is an error of the template engine itself.
	RuntimeError
	// SecurityError is an access that the sandbox refuses.
	SecurityError
)

// Error is why a template could not be parsed or rendered.
type Error struct {
	Kind ErrorKind
	// Class is the Python exception class, such as "TypeError".
	Class string
	// Message is the exception's text.
	Message string
	// File is the file or template name of the innermost place that Salt
	// would name, "" for the template that was rendered; Line counts from 1.
	File string
	Line int
	// Source is that file's source, "" when unknown.
	Source string
	// Trace lists the places from the innermost out.
	Trace []Place
	// Err is the error behind it.
	Err error
}

// Place is one entry of an error's trace.
type Place struct {
	// File is "" for the template that was rendered.
	File string
	Line int
	// Block is the block's name when the place is in a block's body.
	Block string
	tmpl  *Template
}

// Error implements error: "file:line: message".
func (e *Error) Error() string {
	switch {
	case e.File != "" && e.Line > 0:
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message)
	case e.Line > 0:
		return fmt.Sprintf("line %d: %s", e.Line, e.Message)
	}
	return e.Message
}

// Unwrap returns the error behind it.
func (e *Error) Unwrap() error { return e.Err }

// Exception classes of Jinja that py does not know.
const (
	classUndefined  = "UndefinedError"
	classRuntime    = "TemplateRuntimeError"
	classSecurity   = "SecurityError"
	classNotFound   = "TemplateNotFound"
	classNoneFound  = "TemplatesNotFound"
	classFilterArgs = "FilterArgumentError"
)

func runtimeErrorf(format string, args ...any) error { return py.Errorf(classRuntime, format, args...) }

// NotFoundError is what a Loader returns for a template that does not exist.
type NotFoundError struct {
	Name string
	// Message is the exception's text, "" for the name.
	Message string
}

// Error implements error with the name, as Jinja does.
func (e *NotFoundError) Error() string { return cmp.Or(e.Message, e.Name) }

// IsNotFound says whether err means that a template does not exist.
func IsNotFound(err error) bool {
	var nf *NotFoundError
	if errors.As(err, &nf) {
		return true
	}
	var pe *py.Error
	return errors.As(err, &pe) && (pe.Class == classNotFound || pe.Class == classNoneFound)
}

// classOf returns the Python exception class of err.
func classOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	var pe *py.Error
	if errors.As(err, &pe) {
		return pe.Class
	}
	return ""
}

// isLookupOrType says whether err is one that an item access swallows.
func isLookupOrType(err error) bool {
	switch classOf(err) {
	case "TypeError", "KeyError", "IndexError", "LookupError":
		return true
	}
	return false
}

// located is an error on its way out of a template: it collects where it
// passed. line is the place in the function it is in now, 0 when not known.
type located struct {
	err   error
	line  int
	trace []Place
}

func (l *located) Error() string { return l.err.Error() }
func (l *located) Unwrap() error { return l.err }

// locate notes the line of the statement that failed, unless an inner one of
// the same function is known already.
func locate(err error, line int) error {
	switch e := err.(type) {
	case *located:
		if e.line == 0 {
			e.line = line
		}
		return e
	case flow:
		return err
	}
	return &located{err: err, line: line}
}

// leave notes that err left a function of t; block is the block's name.
func leave(err error, t *Template, block string) error {
	e, ok := err.(*located)
	if !ok {
		e = &located{err: err}
	}
	e.trace = append(e.trace, Place{File: t.file, Line: max(e.line, 1), Block: block, tmpl: t})
	e.line = 0
	return e
}

// finish turns an error that left the render into an *Error.
func finish(err error) error {
	out := &Error{Kind: OtherError, Err: err, Message: err.Error()}
	var l *located
	if errors.As(err, &l) {
		out.Trace = l.trace
		err = l.err
		for _, p := range l.trace {
			if p.Block == "" {
				out.File, out.Line = p.File, p.Line
				if p.tmpl != nil {
					out.Source = p.tmpl.source
				}
				break
			}
		}
	}
	var syntax *Error
	if errors.As(err, &syntax) { // of an included template
		c := *syntax
		c.Trace = append(append([]Place(nil), syntax.Trace...), out.Trace...)
		return &c
	}
	var pe *py.Error
	if errors.As(err, &pe) {
		out.Class, out.Message = pe.Class, pe.Msg
		switch pe.Class {
		case classUndefined:
			out.Kind = UndefinedError
		case classSecurity:
			out.Kind = SecurityError
		case classRuntime, classFilterArgs:
			out.Kind = RuntimeError
		}
	} else {
		out.Message = err.Error()
	}
	out.Err = err
	return out
}

// flow is a loop control on its way to its loop.
type flow uint8

const (
	flowBreak flow = iota + 1
	flowContinue
)

func (f flow) Error() string {
	if f == flowBreak {
		return "'break' outside loop"
	}
	return "'continue' not properly in loop"
}
