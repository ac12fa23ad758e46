package git

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/modules"
	"pinch/states/low"
)

type latestArgs struct {
	Name           string         `arg:"name,required" doc:"The repository: a URL or a path."`
	Target         string         `arg:"target,required" doc:"Where the clone lies."`
	Rev            py.Value       `arg:"rev" default:"HEAD" doc:"A branch, tag or commit of the repository."`
	Branch         *string        `arg:"branch" doc:"The local branch to check out; the one that is checked out when not given."`
	User           string         `arg:"user" doc:"Who runs git."`
	Password       secret.String  `arg:"password" doc:"Of the user, on Windows."`
	UpdateHead     bool           `arg:"update_head" default:"True" doc:"False fetches, but leaves an existing clone's files as they are."`
	ForceCheckout  bool           `arg:"force_checkout" default:"False" doc:"Discards uncommitted changes when the branch is changed."`
	ForceClone     bool           `arg:"force_clone" default:"False" doc:"Empties a target that is no clone."`
	ForceFetch     bool           `arg:"force_fetch" default:"False" doc:"Fetches references that are no fast-forward."`
	ForceReset     py.Value       `arg:"force_reset" default:"False" doc:"True or remote-changes discards local changes and commits."`
	Submodules     bool           `arg:"submodules" default:"False" doc:"Updates submodules."`
	Bare           bool           `arg:"bare" default:"False" doc:"Makes a clone without files."`
	Mirror         bool           `arg:"mirror" default:"False" doc:"Makes a mirror."`
	Remote         string         `arg:"remote" default:"origin" doc:"The name of the remote."`
	FetchTags      bool           `arg:"fetch_tags" default:"True" doc:"Fetches tags."`
	SyncTags       bool           `arg:"sync_tags" default:"True" doc:"Removes local tags that the repository does not have."`
	Depth          py.Value       `arg:"depth" doc:"Clones so many commits only; rev must be a branch or tag."`
	Identity       py.Value       `arg:"identity" doc:"One or more private keys: paths of the host, or of the tree."`
	HTTPSUser      *string        `arg:"https_user" doc:"A user of the server."`
	HTTPSPass      *secret.String `arg:"https_pass" doc:"The user's password or token. It is not kept in the clone."`
	RefspecBranch  string         `arg:"refspec_branch" default:"*" doc:"The branches to fetch."`
	RefspecTag     string         `arg:"refspec_tag" default:"*" doc:"The tags to fetch."`
	OutputEncoding string         `arg:"output_encoding" doc:"The encoding of what git prints; UTF-8 by default."`
	Extra          *py.Dict       `arg:"**"`
}

// latest is a run of git.latest.
type latest struct {
	*outcome
	r     *repo
	a     *latestArgs
	url   string // without password
	rev   string
	reset py.Value // True, False or "remote-changes"
	lfs   bool

	remoteRefs    *refs
	remoteRev     string
	kind          string // "sha1", "branch", "tag" or ""
	upstream      string // the wanted tracking branch
	location      string // remoteRev for people
	defaultBranch string
}

func checkLatest(ctx context.Context, c *modules.Call, a *latestArgs) (modules.Plan, error) {
	l := &latest{outcome: newOutcome(c), a: a, rev: py.ToStr(a.Rev), reset: a.ForceReset}
	l.r = &repo{c: c, user: a.User, encoding: a.OutputEncoding}
	if msg := l.badArgument(c); msg != "" {
		return modules.Fail(msg), nil
	}
	return plan(ctx, c, l.r, l.outcome, l)
}

