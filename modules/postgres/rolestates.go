package postgres

import (
	"context"
	"fmt"
	"time"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/modules"
	"pinch/states/low"
)

type userPresentArgs struct {
	Name            string         `arg:"name,required" doc:"The role."`
	Createdb        py.Value       `arg:"createdb" doc:"Whether it may create databases."`
	Createroles     py.Value       `arg:"createroles" doc:"Whether it may create roles."`
	Encrypted       py.Value       `arg:"encrypted" doc:"How the password is stored: True or md5, scram-sha-256, or False."`
	Superuser       py.Value       `arg:"superuser" doc:"Whether it is a superuser."`
	Replication     py.Value       `arg:"replication" doc:"Whether it may replicate."`
	Inherit         py.Value       `arg:"inherit" doc:"Whether it has the rights of its groups."`
	Login           py.Value       `arg:"login" doc:"Whether it may log in; a new user may."`
	Password        *secret.String `arg:"password" doc:"The password, or its hash."`
	DefaultPassword *secret.String `arg:"default_password" doc:"The password of a new role when password is not given."`
	RefreshPassword bool           `arg:"refresh_password" doc:"Sets the password without a look at the stored one."`
	ValidUntil      py.Value       `arg:"valid_until" doc:"When the password ends."`
	Groups          py.Value       `arg:"groups" doc:"The roles it is a member of: a list, or text with commas."`
	User            string         `arg:"user" doc:"The system user that runs psql."`
	MaintenanceDB   string         `arg:"maintenance_db" doc:"The database to connect to."`
	DBPassword      *secret.String `arg:"db_password" doc:"The password of the connection."`
	DBHost          string         `arg:"db_host" doc:"The server's host or the directory of its socket."`
	DBPort          string         `arg:"db_port" doc:"The server's port."`
	DBUser          string         `arg:"db_user" doc:"The role that connects."`
}

type groupPresentArgs struct {
	Name            string         `arg:"name,required" doc:"The role."`
	Createdb        py.Value       `arg:"createdb" doc:"Whether it may create databases."`
	Createroles     py.Value       `arg:"createroles" doc:"Whether it may create roles."`
	Encrypted       py.Value       `arg:"encrypted" doc:"How the password is stored: True or md5, scram-sha-256, or False."`
	Superuser       py.Value       `arg:"superuser" doc:"Whether it is a superuser."`
	Inherit         py.Value       `arg:"inherit" doc:"Whether it has the rights of its groups."`
	Login           py.Value       `arg:"login" doc:"Whether it may log in; a new group may not."`
	Replication     py.Value       `arg:"replication" doc:"Whether it may replicate."`
	Password        *secret.String `arg:"password" doc:"The password, or its hash."`
	RefreshPassword bool           `arg:"refresh_password" doc:"Sets the password without a look at the stored one."`
	Groups          py.Value       `arg:"groups" doc:"The roles it is a member of: a list, or text with commas."`
	User            string         `arg:"user" doc:"The system user that runs psql."`
	MaintenanceDB   string         `arg:"maintenance_db" doc:"The database to connect to."`
	DBPassword      *secret.String `arg:"db_password" doc:"The password of the connection."`
	DBHost          string         `arg:"db_host" doc:"The server's host or the directory of its socket."`
	DBPort          string         `arg:"db_port" doc:"The server's port."`
	DBUser          string         `arg:"db_user" doc:"The role that connects."`
}

// absentArgs are those of most states that remove something.
type absentArgs struct {
	Name          string         `arg:"name,required" doc:"What is removed."`
	User          string         `arg:"user" doc:"The system user that runs psql."`
	MaintenanceDB string         `arg:"maintenance_db" doc:"The database to connect to."`
	DBPassword    *secret.String `arg:"db_password" doc:"The password of the connection."`
	DBHost        string         `arg:"db_host" doc:"The server's host or the directory of its socket."`
	DBPort        string         `arg:"db_port" doc:"The server's port."`
	DBUser        string         `arg:"db_user" doc:"The role that connects."`
}

func (a *absentArgs) client(c *modules.Call) *client {
	return newClient(c, a.DBUser, a.DBHost, a.DBPort, a.MaintenanceDB, a.DBPassword, a.User)
}

