package selinux

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return append([]*modules.Func{
		modules.State[modeStateArgs]{Name: "selinux.mode", Virtual: stateVirtual, Check: checkMode,
			Doc: "Keeps SELinux enforcing, permissive or disabled, now and after the next boot.\n\n```yaml\nenforcing:\n  selinux.mode: []\n```"}.Func(),
		modules.State[booleanStateArgs]{Name: "selinux.boolean", Virtual: stateVirtual, Check: checkBoolean,
			Doc: "Keeps booleans of the policy on or off.\n\n```yaml\nhttpd_can_network_connect:\n  selinux.boolean:\n    - value: True\n    - persist: True\n```"}.Func(),
		modules.State[moduleStateArgs]{Name: "selinux.module", Virtual: stateVirtual, Check: checkModule,
			Doc: "Keeps a module of the policy enabled or disabled.\n\n```yaml\nzabbix:\n  selinux.module:\n    - module_state: disabled\n```"}.Func(),
		modules.State[moduleInstallArgs]{Name: "selinux.module_install", Virtual: stateVirtual, Check: checkModuleInstall,
			Doc: "Installs a module of the policy, each time.\n\n```yaml\n/root/own.pp:\n  selinux.module_install: []\n```"}.Func(),
		modules.State[moduleNameArgs]{Name: "selinux.module_remove", Virtual: stateVirtual, Check: checkModuleRemove,
			Doc: "Removes a module of the policy.\n\n```yaml\nown:\n  selinux.module_remove: []\n```"}.Func(),
	}, append(policyStates(), execFuncs()...)...)
}

type modeStateArgs struct {
	Name string `arg:"name,required" doc:"enforcing, permissive or disabled."`
}

// refineMode is a mode as it is meant; "" is none.
func refineMode(s string) string {
	switch s = strings.ToLower(s); {
	case strings.HasPrefix(s, "e"), s == "1", s == "on":
		return "Enforcing"
	case strings.HasPrefix(s, "p"), s == "0", s == "off":
		return "Permissive"
	case strings.HasPrefix(s, "d"):
		return disabled
	}
	return ""
}

func checkMode(_ context.Context, c *modules.Call, a *modeStateArgs) (modules.Plan, error) {
	want := refineMode(a.Name)
	if want == "" {
		return modules.Fail(a.Name + " is not an accepted mode"), nil
	}
	old := py.Value(py.Str(enforced(c)))
	if kept := configValue(c); old == py.Str(want) && kept != old {
		old = kept
	}
	if old == py.Str(want) {
		return modules.InOrder(fmt.Sprintf("SELinux is already in %s mode", want)), nil
	}
	return modules.Would(fmt.Sprintf("SELinux mode is set to be changed to %s", want), py.DictOf("old", old, "new", py.Str(want)),
		func(ctx context.Context, w host.Writer) (modules.Done, error) {
			mode, err := (&policy{ctx: ctx, c: c, r: w, w: w}).enforce(want)
			if err != nil {
				return modules.Done{}, err
			}
			if mode == want || want == disabled && configValue(w) == py.Str(want) {
				return modules.OK(fmt.Sprintf("SELinux has been set to %s mode", want), py.DictOf("old", old, "new", py.Str(mode))), nil
			}
			return modules.Failed(fmt.Sprintf("Failed to set SELinux to %s mode", want)), nil
		}), nil
}

type booleanStateArgs struct {
	Name     string   `arg:"name,required" doc:"The boolean; with booleans only a name."`
	Value    py.Value `arg:"value" doc:"on or off."`
	Booleans py.Value `arg:"booleans" doc:"Several booleans: a list, or a mapping with their values."`
	Persist  bool     `arg:"persist" default:"False" doc:"After the next boot too."`
}

// wanted are the booleans of a state with their values.
func (a *booleanStateArgs) wanted() (*py.Dict, error) {
	out := py.NewDict()
	if !py.IsTrue(a.Booleans) {
		out.SetStr(a.Name, a.Value)
		return out, nil
	}
	if d, ok := a.Booleans.(*py.Dict); ok {
		return d, nil
	}
	items, err := py.Collect(a.Booleans)
	for _, it := range items {
		if d, ok := it.(*py.Dict); ok {
			out.Update(d)
		} else if err := out.Set(it, a.Value); err != nil {
			return nil, err
		}
	}
	return out, err
}

