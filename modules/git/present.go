package git

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/modules"
	"pinch/states/low"
)

type presentArgs struct {
	Name           string        `arg:"name,required" doc:"The directory of the repository."`
	Force          bool          `arg:"force" default:"False" doc:"Removes what is there, if it is no repository."`
	Bare           bool          `arg:"bare" default:"True" doc:"Makes a repository without files."`
	Template       *string       `arg:"template" doc:"A template directory."`
	SeparateGitDir *string       `arg:"separate_git_dir" doc:"Where the repository itself lies, if not below."`
	Shared         py.Value      `arg:"shared" doc:"Who else may use it: umask, group, all or an octal mode."`
	User           string        `arg:"user" doc:"Who runs git."`
	Password       secret.String `arg:"password" doc:"Of the user, on Windows."`
	OutputEncoding string        `arg:"output_encoding" doc:"The encoding of what git prints; UTF-8 by default."`
}

// present is a run of git.present.
type present struct {
	*outcome
	r *repo
	a *presentArgs
}

func checkPresent(ctx context.Context, c *modules.Call, a *presentArgs) (modules.Plan, error) {
	p := &present{outcome: newOutcome(c), r: &repo{c: c, user: a.User, encoding: a.OutputEncoding}, a: a}
	return plan(ctx, c, p.r, p.outcome, p)
}

func (p *present) steps(ctx context.Context) error {
	a, c := p.a, p.r.c
	kind := ""
	if a.Bare {
		kind = "bare "
	}
	if isDir(c, a.Name) {
		if done, err := p.isRepository(ctx); err != nil || done {
			return err
		}
		if a.Force {
			if p.test {
				p.changes.SetStr("new", py.Str(a.Name))
				p.changes.SetStr("forced init", py.True)
				return p.neutral(fmt.Sprintf("Target directory %[1]s exists. Since force=True, the contents of %[1]s would be deleted, and a %[2]srepository "+
					"would be initialized in its place.", a.Name, kind))
			}
			if err := p.r.w.RemoveAll(a.Name); err != nil {
				return p.failPlain(fmt.Sprintf("Unable to remove %s: %v", a.Name, err))
			}
			p.changes.SetStr("forced init", py.True)
		} else {
			entries, err := c.ReadDir(a.Name)
			if err != nil {
				return err
			}
			if len(entries) > 0 {
				return p.failPlain(fmt.Sprintf("Target '%s' exists, is non-empty, and is not a git repository. Set the 'force' option to True to remove "+
					"this directory's contents and proceed with initializing a repository", a.Name))
			}
		}
	}
	if p.test {
		p.changes.SetStr("new", py.Str(a.Name))
		return p.neutral("New " + kind + "repository would be created")
	}
	args := initArgs(a.Bare, a.Template, a.SeparateGitDir, a.Shared, nil)
	if _, err := p.r.out(ctx, "", append(append([]string{"init"}, args...), p.r.expand(a.Name))...); err != nil {
		return err
	}
	actions := []string{fmt.Sprintf("Initialized %srepository in %s", kind, a.Name)}
	if a.Template != nil && *a.Template != "" {
		actions = append(actions, "Template directory set to "+*a.Template)
	}
	if a.SeparateGitDir != nil && *a.SeparateGitDir != "" {
		actions = append(actions, "Gitdir set to "+*a.SeparateGitDir)
	}
	p.changes.SetStr("new", py.Str(a.Name))
	return p.end(low.True, sentences(actions))
}

func (p *present) isRepository(ctx context.Context) (bool, error) {
	if p.a.Bare {
		return isFile(p.r.c, p.a.Name+"/HEAD"), nil
	}
	if isDir(p.r.c, p.a.Name+"/.git") {
		return true, nil
	}
	return p.r.isWorktree(ctx, p.a.Name)
}

// initArgs are the options of git init.
func initArgs(bare bool, template, gitDir *string, shared py.Value, opts []string) []string {
	var args []string
	if bare {
		args = append(args, "--bare")
	}
	if template != nil {
		args = append(args, "--template="+*template)
	}
	if gitDir != nil {
		args = append(args, "--separate-git-dir="+*gitDir)
	}
	switch v := shared.(type) {
	case nil, py.NoneType:
	case py.Int:
		args = append(args, "--shared=0"+py.ToStr(v))
	case py.Str:
		args = append(args, "--shared="+string(v))
	default:
		args = append(args, "--shared="+strings.ToLower(py.ToStr(v)))
	}
	return append(args, opts...)
}
