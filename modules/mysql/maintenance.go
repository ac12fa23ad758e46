package mysql

import (
	"context"
	"strconv"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/modules"
)

type (
	tableArgs struct {
		Name  string  `arg:"name,required" doc:"The database."`
		Table *string `arg:"table" doc:"The table; all without it."`
		connArgs
	}
	pluginArgs struct {
		Name string `arg:"name,required" doc:"The plugin."`
		connArgs
	}
	pluginAddArgs struct {
		Name   string  `arg:"name,required" doc:"The plugin."`
		Soname *string `arg:"soname" doc:"Its library; the name with .so without it."`
		connArgs
	}
	verifyArgs struct {
		Name     string         `arg:"user,required" doc:"The account."`
		Password *secret.String `arg:"password" doc:"Its password."`
		connArgs
	}
)

// must runs a statement whose refusal by the server Salt does not catch. ok is
// false without a connection.
func (p *client) must(ctx context.Context, w host.Writer, sql string) (*result, bool, error) {
	r, bad, err := p.run(ctx, w, sql, true)
	if bad != nil && !bad.connect {
		return nil, false, py.Errorf("pymysql.err."+errorClass(bad.code), "(%d, %s)", bad.code, py.Repr(py.Str(bad.msg)))
	}
	return p.settle(r, bad, err)
}

// tables runs a statement on a table, or on all of a database; the answer is a
// list of rows for each.
func tables(name, doc, statement string) *modules.Func {
	return modules.Action[tableArgs]{Name: "mysql." + name, Doc: doc, Virtual: execVirtual,
		Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *tableArgs) (py.Value, error) {
			p, err := a.client(ctx, c)
			if err != nil {
				return nil, err
			}
			one := func(table string) (py.Value, error) {
				r, ok, err := p.must(ctx, w, statement+" "+identifier(a.Name)+"."+identifier(table))
				if err != nil || !ok {
					return py.NewDict(), err
				}
				return rowsOf(r), nil
			}
			if a.Table != nil {
				return one(*a.Table)
			}
			exists, err := p.dbExists(ctx, a.Name)
			if err == nil && !exists {
				err = py.TypeErrorf("'bool' object is not iterable") // what Salt gets for the tables
			}
			if err != nil {
				return nil, err
			}
			r, ok, err := p.ask(ctx, "SHOW TABLES IN "+identifier(a.Name))
			out := py.NewList()
			if err != nil || !ok {
				return out, err
			}
			for _, table := range r.column() {
				answer, err := one(table)
				if err != nil {
					return nil, err
				}
				out.Append(answer)
			}
			return out, nil
		}}.Func()
}

// rowsOf are rows by their columns, in what Salt's driver has them in: a tuple
// where there are none.
func rowsOf(r *result) py.Value {
	if len(r.rows) == 0 {
		return py.Tuple{}
	}
	return r.dicts()
}

// replication is the only row of a statement, or an empty list.
func replication(name, doc, sql string) *modules.Func {
	return query(name, doc, func(ctx context.Context, p *client, _ *serverArgs) (py.Value, error) {
		r, ok, err := p.must(ctx, nil, sql)
		if err != nil || !ok || len(r.rows) == 0 {
			return py.NewList(), err
		}
		return integers(r.dict(0)), nil
	})
}

// numeric are the columns of processes and replication that are integers.
var numeric = []string{"Id", "Time", "Position", "Connect_Retry", "Read_Master_Log_Pos", "Relay_Log_Pos", "Last_Errno", "Skip_Counter",
	"Exec_Master_Log_Pos", "Relay_Log_Space", "Until_Log_Pos", "Seconds_Behind_Master", "Last_IO_Errno", "Last_SQL_Errno", "Master_Server_Id",
	"SQL_Delay", "SQL_Remaining_Delay", "Master_Port", "Slave_DDL_Groups", "Slave_Non_Transactional_Groups", "Slave_Transactional_Groups"}

func integers(d *py.Dict) *py.Dict {
	for _, key := range numeric {
		if n, err := strconv.ParseInt(d.String(key), 10, 64); err == nil {
			d.SetStr(key, py.Int(n))
		}
	}
	if f, err := strconv.ParseFloat(d.String("Progress"), 64); err == nil {
		d.SetStr("Progress", py.Float(f))
	}
	return d
}

