package mysql

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/pkgversion"
	"pinch/internal/py"
	"pinch/internal/saltargs"
	"pinch/internal/secret"
)

const nativePlugin = "mysql_native_password"

func isTrue(v py.Value) (bool, error) { return saltargs.IsTrue(v) }

// version is asked once a run, as in Salt.
func (p *client) version(ctx context.Context) (string, error) {
	const key = "mysql/version"
	if v, ok := p.c.Memo.Get(key); ok {
		return v.(string), nil
	}
	r, ok, err := p.ask(ctx, "SELECT VERSION()")
	if err != nil || !ok {
		return "", err
	}
	p.c.Memo.Put(key, r.first())
	return r.first(), nil
}

// versionWith is version; where nobody gets in and a password is given, the
// account may be the one that connects, with its new password already: then
// the client returned has that one.
func (p *client) versionWith(ctx context.Context, password *secret.String) (*client, string, error) {
	v, err := p.version(ctx)
	if err != nil || v != "" || password == nil || !password.IsSet() {
		return p, v, err
	}
	p.clearError()
	p = p.as(password.Reveal())
	v, err = p.version(ctx)
	return p, v, err
}

func isMariaDB(version string) bool { return strings.Contains(version, "MariaDB") }

func atLeast(version, want string) bool {
	c, ok := pkgversion.Loose(version, want, false)
	return ok && c >= 0
}

// passwordColumn is where the server keeps passwords. It is asked once a run.
func (p *client) passwordColumn(ctx context.Context) (string, error) {
	const key = "mysql/password column"
	if v, ok := p.c.Memo.Get(key); ok {
		return v.(string), nil
	}
	r, ok, err := p.ask(ctx, "SELECT column_name from information_schema.COLUMNS WHERE table_schema='mysql' and table_name='user' and column_name='Password'")
	if err != nil || !ok {
		return "Password", err
	}
	column := "authentication_string"
	if len(r.rows) > 0 {
		column = "Password"
	}
	p.c.Memo.Put(key, column)
	return column, nil
}

func (p *client) authPlugin(ctx context.Context, user, at py.Value) (string, error) {
	r, ok, err := p.ask(ctx, fmt.Sprintf("SELECT plugin FROM mysql.user WHERE User=%s and Host=%s", literal(user), literal(at)))
	if err != nil || !ok || len(r.rows) == 0 {
		return nativePlugin, err
	}
	return r.first(), nil
}

func (p *client) pluginStatus(ctx context.Context, name string) (string, error) {
	r, ok, err := p.ask(ctx, "SELECT PLUGIN_STATUS FROM INFORMATION_SCHEMA.PLUGINS WHERE PLUGIN_NAME = "+text(name))
	if err != nil || !ok {
		return "", err
	}
	return r.first(), nil
}

// login is an account and how it is to log in.
type login struct {
	user, host             py.Value
	password, hash         *secret.String
	passwordless, bySocket py.Value
	column                 string
	plugin                 string
}

func given(s *secret.String) bool { return s != nil && s.IsSet() }

// exists says whether the account is there, with the password or the way to log
// in when one is given.
func (p *client) exists(ctx context.Context, l login) (bool, error) {
	asked, version, err := p.versionWith(ctx, l.password)
	if err != nil {
		return false, err
	}
	if version == "" && given(l.password) {
		return false, nil
	}
	p = asked
	// Salt makes a connection here before it asks anything
	_, bad, err := p.run(ctx, nil, "SELECT VERSION()", true)
	if err != nil {
		return false, err
	}
	if bad != nil {
		p.setError(bad.salt())
		if !given(l.password) || !strings.HasPrefix(bad.salt(), fmt.Sprintf("MySQL Error 1045: Access denied for user '%s'@", py.ToStr(l.user))) {
			return false, nil
		}
		p.clearError()
		p = p.as(l.password.Reveal())
	}
	if l.column == "" {
		if l.column, err = p.passwordColumn(ctx); err != nil {
			return false, err
		}
	}
	if l.plugin, err = p.authPlugin(ctx, l.user, l.host); err != nil {
		return false, err
	}
	condition, err := p.loginCondition(version, &l)
	if err != nil {
		return false, err
	}
	r, ok, err := p.ask(ctx, fmt.Sprintf("SELECT User,Host FROM mysql.user WHERE User = %s AND Host = %s", literal(l.user), literal(l.host))+condition)
	return ok && len(r.rows) == 1, err
}

