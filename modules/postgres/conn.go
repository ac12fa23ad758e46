// Package postgres has Salt's postgres functions and the postgres_* states,
// which speak to the server through psql as Salt's do.
//
// Passwords stand on no command line: the one of the connection is handed to
// psql in its own environment, which only its user and root can read, and
// statements with a password come through psql's standard input.
package postgres

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/modules"
)

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return slices.Concat(roleStates(), databaseStates(), privilegeStates(), extensionStates(), schemaStates(),
		tablespaceStates(), languageStates(), clusterStates(), queryFuncs())
}

// client talks to one server as one user.
type client struct {
	c                          *modules.Call
	user, host, port, db, runs string
	password                   *secret.String
}

func newClient(c *modules.Call, user, host, port, db string, password *secret.String, runas string) *client {
	return &client{c: c, user: user, host: host, port: port, db: db, password: password, runs: runas}
}

// option is Salt's config.option.
func option(ctx context.Context, c *modules.Call, key string) (py.Value, error) {
	return modules.Remember(c.Memo, "postgres/option/"+key, func() (py.Value, error) {
		for _, d := range []*py.Dict{c.Opts, c.Grains} {
			if d == nil {
				continue
			}
			if v, ok := d.GetStr(key); ok {
				return v, nil
			}
		}
		if c.Remote == nil {
			return py.Str(""), nil
		}
		v, err := c.Remote.Call(ctx, "config.option", py.NewArgs(py.Str(key)))
		if err != nil {
			return nil, fmt.Errorf("postgres: option %s: %w", key, err)
		}
		return v, nil
	})
}

func optionText(ctx context.Context, c *modules.Call, key string) (string, error) {
	v, err := option(ctx, c, key)
	if err != nil || !py.IsTrue(v) {
		return "", err
	}
	return py.ToStr(v), nil
}

// binary finds a program of PostgreSQL, "" when there is none.
func binary(ctx context.Context, c *modules.Call, name string) (string, error) {
	dir, err := optionText(ctx, c, "postgres.bins_dir")
	if err != nil {
		return "", err
	}
	if dir != "" {
		if found := c.LookPath(path.Join(dir, name)); found != "" {
			return found, nil
		}
	}
	return c.LookPath(name), nil
}

func execVirtual(c *modules.Call) (bool, string) {
	found, err := binary(context.Background(), c, "psql")
	switch {
	case err != nil:
		return false, err.Error()
	case found == "":
		return false, "psql was not found"
	}
	return true, ""
}

const noModule = "Unable to load postgres module.  Make sure `postgres.bins_dir` is set."

func stateVirtual(c *modules.Call) (bool, string) {
	if ok, _ := execVirtual(c); !ok {
		return false, noModule
	}
	return true, ""
}

// defaultUser is the account that owns the server's socket.
func defaultUser(c *modules.Call) string {
	if c.Grains != nil && strings.Contains(c.Grains.String("os_family"), "OpenBSD") {
		return "_postgresql"
	}
	return "postgres"
}

// command returns psql with its connection, without what it is to do.
func (p *client) command(ctx context.Context) (host.Cmd, error) {
	psql, err := binary(ctx, p.c, "psql")
	if err != nil {
		return host.Cmd{}, err
	}
	if psql == "" {
		return host.Cmd{}, modules.CommandExecutionError("psql was not found")
	}
	var opts struct{ user, host, port, db string }
	for _, o := range []struct {
		dst        *string
		given, key string
	}{{&opts.user, p.user, "user"}, {&opts.host, p.host, "host"}, {&opts.port, p.port, "port"}, {&opts.db, p.db, "maintenance_db"}} {
		if *o.dst = o.given; o.given == "" {
			if *o.dst, err = optionText(ctx, p.c, "postgres."+o.key); err != nil {
				return host.Cmd{}, err
			}
		}
	}
	argv := []string{psql, "--no-align", "--no-readline", "--no-psqlrc", "--no-password"}
	for _, f := range [][2]string{{"--username", opts.user}, {"--host", opts.host}, {"--port", opts.port}} {
		if f[1] != "" {
			argv = append(argv, f[0], f[1])
		}
	}
	if opts.db == "" {
		opts.db = "postgres"
	}
	runas := p.runs
	if runas == "" && (opts.host == "" || strings.HasPrefix(opts.host, "/")) {
		runas = defaultUser(p.c)
	}
	cmd, err := asUser(ctx, p.c, runas)
	if err != nil {
		return cmd, err
	}
	cmd.Argv = append(argv, "--dbname", opts.db)
	password := ""
	if p.password != nil {
		password = p.password.Reveal()
	} else if password, err = optionText(ctx, p.c, "postgres.pass"); err != nil {
		return cmd, err
	}
	cmd.Env = map[string]*string{}
	if password == "" {
		return cmd, nil
	}
	if kernel := p.c.Grains.String("kernel"); kernel != "Linux" && kernel != "" {
		cmd.Env["PGPASSWORD"] = &password // there are no files in memory
		return cmd, nil
	}
	if strings.ContainsAny(password, "\n\r\x00") {
		return cmd, modules.SaltInvocationError("postgres: the password has a line break, which psql cannot read")
	}
	file := "/dev/fd/3"
	cmd.Env["PGPASSFILE"] = &file
	cmd.Memory = [][]byte{[]byte("*:*:*:*:" + passfileEscape.Replace(password) + "\n")}
	return cmd, nil
}

