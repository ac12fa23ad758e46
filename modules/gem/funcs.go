package gem

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type installedArgs struct {
	Name        string  `arg:"name,required" doc:"The gem."`
	Ruby        string  `arg:"ruby" doc:"A Ruby of rvm or rbenv; has no effect."`
	GemBin      string  `arg:"gem_bin" doc:"The gem program."`
	User        string  `arg:"user" doc:"Who runs gem."`
	Version     *string `arg:"version" doc:"The version, or a condition on it."`
	Rdoc        bool    `arg:"rdoc" default:"False" doc:"Makes documentation."`
	Ri          bool    `arg:"ri" default:"False" doc:"Makes documentation."`
	PreReleases bool    `arg:"pre_releases" default:"False" doc:"Takes pre-releases."`
	Proxy       string  `arg:"proxy" doc:"A proxy."`
	Source      string  `arg:"source" doc:"Where the gem comes from."`
}

type removedArgs struct {
	Name   string `arg:"name,required" doc:"The gem."`
	Ruby   string `arg:"ruby" doc:"A Ruby of rvm or rbenv; has no effect."`
	User   string `arg:"user" doc:"Who runs gem."`
	GemBin string `arg:"gem_bin" doc:"The gem program."`
}

type sourceArgs struct {
	Name string `arg:"name,required" doc:"The source's URL."`
	Ruby string `arg:"ruby" doc:"A Ruby of rvm or rbenv; has no effect."`
	User string `arg:"user" doc:"Who runs gem."`
}

type installArgs struct {
	Gems        string `arg:"gems,required" doc:"The gems."`
	Ruby        string `arg:"ruby" doc:"A Ruby of rvm or rbenv; has no effect."`
	GemBin      string `arg:"gem_bin" doc:"The gem program."`
	Runas       string `arg:"runas" doc:"Who runs gem."`
	Version     string `arg:"version" doc:"The version."`
	Rdoc        bool   `arg:"rdoc" default:"False" doc:"Makes documentation."`
	Ri          bool   `arg:"ri" default:"False" doc:"Makes documentation."`
	PreReleases bool   `arg:"pre_releases" default:"False" doc:"Takes pre-releases."`
	Proxy       string `arg:"proxy" doc:"A proxy."`
	Source      string `arg:"source" doc:"Where the gem comes from."`
}

type gemsArgs struct {
	Gems   string `arg:"gems,required" doc:"The gems."`
	Ruby   string `arg:"ruby" doc:"A Ruby of rvm or rbenv; has no effect."`
	Runas  string `arg:"runas" doc:"Who runs gem."`
	GemBin string `arg:"gem_bin" doc:"The gem program."`
}

type systemArgs struct {
	Version string `arg:"version" default:"''" doc:"The version."`
	Ruby    string `arg:"ruby" doc:"A Ruby of rvm or rbenv; has no effect."`
	Runas   string `arg:"runas" doc:"Who runs gem."`
	GemBin  string `arg:"gem_bin" doc:"The gem program."`
}

type listArgs struct {
	Prefix string `arg:"prefix" default:"''" doc:"What the names begin with."`
	Ruby   string `arg:"ruby" doc:"A Ruby of rvm or rbenv; has no effect."`
	Runas  string `arg:"runas" doc:"Who runs gem."`
	GemBin string `arg:"gem_bin" doc:"The gem program."`
}

type plainArgs struct {
	Ruby   string `arg:"ruby" doc:"A Ruby of rvm or rbenv; has no effect."`
	Runas  string `arg:"runas" doc:"Who runs gem."`
	GemBin string `arg:"gem_bin" doc:"The gem program."`
}

type uriArgs struct {
	SourceURI string `arg:"source_uri,required" doc:"The source's URL."`
	Ruby      string `arg:"ruby" doc:"A Ruby of rvm or rbenv; has no effect."`
	Runas     string `arg:"runas" doc:"Who runs gem."`
	GemBin    string `arg:"gem_bin" doc:"The gem program."`
}

