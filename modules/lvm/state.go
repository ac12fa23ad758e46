package lvm

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return append([]*modules.Func{
		modules.State[pvPresentArgs]{Name: "lvm.pv_present", Virtual: stateVirtual, Check: checkPVPresent,
			Doc: "Keeps a device a physical volume; options of pvcreate are further arguments.\n\n```yaml\n/dev/sdb:\n  lvm.pv_present: []\n```"}.Func(),
		modules.State[nameArgs]{Name: "lvm.pv_absent", Virtual: stateVirtual, Check: checkPVAbsent,
			Doc: "Keeps a device from being a physical volume.\n\n```yaml\n/dev/sdb:\n  lvm.pv_absent: []\n```"}.Func(),
		modules.State[vgPresentArgs]{Name: "lvm.vg_present", Virtual: stateVirtual, Check: checkVGPresent,
			Doc: "Keeps a volume group with its physical volumes; options of vgcreate are further arguments.\n\n```yaml\ndata:\n  lvm.vg_present:\n    - devices:\n      - /dev/sdb\n      - /dev/sdc\n```"}.Func(),
		modules.State[nameArgs]{Name: "lvm.vg_absent", Virtual: stateVirtual, Check: checkVGAbsent,
			Doc: "Keeps a volume group away.\n\n```yaml\ndata:\n  lvm.vg_absent: []\n```"}.Func(),
		modules.State[lvPresentArgs]{Name: "lvm.lv_present", Virtual: stateVirtual, Check: checkLVPresent,
			Doc: "Keeps a logical volume, of a size; options of lvcreate are further arguments.\n\n```yaml\nsrv:\n  lvm.lv_present:\n    - vgname: data\n    - size: 10G\n    - stripes: 2\n```"}.Func(),
		modules.State[lvAbsentArgs]{Name: "lvm.lv_absent", Virtual: stateVirtual, Check: checkLVAbsent,
			Doc: "Keeps a logical volume away.\n\n```yaml\nsrv:\n  lvm.lv_absent:\n    - vgname: data\n```"}.Func(),
	}, execFuncs()...)
}

type nameArgs struct {
	Name string `arg:"name,required" doc:"The device or the volume group."`
}

type pvPresentArgs struct {
	Name     string   `arg:"name,required" doc:"The device."`
	Override bool     `arg:"override" default:"True" doc:"Pass over devices that need nothing."`
	Force    bool     `arg:"force" default:"True" doc:"Answer questions with yes."`
	Extra    *py.Dict `arg:"**"`
}

func checkPVPresent(ctx context.Context, c *modules.Call, a *pvPresentArgs) (modules.Plan, error) {
	have, err := (&volumes{ctx: ctx, c: c}).pvs(a.Name, true)
	if err != nil {
		return modules.Plan{}, err
	}
	if have.Len() > 0 {
		return modules.InOrder(fmt.Sprintf("Physical Volume %s already present", a.Name)), nil
	}
	return modules.Would(fmt.Sprintf("Physical Volume %s is set to be created", a.Name), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		v := &volumes{ctx: ctx, c: c, w: w}
		out, err := v.pvcreate(devicesOf(py.Str(a.Name)), a.Override, a.Force, a.Extra)
		if err != nil {
			return modules.Done{}, err
		}
		have, err := v.pvs(a.Name, false)
		if err != nil || have.Len() == 0 {
			return modules.Failed(fmt.Sprintf("Failed to create Physical Volume %s", a.Name)), err
		}
		return modules.OK(fmt.Sprintf("Created Physical Volume %s", a.Name), py.DictOf("created", out)), nil
	}), nil
}

// absent is the state of something that is to be away: ask says whether it is
// there.
func absent(what, name, gone string, ask func(v *volumes) (*py.Dict, error), remove func(v *volumes) (py.Value, error),
) func(ctx context.Context, c *modules.Call) (modules.Plan, error) {
	return func(ctx context.Context, c *modules.Call) (modules.Plan, error) {
		have, err := ask(&volumes{ctx: ctx, c: c})
		if err != nil {
			return modules.Plan{}, err
		}
		if have.Len() == 0 {
			return modules.InOrder(fmt.Sprintf("%s %s %s", what, name, gone)), nil
		}
		return modules.Would(fmt.Sprintf("%s %s is set to be removed", what, name), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
			v := &volumes{ctx: ctx, c: c, w: w}
			out, err := remove(v)
			if err != nil {
				return modules.Done{}, err
			}
			have, err := ask(v)
			if err != nil || have.Len() > 0 {
				return modules.Failed(fmt.Sprintf("Failed to remove %s %s", what, name)), err
			}
			return modules.OK(fmt.Sprintf("Removed %s %s", what, name), py.DictOf("removed", out)), nil
		}), nil
	}
}

func checkPVAbsent(ctx context.Context, c *modules.Call, a *nameArgs) (modules.Plan, error) {
	return absent("Physical Volume", a.Name, "does not exist",
		func(v *volumes) (*py.Dict, error) { return v.pvs(a.Name, true) },
		func(v *volumes) (py.Value, error) { return v.pvremove(devicesOf(py.Str(a.Name)), true, true) })(ctx, c)
}

