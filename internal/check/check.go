// Package check looks at a state tree before any host is contacted and says
// what pinch will not do there: functions, arguments, renderers, filters that
// it does not have, Python of the tree's own, files that are named and not
// there. Nothing is rendered. What stands in a template is found in its syntax
// tree (jinja.Survey); the states of an SLS are found in its outline, with the
// Jinja taken out, so those of all branches count and what a template computes
// is not known: such places are told apart.
//
// It is used by `pinch check`.
package check

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"pinch/modules"
	"pinch/states"
)

// Kind says what a finding is about.
type Kind string

// The kinds of findings.
const (
	StateFunction Kind = "state function"
	Argument      Kind = "argument"
	Function      Kind = "execution function"
	Filter        Kind = "filter"
	JinjaTest     Kind = "Jinja test"
	Renderer      Kind = "renderer"
	Python        Kind = "Python module"
	Missing       Kind = "missing file"
	Syntax        Kind = "syntax"
)

// Finding is one thing that will not work, and where. Line and Col count from
// 1, Col in characters; 0 is unknown.
type Finding struct {
	File      string
	Line, Col int
	Kind      Kind
	Text      string
	// Branch says that the place is reached under a condition only.
	Branch bool
}

// String is file:line:col: text.
func (f *Finding) String() string {
	s := f.File
	if f.Line > 0 {
		s += fmt.Sprintf(":%d", f.Line)
		if f.Col > 0 {
			s += fmt.Sprintf(":%d", f.Col)
		}
	}
	s += ": " + f.Text
	if f.Branch {
		s += " [in a branch]"
	}
	return s
}

// Report is what was found.
type Report struct {
	// Findings are sorted by place.
	Findings []Finding
	// Notes are the places of which only rendering tells what they make.
	Notes []Finding
	// SLS, Pillars and Templates are how many files were looked at.
	SLS, Pillars, Templates int
}

// Options are what the tree is compared with.
type Options struct {
	Registry *modules.Registry
	// Functions are the execution functions beside the registry's: those that
	// need no host.
	Functions []string
}

// checker is one check.
type checker struct {
	tree   *states.Tree
	reg    *modules.Registry
	execs  map[string]bool
	names  []string // of execution functions
	own    map[string]ownFunction
	report *Report
	seen   map[string]bool // findings, by text
	asked  map[string]bool // templates of states, by path
	// surveyed are the files that another template imports, by path.
	surveyed map[string]bool
}

// Run checks a tree. An error is the context's.
func Run(ctx context.Context, tree *states.Tree, o Options) (*Report, error) {
	c := &checker{
		tree: tree, reg: o.Registry, execs: map[string]bool{}, own: map[string]ownFunction{}, report: &Report{},
		seen: map[string]bool{}, asked: map[string]bool{}, surveyed: map[string]bool{},
	}
	c.names = append(c.names, o.Functions...)
	c.names = append(c.names, o.Registry.Names(modules.ExecKind)...)
	for _, n := range c.names {
		c.execs[n] = true
	}
	for _, part := range []func(context.Context) error{c.python, c.stateFiles, c.pillarFiles} {
		if err := part(ctx); err != nil {
			return nil, err
		}
	}
	for _, l := range [][]Finding{c.report.Findings, c.report.Notes} {
		slices.SortStableFunc(l, func(a, b Finding) int {
			return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
		})
	}
	return c.report, ctx.Err()
}

// add keeps a finding once.
func (c *checker) add(f Finding) {
	key := fmt.Sprintf("%s\x00%d\x00%d\x00%s", f.File, f.Line, f.Col, f.Text)
	if c.seen[key] {
		return
	}
	c.seen[key] = true
	c.report.Findings = append(c.report.Findings, f)
}

func (c *checker) note(f Finding) {
	key := fmt.Sprintf("%s\x00%d\x00%d", f.File, f.Line, f.Col)
	if c.seen[key] {
		return
	}
	c.seen[key] = true
	c.report.Notes = append(c.report.Notes, f)
}

// Counts returns how many findings there are of each kind, most first.
func (r *Report) Counts() []Count {
	n := map[Kind]int{}
	for i := range r.Findings {
		n[r.Findings[i].Kind]++
	}
	var out []Count
	for k, v := range n {
		out = append(out, Count{k, v})
	}
	slices.SortFunc(out, func(a, b Count) int { return cmp.Or(b.N-a.N, strings.Compare(string(a.Kind), string(b.Kind))) })
	return out
}

// Count is a number of findings.
type Count struct {
	Kind Kind
	N    int
}

func (c Count) String() string {
	if c.N == 1 {
		return "1 " + string(c.Kind)
	}
	switch c.Kind {
	case Syntax:
		return fmt.Sprintf("%d syntax errors", c.N)
	default:
		return fmt.Sprintf("%d %ss", c.N, c.Kind)
	}
}
