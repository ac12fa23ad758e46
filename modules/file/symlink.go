package file

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/modules"
	"pinch/states/low"
)

type symlinkArgs struct {
	Name           string   `arg:"name,required" doc:"Absolute path of the link."`
	Target         string   `arg:"target,required" doc:"What the link points to."`
	Force          bool     `arg:"force" default:"False" doc:"Replace a file, or a link to another target."`
	Backupname     *string  `arg:"backupname" doc:"Name under which an existing file is kept."`
	Makedirs       bool     `arg:"makedirs" default:"False" doc:"Make missing parent directories."`
	User           py.Value `arg:"user" doc:"Owner of the link."`
	Group          py.Value `arg:"group" doc:"Group of the link."`
	Mode           py.Value `arg:"mode" doc:"Permission bits of directories that are made."`
	WinOwner       py.Value `arg:"win_owner" doc:"For Windows; no effect here."`
	WinPerms       py.Value `arg:"win_perms" doc:"For Windows; no effect here."`
	WinDenyPerms   py.Value `arg:"win_deny_perms" doc:"For Windows; no effect here."`
	WinInheritance py.Value `arg:"win_inheritance" doc:"For Windows; no effect here."`
	Atomic         bool     `arg:"atomic" default:"False" doc:"Replace what is there in one step."`
	DisallowCopy   bool     `arg:"disallow_copy_and_unlink" default:"False" doc:"Only rename to the backup name, never copy."`
	Inherit        bool     `arg:"inherit_user_and_group" default:"False" doc:"Keep owner and group of an existing link."`
	FollowSymlinks bool     `arg:"follow_symlinks" default:"True" doc:"Look behind a link to say whether something is there."`
	Kwargs         *py.Dict `arg:"**"`
}

const symlinkDoc = "Keeps a symbolic link with its target and owner.\n" +
	"```yaml\n/etc/app/current.conf:\n  file.symlink:\n    - target: /srv/app/app.conf\n    - makedirs: True\n```"

func symlink() *modules.Func {
	return modules.State[symlinkArgs]{Name: "file.symlink", Doc: symlinkDoc,
		Check: func(ctx context.Context, c *modules.Call, a *symlinkArgs) (modules.Plan, error) {
			return plan(ctx, c, func(ctx context.Context, o *op) (*ret, error) { return o.symlink(ctx, a) })
		}}.Func()
}

// linkOwner fills in owner and group of a link and says which do not exist.
func (o *op) linkOwner(user, group py.Value) (py.Value, py.Value, []string) {
	if py.IsNone(user) {
		user = o.currentUser()
	}
	if py.IsNone(group) {
		group = primaryGroup(o, user)
	}
	var problems []string
	if _, ok := uidOf(o, user); !ok {
		problems = append(problems, "User "+py.ToStr(user)+" does not exist")
	}
	if _, ok := gidOf(o, group); !ok {
		problems = append(problems, "Group "+py.ToStr(group)+" does not exist")
	}
	return user, group, problems
}

func joinProblems(p []string) string {
	msg := ""
	for i, s := range p {
		if i > 0 {
			msg += ". "
		}
		msg += s
	}
	if len(p) > 1 {
		msg += "."
	}
	return msg
}

