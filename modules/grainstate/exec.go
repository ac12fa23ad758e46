package grainstate

import (
	"context"
	"sort"

	"pinch/internal/host"
	"pinch/internal/match"
	"pinch/internal/py"
	"pinch/modules"
)

type getArgs struct {
	Key       py.Value `arg:"key,required" doc:"The grain; colons lead to nested values."`
	Default   py.Value `arg:"default" default:"''" doc:"What is returned when there is none."`
	Delimiter string   `arg:"delimiter" default:"':'" doc:"What separates nested keys."`
	Ordered   py.Value `arg:"ordered" default:"True" doc:"Keeps the order of mappings."`
}

type keyArgs struct {
	Key string `arg:"key,required" doc:"The grain."`
}

type delArgs struct {
	Key   string `arg:"key,required" doc:"The grain."`
	Force bool   `arg:"force" default:"False" doc:"Removes a list or a mapping too."`
}

type delvalArgs struct {
	Key         string `arg:"key,required" doc:"The grain."`
	Destructive bool   `arg:"destructive" default:"False" doc:"Removes the grain in the place of setting it to None."`
	Force       bool   `arg:"force" default:"False" doc:"Changes a list or a mapping too."`
}

type setArgs struct {
	Key         string   `arg:"key,required" doc:"The grain; colons lead to nested values."`
	Val         py.Value `arg:"val" default:"''" doc:"The value."`
	Force       bool     `arg:"force" default:"False" doc:"Replaces a list or a mapping too."`
	Destructive bool     `arg:"destructive" default:"False" doc:"With the value None, removes the grain."`
	Delimiter   string   `arg:"delimiter" default:"':'" enum:":" doc:"What separates nested keys; only the colon."`
}

type setvalArgs struct {
	Key         string   `arg:"key,required" doc:"The grain."`
	Val         py.Value `arg:"val,required" doc:"The value."`
	Destructive bool     `arg:"destructive" default:"False" doc:"With the value None, removes the grain."`
	Refresh     bool     `arg:"refresh_pillar" default:"True" doc:"Has no effect: pillar is compiled for each run."`
}

type setvalsArgs struct {
	Grains      py.Value `arg:"grains,required" doc:"Grains and their values."`
	Destructive bool     `arg:"destructive" default:"False" doc:"With the value None, removes the grain."`
	Refresh     bool     `arg:"refresh_pillar" default:"True" doc:"Has no effect: pillar is compiled for each run."`
}

type appendArgs struct {
	Key       string   `arg:"key,required" doc:"The grain, a list."`
	Val       py.Value `arg:"val,required" doc:"The value to add."`
	Convert   bool     `arg:"convert" default:"False" doc:"Makes a list of a simple value."`
	Delimiter string   `arg:"delimiter" default:"':'" enum:":" doc:"What separates nested keys; only the colon."`
}

type removeArgs struct {
	Key       string   `arg:"key,required" doc:"The grain, a list."`
	Val       py.Value `arg:"val,required" doc:"The value to take out."`
	Delimiter string   `arg:"delimiter" default:"':'" enum:":" doc:"What separates nested keys; only the colon."`
}

type noArgs struct{}

func execFuncs() []*modules.Func {
	getter := func(name string) *modules.Func {
		return modules.Query[getArgs]{Name: name, Doc: "Gives the value of a grain.", Where: modules.Pure,
			Run: func(_ context.Context, c *modules.Call, a *getArgs) (py.Value, error) {
				return match.Traverse(c.Grains, a.Key, a.Default, a.Delimiter)
			}}.Func()
	}
	return []*modules.Func{
		getter("grains.get"), getter("grains.fetch"),
		modules.Query[noArgs]{Name: "grains.ls", Doc: "Lists the names of the grains.", Where: modules.Pure,
			Run: func(_ context.Context, c *modules.Call, _ *noArgs) (py.Value, error) {
				var names []string
				for k := range c.Grains.All() {
					names = append(names, py.ToStr(k))
				}
				sort.Strings(names)
				return py.Strings(names...), nil
			}}.Func(),
		modules.Query[keyArgs]{Name: "grains.has_value", Doc: "Says whether there is such a grain.", Where: modules.Pure,
			Run: func(_ context.Context, c *modules.Call, a *keyArgs) (py.Value, error) {
				_, ok, err := find(c, a.Key)
				return py.Bool(ok), err
			}}.Func(),
		modules.Action[setArgs]{Name: "grains.set", Doc: "Sets a grain.",
			Run: func(_ context.Context, c *modules.Call, w host.Writer, a *setArgs) (py.Value, error) {
				r, err := set(c, w, a.Key, a.Val, a.Force, a.Destructive)
				return r.value(), err
			}}.Func(),
		modules.Action[delvalArgs]{Name: "grains.delval", Doc: "Sets a grain to None, or removes it.",
			Run: func(_ context.Context, c *modules.Call, w host.Writer, a *delvalArgs) (py.Value, error) {
				r, err := set(c, w, a.Key, py.None, a.Force, a.Destructive)
				return r.value(), err
			}}.Func(),
		modules.Action[delArgs]{Name: "grains.delkey", Doc: "Removes a grain.",
			Run: func(_ context.Context, c *modules.Call, w host.Writer, a *delArgs) (py.Value, error) {
				r, err := set(c, w, a.Key, py.None, a.Force, true)
				return r.value(), err
			}}.Func(),
		modules.Action[setvalArgs]{Name: "grains.setval", Doc: "Sets a grain, whatever it was.",
			Run: func(_ context.Context, c *modules.Call, w host.Writer, a *setvalArgs) (py.Value, error) {
				return saved(c, w, a.Key, a.Val, a.Destructive)
			}}.Func(),
		modules.Action[setvalsArgs]{Name: "grains.setvals", Doc: "Sets several grains, whatever they were.",
			Run: func(_ context.Context, c *modules.Call, w host.Writer, a *setvalsArgs) (py.Value, error) {
				d, ok := a.Grains.(*py.Dict)
				if !ok {
					return nil, &modules.Error{Class: "SaltException", Msg: "setvals grains must be a dictionary."}
				}
				said, err := save(c, w, d, a.Destructive)
				if err != nil || said != "" {
					return py.Str(said), err
				}
				return d, nil
			}}.Func(),
		modules.Action[appendArgs]{Name: "grains.append", Doc: "Adds a value to a grain that is a list.",
			Run: func(_ context.Context, c *modules.Call, w host.Writer, a *appendArgs) (py.Value, error) {
				return appendTo(c, w, a.Key, a.Val, a.Convert)
			}}.Func(),
		modules.Action[removeArgs]{Name: "grains.remove", Doc: "Takes a value out of a grain that is a list.",
			Run: func(_ context.Context, c *modules.Call, w host.Writer, a *removeArgs) (py.Value, error) {
				return removeFrom(c, w, a.Key, a.Val)
			}}.Func(),
	}
}
