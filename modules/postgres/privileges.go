package postgres

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/modules"
)

// privilegeNames are the letters of an access list.
var privilegeNames = map[rune]string{'a': "INSERT", 'C': "CREATE", 'D': "TRUNCATE", 'c': "CONNECT", 't': "TRIGGER",
	'r': "SELECT", 'U': "USAGE", 'T': "TEMPORARY", 'w': "UPDATE", 'X': "EXECUTE", 'x': "REFERENCES", 'd': "DELETE", 'm': "MAINTAIN"}

// privilegeTypes are the letters that a kind of object has.
var privilegeTypes = map[string]string{"table": "arwdDxtm", "tablespace": "C", "language": "U", "sequence": "rwU",
	"schema": "UC", "database": "CTc", "function": "X", "group": ""}

var commas = regexp.MustCompile(`\s?,\s?`)

// grant is a privilege on an object, of one role.
type grant struct {
	role, object, kind string
	privileges         string // as given, with commas
	privs              []string
	option             bool
	prepend            string
}

func newGrant(role, object, kind, privileges string, option bool, prepend string) (*grant, error) {
	g := &grant{role: role, object: object, kind: strings.ToLower(kind), privileges: privileges, option: option, prepend: prepend,
		privs: commas.Split(strings.ToUpper(privileges), -1)}
	all, known := privilegeTypes[g.kind]
	if !known {
		return nil, raised("KeyError", "%s", py.Repr(py.Str(g.kind)))
	}
	if g.kind == "group" {
		if privileges != "" {
			return nil, modules.SaltInvocationError("The privileges option should not be set for object_type group")
		}
		return g, nil
	}
	for _, p := range g.privs {
		if p != "ALL" && !slices.Contains(names(all), p) {
			return nil, modules.SaltInvocationError(fmt.Sprintf("Invalid privilege(s): %s provided for object %s", privileges, g.kind))
		}
	}
	return g, nil
}

func names(letters string) []string {
	var out []string
	for _, l := range letters {
		out = append(out, privilegeNames[l])
	}
	return out
}

// aclQuery asks for an object's access list, ownerQuery for its owner.
func aclQuery(object, kind, prepend string) string {
	o, s := literal(object), literal(prepend)
	switch kind {
	case "table", "sequence":
		relkind := map[string]string{"table": "in ('r', 'v')", "sequence": "= 'S'"}[kind]
		return fmt.Sprintf("SELECT relacl AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE nspname = '%s' AND relname = '%s' AND relkind %s ORDER BY relname", s, o, relkind)
	case "schema":
		return fmt.Sprintf("SELECT nspacl AS name FROM pg_catalog.pg_namespace WHERE nspname = '%s' ORDER BY nspname", o)
	case "function":
		return fmt.Sprintf("SELECT proacl AS name FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE nspname = '%s' AND p.oid::regprocedure::text = '%s' ORDER BY proname, proargtypes", s, o)
	case "tablespace":
		return fmt.Sprintf("SELECT spcacl AS name FROM pg_catalog.pg_tablespace WHERE spcname = '%s' ORDER BY spcname", o)
	case "language":
		return fmt.Sprintf("SELECT lanacl AS name FROM pg_catalog.pg_language WHERE lanname = '%s' ORDER BY lanname", o)
	case "database":
		return fmt.Sprintf("SELECT datacl AS name FROM pg_catalog.pg_database WHERE datname = '%s' ORDER BY datname", o)
	}
	return fmt.Sprintf("SELECT rolname, admin_option FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON m.member=r.oid WHERE m.roleid IN (SELECT oid FROM pg_catalog.pg_roles WHERE rolname='%s') ORDER BY rolname", o)
}

