package user

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type nameArgs struct {
	Name string   `arg:"name,required" doc:"The login name."`
	Root py.Value `arg:"root" doc:"Not supported."`
}

type listArgs struct {
	Root py.Value `arg:"root" doc:"Not supported."`
}

type deleteArgs struct {
	Name   string   `arg:"name,required" doc:"The login name."`
	Remove bool     `arg:"remove" default:"False" doc:"Remove the user's files as well."`
	Force  bool     `arg:"force" default:"False" doc:"Remove the user also while logged in."`
	Root   py.Value `arg:"root" doc:"Not supported."`
	Local  bool     `arg:"local" default:"False" doc:"Use luserdel."`
}

type getentArgs struct {
	Refresh bool     `arg:"refresh" default:"False" doc:"Nothing is kept, so nothing is refreshed."`
	Root    py.Value `arg:"root" doc:"Not supported."`
}

func query[A any](name, doc string, run func(ctx context.Context, c *modules.Call, a *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: name, Doc: doc, Run: run}.Func()
}

func noRoot(fun string, root py.Value) error {
	if py.IsTrue(root) {
		return modules.SaltInvocationError(fun + ": root is not supported")
	}
	return nil
}

func execFuncs() []*modules.Func {
	fs := []*modules.Func{
		query("user.info", "Describes an account; an empty mapping when there is none.", func(_ context.Context, c *modules.Call, a *nameArgs) (py.Value, error) {
			if err := noRoot("user.info", a.Root); err != nil {
				return nil, err
			}
			if u, ok := lookup(c, a.Name); ok {
				return u.dict(), nil
			}
			return py.NewDict(), nil
		}),
		query("user.list_users", "Lists the login names, sorted.", func(_ context.Context, c *modules.Call, a *listArgs) (py.Value, error) {
			users, err := c.Users()
			if err != nil {
				return nil, err
			}
			var names []string
			for _, u := range users {
				names = append(names, u.Name)
			}
			sort.Strings(names)
			return py.Strings(names...), noRoot("user.list_users", a.Root)
		}),
		query("user.getent", "Describes all accounts.", func(_ context.Context, c *modules.Call, a *getentArgs) (py.Value, error) {
			users, err := c.Users()
			if err != nil {
				return nil, err
			}
			l := py.NewList()
			for _, u := range users {
				if acc, ok := lookup(c, u.Name); ok {
					l.Append(acc.dict())
				}
			}
			return l, noRoot("user.getent", a.Root)
		}),
		query("user.list_groups", "Lists the groups of a user, sorted.", func(_ context.Context, c *modules.Call, a *nameArgs) (py.Value, error) {
			u, ok := lookup(c, a.Name)
			if !ok {
				return py.NewList(), nil
			}
			return py.Strings(u.groups...), nil
		}),
		query("user.primary_group", "Gives the primary group of a user.", func(_ context.Context, c *modules.Call, a *nameArgs) (py.Value, error) {
			u, ok := lookup(c, a.Name)
			if !ok {
				return nil, modules.CommandExecutionError(fmt.Sprintf("User '%s' does not exist", a.Name))
			}
			return py.Str(groupName(c, u.gid)), nil
		}),
		modules.Action[deleteArgs]{Name: "user.delete", Doc: "Removes an account.", Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *deleteArgs) (py.Value, error) {
			if err := noRoot("user.delete", a.Root); err != nil {
				return nil, err
			}
			ok, err := remove(ctx, c, w, a.Name, a.Remove, a.Force, a.Local)
			return py.Bool(ok), err
		}}.Func(),
		modules.Action[addArgs]{Name: "user.add", Doc: "Makes an account.", Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *addArgs) (py.Value, error) {
			if err := noRoot("user.add", a.Root); err != nil {
				return nil, err
			}
			p := &presentArgs{Name: a.Name, UID: a.UID, GID: a.GID, Home: a.Home, Shell: a.Shell, Unique: a.Unique, System: a.System, Fullname: a.Fullname,
				Roomnumber: a.Roomnumber, Workphone: a.Workphone, Homephone: a.Homephone, Other: a.Other, Createhome: a.Createhome, Nologinit: a.Nologinit,
				Usergroup: a.Usergroup, Local: a.Local}
			groups := a.Groups
			if len(groups) == 1 {
				groups = strings.Split(groups[0], ",")
			}
			ok, _, err := (&wish{a: p}).add(ctx, c, w, groups)
			return py.Bool(ok), err
		}}.Func(),
	}
	return append(append(fs, changeFuncs()...), shadowFuncs()...)
}

type addArgs struct {
	Name       string   `arg:"name,required" doc:"The login name."`
	UID        py.Value `arg:"uid" doc:"The user's number."`
	GID        py.Value `arg:"gid" doc:"The primary group."`
	Groups     []string `arg:"groups" doc:"Supplementary groups."`
	Home       string   `arg:"home" doc:"The home directory."`
	Shell      string   `arg:"shell" doc:"The login shell."`
	Unique     bool     `arg:"unique" default:"True" doc:"Refuse a uid that another user has."`
	System     bool     `arg:"system" default:"False" doc:"A system account."`
	Fullname   py.Value `arg:"fullname" default:"''" doc:"The full name."`
	Roomnumber py.Value `arg:"roomnumber" default:"''" doc:"The room number."`
	Workphone  py.Value `arg:"workphone" default:"''" doc:"The phone number at work."`
	Homephone  py.Value `arg:"homephone" default:"''" doc:"The phone number at home."`
	Other      py.Value `arg:"other" default:"''" doc:"The last part of the comment field."`
	Createhome bool     `arg:"createhome" default:"True" doc:"Make the home directory."`
	Loginclass py.Value `arg:"loginclass" doc:"The login class on BSD."`
	Nologinit  bool     `arg:"nologinit" default:"False" doc:"Leave the user out of lastlog and faillog."`
	Root       py.Value `arg:"root" doc:"Not supported."`
	Usergroup  py.Value `arg:"usergroup" doc:"True makes a group of the user's name, False none."`
	Local      bool     `arg:"local" default:"False" doc:"Use luseradd."`
}
