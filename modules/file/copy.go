package file

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"syscall"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/modules"
	"pinch/states/low"
)

type copyArgs struct {
	Name     string   `arg:"name,required" doc:"Absolute path of the copy."`
	Source   string   `arg:"source,required" doc:"File or directory on this host."`
	Force    bool     `arg:"force" default:"False" doc:"Replace what is there, at every run."`
	Makedirs bool     `arg:"makedirs" default:"False" doc:"Make missing parent directories."`
	Preserve bool     `arg:"preserve" default:"False" doc:"Take owner and mode of the source."`
	User     py.Value `arg:"user" doc:"Owner of the copy."`
	Group    py.Value `arg:"group" doc:"Group of the copy."`
	Mode     py.Value `arg:"mode" doc:"Permission bits of the copy."`
	DirMode  py.Value `arg:"dir_mode" doc:"Permission bits of directories that are made."`
	Subdir   bool     `arg:"subdir" default:"False" doc:"Copy into the directory of that name."`
	Kwargs   *py.Dict `arg:"**"`
}

const copyDoc = "Copies a file or directory of this host, unless the name is taken.\n" +
	"```yaml\n/etc/app.conf.orig:\n  file.copy:\n    - source: /etc/app.conf\n    - preserve: True\n```"

func copyState() *modules.Func {
	return modules.State[copyArgs]{Name: "file.copy", Doc: copyDoc,
		Check: func(ctx context.Context, c *modules.Call, a *copyArgs) (modules.Plan, error) {
			return plan(ctx, c, func(ctx context.Context, o *op) (*ret, error) { return o.copyState(ctx, a) })
		}}.Func()
}

func (o *op) copyState(ctx context.Context, a *copyArgs) (*ret, error) {
	name, source := expandUser(o, a.Name), expandUser(o, a.Source)
	r := newRet(name)
	r.comment = `Copied "` + source + `" to "` + name + `"`
	if name == "" {
		return r.fail("Must provide name to file.copy"), nil
	}
	if !isAbs(name) {
		return r.fail("Specified file " + name + " is not an absolute path"), nil
	}
	from, err := stats(o.w, source, true)
	if err != nil || !exists(o.w, source) {
		return r.fail(`Source file "` + source + `" is not present`), nil
	}
	user, group, mode := from.user, from.group, from.mode
	if !a.Preserve {
		if user = ownerArg(a.User, a.Kwargs); py.IsNone(user) {
			user = o.currentUser()
		}
		if group = a.Group; py.IsNone(group) {
			group = primaryGroup(o, user)
		}
		if p := o.checkUser(user, group); p != "" {
			return r.fail(p), nil
		}
		if !py.IsNone(a.Mode) {
			mode = py.ToStr(a.Mode)
		}
	}
	if isDir(o.w, name) && a.Subdir {
		name = pypath.Join(name, pypath.Base(source))
	}
	taken := lexists(o.w, name)
	if taken && !a.Force {
		return r.is(low.True, `The target file "`+name+`" exists and will not be overwritten`), nil
	}
	if o.test {
		return r.is(low.None, `File "`+source+`" is set to be copied to "`+name+`"`), nil
	}
	dir := pypath.Dir(name)
	if taken {
		if isFile(o.w, name) && isFile(o.w, source) {
			have, err1 := fileHash(o.w, name, "sha256")
			want, err2 := fileHash(o.w, source, "sha256")
			if err := errors.Join(err1, err2); err != nil {
				return r.fail(raised(err)), nil
			}
			if have == want {
				r.comment += " - files are identical but force flag is set"
			}
		}
		if err := o.remove(name); err != nil {
			return r.fail(`Failed to delete "` + name + `" in preparation for forced move`), nil
		}
	}
	if !isDir(o.w, dir) {
		if !a.Makedirs {
			return r.fail("The target directory " + dir + " is not present"), nil
		}
		dirMode := modeArg(a.DirMode)
		if dirMode == "" {
			dirMode = dirModeFor(mode)
		}
		if _, err := o.makedirs(ctx, name, user, group, dirMode); err != nil {
			return nil, err
		}
	}
	return o.copyTo(ctx, r, name, source, from, user, group, mode, a.Preserve)
}

func (o *op) copyTo(ctx context.Context, r *ret, name, source string, from status, user, group py.Value, mode string, preserve bool) (*ret, error) {
	failed := func(err error) *ret {
		return r.fail(`Failed to copy "` + source + `" to "` + name + `": ` + osError(err))
	}
	if from.IsDir() {
		if err := o.copyTree(ctx, source, name, user, group); err != nil {
			return failed(err), nil
		}
	} else {
		first := from.Mode
		f, err := o.w.Open(source)
		if err != nil {
			return failed(err), nil
		}
		defer func() { _ = f.Close() }() // only read
		if err := o.w.WriteFile(name, f, host.WriteOptions{Mode: &first}); err != nil {
			return failed(err), nil
		}
	}
	r.changes = py.DictOf(name, py.Str(source))
	if preserve {
		return r, nil
	}
	p := perms{user: user, group: group, mode: normalizeMode(py.Str(mode)), attrs: py.None}
	if _, err := o.checkPerms(ctx, name, r, p, nil); err != nil {
		return nil, err
	}
	return r, nil
}

// copyTree copies a directory with modes, times and links, as shutil.copytree
// does, and gives what is below it to an owner.
func (o *op) copyTree(ctx context.Context, source, dest string, user, group py.Value) error {
	uid, ok1 := uidOf(o.w, user)
	gid, ok2 := gidOf(o.w, group)
	if !ok1 || !ok2 {
		uid, gid = -1, -1
	}
	return o.copyLevel(ctx, source, dest, uid, gid)
}