// refineValue is on or off; "" is neither.
func refineValue(v py.Value) string {
	switch strings.ToLower(py.ToStr(v)) {
	case "1", "on", "yes", "true":
		return "on"
	case "0", "off", "no", "false":
		return "off"
	}
	return ""
}

func checkBoolean(ctx context.Context, c *modules.Call, a *booleanStateArgs) (modules.Plan, error) {
	wanted, err := a.wanted()
	if err != nil {
		return modules.Plan{}, err
	}
	all, err := (&policy{ctx: ctx, c: c, r: c}).booleans()
	if err != nil {
		return modules.Plan{}, err
	}
	var right, wrong, pairs []string
	changes := py.NewDict()
	for k, v := range wanted.All() {
		name, value := py.ToStr(k), refineValue(v)
		b := find(all, name)
		if b == nil {
			return modules.Fail(fmt.Sprintf("Boolean %s is not available", name)), nil
		}
		if value == "" {
			return modules.Fail(fmt.Sprintf("%s is not a valid value for the boolean %s", py.ToStr(v), name)), nil
		}
		if b.state == value && (b.kept == value || !a.Persist) {
			right = append(right, name)
			continue
		}
		old, now := py.Value(py.Str(b.state)), py.Value(py.Str(value))
		if a.Persist {
			old, now = py.Tuple{py.Str(b.state), py.Str(b.kept)}, py.Tuple{now, now}
		}
		changes.SetStr(name, py.DictOf("new", now, "old", old))
		wrong, pairs = append(wrong, name), append(pairs, name+"="+value)
	}
	sort.Strings(right)
	sort.Strings(wrong)
	comment := func(of string) string {
		var lines []string
		if len(right) > 0 {
			lines = append(lines, "The following booleans were in the correct state: "+strings.Join(right, ", "))
		}
		if of != "" {
			lines = append(lines, of+strings.Join(wrong, ", "))
		}
		return strings.Join(lines, "\n")
	}
	if len(wrong) == 0 {
		return modules.InOrder(comment("")), nil
	}
	return modules.Would(comment("The following booleans would be changed: "), changes, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		ok, err := (&policy{ctx: ctx, c: c, r: w, w: w}).setBooleans(a.Persist, pairs...)
		if err != nil || !ok {
			return modules.Failed("Failed to set the following booleans: " + py.Repr(wanted)), err
		}
		return modules.OK(comment("The following booleans have been changed: "), changes), nil
	}), nil
}

type moduleStateArgs struct {
	Name        string         `arg:"name,required" doc:"The module."`
	ModuleState py.Value       `arg:"module_state" default:"Enabled" doc:"enabled or disabled."`
	Version     py.Value       `arg:"version" default:"any" doc:"Refused unless any: semodule no longer names versions."`
	Install     bool           `arg:"install" default:"False" doc:"Install it first, from source."`
	Source      modules.Source `arg:"source" doc:"The file that install takes, on the host or salt://; the name without it."`
	Remove      bool           `arg:"remove" default:"False" doc:"Remove it."`
	Extra       *py.Dict       `arg:"**"`
}

type moduleInstallArgs struct {
	Name modules.Source `arg:"name,required" doc:"The file of the module, on the host or salt://."`
}

type moduleNameArgs struct {
	Name string `arg:"name,required" doc:"The module."`
}

func checkModuleInstall(ctx context.Context, c *modules.Call, a *moduleInstallArgs) (modules.Plan, error) {
	return planInstall(c, py.ToStr(a.Name.Value)), nil
}

// planInstall installs a module, whether it is there or not: nothing tells
// whether it is the one of the file.
func planInstall(c *modules.Call, path string) modules.Plan {
	return modules.Would(fmt.Sprintf("Module %s is set to be installed", path), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		ok, err := (&policy{ctx: ctx, c: c, r: w, w: w}).install(path)
		if err != nil || !ok {
			return modules.Done{Result: low.False, Name: path, Comment: fmt.Sprintf("Failed to install module %s", path)}, err
		}
		return modules.Done{Result: low.True, Name: path, Comment: fmt.Sprintf("Module %s has been installed", path)}, nil
	})
}

