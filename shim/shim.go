// Package shim is the controller's side of the remote process: it finds the
// shim for a host's platform, starts it there (copying it first when the host
// lacks it), and gives a Session to call functions and run bundles on.
//
// It knows no SSH: a Transport starts commands and puts files. Package ssh's
// connections are made transports by internal/fleet; Local is the machine
// itself.
package shim

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/shim/wire"
)

// Transport reaches one host as its login user.
type Transport interface {
	// Start starts a command in the login shell.
	Start(ctx context.Context, command string) (RemoteProc, error)
	// Put writes a file atomically: temporary name, size check, rename, mode 0600.
	Put(ctx context.Context, path string, r io.Reader, size int64) error
	// PutResumable is Put for large files: what an interrupted Put of the same
	// path left is continued. r's content is fixed by the path (its hash).
	PutResumable(ctx context.Context, path string, r io.ReaderAt, size int64) error
}

// Proc is a started command.
type Proc interface {
	Stdin() io.WriteCloser
	Stdout() io.Reader
	// Wait waits for the end; the error tells status or signal.
	Wait() error
	// Kill ends it and its streams at once.
	Kill() error
}

// RemoteProc is a Proc whose standard error is kept, as far as its end.
type RemoteProc interface {
	Proc
	Stderr() Stderr
}

// Stderr is the end of what a command printed to standard error.
type Stderr interface {
	String() string
	// WaitFor waits until text has been printed that many times; false when the
	// stream ended without it.
	WaitFor(ctx context.Context, text []byte, times int) (bool, error)
}

// Privilege says as whom the shim runs.
type Privilege struct {
	Sudo     bool
	User     string        // "" is root
	Password secret.String // empty: sudo must not ask
}

// Options are how a session is opened.
type Options struct {
	// Dir comes first in the ladder of directories for the shim ("" : none).
	Dir       string
	Privilege Privilege
	// Env is added to the shim's environment, PATH prefix and the like: pairs
	// of name and value.
	Env [][2]string
	// Wipe removes the shim and its cache when the session ends.
	Wipe bool
	// Heartbeat is how often the controller shows that it lives; the shim
	// ends after four silent intervals. 0 is 15 seconds.
	Heartbeat time.Duration
	Finder    *Finder
	// Controller says who this is, for the lock's holder: user@host.
	Controller string
	// Trace sees every message.
	Trace func(sent bool, k wire.Kind, id uint32, payload []byte)
	Log   *slog.Logger
}

// Hello is what the shim says of its host.
type Hello struct {
	OS, Arch string
	UID, PID int
	Host     string // its own name
	Dir      string // where the shim lives
	Grains   *py.Dict
	// Uploaded says that the shim was not there before.
	Uploaded bool
}

// StartError says that the shim could not be started.
type StartError struct {
	// What is the operation: "start the shim", "upload the shim".
	What string
	// Said is what the host printed, cleaned.
	Said   string
	Advice string
	// Denied says that sudo refused.
	Denied bool
	Err    error
}

// Error implements error.
func (e *StartError) Error() string {
	msg := "cannot " + e.What
	if e.Err != nil {
		msg += ": " + e.Err.Error()
	}
	if e.Said != "" {
		msg += ": the host said: " + e.Said
	}
	if e.Advice != "" {
		msg += " (" + e.Advice + ")"
	}
	return msg
}

// Unwrap returns the cause.
func (e *StartError) Unwrap() error { return e.Err }

// UnsupportedError says that there is no program for a platform.
type UnsupportedError struct {
	Program  Program
	OS, Arch string
	Tried    []string
}

// Error implements error.
func (e *UnsupportedError) Error() string {
	what := map[Program]string{Shim: "shim", Fetch: "helper program for the web", More: "helper program with further functions"}[e.Program]
	s := fmt.Sprintf("no %s for %s/%s", what, e.OS, e.Arch)
	for _, t := range e.Tried {
		s += "; " + t
	}
	return s + "; build pinch with `make`, which embeds those of all supported platforms"
}
