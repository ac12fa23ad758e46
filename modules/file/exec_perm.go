package file

import (
	"context"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/modules"
	"pinch/states/low"
)

func permFuncs() []*modules.Func {
	type modeArgs struct {
		Path string   `arg:"path,required" doc:"Path of the file."`
		Mode py.Value `arg:"mode,required" doc:"Permission bits."`
	}
	type chownArgs struct {
		Path  string   `arg:"path,required" doc:"Path of the file."`
		User  py.Value `arg:"user,required" doc:"Owner, by name or number."`
		Group py.Value `arg:"group,required" doc:"Group, by name or number."`
	}
	type chgrpArgs struct {
		Path  string   `arg:"path,required" doc:"Path of the file."`
		Group py.Value `arg:"group,required" doc:"Group, by name or number."`
	}
	type checkPermsArgs struct {
		Name    string   `arg:"name,required" doc:"Path of the file."`
		Ret     py.Value `arg:"ret,required" doc:"A state's return so far, or None."`
		User    py.Value `arg:"user,required" doc:"Owner."`
		Group   py.Value `arg:"group,required" doc:"Group."`
		Mode    py.Value `arg:"mode,required" doc:"Permission bits."`
		Attrs   py.Value `arg:"attrs" doc:"Attribute letters."`
		Follow  bool     `arg:"follow_symlinks" default:"False" doc:"Look behind a link."`
		Seuser  string   `arg:"seuser" doc:"User of the security context."`
		Serole  string   `arg:"serole" doc:"Role of the security context."`
		Setype  string   `arg:"setype" doc:"Type of the security context."`
		Serange string   `arg:"serange" doc:"Range of the security context."`
	}
	type chattrArgs struct {
		Files  []py.Value `arg:"*"`
		Kwargs *py.Dict   `arg:"**"`
	}
	type contextArgs struct {
		Path    string `arg:"path,required" doc:"Path of the file."`
		User    string `arg:"user" doc:"User of the context."`
		Role    string `arg:"role" doc:"Role of the context."`
		Type    string `arg:"type" doc:"Type of the context."`
		Range   string `arg:"range" doc:"Range of the context."`
		Persist bool   `arg:"persist" default:"False" doc:"Add the context to the policy as well."`
	}
	type restoreconArgs struct {
		Path      string `arg:"path,required" doc:"Path of the file."`
		Recursive bool   `arg:"recursive" default:"False" doc:"Everything below as well."`
	}
	return []*modules.Func{
		act("set_mode", "Sets the permission bits of a file and returns them.", func(_ context.Context, o *op, a *modeArgs) (py.Value, error) {
			path := expandUser(o, a.Path)
			if !exists(o.w, path) {
				return nil, execError(path + ": File not found")
			}
			text := orText(strings.TrimLeft(py.ToStr(a.Mode), "0Oo"), "0")
			m, ok := parseMode(text)
			if !ok || o.w.Chmod(path, m) != nil {
				return py.Str("Invalid Mode " + text), nil
			}
			s, err := stats(o.w, path, true)
			return py.Str(s.mode), err
		}),
		act("chown", "Sets owner and group of a file; returns None, or what is wrong.", func(_ context.Context, o *op, a *chownArgs) (py.Value, error) {
			return o.chown(a.Path, a.User, a.Group, true)
		}),
		act("lchown", "Sets owner and group of a file or of a link itself.", func(_ context.Context, o *op, a *chownArgs) (py.Value, error) {
			return o.chown(a.Path, a.User, a.Group, false)
		}),
		act("chgrp", "Sets the group of a file; returns None, or what is wrong.", func(_ context.Context, o *op, a *chgrpArgs) (py.Value, error) {
			return o.chown(a.Path, py.Int(-1), a.Group, true)
		}),
		act("check_perms", "Brings owner, permissions and attributes of a file in order.", func(ctx context.Context, o *op, a *checkPermsArgs) (py.Value, error) {
			r := newRet(a.Name)
			if d, ok := a.Ret.(*py.Dict); ok {
				r.comment, r.result = py.ToStr(orEmpty(d.Lookup("comment"))), low.TriOf(py.OrNone(d.Lookup("result")))
				if c, ok := py.OrNone(d.Lookup("changes")).(*py.Dict); ok {
					r.changes = c
				}
			}
			old, err := o.checkPerms(ctx, a.Name, r, perms{user: a.User, group: a.Group, mode: normalizeMode(a.Mode), attrs: a.Attrs, follow: a.Follow,
				selinux: selinuxContext{a.Seuser, a.Serole, a.Setype, a.Serange}}, nil)
			if err != nil {
				return nil, err
			}
			state := py.DictOf("name", py.Str(r.name), "changes", r.changes, "comment", py.Str(r.comment), "result", r.result.Value())
			return py.Tuple{state, py.DictOf("luser", old.user, "lgroup", old.group, "lmode", py.Str(old.mode))}, nil
		}),
		act("chattr", "Adds or removes attribute letters of files.", func(_ context.Context, o *op, a *chattrArgs) (py.Value, error) {
			operator, letters := a.Kwargs.String("operator"), a.Kwargs.String("attributes")
			if operator != "add" && operator != "remove" {
				return nil, invokeError("Need an operator: 'add' or 'remove' to modify attributes.")
			}
			if v, ok := a.Kwargs.GetStr("attributes"); !ok || py.IsNone(v) {
				return nil, invokeError("Need attributes: [" + attrLetters + "]")
			}
			for _, k := range []string{"flags", "version"} {
				if a.Kwargs.Has(k) {
					return nil, invokeError("file.chattr: " + k + " is not supported")
				}
			}
			add, remove := letters, ""
			if operator == "remove" {
				add, remove = "", letters
			}
			for _, f := range a.Files {
				if err := o.chattr(py.ToStr(f), add, remove); err != nil {
					return py.False, nil //nolint:nilerr // as Salt: it says whether it worked
				}
			}
			return py.True, nil
		}),
		act("set_selinux_context", "Sets the security context of a file and returns it.", func(ctx context.Context, o *op, a *contextArgs) (py.Value, error) {
			want := selinuxContext{a.User, a.Role, a.Type, a.Range}
			if !want.isSet() {
				return py.False, nil
			}
			have, ok := splitContext(contextOf(o.w, a.Path))
			if !ok {
				return py.False, nil
			}
			full := selinuxContext{orText(want.user, have.user), orText(want.role, have.role), orText(want.typ, have.typ), orText(want.level, have.level)}
			if a.Persist {
				if err := o.setContext(ctx, a.Path, full, want.user != "", want.level != ""); err != nil {
					return nil, err
				}
			} else {
				text := strings.Join([]string{full.user, full.role, full.typ, full.level}, ":")
				if err := o.w.SetXattr(a.Path, selinuxAttr, append([]byte(text), 0)); err != nil {
					return py.False, nil //nolint:nilerr // as Salt: it says whether it worked
				}
			}
			return py.Str(contextOf(o.w, a.Path)), nil
		}),
		act("restorecon", "Resets the security context of a file to the policy's.", func(ctx context.Context, o *op, a *restoreconArgs) (py.Value, error) {
			flag := "-F"
			if a.Recursive {
				flag = "-FR"
			}
			out, err := o.w.Run(ctx, host.Cmd{Argv: []string{"restorecon", flag, a.Path}, Env: cLocale()})
			if err != nil {
				return nil, execError(raised(err))
			}
			return py.Bool(out.Code == 0), nil
		}),
	}
}