func checkInstalled(ctx context.Context, c *modules.Call, a *installedArgs) (modules.Plan, error) {
	t := &tool{c: c, bin: a.GemBin, user: a.User}
	have, err := t.list(ctx, a.Name)
	if err != nil {
		return modules.Plan{}, err
	}
	o := installOptions{gems: a.Name, rdoc: a.Rdoc, ri: a.Ri, pre: a.PreReleases, proxy: a.Proxy, source: a.Source}
	if l, ok := have.Lookup(a.Name).(*py.List); ok {
		if a.Version == nil {
			return modules.InOrder("Gem is already installed."), nil
		}
		var versions []string
		for _, v := range l.Items {
			versions = append(versions, py.ToStr(v))
		}
		if comment := satisfied(versions, *a.Version); comment != "" {
			return modules.InOrder(comment), nil
		}
	}
	if a.Version != nil {
		o.version = *a.Version
	}
	return plan(gemWould(a.Name, "installed"), "Gem was successfully installed", "Could not install gem.", py.DictOf(a.Name, py.Str("Installed")),
		func(ctx context.Context, w host.Writer) (string, error) { return t.install(ctx, w, o) }), nil
}

func checkRemoved(ctx context.Context, c *modules.Call, a *removedArgs) (modules.Plan, error) {
	t := &tool{c: c, bin: a.GemBin, user: a.User}
	have, err := t.list(ctx, a.Name)
	if err != nil {
		return modules.Plan{}, err
	}
	if !have.Has(a.Name) {
		return modules.InOrder("Gem is not installed."), nil
	}
	return plan(gemWould(a.Name, "removed"), "Gem was successfully removed.", "Could not remove gem.", py.DictOf(a.Name, py.Str("Removed")),
		func(ctx context.Context, w host.Writer) (string, error) { return t.uninstall(ctx, w, a.Name) }), nil
}

func (t *tool) uninstall(ctx context.Context, w host.Writer, gems string) (string, error) {
	return t.run(ctx, w, slices.Concat([]string{"uninstall"}, strings.Fields(gems), []string{"-a", "-x"})...)
}

func checkSource(add bool) func(context.Context, *modules.Call, *sourceArgs) (modules.Plan, error) {
	return func(ctx context.Context, c *modules.Call, a *sourceArgs) (modules.Plan, error) {
		t := &tool{c: c, user: a.User}
		have, err := t.sources(ctx)
		if err != nil {
			return modules.Plan{}, err
		}
		there := slices.Contains(have, a.Name)
		switch {
		case add && there:
			return modules.InOrder("Gem source is already added."), nil
		case add:
			return plan(fmt.Sprintf("The gem source %s would have been added.", a.Name), "Gem source was successfully added.", "Could not add gem source.",
				py.DictOf(a.Name, py.Str("Installed")), func(ctx context.Context, w host.Writer) (string, error) {
					return t.run(ctx, w, "sources", "--add", a.Name)
				}), nil
		case !there:
			return modules.InOrder("Gem source is already removed."), nil
		}
		return plan("The gem source would have been removed.", "Gem source was successfully removed.", "Could not remove gem source.",
			py.DictOf(a.Name, py.Str("Removed")), func(ctx context.Context, w host.Writer) (string, error) {
				return t.run(ctx, w, "sources", "--remove", a.Name)
			}), nil
	}
}

func action[A any](name, doc string, run func(context.Context, *modules.Call, host.Writer, *A) (string, error)) *modules.Func {
	return modules.Action[A]{Name: "gem." + name, Doc: doc, Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *A) (py.Value, error) {
		text, err := run(ctx, c, w, a)
		return py.Str(text), err
	}}.Func()
}

func query[A any](name, doc string, run func(context.Context, *modules.Call, *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: "gem." + name, Doc: doc, Run: run}.Func()
}

