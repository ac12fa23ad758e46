package pkg

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/py"
	"pinch/modules"
)

// target is a package to be installed: what apt is told, and the name and
// version behind it. A nil version takes the candidate.
type target struct {
	name, word string
	version    *string
}

func (a *apt) install(ctx context.Context, r *installRequest) (*py.Dict, error) {
	refresh := r.refresh
	if refresh && r.pkgs != nil {
		var err error
		if refresh, err = a.needsIndex(ctx, r.pkgs); err != nil {
			return nil, err
		}
	}
	if d, ok := r.kwargs.GetStr("debconf"); ok && py.IsTrue(d) {
		if a.w == nil {
			return nil, errNeedsWriter
		}
		if _, err := a.c.Funcs.Call(ctx, "debconf.set_file", &py.Args{Pos: []py.Value{d}}); err != nil {
			return nil, err
		}
	}
	if a.w == nil {
		return nil, errNeedsWriter
	}
	targets, errs, err := a.targets(ctx, r)
	if err != nil {
		return nil, err
	}
	old, err := a.strings(ctx, installed)
	if err != nil {
		return nil, err
	}
	prefix := a.installCommand(r)
	var install, downgrade, again []string
	var names []string
	var reinstall []string
	for _, t := range targets {
		have := old[t.name]
		switch {
		case t.version == nil && r.sources == nil && r.reinstall && have != "",
			t.version != nil && r.reinstall && have != "" && holdsFor(*t.version, "==", have, false, a.compare):
			again, reinstall, names = append(again, t.word), append(reinstall, t.name), append(names, t.name)
		case t.version == nil || have == "" || holdsFor(*t.version, ">=", have, false, a.compare):
			install, names = append(install, t.word), append(names, strings.SplitN(t.word, "=", 2)[0])
		default:
			downgrade = append(downgrade, t.word)
		}
	}
	var cmds [][]string
	if len(install) > 0 {
		cmds = append(cmds, slices.Concat(prefix, install))
	}
	if len(downgrade) > 0 {
		p := slices.Clone(prefix)
		if r.sources == nil && !slices.Contains(p, "--force-yes") {
			p = slices.Insert(p, len(p)-1, "--force-yes")
		}
		cmds = append(cmds, slices.Concat(p, downgrade))
	}
	if n := len(cmds); r.downloadOnly && n > 0 {
		cmds[n-1] = append(cmds[n-1], "--download-only")
	}
	if len(again) > 0 {
		p := slices.Clone(prefix)
		if r.sources == nil {
			p = append(p, "--reinstall")
		}
		cmds = append(cmds, slices.Concat(p, again))
	}
	changes := py.NewDict()
	if len(cmds) > 0 {
		if refresh {
			if _, err := a.refresh(ctx, r.kwargs); err != nil {
				return nil, err
			}
		}
		more, err := a.runInstall(ctx, cmds, names, r.kwargs.Lookup("env"))
		if err != nil {
			return nil, err
		}
		errs = append(errs, more...)
		now, err := a.strings(ctx, installed)
		if err != nil {
			return nil, err
		}
		changes = compare(old, now)
		for _, n := range reinstall {
			if _, was := old[n]; was || !changes.Has(n) {
				changes.SetStr(n, py.DictOf("old", py.Str(old[n]), "new", py.Str(now[n])))
			}
		}
	}
	if len(errs) > 0 {
		return nil, &problem{msg: "Problem encountered installing package(s)", errors: errs, changes: changes}
	}
	return changes, nil
}

// needsIndex says whether the index files must be fetched: not when every
// package is asked for by the version that is the candidate now.
func (a *apt) needsIndex(ctx context.Context, pkgs *py.Dict) (bool, error) {
	for k, v := range pkgs.All() {
		if strings.ContainsAny(str(k), "*?[") {
			// apt would take it for a pattern and install all that match
			if _, err := a.latest(ctx, []string{str(k)}, latestOptions{kwargs: py.NewDict()}); err != nil {
				return false, err
			}
		}
		if py.IsNone(v) {
			return true, nil
		}
	}
	for k, v := range pkgs.All() {
		found, err := a.latest(ctx, []string{str(k)}, latestOptions{kwargs: py.DictOf("show_installed", py.True)})
		if err != nil {
			return false, err
		}
		if len(found.names) != 1 || found.of(found.names[0]) != str(v) {
			return true, nil
		}
	}
	return false, nil
}

