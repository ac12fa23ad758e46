package pkg

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/pkgversion"
	"pinch/internal/py"
	"pinch/modules"
)

// pkgng is the manager of FreeBSD and DragonFly. A package may be named by its
// origin too: java/openjdk17.
type pkgng struct{ commands }

const (
	pkgngListKey    = "pkg/pkgng/list"
	pkgngOriginsKey = "pkg/pkgng/origins"
)

func newPkgng(c *modules.Call, w host.Writer) manager {
	if c.LookPath("pkg") == "" {
		return nil
	}
	return &pkgng{commands{c: c, w: w, learnt: []string{pkgngListKey, pkgngOriginsKey}}}
}

// elsewhere are the arguments that name another root.
var elsewhere = []string{"jail", "chroot", "root"}

func (m *pkgng) compare(a, b string, ignoreEpoch bool) (int, bool) {
	return pkgversion.FreeBSD(a, b, ignoreEpoch)
}

// normalize is the name of an installed package that is named by its origin.
func (m *pkgng) normalize(name string) string {
	if !strings.Contains(name, "/") {
		return name
	}
	origins, _ := m.c.Memo.Get(pkgngOriginsKey)
	all, _ := origins.(map[string]string)
	for pkg, origin := range all {
		if origin == name {
			return pkg
		}
	}
	return name
}

func (m *pkgng) list(ctx context.Context, kind listKind) (map[string][]string, error) {
	if kind != installed {
		return nil, nil
	}
	return modules.Remember(m.c.Memo, pkgngListKey, func() (map[string][]string, error) {
		out, err := m.look(ctx, "pkg", "info", "-ao")
		if err != nil {
			return nil, err
		}
		list, origins := map[string][]string{}, map[string]string{}
		for line := range strings.Lines(out.stdout) {
			f := strings.Fields(line)
			if len(f) != 2 {
				continue
			}
			if i := strings.LastIndexByte(f[0], '-'); i > 0 {
				name := f[0][:i]
				list[name] = append(list[name], f[0][i+1:])
				origins[name] = f[1]
			}
		}
		m.c.Memo.Put(pkgngOriginsKey, origins)
		return list, nil
	})
}

func (m *pkgng) latest(ctx context.Context, names []string, o latestOptions) (*candidates, error) {
	if err := refused("pkg.latest_version", o.kwargs, elsewhere...); err != nil {
		return nil, err
	}
	have, err := m.list(ctx, installed)
	if err != nil {
		return nil, err
	}
	ret := &candidates{version: py.NewDict(), names: slices.Clone(names)}
	for _, n := range names {
		argv := []string{"pkg", "search", "-eqS", "name"}
		if strings.Contains(n, "/") {
			argv[3] = "origin"
		}
		look := m.look
		if o.refresh {
			look = func(ctx context.Context, argv ...string) (output, error) { return m.change(ctx, "", nil, argv...) }
		} else {
			argv = append(argv, "-U")
		}
		out, err := look(ctx, append(argv, n)...)
		if err != nil {
			return nil, err
		}
		version := ""
		if i := strings.LastIndexByte(out.stdout, '-'); i >= 0 {
			version = out.stdout[i+1:]
		}
		if version != "" && slices.ContainsFunc(have[n], func(v string) bool { return holdsFor(v, ">=", version, false, pkgversion.Loose) }) {
			version = ""
		}
		ret.version.SetStr(n, py.Str(version))
	}
	return ret, nil
}

func (m *pkgng) available(ctx context.Context, names []string, _ *py.Dict) (*py.Dict, error) {
	return nil, missing("pkg.list_repo_pkgs")
}

func (m *pkgng) refresh(ctx context.Context, kw *py.Dict) (py.Value, error) {
	if err := refused("pkg.refresh_db", kw, elsewhere...); err != nil {
		return nil, err
	}
	if m.w == nil {
		return nil, errNeedsWriter
	}
	m.c.Memo.Drop(rtagKey)
	argv := []string{"pkg", "update"}
	if isTrue(kw.Lookup("force")) {
		argv = append(argv, "-f")
	}
	out, err := m.change(ctx, "", nil, argv...)
	return py.Bool(err == nil && out.code == 0), err
}

func (m *pkgng) install(ctx context.Context, r *installRequest) (*py.Dict, error) {
	if err := refused("pkg.install", r.kwargs, append([]string{"dryrun"}, elsewhere...)...); err != nil {
		return nil, err
	}
	if m.w == nil {
		return nil, errNeedsWriter
	}
	opts := "y"
	for _, o := range []struct{ arg, letter string }{
		{"orphan", "A"}, {"force", "f"}, {"glob", "g"}, {"local", "U"}, {"quiet", "q"}, {"reinstall_requires", "R"}, {"regex", "x"}, {"pcre", "X"},
	} {
		if isTrue(r.kwargs.Lookup(o.arg)) {
			opts += o.letter
		}
	}
	var env py.Value
	if isTrue(r.kwargs.Lookup("batch")) {
		env = py.DictOf("BATCH", py.Str("true"), "ASSUME_ALWAYS_YES", py.Str("YES"))
	}
	argv := []string{"pkg", "install"}
	if r.sources != nil {
		argv[1] = "add"
		opts = strings.Map(func(c rune) rune { // it knows fewer
			if strings.ContainsRune("AfIMq", c) {
				return c
			}
			return -1
		}, opts)
	}
	if r.fromrepo != "" {
		argv = append(argv, "-r", r.fromrepo)
	}
	if opts != "" {
		argv = append(argv, "-"+opts)
	}
	if r.sources != nil {
		files, err := m.sourceFiles(ctx, r)
		if err != nil {
			return nil, err
		}
		argv = append(argv, files...)
	} else {
		for k, v := range r.pkgs.All() {
			word := py.ToStr(k)
			if !py.IsNone(v) {
				word += "-" + str(v)
			}
			argv = append(argv, word)
		}
	}
	return m.apply(ctx, m.list, "Problem encountered installing package(s)", env, argv)
}

