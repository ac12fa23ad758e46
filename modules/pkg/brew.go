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

// brew is Homebrew, the manager of macOS. It runs as the owner of its program.
type brew struct {
	commands
	program []string // with what makes it run as its owner
}

const brewListKey = "pkg/brew/list"

func newBrew(c *modules.Call, w host.Writer) manager {
	path := c.LookPath("brew")
	if prefix := c.Getenv("HOMEBREW_PREFIX"); prefix != "" {
		path = prefix + "/bin/brew"
	} else if path == "" {
		path = "/opt/homebrew/bin/brew"
	}
	fi, err := c.Stat(path)
	if err != nil {
		return nil
	}
	m := &brew{commands{c: c, w: w, learnt: []string{brewListKey}}, []string{path}}
	if fi.UID != c.Getuid() {
		if u, ok := c.UserID(fi.UID); ok {
			m.program = []string{"sudo", "-i", "-n", "-H", "-u", u.Name, "--", path}
		}
	}
	return m
}

func (m *brew) normalize(name string) string { return name }

func (m *brew) compare(a, b string, ignoreEpoch bool) (int, bool) {
	return pkgversion.Loose(a, b, ignoreEpoch)
}

// call runs brew; a failure is Salt's exception with the whole output.
func (m *brew) call(ctx context.Context, looks bool, args ...string) (output, error) {
	argv := slices.Concat(m.program, args)
	var out output
	var err error
	if looks {
		out, err = m.look(ctx, argv...)
	} else {
		out, err = m.change(ctx, "", nil, argv...)
	}
	if err == nil && out.code != 0 {
		err = &problem{msg: "Brew command failed", result: out.dict(), changes: py.NewDict()}
	}
	return out, err
}

// json runs brew and reads its answer.
func (m *brew) json(ctx context.Context, args ...string) (*py.Dict, error) {
	out, err := m.call(ctx, true, args...)
	if err != nil {
		return nil, err
	}
	v, err := py.DecodeJSON(out.stdout)
	if err != nil {
		return nil, commandErrorf(`unable to interpret output from "brew %s": %v`, args[0], err)
	}
	d, ok := v.(*py.Dict)
	if !ok {
		return nil, commandErrorf(`unable to interpret output from "brew %s": it is a %s`, args[0], v.Type())
	}
	return d, nil
}

// items are the mappings of a list.
func items(v py.Value) []*py.Dict {
	l, ok := v.(*py.List)
	if !ok {
		return nil
	}
	var out []*py.Dict
	for _, it := range l.Items {
		if d, ok := it.(*py.Dict); ok {
			out = append(out, d)
		}
	}
	return out
}

func (m *brew) list(ctx context.Context, kind listKind) (map[string][]string, error) {
	if kind != installed {
		return nil, nil
	}
	return modules.Remember(m.c.Memo, brewListKey, func() (map[string][]string, error) {
		info, err := m.json(ctx, "info", "--json=v2", "--installed")
		if err != nil {
			return nil, err
		}
		return brewInstalled(info), nil
	})
}

// brewInstalled are the versions by each name that a formula or a cask has.
func brewInstalled(info *py.Dict) map[string][]string {
	list := map[string][]string{}
	add := func(version string, names ...string) {
		for _, n := range names {
			if n != "" && !slices.Contains(list[n], version) {
				list[n] = append(list[n], version)
			}
		}
	}
	for _, f := range items(info.Lookup("formulae")) {
		for _, v := range items(f.Lookup("installed")) {
			add(v.String("version"), append(texts(f.Lookup("aliases")), f.String("name"), f.String("full_name"))...)
		}
	}
	for _, c := range items(info.Lookup("casks")) {
		tap := c.String("tap")
		if tap == "" {
			tap = "homebrew/cask"
		}
		add(c.String("installed"), c.String("full_token"), c.String("token"), tap+"/"+c.String("token"))
	}
	for _, versions := range list {
		slices.SortStableFunc(versions, func(a, b string) int {
			c, _ := pkgversion.Loose(a, b, false)
			return c
		})
	}
	return list
}

func (m *brew) latest(ctx context.Context, names []string, o latestOptions) (*candidates, error) {
	if o.refresh {
		if _, err := m.refresh(ctx, o.kwargs); err != nil {
			return nil, err
		}
	}
	info, err := m.json(ctx, slices.Concat([]string{"info", "--json=v2"}, texts(o.kwargs.Lookup("options")), names)...)
	if err != nil {
		return nil, err
	}
	ret := &candidates{version: py.NewDict(), names: slices.Clone(names)}
	for _, n := range names {
		ret.version.SetStr(n, py.Str(brewVersion(info, n)))
	}
	return ret, nil
}

// brewVersion is the newest version of a formula or a cask of that name.
func brewVersion(info *py.Dict, name string) string {
	for _, f := range items(info.Lookup("formulae")) {
		if name != f.String("name") && name != f.String("full_name") && !slices.Contains(texts(f.Lookup("aliases")), name) {
			continue
		}
		versions, ok := f.Lookup("versions").(*py.Dict)
		if !ok {
			return ""
		}
		version := versions.String("stable")
		if version == "" {
			version = versions.String("devel")
		}
		if n, _ := py.AsInt(py.OrNone(f.Lookup("revision"))); n >= 1 && py.IsTrue(py.OrNone(versions.Lookup("bottle"))) {
			version += "_" + py.ToStr(f.Lookup("revision"))
		}
		return version
	}
	for _, c := range items(info.Lookup("casks")) {
		if name == c.String("token") || name == c.String("full_token") {
			return c.String("version")
		}
	}
	return ""
}

