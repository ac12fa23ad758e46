package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/secret"
)

// version asks the server for its version, "" when it does not answer.
func (p *client) version(ctx context.Context) (string, error) {
	rows, err := p.rows(ctx, "SELECT setting FROM pg_catalog.pg_settings WHERE name = 'server_version'")
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return text(rows[0], "setting"), nil
}

// roles lists the roles with their attributes; ok is false when the server
// does not answer.
func (p *client) roles(ctx context.Context, withPassword bool) (roles *py.Dict, ok bool, err error) {
	v, err := p.version(ctx)
	if err != nil || v == "" {
		return nil, false, err
	}
	replication, catupdate := "NULL", "NULL"
	if !older(v, "9.1") {
		replication = "pg_roles.rolreplication"
	}
	if older(v, "9.5") {
		catupdate = "pg_roles.rolcatupdate"
	}
	query := `SELECT pg_roles.rolname as "name", pg_roles.rolsuper as "superuser", pg_roles.rolinherit as "inherits privileges",
 pg_roles.rolcreaterole as "can create roles", pg_roles.rolcreatedb as "can create databases", ` + catupdate + ` as "can update system catalogs",
 pg_roles.rolcanlogin as "can login", ` + replication + ` as "replication", pg_roles.rolconnlimit as "connections",
 (SELECT array_agg(parents.rolname) FROM pg_catalog.pg_auth_members JOIN pg_catalog.pg_roles parents
 ON pg_auth_members.roleid = parents.oid WHERE pg_auth_members.member = pg_roles.oid) as "groups",
 pg_roles.rolvaliduntil::timestamp(0) as "expiry time", pg_roles.rolconfig as "defaults variables"`
	if withPassword {
		query += `, COALESCE(pg_shadow.passwd, pg_authid.rolpassword) as "password" FROM pg_roles
 LEFT JOIN pg_authid ON pg_roles.oid = pg_authid.oid LEFT JOIN pg_shadow ON pg_roles.oid = pg_shadow.usesysid`
	} else {
		query += ` FROM pg_roles`
	}
	rows, err := p.rows(ctx, query)
	if err != nil {
		return nil, false, err
	}
	roles = py.NewDict()
	for _, row := range rows {
		r := py.NewDict()
		for _, k := range []string{"superuser", "inherits privileges", "can create roles", "can create databases",
			"can update system catalogs", "can login", "replication", "connections"} {
			r.SetStr(k, flagValue(text(row, k)))
		}
		r.SetStr("expiry time", expiry(text(row, "expiry time")))
		r.SetStr("defaults variables", py.Str(text(row, "defaults variables")))
		if withPassword {
			r.SetStr("password", py.Str(text(row, "password")))
		}
		groups := py.NewList()
		for _, g := range array(text(row, "groups")) {
			groups.Items = append(groups.Items, py.Str(g))
		}
		r.SetStr("groups", groups)
		roles.SetStr(text(row, "name"), r)
	}
	return roles, true, nil
}

func flagValue(s string) py.Value {
	switch s {
	case "t":
		return py.True
	case "f":
		return py.False
	}
	return py.None
}

func expiry(s string) py.Value {
	t, err := time.Parse(time.DateTime, s)
	if err != nil {
		return py.None // infinity and none
	}
	return py.DateTime{T: t}
}

// role returns the attributes of a role, nil when there is none or the server
// does not answer.
func (p *client) role(ctx context.Context, name string, withPassword bool) (*py.Dict, error) {
	roles, ok, err := p.roles(ctx, withPassword)
	if err != nil || !ok {
		return nil, err
	}
	if v, ok := roles.GetStr(name); ok {
		return v.(*py.Dict), nil
	}
	return nil, nil
}

// roleWish is what a role is to be; None leaves an attribute alone.
type roleWish struct {
	createdb, createroles, inherit, login, connlimit, superuser, replication py.Value
	encrypted, groups, validUntil                                            py.Value
	password                                                                 *secret.String
}

