package user

import (
	"bytes"
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

func noCommand(name string) error {
	return modules.CommandExecutionError(fmt.Sprintf("Command '%s' cannot be found", name))
}

// tool runs a program of shadow-utils. ok says whether it succeeded; what it
// said on standard error is returned as well.
func tool(ctx context.Context, w host.Writer, argv ...string) (ok bool, said string, err error) {
	if w.LookPath(argv[0]) == "" {
		return false, "", noCommand(argv[0])
	}
	out, err := w.Run(ctx, host.Cmd{Argv: argv})
	if err != nil {
		return false, "", err
	}
	return out.Code == 0, strings.TrimSpace(string(out.Stderr)), nil
}

// usermod changes one thing of an account.
func usermod(ctx context.Context, w host.Writer, name string, args ...string) (bool, error) {
	switch accounts.Of(w) {
	case accounts.PW:
		ok, _, err := pw(ctx, w, "", append(append([]string{"usermod"}, args...), "-n", name)...)
		return ok, err
	case accounts.Busybox:
		return editPasswd(w, name, args)
	}
	ok, _, err := tool(ctx, w, append(append([]string{"usermod"}, args...), name)...)
	return ok, err
}

// chage sets one number of the shadow entry.
func chage(ctx context.Context, w host.Writer, name, flag string, v py.Value) error {
	_, _, err := tool(ctx, w, "chage", flag, py.ToStr(v), name)
	return err
}

// setGroups sets or adds supplementary groups, unless the user's groups are
// these already, the primary one counted.
func setGroups(ctx context.Context, w host.Writer, name string, groups []string, add bool) (bool, error) {
	if u, ok := lookup(w, name); ok {
		want := slices.Clone(groups)
		slices.Sort(want)
		if slices.Equal(slices.Compact(want), u.groups) {
			return true, nil
		}
	}
	if tools := accounts.Of(w); tools != accounts.Shadow {
		return otherGroups(ctx, w, tools, name, groups, add)
	}
	args := []string{"usermod"}
	if add {
		args = append(args, "-a")
	}
	ok, said, err := tool(ctx, w, append(args, "-G", strings.Join(groups, ","), name)...)
	if err != nil || ok || !strings.Contains(said, "not found in") {
		return ok, err
	}
	// groups that are not in the local file
	ok = true
	for _, g := range groups {
		done, _, err := tool(ctx, w, "gpasswd", "-a", name, g)
		if err != nil {
			return false, err
		}
		ok = ok && done
	}
	return ok, nil
}

// setGecos changes parts of the comment field.
func setGecos(ctx context.Context, w host.Writer, name string, set func(*account)) error {
	a, ok := lookup(w, name)
	if !ok {
		return modules.CommandExecutionError(fmt.Sprintf("User '%s' does not exist", name))
	}
	before := a.gecos()
	set(a)
	if a.gecos() == before {
		return nil
	}
	_, err := usermod(ctx, w, name, "-c", a.gecos())
	return err
}

// setPassword writes a password hash into the shadow file itself, so that it
// stands in no argument list; the day of the last change is today. pw reads it
// from its standard input.
func setPassword(ctx context.Context, w host.Writer, name, hash string) error {
	if accounts.Of(w) == accounts.PW {
		_, _, err := pw(ctx, w, hash+"\n", "usermod", name, "-H", "0")
		return err // a refusal shows when the password is compared
	}
	b, err := w.ReadFile(shadowFile)
	if err != nil {
		return err
	}
	text := withPassword(string(b), name, hash, strconv.FormatInt(w.Now().Unix()/86400, 10))
	return w.WriteFile(shadowFile, bytes.NewReader([]byte(text)), host.WriteOptions{})
}

// withPassword is a shadow file in which a user has another password hash; a
// user without an entry gets one, a damaged entry is mended.
func withPassword(text, name, hash, today string) string {
	lines := strings.SplitAfter(text, "\n")
	found := false
	for i, line := range lines {
		f := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		if f[0] != name {
			continue
		}
		if len(f) > 9 {
			f = f[:9]
		}
		for len(f) < 9 {
			f = append(f, "")
		}
		found = true
		f[1], f[2] = hash, today
		lines[i] = strings.Join(f, ":") + "\n"
	}
	text = strings.Join(lines, "")
	if !found {
		if text != "" && !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		text += fmt.Sprintf("%s:%s:%s::::::\n", name, hash, today)
	}
	return text
}

// add creates an account. ok is false when useradd refuses; said is why.
func (w *wish) add(ctx context.Context, c *modules.Call, hw host.Writer, groups []string) (ok bool, said string, err error) {
	a := w.a
	if tools := accounts.Of(hw); tools != accounts.Shadow {
		return w.addOther(ctx, hw, tools, groups)
	}
	argv := []string{"useradd"}
	if a.Local {
		argv = []string{"luseradd"}
	}
	flag := func(f string, v ...string) { argv = append(append(argv, f), v...) }
	if a.Shell != "" {
		flag("-s", a.Shell)
	}
	if isSet(a.UID) && py.ToStr(a.UID) != "" {
		flag("-u", py.ToStr(a.UID))
	}
	switch {
	case isSet(a.GID) && py.ToStr(a.GID) != "":
		flag("-g", py.ToStr(a.GID))
	case py.IsTrue(a.Usergroup):
		if !a.Local {
			flag("-U")
		}
	default:
		for _, g := range groups {
			if g != a.Name || !userGroups(c) {
				continue
			}
			if gid, known := groupID(c, py.Str(g)); known {
				flag("-g", strconv.Itoa(gid))
			}
		}
	}
	if a.Usergroup == py.Value(py.False) {
		if a.Local {
			flag("-n")
		} else {
			flag("-N")
		}
	}
	switch {
	case !a.Createhome:
		flag("-M")
	case !a.Local:
		flag("-m")
	}
	if a.Nologinit {
		flag("-l")
	}
	if a.Home != "" {
		flag("-d", a.Home)
	}
	if !a.Unique {
		flag("-o")
	}
	if a.System {
		flag("-r")
	}
	ok, said, err = tool(ctx, hw, append(argv, a.Name)...)
	if err != nil || !ok {
		return false, said, err
	}
	if len(groups) > 0 {
		// a refusal shows when the account is compared the next time, as in Salt
		if _, err := setGroups(ctx, hw, a.Name, groups, false); err != nil {
			return true, "", err
		}
	}
	err = setGecos(ctx, hw, a.Name, func(u *account) {
		for dest, v := range map[*string]py.Value{&u.fullname: a.Fullname, &u.roomnumber: a.Roomnumber, &u.workphone: a.Workphone, &u.homephone: a.Homephone, &u.other: a.Other} {
			if py.IsTrue(v) {
				*dest = py.ToStr(v)
			}
		}
	})
	return true, "", err
}

// userGroups says whether login.defs gives each new user a group of its own.
func userGroups(c host.Reader) bool {
	b, err := c.ReadFile("/etc/login.defs")
	if err != nil {
		return false
	}
	for _, line := range strings.Split(string(b), "\n") {
		if len(line) >= 15 && strings.Contains(line[:15], "USERGROUPS_ENAB") {
			return strings.Contains(line, "yes")
		}
	}
	return false
}
