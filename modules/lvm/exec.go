package lvm

import (
	"context"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type noArgs struct{}

type pvdisplayArgs struct {
	Pvname string `arg:"pvname" default:"''" doc:"The device; all without it."`
	Real   bool   `arg:"real" default:"False" doc:"Follow links, and name the device behind them."`
	Quiet  bool   `arg:"quiet" default:"False" doc:"That there is none is no failure."`
}

type vgdisplayArgs struct {
	Vgname string `arg:"vgname" default:"''" doc:"The volume group; all without it."`
	Quiet  bool   `arg:"quiet" default:"False" doc:"That there is none is no failure."`
}

type lvdisplayArgs struct {
	Lvname string `arg:"lvname" default:"''" doc:"The path of the logical volume; all without it."`
	Quiet  bool   `arg:"quiet" default:"False" doc:"That there is none is no failure."`
}

type pvArgs struct {
	Devices  py.Value `arg:"devices,required" doc:"The devices, a list or a text with commas."`
	Override bool     `arg:"override" default:"True" doc:"Pass over devices that need nothing."`
	Force    bool     `arg:"force" default:"True" doc:"Answer questions with yes."`
}

type pvcreateArgs struct {
	pvArgs
	Extra *py.Dict `arg:"**"`
}

type vgArgs struct {
	Vgname  string   `arg:"vgname,required" doc:"The volume group."`
	Devices py.Value `arg:"devices,required" doc:"Its physical volumes, a list or a text with commas."`
	Force   bool     `arg:"force" default:"False" doc:"Answer questions with yes."`
}

type vgcreateArgs struct {
	vgArgs
	Extra *py.Dict `arg:"**"`
}

type vgremoveArgs struct {
	Vgname string `arg:"vgname,required" doc:"The volume group."`
	Force  bool   `arg:"force" default:"True" doc:"Answer questions with yes."`
}

type lvcreateArgs struct {
	Lvname     string   `arg:"lvname,required" doc:"The logical volume."`
	Vgname     string   `arg:"vgname,required" doc:"Its volume group; with thinvolume GROUP/POOL."`
	Size       py.Value `arg:"size" doc:"Its size, such as 10G."`
	Extents    py.Value `arg:"extents" doc:"Its size in extents, such as 100 or 50%FREE."`
	Snapshot   string   `arg:"snapshot" doc:"The volume of which it is a snapshot."`
	PV         string   `arg:"pv" doc:"The physical volume to use."`
	Thinvolume bool     `arg:"thinvolume" default:"False" doc:"It is a thin volume."`
	Thinpool   bool     `arg:"thinpool" default:"False" doc:"It is a thin pool."`
	Force      bool     `arg:"force" default:"False" doc:"Answer questions with yes."`
	Extra      *py.Dict `arg:"**"`
}

type lvremoveArgs struct {
	Lvname string `arg:"lvname,required" doc:"The logical volume."`
	Vgname string `arg:"vgname,required" doc:"Its volume group."`
	Force  bool   `arg:"force" default:"True" doc:"Answer questions with yes."`
}

type resizeArgs struct {
	Size     py.Value `arg:"size" doc:"The size, such as 10G or +2G."`
	Lvpath   string   `arg:"lvpath" doc:"The path of the logical volume."`
	Extents  py.Value `arg:"extents" doc:"The size in extents."`
	Force    bool     `arg:"force" default:"False" doc:"Ask nothing."`
	Resizefs bool     `arg:"resizefs" default:"False" doc:"Resize the file system too."`
}

func query[A any](name, doc string, run func(v *volumes, a *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: "lvm." + name, Doc: doc, Virtual: virtual,
		Run: func(ctx context.Context, c *modules.Call, a *A) (py.Value, error) {
			return run(&volumes{ctx: ctx, c: c}, a)
		}}.Func()
}

func action[A any](name, doc string, run func(v *volumes, a *A) (py.Value, error)) *modules.Func {
	return modules.Action[A]{Name: "lvm." + name, Doc: doc, Virtual: virtual,
		Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *A) (py.Value, error) {
			return run(&volumes{ctx: ctx, c: c, w: w}, a)
		}}.Func()
}

