package pkg

import (
	"context"
	"errors"
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/py"
	"pinch/modules"
)

// selection is a line of dpkg --get-selections.
type selection struct{ name, state string }

// selections reads dpkg's selections, once until something changes.
func (a *apt) selections(ctx context.Context) ([]selection, error) {
	return modules.Remember(a.c.Memo, "pkg/apt/selections", func() ([]selection, error) {
		out, err := a.look(ctx, "dpkg", "--get-selections", "*")
		if err != nil {
			return nil, err
		}
		return parseSelections(out.stdout), nil
	})
}

func parseSelections(text string) []selection {
	var out []selection
	for line := range strings.Lines(text) {
		if w := strings.Fields(line); len(w) == 2 {
			out = append(out, selection{w[0], w[1]})
		}
	}
	return out
}

// selectionsOf is pkg.get_selections: names by state, of the packages that a
// pattern matches ("" is all). A pattern without an architecture means any.
func selectionsOf(all []selection, pattern string) *py.Dict {
	ret := py.NewDict()
	for _, s := range all {
		name := s.name
		if !strings.Contains(pattern, ":") {
			name, _, _ = strings.Cut(name, ":")
		}
		if pattern != "" && pattern != s.name && !fnmatch.Match(pattern, name) {
			continue
		}
		if l, ok := ret.Lookup(s.state).(*py.List); ok {
			l.Append(py.Str(s.name))
		} else {
			ret.SetStr(s.state, py.NewList(py.Str(s.name)))
		}
	}
	return ret
}

func (a *apt) holds(ctx context.Context) ([]string, error) {
	all, err := a.selections(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, s := range all {
		if s.state == "hold" {
			out = append(out, s.name)
		}
	}
	return out, nil
}

func (a *apt) hold(ctx context.Context, targets []string) (*py.Dict, error) {
	ret := py.NewDict()
	for _, t := range targets {
		all, err := a.selections(ctx)
		if err != nil {
			return nil, err
		}
		if py.IsTrue(orEmpty(selectionsOf(all, t).Lookup("hold"))) {
			ret.SetStr(t, holdResult(t, nil, py.True, "Package "+t+" is already set to be held."))
			continue
		}
		one, err := a.selectOne(ctx, t, "hold", "Package "+t+" is set to be held.", "Package "+t+" is now being held.")
		if err != nil {
			return nil, err
		}
		ret.SetStr(t, one)
	}
	return ret, nil
}

func (a *apt) unhold(ctx context.Context, targets []string) (*py.Dict, error) {
	ret := py.NewDict()
	for _, t := range targets {
		all, err := a.selections(ctx)
		if err != nil {
			return nil, err
		}
		state := selectionsOf(all, t)
		switch {
		case state.Len() == 0:
			ret.SetStr(t, holdResult(t, nil, py.False, "Package "+t+" does not have a state."))
		case !state.Has("hold"):
			ret.SetStr(t, holdResult(t, nil, py.True, "Package "+t+" is already set not to be held."))
		default:
			one, err := a.selectOne(ctx, t, "install", "Package "+t+" is set not to be held.", "Package "+t+" is no longer being held.")
			if err != nil {
				return nil, err
			}
			ret.SetStr(t, one)
		}
	}
	return ret, nil
}

// selectOne sets a package's selection, or in test mode says that it would.
func (a *apt) selectOne(ctx context.Context, name, state, would, did string) (*py.Dict, error) {
	if a.c.Test {
		return holdResult(name, nil, py.None, would), nil
	}
	changes, err := a.setSelections(ctx, []selection{{name, state}})
	if err != nil {
		return nil, err
	}
	change, ok := changes.Lookup(name).(*py.Dict)
	if !ok {
		return nil, py.KeyError(py.Str(name))
	}
	return holdResult(name, change, py.True, did), nil
}

func holdResult(name string, changes *py.Dict, result py.Value, comment string) *py.Dict {
	if changes == nil {
		changes = py.NewDict()
	}
	return py.DictOf("name", py.Str(name), "changes", changes, "result", result, "comment", py.Str(comment))
}

// setSelections is pkg.set_selections: {old, new} by name of what was set.
func (a *apt) setSelections(ctx context.Context, want []selection) (*py.Dict, error) {
	all, err := a.selections(ctx)
	if err != nil {
		return nil, err
	}
	current := map[string]string{}
	for _, s := range all {
		current[s.name] = s.state
	}
	ret := py.NewDict()
	for _, s := range want {
		if current[s.name] == s.state {
			continue
		}
		if a.c.Test {
			continue
		}
		out, err := a.change(ctx, s.name+" "+s.state, nil, "dpkg", "--set-selections")
		if err != nil {
			return nil, err
		}
		if out.code != 0 {
			continue // the name is missing in what is returned
		}
		old := py.Value(py.None)
		if was, ok := current[s.name]; ok {
			old = py.Str(was)
		}
		ret.SetStr(s.name, py.DictOf("old", old, "new", py.Str(s.state)))
	}
	return ret, nil
}

// unpurge is lowpkg.unpurge: packages selected for purging get "install".
func (a *apt) unpurge(ctx context.Context, names []string) (*py.Dict, error) {
	if len(names) == 0 {
		return py.NewDict(), nil
	}
	if a.w == nil {
		return nil, errNeedsWriter
	}
	old, err := a.strings(ctx, purgeDesired)
	if err != nil {
		return nil, err
	}
	want := make([]string, len(names))
	for i, n := range names {
		want[i] = n + " install\n"
	}
	if _, err := a.change(ctx, strings.Join(want, ""), nil, "dpkg", "--set-selections"); err != nil {
		return nil, err
	}
	now, err := a.strings(ctx, purgeDesired)
	if err != nil {
		return nil, err
	}
	return compare(old, now), nil
}

func orEmpty(v py.Value) py.Value {
	if v == nil {
		return py.NewList()
	}
	return v
}

// isSaltError says whether an error is one of the two exceptions that
// Salt's states catch around a hold.
func isSaltError(err error) (msg string, ok bool) {
	if msg, ok := isCommandError(err); ok {
		return msg, true
	}
	var e *modules.Error
	if errors.As(err, &e) {
		return e.Msg, true
	}
	return "", false
}
