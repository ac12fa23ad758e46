package file

import (
	"strconv"

	"pinch/internal/host"
	"pinch/internal/py"
)

// currentUser is the user that Salt runs as (its option "user").
func (o *op) currentUser() py.Value {
	if u, ok := o.Opts.GetStr("user"); ok && py.IsTrue(u) {
		return u
	}
	if u, ok := o.UserID(o.Getuid()); ok {
		return py.Str(u.Name)
	}
	return py.Int(o.Getuid())
}

// uidOf returns the number of a user given by name or number; ok is false for
// an unknown name. A number need not exist. Text of digits is a name, as in
// Salt.
func uidOf(r host.Reader, user py.Value) (uid int, ok bool) {
	if n, isInt := py.AsInt(user); isInt {
		return int(n), true
	}
	if user == py.Value(py.None) {
		return r.Getuid(), true
	}
	u, ok := r.User(py.ToStr(user))
	return u.UID, ok
}

// gidOf is uidOf for groups; None is unknown.
func gidOf(r host.Reader, group py.Value) (gid int, ok bool) {
	if n, isInt := py.AsInt(group); isInt {
		return int(n), true
	}
	if group == py.Value(py.None) {
		return 0, false
	}
	g, ok := r.Group(py.ToStr(group))
	return g.GID, ok
}

// userName returns a user's name, or the number where it has none.
func userName(r host.Reader, uid int) py.Value {
	if u, ok := r.UserID(uid); ok {
		return py.Str(u.Name)
	}
	return py.Int(uid)
}

// groupName returns a group's name, or the number where it has none.
func groupName(r host.Reader, gid int) py.Value {
	if g, ok := r.GroupID(gid); ok {
		return py.Str(g.Name)
	}
	return py.Int(gid)
}

// primaryGroup is the group of a user as file.symlink and file.copy take it:
// by the user database, 0 for an unknown user.
func primaryGroup(r host.Reader, user py.Value) py.Value {
	gid := 0
	if u, ok := r.User(py.ToStr(user)); ok {
		gid = u.GID
	}
	return groupName(r, gid)
}

// ownerArg is the user argument, or Salt's hidden second name for it.
func ownerArg(user py.Value, kwargs *py.Dict) py.Value {
	if py.IsTrue(user) {
		return user
	}
	if v, ok := kwargs.GetStr("owner"); ok {
		return v
	}
	return user
}

// checkUser says which of user and group the host does not have, "" when both
// are known. In test mode an earlier state may be going to make them.
func (o *op) checkUser(user, group py.Value) string {
	msg := ""
	if py.IsTrue(user) {
		if _, ok := uidOf(o, user); !ok {
			msg += "User " + py.ToStr(user) + " is not available "
		}
	}
	if py.IsTrue(group) {
		if _, ok := gidOf(o, group); !ok {
			msg += "Group " + py.ToStr(group) + " is not available"
		}
	}
	if o.test {
		return ""
	}
	return msg
}

// same says whether a is equal to b as Python compares.
func same(a, b py.Value) bool {
	eq, err := py.Equal(a, b)
	return err == nil && eq
}

// digits turns text of digits into a number, as Salt's command line does for
// some arguments.
func digits(v py.Value) py.Value {
	if s, ok := v.(py.Str); ok {
		if n, err := strconv.Atoi(string(s)); err == nil {
			return py.Int(n)
		}
	}
	return v
}
