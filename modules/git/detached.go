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

type detachedArgs struct {
	Name           string         `arg:"name,required" doc:"The repository: a URL or a path."`
	Rev            py.Value       `arg:"rev,required" doc:"A branch, tag or commit of the repository."`
	Target         string         `arg:"target,required" doc:"Where the clone lies."`
	Remote         string         `arg:"remote" default:"origin" doc:"The name of the remote."`
	User           string         `arg:"user" doc:"Who runs git."`
	Password       secret.String  `arg:"password" doc:"Of the user, on Windows."`
	ForceClone     bool           `arg:"force_clone" default:"False" doc:"Empties a target that is no clone."`
	ForceCheckout  bool           `arg:"force_checkout" default:"False" doc:"Discards uncommitted changes."`
	FetchRemote    bool           `arg:"fetch_remote" default:"True" doc:"Fetches, unless the commit is in the clone."`
	HardReset      bool           `arg:"hard_reset" default:"False" doc:"Resets the clone before."`
	Submodules     bool           `arg:"submodules" default:"False" doc:"Updates submodules."`
	Identity       py.Value       `arg:"identity" doc:"One or more private keys: paths of the host, or of the tree."`
	HTTPSUser      *string        `arg:"https_user" doc:"A user of the server."`
	HTTPSPass      *secret.String `arg:"https_pass" doc:"The user's password or token. It is not kept in the clone."`
	OutputEncoding string         `arg:"output_encoding" doc:"The encoding of what git prints; UTF-8 by default."`
	Extra          *py.Dict       `arg:"**"`
}

// detached is a run of git.detached.
type detached struct {
	*outcome
	r    *repo
	a    *detachedArgs
	url  string
	rev  string
	hash bool // rev may be a commit

	here  bool   // the commit is in the clone
	local string // what is checked out
}

func checkDetached(ctx context.Context, c *modules.Call, a *detachedArgs) (modules.Plan, error) {
	d := &detached{outcome: newOutcome(c), r: &repo{c: c, user: a.User, encoding: a.OutputEncoding}, a: a, rev: py.ToStr(a.Rev)}
	if msg := d.badArgument(c); msg != "" {
		return modules.Fail(msg), nil
	}
	return plan(ctx, c, d.r, d.outcome, d)
}

func (d *detached) badArgument(c *modules.Call) string {
	a := d.a
	if msg := unknown(a.Extra); msg != "" {
		return msg
	}
	switch {
	case !py.IsTrue(a.Rev):
		return fmt.Sprintf("'%s' is not a valid value for the 'rev' argument", d.rev)
	case a.Target == "":
		return fmt.Sprintf("'%s' is not a valid value for the 'target' argument", d.rev)
	case !strings.HasPrefix(a.Target, "/"):
		return fmt.Sprintf("Target '%s' is not an absolute path", a.Target)
	}
	var msg string
	if d.r.ids, msg = identities(c, a.Identity, "Identity"); msg != "" {
		return msg
	}
	if isFile(c, a.Target) {
		return fmt.Sprintf("Target '%s' exists and is a regular file, cannot proceed", a.Target)
	}
	var err error
	if d.url, d.r.cred, err = httpsURL(a.Name, a.HTTPSUser, a.HTTPSPass); err != nil {
		return err.Error()
	}
	if d.hash = isHex(d.rev); d.hash {
		d.rev = strings.ToLower(d.rev)
	}
	return ""
}

func (d *detached) steps(ctx context.Context) error {
	is := isDir(d.r.c, d.a.Target+"/.git")
	var err error
	if !is {
		if is, err = d.r.isWorktree(ctx, d.a.Target); err != nil {
			return err
		}
	}
	if is {
		err = d.examine(ctx)
	} else {
		err = d.clone(ctx)
	}
	if err != nil {
		return err
	}
	if err := d.fetch(ctx); err != nil {
		return err
	}
	commit, err := d.commit(ctx)
	if err != nil {
		return err
	}
	if d.a.HardReset {
		if d.test {
			return d.neutral("Hard reset to HEAD would be performed on " + d.a.Target)
		}
		if _, err := d.r.out(ctx, d.a.Target, "reset", "--hard", "HEAD"); err != nil {
			return err
		}
		d.did("Repository was reset to HEAD before checking out revision")
	}
	return d.checkout(ctx, commit)
}

// examine looks at the clone that is there.
func (d *detached) examine(ctx context.Context) (err error) {
	dir := d.a.Target
	if d.local, _, err = d.r.head(ctx, dir); err != nil {
		return err
	}
	if d.hash {
		_, d.here, err = d.r.try(ctx, dir, "describe", "--always", d.rev)
		return err
	}
	all, err := d.r.remotes(ctx, dir)
	if err != nil {
		return err
	}
	m, known := findRemote(all, d.a.Remote)
	if known && (strings.Contains(m.fetch, d.a.Name) || strings.Contains(m.fetch, d.url)) {
		return nil
	}
	if d.test {
		return d.neutral(fmt.Sprintf("Remote %s would be set to %s", d.a.Remote, d.a.Name))
	}
	if err := d.r.setRemote(ctx, dir, d.a.Remote, d.url); err != nil {
		return err
	}
	d.did("Remote %s updated from '%s' to '%s'", d.a.Remote, noneOr(m.fetch), d.a.Name)
	return nil
}

