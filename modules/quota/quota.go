// Package quota has Salt's quota module: quotas of file systems, through the
// programs of quota.
package quota

import (
	"context"
	"strings"

	"pinch/internal/py"
	"pinch/modules"
)

func virtual(c *modules.Call) (bool, string) {
	return c.LookPath("setquota") != "", "The quota execution module cannot be loaded: the module is only available on POSIX-like systems with the setquota binary available."
}

func stateVirtual(c *modules.Call) (bool, string) {
	return c.LookPath("setquota") != "", "quota module could not be loaded"
}

func outOfRange() error { return &py.Error{Class: "IndexError", Msg: "list index out of range"} }

// say runs a command that only looks and gives the lines of both streams.
func say(ctx context.Context, c *modules.Call, argv ...string) ([]string, error) {
	s, err := c.DoCommand(ctx, nil, modules.Command{Argv: argv, MergeStderr: true})
	return s.Lines(), err
}

// modes says of the mount point of a device which quotas are on: a mapping, or
// a text where there are none.
func modes(ctx context.Context, c *modules.Call, device string) (*py.Dict, error) {
	lines, err := say(ctx, c, "quotaon", "-p", device)
	if err != nil {
		return nil, err
	}
	out := py.NewDict()
	for _, line := range lines {
		w := strings.Fields(line)
		if len(w) < 4 {
			return nil, outOfRange()
		}
		if !out.Has(w[3]) {
			if strings.HasPrefix(w[0], "quotaon") {
				switch {
				case strings.HasPrefix(w[1], "Mountpoint"):
					if len(w) < 5 {
						return nil, outOfRange()
					}
					out.SetStr(w[4], py.Str("disabled"))
				case strings.HasPrefix(w[1], "Cannot"):
					out.SetStr(device, py.Str("Not found"))
					return out, nil
				}
				continue
			}
			if len(w) < 5 {
				return nil, outOfRange()
			}
			out.SetStr(w[3], py.DictOf("device", py.Str(strings.NewReplacer("(", "", ")", "").Replace(w[4]))))
		}
		if len(w) < 7 {
			return nil, outOfRange()
		}
		d, ok := out.Lookup(w[3]).(*py.Dict)
		if !ok {
			return nil, py.TypeErrorf("'str' object does not support item assignment")
		}
		d.SetStr(w[0], py.Str(w[6]))
	}
	return out, nil
}

// columns are those of repquota after a name and its flags.
var columns = []string{"block-used", "block-soft-limit", "block-hard-limit", "block-grace", "file-used", "file-soft-limit", "file-hard-limit", "file-grace"}

// parse is what repquota reports of the users (-u) or groups (-g) of a device.
func parse(ctx context.Context, c *modules.Call, device, opt string) (*py.Dict, error) {
	lines, err := say(ctx, c, "repquota", "-vp", opt, device)
	if err != nil {
		return nil, err
	}
	of := py.NewDict()
	out := py.DictOf(map[string]string{"-u": "Users", "-g": "Groups"}[opt], of)
	header := true
	for _, line := range lines {
		w := strings.Fields(line)
		switch {
		case line == "":
		case header && strings.Contains(line, "Block grace time"):
			halves := strings.Split(line, ";")
			if len(halves) != 2 {
				return nil, py.ValueErrorf("not enough values to unpack (expected 2, got %d)", len(halves))
			}
			for i, k := range []string{"Block Grace Time", "Inode Grace Time"} {
				parts := strings.Split(halves[i], ": ")
				out.SetStr(k, py.Strings(parts[len(parts)-1]))
			}
		case header:
			header = !strings.HasPrefix(line, "-")
		case len(w) >= 8:
			if len(w) < 2+len(columns) {
				return nil, outOfRange()
			}
			d := py.NewDict()
			for i, k := range columns {
				d.SetStr(k, py.Str(w[2+i]))
			}
			of.SetStr(w[0], d)
		}
	}
	return out, nil
}
