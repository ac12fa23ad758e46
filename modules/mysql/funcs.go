package mysql

import (
	"context"
	"strconv"
	"time"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/modules"
)

type (
	serverArgs  struct{ connArgs }
	dbWriteArgs struct {
		Name         string  `arg:"name,required" doc:"The database."`
		CharacterSet *string `arg:"character_set" doc:"Its character set."`
		Collate      *string `arg:"collate" doc:"Its collation."`
		connArgs
	}
	accountArgs struct {
		For py.Value `arg:"user,required" doc:"The account's user."`
		At  py.Value `arg:"host" default:"localhost" doc:"The host it connects from."`
		connArgs
	}
	loginArgs struct {
		For            py.Value       `arg:"user,required" doc:"The account's user."`
		At             py.Value       `arg:"host" default:"localhost" doc:"The host it connects from."`
		Password       *secret.String `arg:"password" doc:"Its password."`
		PasswordHash   *secret.String `arg:"password_hash" doc:"The password's hash, when password is not given."`
		Passwordless   py.Value       `arg:"passwordless" default:"False" doc:"Whether it must have no password."`
		UnixSocket     py.Value       `arg:"unix_socket" default:"False" doc:"Whether it must log in by the socket."`
		PasswordColumn string         `arg:"password_column" doc:"The column of mysql.user with the password."`
		connArgs
	}
	userCreateArgs struct {
		For            py.Value       `arg:"user,required" doc:"The account's user."`
		At             py.Value       `arg:"host" default:"localhost" doc:"The host it connects from."`
		Password       *secret.String `arg:"password" doc:"Its password."`
		PasswordHash   *secret.String `arg:"password_hash" doc:"The password's hash, when password is not given."`
		Passwordless   py.Value       `arg:"allow_passwordless" default:"False" doc:"Whether it may have no password."`
		UnixSocket     py.Value       `arg:"unix_socket" default:"False" doc:"Whether it logs in by the socket."`
		PasswordColumn string         `arg:"password_column" doc:"The column of mysql.user with the password."`
		AuthPlugin     string         `arg:"auth_plugin" default:"mysql_native_password" doc:"How an account of MySQL 8 logs in."`
		connArgs
	}
	chpassArgs struct {
		For            py.Value       `arg:"user,required" doc:"The account's user."`
		At             py.Value       `arg:"host" default:"localhost" doc:"The host it connects from."`
		Password       *secret.String `arg:"password" doc:"The new password."`
		PasswordHash   *secret.String `arg:"password_hash" doc:"Its hash, when password is not given."`
		Passwordless   py.Value       `arg:"allow_passwordless" default:"False" doc:"Whether it may have no password."`
		UnixSocket     py.Value       `arg:"unix_socket" doc:"Whether it logs in by the socket."`
		PasswordColumn string         `arg:"password_column" doc:"The column of mysql.user with the password."`
		connArgs
	}
	grantArgs struct {
		Grant       py.Value `arg:"grant,required" doc:"The privileges."`
		Database    py.Value `arg:"database,required" doc:"What they are on."`
		For         py.Value `arg:"user,required" doc:"The account's user."`
		At          py.Value `arg:"host" default:"localhost" doc:"The host it connects from."`
		GrantOption py.Value `arg:"grant_option" default:"False" doc:"The right to grant them to others, too."`
		Escape      py.Value `arg:"escape" default:"True" doc:"Whether database is quoted."`
		connArgs
	}
	grantAddArgs struct {
		Grant       py.Value `arg:"grant,required" doc:"The privileges."`
		Database    py.Value `arg:"database,required" doc:"What they are on."`
		For         py.Value `arg:"user,required" doc:"The account's user."`
		At          py.Value `arg:"host" default:"localhost" doc:"The host it connects from."`
		GrantOption py.Value `arg:"grant_option" default:"False" doc:"The right to grant them to others, too."`
		Escape      py.Value `arg:"escape" default:"True" doc:"Whether database is quoted."`
		SSLOption   py.Value `arg:"ssl_option" default:"False" doc:"What the account's connections must have."`
		connArgs
	}
	queryArgs struct {
		Database string `arg:"database,required" doc:"The database."`
		Query    string `arg:"query,required" doc:"One statement."`
		connArgs
	}
	tokenizeArgs struct {
		Grant string `arg:"grant,required" doc:"The statement."`
	}
	quoteArgs struct {
		Identifier string `arg:"identifier,required" doc:"The name."`
		ForGrants  bool   `arg:"for_grants" default:"False" doc:"Whether it is a database's in a grant."`
	}
)

