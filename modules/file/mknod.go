package file

import (
	"context"
	"fmt"
	"io/fs"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type mknodArgs struct {
	Name  string   `arg:"name,required" doc:"Absolute path of the node."`
	Ntype string   `arg:"ntype,required" doc:"c for a character device, b for a block device, p for a pipe."`
	Major int      `arg:"major" default:"0" doc:"Major number of the device."`
	Minor int      `arg:"minor" default:"0" doc:"Minor number of the device."`
	User  py.Value `arg:"user" doc:"Owner, by name or number."`
	Group py.Value `arg:"group" doc:"Group, by name or number."`
	Mode  py.Value `arg:"mode" default:"'0600'" doc:"Permission bits."`
}

const mknodDoc = "Makes a device or named pipe and keeps its owner and permissions.\n" +
	"```yaml\n/srv/app/control:\n  file.mknod:\n    - ntype: p\n    - mode: '0660'\n```"

func mknodState() *modules.Func {
	return modules.State[mknodArgs]{Name: "file.mknod", Doc: mknodDoc,
		Check: func(ctx context.Context, c *modules.Call, a *mknodArgs) (modules.Plan, error) {
			return plan(ctx, c, func(ctx context.Context, o *op) (*ret, error) { return o.mknodState(ctx, a) })
		}}.Func()
}

// nodeType is a kind of special file.
type nodeType struct {
	title, name string
	mode        fs.FileMode
}

func nodeTypeOf(ntype string) (nodeType, bool) {
	switch ntype {
	case "c":
		return nodeType{"Character device", "character device", fs.ModeDevice | fs.ModeCharDevice}, true
	case "b":
		return nodeType{"Block device", "block device", fs.ModeDevice}, true
	case "p":
		return nodeType{"Fifo pipe", "fifo pipe", fs.ModeNamedPipe}, true
	}
	return nodeType{}, false
}

// isNode says whether a path is a special file of a kind.
func isNode(r host.Reader, path string, t nodeType) bool {
	i, err := r.Stat(path)
	return err == nil && i.Mode.Type() == t.mode
}

// devNumbers splits a device number as Linux does.
func devNumbers(rdev uint64) (major, minor int) {
	return int(rdev>>8&0xfff | rdev>>32&^0xfff), int(rdev&0xff | rdev>>12&^0xff)
}

func (o *op) mknodState(ctx context.Context, a *mknodArgs) (*ret, error) {
	name := expandUser(o, a.Name)
	r := newRet(name)
	if name == "" {
		return r.fail("Must provide name to file.mknod"), nil
	}
	t, ok := nodeTypeOf(a.Ntype)
	if !ok {
		return r.fail(fmt.Sprintf("Node type unavailable: '%s'. Available node types are character ('c'), block ('b'), and pipe ('p')", a.Ntype)), nil
	}
	if isFile(o.w, name) {
		return r.fail("File " + name + " exists and is not a " + t.name + ". Refusing to continue"), nil
	}
	if !isNode(o.w, name, t) {
		if o.test {
			return r.is(low.None, t.title+" "+name+" is set to be created"), nil
		}
		return o.mknod(ctx, a, name, t)
	}
	if t.mode != fs.ModeNamedPipe {
		i, err := o.w.Stat(name)
		if err != nil {
			return nil, err
		}
		if major, minor := devNumbers(i.Rdev); major != a.Major || minor != a.Minor {
			return r.fail(fmt.Sprintf("%s %s exists and has a different major/minor %d/%d. Refusing to continue", t.title, name, major, minor)), nil
		}
	}
	p := perms{user: a.User, group: a.Group, mode: normalizeMode(a.Mode), attrs: py.None}
	if _, err := o.checkPerms(ctx, name, r, p, nil); err != nil {
		return nil, err
	}
	if r.changes.Len() == 0 {
		r.comment = t.title + " " + name + " is in the correct state"
	}
	return r, nil
}

// mknod makes the node (Salt's file.mknod).
func (o *op) mknod(ctx context.Context, a *mknodArgs, name string, t nodeType) (*ret, error) {
	r := newRet(name)
	if _, err := o.makedirs(ctx, name, a.User, a.Group, ""); err != nil {
		return nil, err
	}
	if lexists(o.w, name) {
		return r.fail("File " + name + " exists and cannot be overwritten"), nil
	}
	mode := normalizeMode(a.Mode)
	bits, ok := parseMode(mode)
	if !ok {
		return nil, py.ValueErrorf("invalid literal for int() with base 8: '%s'", mode)
	}
	if err := o.w.Mknod(name, t.mode|bits, uint32(a.Major), uint32(a.Minor)); err != nil {
		return r.fail(osError(err)), nil
	}
	r.change("new", py.Str(t.title+" "+name+" created."))
	if _, err := o.checkPerms(ctx, name, newRet(name), perms{user: a.User, group: a.Group, mode: mode, attrs: py.None}, nil); err != nil {
		return nil, err
	}
	return r, nil
}
