package git

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/py"
	"pinch/states/low"
)

// updater brings an existing clone up to date. It decides in Salt's order, on
// which its comments depend.
type updater struct {
	*latest

	localRev, localBranch string // what is checked out
	baseRev, baseBranch   string // what is to be updated
	branches, tags        []string
	remotes               []remote
	match                 bool // localRev is the wanted revision
	dirty                 bool // there are uncommitted changes
	have                  bool // the wanted revision is here already
	forward               forward
	action                string // what is done with the checkout, for people
	tracking              string // the present tracking branch
}

// forward says whether an update is a fast-forward.
type forward int

const (
	unknownForward forward = iota
	fastForward
	noForward
)

func forwardOf(yes bool) forward {
	if yes {
		return fastForward
	}
	return noForward
}

func (u *updater) update(ctx context.Context) error {
	for _, step := range []func(context.Context) error{u.look, u.checkDirty, u.findRevision, u.checkForward, u.findTracking, u.setRemoteURL} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	switch {
	case u.remoteRev != "" && u.test:
		return u.wouldUpdate()
	case u.remoteRev != "":
		if err := u.apply(ctx); err != nil {
			return err
		}
	case u.a.Bare:
		if err := u.fetchBare(ctx); err != nil {
			return err
		}
	}
	rev, ok, err := u.r.revParse(ctx, u.a.Target, "HEAD")
	if err != nil {
		return err
	}
	if !ok {
		rev = ""
	}
	if !u.a.Bare && !u.sameRev(rev) {
		return u.fail("Failed to update repository")
	}
	if rev == u.localRev {
		return u.upToDate(u.comments, false)
	}
	u.changes.SetStr("revision", py.DictOf("old", plain(u.localRev), "new", plain(rev)))
	return u.end(low.True, sentences(u.comments))
}

// look learns what the clone has.
func (u *updater) look(ctx context.Context) (err error) {
	dir, r := u.a.Target, u.r
	if u.branches, err = r.branches(ctx, dir); err != nil {
		return err
	}
	if u.tags, err = r.tags(ctx, dir); err != nil {
		return err
	}
	if u.localRev, u.localBranch, err = r.head(ctx, dir); err != nil {
		return err
	}
	if !u.a.Bare && u.remoteRev == "" && u.localRev != "" {
		return u.failPlain("Remote repository is empty, cannot update from a non-empty to an empty repository")
	}
	u.baseRev, u.baseBranch = u.localRev, u.localBranch
	if u.changesBranch() {
		if !slices.Contains(u.branches, *u.a.Branch) {
			u.baseRev = u.remoteRev
		} else {
			u.baseBranch = *u.a.Branch
			res, err := r.run(ctx, request{dir: dir, args: []string{"rev-parse", *u.a.Branch + "^{commit}"}, ignore: true})
			if err != nil {
				if !isCommandError(err) {
					return err
				}
				return u.fail(fmt.Sprintf("Unable to get position of local branch '%s': %s", *u.a.Branch, said(err)))
			}
			u.baseRev = res.Stdout
		}
	}
	u.remotes, err = r.remotes(ctx, dir)
	u.match = u.sameRev(u.localRev)
	return err
}

func (u *updater) changesBranch() bool { return u.a.Branch != nil && *u.a.Branch != u.localBranch }

func (u *updater) checkDirty(ctx context.Context) error {
	if u.a.Bare {
		return nil
	}
	res, err := u.r.run(ctx, request{dir: u.a.Target, args: []string{"diff", "--no-ext-diff", "--no-textconv", "HEAD"}, soft: true, merge: true})
	if err != nil {
		return err
	}
	u.dirty = res.Code == 0 && res.Stdout != ""
	if !u.dirty || !u.match {
		return nil
	}
	if u.reset != py.Value(py.True) {
		return u.upToDate(u.comments, true)
	}
	if u.test {
		u.changes.SetStr("forced update", py.True)
		return u.neutral(u.a.Target + " is up-to-date, but with uncommitted changes. Since 'force_reset' is set to True, these local " +
			"changes would be reset. To only reset when there are changes in the remote repository, set 'force_reset' to 'remote-changes'.")
	}
	return nil
}

