package pip

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

func checkRemoved(ctx context.Context, c *modules.Call, a *removedArgs) (modules.Plan, error) {
	t := &tool{c: c, bin: a.BinEnv, user: a.User, cwd: a.Cwd}
	have, err := t.list(ctx, "")
	if err != nil {
		if !isSaltError(err) {
			return modules.Plan{}, err
		}
		return modules.Fail(fmt.Sprintf("Error uninstalling '%s': %s", a.Name, err)), nil
	}
	if !have.Has(a.Name) {
		return modules.InOrder("Package is not installed."), nil
	}
	return modules.Would(fmt.Sprintf("Package %s is set to be removed", a.Name), nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		_, err := t.uninstall(ctx, w, &uninstallArgs{Pkgs: py.Str(a.Name), Requirements: a.Requirements, Log: a.Log, Proxy: a.Proxy, Timeout: a.Timeout, ExtraArgs: py.None})
		if err != nil {
			return modules.Done{}, err
		}
		// Salt does not look at pip's exit status
		return modules.OK("Package was successfully removed.", py.DictOf(a.Name, py.Str("Removed"))), nil
	}), nil
}

// uninstall is pip.uninstall.
func (t *tool) uninstall(ctx context.Context, w host.Writer, a *uninstallArgs) (installResult, error) {
	files, cleanup, problem, err := t.requirementFiles(ctx, w, a.Requirements)
	defer func() {
		if cleanup != "" {
			_ = w.RemoveAll(cleanup) // a temporary directory: it goes with the run at the latest
		}
	}()
	if err != nil || problem != "" {
		return installResult{reason: problem}, err
	}
	args := []string{"uninstall", "-y"}
	for _, f := range files {
		args = append(args, "--requirement", f)
	}
	if a.Log != "" {
		args = append(args, "--log", a.Log)
	}
	proxy, err := proxyOf(t.c, a.Proxy)
	if err != nil {
		return installResult{}, err
	}
	if proxy != "" {
		args = append(args, "--proxy", proxy)
	}
	timeout, err := timeoutOf(a.Timeout)
	if err != nil {
		return installResult{}, err
	}
	if timeout != "" {
		args = append(args, "--timeout", timeout)
	}
	pkgs := words(a.Pkgs)
	if len(pkgs) > 0 && isSet(a.Requirements) {
		l, ok := a.Requirements.(*py.List)
		if !ok { // Salt takes its letters for files
			return installResult{}, py.Errorf("FileNotFoundError", "[Errno 2] No such file or directory: %s", py.Repr(py.Str(py.ToStr(a.Requirements)[:1])))
		}
		for _, f := range l.Items {
			data, err := w.ReadFile(py.ToStr(f))
			if err != nil {
				return installResult{}, err
			}
			for line := range strings.Lines(string(data)) {
				if parts := strings.Split(line, "=="); len(parts) == 2 {
					pkgs = slices.DeleteFunc(pkgs, func(p string) bool { return p == parts[0] })
				}
			}
		}
	}
	extra, err := extraArguments(a.ExtraArgs)
	if err != nil {
		return installResult{}, err
	}
	defer t.forget()
	res, err := t.run(ctx, w, false, slices.Concat(args, pkgs, extra)...)
	return installResult{CommandResult: res, ran: true}, err
}

func checkUptodate(ctx context.Context, c *modules.Call, a *uptodateArgs) (modules.Plan, error) {
	t := &tool{c: c, bin: a.BinEnv, user: a.User, cwd: a.Cwd}
	newer, err := t.upgrades(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return modules.Plan{}, err
		}
		return modules.Fail(err.Error()), nil
	}
	if newer.Len() == 0 {
		return modules.InOrder("System is already up-to-date."), nil
	}
	return modules.Would("System update will be performed", nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		ret, err := t.upgradeAll(ctx, w)
		if err != nil {
			return modules.Done{}, err
		}
		if ret.Lookup("result") == py.Value(py.False) {
			return modules.Done{Result: low.False, Comment: ret.String("comment"), Changes: ret.Lookup("changes")}, nil
		}
		return modules.OK("Upgrade successful.", ret), nil
	}), nil
}

// upgradeAll is pip.upgrade.
func (t *tool) upgradeAll(ctx context.Context, w host.Writer) (*py.Dict, error) {
	old, err := t.list(ctx, "")
	if err != nil {
		return nil, err
	}
	newer, err := t.upgrades(ctx)
	if err != nil {
		return nil, err
	}
	result, comment := true, ""
	for pkg := range newer.All() {
		res, err := t.run(ctx, w, false, "install", "-U", "--disable-pip-version-check", py.ToStr(pkg))
		if err != nil {
			return nil, err
		}
		result = result && res.Code == 0
		comment += res.Stderr
	}
	t.forget()
	now, err := t.list(ctx, "")
	if err != nil {
		return nil, err
	}
	changes := py.NewDict()
	for k, v := range now.All() {
		if was, ok := old.GetStr(py.ToStr(k)); !ok {
			changes.SetStr(py.ToStr(k), py.DictOf("old", py.Str(""), "new", v))
		} else if py.ToStr(was) != py.ToStr(v) {
			changes.SetStr(py.ToStr(k), py.DictOf("old", was, "new", v))
		}
	}
	for k, v := range old.All() {
		if !now.Has(py.ToStr(k)) {
			changes.SetStr(py.ToStr(k), py.DictOf("old", v, "new", py.Str("")))
		}
	}
	return py.DictOf("changes", changes, "result", py.Bool(result), "comment", py.Str(comment)), nil
}
