package fleet

import (
	"fmt"
	"strings"
)

// CompileError says that a tree does not compile for a host. Nothing was
// changed there.
type CompileError struct {
	Host   string
	Pillar bool // it is the pillar
	Errors []error
}

// Error implements error.
func (e *CompileError) Error() string {
	lines := make([]string, len(e.Errors))
	for i, err := range e.Errors {
		lines[i] = e.Host + ": " + err.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the errors.
func (e *CompileError) Unwrap() []error { return e.Errors }

// LostError says that a host was lost after work on it had begun.
type LostError struct {
	Host string
	// Done is how many states had reported before.
	Done int
	Err  error
}

// Error implements error.
func (e *LostError) Error() string {
	return fmt.Sprintf("%s: lost in the middle of the run, after %d results: %v (the remote process ends with its connection; look at what it was doing and run again)", e.Host, e.Done, e.Err)
}

// Unwrap returns the cause.
func (e *LostError) Unwrap() error { return e.Err }

// FunctionError says that a function does not exist or raised.
type FunctionError struct {
	Host, Fun string
	// Text is what Salt returns in the place of a return.
	Text string
	Near string
	// Why says why pinch does not have it, where that is known.
	Why string
}

// Error implements error.
func (e *FunctionError) Error() string {
	s := fmt.Sprintf("%s: %s: %s", e.Host, e.Fun, e.Text)
	if e.Near != "" {
		s += fmt.Sprintf(" (did you mean %s?)", e.Near)
	}
	if e.Why != "" {
		s += ": " + e.Why
	}
	return s
}
