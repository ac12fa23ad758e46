// Package pecl has Salt's pecl functions and states: extensions of PHP, by the
// pecl program. They are those of Salt 3006; 3008 has them in an extension.
package pecl

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
	Name           string   `arg:"name,required" doc:"The extension, CHANNEL/NAME when it is not pecl.php.net's."`
	Version        py.Value `arg:"version" doc:"The version."`
	Defaults       bool     `arg:"defaults" default:"False" doc:"Answers questions with what is proposed."`
	Force          bool     `arg:"force" default:"False" doc:"Installs what pecl would not."`
	PreferredState string   `arg:"preferred_state" default:"'stable'" doc:"How ready the version must be: stable, beta, alpha, devel."`
}

type removedArgs struct {
	Name string `arg:"name,required" doc:"The extension."`
}

type installArgs struct {
	Pecls          py.Value `arg:"pecls,required" doc:"One extension or a list of them."`
	Defaults       bool     `arg:"defaults" default:"False" doc:"Answers questions with what is proposed."`
	Force          bool     `arg:"force" default:"False" doc:"Installs what pecl would not."`
	PreferredState string   `arg:"preferred_state" default:"'stable'" doc:"How ready the version must be: stable, beta, alpha, devel."`
}

type peclsArgs struct {
	Pecls py.Value `arg:"pecls,required" doc:"One extension or a list of them."`
}

type listArgs struct {
	Channel *string `arg:"channel" doc:"The channel; pecl.php.net without it."`
}

func execVirtual(c *modules.Call) (bool, string) {
	if c.LookPath("pecl") == "" {
		return false, "The pecl execution module not loaded: pecl binary is not in the path."
	}
	return true, ""
}

func stateVirtual(c *modules.Call) (bool, string) {
	if c.LookPath("pecl") == "" {
		return false, "pecl module could not be loaded"
	}
	return true, ""
}

// run runs pecl. What it printed is "" where it failed.
func run(ctx context.Context, c *modules.Call, w host.Writer, defaults bool, args ...string) (string, error) {
	cmd := modules.Command{Argv: append([]string{"pecl"}, args...)}
	if defaults {
		cmd.Stdin = strings.NewReader(strings.Repeat("\n", 1000)) // Salt pipes yes into it
	}
	said, err := c.DoCommand(ctx, w, cmd)
	if err == nil && said.Code != 0 {
		c.Log.Error("Problem running pecl. Is php-pear installed?")
		return "", nil
	}
	return said.Out, err
}

var listLine = regexp.MustCompile(`^([^ ]+) +([^ ]+) +([^ ]+)`)

// list are the installed extensions with version and state. pecl's headings
// count as extensions, as in Salt.
func list(ctx context.Context, c *modules.Call, channel *string) (*py.Dict, error) {
	args := []string{"list"}
	if channel != nil && *channel != "" {
		args = append(args, "-c", *channel)
	}
	text, err := run(ctx, c, nil, false, args...)
	if err != nil {
		return nil, err
	}
	out := py.NewDict()
	for _, line := range py.SplitLines(text, false) {
		if m := listLine.FindStringSubmatch(line); m != nil {
			out.SetStr(m[1], py.Strings(m[2], m[3]))
		}
	}
	return out, nil
}

// split tells the channel of NAME, or of CHANNEL/NAME.
func split(name string) (channel *string, pecl string, err error) {
	switch parts := strings.Split(name, "/"); len(parts) {
	case 1:
		return nil, name, nil
	case 2:
		return &parts[0], parts[1], nil
	}
	return nil, "", py.Errorf("ValueError", "too many values to unpack (expected 2)")
}

// names are those of an argument that is one name or a list.
func names(v py.Value) ([]string, error) {
	if s, ok := v.(py.Str); ok {
		return []string{string(s)}, nil
	}
	items, err := py.Collect(v)
	var out []string
	for i, item := range items {
		s, ok := item.(py.Str)
		if !ok {
			return nil, py.TypeErrorf("sequence item %d: expected str instance, %s found", i, py.TypeName(item))
		}
		out = append(out, string(s))
	}
	return out, err
}

// install installs extensions. With force the answer is what pecl said; without
// it, it says whether anything at all is installed from their channels.
func install(ctx context.Context, c *modules.Call, w host.Writer, a *installArgs) (py.Value, error) {
	pecls, err := names(a.Pecls)
	if err != nil {
		return nil, err
	}
	args := []string{"-d", "preferred_state=" + a.PreferredState, "install"}
	if a.Force {
		args = append(args, "-f")
	}
	text, err := run(ctx, c, w, a.Defaults, append(args, strings.Join(pecls, " "))...)
	if err != nil || a.Force {
		return py.Str(text), err
	}
	for _, name := range pecls {
		channel, _, err := split(name)
		if err != nil {
			return nil, err
		}
		have, err := list(ctx, c, channel)
		if err != nil || have.Len() == 0 {
			return py.False, err
		}
	}
	return py.True, nil
}

