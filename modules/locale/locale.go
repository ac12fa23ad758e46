// Package locale has Salt's locale module.
package locale

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type nameArgs struct {
	Name string `arg:"name,required" doc:"The locale, such as en_US.UTF-8."`
}

type localeArgs struct {
	Locale string `arg:"locale,required" doc:"The locale, such as en_US.UTF-8."`
}

type genArgs struct {
	Locale string   `arg:"locale,required" doc:"The locale; some systems want the character map too, as in 'de_DE.UTF-8 UTF-8'."`
	Extra  *py.Dict `arg:"**"`
}

type noArgs struct{}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return []*modules.Func{
		modules.State[nameArgs]{Name: "locale.present", Check: checkPresent,
			Doc: "Generates a locale.\n\n```yaml\nen_US.UTF-8:\n  locale.present: []\n```"}.Func(),
		modules.State[nameArgs]{Name: "locale.system", Check: checkSystem,
			Doc: "Sets the locale of the system.\n\n```yaml\nen_US.UTF-8:\n  locale.system: []\n```"}.Func(),
		modules.Query[noArgs]{Name: "locale.list_avail", Doc: "Lists the locales that programs can use.",
			Run: func(ctx context.Context, c *modules.Call, _ *noArgs) (py.Value, error) {
				l, err := listAvail(ctx, c)
				return py.Strings(l...), err
			}}.Func(),
		modules.Query[localeArgs]{Name: "locale.avail", Doc: "Says whether a locale can be used.",
			Run: func(ctx context.Context, c *modules.Call, a *localeArgs) (py.Value, error) {
				b, err := avail(ctx, c, a.Locale)
				return py.Bool(b), err
			}}.Func(),
		modules.Query[noArgs]{Name: "locale.get_locale", Doc: "Gives the locale of the system.",
			Run: func(ctx context.Context, c *modules.Call, _ *noArgs) (py.Value, error) {
				s, err := current(ctx, c)
				return py.Str(s), err
			}}.Func(),
		modules.Action[localeArgs]{Name: "locale.set_locale", Doc: "Sets the locale of the system.",
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *localeArgs) (py.Value, error) {
				ok, err := set(ctx, c, w, a.Locale)
				return py.Bool(ok), err
			}}.Func(),
		modules.Action[genArgs]{Name: "locale.gen_locale", Doc: "Generates a locale.",
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *genArgs) (py.Value, error) {
				verbose := false
				if v, ok := a.Extra.GetStr("verbose"); ok {
					verbose = py.IsTrue(v)
				}
				ok, all, err := generate(ctx, c, w, a.Locale, verbose)
				if verbose && all != nil {
					return all, err
				}
				return py.Bool(ok), err
			}}.Func(),
	}
}

func checkPresent(ctx context.Context, c *modules.Call, a *nameArgs) (modules.Plan, error) {
	there, err := avail(ctx, c, a.Name)
	if err != nil {
		return modules.Plan{}, err
	}
	if there {
		return modules.InOrder(fmt.Sprintf("Locale %s is already present", a.Name)), nil
	}
	return modules.Would(fmt.Sprintf("Locale %s needs to be generated", a.Name), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		ok, _, err := generate(ctx, c, w, a.Name, false)
		if err != nil {
			return modules.Done{}, err
		}
		if !ok {
			return modules.Failed("Failed to generate locale " + a.Name), nil
		}
		return modules.OK("Generated locale "+a.Name, py.DictOf("locale", py.Str(a.Name))), nil
	}), nil
}

func checkSystem(ctx context.Context, c *modules.Call, a *nameArgs) (modules.Plan, error) {
	have, err := current(ctx, c)
	if msg, ok := raised(err); ok {
		return modules.Fail("Failed to set system locale: " + msg), nil
	}
	if err != nil {
		return modules.Plan{}, err
	}
	if have == a.Name {
		return modules.InOrder(fmt.Sprintf("System locale %s already set", a.Name)), nil
	}
	return modules.Would(fmt.Sprintf("System locale %s needs to be set", a.Name), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		ok, err := set(ctx, c, w, a.Name)
		if msg, is := raised(err); is {
			return modules.Failed("Failed to set system locale: " + msg), nil
		}
		if err != nil {
			return modules.Done{}, err
		}
		if !ok {
			return modules.Failed("Failed to set system locale to " + a.Name), nil
		}
		return modules.OK("Set system locale "+a.Name, py.DictOf("locale", py.Str(a.Name))), nil
	}), nil
}

// raised gives the text of a CommandExecutionError.
func raised(err error) (string, bool) {
	var se *modules.Error
	if errors.As(err, &se) && se.Class == "CommandExecutionError" {
		return se.Msg, true
	}
	return "", false
}

// parts are those of language_TERRITORY.codeset@modifier charmap.
type parts struct{ language, territory, codeset, modifier, charmap string }

func split(name string) (p parts) {
	name, p.charmap, _ = strings.Cut(name, " ")
	name, p.modifier, _ = strings.Cut(name, "@")
	name, p.codeset, _ = strings.Cut(name, ".")
	p.language, p.territory, _ = strings.Cut(name, "_")
	return p
}

func (p parts) String() string {
	s := p.language
	for _, x := range []struct{ sep, v string }{{"_", p.territory}, {".", p.codeset}, {"@", p.modifier}, {" ", p.charmap}} {
		if x.v != "" {
			s += x.sep + x.v
		}
	}
	return s
}

// normal is a locale as `locale -a` writes it.
func normal(name string) string {
	p := split(name)
	p.territory = py.Upper(p.territory)
	p.codeset = strings.ReplaceAll(py.Lower(p.codeset), "-", "")
	p.charmap = ""
	return p.String()
}

func listAvail(ctx context.Context, c *modules.Call) ([]string, error) {
	out, err := c.Query(ctx, host.Cmd{Argv: []string{"locale", "-a"}})
	return strings.Split(strings.TrimRight(string(out.Stdout)+string(out.Stderr), "\r\n"), "\n"), err
}

func avail(ctx context.Context, c *modules.Call, name string) (bool, error) {
	all, err := listAvail(ctx, c)
	want := normal(name)
	for _, l := range all {
		if normal(strings.TrimSpace(l)) == want {
			return true, err
		}
	}
	return false, err
}
