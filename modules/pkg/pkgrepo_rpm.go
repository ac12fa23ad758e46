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

// nameRPM makes arguments of dnf and zypper of those of the state.
func (m *managing) nameRPM(on bool) {
	m.kw.SetStr("name", py.Str(m.a.Name))
	if _, ok := m.repoKeeper.(*dnf); ok && !py.IsNone(m.a.Copr) {
		m.name = "copr:" + py.ToStr(m.a.Copr)
	}
	if human, ok := m.kw.GetStr("humanname"); ok {
		m.kw.DeleteStr("humanname")
		m.kw.SetStr("name", human)
	}
	m.kw.SetStr("enabled", py.Bool(on))
}

// configuredRPM compares what is there with what is wanted, with dnf and
// zypper: an option that the repository does not have makes no difference
// unless it is a key, components or, where it cannot be taken for granted,
// whether the repository is enabled.
func (m *managing) configuredRPM(before, wanted *py.Dict) bool {
	_, isDNF := m.repoKeeper.(*dnf)
	for _, k := range keys(wanted) {
		want := wanted.Lookup(k)
		have, there := before.GetStr(k)
		var same bool
		switch {
		case !there && k == "enabled":
			same = isDNF && isTrue(want)
		case !there:
			same = k != "comps" && k != "key_url"
		case k == "comps", k == "key_url":
			same = sortedRunes(want) == sortedRunes(have)
		case k == "comments" && isDNF:
			same = rpmComments(have) == rpmComments(want)
		case k == "architectures" && py.IsTrue(want):
			same = sortedRunes(want) == sortedRunes(have)
		case isBool(have) || isBool(want):
			same = isTrue(have) == isTrue(want)
		default:
			same = py.ToStr(have) == py.ToStr(want)
		}
		if !same {
			return false
		}
	}
	return true
}

func isBool(v py.Value) bool {
	_, ok := v.(py.Bool)
	return ok
}

// sortedRunes has a list's items or a text's letters in order.
func sortedRunes(v py.Value) string {
	items := strings.Split(py.ToStr(v), "")
	if _, ok := v.(*py.List); ok {
		items = texts(v)
	}
	slices.Sort(items)
	return strings.Join(items, "\x00")
}

// rpmRepoAbsent is pkgrepo.absent with dnf and zypper.
func rpmRepoAbsent(ctx context.Context, c *modules.Call, m repoKeeper, a *repoAbsentArgs) (modules.Done, error) {
	name, kw := a.Name, clone(a.Extra)
	if _, isDNF := m.(*dnf); isDNF {
		if copr, ok := kw.GetStr("copr"); ok {
			kw.DeleteStr("copr")
			name = "copr:" + strings.TrimPrefix(py.ToStr(copr), "copr:")
		}
	}
	for _, k := range []string{"keyid", "keyid_ppa"} {
		if !py.IsNone(kw.Lookup(k)) {
			return modules.Failed("Repo key management is not implemented for this platform"), nil
		}
	}
	have, err := m.repo(name, kw)
	if err != nil {
		if msg, ok := isCommandError(err); ok {
			return modules.Failed(fmt.Sprintf("Failed to configure repo '%s': %s", name, msg)), nil
		}
		return modules.Done{}, err
	}
	if have.Len() == 0 {
		return modules.OK("Package repo "+name+" is absent", nil), nil
	}
	if c.Test {
		return modules.Done{Result: low.None, Comment: fmt.Sprintf("Package repo '%s' will be removed. %s", name, repoTestNote)}, nil
	}
	if _, err := m.dropRepo(ctx, name, kw); err != nil {
		if msg, ok := isSaltError(err); ok {
			return modules.Failed(msg), nil
		}
		return modules.Done{}, err
	}
	all, err := m.repos(py.NewDict())
	if err != nil {
		return modules.Done{}, err
	}
	if all.Has(name) {
		return modules.Failed("Failed to remove repo " + name), nil
	}
	return modules.OK("Removed repo "+name, py.DictOf("repo", py.Str(name))), nil
}
