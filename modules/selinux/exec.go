package selinux

import (
	"context"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type noArgs struct{}

type modeArgs struct {
	Mode string `arg:"mode,required" doc:"enforcing, permissive or disabled."`
}

type boolArgs struct {
	Boolean string `arg:"boolean,required" doc:"The boolean."`
}

type setboolArgs struct {
	Boolean string   `arg:"boolean,required" doc:"The boolean."`
	Value   py.Value `arg:"value,required" doc:"on or off."`
	Persist bool     `arg:"persist" default:"False" doc:"After the next boot too."`
}

type setboolsArgs struct {
	Pairs   *py.Dict `arg:"pairs,required" doc:"Booleans and their values."`
	Persist bool     `arg:"persist" default:"False" doc:"After the next boot too."`
}

type semodArgs struct {
	Module string `arg:"module,required" doc:"The module."`
}

type setsemodArgs struct {
	Module string `arg:"module,required" doc:"The module."`
	State  string `arg:"state,required" doc:"enabled or disabled."`
}

type installArgs struct {
	Path string `arg:"module_path,required" doc:"The file of the module, on the host or salt://."`
}

type filetypeArgs struct {
	Filetype string `arg:"filetype" default:"a" doc:"a, f, d, c, b, s, l or p."`
}

type fcontextArgs struct {
	Name     string  `arg:"name,required" doc:"The file specification, an expression."`
	Filetype string  `arg:"filetype" doc:"The kind of files: a, f, d, c, b, s, l or p."`
	SelType  *string `arg:"sel_type" doc:"The type of the context."`
	SelUser  *string `arg:"sel_user" doc:"The user of the context."`
	SelLevel *string `arg:"sel_level" doc:"The level of the context."`
}

func (a *fcontextArgs) rule() rule {
	return rule{name: a.Name, filetype: a.Filetype, selType: a.SelType, user: a.SelUser, levels: a.SelLevel}
}

type appliedArgs struct {
	Name      string `arg:"name,required" doc:"The path."`
	Recursive bool   `arg:"recursive" default:"False" doc:"What is below it too."`
}

type portArgs struct {
	Name     string   `arg:"name,required" doc:"Protocol and port or range, such as tcp/8080; a name else."`
	SelType  string   `arg:"sel_type" doc:"The type."`
	Protocol py.Value `arg:"protocol" doc:"tcp or udp, where the name does not say it."`
	Port     py.Value `arg:"port" doc:"The port or range, where the name does not say it."`
}

type addPortArgs struct {
	portArgs
	SelRange string `arg:"sel_range" doc:"The level."`
}

type deletePortArgs struct {
	Name     string   `arg:"name,required" doc:"Protocol and port or range, such as tcp/8080; a name else."`
	Protocol py.Value `arg:"protocol" doc:"tcp or udp, where the name does not say it."`
	Port     py.Value `arg:"port" doc:"The port or range, where the name does not say it."`
}

func query[A any](name, doc string, run func(p *policy, a *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: "selinux." + name, Doc: doc, Virtual: virtual,
		Run: func(ctx context.Context, c *modules.Call, a *A) (py.Value, error) {
			return run(&policy{ctx: ctx, c: c, r: c}, a)
		}}.Func()
}

func action[A any](name, doc string, run func(p *policy, a *A) (py.Value, error)) *modules.Func {
	return modules.Action[A]{Name: "selinux." + name, Doc: doc, Virtual: virtual,
		Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *A) (py.Value, error) {
			return run(&policy{ctx: ctx, c: c, r: w, w: w}, a)
		}}.Func()
}

func truth(ok bool, err error) (py.Value, error) { return py.Bool(ok), err }

// dict is a mapping as a value, None without one.
func dict(d *py.Dict, err error) (py.Value, error) {
	if d == nil {
		return py.None, err
	}
	return d, err
}

func textOrNone(s string) py.Value {
	if s == "" {
		return py.None
	}
	return py.Str(s)
}

// of is the entry of a mapping, an empty one without it.
func of(d *py.Dict, name string, err error) (py.Value, error) {
	if err != nil {
		return nil, err
	}
	if v := d.Lookup(name); v != nil {
		return v, nil
	}
	return py.NewDict(), nil
}

