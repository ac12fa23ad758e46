// Package saltfun holds the execution functions that templates call and that
// need no host: pillar.get, grains.filter_by, slsutil.merge and their like,
// and the `salt` object that offers them together with the host's functions.
//
// Functions are declared in tables with their Python signatures; arguments are
// bound by name as Python binds them, errors included. What needs the host
// goes to a Caller. The set of names is fixed: all functions that Salt 3008.3
// ships (shipped.txt), those declared here, and what the Caller says it has.
package saltfun

import (
	"context"
	_ "embed"
	"slices"
	"strings"

	"pinch/internal/fileserver"
	"pinch/internal/match"
	"pinch/internal/py"
)

// Version is the Salt release whose behaviour is followed, as test.version and
// the grain saltversion give it.
const Version = "3008.3"

// Caller runs functions that need the host. Errors that are exceptions of the
// function are *py.Error; others mean that the host could not be asked.
type Caller interface {
	Call(ctx context.Context, fun string, args *py.Args) (py.Value, error)
}

// Answered is what a Caller may also be: while the host runs the function,
// answers answers what it asks of its own pillar, grains and options. Call is
// then not used.
type Answered interface {
	CallAnswered(ctx context.Context, fun string, args *py.Args, answers Caller) (py.Value, error)
}

// Knower is what a Caller may also be: Knows says whether it runs a function
// ("mod.fun") or has functions of a module ("mod") that Salt does not ship.
type Knower interface {
	Knows(name string) bool
}

// Overrider is what a Caller may also be: for names it overrides it is asked
// even where the function is known here.
type Overrider interface {
	Overrides(fun string) bool
}

// Host is what the functions of one host see. A Host belongs to one goroutine.
type Host struct {
	ID     string
	Opts   *py.Dict // minion options, defaults included
	Grains *py.Dict
	Pillar *py.Dict // may be replaced while a pillar is compiled
	Files  *fileserver.Server
	// PillarFiles serves pillar_roots, for pillar.file_exists.
	PillarFiles *fileserver.Server
	// CacheDir is where a minion would keep the tree's files; paths below it
	// stand for files of the tree.
	CacheDir string
	Caller   Caller

	// Render compiles text (slsutil.renderer, jinja.*).
	Render func(ctx context.Context, r RenderRequest) (py.Value, error)
	// CompilePillar makes a fresh pillar (pillar.items). pillarenv is "" for
	// none; ext is one more external pillar, or nil.
	CompilePillar func(ctx context.Context, pillarenv string, override, ext *py.Dict) (*py.Dict, error)
	// Environ is the environment of this process, for sdb's env driver.
	Environ func(key string) (string, bool)
	// Log takes what templates log (log.debug, ...) and what Salt would log.
	Log func(level, message string)

	// Missing notes names that were looked up and do not exist.
	Missing []string

	salt *Salt
}

// RenderRequest is one text to compile by a pipe of renderers.
type RenderRequest struct {
	URL     string // a file of the tree, or "" for Text
	Text    string
	Pipe    string // "jinja|yaml" when the text names none itself
	SaltEnv string
	Vars    *py.Dict // further variables for the template
}

// Salt returns the host's `salt` object.
func (h *Host) Salt() *Salt {
	if h.salt == nil {
		h.salt = &Salt{h: h}
	}
	return h.salt
}

func (h *Host) log(level, message string) {
	if h.Log != nil {
		h.Log(level, message)
	}
}

// SaltEnv returns opts["saltenv"], or base.
func (h *Host) saltEnv() string {
	if s := h.Opts.String("saltenv"); s != "" {
		return s
	}
	return "base"
}

func (h *Host) matcher() *match.Matcher {
	groups, _ := h.Opts.Lookup("nodegroups").(*py.Dict)
	return &match.Matcher{
		Minion:     match.Minion{ID: h.ID, Grains: h.Grains, Pillar: h.Pillar},
		Nodegroups: groups,
		Log:        func(m string) { h.log("error", m) },
	}
}

//go:embed shipped.txt
var shippedText string

// Shipped returns the names of all execution functions that Salt ships, sorted.
func Shipped() []string { return slices.Collect(strings.FieldsSeq(shippedText)) }

// known says whether there is a function of that name.
func (r *registry) known(h *Host, name string) bool {
	if _, ok := r.names[name]; ok {
		return true
	}
	k, ok := h.Caller.(Knower)
	return ok && k.Knows(name)
}

// knownModule says whether there is a module of that name.
func (r *registry) knownModule(h *Host, module string) bool {
	if r.modules[module] {
		return true
	}
	k, ok := h.Caller.(Knower)
	return ok && k.Knows(module)
}
