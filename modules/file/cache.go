package file

import (
	"net/url"
	"path"
	"strings"

	"pinch/internal/py"
)

// cacheDir is Salt's cachedir, where file.cached keeps what it fetched and
// `backup: minion` the old files.
func (o *op) cacheDir() string {
	if v, ok := o.Opts.GetStr("cachedir"); ok && py.IsTrue(v) {
		return py.ToStr(v)
	}
	return "/var/cache/salt/minion"
}

// cacheDest is where Salt's minion keeps a copy of a URL, "" for a path or
// when the URL would lead out of the cache.
func (o *op) cacheDest(ref, env string) string {
	u, err := url.Parse(ref)
	if err != nil || u.Scheme == "" || u.Scheme == "file" {
		return ""
	}
	if u.Scheme == "salt" {
		rel := strings.TrimLeft(strings.TrimPrefix(ref, "salt://"), "|/")
		if i := strings.Index(rel, "?saltenv="); i >= 0 {
			rel, env = rel[:i], rel[i+len("?saltenv="):]
		}
		return within(path.Join(o.cacheDir(), "files", env), rel)
	}
	host := u.Host
	if u.Port() != "" {
		host = strings.ReplaceAll(host, ":", "")
	}
	name := u.Path
	if u.RawQuery != "" {
		name += "-" + u.RawQuery
	}
	return within(path.Join(o.cacheDir(), "extrn_files", env, host), name)
}

// within joins a path to a directory; "" when it leads out of it.
func within(dir, rel string) string {
	p := path.Join(dir, rel)
	if !strings.HasPrefix(p, dir+"/") {
		return ""
	}
	return p
}

// cachedPath returns where a URL is cached already, "" when it is not.
func (o *op) cachedPath(ref string) string {
	if p := o.cacheDest(ref, o.env()); p != "" && exists(o, p) {
		return p
	}
	return ""
}
