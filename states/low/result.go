package low

import "pinch/internal/py"

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
	case v == nil:
		return False
	case v == py.Value(py.None):
		return None
	case py.IsTrue(v):
		return True
	}
	return False
}

// Result is what one state returned: Salt's tag and Salt's dict (name,
// changes, result, comment, __sls__, __run_num__, start_time, duration in
// milliseconds, __id__, warnings, ...). Keys that Salt leaves out for some
// results (a state that was not found has no __id__) are left out here.
type Result struct {
	Tag  string
	Data *py.Dict
	// Event is the tag of the event that the state asked for (fire_event).
	Event string
}

// Result returns the state's result.
func (r Result) Result() Tri { return TriOf(r.Data.Lookup("result")) }

// Changed says whether the state reports changes.
func (r Result) Changed() bool {
	c := r.Data.Lookup("changes")
	return c != nil && py.IsTrue(c)
}

// Comment returns the comment as text.
func (r Result) Comment() string {
	if c := r.Data.Lookup("comment"); c != nil {
		return py.ToStr(c)
	}
	return ""
}

// Summary is how a run on one host ended.
type Summary struct {
	// States is how many results there are; Failed and Changed count among
	// them; WouldChange those with result None.
	States, Failed, Changed, WouldChange int
	// NotRun counts the chunks that a cancelled run left out.
	NotRun int
	// Cancelled says that the run was stopped before its end.
	Cancelled bool
}

// Add counts a result.
func (s *Summary) Add(r Result) {
	s.States++
	switch r.Result() {
	case False:
		s.Failed++
	case None:
		s.WouldChange++
	}
	if r.Changed() {
		s.Changed++
	}
}
