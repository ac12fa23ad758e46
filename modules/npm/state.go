package npm

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type installedArgs struct {
	Name           string   `arg:"name,required" doc:"The package, with or without @ and a version."`
	Pkgs           []string `arg:"pkgs" doc:"Several packages."`
	Dir            string   `arg:"dir" doc:"The directory to install into; for all when not given."`
	User           string   `arg:"user" doc:"Who runs npm."`
	ForceReinstall bool     `arg:"force_reinstall" default:"False" doc:"Installs again what is there."`
	Registry       string   `arg:"registry" doc:"The registry's URL."`
	Env            *py.Dict `arg:"env" doc:"Environment variables."`
}

type removedArgs struct {
	Name string `arg:"name,required" doc:"The package."`
	Dir  string `arg:"dir" doc:"The directory that it is in; for all when not given."`
	User string `arg:"user" doc:"Who runs npm."`
}

type bootstrapArgs struct {
	Name   string `arg:"name,required" doc:"The directory with a package.json."`
	User   string `arg:"user" doc:"Who runs npm."`
	Silent bool   `arg:"silent" default:"True" doc:"Says less."`
}

type cacheCleanedArgs struct {
	Name  string `arg:"name" doc:"The package."`
	User  string `arg:"user" doc:"Who runs npm."`
	Force bool   `arg:"force" default:"False" doc:"Has no effect."`
}

var packageSpec = regexp.MustCompile(`^(@?[^@\s]+)(?:@(\S+))?`)

// isInstalled says whether a package is among the installed ones, by its name
// or its URL.
func isInstalled(name string, have *py.Dict) bool {
	if d, ok := have.Lookup(name).(*py.Dict); ok && d.Has("version") {
		return true
	}
	_, wanted, isURL := strings.Cut(name, "://")
	if !isURL {
		return false
	}
	for _, v := range have.All() {
		d, ok := v.(*py.Dict)
		if !ok {
			continue
		}
		_, from, ok := strings.Cut(d.String("from"), "://")
		if !ok {
			continue
		}
		if !strings.HasSuffix(from, ".git") && strings.HasPrefix(name, "git://") {
			from += ".git"
		}
		if wanted == from {
			return true
		}
	}
	return false
}

// sort tells the packages to install from those that are there.
func sortPackages(pkgs []string, have *py.Dict, force bool) (missing, satisfied []string, err error) {
	for _, p := range pkgs {
		m := packageSpec.FindStringSubmatch(p)
		if m == nil {
			return nil, nil, py.Errorf("AttributeError", "'NoneType' object has no attribute 'group'")
		}
		if force || !isInstalled(m[1], have) {
			missing = append(missing, p)
			continue
		}
		d, ok := have.Lookup(m[1]).(*py.Dict)
		if !ok {
			return nil, nil, py.KeyError(py.Str(m[1]))
		}
		if m[2] != "" && d.String("version") != m[2] {
			missing = append(missing, p)
		} else {
			satisfied = append(satisfied, m[1]+"@"+d.String("version"))
		}
	}
	return missing, satisfied, nil
}

func checkInstalled(ctx context.Context, c *modules.Call, a *installedArgs) (modules.Plan, error) {
	pkgs := a.Pkgs
	if len(pkgs) == 0 {
		pkgs = []string{a.Name}
	}
	top := 0
	have, err := list(ctx, c, &listArgs{Dir: a.Dir, Runas: a.User, Env: a.Env, Depth: &top})
	if err != nil {
		if !isSaltError(err) {
			return modules.Plan{}, err
		}
		return modules.Fail(fmt.Sprintf("Error looking up '%s': %s", a.Name, err)), nil
	}
	missing, satisfied, err := sortPackages(pkgs, have, a.ForceReinstall)
	if err != nil {
		return modules.Plan{}, err
	}
	all := strings.Join(pkgs, ", ")
	there := fmt.Sprintf("Package(s) '%s' satisfied by %s", all, strings.Join(satisfied, ", "))
	if len(missing) == 0 {
		return modules.InOrder(there), nil
	}
	changes := py.DictOf("old", py.NewList(), "new", py.Strings(missing...))
	would := modules.Done{Result: low.None, Changes: changes, Comment: fmt.Sprintf("NPM package(s) '%s' are set to be installed", strings.Join(missing, ", "))}
	if len(satisfied) > 0 { // Salt says success, though something would change
		would.Result, would.Comment = low.True, would.Comment+". "+there
	}
	return modules.Plan{Would: would, Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) {
		_, err := install(ctx, c, w, &installArgs{Pkgs: pkgs, Dir: a.Dir, Runas: a.User, Registry: a.Registry, Env: a.Env, Silent: true})
		if err != nil {
			if !isSaltError(err) {
				return modules.Done{}, err
			}
			return modules.Failed(fmt.Sprintf("Error installing '%s': %s", all, err)), nil
		}
		return modules.OK(fmt.Sprintf("Package(s) '%s' successfully installed", strings.Join(missing, ", ")), changes), nil
	}}, nil
}

