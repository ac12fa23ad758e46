package pkg

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

func checkLatest(ctx context.Context, c *modules.Call, m manager, a *latestArgs) (modules.Done, error) {
	refresh := wantsRefresh(c, a.Refresh)
	if v, ok := a.Extra.GetStr("sources"); ok && py.IsTrue(v) {
		return modules.Failed(`The "sources" parameter is not supported.`), nil
	}
	desired := []string{a.Name}
	switch {
	case empty(a.Pkgs):
		return modules.Done{Result: low.True, Comment: "No packages to install provided"}, nil
	case given(a.Pkgs):
		d, err := repack(a.Pkgs, m.normalize)
		if err != nil {
			return modules.Done{}, err
		}
		desired = keys(d)
	}
	avail, err := m.latest(ctx, desired, latestOptions{
		refresh: refresh, kwargs: with(a.Extra, "fromrepo", a.Fromrepo),
	})
	if err != nil {
		if msg, ok := isCommandError(err); ok {
			return modules.Failed("An error was encountered while checking the newest available version of package(s): " + msg), nil
		}
		return modules.Done{}, err
	}
	have, err := m.list(ctx, installed)
	if err != nil {
		return modules.Done{}, err
	}
	current := stringify(have)
	targets := py.NewDict()
	var problems []string
	for _, n := range desired {
		switch {
		case avail.of(n) != "":
			targets.SetStr(n, py.Str(avail.of(n)))
		case current[n] == "":
			problems = append(problems, "No information found for '"+n+"'.")
		}
	}
	if len(problems) > 0 {
		return modules.Failed(strings.Join(problems, " ")), nil
	}
	if targets.Len() == 0 {
		return modules.Done{Result: low.True, Comment: upToDate(desired)}, nil
	}
	var same []string
	if l, ok := a.Pkgs.(*py.List); ok {
		for _, it := range l.Items {
			if d, ok := it.(*py.Dict); ok {
				// versions have no place here; Salt looks the mapping up as a name
				return modules.Done{}, py.TypeErrorf("unhashable type: '%s'", d.Type())
			}
			if name := py.ToStr(it); !targets.Has(name) {
				same = append(same, name)
			}
		}
	}
	slices.Sort(same)
	names := slices.Sorted(slices.Values(keys(targets)))
	if c.Test {
		comment := "The following packages would be installed/upgraded: " + joined(names)
		if len(same) > 10 {
			comment += fmt.Sprintf("\n%d packages are already up-to-date", len(same))
		} else if len(same) > 0 {
			with := make([]string, len(same))
			for i, n := range same {
				with[i] = n + " (" + current[n] + ")"
			}
			comment += "\nThe following packages are already up-to-date: " + joined(with)
		}
		changes := py.NewDict()
		if err := installable(ctx, m, targets, current, changes); err != nil {
			return modules.Done{}, err
		}
		return modules.Done{Result: low.None, Changes: changes, Comment: comment}, nil
	}
	want := py.NewDict()
	for _, n := range keys(targets) {
		want.SetStr(n, py.None)
	}
	changes, err := m.install(ctx, &installRequest{fromrepo: a.Fromrepo, skipVerify: a.SkipVerify, pkgs: want, kwargs: a.Extra, env: "base"})
	if err != nil {
		if msg, ok := isCommandError(err); ok {
			return modules.Failed("An error was encountered while installing package(s): " + msg), nil
		}
		return modules.Done{}, err
	}
	if changes.Len() == 0 {
		return modules.Failed(noneUpdated(names, same)), nil
	}
	var failed, done []string
	for _, n := range names {
		change, ok := changes.Lookup(n).(*py.Dict)
		if !ok || !slices.Contains(strings.Split(change.String("new"), ","), targets.String(n)) {
			failed = append(failed, n)
		} else {
			done = append(done, n)
		}
	}
	var comments []string
	if len(failed) > 0 {
		comments = append(comments, "The following packages failed to update: "+joined(failed))
	}
	if len(done) > 0 {
		comments = append(comments, "The following packages were successfully installed/upgraded: "+joined(done))
	}
	if len(same) > 10 {
		comments = append(comments, fmt.Sprintf("%d packages were already up-to-date ", len(same)))
	} else if len(same) > 0 {
		comments = append(comments, "The following packages were already up-to-date: "+joined(same))
	}
	result := low.True
	if len(failed) > 0 {
		result = low.False
	}
	return modules.Done{Result: result, Changes: changes, Comment: strings.Join(comments, " ")}, nil
}

func upToDate(names []string) string {
	switch {
	case len(names) > 10:
		return fmt.Sprintf("All %d packages are up-to-date.", len(names))
	case len(names) > 1:
		return "All packages are up-to-date (" + joined(slices.Sorted(slices.Values(names))) + ")."
	}
	return "Package " + names[0] + " is already up-to-date"
}

func noneUpdated(names, same []string) string {
	var comment string
	switch {
	case len(names) > 10:
		comment = fmt.Sprintf("%d targeted packages failed to update. See debug log for details.", len(names))
	case len(names) > 1:
		comment = "The following targeted packages failed to update. See debug log for details: (" + joined(names) + ")."
	default:
		comment = "Package " + names[0] + " failed to update."
	}
	switch {
	case len(same) > 10:
		comment += fmt.Sprintf("%d packages were already up-to-date", len(same))
	case len(same) > 0:
		comment += " The following packages were already up-to-date: " + joined(same)
	}
	return comment
}
