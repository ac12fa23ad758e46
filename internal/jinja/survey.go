package jinja

import (
	"context"
	"errors"
	"strings"

	"pinch/internal/py"
)

// Survey is what a template, and all that it includes, imports and extends,
// may reach for.
type Survey struct {
	// Needs are those of all files, each use with its file.
	Needs
	// Files are the files behind the template, in the order in which they were
	// found.
	Files []string
	// Missing are the templates that do not exist and are not optional.
	Missing []TemplateUse
	// Unknown are the templates whose names are not known before the run.
	Unknown []TemplateUse
	// Errors are the *Error of the files that do not parse.
	Errors []error
}

// The bounds of a survey. A template that needs more is reported as unknown.
const (
	surveyDepth = 50
	surveyFiles = 2000
	surveyTwice = 8 // times that one file is looked at, with other variables
)

// Pure says that rendering calls no function but those of which pure is true.
func (s *Survey) Pure(pure func(fun string) bool) bool {
	for i := range s.Functions {
		if f := &s.Functions[i]; f.How != Asked && !(f.Name != "" && pure(f.Name)) {
			return false
		}
	}
	return len(s.Unknown) == 0 && len(s.Errors) == 0
}

// SurveySalt surveys a template that RenderSalt would be given with the same
// arguments. Variables of r that are there count as known: with tpldir or
// slspath alone, most names of imports that a template computes from them are
// found. The error says that the template itself cannot be parsed (an
// *Error), or is the context's.
func SurveySalt(ctx context.Context, name, source string, r *Render) (*Survey, error) {
	run, sls := saltRender(name, r)
	t, _, err := parseSalt(source, run, sls)
	if err != nil {
		return nil, err
	}
	s := &surveyor{ctx: ctx, main: t, rt: newRuntime(ctx, t, run), seen: map[surveyKey]bool{}, count: map[*Template]int{}}
	if len(t.source) < len(source) { // all but a header is the same
		s.cut = 1
		if strings.HasPrefix(source, "#!") {
			s.cut = 2
		}
	}
	known := py.NewDict()
	for k, v := range run.Vars.All() {
		if n := py.ToStr(k); n != "salt" {
			known.SetStr(n, v)
		}
	}
	s.root = known
	s.template(t, known.Copy(), 0)
	return &s.out, ctx.Err()
}

type surveyor struct {
	ctx   context.Context
	main  *Template
	cut   int // the line of its header, or 0
	rt    *runtime
	root  *py.Dict // what is known without context
	out   Survey
	seen  map[surveyKey]bool
	count map[*Template]int
}

type surveyKey struct {
	t     *Template
	known string
}

// template surveys t and what it names. known are the variables that it has.
func (s *surveyor) template(t *Template, known *py.Dict, depth int) {
	a := newAnalysis(t)
	key := surveyKey{t, a.signature(known)}
	if s.seen[key] || s.count[t] >= surveyTwice || s.ctx.Err() != nil {
		return
	}
	first := s.count[t] == 0
	s.seen[key] = true
	s.count[t]++
	a.survey, a.known, a.depth = s, known, depth
	if t == s.main {
		a.cut = s.cut
	}
	a.list(t.ast, false)
	if first {
		s.out.Merge(&a.needs)
		return
	}
	// What the file itself needs is known; names may come out anew.
	for _, u := range a.needs.Templates {
		if u.Name != "" && !s.out.has(&u) {
			s.out.Templates = append(s.out.Templates, u)
		}
	}
}

func (s *Survey) has(u *TemplateUse) bool {
	for i := range s.Templates {
		if o := &s.Templates[i]; o.Name == u.Name && o.Pos == u.Pos {
			return true
		}
	}
	return false
}

// signature tells apart the known variables that the template reads.
func (a *analysis) signature(known *py.Dict) string {
	var b strings.Builder
	seen := map[string]bool{}
	walkAll(a.t.ast, func(n node) bool {
		if n, ok := n.(*nameNode); ok && a.reads[n] && !seen[n.name] {
			seen[n.name] = true
			if s, ok := known.Lookup(n.name).(py.Str); ok {
				b.WriteString(n.name + "=" + string(s) + "\x00")
			}
		}
		return true
	})
	return b.String()
}

