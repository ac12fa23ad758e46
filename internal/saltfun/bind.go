package saltfun

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/py"
)

// function is one declared function.
type function struct {
	name   string // "pillar.get"
	pyName string // as Python's messages name it
	params []param
	// args and kwargs take what no parameter takes.
	args, kwargs bool
	positional   int // parameters that may be given by position
	run          func(c *call) (py.Value, error)
	// here says whether the function can be answered for a host; nil is always.
	here func(h *Host) bool
}

type param struct {
	name     string
	def      py.Value // nil: required
	required bool
	// looksAt says that the function looks at the argument whatever it is, so
	// that an undefined one fails at once.
	looksAt bool
}

// call is one call with its arguments bound.
type call struct {
	ctx    context.Context
	h      *Host
	fn     *function
	values []py.Value
	rest   []py.Value
	kw     *py.Dict
}

// arg returns the argument of a parameter.
func (c *call) arg(name string) py.Value {
	for i := range c.fn.params {
		if c.fn.params[i].name == name {
			return c.values[i]
		}
	}
	panic("saltfun: " + c.fn.name + " has no parameter " + name)
}

// is says whether the argument is true.
func (c *call) is(name string) bool { return py.IsTrue(c.arg(name)) }

// none says whether the argument is None.
func (c *call) none(name string) bool {
	_, ok := c.arg(name).(py.NoneType)
	return ok
}

// text returns a str argument; another type is the AttributeError or TypeError
// that Python would run into first.
func (c *call) text(name string) (string, error) {
	v := c.arg(name)
	if s, ok := v.(py.Str); ok {
		return string(s), nil
	}
	return "", py.TypeErrorf("expected str, bytes or os.PathLike object, not %s", py.TypeName(v))
}

// env returns the saltenv argument, by default the host's.
func (c *call) env(name string) string {
	v := c.arg(name)
	if !py.IsTrue(v) {
		return c.h.saltEnv()
	}
	return py.ToStr(v)
}

// parse reads a Python parameter list: "key, default=”, *, merge=False". A "!"
// behind a name is param.looksAt.
// Defaults are None, True, False, quoted text, whole numbers, or the marker
// NOT_SET.
func parse(name, signature string, run func(c *call) (py.Value, error)) *function {
	fn := &function{name: name, run: run}
	fn.pyName = name[strings.LastIndexByte(name, '.')+1:]
	byPosition := true
	for _, part := range strings.Split(signature, ", ") {
		switch {
		case part == "":
			continue
		case part == "*":
			byPosition = false
			continue
		case strings.HasPrefix(part, "**"):
			fn.kwargs = true
			continue
		case strings.HasPrefix(part, "*"):
			fn.args, byPosition = true, false
			continue
		}
		p := param{}
		var def string
		var has bool
		p.name, def, has = strings.Cut(part, "=")
		p.name, p.looksAt = strings.CutSuffix(p.name, "!")
		p.required = !has
		if has {
			p.def = literal(def)
		}
		fn.params = append(fn.params, p)
		if byPosition {
			fn.positional++
		}
	}
	return fn
}

// notSet is Salt's NOT_SET, the default that pillar.get tells from any value.
type notSet struct{}

// Type implements py.Value.
func (notSet) Type() string { return "str" }

func literal(s string) py.Value {
	switch {
	case s == "None":
		return py.None
	case s == "True":
		return py.True
	case s == "False":
		return py.False
	case s == "NOT_SET":
		return notSet{}
	case strings.HasPrefix(s, "'"):
		return py.Str(strings.Trim(s, "'"))
	}
	n := 0
	if _, err := fmt.Sscanf(s, "%d", &n); err != nil {
		panic("saltfun: default " + s)
	}
	return py.Int(n)
}

// bind assigns arguments to parameters as Python does.
func (fn *function) bind(ctx context.Context, h *Host, args *py.Args) (*call, error) {
	c := &call{ctx: ctx, h: h, fn: fn, values: make([]py.Value, len(fn.params))}
	if fn.kwargs {
		c.kw = py.NewDict()
	}
	for i, v := range args.Pos {
		switch {
		case i < fn.positional:
			c.values[i] = v
		case fn.args:
			c.rest = append(c.rest, v)
		default:
			return nil, fn.tooMany(len(args.Pos))
		}
	}
	for _, k := range args.Kw {
		i := fn.index(k.Name)
		switch {
		case i >= 0 && c.values[i] != nil:
			return nil, py.TypeErrorf("%s() got multiple values for argument '%s'", fn.pyName, k.Name)
		case i >= 0:
			c.values[i] = k.Value
		case fn.kwargs:
			c.kw.SetStr(k.Name, k.Value)
		default:
			return nil, py.TypeErrorf("%s() got an unexpected keyword argument '%s'", fn.pyName, k.Name)
		}
	}
	var missing []string
	for i, p := range fn.params {
		if c.values[i] != nil {
			continue
		}
		if p.required {
			missing = append(missing, "'"+p.name+"'")
			continue
		}
		c.values[i] = p.def
	}
	if len(missing) > 0 {
		return nil, py.TypeErrorf("%s() missing %d required positional argument%s: %s",
			fn.pyName, len(missing), plural(len(missing)), listing(missing))
	}
	for i := range fn.params {
		if fn.params[i].looksAt {
			if _, err := py.Truth(c.values[i]); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

func (fn *function) index(name string) int {
	for i := range fn.params {
		if fn.params[i].name == name {
			return i
		}
	}
	return -1
}

func (fn *function) tooMany(given int) error {
	required := 0
	for _, p := range fn.params[:fn.positional] {
		if p.required {
			required++
		}
	}
	takes := fmt.Sprintf("%d positional argument%s", fn.positional, plural(fn.positional))
	if required != fn.positional {
		takes = fmt.Sprintf("from %d to %d positional arguments", required, fn.positional)
	}
	verb := "were"
	if given == 1 {
		verb = "was"
	}
	return py.TypeErrorf("%s() takes %s but %d %s given", fn.pyName, takes, given, verb)
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

func listing(names []string) string {
	switch n := len(names); n {
	case 1:
		return names[0]
	case 2:
		return names[0] + " and " + names[1]
	default:
		return strings.Join(names[:n-1], ", ") + ", and " + names[n-1]
	}
}
