// Package saltcache tells where Salt's minion keeps its copies of files of the
// tree and of the web.
package saltcache

import (
	"net/url"
	"path"
	"strings"

	"pinch/internal/py"
)

// Dir is Salt's cachedir, of the options or the default.
func Dir(opts *py.Dict) string {
	if opts != nil {
		if v, ok := opts.GetStr("cachedir"); ok && py.IsTrue(v) {
			return py.ToStr(v)
		}
	}
	return "/var/cache/salt/minion"
}

// Path is where the copy of a URL lies for an environment, "" for a path or
// when the URL would lead out of the cache.
func Path(opts *py.Dict, ref, env string) string {
	if rel, ok := strings.CutPrefix(ref, "salt://"); ok {
		rel = strings.TrimLeft(rel, "|/")
		if i := strings.Index(rel, "?saltenv="); i >= 0 {
			rel, env = rel[:i], rel[i+len("?saltenv="):]
		}
		return within(path.Join(Dir(opts), "files", env), rel)
	}
	u, err := url.Parse(ref)
	if err != nil || u.Scheme == "" || u.Scheme == "file" {
		return ""
	}
	host := u.Host
	if u.Port() != "" {
		host = strings.ReplaceAll(host, ":", "")
	}
	name := u.Path
	if u.RawQuery != "" {
		name += "-" + u.RawQuery
	}
	return within(path.Join(Dir(opts), "extrn_files", env, host), name)
}

// within joins a path to a directory; "" when it leads out of it.
func within(dir, rel string) string {
	p := path.Join(dir, rel)
	if !strings.HasPrefix(p, dir+"/") {
		return ""
	}
	return p
}
