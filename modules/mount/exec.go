package mount

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/internal/saltargs"
	"pinch/modules"
)

type activeArgs struct {
	Extended bool `arg:"extended" default:"False" doc:"Everything that the kernel tells."`
}

type configArgs struct {
	Config string `arg:"config" default:"/etc/fstab" doc:"The fstab."`
}

type noArgs struct{}

type rmFstabArgs struct {
	Name   string `arg:"name,required" doc:"The mount point."`
	Device string `arg:"device,required" doc:"The device; None for any."`
	Config string `arg:"config" default:"/etc/fstab" doc:"The fstab."`
}

type setFstabArgs struct {
	Name      string   `arg:"name,required" doc:"The mount point."`
	Device    string   `arg:"device,required" doc:"The device."`
	Fstype    string   `arg:"fstype,required" doc:"The type of the file system."`
	Opts      py.Value `arg:"opts" default:"defaults" doc:"Mount options, a list or a text with commas."`
	Dump      py.Value `arg:"dump" default:"0" doc:"The field for dump."`
	PassNum   py.Value `arg:"pass_num" default:"0" doc:"The field for the order of checks."`
	Config    string   `arg:"config" default:"/etc/fstab" doc:"The fstab."`
	Test      bool     `arg:"test" default:"False" doc:"Only say what would be done."`
	MatchOn   py.Value `arg:"match_on" default:"auto" doc:"The fields by which the line is found."`
	NotChange bool     `arg:"not_change" default:"False" doc:"Leave a line that is there as it is."`
	Extra     *py.Dict `arg:"**"`
}

type mountArgsOf struct {
	Name   string   `arg:"name,required" doc:"The mount point."`
	Device string   `arg:"device" doc:"The device; without one the fstab knows it."`
	Mkmnt  bool     `arg:"mkmnt" default:"False" doc:"Make the mount point."`
	Fstype string   `arg:"fstype" default:"''" doc:"The type of the file system."`
	Opts   py.Value `arg:"opts" default:"defaults" doc:"Mount options, a list or a text with commas."`
	User   string   `arg:"user" doc:"The user who mounts."`
	Util   string   `arg:"util" default:"mount" enum:"mount" doc:"Only mount."`
}

type remountArgs struct {
	Name   string   `arg:"name,required" doc:"The mount point."`
	Device string   `arg:"device,required" doc:"The device."`
	Mkmnt  bool     `arg:"mkmnt" default:"False" doc:"Make the mount point."`
	Fstype string   `arg:"fstype" default:"''" doc:"The type of the file system."`
	Opts   py.Value `arg:"opts" default:"defaults" doc:"Mount options, a list or a text with commas."`
	User   string   `arg:"user" doc:"The user who mounts."`
}

type umountArgs struct {
	Name   string `arg:"name,required" doc:"The mount point."`
	Device string `arg:"device" doc:"The device, in the place of the mount point."`
	User   string `arg:"user" doc:"The user who unmounts."`
	Util   string `arg:"util" default:"mount" enum:"mount" doc:"Only mount."`
	Lazy   bool   `arg:"lazy" default:"False" doc:"Detach it now and clean up when it is free."`
}

type nameArgs struct {
	Name string `arg:"name,required" doc:"The mount point, device or file."`
}

type commandArgs struct {
	Cmd string `arg:"cmd,required" doc:"The program."`
}

type pathArgs struct {
	Path string `arg:"path,required" doc:"A path of the file system."`
}

type swaponArgs struct {
	Name     string   `arg:"name,required" doc:"The device or file."`
	Priority py.Value `arg:"priority" doc:"Its priority."`
}

type realNameArgs struct {
	Name string `arg:"real_name,required" doc:"The mount point."`
}

type writeCacheArgs struct {
	Name   string   `arg:"real_name,required" doc:"The mount point."`
	Device string   `arg:"device,required" doc:"The device."`
	Mkmnt  py.Value `arg:"mkmnt,required" doc:"Whether the mount point was to be made."`
	Fstype string   `arg:"fstype,required" doc:"The type of the file system."`
	Opts   py.Value `arg:"mount_opts,required" doc:"The options."`
}

// trueOr is what Salt returns for a command: True, or what it said.
func trueOr(problem string, err error) (py.Value, error) {
	if err != nil || problem != "" {
		return py.Str(problem), err
	}
	return py.True, nil
}

