package jinja

import (
	"strconv"
	"strings"

	"pinch/internal/py"
)

// Filter is a filter or a test: v is the value before the bar (or before
// "is"), args are the arguments. c is the context it runs in; a filter that
// works on plain values ignores it. A test returns a bool.
//
// Filters are kept in one immutable table per kind of environment, see env.go.
// Most are made with fn, which checks the arguments.
type Filter func(c *Context, v py.Value, args *py.Args) (py.Value, error)

// signature is a Python function's parameter list. It binds arguments with
// the errors that CPython words.
type signature struct {
	name     string
	params   []param
	hidden   int  // leading parameters that Jinja passes itself
	varargs  bool // *args
	kwargs   bool // **kwargs
	required int
}

type param struct {
	name string
	def  py.Value // nil: required
}

// sig parses a Python signature such as
// "do_indent(s, width=4, first=False)". Leading parameters named environment,
// context, eval_ctx or self are passed by Jinja; "*args" and "**kwargs" take the
// rest. Defaults are Python literals: int, float, quoted string, None, True,
// False.
func sig(text string) *signature {
	name, rest, _ := strings.Cut(text, "(")
	s := &signature{name: name}
	rest = strings.TrimSuffix(rest, ")")
	for _, p := range splitParams(rest) {
		switch {
		case strings.HasPrefix(p, "**"):
			s.kwargs = true
			continue
		case strings.HasPrefix(p, "*"):
			s.varargs = true
			continue
		}
		name, def, has := strings.Cut(p, "=")
		switch name {
		case "environment", "env", "context", "eval_ctx", "self":
			s.hidden++
			continue
		}
		q := param{name: name}
		if has {
			q.def = literal(def)
		} else {
			s.required++
		}
		s.params = append(s.params, q)
	}
	return s
}

func splitParams(s string) []string {
	var out []string
	quoted := byte(0)
	start := 0
	for i := 0; i <= len(s); i++ {
		if i == len(s) || s[i] == ',' && quoted == 0 {
			if p := strings.TrimSpace(s[start:i]); p != "" {
				out = append(out, p)
			}
			start = i + 1
			continue
		}
		switch c := s[i]; {
		case quoted == 0 && (c == '\'' || c == '"'):
			quoted = c
		case c == quoted:
			quoted = 0
		}
	}
	return out
}

func literal(s string) py.Value {
	switch s {
	case "None":
		return py.None
	case "True":
		return py.True
	case "False":
		return py.False
	}
	if s[0] == '\'' || s[0] == '"' {
		return py.Str(s[1 : len(s)-1])
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return py.Int(i)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic("jinja: bad default in signature: " + s)
	}
	return py.Float(f)
}

// bind returns one value per parameter. v, when not nil, is the first
// positional argument. With *args or **kwargs use bindRest.
func (s *signature) bind(v py.Value, args *py.Args) ([]py.Value, error) {
	if len(args.Kw) == 0 { // the usual case
		n := len(args.Pos)
		if v != nil {
			n++
		}
		if n <= len(s.params) && n >= s.required {
			out := make([]py.Value, len(s.params))
			i := 0
			if v != nil {
				out[0] = v
				i = 1
			}
			copy(out[i:], args.Pos)
			for i := n; i < len(out); i++ {
				out[i] = s.params[i].def
			}
			return out, nil
		}
	}
	out, _, err := s.bindRest(v, args)
	return out, err
}

// bindRest is bind that also returns what *args and **kwargs took.
func (s *signature) bindRest(v py.Value, args *py.Args) ([]py.Value, *py.Args, error) {
	out := make([]py.Value, len(s.params))
	rest := &py.Args{}
	n := 0
	put := func(a py.Value) {
		if n < len(out) {
			out[n] = a
		} else {
			rest.Pos = append(rest.Pos, a)
		}
		n++
	}
	if v != nil {
		put(v)
	}
	for _, a := range args.Pos {
		put(a)
	}
	for _, k := range args.Kw {
		i := s.index(k.Name)
		switch {
		case i < 0 && s.kwargs:
			rest.Kw = append(rest.Kw, k)
		case i < 0:
			return nil, nil, py.TypeErrorf("%s() got an unexpected keyword argument '%s'", s.name, k.Name)
		case out[i] != nil:
			return nil, nil, py.TypeErrorf("%s() got multiple values for argument '%s'", s.name, k.Name)
		default:
			out[i] = k.Value
		}
	}
	if n > len(s.params) && !s.varargs {
		return nil, nil, s.tooMany(n)
	}
	var missing []string
	for i, p := range s.params {
		if out[i] != nil {
			continue
		}
		if p.def == nil {
			missing = append(missing, "'"+p.name+"'")
		}
		out[i] = p.def
	}
	if missing != nil {
		return nil, nil, py.TypeErrorf("%s() missing %d required positional argument%s: %s", s.name, len(missing), plural(len(missing)), listAnd(missing))
	}
	return out, rest, nil
}

