// Package module has Salt's module states: they call execution functions.
package module

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	waits := func(name string) *modules.Func {
		return modules.State[runArgs]{Name: "module." + name, Watch: check,
			Doc:   "Calls execution functions only when a watched state has changed something.\n\n```yaml\nreload:\n  module." + name + ":\n    - name: service.systemctl_reload\n```",
			Check: func(context.Context, *modules.Call, *runArgs) (modules.Plan, error) { return modules.InOrder(""), nil }}.Func()
	}
	return []*modules.Func{
		modules.State[runArgs]{Name: "module.run", Check: check, Watch: check,
			Doc: "Calls execution functions.\n\n```yaml\nreload:\n  module.run:\n    - service.systemctl_reload: []\nold form:\n  module.run:\n    - name: test.echo\n    - text: hello\n```"}.Func(),
		waits("wait"), waits("watch"),
	}
}

type runArgs struct {
	Name string   `arg:"name,required" doc:"The function, in the old form."`
	Args *py.Dict `arg:"**"`
}

// check tells the two forms apart: in the new one every argument is a
// function's name.
func check(ctx context.Context, c *modules.Call, a *runArgs) (modules.Plan, error) {
	kw := py.NewDict()
	legacy := true
	for k, v := range a.Args.All() {
		key := py.ToStr(k)
		if key == "__reqs__" || key == "sfun" {
			continue
		}
		if kw.Len() == 0 {
			legacy = false
		}
		legacy = legacy || !strings.Contains(key, ".")
		kw.SetStr(key, v)
	}
	find, ok := c.Funcs.(modules.Finder)
	if !ok {
		return modules.Plan{}, errors.New("module.run: functions cannot be looked up here")
	}
	if legacy {
		return legacyPlan(ctx, c, find, a.Name, kw), nil
	}
	return newPlan(c, find, kw, py.NewList(a.Args.Keys()...)), nil
}

// available finds a function that this host can run.
func available(c *modules.Call, find modules.Finder, name string) *modules.Func {
	f := find.Find(name)
	if f == nil {
		return nil
	}
	if ok, _ := f.Virtual(c); !ok {
		return nil
	}
	return f
}

// newPlan calls the functions of kw. names is what Salt puts in the place of
// the state's name: all its arguments, also those that a mod_watch is given.
func newPlan(c *modules.Call, find modules.Finder, kw *py.Dict, names *py.List) modules.Plan {
	var missing, tests []string
	for k := range kw.All() {
		key := py.ToStr(k)
		fun, _, _ := strings.Cut(key, ":")
		if available(c, find, fun) == nil {
			missing = append(missing, fun)
		} else if c.Test {
			tests = append(tests, fun)
		}
	}
	done := modules.Done{Extra: py.DictOf("name", names)}
	if len(missing)+len(tests) > 0 {
		var parts []string
		if len(missing) > 0 {
			parts = append(parts, fmt.Sprintf("Unavailable function%s: %s.", plural(missing), strings.Join(missing, ", ")))
		}
		if len(tests) > 0 {
			parts = append(parts, fmt.Sprintf("Function%s %s to be executed.", plural(tests), strings.Join(tests, ", ")))
		}
		done.Comment, done.Result = strings.Join(parts, " "), low.None
		if len(missing) > 0 {
			done.Result = low.False
		}
		return modules.Plan{Would: done}
	}
	return modules.Plan{Would: done, Apply: func(ctx context.Context, _ host.Writer) (modules.Done, error) {
		return callAll(ctx, c, find, kw, done)
	}}
}

// plural is what Salt's message has in the place of an s.
func plural(names []string) string {
	if len(names) > 1 {
		return "True"
	}
	return ""
}

func callAll(ctx context.Context, c *modules.Call, find modules.Finder, kw *py.Dict, done modules.Done) (modules.Done, error) {
	var failures, successes []string
	changes := py.NewDict()
	for k, v := range kw.All() {
		key := py.ToStr(k)
		fun, _, _ := strings.Cut(key, ":")
		args, missing := splitArgs(find.Find(fun), v)
		if len(missing) > 0 {
			failures = append(failures, fmt.Sprintf("'%s' failed: Missing arguments: %s", key, strings.Join(missing, ", ")))
			continue
		}
		ret, err := c.Funcs.Call(ctx, fun, args)
		if err != nil {
			text, caught := invocationError(err)
			if !caught {
				return modules.Done{}, err
			}
			failures = append(failures, fmt.Sprintf("'%s' failed: %s", key, text))
			continue
		}
		d, isDict := ret.(*py.Dict)
		switch {
		case !good(ret) && isDict:
			failures = append(failures, fmt.Sprintf("'%s' failed: %s", key, comment(d, "(error message N/A)")))
		case !good(ret):
			failures = append(failures, fmt.Sprintf("'%s': %s", key, py.ToStr(ret)))
		default:
			text := py.ToStr(ret)
			if isDict {
				text = comment(d, "Success")
			}
			successes = append(successes, key+": "+text)
			changes.SetStr(key, ret)
		}
	}
	done.Comment = strings.Join(append(failures, successes...), ", ")
	done.Result, done.Changes = low.TriOf(py.Bool(len(failures) == 0)), changes
	return done, nil
}

func comment(d *py.Dict, other string) string {
	if v, ok := d.GetStr("comment"); ok {
		return py.ToStr(v)
	}
	return other
}

