package service

import (
	"context"
	"maps"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// openrc is the init system of Gentoo and Alpine Linux. Salt 3008 has no module
// for it any more; this does as gentoo_service of the releases before it did.
type openrc struct{}

// runlevels are the runlevels of every service, by name.
func (openrc) runlevels(ctx context.Context, c *modules.Call) (map[string][]string, error) {
	out, err := c.Query(ctx, host.Cmd{Argv: []string{"rc-update", "-v", "show"}})
	if err != nil {
		return nil, err
	}
	levels := map[string][]string{}
	for line := range strings.Lines(string(out.Stdout)) {
		if name, rest, ok := strings.Cut(line, "|"); ok {
			levels[strings.TrimSpace(name)] = strings.Fields(rest)
		}
	}
	return levels, nil
}

func (i openrc) look(ctx context.Context, c *modules.Call, name, sig string) (unit, error) {
	levels, err := i.runlevels(ctx, c)
	if err != nil {
		return unit{}, err
	}
	of, ok := levels[name]
	if !ok {
		return unitOf(name, false, false, false), nil
	}
	running, err := running(ctx, c, sig, "rc-service", name, "status")
	return unitOf(name, true, running, len(of) > 0), err
}

// do enables a service in the runlevels of the argument runlevels, and in no
// other, or in the current one.
func (i openrc) do(ctx context.Context, c *modules.Call, w host.Writer, verb, name string, kw *py.Dict) (bool, error) {
	if verb != "enable" && verb != "disable" {
		return change(ctx, c, w, "rc-service", name, verb)
	}
	var wanted []string
	switch v := kw.Lookup("runlevels").(type) {
	case *py.List:
		for _, it := range v.Items {
			wanted = append(wanted, py.ToStr(it))
		}
	case py.Str:
		wanted = []string{string(v)}
	}
	if verb == "disable" {
		return change(ctx, c, w, append([]string{"rc-update", "-q", "delete", name}, wanted...)...)
	}
	if len(wanted) == 0 {
		return change(ctx, c, w, "rc-update", "-q", "add", name)
	}
	levels, err := i.runlevels(ctx, c)
	if err != nil {
		return false, err
	}
	for _, step := range []struct {
		verb      string
		from, not []string
	}{{"delete", levels[name], wanted}, {"add", wanted, levels[name]}} {
		words := slices.DeleteFunc(slices.Clone(step.from), func(l string) bool { return slices.Contains(step.not, l) })
		if len(words) == 0 {
			continue
		}
		if ok, err := change(ctx, c, w, append([]string{"rc-update", "-q", step.verb, name}, words...)...); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (i openrc) all(ctx context.Context, c *modules.Call) ([]string, error) {
	return i.listed(ctx, c, false)
}

func (i openrc) enabled(ctx context.Context, c *modules.Call) ([]string, error) {
	return i.listed(ctx, c, true)
}

func (i openrc) listed(ctx context.Context, c *modules.Call, onlyOn bool) ([]string, error) {
	levels, err := i.runlevels(ctx, c)
	set := map[string]bool{}
	for name, of := range levels {
		if len(of) > 0 || !onlyOn {
			set[name] = true
		}
	}
	return sorted(set), err
}

// levels are what service.get_all and get_enabled return with OpenRC: the
// runlevels by service, sorted.
func (i openrc) levels(ctx context.Context, c *modules.Call, onlyOn bool) (py.Value, error) {
	of, err := i.runlevels(ctx, c)
	out := py.NewDict()
	for _, name := range slices.Sorted(maps.Keys(of)) {
		if len(of[name]) > 0 || !onlyOn {
			slices.Sort(of[name])
			out.SetStr(name, py.Strings(of[name]...))
		}
	}
	return out, err
}
