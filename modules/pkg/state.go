package pkg

import (
	"context"
	"slices"

	"pinch/internal/py"
	"pinch/modules"
)

const (
	installedDoc = "Makes sure that packages are installed, in a given version when one is told.\n\n" +
		"```yaml\nvim:\n  pkg.installed: []\n\ntools:\n  pkg.installed:\n    - pkgs:\n      - curl\n      - jq: '>=1.6'\n    - install_recommends: False\n```"
	latestDoc    = "Makes sure that packages are installed in the newest version that the repositories offer.\n\n```yaml\nopenssl:\n  pkg.latest:\n    - refresh: True\n```"
	removedDoc   = "Removes packages; their configuration files stay.\n\n```yaml\ntelnetd:\n  pkg.removed: []\n```"
	purgedDoc    = "Removes packages with their configuration files.\n\n```yaml\nold:\n  pkg.purged:\n    - pkgs: [exim4, exim4-base]\n```"
	heldDoc      = "Keeps packages at the version that is installed.\n\n```yaml\nlinux-image-amd64:\n  pkg.held: []\n```"
	unheldDoc    = "Lets packages that were held be upgraded again.\n\n```yaml\nlinux-image-amd64:\n  pkg.unheld: []\n```"
	uptodateDoc  = "Upgrades all packages, or those of a list.\n\n```yaml\nsystem:\n  pkg.uptodate:\n    - refresh: True\n```"
	groupDoc     = "Installs a package group, which dnf and pacman have.\n\n```yaml\nDevelopment Tools:\n  pkg.group_installed: []\n```"
	downDoc      = "Downloads packages without installing them.\n\n```yaml\nzsh:\n  pkg.downloaded: []\n```"
	patchDoc     = "Installs advisory patches, which only dnf and zypper have.\n\n```yaml\nFEDORA-2026-1:\n  pkg.patch_installed: []\n```"
	patchDownDoc = "Downloads advisory patches, which only dnf and zypper have.\n\n```yaml\nFEDORA-2026-1:\n  pkg.patch_downloaded: []\n```"
)

type latestArgs struct {
	Name       string   `arg:"name,required" doc:"The package, when pkgs is not given."`
	Refresh    py.Value `arg:"refresh" doc:"Fetch the index files first; by default once a run."`
	Fromrepo   string   `arg:"fromrepo" doc:"Release to take the packages from."`
	SkipVerify bool     `arg:"skip_verify" default:"False" doc:"Install packages without a valid signature."`
	Pkgs       py.Value `arg:"pkgs" doc:"The packages."`
	WatchFlags bool     `arg:"watch_flags" default:"True" doc:"Gentoo only."`
	Extra      *py.Dict `arg:"**"`
}

type removeArgs struct {
	Name        string   `arg:"name,required" doc:"The package, when pkgs is not given."`
	Version     py.Value `arg:"version" doc:"Only when this version, or one that a comparison tells, is installed."`
	Pkgs        py.Value `arg:"pkgs" doc:"The packages, each with a version if it matters."`
	Normalize   bool     `arg:"normalize" default:"True" doc:"Take an architecture off that goes without saying."`
	IgnoreEpoch *bool    `arg:"ignore_epoch" doc:"Compare versions without their epochs."`
	Extra       *py.Dict `arg:"**"`
}

type heldArgs struct {
	Name    string   `arg:"name,required" doc:"The package, when pkgs is not given."`
	Version py.Value `arg:"version" doc:"Version to hold; apt holds whatever is installed."`
	Pkgs    py.Value `arg:"pkgs" doc:"The packages."`
	Replace bool     `arg:"replace" default:"False" doc:"Release every other package that is held."`
	Extra   *py.Dict `arg:"**"`
}

type unheldArgs struct {
	Name    string   `arg:"name,required" doc:"The package, when pkgs is not given."`
	Version py.Value `arg:"version" doc:"Version that is held; apt has none."`
	Pkgs    py.Value `arg:"pkgs" doc:"The packages."`
	All     bool     `arg:"all" default:"False" doc:"Release every package."`
	Extra   *py.Dict `arg:"**"`
}

type uptodateArgs struct {
	Name    string   `arg:"name,required" doc:"A name for the state; it selects nothing."`
	Refresh py.Value `arg:"refresh" default:"False" doc:"Fetch the index files first."`
	Pkgs    py.Value `arg:"pkgs" doc:"Upgrade only when one of these packages has an upgrade."`
	Extra   *py.Dict `arg:"**"`
}

