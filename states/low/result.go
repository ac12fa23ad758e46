package low

import (
	"time"

	"pinch/internal/py"
)

// Tri is the result of a state: true, false, or none (would change).
type Tri int8

// The three results. The zero value is False: a result that nobody set is a
// failure.
const (
	False Tri = iota
	True
	None
)

// Value returns True, False or None.
func (t Tri) Value() py.Value {
	switch t {
	case True:
		return py.True
	case None:
		return py.None
	}
	return py.False
}

// TriOf returns the Tri of a Python value: None, or its truth.
func TriOf(v py.Value) Tri {
	switch {
	case v == py.Value(py.None):
		return None
	case py.IsTrue(v):
		return True
	}
	return False
}

// Result is what one state returned.
type Result struct {
	Chunk  int    // index in the bundle; -1 for chunks that the engine made (listeners)
	Tag    string // Salt's key of the result
	Name   string
	ID     string
	SLS    string
	RunNum int // __run_num__: the order in which results came about

	Result  Tri
	Changes py.Value // a dict; other values only where a function returns them
	Comment py.Value // str, or what a module.run returned
	// Warnings are shown below the comment.
	Warnings []string

	Start    time.Time // zero: the state was not run
	Duration time.Duration
	// NotRun marks a state that a failed requisite kept from running
	// (__state_ran__: false).
	NotRun bool
	// Extra holds further keys of the return ("data", "skip_watch", ...).
	Extra *py.Dict
}

// Dict returns the result as Salt returns it: same keys, same value types
// (duration in milliseconds, start_time as local HH:MM:SS.ffffff).
func (r *Result) Dict() *py.Dict {
	d := py.NewDict()
	changes := r.Changes
	if changes == nil {
		changes = py.NewDict()
	}
	comment := r.Comment
	if comment == nil {
		comment = py.Str("")
	}
	d.SetStr("name", py.Str(r.Name))
	d.SetStr("changes", changes)
	d.SetStr("result", r.Result.Value())
	d.SetStr("comment", comment)
	for k, v := range r.Extra.All() {
		_ = d.Set(k, v) // k is a key already
	}
	if len(r.Warnings) > 0 {
		d.SetStr("warnings", py.Strings(r.Warnings...))
	}
	d.SetStr("__sls__", py.Str(r.SLS))
	if r.NotRun {
		d.SetStr("__state_ran__", py.False)
	}
	d.SetStr("__run_num__", py.Int(r.RunNum))
	if !r.Start.IsZero() {
		d.SetStr("start_time", py.Str(r.Start.Format("15:04:05.000000")))
		d.SetStr("duration", py.Float(float64(r.Duration.Microseconds())/1000))
	}
	d.SetStr("__id__", py.Str(r.ID))
	return d
}

// Changed says whether the state reports changes.
func (r *Result) Changed() bool { return r.Changes != nil && py.IsTrue(r.Changes) }
