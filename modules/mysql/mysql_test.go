package mysql

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/modules"
)

func TestTokenize(t *testing.T) {
	for _, c := range []struct {
		sql                  string
		grants               []string
		database, user, host string
	}{
		{"GRANT SELECT, LOCK TABLES, UPDATE ON `test ``(:=saltdb)`.* TO 'foo'@'localhost' WITH GRANT OPTION",
			[]string{"SELECT", "LOCK TABLES", "UPDATE"}, "`test ``(:=saltdb)`.*", "foo", "localhost"},
		{"GRANT SELECT, INSERT ON `te s.t'\"sa;ltdb`.`tbl ``'\"xx` TO 'foo '' bar'@'localhost'",
			[]string{"SELECT", "INSERT"}, "`te s.t'\"sa;ltdb`.`tbl ``'\"xx`", "foo '' bar", "localhost"},
		{`GRANT USAGE ON *.* TO 'user ";--,?:&/\'@'%'`, []string{"USAGE"}, "*.*", `user ";--,?:&/\`, "%"},
		{"GRANT SELECT (`a`, `b`), INSERT ON `d`.`t` TO `app`@`localhost`",
			[]string{"SELECT", "SELECT.`a`", "SELECT.`b`", "INSERT"}, "`d`.`t`", "`app`", "`localhost`"},
	} {
		g, err := tokenize(c.sql, false)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		if !slices.Equal(g.grants, c.grants) || g.database != c.database || g.user != c.user || g.host != c.host {
			t.Errorf("%s: got %+v", c.sql, g)
		}
	}
	for _, sql := range []string{"GRANT `r` TO `u`@`h`", "GRANT SELECT ON `x.* TO a", "GRANT SELECT"} {
		if g, err := tokenize(sql, false); err == nil {
			t.Errorf("%s: no error, got %+v", sql, g)
		}
	}
}

func FuzzTokenize(f *testing.F) {
	f.Add("GRANT SELECT ON `a`.* TO 'b'@'c'")
	f.Fuzz(func(_ *testing.T, s string) { _, _ = tokenize(s, false) })
}

func TestQuoting(t *testing.T) {
	for _, c := range [][2]string{
		{QuoteIdentifier("a`b_c%d", false), "`a``b_c%%d`"},
		{QuoteIdentifier("a`b_c%d", true), "`a``b\\_c%%d`"},
		{target("my_db.*", true), "`my\\_db`.*"},
		{target("my_db.a_b", true), "`my_db`.`a_b`"},
		{target("*.*", true), "*.*"},
		{target("a.b.*", true), "`a.b`.*"},
		{target("`x`.y", false), "`x`.y"},
		{text("a'b\\c\n\x00"), `'a''b\\c\n\0'`},
		{literal(py.None), "NULL"},
		{nativeHash("mypass"), "*6C8989366EAF75BB670AD8EA7A7FC1176A95CEF4"},
	} {
		if c[0] != c[1] {
			t.Errorf("got %s, want %s", c[0], c[1])
		}
	}
}

func TestPrivileges(t *testing.T) {
	for grant, want := range map[string]string{
		"all": "GRANT ALL PRIVILEGES ON `d`.* TO ", "select ,insert": "GRANT SELECT, INSERT ON `d`.* TO ",
		"select (a,b)": "GRANT SELECT (A, B) ON `d`.* TO ", "fly": "",
	} {
		g := wish{grant: py.Str(grant), database: py.Str("d.*"), escape: py.True}
		got, err := g.head()
		if got != want || (want == "") != (err != nil) {
			t.Errorf("%s: got %q, %v", grant, got, err)
		}
	}
	if got := aliases([]string{"REPLICATION CLIENT", "REPLICA MONITOR"}, "10.11.6-MariaDB-0+deb12u1"); !slices.Equal(got, []string{"BINLOG MONITOR", "SLAVE MONITOR"}) {
		t.Errorf("aliases: %v", got)
	}
	if _, err := formatted("GRANT x ON `a%b`"); err == nil {
		t.Error("a percent sign alone is accepted")
	}
}

func TestSingle(t *testing.T) {
	for sql, want := range map[string]bool{
		"select 1": true, "select 1; ": true, "select ';'": true, "select `;`": true, "select 1 -- ; x": true, "select 1 # ;\n+1": true,
		"select 1 /* ; */": true, "select 1; drop database x": false, "select 'a\\'b'; drop": false, "a;b": false,
	} {
		if got := single(sql); got != want {
			t.Errorf("%s: %v", sql, got)
		}
	}
}

func TestRows(t *testing.T) {
	r, err := parseRows("a\tb\n1\tNULL\nx\\ty\\\\n\tNull\npinch_rows\n-1\n")
	if err != nil || len(r.rows) != 2 || !py.IsNone(r.rows[0][1]) || py.ToStr(r.rows[1][0]) != "x\ty\\n" || py.ToStr(r.rows[1][1]) != "Null" {
		t.Errorf("got %+v, %v", r, err)
	}
	if r, err = parseRows("pinch_rows\n3\n"); err != nil || r.affected != 3 || r.columns != nil {
		t.Errorf("got %+v, %v", r, err)
	}
	if r, err = parseRows("a\tb\npinch_rows\n-1\n"); err != nil || len(r.columns) != 2 || len(r.rows) != 0 {
		t.Errorf("got %+v, %v", r, err)
	}
	for _, bad := range []string{"", "a\n1\n", "a\tb\n1\npinch_rows\n-1\n"} {
		if _, err := parseRows(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestOptionFile(t *testing.T) {
	got, err := parseOptions("f", "# c\n[client]\nUser = salt\npass_word: x\npassword = \"a'b#c\\\"\nempty\n[mysql]\nuser=no\n", "client")
	if err != nil || got["user"] != "salt" || got["pass-word"] != "x" || got["password"] != `a'b#c\` {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := parseOptions("f", "user=x\n", "client"); err == nil {
		t.Error("no error for an option without a group")
	}
}

// TestSecrets looks at the commands that a question starts: passwords are in
// its pipes only, and the command is one that only looks.
func TestSecrets(t *testing.T) {
	const pass, other = `ge"h\eim`, "an'deres"
	seen := 0
	fake := &host.Fake{OnRun: func(cmd host.Cmd) (host.Output, bool, error) {
		seen++
		for _, w := range cmd.Argv {
			if strings.Contains(w, "ge\"h") || strings.Contains(w, "deres") {
				t.Errorf("password in %q", cmd.Argv)
			}
		}
		for k, v := range cmd.Env {
			if v != nil && strings.Contains(*v, "ge") {
				t.Errorf("password in %s", k)
			}
		}
		options, err := io.ReadAll(cmd.Files[0])
		if err != nil || !strings.Contains(string(options), `password="ge\"h\\eim"`) {
			t.Errorf("options: %s, %v", options, err)
		}
		sql, err := io.ReadAll(cmd.Stdin)
		if err != nil {
			t.Error(err)
		}
		rows := "x\n"
		if strings.Contains(string(sql), "SELECT VERSION()") {
			rows = "VERSION()\n10.11.6-MariaDB\n"
		}
		if strings.Contains(string(sql), "PASSWORD('an''deres')") {
			rows = "User\tHost\nu\tlocalhost\n"
		}
		return host.Output{Stdout: []byte(rows + "pinch_rows\n-1\n")}, true, nil
	}}
	fake.Commands = map[string]host.Output{"mysql": {}}
	c := &modules.Call{Reader: fake, Memo: modules.NewMemo(), Opts: py.NewDict(), Log: slog.New(slog.DiscardHandler)}
	p := &client{c: c, settings: settings{socket: "/s", password: secret.New(pass)}}
	pw := secret.New(other)
	ok, err := p.exists(context.Background(), login{user: py.Str(`u\x`), host: py.Str("localhost"), password: &pw})
	if err != nil || !ok || seen == 0 {
		t.Errorf("exists: %v, %v after %d commands", ok, err, seen)
	}
}