func ownerQuery(object, kind, prepend string) string {
	o, s := literal(object), literal(prepend)
	switch kind {
	case "table":
		return fmt.Sprintf("SELECT tableowner AS name FROM pg_tables WHERE schemaname = '%s' AND tablename = '%s'", s, o)
	case "sequence":
		return fmt.Sprintf("SELECT rolname AS name FROM pg_catalog.pg_class c JOIN pg_roles r ON c.relowner = r.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE relkind='S' AND nspname='%s' AND relname = '%s'", s, o)
	case "schema":
		return fmt.Sprintf("SELECT rolname AS name FROM pg_namespace n JOIN pg_roles r ON n.nspowner = r.oid WHERE nspname = '%s'", o)
	case "function":
		return fmt.Sprintf("SELECT rolname AS name FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace JOIN pg_catalog.pg_roles r ON p.proowner = r.oid WHERE nspname = '%s' AND p.oid::regprocedure::text = '%s' ORDER BY proname, proargtypes", s, o)
	case "tablespace":
		return fmt.Sprintf("SELECT rolname AS name FROM pg_tablespace t JOIN pg_roles r ON t.spcowner = r.oid WHERE spcname = '%s'", o)
	case "language":
		return fmt.Sprintf("SELECT rolname AS name FROM pg_language l JOIN pg_roles r ON l.lanowner = r.oid WHERE lanname = '%s'", o)
	}
	return fmt.Sprintf("SELECT rolname AS name FROM pg_database d JOIN pg_roles r ON d.datdba = r.oid WHERE datname = '%s'", o)
}

// privileges lists who may do what with an object: for each role a mapping of
// privileges to whether it may grant them; for a group its members and whether
// they administer it.
func (p *client) privileges(ctx context.Context, object, kind, prepend string) (*py.Dict, error) {
	kind = strings.ToLower(kind)
	if _, known := privilegeTypes[kind]; !known {
		return nil, modules.SaltInvocationError(fmt.Sprintf("Invalid object_type: %s provided", kind))
	}
	rows, err := p.rows(ctx, aclQuery(object, kind, prepend))
	if err != nil {
		return nil, err
	}
	out := py.NewDict()
	for _, row := range rows {
		if kind == "group" {
			out.SetStr(text(row, "rolname"), py.Bool(text(row, "admin_option") == "t"))
			continue
		}
		for part := range strings.SplitSeq(strings.Trim(text(row, "name"), "{}"), ",") {
			acl, _, _ := strings.Cut(part, "/")
			role, letters, ok := strings.Cut(acl, "=")
			if !ok {
				continue
			}
			if role == "" {
				role = "public"
			}
			privs, err := readACL(letters)
			if err != nil {
				return nil, err
			}
			out.SetStr(role, privs)
		}
	}
	return out, nil
}

func readACL(letters string) (*py.Dict, error) {
	d := py.NewDict()
	last := ""
	for _, l := range letters {
		if l == '*' && last != "" {
			d.SetStr(last, py.True)
			continue
		}
		name, ok := privilegeNames[l]
		if !ok {
			return nil, raised("KeyError", "%s", py.Repr(py.Str(string(l))))
		}
		d.SetStr(name, py.False)
		last = name
	}
	return d, nil
}

// has says whether the role has the privileges. option asks for the right to
// grant them as well.
func (p *client) has(ctx context.Context, g *grant, option bool) (bool, error) {
	if g.kind != "group" {
		rows, err := p.rows(ctx, ownerQuery(g.object, g.kind, g.prepend))
		if err != nil {
			return false, err
		}
		if len(rows) > 0 && text(rows[0], "name") == g.role {
			return true, nil
		}
	}
	all, err := p.privileges(ctx, g.object, g.kind, g.prepend)
	if err != nil {
		return false, err
	}
	have, ok := all.GetStr(g.role)
	if !ok {
		return false, nil
	}
	if g.kind == "group" {
		return !option || py.IsTrue(have), nil
	}
	held := have.(*py.Dict)
	every := names(privilegeTypes[g.kind])
	if option || slices.Contains(g.privs, "ALL") {
		if held.Len() != len(every) {
			return false, nil
		}
		for _, n := range every {
			if v, ok := held.GetStr(n); !ok || option && !py.IsTrue(v) {
				return false, nil
			}
		}
		return true, nil
	}
	for _, n := range g.privs {
		if !held.Has(n) {
			return false, nil
		}
	}
	return true, nil
}

