package git

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/py"
)

// apply updates a clone whose remote has the wanted revision.
func (u *updater) apply(ctx context.Context) error {
	action, opts := u.trackingChange(u.tracking, u.branches)
	if opts != nil && u.localBranch == "" {
		return u.fail("Cannot set/unset upstream tracking branch, local HEAD refers to nonexistent branch. This may have " +
			"been caused by cloning a remote repository for which the default branch was renamed or deleted. If you " +
			"are unable to fix the remote repository, you can work around this by setting the 'branch' argument " +
			"(which will ensure that the named branch is created if it does not already exist).")
	}
	if err := u.syncTags(ctx); err != nil {
		return err
	}
	if !u.have {
		if err := u.fetchRevision(ctx); err != nil {
			return err
		}
	}
	if u.changesBranch() {
		if err := u.checkoutBranch(ctx); err != nil {
			return err
		}
	}
	if err := u.discard(ctx); err != nil {
		return err
	}
	if err := u.track(ctx, action, opts); err != nil {
		return err
	}
	if u.forward == fastForward && !u.sameRev(u.baseRev) {
		if err := u.merge(ctx); err != nil {
			return err
		}
	}
	if u.a.Submodules {
		return u.submodules(ctx)
	}
	return nil
}

// syncTags finds new tags and removes those that the repository does not have.
func (u *updater) syncTags(ctx context.Context) error {
	res, err := u.r.run(ctx, request{dir: u.a.Target, args: []string{"ls-remote", "--tags", u.a.Remote}, auth: true, ignore: true})
	if err != nil {
		return err
	}
	theirs := map[string]bool{}
	fresh, err := py.NewSet()
	if err != nil {
		return err
	}
	for _, ref := range parseRefs(res.Stdout).names {
		if strings.Contains(ref, "^{}") {
			continue
		}
		tag := strings.ReplaceAll(ref, "refs/tags/", "")
		theirs[tag] = true
		if !slices.Contains(u.tags, tag) {
			if err := fresh.Add(py.Str(tag)); err != nil {
				return err
			}
		}
	}
	var gone []string
	for _, t := range u.tags {
		if !theirs[t] {
			gone = append(gone, t)
		}
	}
	if fresh.Len() == 0 && len(gone) == 0 {
		return nil
	}
	u.have = false
	if fresh.Len() > 0 {
		u.changes.SetStr("new_tags", fresh)
	}
	if !u.a.SyncTags {
		return nil
	}
	var removed []string
	for _, t := range gone {
		_, err := u.r.run(ctx, request{dir: u.a.Target, args: []string{"tag", "-d", t}, merge: true})
		switch {
		case err == nil:
			removed = append(removed, t)
		case isCommandError(err):
			u.warnings = append(u.warnings, fmt.Sprintf("Failed to remove local tag '%s':\n\n%s\n\n", t, err))
		default:
			return err
		}
	}
	if len(removed) > 0 {
		u.changes.SetStr("deleted_tags", py.Strings(removed...))
		u.did("The following tags were removed from the local checkout: %s", strings.Join(removed, ", "))
	}
	return nil
}

// fetchRevision fetches, and decides again whether it is a fast-forward.
func (u *updater) fetchRevision(ctx context.Context) error {
	got, err := u.fetchAll(ctx)
	if err != nil {
		return err
	}
	if got.Len() > 0 {
		u.did("%s was fetched, resulting in updated refs", u.a.Name)
	}
	_, err = u.r.run(ctx, request{dir: u.a.Target, args: []string{"rev-parse", u.remoteRev + "^{commit}"}, ignore: true})
	if err != nil {
		if !isCommandError(err) {
			return err
		}
		return u.failPlain(fmt.Sprintf("Fetch did not successfully retrieve rev '%s' from %s: %s", u.rev, u.a.Name, said(err)))
	}
	if err := u.keepsHead(); err != nil {
		return err
	}
	yes, err := u.isAncestor(ctx, false)
	if err != nil {
		return err
	}
	u.forward = forwardOf(yes)
	if !u.resets() && (!yes || u.dirty) {
		return u.notForward()
	}
	return nil
}

func (u *updater) checkoutBranch(ctx context.Context) error {
	if u.dirty && !u.a.ForceCheckout {
		return u.failPlain(fmt.Sprintf("Local branch '%s' has uncommitted changes. Set 'force_checkout' to True to discard them and proceed.", noneOr(u.localBranch)))
	}
	args := []string{"checkout"}
	if u.a.ForceCheckout {
		args = append(args, "--force")
	}
	fresh := !slices.Contains(u.branches, *u.a.Branch)
	if fresh {
		args = append(args, "-b", *u.a.Branch, u.startPoint())
	} else {
		args = append(args, *u.a.Branch)
	}
	if _, err := u.r.run(ctx, request{dir: u.a.Target, args: args, merge: true}); err != nil {
		return err
	}
	if fresh {
		u.did("New branch '%s' was checked out, with %s as a starting point", *u.a.Branch, u.location)
	} else {
		u.did("'%s' was checked out", *u.a.Branch)
	}
	return nil
}

// discard throws local commits or changes away, where that is wanted.
func (u *updater) discard(ctx context.Context) error {
	switch {
	case u.forward == noForward:
		if _, err := u.r.run(ctx, request{dir: u.a.Target, args: []string{"reset", "--hard", u.remoteRev}, auth: u.lfs}); err != nil {
			return err
		}
		u.changes.SetStr("forced update", py.True)
		if u.dirty {
			u.did("Uncommitted changes were discarded")
		}
		u.did("Repository was hard-reset to %s", u.location)
	case u.forward == fastForward && u.dirty && u.resets():
		if _, err := u.r.run(ctx, request{dir: u.a.Target, args: []string{"checkout", "--", "."}, merge: true}); err != nil {
			return err
		}
		u.did("Uncommitted changes were discarded")
	}
	return nil
}

// merge moves the checkout forward.
func (u *updater) merge(ctx context.Context) error {
	dir := u.a.Target
	if u.upstream == "" && u.rev != "HEAD" {
		if _, err := u.r.run(ctx, request{dir: dir, args: []string{"reset", "--hard", u.rev}, auth: u.lfs}); err != nil {
			return err
		}
		u.did("Repository was reset to %s (fast-forward)", u.rev)
		return nil
	}
	res, err := u.r.run(ctx, request{dir: dir, args: []string{"symbolic-ref", "--quiet", "HEAD"}, ignore: true})
	if err != nil {
		return err
	}
	if res.Stdout == "" {
		return u.fail("Unable to fast-forward, HEAD is detached")
	}
	if _, err := u.r.run(ctx, request{dir: dir, args: []string{"merge", "--ff-only", u.remoteRev}, auth: u.lfs}); err != nil {
		return err
	}
	u.did("Repository was fast-forwarded to %s", u.location)
	return nil
}
