package pkg

import (
	"context"
	"strings"

	"pinch/internal/py"
	"pinch/modules"
)

// upgrades simulates an upgrade: the new version by name.
func (a *apt) upgrades(ctx context.Context, distUpgrade bool, kw *py.Dict) (*py.Dict, error) {
	argv := []string{"apt-get", "--just-print", "upgrade"}
	if distUpgrade {
		argv[2] = "dist-upgrade"
	}
	if fromrepo := str(kw.Lookup("fromrepo")); fromrepo != "" {
		argv = append(argv, "-o", "APT::Default-Release="+fromrepo)
	}
	out, err := a.look(ctx, argv...)
	if err != nil {
		return nil, err
	}
	if out.code != 0 {
		msg := "Failed to get upgrades"
		switch {
		case out.stderr != "":
			msg += ": " + out.stderr
		case out.stdout != "":
			msg += ": " + out.stdout
		}
		return nil, modules.CommandExecutionError(msg)
	}
	return parseUpgrades(out.stdout), nil
}

// parseUpgrades reads the "Conf NAME (VERSION ...)" lines of a simulation.
func parseUpgrades(stdout string) *py.Dict {
	ret := py.NewDict()
	for line := range strings.Lines(stdout) {
		rest, ok := strings.CutPrefix(line, "Conf ")
		if !ok {
			continue
		}
		name, rest, ok := strings.Cut(rest, " (")
		if !ok || name == "" || strings.Contains(name, " ") {
			continue
		}
		if v, _, _ := strings.Cut(strings.TrimSpace(rest), " "); v != "" {
			ret.SetStr(name, py.Str(v))
		}
	}
	return ret
}

func (a *apt) upgrade(ctx context.Context, o upgradeOptions) (*py.Dict, error) {
	old, err := a.strings(ctx, installed)
	if err != nil {
		return nil, err
	}
	cmd := []string{"apt-get", "-q", "-y"}
	if o.forceConfNew {
		cmd = append(cmd, "-o", "DPkg::Options::=--force-confnew")
	} else {
		cmd = append(cmd, "-o", "DPkg::Options::=--force-confold", "-o", "DPkg::Options::=--force-confdef")
	}
	for _, f := range []struct {
		on   bool
		flag string
	}{
		{o.forceYes, "--force-yes"},
		{o.skipVerify, "--allow-unauthenticated"},
		{o.downloadOnly, "--download-only"},
		{o.allowDowngrades, "--allow-downgrades"},
	} {
		if f.on {
			cmd = append(cmd, f.flag)
		}
	}
	if o.distUpgrade {
		cmd = append(cmd, "dist-upgrade")
	} else {
		cmd = append(cmd, "upgrade")
	}
	out, err := a.change(ctx, "", nil, cmd...)
	if err != nil {
		return nil, err
	}
	now, err := a.strings(ctx, installed)
	if err != nil {
		return nil, err
	}
	changes := compare(old, now)
	if out.code != 0 {
		return nil, &problem{msg: "Problem encountered upgrading packages", changes: changes, result: out.dict()}
	}
	return changes, nil
}
