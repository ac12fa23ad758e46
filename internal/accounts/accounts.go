// Package accounts tells which programs change a host's users and groups, and
// edits the account files where there is no program for it. modules/user and
// modules/group share it.
package accounts

import (
	"fmt"
	"strings"

	"pinch/internal/host"
)

// Tools are the programs that change accounts.
type Tools int

const (
	// Shadow are shadow-utils: useradd, usermod, groupadd, gpasswd, chage.
	Shadow Tools = iota
	// PW is FreeBSD's pw.
	PW
	// Busybox has adduser, deluser, addgroup and delgroup, and nothing to change
	// an account with.
	Busybox
)

// Of looks which tools a host has, now. It is Shadow when there are none, whose
// absence is then told by name.
func Of(c host.Reader) Tools {
	switch {
	case c.LookPath("useradd") != "":
		return Shadow
	case c.LookPath("pw") != "":
		return PW
	case c.LookPath("adduser") != "" && c.LookPath("addgroup") != "":
		return Busybox
	}
	return Shadow
}

// The account files.
const (
	Passwd = "/etc/passwd"
	Group  = "/etc/group"
)

// SetField writes one field, counted from 0, of an entry of the user or group
// file. Whoever reads the file sees the old or the new one.
func SetField(w host.Writer, file, name string, field int, value string) error {
	if strings.ContainsAny(value, ":\n") {
		return fmt.Errorf("%s: %s: %q cannot stand in the file", file, name, value)
	}
	data, err := w.ReadFile(file)
	if err != nil {
		return err
	}
	lines := strings.SplitAfter(string(data), "\n")
	for i, line := range lines {
		f := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		if f[0] != name || field >= len(f) {
			continue
		}
		f[field] = value
		lines[i] = strings.Join(f, ":")
		if strings.HasSuffix(line, "\n") {
			lines[i] += "\n"
		}
		return w.WriteFile(file, strings.NewReader(strings.Join(lines, "")), host.WriteOptions{})
	}
	return fmt.Errorf("%s: there is no %s", file, name)
}
