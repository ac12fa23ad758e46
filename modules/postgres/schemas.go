package postgres

import (
	"context"
	"fmt"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/modules"
)

func (p *client) hasSchema(ctx context.Context, name string) (bool, error) {
	rows, err := p.rows(ctx, `SELECT pg_namespace.nspname as "name" FROM pg_namespace`)
	for _, r := range rows {
		if text(r, "name") == name {
			return true, nil
		}
	}
	return false, err
}

type schemaPresentArgs struct {
	DBName     string         `arg:"dbname,required" doc:"The database."`
	Name       string         `arg:"name,required" doc:"The schema."`
	Owner      string         `arg:"owner" doc:"The role that owns a new schema."`
	User       string         `arg:"user" doc:"The system user that runs psql."`
	DBUser     string         `arg:"db_user" doc:"The role that connects."`
	DBPassword *secret.String `arg:"db_password" doc:"The password of the connection."`
	DBHost     string         `arg:"db_host" doc:"The server's host or the directory of its socket."`
	DBPort     string         `arg:"db_port" doc:"The server's port."`
}

type schemaAbsentArgs struct {
	DBName     string         `arg:"dbname,required" doc:"The database."`
	Name       string         `arg:"name,required" doc:"The schema."`
	User       string         `arg:"user" doc:"The system user that runs psql."`
	DBUser     string         `arg:"db_user" doc:"The role that connects."`
	DBPassword *secret.String `arg:"db_password" doc:"The password of the connection."`
	DBHost     string         `arg:"db_host" doc:"The server's host or the directory of its socket."`
	DBPort     string         `arg:"db_port" doc:"The server's port."`
}

func schemaStates() []*modules.Func {
	return []*modules.Func{
		modules.State[schemaPresentArgs]{Name: "postgres_schema.present", Virtual: stateVirtual, Check: checkSchema,
			Doc: "Makes sure that a database has a schema.\n\n```yaml\nsales:\n  postgres_schema.present:\n    - dbname: shop\n    - owner: web\n```"}.Func(),
		modules.State[schemaAbsentArgs]{Name: "postgres_schema.absent", Virtual: stateVirtual, Check: checkNoSchema,
			Doc: "Drops an empty schema.\n\n```yaml\nsales:\n  postgres_schema.absent:\n    - dbname: shop\n```"}.Func(),
	}
}

// withDB adds the database to a plan's results, where Salt returns it.
func withDB(plan modules.Plan, db string) modules.Plan {
	plan.Would.Extra = change("dbname", py.Str(db))
	if apply := plan.Apply; apply != nil {
		plan.Apply = func(ctx context.Context, w host.Writer) (modules.Done, error) {
			d, err := apply(ctx, w)
			d.Extra = change("dbname", py.Str(db))
			return d, err
		}
	}
	return plan
}

func checkSchema(ctx context.Context, c *modules.Call, a *schemaPresentArgs) (modules.Plan, error) {
	p := newClient(c, a.DBUser, a.DBHost, a.DBPort, a.DBName, a.DBPassword, a.User)
	has, err := p.hasSchema(ctx, a.Name)
	if err != nil {
		return modules.Plan{}, err
	}
	if has {
		return withDB(modules.InOrder(fmt.Sprintf("Schema %s already exists in database %s", a.Name, a.DBName)), a.DBName), nil
	}
	return withDB(modules.Would(fmt.Sprintf("Schema %s is set to be created in database %s.", a.Name, a.DBName), nil,
		func(ctx context.Context, w host.Writer) (modules.Done, error) {
			sql := fmt.Sprintf(`CREATE SCHEMA "%s"`, a.Name)
			if a.Owner != "" {
				sql += fmt.Sprintf(` AUTHORIZATION "%s"`, a.Owner)
			}
			ok, err := p.do(ctx, w, sql)
			if err != nil || !ok {
				return modules.Failed(fmt.Sprintf("Failed to create schema %s in database %s", a.Name, a.DBName)), err
			}
			return modules.OK(fmt.Sprintf("Schema %s has been created in database %s", a.Name, a.DBName), change(a.Name, py.Str("Present"))), nil
		}), a.DBName), nil
}

func checkNoSchema(ctx context.Context, c *modules.Call, a *schemaAbsentArgs) (modules.Plan, error) {
	p := newClient(c, a.DBUser, a.DBHost, a.DBPort, a.DBName, a.DBPassword, a.User)
	has, err := p.hasSchema(ctx, a.Name)
	if err != nil {
		return modules.Plan{}, err
	}
	if !has {
		return withDB(modules.InOrder(fmt.Sprintf("Schema %s is not present in database %s, so it cannot be removed", a.Name, a.DBName)), a.DBName), nil
	}
	return withDB(modules.Would(fmt.Sprintf("Schema %s is set to be removed from database %s", a.Name, a.DBName), nil,
		func(ctx context.Context, w host.Writer) (modules.Done, error) {
			if _, err := p.run(ctx, w, fmt.Sprintf(`DROP SCHEMA "%s"`, a.Name)); err != nil {
				return modules.Done{}, err
			}
			has, err := p.hasSchema(ctx, a.Name)
			if err != nil || has {
				return modules.Failed(fmt.Sprintf("Schema %s failed to be removed", a.Name)), err
			}
			return modules.OK(fmt.Sprintf("Schema %s has been removed from database %s", a.Name, a.DBName), change(a.Name, py.Str("Absent"))), nil
		}), a.DBName), nil
}