func (s *signature) index(name string) int {
	for i, p := range s.params {
		if p.name == name {
			return i
		}
	}
	return -1
}

func (s *signature) tooMany(given int) error {
	given += s.hidden
	lo, hi := s.required+s.hidden, len(s.params)+s.hidden
	verb := "were"
	if given == 1 {
		verb = "was"
	}
	if lo != hi {
		return py.TypeErrorf("%s() takes from %d to %d positional arguments but %d %s given", s.name, lo, hi, given, verb)
	}
	return py.TypeErrorf("%s() takes %d positional argument%s but %d %s given", s.name, hi, plural(hi), given, verb)
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

func listAnd(s []string) string {
	switch len(s) {
	case 1:
		return s[0]
	case 2:
		return s[0] + " and " + s[1]
	}
	return strings.Join(s[:len(s)-1], ", ") + ", and " + s[len(s)-1]
}

// fn makes a Filter of a function that gets its arguments bound to the
// signature: a[0] is the value itself.
func fn(signature string, f func(c *Context, a []py.Value) (py.Value, error)) Filter {
	s := sig(signature)
	simple := len(s.params) == 1 && !s.varargs && !s.kwargs
	return func(c *Context, v py.Value, args *py.Args) (py.Value, error) {
		if simple && len(args.Pos) == 0 && len(args.Kw) == 0 && v != nil {
			one := [1]py.Value{v}
			return f(c, one[:])
		}
		a, err := s.bind(v, args)
		if err != nil {
			return nil, err
		}
		return f(c, a)
	}
}

// fnRest is fn for a signature with *args or **kwargs.
func fnRest(signature string, f func(c *Context, a []py.Value, rest *py.Args) (py.Value, error)) Filter {
	s := sig(signature)
	return func(c *Context, v py.Value, args *py.Args) (py.Value, error) {
		a, rest, err := s.bindRest(v, args)
		if err != nil {
			return nil, err
		}
		return f(c, a, rest)
	}
}

// builtinFn makes a Filter of a function written in C, which counts its
// arguments in its own words: "len() takes exactly one argument (2 given)".
func builtinFn(name string, f func(c *Context, v py.Value) (py.Value, error)) Filter {
	return func(c *Context, v py.Value, args *py.Args) (py.Value, error) {
		if err := noKeywords(name, args); err != nil {
			return nil, err
		}
		if n := len(args.Pos); n > 0 {
			return nil, py.TypeErrorf("%s() takes exactly one argument (%d given)", name, n+1)
		}
		return f(c, v)
	}
}

func noKeywords(name string, a *py.Args) error {
	if len(a.Kw) > 0 {
		return py.TypeErrorf("%s() takes no keyword arguments", name)
	}
	return nil
}

func noArguments(name string, a *py.Args) error {
	if err := noKeywords(name, a); err != nil {
		return err
	}
	if len(a.Pos) > 0 {
		return py.TypeErrorf("%s() takes 1 positional argument but %d were given", name, len(a.Pos)+1)
	}
	return nil
}

// intOf is an argument that Python uses as an int.
func intOf(v py.Value) (int, error) {
	if u, ok := v.(*Undefined); ok {
		return 0, u.fail()
	}
	i, err := py.Index(v)
	if err != nil {
		return 0, err
	}
	n, ok := py.AsInt(i)
	if !ok {
		return 0, py.Errorf("OverflowError", "Python int too large to convert to C ssize_t")
	}
	return int(n), nil
}

var loopCallSig = sig("LoopContext.__call__(self, iterable)")
