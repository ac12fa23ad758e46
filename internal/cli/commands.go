package cli

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"github.com/urfave/cli/v2"

	"pinch/internal/elsewhere"
	"pinch/internal/fleet"
	"pinch/internal/py"
	"pinch/internal/saltfun"
	"pinch/modules"
	"pinch/modules/all"
	"pinch/shim/wire"
	"pinch/states"
)

// commands are what may stand in the place of a target. A host of the same
// name is reached with -L.
func (a *app) commands() []command {
	return []command{
		{name: "help", usage: "help on a topic: exit-codes", help: "[exit-codes]", run: a.help},
		{name: "version", usage: "pinch's version", run: func(context.Context, *cli.Context) error { return a.version() }},
		{name: "doc", usage: "describe functions: file.managed, file, ...", help: "[FUNCTION | MODULE]...", run: a.doc},
		{name: "functions", usage: "list the functions there are", help: "[--state | --exec]", run: a.functions, flags: []cli.Flag{
			&cli.BoolFlag{Name: "state", Usage: "only state functions"},
			&cli.BoolFlag{Name: "exec", Usage: "only execution functions"},
		}},
		{name: "compile", usage: "compile a tree off line: low state, high state, pillar, a rendered file", help: "[options] SLS... | --highstate | --render FILE | --batch",
			run: a.compile, flags: compileFlags()},
		{name: "check", usage: "look at a tree without any host: what will not work, and where", help: "[options] [TREE]", run: a.check, flags: checkFlags()},
		{name: "pillar", usage: "a host's pillar, with --origin where each value was written", help: "TARGET [KEY]...", run: a.pillar, flags: pillarFlags()},
		{name: "demo", usage: "three SSH hosts on this machine, a real tree, two runs", run: func(ctx context.Context, _ *cli.Context) error { return a.demo(ctx) }},
	}
}

func (a *app) version() error {
	_, err := fmt.Fprintf(a.env.Stdout, "pinch %s (Salt %s, shim protocol %d)\n", Version, saltfun.Version, wire.Version)
	return err
}

func (a *app) help(ctx context.Context, c *cli.Context) error {
	switch c.Args().First() {
	case "exit-codes":
		printExitCodes(a.env.Stdout)
		return nil
	case "":
		return a.run(ctx, []string{"pinch", "--help"})
	}
	return usagef("help %s: the topics are exit-codes and the options of each command (pinch COMMAND --help)", c.Args().First())
}

func (a *app) functions(_ context.Context, c *cli.Context) error {
	for _, f := range all.Registry().All() {
		if c.Bool("state") && f.Kind != modules.StateKind || c.Bool("exec") && f.Kind != modules.ExecKind {
			continue
		}
		kind := "state"
		if f.Kind == modules.ExecKind {
			kind = "exec "
		}
		fmt.Fprintf(a.env.Stdout, "%s %-9s %s\n", kind, access(f), f.Name)
	}
	if !c.Bool("state") {
		names := append(states.PureFunctions(), fleet.ControllerFunctions()...)
		sort.Strings(names)
		for _, n := range names {
			fmt.Fprintf(a.env.Stdout, "exec  controller %s\n", n)
		}
	}
	return nil
}

func access(f *modules.Func) string {
	if f.Access == modules.ReadOnly {
		return "reads"
	}
	return "writes"
}

// doc describes functions as they are declared.
func (a *app) doc(_ context.Context, c *cli.Context) error {
	reg := all.Registry()
	if c.NArg() == 0 {
		return usagef("doc: name a function or a module; `pinch functions` lists them")
	}
	for _, name := range c.Args().Slice() {
		found := false
		for _, f := range reg.All() {
			if f.Name == name || f.Module() == name {
				a.describe(f)
				found = true
			}
		}
		if !found {
			if e := elsewhere.Of(name); e != nil {
				return fmt.Errorf("doc: there is no %s: %s", name, e.Text())
			}
			near := reg.NearName(modules.StateKind, name)
			if near == "" {
				near = reg.NearName(modules.ExecKind, name)
			}
			if near != "" {
				near = fmt.Sprintf(" (did you mean %s?)", near)
			}
			return fmt.Errorf("doc: there is no function or module %s%s", name, near)
		}
	}
	return nil
}

func (a *app) describe(f *modules.Func) {
	w := a.env.Stdout
	kind := "state function"
	if f.Kind == modules.ExecKind {
		kind = "execution function"
	}
	fmt.Fprintf(w, "%s   %s, %s", f.Name, kind, access(f))
	if len(f.Platforms) > 0 {
		fmt.Fprintf(w, ", on %s", strings.Join(f.Platforms, ", "))
	}
	fmt.Fprintf(w, "\n\n%s\n\n", strings.TrimSpace(f.Doc))
	for _, p := range f.Params {
		fmt.Fprintf(w, "  %-22s %s", p.Name, p.Type)
		switch {
		case p.Required:
			fmt.Fprint(w, ", required")
		case p.Default != py.Value(py.None):
			fmt.Fprintf(w, ", default %s", py.Repr(p.Default))
		}
		if len(p.Enum) > 0 {
			fmt.Fprintf(w, ", one of %s", strings.Join(p.Enum, ", "))
		}
		fmt.Fprintf(w, "\n  %-22s %s\n", "", p.Doc)
	}
	if f.KwArgs {
		fmt.Fprintln(w, "  other arguments are accepted, as in Salt")
	}
	fmt.Fprintln(w)
}
