package raid

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return append([]*modules.Func{
		modules.State[presentArgs]{Name: "raid.present", Virtual: stateVirtual, Check: checkPresent,
			Doc: "Keeps a RAID array: it is created, or assembled where its members are there already; options of mdadm are further arguments.\n\n" +
				"```yaml\n/dev/md0:\n  raid.present:\n    - level: 5\n    - devices:\n      - /dev/sdb\n      - /dev/sdc\n      - /dev/sdd\n    - chunk: 256\n    - run: True\n```"}.Func(),
		modules.State[absentArgs]{Name: "raid.absent", Virtual: stateVirtual, Check: checkAbsent,
			Doc: "Keeps a RAID array away; its members are cleared.\n\n```yaml\n/dev/md0:\n  raid.absent: []\n```"}.Func(),
	}, execFuncs()...)
}

type presentArgs struct {
	Name    string   `arg:"name,required" doc:"The array."`
	Level   py.Value `arg:"level,required" doc:"The level, such as 1 or 5."`
	Devices py.Value `arg:"devices,required" doc:"Its members; missing stands for one that is not there."`
	Extra   *py.Dict `arg:"**"`
}

type absentArgs struct {
	Name string `arg:"name,required" doc:"The array."`
}

// found is what there is of an array.
type found struct {
	array                   *py.Dict // nil: it does not run
	missing, members, fresh []string // devices: not there, of the array, of none
	uuids                   []string
}

func (r *arrays) find(name string, devices []string) (*found, error) {
	all, err := r.list()
	if err != nil {
		return nil, err
	}
	f := &found{}
	f.array, _ = all.Lookup(name).(*py.Dict)
	of := map[string][]string{}
	for _, d := range devices {
		if d == "missing" {
			f.missing = append(f.missing, d)
			continue
		}
		if _, err := r.c.Stat(d); err != nil {
			f.missing = append(f.missing, d)
			continue
		}
		block, err := r.examine(d, true)
		if err != nil {
			return nil, err
		}
		v, ok := block.GetStr("MD_UUID")
		if !ok {
			f.fresh = append(f.fresh, d)
			continue
		}
		id := py.ToStr(v)
		if of[id] == nil {
			f.uuids = append(f.uuids, id)
		}
		of[id] = append(of[id], d)
	}
	sort.Strings(f.uuids)
	if len(f.uuids) == 1 {
		f.members = of[f.uuids[0]]
	}
	return f, nil
}

// problem is why an array cannot be had of its devices.
func (f *found) problem() string {
	switch {
	case len(f.uuids) > 1:
		return fmt.Sprintf("Devices are a mix of RAID constituents with multiple MD_UUIDs: %s.", list(f.uuids))
	case len(f.uuids) == 1 && f.array != nil && f.array.Lookup("uuid") != py.Str(f.uuids[0]):
		return fmt.Sprintf("Devices MD_UUIDs: %s differs from present RAID uuid %s.", f.uuids[0], py.ToStr(py.OrNone(f.array.Lookup("uuid"))))
	case f.array == nil && len(f.members) == 0 && len(f.fresh) == 0:
		return fmt.Sprintf("All devices are missing: %s.", list(f.missing))
	}
	return ""
}

func list(ss []string) string { return py.Repr(py.Strings(ss...)) }

