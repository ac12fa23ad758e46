package pkg

import (
	"context"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/pkgversion"
	"pinch/internal/py"
	"pinch/modules"
)

// apk is the manager of Alpine Linux. Salt 3008 has none for it any more; this
// does as the module apkpkg of the releases before it did.
type apk struct{ commands }

const apkListKey = "pkg/apk/list"

func newAPK(c *modules.Call, w host.Writer) manager {
	if c.LookPath("apk") == "" {
		return nil
	}
	return &apk{commands{c: c, w: w, busy: "Unable to lock database", learnt: []string{apkListKey}}}
}

func (m *apk) normalize(name string) string { return name }

func (m *apk) compare(a, b string, ignoreEpoch bool) (int, bool) {
	return pkgversion.APK(a, b, ignoreEpoch)
}

// splitAPK splits NAME-VERSION-rN.
func splitAPK(s string) (name, version string, ok bool) {
	i := strings.LastIndexByte(s, '-')
	if i < 0 {
		return "", "", false
	}
	if j := strings.LastIndexByte(s[:i], '-'); j >= 0 && strings.HasPrefix(s[i:], "-r") {
		i = j
	}
	return s[:i], s[i+1:], i > 0
}

func (m *apk) list(ctx context.Context, kind listKind) (map[string][]string, error) {
	if kind != installed {
		return nil, nil
	}
	return modules.Remember(m.c.Memo, apkListKey, func() (map[string][]string, error) {
		out, err := m.look(ctx, "apk", "info", "-v")
		if err != nil {
			return nil, err
		}
		list := map[string][]string{}
		for line := range strings.Lines(out.stdout) {
			if name, version, ok := splitAPK(strings.TrimSpace(line)); ok && !strings.HasPrefix(line, "WARNING") {
				list[name] = append(list[name], version)
			}
		}
		return list, nil
	})
}

// latest asks for the newest version of each: "" where it is installed.
func (m *apk) latest(ctx context.Context, names []string, o latestOptions) (*candidates, error) {
	if o.refresh {
		if _, err := m.refresh(ctx, o.kwargs); err != nil {
			return nil, err
		}
	}
	have, err := m.list(ctx, installed)
	if err != nil {
		return nil, err
	}
	offered, err := m.available(ctx, names, o.kwargs)
	if err != nil {
		return nil, err
	}
	ret := &candidates{version: py.NewDict(), names: slices.Clone(names)}
	for _, n := range names {
		version := ""
		if all := texts(offered.Lookup(n)); len(all) > 0 && !slices.ContainsFunc(have[n], func(v string) bool {
			return holdsFor(v, ">=", all[0], false, m.compare)
		}) {
			version = all[0]
		}
		ret.version.SetStr(n, py.Str(version))
	}
	return ret, nil
}

// available reads apk policy: a heading for each package, the versions in its
// order, newest last, each with the repositories below it.
func (m *apk) available(ctx context.Context, names []string, _ *py.Dict) (*py.Dict, error) {
	out, err := m.look(ctx, append([]string{"apk", "policy"}, names...)...)
	if err != nil {
		return nil, err
	}
	return parseAPKPolicy(out.stdout), nil
}

func parseAPKPolicy(stdout string) *py.Dict {
	versions := map[string][]string{}
	ret := py.NewDict()
	name, version := "", ""
	for line := range strings.Lines(stdout) {
		line = strings.TrimRight(line, "\n")
		text := strings.TrimSpace(line)
		switch {
		case line != "" && line[0] != ' ' && strings.HasSuffix(line, " policy:"):
			name, version = strings.TrimSuffix(line, " policy:"), ""
		case strings.HasSuffix(text, ":"):
			version = strings.TrimSuffix(text, ":")
		case version != "" && text != "lib/apk/db/installed" && name != "":
			if !slices.Contains(versions[name], version) {
				versions[name] = append(versions[name], version)
				ret.SetStr(name, py.None)
			}
		}
	}
	for _, n := range keys(ret) {
		slices.SortStableFunc(versions[n], func(a, b string) int {
			c, _ := pkgversion.APK(b, a, false)
			return c
		})
		ret.SetStr(n, py.Strings(versions[n]...))
	}
	return ret
}

func (m *apk) refresh(ctx context.Context, _ *py.Dict) (py.Value, error) {
	if m.w == nil {
		return nil, errNeedsWriter
	}
	m.c.Memo.Drop(rtagKey)
	out, err := m.change(ctx, "", nil, "apk", "update")
	if err != nil {
		return nil, err
	}
	if out.code == 0 {
		return py.True, nil
	}
	return nil, &problem{msg: "Problem encountered installing package(s)", errors: []string{out.stderr}, changes: py.NewDict()}
}

func (m *apk) install(ctx context.Context, r *installRequest) (*py.Dict, error) {
	if m.w == nil {
		return nil, errNeedsWriter
	}
	if r.refresh {
		if _, err := m.refresh(ctx, r.kwargs); err != nil {
			return nil, err
		}
	}
	argv := []string{"apk", "add"}
	if r.sources != nil {
		files, err := m.sourceFiles(ctx, r)
		if err != nil {
			return nil, err
		}
		argv = slices.Concat(argv, []string{"--allow-untrusted"}, files)
	} else {
		for k, v := range r.pkgs.All() {
			argv = append(argv, wantedName(py.ToStr(k), v))
		}
	}
	return m.apply(ctx, m.list, "Problem encountered installing package(s)", nil, argv)
}

func (m *apk) uninstall(ctx context.Context, action string, targets *py.Dict, _ py.Value) (*py.Dict, error) {
	names, err := installedOf(ctx, m.list, targets)
	if err != nil || len(names) == 0 {
		return py.NewDict(), err
	}
	argv := []string{"apk", "del"}
	if action == "purge" {
		argv = append(argv, "--purge")
	}
	return m.apply(ctx, m.list, "Problem encountered removing package(s)", nil, slices.Concat(argv, names))
}

func (m *apk) upgrades(ctx context.Context, _ bool, _ *py.Dict) (*py.Dict, error) {
	out, err := m.look(ctx, "apk", "upgrade", "-s")
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
	for line := range strings.Lines(out.stdout) {
		// (1/2) Upgrading busybox (1.36.1-r0 -> 1.36.1-r5)
		if _, rest, ok := strings.Cut(line, "Upgrading "); ok {
			name, versions, _ := strings.Cut(rest, " (")
			if _, now, ok := strings.Cut(strings.TrimRight(versions, ")\n"), " -> "); ok {
				ret.SetStr(name, py.Str(now))
			}
		}
	}
	return ret, nil
}

func (m *apk) upgrade(ctx context.Context, _ upgradeOptions) (*py.Dict, error) {
	return m.applyUpgrade(ctx, m.list, []string{"apk", "upgrade"})
}