func uninstall(ctx context.Context, c *modules.Call, w host.Writer, a *peclsArgs, command ...string) (py.Value, error) {
	pecls, err := names(a.Pecls)
	if err != nil {
		return nil, err
	}
	text, err := run(ctx, c, w, false, append(command, strings.Join(pecls, " "))...)
	return py.Str(text), err
}

func checkInstalled(ctx context.Context, c *modules.Call, a *installedArgs) (modules.Plan, error) {
	channel, pecl, err := split(a.Name)
	if err != nil {
		return modules.Plan{}, err
	}
	all, err := list(ctx, c, channel)
	if err != nil {
		return modules.Plan{}, err
	}
	name := a.Name
	has := func(l *py.List, s string) bool { return py.ToStr(l.Items[0]) == s || py.ToStr(l.Items[1]) == s }
	if have, ok := all.Lookup(pecl).(*py.List); ok && (py.IsNone(a.Version) || has(have, py.ToStr(a.Version))) && has(have, a.PreferredState) {
		return modules.InOrder(fmt.Sprintf("Pecl extension %s is already installed.", name)), nil
	}
	if !py.IsNone(a.Version) {
		name += "-" + py.ToStr(a.Version)
	}
	return modules.Would(fmt.Sprintf("Pecl extension %s would have been installed", name), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		v, err := install(ctx, c, w, &installArgs{Pecls: py.Str(name), Defaults: a.Defaults, Force: a.Force, PreferredState: a.PreferredState})
		if err != nil {
			return modules.Done{}, err
		}
		if !py.IsTrue(v) {
			return modules.Failed(fmt.Sprintf("Could not install pecl extension %s.", name)), nil
		}
		return modules.OK(fmt.Sprintf("Pecl extension %s was successfully installed", name), py.DictOf(name, py.Str("Installed"))), nil
	}), nil
}

func checkRemoved(ctx context.Context, c *modules.Call, a *removedArgs) (modules.Plan, error) {
	all, err := list(ctx, c, nil)
	if err != nil {
		return modules.Plan{}, err
	}
	if !all.Has(a.Name) {
		return modules.InOrder(fmt.Sprintf("Pecl extension %s is not installed.", a.Name)), nil
	}
	return modules.Would(fmt.Sprintf("Pecl extension %s would have been removed", a.Name), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		v, err := uninstall(ctx, c, w, &peclsArgs{Pecls: py.Str(a.Name)}, "uninstall")
		if err != nil {
			return modules.Done{}, err
		}
		if !py.IsTrue(v) {
			return modules.Failed(fmt.Sprintf("Could not remove pecl extension %s.", a.Name)), nil
		}
		return modules.Done{Result: low.True, Comment: fmt.Sprintf("Pecl extension %s was successfully removed.", a.Name), Changes: py.DictOf(a.Name, py.Str("Removed"))}, nil
	}), nil
}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	with := func(name, doc string, command ...string) *modules.Func {
		return modules.Action[peclsArgs]{Name: "pecl." + name, Doc: doc, Virtual: execVirtual, Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *peclsArgs) (py.Value, error) {
			return uninstall(ctx, c, w, a, command...)
		}}.Func()
	}
	return []*modules.Func{
		modules.State[installedArgs]{Name: "pecl.installed", Virtual: stateVirtual, Check: checkInstalled,
			Doc: "Makes sure that an extension of PHP is installed.\n\n```yaml\nmongodb:\n  pecl.installed:\n    - defaults: True\n```"}.Func(),
		modules.State[removedArgs]{Name: "pecl.removed", Virtual: stateVirtual, Check: checkRemoved,
			Doc: "Makes sure that an extension of PHP is not installed.\n\n```yaml\nmongodb:\n  pecl.removed: []\n```"}.Func(),
		modules.Action[installArgs]{Name: "pecl.install", Doc: "Installs extensions.", Virtual: execVirtual, Run: install}.Func(),
		with("uninstall", "Uninstalls extensions.", "uninstall"),
		with("update", "Updates extensions.", "install", "-U"),
		modules.Query[listArgs]{Name: "pecl.list", Doc: "Gives the installed extensions with version and state.", Virtual: execVirtual,
			Run: func(ctx context.Context, c *modules.Call, a *listArgs) (py.Value, error) {
				d, err := list(ctx, c, a.Channel)
				if err != nil {
					return nil, err
				}
				return d, nil
			}}.Func(),
	}
}