func checkPresent(ctx context.Context, c *modules.Call, a *presentArgs) (modules.Plan, error) {
	devices, err := devicesOf(a.Devices)
	if err != nil {
		return modules.Plan{}, err
	}
	f, err := (&arrays{ctx: ctx, c: c}).find(a.Name, devices)
	if err != nil {
		return modules.Plan{}, err
	}
	if p := f.problem(); p != "" {
		return modules.Fail(p), nil
	}
	kw := a.Extra.Copy()
	_, onlyShow := kw.DeleteStr("test_mode")
	if onlyShow {
		return modules.Plan{}, py.TypeErrorf("test_mode is no argument of raid.present: use test=True")
	}
	argv, verb := assembleArgv(a.Name, f.members, kw), "assembled"
	shown := py.Repr(py.NewList(argv...))
	if len(f.members) == 0 {
		created := append([]string{}, f.fresh...)
		for range f.missing {
			created = append(created, "missing")
		}
		command, err := createArgv(a.Name, a.Level, created, kw)
		if err != nil {
			return modules.Plan{}, err
		}
		shown, verb, argv = strings.Join(command, " "), "created", nil
		for _, w := range command {
			argv = append(argv, py.Str(w))
		}
	}
	lacks := ""
	if len(f.missing) > 0 {
		lacks = fmt.Sprintf(" Missing devices: %s", list(f.missing))
	}
	would := modules.Done{Result: low.None, Comment: fmt.Sprintf("Raid will be %s with: %s", verb, shown)}
	if f.array != nil {
		would.Result, would.Comment = low.True, fmt.Sprintf("Raid %s already present.", a.Name)
	}
	adds := (verb == "assembled" || f.array != nil) && len(f.fresh) > 0
	if adds {
		would.Result = low.None
		would.Comment += fmt.Sprintf(" New devices will be added: %s", list(f.fresh))
	}
	would.Comment += lacks
	plan := modules.Plan{Would: would}
	if would.Result == low.None {
		plan.Apply = func(ctx context.Context, w host.Writer) (modules.Done, error) {
			r := &arrays{ctx: ctx, c: c, w: w}
			d, err := r.start(a.Name, verb, texts(argv), f.array != nil)
			if err == nil && adds && d.Result == low.True {
				err = r.join(a.Name, f.fresh, &d)
			}
			d.Comment += lacks
			return d, err
		}
	}
	return plan, nil
}

// start creates or assembles an array that does not run.
func (r *arrays) start(name, verb string, argv []string, runs bool) (modules.Done, error) {
	if runs {
		return modules.OK(fmt.Sprintf("Raid %s already present.", name), py.NewDict()), nil
	}
	if _, err := r.say(argv...); err != nil {
		return modules.Done{}, err
	}
	all, err := r.list()
	if err != nil {
		return modules.Done{}, err
	}
	array, ok := all.Lookup(name).(*py.Dict)
	if !ok {
		return modules.Failed(fmt.Sprintf("Raid %s failed to be %s.", name, verb)), nil
	}
	_, err = r.saveConfig()
	return modules.OK(fmt.Sprintf("Raid %s %s.", name, verb), array), err
}

// join adds members to a running array.
func (r *arrays) join(name string, fresh []string, d *modules.Done) error {
	for _, device := range fresh {
		ok, err := r.add(name, device)
		switch {
		case err != nil:
			return err
		case ok:
			d.Comment += fmt.Sprintf(" Added new device %s to %s.\n", device, name)
		default:
			d.Comment += fmt.Sprintf(" Unable to add %s to %s.\n", device, name)
			d.Result = low.False
		}
	}
	if changes, ok := d.Changes.(*py.Dict); ok && d.Result == low.True {
		changes.SetStr("added", py.Strings(fresh...))
	}
	return nil
}

func checkAbsent(ctx context.Context, c *modules.Call, a *absentArgs) (modules.Plan, error) {
	all, err := (&arrays{ctx: ctx, c: c}).list()
	if err != nil {
		return modules.Plan{}, err
	}
	if !all.Has(a.Name) {
		return modules.InOrder(fmt.Sprintf("Raid %s already absent", a.Name)), nil
	}
	return modules.Would(fmt.Sprintf("Raid %s is set to be destroyed", a.Name), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		ok, err := (&arrays{ctx: ctx, c: c, w: w}).destroy(a.Name)
		if err != nil || !ok {
			return modules.Failed(fmt.Sprintf("Raid %s failed to be destroyed", a.Name)), err
		}
		return modules.OK(fmt.Sprintf("Raid %s has been destroyed", a.Name), nil), nil
	}), nil
}