func roleStates() []*modules.Func {
	roleAbsent := func(noun string) func(context.Context, *modules.Call, *absentArgs) (modules.Plan, error) {
		return func(ctx context.Context, c *modules.Call, a *absentArgs) (modules.Plan, error) {
			p := a.client(c)
			old, err := p.role(ctx, a.Name, false)
			return absentPlan(noun, a.Name, old != nil, func(ctx context.Context, w host.Writer) (bool, error) {
				return p.dropRole(ctx, w, a.Name)
			}), err
		}
	}
	return []*modules.Func{
		modules.State[userPresentArgs]{Name: "postgres_user.present", Virtual: stateVirtual, Check: checkUser,
			Doc: "Makes sure that a role that may log in exists, with these attributes.\n\n```yaml\nweb:\n  postgres_user.present:\n    - password: '{{ pillar.db_password }}'\n    - encrypted: scram-sha-256\n    - createdb: True\n```"}.Func(),
		modules.State[absentArgs]{Name: "postgres_user.absent", Virtual: stateVirtual, Check: roleAbsent("User"),
			Doc: "Removes a role.\n\n```yaml\nold:\n  postgres_user.absent: []\n```"}.Func(),
		modules.State[groupPresentArgs]{Name: "postgres_group.present", Virtual: stateVirtual, Check: checkGroup,
			Doc: "Makes sure that a role for others to be members of exists, with these attributes.\n\n```yaml\nreaders:\n  postgres_group.present:\n    - inherit: True\n```"}.Func(),
		modules.State[absentArgs]{Name: "postgres_group.absent", Virtual: stateVirtual, Check: roleAbsent("Group"),
			Doc: "Removes a role that others may be members of.\n\n```yaml\nreaders:\n  postgres_group.absent: []\n```"}.Func(),
	}
}

// absentPlan is the plan of the states that remove a thing by its name.
func absentPlan(noun, name string, exists bool, remove func(context.Context, host.Writer) (bool, error)) modules.Plan {
	if !exists {
		return modules.InOrder(fmt.Sprintf("%s %s is not present, so it cannot be removed", noun, name))
	}
	return modules.Would(fmt.Sprintf("%s %s is set to be removed", noun, name), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		ok, err := remove(ctx, w)
		if err != nil {
			return modules.Done{}, err
		}
		if !ok {
			return modules.Failed(fmt.Sprintf("%s %s failed to be removed", noun, name)), nil
		}
		return modules.OK(fmt.Sprintf("%s %s has been removed", noun, name), change(name, py.Str("Absent"))), nil
	})
}

func change(name string, v py.Value) *py.Dict {
	d := py.NewDict()
	d.SetStr(name, v)
	return d
}

func checkUser(ctx context.Context, c *modules.Call, a *userPresentArgs) (modules.Plan, error) {
	return rolePlan(ctx, newClient(c, a.DBUser, a.DBHost, a.DBPort, a.MaintenanceDB, a.DBPassword, a.User), "user", a.Name,
		a.DefaultPassword, a.RefreshPassword, &roleWish{createdb: a.Createdb, createroles: a.Createroles, inherit: a.Inherit,
			login: a.Login, superuser: a.Superuser, replication: a.Replication, encrypted: a.Encrypted, groups: a.Groups,
			validUntil: a.ValidUntil, password: a.Password})
}

func checkGroup(ctx context.Context, c *modules.Call, a *groupPresentArgs) (modules.Plan, error) {
	return rolePlan(ctx, newClient(c, a.DBUser, a.DBHost, a.DBPort, a.MaintenanceDB, a.DBPassword, a.User), "group", a.Name,
		nil, a.RefreshPassword, &roleWish{createdb: a.Createdb, createroles: a.Createroles, inherit: a.Inherit,
			login: a.Login, superuser: a.Superuser, replication: a.Replication, encrypted: a.Encrypted, groups: a.Groups,
			password: a.Password})
}