func execFuncs() []*modules.Func {
	fstab := func(name string) *modules.Func {
		return modules.Query[configArgs]{Name: name, Doc: "Gives the entries of the fstab by mount point.", Run: runFstab}.Func()
	}
	rm := func(name string) *modules.Func {
		return modules.Action[rmFstabArgs]{Name: name, Doc: "Removes a mount point from the fstab.",
			Run: func(_ context.Context, _ *modules.Call, w host.Writer, a *rmFstabArgs) (py.Value, error) {
				return py.True, removeFstab(w, a.Name, a.Device, a.Config)
			}}.Func()
	}
	return []*modules.Func{
		modules.Query[activeArgs]{Name: "mount.active", Doc: "Gives the mounted file systems by mount point.",
			Run: func(ctx context.Context, c *modules.Call, a *activeArgs) (py.Value, error) {
				t, err := readActive(ctx, c, a.Extended)
				if err != nil {
					return nil, err
				}
				d := py.NewDict()
				for _, m := range t.list {
					d.SetStr(m.point, m.dict())
				}
				return d, nil
			}}.Func(),
		fstab("mount.fstab"), fstab("mount.vfstab"), rm("mount.rm_fstab"), rm("mount.rm_vfstab"),
		modules.Action[setFstabArgs]{Name: "mount.set_fstab", Doc: "Keeps a mount point in the fstab: present, new or change.", Run: runSetFstab}.Func(),
		modules.Action[mountArgsOf]{Name: "mount.mount", Doc: "Mounts a file system: True, or what mount said.",
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *mountArgsOf) (py.Value, error) {
				return trueOr(doMount(ctx, c, w, a.Name, a.Device, a.Mkmnt, a.Fstype, optList(a.Opts), a.User))
			}}.Func(),
		modules.Action[remountArgs]{Name: "mount.remount", Doc: "Mounts a file system again with other options: True, or what mount said.",
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *remountArgs) (py.Value, error) {
				return trueOr(doRemount(ctx, c, w, a.Name, a.Device, a.Mkmnt, a.Fstype, optList(a.Opts), a.User))
			}}.Func(),
		modules.Action[umountArgs]{Name: "mount.umount", Doc: "Unmounts a file system: True, or what umount said.",
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *umountArgs) (py.Value, error) {
				return trueOr(doUmount(ctx, c, w, a.Name, a.Device, a.User, a.Lazy))
			}}.Func(),
		modules.Query[nameArgs]{Name: "mount.is_mounted", Doc: "Says whether something is mounted on a path.",
			Run: func(ctx context.Context, c *modules.Call, a *nameArgs) (py.Value, error) {
				t, err := readActive(ctx, c, false)
				return py.Bool(err == nil && t.get(a.Name) != nil), err
			}}.Func(),
		modules.Query[commandArgs]{Name: "mount.is_fuse_exec", Doc: "Says whether a program mounts with FUSE.", Run: runIsFuse}.Func(),
		modules.Query[noArgs]{Name: "mount.swaps", Doc: "Gives the active swap devices and files.",
			Run: func(_ context.Context, c *modules.Call, _ *noArgs) (py.Value, error) {
				return swapsValue(readSwaps(c, c))
			}}.Func(),
		modules.Action[swaponArgs]{Name: "mount.swapon", Doc: "Takes a swap device or file into use.", Run: runSwapon}.Func(),
		modules.Action[nameArgs]{Name: "mount.swapoff", Doc: "Takes a swap device or file out of use; None when it was not.", Run: runSwapoff}.Func(),
		modules.Query[nameArgs]{Name: "mount.read_mount_cache", Doc: "Gives what was mounted last on a path.",
			Run: func(_ context.Context, c *modules.Call, a *nameArgs) (py.Value, error) {
				return swapsValue(cached(c, c, a.Name))
			}}.Func(),
		modules.Action[writeCacheArgs]{Name: "mount.write_mount_cache", Doc: "Notes what was mounted on a path.",
			Run: func(_ context.Context, c *modules.Call, w host.Writer, a *writeCacheArgs) (py.Value, error) {
				return py.True, writeCache(c, w, a.Name, a.Device, a.Mkmnt, a.Fstype, a.Opts)
			}}.Func(),
		modules.Action[realNameArgs]{Name: "mount.delete_mount_cache", Doc: "Forgets what was mounted on a path.",
			Run: func(_ context.Context, c *modules.Call, w host.Writer, a *realNameArgs) (py.Value, error) {
				return py.True, dropCache(c, w, a.Name)
			}}.Func(),
		modules.Query[pathArgs]{Name: "mount.get_mount_from_path", Doc: "Names the mount point that a path is below.",
			Run: func(_ context.Context, c *modules.Call, a *pathArgs) (py.Value, error) {
				return strValue(mountOf(c, a.Path))
			}}.Func(),
		modules.Query[pathArgs]{Name: "mount.get_device_from_path", Doc: "Names the device that a path is on.",
			Run: func(ctx context.Context, c *modules.Call, a *pathArgs) (py.Value, error) {
				point, err := mountOf(c, a.Path)
				if err != nil {
					return nil, err
				}
				t, err := readActive(ctx, c, false)
				if err != nil || t.get(point) == nil {
					return py.None, err
				}
				return py.Str(t.get(point).device), nil
			}}.Func(),
	}
}