func checkModuleRemove(ctx context.Context, c *modules.Call, a *moduleNameArgs) (modules.Plan, error) {
	all, err := (&policy{ctx: ctx, c: c, r: c}).modules()
	if err != nil {
		return modules.Plan{}, err
	}
	if !all.Has(a.Name) {
		return modules.Fail(fmt.Sprintf("Module %s is not available", a.Name)), nil
	}
	return modules.Would(fmt.Sprintf("Module %s is set to be removed", a.Name), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		ok, err := (&policy{ctx: ctx, c: c, r: w, w: w}).remove(a.Name)
		if err != nil || !ok {
			return modules.Failed(fmt.Sprintf("Failed to remove module %s", a.Name)), err
		}
		return modules.OK(fmt.Sprintf("Module %s has been removed", a.Name), nil), nil
	}), nil
}

func checkModule(ctx context.Context, c *modules.Call, a *moduleStateArgs) (modules.Plan, error) {
	switch {
	case a.Install && a.Remove:
		return modules.Fail("Cannot install and remove at the same time"), nil
	case a.Remove:
		return checkModuleRemove(ctx, c, &moduleNameArgs{Name: a.Name})
	case a.Install:
		path := a.Name
		if a.Source.Value != nil && a.Source.Value != py.None {
			path = py.ToStr(a.Source.Value)
		}
		plan := planInstall(c, path)
		install := plan.Apply
		plan.Apply = func(ctx context.Context, w host.Writer) (modules.Done, error) {
			d, err := install(ctx, w)
			if err != nil || d.Result != low.True {
				return d, err
			}
			p := &policy{ctx: ctx, c: c, r: w, w: w}
			next, err := p.toggle(a)
			if err == nil && next.Apply != nil {
				next.Would, err = next.Apply(ctx, w)
			}
			next.Would.Name = path
			return next.Would, err
		}
		return plan, nil
	}
	return (&policy{ctx: ctx, c: c, r: c}).toggle(a)
}

// moduleState is enabled or disabled; "" is neither.
func moduleState(v py.Value) string {
	switch s := strings.ToLower(py.ToStr(v)); s {
	case "enabled", "disabled":
		return s
	default:
		return map[string]string{"on": "enabled", "off": "disabled"}[refineValue(py.Str(s))]
	}
}

// toggle enables or disables a module that is there.
func (p *policy) toggle(a *moduleStateArgs) (modules.Plan, error) {
	all, err := p.modules()
	if err != nil {
		return modules.Plan{}, err
	}
	info, ok := all.Lookup(a.Name).(*py.Dict)
	if !ok {
		return modules.Fail(fmt.Sprintf("Module %s is not available", a.Name)), nil
	}
	state, given := moduleState(a.ModuleState), py.ToStr(a.ModuleState)
	if state == "" {
		return modules.Fail(fmt.Sprintf("%s is not a valid state for the %s module.", given, a.Name)), nil
	}
	if v := py.OrNone(info.Lookup("Version")); a.Version != py.Str("any") && a.Version != v {
		return modules.Fail(fmt.Sprintf("Module version is %s and does not match the desired version of %s or you are using semodule >= 2.4",
			py.ToStr(v), py.ToStr(a.Version))), nil
	}
	if py.IsTrue(py.OrNone(info.Lookup("Enabled"))) == (state == "enabled") {
		return modules.InOrder(fmt.Sprintf("Module %s is in the desired state", a.Name)), nil
	}
	c := p.c
	return modules.Would(fmt.Sprintf("Module %s is set to be toggled to %s", a.Name, given), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		ok, err := (&policy{ctx: ctx, c: c, r: w, w: w}).setModule(a.Name, state)
		if err != nil || !ok {
			return modules.Failed(fmt.Sprintf("Failed to set the Module %s to %s", a.Name, given)), err
		}
		return modules.OK(fmt.Sprintf("Module %s has been set to %s", a.Name, given), nil), nil
	}), nil
}
