package saltfun

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"

	"pinch/internal/py"
)

// registry is the set of functions; it never changes once made.
type registry struct {
	funcs   map[string]*function
	names   map[string]struct{} // ours and those that Salt ships
	modules map[string]bool
}

// made holds the registry once somebody asked for it; it is only ever read.
var made struct {
	once sync.Once
	r    *registry
}

// functions returns the registry.
func functions() *registry {
	made.once.Do(func() { made.r = newRegistry() })
	return made.r
}

func newRegistry() *registry {
	r := &registry{
		funcs:   map[string]*function{},
		names:   map[string]struct{}{},
		modules: map[string]bool{},
	}
	for _, table := range [][]*function{
		configFuncs(), cpFuncs(), cpWriteFuncs(), defaultsFuncs(), grainsFuncs(), hashFuncs(), jinjaFuncs(),
		logFuncs(), matchFuncs(), miscFuncs(), networkFuncs(), pathFuncs(), pillarFuncs(),
		randomFuncs(), sdbFuncs(), slsutilFuncs(), testFuncs(), versionFuncs(),
	} {
		for _, fn := range table {
			r.funcs[fn.name] = fn
			r.names[fn.name] = struct{}{}
		}
	}
	for _, name := range Shipped() {
		r.names[name] = struct{}{}
	}
	for name := range r.names {
		module, _, _ := strings.Cut(name, ".")
		r.modules[module] = true
	}
	return r
}

// IsPure says whether the function is answered here, without the host.
func IsPure(name string) bool {
	_, ok := functions().funcs[name]
	return ok
}

