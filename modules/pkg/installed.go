package pkg

import (
	"context"
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
	PkgVerify       py.Value `arg:"pkg_verify" default:"False" doc:"Reinstall packages whose files were altered, which rpm can tell; a list may hold ignore_types and verify_options."`
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

	desired   *py.Dict            // version (or None) by name; path or URL with sources
	targets   *py.Dict            // what is to be installed, of desired
	again     *py.Dict            // what is to be reinstalled
	altered   map[string]*py.Dict // files that were altered, by package
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
	in := &installing{c: c, m: m, a: a, changes: py.NewDict(), targets: py.NewDict(), again: py.NewDict(), altered: map[string]*py.Dict{}}
	in.refresh = wantsRefresh(c, a.Refresh)
	if _, list := a.PkgVerify.(*py.List); list || a.PkgVerify == py.Value(py.True) {
		if _, can := m.(verifier); !can {
			return modules.Failed("pkg.verify not implemented"), nil
		}
	}
	done, err := in.find(ctx)
	if err != nil {
		return modules.Done{}, err
	}
	if done != nil {
		if v, ok := in.wantsHold(); ok {
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
	unverified := ""
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
		case py.IsNone(want) && !in.sources:
			if in.wantsVerify() {
				problem, err := in.verifyPackage(ctx, name, want)
				if err != nil {
					return nil, err
				}
				unverified = orText(problem, unverified)
			}
			continue
		}
		spec := str(want)
		if _, reads := in.m.(fileReader); in.sources && !reads {
			continue // nobody can tell the file's version: what is installed will do
		}
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
		switch {
		case fulfills(have, spec, a.IgnoreEpoch, a.AllowUpdates && !in.sources, in.m.compare):
		case in.wantsVerify() && wantsExactly(str(want)):
			problem, err := in.verifyPackage(ctx, name, want)
			if err != nil {
				return nil, err
			}
			unverified = orText(problem, unverified)
		default:
			in.targets.SetStr(name, want)
		}
	}
	if unverified != "" {
		problems = append(problems, unverified)
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
		refresh: in.refresh, kwargs: with(in.a.Extra, "fromrepo", in.a.Fromrepo),
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
	m := in.m.(fileReader)
	file, err := m.cacheFile(ctx, source, in.env())
	if err != nil {
		if msg, ok := isCommandError(err); ok {
			return "", "Unable to cache " + source + ": " + msg, nil
		}
		return "", "", err
	}
	if file == "" {
		return "", "Unable to cache " + source + ": file not found", nil
	}
	info, err := m.fileInfo(ctx, file)
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

// wantsHold is the argument hold, which counts where the manager can hold.
func (in *installing) wantsHold() (v py.Value, ok bool) {
	if _, can := in.m.(holder); !can {
		return nil, false
	}
	return in.a.Extra.GetStr("hold")
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
	m := in.m.(holder)
	set := m.unhold
	if hold {
		set = m.hold
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
