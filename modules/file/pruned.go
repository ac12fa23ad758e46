package file

import (
	"context"
	"sort"
	"time"

	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/modules"
	"pinch/states/low"
)

type prunedArgs struct {
	Name         string   `arg:"name,required" doc:"Absolute path of the directory."`
	Recurse      bool     `arg:"recurse" default:"False" doc:"Remove empty directories below it as well."`
	IgnoreErrors bool     `arg:"ignore_errors" default:"False" doc:"Directories that are not empty are no failure; implies recurse."`
	OlderThan    py.Value `arg:"older_than" doc:"Only directories that have not changed for so many days."`
}

const prunedDoc = "Removes a directory if it is empty, and with recurse the empty ones below it.\n" +
	"```yaml\n/srv/spool:\n  file.pruned:\n    - recurse: True\n    - ignore_errors: True\n```"

func prunedState() *modules.Func {
	return modules.State[prunedArgs]{Name: "file.pruned", Doc: prunedDoc,
		Check: func(ctx context.Context, c *modules.Call, a *prunedArgs) (modules.Plan, error) {
			return plan(ctx, c, func(_ context.Context, o *op) (*ret, error) { return o.pruned(a) })
		}}.Func()
}

func (o *op) pruned(a *prunedArgs) (*ret, error) {
	name := expandUser(o, a.Name)
	r := newRet(name)
	if !isDir(o.w, name) {
		return r.is(low.True, "Directory "+name+" is not present"), nil
	}
	if o.test {
		r.change("deleted", py.Str(name))
		return r.is(low.None, "Directory "+name+" is set for removal"), nil
	}
	recurse := a.Recurse || a.IgnoreErrors
	res, err := o.rmdir(name, recurse, a.OlderThan)
	if err != nil {
		return nil, err
	}
	deleted := append([]string(nil), res.deleted...)
	sort.Strings(deleted)
	switch {
	case res.ok && !recurse:
		r.change("deleted", py.Str(name))
		return r.is(low.True, "Removed directory "+name), nil
	case len(deleted) > 0 && recurse && (res.ok || a.IgnoreErrors):
		r.change("deleted", py.Strings(deleted...))
		return r.is(low.True, "Recursively removed empty directories under "+name), nil
	case res.ok:
		return r, nil
	}
	r.changes = py.DictOf("deleted", py.Strings(res.deleted...), "errors", res.errors)
	return r.fail("Failed to remove directory " + name), nil
}

// rmdirResult is what Salt's file.rmdir tells with verbose.
type rmdirResult struct {
	deleted []string
	errors  *py.List
	ok      bool
}

// rmdir removes empty directories.
func (o *op) rmdir(path string, recurse bool, olderThan py.Value) (rmdirResult, error) {
	res := rmdirResult{errors: py.NewList()}
	path = expandUser(o, path)
	if !isAbs(path) {
		return res, invokeError("File path must be absolute.")
	}
	if !isDir(o.w, path) {
		return res, invokeError("A valid directory was not specified: " + path)
	}
	var limit time.Time
	if given(olderThan) {
		if days, ok := py.AsInt(digits(olderThan)); ok {
			limit = o.w.Now().Add(-time.Duration(days) * 24 * time.Hour)
		}
	}
	try := func(dir string) bool {
		if !limit.IsZero() {
			if i, err := o.w.Stat(dir); err != nil || !i.ModTime.Before(limit) {
				return false
			}
		}
		if isLink(o.w, dir) {
			res.errors.Append(py.NewList(py.Str(dir), py.Str("[Errno 20] Not a directory: '"+dir+"'")))
			return false
		}
		if err := o.w.Remove(dir); err != nil {
			res.errors.Append(py.NewList(py.Str(dir), py.Str(osError(err))))
			return false
		}
		res.deleted = append(res.deleted, dir)
		return true
	}
	if recurse {
		var dirs []string
		walk(o.w, path, false, func(l *level) {
			for _, d := range l.dirs {
				dirs = append(dirs, pypath.Join(l.dir, d))
			}
		})
		for i := len(dirs) - 1; i >= 0; i-- { // the deepest first
			try(dirs[i])
		}
		res.ok = res.errors.Len() == 0
	}
	if try(path) {
		res.ok = res.ok || !recurse
	} else if limit.IsZero() || res.errors.Len() > 0 {
		res.ok = false
	}
	return res, nil
}

type tidiedArgs struct {
	Name            string   `arg:"name,required" doc:"Absolute path of the directory."`
	Age             int      `arg:"age" default:"0" doc:"Remove what is at least so many days old."`
	Matches         py.Value `arg:"matches" doc:"Regular expressions of names to remove; all by default."`
	Rmdirs          bool     `arg:"rmdirs" default:"False" doc:"Remove directories as well."`
	Size            py.Value `arg:"size" default:"0" doc:"Remove what is at least so large, such as 5k."`
	Exclude         py.Value `arg:"exclude" doc:"Regular expressions of names to leave."`
	FullPathMatch   bool     `arg:"full_path_match" default:"False" doc:"Match whole paths instead of names."`
	Followlinks     bool     `arg:"followlinks" default:"False" doc:"Enter links to directories."`
	TimeComparison  py.Value `arg:"time_comparison" default:"'atime'" doc:"Time that counts: atime, mtime or ctime."`
	LogicalOperator string   `arg:"age_size_logical_operator" default:"'OR'" doc:"Whether age or size suffices, or both are needed (AND)."`
	AgeSizeOnly     py.Value `arg:"age_size_only" doc:"Look only at age or only at size."`
	Rmlinks         bool     `arg:"rmlinks" default:"True" doc:"Remove links as well."`
	Kwargs          *py.Dict `arg:"**"`
}

const tidiedDoc = "Removes old or large files below a directory.\n" +
	"```yaml\n/var/tmp/app:\n  file.tidied:\n    - age: 7\n    - matches:\n      - '.*\\.tmp'\n```"

func tidied() *modules.Func {
	return modules.State[tidiedArgs]{Name: "file.tidied", Doc: tidiedDoc,
		Check: func(ctx context.Context, c *modules.Call, a *tidiedArgs) (modules.Plan, error) {
			return plan(ctx, c, func(_ context.Context, o *op) (*ret, error) { return o.tidied(a) })
		}}.Func()
}
