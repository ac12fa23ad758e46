// Package environ has Salt's environ module: the environment of the process
// that runs the states, which its commands get.
package environ

import (
	"context"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type setenvState struct {
	Name         string   `arg:"name,required" doc:"The variable; not used when value is a mapping."`
	Value        py.Value `arg:"value,required" doc:"Its value, False, or a mapping of variables to values."`
	FalseUnsets  py.Value `arg:"false_unsets" default:"False" doc:"A value False unsets the variable in the place of making it empty."`
	ClearAll     py.Value `arg:"clear_all" default:"False" doc:"All other variables are made empty or unset."`
	UpdateMinion py.Value `arg:"update_minion" default:"False" doc:"Has no effect: there is no minion process."`
	Permanent    py.Value `arg:"permanent" default:"False" doc:"For Windows only."`
}

type setenvArgs struct {
	Environ      py.Value `arg:"environ,required" doc:"Variables and their values."`
	FalseUnsets  py.Value `arg:"false_unsets" default:"False" doc:"A value False unsets the variable."`
	ClearAll     py.Value `arg:"clear_all" default:"False" doc:"All other variables are made empty or unset."`
	UpdateMinion py.Value `arg:"update_minion" default:"False" doc:"Has no effect: there is no minion process."`
	Permanent    py.Value `arg:"permanent" default:"False" doc:"For Windows only."`
}

type setvalArgs struct {
	Key         string   `arg:"key,required" doc:"The variable."`
	Val         py.Value `arg:"val,required" doc:"Its value or False."`
	FalseUnsets py.Value `arg:"false_unsets" default:"False" doc:"A value False unsets the variable."`
	Permanent   py.Value `arg:"permanent" default:"False" doc:"For Windows only."`
}

type getArgs struct {
	Key     py.Value `arg:"key,required" doc:"The variable."`
	Default py.Value `arg:"default" default:"''" doc:"What is returned when it is not set."`
}

type hasArgs struct {
	Key   py.Value `arg:"key,required" doc:"The variable."`
	Value py.Value `arg:"value" doc:"The value it must have."`
}

type itemArgs struct {
	Keys    py.Value `arg:"keys,required" doc:"A variable or a list of them."`
	Default py.Value `arg:"default" default:"''" doc:"What is returned for one that is not set."`
}

type noArgs struct{}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return []*modules.Func{
		modules.State[setenvState]{Name: "environ.setenv", Check: checkSetenv,
			Doc: "Sets variables of the environment for the rest of the run.\n\n```yaml\nproxy:\n  environ.setenv:\n    - name: http_proxy\n    - value: http://proxy:3128\n```"}.Func(),
		modules.Action[setenvArgs]{Name: "environ.setenv", Doc: "Sets variables of the environment.",
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *setenvArgs) (py.Value, error) {
				d, ok := a.Environ.(*py.Dict)
				if !ok {
					return py.False, nil
				}
				env, err := environ(ctx, c)
				if err != nil {
					return nil, err
				}
				done, ok, err := setAll(w, env, d, a.FalseUnsets == py.True, a.ClearAll == py.True)
				if err != nil || !ok {
					return py.False, err
				}
				return done, nil
			}}.Func(),
		modules.Action[setvalArgs]{Name: "environ.setval", Doc: "Sets a variable of the environment.",
			Run: func(_ context.Context, _ *modules.Call, w host.Writer, a *setvalArgs) (py.Value, error) {
				return setOne(w, a.Key, a.Val, a.FalseUnsets == py.True)
			}}.Func(),
		modules.Query[getArgs]{Name: "environ.get", Doc: "Gives the value of a variable.",
			Run: func(ctx context.Context, c *modules.Call, a *getArgs) (py.Value, error) {
				if _, ok := a.Key.(py.Str); !ok {
					return py.False, nil
				}
				return lookup(ctx, c, a.Key, a.Default)
			}}.Func(),
		modules.Query[hasArgs]{Name: "environ.has_value", Doc: "Says whether a variable is set, or has a value.",
			Run: func(ctx context.Context, c *modules.Call, a *hasArgs) (py.Value, error) {
				if _, ok := a.Key.(py.Str); !ok {
					return py.False, nil
				}
				env, err := environ(ctx, c)
				if err != nil {
					return nil, err
				}
				v, ok := env.GetStr(py.ToStr(a.Key))
				if !ok || a.Value == py.None {
					return py.Bool(ok), nil
				}
				same, err := py.Equal(v, a.Value)
				return py.Bool(same), err
			}}.Func(),
		modules.Query[itemArgs]{Name: "environ.item", Doc: "Gives the values of variables.",
			Run: func(ctx context.Context, c *modules.Call, a *itemArgs) (py.Value, error) {
				keys := []py.Value{a.Keys}
				switch k := a.Keys.(type) {
				case *py.List:
					keys = k.Items
				case py.Str:
				default:
					keys = nil
				}
				d := py.NewDict()
				for _, k := range keys {
					v, err := lookup(ctx, c, k, a.Default)
					if err != nil {
						return nil, err
					}
					if err := d.Set(k, v); err != nil {
						return nil, err
					}
				}
				return d, nil
			}}.Func(),
		modules.Query[noArgs]{Name: "environ.items", Doc: "Gives the whole environment.",
			Run: func(ctx context.Context, c *modules.Call, _ *noArgs) (py.Value, error) {
				env, err := environ(ctx, c)
				if err != nil {
					return nil, err
				}
				return env, nil
			}}.Func(),
	}
}

