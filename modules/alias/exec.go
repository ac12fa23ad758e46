package alias

import (
	"context"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type noArgs struct{}

type aliasArgs struct {
	Alias string `arg:"alias,required" doc:"The local address."`
}

type targetArgs struct {
	Alias  string   `arg:"alias,required" doc:"The local address."`
	Target py.Value `arg:"target,required" doc:"Where its mail goes: an address or a list of them."`
}

func query[A any](name, doc string, run func(lines []line, a *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: "aliases." + name, Doc: doc, Run: func(_ context.Context, c *modules.Call, a *A) (py.Value, error) {
		lines, err := read(c, file(c))
		if err != nil {
			return nil, err
		}
		return run(lines, a)
	}}.Func()
}

func execFuncs() []*modules.Func {
	return []*modules.Func{
		query("list_aliases", "Describes the aliases file.", func(lines []line, _ *noArgs) (py.Value, error) {
			d := py.NewDict()
			for _, l := range lines {
				if l.isAlias {
					d.SetStr(l.alias, py.Str(l.target))
				}
			}
			return d, nil
		}),
		query("get_target", "Gives the target of an alias, or an empty text.", func(lines []line, a *aliasArgs) (py.Value, error) {
			target, _ := find(lines, a.Alias)
			return py.Str(target), nil
		}),
		query("has_target", "Says whether an alias has that target.", func(lines []line, a *targetArgs) (py.Value, error) {
			target, err := targetText(a.Target)
			if err != nil {
				return nil, err
			}
			have, ok := find(lines, a.Alias)
			return py.Bool(ok && have == target), nil
		}),
		modules.Action[targetArgs]{Name: "aliases.set_target", Doc: "Gives an alias a target.", Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *targetArgs) (py.Value, error) {
			if a.Alias == "" {
				return nil, modules.SaltInvocationError("alias can not be an empty string")
			}
			target, err := targetText(a.Target)
			if err != nil {
				return nil, err
			}
			lines, err := read(w, file(c))
			if err != nil {
				return nil, err
			}
			if have, ok := find(lines, a.Alias); ok && have == target {
				return py.True, nil
			}
			return py.True, write(ctx, w, file(c), set(lines, a.Alias, target))
		}}.Func(),
		modules.Action[aliasArgs]{Name: "aliases.rm_alias", Doc: "Removes an alias.", Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *aliasArgs) (py.Value, error) {
			lines, err := read(w, file(c))
			if err != nil {
				return nil, err
			}
			if have, _ := find(lines, a.Alias); have == "" {
				return py.True, nil
			}
			return py.True, write(ctx, w, file(c), remove(lines, a.Alias))
		}}.Func(),
	}
}