type groupArgs struct {
	Name    string   `arg:"name,required" doc:"The group."`
	Skip    py.Value `arg:"skip" doc:"Packages of the group to leave out."`
	Include py.Value `arg:"include" doc:"Optional packages of the group to take."`
	Extra   *py.Dict `arg:"**"`
}

type downloadedArgs struct {
	Name        string   `arg:"name,required" doc:"The package, when pkgs is not given."`
	Version     py.Value `arg:"version" doc:"The version."`
	Pkgs        py.Value `arg:"pkgs" doc:"The packages, each with a version if it matters."`
	Fromrepo    string   `arg:"fromrepo" doc:"Release to take the packages from."`
	IgnoreEpoch *bool    `arg:"ignore_epoch" doc:"Compare versions without their epochs."`
	Extra       *py.Dict `arg:"**"`
}

type patchArgs struct {
	Name         string   `arg:"name,required" doc:"The advisory."`
	AdvisoryIDs  py.Value `arg:"advisory_ids" doc:"The advisories."`
	Downloadonly py.Value `arg:"downloadonly" doc:"Only download."`
	Extra        *py.Dict `arg:"**"`
}

type patchDownArgs struct {
	Name        string   `arg:"name,required" doc:"The advisory."`
	AdvisoryIDs py.Value `arg:"advisory_ids" doc:"The advisories."`
	Extra       *py.Dict `arg:"**"`
}

// pkgState declares a function whose watch is the function itself (Salt's
// mod_watch), or refuses when watched is false.
func pkgState[A any](name, doc string, watched bool, fn func(ctx context.Context, c *modules.Call, m manager, a *A) (modules.Done, error)) *modules.Func {
	check := func(ctx context.Context, c *modules.Call, a *A) (modules.Plan, error) {
		return plan(ctx, c, func(ctx context.Context, m manager) (modules.Done, error) { return fn(ctx, c, m, a) })
	}
	watch := check
	if !watched {
		watch = func(context.Context, *modules.Call, *A) (modules.Plan, error) {
			return modules.Fail(name + " does not work with the watch requisite"), nil
		}
	}
	s := modules.State[A]{Name: name, Doc: doc, Virtual: virtual, Check: check, Watch: watch}
	if watched {
		s.Aggregate = aggregate
	}
	return s.Func()
}

func stateFuncs() []*modules.Func {
	return []*modules.Func{
		pkgState("pkg.installed", installedDoc, true, checkInstalled),
		pkgState("pkg.latest", latestDoc, true, checkLatest),
		pkgState("pkg.removed", removedDoc, true, func(ctx context.Context, c *modules.Call, m manager, a *removeArgs) (modules.Done, error) {
			return checkRemoved(ctx, c, m, a, "remove")
		}),
		pkgState("pkg.purged", purgedDoc, true, func(ctx context.Context, c *modules.Call, m manager, a *removeArgs) (modules.Done, error) {
			return checkRemoved(ctx, c, m, a, "purge")
		}),
		pkgState("pkg.held", heldDoc, false, checkHeld),
		pkgState("pkg.unheld", unheldDoc, false, checkUnheld),
		pkgState("pkg.uptodate", uptodateDoc, false, checkUptodate),
		pkgState("pkg.downloaded", downDoc, false, checkDownloaded),
		pkgState("pkg.group_installed", groupDoc, false, checkGroup),
		pkgState("pkg.patch_installed", patchDoc, false, refuse[patchArgs]("pkg.patch_installed", "The pkg.patch_installed state is not available on this platform", "yumpkg", "zypperpkg")),
		pkgState("pkg.patch_downloaded", patchDownDoc, false, refuse[patchDownArgs]("pkg.patch_downloaded", "The pkg.patch_downloaded state is not available on this platform", "yumpkg", "zypperpkg")),
	}
}

// refuse is a state that most package managers cannot do. The comment is Salt's
// for those; the providers that can are told apart.
func refuse[A any](name, comment string, providers ...string) func(context.Context, *modules.Call, manager, *A) (modules.Done, error) {
	return func(_ context.Context, c *modules.Call, _ manager, _ *A) (modules.Done, error) {
		if p := provider(c); slices.Contains(providers, p) {
			return modules.Failed(name + " is not supported with " + p), nil
		}
		return modules.Failed(comment), nil
	}
}

// empty says that a list of packages is given and has nothing in it.
func empty(v py.Value) bool {
	l, ok := v.(*py.List)
	return ok && len(l.Items) == 0
}

func given(v py.Value) bool { return !py.IsNone(v) && py.IsTrue(v) }
