package lvm

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type lvPresentArgs struct {
	Name       string   `arg:"name,required" doc:"The logical volume."`
	Vgname     *string  `arg:"vgname" doc:"Its volume group; with thinvolume GROUP/POOL."`
	Size       py.Value `arg:"size" doc:"Its size in megabytes, or with a unit s, m, g, t or p."`
	Extents    py.Value `arg:"extents" doc:"Its size in extents; a percentage counts only when it is created."`
	Snapshot   string   `arg:"snapshot" doc:"The name of the snapshot that is made of the volume."`
	PV         string   `arg:"pv" default:"''" doc:"The physical volume to use."`
	Thinvolume bool     `arg:"thinvolume" default:"False" doc:"It is a thin volume."`
	Thinpool   bool     `arg:"thinpool" default:"False" doc:"It is a thin pool."`
	Force      bool     `arg:"force" default:"False" doc:"Answer questions with yes, and allow it to become smaller."`
	Resizefs   bool     `arg:"resizefs" default:"False" doc:"Resize the file system too."`
	Extra      *py.Dict `arg:"**"`
}

type lvAbsentArgs struct {
	Name   string  `arg:"name,required" doc:"The logical volume."`
	Vgname *string `arg:"vgname" doc:"Its volume group."`
}

// orNone is a text as Python prints it where there may be none.
func orNone(s *string) string {
	if s == nil {
		return "None"
	}
	return *s
}

func checkLVPresent(ctx context.Context, c *modules.Call, a *lvPresentArgs) (modules.Plan, error) {
	byExtents, bySize := py.IsTrue(a.Extents), py.IsTrue(a.Size)
	if byExtents && bySize {
		return modules.Fail("Only one of extents or size can be specified."), nil
	}
	var sizeMB float64
	if bySize {
		mb, err := megabytes(a.Size)
		if err != nil {
			return modules.Plan{}, err
		}
		sizeMB = mb
	}
	name, origin, group := a.Name, "", orNone(a.Vgname)
	if a.Snapshot != "" {
		name, origin = a.Snapshot, a.Name
	}
	path := "/dev/" + group + "/" + name
	if a.Thinvolume {
		if a.Vgname == nil {
			return modules.Plan{}, &py.Error{Class: "AttributeError", Msg: "'NoneType' object has no attribute 'split'"}
		}
		pool, _, _ := strings.Cut(group, "/")
		path = "/dev/" + pool + "/" + name
	}
	have, err := (&volumes{ctx: ctx, c: c}).lvs(path, true)
	if err != nil {
		return modules.Plan{}, err
	}
	if info, ok := have.Lookup(path).(*py.Dict); ok {
		r := resizing{name: name, path: path, args: a, sizeMB: sizeMB}
		return r.plan(c, info)
	}
	return modules.Would(fmt.Sprintf("Logical Volume %s is set to be created", name), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		v := &volumes{ctx: ctx, c: c, w: w}
		out, err := v.lvcreate(name, lvArgs{vgname: group, size: a.Size, extents: a.Extents, snapshot: origin, pv: a.PV,
			thinVolume: a.Thinvolume, thinPool: a.Thinpool, force: a.Force, kw: a.Extra})
		if err != nil {
			return modules.Done{}, err
		}
		have, err := v.lvs(path, false)
		if err != nil {
			return modules.Done{}, err
		}
		if have.Len() > 0 {
			return modules.OK(fmt.Sprintf("Created Logical Volume %s", name), py.DictOf("created", out)), nil
		}
		said, ok := out.(*py.Dict)
		if !ok { // Salt: takes the text of the refusal for what lvcreate said
			return modules.Done{}, py.TypeErrorf("string indices must be integers, not 'str'")
		}
		return modules.Failed(fmt.Sprintf("Failed to create Logical Volume %s. Error: %s", name, py.ToStr(py.OrNone(said.Lookup("Output from lvcreate"))))), nil
	}), nil
}

// resizing is the state of a logical volume that is there.
type resizing struct {
	name, path string
	args       *lvPresentArgs
	sizeMB     float64 // that is wanted
}

// sizeOf is what lvdisplay says of a volume: its extents and megabytes.
func sizeOf(info *py.Dict) (extents py.Value, mb float64, err error) {
	text := py.ToStr(py.OrNone(info.Lookup("Current Logical Extents Associated")))
	n, err := py.ToInt(py.Str(text))
	if err != nil {
		return nil, 0, err
	}
	mb, err = megabytes(py.Str(py.ToStr(py.OrNone(info.Lookup("Logical Volume Size"))) + "s"))
	return n, mb, err
}

func (r *resizing) plan(c *modules.Call, info *py.Dict) (modules.Plan, error) {
	a := r.args
	comment := fmt.Sprintf("Logical Volume %s already present", r.name)
	if !py.IsTrue(a.Size) && !py.IsTrue(a.Extents) {
		return modules.InOrder(comment), nil
	}
	oldExtents, oldMB, err := sizeOf(info)
	if err != nil {
		return modules.Plan{}, err
	}
	wantMB, extents := r.sizeMB, a.Extents
	if py.IsTrue(a.Size) {
		extents = oldExtents
	} else {
		if strings.Contains(py.ToStr(extents), "%") {
			comment = fmt.Sprintf("Logical Volume %s already present, %s won't be resized.", r.name, py.ToStr(extents))
			extents = oldExtents
		}
		wantMB = oldMB
	}
	if !a.Force {
		smaller := wantMB < oldMB
		if !smaller {
			if smaller, err = py.Less(extents, oldExtents); err != nil {
				return modules.Plan{}, err
			}
		}
		if smaller {
			return modules.Fail("To reduce a Logical Volume option 'force' must be True."), nil
		}
	}
	if same, err := py.Equal(extents, oldExtents); err != nil || same && wantMB == oldMB {
		return modules.InOrder(comment), err
	}
	return modules.Would(fmt.Sprintf("Logical Volume %s is set to be resized", r.name), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		return r.apply(&volumes{ctx: ctx, c: c, w: w}, extents, oldMB)
	}), nil
}

func (r *resizing) apply(v *volumes, extents py.Value, oldMB float64) (modules.Done, error) {
	if py.IsTrue(r.args.Size) {
		extents = nil
	}
	out, err := v.resize("lvresize", "--force", r.path, r.args.Size, extents, r.args.Force, r.args.Resizefs)
	if err != nil {
		return modules.Done{}, err
	}
	have, err := v.lvs(r.path, true)
	if err != nil {
		return modules.Done{}, err
	}
	info, ok := have.Lookup(r.path).(*py.Dict)
	if !ok {
		return modules.Done{}, &py.Error{Class: "KeyError", Msg: py.Repr(py.Str(r.path))}
	}
	_, mb, err := sizeOf(info)
	if err != nil {
		return modules.Done{}, err
	}
	if mb == oldMB {
		return modules.Failed(fmt.Sprintf("Failed to resize Logical Volume %s.\nError: %s", r.name, py.ToStr(py.OrNone(out.Lookup("Output from lvresize"))))), nil
	}
	return modules.OK(fmt.Sprintf("Resized Logical Volume %s", r.name), py.DictOf("resized", out)), nil
}

func checkLVAbsent(ctx context.Context, c *modules.Call, a *lvAbsentArgs) (modules.Plan, error) {
	path := "/dev/" + orNone(a.Vgname) + "/" + a.Name
	return absent("Logical Volume", a.Name, "already absent",
		func(v *volumes) (*py.Dict, error) { return v.lvs(path, true) },
		func(v *volumes) (py.Value, error) { return v.lvremove(a.Name, orNone(a.Vgname), true) })(ctx, c)
}
