package user

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type chuidArgs struct {
	Name string   `arg:"name,required" doc:"The login name."`
	UID  py.Value `arg:"uid,required" doc:"The new number."`
	Root py.Value `arg:"root" doc:"Not supported."`
}

type chgidArgs struct {
	Name string   `arg:"name,required" doc:"The login name."`
	GID  py.Value `arg:"gid,required" doc:"The new primary group's number."`
	Root py.Value `arg:"root" doc:"Not supported."`
}

type chshellArgs struct {
	Name  string   `arg:"name,required" doc:"The login name."`
	Shell string   `arg:"shell,required" doc:"The new login shell."`
	Root  py.Value `arg:"root" doc:"Not supported."`
}

type chhomeArgs struct {
	Name    string   `arg:"name,required" doc:"The login name."`
	Home    string   `arg:"home,required" doc:"The new home directory."`
	Persist bool     `arg:"persist" default:"False" doc:"Move the files there."`
	Root    py.Value `arg:"root" doc:"Not supported."`
}

type chgroupsArgs struct {
	Name   string   `arg:"name,required" doc:"The login name."`
	Groups []string `arg:"groups,required" doc:"Supplementary groups: a list, or a text with commas."`
	Append bool     `arg:"append" default:"False" doc:"Keep the others."`
	Root   py.Value `arg:"root" doc:"Not supported."`
}

type renameArgs struct {
	Name    string   `arg:"name,required" doc:"The login name."`
	NewName string   `arg:"new_name,required" doc:"The new one."`
	Root    py.Value `arg:"root" doc:"Not supported."`
}

type fullnameArgs struct {
	Name  string   `arg:"name,required" doc:"The login name."`
	Value py.Value `arg:"fullname,required" doc:"The full name."`
	Root  py.Value `arg:"root" doc:"Not supported."`
}

type roomnumberArgs struct {
	Name  string   `arg:"name,required" doc:"The login name."`
	Value py.Value `arg:"roomnumber,required" doc:"The room number."`
	Root  py.Value `arg:"root" doc:"Not supported."`
}

type workphoneArgs struct {
	Name  string   `arg:"name,required" doc:"The login name."`
	Value py.Value `arg:"workphone,required" doc:"The phone number at work."`
	Root  py.Value `arg:"root" doc:"Not supported."`
}

type homephoneArgs struct {
	Name  string   `arg:"name,required" doc:"The login name."`
	Value py.Value `arg:"homephone,required" doc:"The phone number at home."`
	Root  py.Value `arg:"root" doc:"Not supported."`
}

type otherArgs struct {
	Name  string   `arg:"name,required" doc:"The login name."`
	Value py.Value `arg:"other,required" doc:"The last part of the comment field."`
	Root  py.Value `arg:"root" doc:"Not supported."`
}

func changer[A any](name, doc string, root func(*A) py.Value, run func(ctx context.Context, w host.Writer, a *A) (bool, error)) *modules.Func {
	return modules.Action[A]{Name: name, Doc: doc, Platforms: platforms, Run: func(ctx context.Context, _ *modules.Call, w host.Writer, a *A) (py.Value, error) {
		if err := noRoot(name, root(a)); err != nil {
			return nil, err
		}
		ok, err := run(ctx, w, a)
		return py.Bool(ok), err
	}}.Func()
}

// change lets usermod change one thing unless it is as it should be, and says
// whether it is then.
func change(ctx context.Context, w host.Writer, name string, is func(*account) bool, args ...string) (bool, error) {
	a, ok := lookup(w, name)
	if !ok {
		return false, modules.CommandExecutionError(fmt.Sprintf("User '%s' does not exist", name))
	}
	if is(a) {
		return true, nil
	}
	if _, err := usermod(ctx, w, name, args...); err != nil {
		return false, err
	}
	a, ok = lookup(w, name)
	return ok && is(a), nil
}

// gecosChange sets one part of the comment field.
func gecosChange(ctx context.Context, w host.Writer, name string, v py.Value, part func(*account) *string) (bool, error) {
	want := ""
	if isSet(v) {
		want = py.ToStr(v)
	}
	if err := setGecos(ctx, w, name, func(a *account) { *part(a) = want }); err != nil {
		return false, err
	}
	a, ok := lookup(w, name)
	return ok && *part(a) == want, nil
}

