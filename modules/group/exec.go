package group

import (
	"context"
	"slices"

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
	Local     bool     `arg:"local" default:"False" doc:"Use lgroupadd."`
}

type deleteArgs struct {
	Name  string   `arg:"name,required" doc:"The group's name."`
	Root  py.Value `arg:"root" doc:"Not supported."`
	Local bool     `arg:"local" default:"False" doc:"Use lgroupdel."`
}

type chgidArgs struct {
	Name      string   `arg:"name,required" doc:"The group's name."`
	GID       py.Value `arg:"gid,required" doc:"Its new number."`
	Root      py.Value `arg:"root" doc:"Not supported."`
	NonUnique bool     `arg:"non_unique" default:"False" doc:"Accept a number that another group has."`
}

type membersArgs struct {
	Name    string   `arg:"name,required" doc:"The group's name."`
	Members string   `arg:"members_list,required" doc:"All its members, divided by commas."`
	Root    py.Value `arg:"root" doc:"Not supported."`
}

type memberArgs struct {
	Name     string   `arg:"name,required" doc:"The group's name."`
	Username string   `arg:"username,required" doc:"The user."`
	Root     py.Value `arg:"root" doc:"Not supported."`
}

func action[A any](name, doc string, root func(*A) py.Value, change func(ctx context.Context, w host.Writer, a *A) (bool, error)) *modules.Func {
	return modules.Action[A]{Name: name, Doc: doc, Run: func(ctx context.Context, _ *modules.Call, w host.Writer, a *A) (py.Value, error) {
		if py.IsTrue(root(a)) {
			return nil, modules.SaltInvocationError(name + ": root is not supported")
		}
		ok, err := change(ctx, w, a)
		return py.Bool(ok), err
	}}.Func()
}

// chgid changes a group's number unless it has it, and says whether it has then.
func chgid(ctx context.Context, w host.Writer, a *chgidArgs) (bool, error) {
	is := func(g host.Group) bool { n, ok := py.AsInt(a.GID); return ok && int(n) == g.GID }
	g, ok := w.Group(a.Name)
	if !ok || is(g) {
		return ok, nil
	}
	flag := "-g"
	if a.NonUnique {
		flag = "-og"
	}
	if err := setGID(ctx, w, a.Name, py.ToStr(a.GID), flag); err != nil {
		return false, err
	}
	g, ok = w.Group(a.Name)
	return ok && is(g), nil
}

// deluser takes a member out; who is none is out.
func deluser(ctx context.Context, w host.Writer, a *memberArgs) (bool, error) {
	g, ok := w.Group(a.Name)
	if !ok || !slices.Contains(g.Members, a.Username) {
		return true, nil
	}
	return leave(ctx, w, a.Name, a.Username)
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
		action("group.add", "Makes a group.", func(a *addArgs) py.Value { return a.Root }, func(ctx context.Context, w host.Writer, a *addArgs) (bool, error) {
			return add(ctx, w, a.Name, a.GID, a.System, a.NonUnique, a.Local)
		}),
		action("group.delete", "Removes a group.", func(a *deleteArgs) py.Value { return a.Root }, func(ctx context.Context, w host.Writer, a *deleteArgs) (bool, error) {
			return remove(ctx, w, a.Name, a.Local)
		}),
		action("group.chgid", "Changes a group's number.", func(a *chgidArgs) py.Value { return a.Root }, chgid),
		action("group.adduser", "Makes a user a member.", func(a *memberArgs) py.Value { return a.Root }, func(ctx context.Context, w host.Writer, a *memberArgs) (bool, error) {
			return join(ctx, w, a.Name, a.Username)
		}),
		action("group.deluser", "Takes a member out.", func(a *memberArgs) py.Value { return a.Root }, deluser),
		action("group.members", "Gives a group exactly these members.", func(a *membersArgs) py.Value { return a.Root }, func(ctx context.Context, w host.Writer, a *membersArgs) (bool, error) {
			return setMembers(ctx, w, a.Name, a.Members)
		}),
	}
}
