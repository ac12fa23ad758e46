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

type installedArgs struct {
	Name            string   `arg:"name,required" doc:"The package, when neither pkgs nor sources is given."`
	Version         py.Value `arg:"version" doc:"A version, a pattern, comparisons with commas between them, or latest."`
	Refresh         py.Value `arg:"refresh" doc:"Fetch the index files first; by default once a run, when something is to be installed."`
	Fromrepo        string   `arg:"fromrepo" doc:"Release to take the packages from."`
	SkipVerify      bool     `arg:"skip_verify" default:"False" doc:"Install packages without a valid signature."`
	SkipSuggestions bool     `arg:"skip_suggestions" default:"False" doc:"dnf only."`
	Pkgs            py.Value `arg:"pkgs" doc:"The packages, each with a version if it matters."`
	Sources         py.Value `arg:"sources" doc:"Package files: paths of the host or URLs by package name."`
	AllowUpdates    bool     `arg:"allow_updates" default:"False" doc:"A newer version than the one told is as good."`
	PkgVerify       py.Value `arg:"pkg_verify" default:"False" doc:"Reinstall packages whose files were altered; apt cannot tell."`
	Normalize       bool     `arg:"normalize" default:"True" doc:"Take an architecture off that goes without saying."`
	IgnoreEpoch     *bool    `arg:"ignore_epoch" doc:"Compare versions without their epochs."`
	Reinstall       bool     `arg:"reinstall" default:"False" doc:"Install again what is installed."`
	UpdateHolds     bool     `arg:"update_holds" default:"False" doc:"Install packages that are held; apt always does."`
	Extra           *py.Dict `arg:"**"`
}

// installing is one run of pkg.installed.
type installing struct {
	c *modules.Call
	m manager
	a *installedArgs

	desired   *py.Dict // version (or None) by name; path or URL with sources
	targets   *py.Dict // what is to be installed, of desired
	again     *py.Dict // what is to be reinstalled
	toUnpurge []string
	sources   bool
	refresh   bool
	warnings  []string

	comments []string
	changes  *py.Dict
}

func checkInstalled(ctx context.Context, c *modules.Call, m manager, a *installedArgs) (modules.Done, error) {
	if empty(a.Pkgs) {
		return modules.Done{Result: low.True, Comment: "No packages to install provided"}, nil
	}
	in := &installing{c: c, m: m, a: a, changes: py.NewDict(), targets: py.NewDict(), again: py.NewDict()}
	in.refresh = wantsRefresh(c, a.Refresh)
	if _, list := a.PkgVerify.(*py.List); list || a.PkgVerify == py.Value(py.True) {
		return modules.Failed("pkg.verify not implemented"), nil
	}
	done, err := in.find(ctx)
	if err != nil {
		return modules.Done{}, err
	}
	if done != nil {
		if v, ok := a.Extra.GetStr("hold"); ok {
			if err := in.holdInstalled(ctx, done, py.IsTrue(v)); err != nil {
				return modules.Done{}, err
			}
		}
		done.Warnings = in.warnings
		return *done, nil
	}
	var d modules.Done
	if c.Test {
		d, err = in.would(ctx)
	} else {
		d, err = in.install(ctx)
	}
	d.Warnings = in.warnings
	return d, err
}

// find decides what is to be done. A result is returned when that is nothing,
// or impossible.
func (in *installing) find(ctx context.Context) (*modules.Done, error) {
	a := in.a
	fail := func(comment string) (*modules.Done, error) {
		return &modules.Done{Result: low.False, Comment: comment}, nil
	}
	if given(a.Pkgs) && given(a.Sources) {
		return fail(`Only one of "pkgs" and "sources" is permitted.`)
	}
	current, err := in.m.list(ctx, installed)
	if err != nil {
		return nil, err
	}
	// split_arch is off in Salt's call: names keep their architecture
	switch {
	case given(a.Sources):
		in.sources = true
		normalize := unchanged
		if a.Normalize {
			normalize = in.m.normalize
		}
		if in.desired = packSources(a.Sources, normalize); in.desired.Len() == 0 {
			return fail("Invalidly formatted 'sources' parameter. See minion log.")
		}
	case given(a.Pkgs):
		if in.desired, err = repack(a.Pkgs, unchanged); err != nil {
			return nil, err
		}
	default:
		in.desired = py.NewDict()
		ver := py.Value(py.None)
		if given(a.Version) {
			ver = py.Str(py.ToStr(a.Version))
		}
		in.desired.SetStr(a.Name, ver)
	}
	purge, err := in.m.list(ctx, purgeDesired)
	if err != nil {
		return nil, err
	}
	for _, name := range keys(in.desired) {
		if _, ok := purge[name]; ok {
			in.toUnpurge = append(in.toUnpurge, name)
		}
	}
	if !in.sources {
		if err := in.resolveLatest(ctx, current); err != nil {
			return nil, err
		}
	}
	versionSpec := false
	var problems []string
	for k, want := range in.desired.All() {
		name := py.ToStr(k)
		have := current[name]
		if len(have) == 0 {
			have = current[in.m.normalize(name)]
		}
		switch {
		case len(have) == 0:
			in.targets.SetStr(name, want)
			continue
		case a.Reinstall:
			in.again.SetStr(name, want)
			continue
		case isNone(want) && !in.sources:
			continue
		}
		spec := str(want)
		if in.sources {
			ver, problem, err := in.sourceVersion(ctx, str(want))
			if err != nil {
				return nil, err
			}
			if problem != "" {
				problems = append(problems, problem)
				continue
			}
			spec = ver
		}
		versionSpec = true
		if !fulfills(have, spec, a.IgnoreEpoch, a.AllowUpdates && !in.sources, in.m.compare) {
			in.targets.SetStr(name, want)
		}
	}
	if len(problems) > 0 {
		return fail(strings.Join(problems, " "))
	}
	if in.targets.Len()+len(in.toUnpurge)+in.again.Len() == 0 {
		msg := "All specified packages are already installed"
		if versionSpec && !in.sources {
			msg += " and are at the desired version"
		}
		return &modules.Done{Result: low.True, Comment: msg, Changes: py.NewDict()}, nil
	}
	return nil, nil
}

