package pkg

import (
	"context"
	"slices"
	"strings"

	"pinch/internal/py"
	"pinch/modules"
)

func writeFuncs() []*modules.Func {
	latest := func(name string) *modules.Func {
		return action(name, "Tells the newest version that the repositories offer, or nothing when it is installed. The index files are fetched first unless refresh is False.",
			func(ctx context.Context, _ *modules.Call, m manager, a *namesArgs) (py.Value, error) {
				if a.Extra.Has("repo") {
					return nil, modules.SaltInvocationError("The 'repo' argument is invalid, use 'fromrepo' instead")
				}
				if len(a.Names) == 0 {
					return py.Str(""), nil
				}
				found, err := m.latest(ctx, names(a.Names), latestOptions{
					refresh: wantsLatestRefresh(m, a.Extra), kwargs: a.Extra,
				})
				if err != nil {
					return nil, err
				}
				return found.value(), nil
			})
	}
	uninstall := func(name, verb, doc string) *modules.Func {
		return action(name, doc, func(ctx context.Context, _ *modules.Call, m manager, a *struct {
			Name  string   `arg:"name" doc:"The package, or several with commas between them."`
			Pkgs  py.Value `arg:"pkgs" doc:"The packages."`
			Extra *py.Dict `arg:"**"`
		}) (py.Value, error) {
			if a.Name == "" && !given(a.Pkgs) {
				return py.NewDict(), nil
			}
			targets, err := parseTargets(m, a.Name, a.Pkgs)
			if err != nil {
				return nil, err
			}
			return dictOrError(m.uninstall(ctx, verb, targets, a.Extra.Lookup("env")))
		})
	}
	type holdArgs struct {
		Name    string   `arg:"name" doc:"The package."`
		Pkgs    py.Value `arg:"pkgs" doc:"The packages."`
		Sources py.Value `arg:"sources" doc:"Package files, as in pkg.installed."`
		Extra   *py.Dict `arg:"**"`
	}
	hold := func(name, doc string, set func(m holder) func(context.Context, []string) (*py.Dict, error)) *modules.Func {
		return action(name, doc, func(ctx context.Context, _ *modules.Call, m manager, a *holdArgs) (py.Value, error) {
			switch {
			case a.Name == "" && !given(a.Pkgs) && !given(a.Sources):
				return nil, modules.SaltInvocationError("One of name, pkgs, or sources must be specified.")
			case given(a.Pkgs) && given(a.Sources):
				return nil, modules.SaltInvocationError("Only one of pkgs or sources can be specified.")
			}
			list := a.Pkgs
			if given(a.Sources) {
				list = a.Sources
			}
			targets, err := namesOf(a.Name, list)
			if err != nil {
				return nil, err
			}
			h, ok := m.(holder)
			if !ok {
				return nil, missing(name)
			}
			return dictOrError(set(h)(ctx, targets))
		})
	}
	return []*modules.Func{
		latest("pkg.latest_version"), latest("pkg.available_version"),
		action("pkg.upgrade_available", "Says whether a newer version of a package is offered.", func(ctx context.Context, _ *modules.Call, m manager, a *nameArgs) (py.Value, error) {
			found, err := m.latest(ctx, []string{a.Name}, latestOptions{refresh: refreshesLatest(m), kwargs: a.Extra})
			if err != nil {
				return nil, err
			}
			return py.Bool(found.value() != py.Value(py.Str(""))), nil
		}),
		action("pkg.refresh_db", "Fetches the index files: True for what was fetched, None for what was current, False for what failed.", func(ctx context.Context, _ *modules.Call, m manager, a *struct {
			CacheValidTime py.Value `arg:"cache_valid_time" default:"0" doc:"Seconds for which the last index is good enough."`
			Failhard       py.Value `arg:"failhard" default:"False" doc:"Fail when one repository fails."`
			Extra          *py.Dict `arg:"**"`
		}) (py.Value, error) {
			return m.refresh(ctx, with(with(a.Extra, "cache_valid_time", a.CacheValidTime), "failhard", a.Failhard))
		}),
		action("pkg.install", "Installs packages and returns what has changed.", pkgInstall),
		uninstall("pkg.remove", "remove", "Removes packages and returns what has changed."),
		uninstall("pkg.purge", "purge", "Removes packages with their configuration and returns what has changed."),
		hold("pkg.hold", "Keeps packages at the version that is installed.", func(m holder) func(context.Context, []string) (*py.Dict, error) { return m.hold }),
		hold("pkg.unhold", "Lets packages that were held be upgraded again.", func(m holder) func(context.Context, []string) (*py.Dict, error) { return m.unhold }),
		aptAction("pkg.set_selections", "Sets dpkg's selections.", setSelections),
		action("pkg.list_upgrades", "Lists the versions that an upgrade would bring.", func(ctx context.Context, _ *modules.Call, m manager, a *struct {
			Refresh     py.Value `arg:"refresh" default:"True" doc:"Fetch the index files first."`
			DistUpgrade bool     `arg:"dist_upgrade" default:"True" doc:"Count what needs other packages removed."`
			Extra       *py.Dict `arg:"**"`
		}) (py.Value, error) {
			if isTrue(a.Refresh) {
				if _, err := m.refresh(ctx, a.Extra); err != nil {
					return nil, err
				}
			}
			return dictOrError(m.upgrades(ctx, a.DistUpgrade, a.Extra))
		}),
		action("pkg.upgrade", "Upgrades all packages and returns what has changed.", func(ctx context.Context, _ *modules.Call, m manager, a *struct {
			Refresh     py.Value `arg:"refresh" default:"True" doc:"Fetch the index files first."`
			DistUpgrade bool     `arg:"dist_upgrade" default:"False" doc:"Also what needs other packages removed."`
			Extra       *py.Dict `arg:"**"`
		}) (py.Value, error) {
			if isTrue(a.Refresh) {
				if _, err := m.refresh(ctx, a.Extra); err != nil {
					return nil, err
				}
			}
			o := upgradeOptionsOf(a.Extra)
			o.distUpgrade = a.DistUpgrade
			return dictOrError(m.upgrade(ctx, o))
		}),
		aptAction("pkg.autoremove", "Removes packages that nothing needs any more, or lists them.", autoremove),
	}
}

