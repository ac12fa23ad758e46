package file

import (
	"context"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/modules"
	"pinch/states/low"
)

type hardlinkArgs struct {
	Name     string   `arg:"name,required" doc:"Absolute path of the link."`
	Target   string   `arg:"target,required" doc:"The file to link to."`
	Force    bool     `arg:"force" default:"False" doc:"Replace an existing file."`
	Makedirs bool     `arg:"makedirs" default:"False" doc:"Make missing parent directories."`
	User     py.Value `arg:"user" doc:"Owner of directories that are made."`
	Group    py.Value `arg:"group" doc:"Group of directories that are made."`
	DirMode  py.Value `arg:"dir_mode" doc:"Permission bits of directories that are made."`
	Kwargs   *py.Dict `arg:"**"`
}

const hardlinkDoc = "Keeps a hard link to a file.\n" +
	"```yaml\n/srv/b/data:\n  file.hardlink:\n    - target: /srv/a/data\n```"

func hardlink() *modules.Func {
	return modules.State[hardlinkArgs]{Name: "file.hardlink", Doc: hardlinkDoc,
		Check: func(ctx context.Context, c *modules.Call, a *hardlinkArgs) (modules.Plan, error) {
			return plan(ctx, c, func(ctx context.Context, o *op) (*ret, error) { return o.hardlink(ctx, a) })
		}}.Func()
}

// isHardlink says whether a file has several names.
func isHardlink(r host.Reader, p string) bool {
	i, err := r.Lstat(p)
	return err == nil && i.Nlink > 1
}

// sameInode says whether two paths name one file.
func sameInode(r host.Reader, a, b string) bool {
	x, err1 := r.Lstat(a)
	y, err2 := r.Lstat(b)
	return err1 == nil && err2 == nil && x.Inode == y.Inode && x.Dev == y.Dev
}

func (o *op) hardlink(ctx context.Context, a *hardlinkArgs) (*ret, error) {
	name := expandUser(o, a.Name)
	r := newRet(name)
	if name == "" {
		return r.fail("Must provide name to file.hardlink"), nil
	}
	user, group, problems := o.linkOwner(ownerArg(a.User, a.Kwargs), a.Group)
	if !isAbs(name) {
		problems = append(problems, "Specified file "+name+" is not an absolute path")
	}
	if !isAbs(a.Target) {
		problems = append(problems, "Specified target "+a.Target+" is not an absolute path")
	}
	if len(problems) > 0 {
		return r.fail(joinProblems(problems)), nil
	}
	if o.test {
		return o.hardlinkWould(r, name, a), nil
	}
	for _, p := range []struct{ way, path string }{{"to", name}, {"from", a.Target}} {
		if isDir(o.w, p.path) {
			return r.fail("Unable to hard link " + p.way + " directory " + p.path), nil
		}
	}
	if !exists(o.w, a.Target) {
		return r.fail("Target " + a.Target + " for hard link does not exist"), nil
	}
	if dir := pypath.Dir(name); !isDir(o.w, dir) {
		if !a.Makedirs {
			return r.fail("Directory " + dir + " for hard link is not present"), nil
		}
		if _, err := o.makedirs(ctx, name, user, group, normalizeMode(a.DirMode)); err != nil {
			return nil, err
		}
	}
	link := isHardlink(o.w, name)
	if link && sameInode(o.w, name, a.Target) {
		return r.is(low.True, "Target of hard link "+name+" is already pointing to "+a.Target), nil
	}
	if isFile(o.w, name) && !link {
		if !a.Force {
			return r.fail("File exists where the hard link " + name + " should be"), nil
		}
		r.change("forced", py.Str("File for hard link was forcibly replaced"))
	}
	if link || isFile(o.w, name) {
		if err := o.w.Remove(name); err != nil {
			return r.fail(osError(err)), nil
		}
	}
	if err := o.w.Link(a.Target, name); err != nil {
		text := "Could not create '" + name + "': " + osError(err)
		if link {
			return r.fail("Unable to set target of hard link " + name + " -> " + a.Target + ": " + text), nil
		}
		return r.fail("Unable to create new hard link " + name + " -> " + a.Target + ": " + text), nil
	}
	r.change("new", py.Str(name))
	if link {
		return r.is(low.True, "Set target of hard link "+name+" -> "+a.Target), nil
	}
	return r.is(low.True, "Created new hard link "+name+" -> "+a.Target), nil
}

func (o *op) hardlinkWould(r *ret, name string, a *hardlinkArgs) *ret {
	switch {
	case !exists(o.w, a.Target):
		return r.fail("Target " + a.Target + " for hard link does not exist")
	case isDir(o.w, a.Target):
		return r.fail("Unable to hard link from directory " + a.Target)
	case isDir(o.w, name):
		return r.fail("Unable to hard link to directory " + name)
	case !exists(o.w, name):
		r.change("new", py.Str(name))
		return r.is(low.None, "Hard link "+name+" to "+a.Target+" is set for creation")
	case isHardlink(o.w, name):
		if sameInode(o.w, name, a.Target) {
			return r.is(low.True, "The hard link "+name+" is presently targetting "+a.Target)
		}
		r.change("change", py.Str(name))
		return r.is(low.None, "Link "+name+" target is set to be changed to "+a.Target)
	case a.Force:
		return r.is(low.None, "The file or directory "+name+" is set for removal to make way for a new hard link targeting "+a.Target)
	}
	return r.fail("File or directory exists where the hard link " + name + " should be. Did you mean to use force?")
}
