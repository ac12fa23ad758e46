// Package npm has Salt's npm module, which Salt 3008 keeps in an extension:
// packages of Node.js, by the npm program.
package npm

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type installArgs struct {
	Pkg      string   `arg:"pkg" doc:"The package, with or without @ and a version; that of the directory when not given."`
	Pkgs     []string `arg:"pkgs" doc:"Several packages."`
	Dir      string   `arg:"dir" doc:"The directory to install into; for all when not given."`
	Runas    string   `arg:"runas" doc:"Who runs npm."`
	Registry string   `arg:"registry" doc:"The registry's URL."`
	Env      *py.Dict `arg:"env" doc:"Environment variables."`
	DryRun   bool     `arg:"dry_run" default:"False" doc:"Only says what would be done."`
	Silent   bool     `arg:"silent" default:"True" doc:"Says less."`
}

type uninstallArgs struct {
	Pkg   string   `arg:"pkg,required" doc:"The package."`
	Dir   string   `arg:"dir" doc:"The directory that it is in; for all when not given."`
	Runas string   `arg:"runas" doc:"Who runs npm."`
	Env   *py.Dict `arg:"env" doc:"Environment variables."`
}

type listArgs struct {
	Pkg   string   `arg:"pkg" doc:"The package; all when not given."`
	Dir   string   `arg:"dir" doc:"The directory to look at; for all when not given."`
	Runas string   `arg:"runas" doc:"Who runs npm."`
	Env   *py.Dict `arg:"env" doc:"Environment variables."`
	Depth *int     `arg:"depth" doc:"How deep dependencies are followed."`
}

type cacheArgs struct {
	Path  string   `arg:"path" doc:"The package; all when not given."`
	Runas string   `arg:"runas" doc:"Who runs npm."`
	Env   *py.Dict `arg:"env" doc:"Environment variables."`
}

type cleanArgs struct {
	Path  string   `arg:"path" doc:"The package; all when not given."`
	Runas string   `arg:"runas" doc:"Who runs npm."`
	Env   *py.Dict `arg:"env" doc:"Environment variables."`
	Force bool     `arg:"force" default:"False" doc:"Which npm wants since version 5."`
}

type cachePathArgs struct {
	Runas string   `arg:"runas" doc:"Who runs npm."`
	Env   *py.Dict `arg:"env" doc:"Environment variables."`
}

func virtual(c *modules.Call) (bool, string) {
	if c.LookPath("npm") == "" {
		return false, "npm execution module could not be loaded because the npm binary could not be located"
	}
	return true, ""
}

func virtualState(c *modules.Call) (bool, string) {
	if c.LookPath("npm") == "" {
		return false, "'npm' binary not found on system"
	}
	return true, ""
}

// isSaltError says whether an error is one of Salt's for commands.
func isSaltError(err error) bool {
	var e *modules.Error
	return errors.As(err, &e) && e.Class == "CommandExecutionError"
}

// run runs npm. w is nil while only looking.
func run(ctx context.Context, c *modules.Call, w host.Writer, dir, user string, env *py.Dict, args ...string) (modules.CommandResult, error) {
	vars := map[string]*string{}
	if env != nil {
		for k, v := range env.All() {
			s := py.ToStr(v)
			vars[py.ToStr(k)] = &s
		}
	}
	if u, ok := c.User(user); ok && user != "" && u.UID != 0 {
		uid, none := strconv.Itoa(u.UID), ""
		vars["SUDO_UID"], vars["SUDO_USER"] = &uid, &none
	}
	return c.RunAll(ctx, w, modules.Command{Argv: append([]string{"npm"}, args...), Dir: dir, RunAs: user, Env: vars, IgnoreRetcode: args[0] == "list" || args[0] == "cache"})
}

