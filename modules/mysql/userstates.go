package mysql

import (
	"context"
	"fmt"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/modules"
	"pinch/states/low"
)

type userPresentArgs struct {
	Name           string         `arg:"name,required" doc:"The account's user."`
	At             py.Value       `arg:"host" default:"localhost" doc:"The host it connects from; % is a pattern."`
	Password       *secret.String `arg:"password" doc:"Its password."`
	PasswordHash   *secret.String `arg:"password_hash" doc:"The password's hash, when password is not given."`
	Passwordless   py.Value       `arg:"allow_passwordless" default:"False" doc:"Whether it may have no password."`
	UnixSocket     py.Value       `arg:"unix_socket" default:"False" doc:"Whether the system user of that name logs in by the socket."`
	PasswordColumn string         `arg:"password_column" doc:"The column of mysql.user with the password; asked without it."`
	AuthPlugin     string         `arg:"auth_plugin" default:"mysql_native_password" doc:"How a new account of MySQL 8 logs in."`
	connArgs
}

type userArgs struct {
	Name string   `arg:"name,required" doc:"The account's user."`
	At   py.Value `arg:"host" default:"localhost" doc:"The host it connects from."`
	connArgs
}

func userStates() []*modules.Func {
	return []*modules.Func{
		modules.State[userPresentArgs]{Name: "mysql_user.present", Virtual: stateVirtual, Check: checkUser,
			Doc: "Makes sure that an account exists, with its password.\n\n```yaml\nfrank:\n  mysql_user.present:\n    - host: localhost\n    - password: '{{ pillar.db_password }}'\n```"}.Func(),
		modules.State[userArgs]{Name: "mysql_user.absent", Virtual: stateVirtual, Check: checkNoUser,
			Doc: "Drops an account.\n\n```yaml\nfrank:\n  mysql_user.absent: []\n```"}.Func(),
	}
}

func (a *userPresentArgs) login() login {
	return login{user: py.Str(a.Name), host: a.At, password: a.Password, hash: a.PasswordHash, passwordless: a.Passwordless,
		bySocket: a.UnixSocket, column: a.PasswordColumn, plugin: a.AuthPlugin}
}

func checkUser(ctx context.Context, c *modules.Call, a *userPresentArgs) (modules.Plan, error) {
	who := fmt.Sprintf("%s@%s", a.Name, py.ToStr(a.At))
	none := !given(a.Password) && !given(a.PasswordHash)
	allowed, err := isTrue(a.Passwordless)
	if err != nil {
		return modules.Plan{}, err
	}
	if none && !allowed && !py.IsTrue(a.UnixSocket) {
		return modules.Fail("Either password or password_hash must be specified, unless allow_passwordless is True"), nil
	}
	p, err := a.client(ctx, c)
	if err != nil {
		return modules.Plan{}, err
	}
	wanted := login{user: py.Str(a.Name), host: a.At, passwordless: py.Bool(none), bySocket: a.UnixSocket, column: a.PasswordColumn}
	if !none {
		wanted.password, wanted.hash = a.Password, a.PasswordHash
	}
	same, err := p.exists(ctx, wanted)
	if err != nil {
		return modules.Plan{}, err
	}
	if same {
		return modules.InOrder(fmt.Sprintf("User %s is already present", who) + a.howPresent(none)), nil
	}
	if s, bad := takeError(c); bad {
		return modules.Fail(s), nil
	}
	there, err := p.exists(ctx, login{user: py.Str(a.Name), host: a.At, bySocket: a.UnixSocket})
	if err != nil {
		return modules.Plan{}, err
	}
	if there {
		return a.planChange(p, who, none, allowed), nil
	}
	if s, bad := takeError(c); bad {
		return modules.Fail(s), nil
	}
	return a.planCreate(p, who, allowed), nil
}

func (a *userPresentArgs) howPresent(none bool) string {
	switch {
	case none && py.IsTrue(a.Passwordless):
		return " with passwordless login"
	case none:
		return ""
	case a.AuthPlugin != nativePlugin:
		return ". Unable to verify password."
	case !given(a.Password):
		return " with the desired password hash"
	}
	return " with the desired password"
}

func (a *userPresentArgs) planChange(p *client, who string, none, allowed bool) modules.Plan {
	change1, changed := "change", "changed"
	if none {
		change1, changed = "clear", "cleared"
	}
	would := modules.Done{Result: low.None, Comment: fmt.Sprintf("Password for user %s is set to be %s", who, changed)}
	if none && !allowed {
		would.Comment += ", but allow_passwordless != True"
		would.Result = low.False
	}
	return modules.Plan{Would: would, Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) {
		l := a.login()
		l.column = "" // Salt asks the server here
		ok, err := p.changePassword(ctx, w, l)
		switch {
		case err != nil:
			return modules.Done{}, err
		case ok:
			return modules.OK(fmt.Sprintf("Password for user %s has been %s", who, changed), change(a.Name, "Updated")), nil
		}
		comment := because(p.c, fmt.Sprintf("Failed to %s password for user %s", change1, who))
		if none && !allowed {
			comment += ". Note: allow_passwordless must be True to permit passwordless login."
		}
		return modules.Failed(comment), nil
	}}
}

func (a *userPresentArgs) planCreate(p *client, who string, allowed bool) modules.Plan {
	how := ""
	would := modules.Done{Result: low.None}
	if py.IsTrue(a.Passwordless) {
		how = " with passwordless login"
		if !allowed {
			would.Result = low.False
			would.Comment = ", but allow_passwordless != True"
		}
	}
	socket := ""
	if py.IsTrue(a.UnixSocket) {
		socket = " using unix_socket"
	}
	would.Comment = fmt.Sprintf("User %s is set to be added", who) + how + would.Comment + socket
	return modules.Plan{Would: would, Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) {
		ok, err := p.create(ctx, w, a.login())
		switch {
		case err != nil:
			return modules.Done{}, err
		case !ok:
			return modules.Failed(because(p.c, fmt.Sprintf("Failed to create user %s", who))), nil
		}
		return modules.OK(fmt.Sprintf("The user %s has been added", who)+how+socket, change(a.Name, "Present")), nil
	}}
}

func checkNoUser(ctx context.Context, c *modules.Call, a *userArgs) (modules.Plan, error) {
	who := fmt.Sprintf("%s@%s", a.Name, py.ToStr(a.At))
	p, err := a.client(ctx, c)
	if err != nil {
		return modules.Plan{}, err
	}
	missing := fmt.Sprintf("User %s is not present, so it cannot be removed", who)
	there, err := p.exists(ctx, login{user: py.Str(a.Name), host: a.At})
	if err != nil {
		return modules.Plan{}, err
	}
	if !there {
		if s, bad := takeError(c); bad {
			return modules.Fail(s), nil
		}
		return modules.InOrder(missing), nil
	}
	return modules.Would(fmt.Sprintf("User %s is set to be removed", who), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		ok, err := p.removeUser(ctx, w, py.Str(a.Name), a.At)
		if err != nil {
			return modules.Done{}, err
		}
		if ok {
			return modules.OK(fmt.Sprintf("User %s has been removed", who), change(a.Name, "Absent")), nil
		}
		if s, bad := takeError(c); bad {
			return modules.Failed(s), nil
		}
		return modules.Done{Result: low.True, Comment: missing}, nil
	}), nil
}
