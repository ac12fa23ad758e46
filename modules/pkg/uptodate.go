package pkg

import (
	"context"
	"errors"
	"slices"

	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

func checkUptodate(ctx context.Context, c *modules.Call, m manager, a *uptodateArgs) (modules.Done, error) {
	refresh, ok := a.Refresh.(py.Bool)
	if !ok {
		return modules.Failed("refresh must be either True or False"), nil
	}
	dist := true
	if v, ok := a.Extra.GetStr("dist_upgrade"); ok {
		dist = py.IsTrue(v)
	}
	expected, err := expectedUpgrades(ctx, m, bool(refresh), dist, a)
	if err != nil {
		if errors.Is(err, errNeedsWriter) {
			return modules.Done{}, err
		}
		return modules.Failed(errorText(err)), nil
	}
	switch {
	case expected.Len() == 0:
		return modules.Done{Result: low.True, Comment: "System is already up-to-date"}, nil
	case c.Test:
		return modules.Done{Result: low.None, Changes: expected, Comment: "System update will be performed"}, nil
	}
	if refresh {
		if _, err := m.refresh(ctx, a.Extra); err != nil {
			if d, ok := failure(err, "updating packages"); ok {
				return d, nil
			}
			return modules.Done{}, err
		}
	}
	changes, err := m.upgrade(ctx, upgradeOptionsOf(a.Extra))
	if err != nil {
		if d, ok := failure(err, "updating packages"); ok {
			return d, nil
		}
		return modules.Done{}, err
	}
	var missing []string
	if _, ok := a.Pkgs.(*py.List); ok {
		for _, n := range keys(expected) {
			if !changes.Has(n) {
				missing = append(missing, n)
			}
		}
	}
	if len(missing) > 0 {
		return modules.Done{Result: low.False, Changes: changes, Comment: "The following package(s) failed to update: " + joined(missing)}, nil
	}
	return modules.OK("Upgrade ran successfully", changes), nil
}

// expectedUpgrades lists {new, old} of the upgrades, of the packages that are asked for.
func expectedUpgrades(ctx context.Context, m manager, refresh, dist bool, a *uptodateArgs) (*py.Dict, error) {
	if refresh {
		if _, err := m.refresh(ctx, a.Extra); err != nil {
			return nil, err
		}
	}
	newer, err := m.upgrades(ctx, dist, a.Extra)
	if err != nil {
		return nil, err
	}
	have, err := m.list(ctx, installed)
	if err != nil {
		return nil, err
	}
	current := stringify(have)
	_, limited := a.Pkgs.(*py.List)
	names := texts(a.Pkgs)
	out := py.NewDict()
	for k, v := range newer.All() {
		name := py.ToStr(k)
		if limited && !slices.Contains(names, name) {
			continue
		}
		out.SetStr(name, py.DictOf("new", v, "old", versionOrNone(m, current[name])))
	}
	return out, nil
}

// versionOrNone is the return of pkg.version for one package, of which zypper's
// gives an empty mapping for one that is not installed.
func versionOrNone(m manager, version string) py.Value {
	if _, ok := m.(*zypper); ok && version == "" {
		return py.NewDict()
	}
	return py.Str(version)
}

func upgradeOptionsOf(kw *py.Dict) upgradeOptions {
	on := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { v, ok := kw.GetStr(n); return ok && py.IsTrue(v) })
	}
	return upgradeOptions{
		distUpgrade: on("dist_upgrade"), forceConfNew: on("force_conf_new"), forceYes: on("force_yes"), skipVerify: on("skip_verify"),
		downloadOnly: on("download_only", "downloadonly"), allowDowngrades: on("allow_downgrades"),
	}
}

// errorText is str() of the exception.
func errorText(err error) string {
	if msg, ok := isSaltError(err); ok {
		return msg
	}
	return err.Error()
}

// downloadManager is a manager that can list what it has downloaded.
type downloadManager interface {
	manager
	downloader
}

func checkDownloaded(ctx context.Context, c *modules.Call, any manager, a *downloadedArgs) (modules.Done, error) {
	m, ok := any.(downloadManager)
	if !ok {
		return modules.Failed("The pkg.downloaded state is not available on this platform"), nil
	}
	if empty(a.Pkgs) {
		return modules.Done{Result: low.True, Comment: "No packages to download provided"}, nil
	}
	want := py.NewDict()
	if given(a.Pkgs) {
		var err error
		if want, err = repack(a.Pkgs, m.normalize); err != nil {
			return modules.Done{}, err
		}
	} else {
		ver := py.Value(py.None)
		if given(a.Version) {
			ver = py.Str(py.ToStr(a.Version))
		}
		want.SetStr(m.normalize(a.Name), ver)
	}
	targets, spec, err := missingDownloads(ctx, m, want, a)
	if err != nil {
		return modules.Done{}, err
	}
	if targets.Len() == 0 {
		comment := "All specified packages are already downloaded"
		if spec {
			comment = "All specified packages (matching specified versions) are already downloaded"
		}
		return modules.Done{Result: low.True, Comment: comment}, nil
	}
	if c.Test {
		return modules.Done{Result: low.None, Comment: "The following packages would be downloaded: " + joined(keys(targets))}, nil
	}
	changes, err := m.install(ctx, &installRequest{fromrepo: a.Fromrepo, pkgs: want, downloadOnly: true,
		ignoreEpoch: a.IgnoreEpoch != nil && *a.IgnoreEpoch, kwargs: a.Extra, env: "base", refresh: py.IsTrue(orEmpty(a.Extra.Lookup("refresh")))})
	if err != nil {
		if d, ok := failure(err, "downloading package(s)"); ok {
			return d, nil
		}
		return modules.Done{}, err
	}
	left, _, err := missingDownloads(ctx, m, targets, a)
	if err != nil {
		return modules.Done{}, err
	}
	if left.Len() > 0 {
		names := keys(left)
		for i, n := range names {
			names[i] = wantedName(n, targets.Lookup(n))
		}
		return modules.Done{Result: low.False, Changes: changes, Comment: "The following packages failed to download: " + joined(names)}, nil
	}
	done := modules.Done{Result: low.True, Changes: changes}
	if changes.Len() == 0 {
		done.Comment = "Packages downloaded: " + joined(keys(targets))
	}
	return done, nil
}

// missingDownloads are the packages that the cache does not hold.
func missingDownloads(ctx context.Context, m downloadManager, want *py.Dict, a *downloadedArgs) (missing *py.Dict, spec bool, err error) {
	have, err := m.downloaded(ctx, "")
	if err != nil {
		return nil, false, err
	}
	missing = py.NewDict()
	for k, v := range want.All() {
		name := py.ToStr(k)
		versions, ok := have.Lookup(name).(*py.Dict)
		switch {
		case !ok:
			missing.SetStr(name, v)
		case str(v) != "":
			spec = true
			if !fulfills(keys(versions), str(v), a.IgnoreEpoch, false, m.compare) {
				missing.SetStr(name, v)
			}
		}
	}
	return missing, spec, nil
}
