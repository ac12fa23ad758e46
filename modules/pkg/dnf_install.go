package pkg

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/py"
	"pinch/modules"
)

// rpmJob is what an installation with dnf comes to: words to install, to
// downgrade and to reinstall, each with its package's name.
type rpmJob struct {
	install, downgrade, again []rpmWord
	errors                    []string
}

type rpmWord struct{ name, word string }

// severalAtOnce are packages of which several versions can be installed.
var severalAtOnce = regexp.MustCompile(`^kernel(|-devel)$`)

func (m *dnf) install(ctx context.Context, r *installRequest) (*py.Dict, error) {
	for _, arg := range []string{"diff_attr", "advisory_ids"} {
		if v, ok := r.kwargs.GetStr(arg); ok && py.IsTrue(v) {
			return nil, modules.CommandExecutionError("pkg.install: " + arg + " is not supported")
		}
	}
	if m.w == nil {
		return nil, errNeedsWriter
	}
	kw := with(r.kwargs, "fromrepo", r.fromrepo)
	if r.refresh {
		if _, err := m.refresh(ctx, kw); err != nil {
			return nil, err
		}
	}
	old, err := takeSnapshot(ctx, m, r.downloadOnly)
	if err != nil {
		return nil, err
	}
	j, err := m.plan(ctx, r, kw, old.versions)
	if err != nil {
		return nil, err
	}
	var common []string
	common = append(common, m.options(kw)...)
	if r.skipVerify {
		common = append(common, "--nogpgcheck")
	}
	if r.downloadOnly && m.program != "dnf5" {
		common = append(common, "--downloadonly")
	}
	held, err := m.holds(ctx)
	if err != nil && !isInvocationError(err) {
		return nil, err
	}
	h := &dnfHolds{dnf: m, held: held, release: isTrue(r.kwargs.Lookup("update_holds"))}
	best := []string{"--best", "--allowerasing"}
	install := slices.Concat([]string{"-y"}, common, []string{"install"})
	switch m.program {
	case "dnf":
		install = slices.Concat([]string{"-y"}, best, common, []string{"install"})
	case "dnf5":
		install = append(install, best...)
	}
	for _, step := range []struct {
		argv  []string
		words []rpmWord
	}{
		{install, j.install},
		{slices.Concat([]string{"-y"}, common, []string{"downgrade"}), j.downgrade},
		{slices.Concat([]string{"-y"}, common, []string{"reinstall"}), j.again},
	} {
		said, err := h.run(ctx, step.argv, step.words)
		if err != nil {
			return nil, err
		}
		j.errors = append(j.errors, said...)
	}
	now, err := takeSnapshot(ctx, m, r.downloadOnly)
	if err != nil {
		return nil, err
	}
	was, is := stringify(old.versions), stringify(now.versions)
	changes, err := old.changes(now)
	if err != nil {
		return nil, err
	}
	for _, w := range j.again {
		if _, there := was[w.name]; there || !changes.Has(w.name) {
			changes.SetStr(w.name, py.DictOf("old", py.Str(was[w.name]), "new", py.Str(is[w.name])))
		}
	}
	if len(h.prevented) > 0 {
		j.errors = append(j.errors, "The following package(s) could not be updated because they are being held: "+joined(h.prevented)+
			". Set 'update_holds' to True to temporarily unhold these packages so that they can be updated.")
	}
	if len(j.errors) > 0 {
		msg := "Error occurred installing package(s)"
		if len(j.again) > 0 {
			msg = "Error occurred installing/reinstalling package(s)"
		}
		return nil, &problem{msg: msg, errors: j.errors, changes: changes}
	}
	return changes, nil
}

// plan sorts what is asked for into installing, downgrading and reinstalling.
func (m *dnf) plan(ctx context.Context, r *installRequest, kw *py.Dict, old map[string][]string) (*rpmJob, error) {
	j := &rpmJob{}
	if r.sources != nil {
		for k, v := range r.sources.All() {
			file, err := m.sourceFile(ctx, py.ToStr(k), str(v), r.env)
			if err != nil {
				return nil, err
			}
			info, err := m.fileInfo(ctx, file)
			if err != nil {
				return nil, err
			}
			if info == nil {
				j.install = append(j.install, rpmWord{"", file})
				continue
			}
			m.place(j, rpmWord{info.name, file}, info.version, r, old[info.name])
		}
		return j, nil
	}
	var ask []string
	for k, v := range r.pkgs.All() {
		if s := str(v); strings.Contains(s, "*") || strings.HasPrefix(s, "<") || strings.HasPrefix(s, ">") {
			ask = append(ask, py.ToStr(k))
		}
	}
	offered := py.NewDict()
	if len(ask) > 0 {
		var err error
		if offered, err = m.available(ctx, ask, kw); err != nil {
			return nil, err
		}
	}
	for k, v := range r.pkgs.All() {
		name := py.ToStr(k)
		if py.IsNone(v) {
			if _, there := old[name]; there && r.reinstall {
				j.again = append(j.again, rpmWord{name, name})
			} else {
				j.install = append(j.install, rpmWord{name, name})
			}
			continue
		}
		version := strings.TrimLeft(str(v), "=")
		choices := texts(offered.Lookup(name))
		if strings.HasPrefix(version, "<") || strings.HasPrefix(version, ">") {
			best, ok := matchVersion(version, choices, r.ignoreEpoch, m.compare)
			if !ok {
				j.errors = append(j.errors, "No version matching '"+name+version+"' could be found (available: "+orWord(choices, "None")+")")
				continue
			}
			version = best
		}
		if m.program == "yum" && r.ignoreEpoch {
			version = version[strings.IndexByte(version, ':')+1:]
		}
		if strings.Contains(version, "*") {
			i := slices.IndexFunc(choices, func(c string) bool { return fnmatch.Match(version, c) })
			if i < 0 {
				j.errors = append(j.errors, "No version matching '"+version+"' found for package '"+name+"' (available: "+orWord(choices, "none")+")")
				continue
			}
			version = choices[i]
		}
		bare, arch := m.split(name)
		if arch == "" || arch == "noarch" {
			bare = name
		}
		m.place(j, rpmWord{bare, m.atVersion(name, version, r.ignoreEpoch)}, version, r, old[bare])
	}
	return j, nil
}

