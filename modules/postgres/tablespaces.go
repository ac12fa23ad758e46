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

type tablespaceArgs struct {
	Name          string         `arg:"name,required" doc:"The tablespace."`
	Directory     string         `arg:"directory,required" doc:"Where its files are: an empty directory of the server's user."`
	Options       *py.Dict       `arg:"options" doc:"Its options, as seq_page_cost."`
	Owner         string         `arg:"owner" doc:"The role that owns it."`
	User          string         `arg:"user" doc:"The system user that runs psql."`
	MaintenanceDB string         `arg:"maintenance_db" doc:"The database to connect to."`
	DBPassword    *secret.String `arg:"db_password" doc:"The password of the connection."`
	DBHost        string         `arg:"db_host" doc:"The server's host or the directory of its socket."`
	DBPort        string         `arg:"db_port" doc:"The server's port."`
	DBUser        string         `arg:"db_user" doc:"The role that connects."`
}

func (p *client) tablespaces(ctx context.Context) (*py.Dict, error) {
	rows, err := p.rows(ctx, `SELECT spcname as "Name", pga.rolname as "Owner", spcacl as "ACL", spcoptions as "Opts",
 pg_tablespace_location(pgts.oid) as "Location" FROM pg_tablespace pgts, pg_roles pga WHERE pga.oid = pgts.spcowner`)
	return byName(rows), err
}

func tablespaceStates() []*modules.Func {
	return []*modules.Func{
		modules.State[tablespaceArgs]{Name: "postgres_tablespace.present", Virtual: stateVirtual, Check: checkTablespace,
			Doc: "Makes sure that a tablespace exists, with its owner and options.\n\n```yaml\nfast:\n  postgres_tablespace.present:\n    - directory: /srv/fast\n    - owner: web\n```"}.Func(),
		modules.State[absentArgs]{Name: "postgres_tablespace.absent", Virtual: stateVirtual, Check: checkNoTablespace,
			Doc: "Drops an empty tablespace.\n\n```yaml\nfast:\n  postgres_tablespace.absent: []\n```"}.Func(),
	}
}

func checkNoTablespace(ctx context.Context, c *modules.Call, a *absentArgs) (modules.Plan, error) {
	p := a.client(c)
	all, err := p.tablespaces(ctx)
	if err != nil {
		return modules.Plan{}, err
	}
	gone := fmt.Sprintf("Tablespace %s is not present, so it cannot be removed", a.Name)
	if !all.Has(a.Name) {
		return modules.InOrder(gone), nil
	}
	return modules.Would(fmt.Sprintf("Tablespace %s is set to be removed", a.Name), nil,
		func(ctx context.Context, w host.Writer) (modules.Done, error) {
			ok, err := p.do(ctx, w, fmt.Sprintf(`DROP TABLESPACE "%s"`, a.Name))
			if err != nil {
				return modules.Done{}, err
			}
			if !ok { // Salt says so of a failure, too
				return modules.OK(gone, nil), nil
			}
			return modules.OK(fmt.Sprintf("Tablespace %s has been removed", a.Name), change(a.Name, py.Str("Absent"))), nil
		}), nil
}

func (p *client) createTablespace(ctx context.Context, w host.Writer, a *tablespaceArgs) (modules.Done, error) {
	owner, options := "", ""
	if a.Owner != "" {
		owner = fmt.Sprintf(`OWNER "%s"`, a.Owner)
	}
	if a.Options != nil && a.Options.Len() > 0 {
		var parts []string
		for k, v := range a.Options.All() {
			parts = append(parts, py.ToStr(k)+" = "+py.ToStr(v))
		}
		options = "WITH ( " + strings.Join(parts, ", ") + " )"
	}
	ok, err := p.do(ctx, w, fmt.Sprintf(`CREATE TABLESPACE "%s" %s LOCATION '%s' %s`, a.Name, owner, literal(a.Directory), options))
	if err != nil {
		return modules.Done{}, err
	}
	if !ok {
		return modules.Done{}, raised("KeyError", "%s", py.Repr(py.Str(a.Name)))
	}
	return modules.OK(fmt.Sprintf("The tablespace %s has been created", a.Name), change(a.Name, py.Str("Present"))), nil
}

func checkTablespace(ctx context.Context, c *modules.Call, a *tablespaceArgs) (modules.Plan, error) {
	p := newClient(c, a.DBUser, a.DBHost, a.DBPort, a.MaintenanceDB, a.DBPassword, a.User)
	all, err := p.tablespaces(ctx)
	if err != nil {
		return modules.Plan{}, err
	}
	have, ok := all.Lookup(a.Name).(*py.Dict)
	if !ok {
		return modules.Would(fmt.Sprintf("Tablespace %s is set to be created", a.Name), nil,
			func(ctx context.Context, w host.Writer) (modules.Done, error) { return p.createTablespace(ctx, w, a) }), nil
	}
	if have.String("Location") != a.Directory && !c.Test {
		return modules.Fail(fmt.Sprintf("Tablespace %s is not at the right location. This is\n            unfixable without dropping and recreating the tablespace.", a.Name)), nil
	}
	newOwner := a.Owner != "" && have.String("Owner") != a.Owner
	options := py.NewDict()
	if a.Options != nil {
		for k, v := range a.Options.All() {
			if !strings.Contains(have.String("Opts"), py.ToStr(k)+"="+py.ToStr(v)) {
				options.SetStr(py.ToStr(k), v)
			}
		}
	}
	would := fmt.Sprintf("Tablespace %s owner to be altered", a.Name)
	switch {
	case options.Len() > 0:
		would = fmt.Sprintf("Tablespace %s options to be\n                        altered", a.Name)
	case !newOwner:
		return modules.InOrder(fmt.Sprintf("Tablespace %s is already present", a.Name)), nil
	}
	return modules.Would(would, nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		// Salt alters with the configured connection, not with the state's
		return newClient(c, "", "", "", "", nil, "").alterTablespace(ctx, w, a, newOwner, options)
	}), nil
}

func (p *client) alterTablespace(ctx context.Context, w host.Writer, a *tablespaceArgs, newOwner bool, options *py.Dict) (modules.Done, error) {
	done := py.NewDict()
	comment := fmt.Sprintf("Tablespace %s is already present", a.Name)
	if newOwner {
		ok, err := p.do(ctx, w, fmt.Sprintf(`ALTER TABLESPACE "%s" OWNER TO "%s"`, a.Name, a.Owner))
		if err != nil {
			return modules.Done{}, err
		}
		if ok {
			comment = fmt.Sprintf("Tablespace %s owner changed", a.Name)
			done.SetStr("owner", py.Str(a.Owner))
		}
	}
	set := py.NewDict()
	for k, v := range options.All() {
		ok, err := p.do(ctx, w, fmt.Sprintf(`ALTER TABLESPACE "%s" SET (%s = %s)`, a.Name, py.ToStr(k), py.ToStr(v)))
		if err != nil {
			return modules.Done{}, err
		}
		if ok {
			comment = fmt.Sprintf("Tablespace %s opts changed", a.Name)
			set.SetStr(py.ToStr(k), v)
		}
	}
	if set.Len() > 0 {
		done.SetStr("options", set)
	}
	if done.Len() == 0 {
		return modules.OK(comment, nil), nil
	}
	return modules.OK(comment, change(a.Name, done)), nil
}
