package modules

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
)

// Kind tells state functions from execution functions; one name may be both.
type Kind int

const (
	// StateKind is a state function ("file.managed" in an SLS).
	StateKind Kind = iota
	// ExecKind is an execution function (`pinch HOST fun`, salt['fun']).
	ExecKind
)

// Func is a declared function with its argument type erased.
type Func struct {
	Name   string
	Kind   Kind
	Doc    string
	Params []Param
	// KwArgs says that unknown arguments are accepted (Salt's **kwargs).
	KwArgs bool
	// VarArgs says that extra positional arguments are accepted.
	VarArgs bool
	Access  Access
	Where   Where
	// Platforms are the kernels it runs on, as the kernel grain spells them;
	// empty means all.
	Platforms []string

	virtual   func(c *Call) (ok bool, reason string)
	args      reflect.Type // the struct that Params describes
	check     func(ctx context.Context, c *Call, args any) (Plan, error)
	watch     func(ctx context.Context, c *Call, args any) (Plan, error)
	exec      func(ctx context.Context, c *Call, w host.Writer, args any) (py.Value, error)
	aggregate Aggregate

	peer      Peer // nil: the function is this process's own
	peerWatch bool
}

// Module returns the part of the name before the dot.
func (f *Func) Module() string {
	m, _, _ := strings.Cut(f.Name, ".")
	return m
}

// Virtual says whether the function's module can work on this host now
// (Salt's __virtual__), with the reason when not.
func (f *Func) Virtual(c *Call) (ok bool, reason string) {
	if f.peer != nil {
		return f.peer.Virtual(f, c)
	}
	if kernel := c.Grains.String("kernel"); kernel != "" && len(f.Platforms) > 0 && !slices.Contains(f.Platforms, kernel) {
		return false, fmt.Sprintf("pinch has it on %s, and this is %s", strings.Join(f.Platforms, ", "), kernel)
	}
	if f.virtual == nil {
		return true, ""
	}
	return f.virtual(c)
}

// HasWatch says whether a state function has a mod_watch: without one, watch
// is require.
func (f *Func) HasWatch() bool { return f.watch != nil || f.peerWatch }

// Check binds a chunk's arguments and looks. A *BindError is returned for
// arguments that do not fit.
func (f *Func) Check(ctx context.Context, c *Call, data *py.Dict) (Plan, error) {
	if f.peer != nil {
		return f.peer.Check(ctx, f, c, data, false)
	}
	return f.run(ctx, c, data, f.check)
}

// Watch is Check for the mod_watch of a state function, called when a watched
// state has changed something. Salt's mod_watch takes any argument, and what it
// is told beside those of the state is for it alone.
func (f *Func) Watch(ctx context.Context, c *Call, data *py.Dict) (Plan, error) {
	if f.peer != nil {
		return f.peer.Check(ctx, f, c, data, true)
	}
	if !f.KwArgs {
		data = data.Copy()
		for _, k := range []string{"sfun", "__reqs__"} {
			if f.param(k) == nil {
				data.DeleteStr(k)
			}
		}
	}
	return f.run(ctx, c, data, f.watch)
}

func (f *Func) run(ctx context.Context, c *Call, data *py.Dict,
	fn func(context.Context, *Call, any) (Plan, error),
) (Plan, error) {
	args, err := f.bindChunk(data)
	if err != nil {
		return Plan{}, err
	}
	return fn(ctx, c, args)
}

// Exec binds arguments as a Python call does and runs an execution function.
// w may be nil for a function with ReadOnly access.
func (f *Func) Exec(ctx context.Context, c *Call, w host.Writer, args *py.Args) (py.Value, error) {
	if f.peer != nil {
		return f.peer.Exec(ctx, f, c, w, args)
	}
	a, err := f.bindCall(args)
	if err != nil {
		return nil, err
	}
	if f.Access == Write && w == nil {
		return nil, fmt.Errorf("%s: refused: it may write, and only reading is allowed", f.Name)
	}
	return f.exec(ctx, c, w, a)
}

// Aggregate is Salt's mod_aggregate: given the chunk that is about to run and
// all chunks of the run, it may return a changed copy of the chunk's data.
type Aggregate func(data *py.Dict, chunks []*py.Dict, running *py.Dict) *py.Dict

// Aggregate returns the function's aggregation hook, or nil.
func (f *Func) Aggregate() Aggregate { return f.aggregate }

// State declares a state function with arguments A (a struct, see bind.go).
type State[A any] struct {
	Name      string
	Doc       string
	Access    Access
	Platforms []string
	// Virtual is Salt's __virtual__; it is asked when the state runs, so that
	// a program installed by an earlier state counts.
	Virtual func(c *Call) (ok bool, reason string)
	// Check looks and says what is to be done. It must not change anything.
	Check func(ctx context.Context, c *Call, a *A) (Plan, error)
	// Watch is mod_watch: called instead of nothing when a watched state
	// reports changes and this one had none.
	Watch     func(ctx context.Context, c *Call, a *A) (Plan, error)
	Aggregate Aggregate
}

// Func erases the argument type. It panics when the declaration is wrong
// (a test builds the whole registry).
func (s State[A]) Func() *Func {
	return eraseState(s.Name, s.Doc, s.Access, s.Platforms, s.Virtual, s.Aggregate, s.Check, s.Watch)
}

// Query declares an execution function that only looks.
type Query[A any] struct {
	Name      string
	Doc       string
	Where     Where
	Platforms []string
	Virtual   func(c *Call) (ok bool, reason string)
	Run       func(ctx context.Context, c *Call, a *A) (py.Value, error)
}

// Func erases the argument type.
func (q Query[A]) Func() *Func {
	return eraseQuery(q.Name, q.Doc, q.Where, q.Platforms, q.Virtual, q.Run)
}

// Action declares an execution function that may change the host.
type Action[A any] struct {
	Name      string
	Doc       string
	Platforms []string
	Virtual   func(c *Call) (ok bool, reason string)
	Run       func(ctx context.Context, c *Call, w host.Writer, a *A) (py.Value, error)
}

// Func erases the argument type.
func (x Action[A]) Func() *Func {
	return eraseAction(x.Name, x.Doc, x.Platforms, x.Virtual, x.Run)
}
