package user

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pinch/internal/accounts"
	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/internal/unixcrypt"
	"pinch/modules"
	"pinch/states/low"
)

type presentArgs struct {
	Name            string        `arg:"name,required" doc:"The login name."`
	UID             py.Value      `arg:"uid" doc:"The user's number; chosen by the host when not given."`
	GID             py.Value      `arg:"gid" doc:"The primary group, by number or name."`
	Usergroup       py.Value      `arg:"usergroup" doc:"True makes a group of the user's name, False none."`
	Groups          py.Value      `arg:"groups" doc:"Supplementary groups; they must exist."`
	OptionalGroups  py.Value      `arg:"optional_groups" doc:"Supplementary groups that are taken when they exist."`
	RemoveGroups    bool          `arg:"remove_groups" default:"True" doc:"Take the user out of other groups."`
	Home            string        `arg:"home" doc:"The home directory."`
	Createhome      bool          `arg:"createhome" default:"True" doc:"Make the home directory when it is missing."`
	PersistHome     bool          `arg:"persist_home" default:"False" doc:"Move the files when the home directory changes."`
	Password        secret.String `arg:"password" doc:"The password's hash."`
	HashPassword    bool          `arg:"hash_password" default:"False" doc:"The password is clear text: keep its hash."`
	EnforcePassword bool          `arg:"enforce_password" default:"True" doc:"Set the password also when there is another one."`
	EmptyPassword   bool          `arg:"empty_password" default:"False" doc:"Allow logging in without a password."`
	Shell           string        `arg:"shell" doc:"The login shell."`
	Unique          bool          `arg:"unique" default:"True" doc:"Refuse a uid that another user has."`
	System          bool          `arg:"system" default:"False" doc:"Choose the uid among those of system accounts."`
	Fullname        py.Value      `arg:"fullname" doc:"The user's full name."`
	Roomnumber      py.Value      `arg:"roomnumber" doc:"The room number."`
	Workphone       py.Value      `arg:"workphone" doc:"The phone number at work."`
	Homephone       py.Value      `arg:"homephone" doc:"The phone number at home."`
	Other           py.Value      `arg:"other" doc:"The last part of the comment field."`
	Loginclass      py.Value      `arg:"loginclass" doc:"The login class on BSD."`
	Date            py.Value      `arg:"date" doc:"Day of the last password change, counted from 1970."`
	Mindays         py.Value      `arg:"mindays" doc:"Days before the password may be changed."`
	Maxdays         py.Value      `arg:"maxdays" doc:"Days after which the password must be changed."`
	Inactdays       py.Value      `arg:"inactdays" doc:"Days after which an expired account is locked."`
	Warndays        py.Value      `arg:"warndays" doc:"Days of warning before the password expires."`
	Expire          py.Value      `arg:"expire" doc:"Day on which the account expires, counted from 1970."`
	WinHomedrive    py.Value      `arg:"win_homedrive" doc:"Windows only."`
	WinProfile      py.Value      `arg:"win_profile" doc:"Windows only."`
	WinLogonscript  py.Value      `arg:"win_logonscript" doc:"Windows only."`
	WinDescription  py.Value      `arg:"win_description" doc:"Windows only."`
	Nologinit       bool          `arg:"nologinit" default:"False" doc:"Leave the user out of lastlog and faillog."`
	AllowUIDChange  bool          `arg:"allow_uid_change" default:"False" doc:"Change the uid of a user that exists."`
	AllowGIDChange  bool          `arg:"allow_gid_change" default:"False" doc:"Change the gid of a user that exists."`
	PasswordLock    py.Value      `arg:"password_lock" doc:"True locks the password, False unlocks it."`
	Local           bool          `arg:"local" default:"False" doc:"Look at the local files only."`
}

type absentArgs struct {
	Name  string `arg:"name,required" doc:"The login name."`
	Purge bool   `arg:"purge" default:"False" doc:"Remove the user's files as well."`
	Force bool   `arg:"force" default:"False" doc:"Remove the user also while logged in."`
	Local bool   `arg:"local" default:"False" doc:"Look at the local files only."`
}

func stateFuncs() []*modules.Func {
	return []*modules.Func{
		modules.State[presentArgs]{Name: "user.present", Platforms: platforms, Check: checkPresent,
			Doc: "Makes an account and keeps its properties.\n\n```yaml\nalice:\n  user.present:\n    - shell: /bin/bash\n    - groups: [sudo]\n```"}.Func(),
		modules.State[absentArgs]{Name: "user.absent", Platforms: platforms, Check: checkAbsent,
			Doc: "Removes an account.\n\n```yaml\nalice:\n  user.absent:\n    - purge: True\n```"}.Func(),
	}
}

