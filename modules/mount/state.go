// Package mount has Salt's mount module: mounted file systems, swap and the
// fstab. It works on Linux; on FreeBSD and macOS what is mounted is read from
// mount(8).
package mount

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/modules"
	"pinch/states/low"
)

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return append([]*modules.Func{
		modules.State[mountedArgs]{Name: "mount.mounted", Check: checkMounted, Watch: watchMounted,
			Doc: "Keeps a file system mounted and in the fstab.\n\n```yaml\n/srv/data:\n  mount.mounted:\n    - device: UUID=066e0200-2867-4ebe-b9e6-f30026ca2314\n    - fstype: xfs\n" +
				"    - opts:\n      - noatime\n    - mkmnt: True\n```"}.Func(),
		modules.State[unmountedArgs]{Name: "mount.unmounted", Check: checkUnmounted, Watch: watchOther[unmountedArgs]("unmounted"),
			Doc: "Keeps a file system from being mounted.\n\n```yaml\n/mnt/old:\n  mount.unmounted:\n    - persist: True\n```"}.Func(),
		modules.State[swapArgs]{Name: "mount.swap", Check: checkSwap, Watch: watchOther[swapArgs]("swap"),
			Doc: "Keeps a swap device or file in use and in the fstab.\n\n```yaml\n/swapfile:\n  mount.swap: []\n```"}.Func(),
		modules.State[fstabPresentArgs]{Name: "mount.fstab_present", Check: checkFstabPresent, Watch: watchOther[fstabPresentArgs]("fstab_present"),
			Doc: "Keeps a line in the fstab.\n\n```yaml\n/dev/sdb1:\n  mount.fstab_present:\n    - fs_file: /srv/data\n    - fs_vfstype: ext4\n    - mount_by: uuid\n```"}.Func(),
		modules.State[fstabAbsentArgs]{Name: "mount.fstab_absent", Check: checkFstabAbsent, Watch: watchOther[fstabAbsentArgs]("fstab_absent"),
			Doc: "Keeps a line out of the fstab.\n\n```yaml\n/dev/sdb1:\n  mount.fstab_absent:\n    - fs_file: /srv/data\n```"}.Func(),
	}, execFuncs()...)
}

// watchMounted remounts when a watched state has changed.
func watchMounted(_ context.Context, c *modules.Call, a *mountedArgs) (modules.Plan, error) {
	data := c.Chunk.Data
	for _, k := range []string{"device", "fstype", "opts"} {
		if !data.Has(k) {
			return modules.Plan{}, &py.Error{Class: "KeyError", Msg: "'" + k + "'"}
		}
	}
	return modules.Would(a.Name+" would be remounted", nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		problem, err := doRemount(ctx, c, w, a.Name, a.Device, false, a.Fstype, optList(a.Opts), a.User)
		if err != nil {
			return modules.Done{}, err
		}
		d := modules.OK(a.Name+" remounted", nil)
		if problem != "" { // Salt: takes the text of the error for success
			d.Warnings = []string{fmt.Sprintf("remount of %s failed: %s", a.Name, problem)}
		}
		return d, nil
	}), nil
}

// watchOther is the mod_watch of the functions that have nothing to do then.
func watchOther[A any](fun string) func(context.Context, *modules.Call, *A) (modules.Plan, error) {
	return func(context.Context, *modules.Call, *A) (modules.Plan, error) {
		return modules.InOrder("Watch not supported in " + fun + " at this time"), nil
	}
}

type unmountedArgs struct {
	Name    string   `arg:"name,required" doc:"The mount point."`
	Device  string   `arg:"device" doc:"The device, where several are mounted."`
	Config  string   `arg:"config" default:"/etc/fstab" doc:"The fstab."`
	Persist bool     `arg:"persist" default:"False" doc:"Remove the line of the fstab too."`
	User    string   `arg:"user" doc:"The user who unmounts."`
	Extra   *py.Dict `arg:"**"`
}

func checkUnmounted(ctx context.Context, c *modules.Call, a *unmountedArgs) (modules.Plan, error) {
	if a.Name == "" {
		return modules.Fail("Must provide name to mount.unmounted"), nil
	}
	if a.Persist && isDarwin(c) {
		return modules.Plan{}, modules.CommandExecutionError("mount.unmounted: persist is not supported on macOS, which has no fstab")
	}
	if c.Test {
		d, err := unmounted(ctx, c, c, nil, a)
		return modules.Plan{Would: d}, err
	}
	return modules.Plan{Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) { return unmounted(ctx, c, w, w, a) }}, nil
}

