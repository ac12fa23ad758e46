package grains

import (
	"context"
	"path"
	"slices"
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/saltyaml"
)

// configDir is where a minion's configuration lies.
const configDir = "/etc/salt"

// custom adds the grains that somebody wrote for this host: those of
// /etc/salt/grains over Salt's own, and over both those of the key grains in
// /etc/salt/minion, minion.d/*.conf and what these include. A file that is no
// YAML mapping counts as empty, as in Salt.
func custom(_ context.Context, h host.Reader, g *py.Dict) error {
	g.Update(readYAML(h, configDir+"/grains", saltyaml.Deserialize)) // plain YAML: 0644 is 420
	config := readYAML(h, configDir+"/minion", saltyaml.Load)
	defaults := py.Value(py.Str("minion.d/*.conf"))
	if v, ok := config.GetStr("default_include"); ok {
		defaults = v
	}
	own := config.Lookup("grains")
	for _, include := range []py.Value{defaults, config.Lookup("include")} {
		more := included(h, include, configDir, 0)
		if v, ok := more.GetStr("grains"); ok {
			own = v // one file's mapping replaces the other's
		}
	}
	if d, ok := own.(*py.Dict); ok {
		g.Update(d)
	}
	return nil
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
			merge(out, d, 0)
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

// merge is Salt's dictupdate.update with merged lists.
func merge(into, from *py.Dict, depth int) {
	for k, v := range from.All() {
		old, has, err := into.Get(k)
		if err != nil {
			continue // no key of a mapping
		}
		if has && depth < 64 {
			switch o := old.(type) {
			case *py.Dict:
				if d, ok := v.(*py.Dict); ok {
					merge(o, d, depth+1)
					continue
				}
			case *py.List:
				if l, ok := v.(*py.List); ok {
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
