package kmod

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return append([]*modules.Func{
		modules.State[presentArgs]{Name: "kmod.present", Virtual: stateVirtual, Check: checkPresent,
			Doc: "Keeps kernel modules loaded, with `persist` after the next boot too.\n\n```yaml\nbr_netfilter:\n  kmod.present:\n    - persist: True\n```"}.Func(),
		modules.State[absentArgs]{Name: "kmod.absent", Virtual: stateVirtual, Check: checkAbsent,
			Doc: "Keeps kernel modules from being loaded.\n\n```yaml\nfloppy:\n  kmod.absent:\n    - persist: True\n```"}.Func(),
	}, execFuncs()...)
}

type presentArgs struct {
	Name    string   `arg:"name,required" doc:"The module."`
	Persist bool     `arg:"persist" default:"False" doc:"Load it at boot too: in /etc/modules, under systemd in /etc/modules-load.d/salt_managed.conf."`
	Mods    py.Value `arg:"mods" doc:"Several modules, in the place of the name."`
}

type absentArgs struct {
	Name    string   `arg:"name,required" doc:"The module."`
	Persist bool     `arg:"persist" default:"False" doc:"Do not load it at boot either."`
	Comment bool     `arg:"comment" default:"True" doc:"Comment its line out, do not remove it."`
	Mods    py.Value `arg:"mods" doc:"Several modules, in the place of the name."`
}

// modsOf are the modules of a state.
func modsOf(name string, v py.Value) []string {
	l, ok := v.(*py.List)
	if !ok {
		return []string{name}
	}
	out := make([]string, len(l.Items))
	for i, it := range l.Items {
		out[i] = py.ToStr(it)
	}
	return out
}

// split divides the distinct names by whether they are in a list.
func split(names, in []string) (yes, no []string) {
	for i, n := range names {
		switch {
		case slices.Contains(names[:i], n):
		case slices.Contains(in, n):
			yes = append(yes, n)
		default:
			no = append(no, n)
		}
	}
	return yes, no
}

// say adds a line to a comment, in singular or plural; without names none.
func say(comment *string, one, many string, names []string) {
	switch len(names) {
	case 0:
		return
	case 1:
		add(comment, fmt.Sprintf(one, names[0]))
	default:
		add(comment, fmt.Sprintf(many, strings.Join(names, ", ")))
	}
}

func add(comment *string, line string) {
	if *comment != "" {
		*comment = strings.TrimRight(*comment, " \t\r\n") + "\n"
	}
	*comment += line
}

func checkPresent(ctx context.Context, c *modules.Call, a *presentArgs) (modules.Plan, error) {
	k := &kmod{ctx: ctx, c: c, r: c}
	mods := modsOf(a.Name, a.Mods)
	have, err := k.loaded()
	if err != nil {
		return modules.Plan{}, err
	}
	if a.Persist {
		kept, err := k.persistent()
		if err != nil {
			return modules.Plan{}, err
		}
		have, _ = split(have, kept)
	}
	loaded, missing := split(mods, have)
	comment := ""
	say(&comment, "Kernel module %s is already present", "Kernel modules %s are already present", loaded)
	if len(loaded) == len(mods) {
		return modules.InOrder(comment), nil
	}
	would := comment
	if len(missing) == 1 {
		add(&would, fmt.Sprintf("Kernel module %s is set to be loaded", missing[0]))
	} else {
		add(&would, fmt.Sprintf("Kernel modules %s are set to be loaded", strings.Join(missing, ", ")))
	}
	return modules.Would(would, nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		return (&kmod{ctx: ctx, c: c, r: w, w: w}).present(missing, a.Persist, comment)
	}), nil
}

// present loads modules that are not.
func (k *kmod) present(missing []string, persist bool, comment string) (modules.Done, error) {
	changes := py.NewDict()
	d := modules.Done{Result: low.True, Changes: changes, Comment: comment}
	all, err := k.available()
	if err != nil {
		return d, err
	}
	available, unavailable := split(missing, all)
	if len(unavailable) > 0 {
		d.Result = low.False
	}
	say(&d.Comment, "Kernel module %s is unavailable", "Kernel modules %s are unavailable", unavailable)
	var yes, no, byDependency, failures []string
	for _, m := range available {
		if slices.Contains(byDependency, m) {
			yes = append(yes, m)
			continue
		}
		mods, failed, err := k.load(m, persist)
		switch {
		case err != nil:
			return d, err
		case failed != "":
			d.Result = low.False
			failures = append(failures, fmt.Sprintf("Failed to load kernel module %s: %s", m, failed))
		case len(mods) == 0:
			d.Result = low.False
			no = append(no, m)
		default:
			for _, n := range mods {
				changes.SetStr(n, py.Str("loaded"))
				if n != m {
					byDependency = append(byDependency, n)
				}
			}
			yes = append(yes, m)
		}
	}
	say(&d.Comment, "Loaded kernel module %s", "Loaded kernel modules %s", yes)
	say(&d.Comment, "Failed to load kernel module %s", "Failed to load kernel modules %s", no)
	for _, f := range failures {
		add(&d.Comment, f)
	}
	return d, nil
}

func checkAbsent(ctx context.Context, c *modules.Call, a *absentArgs) (modules.Plan, error) {
	k := &kmod{ctx: ctx, c: c, r: c}
	mods := modsOf(a.Name, a.Mods)
	have, err := k.loaded()
	if err != nil {
		return modules.Plan{}, err
	}
	if a.Persist {
		kept, err := k.persistent()
		if err != nil {
			return modules.Plan{}, err
		}
		have = append(have, kept...)
	}
	there, _ := split(mods, have)
	if len(there) == 0 {
		if len(mods) == 1 {
			return modules.InOrder(fmt.Sprintf("Kernel module %s is already removed", mods[0])), nil
		}
		return modules.InOrder(fmt.Sprintf("Kernel modules %s are already removed", strings.Join(mods, ", "))), nil
	}
	would := ""
	say(&would, "Kernel module %s is set to be removed", "Kernel modules %s are set to be removed", there)
	return modules.Would(would, nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		return (&kmod{ctx: ctx, c: c, r: w, w: w}).absent(there, a.Persist, a.Comment)
	}), nil
}

func (k *kmod) absent(mods []string, persist, comment bool) (modules.Done, error) {
	changes := py.NewDict()
	d := modules.Done{Result: low.True, Changes: changes}
	var yes, no, failures []string
	for _, m := range mods {
		gone, failed, err := k.remove(m, persist, comment)
		switch {
		case err != nil:
			return d, err
		case failed != "":
			d.Result = low.False
			failures = append(failures, fmt.Sprintf("Failed to remove kernel module %s: %s", m, failed))
		case len(gone) == 0:
			d.Result = low.False
			no = append(no, m)
		default:
			for _, n := range gone {
				changes.SetStr(n, py.Str("removed"))
			}
			yes = append(yes, m)
		}
	}
	say(&d.Comment, "Removed kernel module %s", "Removed kernel modules %s", yes)
	say(&d.Comment, "Failed to remove kernel module %s", "Failed to remove kernel modules %s", no)
	for _, f := range failures {
		add(&d.Comment, f)
	}
	return d, nil
}
