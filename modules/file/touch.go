package file

import (
	"context"
	"errors"
	"io/fs"
	"strconv"
	"time"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/modules"
	"pinch/states/low"
)

type touchArgs struct {
	Name     string   `arg:"name,required" doc:"Absolute path."`
	Atime    py.Value `arg:"atime" doc:"Time of the last access, in seconds since 1970."`
	Mtime    py.Value `arg:"mtime" doc:"Time of the last change, in seconds since 1970."`
	Makedirs bool     `arg:"makedirs" default:"False" doc:"Make missing parent directories."`
}

const touchDoc = "Makes an empty file, or sets the times of what is there, at every run.\n" +
	"```yaml\n/var/run/app.stamp:\n  file.touch:\n    - makedirs: True\n```"

func touch() *modules.Func {
	return modules.State[touchArgs]{Name: "file.touch", Doc: touchDoc,
		Check: func(ctx context.Context, c *modules.Call, a *touchArgs) (modules.Plan, error) {
			return plan(ctx, c, func(ctx context.Context, o *op) (*ret, error) { return o.touchState(ctx, a) })
		}}.Func()
}

func (o *op) touchState(ctx context.Context, a *touchArgs) (*ret, error) {
	name := expandUser(o, a.Name)
	r := newRet(name)
	if name == "" {
		return r.fail("Must provide name to file.touch"), nil
	}
	if !isAbs(name) {
		return r.fail("Specified file " + name + " is not an absolute path"), nil
	}
	if o.test {
		return o.touchWould(r, name, a.Atime, a.Mtime), nil
	}
	if a.Makedirs {
		if _, err := o.makedirs(ctx, name, py.None, py.None, ""); err != nil {
			return nil, err
		}
	}
	if !isDir(o.w, pypath.Dir(name)) {
		return r.fail("Directory not present to touch file " + name), nil
	}
	extant := exists(o.w, name)
	ok, err := o.touch(name, a.Atime, a.Mtime)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return r.is(low.False, ""), nil
	case !extant:
		r.change("new", py.Str(name))
		return r.is(low.True, "Created empty file "+name), nil
	}
	r.change("touched", py.Str(name))
	if isDir(o.w, name) {
		return r.is(low.True, "Updated times on directory "+name), nil
	}
	return r.is(low.True, "Updated times on file "+name), nil
}

func (o *op) touchWould(r *ret, name string, atime, mtime py.Value) *ret {
	r.change("new", py.Str(name))
	s, err := stats(o.w, name, false)
	if err != nil || !exists(o.w, name) {
		return r.is(low.None, "File "+name+" is set to be created")
	}
	differs := func(want py.Value, have time.Time) bool {
		return !py.IsNone(want) && py.ToStr(want) != py.ToStr(seconds(have))
	}
	if differs(atime, s.AccTime) || differs(mtime, s.ModTime) {
		r.changes = py.DictOf("touched", py.Str(name))
		return r.is(low.None, "Times set to be updated on file "+name)
	}
	return r.is(low.True, "File "+name+" exists and has the correct times")
}

// seconds is a time as Python's os.stat has it.
func seconds(t time.Time) py.Float {
	return py.Float(float64(t.Unix()) + float64(t.Nanosecond())*1e-9)
}

// touch is Salt's file.touch.
func (o *op) touch(name string, atime, mtime py.Value) (bool, error) {
	name = expandUser(o, name)
	if !exists(o.w, name) {
		if err := o.create(name); err != nil {
			return false, execError(errText(err))
		}
	}
	now := o.w.Now()
	at, err1 := timeArg(atime, now)
	mt, err2 := timeArg(mtime, now)
	if err := errors.Join(err1, err2); err != nil {
		return false, invokeError("atime and mtime must be integers")
	}
	if err := o.w.Chtimes(name, at, mt); err != nil {
		return false, execError(errText(err))
	}
	return exists(o.w, name), nil
}

// errText is an OSError's strerror.
func errText(err error) string {
	if no, ok := host.Errno(err); ok {
		return host.Strerror(no)
	}
	return err.Error()
}

func timeArg(v py.Value, now time.Time) (time.Time, error) {
	if py.IsNone(v) {
		return now, nil
	}
	if s, ok := v.(py.Str); ok {
		if n, err := strconv.ParseInt(string(s), 10, 64); err == nil {
			v = py.Int(n)
		}
	}
	if n, ok := py.AsInt(v); ok {
		return time.Unix(n, 0), nil
	}
	if f, ok := v.(py.Float); ok {
		whole := int64(f)
		return time.Unix(whole, int64((float64(f)-float64(whole))*1e9)), nil
	}
	return now, errors.New("no number")
}

// create makes an empty file with the umask's mode.
func (o *op) create(name string) error {
	mode := fs.FileMode(0o666 &^ o.w.Umask())
	return o.w.WriteFile(name, emptyReader{}, host.WriteOptions{Mode: &mode})
}
