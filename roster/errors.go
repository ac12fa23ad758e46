package roster

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/saltyaml"
)

// Error is a mistake in a roster or in a setting of a host.
type Error struct {
	Pos Pos
	// Host is the entry it is about, "" for a whole file.
	Host HostID
	// Msg says what is wrong, Advice what to do, "" when Msg says so.
	Msg    string
	Advice string
	Err    error
}

// Error implements error: "file:line:col: host ID: message: cause (advice)".
func (e *Error) Error() string {
	var parts []string
	if p := e.Pos.String(); p != "" {
		parts = append(parts, p)
	}
	if e.Host != "" {
		parts = append(parts, "host "+string(e.Host))
	}
	if e.Msg != "" {
		parts = append(parts, e.Msg)
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	s := strings.Join(parts, ": ")
	if e.Advice != "" {
		s += " (" + e.Advice + ")"
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Warning is something in a roster that works but is probably not meant.
type Warning struct {
	Pos  Pos
	Host HostID
	Msg  string
}

// String returns the warning in the form of an Error.
func (w Warning) String() string {
	return (&Error{Pos: w.Pos, Host: w.Host, Msg: w.Msg}).Error()
}

// fileError wraps the error of reading or rendering a file, with the line a
// YAML error knows.
func fileError(path string, err error) error {
	e := &Error{Pos: Pos{File: path}, Err: err}
	var ye *saltyaml.Error
	if errors.As(err, &ye) {
		e.Pos.Line, e.Pos.Col = ye.Line, ye.Column
	}
	var at interface{ SourceLine() int } // what a template engine's error may offer
	if e.Pos.Line == 0 && errors.As(err, &at) {
		e.Pos.Line = at.SourceLine()
	}
	return e
}

// NoMatchError says that a target means no host of the roster. salt-ssh says
// nothing then and ends well.
type NoMatchError struct {
	// Target is the expression as the user wrote it, Kind Salt's name of its
	// type (glob, list, ...).
	Target string
	Kind   string
	// Known are all hosts there are, in roster order.
	Known []HostID
	// Near are the known names most like the target.
	Near []HostID
}

// Error implements error.
func (e *NoMatchError) Error() string {
	return fmt.Sprintf("target %q (%s): no host of the roster matches", e.Target, e.Kind) + suggest(e.Known, e.Near)
}

// UnknownHostError says that a target names hosts that the roster does not
// have. salt-ssh runs on the others and does not mention it.
type UnknownHostError struct {
	Target string
	Kind   string
	// Unknown are the names that are not in the roster.
	Unknown []HostID
	Known   []HostID
	Near    []HostID
}

// Error implements error.
func (e *UnknownHostError) Error() string {
	return fmt.Sprintf("target %q (%s): not in the roster: %s", e.Target, e.Kind, joinIDs(e.Unknown, 10)) + suggest(e.Known, e.Near)
}

// TargetError says that a target cannot be understood.
type TargetError struct {
	Target string
	Kind   string
	Msg    string
	Advice string
	Err    error
}

// Error implements error.
func (e *TargetError) Error() string {
	s := fmt.Sprintf("target %q (%s)", e.Target, e.Kind)
	if e.Msg != "" {
		s += ": " + e.Msg
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Advice != "" {
		s += " (" + e.Advice + ")"
	}
	return s
}

// Unwrap returns the cause.
func (e *TargetError) Unwrap() error { return e.Err }

func suggest(known, like []HostID) string {
	switch {
	case len(like) > 0:
		return "; did you mean " + joinIDs(like, 3) + "?"
	case len(known) == 0:
		return "; the roster has no hosts"
	}
	return "; the roster has " + joinIDs(known, 10)
}

func joinIDs(ids []HostID, limit int) string {
	var names []string
	for i, id := range ids {
		if i == limit {
			return strings.Join(names, ", ") + fmt.Sprintf(" and %d more", len(ids)-limit)
		}
		names = append(names, string(id))
	}
	return strings.Join(names, ", ")
}

// near returns up to three candidates most like name, the best first. What
// differs in more than a third of its letters is not like it.
func near(name string, candidates []string) []string {
	type scored struct {
		name string
		dist int
	}
	var out []scored
	for _, c := range candidates {
		limit := max(len([]rune(name)), len([]rune(c)))/3 + 1
		d := distance(strings.ToLower(name), strings.ToLower(c))
		if strings.HasPrefix(c, name) && name != "" {
			d = min(d, 1)
		}
		if d <= limit && d < len([]rune(name))+1 {
			out = append(out, scored{c, d})
		}
	}
	slices.SortStableFunc(out, func(a, b scored) int { return a.dist - b.dist })
	var names []string
	for i := 0; i < len(out) && i < 3; i++ {
		names = append(names, out[i].name)
	}
	return names
}

// distance is the Levenshtein distance in characters.
func distance(a, b string) int {
	ra, rb := []rune(a), []rune(b)
	row := make([]int, len(rb)+1)
	for j := range row {
		row[j] = j
	}
	for i, ca := range ra {
		diag := row[0]
		row[0] = i + 1
		for j, cb := range rb {
			cost := diag
			if ca != cb {
				cost++
			}
			diag = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(rb)]
}