func execFuncs() []*modules.Func {
	return append([]*modules.Func{
		query("selinux_fs_path", "Names the kernel's file system of SELinux.", func(p *policy, _ *noArgs) (py.Value, error) {
			return textOrNone(fsPath(p.r)), nil
		}),
		query("getenforce", "Says which mode SELinux is in.", func(p *policy, _ *noArgs) (py.Value, error) {
			return py.Str(enforced(p.r)), nil
		}),
		query("getconfig", "Says which mode SELinux will be in after the next boot.", func(p *policy, _ *noArgs) (py.Value, error) {
			return configValue(p.r), nil
		}),
		action("setenforce", "Sets the mode of SELinux.", func(p *policy, a *modeArgs) (py.Value, error) {
			mode, err := p.enforce(a.Mode)
			return py.Str(mode), err
		}),
		query("list_sebool", "Describes the booleans of the policy.", func(p *policy, _ *noArgs) (py.Value, error) {
			return dict(p.booleanDict())
		}),
		query("getsebool", "Describes a boolean of the policy.", func(p *policy, a *boolArgs) (py.Value, error) {
			all, err := p.booleanDict()
			return of(all, a.Boolean, err)
		}),
		action("setsebool", "Sets a boolean.", func(p *policy, a *setboolArgs) (py.Value, error) {
			return truth(p.setBooleans(a.Persist, a.Boolean, py.ToStr(a.Value)))
		}),
		action("setsebools", "Sets booleans.", func(p *policy, a *setboolsArgs) (py.Value, error) {
			var pairs []string
			for k, v := range a.Pairs.All() {
				pairs = append(pairs, py.ToStr(k)+"="+py.ToStr(v))
			}
			return truth(p.setBooleans(a.Persist, pairs...))
		}),
		query("list_semod", "Says of each module of the policy whether it is enabled.", func(p *policy, _ *noArgs) (py.Value, error) {
			return dict(p.modules())
		}),
		query("getsemod", "Says of a module of the policy whether it is enabled.", func(p *policy, a *semodArgs) (py.Value, error) {
			all, err := p.modules()
			return of(all, a.Module, err)
		}),
		action("setsemod", "Enables or disables a module.", func(p *policy, a *setsemodArgs) (py.Value, error) {
			return truth(p.setModule(a.Module, a.State))
		}),
		action("install_semod", "Installs a module.", func(p *policy, a *installArgs) (py.Value, error) { return truth(p.install(a.Path)) }),
		action("remove_semod", "Removes a module.", func(p *policy, a *semodArgs) (py.Value, error) { return truth(p.remove(a.Module)) }),
		query("filetype_id_to_string", "Describes a kind of files.", func(_ *policy, a *filetypeArgs) (py.Value, error) {
			text, err := fileType(a.Filetype)
			return py.Str(text), err
		}),
	}, policyFuncs()...)
}

func policyFuncs() []*modules.Func {
	change := func(name, doc, act string) *modules.Func {
		return action(name, doc, func(p *policy, a *addPortArgs) (py.Value, error) {
			return dict(p.changePort(act, port{name: a.Name, selType: a.SelType, level: a.SelRange, protocol: a.Protocol, port: a.Port}))
		})
	}
	return []*modules.Func{
		query("fcontext_get_policy", "Gives the rule of the policy for files, or None.", func(p *policy, a *fcontextArgs) (py.Value, error) {
			return dict(p.context(a.rule()))
		}),
		action("fcontext_add_policy", "Adds a rule for files, in the place of an older one.", func(p *policy, a *fcontextArgs) (py.Value, error) {
			return dict(p.changeContext("add", a.rule()))
		}),
		action("fcontext_delete_policy", "Deletes a rule for files.", func(p *policy, a *fcontextArgs) (py.Value, error) {
			return dict(p.changeContext("delete", a.rule()))
		}),
		query("fcontext_policy_is_applied", "Says what restorecon would change.", func(p *policy, a *appliedArgs) (py.Value, error) {
			text, err := p.unapplied(a.Name, a.Recursive)
			return py.Str(text), err
		}),
		action("fcontext_apply_policy", "Gives files the contexts of the policy.", func(p *policy, a *appliedArgs) (py.Value, error) {
			return dict(p.applyContext(a.Name, a.Recursive))
		}),
		query("port_get_policy", "Gives the entry of the policy for a port, or None.", func(p *policy, a *portArgs) (py.Value, error) {
			return p.port(port{name: a.Name, selType: a.SelType, protocol: a.Protocol, port: a.Port})
		}),
		change("port_add_policy", "Adds an entry for a port.", "add"),
		change("port_modify_policy", "Changes the entry of a port.", "modify"),
		action("port_delete_policy", "Deletes the entry of a port.", func(p *policy, a *deletePortArgs) (py.Value, error) {
			return dict(p.changePort("delete", port{name: a.Name, protocol: a.Protocol, port: a.Port}))
		}),
	}
}

func (p *policy) booleanDict() (*py.Dict, error) {
	all, err := p.booleans()
	if err != nil {
		return nil, err
	}
	out := py.NewDict()
	for _, b := range all {
		out.SetStr(b.name, b.dict())
	}
	return out, nil
}

func configValue(r host.Reader) py.Value {
	if mode, ok := configured(r); ok {
		return py.Str(mode)
	}
	return py.None
}
