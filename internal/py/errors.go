package py

import "fmt"

// Error is a raised Python exception: Class is the exception's class name
// ("TypeError", "KeyError", ...) and Msg what str(exc) gives.
type Error struct {
	Class string
	Msg   string
	// Arg is the exception's first argument where it is no text (KeyError).
	Arg Value
	// Err is the Go error behind it, if any.
	Err error
}

// Error implements error in the form of a traceback's last line.
func (e *Error) Error() string {
	if e.Msg == "" {
		return e.Class
	}
	return e.Class + ": " + e.Msg
}

// Unwrap returns the Go error behind the exception.
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an exception of the named class.
func Errorf(class, format string, args ...any) *Error {
	return &Error{Class: class, Msg: fmt.Sprintf(format, args...)}
}

// TypeErrorf returns a TypeError.
func TypeErrorf(format string, args ...any) *Error { return Errorf("TypeError", format, args...) }

// ValueErrorf returns a ValueError.
func ValueErrorf(format string, args ...any) *Error { return Errorf("ValueError", format, args...) }

// AttributeErrorf returns an AttributeError.
func AttributeErrorf(format string, args ...any) *Error {
	return Errorf("AttributeError", format, args...)
}

// KeyError returns the KeyError for a missing key: its text is the key's repr.
func KeyError(key Value) *Error {
	return &Error{Class: "KeyError", Msg: Repr(key), Arg: key}
}

func unhashable(v Value) *Error { return TypeErrorf("unhashable type: '%s'", TypeName(v)) }
