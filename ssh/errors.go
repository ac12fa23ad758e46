package ssh

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"
)

// Fault is what all errors of this package carry: which host, at which address,
// doing what, why it failed, and what a person can do about it.
type Fault struct {
	Host   string // the roster ID of the host
	Addr   string // "address:port", or "" before an address was known
	Op     string // the operation in progress: "connect", "authenticate", "run command", ...
	Err    error  // the cause; never nil
	Advice string // what to do, or ""
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }

// text renders "host: operation address: cause; advice".
func (f *Fault) text() string {
	var b strings.Builder
	if f.Host != "" {
		b.WriteString(f.Host)
		b.WriteString(": ")
	}
	b.WriteString(f.Op)
	if f.Addr != "" && f.Addr != f.Host {
		b.WriteString(" ")
		b.WriteString(f.Addr)
	}
	if f.Err != nil {
		b.WriteString(": ")
		b.WriteString(f.Err.Error())
	}
	if f.Advice != "" {
		b.WriteString("; ")
		b.WriteString(f.Advice)
	}
	return b.String()
}

// UnreachableError says that no SSH conversation with the host came about: its
// name does not resolve, nothing listens, a jump host or proxy command failed,
// or what listens does not speak SSH.
type UnreachableError struct {
	Fault
	dropped bool // closed before it said anything: worth another try
}

// Error implements error.
func (e *UnreachableError) Error() string { return e.text() }

// AuthError says that the host refused every way of logging in. Tried holds one
// entry for each, in the order tried.
type AuthError struct {
	Fault
	User  string
	Tried []Attempt
}

// Attempt is one way of logging in and why it did not work.
type Attempt struct {
	Method string // "publickey", "password", "keyboard-interactive", "agent"
	What   string // the key file and fingerprint, or ""
	Why    string
}

// String renders "publickey ~/.ssh/id_ed25519 (SHA256:...): refused by the host".
func (a Attempt) String() string {
	s := a.Method
	if a.What != "" {
		s += " " + a.What
	}
	return s + ": " + a.Why
}

// Error implements error. All attempts stand in the one line.
func (e *AuthError) Error() string {
	f := e.Fault
	tried := make([]string, len(e.Tried))
	for i, a := range e.Tried {
		tried[i] = a.String()
	}
	text := "permission denied"
	if f.Err != nil && !errors.Is(f.Err, errDenied) {
		text = f.Err.Error()
	}
	if len(tried) > 0 {
		text += " (tried " + strings.Join(tried, "; ") + ")"
	}
	f.Err = errors.New(text)
	return f.text()
}

// errDenied is the cause of an AuthError when the host said no more than no.
var errDenied = errors.New("permission denied")

// HostKeyKind says what is wrong with a host key.
type HostKeyKind int

// The kinds of host key trouble.
const (
	HostKeyUnknown HostKeyKind = iota // no known_hosts file has an entry for the host
	HostKeyChanged                    // the entries are for other keys
	HostKeyRevoked                    // the key, or the authority that signed it, is marked @revoked
	HostKeyInvalid                    // a host certificate that is expired, not yet valid, for another name, ...
)

// String returns "unknown", "changed", "revoked" or "invalid".
func (k HostKeyKind) String() string {
	switch k {
	case HostKeyUnknown:
		return "unknown"
	case HostKeyChanged:
		return "changed"
	case HostKeyRevoked:
		return "revoked"
	default:
		return "invalid"
	}
}

// HostKeyError says that the host's identity could not be established. Nothing
// was sent to the host but the key exchange.
type HostKeyError struct {
	Fault
	Kind        HostKeyKind
	KeyType     string   // of the key the host showed: "ssh-ed25519", ...
	Fingerprint string   // of that key: "SHA256:..."
	Known       []string // "file:line: type SHA256:..." of each entry for the host
}

// Error implements error.
func (e *HostKeyError) Error() string { return e.text() }

// TimeoutError says that the host was silent for too long.
type TimeoutError struct {
	Fault
	After time.Duration
}

// Error implements error.
func (e *TimeoutError) Error() string { return e.text() }

// Timeout reports true, as net.Error's method does.
func (e *TimeoutError) Timeout() bool { return true }

// ClosedError says that the connection ended, or was closed by us, while
// something was still to be done over it.
type ClosedError struct{ Fault }

// Error implements error.
func (e *ClosedError) Error() string { return e.text() }

// SessionLimitError says that the host accepts no further session on this
// connection (MaxSessions of sshd_config). The connection itself is fine.
type SessionLimitError struct{ Fault }

// Error implements error.
func (e *SessionLimitError) Error() string { return e.text() }

// RefusedError says that the host would not run a command, or start SFTP, at
// all.
type RefusedError struct {
	Fault
	Request string // "exec" or "subsystem"
}

// Error implements error.
func (e *RefusedError) Error() string { return e.text() }

// FileError says that something could not be done to a file on the host. It
// unwraps to fs.ErrNotExist and fs.ErrPermission where that is the cause.
type FileError struct {
	Fault
	Path string
}

// Error implements error.
func (e *FileError) Error() string { return e.text() }

// ExitError says that a command ended with a status other than 0.
type ExitError struct {
	Host    string // the roster ID of the host
	Command string // bounded
	Code    int    // exit status; 128+signal when a signal ended it
	Signal  string // "TERM", "KILL", ... without SIG; "" for a plain exit
	Stderr  string // the last bytes of standard error, cleaned
}

// Error implements error.
func (e *ExitError) Error() string {
	text := fmt.Sprintf("%s: command ended with status %d", e.Host, e.Code)
	if e.Signal != "" {
		text = fmt.Sprintf("%s: command was ended by signal %s", e.Host, e.Signal)
	}
	if e.Stderr != "" {
		text += ": " + e.Stderr
	}
	return text
}

// explainNet turns an error of the operating system's network calls into a
// short cause and an advice.
func explainNet(err error) (cause error, advice string) {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Errorf("name %q is not known: %w", dns.Name, err), "check host in the roster"
	case errors.As(err, &dns):
		return fmt.Errorf("name %q could not be looked up: %w", dns.Name, err), "check the name server of this machine"
	case errors.Is(err, syscall.ECONNREFUSED):
		return &netCause{"connection refused", err}, "check that sshd runs there and that port is right"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return &netCause{"no route to the host", err}, "check host in the roster and the network"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return &netCause{"the host reset the connection", err}, ""
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe):
		return &netCause{"the host closed the connection", err}, ""
	}
	return err, ""
}

// netCause is a cause in plain words that still unwraps to the original.
type netCause struct {
	text string
	err  error
}

func (c *netCause) Error() string { return c.text }
func (c *netCause) Unwrap() error { return c.err }
