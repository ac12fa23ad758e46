package grains

import (
	"context"
	"path"
	"slices"
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pyre"
	"pinch/internal/saltyaml"
)

// configDir is where a minion's configuration lies.
const configDir = "/etc/salt"

// custom adds the grains that somebody wrote for this host: those of
// /etc/salt/grains over Salt's own, and over both those of the key grains in
// /etc/salt/minion, minion.d/*.conf and what these include. A file that is no
// YAML mapping counts as empty, as in Salt.
//
// Of the configuration, grains_deep_merge merges mappings in the place of
// replacing them, and grains_blacklist takes grains away that match a
// pattern; those of the key grains stay.
func custom(_ context.Context, h host.Reader, g *py.Dict) error {
	config := readYAML(h, configDir+"/minion", saltyaml.Load)
	defaults := py.Value(py.Str("minion.d/*.conf"))
	if v, ok := config.GetStr("default_include"); ok {
		defaults = v
	}
	for _, include := range []py.Value{defaults, config.Lookup("include")} {
		more := included(h, include, configDir, 0)
		for _, key := range []string{"grains", "grains_deep_merge", "grains_blacklist"} {
			if v, ok := more.GetStr(key); ok {
				config.SetStr(key, v) // one file's mapping replaces the other's
			}
		}
	}
	update := g.Update
	if config.Lookup("grains_deep_merge") == py.Value(py.True) {
		update = func(d *py.Dict) { merge(g, d, false, 0) }
	}
	update(readYAML(h, configDir+"/grains", saltyaml.Deserialize)) // plain YAML: 0644 is 420
	if l, ok := config.Lookup("grains_blacklist").(*py.List); ok {
		takeAway(g, l)
	}
	if d, ok := config.Lookup("grains").(*py.Dict); ok {
		update(d)
	}
	return nil
}

// takeAway removes the grains whose name matches a glob or a whole regular
// expression of the list. One that is no regular expression is a glob only.
func takeAway(g *py.Dict, blacklist *py.List) {
	for _, item := range blacklist.Items {
		expr, ok := item.(py.Str)
		if !ok {
			continue
		}
		re, err := pyre.Compile(`\A`+string(expr)+`\Z`, 0)
		for _, key := range g.Keys() {
			name := py.ToStr(key)
			found := fnmatch.Match(string(expr), name)
			if !found && err == nil {
				m, merr := re.Match(name)
				found = merr == nil && m != nil
			}
			if found {
				g.DeleteStr(name)
			}
		}
	}
}

// readYAML reads a file that holds a mapping; whatever else it holds is nothing.
func readYAML(h host.Reader, file string, load func(string) (py.Value, error)) *py.Dict {
	b, err := h.ReadFile(file)
	if err != nil {
		return py.NewDict()
	}
	v, err := load(string(b))
	if d, ok := v.(*py.Dict); ok && err == nil {
		return d
	}
	return py.NewDict()
}

// maxIncludes is how deep configuration files may include one another.
const maxIncludes = 16

// included merges the files that an include names: a pattern or a list of them,
// relative to dir.
func included(h host.Reader, include py.Value, dir string, depth int) *py.Dict {
	out := py.NewDict()
	var patterns []string
	switch v := include.(type) {
	case py.Str:
		patterns = []string{string(v)}
	case *py.List:
		for _, it := range v.Items {
			patterns = append(patterns, py.ToStr(it))
		}
	}
	for _, p := range patterns {
		if p == "" || depth > maxIncludes {
			continue
		}
		if !strings.HasPrefix(p, "/") {
			p = path.Join(dir, p)
		}
		for _, file := range glob(h, p) {
			d := readYAML(h, file, saltyaml.Load)
			if more := d.Lookup("include"); more != nil {
				d.Update(included(h, more, path.Dir(file), depth+1))
			}
			merge(out, d, true, 0)
		}
	}
	return out
}

// glob finds files by a pattern in the last element of a path, sorted.
func glob(h host.Reader, pattern string) []string {
	dir, last := path.Dir(pattern), path.Base(pattern)
	if !strings.ContainsAny(last, "*?[") {
		if _, err := h.Stat(pattern); err != nil {
			return nil
		}
		return []string{pattern}
	}
	entries, err := h.ReadDir(dir)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") == strings.HasPrefix(last, ".") && fnmatch.Match(last, e.Name()) {
			out = append(out, path.Join(dir, e.Name()))
		}
	}
	slices.Sort(out)
	return out
}

// merge is Salt's dictupdate.update; with lists those are joined, else replaced.
func merge(into, from *py.Dict, lists bool, depth int) {
	for k, v := range from.All() {
		old, has, err := into.Get(k)
		if err != nil {
			continue // no key of a mapping
		}
		if has && depth < 64 {
			switch o := old.(type) {
			case *py.Dict:
				if d, ok := v.(*py.Dict); ok {
					merge(o, d, lists, depth+1)
					continue
				}
			case *py.List:
				if l, ok := v.(*py.List); ok && lists {
					both := py.NewList(slices.Clone(o.Items)...)
					for _, it := range l.Items {
						if !slices.ContainsFunc(o.Items, func(x py.Value) bool { eq, err := py.Equal(x, it); return err == nil && eq }) {
							both.Append(it)
						}
					}
					v = both
				}
			}
		}
		_ = into.Set(k, v) // k is a key already
	}
}
