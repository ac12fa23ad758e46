package postgres

import (
	"context"

	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/modules"
)

type connArgs struct {
	User          string         `arg:"user" doc:"The role that connects."`
	Host          string         `arg:"host" doc:"The server's host or the directory of its socket."`
	Port          string         `arg:"port" doc:"The server's port."`
	MaintenanceDB string         `arg:"maintenance_db" doc:"The database to connect to."`
	Password      *secret.String `arg:"password" doc:"The password of the connection."`
	RunAs         string         `arg:"runas" doc:"The system user that runs psql."`
}

type namedArgs struct {
	Name          string         `arg:"name,required" doc:"What is asked for."`
	User          string         `arg:"user" doc:"The role that connects."`
	Host          string         `arg:"host" doc:"The server's host or the directory of its socket."`
	Port          string         `arg:"port" doc:"The server's port."`
	MaintenanceDB string         `arg:"maintenance_db" doc:"The database to connect to."`
	Password      *secret.String `arg:"password" doc:"The password of the connection."`
	RunAs         string         `arg:"runas" doc:"The system user that runs psql."`
}

// queryFuncs are the execution functions that look.
func queryFuncs() []*modules.Func {
	list := func(name, doc string, ask func(*client, context.Context) (py.Value, error)) *modules.Func {
		return modules.Query[connArgs]{Name: "postgres." + name, Doc: doc, Virtual: execVirtual,
			Run: func(ctx context.Context, c *modules.Call, a *connArgs) (py.Value, error) {
				return ask(newClient(c, a.User, a.Host, a.Port, a.MaintenanceDB, a.Password, a.RunAs), ctx)
			}}.Func()
	}
	exists := func(name, doc string, ask func(p *client, ctx context.Context, name string) (bool, error)) *modules.Func {
		return modules.Query[namedArgs]{Name: "postgres." + name, Doc: doc, Virtual: execVirtual,
			Run: func(ctx context.Context, c *modules.Call, a *namedArgs) (py.Value, error) {
				ok, err := ask(newClient(c, a.User, a.Host, a.Port, a.MaintenanceDB, a.Password, a.RunAs), ctx, a.Name)
				return py.Bool(ok), err
			}}.Func()
	}
	return []*modules.Func{
		list("version", "Returns the server's version.", func(p *client, ctx context.Context) (py.Value, error) {
			v, err := p.version(ctx)
			return py.Str(v), err
		}),
		list("db_list", "Returns the databases with their owners and encodings.", func(p *client, ctx context.Context) (py.Value, error) {
			return p.databases(ctx)
		}),
		list("tablespace_list", "Returns the tablespaces with their owners and places.", func(p *client, ctx context.Context) (py.Value, error) {
			return p.tablespaces(ctx)
		}),
		exists("db_exists", "Says whether a database exists.", func(p *client, ctx context.Context, name string) (bool, error) {
			all, err := p.databases(ctx)
			return all.Has(name), err
		}),
		exists("tablespace_exists", "Says whether a tablespace exists.", func(p *client, ctx context.Context, name string) (bool, error) {
			all, err := p.tablespaces(ctx)
			return all.Has(name), err
		}),
		exists("user_exists", "Says whether a role exists.", func(p *client, ctx context.Context, name string) (bool, error) {
			r, err := p.role(ctx, name, false)
			return r != nil, err
		}),
		exists("is_installed_extension", "Says whether a database has an extension.", func(p *client, ctx context.Context, name string) (bool, error) {
			e, err := p.extension(ctx, name, "", "")
			return e.installed, err
		}),
		exists("is_available_extension", "Says whether the server offers an extension.", func(p *client, ctx context.Context, name string) (bool, error) {
			return p.available(ctx, name)
		}),
	}
}
