package file

import (
	"context"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/states/low"
)

// perms are the owner, mode and attributes that a file should have. The zero
// values (None, "") leave things as they are.
type perms struct {
	user, group py.Value
	mode        string   // normalized, "" keeps
	attrs       py.Value // letters of chattr, None keeps
	follow      bool     // look behind a symlink
	selinux     selinuxContext
}

// given says whether an owner argument asks for something.
func given(v py.Value) bool { return v != nil && py.IsTrue(v) }

// checkPerms brings owner, mode, attributes and security context of a file in
// order and notes in r what changed (Salt's file.check_perms). before, when
// given, is what the file had before this state wrote it. It returns what the
// file had.
func (o *op) checkPerms(ctx context.Context, name string, r *ret, p perms, before *status) (status, error) {
	name = expandUser(o, name)
	var notes []string
	cur, err := stats(o.w, name, p.follow)
	if err != nil {
		return cur, err
	}
	old := cur
	if before != nil {
		old.user, old.group, old.UID, old.GID, old.mode = before.user, before.group, before.UID, before.GID, before.mode
	}
	link := isLink(o.w, name) && !p.follow
	chUser := given(p.user) && !old.hasUser(p.user)
	chGroup := given(p.group) && !old.hasGroup(p.group)
	if !o.test {
		if given(p.user) && !cur.hasUser(p.user) || given(p.group) && !cur.hasGroup(p.group) {
			notes = append(notes, o.setOwner(name, r, p, cur, link)...)
		}
		if p.mode != "" && !link && p.mode != cur.mode {
			if m, ok := parseMode(p.mode); ok {
				_ = o.w.Chmod(name, m) // the look below tells
			}
		}
	}
	post, err := stats(o.w, name, p.follow)
	if err != nil {
		return old, err
	}
	report := func(key, what string, value py.Value, wanted, right, changed bool) {
		switch {
		case !wanted:
		case !right && o.test:
			r.change(key, value)
		case !right:
			r.result = low.False
			notes = append(notes, "Failed to change "+what+" to "+py.ToStr(value))
		case changed:
			r.change(key, value)
		}
	}
	report("user", "user", p.user, given(p.user), given(p.user) && post.hasUser(p.user), chUser)
	report("group", "group", p.group, given(p.group), given(p.group) && post.hasGroup(p.group), chGroup)
	report("mode", "mode", py.Str(p.mode), p.mode != "" && !link, p.mode == post.mode, p.mode != old.mode)
	if !py.IsNone(p.attrs) && !link && !isDir(o.w, name) {
		notes = append(notes, o.checkAttrs(name, r, py.ToStr(p.attrs))...)
	}
	r.comment = strings.Join(append(nonEmpty(r.comment), notes...), "; ")
	if p.selinux.isSet() {
		o.checkSELinux(ctx, name, r, p.selinux)
	}
	if o.test && r.changes.Len() > 0 {
		r.result = low.None
	}
	return old, nil
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// setOwner changes owner and group; a mode that the change took away (setuid)
// is set again.
func (o *op) setOwner(name string, r *ret, p perms, cur status, link bool) (notes []string) {
	id := func(want py.Value, now int, of func(host.Reader, py.Value) (int, bool), problem string) int {
		if py.IsNone(want) {
			return now
		}
		n, ok := of(o.w, want)
		if !ok {
			if given(want) {
				notes = append(notes, problem)
			}
			return -1
		}
		return n
	}
	uid := id(p.user, cur.UID, uidOf, "User does not exist\n")
	gid := id(p.group, cur.GID, gidOf, "Group does not exist\n")
	if len(notes) > 0 {
		r.result = low.False
		return []string{strings.Join(notes, "")}
	}
	chown := o.w.Chown
	if link {
		chown = o.w.Lchown
	}
	if err := chown(name, uid, gid); err != nil {
		r.result = low.False
		return nil
	}
	if !isLink(o.w, name) {
		if m, ok := parseMode(cur.mode); ok {
			_ = o.w.Chmod(name, m) // the look afterwards tells
		}
	}
	return nil
}

// attrLetters are the letters of chattr that Salt knows.
const attrLetters = "aAcCdDeijPsStTu"

// fileAttrs returns the letters of a file's attributes, in lsattr's order; ok
// is false where the file system has none.
func fileAttrs(r host.Reader, name string) (letters string, ok bool, err error) {
	flags, ok, err := r.Attrs(name)
	if err != nil || !ok {
		return "", ok, err
	}
	for _, l := range host.FlagLetters() {
		if flags&l.Flag != 0 && strings.IndexByte(attrLetters, l.Letter) >= 0 {
			letters += string(l.Letter)
		}
	}
	return letters, true, nil
}

// attrsDiff says which letters are to be added and removed. The extents flag
// is the file system's own and stays.
func attrsDiff(have, want string) (add, remove string) {
	for _, l := range host.FlagLetters() {
		c := string(l.Letter)
		switch h, w := strings.Contains(have, c), strings.Contains(want, c) || c == "e" && strings.Contains(have, "e"); {
		case w && !h:
			add += c
		case h && !w:
			remove += c
		}
	}
	for _, c := range want {
		if !strings.ContainsRune(attrLetters, c) {
			add += string(c)
		}
	}
	return add, remove
}

// checkAttrs brings the attribute flags in order.
func (o *op) checkAttrs(name string, r *ret, want string) (notes []string) {
	have, _, err := fileAttrs(o.w, name)
	if err != nil {
		r.result = low.False
		return []string{"Failed to change attributes to " + want + ": " + osError(err)}
	}
	add, remove := attrsDiff(have, want)
	if add == "" && remove == "" {
		return nil
	}
	now := want
	if !o.test {
		cause := o.chattr(name, add, remove)
		got, _, err := fileAttrs(o.w, name)
		if err != nil {
			cause = err
		}
		if a, d := attrsDiff(got, want); a != "" || d != "" || err != nil {
			r.result = low.False
			note := "Failed to change attributes to " + want
			if cause != nil {
				note += ": " + osError(cause)
			}
			notes, now = append(notes, note), got
		}
	}
	if have != now {
		r.change("attrs", py.DictOf("old", py.Str(have), "new", py.Str(now)))
	}
	return notes
}

// chattr adds and removes attribute flags by letters.
func (o *op) chattr(name, add, remove string) error {
	flags, ok, err := o.w.Attrs(name)
	if err != nil {
		return err
	}
	if !ok {
		return execError("the file system of " + name + " has no attributes")
	}
	for _, l := range host.FlagLetters() {
		if strings.IndexByte(add, l.Letter) >= 0 {
			flags |= l.Flag
		}
		if strings.IndexByte(remove, l.Letter) >= 0 {
			flags &^= l.Flag
		}
	}
	return o.w.SetAttrs(name, flags)
}
