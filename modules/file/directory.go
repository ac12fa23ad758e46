package file

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/modules"
	"pinch/states/low"
)

type directoryArgs struct {
	Name           string   `arg:"name,required" doc:"Absolute path of the directory."`
	User           py.Value `arg:"user" doc:"Owner, by name or number."`
	Group          py.Value `arg:"group" doc:"Group, by name or number."`
	Recurse        py.Value `arg:"recurse" doc:"What to manage below it: user, group, mode, ignore_files, ignore_dirs, silent."`
	MaxDepth       *int     `arg:"max_depth" doc:"How deep to recurse."`
	DirMode        py.Value `arg:"dir_mode" doc:"Permission bits of directories."`
	FileMode       py.Value `arg:"file_mode" doc:"Permission bits of files, when recursing."`
	Makedirs       bool     `arg:"makedirs" default:"False" doc:"Make missing parent directories."`
	Clean          bool     `arg:"clean" default:"False" doc:"Remove what no required state manages."`
	Require        py.Value `arg:"require" doc:"Requisites; with clean, what they manage is kept."`
	ExcludePat     py.Value `arg:"exclude_pat" doc:"Names that clean leaves alone: a glob, or a regular expression behind E@."`
	FollowSymlinks bool     `arg:"follow_symlinks" default:"False" doc:"Manage what links point to."`
	Force          bool     `arg:"force" default:"False" doc:"Replace a file or link in the directory's place."`
	Backupname     *string  `arg:"backupname" doc:"Name under which a file in the directory's place is kept."`
	AllowSymlink   bool     `arg:"allow_symlink" default:"True" doc:"Accept a link to a directory."`
	ChildrenOnly   bool     `arg:"children_only" default:"False" doc:"Manage only what is below the directory."`
	WinOwner       py.Value `arg:"win_owner" doc:"For Windows; no effect here."`
	WinPerms       py.Value `arg:"win_perms" doc:"For Windows; no effect here."`
	WinDenyPerms   py.Value `arg:"win_deny_perms" doc:"For Windows; no effect here."`
	WinInheritance py.Value `arg:"win_inheritance" default:"True" doc:"For Windows; no effect here."`
	WinPermsReset  py.Value `arg:"win_perms_reset" default:"False" doc:"For Windows; no effect here."`
	Kwargs         *py.Dict `arg:"**"`
}

const directoryDoc = "Keeps a directory with its owner and permissions, and if wished those of everything below it. " +
	"With clean, what no required state manages is removed.\n" +
	"```yaml\n" +
	"/srv/www:\n" +
	"  file.directory:\n" +
	"    - user: root\n" +
	"    - group: root\n" +
	"    - mode: '0755'\n" +
	"    - makedirs: True\n" +
	"    - recurse: [user, group]\n" +
	"```"

func directory() *modules.Func {
	return modules.State[directoryArgs]{Name: "file.directory", Doc: directoryDoc,
		Check: func(ctx context.Context, c *modules.Call, a *directoryArgs) (modules.Plan, error) {
			return plan(ctx, c, func(ctx context.Context, o *op) (*ret, error) { return o.directory(ctx, a) })
		}}.Func()
}

// recurseSet reads the recurse argument.
func recurseSet(v py.Value) (map[string]bool, error) {
	set := map[string]bool{}
	if v == nil || !py.IsTrue(v) {
		return set, nil
	}
	l, ok := v.(*py.List)
	if !ok {
		return nil, py.TypeErrorf(`"recurse" must be formed as a list of strings`)
	}
	types := []string{"user", "group", "mode", "ignore_files", "ignore_dirs", "silent"}
	for _, it := range l.Items {
		s, isText := it.(py.Str)
		if !isText || !slices.Contains(types, string(s)) {
			return nil, py.ValueErrorf(`Types for "recurse" limited to "%s".`, strings.Join(types, `", "`))
		}
		set[string(s)] = true
	}
	if set["ignore_files"] && set["ignore_dirs"] {
		return nil, py.ValueErrorf(`Must not specify "recurse" options "ignore_files" and "ignore_dirs" at the same time.`)
	}
	return set, nil
}