// Names returns the names of all functions answered here, sorted.
func Names() []string {
	var out []string
	for name := range functions().funcs {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}

// Call runs a function with the host's data: here when it is pure, else by the
// host's Caller. A name that does not exist is a KeyError.
func (h *Host) Call(ctx context.Context, name string, args *py.Args) (py.Value, error) {
	r := functions()
	fn := r.funcs[name]
	if o, ok := h.Caller.(Overrider); ok && o.Overrides(name) || fn != nil && fn.here != nil && !fn.here(h) {
		fn = nil
	}
	if fn != nil {
		c, err := fn.bind(ctx, h, args)
		if err != nil {
			return nil, err
		}
		return fn.run(c)
	}
	if !r.known(h, name) {
		return nil, py.KeyError(py.Str(name))
	}
	if h.Caller == nil {
		return nil, py.Errorf("CommandExecutionError", "%s needs the host, and there is no connection to it", name)
	}
	v, err := h.ask(ctx, name, args)
	if err != nil {
		var pe *py.Error
		if !errors.As(err, &pe) {
			return nil, &HostError{Fun: name, Err: err}
		}
	}
	return v, err
}

func (h *Host) ask(ctx context.Context, name string, args *py.Args) (py.Value, error) {
	if a, ok := h.Caller.(Answered); ok {
		return a.CallAnswered(ctx, name, args, h)
	}
	return h.Caller.Call(ctx, name, args)
}

// HostError means that the host could not be asked. It ends the compile: what
// a template would make of it would be wrong.
type HostError struct {
	Fun string
	Err error
}

// Error implements error.
func (e *HostError) Error() string { return e.Fun + ": " + e.Err.Error() }

// Unwrap returns the Caller's error.
func (e *HostError) Unwrap() error { return e.Err }

// Salt is the `salt` object of templates.
type Salt struct{ h *Host }

// Type implements py.Value.
func (*Salt) Type() string { return "AliasedLoader" }

// TypeModule returns the module of the class, which messages name.
func (*Salt) TypeModule() string { return "salt.utils.templates" }

// Item implements py.ItemGetter: salt['mod.fun'].
func (s *Salt) Item(key py.Value) (py.Value, error) {
	name, ok := key.(py.Str)
	if !ok || !strings.Contains(string(name), ".") || !functions().known(s.h, string(name)) {
		return nil, py.KeyError(key)
	}
	return &Function{h: s.h, name: string(name)}, nil
}

// Attr implements py.AttrGetter: salt.mod, and the mapping's get.
func (s *Salt) Attr(name string) (py.Value, bool, error) {
	if functions().knownModule(s.h, name) {
		return &Module{h: s.h, name: name}, true, nil
	}
	if name == "get" {
		return py.NewFunc("get", func(_ context.Context, args *py.Args) (py.Value, error) {
			if len(args.Pos) == 0 {
				return nil, py.TypeErrorf("Mapping.get() missing 1 required positional argument: 'key'")
			}
			if v, err := s.Item(args.Pos[0]); err == nil {
				return v, nil
			}
			if len(args.Pos) > 1 {
				return args.Pos[1], nil
			}
			return py.None, nil
		}), true, nil
	}
	s.h.missing(name)
	return nil, false, nil
}

// Contains implements py.Container: 'mod.fun' in salt.
func (s *Salt) Contains(v py.Value) (bool, error) {
	name, ok := v.(py.Str)
	return ok && functions().known(s.h, string(name)), nil
}

// missing notes a name that does not exist, for the hint of the error.
func (h *Host) missing(name string) {
	if len(h.Missing) < 16 {
		h.Missing = append(h.Missing, name)
	}
}

// Module is salt.mod.
type Module struct {
	h    *Host
	name string
}

// Type implements py.Value.
func (*Module) Type() string { return "LoadedMod" }

// TypeModule returns the module of the class, which messages name.
func (*Module) TypeModule() string { return "salt.loader.lazy" }

// Attr implements py.AttrGetter: salt.mod.fun.
func (m *Module) Attr(name string) (py.Value, bool, error) {
	full := m.name + "." + name
	if !functions().known(m.h, full) {
		m.h.missing(full)
		return nil, false, nil
	}
	return &Function{h: m.h, name: full}, true, nil
}

// Function is one function of the `salt` object.
type Function struct {
	h    *Host
	name string
}

// Type implements py.Value.
func (*Function) Type() string { return "LoadedFunc" }

// TypeModule returns the module of the class, which messages name.
func (*Function) TypeModule() string { return "salt.loader.lazy" }

// Name returns "mod.fun".
func (f *Function) Name() string { return f.name }

// Call implements py.Callable.
func (f *Function) Call(ctx context.Context, args *py.Args) (py.Value, error) {
	return f.h.Call(ctx, f.name, args)
}

// PyRepr implements py.Reprer.
func (f *Function) PyRepr() (string, error) {
	return fmt.Sprintf("<LoadedFunc name='%s'>", f.name), nil
}

// Nearest returns up to three known names that look like name, best first.
func (h *Host) Nearest(name string) []string {
	type scored struct {
		name string
		d    int
	}
	var out []scored
	limit := 1 + len(name)/4
	candidates := functions().names
	if !strings.Contains(name, ".") {
		modules := map[string]struct{}{}
		for m := range functions().modules {
			modules[m] = struct{}{}
		}
		candidates = modules
	}
	for n := range candidates {
		if d := distance(name, n, limit); d <= limit {
			out = append(out, scored{n, d})
		}
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].d != out[j].d {
			return out[i].d < out[j].d
		}
		return out[i].name < out[j].name
	})
	var names []string
	for _, s := range out[:min(3, len(out))] {
		names = append(names, s.name)
	}
	return names
}

// distance is the edit distance of a and b, or anything over limit.
func distance(a, b string, limit int) int {
	if d := len(a) - len(b); d > limit || -d > limit {
		return limit + 1
	}
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(prev[j]+cost, prev[j+1]+1, row[j]+1)
		}
		prev = row
	}
	return prev[len(b)]
}

// Declares says whether the function is answered here, without the host.
func (h *Host) Declares(fun string) bool {
	if o, ok := h.Caller.(Overrider); ok && o.Overrides(fun) {
		return false
	}
	fn := functions().funcs[fun]
	return fn != nil && (fn.here == nil || fn.here(h))
}
