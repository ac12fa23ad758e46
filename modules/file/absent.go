package file

import (
	"context"

	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type nameArgs struct {
	Name   string   `arg:"name,required" doc:"Absolute path."`
	Kwargs *py.Dict `arg:"**"`
}

const absentDoc = "Removes a file, link or whole directory if it is there.\n" +
	"```yaml\n/etc/old.conf:\n  file.absent: []\n```"

func absent() *modules.Func {
	return modules.State[nameArgs]{Name: "file.absent", Doc: absentDoc,
		Check: func(ctx context.Context, c *modules.Call, a *nameArgs) (modules.Plan, error) {
			return plan(ctx, c, func(_ context.Context, o *op) (*ret, error) { return o.absent(a.Name) })
		}}.Func()
}

func (o *op) absent(name string) (*ret, error) {
	name = expandUser(o, name)
	r := newRet(name)
	switch {
	case name == "":
		return r.fail("Must provide name to file.absent"), nil
	case !isAbs(name):
		return r.fail("Specified file " + name + " is not an absolute path"), nil
	case name == "/":
		return r.fail(`Refusing to make "/" absent`), nil
	}
	what := ""
	switch {
	case isFile(o.w, name) || isLink(o.w, name):
		what = "file"
	case isDir(o.w, name):
		what = "directory"
	default:
		return r.is(low.True, "File "+name+" is not present"), nil
	}
	if o.test {
		r.change("removed", py.Str(name))
		if what == "file" {
			return r.is(low.None, "File "+name+" is set for removal"), nil
		}
		return r.is(low.None, "Directory "+name+" is set for removal"), nil
	}
	if err := o.remove(name); err != nil {
		return r.fail(raised(err)), nil
	}
	r.change("removed", py.Str(name))
	return r.is(low.True, "Removed "+what+" "+name), nil
}

// remove removes a file, link or directory tree (Salt's file.remove). What is
// not there is no error.
func (o *op) remove(path string) error {
	path = expandUser(o, path)
	if !isAbs(path) {
		return invokeError("File path must be absolute: " + path)
	}
	info, err := o.w.Lstat(path)
	if err != nil {
		return nil //nolint:nilerr // nothing to remove
	}
	if info.IsDir() {
		err = o.w.RemoveAll(path)
	} else {
		err = o.w.Remove(path)
	}
	if err != nil {
		return execError("Could not remove '" + path + "': " + osError(err))
	}
	return nil
}

const existsDoc = "Fails unless a path is there. It changes nothing.\n" +
	"```yaml\n/etc/passwd:\n  file.exists: []\n```"

const missingDoc = "Fails when a path is there. It changes nothing.\n" +
	"```yaml\n/var/run/maintenance:\n  file.missing: []\n```"

func existsState() *modules.Func {
	return modules.State[nameArgs]{Name: "file.exists", Doc: existsDoc, Access: modules.ReadOnly,
		Check: func(_ context.Context, c *modules.Call, a *nameArgs) (modules.Plan, error) {
			return presence(c, a.Name, "file.exists", true), nil
		}}.Func()
}

func missingState() *modules.Func {
	return modules.State[nameArgs]{Name: "file.missing", Doc: missingDoc, Access: modules.ReadOnly,
		Check: func(_ context.Context, c *modules.Call, a *nameArgs) (modules.Plan, error) {
			return presence(c, a.Name, "file.missing", false), nil
		}}.Func()
}

func presence(c *modules.Call, name, fun string, want bool) modules.Plan {
	name = expandUser(c, name)
	r := newRet(name)
	switch there := name != "" && exists(c, name); {
	case name == "":
		r.fail("Must provide name to " + fun)
	case there && want:
		r.comment = "Path " + name + " exists"
	case there:
		r.fail("Specified path " + name + " exists")
	case want:
		r.fail("Specified path " + name + " does not exist")
	default:
		r.comment = "Path " + name + " is missing"
	}
	return modules.Plan{Would: r.done()}
}