func checkRemoved(ctx context.Context, c *modules.Call, a *removedArgs) (modules.Plan, error) {
	top := 0
	have, err := list(ctx, c, &listArgs{Dir: a.Dir, Depth: &top})
	if err != nil {
		if !isSaltError(err) {
			return modules.Plan{}, err
		}
		return modules.Fail(fmt.Sprintf("Error uninstalling '%s': %s", a.Name, err)), nil
	}
	if !have.Has(a.Name) {
		return modules.InOrder(fmt.Sprintf("Package '%s' is not installed", a.Name)), nil
	}
	return modules.Would(fmt.Sprintf("Package '%s' is set to be removed", a.Name), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		ok, err := uninstall(ctx, c, w, &uninstallArgs{Pkg: a.Name, Dir: a.Dir, Runas: a.User})
		if err != nil {
			return modules.Done{}, err
		}
		if !ok {
			return modules.Failed(fmt.Sprintf("Error removing package '%s'", a.Name)), nil
		}
		return modules.OK(fmt.Sprintf("Package '%s' was successfully removed", a.Name), py.DictOf(a.Name, py.Str("Removed"))), nil
	}), nil
}

func checkBootstrap(_ context.Context, c *modules.Call, a *bootstrapArgs) (modules.Plan, error) {
	run := func(ctx context.Context, w host.Writer) (modules.Done, error) {
		got, err := install(ctx, c, w, &installArgs{Dir: a.Name, Runas: a.User, Silent: a.Silent, DryRun: c.Test})
		if err != nil {
			if !isSaltError(err) {
				return modules.Done{}, err
			}
			return modules.Failed(fmt.Sprintf("Error Bootstrapping '%s': %s", a.Name, err)), nil
		}
		_, isText := got.(py.Str)
		switch {
		case !py.IsTrue(got) && c.Test:
			return modules.OK(a.Name+" is already bootstrapped", nil), nil
		case !py.IsTrue(got):
			return modules.OK("Directory is already bootstrapped", nil), nil
		case c.Test:
			return modules.Done{Result: low.None, Comment: a.Name + " is set to be bootstrapped", Changes: py.DictOf("old", py.NewList(), "new", got)}, nil
		case isText:
			return modules.Done{Result: low.False, Comment: "Could not bootstrap directory", Changes: got}, nil
		}
		return modules.OK("Directory was successfully bootstrapped", py.DictOf(a.Name, py.Str("Bootstrapped"))), nil
	}
	return modules.Plan{Would: modules.Done{Result: low.None}, Apply: run, TestApply: run}, nil
}

