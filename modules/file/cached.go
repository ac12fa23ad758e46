package file

import (
	"context"
	"errors"
	"path"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type cachedArgs struct {
	Name           modules.Source `arg:"name,required" doc:"URL of the file, or a path on this host."`
	SourceHash     py.Value       `arg:"source_hash" default:"''" doc:"Hash of the file, or the URL or path of a file of hashes."`
	SourceHashName py.Value       `arg:"source_hash_name" doc:"Name to look for in the file of hashes."`
	SkipVerify     bool           `arg:"skip_verify" default:"False" doc:"Do not compare with a hash."`
	Saltenv        string         `arg:"saltenv" default:"'base'" doc:"Environment of the tree."`
	UseEtag        bool           `arg:"use_etag" default:"False" doc:"Fetch a web file without a hash."`
	SourceHashSig  py.Value       `arg:"source_hash_sig" doc:"Signature of the file of hashes; not supported."`
	SignedByAny    py.Value       `arg:"signed_by_any" doc:"Accepted signing keys; not supported."`
	SignedByAll    py.Value       `arg:"signed_by_all" doc:"Required signing keys; not supported."`
	Keyring        py.Value       `arg:"keyring" doc:"Keyring for signatures; not supported."`
	Gnupghome      py.Value       `arg:"gnupghome" doc:"GnuPG home for signatures; not supported."`
	SigBackend     py.Value       `arg:"sig_backend" default:"'gpg'" doc:"Module that checks signatures; not supported."`
}

const cachedDoc = "Keeps a copy of a file of the tree or the web in the minion's cache directory of the host.\n" +
	"```yaml\nsalt://app/app.tar.gz:\n  file.cached: []\n```"

func cached() *modules.Func {
	return modules.State[cachedArgs]{Name: "file.cached", Doc: cachedDoc,
		Check: func(ctx context.Context, c *modules.Call, a *cachedArgs) (modules.Plan, error) {
			return plan(ctx, c, func(ctx context.Context, o *op) (*ret, error) { return o.cached(ctx, a) })
		}}.Func()
}

func (o *op) cached(ctx context.Context, a *cachedArgs) (*ret, error) {
	name := py.ToStr(py.OrNone(a.Name.Value))
	r := newRet(name)
	if err := refuseSignatures("file.cached", map[string]py.Value{"source_hash_sig": a.SourceHashSig, "signed_by_any": a.SignedByAny, "signed_by_all": a.SignedByAll}); err != nil {
		return nil, err
	}
	scheme := schemeOf(name)
	if !a.SkipVerify && !given(a.SourceHash) && !a.UseEtag && isRemote(scheme) {
		return r.fail("Unable to verify upstream hash of source file " + redact(name) + ", please set source_hash or set skip_verify or use_etag to True"), nil
	}
	s := &sourceArgs{name: name, skipVerify: a.SkipVerify, useEtag: a.UseEtag, verifyTLS: true}
	if given(a.SourceHashName) {
		s.sourceHashName = py.ToStr(a.SourceHashName)
	}
	var sum checksum
	if given(a.SourceHash) {
		var err error
		if sum, err = o.readSum(ctx, s, name, a.SourceHash); err != nil {
			return r.fail(raised(err)), nil
		}
	}
	kind := orText(sum.kind, "sha256")
	copyAt := o.cachedIn(name, a.Saltenv)
	if o.test {
		r.comment = "File will be cached: " + name
		if copyAt != "" {
			r.comment = "No hash found. File will be cached: " + name
			if sum.isSet() {
				r.comment = "Hashes don't match.\nFile will be cached: " + name
				if have, err := fileHash(o, copyAt, "sha256"); err == nil && have == sum.sum {
					r.comment = "File already cached: " + name
				}
			}
		}
		r.result = low.None
		return r, nil
	}
	if scheme == "" || scheme == "file" {
		return o.cachedLocal(r, name, sum, a.SkipVerify), nil
	}
	before := ""
	if copyAt != "" {
		var err error
		if before, err = fileHash(o.w, copyAt, kind); err != nil {
			return r.fail(raised(err)), nil
		}
	}
	copyAt, problem := o.cacheFile(ctx, s, name, a.Saltenv, sum)
	if problem != "" {
		return r.fail(problem), nil
	}
	after, err := fileHash(o.w, copyAt, kind)
	if err != nil {
		return r.fail(raised(err)), nil
	}
	if before != after {
		r.change("hash", py.DictOf("old", py.OptStr(before), "new", py.Str(after)))
	}
	switch {
	case a.SkipVerify || !sum.isSet():
		return r.is(low.True, "File is cached to "+copyAt), nil
	case after == sum.sum:
		return r.is(low.True, "File is already cached to "+copyAt+" with hash "+after), nil
	}
	return r.fail("File is cached to " + copyAt + ", but the hash (" + after + ") does not match the specified hash (" + sum.sum + ")"), nil
}

// cachedIn returns where a URL is cached for an environment, "" when it is not.
func (o *op) cachedIn(ref, env string) string {
	if p := o.cacheDest(ref, env); p != "" && exists(o, p) {
		return p
	}
	return ""
}

func (o *op) cachedLocal(r *ret, name string, sum checksum, skipVerify bool) *ret {
	full := name
	if schemeOf(name) == "file" {
		full = localPath(name)
	}
	full = realPath(o.w, expandUser(o, full))
	if !exists(o.w, full) {
		return r.fail("File " + full + " is not present on the minion")
	}
	if skipVerify || !sum.isSet() {
		return r.is(low.True, "File "+full+" is present on the minion")
	}
	have, err := fileHash(o.w, full, sum.kind)
	if err != nil {
		return r.fail(raised(err))
	}
	if have != sum.sum {
		return r.fail("File " + full + " is present on the minion, but the hash (" + have + ") does not match the specified hash (" + sum.sum + ")")
	}
	return r.is(low.True, "File "+full+" is present on the minion and has hash "+have)
}

// cacheFile puts a file into the cache and returns its path (cp.cache_file).
func (o *op) cacheFile(ctx context.Context, s *sourceArgs, ref, env string, sum checksum) (at, problem string) {
	failed := "Failed to cache " + redact(ref) + ", check minion log for more information"
	dest := o.cacheDest(ref, env)
	if dest == "" {
		return "", "Failed to cache " + redact(ref) + ": the URL names no file below the cache"
	}
	have := o.haveHash(dest)
	c := &content{source: ref, scheme: schemeOf(ref)}
	if c.scheme == "salt" {
		var se *modules.SourceError
		problem, err := o.resolveTree(ctx, s, c, have)
		if problem != "" || errors.As(err, &se) {
			return "", failed
		}
		if err != nil {
			return "", raised(err)
		}
		if c.info.Same {
			return dest, ""
		}
	} else {
		if sum.isSet() && have != "" {
			if h, err := fileHash(o.w, dest, sum.kind); err == nil && h == sum.sum {
				return dest, ""
			}
		}
		p, data, err := o.download(ctx, ref, fetchOptions{verifyTLS: s.verifyTLS})
		if err != nil {
			return "", redact(raised(err))
		}
		c.path, c.data, c.inMem = p, data, p == ""
	}
	if err := o.w.MkdirAll(path.Dir(dest), 0o755); err != nil {
		return "", osError(err)
	}
	f, err := c.open(ctx, o)
	if err != nil {
		return "", raised(err)
	}
	defer func() { _ = f.Close() }() // reading tells
	if err := o.w.WriteFile(dest, f, host.WriteOptions{}); err != nil {
		return "", osError(err)
	}
	return dest, ""
}

type notCachedArgs struct {
	Name    string `arg:"name,required" doc:"URL of the file."`
	Saltenv string `arg:"saltenv" default:"'base'" doc:"Environment of the tree."`
}

const notCachedDoc = "Removes a file from the minion's cache directory of the host.\n" +
	"```yaml\nsalt://app/app.tar.gz:\n  file.not_cached: []\n```"

func notCached() *modules.Func {
	return modules.State[notCachedArgs]{Name: "file.not_cached", Doc: notCachedDoc,
		Check: func(ctx context.Context, c *modules.Call, a *notCachedArgs) (modules.Plan, error) {
			return plan(ctx, c, func(_ context.Context, o *op) (*ret, error) { return o.notCached(a), nil })
		}}.Func()
}

func (o *op) notCached(a *notCachedArgs) *ret {
	r := newRet(a.Name)
	if s := schemeOf(a.Name); s == "" || s == "file" {
		full := a.Name
		if s == "file" {
			full = localPath(a.Name)
		}
		return r.is(low.True, "File "+realPath(o.w, expandUser(o, full))+" is a local path, no action taken")
	}
	at := o.cachedIn(a.Name, a.Saltenv)
	switch {
	case at == "":
		return r.is(low.True, a.Name+" is not cached")
	case o.test: // Salt deletes it even then
		r.change("deleted", py.True)
		return r.is(low.None, at+" is set to be deleted")
	}
	if err := o.w.Remove(at); err != nil {
		return r.fail("Failed to delete " + at + ": " + osError(err))
	}
	r.change("deleted", py.True)
	return r.is(low.True, at+" was deleted")
}
