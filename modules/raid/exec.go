package raid

import (
	"context"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type noArgs struct{}

type detailArgs struct {
	Device string `arg:"device" default:"/dev/md0" doc:"The array."`
}

type deviceArgs struct {
	Device string `arg:"device,required" doc:"The array."`
}

type createArgs struct {
	Name     string   `arg:"name,required" doc:"The array."`
	Level    py.Value `arg:"level,required" doc:"The level, such as 1 or 5."`
	Devices  py.Value `arg:"devices,required" doc:"Its members."`
	Metadata py.Value `arg:"metadata" default:"default" doc:"The version of the superblock."`
	TestMode bool     `arg:"test_mode" default:"False" doc:"Only give the command."`
	Extra    *py.Dict `arg:"**"`
}

type assembleArgs struct {
	Name     string   `arg:"name,required" doc:"The array."`
	Devices  py.Value `arg:"devices,required" doc:"Its members, a list or a text with commas."`
	TestMode bool     `arg:"test_mode" default:"False" doc:"Only give the command."`
	Extra    *py.Dict `arg:"**"`
}

type examineArgs struct {
	Device string `arg:"device,required" doc:"The member."`
	Quiet  bool   `arg:"quiet" default:"False" doc:"That it is none is no failure."`
}

type addArgs struct {
	Name   string `arg:"name,required" doc:"The array."`
	Device string `arg:"device,required" doc:"The new member."`
}

func query[A any](name, doc string, run func(r *arrays, a *A) (*py.Dict, error)) *modules.Func {
	return modules.Query[A]{Name: "raid." + name, Doc: doc, Virtual: virtual,
		Run: func(ctx context.Context, c *modules.Call, a *A) (py.Value, error) {
			d, err := run(&arrays{ctx: ctx, c: c}, a)
			if err != nil {
				return nil, err
			}
			return d, nil
		}}.Func()
}

func action[A any](name, doc string, run func(r *arrays, a *A) (py.Value, error)) *modules.Func {
	return modules.Action[A]{Name: "raid." + name, Doc: doc, Virtual: virtual,
		Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *A) (py.Value, error) {
			return run(&arrays{ctx: ctx, c: c, w: w}, a)
		}}.Func()
}

// devicesOf are the items of a list.
func devicesOf(v py.Value) ([]string, error) {
	items, err := py.Collect(v)
	return texts(items), err
}

func execFuncs() []*modules.Func {
	return []*modules.Func{
		query("list", "Lists the arrays.", func(r *arrays, _ *noArgs) (*py.Dict, error) { return r.list() }),
		query("detail", "Describes an array and its members.", func(r *arrays, a *detailArgs) (*py.Dict, error) { return r.detail(a.Device) }),
		query("examine", "Describes a member of an array.", func(r *arrays, a *examineArgs) (*py.Dict, error) { return r.examine(a.Device, a.Quiet) }),
		action("destroy", "Stops an array and clears its members.", func(r *arrays, a *deviceArgs) (py.Value, error) {
			ok, err := r.destroy(a.Device)
			return py.Bool(ok), err
		}),
		action("stop", "Stops all arrays that are not in use; True says that it failed, as in Salt.", func(r *arrays, _ *noArgs) (py.Value, error) {
			s, err := r.c.Do(r.ctx, r.w, "mdadm", "--stop", "--scan")
			return py.Bool(s.Code != 0), err
		}),
		action("create", "Creates an array; options of mdadm are further arguments.", func(r *arrays, a *createArgs) (py.Value, error) {
			devices, err := devicesOf(a.Devices)
			if err != nil {
				return nil, err
			}
			kw := a.Extra.Copy()
			kw.SetStr("metadata", a.Metadata)
			argv, err := createArgv(a.Name, a.Level, devices, kw)
			if err != nil {
				return nil, err
			}
			if a.TestMode {
				return py.Str(strings.Join(argv, " ")), nil
			}
			out, err := r.say(argv...)
			return py.Str(out), err
		}),
		action("assemble", "Assembles an array; options of mdadm are further arguments.", func(r *arrays, a *assembleArgs) (py.Value, error) {
			devices, err := devicesOf(a.Devices)
			if s, ok := a.Devices.(py.Str); ok {
				devices, err = strings.Split(string(s), ","), nil
			}
			if err != nil {
				return nil, err
			}
			argv := assembleArgv(a.Name, devices, a.Extra)
			if a.TestMode {
				return py.NewList(argv...), nil
			}
			out, err := r.say(texts(argv)...)
			return py.Str(out), err
		}),
		action("save_config", "Writes the running arrays into the configuration.", func(r *arrays, _ *noArgs) (py.Value, error) { return r.saveConfig() }),
		action("add", "Adds a member to an array.", func(r *arrays, a *addArgs) (py.Value, error) {
			ok, err := r.add(a.Name, a.Device)
			return py.Bool(ok), err
		}),
	}
}
