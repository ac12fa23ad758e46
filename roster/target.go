package roster

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/match"
	"pinch/internal/py"
)

// Verdict is whether a host is meant by a target.
type Verdict int8

// The verdicts. NeedGrains and NeedPillar say that it depends on what is not
// known before the host was asked.
const (
	No Verdict = iota
	Yes
	NeedGrains
	NeedPillar
)

// String returns the verdict's name.
func (v Verdict) String() string {
	return [...]string{"no", "yes", "needs grains", "needs pillar"}[v]
}

// Facts are what is known of a host when a target is held against it: nil
// means not known yet, an empty dict that there is nothing.
type Facts struct {
	Grains *py.Dict
	Pillar *py.Dict
}

// Target decides which hosts are meant. It is immutable and may be shared by
// goroutines.
type Target interface {
	// Match holds the target against a host.
	Match(h *Host, facts Facts) Verdict
	// Kind is Salt's name of the target's type.
	Kind() string
	// String returns the expression as the user wrote it.
	String() string
}

// Groups are the named sets of hosts that a target can refer to.
type Groups struct {
	// List is ssh_list_nodegroups: names to lists of host names, or to text
	// with commas. It is all that salt-ssh knows.
	List *py.Dict
	// Compound is nodegroups: names to compound expressions or lists.
	Compound *py.Dict
	// Source are the roster's own groups (Roster.Groups).
	Source map[string][]HostID
}

// TargetKinds lists the types that NewTarget knows.
func TargetKinds() []string {
	return []string{"glob", "list", "pcre", "nodegroup", "compound", "grain", "grain_pcre", "pillar", "pillar_pcre", "pillar_exact", "ipcidr", "range"}
}

// NewTarget checks an expression. kind is Salt's name of the type, "" for
// glob; delimiter is for grain and pillar targets, "" for a colon. The error
// is a *TargetError.
func NewTarget(kind, expr, delimiter string, groups Groups) (Target, error) {
	if kind == "" {
		kind = "glob"
	}
	fail := func(err error, advice, format string, args ...any) (Target, error) {
		return nil, &TargetError{Target: expr, Kind: kind, Msg: fmt.Sprintf(format, args...), Advice: advice, Err: err}
	}
	if strings.TrimSpace(expr) == "" {
		return fail(nil, "name a host, or write '*' for all", "is empty")
	}
	switch kind {
	case "glob":
		return &globTarget{expr: expr, pattern: fnmatch.Compile(expr)}, nil
	case "list":
		return newListTarget(kind, expr, splitNames(expr)), nil
	case "nodegroup":
		return newNodegroup(expr, delimiter, groups)
	case "range":
		return fail(nil, "use a list (-L) or a glob", "range targets need a range server and are not supported")
	case "grain", "grain_pcre", "pillar", "pillar_pcre", "pillar_exact":
		d := delimiter
		if d == "" {
			d = match.DefaultDelimiter
		}
		if !strings.Contains(expr, d) {
			return fail(nil, "write key"+d+"value", "has no %q between key and value", d)
		}
	case "ipcidr":
		if _, err := netip.ParseAddr(expr); err != nil {
			p, err := netip.ParsePrefix(expr)
			if err != nil {
				return fail(nil, "write for example 10.0.0.0/24", "is neither an address nor a network")
			}
			if p.Masked() != p {
				return fail(nil, "write "+p.Masked().String(), "has host bits set")
			}
		}
	case "pcre", "compound":
	default:
		return fail(nil, "known types are "+strings.Join(TargetKinds(), ", "), "unknown target type")
	}
	return newMatchTarget(kind, expr, delimiter, groups)
}

