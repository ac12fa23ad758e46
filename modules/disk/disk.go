// Package disk has Salt's disk and blockdev modules: block devices, what is on
// them, and how full file systems are.
package disk

import (
	"context"
	"fmt"
	"io/fs"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/saltargs"
	"pinch/modules"
)

// need is Salt's decorator of functions that want a program.
func need(c *modules.Call, programs ...string) error {
	for _, p := range programs {
		if c.LookPath(p) == "" {
			return &modules.Error{Class: "CommandNotFoundError", Msg: fmt.Sprintf("The '%s' binary was not found in $PATH.", p)}
		}
	}
	return nil
}

// facts are what blockdev(8) says of a device, in the order in which dump asks.
var facts = []string{"getro", "getsz", "getss", "getpbsz", "getiomin", "getioopt", "getalignoff", "getmaxsect", "getsize", "getsize64", "getra", "getfra"}

// dump is Salt's disk.dump: what blockdev says, of some facts or all; nil when
// it fails.
func dump(ctx context.Context, c *modules.Call, device string, some []string) (*py.Dict, error) {
	argv := []string{"blockdev"}
	for _, f := range facts {
		argv = append(argv, "--"+f)
	}
	s, err := c.Ask(ctx, append(argv, device)...)
	if err != nil || s.Code != 0 {
		return nil, err
	}
	out, n := py.NewDict(), 0
	for _, line := range s.Lines() {
		if line == "" {
			continue
		}
		if n >= len(facts) {
			return nil, &py.Error{Class: "IndexError", Msg: "list index out of range"}
		}
		out.SetStr(facts[n], py.Str(line))
		n++
	}
	if len(some) == 0 {
		return out, nil
	}
	part := py.NewDict()
	for _, f := range some {
		v, ok := out.GetStr(f)
		if !ok {
			return nil, &py.Error{Class: "KeyError", Msg: py.Repr(py.Str(f))}
		}
		part.SetStr(f, v)
	}
	return part, nil
}

// options are those of disk.tune with the options of blockdev that set and get
// them.
var options = map[string]struct{ set, get string }{
	"read-ahead": {"setra", "getra"}, "filesystem-read-ahead": {"setfra", "getfra"},
	"read-only": {"setro", "getro"}, "read-write": {"setrw", "getro"},
}

// tune is Salt's disk.tune.
func tune(ctx context.Context, c *modules.Call, w host.Writer, device string, kw *py.Dict) (*py.Dict, error) {
	line := "blockdev "
	var get, bad []string
	for k, v := range kw.All() {
		key := py.ToStr(k)
		o, known := options[key]
		isSwitch := key == "read-only" || key == "read-write"
		switch {
		case !known && strings.HasPrefix(key, "__"):
		case !known, isSwitch && v != py.True && v != py.Str("True"):
			bad = append(bad, key+"="+py.ToStr(v))
		case isSwitch:
			line += "--" + o.set + " "
			get = append(get, o.get)
		default:
			line += "--" + o.set + " " + py.ToStr(v) + " "
			get = append(get, o.get)
		}
	}
	if len(bad) > 0 {
		return nil, modules.SaltInvocationError("Invalid keyword arguments: " + strings.Join(bad, ", "))
	}
	argv, err := saltargs.ShlexSplit(line + device)
	if err != nil {
		return nil, py.ValueErrorf("%v", err)
	}
	s, err := c.Do(ctx, w, argv...)
	if err != nil {
		return nil, err
	}
	if s.Code != 0 {
		return nil, modules.CommandExecutionError(s.Err)
	}
	return dump(ctx, c, device, get)
}

// making is how a file system is made.
type making struct {
	InodeSize      py.Value `arg:"inode_size" doc:"The size of inodes, for ext and xfs."`
	LazyItableInit py.Value `arg:"lazy_itable_init" doc:"Whether the inode table is filled in later, for ext."`
	Fat            py.Value `arg:"fat" doc:"12, 16 or 32, for fat."`
	Force          bool     `arg:"force" default:"False" doc:"Also on what is no partition, for ext and xfs."`
}

// format is Salt's disk.format.
func format(ctx context.Context, c *modules.Call, w host.Writer, device, fstype string, m making) (bool, error) {
	if err := need(c, "sync", "mkfs"); err != nil {
		return false, err
	}
	ext, xfs := strings.HasPrefix(fstype, "ext"), fstype == "xfs"
	argv := []string{"mkfs", "-t", fstype}
	given := func(v py.Value) bool { return v != nil && v != py.None }
	if given(m.InodeSize) && ext {
		argv = append(argv, "-i", py.ToStr(m.InodeSize))
	} else if given(m.InodeSize) && xfs {
		argv = append(argv, "-i", "size="+py.ToStr(m.InodeSize))
	}
	if given(m.LazyItableInit) && ext {
		argv = append(argv, "-E", "lazy_itable_init="+py.ToStr(m.LazyItableInit))
	}
	if (m.Fat == py.Int(12) || m.Fat == py.Int(16) || m.Fat == py.Int(32)) && strings.HasSuffix(fstype, "fat") {
		argv = append(argv, "-F", py.ToStr(m.Fat))
	}
	if m.Force && ext {
		argv = append(argv, "-F")
	} else if m.Force && xfs {
		argv = append(argv, "-f")
	}
	made, err := c.DoCommand(ctx, w, modules.Command{Argv: append(argv, device), IgnoreRetcode: true})
	if err != nil {
		return false, err
	}
	synced, err := c.DoCommand(ctx, w, modules.Command{Argv: []string{"sync"}, IgnoreRetcode: true})
	return made.Code == 0 && synced.Code == 0, err
}

// fsType is Salt's disk.fstype: what lsblk says, else a line of df.
func fsType(ctx context.Context, c *modules.Call, device string) (string, error) {
	lsblk, df := c.LookPath("lsblk") != "", c.LookPath("df") != ""
	if !lsblk && !df {
		return "", &modules.Error{Class: "CommandNotFoundError", Msg: "None of provided binaries(['lsblk', 'df']) was found in $PATH."}
	}
	ask := func(argv ...string) (string, error) {
		s, err := c.DoCommand(ctx, nil, modules.Command{Argv: argv, MergeStderr: true})
		if lines := s.Lines(); len(lines) > 1 {
			return lines[1], err
		}
		return "", err
	}
	if lsblk {
		line, err := ask("lsblk", "-o", "fstype", device)
		if line = strings.TrimSpace(line); err != nil || line != "" {
			return line, err
		}
	}
	if !df {
		return "", nil
	}
	return ask("df", "-T", device)
}

func isBlock(c *modules.Call, path string) bool {
	fi, err := c.Lstat(path)
	return err == nil && fi.Mode&fs.ModeDevice != 0 && fi.Mode&fs.ModeCharDevice == 0
}
