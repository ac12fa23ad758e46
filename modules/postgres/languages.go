package postgres

import (
	"context"
	"fmt"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/modules"
)

type languageArgs struct {
	Name          string         `arg:"name,required" doc:"The language."`
	MaintenanceDB string         `arg:"maintenance_db,required" doc:"The database."`
	User          string         `arg:"user" doc:"The system user that runs psql."`
	DBPassword    *secret.String `arg:"db_password" doc:"The password of the connection."`
	DBHost        string         `arg:"db_host" doc:"The server's host or the directory of its socket."`
	DBPort        string         `arg:"db_port" doc:"The server's port."`
	DBUser        string         `arg:"db_user" doc:"The role that connects."`
}

func languageStates() []*modules.Func {
	return []*modules.Func{
		modules.State[languageArgs]{Name: "postgres_language.present", Virtual: stateVirtual, Check: checkLanguage,
			Doc: "Makes sure that a database has a language for functions.\n\n```yaml\nplpgsql:\n  postgres_language.present:\n    - maintenance_db: shop\n```"}.Func(),
		modules.State[languageArgs]{Name: "postgres_language.absent", Virtual: stateVirtual, Check: checkNoLanguage,
			Doc: "Says whether a database has a language. Salt 3008 fails where it would remove one, and so does this.\n\n```yaml\nplpgsql:\n  postgres_language.absent:\n    - maintenance_db: shop\n```"}.Func(),
	}
}

func (p *client) hasLanguage(ctx context.Context, name string) (bool, error) {
	rows, err := p.rows(ctx, `SELECT lanname AS "Name" FROM pg_language`)
	return byName(rows).Has(name), err
}

func checkLanguage(ctx context.Context, c *modules.Call, a *languageArgs) (modules.Plan, error) {
	p := newClient(c, a.DBUser, a.DBHost, a.DBPort, a.MaintenanceDB, a.DBPassword, a.User)
	has, err := p.hasLanguage(ctx, a.Name)
	if err != nil {
		return modules.Plan{}, err
	}
	if has {
		return modules.InOrder(fmt.Sprintf("Language %s is already installed", a.Name)), nil
	}
	return modules.Would(fmt.Sprintf("Language %s is set to be installed", a.Name), nil,
		func(ctx context.Context, w host.Writer) (modules.Done, error) {
			ok, err := p.do(ctx, w, "CREATE LANGUAGE "+a.Name)
			if err != nil || !ok {
				return modules.Failed(fmt.Sprintf("Failed to install language %s", a.Name)), err
			}
			return modules.OK(fmt.Sprintf("Language %s has been installed", a.Name), change(a.Name, py.Str("Present"))), nil
		}), nil
}

func checkNoLanguage(ctx context.Context, c *modules.Call, a *languageArgs) (modules.Plan, error) {
	p := newClient(c, a.DBUser, a.DBHost, a.DBPort, a.MaintenanceDB, a.DBPassword, a.User)
	has, err := p.hasLanguage(ctx, a.Name)
	if err != nil {
		return modules.Plan{}, err
	}
	if !has {
		return modules.InOrder(fmt.Sprintf("Language %s is not present so it cannot be removed", a.Name)), nil
	}
	return modules.Would(fmt.Sprintf("Language %s is set to be removed", a.Name), nil,
		func(context.Context, host.Writer) (modules.Done, error) {
			return modules.Done{}, raised("TypeError", "language_remove() missing 1 required positional argument: 'maintenance_db'")
		}), nil
}