func (o *op) copyLevel(ctx context.Context, source, dest string, uid, gid int) error {
	info, err := o.w.Stat(source)
	if err != nil {
		return err
	}
	if err := o.w.Mkdir(dest, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	entries, err := o.w.ReadDir(source)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		from, to := pypath.Join(source, e.Name()), pypath.Join(dest, e.Name())
		i, err := o.w.Lstat(from)
		if err != nil {
			return err
		}
		switch {
		case i.IsLink():
			target, err := o.w.Readlink(from)
			if err == nil {
				err = o.w.Symlink(target, to)
			}
			if err != nil {
				return err
			}
		case i.IsDir():
			if err := o.copyLevel(ctx, from, to, uid, gid); err != nil {
				return err
			}
		case i.IsRegular():
			if err := o.copyPlain(from, to, i); err != nil {
				return err
			}
		default:
			return &fs.PathError{Op: "copy", Path: from, Err: syscall.EINVAL}
		}
		if uid >= 0 || gid >= 0 {
			if err := o.w.Lchown(to, uid, gid); err != nil {
				return err
			}
		}
	}
	if err := o.w.Chmod(dest, info.Mode); err != nil {
		return err
	}
	return o.w.Chtimes(dest, info.AccTime, info.ModTime)
}

// copyPlain copies a file with mode and times (shutil.copy2).
func (o *op) copyPlain(from, to string, i host.Info) error {
	f, err := o.w.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	if err := o.w.WriteFile(to, f, host.WriteOptions{Mode: &i.Mode}); err != nil {
		return err
	}
	return o.w.Chtimes(to, i.AccTime, i.ModTime)
}

// move is shutil.move: into a directory of that name, by rename or, between
// file systems, by copy.
func (o *op) move(src, dst string) error {
	if isDir(o.w, dst) && !sameInode(o.w, src, dst) {
		dst = pypath.Join(dst, pypath.Base(pypath.Norm(src)))
		if exists(o.w, dst) {
			return execError("Destination path '" + dst + "' already exists")
		}
	}
	err := o.w.Rename(src, dst)
	if !errors.Is(err, syscall.EXDEV) {
		return err
	}
	i, err := o.w.Lstat(src)
	if err != nil {
		return err
	}
	switch {
	case i.IsLink():
		var target string
		if target, err = o.w.Readlink(src); err == nil {
			err = o.w.Symlink(target, dst)
		}
	case i.IsDir():
		err = o.copyLevel(context.Background(), src, dst, -1, -1)
	default:
		err = o.copyPlain(src, dst, i)
	}
	if err != nil {
		return err
	}
	return o.w.RemoveAll(src)
}

type renameArgs struct {
	Name     string   `arg:"name,required" doc:"Absolute path of the new place."`
	Source   string   `arg:"source,required" doc:"What is to be moved."`
	Force    bool     `arg:"force" default:"False" doc:"Replace what is there."`
	Makedirs bool     `arg:"makedirs" default:"False" doc:"Make missing parent directories."`
	Kwargs   *py.Dict `arg:"**"`
}

const renameDoc = "Moves a file or directory of this host, if it has not been moved before.\n" +
	"```yaml\n/etc/app/app.conf:\n  file.rename:\n    - source: /etc/app.conf\n    - makedirs: True\n```"

func rename() *modules.Func {
	return modules.State[renameArgs]{Name: "file.rename", Doc: renameDoc,
		Check: func(ctx context.Context, c *modules.Call, a *renameArgs) (modules.Plan, error) {
			return plan(ctx, c, func(ctx context.Context, o *op) (*ret, error) { return o.rename(ctx, a) })
		}}.Func()
}

func (o *op) rename(ctx context.Context, a *renameArgs) (*ret, error) {
	name := expandVars(o, expandUser(o, a.Name))
	source := expandVars(o, expandUser(o, a.Source))
	r := newRet(name)
	if name == "" {
		return r.fail("Must provide name to file.rename"), nil
	}
	if !isAbs(name) {
		return r.fail("Specified file " + name + " is not an absolute path"), nil
	}
	if !lexists(o.w, source) {
		return r.is(low.True, `Source file "`+source+`" has already been moved out of place`), nil
	}
	taken := lexists(o.w, name)
	if taken && !a.Force {
		return r.is(low.True, `The target file "`+name+`" exists and will not be overwritten`), nil
	}
	if o.test {
		return r.is(low.None, `File "`+source+`" is set to be moved to "`+name+`"`), nil
	}
	if dir := pypath.Dir(name); !isDir(o.w, dir) {
		if !a.Makedirs {
			return r.fail("The target directory " + dir + " is not present"), nil
		}
		if _, err := o.makedirs(ctx, name, py.None, py.None, ""); err != nil {
			return nil, err
		}
	}
	if taken {
		if err := o.remove(name); err != nil {
			return r.fail(`Failed to delete "` + name + `" in preparation for forced move`), nil
		}
	}
	if err := o.move(source, name); err != nil {
		return r.fail(`Failed to move "` + source + `" to "` + name + `"`), nil
	}
	r.changes = py.DictOf(name, py.Str(source))
	return r.is(low.True, `Moved "`+source+`" to "`+name+`"`), nil
}

// emptyReader is an empty content.
type emptyReader struct{}

// Read implements io.Reader.
func (emptyReader) Read([]byte) (int, error) { return 0, io.EOF }
