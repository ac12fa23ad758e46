package pkg

import (
	"context"
	"slices"
	"strings"

	"pinch/internal/py"
)

const zypperLocks = "/etc/zypp/locks"

// locks reads zypper's locks: the version, which may be empty, by name.
func (m *zypper) locks() (names []string, versions map[string]string) {
	versions = map[string]string{}
	data, err := m.reader().ReadFile(zypperLocks)
	if err != nil {
		return nil, versions // no file, no locks
	}
	for block := range strings.SplitSeq(string(data), "\n\n") {
		lock := map[string]string{}
		for line := range strings.Lines(block) {
			if k, v, ok := strings.Cut(line, ":"); ok {
				lock[strings.TrimSpace(k)] = strings.TrimSpace(v)
			}
		}
		if n := lock["solvable_name"]; n != "" {
			names = append(names, n)
			versions[n] = strings.TrimLeft(lock["version"], "= ")
		}
	}
	return names, versions
}

func (m *zypper) holds(context.Context) ([]string, error) {
	names, _ := m.locks()
	return names, nil
}

func (m *zypper) lockVersion(name string) py.Value {
	if _, versions := m.locks(); versions[name] != "" {
		return py.Str(versions[name])
	}
	return py.None
}

func (m *zypper) hold(ctx context.Context, targets []string) (*py.Dict, error) {
	pkgs := make([]heldPkg, len(targets))
	for i, t := range targets {
		pkgs[i] = heldPkg{t, py.None}
	}
	return m.holdVersions(ctx, pkgs)
}

// holdVersions tells in test mode what it would do as done, as Salt does, which also
// does it.
func (m *zypper) holdVersions(ctx context.Context, targets []heldPkg) (*py.Dict, error) {
	held, _ := m.locks()
	ret := py.NewDict()
	var add []string
	for _, p := range targets {
		t := p.name
		if slices.Contains(held, t) {
			ret.SetStr(t, holdResult(t, nil, py.True, "Package "+t+" is already set to be held."))
			continue
		}
		word := t
		if py.IsTrue(p.version) {
			word += "=" + py.ToStr(p.version)
		}
		add = append(add, word)
		ret.SetStr(t, holdResult(t, py.DictOf("new", py.Str("hold"), "old", py.Str("")), py.True, "Package "+t+" is now being held."))
	}
	if len(add) > 0 && !m.c.Test {
		if _, err := m.call(ctx, false, slices.Concat([]string{"--no-refresh", "al"}, add)...); err != nil {
			return nil, err
		}
	}
	return ret, nil
}

func (m *zypper) unhold(ctx context.Context, targets []string) (*py.Dict, error) {
	held, versions := m.locks()
	ret := py.NewDict()
	var drop []string
	for _, t := range targets {
		if !slices.Contains(held, t) {
			ret.SetStr(t, holdResult(t, nil, py.True, "Package "+t+" was already unheld."))
			continue
		}
		word := t
		if v := versions[t]; v != "" {
			word += "=" + v
		}
		drop = append(drop, word)
		ret.SetStr(t, holdResult(t, py.DictOf("new", py.Str(""), "old", py.Str("hold")), py.True, "Package "+t+" is no longer held."))
	}
	if len(drop) > 0 && !m.c.Test {
		if _, err := m.call(ctx, false, slices.Concat([]string{"--no-refresh", "rl"}, drop)...); err != nil {
			return nil, err
		}
	}
	return ret, nil
}