// chown sets owner and group; the text says what is wrong.
func (o *op) chown(path string, user, group py.Value, follow bool) (py.Value, error) {
	path = expandUser(o, path)
	problem := ""
	id := func(v py.Value, of func(host.Reader, py.Value) (int, bool), what string) int {
		n, ok := of(o.w, v)
		if !ok {
			n = -1
			if given(v) {
				problem += what + " does not exist\n"
			}
		}
		return n
	}
	uid, gid := id(user, uidOf, "User"), id(group, gidOf, "Group")
	set := o.w.Lchown
	if follow && exists(o.w, path) {
		set = o.w.Chown
	} else if !lexists(o.w, path) && follow {
		problem += "File not found"
	}
	if problem != "" {
		return py.Str(problem), nil
	}
	return py.None, osFailure(set(path, uid, gid))
}

func moveFuncs() []*modules.Func {
	type srcPathArgs struct {
		Src  string `arg:"src,required" doc:"What the link points to."`
		Path string `arg:"path,required" doc:"Path of the link."`
	}
	type symlinkFileArgs struct {
		Src    string `arg:"src,required" doc:"What the link points to."`
		Path   string `arg:"path,required" doc:"Absolute path of the link."`
		Force  bool   `arg:"force" default:"False" doc:"Replace what is there."`
		Atomic bool   `arg:"atomic" default:"False" doc:"Replace what is there in one step."`
		Follow bool   `arg:"follow_symlinks" default:"True" doc:"Look behind a link to say whether something is there."`
	}
	type srcDstArgs struct {
		Src string `arg:"src,required" doc:"Absolute path."`
		Dst string `arg:"dst,required" doc:"New path."`
	}
	type copyFileArgs struct {
		Src            string `arg:"src,required" doc:"Absolute path."`
		Dst            string `arg:"dst,required" doc:"Path of the copy."`
		Recurse        bool   `arg:"recurse" default:"False" doc:"Copy directories."`
		RemoveExisting bool   `arg:"remove_existing" default:"False" doc:"Remove what is in the place of a directory's copy."`
	}
	type moveArgs struct {
		Src      string `arg:"src,required" doc:"Absolute path."`
		Dst      string `arg:"dst,required" doc:"New absolute path."`
		Disallow bool   `arg:"disallow_copy_and_unlink" default:"False" doc:"Only rename, never copy."`
	}
	rename := func(o *op, src, dst string) (py.Value, error) {
		src, dst = expandUser(o, src), expandUser(o, dst)
		if !isAbs(src) {
			return nil, invokeError("File path must be absolute.")
		}
		if err := o.w.Rename(src, dst); err != nil {
			return nil, execError("Could not rename '" + src + "' to '" + dst + "'")
		}
		return py.True, nil
	}
	return []*modules.Func{
		act("link", "Makes a hard link.", func(_ context.Context, o *op, a *srcPathArgs) (py.Value, error) {
			src := expandUser(o, a.Src)
			if !isAbs(src) {
				return nil, invokeError("File path must be absolute.")
			}
			if err := o.w.Link(src, a.Path); err != nil {
				return nil, execError("Could not create '" + a.Path + "': " + osError(err))
			}
			return py.True, nil
		}),
		act("symlink", "Makes a symbolic link.", func(_ context.Context, o *op, a *symlinkFileArgs) (py.Value, error) {
			if err := o.linkTo(a.Src, a.Path, a.Force, a.Atomic, a.Follow); err != nil {
				return nil, err
			}
			return py.True, nil
		}),
		act("rename", "Renames a file or directory.", func(_ context.Context, o *op, a *srcDstArgs) (py.Value, error) { return rename(o, a.Src, a.Dst) }),
		act("copy", "Copies a file, or with recurse a directory.", func(ctx context.Context, o *op, a *copyFileArgs) (py.Value, error) {
			return o.copyExec(ctx, expandUser(o, a.Src), expandUser(o, a.Dst), a.Recurse, a.RemoveExisting)
		}),
		act("move", "Moves a file or directory, between file systems as well.", func(_ context.Context, o *op, a *moveArgs) (py.Value, error) {
			if a.Disallow {
				return rename(o, a.Src, a.Dst)
			}
			src, dst := expandUser(o, a.Src), expandUser(o, a.Dst)
			if !isAbs(src) {
				return nil, invokeError("Source path must be absolute.")
			}
			if !isAbs(dst) {
				return nil, invokeError("Destination path must be absolute.")
			}
			if err := o.move(src, dst); err != nil {
				return nil, execError("Unable to move '" + src + "' to '" + dst + "': " + raised(err))
			}
			return py.DictOf("result", py.True, "comment", py.Str("'"+src+"' moved to '"+dst+"'")), nil
		}),
	}
}

