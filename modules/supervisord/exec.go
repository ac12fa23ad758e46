package supervisord

import (
	"context"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type allArgs struct {
	Name string `arg:"name" default:"'all'" doc:"The process, or the group with a colon."`
	ctlArgs
}

type oneArgs struct {
	Name string `arg:"name,required" doc:"The process or group."`
	ctlArgs
}

type statusArgs struct {
	Name py.Value `arg:"name" doc:"The process; all without it."`
	ctlArgs
}

type updateArgs struct {
	ctlArgs
	Name py.Value `arg:"name" doc:"The group; all that changed without it."`
}

type customArgs struct {
	Command string `arg:"command,required" doc:"The command."`
	ctlArgs
}

type boolArgs struct {
	Name  string   `arg:"name,required" doc:"The process."`
	State py.Value `arg:"expected_state" doc:"The state that it must be in; any without it."`
	ctlArgs
}

type optionsArgs struct {
	Name     string  `arg:"name,required" doc:"The process."`
	ConfFile *string `arg:"conf_file" doc:"The configuration."`
}

func action[A any](name, doc string, of func(*A) *ctlArgs, run func(context.Context, *ctl, *A) (string, error)) *modules.Func {
	return modules.Action[A]{Name: "supervisord." + name, Doc: doc, Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *A) (py.Value, error) {
		x, err := of(a).ctl(c, w)
		if err != nil {
			return nil, err
		}
		text, err := run(ctx, x, a)
		return py.Str(text), err
	}}.Func()
}

func query[A any](name, doc string, of func(*A) *ctlArgs, run func(context.Context, *ctl, *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: "supervisord." + name, Doc: doc, Run: func(ctx context.Context, c *modules.Call, a *A) (py.Value, error) {
		x, err := of(a).ctl(c, nil)
		if err != nil {
			return nil, err
		}
		return run(ctx, x, a)
	}}.Func()
}

func statusBool(ctx context.Context, x *ctl, a *boolArgs) (py.Value, error) {
	text, err := x.run(ctx, nil, "status", py.Str(a.Name))
	if err != nil {
		return nil, err
	}
	lines := py.SplitLines(text, false)
	if len(lines) == 0 {
		return nil, py.Errorf("UnboundLocalError", "cannot access local variable 'reason' where it is not associated with a value")
	}
	var p process
	for _, line := range lines {
		if p, err = parse(line); err != nil {
			return nil, err
		}
	}
	if p.reason == "(no such process)" || p.name != a.Name {
		return py.False, nil
	}
	return py.Bool(py.IsNone(a.State) || py.Str(p.state) == a.State), nil
}

func execFuncs() []*modules.Func {
	onAll := func(a *allArgs) *ctlArgs { return &a.ctlArgs }
	onOne := func(a *oneArgs) *ctlArgs { return &a.ctlArgs }
	all := func(command, doc string) *modules.Func {
		return action(command, doc, onAll, func(ctx context.Context, x *ctl, a *allArgs) (string, error) {
			return x.do(ctx, command, group(a.Name))
		})
	}
	one := func(command, doc string) *modules.Func {
		return action(command, doc, onOne, func(ctx context.Context, x *ctl, a *oneArgs) (string, error) { return x.do(ctx, command, bare(a.Name)) })
	}
	return []*modules.Func{
		all("start", "Starts a process or a group."),
		all("restart", "Restarts a process or a group."),
		all("stop", "Stops a process or a group."),
		one("add", "Takes a process or group of the configuration."),
		one("remove", "Drops a process or group."),
		action("reread", "Reads the configuration again.", func(a *ctlArgs) *ctlArgs { return a }, func(ctx context.Context, x *ctl, _ *ctlArgs) (string, error) {
			return x.do(ctx, "reread", "")
		}),
		action("update", "Reads the configuration again and does what it says.", func(a *updateArgs) *ctlArgs { return &a.ctlArgs },
			func(ctx context.Context, x *ctl, a *updateArgs) (string, error) {
				name := a.Name
				if s, ok := name.(py.Str); ok {
					name = py.Str(bare(string(s)))
				}
				return x.run(ctx, x.w, "update", name)
			}),
		action("custom", "Runs a command of supervisorctl.", func(a *customArgs) *ctlArgs { return &a.ctlArgs },
			func(ctx context.Context, x *ctl, a *customArgs) (string, error) { return x.do(ctx, a.Command, "") }),
		query("status", "Gives the processes with their states.", func(a *statusArgs) *ctlArgs { return &a.ctlArgs },
			func(ctx context.Context, x *ctl, a *statusArgs) (py.Value, error) {
				ps, err := x.status(ctx, a.Name)
				out := py.NewDict()
				for _, p := range ps {
					out.SetStr(p.name, py.DictOf("state", py.Str(p.state), "reason", py.Str(p.reason)))
				}
				return out, err
			}),
		query("status_raw", "Gives the processes with their states, a text.", func(a *statusArgs) *ctlArgs { return &a.ctlArgs },
			func(ctx context.Context, x *ctl, a *statusArgs) (py.Value, error) {
				text, err := x.run(ctx, nil, "status", a.Name)
				return py.Str(text), err
			}),
		query("status_bool", "Says whether a process is in a state.", func(a *boolArgs) *ctlArgs { return &a.ctlArgs }, statusBool),
		modules.Query[optionsArgs]{Name: "supervisord.options", Doc: "Gives the settings of a process in the configuration.",
			Run: func(_ context.Context, c *modules.Call, a *optionsArgs) (py.Value, error) {
				d, err := options(c, a)
				if err != nil {
					return nil, err
				}
				return d, nil
			}}.Func(),
	}
}

// number is a text as an integer or a fraction where it is one.
func number(s string) py.Value {
	if n, err := py.ToInt(py.Str(s)); err == nil {
		return n
	}
	if f, err := py.ToFloat(py.Str(s)); err == nil {
		return f
	}
	switch strings.ToLower(s) {
	case "true":
		return py.True
	case "false":
		return py.False
	}
	return py.Str(s)
}