// findRevision finds out whether the wanted revision is in the clone.
func (u *updater) findRevision(ctx context.Context) error {
	if u.kind == "sha1" && u.baseRev != "" && strings.HasPrefix(u.baseRev, u.remoteRev) {
		u.have = true
		return nil
	}
	if u.remoteRev == "" {
		return nil
	}
	dir := u.a.Target
	if _, ok, err := u.r.revParse(ctx, dir, u.remoteRev+"^{commit}"); err != nil || !ok {
		return err
	}
	switch u.kind {
	case "branch":
		if _, ok := findRemote(u.remotes, u.a.Remote); ok {
			have, ok, err := u.r.revParse(ctx, dir, u.upstream)
			if err != nil {
				return err
			}
			u.have = ok && have == u.remoteRev
		}
	case "tag":
		if !slices.Contains(u.tags, u.rev) {
			return nil
		}
		have, ok, err := u.r.revParse(ctx, dir, u.rev+"^{commit}")
		if err != nil {
			return err
		}
		if !ok {
			have = ""
		}
		if have == u.remoteRev {
			u.have = true
		} else if !py.IsTrue(u.reset) {
			return u.failPlain(fmt.Sprintf("'%s' is a tag, but the remote SHA1 for this tag (%s) doesn't match the local SHA1 (%s). "+
				"Set 'force_reset' to True to force this update.", u.rev, short(u.remoteRev), short(have)))
		}
	case "sha1":
		u.have = true
	}
	return nil
}

const headStays = " is already present and local HEAD (%s) does not match, but update_head=False. HEAD has not been updated locally."

// keepsHead ends the state where the revision is here and HEAD is not to move.
func (u *updater) keepsHead() error {
	if u.match || u.a.UpdateHead || u.changesBranch() {
		return nil
	}
	what := u.location
	if u.rev == "HEAD" {
		what = py.Capitalize(what)
	}
	return u.end(low.True, what+fmt.Sprintf(headStays, short(u.localRev)))
}

func (u *updater) isAncestor(ctx context.Context, ignore bool) (bool, error) {
	if u.baseRev == "" {
		return true, nil
	}
	res, err := u.r.run(ctx, request{dir: u.a.Target, args: []string{"merge-base", "--is-ancestor", u.baseRev, u.remoteRev}, soft: true, ignore: ignore})
	return err == nil && res.Code == 0, err
}

func (u *updater) resets() bool { return py.IsTrue(u.reset) }

func (u *updater) checkForward(ctx context.Context) error {
	if u.dirty && u.reset != py.Value(py.Str("remote-changes")) {
		u.forward = noForward
	}
	if u.have {
		if err := u.keepsHead(); err != nil {
			return err
		}
		if u.forward != noForward {
			yes, err := u.isAncestor(ctx, true)
			if err != nil {
				return err
			}
			u.forward = forwardOf(yes)
		}
	}
	switch u.forward {
	case noForward:
		if !u.resets() {
			return u.notForward()
		}
		u.action = "hard-reset"
	case fastForward:
		u.action = "fast-forwarded"
	default:
		u.action = "updated"
	}
	return nil
}

// notForward fails because commits or changes would be lost.
func (u *updater) notForward() error {
	hint := ""
	switch {
	case u.a.Branch != nil:
	case u.rev != "HEAD" && u.localBranch != u.rev:
		hint = fmt.Sprintf(" The desired rev (%[1]s) differs from the name of the local branch (%[2]s), if the desired rev is a branch name "+
			"then a forced update could possibly be avoided by setting the 'branch' argument to '%[1]s' instead.", u.rev, noneOr(u.localBranch))
	case u.rev == "HEAD" && u.defaultBranch != "" && u.localBranch != u.defaultBranch:
		hint = fmt.Sprintf(" The default remote branch (%[1]s) differs from the local branch (%[2]s). This could be caused by changing the "+
			"default remote branch, or if the local branch was manually changed. Rather than forcing an update, it "+
			"may be advisable to set the 'branch' argument to '%[1]s' instead. To ensure that this state follows the "+
			"'%[1]s' branch instead of the remote HEAD, set the 'rev' argument to '%[1]s'.", u.defaultBranch, noneOr(u.localBranch))
	}
	pre, post := short(u.baseRev), short(u.remoteRev)
	to := "to " + post
	if u.dirty && pre != post {
		to = fmt.Sprintf("from %s to %s", pre, post)
	}
	after, why, or, discard := "", "this is not a fast-forward merge", "", ""
	if u.changesBranch() {
		after = fmt.Sprintf(" (after checking out local branch '%s')", *u.a.Branch)
	}
	if u.dirty {
		why, or, discard = "there are uncommitted changes", " (or 'remote-changes')", " and discard these changes"
	}
	return u.fail(fmt.Sprintf("Repository would be updated %s%s, but %s. Set 'force_reset' to True%s to force this update%s.%s", to, after, why, or, discard, hint))
}

func noneOr(s string) string {
	if s == "" {
		return "None"
	}
	return s
}

func (u *updater) findTracking(ctx context.Context) error {
	if u.baseBranch == "" {
		return nil
	}
	text, ok, err := u.r.try(ctx, u.a.Target, "rev-parse", "--abbrev-ref", u.baseBranch+"@{upstream}")
	if ok {
		u.tracking = text
	}
	return err
}

// errNoURL is what Python says when Salt masks the URL of a remote that is not there.
var errNoURL = py.TypeErrorf("expected string or bytes-like object, got 'NoneType'")