func checkPresent(_ context.Context, c *modules.Call, a *presentArgs) (modules.Plan, error) {
	for _, o := range []struct {
		name string
		v    py.Value
	}{{"win_homedrive", a.WinHomedrive}, {"win_profile", a.WinProfile}, {"win_logonscript", a.WinLogonscript}, {"win_description", a.WinDescription}} {
		if py.IsTrue(o.v) {
			return modules.Plan{}, modules.SaltInvocationError("user.present: " + o.name + " is for Windows")
		}
	}
	if err := a.notHere(accounts.Of(c)); err != nil {
		return modules.Plan{}, err
	}
	password, err := a.hash(c)
	if err != nil {
		return modules.Plan{}, err
	}
	for _, v := range []py.Value{a.Fullname, a.Roomnumber, a.Workphone} {
		if isSet(v) && strings.Contains(py.ToStr(v), ",") {
			return modules.Fail("Unsupported char ',' in " + py.ToStr(v)), nil
		}
	}
	w := &wish{a: a, gid: a.GID, password: password, allowUID: a.AllowUIDChange, allowGID: a.AllowGIDChange, bsd: accounts.Of(c) == accounts.PW}
	wanted, hasGroups, err := texts(a.Groups)
	if err != nil {
		return modules.Plan{}, err
	}
	optional, _, err := texts(a.OptionalGroups)
	if err != nil {
		return modules.Plan{}, err
	}
	w.hasGroups = hasGroups
	var missing []string
	for _, g := range wanted {
		if _, ok := c.Group(g); ok {
			w.groups = append(w.groups, g)
		} else {
			missing = append(missing, g)
		}
	}
	if len(missing) > 0 && !c.Test {
		return modules.Fail("The following group(s) are not present: " + strings.Join(missing, ",")), nil
	}
	for _, g := range optional {
		if _, ok := c.Group(g); ok {
			w.optional = append(w.optional, g)
		}
	}
	if py.IsTrue(a.Usergroup) {
		if _, ok := c.Group(a.Name); ok {
			w.gid = py.Str(a.Name)
		}
	}
	change, exists, err := w.changes(c)
	var se *modules.Error
	if errors.As(err, &se) {
		return modules.Fail(se.Msg), nil
	}
	switch {
	case !exists:
		comment := fmt.Sprintf("User %s set to be added", a.Name)
		if len(missing) > 0 {
			comment += " (pending groups: " + strings.Join(missing, ",") + ")"
		}
		return modules.Would(comment, nil, func(ctx context.Context, hw host.Writer) (modules.Done, error) { return w.create(ctx, c, hw) }), nil
	case change.Len() == 0:
		return modules.InOrder(fmt.Sprintf("User %s is present and up to date", a.Name)), nil
	}
	var b strings.Builder
	b.WriteString("The following user attributes are set to be changed:\n")
	for k, v := range change.All() {
		fmt.Fprintf(&b, "%s: %s\n", py.ToStr(k), py.ToStr(v))
	}
	if len(missing) > 0 {
		fmt.Fprintf(&b, "groups (pending creation): %s\n", strings.Join(missing, ","))
	}
	return modules.Would(b.String(), nil, func(ctx context.Context, hw host.Writer) (modules.Done, error) { return w.update(ctx, hw, change) }), nil
}

// hash is the password's hash that is wanted, "" for none.
func (a *presentArgs) hash(c host.Reader) (string, error) {
	password := a.Password.Reveal()
	if a.HashPassword && password != "" {
		h, err := unixcrypt.Rehash(password, readShadow(c, a.Name).passwd)
		return h, hashError(err)
	}
	if strings.ContainsAny(password, ":\n") {
		return "", modules.SaltInvocationError("user.present: the password has a colon or a line feed and is no hash: give its hash, or hash_password: True")
	}
	return password, nil
}