// uninstall returns the old packages with their origins, as Salt does.
func (m *pkgng) uninstall(ctx context.Context, action string, targets *py.Dict, _ py.Value) (*py.Dict, error) {
	if action == "purge" {
		return nil, missing("pkg.purge")
	}
	names, err := installedOf(ctx, m.list, targets)
	if err != nil || len(names) == 0 {
		return py.NewDict(), err
	}
	kept, _ := m.c.Memo.Get(pkgngOriginsKey)
	origins, _ := kept.(map[string]string)
	changes, err := m.apply(ctx, m.list, "Problem encountered removing package(s)", nil, slices.Concat([]string{"pkg", "delete", "-y"}, names))
	if p, ok := err.(*problem); ok { //nolint:errorlint // apply wraps nothing
		withOrigins(p.changes, origins)
	}
	withOrigins(changes, origins)
	return changes, err
}

func withOrigins(changes *py.Dict, origins map[string]string) {
	for k, v := range changes.All() {
		if d, ok := v.(*py.Dict); ok && d.String("old") != "" {
			d.SetStr("old", py.DictOf("origin", py.Str(origins[py.ToStr(k)]), "version", py.Str(d.String("old"))))
		}
	}
}

var pkgUpgrade = regexp.MustCompile(`^\s+([^:]+):\s([0-9a-z_,.]+)\s+->\s+([0-9a-z_,.]+)`)

func (m *pkgng) upgrades(ctx context.Context, _ bool, kw *py.Dict) (*py.Dict, error) {
	if err := refused("pkg.list_upgrades", kw, elsewhere...); err != nil {
		return nil, err
	}
	argv := []string{"pkg", "upgrade", "--dry-run", "--quiet", "--no-repo-update"} // refreshed before, if at all
	if from := str(kw.Lookup("fromrepo")); from != "" {
		argv = append(argv, "--repository", from)
	}
	out, err := m.look(ctx, argv...)
	if err != nil {
		return nil, err
	}
	return parsePkgUpgrade(out.stdout), nil
}

func parsePkgUpgrade(stdout string) *py.Dict {
	ret := py.NewDict()
	inside := false
	for line := range strings.Lines(stdout) {
		line = strings.TrimRight(line, "\n")
		switch s := pkgUpgrade.FindStringSubmatch(line); {
		case line == "" || strings.HasSuffix(line, "ED:") && line[0] != ' ' && line[0] != '\t':
			inside = line == "Installed packages to be UPGRADED:"
		case inside && s != nil:
			ret.SetStr(s[1], py.Str(s[3]))
		}
	}
	return ret
}

func (m *pkgng) upgrade(ctx context.Context, o upgradeOptions) (*py.Dict, error) {
	if err := refused("pkg.upgrade", o.kwargs, append([]string{"dryrun"}, elsewhere...)...); err != nil {
		return nil, err
	}
	opts := "-"
	for _, f := range []struct{ arg, letter string }{{"force", "f"}, {"local", "U"}, {"fetchonly", "F"}} {
		if v, ok := o.kwargs.GetStr(f.arg); ok && py.IsTrue(v) {
			opts += f.letter
		}
	}
	argv := slices.Concat([]string{"pkg", "upgrade", opts + "y"}, o.names)
	if from := str(o.kwargs.Lookup("fromrepo")); from != "" {
		argv = append(argv, "--repository", from)
	}
	return m.applyUpgrade(ctx, m.list, argv)
}

// locked runs pkg lock or unlock and returns the packages that are locked then.
func (m *pkgng) locked(ctx context.Context, verb, name string) ([]string, error) {
	argv := []string{"pkg", verb, "-y", "--quiet", "--show-locked"}
	run := m.look
	if name != "" {
		argv = append(argv, name)
		run = func(ctx context.Context, argv ...string) (output, error) { return m.change(ctx, "", nil, argv...) }
	}
	out, err := run(ctx, argv...)
	if err != nil {
		return nil, err
	}
	if out.code != 0 {
		return nil, &problem{msg: "Problem encountered " + verb + "ing packages", result: out.dict(), changes: py.NewDict()}
	}
	var names []string
	for line := range strings.Lines(out.stdout) {
		line = strings.TrimSpace(line)
		if i := strings.LastIndexByte(line, '-'); i > 0 {
			names = append(names, line[:i])
		}
	}
	return names, nil
}

func (m *pkgng) holds(ctx context.Context) ([]string, error) { return m.locked(ctx, "lock", "") }

func (m *pkgng) hold(ctx context.Context, targets []string) (*py.Dict, error) {
	return m.setLock(ctx, targets, "lock", m.holdEach)
}

func (m *pkgng) unhold(ctx context.Context, targets []string) (*py.Dict, error) {
	return m.setLock(ctx, targets, "unlock", m.unholdEach)
}

func (m *pkgng) setLock(ctx context.Context, targets []string, verb string, each func([]string, func(string) bool, func(string) (output, error)) (*py.Dict, error)) (*py.Dict, error) {
	held, err := m.holds(ctx)
	if err != nil {
		return nil, err
	}
	return each(targets, func(t string) bool { return slices.Contains(held, t) }, func(t string) (output, error) {
		now, err := m.locked(ctx, verb, t)
		if err != nil || slices.Contains(now, t) == (verb == "lock") {
			return output{}, err
		}
		return output{code: 1}, nil
	})
}