func slaveLag(ctx context.Context, p *client, _ *serverArgs) (py.Value, error) {
	r, ok, err := p.ask(ctx, "SHOW SLAVE STATUS")
	switch {
	case err != nil || !ok:
		return py.Int(-3), err
	case len(r.rows) == 0:
		return py.Int(-1), nil
	}
	d := integers(r.dict(0))
	if d.String("Slave_IO_Running") != "Yes" {
		return py.Int(-2), nil
	}
	v, ok := d.GetStr("Seconds_Behind_Master")
	if !ok {
		return nil, py.KeyError(py.Str("Seconds_Behind_Master"))
	}
	return v, nil
}

func processes(ctx context.Context, p *client, _ *serverArgs) (py.Value, error) {
	out := py.NewList()
	r, ok, err := p.must(ctx, nil, "SHOW FULL PROCESSLIST")
	if err != nil || !ok {
		return out, err
	}
	for i := range r.rows {
		out.Append(integers(r.dict(i)))
	}
	return out, nil
}

// plugin is a plugin's state, "" when there is none of the name.
func (p *client) plugin(ctx context.Context, name string) (string, error) {
	r, ok, err := p.ask(ctx, "SELECT PLUGIN_STATUS FROM INFORMATION_SCHEMA.PLUGINS WHERE PLUGIN_NAME = "+text(name))
	if err != nil || !ok || len(r.rows) == 0 {
		return "", err
	}
	return py.ToStr(r.rows[0][0]), nil
}

func pluginAdd(ctx context.Context, p *client, w host.Writer, a *pluginAddArgs) (bool, error) {
	if a.Name == "" {
		p.c.Log.Error("Plugin name is required.")
		return false, nil
	}
	if status, err := p.plugin(ctx, a.Name); err != nil || status != "" {
		return err == nil, err
	}
	library := a.Name + ".so"
	if s := deref(a.Soname); s != "" {
		library = s
	}
	_, ok, err := p.do(ctx, w, "INSTALL PLUGIN "+a.Name+" SONAME "+text(library))
	return ok, err
}

func pluginRemove(ctx context.Context, p *client, w host.Writer, a *pluginArgs) (bool, error) {
	if a.Name == "" {
		p.c.Log.Error("Plugin name is required.")
		return false, nil
	}
	if status, err := p.plugin(ctx, a.Name); err != nil || status == "" {
		return err == nil, err
	}
	_, ok, err := p.do(ctx, w, "UNINSTALL PLUGIN "+a.Name)
	return ok, err
}

// verifyLogin connects as an account. Its failure is forgotten.
func verifyLogin(ctx context.Context, c *modules.Call, a *verifyArgs) (py.Value, error) {
	conn := a.connArgs
	conn.User, conn.Pass = py.Str(a.Name), a.Password
	p, err := conn.client(ctx, c)
	if err != nil {
		return nil, err
	}
	_, ok, err := p.must(ctx, nil, "SELECT 1")
	if err == nil && !ok {
		p.clearError()
	}
	return py.Bool(ok), err
}

func maintenanceFuncs() []*modules.Func {
	return []*modules.Func{
		tables("db_check", "Checks the tables of a database.", "CHECK TABLE"),
		tables("db_repair", "Repairs the tables of a database.", "REPAIR TABLE"),
		tables("db_optimize", "Optimizes the tables of a database.", "OPTIMIZE TABLE"),
		query("processlist", "Returns what the server's threads do.", processes),
		query("slave_lag", "Returns the seconds behind the master; -1 without one, -2 when replication is broken, -3 without an answer.", slaveLag),
		replication("get_master_status", "Returns the place in the binary log.", "SHOW MASTER STATUS"),
		replication("get_slave_status", "Returns the state of replication.", "SHOW SLAVE STATUS"),
		modules.Query[pluginArgs]{Name: "mysql.plugin_status", Doc: "Returns a plugin's state.", Virtual: execVirtual,
			Run: func(ctx context.Context, c *modules.Call, a *pluginArgs) (py.Value, error) {
				if a.Name == "" {
					return py.False, nil
				}
				p, err := a.client(ctx, c)
				if err != nil {
					return nil, err
				}
				s, err := p.plugin(ctx, a.Name)
				return py.Str(s), err
			}}.Func(),
		action("plugin_add", "Installs a plugin.", pluginAdd),
		action("plugin_remove", "Uninstalls a plugin.", pluginRemove),
		modules.Query[verifyArgs]{Name: "mysql.verify_login", Doc: "Says whether an account can connect with a password.", Virtual: execVirtual, Run: verifyLogin}.Func(),
	}
}