func (o *op) symlink(ctx context.Context, a *symlinkArgs) (*ret, error) {
	name := expandUser(o, a.Name)
	r := newRet(name)
	if name == "" {
		return r.fail("Must provide name to file.symlink"), nil
	}
	user, group := ownerArg(a.User, a.Kwargs), a.Group
	if a.Inherit && (py.IsNone(user) || py.IsNone(group)) && isLink(o.w, name) {
		if s, err := stats(o.w, name, false); err == nil {
			if py.IsNone(user) {
				user = s.user
			}
			if py.IsNone(group) {
				group = s.group
			}
		}
	}
	user, group, problems := o.linkOwner(user, group)
	if !isAbs(name) {
		problems = append(problems, "Specified file "+name+" is not an absolute path")
	}
	if len(problems) > 0 {
		return r.fail(joinProblems(problems)), nil
	}
	there := exists
	if !a.FollowSymlinks {
		there = lexists
	}
	would := o.symlinkWould(name, a, user, group, there(o.w, name))
	if dir := pypath.Dir(name); !isDir(o.w, dir) {
		switch {
		case a.Makedirs && o.test:
			would.comment += "\n" + dir + " will be created"
		case a.Makedirs:
			if _, err := o.makedirs(ctx, name, user, group, normalizeMode(a.Mode)); err != nil {
				return nil, err
			}
		case o.test:
			would.comment += "\nDirectory " + dir + " for symlink is not present"
		default:
			return r.fail("Directory " + dir + " for symlink is not present"), nil
		}
	}
	if o.test {
		return would, nil
	}
	return o.makeSymlink(r, name, a, user, group, there(o.w, name))
}

// linkOwned says whether a link belongs to user and group, and to whom it does.
func (o *op) linkOwned(name string, user, group py.Value) (ok bool, whom string) {
	s, err := stats(o.w, name, false)
	if err != nil {
		return false, ""
	}
	return same(s.user, user) && same(s.group, group), py.ToStr(s.user) + ":" + py.ToStr(s.group)
}

// symlinkWould is what test mode says.
func (o *op) symlinkWould(name string, a *symlinkArgs, user, group py.Value, there bool) *ret {
	r := newRet(name)
	link := isLink(o.w, name)
	switch {
	case !there && !link:
		r.change("new", py.Str(name))
		return r.is(low.None, "Symlink "+name+" to "+a.Target+" is set for creation")
	case link:
		if now, err := o.w.Readlink(name); err != nil || now != a.Target {
			r.change("change", py.Str(name))
			return r.is(low.None, "Link "+name+" target is set to be changed to "+a.Target)
		}
		r.comment = "The symlink " + name + " is present"
		if ok, whom := o.linkOwned(name, user, group); !ok {
			r.change("ownership", py.Str(whom))
			r.is(low.None, fmt.Sprintf("%s, but the ownership of the symlink would be changed from %s to %s:%s", r.comment, whom, py.ToStr(user), py.ToStr(group)))
		}
		return r
	case a.Force:
		return r.is(low.None, "The file or directory "+name+" is set for removal to make way for a new symlink targeting "+a.Target)
	}
	return r.fail("File or directory exists where the symlink " + name + " should be. Did you mean to use force?")
}

// makeSymlink brings the link in order.
func (o *op) makeSymlink(r *ret, name string, a *symlinkArgs, user, group py.Value, there bool) (*ret, error) {
	owner := py.ToStr(user) + ":" + py.ToStr(group)
	if isLink(o.w, name) {
		now, err := o.w.Readlink(name)
		if err != nil {
			return r.fail(osError(err)), nil
		}
		if pypath.Norm(now) == pypath.Norm(a.Target) {
			if ok, _ := o.linkOwned(name, user, group); ok {
				return r.is(low.True, "Symlink "+name+" is present and owned by "+owner), nil
			}
			if !o.setLinkOwner(name, user, group) {
				return r.fail("Failed to set ownership of symlink " + name + " to " + owner), nil
			}
			r.change("ownership", py.Str(owner))
			return r.is(low.True, "Set ownership of symlink "+name+" to "+owner), nil
		}
		if err := o.remove(name); err != nil {
			return r.fail(raised(err)), nil
		}
	} else if there {
		if problem := o.makeWay(name, a); problem != "" {
			return r.fail(problem), nil
		}
	}
	if err := o.linkTo(a.Target, name, a.Force, a.Atomic, a.FollowSymlinks); err != nil {
		return r.fail("Unable to create new symlink " + name + " -> " + a.Target + ": " + raised(err)), nil
	}
	r.change("new", py.Str(name))
	r.comment = "Created new symlink " + name + " -> " + a.Target
	if ok, _ := o.linkOwned(name, user, group); !ok && !o.setLinkOwner(name, user, group) {
		r.fail(r.comment + ", but was unable to set ownership to " + owner)
	}
	return r, nil
}