// dirSpec is what a directory and the things below it should be.
type dirSpec struct {
	name              string
	user, group       py.Value
	dirMode, fileMode string
	follow            bool
	maxDepth          int // negative: none
}

func (o *op) directory(ctx context.Context, a *directoryArgs) (*ret, error) {
	name := expandUser(o, a.Name)
	r := newRet(name)
	if name == "" {
		return r.fail("Must provide name to file.directory"), nil
	}
	if name != "/" {
		name = strings.TrimSuffix(name, "/")
	}
	if a.MaxDepth != nil && a.Clean {
		return r.fail("Cannot specify both max_depth and clean"), nil
	}
	d := dirSpec{name: name, user: ownerArg(a.User, a.Kwargs), group: py.OrNone(a.Group), follow: a.FollowSymlinks, maxDepth: -1}
	if a.MaxDepth != nil {
		d.maxDepth = *a.MaxDepth
	}
	dirMode := a.DirMode
	if m, ok := a.Kwargs.GetStr("mode"); ok && !given(dirMode) {
		dirMode = m
	}
	fileMode := a.FileMode
	if !given(fileMode) {
		fileMode = dirMode
	}
	d.dirMode, d.fileMode = normalizeMode(dirMode), normalizeMode(fileMode)
	if p := o.checkUser(d.user, d.group); p != "" {
		return r.fail(p), nil
	}
	if !isAbs(name) {
		return r.fail("Specified file " + name + " is not an absolute path"), nil
	}
	if done, err := o.clearPlace(r, name, a); done || err != nil {
		return r, err
	}
	exclude, err := newFilter(py.None, a.ExcludePat)
	if err != nil {
		return nil, err
	}
	would := o.directoryWould(ctx, a, d, exclude)
	if would.err != nil {
		return nil, would.err
	}
	r.changes.Update(would.changes)
	if o.test || r.changes.Len() == 0 {
		return r.is(would.result, would.comment), nil
	}
	if !isDir(o.w, name) {
		return o.makeDirectory(ctx, r, a, d)
	}
	return o.fixDirectory(ctx, r, a, d, exclude)
}

// clearPlace deals with a file or link in the directory's place; done means
// that the return is complete.
func (o *op) clearPlace(r *ret, name string, a *directoryArgs) (done bool, err error) {
	file, link := isFile(o.w, name), isLink(o.w, name)
	if !file && !(link && (!a.AllowSymlink || a.Force)) {
		return false, nil
	}
	if a.Backupname != nil {
		backup := *a.Backupname
		if lexists(o.w, backup) {
			if !a.Force {
				r.fail("File exists where the backup target " + backup + " should go")
				return true, nil
			}
			if o.test {
				r.change("forced", py.Str("Existing file at backup path "+backup+" would be removed"))
			} else if err := o.remove(backup); err != nil {
				return false, err
			}
		}
		if o.test {
			r.change("backup", py.Str(name+" would be renamed to "+backup))
			r.change(name, py.DictOf("directory", py.Str("new")))
			r.is(low.None, name+" would be backed up and replaced with a new directory")
			return true, nil
		}
		return false, o.w.Rename(name, backup)
	}
	if !a.Force {
		kind := "symlink"
		if file {
			kind = "file"
		}
		r.fail("Specified location " + name + " exists and is a " + kind)
		return true, nil
	}
	kind := "Symlink"
	if file {
		kind = "File"
	}
	if o.test {
		r.change("forced", py.Str(kind+" would be forcibly replaced"))
		return false, nil
	}
	if err := o.w.Remove(name); err != nil {
		return false, err
	}
	r.change("forced", py.Str(kind+" was forcibly replaced"))
	return false, nil
}

// dirWould is what a look at a directory found.
type dirWould struct {
	result  low.Tri
	comment string
	changes *py.Dict
	err     error
}

