package saltfun

import (
	"os"
	"strings"

	"pinch/internal/match"
	"pinch/internal/py"
	"pinch/internal/saltyaml"
)

// The functions of Salt's module sdb. Profiles are options (or keys of the
// options' pillar) that name a driver; env and yaml are known. Both are read on
// the controller: the environment is pinch's, the files lie beside the roster.

func sdbFuncs() []*function {
	// A URI that names no profile is answered with False, as Salt does.
	change := func(name, params string) *function {
		return parse(name, params, func(c *call) (py.Value, error) {
			_, _, profile, _ := c.h.sdbProfile(c.arg("uri"))
			if profile == nil {
				return py.False, nil
			}
			return nil, py.Errorf("CommandExecutionError", "%s: %s: while rendering nothing can be written to a database", name, py.ToStr(c.arg("uri")))
		})
	}
	return []*function{
		parse("sdb.get", "uri, strict=False", func(c *call) (py.Value, error) {
			return sdbGet(c.h, c.arg("uri"), c.is("strict"))
		}),
		change("sdb.set", "uri, value"),
		change("sdb.delete", "uri"),
		parse("sdb.get_or_set_hash", "uri, length=8, chars='abcdefghijklmnopqrstuvwxyz0123456789!@#$%^&*(-_=+)'", func(c *call) (py.Value, error) {
			if s, ok := c.arg("uri").(py.Str); !ok || !strings.HasPrefix(string(s), "sdb://") {
				return py.False, nil
			}
			v, err := sdbGet(c.h, c.arg("uri"), false)
			if err != nil || py.IsTrue(v) {
				return v, err
			}
			return nil, py.Errorf("CommandExecutionError", "sdb.get_or_set_hash: %s has no value, and while rendering none can be set", py.ToStr(c.arg("uri")))
		}),
	}
}

// sdbProfile takes a URI sdb://PROFILE/KEY apart. profile is nil when there is
// none with a driver; problem then is Salt's text.
func (h *Host) sdbProfile(v py.Value) (name, query string, profile *py.Dict, problem string) {
	s, ok := v.(py.Str)
	rest, found := strings.CutPrefix(string(s), "sdb://")
	if !ok || !found {
		return "", "", nil, `SDB uri must start with "sdb://"`
	}
	if name, query, _ = strings.Cut(rest, "/"); query == "" {
		return "", "", nil, "SDB uri must have a profile name as a first part of the uri before the /"
	}
	profile, _ = h.Opts.Lookup(name).(*py.Dict)
	if profile.Len() == 0 {
		own, _ := h.Opts.Lookup("pillar").(*py.Dict)
		profile, _ = own.Lookup(name).(*py.Dict)
	}
	if !profile.Has("driver") {
		return name, query, nil, `SDB profile "` + name + `" wasnt found in the minion configuration`
	}
	return name, query, profile, ""
}

// sdbGet resolves an sdb:// URI; other values are returned as they are.
func sdbGet(h *Host, v py.Value, strict bool) (py.Value, error) {
	_, query, profile, problem := h.sdbProfile(v)
	switch {
	case profile == nil && strict:
		return nil, py.Errorf("SaltInvocationError", "%s", problem)
	case profile == nil:
		return v, nil
	}
	switch driver := py.ToStr(profile.Lookup("driver")); driver {
	case "env":
		if h.Environ != nil {
			if val, ok := h.Environ(query); ok {
				return py.Str(val), nil
			}
		}
		return py.None, nil
	case "yaml":
		data, err := h.sdbYAML(profile)
		if err != nil {
			return nil, err
		}
		return match.Traverse(data, py.Str(query), py.None, match.DefaultDelimiter)
	default:
		return nil, py.Errorf("CommandExecutionError", "%s: sdb driver %s is not supported (env and yaml are)", py.ToStr(v), driver)
	}
}

// sdbYAML merges the files of a profile.
func (h *Host) sdbYAML(profile *py.Dict) (py.Value, error) {
	if py.IsTrue(py.OrNone(profile.Lookup("gpg"))) {
		return nil, py.Errorf("CommandExecutionError", "sdb driver yaml: gpg is not supported: use the gpg renderer in the pillar")
	}
	strategy, renderer, mergeLists := "smart", "yaml", false
	if how, ok := profile.Lookup("merge").(*py.Dict); ok {
		for k, v := range how.All() {
			switch py.ToStr(k) {
			case "strategy":
				strategy = py.ToStr(v)
			case "renderer":
				renderer = py.ToStr(v)
			case "merge_lists":
				mergeLists = py.IsTrue(v)
			default:
				return nil, py.TypeErrorf("merge() got an unexpected keyword argument '%s'", py.ToStr(k))
			}
		}
	}
	files, err := py.Collect(orList(profile.Lookup("files")))
	if err != nil {
		return nil, err
	}
	var data py.Value = py.NewDict()
	for _, f := range files {
		raw, err := os.ReadFile(py.ToStr(f))
		if err != nil {
			h.log("error", "File '"+py.ToStr(f)+"' not found")
			continue
		}
		next, err := saltyaml.Deserialize(string(raw))
		if err != nil {
			return nil, py.Errorf("DeserializationError", "%s", text(err))
		}
		merged, err := Merge(data, next, strategy, renderer, mergeLists)
		if err != nil {
			h.log("error", "Error deserializing sdb file '"+py.ToStr(f)+"': "+text(err))
			continue
		}
		data = merged
	}
	return data, nil
}

func orList(v py.Value) py.Value {
	if v == nil {
		return py.NewList()
	}
	return v
}
