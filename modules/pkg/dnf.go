package pkg

import (
	"context"
	"errors"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/pkgversion"
	"pinch/internal/py"
	"pinch/modules"
)

// dnf is the manager of Fedora, Red Hat and their kin: dnf5, dnf, tdnf or yum.
type dnf struct {
	commands
	rpmNames
	program string
}

const rpmListKey = "pkg/rpm/list"

// newDNF returns nil when none of the programs is there.
func newDNF(c *modules.Call, w host.Writer) manager {
	for _, p := range []string{"dnf5", "dnf", "tdnf", "yum"} {
		if c.LookPath(p) != "" {
			return &dnf{commands{c: c, w: w, vars: [][2]string{{"LC_ALL", "C"}, {"LANGUAGE", "C"}}, learnt: []string{rpmListKey, "pkg/dnf/"}}, rpmNamesOf(c), p}
		}
	}
	return nil
}

func (m *dnf) isDNF() bool { return m.program == "dnf" || m.program == "dnf5" }

func (m *dnf) compare(a, b string, ignoreEpoch bool) (int, bool) {
	return pkgversion.RPM(a, b, ignoreEpoch)
}

func (m *dnf) list(ctx context.Context, kind listKind) (map[string][]string, error) {
	return m.listRPMs(ctx, kind, m.rpmNames)
}

// listRPMs asks the rpm database. Nothing is ever removed but not purged there.
func (m *commands) listRPMs(ctx context.Context, kind listKind, names rpmNames) (map[string][]string, error) {
	if kind != installed {
		return nil, nil
	}
	return modules.Remember(m.c.Memo, rpmListKey, func() (map[string][]string, error) {
		out, err := m.look(ctx, "rpm", "-qa", "--nodigest", "--nosignature", "--queryformat", rpmFormat+"\n")
		if err != nil {
			return nil, err
		}
		return names.parseRPMs(out.stdout), nil
	})
}

// options are those of _get_options, from a function's arguments.
func (m *dnf) options(kw *py.Dict) []string {
	var out []string
	each := func(key, flag string) {
		v := py.OrNone(kw.Lookup(key))
		if !py.IsTrue(v) {
			return
		}
		if l, ok := v.(*py.List); ok {
			for _, s := range texts(l) {
				out = append(out, flag+s)
			}
			return
		}
		out = append(out, flag+py.ToStr(v))
	}
	from := str(kw.Lookup("fromrepo"))
	if from == "" {
		from = str(kw.Lookup("repo"))
	}
	if from != "" {
		out = append(out, "--disablerepo=*", "--enablerepo="+from)
	} else {
		each("disablerepo", "--disablerepo=")
		each("enablerepo", "--enablerepo=")
	}
	each("disableexcludes", "--disableexcludes=")
	each("branch", "--branch=")
	switch v := kw.Lookup("setopt").(type) {
	case py.Str:
		for s := range strings.SplitSeq(string(v), ",") {
			out = append(out, "--setopt="+strings.TrimSpace(s))
		}
	case *py.List:
		for _, s := range texts(v) {
			out = append(out, "--setopt="+s)
		}
	}
	return out
}

// rpmOffer is a package that repositories offer.
type rpmOffer struct{ name, arch, version, repo string }

// parseOffers reads the table of dnf list: three words a package, which long
// names spread over lines.
func (m *dnf) parseOffers(stdout string) []rpmOffer {
	headings := []string{"installed packages", "available packages", "available upgrades", "updated packages", "upgraded packages"}
	var words []string
	for line := range strings.Lines(stdout) {
		if !slices.Contains(headings, strings.ToLower(strings.TrimRight(line, "\n"))) {
			words = append(words, strings.Fields(line)...)
		}
	}
	var out []rpmOffer
	for ; len(words) >= 3; words = words[3:] {
		o := rpmOffer{name: words[0], arch: m.osarch, version: strings.TrimRight(words[1], "-"), repo: strings.TrimLeft(words[2], "@")}
		if i := strings.LastIndexByte(o.name, '.'); i >= 0 {
			o.name, o.arch = o.name[:i], o.name[i+1:]
		}
		o.name = m.resolve(o.name, o.arch)
		out = append(out, o)
	}
	return out
}