// create makes the account.
func (w *wish) create(ctx context.Context, c *modules.Call, hw host.Writer) (modules.Done, error) {
	a := w.a
	groups := append(append([]string{}, w.groups...), w.optional...)
	ok, _, err := w.add(ctx, c, hw, groups)
	if err != nil {
		return modules.Done{}, err
	}
	if !ok {
		return modules.Failed(fmt.Sprintf("Failed to create new user %s", a.Name)), nil
	}
	u, found := lookup(hw, a.Name)
	if !found {
		return modules.Failed(fmt.Sprintf("Failed to create new user %s", a.Name)), nil
	}
	d := modules.OK(fmt.Sprintf("New user %s created", a.Name), nil)
	changes := u.dict()
	d.Changes = changes
	if !a.Createhome {
		changes.SetStr("home", py.Str(""))
	}
	fail := func(format string, args ...any) {
		d.Result, d.Comment = low.False, fmt.Sprintf("User "+a.Name+" created but "+format, args...)
	}
	if w.password != "" && !a.EmptyPassword {
		if err := setPassword(ctx, hw, a.Name, w.password); err != nil {
			return modules.Done{}, err
		}
		if readShadow(hw, a.Name).passwd != w.password {
			fail("failed to set password to %s", hidden)
		}
		changes.SetStr("password", py.Str(hidden))
	}
	if a.EmptyPassword && w.password == "" {
		if _, _, err := tool(ctx, hw, "passwd", "-d", a.Name); err != nil {
			return modules.Done{}, err
		}
		if readShadow(hw, a.Name).passwd != "" {
			fail("failed to empty password")
		}
		changes.SetStr("password", py.Str(""))
	}
	for _, n := range []struct {
		key, flag, what string
		want            py.Value
		have            func(shadow) int
		always          bool
	}{
		{"date", "-d", "last change date", a.Date, func(s shadow) int { return s.lstchg }, true},
		{"mindays", "-m", "minimum days", a.Mindays, func(s shadow) int { return s.min }, false},
		{"maxdays", "-M", "maximum days", a.Maxdays, func(s shadow) int { return s.max }, false},
		{"inactdays", "-I", "inactive days", a.Inactdays, func(s shadow) int { return s.inact }, false},
		{"warndays", "-W", "warn days", a.Warndays, func(s shadow) int { return s.warn }, false},
		{"expire", "-E", "expire days", a.Expire, func(s shadow) int { return s.expire }, false},
	} {
		if !py.IsTrue(n.want) && !(n.always && isSet(n.want)) {
			continue
		}
		if err := chage(ctx, hw, a.Name, n.flag, n.want); err != nil {
			return modules.Done{}, err
		}
		if !isNumber(n.want, n.have(readShadow(hw, a.Name))) {
			fail("failed to set %s to %s", n.what, py.ToStr(n.want))
		}
		changes.SetStr(n.key, n.want)
	}
	return d, nil
}

// update makes the changes and reports what became different.
func (w *wish) update(ctx context.Context, hw host.Writer, change *py.Dict) (modules.Done, error) {
	a := w.a
	before, ok := lookup(hw, a.Name)
	if !ok {
		return modules.Failed(fmt.Sprintf("User %s vanished", a.Name)), nil
	}
	shadowBefore := readShadow(hw, a.Name)
	if err := w.apply(ctx, hw, change, before); err != nil {
		return modules.Done{}, err
	}
	changes := py.NewDict()
	after, ok := lookup(hw, a.Name)
	if !ok {
		return modules.Failed(fmt.Sprintf("User %s vanished", a.Name)), nil
	}
	if err := differences(changes, before.dict(), after.dict()); err != nil {
		return modules.Done{}, err
	}
	if w.password == "" || shadowBefore.passwd != w.password {
		if err := differences(changes, shadowBefore.dict(), readShadow(hw, a.Name).dict()); err != nil {
			return modules.Done{}, err
		}
	}
	d := modules.OK(fmt.Sprintf("User %s is present and up to date", a.Name), changes)
	if changes.Len() > 0 {
		d.Comment = "Updated user " + a.Name
	}
	again := *w
	again.allowUID, again.allowGID, again.gid = true, true, a.GID
	left, _, err := again.changes(hw)
	if err != nil {
		return modules.Done{}, err
	}
	if left.Len() > 0 {
		d.Result, d.Comment = low.False, "These values could not be changed: "+py.ToStr(left)
	}
	return d, nil
}

// differences adds the keys whose value became another one; a password shows
// as such only.
func differences(changes, before, after *py.Dict) error {
	for k, v := range after.All() {
		key := py.ToStr(k)
		same, err := py.Equal(v, before.Lookup(key))
		if err != nil {
			return err
		}
		if same {
			continue
		}
		if key == "passwd" {
			v = py.Str(hidden)
		}
		changes.SetStr(key, v)
	}
	return nil
}