func valueOr(d *py.Dict, err error) (py.Value, error) {
	if err != nil {
		return nil, err
	}
	return d, nil
}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return []*modules.Func{
		modules.State[installedArgs]{Name: "gem.installed", Check: checkInstalled,
			Doc: "Makes sure that a gem is installed.\n\n```yaml\nrake:\n  gem.installed:\n    - version: '>= 13.0'\n```"}.Func(),
		modules.State[removedArgs]{Name: "gem.removed", Check: checkRemoved, Doc: "Makes sure that a gem is not installed.\n\n```yaml\nrake:\n  gem.removed: []\n```"}.Func(),
		modules.State[sourceArgs]{Name: "gem.sources_add", Check: checkSource(true), Doc: "Adds a source of gems.\n\n```yaml\nhttps://gems.example.org/:\n  gem.sources_add: []\n```"}.Func(),
		modules.State[sourceArgs]{Name: "gem.sources_remove", Check: checkSource(false), Doc: "Removes a source of gems.\n\n```yaml\nhttps://gems.example.org/:\n  gem.sources_remove: []\n```"}.Func(),
		action("install", "Installs gems.", func(ctx context.Context, c *modules.Call, w host.Writer, a *installArgs) (string, error) {
			return (&tool{c, a.GemBin, a.Runas}).install(ctx, w, installOptions{gems: a.Gems, version: a.Version, rdoc: a.Rdoc, ri: a.Ri, pre: a.PreReleases, proxy: a.Proxy, source: a.Source})
		}),
		action("uninstall", "Removes gems.", func(ctx context.Context, c *modules.Call, w host.Writer, a *gemsArgs) (string, error) {
			return (&tool{c, a.GemBin, a.Runas}).uninstall(ctx, w, a.Gems)
		}),
		action("update", "Updates gems.", func(ctx context.Context, c *modules.Call, w host.Writer, a *gemsArgs) (string, error) {
			return (&tool{c, a.GemBin, a.Runas}).run(ctx, w, append([]string{"update"}, strings.Fields(a.Gems)...)...)
		}),
		action("update_system", "Updates gem itself.", func(ctx context.Context, c *modules.Call, w host.Writer, a *systemArgs) (string, error) {
			return (&tool{c, a.GemBin, a.Runas}).run(ctx, w, "update", "--system", a.Version)
		}),
		action("sources_add", "Adds a source.", func(ctx context.Context, c *modules.Call, w host.Writer, a *uriArgs) (string, error) {
			return (&tool{c, a.GemBin, a.Runas}).run(ctx, w, "sources", "--add", a.SourceURI)
		}),
		action("sources_remove", "Removes a source.", func(ctx context.Context, c *modules.Call, w host.Writer, a *uriArgs) (string, error) {
			return (&tool{c, a.GemBin, a.Runas}).run(ctx, w, "sources", "--remove", a.SourceURI)
		}),
		query("sources_list", "Gives the sources.", func(ctx context.Context, c *modules.Call, a *plainArgs) (py.Value, error) {
			l, err := (&tool{c, a.GemBin, a.Runas}).sources(ctx)
			return py.Strings(l...), err
		}),
		query("version", "Gives gem's version.", func(ctx context.Context, c *modules.Call, a *plainArgs) (py.Value, error) {
			v, err := (&tool{c, a.GemBin, a.Runas}).version(ctx)
			return py.Str(v), err
		}),
		query("list", "Gives the installed gems with their versions.", func(ctx context.Context, c *modules.Call, a *listArgs) (py.Value, error) {
			return valueOr((&tool{c, a.GemBin, a.Runas}).list(ctx, a.Prefix))
		}),
		query("list_upgrades", "Gives the gems of which there is a newer version.", func(ctx context.Context, c *modules.Call, a *plainArgs) (py.Value, error) {
			return valueOr((&tool{c, a.GemBin, a.Runas}).upgrades(ctx))
		}),
	}
}
