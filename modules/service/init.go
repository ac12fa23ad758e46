package service

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// initSystem manages services where systemd does not run.
type initSystem interface {
	// look says whether there is such a service, whether it runs and whether it
	// starts at boot. sig, when given, is a text to look for in the process
	// list, to tell whether it runs.
	look(ctx context.Context, c *modules.Call, name, sig string) (unit, error)
	// do starts, stops, restarts, reloads, force-reloads, enables or disables a
	// service. ok is false when the command failed.
	do(ctx context.Context, c *modules.Call, w host.Writer, verb, name string, kw *py.Dict) (ok bool, err error)
	// all and enabled list services, sorted.
	all(ctx context.Context, c *modules.Call) ([]string, error)
	enabled(ctx context.Context, c *modules.Call) ([]string, error)
}

// errFailed says that a command of an init system failed, of which Salt's
// function returns False.
var errFailed = errors.New("the command failed")

// otherInit is the init system of a host without systemd, nil for systemd. It is
// chosen when it is needed.
func otherInit(c *modules.Call) initSystem {
	switch c.Grains.String("kernel") {
	case "FreeBSD":
		return rcd{}
	case "Darwin":
		return launchd{}
	}
	if booted(c) || c.LookPath("systemctl") != "" {
		return nil
	}
	switch {
	case c.LookPath("rc-service") != "" && c.LookPath("rc-update") != "":
		return openrc{}
	case c.LookPath("chkconfig") != "":
		return chkconfig{}
	case c.LookPath("update-rc.d") != "":
		return sysv{}
	}
	return nil
}

// lookup is look, remembered until a service changes.
func lookup(ctx context.Context, c *modules.Call, i initSystem, name, sig string) (unit, error) {
	return modules.Remember(c.Memo, memoKey+name+"\x00"+sig, func() (unit, error) { return i.look(ctx, c, name, sig) })
}

// unitOf is what an init system knows, as systemd would say it.
func unitOf(name string, available, running, enabled bool) unit {
	u := unit{name: name, id: name, load: "not-found", active: "inactive", file: "disabled"}
	if available {
		u.load = "loaded"
	}
	if running {
		u.active = "active"
	}
	if enabled {
		u.file = "enabled"
	}
	return u
}

// succeeds runs a command that only looks.
func succeeds(ctx context.Context, c *modules.Call, argv ...string) (bool, error) {
	out, err := c.Query(ctx, host.Cmd{Argv: argv})
	return out.Code == 0, err
}

// change runs a command that changes something.
func change(ctx context.Context, c *modules.Call, w host.Writer, argv ...string) (bool, error) {
	defer c.Memo.Drop(memoKey)
	out, err := w.Run(ctx, host.Cmd{Argv: argv, Tee: c.Output})
	return out.Code == 0, err
}

// runs says whether a process has a text in its command line.
func runs(c *modules.Call, text string) (bool, error) {
	entries, err := c.ReadDir("/proc")
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		b, err := c.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
		if err != nil {
			continue // it has ended
		}
		if strings.Contains(strings.ReplaceAll(string(b), "\x00", " "), text) {
			return true, nil
		}
	}
	return false, nil
}

// scripts are the names in /etc/init.d.
func scripts(c *modules.Call) map[string]bool {
	set := map[string]bool{}
	entries, err := c.ReadDir("/etc/init.d")
	if err != nil {
		return set // no such directory, no scripts
	}
	for _, e := range entries {
		if e.Name() != "README" {
			set[e.Name()] = true
		}
	}
	return set
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

// runlevel asks for the runlevel; instead is taken where nobody knows, as in a
// container.
func runlevel(ctx context.Context, c *modules.Call, instead string) (string, error) {
	if c.LookPath("runlevel") == "" {
		return instead, nil
	}
	out, err := c.Query(ctx, host.Cmd{Argv: []string{"runlevel"}})
	if err != nil {
		return "", err
	}
	f := strings.Fields(string(out.Stdout))
	if len(f) < 2 || strings.Contains(string(out.Stdout), "unknown") {
		return instead, nil
	}
	return f[1], nil
}

// atBoot are the services with a start link in a directory of a runlevel:
// S20name.
func atBoot(c *modules.Call, dirs ...string) map[string]bool {
	set := map[string]bool{}
	for _, dir := range dirs {
		entries, err := c.ReadDir(dir)
		if err != nil {
			continue // not every system has all of them
		}
		for _, e := range entries {
			if n := e.Name(); strings.HasPrefix(n, "S") {
				set[n[strings.LastIndexAny(n, "0123456789")+1:]] = true
			}
		}
	}
	return set
}
