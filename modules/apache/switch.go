package apache

import (
	"context"
	"fmt"
	"io/fs"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// kind is what Debian's a2en* and a2dis* switch: modules, sites, settings.
type kind struct {
	word string // of the programs: a2enmod
	arg  string // Salt's name for one in results: Mod
	noun string // in comments: module
	dir  string
}

var (
	mods  = kind{"mod", "Mod", "module", "/etc/apache2/mods-enabled/"}
	sites = kind{"site", "Site", "site", "/etc/apache2/sites-enabled/"}
	confs = kind{"conf", "Conf", "conf", "/etc/apache2/conf-enabled/"}
)

type nameArgs struct {
	Name string `arg:"name,required" doc:"Its name."`
}

type modArgs struct {
	Name string `arg:"mod,required" doc:"The module."`
}

type siteArgs struct {
	Name string `arg:"site,required" doc:"The site."`
}

type confArgs struct {
	Name string `arg:"conf,required" doc:"The settings."`
}

// enabled says whether the link is there that makes Apache read a file.
func (k kind) enabled(c *modules.Call, name string) bool {
	link := func(file string) bool {
		fi, err := c.Lstat(k.dir + file)
		return err == nil && fi.Mode.Type() == fs.ModeSymlink
	}
	file := name
	if k == mods {
		if !strings.HasSuffix(name, ".load") && !strings.HasSuffix(name, ".conf") {
			file += ".load"
		}
		return link(file)
	}
	if !strings.HasSuffix(name, ".conf") {
		file += ".conf"
	}
	return link(file) || k == sites && name == "default" && link("000-"+file)
}

// set runs a2en* or a2dis*.
func (k kind) set(ctx context.Context, c *modules.Call, w host.Writer, on bool, name string) (*py.Dict, error) {
	verb, title, past, notFound := "a2dis", "Disable", "disabled", 256 // which no exit status is
	if on {
		verb, title, past, notFound = "a2en", "Enable", "enabled", 1
	}
	said, err := c.Do(ctx, w, verb+k.word, name)
	if err != nil {
		return nil, err
	}
	var status py.Value = py.Int(said.Code)
	switch said.Code {
	case notFound:
		status = py.Str(fmt.Sprintf("%s %s Not found", k.arg, name))
	case 0:
		status = py.Str(fmt.Sprintf("%s %s %s", k.arg, name, past))
	}
	return py.DictOf("Name", py.Str(fmt.Sprintf("Apache2 %s %s", title, k.arg)), k.arg, py.Str(name), "Status", status), nil
}

func (k kind) check(on bool) func(context.Context, *modules.Call, *nameArgs) (modules.Plan, error) {
	verb := "disable"
	if on {
		verb = "enable"
	}
	return func(_ context.Context, c *modules.Call, a *nameArgs) (modules.Plan, error) {
		if k.enabled(c, a.Name) == on {
			return modules.InOrder(fmt.Sprintf("%s already %sd.", a.Name, verb)), nil
		}
		changes := py.DictOf("old", py.Str(a.Name), "new", py.None)
		if on {
			changes = py.DictOf("old", py.None, "new", py.Str(a.Name))
		}
		return modules.Would(fmt.Sprintf("Apache %s %s is set to be %sd.", k.noun, a.Name, verb), changes, func(ctx context.Context, w host.Writer) (modules.Done, error) {
			ret, err := k.set(ctx, c, w, on, a.Name)
			if err != nil {
				return modules.Done{}, err
			}
			status, isText := ret.Lookup("Status").(py.Str)
			if isText && strings.Contains(string(status), verb+"d") {
				return modules.Done{Result: low.True, Changes: changes}, nil
			}
			comment := fmt.Sprintf("Failed to %s %s Apache %s", verb, a.Name, k.noun)
			if isText {
				comment += fmt.Sprintf(" (%s)", status)
			}
			return modules.Failed(comment), nil
		}), nil
	}
}

func (k kind) states(virtual func(*modules.Call) (bool, string), what, example string) []*modules.Func {
	module := "apache_" + k.noun
	one := func(verb string, on bool) *modules.Func {
		return modules.State[nameArgs]{Name: module + "." + verb, Virtual: virtual, Check: k.check(on),
			Doc: fmt.Sprintf("Makes sure that %s of Apache is %s.\n\n```yaml\n%s:\n  %s.%s: []\n```", what, verb, example, module, verb)}.Func()
	}
	return []*modules.Func{one("enabled", true), one("disabled", false)}
}

func switchStates() []*modules.Func {
	debian := stateVirtual(onDebian)
	withConf := stateVirtual(func(c *modules.Call) bool { return onDebian(c) && c.LookPath("a2enconf") != "" })
	out := mods.states(debian, "a module", "headers")
	out = append(out, sites.states(debian, "a site", "000-default")...)
	return append(out, confs.states(withConf, "a file of settings", "security")...)
}

// funcs are the functions of one kind; name takes the name out of their
// arguments.
func funcs[A any](k kind, what string, name func(*A) string) []*modules.Func {
	set := func(verb, doc string, on bool) *modules.Func {
		return modules.Action[A]{Name: "apache." + verb + k.word, Doc: doc, Virtual: debianVirtual, Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *A) (py.Value, error) {
			d, err := k.set(ctx, c, w, on, name(a))
			if err != nil {
				return nil, err
			}
			return d, nil
		}}.Func()
	}
	return []*modules.Func{
		modules.Query[A]{Name: "apache.check_" + k.word + "_enabled", Doc: "Says whether " + what + " is enabled.", Virtual: debianVirtual,
			Run: func(_ context.Context, c *modules.Call, a *A) (py.Value, error) {
				return py.Bool(k.enabled(c, name(a))), nil
			}}.Func(),
		set("a2en", "Enables "+what+".", true),
		set("a2dis", "Disables "+what+".", false),
	}
}

func switchFuncs() []*modules.Func {
	out := funcs(mods, "a module", func(a *modArgs) string { return a.Name })
	out = append(out, funcs(sites, "a site", func(a *siteArgs) string { return a.Name })...)
	return append(out, funcs(confs, "a file of settings", func(a *confArgs) string { return a.Name })...)
}