// setRemoteURL sets the remote's URL, or says that it would.
func (u *updater) setRemoteURL(ctx context.Context) error {
	m, _ := findRemote(u.remotes, u.a.Remote)
	now, _, err := httpsURL(m.fetch, nil, nil)
	if err != nil {
		return err
	}
	if u.remoteRev == "" || now == u.url {
		return nil
	}
	if u.test {
		return u.wouldSetRemote(m.fetch)
	}
	if err := u.r.setRemote(ctx, u.a.Target, u.a.Remote, u.url); err != nil {
		return err
	}
	if m.fetch == "" {
		u.did("Remote '%s' set to %s", u.a.Remote, redact(u.url))
		u.changes.SetStr("new", py.Str(u.a.Name+" => "+u.a.Remote))
	} else {
		u.did("Remote '%s' changed from %s to %s", u.a.Remote, redact(m.fetch), redact(u.url))
	}
	return nil
}

func (u *updater) wouldSetRemote(now string) error {
	if now == "" {
		return errNoURL
	}
	actions := []string{fmt.Sprintf("Remote '%s' would be changed from %s to %s", u.a.Remote, redact(now), redact(u.url))}
	if !u.have {
		actions = append(actions, "Remote would be fetched")
	}
	if !u.match && u.a.UpdateHead {
		u.changes.SetStr("revision", py.DictOf("old", plain(u.localRev), "new", plain(u.remoteRev)))
		if u.forward == noForward {
			u.changes.SetStr("forced update", py.True)
		}
		actions = append(actions, fmt.Sprintf("Repository would be %s to %s", u.action, short(u.remoteRev)))
	}
	switch {
	case u.changes.Len() > 0:
		return u.neutral(sentences(actions))
	case !u.match && !u.a.UpdateHead:
		return u.end(low.True, sentences(actions))
	}
	return u.upToDate(actions, false)
}

// wouldUpdate is test mode's end.
func (u *updater) wouldUpdate() error {
	var actions []string
	would := func(format string, args ...any) { actions = append(actions, fmt.Sprintf(format, args...)) }
	if !u.have {
		would("Remote '%s' would be fetched", u.a.Remote)
	}
	if !u.match && (u.a.UpdateHead || u.changesBranch()) {
		u.changes.SetStr("revision", py.DictOf("old", plain(u.localRev), "new", plain(u.remoteRev)))
	}
	switch {
	case u.changesBranch() && !slices.Contains(u.branches, *u.a.Branch):
		would("New branch '%s' would be checked out, with %s as a starting point", *u.a.Branch, u.location)
		if u.upstream != "" {
			would("Tracking branch would be set to %s", u.upstream)
		}
	case u.changesBranch():
		would("Branch '%s' would be checked out and %s to %s", *u.a.Branch, u.action, short(u.remoteRev))
	case u.match:
	case !u.a.UpdateHead:
		would("Local HEAD (%s) does not match %s but update_head=False, HEAD would not be updated locally", short(u.localRev), u.location)
	default:
		how := "updated"
		switch {
		case u.forward == fastForward:
			how = "fast-forwarded"
		case u.resets() && u.have:
			how = "hard-reset"
		}
		would("Repository would be %s from %s to %s", how, short(u.localRev), short(u.remoteRev))
	}
	switch {
	case u.tracking == "" && u.upstream != "":
		would("Tracking branch would be set to %s", u.upstream)
	case u.tracking != "" && u.noUpstream():
		would("Tracking branch would be unset")
	case u.upstream != "" && u.tracking != u.upstream:
		would("Tracking branch would be updated to %s", u.upstream)
	}
	switch {
	case u.changes.Len() > 0:
		return u.neutral(sentences(actions))
	case !u.match && !u.a.UpdateHead && len(actions) > 0:
		return u.end(low.True, sentences(actions))
	}
	return u.upToDate(actions, false)
}

func (u *updater) fetchAll(ctx context.Context) (*py.Dict, error) {
	var args []string
	if u.a.ForceFetch {
		args = append(args, "--force")
	}
	got, err := u.r.fetch(ctx, u.a.Target, append(append(args, u.a.Remote), u.refspecs()...))
	if err != nil && isCommandError(err) {
		return nil, u.fail("Fetch failed. Set 'force_fetch' to True to force the fetch if the failure was due to not being able to fast-forward. " +
			"Output of the fetch command follows:\n\n" + said(err))
	}
	return got, err
}

func (u *updater) fetchBare(ctx context.Context) error {
	if u.test {
		msg := fmt.Sprintf("Bare repository at %s would be fetched", u.a.Target)
		if u.changes.Len() > 0 {
			return u.neutral(msg)
		}
		return u.upToDate(strings.Split(msg, ""), false) // Salt joins the letters
	}
	got, err := u.fetchAll(ctx)
	if err != nil {
		return err
	}
	what := ""
	if got.Len() > 0 {
		what = ", resulting in updated refs"
	}
	u.did("Bare repository at %s was fetched%s", u.a.Target, what)
	return nil
}
