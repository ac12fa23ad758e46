package service

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type statusArgs struct {
	Name string   `arg:"name,required" doc:"The service; patterns give a mapping."`
	Sig  py.Value `arg:"sig" doc:"Not used with systemd."`
}

type execArgs struct {
	Name  string   `arg:"name,required" doc:"The service."`
	Extra *py.Dict `arg:"**"`
}

type maskedArgs struct {
	Name    string   `arg:"name,required" doc:"The service."`
	Runtime bool     `arg:"runtime" default:"False" doc:"Until the next boot only."`
	Root    py.Value `arg:"root" doc:"Not supported."`
}

type noArgs struct{}

func query1[A any](name, doc string, run func(ctx context.Context, c *modules.Call, a *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: "service." + name, Doc: doc, Virtual: virtual, Run: run}.Func()
}

// systemdQuery is query1 for what only systemd has.
func systemdQuery[A any](name, doc string, run func(ctx context.Context, c *modules.Call, a *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: "service." + name, Doc: doc, Virtual: systemdOnly, Run: run}.Func()
}

// verb makes a function that starts, stops, ... a service.
func verb(name, systemctlVerb, doc string) *modules.Func {
	available := virtual
	if strings.HasSuffix(name, "mask") {
		available = systemdOnly
	}
	return modules.Action[execArgs]{Name: "service." + name, Doc: doc, Virtual: available, Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *execArgs) (py.Value, error) {
		if isTrue(a.Extra, "unmask") && otherInit(c) == nil && isMasked(w, a.Name, false) {
			if _, _, err := systemctl(ctx, c, w, "unmask", canonical(a.Name)); err != nil {
				return nil, err
			}
		}
		err := act(ctx, c, w, systemctlVerb, a.Name, a.Extra)
		if errors.Is(err, errFailed) {
			return py.False, nil
		}
		if _, isSalt := err.(*modules.Error); isSalt && (systemctlVerb == "stop" || systemctlVerb == "disable") {
			return py.False, nil
		}
		return py.True, err
	}}.Func()
}

func execFuncs() []*modules.Func {
	about := func(name, doc string, of func(context.Context, *modules.Call, unit) (bool, error)) *modules.Func {
		return query1(name, doc, func(ctx context.Context, c *modules.Call, a *execArgs) (py.Value, error) {
			u, err := show(ctx, c, a.Name)
			if err != nil {
				return nil, err
			}
			b, err := of(ctx, c, u)
			return py.Bool(b), err
		})
	}
	return []*modules.Func{
		verb("start", "start", "Starts a service."), verb("stop", "stop", "Stops a service."),
		verb("restart", "restart", "Restarts a service."), verb("reload", "reload", "Reloads a service."),
		verb("force_reload", "force-reload", "Reloads a service, or restarts it."),
		verb("enable", "enable", "Starts a service at boot."), verb("disable", "disable", "Does not start a service at boot."),
		verb("mask", "mask", "Makes it impossible to start a service."), verb("unmask", "unmask", "Takes the mask off a service."),
		about("available", "Says whether there is such a service.", func(_ context.Context, _ *modules.Call, u unit) (bool, error) { return u.available(), nil }),
		about("missing", "Says whether there is no such service.", func(_ context.Context, _ *modules.Call, u unit) (bool, error) { return !u.available(), nil }),
		about("enabled", "Says whether a service starts at boot.", func(ctx context.Context, c *modules.Call, u unit) (bool, error) { return u.enabled(ctx, c) }),
		about("disabled", "Says whether a service does not start at boot.", func(ctx context.Context, c *modules.Call, u unit) (bool, error) {
			b, err := u.enabled(ctx, c)
			return !b, err
		}),
		systemdQuery("masked", "Says whether a service is masked.", func(_ context.Context, c *modules.Call, a *maskedArgs) (py.Value, error) {
			return py.Bool(isMasked(c, a.Name, a.Runtime)), nil
		}),
		systemdQuery("offline", "Says whether systemd does not run here.", func(_ context.Context, c *modules.Call, _ *noArgs) (py.Value, error) { return py.Bool(offline(c)), nil }),
		query1("status", "Says whether a service runs.", func(ctx context.Context, c *modules.Call, a *statusArgs) (py.Value, error) {
			if !fnmatch.HasMeta(a.Name) {
				sig := ""
				if py.IsTrue(py.OrNone(a.Sig)) {
					sig = py.ToStr(a.Sig)
				}
				u, err := showSig(ctx, c, a.Name, sig)
				return py.Bool(u.running()), err
			}
			out := py.NewDict()
			all, err := allServices(ctx, c)
			if err != nil {
				return nil, err
			}
			for _, n := range all {
				if !fnmatch.Match(a.Name, n) {
					continue
				}
				u, err := show(ctx, c, n)
				if err != nil {
					return nil, err
				}
				out.SetStr(n, py.Bool(u.running()))
			}
			return out, nil
		}),
		query1("get_all", "Lists the services there are, sorted.", func(ctx context.Context, c *modules.Call, _ *noArgs) (py.Value, error) {
			if i, ok := otherInit(c).(openrc); ok {
				return i.levels(ctx, c, false)
			}
			all, err := allServices(ctx, c)
			return py.Strings(all...), err
		}),
		systemdQuery("get_running", "Lists the units that run, sorted.", func(ctx context.Context, c *modules.Call, _ *noArgs) (py.Value, error) {
			return listed(ctx, c, []string{"systemctl", "--full", "--no-legend", "--no-pager", "list-units"}, func(f []string) bool { return len(f) > 3 && f[3] == "running" })
		}),
		query1("get_enabled", "Lists the units that start at boot, sorted.", func(ctx context.Context, c *modules.Call, _ *noArgs) (py.Value, error) {
			if i, ok := otherInit(c).(openrc); ok {
				return i.levels(ctx, c, true)
			}
			if i := otherInit(c); i != nil {
				on, err := i.enabled(ctx, c)
				return py.Strings(on...), err
			}
			return listed(ctx, c, unitFiles, func(f []string) bool { return len(f) > 1 && f[1] == "enabled" })
		}),
		query1("get_disabled", "Lists the units that do not start at boot, sorted.", func(ctx context.Context, c *modules.Call, _ *noArgs) (py.Value, error) {
			if i := otherInit(c); i != nil {
				return disabledServices(ctx, c, i)
			}
			return listed(ctx, c, unitFiles, func(f []string) bool { return len(f) > 1 && f[1] == "disabled" })
		}),
		systemdQuery("get_static", "Lists the static units, sorted.", func(ctx context.Context, c *modules.Call, _ *noArgs) (py.Value, error) {
			return listed(ctx, c, unitFiles, func(f []string) bool { return len(f) > 1 && f[1] == "static" })
		}),
		systemdQuery("show", "Gives all properties of a unit.", func(ctx context.Context, c *modules.Call, a *execArgs) (py.Value, error) {
			out, err := c.Query(ctx, host.Cmd{Argv: []string{"systemctl", "show", canonical(a.Name)}})
			d := py.NewDict()
			for _, line := range strings.Split(string(out.Stdout), "\n") {
				k, v, ok := strings.Cut(line, "=")
				switch {
				case !ok:
				case k == "Before" || k == "After" || k == "Wants":
					d.SetStr(k, py.Strings(strings.Fields(v)...))
				case strings.HasPrefix(v, "{"):
					d.SetStr(k, braces(v))
				default:
					d.SetStr(k, py.Str(v))
				}
			}
			return d, err
		}),
		modules.Action[noArgs]{Name: "service.systemctl_reload", Doc: "Makes systemd read its unit files again.", Virtual: systemdOnly, Run: func(ctx context.Context, c *modules.Call, w host.Writer, _ *noArgs) (py.Value, error) {
			return py.True, daemonReload(ctx, c, w)
		}}.Func(),
	}
}