// splitNames cuts a list of names at commas; blanks around a name are not part
// of it, unlike in salt-ssh, where `-L 'a, b'` loses b.
func splitNames(expr string) []string {
	var out []string
	for _, n := range strings.Split(expr, ",") {
		if n = strings.TrimSpace(n); n != "" && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

type globTarget struct {
	expr    string
	pattern *fnmatch.Pattern
}

func (t *globTarget) Kind() string   { return "glob" }
func (t *globTarget) String() string { return t.expr }

func (t *globTarget) Match(h *Host, _ Facts) Verdict { return verdict(t.pattern.Match(string(h.ID))) }

func verdict(yes bool) Verdict {
	if yes {
		return Yes
	}
	return No
}

// listTarget means hosts by name.
type listTarget struct {
	kind, expr string
	names      []string
	set        map[string]bool
}

func newListTarget(kind, expr string, names []string) *listTarget {
	t := &listTarget{kind: kind, expr: expr, names: names, set: map[string]bool{}}
	for _, n := range names {
		t.set[n] = true
	}
	return t
}

func (t *listTarget) Kind() string                   { return t.kind }
func (t *listTarget) String() string                 { return t.expr }
func (t *listTarget) Match(h *Host, _ Facts) Verdict { return verdict(t.set[string(h.ID)]) }

// newNodegroup looks a group up: in ssh_list_nodegroups, as salt-ssh does, then
// in the roster's groups and in nodegroups.
func newNodegroup(name, delimiter string, groups Groups) (Target, error) {
	if v, ok := groups.List.GetStr(name); ok {
		names, err := groupNames(v)
		if err != nil {
			return nil, &TargetError{Target: name, Kind: "nodegroup", Msg: "ssh_list_nodegroups", Err: err}
		}
		return newListTarget("nodegroup", name, names), nil
	}
	if ids, ok := groups.Source[name]; ok {
		names := make([]string, len(ids))
		for i, id := range ids {
			names[i] = string(id)
		}
		return newListTarget("nodegroup", name, names), nil
	}
	if groups.Compound.Has(name) {
		t, err := newMatchTarget("compound", "N@"+name, delimiter, groups)
		if err != nil {
			return nil, err
		}
		t.kind, t.shown = "nodegroup", name
		return t, nil
	}
	var known []string
	for _, d := range []*py.Dict{groups.List, groups.Compound} {
		for k := range d.All() {
			known = append(known, py.ToStr(k))
		}
	}
	known = append(known, slices.Sorted(maps.Keys(groups.Source))...)
	e := &TargetError{Target: name, Kind: "nodegroup", Msg: "there is no such nodegroup"}
	switch like := near(name, known); {
	case len(like) > 0:
		e.Advice = "did you mean " + strings.Join(like, ", ") + "?"
	case len(known) > 0:
		e.Advice = "there are " + strings.Join(known, ", ")
	default:
		e.Advice = "define it in ssh_list_nodegroups of the master file"
	}
	return nil, e
}

func groupNames(v py.Value) ([]string, error) {
	switch v := v.(type) {
	case py.Str:
		return splitNames(string(v)), nil
	case *py.List:
		var out []string
		for _, it := range v.Items {
			out = append(out, strings.TrimSpace(py.ToStr(it)))
		}
		return out, nil
	}
	return nil, fmt.Errorf("expected a list of host names, got %s", v.Type())
}

// matchTarget evaluates Salt's minion matchers against a roster's hosts.
// salt-ssh has none of them: its -C, -G, -P, -I and -S silently match nothing.
type matchTarget struct {
	kind, expr, delimiter string
	shown                 string // what the user wrote, when expr was made of it
	nodegroups            *py.Dict
}

// newMatchTarget checks an expression by evaluating it once, so that a bad
// regular expression or compound is found before any host is asked.
func newMatchTarget(kind, expr, delimiter string, groups Groups) (*matchTarget, error) {
	t := &matchTarget{kind: kind, expr: expr, shown: expr, delimiter: delimiter, nodegroups: py.NewDict()}
	for name, ids := range groups.Source {
		l := py.NewList()
		for _, id := range ids {
			l.Append(py.Str(id))
		}
		t.nodegroups.SetStr(name, l)
	}
	t.nodegroups.Update(groups.Compound)
	for k, v := range groups.List.All() {
		names, err := groupNames(v)
		if err != nil {
			return nil, &TargetError{Target: expr, Kind: kind, Msg: "ssh_list_nodegroups " + py.ToStr(k), Err: err}
		}
		t.nodegroups.SetStr(py.ToStr(k), py.Str("L@"+strings.Join(names, ",")))
	}
	var complaint string
	m := t.matcher(&Host{ID: "x"}, Facts{Grains: py.NewDict(), Pillar: py.NewDict()})
	m.Log = func(msg string) {
		if complaint == "" {
			complaint = msg
		}
	}
	if _, err := m.Match(kind, py.Str(expr), delimiter); err != nil {
		return nil, &TargetError{Target: expr, Kind: kind, Err: err}
	}
	if complaint != "" {
		e := &TargetError{Target: expr, Kind: kind, Msg: complaint}
		if kind == "compound" {
			e.Advice = "write words joined by and, or, not and parentheses, each with blanks around it"
		}
		return nil, e
	}
	return t, nil
}

func (t *matchTarget) Kind() string   { return t.kind }
func (t *matchTarget) String() string { return t.shown }

func (t *matchTarget) matcher(h *Host, f Facts) *match.Matcher {
	return &match.Matcher{
		Minion:     match.Minion{ID: string(h.ID), Grains: f.Grains, Pillar: f.Pillar},
		Nodegroups: t.nodegroups,
	}
}

// maxUnknown bounds the words whose answers are tried out; more than that and
// the host is asked anyway.
const maxUnknown = 8

// Match evaluates the target. While grains or pillar are missing, both answers
// of each word that needs them are tried: when the result is the same for all,
// the host need not be asked.
func (t *matchTarget) Match(h *Host, f Facts) Verdict {
	kind := t.kind
	if kind == "nodegroup" {
		kind = "compound"
	}
	if need := missing(kind, f); need != No {
		return need
	}
	var unknown []string
	need := No
	guess := map[string]bool{}
	m := t.matcher(h, f)
	m.Leaf = func(kind, pattern, delimiter string) (bool, bool) {
		n := missing(kind, f)
		if n == No {
			return false, false
		}
		if need == No || n == NeedGrains {
			need = n
		}
		key := kind + "\x00" + delimiter + "\x00" + pattern
		v, seen := guess[key]
		if !seen {
			guess[key] = false
			unknown = append(unknown, key)
		}
		return v, true
	}
	first, err := m.Match(kind, py.Str(t.expr), t.delimiter)
	if err != nil {
		return No // found by newMatchTarget, or an exception that depends on the host's data
	}
	if len(unknown) == 0 {
		return verdict(first)
	}
	if len(unknown) > maxUnknown {
		return need
	}
	for bits := 1; bits < 1<<len(unknown); bits++ {
		for i, key := range unknown {
			guess[key] = bits>>i&1 == 1
		}
		if v, err := m.Match(kind, py.Str(t.expr), t.delimiter); err != nil || v != first {
			return need
		}
	}
	return verdict(first)
}

// missing says what a matcher needs and the facts lack.
func missing(kind string, f Facts) Verdict {
	switch kind {
	case "grain", "grain_pcre", "ipcidr":
		if f.Grains == nil {
			return NeedGrains
		}
	case "pillar", "pillar_pcre", "pillar_exact":
		if f.Pillar == nil {
			return NeedPillar
		}
	}
	return No
}

// Selection is what a target means before the hosts are asked.
type Selection struct {
	// Yes are the hosts meant for sure.
	Yes []*Host
	// Maybe are those that depend on grains or pillar: match them again with
	// facts.
	Maybe []*Host
}

// Select applies a target to the roster. Errors are *NoMatchError when no host
// can be meant, *UnknownHostError for names of a list that the roster does not
// have, and Problems for mistakes in the entries of hosts that are meant.
func (r *Roster) Select(t Target) (Selection, error) {
	if g, ok := t.(*globTarget); ok {
		if id, bare := r.byDest[g.expr]; bare {
			t = &globTarget{expr: string(id), pattern: fnmatch.Literal(string(id))}
		}
	}
	var s Selection
	var problems Problems
	for _, id := range r.ids {
		h, ok := r.byID[id]
		if !ok {
			h = &Host{ID: id}
		}
		v := t.Match(h, Facts{})
		switch {
		case v == No:
		case !ok:
			problems = append(problems, r.Problems[id]...)
		case v == Yes:
			s.Yes = append(s.Yes, h)
		default:
			s.Maybe = append(s.Maybe, h)
		}
	}
	if l, ok := t.(*listTarget); ok {
		var unknown []HostID
		for _, n := range l.names {
			if !slices.Contains(r.ids, HostID(n)) {
				unknown = append(unknown, HostID(n))
			}
		}
		if len(unknown) > 0 {
			return Selection{}, &UnknownHostError{
				Target: t.String(), Kind: t.Kind(), Unknown: unknown, Known: r.IDs(), Near: r.near(string(unknown[0])),
			}
		}
	}
	if g, ok := t.(*globTarget); ok && g.pattern.Plain() && !slices.Contains(r.ids, HostID(g.expr)) {
		return Selection{}, &UnknownHostError{
			Target: t.String(), Kind: t.Kind(), Unknown: []HostID{HostID(g.expr)}, Known: r.IDs(), Near: r.near(g.expr),
		}
	}
	if len(problems) > 0 {
		return Selection{}, problems
	}
	if len(s.Yes)+len(s.Maybe) == 0 {
		return Selection{}, &NoMatchError{Target: t.String(), Kind: t.Kind(), Known: r.IDs(), Near: r.near(t.String())}
	}
	return s, nil
}

// NoMatch is the error for a target whose last candidates turned out not to be
// meant once their facts were known.
func (r *Roster) NoMatch(t Target) error {
	return &NoMatchError{Target: t.String(), Kind: t.Kind(), Known: r.IDs()}
}

func (r *Roster) near(name string) []HostID {
	ids := make([]string, len(r.ids))
	for i, id := range r.ids {
		ids[i] = string(id)
	}
	var out []HostID
	for _, n := range near(strings.Trim(name, "*?"), ids) {
		out = append(out, HostID(n))
	}
	return out
}
