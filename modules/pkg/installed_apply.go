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

// would is the return in test mode.
func (in *installing) would(ctx context.Context) (modules.Done, error) {
	if in.targets.Len() > 0 {
		if in.sources {
			for _, n := range keys(in.targets) {
				in.changes.SetStr(n, oldNew("", "installed"))
			}
		} else if err := installable(ctx, in.m, in.targets, nil, in.changes); err != nil {
			return modules.Done{}, err
		}
		in.say("The following packages would be installed/updated: " + joined(keys(in.targets)))
	}
	if len(in.toUnpurge) > 0 {
		in.say("The following packages would have their selection status changed from 'purge' to 'install': " + joined(in.toUnpurge))
		for _, n := range in.toUnpurge {
			in.changes.SetStr(n, oldNew("", "installed"))
		}
	}
	if !in.a.Reinstall {
		in.wouldReinstall()
	} else if in.again.Len() > 0 {
		names := in.words(keys(in.again), in.again)
		for _, n := range names {
			in.changes.SetStr(n, oldNew("", "installed"))
		}
		in.say("The following packages would be reinstalled: " + joined(names))
	}
	return modules.Done{Result: low.None, Changes: in.changes, Comment: strings.Join(in.comments, "\n")}, nil
}

func (in *installing) say(s string) { in.comments = append(in.comments, s) }

// words are names with their versions, except for package files.
func (in *installing) words(names []string, versions *py.Dict) []string {
	if in.sources {
		return names
	}
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = wantedName(n, versions.Lookup(n))
	}
	return out
}

func oldNew(old, now string) *py.Dict {
	return py.DictOf("new", py.Str(now), "old", py.Str(old))
}

// installable writes {new, old} by name of what repositories offer.
func installable(ctx context.Context, m manager, targets *py.Dict, current map[string]string, changes *py.Dict) error {
	var latest, explicit []string
	for k, v := range targets.All() {
		if name := py.ToStr(k); str(v) == "" {
			latest = append(latest, name)
		} else {
			explicit = append(explicit, wantedName(name, v))
		}
	}
	offered := map[string]string{}
	if len(latest) > 0 {
		found, err := m.latest(ctx, latest, latestOptions{refresh: refreshesLatest(m), kwargs: py.NewDict()})
		if err != nil {
			return err
		}
		for _, n := range latest {
			offered[n] = found.of(n)
		}
	}
	if len(explicit) > 0 {
		found, err := m.available(ctx, explicit, py.NewDict())
		if err != nil {
			return err
		}
		for k, v := range found.All() {
			if versions := texts(v); len(versions) > 0 {
				offered[py.ToStr(k)] = versions[0]
			}
		}
	}
	for _, n := range keys(targets) {
		now := offered[n]
		if now == "" {
			now = "installed"
		}
		changes.SetStr(n, oldNew(current[n], now))
	}
	return nil
}

// install does it and looks whether it worked.
func (in *installing) install(ctx context.Context) (modules.Done, error) {
	if in.targets.Len() > 0 || in.again.Len() > 0 {
		ret, err := in.m.install(ctx, in.request())
		if err != nil {
			if d, ok := failure(err, "installing package(s)"); ok {
				return d, nil
			}
			return modules.Done{}, err
		}
		in.changes = ret
	}
	reinstalled := slices.Clone(keys(in.changes))
	var held holdResults
	if v, ok := in.wantsHold(); ok {
		var err error
		held, err = in.setHold(ctx, keys(in.desired), py.IsTrue(v))
		if msg, ok := isSaltError(err); ok {
			in.say(msg)
			return modules.Done{Result: low.False, Changes: in.changes, Comment: strings.Join(in.comments, "\n")}, nil
		}
		if err != nil {
			return modules.Done{}, err
		}
	}
	if m, ok := in.m.(unpurger); ok && len(in.toUnpurge) > 0 {
		ret, err := m.unpurge(ctx, in.toUnpurge)
		if err != nil {
			return modules.Done{}, err
		}
		in.changes.SetStr("purge_desired", ret)
	}
	modified, same, failed, err := in.verify(ctx)
	if err != nil {
		return modules.Done{}, err
	}
	in.summary(modified, "installed/updated")
	in.noteHeld(held.modified)
	if len(same) > 20 {
		in.say(counted(len(same), "already installed"))
	} else if len(same) > 0 {
		in.say("The following packages were already installed: " + joined(in.words(same, in.desired)))
	}
	for _, r := range held.same {
		in.say(r.String("comment"))
	}
	result := low.True
	if len(failed) > 0 {
		in.comments = slices.Insert(in.comments, 0, "The following packages failed to install/update: "+joined(in.words(failed, in.desired)))
		result = low.False
	}
	for _, r := range held.failed {
		in.say(r.String("comment"))
		result = low.False
	}
	good, err := in.noteReinstalled(ctx, reinstalled)
	if err != nil {
		return modules.Done{}, err
	}
	if !good {
		result = low.False
	}
	return modules.Done{Result: result, Changes: in.changes, Comment: strings.Join(in.comments, "\n")}, nil
}

