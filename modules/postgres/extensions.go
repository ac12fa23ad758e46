package postgres

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/modules"
)

// extension is how an extension stands to what is wanted of it.
type extension struct{ installed, upgrade, move bool }

func (p *client) extensions(ctx context.Context) (map[string]*py.Dict, error) {
	rows, err := p.rows(ctx, "select a.*, b.nspname as schema_name from pg_extension a, pg_namespace b where a.extnamespace = b.oid;")
	out := map[string]*py.Dict{}
	for _, r := range rows {
		out[text(r, "extname")] = r
	}
	return out, err
}

func (p *client) extension(ctx context.Context, name, schema, version string) (extension, error) {
	all, err := p.extensions(ctx)
	if err != nil {
		return extension{}, err
	}
	have, ok := all[name]
	if !ok {
		return extension{}, nil
	}
	return extension{installed: true,
		upgrade: version != "" && older(text(have, "extversion"), version),
		move:    schema != "" && text(have, "extrelocatable") == "t" && text(have, "schema_name") != schema}, nil
}

func (p *client) available(ctx context.Context, name string) (bool, error) {
	rows, err := p.rows(ctx, "select * from pg_available_extensions();")
	for _, r := range rows {
		if strings.EqualFold(text(r, "name"), name) {
			return true, nil
		}
	}
	return false, err
}

func (p *client) createExtension(ctx context.Context, w host.Writer, a *extPresentArgs) (bool, error) {
	e, err := p.extension(ctx, a.Name, a.Schema, a.ExtVersion)
	if err != nil {
		return false, err
	}
	installable, err := p.available(ctx, a.Name)
	if err != nil {
		return false, err
	}
	var sql []string
	if !e.installed {
		sql = append(sql, "CREATE EXTENSION")
		if py.IsNone(a.IfNotExists) || py.IsTrue(a.IfNotExists) {
			sql = append(sql, "IF NOT EXISTS")
		}
		sql = append(sql, fmt.Sprintf(`"%s"`, a.Name))
		if a.Schema != "" || a.ExtVersion != "" || a.FromVersion != "" {
			sql = append(sql, "WITH")
		}
		if a.Schema != "" {
			sql = append(sql, fmt.Sprintf(`SCHEMA "%s"`, a.Schema))
		}
		if a.ExtVersion != "" {
			sql = append(sql, "VERSION "+a.ExtVersion)
		}
		if a.FromVersion != "" {
			sql = append(sql, "FROM "+a.FromVersion)
		}
		sql = append(sql, ";")
	} else {
		if e.move {
			sql = append(sql, fmt.Sprintf(`ALTER EXTENSION "%s" SET SCHEMA "%s";`, a.Name, a.Schema))
		}
		if e.upgrade {
			sql = append(sql, fmt.Sprintf(`ALTER EXTENSION "%s" UPDATE TO %s;`, a.Name, a.ExtVersion))
		}
	}
	if installable && len(sql) > 0 {
		if _, err := p.run(ctx, w, strings.Join(sql, " ")); err != nil {
			return false, err
		}
	}
	e, err = p.extension(ctx, a.Name, a.Schema, a.ExtVersion)
	return err == nil && e.installed && !e.move && !e.upgrade, err
}

type extPresentArgs struct {
	Name          string         `arg:"name,required" doc:"The extension."`
	IfNotExists   py.Value       `arg:"if_not_exists" doc:"Whether IF NOT EXISTS is added; it is unless False is given."`
	Schema        string         `arg:"schema" doc:"The schema it is in."`
	ExtVersion    string         `arg:"ext_version" doc:"The version, or a newer one."`
	FromVersion   string         `arg:"from_version" doc:"The version of old modules that it replaces."`
	User          string         `arg:"user" doc:"The system user that runs psql."`
	MaintenanceDB string         `arg:"maintenance_db" doc:"The database of the extension."`
	DBUser        string         `arg:"db_user" doc:"The role that connects."`
	DBPassword    *secret.String `arg:"db_password" doc:"The password of the connection."`
	DBHost        string         `arg:"db_host" doc:"The server's host or the directory of its socket."`
	DBPort        string         `arg:"db_port" doc:"The server's port."`
}

