package mysql

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
)

// privileges are those that may stand in a grant.
const privileges = `ALL PRIVILEGES|ALTER|ALTER ROUTINE|BACKUP_ADMIN|BINLOG_ADMIN|BINLOG ADMIN|BINLOG MONITOR|BINLOG REPLAY|
CONNECTION_ADMIN|CONNECTION ADMIN|CREATE|CREATE ROLE|CREATE ROUTINE|CREATE TABLESPACE|CREATE TEMPORARY TABLES|CREATE USER|
CREATE VIEW|DELETE|DELETE HISTORY|DROP|DROP ROLE|ENCRYPTION_KEY_ADMIN|EVENT|EXECUTE|FEDERATED ADMIN|FILE|GRANT OPTION|
GROUP_REPLICATION_ADMIN|INDEX|INSERT|LOCK TABLES|PERSIST_RO_VARIABLES_ADMIN|PROCESS|READ_ONLY ADMIN|REFERENCES|RELOAD|
REPLICA MONITOR|REPLICATION CLIENT|REPLICATION MASTER ADMIN|REPLICATION REPLICA|REPLICATION SLAVE|REPLICATION_SLAVE_ADMIN|
REPLICATION SLAVE ADMIN|RESOURCE_GROUP_ADMIN|RESOURCE_GROUP_USER|ROLE_ADMIN|SELECT|SET USER|SET_USER_ID|
SERVICE_CONNECTION_ADMIN|SHOW DATABASES|SHOW VIEW|SHUTDOWN|SLAVE MONITOR|SUPER|SYSTEM_VARIABLES_ADMIN|TRIGGER|UPDATE|USAGE|
XA_RECOVER_ADMIN`

// everything is what ALL on *.* means to MySQL 8.
const everything = "ALTER,ALTER ROUTINE,BACKUP_ADMIN,BINLOG_ADMIN,CONNECTION_ADMIN,CREATE,CREATE ROLE,CREATE ROUTINE," +
	"CREATE TABLESPACE,CREATE TEMPORARY TABLES,CREATE USER,CREATE VIEW,DELETE,DROP,DROP ROLE,ENCRYPTION_KEY_ADMIN,EVENT," +
	"EXECUTE,FILE,GROUP_REPLICATION_ADMIN,INDEX,INSERT,LOCK TABLES,PERSIST_RO_VARIABLES_ADMIN,PROCESS,REFERENCES,RELOAD," +
	"REPLICATION CLIENT,REPLICATION SLAVE,REPLICATION_SLAVE_ADMIN,RESOURCE_GROUP_ADMIN,RESOURCE_GROUP_USER,ROLE_ADMIN,SELECT," +
	"SET_USER_ID,SHOW DATABASES,SHOW VIEW,SHUTDOWN,SUPER,SYSTEM_VARIABLES_ADMIN,TRIGGER,UPDATE,XA_RECOVER_ADMIN"

// wish is a grant as a state asks for it.
type wish struct {
	grant, database    py.Value
	user, host         py.Value
	withOption, escape py.Value
	tls                py.Value
}

var (
	commas    = regexp.MustCompile(`\s*,\s*`)
	privilege = regexp.MustCompile(`([\pL\pN_\s]+)(\([^)(]*\))?\s*,?`)
)

func attribute(v py.Value, name string) (string, error) {
	s, ok := v.(py.Str)
	if !ok {
		return "", py.Errorf("AttributeError", "'%s' object has no attribute '%s'", v.Type(), name)
	}
	return string(s), nil
}

// normalize makes ALL what the server calls it and refuses what is no
// privilege.
func normalize(s string) (string, error) {
	if strings.ToUpper(strings.TrimSpace(s)) == "ALL" {
		s = "ALL PRIVILEGES"
	}
	known := strings.Split(strings.ReplaceAll(privileges, "\n", ""), "|")
	for _, m := range privilege.FindAllStringSubmatch(s, -1) {
		if !slices.Contains(known, strings.ToUpper(strings.TrimSpace(m[1]))) {
			return "", py.Errorf("ValueError", "Invalid grant : '%s'", m[1])
		}
	}
	return s, nil
}