func counted(n int, what string) string {
	if n > 1 {
		return fmt.Sprintf("%d targeted packages were %s", n, what)
	}
	return fmt.Sprintf("%d targeted package was %s", n, what)
}

// summary names the packages when that is short (as Salt: in characters).
func (in *installing) summary(names []string, what string) {
	if len(names) == 0 {
		return
	}
	text := joined(in.words(names, in.desired))
	if len([]rune(text)) < 20 {
		in.say("The following packages were " + what + ": " + text)
	} else {
		in.say(counted(len(names), what) + ".")
	}
}

// request is what the manager is asked to install.
func (in *installing) request() *installRequest {
	a := in.a
	r := &installRequest{
		refresh: in.refresh, fromrepo: a.Fromrepo, skipVerify: a.SkipVerify, reinstall: in.again.Len() > 0,
		ignoreEpoch: a.IgnoreEpoch != nil && *a.IgnoreEpoch, downloadOnly: py.IsTrue(orEmpty(a.Extra.Lookup("downloadonly"))), env: in.env(), kwargs: a.Extra,
	}
	want := py.NewDict()
	want.Update(in.targets)
	want.Update(in.again)
	if in.sources {
		r.sources = want
	} else {
		r.pkgs = want
	}
	return r
}

// verify compares what is installed now with what is desired.
func (in *installing) verify(ctx context.Context) (modified, same, failed []string, err error) {
	if in.sources {
		for _, n := range keys(in.desired) {
			switch {
			case in.targets.Has(n) && in.changes.Has(n):
				modified = append(modified, n)
			case in.targets.Has(n):
				failed = append(failed, n)
			case !in.again.Has(n):
				same = append(same, n)
			}
		}
		return modified, same, failed, nil
	}
	now, err := in.m.list(ctx, installed)
	if err != nil {
		return nil, nil, nil, err
	}
	for k, v := range in.desired.All() {
		name := py.ToStr(k)
		lookup, _, _ := strings.Cut(name, "=")
		have := now[lookup]
		if len(have) == 0 {
			have = now[in.m.normalize(lookup)]
		}
		want := str(v)
		ok := len(have) > 0 && (want == "" || want == "latest" ||
			strings.HasSuffix(want, "*") && strings.HasPrefix(have[0], strings.TrimSuffix(want, "*")) ||
			fulfills(have, want, in.a.IgnoreEpoch, false, in.m.compare))
		switch {
		case !ok && in.targets.Has(name):
			failed = append(failed, name)
		case ok && in.targets.Has(name):
			modified = append(modified, name)
		case ok && !in.again.Has(name):
			same = append(same, name)
		}
	}
	return modified, same, failed, nil
}

// noteHeld adds what holding has changed to the changes: behind a version
// change it is a second line of "new" and "old".
func (in *installing) noteHeld(held []*py.Dict) {
	for _, r := range held {
		in.say(r.String("comment"))
		name := r.String("name")
		change := r.Lookup("changes").(*py.Dict)
		was, ok := in.changes.Lookup(name).(*py.Dict)
		if !ok {
			in.changes.SetStr(name, py.DictOf("new", py.Str(py.ToStr(change.Lookup("new")))))
			continue
		}
		for _, k := range []string{"new", "old"} {
			text := was.String(k)
			if text != "" {
				text += "\n"
			}
			was.SetStr(k, py.Str(text+py.ToStr(change.Lookup(k))))
		}
	}
}
