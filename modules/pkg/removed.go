package pkg

import (
	"context"
	"slices"
	"strings"

	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

func checkRemoved(ctx context.Context, c *modules.Call, m manager, a *removeArgs, action string) (modules.Done, error) {
	normalize := unchanged
	if a.Normalize {
		normalize = m.normalize
	}
	// what the request names, and what of it is looked for
	params, wanted := py.NewDict(), py.NewDict()
	if given(a.Pkgs) {
		var err error
		if params, err = repack(a.Pkgs, normalize); err != nil {
			return modules.Done{}, err
		}
		wanted = params
	} else {
		for n := range strings.SplitSeq(a.Name, ",") {
			params.SetStr(normalize(n), a.Version)
		}
		wanted.SetStr(m.normalize(a.Name), a.Version)
	}
	have, err := m.list(ctx, installed)
	if err != nil {
		return modules.Done{}, err
	}
	var targets []string
	spec := false
	for k, v := range wanted.All() {
		name := py.ToStr(k)
		if len(have[name]) == 0 {
			continue
		}
		if !py.IsNone(v) {
			spec = true
			if !fulfills(have[name], str(v), a.IgnoreEpoch, false, m.compare) {
				continue
			}
		}
		targets = append(targets, name)
	}
	if action == "purge" {
		gone, err := m.list(ctx, removed)
		if err != nil {
			return modules.Done{}, err
		}
		for _, n := range keys(params) {
			if _, ok := gone[n]; ok {
				targets = append(targets, n)
			}
		}
	}
	slices.Sort(targets)
	if len(targets) == 0 {
		comment := "All specified packages are already absent"
		switch {
		case action == "purge":
			comment = "None of the targeted packages are installed or partially installed"
		case spec:
			comment = "All specified packages (matching specified versions) are already absent"
		}
		return modules.Done{Result: low.True, Comment: comment}, nil
	}
	if c.Test {
		changes := py.NewDict()
		for _, n := range targets {
			changes.SetStr(n, oldNew("", action+"d"))
		}
		return modules.Done{Result: low.None, Changes: changes, Comment: "The following packages will be " + action + "d: " + joined(targets) + "."}, nil
	}
	return remove(ctx, m, a, action, params, targets)
}

func remove(ctx context.Context, m manager, a *removeArgs, action string, params *py.Dict, targets []string) (modules.Done, error) {
	asked, err := parseTargets(m, a.Name, a.Pkgs)
	if err != nil {
		return modules.Done{}, err
	}
	changes, err := m.uninstall(ctx, action, asked, a.Extra.Lookup("env"))
	if err != nil {
		doing := "removing package(s)"
		if action == "purge" {
			doing = "purging package(s)"
		}
		if d, ok := failure(err, doing); ok {
			return d, nil
		}
		return modules.Done{}, err
	}
	now, err := m.list(ctx, installed)
	if err != nil {
		return modules.Done{}, err
	}
	left := map[string][]string{}
	if action == "purge" {
		if left, err = m.list(ctx, removed); err != nil {
			return modules.Done{}, err
		}
	}
	var failed, absent []string
	for _, n := range keys(params) {
		if _, ok := now[n]; ok {
			failed = append(failed, n)
		}
		if _, ok := left[n]; ok {
			failed = append(failed, n)
		}
		if !slices.Contains(targets, n) {
			absent = append(absent, n)
		}
	}
	slices.Sort(failed)
	slices.Sort(absent)
	switch {
	case len(failed) > 0:
		return modules.Done{Result: low.False, Changes: changes, Comment: "The following packages failed to " + action + ": " + joined(failed) + "."}, nil
	case len(absent) > 0:
		return modules.OK("The following packages were not installed: "+joined(absent)+" The following packages were "+action+"d: "+joined(targets)+".", changes), nil
	}
	return modules.OK("All targeted packages were "+action+"d.", changes), nil
}

// parseTargets is what pkg.remove makes of its arguments.
func parseTargets(m manager, name string, pkgs py.Value) (*py.Dict, error) {
	if given(pkgs) {
		return repack(pkgs, m.normalize)
	}
	out := py.NewDict()
	for n := range strings.SplitSeq(name, ",") {
		out.SetStr(m.normalize(n), py.None)
	}
	return out, nil
}
