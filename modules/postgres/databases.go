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

func (p *client) databases(ctx context.Context) (*py.Dict, error) {
	rows, err := p.rows(ctx, `SELECT datname as "Name", pga.rolname as "Owner", pg_encoding_to_char(encoding) as "Encoding",
 datcollate as "Collate", datctype as "Ctype", datacl as "Access privileges", spcname as "Tablespace"
 FROM pg_database pgd, pg_roles pga, pg_tablespace pgts WHERE pga.oid = pgd.datdba AND pgts.oid = pgd.dattablespace`)
	return byName(rows), err
}

// dbWish is what a database is to be; "" leaves a thing to the server.
type dbWish struct {
	tablespace, encoding, collate, ctype, owner, template string
}

func (p *client) createDB(ctx context.Context, w host.Writer, name string, d *dbWish) (bool, error) {
	var with []string
	for _, o := range []struct{ key, value, quote string }{
		{"TABLESPACE", d.tablespace, `"`}, {"OWNER", d.owner, `"`}, {"TEMPLATE", d.template, ""},
		{"ENCODING", d.encoding, "'"}, {"LC_COLLATE", d.collate, "'"}, {"LC_CTYPE", d.ctype, "'"},
	} {
		if o.value == "" {
			continue
		}
		if o.quote != "" && strings.Contains(o.value, o.quote) {
			return false, modules.SaltInvocationError(fmt.Sprintf("Unsupported character %s in value: %s", o.quote, o.value))
		}
		with = append(with, o.key+" = "+o.quote+o.value+o.quote)
	}
	sql := fmt.Sprintf(`CREATE DATABASE "%s"`, name)
	if len(with) > 0 {
		sql += " WITH " + strings.Join(with, " ")
	}
	return p.do(ctx, w, sql)
}

// alterDB gives a database to an owner and another tablespace. As in Salt the
// last statement decides.
func (p *client) alterDB(ctx context.Context, w host.Writer, name, tablespace, owner string, recurse bool) (bool, error) {
	if owner != "" && recurse {
		// Salt 3008 fails here before it has changed anything
		return false, raised("TypeError", "a bytes-like object is required, not 'str'")
	}
	ok := true
	var err error
	if owner != "" {
		if ok, err = p.do(ctx, w, fmt.Sprintf(`ALTER DATABASE "%s" OWNER TO "%s"`, name, owner)); err != nil {
			return false, err
		}
	}
	if tablespace != "" {
		ok, err = p.do(ctx, w, fmt.Sprintf(`ALTER DATABASE "%s" SET TABLESPACE "%s"`, name, tablespace))
	}
	return ok, err
}

func (p *client) removeDB(ctx context.Context, w host.Writer, name string) (bool, error) {
	for _, sql := range []string{
		fmt.Sprintf(`REVOKE CONNECT ON DATABASE "%s" FROM public;`, name),
		fmt.Sprintf("SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s' AND pid <> pg_backend_pid();", literal(name)),
		fmt.Sprintf(`DROP DATABASE "%s";`, name),
	} {
		out, err := p.run(ctx, w, sql)
		if err != nil {
			return false, err
		}
		if out.Code != 0 {
			return false, raised("Exception", "Failed: ret=%s", py.Repr(runResult(out)))
		}
	}
	return true, nil
}

// runResult is what Salt's cmd.run_all returns.
func runResult(out host.Output) *py.Dict {
	d := py.NewDict()
	d.SetStr("pid", py.Int(out.PID))
	d.SetStr("retcode", py.Int(out.Code))
	d.SetStr("stdout", py.Str(strings.TrimRight(string(out.Stdout), " \t\r\n")))
	d.SetStr("stderr", py.Str(strings.TrimRight(string(out.Stderr), " \t\r\n")))
	return d
}