// follow surveys the template that u names.
func (s *surveyor) follow(a *analysis, u *TemplateUse) {
	if u.Name == "" || a.depth >= surveyDepth || len(s.count) >= surveyFiles {
		s.out.Unknown = append(s.out.Unknown, *u)
		return
	}
	l, err := s.rt.load(u.Name)
	if err != nil {
		var e *Error
		switch {
		case IsNotFound(err):
			if !u.Optional {
				s.out.Missing = append(s.out.Missing, *u)
			}
		case errors.As(err, &e):
			s.out.Errors = append(s.out.Errors, e)
		case s.ctx.Err() == nil:
			s.out.Errors = append(s.out.Errors, &Error{Kind: OtherError, Message: err.Error(), File: u.Pos.File, Line: u.Pos.Line, Err: err})
		}
		return
	}
	known := s.root
	if u.WithContext {
		known = a.known
	}
	known = known.Copy()
	if s.rt.tpl != nil && (!u.WithContext || u.Tag != "extends") {
		known.Update(s.rt.tpl)
	}
	if s.count[l.t] == 0 {
		s.out.Files = append(s.out.Files, l.t.file)
	}
	s.template(l.t, known, a.depth+1)
}

// name returns the text that an expression is known to have.
func (a *analysis) name(n node) string {
	v, ok := a.value(n)
	if !ok {
		return ""
	}
	s, _ := strOf(v)
	return s
}

// value evaluates an expression all of whose names are known, when doing so
// can change nothing and costs little.
func (a *analysis) value(n node) (py.Value, bool) {
	if k, ok := n.(*constNode); ok {
		return k.value, true
	}
	sure := true
	walk(n, func(n node) bool {
		switch n := n.(type) {
		case *nameNode:
			sure = sure && a.known.Has(n.name)
		case *callNode:
			m, ok := n.node.(*getattrNode)
			sure = sure && ok && surveyMethods[m.attr]
		case *filterNode:
			sure = sure && surveyFilters[n.name]
		case *testNode:
			sure = sure && (n.name == "defined" || n.name == "none" || n.name == "string" || n.name == "mapping")
		case *profileNode, *profileEndNode:
			sure = false
		}
		return sure
	})
	if !sure {
		return nil, false
	}
	t := &Template{opts: a.t.opts, env: a.env}
	body := []node{&assignNode{at(n.lineno()), &nameNode{hidden(at(n.lineno())), "value", ctxStore}, n}}
	if (&compiler{t: t, o: &t.opts, env: a.env}).template(body) != nil {
		return nil, false
	}
	rt := newRuntime(a.survey.ctx, t, &Render{Vars: a.known, Budget: Budget{Steps: 100_000, Output: 1 << 20}})
	m, err := rt.makeModule(t, rt.globalScope())
	if err != nil {
		return nil, false // the run will tell
	}
	v, ok := m.vars.GetStr("value")
	if _, undefined := v.(*Undefined); undefined || !ok {
		return nil, false
	}
	return v, true
}

// surveyMethods are methods that change nothing and take no functions.
var surveyMethods = map[string]bool{
	"split": true, "rsplit": true, "replace": true, "strip": true, "lstrip": true, "rstrip": true, "lower": true, "upper": true,
	"title": true, "capitalize": true, "join": true, "format": true, "startswith": true, "endswith": true, "partition": true,
	"rpartition": true, "splitlines": true, "get": true, "removeprefix": true, "removesuffix": true,
}

// surveyFilters are filters that change nothing and take no functions.
var surveyFilters = map[string]bool{
	"replace": true, "lower": true, "upper": true, "title": true, "capitalize": true, "trim": true, "string": true, "join": true,
	"first": true, "last": true, "default": true, "d": true, "int": true, "list": true, "regex_replace": true, "path_join": true,
}
