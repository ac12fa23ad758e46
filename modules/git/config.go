package git

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/modules"
	"pinch/states/low"
)

type configSetArgs struct {
	Name           string        `arg:"name,required" doc:"The key, such as user.name."`
	Value          *string       `arg:"value" doc:"Its value."`
	Multivar       py.Value      `arg:"multivar" doc:"Its values: a list, or a text with commas."`
	Repo           *string       `arg:"repo" doc:"The repository whose configuration is meant."`
	User           string        `arg:"user" doc:"Who runs git."`
	Password       secret.String `arg:"password" doc:"Of the user, on Windows."`
	OutputEncoding string        `arg:"output_encoding" doc:"The encoding of what git prints; UTF-8 by default."`
	Global         bool          `arg:"global" default:"False" doc:"The user's own configuration is meant."`
	Extra          *py.Dict      `arg:"**"`
}

type configUnsetArgs struct {
	Name           string        `arg:"name,required" doc:"A regular expression for keys."`
	ValueRegex     *string       `arg:"value_regex" doc:"A regular expression for values."`
	Repo           *string       `arg:"repo" doc:"The repository whose configuration is meant."`
	User           string        `arg:"user" doc:"Who runs git."`
	Password       secret.String `arg:"password" doc:"Of the user, on Windows."`
	OutputEncoding string        `arg:"output_encoding" doc:"The encoding of what git prints; UTF-8 by default."`
	Global         bool          `arg:"global" default:"False" doc:"The user's own configuration is meant."`
	All            bool          `arg:"all" default:"False" doc:"Removes keys that have several values, too."`
	Extra          *py.Dict      `arg:"**"`
}

const wantsRepo = "Non-global config options require the 'repo' argument to be set"

// multivar reads a list of values.
func multivar(v py.Value) []string {
	var out []string
	switch v := v.(type) {
	case py.NoneType:
		return nil
	case *py.List:
		for _, it := range v.Items {
			out = append(out, py.ToStr(it))
		}
		return out
	}
	return strings.Split(py.ToStr(v), ",")
}

// configDir is where git config runs. Salt reads a relative path below the
// user's home; none with global.
func (r *repo) configDir(dir *string) string {
	if dir == nil || *dir == "" {
		return ""
	}
	return r.expand(*dir)
}

// setter is a run of git.config_set.
type setter struct {
	*outcome
	r *repo
	a *configSetArgs
}

func checkConfigSet(ctx context.Context, c *modules.Call, a *configSetArgs) (modules.Plan, error) {
	if a.Value != nil && a.Multivar != py.Value(py.None) {
		return modules.Fail("Only one of 'value' and 'multivar' is permitted"), nil
	}
	if msg := unknown(a.Extra); msg != "" {
		return modules.Fail(msg), nil
	}
	if !a.Global && (a.Repo == nil || *a.Repo == "") {
		return modules.Fail(wantsRepo), nil
	}
	if a.Value == nil && a.Multivar == py.Value(py.None) {
		return modules.Plan{}, &py.Error{Class: "UnboundLocalError", Msg: "cannot access local variable 'desired' where it is not associated with a value"}
	}
	s := &setter{outcome: newOutcome(c), r: &repo{c: c, user: a.User, encoding: a.OutputEncoding}, a: a}
	return plan(ctx, c, s.r, s.outcome, s)
}

func (s *setter) steps(ctx context.Context) error {
	a := s.a
	var want []string
	var shown string
	if a.Value != nil {
		want, shown = []string{*a.Value}, "'"+*a.Value+"'"
	} else {
		want = multivar(a.Multivar)
		shown = py.Repr(py.Strings(want...))
	}
	what, lower := "", ""
	if a.Global {
		what, lower = "Global key ", "global key "
	}
	dir := s.r.configDir(a.Repo)
	before, set, err := s.r.configGet(ctx, dir, a.Name, a.Global, true)
	if err != nil {
		return err
	}
	if set && slices.Equal(before, want) {
		return s.end(low.True, fmt.Sprintf("%s'%s' is already set to %s", what, a.Name, shown))
	}
	how, old := "set to", py.Value(py.Strings(before...))
	if !set {
		how, old = "added as", py.None
	}
	if s.test {
		s.changes.SetStr("old", old)
		s.changes.SetStr("new", py.Strings(want...))
		return s.neutral(fmt.Sprintf("%s'%s' would be %s %s", what, a.Name, how, shown))
	}
	if err := s.r.configSet(ctx, dir, a.Name, want, a.Global, false, false); err != nil {
		if !isCommandError(err) {
			return err
		}
		return s.failPlain(fmt.Sprintf("Failed to set %s'%s' to %s: %s", lower, a.Name, shown, said(err)))
	}
	after, isSet, err := s.r.configGet(ctx, dir, a.Name, a.Global, false)
	if err != nil {
		return err
	}
	if set != isSet || !slices.Equal(before, after) {
		now := py.Value(py.Strings(after...))
		if !isSet {
			now = py.None
		}
		s.changes.SetStr(a.Name, py.DictOf("old", old, "new", now))
	}
	if !isSet || !slices.Equal(after, want) {
		return s.failPlain(fmt.Sprintf("Failed to set %s'%s' to %s", lower, a.Name, shown))
	}
	return s.end(low.True, fmt.Sprintf("%s'%s' was %s %s", what, a.Name, how, shown))
}

