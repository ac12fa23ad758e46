package quota

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/saltargs"
	"pinch/modules"
)

type noArgs struct{}

type mountArgs struct {
	Mount string `arg:"mount,required" doc:"The mount point or device."`
}

type deviceArgs struct {
	Device string `arg:"device,required" doc:"The mount point or device."`
}

type setArgs struct {
	Device string   `arg:"device,required" doc:"The mount point or device."`
	Extra  *py.Dict `arg:"**"`
}

type modeArgs struct {
	Name      string   `arg:"name,required" doc:"The mount point."`
	Mode      py.Value `arg:"mode,required" doc:"True for on, anything else is off."`
	Quotatype string   `arg:"quotatype,required" doc:"user or group."`
}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	turn := func(name, doc string) *modules.Func {
		return modules.Action[deviceArgs]{Name: "quota." + name, Virtual: virtual, Doc: doc,
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *deviceArgs) (py.Value, error) {
				return py.True, turnTo(ctx, c, w, name, a.Device)
			}}.Func()
	}
	return []*modules.Func{
		modules.State[modeArgs]{Name: "quota.mode", Virtual: stateVirtual, Check: checkMode,
			Doc: "Keeps the quotas of a file system on or off.\n\n```yaml\n/home:\n  quota.mode:\n    - mode: True\n    - quotatype: user\n```"}.Func(),
		modules.Query[mountArgs]{Name: "quota.report", Virtual: virtual, Doc: "Reports the quotas of a file system.", Run: report}.Func(),
		modules.Action[setArgs]{Name: "quota.set", Virtual: virtual, Run: set,
			Doc: "Sets the quota of a `user` or `group`: `block-soft-limit`, `block-hard-limit`, `file-soft-limit`, `file-hard-limit`; those that are not given are 0."}.Func(),
		modules.Action[noArgs]{Name: "quota.warn", Virtual: virtual, Doc: "Has users who are over their quota written to.",
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, _ *noArgs) (py.Value, error) {
				_, err := c.Do(ctx, w, "quotawarn")
				return py.None, err
			}}.Func(),
		modules.Query[noArgs]{Name: "quota.stats", Virtual: virtual, Doc: "Gives the kernel's figures of quotas.", Run: stats}.Func(),
		turn("on", "Turns quotas on."),
		turn("off", "Turns quotas off."),
		modules.Query[deviceArgs]{Name: "quota.get_mode", Virtual: virtual, Doc: "Says whether quotas are on.",
			Run: func(ctx context.Context, c *modules.Call, a *deviceArgs) (py.Value, error) {
				d, err := modes(ctx, c, a.Device)
				if err != nil {
					return nil, err
				}
				return d, nil
			}}.Func(),
	}
}

// turnTo runs quotaon or quotaoff; as in Salt, that it fails is not noticed.
func turnTo(ctx context.Context, c *modules.Call, w host.Writer, to, device string) error {
	s, err := c.Do(ctx, w, "quota"+to, device)
	if err == nil && s.Code != 0 {
		c.Log.Warn("quotas could not be turned "+to, "device", device, "said", s.All())
	}
	return err
}

func checkMode(ctx context.Context, c *modules.Call, a *modeArgs) (modules.Plan, error) {
	to := "off"
	if a.Mode == py.True {
		to = "on"
	}
	all, err := modes(ctx, c, a.Name)
	if err != nil {
		return modules.Plan{}, err
	}
	of, ok := all.GetStr(a.Name)
	if !ok {
		return modules.Plan{}, &py.Error{Class: "KeyError", Msg: py.Repr(py.Str(a.Name))}
	}
	d, ok := of.(*py.Dict)
	if !ok { // Salt: takes the text "disabled" for the mapping
		return modules.Plan{}, py.TypeErrorf("string indices must be integers, not 'str'")
	}
	mode, ok := d.GetStr(a.Quotatype)
	if !ok {
		return modules.Plan{}, &py.Error{Class: "KeyError", Msg: py.Repr(py.Str(a.Quotatype))}
	}
	if mode == py.Str(to) {
		return modules.InOrder(fmt.Sprintf("Quota for %s already set to %s", a.Name, to)), nil
	}
	return modules.Would(fmt.Sprintf("Quota for %s needs to be set to %s", a.Name, to), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		if err := turnTo(ctx, c, w, to, a.Name); err != nil {
			return modules.Done{}, err
		}
		return modules.OK(fmt.Sprintf("Set quota for %s to %s", a.Name, to), py.DictOf("quota", py.Str(a.Name))), nil
	}), nil
}

func report(ctx context.Context, c *modules.Call, a *mountArgs) (py.Value, error) {
	users, err := parse(ctx, c, a.Mount, "-u")
	if err != nil {
		return nil, err
	}
	groups, err := parse(ctx, c, a.Mount, "-g")
	if err != nil {
		return nil, err
	}
	return py.DictOf(a.Mount, py.DictOf("User Quotas", users, "Group Quotas", groups)), nil
}

func stats(ctx context.Context, c *modules.Call, _ *noArgs) (py.Value, error) {
	lines, err := say(ctx, c, "quotastats")
	if err != nil {
		return nil, err
	}
	out := py.NewDict()
	for _, line := range lines {
		if line == "" {
			continue
		}
		w := strings.Split(line, ": ")
		if len(w) < 2 {
			return nil, outOfRange()
		}
		out.SetStr(w[0], py.Str(w[1]))
	}
	return out, nil
}

func set(ctx context.Context, c *modules.Call, w host.Writer, a *setArgs) (py.Value, error) {
	user, isUser := a.Extra.GetStr("user")
	group, isGroup := a.Extra.GetStr("group")
	var flag, whose string
	var who py.Value
	switch {
	case isUser && isGroup:
		return nil, modules.SaltInvocationError("Please specify a user or group, not both.")
	case isUser:
		flag, whose, who = "-u", "User: ", user
	case isGroup:
		flag, whose, who = "-g", "Group: ", group
	default:
		return nil, modules.CommandExecutionError("A valid user or group was not found")
	}
	limits := py.NewDict()
	line := "setquota " + flag + " " + py.ToStr(who)
	for _, k := range []string{"block-soft-limit", "block-hard-limit", "file-soft-limit", "file-hard-limit"} {
		v := py.Value(py.Int(0))
		if given, ok := a.Extra.GetStr(k); ok {
			v = given
		}
		limits.SetStr(k, v)
		line += " " + py.ToStr(v)
	}
	argv, err := saltargs.ShlexSplit(line + " " + a.Device)
	if err != nil {
		return nil, py.ValueErrorf("%v", err)
	}
	s, err := c.Do(ctx, w, argv...)
	if err != nil {
		return nil, err
	}
	if s.Code != 0 {
		return nil, modules.CommandExecutionError("Unable to set desired quota. Error follows: \n" + s.Err)
	}
	return py.DictOf(whose+py.ToStr(who), limits), nil
}
