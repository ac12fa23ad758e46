package sysrc

import (
	"context"
	"fmt"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type getArgs struct {
	Name            string `arg:"name" doc:"The variable; all without it."`
	IncludeDefaults bool   `arg:"includeDefaults" default:"False" doc:"Those that nobody has set too."`
	place
	Extra *py.Dict `arg:"**"`
}

type setArgs struct {
	Name  string   `arg:"name,required" doc:"The variable."`
	Value py.Value `arg:"value,required" doc:"Its value; booleans are YES and NO."`
	place
	Extra *py.Dict `arg:"**"`
}

type nameArgs struct {
	Name string `arg:"name,required" doc:"The variable."`
	place
	Extra *py.Dict `arg:"**"`
}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return []*modules.Func{
		modules.State[setArgs]{Name: "sysrc.managed", Virtual: stateVirtual, Check: checkManaged,
			Doc: "Keeps a variable of rc.conf.\n\n```yaml\nsyslogd_flags:\n  sysrc.managed:\n    - value: -ss\n```"}.Func(),
		modules.State[nameArgs]{Name: "sysrc.absent", Virtual: stateVirtual, Check: checkAbsent,
			Doc: "Keeps a variable out of rc.conf.\n\n```yaml\nsyslogd_flags:\n  sysrc.absent: []\n```"}.Func(),
		modules.Query[getArgs]{Name: "sysrc.get", Virtual: virtual, Doc: "Gives variables of rc.conf by file, None for one that is not known.",
			Run: func(ctx context.Context, c *modules.Call, a *getArgs) (py.Value, error) {
				what := a.Name
				switch {
				case what != "":
				case a.IncludeDefaults:
					what = "-A"
				default:
					what = "-a"
				}
				return orNone(get(ctx, c, a.place, what))
			}}.Func(),
		modules.Action[setArgs]{Name: "sysrc.set", Virtual: virtual, Doc: "Sets a variable of rc.conf.",
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *setArgs) (py.Value, error) {
				return orNone(set(ctx, c, w, a.place, a.Name, text(a.Value)))
			}}.Func(),
		modules.Action[nameArgs]{Name: "sysrc.remove", Virtual: virtual, Doc: "Removes a variable of rc.conf.",
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *nameArgs) (py.Value, error) {
				out, err := remove(ctx, c, w, a.place, a.Name)
				return py.Str(out), err
			}}.Func(),
	}
}

func orNone(d *py.Dict, err error) (py.Value, error) {
	if d == nil {
		return py.None, err
	}
	return d, err
}

func checkManaged(ctx context.Context, c *modules.Call, a *setArgs) (modules.Plan, error) {
	have, err := get(ctx, c, a.place, a.Name)
	if err != nil {
		return modules.Plan{}, err
	}
	want := text(a.Value)
	for _, v := range have.All() {
		if v.(*py.Dict).Lookup(a.Name) == py.Str(want) {
			return modules.InOrder(a.Name + " is already set to the desired value."), nil
		}
	}
	old, _ := orNone(have, nil)
	return modules.Would(fmt.Sprintf("The value of \"%s\" will be changed!", a.Name), py.DictOf("old", old, "new", py.Str(a.Name+" = "+want+" will be set.")),
		func(ctx context.Context, w host.Writer) (modules.Done, error) {
			now, err := set(ctx, c, w, a.place, a.Name, want)
			if err != nil {
				return modules.Done{}, err
			}
			return modules.OK(fmt.Sprintf("The value of \"%s\" was changed!", a.Name), py.DictOf("old", old, "new", now)), nil
		}), nil
}

func checkAbsent(ctx context.Context, c *modules.Call, a *nameArgs) (modules.Plan, error) {
	have, err := get(ctx, c, a.place, a.Name)
	if err != nil {
		return modules.Plan{}, err
	}
	if have == nil {
		return modules.InOrder(fmt.Sprintf("\"%s\" is already absent.", a.Name)), nil
	}
	would := fmt.Sprintf("\"%s\" will be removed", a.Name)
	return modules.Would(would+"!", py.DictOf("old", have, "new", py.Str(would+".")), func(ctx context.Context, w host.Writer) (modules.Done, error) {
		out, err := remove(ctx, c, w, a.place, a.Name)
		if err != nil {
			return modules.Done{}, err
		}
		return modules.OK(fmt.Sprintf("\"%s\" was removed!", a.Name), py.DictOf("old", have, "new", py.Str(out))), nil
	}), nil
}