func changeFuncs() []*modules.Func {
	return []*modules.Func{
		changer("user.chuid", "Changes a user's number.", func(a *chuidArgs) py.Value { return a.Root }, func(ctx context.Context, w host.Writer, a *chuidArgs) (bool, error) {
			return change(ctx, w, a.Name, func(u *account) bool { return isNumber(a.UID, u.uid) }, "-u", py.ToStr(a.UID))
		}),
		changer("user.chgid", "Changes a user's primary group.", func(a *chgidArgs) py.Value { return a.Root }, func(ctx context.Context, w host.Writer, a *chgidArgs) (bool, error) {
			return change(ctx, w, a.Name, func(u *account) bool { return isNumber(a.GID, u.gid) }, "-g", py.ToStr(a.GID))
		}),
		changer("user.chshell", "Changes a user's login shell.", func(a *chshellArgs) py.Value { return a.Root }, func(ctx context.Context, w host.Writer, a *chshellArgs) (bool, error) {
			return change(ctx, w, a.Name, func(u *account) bool { return u.shell == a.Shell }, "-s", a.Shell)
		}),
		changer("user.chhome", "Changes a user's home directory.", func(a *chhomeArgs) py.Value { return a.Root }, func(ctx context.Context, w host.Writer, a *chhomeArgs) (bool, error) {
			args := []string{"-d", a.Home}
			if a.Persist {
				args = append([]string{"-m"}, args...)
			}
			return change(ctx, w, a.Name, func(u *account) bool { return u.home == a.Home }, args...)
		}),
		changer("user.chgroups", "Changes a user's supplementary groups.", func(a *chgroupsArgs) py.Value { return a.Root }, func(ctx context.Context, w host.Writer, a *chgroupsArgs) (bool, error) {
			groups := a.Groups
			if len(groups) == 1 {
				groups = strings.Split(groups[0], ",")
			}
			return setGroups(ctx, w, a.Name, groups, a.Append)
		}),
		changer("user.rename", "Changes a login name.", func(a *renameArgs) py.Value { return a.Root }, func(ctx context.Context, w host.Writer, a *renameArgs) (bool, error) {
			if _, taken := w.User(a.NewName); taken {
				return false, modules.CommandExecutionError(fmt.Sprintf("User '%s' already exists", a.NewName))
			}
			if _, ok := w.User(a.Name); !ok {
				return false, modules.CommandExecutionError(fmt.Sprintf("User '%s' does not exist", a.Name))
			}
			if _, err := usermod(ctx, w, a.Name, "-l", a.NewName); err != nil {
				return false, err
			}
			_, renamed := w.User(a.NewName)
			return renamed, nil
		}),
		changer("user.chfullname", "Changes a user's full name.", func(a *fullnameArgs) py.Value { return a.Root }, func(ctx context.Context, w host.Writer, a *fullnameArgs) (bool, error) {
			return gecosChange(ctx, w, a.Name, a.Value, func(u *account) *string { return &u.fullname })
		}),
		changer("user.chroomnumber", "Changes a user's room number.", func(a *roomnumberArgs) py.Value { return a.Root }, func(ctx context.Context, w host.Writer, a *roomnumberArgs) (bool, error) {
			return gecosChange(ctx, w, a.Name, a.Value, func(u *account) *string { return &u.roomnumber })
		}),
		changer("user.chworkphone", "Changes a user's phone number at work.", func(a *workphoneArgs) py.Value { return a.Root }, func(ctx context.Context, w host.Writer, a *workphoneArgs) (bool, error) {
			return gecosChange(ctx, w, a.Name, a.Value, func(u *account) *string { return &u.workphone })
		}),
		changer("user.chhomephone", "Changes a user's phone number at home.", func(a *homephoneArgs) py.Value { return a.Root }, func(ctx context.Context, w host.Writer, a *homephoneArgs) (bool, error) {
			return gecosChange(ctx, w, a.Name, a.Value, func(u *account) *string { return &u.homephone })
		}),
		changer("user.chother", "Changes the last part of a user's comment field.", func(a *otherArgs) py.Value { return a.Root }, func(ctx context.Context, w host.Writer, a *otherArgs) (bool, error) {
			return gecosChange(ctx, w, a.Name, a.Value, func(u *account) *string { return &u.other })
		}),
	}
}
