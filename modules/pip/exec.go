package pip

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

func isMissing(err error) bool {
	var se *modules.SourceError
	return errors.As(err, &se)
}

func virtualPip(*modules.Call) (bool, string) { return true, "" }

func query[A any](name, doc string, run func(context.Context, *modules.Call, *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: name, Doc: doc, Virtual: virtualPip, Run: run}.Func()
}

func action[A any](name, doc string, run func(context.Context, *modules.Call, host.Writer, *A) (py.Value, error)) *modules.Func {
	return modules.Action[A]{Name: name, Doc: doc, Virtual: virtualPip, Run: run}.Func()
}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	managedState := func(name string) *modules.Func {
		return modules.State[managedArgs]{Name: "virtualenv." + name, Check: checkManaged,
			Doc: "Makes sure that there is a virtual environment, with packages.\n\n```yaml\n/opt/app/venv:\n  virtualenv." + name + ":\n    - requirements: salt://app/requirements.txt\n```"}.Func()
	}
	return append([]*modules.Func{
		modules.State[installedArgs]{Name: "pip.installed", Check: checkInstalled,
			Doc: "Makes sure that Python packages are installed.\n\n```yaml\nrequests:\n  pip.installed:\n    - name: requests >= 2.30\n    - bin_env: /opt/app/venv\n```"}.Func(),
		modules.State[removedArgs]{Name: "pip.removed", Check: checkRemoved,
			Doc: "Makes sure that a Python package is not installed.\n\n```yaml\nrequests:\n  pip.removed:\n    - bin_env: /opt/app/venv\n```"}.Func(),
		modules.State[uptodateArgs]{Name: "pip.uptodate", Check: checkUptodate,
			Doc: "Upgrades all Python packages.\n\n```yaml\nvenv:\n  pip.uptodate:\n    - bin_env: /opt/app/venv\n```"}.Func(),
		managedState("managed"),
		managedState("manage"),
	}, execFuncs()...)
}

func execFuncs() []*modules.Func {
	return []*modules.Func{
		action("pip.install", "Installs packages.", execInstall),
		action("pip.uninstall", "Removes packages.", func(ctx context.Context, c *modules.Call, w host.Writer, a *uninstallArgs) (py.Value, error) {
			res, err := (&tool{c: c, bin: a.BinEnv, user: a.User, cwd: a.Cwd}).uninstall(ctx, w, a)
			if err != nil {
				return nil, err
			}
			return res.dict(), nil
		}),
		query("pip.freeze", "Gives the installed packages with their versions, as pip freeze does.", func(ctx context.Context, c *modules.Call, a *freezeArgs) (py.Value, error) {
			lines, err := (&tool{c: c, bin: a.BinEnv, user: a.User, cwd: a.Cwd, env: a.EnvVars}).freeze(ctx)
			if err != nil {
				return nil, err
			}
			return py.Strings(lines...), nil
		}),
		query("pip.list", "Gives the installed packages with their versions.", func(ctx context.Context, c *modules.Call, a *listArgs) (py.Value, error) {
			return valueOr((&tool{c: c, bin: a.BinEnv, user: a.User, cwd: a.Cwd, env: a.EnvVars}).list(ctx, a.Prefix))
		}),
		query("pip.list_freeze_parse", "Gives the installed packages with their versions, from pip freeze.", func(ctx context.Context, c *modules.Call, a *listArgs) (py.Value, error) {
			return valueOr((&tool{c: c, bin: a.BinEnv, user: a.User, cwd: a.Cwd, env: a.EnvVars}).listFreeze(ctx, a.Prefix))
		}),
		query("pip.version", "Gives pip's version.", func(ctx context.Context, c *modules.Call, a *versionArgs) (py.Value, error) {
			v, err := (&tool{c: c, bin: a.BinEnv, user: a.User, cwd: a.Cwd}).version(ctx)
			return py.OptStr(v), err
		}),
		query("pip.list_upgrades", "Gives the packages of which there is a newer version.", func(ctx context.Context, c *modules.Call, a *envArgs) (py.Value, error) {
			return valueOr((&tool{c: c, bin: a.BinEnv, user: a.User, cwd: a.Cwd}).upgrades(ctx))
		}),
		query("pip.upgrade_available", "Says whether there is a newer version of a package.", func(ctx context.Context, c *modules.Call, a *pkgArgs) (py.Value, error) {
			all, err := (&tool{c: c, bin: a.BinEnv, user: a.User, cwd: a.Cwd}).upgrades(ctx)
			if err != nil {
				return nil, err
			}
			return py.Bool(all.Has(a.Pkg)), nil
		}),
		query("pip.is_installed", "Says whether a package is installed.", func(ctx context.Context, c *modules.Call, a *isInstalledArgs) (py.Value, error) {
			all, err := (&tool{c: c, bin: a.BinEnv, user: a.User, cwd: a.Cwd}).list(ctx, a.Pkgname)
			if err != nil {
				return nil, err
			}
			return py.Bool(all.Has(strings.ToLower(a.Pkgname))), nil
		}),
		query("pip.normalize", "Gives a package's name as PEP 503 has it.", func(_ context.Context, _ *modules.Call, a *normalizeArgs) (py.Value, error) {
			return py.Str(normalize(a.Name)), nil
		}),
		query("pip.list_all_versions", "Gives the versions of a package that the index has.", func(ctx context.Context, c *modules.Call, a *versionsArgs) (py.Value, error) {
			q := versionQuery{alpha: a.IncludeAlpha, beta: a.IncludeBeta, rc: a.IncludeRC, indexURL: a.IndexURL, extraIndexURL: a.ExtraIndexURL}
			all, err := (&tool{c: c, bin: a.BinEnv, user: a.User, cwd: a.Cwd}).versions(ctx, nil, a.Pkg, q)
			if err != nil {
				return nil, err
			}
			if len(all) == 0 {
				return py.None, nil
			}
			return py.Strings(all...), nil
		}),
		action("pip.upgrade", "Upgrades all packages.", func(ctx context.Context, c *modules.Call, w host.Writer, a *upgradeArgs) (py.Value, error) {
			return valueOr((&tool{c: c, bin: a.BinEnv, user: a.User, cwd: a.Cwd}).upgradeAll(ctx, w))
		}),
		action("virtualenv.create", "Makes a virtual environment.", func(ctx context.Context, c *modules.Call, w host.Writer, a *createArgs) (py.Value, error) {
			res, err := create(ctx, c, w, a)
			if err != nil {
				return nil, err
			}
			return resultDict(res), nil
		}),
		action("virtualenv.get_site_packages", "Gives the directory of an environment's packages.", func(ctx context.Context, c *modules.Call, w host.Writer, a *sitePackagesArgs) (py.Value, error) {
			return runCode(ctx, c, w, a.Venv, `import sysconfig; print(sysconfig.get_path("purelib"))`)
		}),
		action("virtualenv.get_distribution_path", "Gives the directory that a package of an environment lies in.", func(ctx context.Context, c *modules.Call, w host.Writer, a *distributionArgs) (py.Value, error) {
			return runCode(ctx, c, w, a.Venv, `import sys
try:
    import importlib.metadata as m
    print(m.distribution(sys.argv[1]).locate_file(""))
except ImportError:
    import pkg_resources
    print(pkg_resources.get_distribution(sys.argv[1]).location)
`, a.Distribution)
		}),
		action("virtualenv.get_resource_path", "Gives the path of a file of a package of an environment.", func(ctx context.Context, c *modules.Call, w host.Writer, a *resourceArgs) (py.Value, error) {
			return runCode(ctx, c, w, a.Venv, `import sys, pkg_resources; print(pkg_resources.resource_filename(sys.argv[1], sys.argv[2]))`, a.Package, a.Resource)
		}),
		action("virtualenv.get_resource_content", "Gives the content of a file of a package of an environment.", func(ctx context.Context, c *modules.Call, w host.Writer, a *resourceArgs) (py.Value, error) {
			return runCode(ctx, c, w, a.Venv, `import sys, pkg_resources; print(pkg_resources.resource_string(sys.argv[1], sys.argv[2]))`, a.Package, a.Resource)
		}),
	}
}

