package cron

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"pinch/internal/host"
	"pinch/internal/py"
)

func TestRead(t *testing.T) {
	head := header + "\n# (x installed)\n# (Cron version)\n"
	for _, c := range []struct {
		name, file, text string
		listed           string
		uid              int
		want             string
	}{
		{name: "Debian", file: "/var/spool/cron/crontabs/root", text: head + "# mine\n1 1 * * * x\n", want: "# mine\n1 1 * * * x\n"},
		{name: "cronie", file: "/var/spool/cron/root", text: "1 1 * * * x\n", want: "1 1 * * * x\n"},
		{name: "none", file: "/var/spool/cron/crontabs/other", text: "1 1 * * * x\n", want: ""},
		{name: "comments at the top are crontab's to show", file: "/var/spool/cron/crontabs/root", text: "# a\n# b\nx\n", listed: "x\n", want: "x\n"},
		{name: "not root", file: "/var/spool/cron/crontabs/root", text: "secret\n", listed: "mine\n", uid: 1000, want: "mine\n"},
		{name: "no spool", file: "/etc/x", listed: "y\n", want: "y\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := host.NewFake(map[string]string{c.file: c.text})
			f.UID = c.uid
			f.OnRun = func(host.Cmd) (host.Output, bool, error) { return host.Output{Stdout: []byte(c.listed)}, true, nil }
			got, err := read(context.Background(), f, "root")
			if err != nil || got != c.want {
				t.Errorf("read = %q, %v, want %q", got, err, c.want)
			}
			if len(f.Ops) > 0 {
				t.Errorf("reading changed the host: %v", f.Ops)
			}
		})
	}
}

// TestApply wants one crontab command for a change, no change after a refusal,
// and no temporary file left.
func TestApply(t *testing.T) {
	var file, seen string
	f := host.NewFake(map[string]string{"/var/spool/cron/crontabs/": ""})
	f.UserList = append(f.UserList, host.User{Name: "web", UID: 1500, GID: 1500, Home: "/home/web"})
	f.OnRun = func(cmd host.Cmd) (host.Output, bool, error) {
		if got := strings.Join(cmd.Argv[:3], " "); got != "crontab -u web" {
			t.Errorf("command = %q", got)
		}
		file = cmd.Argv[3]
		b, err := f.ReadFile(file)
		seen = string(b)
		if i, serr := f.Stat(file); serr != nil || i.Perm() != 0o600 {
			t.Errorf("mode of the temporary file is %o (%v)", i.Perm(), serr)
		}
		return host.Output{Code: 1, Stderr: []byte("bad minute\n")}, true, err
	}
	w := wishOf("/bin/true", times("99"), py.None, py.None, py.False, py.Str("x"))
	word, err := apply(context.Background(), f, "web", func(text string) (string, string, error) { return set(text, w) })
	if err != nil || word != "bad minute" {
		t.Errorf("apply = %q, %v", word, err)
	}
	if want := managed + "# SALT_CRON_IDENTIFIER:x\n99 * * * * /bin/true\n"; seen != want {
		t.Errorf("crontab was given %q, want %q", seen, want)
	}
	if _, err := f.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the temporary file is left: %v", err)
	}
}