// install is npm.install: what npm said, as data where it is JSON.
func install(ctx context.Context, c *modules.Call, w host.Writer, a *installArgs) (py.Value, error) {
	args := []string{"install", "--json"}
	if a.Silent {
		args = append(args, "--silent")
	}
	dir := a.Dir
	if dir == "" {
		dir, args = "/tmp", append(args, "--global")
	}
	if a.Registry != "" {
		args = append(args, "--registry="+a.Registry)
	}
	if a.DryRun {
		args = append(args, "--dry-run")
	}
	pkgs := a.Pkgs
	if a.Pkg != "" {
		pkgs = []string{a.Pkg}
	}
	for _, p := range pkgs {
		if strings.HasPrefix(p, "-") {
			return nil, modules.SaltInvocationError("npm.install: " + p + " is no package")
		}
	}
	res, err := run(ctx, c, w, dir, a.Runas, a.Env, append(args, pkgs...)...)
	if err != nil {
		return nil, err
	}
	if res.Code != 0 {
		return nil, modules.CommandExecutionError(res.Stderr)
	}
	text := res.Stdout
	if text == "" {
		text = res.Stderr
	}
	if v, ok := findJSON(text); ok {
		return v, nil
	}
	return py.Str(text), nil
}

// findJSON is Salt's find_json: data that begins at some line.
func findJSON(text string) (py.Value, bool) {
	lines := py.SplitLines(text, false)
	for i, l := range lines {
		if l = strings.TrimSpace(l); l == "" || !strings.ContainsAny(l[:1], `{["`) {
			continue
		}
		if v, err := py.DecodeJSON(strings.Join(lines[i:], "\n")); err == nil && py.IsTrue(v) {
			return v, true
		}
	}
	return nil, false
}

// list is npm.list: the installed packages.
func list(ctx context.Context, c *modules.Call, a *listArgs) (*py.Dict, error) {
	args := []string{"list", "--json", "--silent"}
	if a.Dir == "" {
		args = append(args, "--global")
	}
	if a.Depth != nil {
		args = append(args, fmt.Sprintf("--depth=%d", *a.Depth))
	}
	if a.Pkg != "" {
		args = append(args, a.Pkg)
	}
	res, err := run(ctx, c, nil, a.Dir, a.Runas, a.Env, args...)
	if err != nil {
		return nil, err
	}
	if res.Code != 0 && res.Stderr != "" {
		return nil, modules.CommandExecutionError(res.Stderr)
	}
	v, err := py.DecodeJSON(res.Stdout)
	if err != nil {
		return nil, err
	}
	d, ok := v.(*py.Dict)
	if !ok {
		return nil, modules.CommandExecutionError("npm list gave no mapping")
	}
	deps, ok := d.Lookup("dependencies").(*py.Dict)
	if !ok {
		deps = py.NewDict()
	}
	return deps, nil
}

func uninstall(ctx context.Context, c *modules.Call, w host.Writer, a *uninstallArgs) (bool, error) {
	args := []string{"uninstall", a.Pkg}
	if a.Dir == "" {
		args = append(args, "--global")
	}
	res, err := run(ctx, c, w, a.Dir, a.Runas, a.Env, args...)
	return err == nil && res.Code == 0, err
}

func cacheList(ctx context.Context, c *modules.Call, a *cacheArgs) (string, error) {
	args := []string{"cache", "ls"}
	if a.Path != "" {
		args = append(args, a.Path)
	}
	res, err := run(ctx, c, nil, "", a.Runas, a.Env, args...)
	if err == nil && res.Code != 0 && res.Stderr != "" {
		err = modules.CommandExecutionError(res.Stderr)
	}
	return res.Stdout, err
}

func cacheClean(ctx context.Context, c *modules.Call, w host.Writer, a *cleanArgs) (bool, error) {
	args := []string{"cache", "clean"}
	if a.Path != "" {
		args = append(args, a.Path)
	}
	if a.Force {
		args = append(args, "--force")
	}
	res, err := run(ctx, c, w, "", a.Runas, a.Env, args...)
	return err == nil && res.Code == 0, err
}
