package kmod

import (
	"context"
	"slices"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type noArgs struct{}

type modArgs struct {
	Mod string `arg:"mod,required" doc:"The module."`
}

type listArgs struct {
	OnlyPersist bool `arg:"only_persist" default:"False" doc:"Only those that are loaded at boot."`
}

type loadArgs struct {
	Mod     string `arg:"mod,required" doc:"The module."`
	Persist bool   `arg:"persist" default:"False" doc:"Load it at boot too."`
}

type removeArgs struct {
	Mod     string `arg:"mod,required" doc:"The module."`
	Persist bool   `arg:"persist" default:"False" doc:"Do not load it at boot either."`
	Comment bool   `arg:"comment" default:"True" doc:"Comment its line out, do not remove it."`
}

// outcome is a list of modules, or why there is none.
func outcome(mods []string, failed string, err error) (py.Value, error) {
	if err != nil || failed != "" {
		return py.Str(failed), err
	}
	return py.Strings(mods...), nil
}

func execFuncs() []*modules.Func {
	return []*modules.Func{
		modules.Query[noArgs]{Name: "kmod.available", Virtual: virtual, Doc: "Gives the modules of the running kernel.",
			Run: func(ctx context.Context, c *modules.Call, _ *noArgs) (py.Value, error) {
				all, err := (&kmod{ctx: ctx, c: c, r: c}).available()
				return py.Strings(all...), err
			}}.Func(),
		modules.Query[modArgs]{Name: "kmod.check_available", Virtual: virtual, Doc: "Says whether the running kernel has a module.",
			Run: func(ctx context.Context, c *modules.Call, a *modArgs) (py.Value, error) {
				all, err := (&kmod{ctx: ctx, c: c, r: c}).available()
				return py.Bool(slices.Contains(all, a.Mod)), err
			}}.Func(),
		modules.Query[noArgs]{Name: "kmod.lsmod", Virtual: virtual, Doc: "Gives the loaded modules with their sizes and uses.",
			Run: func(ctx context.Context, c *modules.Call, _ *noArgs) (py.Value, error) {
				list, err := (&kmod{ctx: ctx, c: c, r: c}).lsmod()
				out := py.NewList()
				for _, m := range list {
					out.Append(py.DictOf("size", py.Str(m.size), "module", py.Str(m.name), "depcount", py.Str(m.count), "deps", py.Strings(m.deps...)))
				}
				return out, err
			}}.Func(),
		modules.Query[listArgs]{Name: "kmod.mod_list", Virtual: virtual, Doc: "Names the loaded modules, or those that are loaded at boot.",
			Run: func(ctx context.Context, c *modules.Call, a *listArgs) (py.Value, error) {
				k := &kmod{ctx: ctx, c: c, r: c}
				ask := k.loaded
				if a.OnlyPersist {
					ask = k.persistent
				}
				names, err := ask()
				return py.Strings(names...), err
			}}.Func(),
		modules.Query[modArgs]{Name: "kmod.is_loaded", Virtual: virtual, Doc: "Says whether a module is loaded.",
			Run: func(ctx context.Context, c *modules.Call, a *modArgs) (py.Value, error) {
				names, err := (&kmod{ctx: ctx, c: c, r: c}).loaded()
				return py.Bool(slices.Contains(names, a.Mod)), err
			}}.Func(),
		modules.Action[loadArgs]{Name: "kmod.load", Virtual: virtual, Doc: "Loads a module and names those that came.",
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *loadArgs) (py.Value, error) {
				return outcome((&kmod{ctx: ctx, c: c, r: w, w: w}).load(a.Mod, a.Persist))
			}}.Func(),
		modules.Action[removeArgs]{Name: "kmod.remove", Virtual: virtual, Doc: "Removes a module and names those that went.",
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *removeArgs) (py.Value, error) {
				return outcome((&kmod{ctx: ctx, c: c, r: w, w: w}).remove(a.Mod, a.Persist, a.Comment))
			}}.Func(),
	}
}
