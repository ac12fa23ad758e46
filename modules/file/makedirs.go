package file

import (
	"context"
	"strconv"

	"pinch/internal/py"
	"pinch/internal/pypath"
)

// mkdirs makes the directory itself and its parents, each with owner and mode
// (Salt's file.mkdir and makedirs_perms).
func (o *op) mkdirs(ctx context.Context, dir string, user, group py.Value, mode string) error {
	dir = pypath.Norm(expandUser(o, dir))
	var missing []string
	for d := dir; !exists(o.w, d); d = pypath.Dir(d) {
		missing = append(missing, d)
		if pypath.Dir(d) == d {
			break
		}
	}
	if len(missing) > 0 && mode != "" {
		if _, err := strconv.Atoi(mode); err != nil {
			return py.ValueErrorf("invalid literal for int() with base 10: '%s'", mode)
		}
	}
	for i := len(missing) - 1; i >= 0; i-- {
		d := missing[i]
		if err := o.w.Mkdir(d, 0o777); err != nil {
			return err
		}
		p := perms{user: user, group: group, mode: mode, attrs: py.None}
		if _, err := o.checkPerms(ctx, d, newRet(d), p, nil); err != nil {
			return err
		}
	}
	return nil
}

// makedirs makes the directories above a path (Salt's file.makedirs). msg is
// what Salt returns when there is nothing to do.
func (o *op) makedirs(ctx context.Context, path string, user, group py.Value, mode string) (msg string, err error) {
	if mode != "" {
		mode = normalizeMode(py.Str(mode))
	}
	dir := pypath.Norm(pypath.Dir(expandUser(o, path)))
	if isDir(o.w, dir) {
		return "Directory '" + dir + "' already exists", nil
	}
	if exists(o.w, dir) {
		return "The path '" + dir + "' already exists and is not a directory", nil
	}
	if !isAbs(dir) {
		return "", invokeError("Recursive creation for path '" + dir + "' would result in an infinite loop. Please use an absolute path.")
	}
	return "", o.mkdirs(ctx, dir, user, group, mode)
}