// targets finds out what is to be given to apt.
func (a *apt) targets(ctx context.Context, r *installRequest) (out []target, errs []string, err error) {
	if r.sources != nil {
		for k, v := range r.sources.All() {
			file, err := a.sourceFile(ctx, str(k), str(v), r.env)
			var minion *modules.Error
			if errors.As(err, &minion) && minion.Class == "MinionError" {
				return nil, nil, modules.CommandExecutionError(minion.Msg)
			}
			if err != nil {
				return nil, nil, err
			}
			info, err := a.fileInfo(ctx, file)
			if err != nil {
				return nil, nil, err
			}
			if info == nil {
				return nil, nil, modules.CommandExecutionError("Unable to get info for package " + file + ": it is not a Debian package")
			}
			out = append(out, target{name: info.name, word: file, version: &info.version})
		}
		return out, nil, nil
	}
	var compared []string
	for k, v := range r.pkgs.All() {
		if s := str(v); strings.HasPrefix(s, "<") || strings.HasPrefix(s, ">") {
			compared = append(compared, str(k))
		}
	}
	offered := py.NewDict()
	if len(compared) > 0 {
		if offered, err = a.available(ctx, compared, r.kwargs); err != nil {
			return nil, nil, err
		}
	}
	for k, v := range r.pkgs.All() {
		t := target{name: str(k), word: str(k)}
		if !py.IsNone(v) {
			ver := strings.TrimLeft(str(v), "=")
			if slices.Contains(compared, t.name) {
				versions := texts(offered.Lookup(t.name))
				best, ok := matchVersion(ver, versions, r.ignoreEpoch, a.compare)
				if !ok {
					list := "None"
					if len(versions) > 0 {
						list = joined(versions)
					}
					errs = append(errs, "No version matching '"+t.name+ver+"' could be found (available: "+list+")")
					continue
				}
				ver = best
			}
			t.version, t.word = &ver, t.name+"="+ver
		}
		out = append(out, t)
	}
	return out, errs, nil
}

func (a *apt) installCommand(r *installRequest) []string {
	cmd := []string{"apt-get", "-q", "-y"}
	has := func(key string) (value, given bool) {
		v, ok := r.kwargs.GetStr(key)
		return ok && py.IsTrue(v), ok
	}
	if yes, _ := has("force_yes"); yes {
		cmd = append(cmd, "--force-yes")
	}
	if yes, _ := has("force_conf_new"); yes {
		cmd = append(cmd, "-o", "DPkg::Options::=--force-confnew")
	} else {
		cmd = append(cmd, "-o", "DPkg::Options::=--force-confold", "-o", "DPkg::Options::=--force-confdef")
	}
	if yes, given := has("install_recommends"); given && yes {
		cmd = append(cmd, "--install-recommends")
	} else if given {
		cmd = append(cmd, "--no-install-recommends")
	}
	if yes, _ := has("only_upgrade"); yes {
		cmd = append(cmd, "--only-upgrade")
	}
	if r.skipVerify {
		cmd = append(cmd, "--allow-unauthenticated")
	}
	from := r.fromrepo
	if from == "" {
		from = str(r.kwargs.Lookup("repo"))
	}
	if from != "" && r.sources == nil {
		cmd = append(cmd, "-t", from)
	}
	return append(cmd, "install")
}

