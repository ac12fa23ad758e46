// Package modules is the framework in which every Salt function of pinch is
// declared, once: name, documentation, typed arguments, what it may do. From
// that declaration come `pinch doc`, argument errors before any contact,
// read-only policy, test mode without writes, and the README's table.
//
// State functions are State[A] values, execution functions Query[A] (look
// only) or Action[A] (may write), where A is a struct whose fields carry
// `arg`, `default`, `doc` and `enum` tags (bind.go). The functions live in the
// packages below modules/; modules/all lists them.
package modules

import (
	"context"
	"io"

	"pinch/internal/fetch"
	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/states/low"
)

// Access says what a function may do to a host.
type Access int

const (
	// Write may change the host. It is the zero value: the safe assumption.
	Write Access = iota
	// ReadOnly only looks.
	ReadOnly
)

// Where says where a function is evaluated.
type Where int

const (
	// Host needs the target.
	Host Where = iota
	// Controller needs the tree or other hosts.
	Controller
	// Pure needs only pillar, grains, options and its arguments.
	Pure
)

// Call is everything a function may use besides its arguments. The embedded
// Reader is the host; the Writer is handed to Apply and to actions only.
type Call struct {
	host.Reader

	// Test is set when the run is test=True. Check functions look at it only
	// to spare work or to give Salt's other wording.
	Test bool
	// Chunk is the state that runs; nil for an execution function.
	Chunk *low.Chunk
	// Lowstate are all chunks of the run (Salt's __lowstate__); nil for an
	// execution function.
	Lowstate []low.Chunk
	// Run is the running state's place in the run: its __run_num__.
	RunNum int
	Grains *py.Dict
	Opts   *py.Dict
	// InRun says that a state run calls an execution function: a condition, a
	// slot, module.run. The command line and templates do not.
	InRun bool
	// Result returns what the state of that tag returned earlier in the run,
	// or nil (Salt's __running__). It is never nil for a state function.
	Result func(tag string) *py.Dict
	// Sources gives the files of the tree that the chunk was granted.
	Sources Sources
	// SourcesOf gives the files that another chunk of Lowstate was granted; nil
	// for an execution function.
	SourcesOf func(*low.Chunk) Sources
	// Remote calls functions that only the controller can answer
	// (pillar.get, config.get, cp.*): one round trip each.
	Remote Caller
	// Funcs calls other execution functions on this host.
	Funcs Caller
	// Fetch gets things from the web; never nil.
	Fetch fetch.Fetcher
	// State runs another state function as Salt's __states__ does, with the
	// sources of this chunk; nil for an execution function. w is nil in test
	// mode.
	State func(ctx context.Context, w host.Writer, fun string, data *py.Dict) (Done, error)
	// Memo keeps what one run has learnt (Salt's __context__).
	Memo *Memo
	// Output receives what a long command prints, as it comes; never nil.
	Output io.Writer
	Log    Logger
}

// Caller calls an execution function by name.
type Caller interface {
	Call(ctx context.Context, fun string, args *py.Args) (py.Value, error)
}

// Finder is what a Caller may also be: it finds the declaration of a function
// of this host, nil when there is none.
type Finder interface{ Find(fun string) *Func }

// Sources are the files that the controller gives a chunk. ref is the URL as
// written in the argument ("salt://web/site.conf"), or an argument's name
// where its value is rendered by the controller ("contents"). A source with a
// template is rendered on the controller when it is first asked for; an error
// of that is a *SourceError and becomes the state's comment.
type Sources interface {
	// Stat describes a source. have is the SHA-256 (hex) of what the host has
	// already, or ""; when it is the source's, Same is set and nothing else is sent.
	Stat(ctx context.Context, ref, have string) (SourceInfo, error)
	// StatWith is Stat with values that a template finds beside its context
	// (what file.accumulated gathered); nil is none.
	StatWith(ctx context.Context, ref, have string, context *py.Dict) (SourceInfo, error)
	// StatEntry is StatWith for an entry that List gave, which has no hash yet.
	StatEntry(ctx context.Context, entry SourceInfo, have string, context *py.Dict) (SourceInfo, error)
	// Open reads the content of a source that a Stat described.
	Open(ctx context.Context, info SourceInfo) (io.ReadCloser, error)
	// List gives the files and directories below a directory source
	// (file.recurse), names relative to it, sorted; without hash and size.
	List(ctx context.Context, ref string) ([]SourceInfo, error)
}

// SourceInfo describes a source.
type SourceInfo struct {
	ID    low.SourceID
	Name  string // path relative to the listed directory; "" from Stat
	Hash  string // SHA-256, hex, of the (rendered) content
	Size  int64
	Mode  uint32 // permission bits on the controller (mode: keep)
	IsDir bool
	Link  string // target, for a symlink of the tree
	Same  bool   // the content is what the host has already
	// Inline is the content of small sources.
	Inline []byte
	// Blob says that the content goes through the host's cache of large files.
	Blob bool
}

// SourceError says that a source cannot be had. Comment is Salt's wording.
type SourceError struct {
	Ref     string
	Missing bool // no such file in any root
	Comment string
}

// Error implements error.
func (e *SourceError) Error() string { return e.Comment }

// Done is what a state returns.
type Done struct {
	Result   low.Tri
	Changes  py.Value // nil: none
	Comment  string
	Warnings []string
	// CommentValue replaces Comment where Salt returns no text.
	CommentValue py.Value
	// Name replaces the name in the return, where Salt changes it.
	Name string
	// Extra holds further keys of the return.
	Extra *py.Dict
}

// Plan is what a Check found. With a nil Apply the state is as it should be,
// or has failed: Would is returned in both modes. Otherwise test mode returns
// Would, and a real run what Apply returns.
type Plan struct {
	Would Done
	Apply func(ctx context.Context, w host.Writer) (Done, error)
	// TestApply is run in test mode in the place of Would, where Salt runs
	// something there too (the test_name of a stateful command).
	TestApply func(ctx context.Context, w host.Writer) (Done, error)
}

// InOrder returns the plan of a state with nothing to do.
func InOrder(comment string) Plan { return Plan{Would: Done{Result: low.True, Comment: comment}} }

// Fail returns the plan of a state that fails before it does anything.
func Fail(comment string) Plan { return Plan{Would: Done{Result: low.False, Comment: comment}} }

// Would returns the plan of a state that changes something: comment and
// changes are test mode's, with result None.
func Would(comment string, changes py.Value, apply func(ctx context.Context, w host.Writer) (Done, error)) Plan {
	return Plan{Would: Done{Result: low.None, Comment: comment, Changes: changes}, Apply: apply}
}

// Failed returns a failed result.
func Failed(comment string) Done { return Done{Result: low.False, Comment: comment} }

// OK returns a successful result.
func OK(comment string, changes py.Value) Done {
	return Done{Result: low.True, Comment: comment, Changes: changes}
}

// Error is an exception that Salt raises by class: CommandExecutionError,
// SaltInvocationError, ... The engine turns it into the text that Salt shows
// for it.
type Error struct {
	Class string
	Msg   string
}

// Error implements error.
func (e *Error) Error() string { return e.Msg }

// CommandExecutionError returns Salt's exception of that name.
func CommandExecutionError(msg string) *Error {
	return &Error{Class: "CommandExecutionError", Msg: msg}
}

// SaltInvocationError returns Salt's exception of that name.
func SaltInvocationError(msg string) *Error { return &Error{Class: "SaltInvocationError", Msg: msg} }
