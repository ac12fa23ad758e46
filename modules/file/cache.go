package file

import "pinch/internal/saltcache"

// cacheDir is Salt's cachedir, where file.cached keeps what it fetched and
// `backup: minion` the old files.
func (o *op) cacheDir() string { return saltcache.Dir(o.Opts) }

// cacheDest is where Salt's minion keeps a copy of a URL, "" for a path or
// when the URL would lead out of the cache.
func (o *op) cacheDest(ref, env string) string { return saltcache.Path(o.Opts, ref, env) }

// cachedPath returns where a URL is cached already, "" when it is not.
func (o *op) cachedPath(ref string) string {
	if p := o.cacheDest(ref, o.env()); p != "" && exists(o, p) {
		return p
	}
	return ""
}