// swapsValue keeps a nil dict of an error from becoming a value.
func swapsValue(d *py.Dict, err error) (py.Value, error) {
	if err != nil {
		return nil, err
	}
	return d, nil
}

func strValue(s string, err error) (py.Value, error) { return py.Str(s), err }

func runFstab(_ context.Context, c *modules.Call, a *configArgs) (py.Value, error) {
	tab, err := readFstab(c, a.Config)
	d := py.NewDict()
	for _, t := range tab {
		d.SetStr(t.name, t.dict())
	}
	return d, err
}

func runSetFstab(_ context.Context, c *modules.Call, w host.Writer, a *setFstabArgs) (py.Value, error) {
	f := &setFstab{name: a.Name, device: a.Device, fstype: a.Fstype, opts: strings.Join(optList(a.Opts), ","),
		dump: py.ToStr(a.Dump), pass: py.ToStr(a.PassNum), config: a.Config, matchOn: a.MatchOn, notChange: a.NotChange}
	dry, err := saltargs.TestMode(a.Extra)
	if err != nil {
		return nil, err
	}
	if a.Test || dry {
		return strValue(f.set(c, nil))
	}
	return strValue(f.set(w, w))
}

func runIsFuse(ctx context.Context, c *modules.Call, a *commandArgs) (py.Value, error) {
	p := c.LookPath(a.Cmd)
	if p == "" {
		return py.False, nil
	}
	// Salt asks ldd, which runs the program's loader; the name stands in the file
	data, err := c.ReadFile(p)
	return py.Bool(strings.Contains(string(data), "libfuse")), err
}

// readSwaps is Salt's mount.swaps.
func readSwaps(c *modules.Call, r host.Reader) (*py.Dict, error) {
	if k := c.Grains.String("kernel"); k != "Linux" {
		return nil, modules.CommandExecutionError("mount.swaps: not supported on " + k)
	}
	data, err := r.ReadFile("/proc/swaps")
	if err != nil {
		return nil, fmt.Errorf("/proc/swaps: %w", err)
	}
	d := py.NewDict()
	for line := range strings.Lines(string(data)) {
		if w := strings.Fields(line); len(w) >= 5 && w[0] != "Filename" {
			d.SetStr(w[0], py.DictOf("type", py.Str(w[1]), "size", py.Str(w[2]), "used", py.Str(w[3]), "priority", py.Str(w[4])))
		}
	}
	return d, nil
}

func runSwapon(ctx context.Context, c *modules.Call, w host.Writer, a *swaponArgs) (py.Value, error) {
	on, err := readSwaps(c, w)
	if err != nil {
		return nil, err
	}
	if v := on.Lookup(a.Name); v != nil {
		return py.DictOf("stats", v, "new", py.False), nil
	}
	argv := []string{"swapon", a.Name}
	if py.IsTrue(a.Priority) {
		argv = append(argv, "-p", py.ToStr(a.Priority))
	}
	if _, err := c.Do(ctx, w, argv...); err != nil {
		return nil, err
	}
	if on, err = readSwaps(c, w); err != nil {
		return nil, err
	}
	if v := on.Lookup(a.Name); v != nil {
		return py.DictOf("stats", v, "new", py.True), nil
	}
	return py.NewDict(), nil
}

func runSwapoff(ctx context.Context, c *modules.Call, w host.Writer, a *nameArgs) (py.Value, error) {
	on, err := readSwaps(c, w)
	if err != nil || !on.Has(a.Name) {
		return py.None, err
	}
	if _, err := c.Do(ctx, w, "swapoff", a.Name); err != nil {
		return nil, err
	}
	if on, err = readSwaps(c, w); err != nil {
		return nil, err
	}
	return py.Bool(!on.Has(a.Name)), nil
}

// mountOf finds the mount point of a path: the directory whose parent is on
// another device, or which is its own parent.
func mountOf(r host.Reader, path string) (string, error) {
	p, err := host.Realpath(r, path)
	if err != nil {
		return "", err
	}
	for p != "/" {
		here, err := r.Lstat(p)
		up, perr := r.Stat(pypath.Dir(p))
		if err == nil && perr == nil && !here.IsLink() && (here.Dev != up.Dev || here.Inode == up.Inode) {
			return p, nil
		}
		p = pypath.Dir(p)
	}
	return p, nil
}
