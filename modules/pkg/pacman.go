package pkg

import (
	"context"
	"slices"
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/host"
	"pinch/internal/pkgversion"
	"pinch/internal/py"
	"pinch/modules"
)

// pacman is the manager of Arch Linux and its kin. Salt compares its versions
// by rules of its own, not by pacman's.
type pacman struct{ commands }

const pacmanListKey = "pkg/pacman/list"

func newPacman(c *modules.Call, w host.Writer) manager {
	if c.LookPath("pacman") == "" {
		return nil
	}
	return &pacman{commands{c: c, w: w, vars: [][2]string{{"LC_ALL", "C"}, {"LANG", "C"}}, learnt: []string{pacmanListKey}}}
}

func (m *pacman) normalize(name string) string { return name }

func (m *pacman) compare(a, b string, ignoreEpoch bool) (int, bool) {
	return pkgversion.Loose(a, b, ignoreEpoch)
}

func (m *pacman) list(ctx context.Context, kind listKind) (map[string][]string, error) {
	if kind != installed {
		return nil, nil
	}
	return modules.Remember(m.c.Memo, pacmanListKey, func() (map[string][]string, error) {
		out, err := m.look(ctx, "pacman", "-Q")
		if err != nil {
			return nil, err
		}
		list := map[string][]string{}
		for line := range strings.Lines(out.stdout) {
			if f := strings.Fields(line); len(f) >= 2 {
				list[f[0]] = append(list[f[0]], f[1])
			}
		}
		return list, nil
	})
}

func (m *pacman) latest(ctx context.Context, names []string, o latestOptions) (*candidates, error) {
	if err := refused("pkg.latest_version", o.kwargs, "root"); err != nil {
		return nil, err
	}
	if o.refresh {
		if _, err := m.refresh(ctx, o.kwargs); err != nil {
			return nil, err
		}
	}
	ret := &candidates{version: py.NewDict(), names: slices.Clone(names)}
	for _, n := range names {
		ret.version.SetStr(n, py.Str(""))
	}
	out, err := m.look(ctx, slices.Concat([]string{"pacman", "-Sp", "--needed", "--print-format", "%n %v"}, names)...)
	if err != nil {
		return nil, err
	}
	for k, v := range pairs(out.stdout).All() {
		if slices.Contains(names, py.ToStr(k)) { // not what they depend on
			ret.version.SetStr(py.ToStr(k), v)
		}
	}
	return ret, nil
}

func (m *pacman) available(ctx context.Context, names []string, kw *py.Dict) (*py.Dict, error) {
	if err := refused("pkg.list_repo_pkgs", kw, "byrepo"); err != nil {
		return nil, err
	}
	if isTrue(kw.Lookup("refresh")) {
		if _, err := m.refresh(ctx, kw); err != nil {
			return nil, err
		}
	}
	repos := repoList(kw.Lookup("fromrepo"))
	out, err := m.look(ctx, "pacman", "-Sl")
	if err != nil {
		return nil, err
	}
	versions := map[string][]string{}
	ret := py.NewDict()
	for line := range strings.Lines(out.stdout) {
		f := strings.Fields(line)
		if len(f) < 3 || len(repos) > 0 && !slices.Contains(repos, f[0]) {
			continue
		}
		if len(names) > 0 && !slices.ContainsFunc(names, func(n string) bool { return fnmatch.Match(n, f[1]) }) {
			continue
		}
		versions[f[1]] = append(versions[f[1]], f[2])
		ret.SetStr(f[1], py.None)
	}
	for _, n := range keys(ret) {
		newestFirst(versions[n])
		ret.SetStr(n, py.Strings(versions[n]...))
	}
	return ret, nil
}

func (m *pacman) refresh(ctx context.Context, kw *py.Dict) (py.Value, error) {
	if err := refused("pkg.refresh_db", kw, "root"); err != nil {
		return nil, err
	}
	if m.w == nil {
		return nil, errNeedsWriter
	}
	m.c.Memo.Drop(rtagKey)
	out, err := m.change(ctx, "", nil, "pacman", "-Sy")
	if err != nil {
		return nil, err
	}
	if out.code != 0 {
		return nil, commandErrorf("Error refreshing package database: %s", out.stderr)
	}
	return parsePacmanSync(out.stdout), nil
}