// resolveLatest replaces the version "latest" by the candidate.
func (in *installing) resolveLatest(ctx context.Context, current map[string][]string) error {
	var names []string
	for k, v := range in.desired.All() {
		if v == py.Value(py.Str("latest")) {
			names = append(names, py.ToStr(k))
		}
	}
	if len(names) == 0 {
		return nil
	}
	found, err := in.m.latest(ctx, names, latestOptions{
		refresh: in.refresh, fromrepo: in.a.Fromrepo, cacheValid: in.a.Extra.Lookup("cache_valid_time"),
		showInstalled: isTrue(in.a.Extra.Lookup("show_installed")),
	})
	if err != nil {
		return err
	}
	in.refresh = false
	for _, n := range names {
		switch have := current[n]; {
		case found.of(n) != "":
			in.desired.SetStr(n, py.Str(found.of(n)))
		case len(have) > 0:
			in.desired.SetStr(n, py.Str(have[len(have)-1]))
		default:
			in.desired.SetStr(n, py.None)
		}
	}
	return nil
}

// sourceVersion is the version in a package file.
func (in *installing) sourceVersion(ctx context.Context, source string) (ver, problem string, err error) {
	ap, ok := in.m.(*apt)
	if !ok {
		return "", source + ": package files are not supported here", nil
	}
	file, err := ap.cacheFile(ctx, source, in.env())
	if err != nil {
		if msg, ok := isCommandError(err); ok {
			return "", "Unable to cache " + source + ": " + msg, nil
		}
		return "", "", err
	}
	if file == "" {
		return "", "Unable to cache " + source + ": file not found", nil
	}
	info, err := in.m.fileInfo(ctx, file)
	if err != nil {
		return "", "", err
	}
	return info.version, "", nil
}

func (in *installing) env() string {
	if in.c.Chunk != nil && in.c.Chunk.Env() != "" {
		return in.c.Chunk.Env()
	}
	return "base"
}

// holdInstalled holds or releases packages when there is nothing to install.
func (in *installing) holdInstalled(ctx context.Context, done *modules.Done, hold bool) error {
	var names []string
	if l, ok := in.a.Pkgs.(*py.List); ok && given(in.a.Pkgs) {
		for _, it := range l.Items {
			if name, _, ok := packageItem(it); ok {
				names = append(names, name)
			}
		}
	} else {
		names = keys(in.desired)
	}
	held, err := in.setHold(ctx, names, hold)
	if msg, ok := isSaltError(err); ok {
		*done = modules.Failed(msg)
		return nil
	}
	if err != nil {
		return err
	}
	changes, ok := done.Changes.(*py.Dict)
	if !ok {
		changes = py.NewDict()
		done.Changes = changes
	}
	tell := func(r *py.Dict) {
		done.Comment += ".\n" + r.String("comment")
		done.Result = low.TriOf(r.Lookup("result"))
	}
	for _, r := range held.modified {
		tell(r)
		changes.SetStr(r.String("name"), r.Lookup("changes"))
	}
	for _, r := range held.same {
		tell(r)
	}
	for _, r := range held.failed {
		tell(r)
	}
	return nil
}

// holdResults are what pkg.hold returned, sorted as Salt's state does: a
// result of None counts as failed.
type holdResults struct{ modified, same, failed []*py.Dict }

func (in *installing) setHold(ctx context.Context, names []string, hold bool) (h holdResults, err error) {
	set := in.m.unhold
	if hold {
		set = in.m.hold
	}
	ret, err := set(ctx, names)
	if err != nil {
		return h, err
	}
	for _, v := range ret.All() {
		r := v.(*py.Dict)
		changed, ok := py.IsTrue(r.Lookup("changes")), py.IsTrue(r.Lookup("result"))
		switch {
		case changed:
			h.modified = append(h.modified, r)
		case ok:
			h.same = append(h.same, r)
		}
		if !ok {
			h.failed = append(h.failed, r)
		}
	}
	return h, nil
}

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
	if in.again.Len() > 0 {
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
		found, err := m.latest(ctx, latest, latestOptions{refresh: true})
		if err != nil {
			return err
		}
		for _, n := range latest {
			offered[n] = found.of(n)
		}
	}
	if len(explicit) > 0 {
		found, err := m.available(ctx, explicit)
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
	if v, ok := in.a.Extra.GetStr("hold"); ok {
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
	if len(in.toUnpurge) > 0 {
		ret, err := in.m.unpurge(ctx, in.toUnpurge)
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
	var missed []string
	for _, n := range keys(in.again) {
		word := in.words([]string{n}, in.desired)[0]
		if slices.Contains(reinstalled, n) {
			in.say("Package " + word + " was reinstalled.")
		} else {
			missed = append(missed, word)
		}
	}
	for _, word := range missed {
		in.say("Reinstall was not successful for package " + word + ".")
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