func lookup(ctx context.Context, c *modules.Call, key, def py.Value) (py.Value, error) {
	env, err := environ(ctx, c)
	if err != nil {
		return nil, err
	}
	v, ok, err := env.Get(key)
	if err != nil || !ok {
		return def, err
	}
	return v, nil
}

// environ returns the variables that a command gets, in env's order.
func environ(ctx context.Context, c host.Reader) (*py.Dict, error) {
	out, err := c.Query(ctx, host.Cmd{Argv: []string{"env", "-0"}})
	if err != nil {
		return nil, err
	}
	d := py.NewDict()
	for _, line := range strings.Split(string(out.Stdout), "\x00") {
		if k, v, ok := strings.Cut(line, "="); ok {
			d.SetStr(k, py.Str(v))
		}
	}
	return d, nil
}

func checkSetenv(ctx context.Context, c *modules.Call, a *setenvState) (modules.Plan, error) {
	want := py.NewDict()
	switch v := a.Value.(type) {
	case py.Str:
		want.SetStr(a.Name, v)
	case *py.Dict:
		want = v
	default:
		if v != py.False {
			return modules.Fail("Environ value must be string, dict or False"), nil
		}
		want.SetStr(a.Name, v)
	}
	env, err := environ(ctx, c)
	if err != nil {
		return modules.Plan{}, err
	}
	unset := a.FalseUnsets == py.True
	var cleared py.Value = py.Str("")
	if unset {
		cleared = py.None
	}
	changes := py.NewDict()
	if a.ClearAll == py.True {
		for k := range env.All() {
			if !want.Has(py.ToStr(k)) {
				changes.SetStr(py.ToStr(k), cleared)
			}
		}
	}
	for k, v := range want.All() {
		have, set, err := env.Get(k)
		if err != nil {
			return modules.Plan{}, err
		}
		same := false
		if v == py.False {
			same = set && !unset && have == py.Str("") || !set && unset
			v = cleared
		} else if !set {
			same = v == py.Str("")
		} else if same, err = py.Equal(have, v); err != nil {
			return modules.Plan{}, err
		}
		if !same {
			if err := changes.Set(k, v); err != nil {
				return modules.Plan{}, err
			}
		}
	}
	if changes.Len() == 0 {
		if c.Test {
			return modules.InOrder("Environ values are already set with the correct values"), nil
		}
		return modules.InOrder("Environ values were already set with the correct values"), nil
	}
	return modules.Plan{
		Would: modules.Done{Result: low.True, Changes: changes, Comment: "Environ values will be changed"},
		Apply: func(_ context.Context, w host.Writer) (modules.Done, error) {
			done, ok, err := setAll(w, env, want, unset, a.ClearAll == py.True)
			if err != nil {
				return modules.Done{}, err
			}
			if !ok || done.Len() == 0 {
				return modules.Done{Result: low.False, Comment: "Failed to set environ variables", Changes: changes}, nil
			}
			return modules.OK("Environ values were set", done), nil
		},
	}, nil
}

// setAll sets variables and returns what became of each; ok is false at the
// first value that is neither text nor False.
func setAll(w host.Writer, env, want *py.Dict, unset, clearAll bool) (done *py.Dict, ok bool, err error) {
	done = py.NewDict()
	set := func(k, v py.Value) error {
		r, err := setOne(w, py.ToStr(k), v, unset)
		if err != nil {
			return err
		}
		return done.Set(k, r)
	}
	if clearAll {
		for k := range env.All() {
			if !want.Has(py.ToStr(k)) {
				if err := set(k, py.False); err != nil {
					return nil, false, err
				}
			}
		}
	}
	for k, v := range want.All() {
		if _, text := v.(py.Str); !text && v != py.False {
			return nil, false, nil
		}
		if err := set(k, v); err != nil {
			return nil, false, err
		}
	}
	return done, true, nil
}

func setOne(w host.Writer, key string, v py.Value, unset bool) (py.Value, error) {
	if v == py.False {
		if unset {
			return py.None, w.Unsetenv(key)
		}
		v = py.Str("")
	}
	s, ok := v.(py.Str)
	if !ok {
		return py.False, nil
	}
	if err := w.Setenv(key, string(s)); err != nil {
		return py.False, nil // a name that no variable can have, as in Salt
	}
	return s, nil
}