func rolePlan(ctx context.Context, p *client, kind, name string, initial *secret.String, refresh bool, r *roleWish) (modules.Plan, error) {
	noun := map[string]string{"user": "User", "group": "Group"}[kind]
	old, err := p.role(ctx, name, !refresh)
	if err != nil {
		return modules.Plan{}, err
	}
	mode := "update"
	if old == nil {
		mode = "create"
		if r.password == nil {
			r.password = initial
		}
	}
	if err := settlePassword(name, old, refresh, r); err != nil {
		return modules.Plan{}, err
	}
	update := py.NewDict()
	if old != nil {
		if update, err = roleUpdate(ctx, p, old, r); err != nil {
			return modules.Plan{}, err
		}
		if update.Len() == 0 {
			return modules.InOrder(fmt.Sprintf("%s %s is already present", noun, name)), nil
		}
	}
	var would py.Value
	var done py.Value = py.Str("Present")
	if update.Len() > 0 {
		would, done = change(name, update), update
	}
	return modules.Plan{
		Would: modules.Done{Result: low.None, Comment: fmt.Sprintf("%s %s is set to be %sd", noun, name, mode), Changes: would},
		Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) {
			var ok bool
			var err error
			if old == nil {
				ok, err = p.createRole(ctx, w, kind, name, r)
			} else {
				ok, err = p.updateRole(ctx, w, name, r)
			}
			if err != nil {
				return modules.Done{}, err
			}
			if !ok {
				return modules.Failed(fmt.Sprintf("Failed to %s %s %s", mode, kind, name)), nil
			}
			return modules.OK(fmt.Sprintf("The %s %s has been %sd", kind, name, mode), change(name, done)), nil
		},
	}, nil
}

// settlePassword makes the wish's password what is to be stored, or nil when
// that is stored already.
func settlePassword(name string, old *py.Dict, refresh bool, r *roleWish) error {
	if r.password == nil {
		return nil
	}
	if old != nil && !refresh {
		same, err := verify(name, r.password.Reveal(), old.String("password"), r.encrypted)
		if err != nil {
			return err
		}
		if same {
			r.password = nil
			return nil
		}
	}
	stored, err := encrypt(name, r.password.Reveal(), r.encrypted)
	if err != nil {
		return err
	}
	s := secret.New(stored)
	r.password = &s
	return nil
}

// roleUpdate says in which attributes a role differs from the wish.
func roleUpdate(ctx context.Context, p *client, old *py.Dict, r *roleWish) (*py.Dict, error) {
	update := py.NewDict()
	for _, f := range []struct {
		arg, attr string
		want      py.Value
	}{
		{"createdb", "can create databases", r.createdb}, {"inherit", "inherits privileges", r.inherit},
		{"login", "can login", r.login}, {"createroles", "can create roles", r.createroles},
		{"replication", "replication", r.replication}, {"superuser", "superuser", r.superuser},
	} {
		if py.IsNone(f.want) {
			continue
		}
		same, err := py.Equal(old.Lookup(f.attr), f.want)
		if err != nil {
			return nil, err
		}
		if !same {
			update.SetStr(f.arg, f.want)
		}
	}
	if r.password != nil {
		update.SetStr("password", py.True)
	}
	if !py.IsNone(r.validUntil) {
		same, err := sameExpiry(ctx, p, old, r.validUntil)
		if err != nil {
			return nil, err
		}
		if !same {
			update.SetStr("valid_until", r.validUntil)
		}
	}
	if m := missing(r.groups, old); m != nil {
		update.SetStr("groups", m)
	}
	return update, nil
}

func sameExpiry(ctx context.Context, p *client, old *py.Dict, want py.Value) (bool, error) {
	until, ok := want.(py.Str)
	if !ok {
		return false, raised("AttributeError", "'%s' object has no attribute 'replace'", want.Type())
	}
	rows, err := p.rows(ctx, fmt.Sprintf("SELECT '%s'::timestamp(0) as dt;", literal(string(until))))
	if err != nil {
		return false, err
	}
	if len(rows) == 0 {
		return false, raised("IndexError", "list index out of range")
	}
	t, err := time.Parse(time.DateTime, text(rows[0], "dt"))
	if err != nil {
		return py.IsNone(old.Lookup("expiry time")), nil
	}
	return py.Equal(py.DateTime{T: t}, old.Lookup("expiry time"))
}