func (p *client) loginCondition(version string, l *login) (string, error) {
	none, err := isTrue(l.passwordless)
	if err != nil {
		return "", err
	}
	socket, err := isTrue(l.bySocket)
	if err != nil {
		return "", err
	}
	maria := isMariaDB(version)
	column := " AND " + identifier(l.column)
	switch {
	case none && socket:
		return " AND plugin=" + text(socketPlugin(maria)), nil
	case none:
		return column + " = ''", nil
	case given(l.password) && (maria || !atLeast(version, "8.0.11")):
		return column + " = PASSWORD(" + text(l.password.Reveal()) + ")", nil
	case given(l.password) && l.plugin == nativePlugin:
		return column + " = " + text(nativeHash(l.password.Reveal())), nil
	case given(l.password):
		p.setError("Unable to verify password.")
	case given(l.hash):
		return column + " = " + text(l.hash.Reveal()), nil
	}
	return "", nil
}

func socketPlugin(maria bool) string {
	if maria {
		return "unix_socket"
	}
	return "auth_socket"
}

// nativeHash is the server's own, old hash of a password.
func nativeHash(password string) string {
	once := sha1.Sum([]byte(password))
	twice := sha1.Sum(once[:])
	return "*" + strings.ToUpper(hex.EncodeToString(twice[:]))
}

func (p *client) create(ctx context.Context, w host.Writer, l login) (bool, error) {
	p, version, err := p.versionWith(ctx, l.password)
	if err != nil || version == "" && given(l.password) {
		return false, err
	}
	there, err := p.exists(ctx, login{user: l.user, host: l.host})
	if err != nil || there {
		return false, err
	}
	if l.column == "" {
		if l.column, err = p.passwordColumn(ctx); err != nil {
			return false, err
		}
	}
	how, ok, err := p.identified(ctx, version, &l)
	if err != nil || !ok {
		return false, err
	}
	if _, ok, err = p.do(ctx, w, "CREATE USER "+account(l.user, l.host)+how); err != nil || !ok {
		return false, err
	}
	return p.exists(ctx, login{user: l.user, host: l.host, password: l.password, hash: l.hash, column: l.column})
}

// identified is the part of CREATE USER that says how the account logs in.
func (p *client) identified(ctx context.Context, version string, l *login) (sql string, ok bool, err error) {
	maria := isMariaDB(version)
	modern := !maria && atLeast(version, "8.0.11")
	none, err := isTrue(l.passwordless)
	if err != nil {
		return "", false, err
	}
	switch {
	case py.IsTrue(l.bySocket):
		plugin := socketPlugin(maria)
		status, err := p.pluginStatus(ctx, plugin)
		if err != nil {
			return "", false, err
		}
		if status == "" {
			p.setError(fmt.Sprintf("The %s plugin is not enabled.", plugin))
			return "", false, nil
		}
		if same, err := py.Equal(l.host, py.Str("localhost")); err != nil || !same {
			p.c.Log.Error("Auth via unix_socket can be set only for host=localhost")
			return "", false, py.Errorf("UnboundLocalError", "cannot access local variable 'err' where it is not associated with a value")
		}
		if maria {
			return " IDENTIFIED VIA unix_socket", true, nil
		}
		return " IDENTIFIED WITH auth_socket", true, nil
	case none:
		return "", true, nil
	case l.password != nil && modern:
		return " IDENTIFIED WITH " + text(l.plugin) + " BY " + text(l.password.Reveal()), true, nil
	case l.password != nil:
		return " IDENTIFIED BY " + text(l.password.Reveal()), true, nil
	case l.hash != nil && modern:
		return " IDENTIFIED WITH " + text(l.plugin) + " AS " + text(l.hash.Reveal()), true, nil
	case l.hash != nil:
		return " IDENTIFIED BY PASSWORD " + text(l.hash.Reveal()), true, nil
	}
	p.c.Log.Error("password or password_hash must be specified, unless allow_passwordless=True")
	return "", false, nil
}

