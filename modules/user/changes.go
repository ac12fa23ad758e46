package user

import (
	"fmt"
	"slices"
	"sort"
	"strconv"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// wish is what the arguments of user.present ask for. A nil value is no wish.
type wish struct {
	a         *presentArgs
	gid       py.Value // None: none
	groups    []string // those that exist
	hasGroups bool     // the argument is not None
	optional  []string
	password  string // hash
	allowUID  bool
	allowGID  bool
	bsd       bool // the tools are FreeBSD's
}

func isSet(v py.Value) bool { return v != py.Value(py.None) }

// changes lists what is different, in Salt's order and names. ok is false when
// there is no such user. The error is Salt's refusal to change an ID.
func (w *wish) changes(c host.Reader) (change *py.Dict, ok bool, err error) {
	a := w.a
	u, ok := lookup(c, a.Name)
	if !ok {
		return nil, false, nil
	}
	s := readShadow(c, a.Name)
	change = py.NewDict()
	if py.IsTrue(a.UID) && !isNumber(a.UID, u.uid) { // a number in quotes is another value, as in Salt
		change.SetStr("uid", a.UID)
	}
	wantGID := u.gid
	if isSet(w.gid) {
		gid, known := groupID(c, w.gid)
		if !known || gid != u.gid {
			change.SetStr("gid", w.gid)
		}
		if n, err := strconv.Atoi(py.ToStr(w.gid)); !known && err == nil {
			gid, known = n, true
		}
		if known {
			wantGID = gid
		}
	}
	w.groupChanges(c, u, wantGID, change)
	if a.Home != "" && u.home != a.Home {
		change.SetStr("home", py.Str(a.Home))
	}
	if a.Createhome {
		home := a.Home
		if home == "" {
			home = u.home
		}
		if fi, err := c.Stat(home); err != nil || !fi.IsDir() {
			change.SetStr("homeDoesNotExist", py.Str(home))
		}
	}
	if a.Shell != "" && u.shell != a.Shell {
		change.SetStr("shell", py.Str(a.Shell))
	}
	w.shadowChanges(s, change)
	for _, g := range []struct {
		key  string
		want py.Value
		have string
	}{
		{"fullname", a.Fullname, u.fullname}, {"roomnumber", a.Roomnumber, u.roomnumber}, {"workphone", a.Workphone, u.workphone},
		{"homephone", a.Homephone, u.homephone}, {"other", a.Other, u.other},
	} {
		if isSet(g.want) && py.ToStr(g.want) != g.have {
			change.SetStr(g.key, py.Str(py.ToStr(g.want)))
		}
	}
	var refused []string
	if v, has := change.GetStr("uid"); has && !w.allowUID {
		refused = append(refused, fmt.Sprintf("Changing uid (%d -> %s) not permitted, set allow_uid_change to True to force this change. Note that this will not change file ownership.", u.uid, py.ToStr(v)))
	}
	if has := change.Has("gid"); has && !w.allowGID {
		refused = append(refused, fmt.Sprintf("Changing gid (%d -> %s) not permitted, set allow_gid_change to True to force this change. Note that this will not change file ownership.", u.gid, py.ToStr(w.gid)))
	}
	if len(refused) > 0 {
		msg := "Encountered error checking for needed changes. Additional info follows:\n"
		for _, r := range refused {
			msg += "\n- " + r
		}
		return change, true, modules.CommandExecutionError(msg)
	}
	return change, true, nil
}

// groupChanges compares the supplementary groups. The primary group, a former
// primary group and a group of the user's own name do not count; groups that
// share a number count as one.
func (w *wish) groupChanges(c host.Reader, u *account, wantGID int, change *py.Dict) {
	wanted := append(append([]string{}, w.groups...), w.optional...)
	have := slices.Clone(u.groups)
	if !w.a.RemoveGroups || !w.hasGroups && len(w.optional) == 0 {
		wanted = append(wanted, have...)
	}
	sort.Strings(wanted)
	wanted = slices.Compact(wanted)
	same := map[int][]string{}
	for _, g := range u.groups {
		if id, ok := groupID(c, py.Str(g)); ok {
			same[id] = append(same[id], g)
		}
	}
	drop := func(list []string, name string) []string {
		names := []string{name}
		if id, ok := groupID(c, py.Str(name)); ok && len(same[id]) > 1 {
			names = same[id]
		}
		return slices.DeleteFunc(list, func(g string) bool { return slices.Contains(names, g) })
	}
	primary, former := groupName(c, wantGID), groupName(c, u.gid)
	have, wanted = drop(have, primary), drop(wanted, primary)
	if former != primary {
		have = drop(have, former)
	}
	if !slices.Contains(wanted, u.name) {
		have = drop(have, u.name)
	}
	if differs(c, have, wanted, w.a.RemoveGroups) && (len(wanted) > 0 || w.a.RemoveGroups) {
		change.SetStr("groups", py.Strings(wanted...))
	}
}

// differs says whether memberships have to change. A group that another one
// of the two lists equals by number does not count.
func differs(c host.Reader, have, wanted []string, remove bool) bool {
	var diff []string
	for _, g := range wanted {
		if !slices.Contains(have, g) {
			diff = append(diff, g)
		}
	}
	if remove {
		for _, g := range have {
			if !slices.Contains(wanted, g) {
				diff = append(diff, g)
			}
		}
	}
	all := append(slices.Clone(have), wanted...)
	for _, d := range diff {
		id, _ := groupID(c, py.Str(d))
		double := slices.ContainsFunc(all, func(g string) bool {
			other, _ := groupID(c, py.Str(g))
			return g != d && other == id
		})
		if !double {
			return true
		}
	}
	return false
}

func (w *wish) shadowChanges(s shadow, change *py.Dict) {
	a := w.a
	// "!" is what a new account has in the place of a password, "*" on FreeBSD
	if w.password != "" && !a.EmptyPassword && (s.passwd == "!" || s.passwd == "*" && w.bsd || a.EnforcePassword) && s.passwd != w.password {
		change.SetStr("passwd", py.Str(hidden))
	}
	if a.EmptyPassword && s.passwd != "" {
		change.SetStr("empty_password", py.True)
	}
	for _, d := range []struct {
		key  string
		want py.Value
		have int
	}{{"date", a.Date, s.lstchg}, {"mindays", a.Mindays, s.min}, {"maxdays", a.Maxdays, s.max}, {"inactdays", a.Inactdays, s.inact}, {"warndays", a.Warndays, s.warn}} {
		if isSet(d.want) && !(s.found && isNumber(d.want, d.have)) {
			change.SetStr(d.key, d.want)
		}
	}
	if py.IsTrue(a.Expire) && !isNumber(a.Expire, s.expire) {
		change.SetStr("expire", a.Expire)
	}
	locked := len(s.passwd) > 0 && s.passwd[0] == '!'
	if py.IsTrue(a.PasswordLock) && !locked || a.PasswordLock == py.Value(py.False) && locked {
		change.SetStr("password_lock", a.PasswordLock)
	}
}

func isNumber(v py.Value, n int) bool {
	x, ok := py.AsInt(v)
	return ok && int(x) == n
}