// passfileEscape writes a field of libpq's password file.
var passfileEscape = strings.NewReplacer(`\`, `\\`, ":", `\:`)

// asUser is a command as another user, with that user's login environment only.
func asUser(ctx context.Context, c *modules.Call, runas string) (host.Cmd, error) {
	cmd := host.Cmd{ClearEnv: true, RunAs: runas, Login: runas != ""}
	if runas != "" {
		u, ok := c.User(runas)
		if !ok {
			return cmd, modules.CommandExecutionError(fmt.Sprintf("User '%s' is not available", runas))
		}
		if st, err := c.Stat(u.Home); err == nil && st.IsDir() {
			cmd.Dir = u.Home
		}
	}
	v, err := option(ctx, c, "postgres.timeout")
	if err != nil || !py.IsTrue(v) {
		return cmd, err
	}
	seconds, err := strconv.ParseFloat(py.ToStr(v), 64)
	if err != nil {
		return cmd, modules.SaltInvocationError(fmt.Sprintf("postgres.timeout: %s is not a number of seconds", py.Repr(v)))
	}
	cmd.Timeout = time.Duration(seconds * float64(time.Second))
	return cmd, nil
}

// rows runs a SELECT that only looks. A server that does not answer gives no
// rows, as in Salt.
func (p *client) rows(ctx context.Context, query string) ([]*py.Dict, error) {
	cmd, err := p.command(ctx)
	if err != nil {
		return nil, err
	}
	cmd.Argv = append(cmd.Argv, "-v", "datestyle=ISO,MDY", "-c", copyQuery(query))
	out, err := p.c.Query(ctx, cmd)
	if err != nil {
		return nil, err
	}
	if out.Code != 0 {
		p.c.Log.Error("Error connecting to Postgresql server", "stderr", string(out.Stderr))
		return nil, nil
	}
	return csvRows(string(out.Stdout)), nil
}

func copyQuery(query string) string {
	return "COPY (" + strings.TrimRight(strings.TrimSpace(query), ";") + ") TO STDOUT WITH CSV HEADER"
}

// run runs statements; a failure is in the output.
func (p *client) run(ctx context.Context, w host.Writer, sql string) (host.Output, error) {
	cmd, err := p.command(ctx)
	if err != nil {
		return host.Output{}, err
	}
	cmd.Argv = append(cmd.Argv, "-c", sql)
	return p.start(ctx, w, cmd)
}

// runSecret is run for statements that hold a password: they come through
// standard input and are one transaction, as those of -c are.
func (p *client) runSecret(ctx context.Context, w host.Writer, sql string) (host.Output, error) {
	cmd, err := p.command(ctx)
	if err != nil {
		return host.Output{}, err
	}
	cmd.Argv = append(cmd.Argv, "-v", "ON_ERROR_STOP=1", "--single-transaction", "-f", "-")
	cmd.Stdin = strings.NewReader(sql + "\n;\n")
	return p.start(ctx, w, cmd)
}

func (p *client) start(ctx context.Context, w host.Writer, cmd host.Cmd) (host.Output, error) {
	p.c.Memo.Drop("postgres/version/")
	out, err := w.Run(ctx, cmd)
	if err != nil {
		return out, err
	}
	if out.Code != 0 {
		p.c.Log.Error("psql failed", "stderr", string(out.Stderr))
	}
	return out, nil
}

// do is run when only success matters.
func (p *client) do(ctx context.Context, w host.Writer, sql string) (bool, error) {
	out, err := p.run(ctx, w, sql)
	return err == nil && out.Code == 0, err
}

// literal is the inside of a quoted SQL text.
func literal(s string) string { return strings.ReplaceAll(s, "'", "''") }

// text returns a column of a row.
func text(row *py.Dict, key string) string { return row.String(key) }

// byName makes a mapping of rows by their column Name, which they lose.
func byName(rows []*py.Dict) *py.Dict {
	d := py.NewDict()
	for _, r := range rows {
		name := text(r, "Name")
		r.DeleteStr("Name")
		d.SetStr(name, r)
	}
	return d
}

// raised turns an exception that Salt would raise into it, and others into a
// plain error.
func raised(class, format string, args ...any) error {
	return &modules.Error{Class: class, Msg: fmt.Sprintf(format, args...)}
}
