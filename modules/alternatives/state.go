package alternatives

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// The states are those of Salt 3006; Salt 3008 has them in an extension.
func stateFuncs() []*modules.Func {
	return []*modules.Func{
		modules.State[installArgs]{Name: "alternatives.install", Virtual: stateVirtual, Check: checkInstall,
			Doc: "Keeps a program in a link group.\n\n```yaml\neditor:\n  alternatives.install:\n    - link: /usr/bin/editor\n    - path: /usr/bin/vim\n    - priority: 100\n```"}.Func(),
		modules.State[pathArgs]{Name: "alternatives.remove", Virtual: stateVirtual, Check: checkRemove,
			Doc: "Keeps a program out of a link group.\n\n```yaml\neditor:\n  alternatives.remove:\n    - path: /usr/bin/vim\n```"}.Func(),
		modules.State[nameArgs]{Name: "alternatives.auto", Virtual: stateVirtual, Check: checkAuto,
			Doc: "Has a link group choose by priority.\n\n```yaml\neditor:\n  alternatives.auto: []\n```"}.Func(),
		modules.State[pathArgs]{Name: "alternatives.set", Virtual: stateVirtual, Check: checkSet,
			Doc: "Keeps a link group pointing to a program.\n\n```yaml\neditor:\n  alternatives.set:\n    - path: /usr/bin/vim\n```"}.Func(),
	}
}

func stateVirtual(c *modules.Call) (bool, string) {
	ok, _ := virtual(c)
	return ok, "alernatives module could not be loaded"
}

// registered says whether a program is one of a group.
func registered(ctx context.Context, c *modules.Call, name, path string) (bool, error) {
	text, ok, err := ask(ctx, c, "--display", name)
	return ok && hasLine(text, path), err
}

func hasLine(text, path string) bool {
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, path) {
			return true
		}
	}
	return false
}

// now is the program that a group points to, "" when there is no such group.
func now(r host.Reader, name string) string {
	target, err := r.Readlink("/etc/alternatives/" + name)
	if err != nil {
		return ""
	}
	return target
}

// with adds what Salt returns beside the usual keys.
func with(extra *py.Dict, d modules.Done) modules.Done {
	d.Extra = extra
	return d
}

// plan is modules.Would with further keys in all results.
func plan(extra *py.Dict, would string, apply func(ctx context.Context, w host.Writer) (modules.Done, error)) modules.Plan {
	return modules.Plan{Would: modules.Done{Result: low.None, Comment: would, Extra: extra},
		Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) {
			d, err := apply(ctx, w)
			return with(extra, d), err
		}}
}

func settled(extra *py.Dict, result low.Tri, format string, args ...any) modules.Plan {
	return modules.Plan{Would: modules.Done{Result: result, Comment: fmt.Sprintf(format, args...), Extra: extra}}
}

func checkInstall(ctx context.Context, c *modules.Call, a *installArgs) (modules.Plan, error) {
	extra := py.DictOf("link", py.Str(a.Link), "path", py.Str(a.Path), "priority", a.Priority)
	prio := py.ToStr(a.Priority)
	has, err := registered(ctx, c, a.Name, a.Path)
	if err != nil {
		return modules.Plan{}, err
	}
	if has {
		return settled(extra, low.True, "Alternative %s for %s is already registered", a.Path, a.Name), nil
	}
	would := fmt.Sprintf("Alternative will be set for %s to %s with priority %s", a.Name, a.Path, prio)
	return plan(extra, would, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		out, err := act(ctx, c, w, "--install", a.Link, a.Name, a.Path, prio)
		if err != nil {
			return modules.Done{}, err
		}
		has, err := registered(ctx, c, a.Name, a.Path)
		if err != nil || !has {
			return modules.Failed(fmt.Sprintf("Alternative for %s not installed: %s", a.Name, py.ToStr(out))), err
		}
		comment := fmt.Sprintf("Alternative %s for %s registered with priority %s and not set to default", a.Path, a.Name, prio)
		if now(w, a.Name) == a.Path {
			comment = fmt.Sprintf("Alternative for %s set to path %s with priority %s", a.Name, a.Path, prio)
		}
		return modules.OK(comment, py.DictOf("name", py.Str(a.Name), "link", py.Str(a.Link), "path", py.Str(a.Path), "priority", a.Priority)), nil
	}), nil
}

func checkRemove(ctx context.Context, c *modules.Call, a *pathArgs) (modules.Plan, error) {
	extra := py.DictOf("path", py.Str(a.Path))
	has, err := registered(ctx, c, a.Name, a.Path)
	if err != nil {
		return modules.Plan{}, err
	}
	if !has {
		if current := now(c, a.Name); current != "" {
			return settled(extra, low.True, "Alternative for %s is set to it's default path %s", a.Name, current), nil
		}
		return settled(extra, low.False, "Alternative for %s doesn't exist", a.Name), nil
	}
	return plan(extra, fmt.Sprintf("Alternative for %s will be removed", a.Name), func(ctx context.Context, w host.Writer) (modules.Done, error) {
		if _, err := act(ctx, c, w, "--remove", a.Name, a.Path); err != nil {
			return modules.Done{}, err
		}
		if current := now(w, a.Name); current != "" {
			return modules.OK(fmt.Sprintf("Alternative for %s removed. Falling back to path %s", a.Name, current), py.DictOf("path", py.Str(current))), nil
		}
		return modules.OK(fmt.Sprintf("Alternative for %s removed", a.Name), nil), nil
	}), nil
}

func checkAuto(ctx context.Context, c *modules.Call, a *nameArgs) (modules.Plan, error) {
	text, _, err := ask(ctx, c, "--display", a.Name)
	if err != nil {
		return modules.Plan{}, err
	}
	first, _, _ := strings.Cut(text, "\n")
	if strings.HasSuffix(first, " auto mode") {
		return modules.InOrder(a.Name + " already in auto mode"), nil
	}
	return modules.Would(a.Name+" will be put in auto mode", nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		out, err := act(ctx, c, w, "--auto", a.Name)
		if err != nil {
			return modules.Done{}, err
		}
		return modules.OK("", py.DictOf("result", out)), nil
	}), nil
}

func checkSet(ctx context.Context, c *modules.Call, a *pathArgs) (modules.Plan, error) {
	extra := py.DictOf("path", py.Str(a.Path))
	if now(c, a.Name) == a.Path {
		return settled(extra, low.True, "Alternative for %s already set to %s", a.Name, a.Path), nil
	}
	text, _, err := ask(ctx, c, "--display", a.Name)
	if err != nil {
		return modules.Plan{}, err
	}
	if !hasLine(text, a.Path) {
		return settled(extra, low.False, "Alternative %s for %s doesn't exist", a.Path, a.Name), nil
	}
	return plan(extra, fmt.Sprintf("Alternative for %s will be set to path %s", a.Name, a.Path), func(ctx context.Context, w host.Writer) (modules.Done, error) {
		if _, err := act(ctx, c, w, "--set", a.Name, a.Path); err != nil {
			return modules.Done{}, err
		}
		if current := now(w, a.Name); current == a.Path {
			return modules.OK(fmt.Sprintf("Alternative for %s set to path %s", a.Name, current), py.DictOf("path", py.Str(current))), nil
		}
		return modules.OK(fmt.Sprintf("Alternative for %s not updated", a.Name), nil), nil
	}), nil
}