func (p *client) changePassword(ctx context.Context, w host.Writer, l login) (bool, error) {
	p, version, err := p.versionWith(ctx, l.password)
	if err != nil || version == "" && given(l.password) {
		return false, err
	}
	there, err := p.exists(ctx, login{user: l.user, host: l.host})
	if err != nil || !there {
		return false, err
	}
	if l.column == "" {
		if l.column, err = p.passwordColumn(ctx); err != nil {
			return false, err
		}
	}
	if l.plugin, err = p.authPlugin(ctx, l.user, l.host); err != nil {
		return false, err
	}
	sql, err := p.passwordChange(ctx, version, &l)
	if err != nil {
		return false, err
	}
	// on one connection: with the account's own password no other would come
	r, ok, err := p.doAnd(ctx, w, sql, "FLUSH PRIVILEGES")
	if err != nil || !ok {
		return false, err
	}
	wanted := "8.0.11"
	if isMariaDB(version) {
		wanted = "10.4.0"
	}
	return atLeast(version, wanted) || r.affected != 0, nil
}

// passwordChange is the statement that changes how an account logs in.
func (p *client) passwordChange(ctx context.Context, version string, l *login) (string, error) {
	maria := isMariaDB(version)
	modern := atLeast(version, "8.0.11")
	if maria {
		modern = atLeast(version, "10.4")
	}
	none, err := isTrue(l.passwordless)
	if err != nil {
		return "", err
	}
	stored := "''"
	switch {
	case l.password != nil && (maria || !modern):
		stored = "PASSWORD(" + text(l.password.Reveal()) + ")"
	case l.password != nil:
		stored = text(l.password.Reveal())
	case l.hash != nil:
		stored = text(l.hash.Reveal())
	case !none:
		p.c.Log.Error("password or password_hash must be specified, unless allow_passwordless=True")
		return "", py.TypeErrorf("cannot unpack non-iterable bool object")
	}
	who := account(l.user, l.host)
	where := fmt.Sprintf(" WHERE User=%s AND Host = %s", literal(l.user), literal(l.host))
	update := "UPDATE mysql.user SET " + identifier(l.column) + "=" + stored
	sql := update + where
	switch {
	case modern && maria:
		sql = "ALTER USER " + who + " IDENTIFIED VIA " + text(l.plugin) + " USING " + stored
	case modern && l.password != nil:
		sql = "ALTER USER " + who + " IDENTIFIED WITH " + text(l.plugin) + " BY " + stored
	case modern && l.hash != nil:
		sql = "ALTER USER " + who + " IDENTIFIED WITH " + text(l.plugin) + " AS " + stored
	case modern:
		sql = "ALTER USER " + who + " IDENTIFIED WITH " + text(l.plugin)
	}
	socket, err := isTrue(l.bySocket)
	if err != nil || !none || !socket {
		return sql, err
	}
	if same, err := py.Equal(l.host, py.Str("localhost")); err != nil || !same {
		p.c.Log.Error("Auth via unix_socket can be set only for host=localhost")
		return sql, err
	}
	plugin := socketPlugin(maria)
	status, err := p.pluginStatus(ctx, plugin)
	switch {
	case err != nil:
		return "", err
	case status == "":
		p.setError(fmt.Sprintf("The %s plugin is not enabled.", plugin))
		return "", py.TypeErrorf("unsupported operand type(s) for %%: 'bool' and 'dict'")
	case modern && !maria:
		return "ALTER USER " + who + " IDENTIFIED WITH " + text(plugin) + " AS " + literal(l.user), nil
	}
	return update + ", plugin=" + text(plugin) + where, nil
}

func (p *client) removeUser(ctx context.Context, w host.Writer, user, at py.Value) (bool, error) {
	there, err := p.exists(ctx, login{user: user, host: at})
	if err != nil {
		return false, err
	}
	if !there {
		p.setError(fmt.Sprintf("(\"User '%%s'@'%%s' does not exists\", %s, %s)", py.Repr(user), py.Repr(at)))
		return false, nil
	}
	if _, ok, err := p.do(ctx, w, "DROP USER "+account(user, at)); err != nil || !ok {
		return false, err
	}
	there, err = p.exists(ctx, login{user: user, host: at})
	return err == nil && !there, err
}