// badArgument checks the arguments in Salt's order.
func (l *latest) badArgument(c *modules.Call) string {
	a := l.a
	if msg := unknown(a.Extra); msg != "" {
		return msg
	}
	switch {
	case a.Remote == "":
		return "'remote' argument is required"
	case a.Target == "":
		return "'target' argument is required"
	case !py.IsTrue(a.Rev):
		return fmt.Sprintf("'%s' is not a valid value for the 'rev' argument", l.rev)
	}
	if n, ok := py.AsInt(l.reset); ok && (n == 0 || n == 1) {
		l.reset = py.Bool(n == 1)
	} else if l.reset != py.Value(py.Str("remote-changes")) {
		return "'force_reset' must be one of True, False, or 'remote-changes'"
	}
	if !strings.HasPrefix(a.Target, "/") {
		return fmt.Sprintf("target '%s' is not an absolute path", a.Target)
	}
	var msg string
	if l.r.ids, msg = identities(c, a.Identity, "identity"); msg != "" {
		return msg
	}
	if isFile(c, a.Target) {
		return fmt.Sprintf("Target '%s' exists and is a regular file, cannot proceed", a.Target)
	}
	var err error
	if l.url, l.r.cred, err = httpsURL(a.Name, a.HTTPSUser, a.HTTPSPass); err != nil {
		return err.Error()
	}
	if a.Mirror {
		a.Bare = true
	}
	if l.rev != "HEAD" && a.Bare {
		return "'rev' is not compatible with the 'mirror' and 'bare' arguments"
	}
	return ""
}

func (l *latest) steps(ctx context.Context) error {
	lfs, err := (&repo{c: l.r.c, w: l.r.w}).configMatches(ctx, "", `filter\.lfs\.`, nil, true, true)
	if err != nil {
		return err
	}
	l.lfs = lfs.Len() > 0
	if l.remoteRefs, err = l.r.remoteRefs(ctx, l.url); err != nil {
		if !isCommandError(err) {
			return err
		}
		return l.failPlain("Failed to check remote refs: " + said(err))
	}
	l.resolve()
	a := l.a
	if a.Depth != py.Value(py.None) && l.kind != "branch" && l.kind != "tag" {
		return l.failPlain("When 'depth' is used, 'rev' must be set to the name of a branch or tag on the remote repository")
	}
	if l.remoteRev == "" && !a.Bare && l.rev != "HEAD" {
		return l.failPlain(fmt.Sprintf("No revision matching '%s' exists in the remote repository", l.rev))
	}
	check := ".git"
	if a.Bare {
		check = "refs"
	}
	is := isDir(l.r.c, a.Target+"/"+check)
	if !is {
		if is, err = l.r.isWorktree(ctx, a.Target); err != nil {
			return err
		}
	}
	if is {
		u := &updater{latest: l}
		return l.guard(u.update(ctx))
	}
	if err := l.prepareTarget(); err != nil {
		return err
	}
	if l.test {
		l.changes.SetStr("new", py.Str(a.Name+" => "+a.Target))
		return l.neutral(fmt.Sprintf("Repository %s would be cloned to %s", a.Name, a.Target))
	}
	if err := l.guard(l.clone(ctx)); err != nil {
		return err
	}
	return nil
}

// guard makes a failed state of an error that Salt would catch.
func (l *latest) guard(err error) error {
	var salt *modules.Error
	var pyErr *py.Error
	if err == nil || errors.Is(err, errDone) || !errors.As(err, &salt) && !errors.As(err, &pyErr) {
		return err
	}
	if pyErr != nil {
		return l.fail(pyErr.Msg)
	}
	return l.fail(said(err))
}

// resolve finds the wanted revision among the references of the repository.
func (l *latest) resolve() {
	head, hasHead := l.remoteRefs.sha["HEAD"]
	if hasHead {
		for _, n := range l.remoteRefs.names {
			if b, ok := strings.CutPrefix(n, "refs/heads/"); ok && l.remoteRefs.sha[n] == head {
				l.defaultBranch = b
				break
			}
		}
	}
	if l.a.Bare {
		return
	}
	sha := l.remoteRefs.sha
	switch {
	case l.rev == "HEAD":
		if hasHead {
			l.remoteRev, l.kind = head, "sha1"
		}
	case l.remoteRefs.has("refs/heads/" + l.rev):
		l.remoteRev, l.kind, l.upstream = sha["refs/heads/"+l.rev], "branch", l.a.Remote+"/"+l.rev
	case l.remoteRefs.has("refs/tags/" + l.rev + "^{}"):
		l.remoteRev, l.kind = sha["refs/tags/"+l.rev+"^{}"], "tag"
	case l.remoteRefs.has("refs/tags/" + l.rev):
		l.remoteRev, l.kind = sha["refs/tags/"+l.rev], "tag"
	case isHex(l.rev):
		l.rev = strings.ToLower(l.rev)
		l.remoteRev, l.kind = l.rev, "sha1"
	}
	switch {
	case l.kind == "sha1" && l.rev == "HEAD":
		l.location = "remote HEAD (" + short(l.remoteRev) + ")"
	case l.kind == "sha1":
		l.location = short(l.remoteRev)
	case l.kind == "branch":
		l.location = fmt.Sprintf("%s (%s)", l.upstream, short(l.remoteRev))
	case l.kind == "tag":
		l.location = fmt.Sprintf("%s (%s)", l.rev, short(l.remoteRev))
	}
}

