// Package alias has Salt's alias states and aliases functions: the forwarding
// of local mail in the aliases file.
package alias

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return append([]*modules.Func{
		modules.State[presentArgs]{Name: "alias.present", Check: checkPresent,
			Doc: "Forwards the mail of a local address.\n\n```yaml\nroot:\n  alias.present:\n    - target: ops@example.org\n```"}.Func(),
		modules.State[absentArgs]{Name: "alias.absent", Check: checkAbsent,
			Doc: "Removes the forwarding of a local address.\n\n```yaml\nroot:\n  alias.absent: []\n```"}.Func(),
	}, execFuncs()...)
}

// file is the path of the aliases file: the option aliases.file, or the usual
// one.
func file(c *modules.Call) string {
	if c.Opts != nil {
		if p := c.Opts.String("aliases.file"); p != "" {
			return p
		}
	}
	return "/etc/aliases"
}

func read(r host.Reader, path string) ([]line, error) {
	b, err := r.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return parse(string(b)), err
}

// write replaces the file and lets the mail system know.
func write(ctx context.Context, w host.Writer, path string, lines []line) error {
	o := host.WriteOptions{}
	if _, err := w.Stat(path); err != nil {
		mode := fs.FileMode(0o644)
		o.Mode = &mode
	}
	if err := w.WriteFile(path, strings.NewReader(render(lines)), o); err != nil {
		return err
	}
	tool := w.LookPath("newaliases")
	if tool == "" {
		return nil
	}
	_, err := w.Run(ctx, host.Cmd{Argv: []string{tool}}) // Salt does not mind its failure
	return err
}

type presentArgs struct {
	Name   string   `arg:"name,required" doc:"The local address."`
	Target py.Value `arg:"target,required" doc:"Where its mail goes: an address or a list of them."`
}

type absentArgs struct {
	Name string `arg:"name,required" doc:"The local address."`
}

// targetText is a target as it stands in the file.
func targetText(v py.Value) (string, error) {
	if l, ok := v.(*py.List); ok {
		parts := make([]string, len(l.Items))
		for i, it := range l.Items {
			parts[i] = py.ToStr(it)
		}
		return strings.Join(parts, ", "), nil
	}
	s := py.ToStr(v)
	if s == "" {
		return "", modules.SaltInvocationError("target can not be an empty string")
	}
	return s, nil
}

func checkPresent(_ context.Context, c *modules.Call, a *presentArgs) (modules.Plan, error) {
	target, err := targetText(a.Target)
	if err != nil {
		return modules.Plan{}, err
	}
	path := file(c)
	lines, err := read(c, path)
	if err != nil {
		return modules.Plan{}, err
	}
	if have, ok := find(lines, a.Name); ok && have == target {
		return modules.InOrder("Alias " + a.Name + " already present"), nil
	}
	what := a.Name + " -> " + py.ToStr(a.Target)
	return modules.Would("Alias "+what+" is set to be added", nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		if err := write(ctx, w, path, set(lines, a.Name, target)); err != nil {
			return modules.Done{}, err
		}
		return modules.OK("Set email alias "+what, py.DictOf("alias", py.Str(a.Name))), nil
	}), nil
}

func checkAbsent(_ context.Context, c *modules.Call, a *absentArgs) (modules.Plan, error) {
	path := file(c)
	lines, err := read(c, path)
	if err != nil {
		return modules.Plan{}, err
	}
	if have, _ := find(lines, a.Name); have == "" {
		return modules.Plan{Would: modules.Done{Result: low.True, Comment: "Alias " + a.Name + " already absent"}}, nil
	}
	return modules.Would("Alias "+a.Name+" is set to be removed", nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		if err := write(ctx, w, path, remove(lines, a.Name)); err != nil {
			return modules.Done{}, err
		}
		return modules.OK("Removed alias "+a.Name, py.DictOf("alias", py.Str(a.Name))), nil
	}), nil
}