func (m *brew) available(context.Context, []string, *py.Dict) (*py.Dict, error) {
	return nil, missing("pkg.list_repo_pkgs")
}

func (m *brew) refresh(ctx context.Context, _ *py.Dict) (py.Value, error) {
	if m.w == nil {
		return nil, errNeedsWriter
	}
	m.c.Memo.Drop(rtagKey)
	_, err := m.call(ctx, false, "update")
	return py.Bool(err == nil), err
}

func (m *brew) install(ctx context.Context, r *installRequest) (*py.Dict, error) {
	if m.w == nil {
		return nil, errNeedsWriter
	}
	old, err := m.list(ctx, installed)
	if err != nil {
		return nil, err
	}
	taps := texts(r.kwargs.Lookup("taps"))
	if s := str(r.kwargs.Lookup("taps")); taps == nil && s != "" {
		taps = []string{s}
	}
	if len(taps) > 0 {
		have, err := m.call(ctx, false, "tap")
		if err != nil {
			return nil, err
		}
		for _, t := range taps {
			if slices.Contains(strings.Fields(have.stdout), t) {
				continue
			}
			if _, err := m.call(ctx, false, "tap", t); err != nil {
				if _, salt := isCommandError(err); !salt {
					return nil, err
				} // the installation tells
			}
		}
	}
	argv := []string{"install"}
	if r.sources != nil {
		files, err := m.sourceFiles(ctx, r)
		if err != nil {
			return nil, err
		}
		argv = append(argv, files...)
	} else {
		argv = append(argv, keys(r.pkgs)...)
	}
	if _, err := m.call(ctx, false, append(argv, texts(r.kwargs.Lookup("options"))...)...); err != nil {
		return nil, err
	}
	return m.changed(ctx, old)
}

func (m *brew) changed(ctx context.Context, old map[string][]string) (*py.Dict, error) {
	now, err := m.list(ctx, installed)
	if err != nil {
		return nil, err
	}
	return compare(stringify(old), stringify(now)), nil
}

func (m *brew) uninstall(ctx context.Context, action string, targets *py.Dict, _ py.Value) (*py.Dict, error) {
	if action == "purge" {
		return nil, missing("pkg.purge")
	}
	names, err := installedOf(ctx, m.list, targets)
	if err != nil || len(names) == 0 {
		return py.NewDict(), err
	}
	old, err := m.list(ctx, installed)
	if err != nil {
		return nil, err
	}
	if _, err := m.call(ctx, false, append([]string{"uninstall"}, names...)...); err != nil {
		return nil, err
	}
	return m.changed(ctx, old)
}

func (m *brew) upgrades(ctx context.Context, _ bool, kw *py.Dict) (*py.Dict, error) {
	info, err := m.json(ctx, slices.Concat([]string{"outdated", "--json=v2"}, texts(kw.Lookup("options")))...)
	if err != nil {
		return nil, err
	}
	kinds := []string{"formulae"}
	if isTrue(kw.Lookup("include_casks")) {
		kinds = append(kinds, "casks")
	}
	ret := py.NewDict()
	for _, k := range kinds {
		for _, p := range items(info.Lookup(k)) {
			ret.SetStr(p.String("name"), py.Str(p.String("current_version")))
		}
	}
	return ret, nil
}

func (m *brew) upgrade(ctx context.Context, _ upgradeOptions) (*py.Dict, error) {
	return m.applyUpgrade(ctx, m.list, append(slices.Clone(m.program), "upgrade"))
}

func (m *brew) holds(ctx context.Context) ([]string, error) {
	out, err := m.call(ctx, true, "list", "--pinned")
	return strings.Fields(out.stdout), err
}

func (m *brew) hold(ctx context.Context, targets []string) (*py.Dict, error) {
	return m.pin(ctx, targets, "pin")
}

func (m *brew) unhold(ctx context.Context, targets []string) (*py.Dict, error) {
	return m.pin(ctx, targets, "unpin")
}

// pin holds or releases packages that are installed.
func (m *brew) pin(ctx context.Context, targets []string, verb string) (*py.Dict, error) {
	pinned, err := m.holds(ctx)
	if err != nil {
		return nil, err
	}
	have, err := m.list(ctx, installed)
	if err != nil {
		return nil, err
	}
	old, now, is, would, did, failed := "install", "hold", " is already set to be held.", " is set to be held.", " is now being held.", "Unable to hold package "
	if verb == "unpin" {
		old, now, is, would, did, failed = "hold", "install", " is already set not to be held.", " is set to be unheld.", " is no longer being held.", "Unable to unhold package "
	}
	ret := py.NewDict()
	for _, t := range targets {
		result := holdResult(t, nil, py.True, "Package "+t+is)
		switch {
		case len(have[t]) == 0:
			result = holdResult(t, nil, py.False, "Package "+t+" does not have a state.")
		case slices.Contains(pinned, t) == (verb == "pin"):
		case m.c.Test:
			result = holdResult(t, nil, py.None, "Package "+t+would)
		default:
			if _, err := m.call(ctx, false, verb, t); err == nil {
				result = holdResult(t, py.DictOf("old", py.Str(old), "new", py.Str(now)), py.True, "Package "+t+did)
			} else if _, salt := isCommandError(err); salt {
				result = holdResult(t, nil, py.False, failed+t+".")
			} else {
				return nil, err
			}
		}
		ret.SetStr(t, result)
	}
	return ret, nil
}