// copyExec is Salt's file.copy.
func (o *op) copyExec(ctx context.Context, src, dst string, recurse, removeExisting bool) (py.Value, error) {
	if !isAbs(src) {
		return nil, invokeError("File path must be absolute.")
	}
	from, err := stats(o.w, src, true)
	if err != nil || !exists(o.w, src) {
		return nil, execError("No such file or directory '" + src + "'")
	}
	failed := func(err error) error {
		return execError("Could not copy '" + src + "' to '" + dst + "': " + osError(err))
	}
	if isDir(o.w, dst) || from.IsDir() {
		if !recurse {
			return nil, invokeError("Cannot copy overwriting a directory without recurse flag set to true!")
		}
		if removeExisting && exists(o.w, dst) {
			if err := o.w.RemoveAll(dst); err != nil {
				return nil, failed(err)
			}
		}
		if err := o.copyLevel(ctx, src, dst, -1, -1); err != nil {
			return nil, failed(err)
		}
	} else {
		f, err := o.w.Open(src)
		if err != nil {
			return nil, failed(err)
		}
		defer func() { _ = f.Close() }() // only read
		if err := o.w.WriteFile(dst, f, host.WriteOptions{Mode: &from.Mode}); err != nil {
			return nil, failed(err)
		}
	}
	if _, err := o.checkPerms(ctx, dst, newRet(dst), perms{user: from.user, group: from.group, mode: from.mode, attrs: py.None}, nil); err != nil {
		return nil, err
	}
	return py.True, nil
}

