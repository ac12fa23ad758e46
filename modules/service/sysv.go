package service

import (
	"context"
	"maps"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// sysv is System V's init as Debian has it (Salt's debian_service).
type sysv struct{}

func (sysv) enabledSet(ctx context.Context, c *modules.Call) (map[string]bool, error) {
	level, err := runlevel(ctx, c, "2")
	if err != nil {
		return nil, err
	}
	return atBoot(c, "/etc/rcS.d", "/etc/rc"+level+".d"), nil
}

func (i sysv) look(ctx context.Context, c *modules.Call, name, sig string) (unit, error) {
	on, err := i.enabledSet(ctx, c)
	if err != nil {
		return unit{}, err
	}
	if !scripts(c)[name] && !on[name] {
		return unitOf(name, false, false, false), nil
	}
	running, err := running(ctx, c, sig, "service", name, "status")
	return unitOf(name, true, running, on[name]), err
}

// running asks a script for its status, or the process list for sig.
func running(ctx context.Context, c *modules.Call, sig string, argv ...string) (bool, error) {
	if sig != "" {
		return runs(c, sig)
	}
	return succeeds(ctx, c, argv...)
}

func (sysv) do(ctx context.Context, c *modules.Call, w host.Writer, verb, name string, _ *py.Dict) (bool, error) {
	switch verb {
	case "enable":
		if w.LookPath("insserv") != "" {
			if ok, err := change(ctx, c, w, "insserv", name); !ok || err != nil {
				return false, err
			}
		}
		return change(ctx, c, w, "update-rc.d", name, "enable")
	case "disable":
		return change(ctx, c, w, "update-rc.d", name, "disable")
	}
	return change(ctx, c, w, "service", name, verb)
}

func (i sysv) all(ctx context.Context, c *modules.Call) ([]string, error) {
	on, err := i.enabledSet(ctx, c)
	if err != nil {
		return nil, err
	}
	set := scripts(c)
	maps.Copy(set, on)
	return sorted(set), nil
}

func (i sysv) enabled(ctx context.Context, c *modules.Call) ([]string, error) {
	on, err := i.enabledSet(ctx, c)
	return sorted(on), err
}
