package compilecmd

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/py"
)

// Rules answer the calls that templates make to the host: of each function's
// rules the first that fits. They are a saltfun.Caller.
type Rules struct {
	byFun  map[string][]rule
	custom map[string]bool // modules that the tree brings
}

type rule struct {
	args   []py.Value // nil: any
	kwargs *py.Dict   // nil: any
	ret    py.Value
}

// anyValue stands for any one value in a rule's arguments.
const anyValue = py.Str("${any}")

func newRules(job *py.Dict) (*Rules, error) {
	r := &Rules{byFun: map[string][]rule{}, custom: map[string]bool{}}
	items, err := list(job, "execution")
	if err != nil {
		return nil, err
	}
	for _, it := range items {
		d, ok := it.(*py.Dict)
		if !ok {
			return nil, fmt.Errorf("execution: a rule must be an object, not %s", it.Type())
		}
		one := rule{ret: d.Lookup("return")}
		if one.ret == nil {
			one.ret = py.None
		}
		if d.Has("args") {
			if one.args, err = list(d, "args"); err != nil {
				return nil, fmt.Errorf("execution: %w", err)
			}
			if one.args == nil {
				one.args = []py.Value{}
			}
		}
		if kw, ok := d.Lookup("kwargs").(*py.Dict); ok {
			one.kwargs = kw
		}
		fun := d.String("fun")
		r.byFun[fun] = append(r.byFun[fun], one)
	}
	custom, err := list(job, "custom_modules")
	if err != nil {
		return nil, err
	}
	for _, m := range custom {
		r.custom[py.ToStr(m)] = true
	}
	return r, nil
}

// Overrides implements saltfun.Overrider: a rule wins over a function that
// needs no host.
func (r *Rules) Overrides(fun string) bool { return len(r.byFun[fun]) > 0 }

// Knows implements saltfun.Knower.
func (r *Rules) Knows(name string) bool {
	module, _, dotted := strings.Cut(name, ".")
	if r.custom[module] {
		return true
	}
	if dotted {
		return len(r.byFun[name]) > 0
	}
	for fun := range r.byFun {
		if strings.HasPrefix(fun, name+".") {
			return true
		}
	}
	return false
}

// Call implements saltfun.Caller. A call that no rule answers is an error.
func (r *Rules) Call(_ context.Context, fun string, args *py.Args) (py.Value, error) {
	for _, one := range r.byFun[fun] {
		fits, err := one.fits(args)
		if err != nil {
			return nil, err
		}
		if fits {
			return py.DeepCopy(one.ret), nil
		}
	}
	return nil, &NoAnswerError{Call: call(fun, args)}
}

// NoAnswerError says that a template called a function of the host and no rule
// of the job answers it.
type NoAnswerError struct{ Call string }

// Error implements error.
func (e *NoAnswerError) Error() string {
	return e.Call + " needs the host, and no rule for execution answers it"
}

func (o *rule) fits(args *py.Args) (bool, error) {
	if o.args != nil {
		if len(o.args) != len(args.Pos) {
			return false, nil
		}
		for i, want := range o.args {
			if want == py.Value(anyValue) {
				continue
			}
			if same, err := sameJSON(want, args.Pos[i]); err != nil || !same {
				return false, err
			}
		}
	}
	if o.kwargs == nil {
		return true, nil
	}
	return sameJSON(plain(o.kwargs), plain(args.KwDict()))
}

// sameJSON compares as JSON does: tuples are lists, and the class of a mapping
// does not count.
func sameJSON(a, b py.Value) (bool, error) { return py.Equal(plain(a), plain(b)) }

func plain(v py.Value) py.Value {
	switch v := v.(type) {
	case *py.Dict:
		out := py.NewDict()
		for k, x := range v.All() {
			_ = out.Set(k, plain(x)) // k is a key already
		}
		return out
	case *py.List:
		out := py.NewList()
		for _, x := range v.Items {
			out.Append(plain(x))
		}
		return out
	case py.Tuple:
		return plain(py.NewList(v...))
	}
	return v
}

func call(fun string, args *py.Args) string {
	var parts []string
	for _, v := range args.Pos {
		parts = append(parts, py.Repr(v))
	}
	for _, k := range args.Kw {
		parts = append(parts, k.Name+"="+py.Repr(k.Value))
	}
	return fun + "(" + strings.Join(parts, ", ") + ")"
}