// noUpstream says that no tracking branch is wanted (Salt's
// desired_upstream False); with rev HEAD it is left as it is (None).
func (l *latest) noUpstream() bool {
	return l.upstream == "" && (l.rev != "HEAD" || l.a.Bare || l.remoteRev == "")
}

func (l *latest) refspecs() []string {
	if !l.a.FetchTags {
		return nil
	}
	return []string{
		fmt.Sprintf("refs/heads/%[1]s:refs/remotes/%[2]s/%[1]s", l.a.RefspecBranch, l.a.Remote),
		fmt.Sprintf("+refs/tags/%[1]s:refs/tags/%[1]s", l.a.RefspecTag),
	}
}

// sameRev is Salt's _revs_equal; "" is None.
func (l *latest) sameRev(rev string) bool {
	if rev == "" || l.remoteRev == "" {
		return rev == l.remoteRev
	}
	if l.kind == "sha1" {
		return strings.HasPrefix(rev, l.remoteRev)
	}
	return rev == l.remoteRev
}

// prepareTarget looks at a target that is no clone, and empties it if it may.
func (l *latest) prepareTarget() error {
	target := l.a.Target
	if !isDir(l.r.c, target) {
		return nil
	}
	if l.a.ForceClone {
		if l.test {
			l.changes.SetStr("forced clone", py.True)
			l.changes.SetStr("new", py.Str(l.a.Name+" => "+target))
			return l.neutral(fmt.Sprintf("Target directory %[1]s exists. Since force_clone=True, the contents of %[1]s would be deleted, and %[2]s would "+
				"be cloned into this directory.", target, l.a.Name))
		}
		if err := l.emptyDirectory(l.r.w, target); err != nil {
			return err
		}
		l.changes.SetStr("forced clone", py.True)
		return nil
	}
	entries, err := l.r.c.ReadDir(target)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return l.failPlain(fmt.Sprintf(notEmpty, target))
	}
	return nil
}

func (l *latest) clone(ctx context.Context) error {
	a := l.a
	args := []string{"clone"}
	as := ""
	switch {
	case a.Mirror:
		args, as = append(args, "--mirror"), " as mirror"
	case a.Bare:
		args, as = append(args, "--bare"), " as bare repository"
	}
	if a.Remote != "origin" {
		args = append(args, "--origin", a.Remote)
	}
	if a.Depth != py.Value(py.None) {
		args = append(args, "--depth", py.ToStr(a.Depth), "--branch", l.rev)
	}
	if _, err := l.r.run(ctx, request{dir: "/tmp", args: append(args, "--", l.url, a.Target), auth: true}); err != nil {
		if !isCommandError(err) {
			return err
		}
		return l.fail("Clone failed: " + said(err))
	}
	l.changes.SetStr("new", py.Str(a.Name+" => "+a.Target))
	l.did("%s cloned to %s%s", a.Name, a.Target, as)
	if !a.Bare && l.remoteRev != "" {
		if err := l.checkoutClone(ctx); err != nil {
			return err
		}
	}
	if a.Submodules && l.remoteRev != "" {
		if err := l.submodules(ctx); err != nil {
			return err
		}
	}
	rev, ok, err := l.r.revParse(ctx, a.Target, "HEAD")
	if err != nil {
		return err
	}
	l.comment = sentences(l.comments)
	if ok {
		l.changes.SetStr("revision", py.DictOf("old", py.None, "new", plain(rev)))
	}
	return nil
}

