package mount

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

func isDarwin(c *modules.Call) bool {
	os := c.Grains.String("os")
	return os == "MacOS" || os == "Darwin"
}

// optList is an opts argument as a list: None is nil.
func optList(v py.Value) []string {
	switch v := v.(type) {
	case nil, py.NoneType:
		return nil
	case *py.List:
		out := make([]string, len(v.Items))
		for i, it := range v.Items {
			out[i] = py.ToStr(it)
		}
		return out
	}
	return strings.Split(py.ToStr(v), ",")
}

// mountArgs are the words that follow mount(8).
func mountArgs(fstype string, opts []string, device, name string) []string {
	var argv []string
	if o := strings.Join(opts, ","); o != "" {
		argv = append(argv, "-o", o)
	}
	if fstype != "" {
		argv = append(argv, "-t", fstype)
	}
	return append(argv, device, name)
}

// doMount is Salt's mount.mount: problem is what mount(8) said when it failed.
func doMount(ctx context.Context, c *modules.Call, w host.Writer, name, device string, mkmnt bool, fstype string, opts []string, user string) (problem string, err error) {
	if isDarwin(c) && slices.Contains(opts, "defaults") {
		opts = nil
	}
	if _, err := w.Stat(name); err != nil && mkmnt {
		if err := makeDir(w, name, user); err != nil {
			return "", fmt.Errorf("%s: make the mount point: %w", name, err)
		}
	}
	argv := []string{"mount"}
	if device != "" {
		argv = append(argv, mountArgs(fstype, opts, device, name)...)
	} else {
		argv = append(argv, name)
	}
	return run(ctx, c, w, user, argv)
}

// doRemount is Salt's mount.remount.
func doRemount(ctx context.Context, c *modules.Call, w host.Writer, name, device string, mkmnt bool, fstype string, opts []string, user string) (problem string, err error) {
	force := false
	if isDarwin(c) {
		if len(opts) == 1 && opts[0] == "defaults" {
			opts = []string{"noowners"}
		}
		force = fstype == "smbfs"
	}
	t, err := readActive(ctx, c, false)
	if err != nil {
		return "", err
	}
	if t.get(name) == nil {
		return doMount(ctx, c, w, name, device, mkmnt, fstype, opts, user)
	}
	opts = slices.Clone(opts)
	if !slices.Contains(opts, "remount") && !isDarwin(c) {
		opts = append(opts, "remount")
	}
	if force {
		if _, err := doUmount(ctx, c, w, name, device, user, false); err != nil {
			return "", err
		}
	}
	argv := []string{"mount"}
	if isDarwin(c) && !force {
		argv = append(argv, "-u")
	}
	return run(ctx, c, w, user, append(argv, mountArgs(fstype, opts, device, name)...))
}

// doUmount is Salt's mount.umount.
func doUmount(ctx context.Context, c *modules.Call, w host.Writer, name, device, user string, lazy bool) (problem string, err error) {
	t, err := readActive(ctx, c, false)
	if err != nil {
		return "", err
	}
	if t.get(name) == nil {
		return name + " does not have anything mounted", nil
	}
	argv := []string{"umount"}
	if lazy {
		argv = append(argv, "-l")
	}
	if device == "" {
		device = name
	}
	return run(ctx, c, w, user, append(argv, device))
}

func run(ctx context.Context, c *modules.Call, w host.Writer, user string, argv []string) (problem string, err error) {
	s, err := c.DoCommand(ctx, w, modules.Command{Argv: argv, RunAs: user})
	if err != nil || s.Code == 0 {
		return "", err
	}
	if s.Err == "" {
		return fmt.Sprintf("%s ended with status %d", argv[0], s.Code), nil
	}
	return s.Err, nil
}
