package disk

import (
	"context"
	"fmt"
	"time"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return append([]*modules.Func{
		modules.State[tunedArgs]{Name: "blockdev.tuned", Check: checkTuned,
			Doc: "Sets `read-ahead`, `filesystem-read-ahead`, `read-only` and `read-write` of a block device.\n\n```yaml\n/dev/sdb:\n  blockdev.tuned:\n    - read-ahead: 1024\n```"}.Func(),
		modules.State[formattedArgs]{Name: "blockdev.formatted", Check: checkFormatted,
			Doc: "Keeps a file system of a type on a device.\n\n```yaml\n/dev/sdb1:\n  blockdev.formatted:\n    - fs_type: xfs\n```"}.Func(),
	}, execFuncs()...)
}

type tunedArgs struct {
	Name  string   `arg:"name,required" doc:"The block device."`
	Extra *py.Dict `arg:"**"`
}

func checkTuned(_ context.Context, c *modules.Call, a *tunedArgs) (modules.Plan, error) {
	if !isBlock(c, a.Name) {
		return modules.Fail(fmt.Sprintf("Changes to %s cannot be applied. Not a block device.", a.Name)), nil
	}
	return modules.Would(fmt.Sprintf("Changes to %s will be applied ", a.Name), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		before, err := dump(ctx, c, a.Name, nil)
		if err != nil {
			return modules.Done{}, err
		}
		after, err := tune(ctx, c, w, a.Name, a.Extra)
		if err != nil {
			return modules.Done{}, err
		}
		if before == nil { // Salt: looks into False as into a mapping
			return modules.Done{}, py.TypeErrorf("'bool' object is not subscriptable")
		}
		if after.Len() == 0 {
			return modules.Failed("Failed to modify block device " + a.Name), nil
		}
		changes := py.NewDict()
		for k, v := range a.Extra.All() {
			key := py.ToStr(k)
			o, known := options[key]
			old, now := py.OrNone(before.Lookup(o.get)), py.OrNone(after.Lookup(o.get))
			if !known || old == now {
				continue
			}
			if _, isBool := v.(py.Bool); isBool {
				inverse := key == "read-write"
				old, now = py.Bool((old == py.Str("1")) != inverse), py.Bool((now == py.Str("1")) != inverse)
			}
			changes.SetStr(key, py.Str(fmt.Sprintf("Changed from %s to %s", py.ToStr(old), py.ToStr(now))))
		}
		if changes.Len() == 0 {
			return modules.OK(fmt.Sprintf("Block device %s already in correct state", a.Name), nil), nil
		}
		return modules.OK(fmt.Sprintf("Block device %s successfully modified ", a.Name), changes), nil
	}), nil
}

type formattedArgs struct {
	Name   string `arg:"name,required" doc:"The device."`
	FSType string `arg:"fs_type" default:"ext4" doc:"The type of the file system."`
	making
	Extra *py.Dict `arg:"**"`
}

// onDevice is the type of what is on a device, as blkid says; "" is nothing.
func onDevice(ctx context.Context, c *modules.Call, device string) (string, error) {
	s, err := c.DoCommand(ctx, nil, modules.Command{Argv: []string{"blkid", "-o", "value", "-s", "TYPE", device}, MergeStderr: true, IgnoreRetcode: true})
	return s.Out, err
}

func checkFormatted(ctx context.Context, c *modules.Call, a *formattedArgs) (modules.Plan, error) {
	if _, err := c.Stat(a.Name); err != nil {
		return modules.Fail(a.Name + " does not exist"), nil
	}
	have, err := onDevice(ctx, c, a.Name)
	switch {
	case err != nil:
		return modules.Plan{}, err
	case have == a.FSType:
		return modules.InOrder(fmt.Sprintf("%s already formatted with %s", a.Name, a.FSType)), nil
	case c.LookPath("mkfs."+a.FSType) == "":
		return modules.Fail("Invalid fs_type: " + a.FSType), nil
	}
	return modules.Would(fmt.Sprintf("Changes to %s will be applied ", a.Name), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		for k := range a.Extra.All() {
			return modules.Done{}, py.TypeErrorf("format_() got an unexpected keyword argument %s", py.Repr(k))
		}
		if _, err := format(ctx, c, w, a.Name, a.FSType, a.making); err != nil {
			return modules.Done{}, err
		}
		return settled(ctx, c, a)
	}), nil
}

// settled looks for the new file system until the device shows it.
func settled(ctx context.Context, c *modules.Call, a *formattedArgs) (modules.Done, error) {
	for range 10 {
		now, err := onDevice(ctx, c, a.Name)
		if err != nil {
			return modules.Done{}, err
		}
		if now == a.FSType {
			return modules.Done{Result: low.True, Comment: fmt.Sprintf("%s has been formatted with %s", a.Name, a.FSType),
				Changes: py.DictOf("new", py.Str(a.FSType), "old", py.Str(now))}, nil // Salt: the old one is the new one
		}
		if now != "" {
			break
		}
		if err := modules.Sleep(ctx, 3*time.Second); err != nil {
			return modules.Done{}, err
		}
	}
	return modules.Failed("Failed to format " + a.Name), nil
}