func (m *dnf) latest(ctx context.Context, names []string, o latestOptions) (*candidates, error) {
	ret := &candidates{version: py.NewDict(), names: slices.Clone(names)}
	if len(names) == 0 {
		return ret, nil
	}
	if o.refresh {
		if _, err := m.refresh(ctx, o.kwargs); err != nil {
			return nil, err
		}
	}
	have, err := m.list(ctx, installed)
	if err != nil {
		return nil, err
	}
	out, err := m.look(ctx, slices.Concat([]string{m.program, "--quiet"}, m.options(o.kwargs), []string{"list", "available"}, names)...)
	if err != nil {
		return nil, err
	}
	var offers []rpmOffer
	if out.code == 0 {
		offers = m.parseOffers(out.stdout)
		slices.SortStableFunc(offers, func(a, b rpmOffer) int {
			c, _ := pkgversion.Loose(b.version, a.version, false)
			return c
		})
	}
	for _, n := range names {
		arch := n[strings.LastIndexByte(n, '.')+1:]
		if !isRPMArch(arch) {
			arch = m.osarch
		}
		version := ""
		for _, o := range offers {
			if o.name != n || o.arch != "noarch" && o.arch != arch && !m.is32(o.arch) {
				continue
			}
			if !slices.ContainsFunc(have[n], func(v string) bool { return holdsFor(v, ">=", o.version, false, m.compare) }) {
				version = o.version
				break
			}
		}
		ret.version.SetStr(n, py.Str(version))
	}
	return ret, nil
}

// refresh returns True when there are upgrades, None when there are none, and
// False when a repository failed.
func (m *dnf) refresh(ctx context.Context, kw *py.Dict) (py.Value, error) {
	if m.w == nil {
		return nil, errNeedsWriter
	}
	m.c.Memo.Drop(rtagKey)
	options := m.options(kw)
	if _, err := m.change(ctx, "", nil, slices.Concat([]string{m.program, "--quiet", "--assumeyes", "clean", "expire-cache"}, options)...); err != nil {
		return nil, err
	}
	if v, ok := kw.GetStr("check_update"); ok && !py.IsTrue(v) {
		return py.True, nil
	}
	argv := []string{m.program, "--quiet", "--assumeyes", "check-update"}
	if grain(m.c, "os_family") == "RedHat" && grain(m.c, "osmajorrelease") == "7" {
		argv = append(argv, "--setopt=autocheck_running_kernel=false")
	}
	out, err := m.change(ctx, "", nil, append(argv, options...)...)
	switch {
	case err != nil:
		return nil, err
	case out.code == 100:
		return py.True, nil
	case out.code == 0:
		return py.None, nil
	}
	return py.False, nil
}

func (m *dnf) upgrades(ctx context.Context, _ bool, kw *py.Dict) (*py.Dict, error) {
	which := "updates"
	if m.isDNF() {
		which = "--upgrades"
	}
	out, err := m.look(ctx, slices.Concat([]string{m.program, "--quiet"}, m.options(kw), []string{"list", which})...)
	if err != nil {
		return nil, err
	}
	ret := py.NewDict()
	for _, o := range m.parseOffers(out.stdout) {
		ret.SetStr(o.name, py.Str(o.version))
	}
	return ret, nil
}

func (m *dnf) upgrade(ctx context.Context, o upgradeOptions) (*py.Dict, error) {
	if v, ok := o.kwargs.GetStr("diff_attr"); ok && py.IsTrue(v) {
		return nil, modules.CommandExecutionError("pkg.upgrade: diff_attr is not supported")
	}
	obsoletes, minimal := notFalse(o.kwargs, "obsoletes"), isTrue(o.kwargs.Lookup("minimal"))
	argv := []string{m.program, "--quiet", "-y"}
	if m.isDNF() && !obsoletes {
		argv = append(argv, "--setopt=obsoletes=False")
	}
	argv = append(argv, m.options(o.kwargs)...)
	if o.skipVerify {
		argv = append(argv, "--nogpgcheck")
	}
	verb := "upgrade"
	if !obsoletes && !m.isDNF() {
		verb = "update"
	}
	if minimal {
		verb += "-minimal"
	}
	old, err := m.list(ctx, installed)
	if err != nil {
		return nil, err
	}
	out, err := m.change(ctx, "", nil, slices.Concat(argv, []string{verb}, o.names)...)
	if err != nil {
		return nil, err
	}
	now, err := m.list(ctx, installed)
	if err != nil {
		return nil, err
	}
	return upgraded(old, now, out)
}