// has is what an argument struct with a connection has.
type has[A any] interface {
	*A
	client(context.Context, *modules.Call) (*client, error)
}

func query[A any, P has[A]](name, doc string, ask func(context.Context, *client, *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: "mysql." + name, Doc: doc, Virtual: execVirtual,
		Run: func(ctx context.Context, c *modules.Call, a *A) (py.Value, error) {
			p, err := P(a).client(ctx, c)
			if err != nil {
				return nil, err
			}
			return ask(ctx, p, a)
		}}.Func()
}

func action[A any, P has[A]](name, doc string, do func(context.Context, *client, host.Writer, *A) (bool, error)) *modules.Func {
	return modules.Action[A]{Name: "mysql." + name, Doc: doc, Virtual: execVirtual,
		Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *A) (py.Value, error) {
			p, err := P(a).client(ctx, c)
			if err != nil {
				return nil, err
			}
			ok, err := do(ctx, p, w, a)
			return py.Bool(ok), err
		}}.Func()
}

func texts(all []string) *py.List {
	l := py.NewList()
	for _, s := range all {
		l.Append(py.Str(s))
	}
	return l
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func databaseFuncs() []*modules.Func {
	return []*modules.Func{
		query("db_list", "Returns the names of the databases.", func(ctx context.Context, p *client, _ *serverArgs) (py.Value, error) {
			r, ok, err := p.ask(ctx, "SHOW DATABASES")
			if err != nil || !ok {
				return py.NewList(), err
			}
			return texts(r.column()), nil
		}),
		query("db_get", "Returns a database's character set and collation, nothing for one that is not there.",
			func(ctx context.Context, p *client, a *namedArgs) (py.Value, error) {
				d, err := p.getDB(ctx, a.Name)
				return d.dict(), err
			}),
		query("db_exists", "Says whether a database exists.", func(ctx context.Context, p *client, a *namedArgs) (py.Value, error) {
			ok, err := p.dbExists(ctx, a.Name)
			return py.Bool(ok), err
		}),
		query("db_tables", "Returns the names of a database's tables, False without the database.",
			func(ctx context.Context, p *client, a *namedArgs) (py.Value, error) {
				ok, err := p.dbExists(ctx, a.Name)
				if err != nil || !ok {
					return py.False, err
				}
				r, ok, err := p.ask(ctx, "SHOW TABLES IN "+identifier(a.Name))
				if err != nil || !ok {
					return py.NewList(), err
				}
				return texts(r.column()), nil
			}),
		action("db_create", "Creates a database.", func(ctx context.Context, p *client, w host.Writer, a *dbWriteArgs) (bool, error) {
			return p.createDB(ctx, w, a.Name, a.CharacterSet, a.Collate)
		}),
		action("alter_db", "Changes a database's character set and collation.", func(ctx context.Context, p *client, w host.Writer, a *dbWriteArgs) (bool, error) {
			return p.alterDB(ctx, w, a.Name, deref(a.CharacterSet), deref(a.Collate))
		}),
		action("db_remove", "Drops a database.", func(ctx context.Context, p *client, w host.Writer, a *namedArgs) (bool, error) {
			return p.removeDB(ctx, w, a.Name)
		}),
	}
}

func userFuncs() []*modules.Func {
	return []*modules.Func{
		query("user_list", "Returns the accounts.", func(ctx context.Context, p *client, _ *serverArgs) (py.Value, error) {
			r, ok, err := p.ask(ctx, "SELECT User,Host FROM mysql.user")
			if err != nil || !ok {
				return py.NewList(), err
			}
			return r.dicts(), nil
		}),
		query("user_exists", "Says whether an account exists, with a password when one is given.",
			func(ctx context.Context, p *client, a *loginArgs) (py.Value, error) {
				ok, err := p.exists(ctx, login{user: a.For, host: a.At, password: a.Password, hash: a.PasswordHash,
					passwordless: a.Passwordless, bySocket: a.UnixSocket, column: a.PasswordColumn})
				return py.Bool(ok), err
			}),
		query("user_info", "Returns what the server's table of accounts has of one.", func(ctx context.Context, p *client, a *accountArgs) (py.Value, error) {
			r, ok, err := p.ask(ctx, "SELECT * FROM mysql.user WHERE User = "+literal(a.For)+" AND Host = "+literal(a.At))
			switch {
			case err != nil || !ok:
				return py.False, err
			case len(r.rows) == 0:
				return py.None, nil
			}
			return numbers(r.dict(0)), nil
		}),
		action("user_create", "Creates an account.", func(ctx context.Context, p *client, w host.Writer, a *userCreateArgs) (bool, error) {
			return p.create(ctx, w, login{user: a.For, host: a.At, password: a.Password, hash: a.PasswordHash, passwordless: a.Passwordless,
				bySocket: a.UnixSocket, column: a.PasswordColumn, plugin: a.AuthPlugin})
		}),
		action("user_chpass", "Changes an account's password.", func(ctx context.Context, p *client, w host.Writer, a *chpassArgs) (bool, error) {
			return p.changePassword(ctx, w, login{user: a.For, host: a.At, password: a.Password, hash: a.PasswordHash,
				passwordless: a.Passwordless, bySocket: a.UnixSocket, column: a.PasswordColumn})
		}),
		action("user_remove", "Drops an account.", func(ctx context.Context, p *client, w host.Writer, a *accountArgs) (bool, error) {
			return p.removeUser(ctx, w, a.For, a.At)
		}),
		query("user_grants", "Returns an account's GRANT statements, False without the account.", func(ctx context.Context, p *client, a *accountArgs) (py.Value, error) {
			all, ok, err := p.userGrants(ctx, a.For, a.At)
			if err != nil || !ok {
				return py.False, err
			}
			return texts(all), nil
		}),
	}
}

// numbers turns the limits of an account into numbers.
func numbers(d *py.Dict) *py.Dict {
	for _, key := range []string{"max_questions", "max_updates", "max_connections", "max_user_connections", "password_reuse_history", "password_reuse_time", "password_lifetime"} {
		if n, err := strconv.ParseInt(d.String(key), 10, 64); err == nil && d.Has(key) {
			d.SetStr(key, py.Int(n))
		}
	}
	return d
}

func (a *grantArgs) wish() wish {
	return wish{grant: a.Grant, database: a.Database, user: a.For, host: a.At, withOption: a.GrantOption, escape: a.Escape, tls: py.False}
}

func grantFuncs() []*modules.Func {
	return []*modules.Func{
		query("grant_exists", "Says whether an account has privileges.", func(ctx context.Context, p *client, a *grantArgs) (py.Value, error) {
			ok, err := p.granted(ctx, a.wish())
			return py.Bool(ok), err
		}),
		action("grant_add", "Gives an account privileges.", func(ctx context.Context, p *client, w host.Writer, a *grantAddArgs) (bool, error) {
			return p.addGrant(ctx, w, wish{grant: a.Grant, database: a.Database, user: a.For, host: a.At, withOption: a.GrantOption,
				escape: a.Escape, tls: a.SSLOption})
		}),
		action("grant_revoke", "Revokes privileges of an account.", func(ctx context.Context, p *client, w host.Writer, a *grantArgs) (bool, error) {
			return p.revoke(ctx, w, a.wish())
		}),
		modules.Query[tokenizeArgs]{Name: "mysql.tokenize_grant", Doc: "Takes a GRANT statement apart.", Virtual: execVirtual, Where: modules.Host,
			Run: func(_ context.Context, _ *modules.Call, a *tokenizeArgs) (py.Value, error) {
				g, err := tokenize(a.Grant, false)
				if err != nil {
					return nil, err
				}
				return g.dict(), nil
			}}.Func(),
		modules.Query[quoteArgs]{Name: "mysql.quote_identifier", Doc: "Quotes a name, with its percent signs doubled.", Virtual: execVirtual,
			Run: func(_ context.Context, _ *modules.Call, a *quoteArgs) (py.Value, error) {
				return py.Str(QuoteIdentifier(a.Identifier, a.ForGrants)), nil
			}}.Func(),
	}
}

func serverFuncs() []*modules.Func {
	return []*modules.Func{
		query("version", "Returns the server's version.", func(ctx context.Context, p *client, _ *serverArgs) (py.Value, error) {
			v, err := p.version(ctx)
			return py.Str(v), err
		}),
		query("status", "Returns the server's counters.", func(ctx context.Context, p *client, _ *serverArgs) (py.Value, error) {
			d := py.NewDict()
			r, ok, err := p.ask(ctx, "SHOW STATUS")
			if err != nil || !ok {
				return d, err
			}
			for _, row := range r.rows {
				d.SetStr(py.ToStr(row[0]), row[1])
			}
			return d, nil
		}),
		query("showvariables", "Returns the session's variables.", func(ctx context.Context, p *client, _ *serverArgs) (py.Value, error) {
			return p.show(ctx, "SHOW VARIABLES")
		}),
		query("showglobal", "Returns the server's variables.", func(ctx context.Context, p *client, _ *serverArgs) (py.Value, error) {
			return p.show(ctx, "SHOW GLOBAL VARIABLES")
		}),
		query("plugins_list", "Returns the server's plugins and their states.", func(ctx context.Context, p *client, _ *serverArgs) (py.Value, error) {
			l := py.NewList()
			r, ok, err := p.ask(ctx, "SHOW PLUGINS")
			if err != nil || !ok {
				return l, err
			}
			for _, row := range r.rows {
				l.Append(py.DictOf("name", row[0], "status", row[1]))
			}
			return l, nil
		}),
		modules.Action[queryArgs]{Name: "mysql.query", Virtual: execVirtual,
			Doc: "Runs one statement and returns its rows, or the number of rows it changed. All values are texts.",
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *queryArgs) (py.Value, error) {
				p, err := a.client(ctx, c)
				if err != nil {
					return nil, err
				}
				return p.query(ctx, w, a.Database, a.Query)
			}}.Func(),
	}
}