// directoryWould lists what is not as it should be (Salt's _check_directory).
func (o *op) directoryWould(ctx context.Context, a *directoryArgs, d dirSpec, exclude filter) dirWould {
	changes := py.NewDict()
	note := func(path string, c *py.Dict) {
		if c.Len() > 0 {
			changes.SetStr(path, c)
		}
	}
	user, group, dirMode := d.user, d.group, d.dirMode
	set, err := recurseSet(a.Recurse)
	if err != nil {
		return dirWould{result: low.False, comment: raised(err), changes: changes}
	}
	var tree []level
	if len(set) > 0 || a.Clean {
		tree = levels(o.w, d.name, d.maxDepth)
	}
	if len(set) > 0 {
		fileMode := d.fileMode
		if !set["user"] {
			user = py.None
		}
		if !set["group"] {
			group = py.None
		}
		if !set["mode"] {
			dirMode, fileMode = "", ""
		}
		for _, l := range tree {
			if !set["ignore_files"] {
				for _, f := range l.files {
					note(pypath.Join(l.dir, f), o.metaDiff(pypath.Join(l.dir, f), user, group, fileMode, d.follow))
				}
			}
			if !set["ignore_dirs"] {
				for _, s := range l.dirs {
					note(pypath.Join(l.dir, s), o.metaDiff(pypath.Join(l.dir, s), user, group, dirMode, d.follow))
				}
			}
		}
	}
	if !a.ChildrenOnly {
		note(d.name, o.metaDiff(d.name, user, group, dirMode, d.follow))
	}
	if a.Clean {
		if err := o.cleanWould(ctx, d.name, a.Require, exclude, tree, changes); err != nil {
			return dirWould{err: err}
		}
	}
	if !isDir(o.w, d.name) {
		changes.SetStr(d.name, py.DictOf("directory", py.Str("new")))
	}
	if changes.Len() == 0 {
		return dirWould{low.True, "The directory " + d.name + " is in the correct state", changes, nil}
	}
	var b strings.Builder
	b.WriteString("The following files will be changed:\n")
	for path, c := range changes.All() {
		for k, v := range c.(*py.Dict).All() {
			fmt.Fprintf(&b, "%s: %s - %s\n", py.ToStr(path), py.ToStr(k), py.ToStr(v))
		}
	}
	return dirWould{low.None, b.String(), changes, nil}
}

// cleanWould notes what clean would remove. A path that is the beginning of a
// kept one stays, by text, as in Salt's test mode.
func (o *op) cleanWould(ctx context.Context, name string, require py.Value, exclude filter, tree []level, changes *py.Dict) error {
	keep := o.keepFiles(ctx, name, require)
	for _, l := range tree {
		for _, n := range append(append([]string(nil), l.files...), l.dirs...) {
			path := pypath.Join(l.dir, n)
			if slices.ContainsFunc(keep, func(k string) bool { return strings.Contains(k, path) }) {
				continue
			}
			takes, err := exclude.takes(pypath.Rel(path, name))
			if err != nil {
				return err
			}
			if takes {
				changes.SetStr(path, py.DictOf("removed", py.Str("Removed due to clean")))
			}
		}
	}
	return nil
}

// metaDiff says how owner and mode of a file or directory differ.
func (o *op) metaDiff(path string, user, group py.Value, mode string, follow bool) *py.Dict {
	c := py.NewDict()
	s, err := stats(o.w, path, follow)
	if err != nil {
		c.SetStr("directory", py.Str("new"))
		return c
	}
	if !py.IsNone(user) && !s.hasUser(user) {
		c.SetStr("user", user)
	}
	if !py.IsNone(group) && !s.hasGroup(group) {
		c.SetStr("group", group)
	}
	if mode != "" && mode != s.mode && (follow || !s.IsLink()) {
		c.SetStr("mode", py.Str(mode))
	}
	return c
}