// runCode runs Python in a virtual environment; arguments are words for it, so
// that they can be no code.
func runCode(ctx context.Context, c *modules.Call, w host.Writer, venv, code string, args ...string) (py.Value, error) {
	python := venv + "/bin/python"
	if !exists(c, python) {
		return nil, commandError(fmt.Sprintf("Path '%s' does not appear to be a virtualenv: '%s' not found.", venv, python))
	}
	res, err := c.RunAll(ctx, w, modules.Command{Argv: append([]string{python, "-c", code}, args...)})
	if err != nil {
		return nil, err
	}
	if res.Code != 0 {
		return nil, commandError(res.Stdout + "\n" + res.Stderr)
	}
	return py.Str(res.Stdout), nil
}

func valueOr(d *py.Dict, err error) (py.Value, error) {
	if err != nil {
		return nil, err
	}
	return d, nil
}

func execInstall(ctx context.Context, c *modules.Call, w host.Writer, a *installArgs) (py.Value, error) {
	t := &tool{c: c, bin: a.BinEnv, user: a.User, cwd: a.Cwd, env: a.EnvVars}
	res, err := t.install(ctx, w, &installOptions{
		pkgs: words(a.Pkgs), requirements: a.Requirements, useWheel: a.UseWheel, noUseWheel: a.NoUseWheel, noBinary: a.NoBinary, log: a.Log, proxy: a.Proxy, timeout: a.Timeout,
		editable: a.Editable, findLinks: a.FindLinks, indexURL: a.IndexURL, extraIndexURL: a.ExtraIndexURL, noIndex: a.NoIndex, useMirrors: a.Mirrors, build: a.Build,
		target: a.Target, download: a.Download, cacheDir: orElse(a.DownloadCache, a.CacheDir), source: a.Source, upgrade: a.Upgrade, forceReinstall: a.ForceReinstall,
		ignoreInstalled: a.IgnoreInstalled, existsAction: a.ExistsAction, noDeps: a.NoDeps, noInstall: a.NoInstall, noDownload: a.NoDownload,
		installOptions: a.InstallOptions, globalOptions: a.GlobalOptions, preReleases: a.PreReleases, cert: a.Cert, allowAllExternal: a.AllowAllExternal,
		allowExternal: a.AllowExternal, allowUnverified: a.AllowUnverified, processDependencyLinks: a.ProcessDependencyLinks, trustedHost: a.TrustedHost,
		noCacheDir: a.NoCacheDir, extraArgs: a.ExtraArgs, disableVersionCheck: a.DisableVersionCheck,
	})
	if err != nil {
		return nil, err
	}
	return res.dict(), nil
}
