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

// configured compares what is there with what is wanted, with apt.
func (m *managing) configured(before, wanted *py.Dict) bool {
	for _, k := range keys(wanted) {
		have, want := before.Lookup(k), wanted.Lookup(k)
		switch {
		case k == "comps", k == "architectures" && py.IsTrue(want):
			x, y := texts(have), texts(want)
			slices.Sort(x)
			slices.Sort(y)
			if k == "architectures" {
				x, y = slices.Compact(x), slices.Compact(y)
			}
			if !slices.Equal(x, y) {
				return false
			}
		case k == "line":
			if wanted.Lookup("disabled") == py.Value(py.True) {
				continue
			}
			line, comment, _ := strings.Cut(before.String("line"), "#")
			if !slices.Equal(sortedWords(wanted.String("line")), sortedWords(line)) {
				return false
			}
			if v, ok := m.kw.GetStr("comments"); ok && combineComments(v) != strings.TrimSpace(comment) {
				return false
			}
		default:
			if py.ToStr(have) != py.ToStr(want) {
				return false
			}
		}
	}
	return true
}

// sortedWords are a line's words, those behind the third sorted.
func sortedWords(line string) []string {
	w := strings.Fields(line)
	if len(w) > 3 {
		slices.Sort(w[3:])
	}
	return w
}

func aptRepoAbsent(ctx context.Context, m *apt, a *repoAbsentArgs) (modules.Done, error) {
	name := a.Name
	if ppa, ok := a.Extra.GetStr("ppa"); ok && m.ubuntuLike() {
		name = "ppa:" + strings.TrimPrefix(py.ToStr(ppa), "ppa:")
	}
	done := func(result low.Tri, changes *py.Dict, comment string) (modules.Done, error) {
		d := modules.Done{Result: result, Comment: comment, Name: a.Name}
		if changes != nil {
			d.Changes = changes
		}
		return d, nil
	}
	auth := str(a.Extra.Lookup("ppa_auth"))
	stripped := stripURI(name)
	have, err := m.getRepo(stripped, auth)
	if err != nil {
		if msg, ok := isCommandError(err); ok {
			return done(low.False, nil, fmt.Sprintf("Failed to configure repo '%s': %s", name, msg))
		}
		return modules.Done{}, err
	}
	if have.Len() > 0 {
		want, err := splitRepo(stripped)
		if err != nil {
			return modules.Done{}, err
		}
		if !sameWords(want.archs, texts(have.Lookup("architectures"))) {
			have = py.NewDict()
		}
	}
	if have.Len() == 0 {
		return done(low.True, nil, "Package repo "+name+" is absent")
	}
	if m.c.Test {
		return done(low.None, nil, fmt.Sprintf("Package repo '%s' will be removed. %s", name, repoTestNote))
	}
	if _, err := m.delRepo(ctx, stripped, auth); err != nil {
		if msg, ok := isSaltError(err); ok {
			return done(low.False, nil, msg)
		}
		return modules.Done{}, err
	}
	changes := py.DictOf("repo", py.Str(name))
	comment := "Removed repo " + name
	id, ppaKey := a.Extra.Lookup("keyid"), a.Extra.Lookup("keyid_ppa")
	if py.IsNone(id) && py.IsNone(ppaKey) {
		return done(low.True, changes, comment)
	}
	removed, err := m.removeKey(ctx, stripped, a.Extra)
	if err != nil {
		if msg, ok := isSaltError(err); ok {
			return done(low.False, changes, comment+", but failed to remove key: "+msg)
		}
		return modules.Done{}, err
	}
	changes.SetStr("keyid", removed)
	return done(low.True, changes, comment+", and keyid "+py.ToStr(removed))
}

// removeKey is pkg.del_repo_key with its keyword arguments.
func (a *apt) removeKey(ctx context.Context, name string, kw *py.Dict) (py.Value, error) {
	id := ""
	if v, ok := kw.GetStr("keyid_ppa"); ok && py.IsTrue(v) {
		rest, isPPA := strings.CutPrefix(name, "ppa:")
		owner, archive, ok := strings.Cut(rest, "/")
		if !isPPA || !ok {
			return nil, modules.SaltInvocationError("keyid_ppa requires that a PPA be passed")
		}
		fingerprint, _, err := ppaInfo(ctx, a.c, owner, archive)
		if err != nil {
			return nil, modules.CommandExecutionError(err.Error())
		}
		id = fingerprint[max(0, len(fingerprint)-8):]
	} else if v, ok := kw.GetStr("keyid"); ok {
		id = keyID(v)
	} else {
		return nil, modules.SaltInvocationError("keyid or keyid_ppa and PPA name must be passed")
	}
	aptKey := true
	if v, ok := kw.GetStr("aptkey"); ok {
		aptKey = py.IsTrue(v)
	}
	return a.delKey(ctx, id, aptKey, str(kw.Lookup("keydir")))
}

// sameWords compares two lists as sets.
func sameWords(a, b []string) bool {
	x, y := slices.Compact(slices.Sorted(slices.Values(a))), slices.Compact(slices.Sorted(slices.Values(b)))
	return slices.Equal(x, y)
}