// unsetter is a run of git.config_unset.
type unsetter struct {
	*outcome
	r *repo
	a *configUnsetArgs
}

func checkConfigUnset(ctx context.Context, c *modules.Call, a *configUnsetArgs) (modules.Plan, error) {
	if msg := unknown(a.Extra); msg != "" {
		return modules.Fail(msg), nil
	}
	if !a.Global && (a.Repo == nil || *a.Repo == "") {
		return modules.Fail(wantsRepo), nil
	}
	u := &unsetter{outcome: newOutcome(c), r: &repo{c: c, user: a.User, encoding: a.OutputEncoding}, a: a}
	return plan(ctx, c, u.r, u.outcome, u)
}

// listed shows keys with their values; several keeps those with more than one.
func listed(d *py.Dict, several bool) []string {
	var out []string
	for k, v := range d.All() {
		l := v.(*py.List)
		if several && l.Len() < 2 {
			continue
		}
		values := make([]string, l.Len())
		for i, it := range l.Items {
			values[i] = py.ToStr(it)
		}
		out = append(out, fmt.Sprintf("%s (%s)", py.ToStr(k), strings.Join(values, ", ")))
	}
	return out
}

func (u *unsetter) steps(ctx context.Context) error {
	a, dir := u.a, u.r.configDir(u.a.Repo)
	key := "^" + strings.TrimRight(strings.TrimLeft(a.Name, "^"), "$") + "$"
	matches := func(value *string) (*py.Dict, error) { return u.r.configMatches(ctx, dir, key, value, a.Global, true) }
	found, err := matches(a.ValueRegex)
	if err != nil {
		return err
	}
	if found.Len() == 0 {
		return u.end(low.True, "No matching keys are set")
	}
	if many := listed(found, true); len(many) > 0 && !a.All {
		if a.ValueRegex != nil {
			return u.failPlain("Multiple values are matched by value_regex for the following keys (set 'all' to True to force removal): " + strings.Join(many, "; "))
		}
		return u.failPlain("Multivar(s) matched by the key expression (set 'all' to True to force removal): " + strings.Join(many, "; "))
	}
	if u.test {
		u.changes = found
		return u.neutral(fmt.Sprintf("%d key(s) would have value(s) unset", found.Len()))
	}
	before := found
	if a.ValueRegex != nil {
		if before, err = matches(nil); err != nil {
			return err
		}
	}
	var failed []string
	for k := range found.All() {
		if err := u.r.configUnset(ctx, dir, a.Name, a.ValueRegex, a.Global, a.All, false); err != nil {
			if !isCommandError(err) {
				return err
			}
			failed = append(failed, py.ToStr(k))
		}
	}
	if len(failed) > 0 {
		return u.failPlain("Error(s) occurred unsetting values for the following keys (see the minion log for details): " + strings.Join(failed, ", "))
	}
	after, err := matches(nil)
	if err != nil {
		return err
	}
	for k, v := range before.All() {
		now, ok, err := after.Get(k)
		if err != nil {
			return err
		}
		if !ok {
			// Salt looks the key up again, and so fails when its last value is gone
			return py.KeyError(k)
		}
		var gone []py.Value
		for _, it := range v.(*py.List).Items {
			if has, err := py.Contains(now, it); err != nil {
				return err
			} else if !has {
				gone = append(gone, it)
			}
		}
		if len(gone) > 0 {
			u.changes.SetStr(py.ToStr(k), py.NewList(gone...))
		}
	}
	left := after
	if a.ValueRegex != nil {
		if left, err = matches(a.ValueRegex); err != nil {
			return err
		}
	}
	if rest := listed(left, false); len(rest) > 0 {
		return u.failPlain("Failed to unset value(s): " + strings.Join(rest, "; "))
	}
	return u.end(low.True, "Value(s) successfully unset")
}
