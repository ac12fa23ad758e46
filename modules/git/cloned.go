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

type clonedArgs struct {
	Name           string         `arg:"name,required" doc:"The repository: a URL or a path."`
	Target         *string        `arg:"target,required" doc:"Where the clone lies."`
	Branch         *string        `arg:"branch" doc:"The branch to check out."`
	User           string         `arg:"user" doc:"Who runs git."`
	Password       secret.String  `arg:"password" doc:"Of the user, on Windows."`
	Identity       py.Value       `arg:"identity" doc:"One or more private keys: paths of the host, or of the tree."`
	HTTPSUser      *string        `arg:"https_user" doc:"A user of the server."`
	HTTPSPass      *secret.String `arg:"https_pass" doc:"The user's password or token. It is not kept in the clone."`
	OutputEncoding string         `arg:"output_encoding" doc:"The encoding of what git prints; UTF-8 by default."`
}

// cloned is a run of git.cloned.
type cloned struct {
	*outcome
	r      *repo
	a      *clonedArgs
	target string
	url    string
}

func checkCloned(ctx context.Context, c *modules.Call, a *clonedArgs) (modules.Plan, error) {
	o := &cloned{outcome: newOutcome(c), r: &repo{c: c, user: a.User, encoding: a.OutputEncoding}, a: a}
	switch {
	case a.Target == nil:
		return modules.Fail("'target' argument is required"), nil
	case !strings.HasPrefix(*a.Target, "/"):
		return modules.Fail("'target' path must be absolute"), nil
	case a.Branch != nil && *a.Branch == "":
		return modules.Fail("Invalid 'branch' argument"), nil
	}
	o.target = *a.Target
	var msg string
	if o.r.ids, msg = identities(c, a.Identity, "identity"); msg != "" {
		return modules.Fail(msg), nil
	}
	var err error
	if o.url, o.r.cred, err = httpsURL(a.Name, a.HTTPSUser, a.HTTPSPass); err != nil {
		return modules.Plan{}, modules.SaltInvocationError(err.Error())
	}
	if c.Test || exists(c, o.target) {
		o.r.ids, o.r.cred = nil, nil // nothing is asked of the server
	}
	return plan(ctx, c, o.r, o.outcome, o)
}

func (o *cloned) steps(ctx context.Context) error {
	if !exists(o.r.c, o.target) {
		return o.clone(ctx)
	}
	if _, err := o.r.status(ctx, o.target); err != nil {
		if !isCommandError(err) {
			return err
		}
		return o.failPlain(err.Error())
	}
	if o.a.Branch == nil {
		return o.end(low.True, "Repository already exists at "+o.target)
	}
	return o.checkout(ctx, *o.a.Branch)
}

func (o *cloned) clone(ctx context.Context) error {
	with, args := "", []string{"clone"}
	if o.a.Branch != nil {
		with, args = fmt.Sprintf(" with branch '%s'", *o.a.Branch), append(args, "--branch", *o.a.Branch)
	}
	if o.test {
		o.changes.SetStr("new", py.Str(o.a.Name+" => "+o.target))
		return o.neutral(fmt.Sprintf("%s would be cloned to %s%s", o.a.Name, o.target, with))
	}
	if _, err := o.r.run(ctx, request{dir: "/tmp", args: append(args, "--", o.url, o.target), auth: true}); err != nil {
		if !isCommandError(err) {
			return err
		}
		return o.failPlain("Clone failed: " + said(err))
	}
	o.changes.SetStr("new", py.Str(o.a.Name+" => "+o.target))
	return o.end(low.True, fmt.Sprintf("%s cloned to %s%s", o.a.Name, o.target, with))
}

// checkout changes the branch of a clone that is there.
func (o *cloned) checkout(ctx context.Context, branch string) error {
	now, err := o.r.out(ctx, o.target, "rev-parse", "--abbrev-ref", "HEAD")
	if err != nil {
		return err
	}
	if now == branch {
		return o.end(low.True, fmt.Sprintf("Repository already exists at %s and is checked out to branch '%s'", o.target, branch))
	}
	change := py.DictOf("old", py.Str(now), "new", py.Str(branch))
	if o.test {
		o.changes.SetStr("branch", change)
		return o.neutral(fmt.Sprintf("Branch would be changed to '%s'", branch))
	}
	_, ok, err := o.r.revParse(ctx, o.target, branch)
	if err != nil {
		return err
	}
	args := []string{"checkout", branch}
	if !ok {
		args = []string{"checkout", "-b", branch, "origin/" + branch}
	}
	if _, err := o.r.run(ctx, request{dir: o.target, args: args, merge: true}); err != nil {
		if !isCommandError(err) {
			return err
		}
		return o.failPlain(fmt.Sprintf("Failed to change branch to '%s': %s", branch, err))
	}
	o.changes.SetStr("branch", change)
	return o.end(low.True, fmt.Sprintf("Branch changed to '%s'", branch))
}
