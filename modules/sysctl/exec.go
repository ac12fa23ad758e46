package sysctl

import (
	"context"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type noArgs struct{}

type showArgs struct {
	Config py.Value `arg:"config_file" default:"False" doc:"Read this file in the place of the kernel."`
}

type nameArgs struct {
	Name string `arg:"name,required" doc:"The kernel parameter."`
}

type assignArgs struct {
	Name  string   `arg:"name,required" doc:"The kernel parameter."`
	Value py.Value `arg:"value,required" doc:"Its new value."`
}

func execFuncs() []*modules.Func {
	return []*modules.Func{
		modules.Query[noArgs]{Name: "sysctl.default_config", Virtual: virtual, Doc: "Names the file that settings are kept in.",
			Run: func(_ context.Context, c *modules.Call, _ *noArgs) (py.Value, error) {
				return py.Str(defaultConfig(c)), nil
			}}.Func(),
		modules.Query[showArgs]{Name: "sysctl.show", Virtual: virtual, Doc: "Gives all parameters, of the kernel or of a file.", Run: runShow}.Func(),
		modules.Query[nameArgs]{Name: "sysctl.get", Virtual: virtual, Doc: "Gives the value of a parameter.",
			Run: func(ctx context.Context, c *modules.Call, a *nameArgs) (py.Value, error) {
				v, err := get(ctx, c, a.Name)
				return py.Str(v), err
			}}.Func(),
		modules.Action[assignArgs]{Name: "sysctl.assign", Virtual: virtual, Doc: "Sets a parameter until the next boot.",
			Run: func(ctx context.Context, _ *modules.Call, w host.Writer, a *assignArgs) (py.Value, error) {
				d, err := assign(ctx, w, a.Name, py.ToStr(a.Value))
				if err != nil {
					return nil, err
				}
				return d, nil
			}}.Func(),
		modules.Action[presentArgs]{Name: "sysctl.persist", Virtual: virtual, Doc: "Sets a parameter now and for the next boots.",
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *presentArgs) (py.Value, error) {
				updated, err := persist(ctx, w, a.Name, py.ToStr(a.Value), configOf(c, a.Config))
				if updated {
					return py.Str("Updated"), err
				}
				return py.Str("Already set"), err
			}}.Func(),
	}
}

func runShow(ctx context.Context, c *modules.Call, a *showArgs) (py.Value, error) {
	if py.IsTrue(a.Config) {
		file := py.ToStr(a.Config)
		if _, err := c.Stat(file); err != nil {
			return py.NewList(), nil
		}
		d, ok := readConfig(c, file)
		if !ok {
			return py.None, nil
		}
		return d, nil
	}
	if err := program(c); err != nil {
		return nil, err
	}
	out, err := c.Query(ctx, host.Cmd{Argv: []string{"sysctl", "-a"}})
	d := py.NewDict()
	for _, line := range strings.Split(string(out.Stdout), "\n") {
		if k, v, ok := strings.Cut(line, " = "); ok {
			d.SetStr(k, py.Str(v))
		}
	}
	return d, err
}