// braces reads "{ path=/bin/x ; argv[]=... }".
func braces(v string) *py.Dict {
	d := py.NewDict()
	for _, item := range strings.Split(strings.NewReplacer("{", "", "}", "").Replace(v), " ; ") {
		k, x, _ := strings.Cut(item, "=")
		d.SetStr(strings.TrimSpace(k), py.Str(strings.TrimSpace(x)))
	}
	return d
}

var unitFiles = []string{"systemctl", "--full", "--no-legend", "--no-pager", "list-unit-files"}

// listed runs a listing of systemctl and keeps the units that want says.
func listed(ctx context.Context, c host.Reader, argv []string, want func(fields []string) bool) (py.Value, error) {
	out, err := c.Query(ctx, host.Cmd{Argv: argv})
	if err != nil {
		return nil, err
	}
	set := map[string]bool{}
	for _, line := range strings.Split(string(out.Stdout), "\n") {
		f := strings.Fields(strings.TrimLeft(line, "●* "))
		if want(f) {
			set[strings.TrimSuffix(f[0], ".service")] = true
		}
	}
	return py.Strings(slices.Sorted(maps.Keys(set))...), nil
}

// installed lists the units on disk and the scripts of System V, by name.
func installed(c host.Reader) []string {
	set := map[string]bool{}
	for _, dir := range []string{"/lib/systemd/system", "/usr/lib/systemd/system", "/etc/systemd/system"} {
		entries, err := c.ReadDir(dir)
		if err != nil {
			continue // not every system has all of them
		}
		for _, e := range entries {
			if n := e.Name(); canonical(n) == n {
				set[strings.TrimSuffix(n, ".service")] = true
			}
		}
	}
	if entries, err := c.ReadDir("/etc/init.d"); err == nil {
		for _, e := range entries {
			if fi, err := c.Stat("/etc/init.d/" + e.Name()); err == nil && fi.IsRegular() && fi.Perm()&0o111 != 0 {
				set[e.Name()] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// allServices lists the services there are, sorted.
func allServices(ctx context.Context, c *modules.Call) ([]string, error) {
	if i := otherInit(c); i != nil {
		return i.all(ctx, c)
	}
	return installed(c), nil
}

// disabledServices are those of an init system that do not start at boot.
func disabledServices(ctx context.Context, c *modules.Call, i initSystem) (py.Value, error) {
	all, err := i.all(ctx, c)
	if err != nil {
		return nil, err
	}
	on, err := i.enabled(ctx, c)
	return py.Strings(slices.DeleteFunc(all, func(n string) bool { return slices.Contains(on, n) })...), err
}
