package modules

import (
	"fmt"
	"slices"
	"strings"
)

// Registry is the set of functions that a binary knows. It is immutable.
type Registry struct {
	states, execs map[string]*Func
	all           []*Func
	more          More // nil: nothing
}

// New builds a registry of the given lists. It panics on a name that is
// declared twice: a mistake of the program, found by any test that builds it.
func New(lists ...[]*Func) *Registry {
	r := &Registry{states: map[string]*Func{}, execs: map[string]*Func{}}
	for _, l := range lists {
		for _, f := range l {
			m := r.byKind(f.Kind)
			if m[f.Name] != nil {
				panic(fmt.Sprintf("function %s is declared twice", f.Name))
			}
			m[f.Name] = f
			r.all = append(r.all, f)
		}
	}
	slices.SortFunc(r.all, func(a, b *Func) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return int(a.Kind) - int(b.Kind)
	})
	return r
}

func (r *Registry) byKind(k Kind) map[string]*Func {
	if k == StateKind {
		return r.states
	}
	return r.execs
}

// State returns the state function of that name, or nil.
func (r *Registry) State(name string) *Func { return r.find(StateKind, name) }

// Exec returns the execution function of that name, or nil.
func (r *Registry) Exec(name string) *Func { return r.find(ExecKind, name) }

// All returns all functions by name.
func (r *Registry) All() []*Func { return r.all }

// Names returns the names of one kind, sorted.
func (r *Registry) Names(k Kind) []string {
	var out []string
	for _, f := range r.all {
		if f.Kind == k {
			out = append(out, f.Name)
		}
	}
	return out
}

// HasModule says whether any function of the kind has that module name.
func (r *Registry) HasModule(k Kind, module string) bool {
	return slices.ContainsFunc(r.all, func(f *Func) bool { return f.Kind == k && f.Module() == module })
}

// NearName returns the known name closest to one that is unknown, or "".
func (r *Registry) NearName(k Kind, name string) string { return Near(name, r.Names(k)) }
