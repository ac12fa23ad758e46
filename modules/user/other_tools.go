package user

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pinch/internal/accounts"
	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// What changes accounts where there are no shadow-utils: FreeBSD's pw, whose
// options for a change are usermod's, and busybox, which can add and remove
// only.

// pw runs pw; a password goes through standard input.
func pw(ctx context.Context, w host.Writer, stdin string, args ...string) (ok bool, said string, err error) {
	cmd := host.Cmd{Argv: append([]string{"pw"}, args...)}
	if stdin != "" {
		cmd.Stdin = strings.NewReader(stdin)
	}
	out, err := w.Run(ctx, cmd)
	return out.Code == 0, strings.TrimSpace(string(out.Stderr)), err
}

// fields of /etc/passwd by usermod's option.
var passwdFields = map[string]int{"-l": 0, "-u": 2, "-g": 3, "-c": 4, "-d": 5, "-s": 6}

// editPasswd does in /etc/passwd what usermod's options say.
func editPasswd(w host.Writer, name string, args []string) (bool, error) {
	u, ok := w.User(name)
	if !ok {
		return false, nil
	}
	move := false
	for i := 0; i < len(args); i++ {
		if args[i] == "-m" {
			move = true
			continue
		}
		field, known := passwdFields[args[i]]
		if !known || i+1 == len(args) {
			return false, fmt.Errorf("user %s: the option %s is not supported on this host", name, args[i])
		}
		value := args[i+1]
		if args[i] == "-g" {
			gid, ok := groupID(w, py.Str(value))
			if !ok {
				n, err := strconv.Atoi(value)
				if err != nil {
					return false, nil // no such group; the comparison tells
				}
				gid = n
			}
			value = strconv.Itoa(gid)
		}
		if err := accounts.SetField(w, accounts.Passwd, name, field, value); err != nil {
			return false, err
		}
		if args[i] == "-l" {
			if err := renameElsewhere(w, name, value); err != nil {
				return false, err
			}
		}
		if args[i] == "-d" && move {
			if err := w.Rename(u.Home, value); err != nil {
				return false, err
			}
		}
		i++
	}
	return true, nil
}

// renameElsewhere gives a user the new name in the shadow file and in groups.
func renameElsewhere(w host.Writer, name, newName string) error {
	if readShadow(w, name).found {
		if err := accounts.SetField(w, shadowFile, name, 0, newName); err != nil {
			return err
		}
	}
	groups, err := w.Groups()
	if err != nil {
		return err
	}
	for _, g := range groups {
		if i := slices.Index(g.Members, name); i >= 0 {
			members := slices.Clone(g.Members)
			members[i] = newName
			if err := accounts.SetField(w, accounts.Group, g.Name, 3, strings.Join(members, ",")); err != nil {
				return err
			}
		}
	}
	return nil
}

// otherGroups is setGroups with pw and busybox.
func otherGroups(ctx context.Context, w host.Writer, tools accounts.Tools, name string, groups []string, add bool) (bool, error) {
	u, found := lookup(w, name)
	if !found {
		return false, nil
	}
	have := slices.DeleteFunc(slices.Clone(u.groups), func(g string) bool { return g == groupName(w, u.gid) })
	if tools == accounts.PW {
		if add {
			groups = append(slices.Clone(groups), have...)
			slices.Sort(groups)
			groups = slices.Compact(groups)
		}
		ok, _, err := pw(ctx, w, "", "usermod", "-G", strings.Join(groups, ","), "-n", name)
		return ok, err
	}
	all := true
	run := func(argv ...string) error {
		ok, _, err := tool(ctx, w, argv...)
		all = all && ok
		return err
	}
	for _, g := range groups {
		if !slices.Contains(have, g) {
			if err := run("addgroup", name, g); err != nil {
				return false, err
			}
		}
	}
	for _, g := range have {
		if !add && !slices.Contains(groups, g) {
			if err := run("delgroup", name, g); err != nil {
				return false, err
			}
		}
	}
	return all, nil
}

