package git

import (
	"context"
	"path"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// worktreeFuncs are about linked worktrees.
func worktreeFuncs() []*modules.Func {
	return []*modules.Func{
		query("is_worktree", "Says whether a directory is a linked worktree.", func(ctx context.Context, c *modules.Call, a *worktreeArgs) (py.Value, error) {
			r := &repo{c: c, user: a.User, encoding: a.OutputEncoding}
			is, err := r.isWorktree(ctx, r.expand(a.Cwd))
			return py.Bool(is), err
		}),
		query("list_worktrees", "Gives the worktrees of a clone.", execListWorktrees),
		action("worktree_add", "Adds a worktree.", execWorktreeAdd),
		action("worktree_prune", "Forgets worktrees whose directory is gone.", execWorktreePrune),
		action("worktree_rm", "Removes a worktree's directory.", func(ctx context.Context, c *modules.Call, w host.Writer, a *worktreeRmArgs) (py.Value, error) {
			r := &repo{c: c, w: w, encoding: a.OutputEncoding}
			dir := expand(c, a.Cwd, a.User)
			if !exists(c, dir) {
				return nil, commandError(dir + " does not exist")
			}
			is, err := r.isWorktree(ctx, dir)
			if err != nil {
				return nil, err
			}
			if !is {
				return nil, commandError(dir + " is not a git worktree")
			}
			if err := w.RemoveAll(dir); err != nil {
				return nil, commandError("Unable to remove " + dir + ": " + err.Error())
			}
			return py.True, nil
		}),
	}
}

// checkWorktrees refuses versions of git without worktrees.
func (r *repo) checkWorktrees(ctx context.Context) error {
	ok, err := r.atLeast(ctx, 2, 5)
	if err != nil || ok {
		return err
	}
	v, err := r.version(ctx)
	if err != nil {
		return err
	}
	return commandError("Worktrees are only supported in git 2.5.0 and newer (detected git version: " + v + ")")
}

func execListWorktrees(ctx context.Context, c *modules.Call, a *worktreesArgs) (py.Value, error) {
	r := &repo{c: c, user: a.User, encoding: a.OutputEncoding}
	if err := r.checkWorktrees(ctx); err != nil {
		return nil, err
	}
	if a.All && a.Stale {
		return nil, commandError("'all' and 'stale' cannot both be set to True")
	}
	dir := r.expand(a.Cwd)
	text, err := r.out(ctx, dir, "worktree", "list", "--porcelain")
	if err != nil {
		return nil, err
	}
	ret := py.NewDict()
	for _, block := range strings.Split(strings.TrimSpace(text), "\n\n") {
		t := parseWorktree(block)
		if t["worktree"] == "" || t["HEAD"] == "" || t["branch"] == "" {
			continue // a bare repository
		}
		stale := !isDir(c, t["worktree"])
		if stale != a.Stale && !a.All {
			continue
		}
		d := py.DictOf("stale", py.Bool(stale), "HEAD", py.Str(t["HEAD"]), "detached", py.Bool(t["branch"] == "detached"))
		ret.SetStr(t["worktree"], d)
		if t["branch"] != "detached" {
			d.SetStr("branch", py.Str(strings.Replace(t["branch"], "refs/heads/", "", 1)))
			continue
		}
		d.SetStr("branch", py.None)
		tags, err := r.out(ctx, dir, "tag", "--points-at", t["HEAD"])
		if err != nil {
			return nil, err
		}
		if tags != "" {
			d.SetStr("tags", py.Strings(lines(tags)...))
		}
	}
	return ret, nil
}

// parseWorktree reads one entry of git worktree list --porcelain.
func parseWorktree(block string) map[string]string {
	t := map[string]string{}
	for _, line := range strings.Split(block, "\n") {
		key, value, ok := cutSpace(strings.TrimSpace(line))
		if !ok {
			if line != "detached" {
				continue
			}
			key, value = "branch", "detached"
		}
		if t[key] == "" {
			t[key] = value
		}
	}
	return t
}

func execWorktreeAdd(ctx context.Context, c *modules.Call, w host.Writer, a *worktreeAddArgs) (py.Value, error) {
	if err := (&repo{c: c}).checkWorktrees(ctx); err != nil {
		return nil, err
	}
	if a.Branch != "" && a.Detach {
		return nil, modules.SaltInvocationError("Only one of 'branch' and 'detach' is allowed")
	}
	verb := []string{"worktree", "add"}
	if a.Detach {
		verb = append(verb, "--detach")
	} else {
		branch, how := a.Branch, "-b"
		if branch == "" {
			branch = path.Base(a.WorktreePath)
		}
		if a.ResetBranch {
			how = "-B"
		}
		verb = append(verb, how, branch)
		if a.Force {
			verb = append(verb, "--force")
		}
	}
	return call{cwd: a.Cwd, user: a.User, verb: verb, opts: a.Opts, gitOpts: a.GitOpts, after: append([]string{a.WorktreePath}, optional(a.Ref)...), merge: true,
		ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}.text(ctx, c, w)
}

func execWorktreePrune(ctx context.Context, c *modules.Call, w host.Writer, a *worktreePruneArgs) (py.Value, error) {
	if err := (&repo{c: c}).checkWorktrees(ctx); err != nil {
		return nil, err
	}
	verb := []string{"worktree", "prune"}
	if a.DryRun {
		verb = append(verb, "--dry-run")
	}
	if a.Verbose {
		verb = append(verb, "--verbose")
	}
	if a.Expire != "" {
		verb = append(verb, "--expire", a.Expire)
	}
	x := call{cwd: a.Cwd, user: a.User, verb: verb, opts: a.Opts, gitOpts: a.GitOpts, ignore: a.IgnoreRetcode, encoding: a.OutputEncoding}
	r, res, err := x.do(ctx, c, w)
	if err != nil {
		return nil, err
	}
	later, err := r.atLeast(ctx, 2, 35)
	if err != nil {
		return nil, err
	}
	if later {
		return py.Str(res.Stderr), nil
	}
	return py.Str(res.Stdout), nil
}