// parsePacmanSync reads what pacman -Sy prints: True for a database that was
// fetched, False for one that is up to date.
func parsePacmanSync(stdout string) *py.Dict {
	ret := py.NewDict()
	for line := range strings.Lines(stdout) {
		f := strings.Fields(line)
		switch {
		case len(f) == 0 || strings.HasPrefix(f[0], "::"):
		case strings.Contains(line, "is up to date"):
			ret.SetStr(f[0], py.False)
		case strings.Contains(line, "downloading") && len(f) > 1:
			name, _, _ := strings.Cut(f[1], ".")
			ret.SetStr(name, py.True)
		}
	}
	return ret
}

func (m *pacman) install(ctx context.Context, r *installRequest) (*py.Dict, error) {
	if err := refused("pkg.install", r.kwargs, "root"); err != nil {
		return nil, err
	}
	if m.w == nil {
		return nil, errNeedsWriter
	}
	const msg = "Problem encountered installing package(s)"
	if r.sources != nil {
		files, err := m.sourceFiles(ctx, r)
		if err != nil {
			return nil, err
		}
		return m.apply(ctx, m.list, msg, nil, slices.Concat([]string{"pacman", "-U", "--noprogressbar", "--noconfirm"}, files))
	}
	argv := []string{"pacman", "-S"}
	if r.refresh {
		argv = append(argv, "-y")
	}
	if v, ok := r.kwargs.GetStr("sysupgrade"); ok && v == py.Value(py.True) {
		argv = append(argv, "-u")
	}
	argv = append(argv, "--noprogressbar", "--noconfirm", "--needed")
	var errs, targets []string
	for k, v := range r.pkgs.All() {
		name := py.ToStr(k)
		if py.IsNone(v) {
			targets = append(targets, name)
			continue
		}
		oper, version := splitComparison(str(v))
		if oper == "" {
			oper = "="
		}
		switch {
		case !strings.Contains(version, "*"):
			targets = append(targets, name+oper+version)
			continue
		case oper != "=":
			errs = append(errs, "Invalid wildcard for "+name+oper+version)
			continue
		}
		refresh := py.NewDict()
		if i := slices.Index(argv, "-y"); i >= 0 { // once is enough
			argv = slices.Delete(argv, i, i+1)
			refresh.SetStr("refresh", py.True)
		}
		offered, err := m.available(ctx, []string{name}, refresh)
		if err != nil {
			return nil, err
		}
		choices := texts(offered.Lookup(name))
		if i := slices.IndexFunc(choices, func(c string) bool { return fnmatch.Match(version, c) }); i >= 0 {
			targets = append(targets, name+"="+choices[i])
		} else {
			errs = append(errs, "No version matching '"+version+"' found for package '"+name+"' (available: "+orWord(choices, "none")+")")
		}
	}
	if len(errs) > 0 {
		return nil, &problem{msg: msg, errors: errs, changes: py.NewDict()}
	}
	return m.apply(ctx, m.list, msg, nil, slices.Concat(argv, targets))
}

func (m *pacman) uninstall(ctx context.Context, action string, targets *py.Dict, _ py.Value) (*py.Dict, error) {
	names, err := installedOf(ctx, m.list, targets)
	if err != nil || len(names) == 0 {
		return py.NewDict(), err
	}
	flag := "-R"
	if action == "purge" {
		flag = "-Rsc"
	}
	return m.apply(ctx, m.list, "Problem encountered removing package(s)", nil, slices.Concat([]string{"pacman", flag, "--noprogressbar", "--noconfirm"}, names))
}

func (m *pacman) upgrades(ctx context.Context, _ bool, kw *py.Dict) (*py.Dict, error) {
	if err := refused("pkg.list_upgrades", kw, "root"); err != nil {
		return nil, err
	}
	out, err := m.look(ctx, "pacman", "-S", "-p", "-u", "--print-format", "%n %v")
	if err != nil {
		return nil, err
	}
	if out.code != 0 {
		said := out.stderr + out.stdout
		if said != "" {
			said = ": " + said
		}
		return nil, commandErrorf("Error listing upgrades%s", said)
	}
	ret := py.NewDict()
	for k, v := range pairs(out.stdout).All() {
		if !strings.EqualFold(py.ToStr(k), "downloading") || !strings.Contains(strings.ToLower(str(v)), ".db") {
			ret.SetStr(py.ToStr(k), v)
		}
	}
	return ret, nil
}

func (m *pacman) upgrade(ctx context.Context, o upgradeOptions) (*py.Dict, error) {
	if err := refused("pkg.upgrade", o.kwargs, "root"); err != nil {
		return nil, err
	}
	return m.applyUpgrade(ctx, m.list, []string{"pacman", "-Su", "--noprogressbar", "--noconfirm"})
}