func checkVGAbsent(ctx context.Context, c *modules.Call, a *nameArgs) (modules.Plan, error) {
	return absent("Volume Group", a.Name, "already absent",
		func(v *volumes) (*py.Dict, error) { return v.vgs(a.Name, true) },
		func(v *volumes) (py.Value, error) { return v.vgremove(a.Name, true) })(ctx, c)
}

type vgPresentArgs struct {
	Name    string   `arg:"name,required" doc:"The volume group."`
	Devices py.Value `arg:"devices" doc:"Its physical volumes, a list or a text with commas."`
	Force   bool     `arg:"force" default:"False" doc:"Answer questions with yes."`
	Extra   *py.Dict `arg:"**"`
}

func checkVGPresent(ctx context.Context, c *modules.Call, a *vgPresentArgs) (modules.Plan, error) {
	v := &volumes{ctx: ctx, c: c}
	have, err := v.vgs(a.Name, true)
	if err != nil {
		return modules.Plan{}, err
	}
	devices := devicesOf(a.Devices)
	if have.Len() > 0 {
		if _, none := a.Devices.(py.NoneType); none {
			return modules.Plan{}, py.TypeErrorf("'NoneType' object is not iterable")
		}
		return v.extension(a.Name, devices)
	}
	return modules.Would(fmt.Sprintf("Volume Group %s is set to be created", a.Name), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		v := &volumes{ctx: ctx, c: c, w: w}
		out, err := v.vgcreate(a.Name, devices, a.Force, a.Extra)
		if err != nil {
			return modules.Done{}, err
		}
		have, err := v.vgs(a.Name, false)
		if err != nil || have.Len() == 0 {
			return modules.Failed(fmt.Sprintf("Failed to create Volume Group %s", a.Name)), err
		}
		return modules.OK(fmt.Sprintf("Created Volume Group %s", a.Name), py.DictOf("created", out)), nil
	}), nil
}

// member is a device of a volume group that is there.
type member struct {
	device, real string
	group        string // that it belongs to; "" is none
	missing      bool   // it is no physical volume
}

func (v *volumes) member(device string) (member, error) {
	m := member{device: device}
	real, err := host.Realpath(v.c, device)
	if err != nil {
		return m, err
	}
	m.real = real
	all, err := v.realPVs(real, false)
	if err != nil {
		return m, err
	}
	d, ok := all.Lookup(real).(*py.Dict)
	if !ok {
		m.missing = true
		return m, nil
	}
	if m.group = py.ToStr(py.OrNone(d.Lookup("Volume Group Name"))); m.group == "#orphans_lvm2" {
		m.group = ""
	}
	return m, nil
}

// extension says which devices a volume group lacks, and adds them.
func (v *volumes) extension(name string, devices []string) (modules.Plan, error) {
	members := make([]member, len(devices))
	lacks := false
	for i, d := range devices {
		m, err := v.member(d)
		if err != nil {
			return modules.Plan{}, err
		}
		members[i] = m
		lacks = lacks || !m.missing && m.group == ""
	}
	would, err := extend(name, members, func(member) (bool, error) { return false, nil })
	if err != nil || !lacks {
		return modules.Plan{Would: would}, err
	}
	if would.Result == low.True {
		would.Result = low.None
	}
	c := v.c
	return modules.Plan{Would: would, Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) {
		v := &volumes{ctx: ctx, c: c, w: w}
		return extend(name, members, func(m member) (bool, error) {
			if _, err := v.vgextend(name, strings.Split(m.device, ","), false); err != nil {
				return false, err
			}
			now, err := v.member(m.device)
			if err == nil && now.group != name {
				return false, errNotAdded
			}
			return true, err
		})
	}}, nil
}

var errNotAdded = modules.CommandExecutionError("not added")

// extend goes through the devices of a group; add says whether it added one.
func extend(name string, members []member, add func(member) (bool, error)) (modules.Done, error) {
	changes := py.NewDict()
	d := modules.Done{Result: low.True, Changes: changes, Comment: fmt.Sprintf("Volume Group %s already present", name)}
	say := func(ok bool, format string, args ...any) {
		d.Comment += "\n" + fmt.Sprintf(format, args...)
		if !ok {
			d.Result = low.False
		}
	}
	for _, m := range members {
		switch {
		case m.missing:
			say(false, "pv %s is not present", m.device)
		case m.group == name:
			say(true, "%s is part of Volume Group", m.device)
		case m.group != "":
			say(false, "%s is part of %s", m.device, m.group)
		default:
			added, err := add(m)
			switch {
			case err == errNotAdded:
				say(false, "%s could not be added", m.device)
			case err != nil:
				return d, err
			case added:
				changes.SetStr(m.device, py.Str("added to "+name))
			default:
				say(true, "%s is set to be added", m.device)
			}
		}
	}
	return d, nil
}