// target quotes DATABASE.TABLE, with the percent signs of names doubled. In a
// grant on a whole database the underscore is a pattern and hidden.
func target(database string, escape bool) string {
	i := strings.LastIndexByte(database, '.')
	db, table := "", database
	if i >= 0 {
		db, table = database[:i], database[i+1:]
	}
	if escape && db != "*" {
		db = QuoteIdentifier(db, table == "*")
	}
	if escape && table != "*" {
		table = QuoteIdentifier(table, false)
	}
	return db + "." + table
}

// head is the statement without its user.
func (g *wish) head() (string, error) {
	s, err := attribute(g.grant, "upper")
	if err != nil {
		return "", err
	}
	if s, err = normalize(strings.ToUpper(commas.ReplaceAllString(s, ", "))); err != nil {
		return "", err
	}
	database, err := attribute(g.database, "rpartition")
	if err != nil {
		return "", err
	}
	return "GRANT " + s + " ON " + target(database, py.IsTrue(g.escape)) + " TO ", nil
}

// formatted is what Python's % makes of a statement: two percent signs are one,
// and one alone is no format.
func formatted(sql string) (string, error) {
	rs := []rune(sql)
	for i := 0; i < len(rs)-1; i++ {
		if rs[i] != '%' {
			continue
		}
		if i++; rs[i] != '%' {
			return "", py.Errorf("ValueError", "unsupported format character '%c' (0x%x) at index %d", rs[i], rs[i], i)
		}
	}
	return percent(sql), nil
}

// tail is what follows the user.
func (g *wish) tail() (string, error) {
	sql := ""
	if l, ok := g.tls.(*py.List); ok && len(l.Items) > 0 {
		var parts []string
		for _, it := range l.Items {
			d, ok := it.(*py.Dict)
			if !ok || d.Len() == 0 {
				return "", py.Errorf("AttributeError", "'%s' object has no attribute 'keys'", it.Type())
			}
			key, value := d.Keys()[0], d.Values()[0]
			switch name := strings.ToUpper(strings.TrimSpace(py.ToStr(key))); name {
			case "CIPHER", "ISSUER", "SUBJECT":
				s, err := attribute(value, "replace")
				if err != nil {
					return "", err
				}
				parts = append(parts, name+" "+text(strings.ReplaceAll(s, "'", "")))
			case "SSL", "X509":
				if py.IsTrue(value) {
					parts = append(parts, name)
				}
			default:
				return "", py.Errorf("ValueError", "Invalid SSL option : '%s'", py.ToStr(key))
			}
		}
		sql = " REQUIRE " + strings.Join(parts, " AND ")
	}
	option, err := isTrue(g.withOption)
	if option {
		sql += " WITH GRANT OPTION"
	}
	return sql, err
}

// aliases gives privileges the names by which MariaDB shows them.
func aliases(grants []string, version string) []string {
	if !isMariaDB(version) {
		return grants
	}
	shown := make([]string, len(grants))
	for i, s := range grants {
		switch {
		case s == "REPLICATION REPLICA" && atLeast(version, "10.5.1"):
			s = "REPLICATION SLAVE"
		case s == "REPLICATION CLIENT" && atLeast(version, "10.5.2"):
			s = "BINLOG MONITOR"
		case s == "REPLICA MONITOR" && atLeast(version, "10.5.9"):
			s = "SLAVE MONITOR"
		}
		shown[i] = s
	}
	return shown
}

// userGrants are the account's GRANT statements; ok is false when they cannot
// be had.
func (p *client) userGrants(ctx context.Context, user, at py.Value) (grants []string, ok bool, err error) {
	there, err := p.exists(ctx, login{user: user, host: at})
	if err != nil || !there {
		return nil, false, err
	}
	r, ok, err := p.ask(ctx, "SHOW GRANTS FOR "+account(user, at))
	if err != nil || !ok {
		return nil, false, err
	}
	const option = "WITH GRANT OPTION"
	for _, s := range r.column() {
		// the rest is the hash of a password
		shown, _, _ := strings.Cut(s, " IDENTIFIED BY")
		if strings.Contains(s, option) && !strings.Contains(shown, option) {
			shown += " " + option
		}
		grants = append(grants, shown)
	}
	return grants, true, nil
}

