// Package user has Salt's user and shadow modules: accounts of the host. It
// changes them with the tools of shadow-utils, FreeBSD's pw or busybox;
// passwords never stand on a command line.
package user

import (
	"slices"
	"strconv"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// Funcs are the functions of this package.
func Funcs() []*modules.Func { return append(stateFuncs(), execFuncs()...) }

// platforms are the kernels whose tools are known.
var platforms = []string{"Linux", "FreeBSD"}

// hidden stands for a password in results.
const hidden = "XXX-REDACTED-XXX"

// account is a user as Salt's user.info shows it.
type account struct {
	name, passwd, home, shell                         string
	uid, gid                                          int
	groups                                            []string // sorted, the primary one included
	fullname, roomnumber, workphone, homephone, other string
}

// lookup reads an account; ok is false when there is none.
func lookup(c host.Reader, name string) (*account, bool) {
	u, ok := c.User(name)
	if !ok {
		return nil, false
	}
	a := &account{name: u.Name, passwd: u.Passwd, home: u.Home, shell: u.Shell, uid: u.UID, gid: u.GID, groups: groupsOf(c, u)}
	gecos := append(strings.SplitN(u.Gecos, ",", 5), "", "", "", "")
	a.fullname, a.roomnumber, a.workphone, a.homephone, a.other = gecos[0], gecos[1], gecos[2], gecos[3], gecos[4]
	return a, true
}

// maxLocalGID is the number up to which Salt looks for a group among all
// groups of the host.
const maxLocalGID = 65000

// groupsOf lists the groups of a user by name, sorted. It goes by number, as
// Salt does: groups that share the number of a user's group are the user's,
// too; above the host's own groups a number has one name.
func groupsOf(c host.Reader, u host.User) []string {
	all, err := c.Groups()
	if err != nil {
		return nil
	}
	member := map[int]bool{u.GID: true}
	last := -1
	for _, g := range all {
		if slices.Contains(g.Members, u.Name) {
			member[g.GID] = true
		}
		if g.GID < maxLocalGID {
			last = max(last, g.GID)
		}
	}
	var names []string
	for _, g := range all {
		if member[g.GID] && g.GID <= last {
			names = append(names, g.Name)
		}
	}
	for gid := range member {
		if gid <= last {
			continue
		}
		if g, ok := c.GroupID(gid); ok {
			names = append(names, g.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// texts gives the items of a list argument as text. A text is a list of its
// characters, as it is to Salt. given is false for None.
func texts(v py.Value) (out []string, given bool, err error) {
	if v == py.Value(py.None) {
		return nil, false, nil
	}
	items, err := py.Collect(v)
	for _, it := range items {
		out = append(out, py.ToStr(it))
	}
	return out, true, err
}

// dict is the account in Salt's form.
func (a *account) dict() *py.Dict {
	return py.DictOf("gid", py.Int(a.gid), "groups", py.Strings(a.groups...), "home", py.Str(a.home), "name", py.Str(a.name),
		"passwd", py.Str(a.passwd), "shell", py.Str(a.shell), "uid", py.Int(a.uid), "fullname", py.Str(a.fullname),
		"roomnumber", py.Str(a.roomnumber), "workphone", py.Str(a.workphone), "homephone", py.Str(a.homephone), "other", py.Str(a.other))
}

// gecos is the comment field, without empty parts at its end.
func (a *account) gecos() string {
	return strings.TrimRight(strings.Join([]string{a.fullname, a.roomnumber, a.workphone, a.homephone, a.other}, ","), ",")
}

const shadowFile = "/etc/shadow"

// shadow is a user's entry of the shadow file. A field that is empty there is
// -1, as the C library has it.
type shadow struct {
	found                                 bool
	name, passwd                          string
	lstchg, min, max, warn, inact, expire int
}

func readShadow(c host.Reader, name string) shadow {
	if b, err := c.ReadFile(masterPasswd); err == nil {
		return masterEntry(string(b), name)
	}
	b, err := c.ReadFile(shadowFile)
	if err != nil {
		return shadow{}
	}
	return shadowOf(string(b), name)
}

// shadowOf finds a user's entry in the text of a shadow file.
func shadowOf(text, name string) shadow {
	for _, line := range strings.Split(text, "\n") {
		f := strings.Split(line, ":")
		if f[0] != name || len(f) < 8 {
			continue
		}
		num := func(s string) int {
			n, err := strconv.Atoi(s)
			if err != nil {
				return -1
			}
			return n
		}
		return shadow{true, f[0], f[1], num(f[2]), num(f[3]), num(f[4]), num(f[5]), num(f[6]), num(f[7])}
	}
	return shadow{}
}

// dict is the entry in Salt's form: empty texts when there is none.
func (s shadow) dict() *py.Dict {
	num := func(n int) py.Value {
		if !s.found {
			return py.Str("")
		}
		return py.Int(n)
	}
	return py.DictOf("name", py.Str(s.name), "passwd", py.Str(s.passwd), "lstchg", num(s.lstchg), "min", num(s.min),
		"max", num(s.max), "warn", num(s.warn), "inact", num(s.inact), "expire", num(s.expire))
}

// groupID resolves a group's name or number to its number, as
// file.group_to_gid does: a number in quotes is a name. ok is false when there
// is no such group.
func groupID(c host.Reader, v py.Value) (gid int, ok bool) {
	if n, isInt := py.AsInt(v); isInt {
		return int(n), true
	}
	if g, found := c.Group(py.ToStr(v)); found {
		return g.GID, true
	}
	return 0, false
}

func groupName(c host.Reader, gid int) string {
	if g, ok := c.GroupID(gid); ok {
		return g.Name
	}
	return strconv.Itoa(gid)
}
