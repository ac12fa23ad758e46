package host

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// database is the user or group file, parsed when it has changed, and what the
// name service said about names that are not in it.
type database[T any] struct {
	path, service string
	parse         func(fields []string) (entry T, name string, id int, ok bool)
	lookup        func(l *Local, key string) (T, bool)

	mu     sync.Mutex
	stamp  stamp
	list   []T
	byName map[string]int
	byID   map[int]int
	asked  map[string]answer[T]
}

// stamp tells two versions of a file apart.
type stamp struct {
	mtime time.Time
	size  int64
	inode uint64
}

// answer is what the name service said, and when.
type answer[T any] struct {
	entry T
	found bool
	at    time.Time
}

// answerAge is how long the name service's word counts.
const answerAge = 10 * time.Second

func (d *database[T]) init(path, service string, parse func([]string) (T, string, int, bool), lookup func(*Local, string) (T, bool)) {
	d.path, d.service, d.parse, d.lookup = path, service, parse, lookup
}

// load reads the file when it is not the one that was read before. A file that
// is not there has no entries.
func (d *database[T]) load(l *Local) error {
	info, err := l.Stat(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		d.reset(stamp{})
		return nil
	}
	if err != nil {
		return err
	}
	s := stamp{info.ModTime, info.Size, info.Inode}
	if d.byName != nil && s == d.stamp {
		return nil
	}
	data, err := os.ReadFile(d.path)
	if err != nil {
		return err
	}
	d.reset(s)
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.HasPrefix(line, "#") || line[0] == '+' || line[0] == '-' {
			continue
		}
		e, name, id, ok := d.parse(strings.Split(line, ":"))
		if !ok {
			continue
		}
		if _, dup := d.byName[name]; !dup {
			d.byName[name] = len(d.list)
		}
		if _, dup := d.byID[id]; !dup {
			d.byID[id] = len(d.list)
		}
		d.list = append(d.list, e)
	}
	return nil
}

func (d *database[T]) reset(s stamp) {
	d.stamp, d.list = s, nil
	d.byName, d.byID, d.asked = map[string]int{}, map[int]int{}, map[string]answer[T]{}
}

func (d *database[T]) all(l *Local) ([]T, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.load(l); err != nil {
		return nil, err
	}
	return append([]T(nil), d.list...), nil
}

// find looks a name up, or with byID a number; the file first, then the name
// service. An unreadable file is no entry: the name service may still know.
func (d *database[T]) find(l *Local, name string, id int, byID bool) (T, bool) {
	var zero T
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.load(l); err != nil {
		d.reset(stamp{})
	}
	key := name
	if byID {
		key = strconv.Itoa(id)
		if i, ok := d.byID[id]; ok {
			return d.list[i], true
		}
	} else if i, ok := d.byName[name]; ok {
		return d.list[i], true
	}
	if key == "" || strings.ContainsAny(key, ":\x00\n") || strings.HasPrefix(key, "-") {
		return zero, false
	}
	ask := strconv.FormatBool(byID) + key
	if a, ok := d.asked[ask]; ok && time.Since(a.at) < answerAge {
		return a.entry, a.found
	}
	e, found := d.nameService(l, key)
	if found && !d.matches(e, name, id, byID) {
		e, found = zero, false
	}
	d.asked[ask] = answer[T]{e, found, time.Now()}
	return e, found
}

// matches guards against a name service that takes a name of digits for a
// number.
func (d *database[T]) matches(e T, name string, id int, byID bool) bool {
	var n string
	var i int
	switch e := any(e).(type) {
	case User:
		n, i = e.Name, e.UID
	case Group:
		n, i = e.Name, e.GID
	}
	if byID {
		return i == id
	}
	return strings.EqualFold(n, name)
}

// nameService asks getent, or the platform, about a key that is not in the file.
func (d *database[T]) nameService(l *Local, key string) (T, bool) {
	var zero T
	if e, ok := d.lookup(l, key); ok {
		return e, true
	}
	if !l.hasNameService(d.service) {
		return zero, false
	}
	out, err := l.getent(d.service, key)
	if err != nil || out == "" {
		return zero, false
	}
	e, _, _, ok := d.parse(strings.Split(strings.TrimRight(out, "\r\n"), ":"))
	return e, ok
}

// hasNameService says whether nsswitch.conf names anything but files for a
// database. Without that file getent decides.
func (l *Local) hasNameService(service string) bool {
	data, err := os.ReadFile("/etc/nsswitch.conf")
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	for line := range strings.Lines(string(data)) {
		line, _, _ = strings.Cut(line, "#")
		name, sources, ok := strings.Cut(line, ":")
		if !ok || strings.TrimSpace(name) != service {
			continue
		}
		for _, s := range strings.Fields(sources) {
			if s != "files" && !strings.HasPrefix(s, "[") {
				return true
			}
		}
		return false
	}
	return false
}

func parseUser(f []string) (User, string, int, bool) {
	if len(f) < 7 {
		return User{}, "", 0, false
	}
	uid, err1 := strconv.Atoi(f[2])
	gid, err2 := strconv.Atoi(f[3])
	if err1 != nil || err2 != nil {
		return User{}, "", 0, false
	}
	u := User{Name: f[0], Passwd: f[1], UID: uid, GID: gid, Gecos: f[4], Home: f[5], Shell: f[6]}
	if len(f) == 10 { // master.passwd of the BSDs: name:pw:uid:gid:class:change:expire:gecos:home:shell
		u.Gecos, u.Home, u.Shell = f[7], f[8], f[9]
	}
	return u, u.Name, uid, true
}

func parseGroup(f []string) (Group, string, int, bool) {
	if len(f) < 3 {
		return Group{}, "", 0, false
	}
	gid, err := strconv.Atoi(f[2])
	if err != nil {
		return Group{}, "", 0, false
	}
	g := Group{Name: f[0], GID: gid}
	if len(f) > 3 {
		for _, m := range strings.Split(f[3], ",") {
			if m = strings.TrimSpace(m); m != "" {
				g.Members = append(g.Members, m)
			}
		}
	}
	return g, g.Name, gid, true
}

// User implements Reader.
func (l *Local) User(name string) (User, bool) { return l.users.find(l, name, 0, false) }

// UserID implements Reader.
func (l *Local) UserID(uid int) (User, bool) { return l.users.find(l, "", uid, true) }

// Users implements Reader: the entries of the file, in its order.
func (l *Local) Users() ([]User, error) { return l.users.all(l) }

// Group implements Reader.
func (l *Local) Group(name string) (Group, bool) { return l.groups.find(l, name, 0, false) }

// GroupID implements Reader.
func (l *Local) GroupID(gid int) (Group, bool) { return l.groups.find(l, "", gid, true) }

// Groups implements Reader: the entries of the file, in its order.
func (l *Local) Groups() ([]Group, error) { return l.groups.all(l) }

// GroupList returns the group ids of a user: the primary one first, then those
// whose members name the user, ascending and without repetition.
func GroupList(r Reader, u User) ([]int, error) {
	groups, err := r.Groups()
	if err != nil {
		return nil, err
	}
	seen := map[int]bool{u.GID: true}
	ids := []int{u.GID}
	for _, g := range groups {
		if seen[g.GID] {
			continue
		}
		for _, m := range g.Members {
			if m == u.Name {
				seen[g.GID] = true
				ids = append(ids, g.GID)
				break
			}
		}
	}
	return ids, nil
}