// wantsLatestRefresh is pkg.latest_version's argument refresh.
func wantsLatestRefresh(m manager, kw *py.Dict) bool {
	if v, ok := kw.GetStr("refresh"); ok {
		return isTrue(v)
	}
	return refreshesLatest(m)
}

// dictOrError keeps a nil mapping from becoming a value.
func dictOrError(d *py.Dict, err error) (py.Value, error) {
	if err != nil {
		return nil, err
	}
	return d, nil
}

func notFalse(kw *py.Dict, key string) bool {
	v, ok := kw.GetStr(key)
	return !ok || isTrue(v)
}

type pkgInstallArgs struct {
	Name         string   `arg:"name" doc:"The package, or several with commas between them."`
	Refresh      py.Value `arg:"refresh" default:"False" doc:"Fetch the index files first."`
	Fromrepo     string   `arg:"fromrepo" doc:"Release to take the packages from."`
	SkipVerify   bool     `arg:"skip_verify" default:"False" doc:"Install packages without a valid signature."`
	Debconf      py.Value `arg:"debconf" doc:"File of debconf answers to set first."`
	Pkgs         py.Value `arg:"pkgs" doc:"The packages, each with a version if it matters."`
	Sources      py.Value `arg:"sources" doc:"Package files: paths of the host or URLs by package name."`
	Reinstall    bool     `arg:"reinstall" default:"False" doc:"Install again what is installed."`
	Downloadonly bool     `arg:"downloadonly" default:"False" doc:"Only download."`
	IgnoreEpoch  bool     `arg:"ignore_epoch" default:"False" doc:"Compare versions without their epochs."`
	Normalize    bool     `arg:"normalize" default:"True" doc:"Take an architecture off that goes without saying."`
	Extra        *py.Dict `arg:"**"`
}