type dbPresentArgs struct {
	Name          string         `arg:"name,required" doc:"The database."`
	Tablespace    string         `arg:"tablespace" doc:"Where its files are."`
	Encoding      string         `arg:"encoding" doc:"Its character encoding."`
	LCCollate     string         `arg:"lc_collate" doc:"Its sort order."`
	LCCtype       string         `arg:"lc_ctype" doc:"Its classes of characters."`
	Owner         string         `arg:"owner" doc:"The role that owns it."`
	OwnerRecurse  bool           `arg:"owner_recurse" default:"False" doc:"Meant to give the owner all that is in it, too; a change of owner then fails, as in Salt 3008."`
	Template      string         `arg:"template" doc:"The database it is a copy of."`
	User          string         `arg:"user" doc:"The system user that runs psql."`
	MaintenanceDB string         `arg:"maintenance_db" doc:"The database to connect to."`
	DBPassword    *secret.String `arg:"db_password" doc:"The password of the connection."`
	DBHost        string         `arg:"db_host" doc:"The server's host or the directory of its socket."`
	DBPort        string         `arg:"db_port" doc:"The server's port."`
	DBUser        string         `arg:"db_user" doc:"The role that connects."`
}

func databaseStates() []*modules.Func {
	return []*modules.Func{
		modules.State[dbPresentArgs]{Name: "postgres_database.present", Virtual: stateVirtual, Check: checkDB,
			Doc: "Makes sure that a database exists, with its owner and tablespace.\n\n```yaml\nshop:\n  postgres_database.present:\n    - owner: web\n    - encoding: UTF8\n    - template: template0\n```"}.Func(),
		modules.State[absentArgs]{Name: "postgres_database.absent", Virtual: stateVirtual,
			Doc: "Ends the connections to a database and drops it.\n\n```yaml\nshop:\n  postgres_database.absent: []\n```",
			Check: func(ctx context.Context, c *modules.Call, a *absentArgs) (modules.Plan, error) {
				p := a.client(c)
				dbs, err := p.databases(ctx)
				return absentPlan("Database", a.Name, dbs.Has(a.Name), func(ctx context.Context, w host.Writer) (bool, error) {
					return p.removeDB(ctx, w, a.Name)
				}), err
			}}.Func(),
	}
}

func checkDB(ctx context.Context, c *modules.Call, a *dbPresentArgs) (modules.Plan, error) {
	p := newClient(c, a.DBUser, a.DBHost, a.DBPort, a.MaintenanceDB, a.DBPassword, a.User)
	dbs, err := p.databases(ctx)
	if err != nil {
		return modules.Plan{}, err
	}
	have, exists := dbs.Lookup(a.Name).(*py.Dict)
	if exists {
		is := func(key, want string) bool { return want == "" || have.String(key) == want }
		fixed := (a.Encoding == "" || strings.EqualFold(have.String("Encoding"), a.Encoding)) && is("Collate", a.LCCollate) && is("Ctype", a.LCCtype)
		switch {
		case !fixed:
			return modules.Fail(fmt.Sprintf("Database %s has wrong parameters which couldn't be changed on fly.", a.Name)), nil
		case is("Tablespace", a.Tablespace) && is("Owner", a.Owner):
			return modules.InOrder(fmt.Sprintf("Database %s is already present", a.Name)), nil
		}
		return modules.Would(fmt.Sprintf("Database %s exists, but parameters need to be changed", a.Name), nil,
			func(ctx context.Context, w host.Writer) (modules.Done, error) {
				ok, err := p.alterDB(ctx, w, a.Name, a.Tablespace, a.Owner, a.OwnerRecurse)
				if err != nil || !ok {
					return modules.Failed(fmt.Sprintf("Failed to change parameters for database %s", a.Name)), err
				}
				return modules.OK(fmt.Sprintf("Parameters for database %s have been changed", a.Name), change(a.Name, py.Str("Parameters changed"))), nil
			}), nil
	}
	return modules.Would(fmt.Sprintf("Database %s is set to be created", a.Name), nil,
		func(ctx context.Context, w host.Writer) (modules.Done, error) {
			ok, err := p.createDB(ctx, w, a.Name, &dbWish{tablespace: a.Tablespace, encoding: a.Encoding, collate: a.LCCollate,
				ctype: a.LCCtype, owner: a.Owner, template: a.Template})
			if err != nil || !ok {
				return modules.Failed(fmt.Sprintf("Failed to create database %s", a.Name)), err
			}
			return modules.OK(fmt.Sprintf("The database %s has been created", a.Name), change(a.Name, py.Str("Present"))), nil
		}), nil
}