type extAbsentArgs struct {
	Name          string         `arg:"name,required" doc:"The extension."`
	IfExists      bool           `arg:"if_exists" doc:"Whether IF EXISTS is added."`
	Restrict      bool           `arg:"restrict" doc:"Whether RESTRICT is added."`
	Cascade       py.Value       `arg:"cascade" doc:"Whether CASCADE is added; it is unless False is given."`
	User          string         `arg:"user" doc:"The system user that runs psql."`
	MaintenanceDB string         `arg:"maintenance_db" doc:"The database of the extension."`
	DBUser        string         `arg:"db_user" doc:"The role that connects."`
	DBPassword    *secret.String `arg:"db_password" doc:"The password of the connection."`
	DBHost        string         `arg:"db_host" doc:"The server's host or the directory of its socket."`
	DBPort        string         `arg:"db_port" doc:"The server's port."`
}

func extensionStates() []*modules.Func {
	return []*modules.Func{
		modules.State[extPresentArgs]{Name: "postgres_extension.present", Virtual: stateVirtual, Check: checkExtension,
			Doc: "Makes sure that a database has an extension.\n\n```yaml\nhstore:\n  postgres_extension.present:\n    - maintenance_db: shop\n```"}.Func(),
		modules.State[extAbsentArgs]{Name: "postgres_extension.absent", Virtual: stateVirtual,
			Doc: "Drops an extension of a database.\n\n```yaml\nhstore:\n  postgres_extension.absent:\n    - maintenance_db: shop\n```",
			Check: func(ctx context.Context, c *modules.Call, a *extAbsentArgs) (modules.Plan, error) {
				p := newClient(c, a.DBUser, a.DBHost, a.DBPort, a.MaintenanceDB, a.DBPassword, a.User)
				e, err := p.extension(ctx, a.Name, "", "")
				return absentPlan("Extension", a.Name, e.installed, func(ctx context.Context, w host.Writer) (bool, error) {
					sql := "DROP EXTENSION"
					if a.IfExists {
						sql += " IF EXISTS"
					}
					sql += " " + a.Name
					if py.IsNone(a.Cascade) || py.IsTrue(a.Cascade) {
						sql += " CASCADE"
					}
					if a.Restrict {
						sql += " RESTRICT"
					}
					if _, err := p.run(ctx, w, sql+" ;"); err != nil {
						return false, err
					}
					e, err := p.extension(ctx, a.Name, "", "")
					return err == nil && !e.installed, err
				}), err
			}}.Func(),
	}
}

func checkExtension(ctx context.Context, c *modules.Call, a *extPresentArgs) (modules.Plan, error) {
	p := newClient(c, a.DBUser, a.DBHost, a.DBPort, a.MaintenanceDB, a.DBPassword, a.User)
	e, err := p.extension(ctx, a.Name, a.Schema, a.ExtVersion)
	if err != nil {
		return modules.Plan{}, err
	}
	verb, past, result := "install", "installed", "Installed"
	switch {
	case e.upgrade || e.move:
		verb, past, result = "upgrade", "upgraded", "Upgraded"
	case e.installed:
		return modules.InOrder(fmt.Sprintf("Extension %s is already present", a.Name)), nil
	}
	would := strings.ReplaceAll(fmt.Sprintf("Extension %s is set to be %sed", a.Name, verb), "eed", "ed")
	return modules.Would(would, nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		ok, err := p.createExtension(ctx, w, a)
		if err != nil || !ok {
			return modules.Failed(fmt.Sprintf("Failed to %s extension %s", verb, a.Name)), err
		}
		return modules.OK(fmt.Sprintf("The extension %s has been %s", a.Name, past), change(a.Name, py.Str(result))), nil
	}), nil
}