// upgraded is the return of an upgrade: what has changed, in the error of a
// failed command too.
func upgraded(old, now map[string][]string, out output) (*py.Dict, error) {
	changes := compare(stringify(old), stringify(now))
	if out.code != 0 {
		return nil, &problem{msg: "Problem encountered upgrading packages", changes: changes, result: out.dict()}
	}
	return changes, nil
}

// available is pkg.list_repo_pkgs: versions by name of all enabled
// repositories, newest first.
func (m *dnf) available(ctx context.Context, names []string, kw *py.Dict) (*py.Dict, error) {
	if isTrue(kw.Lookup("byrepo")) {
		return nil, modules.CommandExecutionError("pkg.list_repo_pkgs: byrepo is not supported")
	}
	repos := repoList(kw.Lookup("fromrepo"))
	if len(repos) == 0 {
		all, err := m.repos(kw)
		if err != nil {
			return nil, err
		}
		on, off := repoList(kw.Lookup("enablerepo")), repoList(kw.Lookup("disablerepo"))
		for k, v := range all.All() {
			name, enabled := py.ToStr(k), v.(*py.Dict).Lookup("enabled")
			if slices.Contains(on, name) || !slices.Contains(off, name) && (enabled == nil || py.ToStr(enabled) == "1") {
				repos = append(repos, name)
			}
		}
	}
	ret := py.NewDict()
	for _, repo := range repos {
		argv := []string{m.program, "--quiet", "--showduplicates", "repository-packages", repo, "list"}
		if m.program == "tdnf" {
			argv = []string{m.program, "--quiet", "--enablerepo=" + repo, "list"}
		}
		if isTrue(kw.Lookup("cacheonly")) {
			argv = append(argv, "-C")
		}
		out, err := m.look(ctx, append(argv, names...)...)
		if err != nil {
			return nil, err
		}
		if out.code != 0 && strings.Contains(out.stdout, "Error:") {
			continue
		}
		seen := map[string]bool{}
		for _, o := range m.parseOffers(out.stdout) {
			if key := o.name + " " + o.version; !seen[key] {
				seen[key] = true
				l, ok := ret.Lookup(o.name).(*py.List)
				if !ok {
					l = py.NewList()
					ret.SetStr(o.name, l)
				}
				l.Append(py.Str(o.version))
			}
		}
	}
	for k, v := range ret.All() {
		versions := texts(v)
		newestFirst(versions)
		ret.SetStr(py.ToStr(k), py.Strings(versions...))
	}
	return ret, nil
}

// repoList reads the name of a repository or several of them, * left out.
func repoList(v py.Value) []string {
	if l, ok := v.(*py.List); ok {
		return texts(l)
	}
	var out []string
	for s := range strings.SplitSeq(str(v), ",") {
		if s = strings.TrimSpace(s); s != "" && s != "*" {
			out = append(out, s)
		}
	}
	return out
}

// fileInfo asks rpm for name and version of a package file.
func (m *dnf) fileInfo(ctx context.Context, path string) (*packageFile, error) {
	return m.rpmFileInfo(ctx, path, m.rpmNames)
}

func (m *commands) rpmFileInfo(ctx context.Context, path string, names rpmNames) (*packageFile, error) {
	if _, err := m.reader().Stat(path); err != nil {
		return nil, modules.CommandExecutionError(path + " does not exist on minion")
	}
	out, err := m.look(ctx, "rpm", "-q", "-p", "--queryformat", rpmFormat, path)
	if err != nil {
		return nil, err
	}
	name, version, ok := names.parseRPM(out.stdout)
	if !ok {
		return nil, nil
	}
	return &packageFile{name: name, version: version}, nil
}

// isInvocationError says that a function is not there for want of a plugin.
func isInvocationError(err error) bool {
	var e *modules.Error
	return errors.As(err, &e) && e.Class == "SaltInvocationError"
}
