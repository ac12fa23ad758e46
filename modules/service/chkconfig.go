package service

import (
	"context"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// chkconfig is System V's init as Red Hat had it (Salt's rh_service), without
// Upstart.
type chkconfig struct{}

// levels reads the lines of chkconfig --list: whether a service starts at the
// runlevel, by name.
func (chkconfig) levels(ctx context.Context, c *modules.Call, names ...string) (on map[string]bool, ok bool, err error) {
	level, err := runlevel(ctx, c, "3")
	if err != nil {
		return nil, false, err
	}
	out, err := c.Query(ctx, host.Cmd{Argv: append([]string{"chkconfig", "--list"}, names...)})
	if err != nil || out.Code != 0 {
		return nil, false, err
	}
	on = map[string]bool{}
	for line := range strings.Lines(string(out.Stdout)) {
		if f := strings.Fields(line); len(f) > 1 && strings.HasPrefix(f[1], "0:") {
			on[f[0]] = slices.Contains(f, level+":on")
		}
	}
	return on, true, nil
}

func executable(c *modules.Call, name string) bool {
	fi, err := c.Stat("/etc/init.d/" + name)
	return err == nil && fi.Perm()&0o100 != 0
}

func (i chkconfig) look(ctx context.Context, c *modules.Call, name, sig string) (unit, error) {
	on, known, err := i.levels(ctx, c, name)
	if err != nil {
		return unit{}, err
	}
	if !known && !executable(c, name) {
		return unitOf(name, false, false, false), nil
	}
	enabled := on[name]
	if !enabled {
		level, err := runlevel(ctx, c, "3")
		if err != nil {
			return unit{}, err
		}
		enabled = atBoot(c, "/etc/rc.d/rc"+level+".d")[name]
	}
	running, err := running(ctx, c, sig, "service", name, "status")
	return unitOf(name, true, running, enabled), err
}

func (i chkconfig) do(ctx context.Context, c *modules.Call, w host.Writer, verb, name string, _ *py.Dict) (bool, error) {
	if verb != "enable" && verb != "disable" {
		return change(ctx, c, w, "service", name, verb)
	}
	if _, known, err := i.levels(ctx, c, name); err != nil {
		return false, err
	} else if !known {
		if ok, err := change(ctx, c, w, "chkconfig", "--add", name); !ok || err != nil {
			return false, err
		}
	}
	word := "on"
	if verb == "disable" {
		word = "off"
	}
	return change(ctx, c, w, "chkconfig", name, word)
}

func (i chkconfig) all(ctx context.Context, c *modules.Call) ([]string, error) {
	return i.listed(ctx, c, false)
}

func (i chkconfig) enabled(ctx context.Context, c *modules.Call) ([]string, error) {
	return i.listed(ctx, c, true)
}

func (i chkconfig) listed(ctx context.Context, c *modules.Call, onlyOn bool) ([]string, error) {
	on, _, err := i.levels(ctx, c)
	set := map[string]bool{}
	for name, is := range on {
		if executable(c, name) && (is || !onlyOn) {
			set[name] = true
		}
	}
	return sorted(set), err
}