func (o *op) setLinkOwner(name string, user, group py.Value) bool {
	uid, ok1 := uidOf(o, user)
	gid, ok2 := gidOf(o, group)
	if !ok1 || !ok2 || o.w.Lchown(name, uid, gid) != nil {
		return false
	}
	ok, _ := o.linkOwned(name, user, group)
	return ok
}

// makeWay moves what is in the link's place to the backup name, or says why it
// stays.
func (o *op) makeWay(name string, a *symlinkArgs) (problem string) {
	if a.Backupname == nil {
		if a.Force || a.Atomic {
			return ""
		}
		kind := "File system entry"
		switch {
		case isFile(o.w, name):
			kind = "File"
		case isDir(o.w, name):
			kind = "Directory"
		}
		return kind + " exists where the symlink " + name + " should be"
	}
	backup := *a.Backupname
	if !isAbs(backup) {
		if backup != pypath.Base(backup) {
			return "Backupname must be an absolute path or a file name: " + backup
		}
		backup = pypath.Join(pypath.Dir(pypath.Norm(name)), backup)
	}
	if lexists(o.w, backup) {
		if !a.Force {
			return "Symlink & backup dest exists and Force not set. " + name + " -> " + a.Target + " - backup: " + backup
		}
		if err := o.remove(backup); err != nil {
			return raised(err)
		}
	}
	var err error
	if a.DisallowCopy {
		err = o.w.Rename(name, backup)
	} else {
		err = o.move(name, backup)
	}
	if err != nil {
		return "Unable to rename " + name + " to backup " + backup + " -> : " + raised(err)
	}
	return ""
}

// linkTo makes a symlink (Salt's file.symlink).
func (o *op) linkTo(target, path string, force, atomic, follow bool) error {
	path = expandUser(o, path)
	if !isAbs(path) {
		return invokeError("Link path must be absolute: " + path)
	}
	link := isLink(o.w, path)
	if link {
		if now, err := o.w.Readlink(path); err == nil && pypath.Norm(now) == pypath.Norm(target) {
			return nil
		}
		if !force && !atomic {
			return execError("Found existing symlink: " + path)
		}
	}
	there := link || exists(o.w, path) || !follow && lexists(o.w, path)
	if there && !force && !atomic {
		return execError("Existing path is not a symlink: " + path)
	}
	if there && force && !atomic {
		if isDir(o.w, path) && !link {
			return &pathErrno{path, syscall.EISDIR}
		}
		if err := o.w.Remove(path); err != nil {
			return err
		}
	}
	if !atomic {
		if err := o.w.Symlink(target, path); err != nil {
			return execError("Could not create '" + path + "': " + osError(err))
		}
		return nil
	}
	tmp, err := o.tempName(pypath.Dir(path))
	if err != nil {
		return err
	}
	if err = o.w.Symlink(target, tmp); err == nil {
		if err = o.w.Rename(tmp, path); err == nil {
			return nil
		}
		err = errors.Join(err, o.w.Remove(tmp))
	}
	return execError("Could not create '" + path + "': " + osError(err))
}

// tempName returns a free name in a directory.
func (o *op) tempName(dir string) (string, error) {
	for i := range 100 {
		p := pypath.Join(dir, fmt.Sprintf(".pinch.tmp.%d.%d", o.w.Now().UnixNano(), i))
		if !lexists(o.w, p) {
			return p, nil
		}
	}
	return "", execError("no free temporary name in " + dir)
}

// pathErrno is an OSError that Python raises where Go does something else.
type pathErrno struct {
	path string
	no   syscall.Errno
}

// Error implements error.
func (e *pathErrno) Error() string {
	return fmt.Sprintf("[Errno %d] %s: '%s'", int(e.no), host.Strerror(e.no), e.path)
}