func dirFuncs() []*modules.Func {
	type mkdirArgs struct {
		Path  string   `arg:"dir_path,required" doc:"Path of the directory."`
		User  py.Value `arg:"user" doc:"Owner."`
		Group py.Value `arg:"group" doc:"Group."`
		Mode  py.Value `arg:"mode" doc:"Permission bits."`
	}
	type makedirsArgs struct {
		Path  string   `arg:"path,required" doc:"Path whose parents are made; with a final slash the path itself."`
		User  py.Value `arg:"user" doc:"Owner."`
		Group py.Value `arg:"group" doc:"Group."`
		Mode  py.Value `arg:"mode" doc:"Permission bits."`
	}
	type makedirsPermsArgs struct {
		Name  string   `arg:"name,required" doc:"Path of the directory."`
		User  py.Value `arg:"user" doc:"Owner."`
		Group py.Value `arg:"group" doc:"Group."`
		Mode  py.Value `arg:"mode" default:"'0755'" doc:"Permission bits."`
	}
	type rmdirArgs struct {
		Path      string   `arg:"path,required" doc:"Absolute path of the directory."`
		Recurse   bool     `arg:"recurse" default:"False" doc:"Remove empty directories below it as well."`
		Verbose   bool     `arg:"verbose" default:"False" doc:"Return what was removed and what was not."`
		OlderThan py.Value `arg:"older_than" doc:"Only directories that have not changed for so many days."`
	}
	node := func(name, ntype, doc string) *modules.Func {
		t, _ := nodeTypeOf(ntype) // one of the known ones
		if ntype == "p" {
			type fifoArgs struct {
				Name  string   `arg:"name,required" doc:"Path of the pipe."`
				User  py.Value `arg:"user" doc:"Owner."`
				Group py.Value `arg:"group" doc:"Group."`
				Mode  py.Value `arg:"mode" default:"'0660'" doc:"Permission bits."`
			}
			return act(name, doc, func(ctx context.Context, o *op, a *fifoArgs) (py.Value, error) {
				return o.mknodExec(ctx, &mknodArgs{Name: a.Name, User: a.User, Group: a.Group, Mode: a.Mode}, t, false)
			})
		}
		type deviceArgs struct {
			Name  string   `arg:"name,required" doc:"Path of the device."`
			Major int      `arg:"major,required" doc:"Major number."`
			Minor int      `arg:"minor,required" doc:"Minor number."`
			User  py.Value `arg:"user" doc:"Owner."`
			Group py.Value `arg:"group" doc:"Group."`
			Mode  py.Value `arg:"mode" default:"'0660'" doc:"Permission bits."`
		}
		return act(name, doc, func(ctx context.Context, o *op, a *deviceArgs) (py.Value, error) {
			return o.mknodExec(ctx, &mknodArgs{Name: a.Name, Major: a.Major, Minor: a.Minor, User: a.User, Group: a.Group, Mode: a.Mode}, t, false)
		})
	}
	return []*modules.Func{
		act("mkdir", "Makes a directory and its parents.", func(ctx context.Context, o *op, a *mkdirArgs) (py.Value, error) {
			dir := pypath.Norm(expandUser(o, a.Path))
			if !isDir(o.w, dir) {
				if err := o.mkdirs(ctx, dir, a.User, a.Group, normalizeMode(a.Mode)); err != nil {
					return nil, osFailure(err)
				}
			}
			return py.True, nil
		}),
		act("makedirs", "Makes the directories above a path.", func(ctx context.Context, o *op, a *makedirsArgs) (py.Value, error) {
			msg, err := o.makedirs(ctx, a.Path, a.User, a.Group, modeArg(a.Mode))
			if err != nil {
				return nil, osFailure(err)
			}
			return py.OptStr(msg), nil
		}),
		act("makedirs_perms", "Makes a directory and its parents with owner and permissions.", func(ctx context.Context, o *op, a *makedirsPermsArgs) (py.Value, error) {
			name := expandUser(o, a.Name)
			if exists(o.w, name) {
				return nil, py.Errorf("FileExistsError", "[Errno 17] File exists: '%s'", name)
			}
			return py.None, osFailure(o.mkdirs(ctx, name, a.User, a.Group, normalizeMode(a.Mode)))
		}),
		act("rmdir", "Removes an empty directory.", func(_ context.Context, o *op, a *rmdirArgs) (py.Value, error) {
			res, err := o.rmdir(a.Path, a.Recurse, a.OlderThan)
			if err != nil {
				return nil, err
			}
			if a.Verbose {
				return py.DictOf("deleted", py.Strings(res.deleted...), "errors", res.errors, "result", py.Bool(res.ok)), nil
			}
			return py.Bool(res.ok), nil
		}),
		act("mknod", "Makes a device or named pipe.", func(ctx context.Context, o *op, a *mknodArgs) (py.Value, error) {
			t, ok := nodeTypeOf(a.Ntype)
			if !ok {
				return nil, invokeError("Node type unavailable: '" + a.Ntype + "'. Available node types are character ('c'), block ('b'), and pipe ('p').")
			}
			return o.mknodExec(ctx, a, t, true)
		}),
		node("mknod_chrdev", "c", "Makes a character device."),
		node("mknod_blkdev", "b", "Makes a block device."),
		node("mknod_fifo", "p", "Makes a named pipe."),
	}
}

// mknodExec makes a node and returns what Salt's functions return.
func (o *op) mknodExec(ctx context.Context, a *mknodArgs, t nodeType, parents bool) (py.Value, error) {
	name := expandUser(o, a.Name)
	if !parents && !isDir(o.w, pypath.Dir(name)) {
		return nil, py.Errorf("FileNotFoundError", "[Errno 2] No such file or directory")
	}
	r, err := o.mknod(ctx, a, name, t)
	if err != nil {
		return nil, err
	}
	return py.DictOf("name", py.Str(name), "changes", r.changes, "comment", py.Str(r.comment), "result", r.result.Value()), nil
}