func execFuncs() []*modules.Func {
	return []*modules.Func{
		query("version", "Gives the version of LVM.", func(v *volumes, _ *noArgs) (py.Value, error) {
			all, err := v.version()
			if err != nil {
				return nil, err
			}
			for _, first := range all.All() {
				return first, nil
			}
			return nil, &py.Error{Class: "IndexError", Msg: "list index out of range"}
		}),
		query("fullversion", "Gives the versions of LVM, its library and its driver.", func(v *volumes, _ *noArgs) (py.Value, error) {
			all, err := v.version()
			return all, err
		}),
		query("pvdisplay", "Describes physical volumes.", func(v *volumes, a *pvdisplayArgs) (py.Value, error) {
			if a.Real {
				return dict(v.realPVs(a.Pvname, a.Quiet))
			}
			return dict(v.pvs(a.Pvname, a.Quiet))
		}),
		query("vgdisplay", "Describes volume groups.", func(v *volumes, a *vgdisplayArgs) (py.Value, error) {
			return dict(v.vgs(a.Vgname, a.Quiet))
		}),
		query("lvdisplay", "Describes logical volumes.", func(v *volumes, a *lvdisplayArgs) (py.Value, error) {
			return dict(v.lvs(a.Lvname, a.Quiet))
		}),
		action("pvcreate", "Makes devices physical volumes; options of pvcreate are further arguments.", func(v *volumes, a *pvcreateArgs) (py.Value, error) {
			return v.pvcreate(devicesOf(a.Devices), a.Override, a.Force, a.Extra)
		}),
		action("pvremove", "Makes devices no physical volumes.", func(v *volumes, a *pvArgs) (py.Value, error) {
			return v.pvremove(devicesOf(a.Devices), a.Override, a.Force)
		}),
		action("pvresize", "Gives physical volumes the size of their devices.", func(v *volumes, a *pvArgs) (py.Value, error) {
			return v.overPVs("pvresize", devicesOf(a.Devices), a.Override, a.Force)
		}),
		action("vgcreate", "Creates a volume group; options of vgcreate are further arguments.", func(v *volumes, a *vgcreateArgs) (py.Value, error) {
			return v.vgcreate(a.Vgname, devicesOf(a.Devices), a.Force, a.Extra)
		}),
		action("vgextend", "Adds physical volumes to a volume group.", func(v *volumes, a *vgArgs) (py.Value, error) {
			return v.vgextend(a.Vgname, devicesOf(a.Devices), a.Force)
		}),
		action("vgremove", "Removes a volume group.", func(v *volumes, a *vgremoveArgs) (py.Value, error) {
			return v.vgremove(a.Vgname, a.Force)
		}),
		action("lvcreate", "Creates a logical volume; options of lvcreate are further arguments.", func(v *volumes, a *lvcreateArgs) (py.Value, error) {
			return v.lvcreate(a.Lvname, lvArgs{vgname: a.Vgname, size: a.Size, extents: a.Extents, snapshot: a.Snapshot, pv: a.PV,
				thinVolume: a.Thinvolume, thinPool: a.Thinpool, force: a.Force, kw: a.Extra})
		}),
		action("lvremove", "Removes a logical volume.", func(v *volumes, a *lvremoveArgs) (py.Value, error) {
			return v.lvremove(a.Lvname, a.Vgname, a.Force)
		}),
		action("lvresize", "Gives a logical volume another size.", func(v *volumes, a *resizeArgs) (py.Value, error) {
			return dict(v.resize("lvresize", "--force", a.Lvpath, a.Size, a.Extents, a.Force, a.Resizefs))
		}),
		action("lvextend", "Makes a logical volume larger.", func(v *volumes, a *resizeArgs) (py.Value, error) {
			return dict(v.resize("lvextend", "--yes", a.Lvpath, a.Size, a.Extents, a.Force, a.Resizefs))
		}),
	}
}

// dict is a mapping as a value: a nil mapping is none.
func dict(d *py.Dict, err error) (py.Value, error) {
	if d == nil {
		return nil, err
	}
	return d, err
}