func checkCacheCleaned(ctx context.Context, c *modules.Call, a *cacheCleanedArgs) (modules.Plan, error) {
	what := a.Name
	if what == "" {
		what = "packages"
	}
	cached, err := cacheList(ctx, c, &cacheArgs{Path: a.Name, Runas: a.User})
	if err != nil {
		if !isSaltError(err) {
			return modules.Plan{}, err
		}
		return modules.Fail(fmt.Sprintf("Error looking up cached %s: %s", what, err)), nil
	}
	if a.Name != "" {
		all, err := cacheList(ctx, c, &cacheArgs{Runas: a.User})
		if err != nil {
			return modules.Plan{}, err
		}
		if all == "" {
			return modules.Plan{}, py.Errorf("IndexError", "string index out of range")
		}
		first := py.Runes(all)[0] // Salt takes the first letter of the list for its first line
		if !strings.Contains(cached, fmt.Sprintf("%c/%s/", first, a.Name)) {
			return modules.InOrder(fmt.Sprintf("Package %s is not in the cache", a.Name)), nil
		}
	}
	return modules.Would(fmt.Sprintf("Cached %s set to be removed", what), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		ok, err := cacheClean(ctx, c, w, &cleanArgs{Path: a.Name, Runas: a.User})
		if err != nil {
			return modules.Done{}, err
		}
		if !ok {
			return modules.Failed("Error cleaning cached " + what), nil
		}
		key := a.Name
		if key == "" {
			key = "cache"
		}
		return modules.OK(fmt.Sprintf("Cached %s successfully removed", what), py.DictOf(key, py.Str("Removed"))), nil
	}), nil
}

func state[A any](name, doc string, check func(context.Context, *modules.Call, *A) (modules.Plan, error)) *modules.Func {
	return modules.State[A]{Name: "npm." + name, Doc: doc, Virtual: virtualState, Check: check}.Func()
}

func action[A any](name, doc string, run func(context.Context, *modules.Call, host.Writer, *A) (py.Value, error)) *modules.Func {
	return modules.Action[A]{Name: "npm." + name, Doc: doc, Virtual: virtual, Run: run}.Func()
}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return []*modules.Func{
		state("installed", "Makes sure that packages of Node.js are installed.\n\n```yaml\nless@4.2.0:\n  npm.installed:\n    - dir: /opt/app\n```", checkInstalled),
		state("removed", "Makes sure that a package of Node.js is not installed.\n\n```yaml\nless:\n  npm.removed:\n    - dir: /opt/app\n```", checkRemoved),
		state("bootstrap", "Installs what the package.json of a directory names.\n\n```yaml\n/opt/app:\n  npm.bootstrap:\n    - user: app\n```", checkBootstrap),
		state("cache_cleaned", "Empties npm's cache.\n\n```yaml\ncache:\n  npm.cache_cleaned:\n    - name: less\n```", checkCacheCleaned),
		action("install", "Installs packages.", install),
		action("uninstall", "Removes a package.", func(ctx context.Context, c *modules.Call, w host.Writer, a *uninstallArgs) (py.Value, error) {
			ok, err := uninstall(ctx, c, w, a)
			return py.Bool(ok), err
		}),
		modules.Query[listArgs]{Name: "npm.list", Doc: "Gives the installed packages.", Virtual: virtual, Run: func(ctx context.Context, c *modules.Call, a *listArgs) (py.Value, error) {
			d, err := list(ctx, c, a)
			if err != nil {
				return nil, err
			}
			return d, nil
		}}.Func(),
		action("cache_clean", "Empties npm's cache.", func(ctx context.Context, c *modules.Call, w host.Writer, a *cleanArgs) (py.Value, error) {
			ok, err := cacheClean(ctx, c, w, a)
			return py.Bool(ok), err
		}),
		modules.Query[cacheArgs]{Name: "npm.cache_list", Doc: "Gives what is in npm's cache.", Virtual: virtual, Run: func(ctx context.Context, c *modules.Call, a *cacheArgs) (py.Value, error) {
			text, err := cacheList(ctx, c, a)
			return py.Str(text), err
		}}.Func(),
		modules.Query[cachePathArgs]{Name: "npm.cache_path", Doc: "Gives the directory of npm's cache.", Virtual: virtual, Run: func(ctx context.Context, c *modules.Call, a *cachePathArgs) (py.Value, error) {
			res, err := run(ctx, c, nil, "", a.Runas, a.Env, "config", "get", "cache")
			if res.Stdout == "" {
				return py.Str(res.Stderr), err
			}
			return py.Str(res.Stdout), err
		}}.Func(),
	}
}