func pkgInstall(ctx context.Context, _ *modules.Call, m manager, a *pkgInstallArgs) (py.Value, error) {
	kw := clone(a.Extra)
	if !py.IsNone(a.Debconf) {
		kw.SetStr("debconf", a.Debconf)
	}
	normalize := unchanged
	if a.Normalize && notFalse(kw, "split_arch") {
		normalize = m.normalize
	}
	r := &installRequest{refresh: isTrue(a.Refresh), fromrepo: a.Fromrepo, skipVerify: a.SkipVerify, reinstall: a.Reinstall,
		downloadOnly: a.Downloadonly, ignoreEpoch: a.IgnoreEpoch, env: "base", kwargs: kw}
	if env := str(kw.Lookup("saltenv")); env != "" {
		r.env = env
	}
	switch {
	case given(a.Pkgs) && given(a.Sources):
		return nil, modules.SaltInvocationError(`Only one of "pkgs" and "sources" can be used.`)
	case given(a.Pkgs):
		pkgs, err := repack(a.Pkgs, normalize)
		if err != nil {
			return nil, err
		}
		r.pkgs = pkgs
	case given(a.Sources):
		if r.sources = packSources(a.Sources, normalize); r.sources.Len() == 0 {
			return py.NewDict(), nil
		}
	case a.Name == "":
		return py.NewDict(), nil
	default:
		r.pkgs = py.NewDict()
		ver := py.Value(py.None)
		if v := kw.Lookup("version"); given(py.OrNone(v)) {
			ver = py.Str(py.ToStr(v))
		}
		for n := range strings.SplitSeq(a.Name, ",") {
			r.pkgs.SetStr(normalize(n), ver)
		}
	}
	return dictOrError(m.install(ctx, r))
}

func setSelections(ctx context.Context, c *modules.Call, m *apt, a *struct {
	Path      py.Value `arg:"path" doc:"File of the tree or the host with selections."`
	Selection py.Value `arg:"selection" doc:"Packages by selection."`
	Clear     bool     `arg:"clear" default:"False" doc:"Forget all selections first."`
	Saltenv   string   `arg:"saltenv" default:"'base'" doc:"Environment of the tree."`
}) (py.Value, error) {
	var want []selection
	switch d, isDict := a.Selection.(*py.Dict); {
	case !given(a.Path) && !given(a.Selection):
		return py.NewDict(), nil
	case given(a.Path) && given(a.Selection):
		return nil, modules.SaltInvocationError("The 'selection' and 'path' arguments to pkg.set_selections are mutually exclusive, and cannot be specified together")
	case given(a.Path):
		file, err := m.cacheFile(ctx, str(a.Path), a.Saltenv)
		if err != nil {
			return nil, err
		}
		data, err := c.ReadFile(file)
		if err != nil {
			return nil, err
		}
		want = parseSelections(string(data))
	case !isDict:
		return nil, modules.SaltInvocationError("Improperly-formatted selection: it is a " + a.Selection.Type() + ", not a mapping")
	default:
		for k, v := range d.All() {
			for _, n := range texts(v) {
				want = append(want, selection{n, py.ToStr(k)})
			}
		}
	}
	var bad []string
	for _, s := range want {
		if !slices.Contains([]string{"install", "hold", "deinstall", "purge"}, s.state) && !slices.Contains(bad, s.state) {
			bad = append(bad, s.state)
		}
	}
	if len(bad) > 0 {
		return nil, modules.SaltInvocationError("Invalid state(s): " + joined(bad))
	}
	if a.Clear && !c.Test {
		out, err := m.change(ctx, "", nil, "dpkg", "--clear-selections")
		if err != nil {
			return nil, err
		}
		if out.code != 0 {
			return nil, modules.CommandExecutionError("Running dpkg --clear-selections failed: " + out.stderr)
		}
	}
	return dictOrError(m.setSelections(ctx, want))
}

func autoremove(ctx context.Context, _ *modules.Call, m *apt, a *struct {
	ListOnly bool `arg:"list_only" default:"False" doc:"Only list them."`
	Purge    bool `arg:"purge" default:"False" doc:"With their configuration files."`
}) (py.Value, error) {
	cmd := []string{"apt-get", "--assume-yes"}
	if a.ListOnly {
		cmd[1] = "--assume-no"
	}
	if a.Purge {
		cmd = append(cmd, "--purge")
	}
	old, err := m.strings(ctx, installed)
	if err != nil {
		return nil, err
	}
	out, err := m.change(ctx, "", nil, append(cmd, "autoremove")...)
	if err != nil {
		return nil, err
	}
	if a.ListOnly {
		return py.Strings(parseRemovals(out.stdout)...), nil
	}
	now, err := m.strings(ctx, installed)
	if err != nil {
		return nil, err
	}
	return compare(old, now), nil
}

// parseRemovals reads the indented list below apt's heading, sorted.
func parseRemovals(stdout string) []string {
	var out []string
	inside := false
	for line := range strings.Lines(stdout) {
		switch {
		case strings.Contains(line, "The following packages will be REMOVED:"):
			inside = true
		case inside && strings.HasPrefix(line, " "):
			out = append(out, strings.Fields(line)...)
		default:
			inside = false
		}
	}
	slices.Sort(out)
	return out
}