// invocationError says whether Salt catches the error here.
func invocationError(err error) (string, bool) {
	var bind *modules.BindError
	var salt *modules.Error
	var exc *py.Error
	switch {
	case errors.As(err, &bind):
		return bind.Msg, true
	case errors.As(err, &salt):
		return salt.Msg, salt.Class == "SaltInvocationError"
	case errors.As(err, &exc):
		return exc.Msg, exc.Class == "TypeError" || exc.Class == "SaltInvocationError"
	}
	return "", false
}

// splitArgs reads a function's arguments in the new form: a list of values
// and of NAME: VALUE. It names the required ones that are not there.
func splitArgs(f *modules.Func, v py.Value) (*py.Args, []string) {
	args := &py.Args{}
	given := map[string]bool{}
	add := func(d *py.Dict) {
		for k, x := range d.All() {
			given[py.ToStr(k)] = true
			args.Kw = append(args.Kw, py.KwArg{Name: py.ToStr(k), Value: x})
		}
	}
	switch v := v.(type) {
	case *py.Dict:
		add(v)
	case *py.List:
		for _, it := range v.Items {
			if _, ok := it.(*py.Dict); !ok {
				args.Pos = append(args.Pos, it)
			}
		}
		for _, it := range slices.Backward(v.Items) { // the order in which Salt passes them
			if d, ok := it.(*py.Dict); ok {
				add(d)
			}
		}
	case py.NoneType:
	default:
		args.Pos = append(args.Pos, v)
	}
	var missing []string
	for i, p := range f.Params {
		if p.Required && i >= len(args.Pos) && !given[p.Name] {
			missing = append(missing, p.Name)
		}
	}
	return args, missing
}

// renamed are the arguments that a state has for itself, and the names by
// which a function's are given in the old form.
var renamed = map[string]string{"name": "m_name", "fun": "m_fun", "names": "m_names", "state": "m_state", "saltenv": "m_saltenv"}

func legacyPlan(_ context.Context, c *modules.Call, find modules.Finder, name string, kw *py.Dict) modules.Plan {
	f := available(c, find, name)
	if f == nil {
		return modules.Fail(fmt.Sprintf("Module function %s is not available", name))
	}
	if c.Test {
		return modules.Plan{Would: modules.Done{Result: low.None, Comment: fmt.Sprintf("Module function %s is set to execute", name)}}
	}
	return modules.Plan{Apply: func(ctx context.Context, _ host.Writer) (modules.Done, error) {
		args, problem := legacyArgs(f, kw)
		if problem != "" {
			return modules.Failed(problem), nil
		}
		ret, err := c.Funcs.Call(ctx, name, args)
		if err != nil {
			if ctx.Err() != nil {
				return modules.Done{}, err
			}
			return modules.Failed(fmt.Sprintf("Module function %s threw an exception. Exception: %s", name, exceptionText(err))), nil
		}
		return modules.Done{Result: low.TriOf(py.Bool(good(ret))), Comment: fmt.Sprintf("Module function %s executed", name), Changes: py.DictOf("ret", ret)}, nil
	}}
}

func exceptionText(err error) string {
	var exc *py.Error
	if errors.As(err, &exc) {
		return exc.Msg
	}
	return err.Error()
}

// legacyArgs picks a function's arguments out of the state's; args and kwargs
// are its further ones. What it does not know is ignored, as in Salt.
func legacyArgs(f *modules.Func, kw *py.Dict) (args *py.Args, problem string) {
	args = &py.Args{}
	var missing []string
	for _, p := range f.Params {
		key := p.Name
		if r := renamed[key]; r != "" && (p.Required || kw.Has(r)) {
			key = r
		}
		v, ok := kw.GetStr(key)
		switch {
		case ok:
			args.Kw = append(args.Kw, py.KwArg{Name: p.Name, Value: v})
		case p.Required:
			missing = append(missing, key)
		}
	}
	if len(missing) > 0 {
		return nil, "The following arguments are missing: " + strings.Join(missing, " ")
	}
	if v, ok := kw.GetStr("args"); ok && f.VarArgs {
		l, isList := v.(*py.List)
		if !isList {
			return nil, "'args' must be a list."
		}
		// in Python's order the named ones come first
		for _, p := range f.Params {
			x, given := args.Get(p.Name)
			if !given {
				x = p.Default
			}
			args.Pos = append(args.Pos, x)
		}
		args.Kw = nil
		args.Pos = append(args.Pos, l.Items...)
	}
	if v, ok := kw.GetStr("kwargs"); ok && f.KwArgs {
		d, isDict := v.(*py.Dict)
		if !isDict {
			return nil, "'kwargs' must be a dict."
		}
		for k, x := range d.All() {
			args.Kw = append(args.Kw, py.KwArg{Name: py.ToStr(k), Value: x})
		}
	}
	return args, ""
}

// good says whether a function's return is a success: not False, and no
// mapping that says result: False or a retcode other than 0 anywhere.
func good(v py.Value) bool {
	switch v := v.(type) {
	case py.Bool:
		return bool(v)
	case *py.Dict:
		for k, x := range v.All() {
			key := py.ToStr(k)
			if key == "result" && x == py.Value(py.False) {
				return false
			}
			if key == "retcode" {
				if n, ok := py.AsInt(x); !ok || n != 0 {
					return false
				}
			}
			if d, ok := x.(*py.Dict); ok && !good(d) {
				return false
			}
		}
	}
	return true
}
