package host

import "testing"

func TestCheckQueryPsql(t *testing.T) {
	look := func(sql string) []string {
		return []string{"/usr/bin/psql", "--no-align", "--no-psqlrc", "--dbname", "postgres", "-c", sql}
	}
	for _, tc := range []struct {
		name string
		argv []string
		want bool
	}{
		{"select", look("COPY (SELECT rolname AS name FROM pg_roles WHERE rolname = 'x''y' AND relkind IN ('r', 'v')) TO STDOUT WITH CSV HEADER"), true},
		{"quoted semicolon", look("COPY (SELECT 'a;b') TO STDOUT WITH CSV HEADER"), true},
		{"drop", look("DROP ROLE x"), false},
		{"two statements", look("COPY (SELECT 1); DROP ROLE x; COPY (SELECT 1) TO STDOUT WITH CSV HEADER"), false},
		{"comment", look("COPY (SELECT 1 -- \n) TO STDOUT WITH CSV HEADER"), false},
		{"backslash", look(`COPY (SELECT E'\'' ) TO STDOUT WITH CSV HEADER`), false},
		{"function that acts", look("COPY (SELECT pg_terminate_backend(1)) TO STDOUT WITH CSV HEADER"), false},
		{"quoted function", look(`COPY (SELECT "lo_export" (1, 'x')) TO STDOUT WITH CSV HEADER`), false},
		{"to program", look("COPY (SELECT 1) TO PROGRAM 'x'"), false},
		{"file", []string{"psql", "-f", "x"}, false},
		{"output", append([]string{"psql", "-o", "x"}, look("COPY (SELECT 1) TO STDOUT WITH CSV HEADER")[1:]...), false},
		{"connection string", []string{"psql", "--dbname", "host=x", "-c", "COPY (SELECT 1) TO STDOUT WITH CSV HEADER"}, false},
		{"nothing", []string{"psql"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := CheckQuery(Cmd{Argv: tc.argv}); (err == nil) != tc.want {
				t.Errorf("CheckQuery: %v, want allowed %v", err, tc.want)
			}
		})
	}
}
