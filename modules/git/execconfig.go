package git

import (
	"context"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

const wantsCwd = "'cwd' argument required unless global=True"

// keyDir is where a function on git's configuration runs.
func (r *repo) keyDir(cwd string, global bool) (string, error) {
	if cwd == "" {
		if !global {
			return "", modules.SaltInvocationError(wantsCwd)
		}
		return "", nil
	}
	return r.expand(cwd), nil
}

// configFuncs are about git's configuration.
func configFuncs() []*modules.Func {
	match := func(name string) *modules.Func {
		return query(name, "Gives the keys that match, and their values.", func(ctx context.Context, c *modules.Call, a *configRegexArgs) (py.Value, error) {
			r := &repo{c: c, user: a.User, encoding: a.OutputEncoding}
			dir, err := r.keyDir(a.Cwd, a.Global)
			if err != nil {
				return nil, err
			}
			return valueOr(r.configMatches(ctx, dir, a.Key, a.ValueRegex, a.Global, a.IgnoreRetcode))
		})
	}
	return []*modules.Func{
		query("config_get", "Gives the value of a key, or None.", func(ctx context.Context, c *modules.Call, a *configGetArgs) (py.Value, error) {
			r := &repo{c: c, user: a.User, encoding: a.OutputEncoding}
			dir, err := r.keyDir(a.Cwd, a.Global)
			if err != nil {
				return nil, err
			}
			values, set, err := r.configGet(ctx, dir, a.Key, a.Global, a.IgnoreRetcode)
			switch {
			case err != nil:
				return nil, err
			case !set:
				return py.None, nil
			case a.All:
				return py.Strings(values...), nil
			case len(values) == 0:
				return py.Str(""), nil
			}
			return py.Str(values[len(values)-1]), nil
		}),
		match("config_get_regexp"),
		match("config_get_regex"),
		action("config_set", "Sets a key, and gives its values.", execConfigSet),
		action("config_unset", "Removes a key.", func(ctx context.Context, c *modules.Call, w host.Writer, a *unsetKeyArgs) (py.Value, error) {
			r := &repo{c: c, w: w, user: a.User, encoding: a.OutputEncoding}
			dir, err := r.keyDir(a.Cwd, a.Global)
			if err != nil {
				return nil, err
			}
			return py.True, r.configUnset(ctx, dir, a.Key, a.ValueRegex, a.Global, a.All, a.IgnoreRetcode)
		}),
	}
}

func execConfigSet(ctx context.Context, c *modules.Call, w host.Writer, a *setKeyArgs) (py.Value, error) {
	r := &repo{c: c, w: w, user: a.User, encoding: a.OutputEncoding}
	dir, err := r.keyDir(a.Cwd, a.Global)
	if err != nil {
		return nil, err
	}
	many := a.Multivar != py.Value(py.None)
	if a.Value != nil && many {
		return nil, modules.SaltInvocationError("Only one of 'value' and 'multivar' is permitted")
	}
	if a.Value == nil && !many {
		return nil, py.TypeErrorf("'NoneType' object is not iterable")
	}
	values := multivar(a.Multivar)
	if a.Value != nil {
		values = []string{*a.Value}
	}
	if err := r.configSet(ctx, dir, a.Key, values, a.Global, a.Add && a.Value != nil, a.IgnoreRetcode); err != nil {
		return nil, err
	}
	now, _, err := r.configGet(ctx, dir, a.Key, a.Global, a.IgnoreRetcode)
	if err != nil {
		return nil, err
	}
	return py.Strings(now...), nil
}