// unmounted is the state; w is nil in test mode.
func unmounted(ctx context.Context, c *modules.Call, r host.Reader, w host.Writer, a *unmountedArgs) (modules.Done, error) {
	changes := py.NewDict()
	d := modules.Done{Result: low.True, Changes: changes, Comment: "Target was already unmounted"}
	t, err := readActive(ctx, c, true)
	if err != nil {
		return d, err
	}
	if t.get(strings.ReplaceAll(a.Name, " ", `\040`)) != nil {
		if w == nil {
			d.Result, d.Comment = low.None, fmt.Sprintf("Mount point %s is mounted but should not be", a.Name)
			return d, nil
		}
		problem, err := doUmount(ctx, c, w, a.Name, a.Device, a.User, false)
		if err != nil {
			return d, err
		}
		d.Comment = problem
		if problem != "" {
			d.Result = low.False
		} else {
			d.Comment = "Target was successfully unmounted"
			changes.SetStr("umount", py.True)
		}
		if err := dropCache(c, w, a.Name); err != nil {
			return d, err
		}
	}
	if !a.Persist {
		return d, nil
	}
	tab, err := readFstab(r, a.Config)
	if err != nil {
		return d, err
	}
	switch e := find(tab, a.Name); {
	case e == nil:
		d.Comment += ". fstab entry not found"
		return d, nil
	case a.Device != "" && e["device"] != a.Device:
		d.Comment += fmt.Sprintf(". fstab entry for device %s not found", a.Device)
		return d, nil
	}
	if w == nil {
		d.Result = low.None
		d.Comment = fmt.Sprintf("Mount point %s is unmounted but needs to be purged from %s to be made persistent", a.Name, a.Config)
		return d, nil
	}
	if err := removeFstab(w, a.Name, a.Device, a.Config); err != nil {
		return d, err
	}
	d.Comment += ". Removed target from fstab"
	changes.SetStr("persist", py.Str("purged"))
	return d, nil
}

type swapArgs struct {
	Name    string `arg:"name,required" doc:"The device or file."`
	Persist bool   `arg:"persist" default:"True" doc:"Keep it in the fstab."`
	Config  string `arg:"config" default:"/etc/fstab" doc:"The fstab."`
}

func checkSwap(ctx context.Context, c *modules.Call, a *swapArgs) (modules.Plan, error) {
	if c.Test {
		d, err := swap(ctx, c, c, nil, a)
		return modules.Plan{Would: d}, err
	}
	return modules.Plan{Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) { return swap(ctx, c, w, w, a) }}, nil
}

// swap is the state; w is nil in test mode.
func swap(ctx context.Context, c *modules.Call, r host.Reader, w host.Writer, a *swapArgs) (modules.Done, error) {
	changes := py.NewDict()
	d := modules.Done{Result: low.True, Changes: changes}
	on, err := readSwaps(c, r)
	if err != nil {
		return d, err
	}
	device := a.Name
	if fi, err := r.Lstat(a.Name); err == nil && fi.IsLink() {
		target, err := r.Readlink(a.Name)
		if err != nil {
			return d, err
		}
		if device = target; !strings.HasPrefix(target, "/") {
			device = "/dev/" + pypath.Base(target)
		}
	}
	switch {
	case on.Has(device):
		d.Comment = fmt.Sprintf("Swap %s already active", a.Name)
	case w == nil:
		d.Result, d.Comment = low.None, fmt.Sprintf("Swap %s is set to be activated", a.Name)
	default:
		if _, err := c.Do(ctx, w, "swapon", device); err != nil {
			return d, err
		}
		if on, err = readSwaps(c, r); err != nil {
			return d, err
		}
		d.Result, d.Comment = low.False, fmt.Sprintf("Swap %s failed to activate", a.Name)
		if stats, ok := on.Lookup(device).(*py.Dict); ok {
			d.Result, d.Comment = low.True, fmt.Sprintf("Swap %s activated", a.Name)
			changes.Update(stats)
		}
	}
	if !a.Persist {
		return d, nil
	}
	tab, err := readFstab(r, a.Config)
	if err != nil {
		return d, err
	}
	if w == nil {
		kept := find(tab, a.Name) != nil
		for _, t := range tab {
			kept = kept || t.entry["device"] == a.Name
		}
		if !kept {
			d.Result = low.None
			if on.Has(a.Name) {
				d.Comment = fmt.Sprintf("Swap %s is set to be added to the fstab and to be activated", a.Name)
			}
		}
		return d, nil
	}
	if e := find(tab, "none"); e != nil && e["device"] == a.Name && e["fstype"] != "swap" {
		return d, nil
	}
	f := &setFstab{name: "none", device: a.Name, fstype: "swap", opts: "defaults", dump: "0", pass: "0", config: a.Config}
	word, err := f.set(r, w)
	switch word {
	case "new":
		changes.SetStr("persist", py.Str("new"))
		d.Comment += ". Added new entry to the fstab."
	case "change":
		changes.SetStr("persist", py.Str("update"))
		d.Comment += ". Updated the entry in the fstab."
	}
	return d, err
}