// checkoutClone brings a new clone to the wanted branch and revision.
func (l *latest) checkoutClone(ctx context.Context) error {
	a, r := l.a, l.r
	if l.kind == "tag" {
		tags, err := r.tags(ctx, a.Target)
		if err != nil {
			return err
		}
		if !slices.Contains(tags, l.rev) {
			return l.fail(fmt.Sprintf("Revision '%s' does not exist in clone", l.rev))
		}
	}
	if a.Branch != nil {
		all, err := r.branches(ctx, a.Target)
		if err != nil {
			return err
		}
		if !slices.Contains(all, *a.Branch) {
			if _, err := r.run(ctx, request{dir: a.Target, args: []string{"checkout", "-b", *a.Branch, l.startPoint()}, merge: true}); err != nil {
				return err
			}
			l.did("Branch '%s' checked out, with %s as a starting point", *a.Branch, l.location)
		}
	}
	rev, branch, err := r.head(ctx, a.Target)
	if err != nil {
		return err
	}
	if branch == "" && !l.remoteRefs.has("HEAD") {
		return l.fail("Remote HEAD refers to a ref that does not exist. This can happen when the default branch on the remote repository is renamed or deleted. " +
			"If you are unable to fix the remote repository, you can work around this by setting the 'branch' argument " +
			"(which will ensure that the named branch is created if it does not already exist).")
	}
	if !l.sameRev(rev) {
		if _, err := r.out(ctx, a.Target, "reset", "--hard", l.remoteRev); err != nil {
			return err
		}
		l.did("Repository was reset to %s", l.location)
	}
	if branch == "" {
		return py.TypeErrorf("unsupported operand type(s) for +: 'NoneType' and 'str'")
	}
	now, ok, err := r.try(ctx, a.Target, "rev-parse", "--abbrev-ref", branch+"@{upstream}")
	if err != nil {
		return err
	}
	if !ok {
		now = ""
	}
	all, err := r.branches(ctx, a.Target)
	if err != nil {
		return err
	}
	action, opts := l.trackingChange(now, all)
	return l.track(ctx, action, opts)
}

// startPoint is what a new local branch begins at.
func (l *latest) startPoint() string {
	switch {
	case l.rev == "HEAD":
		return l.remoteRev
	case l.upstream != "":
		return l.upstream
	}
	return l.rev
}

// trackingChange says how the tracking branch is brought in order: what is
// said of it, and the options of git branch, nil for nothing to do. now is the
// present one.
func (l *latest) trackingChange(now string, locals []string) (action string, opts []string) {
	switch {
	case now == "" && l.upstream != "":
		action = "Tracking branch was set to " + l.upstream
	case now != "" && l.noUpstream():
		return "Tracking branch was unset", []string{"--unset-upstream"}
	case l.upstream != "" && now != l.upstream:
		action = "Tracking branch was updated to " + l.upstream
	default:
		return "", nil
	}
	if l.a.Branch != nil && !slices.Contains(locals, *l.a.Branch) {
		return action, nil
	}
	return action, []string{"--set-upstream-to", l.upstream}
}

func (l *latest) track(ctx context.Context, action string, opts []string) error {
	if opts == nil {
		return nil
	}
	if _, err := l.r.out(ctx, l.a.Target, append([]string{"branch"}, opts...)...); err != nil {
		return err
	}
	l.comments = append(l.comments, action)
	return nil
}

func (l *latest) submodules(ctx context.Context) error {
	_, err := l.r.run(ctx, request{dir: l.a.Target, args: []string{"submodule", "update", "--init", "--recursive"}, auth: true})
	if err != nil && isCommandError(err) {
		return l.fail("Failed to update submodules: " + said(err))
	}
	return err
}

// upToDate ends with nothing more to do.
func (l *latest) upToDate(did []string, localChanges bool) error {
	comment := fmt.Sprintf("Repository %s is up-to-date", l.a.Target)
	if localChanges {
		comment += ", but with uncommitted changes. Set 'force_reset' to True to purge uncommitted changes."
	}
	return l.end(low.True, comment+l.madeChanges(did))
}
