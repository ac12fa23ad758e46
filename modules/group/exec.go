package group

import (
	"context"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type nameArgs struct {
	Name string   `arg:"name,required" doc:"The group's name."`
	Root py.Value `arg:"root" doc:"Not supported."`
}

type getentArgs struct {
	Refresh bool     `arg:"refresh" default:"False" doc:"Nothing is kept, so nothing is refreshed."`
	Root    py.Value `arg:"root" doc:"Not supported."`
}

type addArgs struct {
	Name      string   `arg:"name,required" doc:"The group's name."`
	GID       py.Value `arg:"gid" doc:"Its number."`
	System    bool     `arg:"system" default:"False" doc:"A system group."`
	Root      py.Value `arg:"root" doc:"Not supported."`
	NonUnique bool     `arg:"non_unique" default:"False" doc:"Accept a number that another group has."`
}

type memberArgs struct {
	Name     string   `arg:"name,required" doc:"The group's name."`
	Username string   `arg:"username,required" doc:"The user."`
	Root     py.Value `arg:"root" doc:"Not supported."`
}

func action[A any](name, doc string, root func(*A) py.Value, argv func(*A) []string) *modules.Func {
	return modules.Action[A]{Name: name, Doc: doc, Run: func(ctx context.Context, _ *modules.Call, w host.Writer, a *A) (py.Value, error) {
		if py.IsTrue(root(a)) {
			return nil, modules.SaltInvocationError(name + ": root is not supported")
		}
		ok, err := run(ctx, w, argv(a)...)
		return py.Bool(ok), err
	}}.Func()
}

func execFuncs() []*modules.Func {
	return []*modules.Func{
		modules.Query[nameArgs]{Name: "group.info", Doc: "Describes a group; an empty mapping when there is none.", Run: func(_ context.Context, c *modules.Call, a *nameArgs) (py.Value, error) {
			if g, ok := c.Group(a.Name); ok {
				return dict(g), nil
			}
			return py.NewDict(), nil
		}}.Func(),
		modules.Query[getentArgs]{Name: "group.getent", Doc: "Describes all groups.", Run: func(_ context.Context, c *modules.Call, _ *getentArgs) (py.Value, error) {
			groups, err := c.Groups()
			l := py.NewList()
			for _, g := range groups {
				l.Append(dict(g))
			}
			return l, err
		}}.Func(),
		modules.Action[addArgs]{Name: "group.add", Doc: "Makes a group.", Run: func(ctx context.Context, _ *modules.Call, w host.Writer, a *addArgs) (py.Value, error) {
			if py.IsTrue(a.Root) {
				return nil, modules.SaltInvocationError("group.add: root is not supported")
			}
			ok, err := add(ctx, w, a.Name, a.GID, a.System, a.NonUnique)
			return py.Bool(ok), err
		}}.Func(),
		action("group.delete", "Removes a group.", func(a *nameArgs) py.Value { return a.Root }, func(a *nameArgs) []string { return []string{"groupdel", a.Name} }),
		action("group.adduser", "Makes a user a member.", func(a *memberArgs) py.Value { return a.Root }, func(a *memberArgs) []string { return []string{"gpasswd", "--add", a.Username, a.Name} }),
		action("group.deluser", "Takes a member out.", func(a *memberArgs) py.Value { return a.Root }, func(a *memberArgs) []string { return []string{"gpasswd", "--del", a.Username, a.Name} }),
	}
}