func (w *wish) apply(ctx context.Context, hw host.Writer, change *py.Dict, before *account) error {
	a := w.a
	if change.Has("passwd") && !a.EmptyPassword {
		if err := setPassword(ctx, hw, a.Name, w.password); err != nil {
			return err
		}
	}
	run := func(argv ...string) error {
		_, _, err := tool(ctx, hw, argv...)
		return err
	}
	if change.Has("empty_password") {
		if err := run("passwd", "-d", a.Name); err != nil {
			return err
		}
	}
	if v, ok := change.GetStr("password_lock"); ok {
		flag := "-u"
		if py.IsTrue(v) {
			flag = "-l"
		}
		if err := run("passwd", flag, a.Name); err != nil {
			return err
		}
	}
	if err := w.applyHome(ctx, hw, change, before); err != nil {
		return err
	}
	for _, k := range []struct{ key, flag string }{{"date", "-d"}, {"mindays", "-m"}, {"maxdays", "-M"}, {"inactdays", "-I"}, {"warndays", "-W"}, {"expire", "-E"}} {
		if v, ok := change.GetStr(k.key); ok {
			if err := chage(ctx, hw, a.Name, k.flag, v); err != nil {
				return err
			}
		}
	}
	for _, k := range []struct{ key, flag string }{{"uid", "-u"}, {"gid", "-g"}, {"shell", "-s"}} {
		if v, ok := change.GetStr(k.key); ok {
			if _, err := usermod(ctx, hw, a.Name, k.flag, py.ToStr(v)); err != nil {
				return err
			}
		}
	}
	if err := setGecos(ctx, hw, a.Name, func(u *account) {
		for key, dest := range map[string]*string{"fullname": &u.fullname, "roomnumber": &u.roomnumber, "workphone": &u.workphone, "homephone": &u.homephone, "other": &u.other} {
			if v, ok := change.GetStr(key); ok {
				*dest = py.ToStr(v)
			}
		}
	}); err != nil {
		return err
	}
	if l, ok := change.Lookup("groups").(*py.List); ok {
		var groups []string
		for _, g := range l.Items {
			groups = append(groups, py.ToStr(g))
		}
		// what usermod refuses is found by the comparison that follows
		if _, err := setGroups(ctx, hw, a.Name, groups, !a.RemoveGroups); err != nil {
			return err
		}
	}
	return nil
}

func (w *wish) applyHome(ctx context.Context, hw host.Writer, change *py.Dict, before *account) error {
	args := func(dir string) []string {
		if w.a.PersistHome {
			return []string{"-m", "-d", dir}
		}
		return []string{"-d", dir}
	}
	if v, ok := change.GetStr("home"); ok && !change.Has("homeDoesNotExist") {
		_, err := usermod(ctx, hw, w.a.Name, args(py.ToStr(v))...)
		return err
	}
	v, ok := change.GetStr("homeDoesNotExist")
	if !ok {
		return nil
	}
	dir := py.ToStr(v)
	if dir != before.home {
		if _, err := usermod(ctx, hw, w.a.Name, args(dir)...); err != nil {
			return err
		}
	}
	if fi, err := hw.Stat(dir); err == nil && fi.IsDir() {
		return nil
	}
	if err := hw.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return hw.Chown(dir, before.uid, before.gid)
}

func checkAbsent(_ context.Context, c *modules.Call, a *absentArgs) (modules.Plan, error) {
	u, ok := lookup(c, a.Name)
	if !ok {
		return modules.InOrder(fmt.Sprintf("User %s is not present", a.Name)), nil
	}
	return modules.Would(fmt.Sprintf("User %s set for removal", a.Name), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		done, err := remove(ctx, c, w, a.Name, a.Purge, a.Force, a.Local)
		if err != nil {
			return modules.Done{}, err
		}
		if !done {
			return modules.Failed(fmt.Sprintf("Failed to remove user %s", a.Name)), nil
		}
		changes := py.NewDict()
		for _, g := range u.groups {
			if _, still := w.Group(g); !still {
				changes.SetStr(g+" group", py.Str("removed"))
			}
		}
		changes.SetStr(a.Name, py.Str("removed"))
		return modules.OK("Removed user "+a.Name, changes), nil
	}), nil
}

// remove deletes an account. Debian's userdel ends with 12 when only the mail
// spool could not be removed, which is no failure.
func remove(ctx context.Context, c *modules.Call, w host.Writer, name string, purge, force, local bool) (bool, error) {
	if tools := accounts.Of(w); tools != accounts.Shadow {
		return removeOther(ctx, w, tools, name, purge)
	}
	argv := []string{"userdel"}
	if local {
		argv = []string{"luserdel"}
	}
	if w.LookPath(argv[0]) == "" {
		return false, noCommand(argv[0])
	}
	if purge {
		argv = append(argv, "-r")
	}
	if force && !local {
		argv = append(argv, "-f")
	}
	out, err := w.Run(ctx, host.Cmd{Argv: append(argv, name)})
	if err != nil {
		return false, err
	}
	spool := strings.Contains(string(out.Stderr), "var/mail") || strings.Contains(string(out.Stderr), "var/spool/mail")
	return out.Code == 0 || out.Code == 12 && spool && c.Grains.String("os_family") == "Debian", nil
}