func (g *grant) inSchema() bool {
	return slices.Contains([]string{"table", "sequence", "function"}, g.kind)
}

func (g *grant) on() string {
	if g.inSchema() {
		return fmt.Sprintf(`%s."%s"`, g.prepend, g.object)
	}
	return fmt.Sprintf(`"%s"`, g.object)
}

func (p *client) grant(ctx context.Context, w host.Writer, g *grant) (bool, error) {
	if has, err := p.has(ctx, g, false); err != nil || has {
		return false, err
	}
	privs, with := strings.Join(g.privs, ","), " WITH GRANT OPTION"
	var sql string
	switch {
	case g.kind == "group":
		sql, with = fmt.Sprintf(`GRANT %s TO "%s"`, g.object, g.role), " WITH ADMIN OPTION"
	case g.inSchema() && strings.EqualFold(g.object, "ALL"):
		sql = fmt.Sprintf(`GRANT %s ON ALL %sS IN SCHEMA %s TO "%s"`, privs, strings.ToUpper(g.kind), g.prepend, g.role)
	default:
		sql = fmt.Sprintf(`GRANT %s ON %s %s TO "%s"`, privs, strings.ToUpper(g.kind), g.on(), g.role)
	}
	if g.option {
		sql += with
	}
	return p.do(ctx, w, sql)
}

func (p *client) revoke(ctx context.Context, w host.Writer, g *grant) (bool, error) {
	if has, err := p.has(ctx, g, false); err != nil || !has {
		return false, err
	}
	sql := fmt.Sprintf("REVOKE %s FROM %s", g.object, g.role)
	if g.kind != "group" {
		sql = fmt.Sprintf("REVOKE %s ON %s %s FROM %s", strings.Join(g.privs, ","), strings.ToUpper(g.kind), g.on(), g.role)
	}
	return p.do(ctx, w, sql)
}

type grantPresentArgs struct {
	Name          string         `arg:"name,required" doc:"The role."`
	ObjectName    string         `arg:"object_name,required" doc:"The object, or ALL for all of the schema."`
	ObjectType    string         `arg:"object_type,required" doc:"table, sequence, schema, function, tablespace, language, database or group."`
	Privileges    py.Value       `arg:"privileges" doc:"The privileges, a list."`
	GrantOption   bool           `arg:"grant_option" doc:"Whether the role may grant them to others."`
	Prepend       string         `arg:"prepend" default:"public" doc:"The schema of the object."`
	MaintenanceDB string         `arg:"maintenance_db" doc:"The database of the object."`
	User          string         `arg:"user" doc:"The system user that runs psql."`
	DBPassword    *secret.String `arg:"db_password" doc:"The password of the connection."`
	DBHost        string         `arg:"db_host" doc:"The server's host or the directory of its socket."`
	DBPort        string         `arg:"db_port" doc:"The server's port."`
	DBUser        string         `arg:"db_user" doc:"The role that connects."`
}

type grantAbsentArgs struct {
	Name          string         `arg:"name,required" doc:"The role."`
	ObjectName    string         `arg:"object_name,required" doc:"The object."`
	ObjectType    string         `arg:"object_type,required" doc:"table, sequence, schema, function, tablespace, language, database or group."`
	Privileges    py.Value       `arg:"privileges" doc:"The privileges, a list."`
	Prepend       string         `arg:"prepend" default:"public" doc:"The schema of the object."`
	MaintenanceDB string         `arg:"maintenance_db" doc:"The database of the object."`
	User          string         `arg:"user" doc:"The system user that runs psql."`
	DBPassword    *secret.String `arg:"db_password" doc:"The password of the connection."`
	DBHost        string         `arg:"db_host" doc:"The server's host or the directory of its socket."`
	DBPort        string         `arg:"db_port" doc:"The server's port."`
	DBUser        string         `arg:"db_user" doc:"The role that connects."`
}