func (d *detached) clone(ctx context.Context) error {
	dir := d.a.Target
	if isDir(d.r.c, dir) {
		entries, err := d.r.c.ReadDir(dir)
		if err != nil {
			return err
		}
		switch {
		case d.a.ForceClone && d.test:
			return d.neutral(fmt.Sprintf("Target directory %[1]s exists. Since force_clone=True, the contents of %[1]s would be deleted, and %[2]s would "+
				"be cloned into this directory.", dir, d.a.Name))
		case d.a.ForceClone:
			if err := d.emptyDirectory(d.r.w, dir); err != nil {
				return err
			}
			d.changes.SetStr("forced clone", py.True)
		case len(entries) > 0:
			return d.failPlain(fmt.Sprintf(notEmpty, dir))
		}
	}
	if d.test {
		return d.neutral(fmt.Sprintf("Repository %s would be cloned to %s", d.a.Name, dir))
	}
	args := []string{"clone", "--no-checkout"}
	if d.a.Remote != "origin" {
		args = append(args, "--origin", d.a.Remote)
	}
	if _, err := d.r.run(ctx, request{dir: "/tmp", args: append(args, "--", d.url, dir), auth: true}); err != nil {
		if !isCommandError(err) {
			return err
		}
		return d.fail(said(err))
	}
	d.did("%s cloned to %s", d.a.Name, dir)
	return nil
}

func (d *detached) fetch(ctx context.Context) error {
	if d.here || !d.a.FetchRemote {
		return nil
	}
	if d.test {
		return d.neutral(fmt.Sprintf("Repository remote %s would be fetched", d.a.Remote))
	}
	got, err := d.r.fetch(ctx, d.a.Target, []string{"--force", d.a.Remote,
		fmt.Sprintf("refs/heads/*:refs/remotes/%s/*", d.a.Remote), "+refs/tags/*:refs/tags/*"})
	if err != nil {
		if !isCommandError(err) {
			return err
		}
		return d.fail("Fetch failed:\n\n" + err.Error())
	}
	if got.Len() > 0 {
		d.did("Remote %s was fetched, resulting in updated refs", d.a.Remote)
	}
	return nil
}

// commit is the commit to check out.
func (d *detached) commit(ctx context.Context) (string, error) {
	if d.hash {
		text, err := d.r.out(ctx, d.a.Target, "describe", "--always", d.rev)
		if err != nil {
			return "", err
		}
		if text == "" {
			return "", d.failPlain(fmt.Sprintf("Revision '%s' does not exist", d.rev))
		}
		return d.rev, nil
	}
	all, err := d.r.remoteRefs(ctx, d.a.Target)
	if err != nil {
		if !isCommandError(err) {
			return "", err
		}
		return "", d.failPlain(fmt.Sprintf("Failed to list refs for %s: %s", d.a.Remote, said(err)))
	}
	for _, name := range []string{"refs/remotes/" + d.a.Remote + "/" + d.rev, "refs/tags/" + d.rev} {
		if sha, ok := all.sha[name]; ok {
			return sha, nil
		}
	}
	return "", d.failPlain(fmt.Sprintf("Revision '%s' does not exist", d.rev))
}

func (d *detached) checkout(ctx context.Context, commit string) error {
	dir, moved := d.a.Target, ""
	if commit != d.local {
		if d.test {
			d.changes.SetStr("HEAD", py.DictOf("old", plain(d.local), "new", plain(commit)))
			return d.neutral(fmt.Sprintf("Commit ID %s would be checked out at %s", commit, dir))
		}
		args := []string{"checkout"}
		if d.a.ForceCheckout {
			args = append(args, "--force")
		}
		if _, err := d.r.run(ctx, request{dir: dir, args: append(args, commit), merge: true}); err != nil {
			return err
		}
		d.did("Commit ID %s was checked out at %s", commit, dir)
		rev, ok, err := d.r.revParse(ctx, dir, "HEAD")
		if err != nil {
			return err
		}
		if ok {
			moved = rev
		}
	}
	if d.a.Submodules {
		if d.r.w == nil {
			return d.end(low.True, sentences(append(d.comments, "Submodules were updated", "Already checked out at correct revision")))
		}
		if _, err := d.r.run(ctx, request{dir: dir, args: []string{"submodule", "update", "--init", "--recursive"}, auth: true}); err != nil {
			return err
		}
		d.did("Submodules were updated")
	}
	if moved != "" {
		d.changes.SetStr("HEAD", py.DictOf("old", plain(d.local), "new", plain(moved)))
	} else {
		d.did("Already checked out at correct revision")
	}
	return d.end(low.True, sentences(d.comments))
}
