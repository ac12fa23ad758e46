package host

import (
	"io"
	"strings"
	"testing"
)

func TestMySQLLooks(t *testing.T) {
	const options = "[client]\nuser=\"a\\\"b\"\npassword=\"x\"\n"
	cmd := func(options, sql string, argv ...string) Cmd {
		return Cmd{Argv: append([]string{"/usr/bin/mysql", "--defaults-file=/dev/fd/3", "--batch", "--binary-mode", "--delimiter=$d$"}, argv...),
			Stdin: strings.NewReader(sql + "\n$d$\n"), Files: []io.Reader{strings.NewReader(options)}}
	}
	for _, sql := range []string{
		"SELECT VERSION()", "SHOW DATABASES LIKE 'a''b\\\\c'", "SHOW GRANTS FOR 'into'@'%'",
		"SELECT User FROM mysql.user WHERE User = 'x; drop' AND `Password` = PASSWORD('a`b')",
		MySQLEscapes + "\n$d$\nSELECT 1",
	} {
		if err := CheckQuery(cmd(options, sql)); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	for _, sql := range []string{
		"DROP DATABASE x", "SELECT 1; DROP DATABASE x", "SELECT 1 INTO OUTFILE '/x'", "SELECT sleep(1)", "SELECT 'a\\'", "SELECT 1\n\\! id",
		"SELECT '\\'; DROP DATABASE x; -- '", "SELECT @a := 1", "SELECT 1 /*!, f() */", "SELECT 1 FOR UPDATE", "SELECT \"a\"",
		"SELECT 1\n$d$\nDROP DATABASE x", "SELECT `a", "SELECT \\! id",
	} {
		if CheckQuery(cmd(options, sql)) == nil {
			t.Errorf("%s: passes as looking", sql)
		}
	}
	for _, c := range []Cmd{
		cmd(options, "SELECT 1", "--tee=/x"), cmd(options, "SELECT 1", "--execute=DROP DATABASE x"),
		cmd("[client]\ninit-command=\"drop database x\"\n", "SELECT 1"), cmd("[client]\nuser=\"a\" b\"\n", "SELECT 1"),
		{Argv: []string{"mysql", "--defaults-file=/dev/fd/3", "--binary-mode", "--delimiter=$d$"}, Stdin: strings.NewReader("SELECT 1\n$d$\n")},
		{Argv: []string{"mysql"}},
	} {
		if CheckQuery(c) == nil {
			t.Errorf("%q: passes as looking", c.Argv)
		}
	}
}

// TestFiles hands a command further inputs.
func TestFiles(t *testing.T) {
	l := local(t)
	out, err := l.Run(t.Context(), Cmd{Argv: []string{"sh", "-c", "cat /dev/fd/4 /dev/fd/3 -"}, Stdin: strings.NewReader("in"),
		Files: []io.Reader{strings.NewReader("three "), strings.NewReader("four ")}})
	if err != nil || string(out.Stdout) != "four three in" {
		t.Errorf("got %q, %v", out.Stdout, err)
	}
	big := strings.Repeat("x", 1<<20)
	if out, err = l.Run(t.Context(), Cmd{Argv: []string{"true"}, Files: []io.Reader{strings.NewReader(big)}}); err != nil || out.Code != 0 {
		t.Errorf("input that nobody reads: %+v, %v", out.Code, err)
	}
}
