package disk

import (
	"context"
	"strings"

	"pinch/internal/py"
	"pinch/modules"
)

// flagsOf are the flags of df that an argument names.
func flagsOf(v py.Value, caller string) (string, error) {
	if v == nil || v == py.None {
		return "", nil
	}
	items, err := py.Collect(v)
	if err != nil {
		return "", err
	}
	flags := ""
	for _, it := range items {
		f := py.ToStr(it)
		if len(f) != 1 || !strings.Contains("aBhHiklPtTxv", f) {
			return "", modules.CommandExecutionError("Invalid flag passed to " + caller)
		}
		flags += f
	}
	return flags, nil
}

// df runs df and gives the words of its lines, without the heading.
func df(ctx context.Context, c *modules.Call, argv ...string) ([][]string, error) {
	s, err := c.DoCommand(ctx, nil, modules.Command{Argv: append([]string{"df"}, argv...), MergeStderr: true})
	if err != nil {
		return nil, err
	}
	var out [][]string
	for _, line := range s.Lines() {
		if w := strings.Fields(line); len(w) > 0 && !strings.HasPrefix(line, "Filesystem") {
			out = append(out, w)
		}
	}
	return out, nil
}

// portable are the options that give a line a file system.
func portable(c *modules.Call) []string {
	switch c.Grains.String("kernel") {
	case "Linux":
		return []string{"-P"}
	case "OpenBSD", "AIX":
		return []string{"-kP"}
	}
	return nil
}

// joined are the words of a line whose first may have blanks; ok is false when
// too little is left.
func joined(w []string) (out []string, ok bool) {
	for len(w) >= 2 && strings.Trim(w[1], "0123456789") != "" {
		w = append([]string{w[0] + " " + w[1]}, w[2:]...)
	}
	return w, len(w) >= 2
}

// columnsOf are where df puts the mount point and what it says before.
func columnsOf(c *modules.Call) (point int, names []string) {
	if c.Grains.String("kernel") == "Darwin" {
		return 8, []string{"filesystem", "512-blocks", "used", "available", "capacity", "iused", "ifree", "%iused"}
	}
	return 5, []string{"filesystem", "1K-blocks", "used", "available", "capacity"}
}

func named(w, names []string) *py.Dict {
	d := py.NewDict()
	for i, k := range names {
		d.SetStr(k, py.Str(w[i]))
	}
	return d
}

const unparsed = "Problem parsing disk usage information"

func usage(ctx context.Context, c *modules.Call, a *flagArgs) (py.Value, error) {
	flags, err := flagsOf(a.Args, "disk.usage")
	if err != nil {
		return nil, err
	}
	if fi, err := c.Stat("/etc/mtab"); c.Grains.String("kernel") == "Linux" && (err != nil || !fi.IsRegular()) {
		c.Log.Error("df cannot run without /etc/mtab")
		return py.NewDict(), nil
	}
	argv := portable(c)
	if flags != "" {
		argv = append(argv, "-"+flags)
	}
	lines, err := df(ctx, c, argv...)
	if err != nil {
		return nil, err
	}
	point, names := columnsOf(c)
	out := py.NewDict()
	var before []string // a long name stands on a line of its own
	for _, w := range lines {
		if w = append(before, w...); len(w) == 1 {
			before = w
			continue
		}
		before = nil
		w, ok := joined(w)
		if !ok {
			continue
		}
		if len(w) <= point {
			c.Log.Error(unparsed)
			out = py.NewDict()
			continue
		}
		out.SetStr(w[point], named(w, names))
	}
	return out, nil
}

func inodeUsage(ctx context.Context, c *modules.Call, a *flagArgs) (py.Value, error) {
	flags, err := flagsOf(a.Args, "disk.inodeusage")
	if err != nil {
		return nil, err
	}
	argv := []string{"-iP"}
	if flags != "" {
		argv = append(argv, "-"+flags)
	}
	lines, err := df(ctx, c, argv...)
	if err != nil {
		return nil, err
	}
	out := py.NewDict()
	for _, w := range lines {
		if len(w) < 6 {
			c.Log.Error("Problem parsing inode usage information")
			out = py.NewDict()
			continue
		}
		out.SetStr(w[5], py.DictOf("inodes", py.Str(w[1]), "used", py.Str(w[2]), "free", py.Str(w[3]), "use", py.Str(w[4]), "filesystem", py.Str(w[0])))
	}
	return out, nil
}

func percent(ctx context.Context, c *modules.Call, a *percentArgs) (py.Value, error) {
	lines, err := df(ctx, c, portable(c)...)
	if err != nil {
		return nil, err
	}
	point, _ := columnsOf(c)
	out := py.NewDict()
	for _, w := range lines {
		w, ok := joined(w)
		if !ok {
			continue
		}
		if len(w) <= point {
			c.Log.Error(unparsed)
			out = py.NewDict()
			continue
		}
		out.SetStr(w[point], py.Str(w[4]))
	}
	if a.Args == "" {
		return out, nil
	}
	if v, ok := out.GetStr(a.Args); ok {
		return v, nil
	}
	c.Log.Error(unparsed+": the partition does not exist", "partition", a.Args)
	return py.NewDict(), nil
}
