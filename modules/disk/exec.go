package disk

import (
	"context"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type flagArgs struct {
	Args py.Value `arg:"args" doc:"Flags of df, a text or a list."`
}

type percentArgs struct {
	Args string `arg:"args" doc:"Only of this mount point."`
}

type blkidArgs struct {
	Device string `arg:"device" doc:"The device."`
	Token  string `arg:"token" doc:"What to look for, such as TYPE=ext4."`
}

type deviceArgs struct {
	Device string `arg:"device,required" doc:"The device."`
}

type tuneArgs struct {
	Device string   `arg:"device,required" doc:"The device."`
	Extra  *py.Dict `arg:"**"`
}

type dumpArgs struct {
	Device string   `arg:"device,required" doc:"The device."`
	Args   []string `arg:"args" doc:"Only these facts."`
}

type formatArgs struct {
	Device string `arg:"device,required" doc:"The device."`
	FSType string `arg:"fs_type" default:"ext4" doc:"The type of the file system."`
	making
}

type pathArgs struct {
	Path string `arg:"path,required" doc:"The path."`
}

func execFuncs() []*modules.Func {
	succeeds := func(name, doc string, failed py.Value, argv ...string) *modules.Func {
		return modules.Action[deviceArgs]{Name: "disk." + name, Doc: doc,
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *deviceArgs) (py.Value, error) {
				s, err := c.Do(ctx, w, append(argv[:len(argv):len(argv)], a.Device)...)
				if err != nil || s.Code != 0 {
					return failed, err
				}
				return py.True, nil
			}}.Func()
	}
	return []*modules.Func{
		modules.Query[flagArgs]{Name: "disk.usage", Doc: "Says how full mounted file systems are.", Run: usage}.Func(),
		modules.Query[flagArgs]{Name: "disk.inodeusage", Doc: "Says how many inodes of mounted file systems are used.", Run: inodeUsage}.Func(),
		modules.Query[percentArgs]{Name: "disk.percent", Doc: "Says how full mounted file systems are, in percent.", Run: percent}.Func(),
		modules.Query[blkidArgs]{Name: "disk.blkid", Doc: "Gives what blkid knows of devices.", Run: blkid}.Func(),
		modules.Action[tuneArgs]{Name: "disk.tune", Doc: "Sets `read-ahead`, `filesystem-read-ahead`, `read-only` and `read-write` of a device.",
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *tuneArgs) (py.Value, error) {
				return orFalse(tune(ctx, c, w, a.Device, a.Extra))
			}}.Func(),
		succeeds("wipe", "Removes the signatures of file systems.", py.False, "wipefs", "-a"),
		modules.Query[dumpArgs]{Name: "disk.dump", Doc: "Gives what blockdev says of a device.",
			Run: func(ctx context.Context, c *modules.Call, a *dumpArgs) (py.Value, error) {
				return orFalse(dump(ctx, c, a.Device, a.Args))
			}}.Func(),
		succeeds("resize2fs", "Gives a file system the size of its device.", py.None, "resize2fs"),
		modules.Action[formatArgs]{Name: "disk.format", Doc: "Makes a file system.",
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *formatArgs) (py.Value, error) {
				ok, err := format(ctx, c, w, a.Device, a.FSType, a.making)
				return py.Bool(ok), err
			}}.Func(),
		modules.Query[deviceArgs]{Name: "disk.fstype", Doc: "Names the type of the file system of a device.",
			Run: func(ctx context.Context, c *modules.Call, a *deviceArgs) (py.Value, error) {
				t, err := fsType(ctx, c, a.Device)
				return py.Str(t), err
			}}.Func(),
		modules.Query[pathArgs]{Name: "disk.get_fstype_from_path", Doc: "Names the type of the file system that a path is on.",
			Run: func(ctx context.Context, c *modules.Call, a *pathArgs) (py.Value, error) {
				device, err := c.Funcs.Call(ctx, "mount.get_device_from_path", &py.Args{Pos: []py.Value{py.Str(a.Path)}})
				if err != nil {
					return nil, err
				}
				t, err := fsType(ctx, c, py.ToStr(device))
				return py.Str(t), err
			}}.Func(),
	}
}

func orFalse(d *py.Dict, err error) (py.Value, error) {
	if d == nil {
		return py.False, err
	}
	return d, err
}

// blkid is Salt's disk.blkid.
func blkid(ctx context.Context, c *modules.Call, a *blkidArgs) (py.Value, error) {
	if err := need(c, "blkid"); err != nil {
		return nil, err
	}
	argv := []string{"blkid"}
	if a.Device != "" {
		argv = append(argv, a.Device)
	} else if a.Token != "" {
		argv = append(argv, "-t", a.Token)
	}
	s, err := c.Ask(ctx, argv...)
	out := py.NewDict()
	if err != nil || s.Code > 0 {
		return out, err
	}
	for _, line := range s.Lines() {
		device, rest, _ := strings.Cut(line, " ")
		if device == "" {
			continue
		}
		info := py.NewDict()
		words := strings.Split(rest, `"`)
		for i := 0; i+1 < len(words); i += 2 {
			info.SetStr(strings.Trim(strings.Trim(words[i], "="), " "), py.Str(words[i+1]))
		}
		out.SetStr(device[:len(device)-1], info)
	}
	return out, nil
}