func (o *op) makeDirectory(ctx context.Context, r *ret, a *directoryArgs, d dirSpec) (*ret, error) {
	if !isDir(o.w, pypath.Dir(d.name)) {
		if !a.Makedirs {
			return r.fail("No directory to create " + d.name + " in"), nil
		}
		if _, err := o.makedirs(ctx, d.name, d.user, d.group, d.dirMode); err != nil {
			return nil, err
		}
	}
	if err := o.mkdirs(ctx, d.name, d.user, d.group, d.dirMode); err != nil {
		return nil, err
	}
	if !isDir(o.w, d.name) {
		return r.fail("Failed to create directory " + d.name), nil
	}
	r.change(d.name, py.DictOf("directory", py.Str("new")))
	return r, nil
}

// fixDirectory brings an existing directory in order.
func (o *op) fixDirectory(ctx context.Context, r *ret, a *directoryArgs, d dirSpec, exclude filter) (*ret, error) {
	p := perms{user: d.user, group: d.group, mode: d.dirMode, attrs: py.None, follow: d.follow}
	if !a.ChildrenOnly {
		if _, err := o.checkPerms(ctx, d.name, r, p, nil); err != nil {
			return nil, err
		}
	}
	set, err := recurseSet(a.Recurse)
	if err != nil {
		r.fail(raised(err))
	}
	if len(set) > 0 {
		if err := o.fixTree(ctx, r, d, set); err != nil {
			return nil, err
		}
	}
	if a.Clean {
		removed, err := o.cleanDir(d.name, o.keepFiles(ctx, d.name, a.Require), exclude)
		if err != nil {
			return r.fail(raised(err)), nil
		}
		if len(removed) > 0 {
			r.change("removed", py.Strings(removed...))
			r.comment = "Files cleaned from directory " + d.name
		}
	}
	if r.comment == "" {
		switch {
		case a.ChildrenOnly:
			r.comment = "Directory " + d.name + "/* updated"
		case r.changes.Len() > 0:
			r.comment = "Directory " + d.name + " updated"
		}
	}
	return r, nil
}

// fixTree brings owner and mode of everything below a directory in order.
func (o *op) fixTree(ctx context.Context, r *ret, d dirSpec, set map[string]bool) error {
	user, group, dirMode, fileMode := d.user, d.group, d.dirMode, d.fileMode
	isInt := func(v py.Value) bool { _, ok := py.AsInt(v); return ok }
	if !set["user"] {
		user = py.None
	} else if !given(user) && !isInt(user) {
		r.fail("user not specified, but configured as a target for recursive ownership management")
	} else if _, ok := uidOf(o.w, user); !ok {
		r.fail("Failed to enforce ownership for user " + py.ToStr(user) + " (user does not exist)")
	}
	if !set["group"] {
		group = py.None
	} else if !given(group) && !isInt(group) {
		r.fail("group not specified, but configured as a target for recursive ownership management")
	} else if _, ok := gidOf(o.w, group); !ok {
		r.fail("Failed to enforce group ownership for group " + py.ToStr(group))
	}
	if !set["mode"] {
		dirMode, fileMode = "", ""
	}
	if set["silent"] {
		r.changes = py.DictOf("recursion", py.Str("Changes silenced"))
	}
	for _, l := range levels(o.w, d.name, d.maxDepth) {
		var names []string
		if !set["ignore_files"] {
			names = append(names, l.files...)
		}
		files := len(names)
		if !set["ignore_dirs"] {
			names = append(names, l.dirs...)
		}
		for i, n := range names {
			if err := ctx.Err(); err != nil {
				return err
			}
			mode := fileMode
			if i >= files {
				mode = dirMode
			}
			path := pypath.Join(l.dir, n)
			if !lexists(o.w, path) { // gone since the walk
				continue
			}
			p := perms{user: user, group: group, mode: mode, attrs: py.None, follow: d.follow}
			if _, err := o.checkPerms(ctx, path, r, p, nil); err != nil {
				return err
			}
		}
	}
	return nil
}