func (p *client) show(ctx context.Context, sql string) (py.Value, error) {
	r, ok, err := p.ask(ctx, sql)
	if err != nil || !ok {
		return py.NewList(), err
	}
	return r.dicts(), nil
}

// query returns an empty mapping without a connection and False for what the
// server refused.
func (p *client) query(ctx context.Context, w host.Writer, db, sql string) (py.Value, error) {
	start := time.Now()
	sql = percent(sql)
	r, bad, err := p.in(db).run(ctx, w, sql, false)
	if bad != nil && bad.connect {
		p.setError(bad.salt())
		return py.NewDict(), nil
	}
	r, ok, err := p.settle(r, bad, err)
	if err != nil || !ok {
		return py.False, err
	}
	d := py.DictOf("query time", queryTime(time.Since(start)))
	if !selects(sql) {
		d.SetStr("rows affected", py.Int(max(r.affected, 0)))
		return d, nil
	}
	d.SetStr("rows returned", py.Int(len(r.rows)))
	columns, rows := py.Tuple{}, py.Tuple{}
	for _, name := range r.columns {
		columns = append(columns, py.Str(name))
	}
	for _, row := range r.rows {
		rows = append(rows, py.Tuple(row))
	}
	d.SetStr("columns", columns)
	d.SetStr("results", rows)
	return d, nil
}