func privilegeStates() []*modules.Func {
	return []*modules.Func{
		modules.State[grantPresentArgs]{Name: "postgres_privileges.present", Virtual: stateVirtual,
			Doc: "Makes sure that a role has privileges on an object, or is a member of a group.\n\n```yaml\nweb:\n  postgres_privileges.present:\n    - object_name: orders\n    - object_type: table\n    - privileges:\n      - SELECT\n      - INSERT\n    - maintenance_db: shop\n```",
			Check: func(ctx context.Context, c *modules.Call, a *grantPresentArgs) (modules.Plan, error) {
				p := newClient(c, a.DBUser, a.DBHost, a.DBPort, a.MaintenanceDB, a.DBPassword, a.User)
				return grantPlan(ctx, p, a.Name, a.ObjectName, a.ObjectType, a.Privileges, a.GrantOption, a.Prepend, true)
			}}.Func(),
		modules.State[grantAbsentArgs]{Name: "postgres_privileges.absent", Virtual: stateVirtual,
			Doc: "Makes sure that a role has not these privileges on an object.\n\n```yaml\nweb:\n  postgres_privileges.absent:\n    - object_name: orders\n    - object_type: table\n    - privileges:\n      - DELETE\n    - maintenance_db: shop\n```",
			Check: func(ctx context.Context, c *modules.Call, a *grantAbsentArgs) (modules.Plan, error) {
				p := newClient(c, a.DBUser, a.DBHost, a.DBPort, a.MaintenanceDB, a.DBPassword, a.User)
				return grantPlan(ctx, p, a.Name, a.ObjectName, a.ObjectType, a.Privileges, false, a.Prepend, false)
			}}.Func(),
	}
}

// joined is ",".join(v) of Python: a text falls into its characters.
func joined(v py.Value) (string, error) {
	if py.IsNone(v) || !py.IsTrue(v) {
		return "", nil
	}
	items, err := py.Collect(v)
	if err != nil {
		return "", raised("TypeError", "can only join an iterable")
	}
	out := make([]string, len(items))
	for i, it := range items {
		s, ok := it.(py.Str)
		if !ok {
			return "", raised("TypeError", "sequence item %d: expected str instance, %s found", i, it.Type())
		}
		out[i] = string(s)
	}
	return strings.Join(out, ","), nil
}

func grantPlan(ctx context.Context, p *client, role, object, kind string, privileges py.Value, option bool, prepend string, present bool) (modules.Plan, error) {
	privs, err := joined(privileges)
	if err != nil {
		return modules.Plan{}, err
	}
	g, err := newGrant(role, object, kind, privs, option, prepend)
	if err != nil {
		return modules.Plan{}, err
	}
	has, err := p.has(ctx, g, option)
	if err != nil {
		return modules.Plan{}, err
	}
	shown := object
	if kind != "group" {
		if shown = privs; shown == "" {
			shown = "None"
		}
	}
	if has == present {
		if present {
			return modules.InOrder("The requested privilege(s) are already set"), nil
		}
		return modules.InOrder("The requested privilege(s) are not set so cannot be revoked"), nil
	}
	verb, done, preposition, result, act := "grant", "granted", "to", "Present", p.grant
	if !present {
		verb, done, preposition, result, act = "revoke", "revoked", "from", "Absent", p.revoke
	}
	return modules.Would(fmt.Sprintf("The privilege(s): %s are set to be %s %s %s", shown, done, preposition, role), nil,
		func(ctx context.Context, w host.Writer) (modules.Done, error) {
			ok, err := act(ctx, w, g)
			if err != nil || !ok {
				return modules.Failed(fmt.Sprintf("Failed to %s privilege(s): %s %s %s", verb, shown, preposition, role)), err
			}
			return modules.OK(fmt.Sprintf("The privilege(s): %s have been %s %s %s", shown, done, preposition, role),
				change(role, py.Str(result))), nil
		}), nil
}