func orWord(choices []string, none string) string {
	if len(choices) == 0 {
		return none
	}
	return joined(choices)
}

// place sorts a package with a version by what is installed.
func (m *dnf) place(j *rpmJob, w rpmWord, version string, r *installRequest, have []string) {
	is := func(oper string) bool {
		return slices.ContainsFunc(have, func(v string) bool { return holdsFor(version, oper, v, r.ignoreEpoch, m.compare) })
	}
	switch {
	case r.reinstall && len(have) > 0:
		if is("==") {
			j.again = append(j.again, w)
		}
	case len(have) == 0, is(">="), severalAtOnce.MatchString(w.name):
		j.install = append(j.install, w)
	default:
		j.downgrade = append(j.downgrade, w)
	}
}

// dnfHolds runs dnf while packages that are held are released, if that is
// wanted.
type dnfHolds struct {
	*dnf
	held      []string
	release   bool
	prevented []string
}

func (h *dnfHolds) run(ctx context.Context, argv []string, words []rpmWord) (errs []string, err error) {
	var targets, released []string
	for _, w := range words {
		switch {
		case !slices.Contains(h.held, w.name):
			targets = append(targets, w.word)
		case h.release:
			ret, err := h.unhold(ctx, []string{w.name})
			if err != nil {
				return nil, err
			}
			released = append(released, w.name)
			if r, ok := ret.Lookup(w.name).(*py.Dict); ok && py.IsTrue(r.Lookup("result")) {
				targets = append(targets, w.word)
			} else {
				errs = append(errs, w.name)
			}
		default:
			h.prevented = append(h.prevented, w.name)
		}
	}
	if len(targets) > 0 {
		said, code, err := h.merged(ctx, slices.Concat([]string{h.program}, argv, targets))
		if err != nil {
			return nil, err
		}
		if code != 0 {
			errs = append(errs, said)
		}
	}
	if len(released) > 0 {
		if _, err := h.hold(ctx, released); err != nil {
			return nil, err
		}
	}
	return errs, nil
}

// merged runs a change and returns what it printed to both streams, which are
// one: else their lines would come in any order.
func (m *commands) merged(ctx context.Context, argv []string) (said string, code int, err error) {
	out, err := m.change(ctx, "", nil, slices.Concat(toOneStream, argv)...)
	return out.stdout, out.code, err
}

// toOneStream runs a program with standard error going to standard output.
var toOneStream = []string{"/bin/sh", "-c", `exec "$@" 2>&1`, "sh"}

func (m *dnf) uninstall(ctx context.Context, _ string, targets *py.Dict, _ py.Value) (*py.Dict, error) {
	old, err := m.list(ctx, installed)
	if err != nil {
		return nil, err
	}
	was := stringify(old)
	var words []string
	_, names := matchInstalled(was, keys(targets))
	for _, n := range names {
		version := str(targets.Lookup(n))
		switch have, ok := was[n]; {
		case !ok:
		case version == "":
			words = append(words, n)
		case slices.Contains(strings.Split(have, ","), version):
			words = append(words, m.atVersion(n, version, false))
		}
	}
	if len(words) == 0 {
		return py.NewDict(), nil
	}
	out, err := m.change(ctx, "", nil, slices.Concat([]string{m.program, "-y", "remove"}, words)...)
	if err != nil {
		return nil, err
	}
	return m.removed(ctx, was, out, "Error occurred removing package(s)", m.list)
}

// removed is the return of a removal.
func (m *commands) removed(ctx context.Context, was map[string]string, out output, msg string, list func(context.Context, listKind) (map[string][]string, error)) (*py.Dict, error) {
	now, err := list(ctx, installed)
	if err != nil {
		return nil, err
	}
	changes := compare(was, stringify(now))
	if out.code != 0 && out.stderr != "" {
		return nil, &problem{msg: msg, errors: []string{out.stderr}, changes: changes}
	}
	return changes, nil
}