// clauses are the attributes of CREATE and ALTER ROLE and the grants after it.
// kind is "user" or "group" for a new one, old the role that is changed.
func (r *roleWish) clauses(name, kind string, old *py.Dict) (string, error) {
	inherit, login := r.inherit, r.login
	if py.IsNone(inherit) && kind != "" {
		inherit = py.True
	}
	if py.IsNone(login) && kind != "" {
		login = py.Bool(kind == "user")
	}
	superuser := r.superuser
	if old != nil && py.IsTrue(superuser) == py.IsTrue(old.Lookup("superuser")) {
		superuser = py.None
	}
	var words []string
	flag := func(v py.Value, word string) {
		switch {
		case py.IsNone(v):
		case py.IsTrue(v):
			words = append(words, word)
		default:
			words = append(words, "NO"+word)
		}
	}
	flag(inherit, "INHERIT")
	flag(r.createdb, "CREATEDB")
	flag(r.createroles, "CREATEROLE")
	flag(superuser, "SUPERUSER")
	flag(r.replication, "REPLICATION")
	flag(login, "LOGIN")
	if !py.IsNone(r.connlimit) {
		flag(py.Bool(py.IsTrue(r.connlimit)), "CONNECTION LIMIT "+py.ToStr(r.connlimit))
	}
	if r.password != nil && r.password.IsSet() {
		stored, err := encrypt(name, literal(r.password.Reveal()), r.encrypted)
		if err != nil {
			return "", err
		}
		if !py.IsNone(r.encrypted) && !py.IsTrue(r.encrypted) {
			words = append(words, "UNENCRYPTED")
		} else {
			words = append(words, "ENCRYPTED")
		}
		words = append(words, "PASSWORD '"+stored+"'")
	}
	if until, ok := r.validUntil.(py.Str); ok {
		if until == "" {
			words = append(words, "NOVALID UNTIL")
		} else {
			words = append(words, "VALID UNTIL '"+literal(string(until))+"'")
		}
	}
	sql := strings.Join(words, " ")
	groups, err := groupNames(r.groups)
	for _, g := range groups {
		sql += fmt.Sprintf(`; GRANT "%s" TO "%s"`, g, name)
	}
	return sql, err
}

// groupNames reads a list of names or names with commas.
func groupNames(v py.Value) ([]string, error) {
	if py.IsNone(v) || !py.IsTrue(v) {
		return nil, nil
	}
	switch v := v.(type) {
	case py.Str:
		return strings.Split(string(v), ","), nil
	case *py.List:
		var out []string
		for i, g := range v.Items {
			s, ok := g.(py.Str)
			if !ok {
				return nil, raised("TypeError", "sequence item %d: expected str instance, %s found", i, g.Type())
			}
			out = append(out, strings.Split(string(s), ",")...)
		}
		return out, nil
	}
	return nil, raised("AttributeError", "'%s' object has no attribute 'split'", v.Type())
}

// createRole is false for a role that exists and for a failure.
func (p *client) createRole(ctx context.Context, w host.Writer, kind, name string, r *roleWish) (bool, error) {
	old, err := p.role(ctx, name, false)
	if err != nil || old != nil {
		return false, err
	}
	return p.writeRole(ctx, w, "CREATE", kind, name, nil, r)
}

// updateRole is false for a role that does not exist and for a failure.
func (p *client) updateRole(ctx context.Context, w host.Writer, name string, r *roleWish) (bool, error) {
	old, err := p.role(ctx, name, false)
	if err != nil || old == nil {
		return false, err
	}
	return p.writeRole(ctx, w, "ALTER", "", name, old, r)
}

func (p *client) writeRole(ctx context.Context, w host.Writer, verb, kind, name string, old *py.Dict, r *roleWish) (bool, error) {
	clauses, err := r.clauses(name, kind, old)
	if err != nil {
		return false, err
	}
	sql := fmt.Sprintf(`%s ROLE "%s" WITH %s`, verb, name, clauses)
	if r.password == nil || !r.password.IsSet() {
		return p.do(ctx, w, sql)
	}
	out, err := p.runSecret(ctx, w, sql)
	return err == nil && out.Code == 0, err
}

func (p *client) dropRole(ctx context.Context, w host.Writer, name string) (bool, error) {
	old, err := p.role(ctx, name, false)
	if err != nil || old == nil {
		return false, err
	}
	if _, err := p.run(ctx, w, fmt.Sprintf(`DROP ROLE "%s"`, name)); err != nil {
		return false, err
	}
	old, err = p.role(ctx, name, false)
	return err == nil && old == nil, err
}

// missing returns the groups that a role is not in, nil when it is in all.
func missing(want py.Value, have *py.Dict) *py.List {
	list, ok := want.(*py.List)
	if s, isText := want.(py.Str); isText {
		list, ok = py.NewList(), true
		for g := range strings.SplitSeq(string(s), ",") {
			list.Items = append(list.Items, py.Str(g))
		}
	}
	if !ok {
		return nil
	}
	in, _ := have.Lookup("groups").(*py.List)
	out := py.NewList()
	for _, g := range list.Items {
		if in == nil || !slices.Contains(in.Items, g) {
			out.Items = append(out.Items, g)
		}
	}
	if len(out.Items) == 0 {
		return nil
	}
	return out
}