// addOther creates the account with pw or busybox.
func (w *wish) addOther(ctx context.Context, hw host.Writer, tools accounts.Tools, groups []string) (ok bool, said string, err error) {
	a := w.a
	gecos := account{fullname: optional(a.Fullname), roomnumber: optional(a.Roomnumber), workphone: optional(a.Workphone), homephone: optional(a.Homephone), other: optional(a.Other)}
	if tools == accounts.PW {
		argv := []string{"useradd"}
		flag := func(f, v string) {
			if v != "" {
				argv = append(argv, f, v)
			}
		}
		flag("-u", optional(a.UID))
		flag("-g", optional(a.GID))
		flag("-G", strings.Join(groups, ","))
		flag("-d", a.Home)
		if a.Createhome {
			argv = append(argv, "-m")
		}
		flag("-L", optional(a.Loginclass))
		flag("-s", a.Shell)
		if !a.Unique {
			argv = append(argv, "-o")
		}
		parts := []string{gecos.fullname, gecos.roomnumber, gecos.workphone, gecos.homephone}
		return pw(ctx, hw, "", append(argv, "-c", strings.Join(parts, ","), "-n", a.Name)...)
	}
	argv := []string{"adduser", "-D"}
	flag := func(f, v string) {
		if v != "" {
			argv = append(argv, f, v)
		}
	}
	if a.System {
		argv = append(argv, "-S")
	}
	if !a.Createhome {
		argv = append(argv, "-H")
	}
	flag("-h", a.Home)
	flag("-g", gecos.gecos())
	flag("-s", a.Shell)
	flag("-u", optional(a.UID))
	if gid := optional(a.GID); gid != "" {
		name := gid
		if n, err := strconv.Atoi(gid); err == nil {
			name = groupName(hw, n)
		}
		flag("-G", name)
	}
	ok, said, err = tool(ctx, hw, append(argv, a.Name)...)
	if ok && err == nil && len(groups) > 0 {
		_, err = otherGroups(ctx, hw, tools, a.Name, groups, true)
	}
	return ok, said, err
}

func optional(v py.Value) string {
	if v == nil || !isSet(v) {
		return ""
	}
	return py.ToStr(v)
}

// removeOther deletes an account with pw or busybox.
func removeOther(ctx context.Context, w host.Writer, tools accounts.Tools, name string, purge bool) (bool, error) {
	argv := []string{"deluser"}
	if tools == accounts.PW {
		argv = []string{"pw", "userdel"}
		if purge {
			argv = append(argv, "-r")
		}
		argv = append(argv, "-n")
	} else if purge {
		argv = append(argv, "--remove-home")
	}
	ok, _, err := tool(ctx, w, append(argv, name)...)
	return ok, err
}

const masterPasswd = "/etc/master.passwd"

// masterEntry is a user's entry of FreeBSD's master.passwd. Of the days there
// are none.
func masterEntry(text, name string) shadow {
	for line := range strings.Lines(text) {
		if f := strings.Split(strings.TrimSuffix(line, "\n"), ":"); f[0] == name && len(f) == 10 {
			return shadow{found: true, name: f[0], passwd: f[1], lstchg: -1, min: -1, max: -1, warn: -1, inact: -1, expire: -1}
		}
	}
	return shadow{}
}

// notHere refuses what the tools of the host cannot do.
func (a *presentArgs) notHere(tools accounts.Tools) error {
	if tools == accounts.Shadow {
		return nil
	}
	bad := func(arg string) error {
		return modules.SaltInvocationError("user.present: " + arg + " is not supported with the tools of this host")
	}
	for _, d := range []struct {
		arg  string
		want py.Value
	}{{"date", a.Date}, {"mindays", a.Mindays}, {"maxdays", a.Maxdays}, {"inactdays", a.Inactdays}, {"warndays", a.Warndays}, {"expire", a.Expire}} {
		if d.want != nil && isSet(d.want) {
			return bad(d.arg)
		}
	}
	switch {
	case tools == accounts.PW && a.EmptyPassword:
		return bad("empty_password")
	case tools == accounts.PW && a.PasswordLock != nil && isSet(a.PasswordLock):
		return bad("password_lock")
	case tools == accounts.Busybox && !a.Unique:
		return bad("unique: False")
	}
	return nil
}