// runInstall runs the commands; packages on hold are released for it.
func (a *apt) runInstall(ctx context.Context, cmds [][]string, names []string, env py.Value) (errs []string, err error) {
	held, err := a.holds(ctx)
	if err != nil {
		return nil, err
	}
	held = slices.DeleteFunc(held, func(h string) bool { return !slices.Contains(names, h) })
	if len(held) > 0 {
		if _, err := a.unhold(ctx, held); err != nil {
			return nil, err
		}
	}
	for _, cmd := range cmds {
		out, err := a.change(ctx, "", env, cmd...)
		if err != nil {
			return nil, err
		}
		if out.code != 0 && out.stderr != "" {
			errs = append(errs, out.stderr)
		}
	}
	if len(held) > 0 {
		if _, err := a.hold(ctx, held); err != nil {
			return nil, err
		}
	}
	return errs, nil
}

func (a *apt) uninstall(ctx context.Context, action string, targets *py.Dict, env py.Value) (*py.Dict, error) {
	old, err := a.strings(ctx, installed)
	if err != nil {
		return nil, err
	}
	oldRemoved, err := a.strings(ctx, removed)
	if err != nil {
		return nil, err
	}
	names := keys(targets)
	words, names := matchInstalled(old, names)
	if action == "purge" {
		more, _ := matchInstalled(oldRemoved, names)
		words = append(words, more...)
	}
	if len(words) == 0 {
		return py.NewDict(), nil
	}
	out, err := a.change(ctx, "", env, slices.Concat([]string{"apt-get", "-q", "-y", action}, words)...)
	if err != nil {
		return nil, err
	}
	now, err := a.strings(ctx, installed)
	if err != nil {
		return nil, err
	}
	changes := compare(old, now)
	if action == "purge" {
		nowRemoved, err := a.strings(ctx, removed)
		if err != nil {
			return nil, err
		}
		changes = py.DictOf("removed", compare(oldRemoved, nowRemoved), "installed", changes)
	}
	if out.code != 0 && out.stderr != "" {
		return nil, &problem{msg: "Problem encountered removing package(s)", errors: []string{out.stderr}, changes: changes}
	}
	return changes, nil
}

// matchInstalled returns the names that are there, and the names with their
// patterns replaced by what matches.
func matchInstalled(have map[string]string, names []string) (found, expanded []string) {
	var matches []string
	for _, n := range names {
		if !strings.Contains(n, "*") {
			expanded = append(expanded, n)
			continue
		}
		matches = fnmatch.Filter(slices.Values(slices.Sorted(maps.Keys(have))), n)
	}
	for _, m := range matches {
		if !slices.Contains(expanded, m) {
			expanded = append(expanded, m)
		}
	}
	for _, n := range expanded {
		if _, ok := have[n]; ok {
			found = append(found, n)
		}
	}
	return found, expanded
}

// strings is list with each package's versions joined.
func (a *apt) strings(ctx context.Context, kind listKind) (map[string]string, error) {
	lists, err := a.list(ctx, kind)
	if err != nil {
		return nil, err
	}
	return stringify(lists), nil
}

func stringify(lists map[string][]string) map[string]string {
	out := make(map[string]string, len(lists))
	for name, versions := range lists {
		out[name] = strings.Join(versions, ",")
	}
	return out
}

// compare is what changed between two lists, as {old, new} by name.
func compare(old, now map[string]string) *py.Dict {
	ret := py.NewDict()
	all := maps.Clone(old)
	maps.Copy(all, now)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		was, wasThere := old[name]
		is, isThere := now[name]
		switch {
		case !wasThere, isThere && was != is:
			ret.SetStr(name, py.DictOf("old", py.Str(was), "new", py.Str(is)))
		case !isThere:
			ret.SetStr(name, py.DictOf("new", py.Str(""), "old", py.Str(was)))
		}
	}
	return ret
}

func keys(d *py.Dict) []string {
	out := make([]string, 0, d.Len())
	for k := range d.All() {
		out = append(out, py.ToStr(k))
	}
	return out
}

func texts(v py.Value) []string {
	l, ok := v.(*py.List)
	if !ok {
		return nil
	}
	out := make([]string, len(l.Items))
	for i, it := range l.Items {
		out[i] = py.ToStr(it)
	}
	return out
}