var plain = strings.NewReplacer(`"`, "", `\`, "", "`", "")

// granted says whether the account has the privileges of g, in one or several
// grants on the same thing. GRANT OPTION is not looked at, as in Salt.
func (p *client) granted(ctx context.Context, g wish) (bool, error) {
	version, err := p.version(ctx)
	if err != nil || version == "" {
		return false, err
	}
	s, err := attribute(g.grant, "upper")
	if err != nil {
		return false, err
	}
	if strings.Contains(strings.ToUpper(s), "ALL") {
		g.grant = py.Str("ALL PRIVILEGES")
		if same, err := py.Equal(g.database, py.Str("*.*")); err == nil && same && !isMariaDB(version) && atLeast(version, "8.0") {
			g.grant = py.Str(everything)
		}
	}
	head, err := g.head()
	if err == nil {
		_, err = isTrue(g.withOption)
	}
	if err != nil {
		p.c.Log.Error("Error during grant generation.", "error", err)
		return false, nil
	}
	have, ok, err := p.userGrants(ctx, g.user, g.host)
	if err != nil || !ok {
		return false, err
	}
	found := map[string]*grant{}
	var order []*grant
	for _, sql := range have {
		t, err := tokenize(sql, false)
		if err != nil {
			return false, err
		}
		t.grants = aliases(t.grants, version)
		if old := found[t.database]; old != nil {
			old.grants = append(old.grants, t.grants...)
			continue
		}
		found[t.database] = t
		order = append(order, t)
	}
	want, err := tokenize(percent(head)+"?", true)
	if err != nil {
		return false, err
	}
	want.user, want.host = py.ToStr(g.user), py.ToStr(g.host)
	want.grants = aliases(want.grants, version)
	for _, t := range order {
		same := func(a, b string) bool { return plain.Replace(a) == plain.Replace(b) }
		missing := slices.ContainsFunc(want.grants, func(s string) bool { return !slices.Contains(t.grants, s) })
		if !missing && same(t.user, want.user) && same(t.database, want.database) && same(t.host, want.host) {
			return true, nil
		}
	}
	return false, nil
}

func (p *client) addGrant(ctx context.Context, w host.Writer, g wish) (bool, error) {
	// Salt makes a connection before it looks at the arguments
	if _, bad, err := p.run(ctx, nil, "SELECT VERSION()", true); err != nil || bad != nil {
		if bad != nil {
			p.setError(bad.salt())
		}
		return false, err
	}
	s, err := attribute(g.grant, "strip")
	if err != nil {
		return false, err
	}
	g.grant = py.Str(strings.TrimSpace(s))
	head, err := g.head()
	tail := ""
	if err == nil {
		tail, err = g.tail()
	}
	if err != nil {
		p.c.Log.Error("Error during grant generation", "error", err)
		return false, nil
	}
	if head, err = formatted(head); err != nil {
		return false, err
	}
	if _, ok, err := p.do(ctx, w, head+account(g.user, g.host)+tail, "ProgrammingError"); err != nil || !ok {
		return false, err
	}
	return p.granted(ctx, g)
}

func (p *client) revoke(ctx context.Context, w host.Writer, g wish) (bool, error) {
	s, err := attribute(g.grant, "strip")
	if err != nil {
		return false, err
	}
	if s, err = normalize(s); err != nil {
		return false, err
	}
	option, err := isTrue(g.withOption)
	if err != nil {
		return false, err
	}
	if option {
		s += ", GRANT OPTION"
	}
	database, err := attribute(g.database, "rpartition")
	if err != nil {
		return false, err
	}
	if _, ok, err := p.do(ctx, w, fmt.Sprintf("REVOKE %s ON %s FROM %s", s, percent(target(database, true)), account(g.user, g.host))); err != nil || !ok {
		return false, err
	}
	g.grant = py.Str(s)
	has, err := p.granted(ctx, g)
	return err == nil && !has, err
}
