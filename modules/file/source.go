package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/modules"
)

// content is what a file is to hold, and where that comes from.
type content struct {
	source string // as the argument names it
	scheme string // "salt", "file", "http", ..., "" for a path
	path   string // where it lies on this host
	data   []byte // what is in memory
	inMem  bool
	info   *modules.SourceInfo // a file of the tree
	sum    checksum            // the hash that it must have, or has
	mode   uint32              // permission bits at its place
	remote bool                // its hash is to be checked after the download
}

// open returns the content. The caller closes it.
func (s *content) open(ctx context.Context, o *op) (io.ReadCloser, error) {
	switch {
	case s.inMem:
		return io.NopCloser(bytes.NewReader(s.data)), nil
	case s.info != nil:
		return o.Sources.Open(ctx, *s.info)
	}
	return o.Open(s.path)
}

// size returns the length of the content.
func (s *content) size(o *op) int64 {
	switch {
	case s.inMem:
		return int64(len(s.data))
	case s.info != nil:
		return s.info.Size
	}
	i, err := o.Stat(s.path)
	if err != nil {
		return 0 // opening it tells
	}
	return i.Size
}

// read returns the whole content; of a source of the tree it is kept, so that
// it is not asked for twice.
func (s *content) read(ctx context.Context, o *op) ([]byte, error) {
	if s.inMem {
		return s.data, nil
	}
	r, err := s.open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }() // reading tells
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	if s.info != nil && len(data) <= maxDiff {
		s.data, s.inMem = data, true
	}
	return data, nil
}

// hash returns the hash of the content.
func (s *content) hash(ctx context.Context, o *op, kind string) (string, error) {
	k, ok := hashNamed(kind)
	if !ok {
		return "", fmt.Errorf("invalid hash type: %s", kind)
	}
	r, err := s.open(ctx, o)
	if err != nil {
		return "", err
	}
	defer func() { _ = r.Close() }() // reading tells
	h := k.new()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// sourceArgs are the arguments that say where content comes from.
type sourceArgs struct {
	name                string // the file that it is for
	source              py.Value
	sourceHash          py.Value
	sourceHashName      string
	template            string
	context, defaults   *py.Dict
	extra               *py.Dict            // more for the template (accumulators)
	entry               *modules.SourceInfo // the source, where a list gave it
	skipVerify, useEtag bool
	verifyTLS           bool
}

// refOf returns the URL of an item of a source list, which may be a mapping of
// the URL to its hash.
func refOf(v py.Value) (ref string, hash py.Value, ok bool) {
	d, isDict := v.(*py.Dict)
	if !isDict {
		return py.ToStr(v), nil, true
	}
	if d.Len() != 1 {
		return "", nil, false
	}
	for k, h := range d.All() {
		ref, hash = py.ToStr(k), h
	}
	return ref, hash, true
}

// chooseSource takes of a list of sources the first that is there, and its
// hash (Salt's file.source_list).
func (o *op) chooseSource(ctx context.Context, a *sourceArgs) (source string, hash py.Value, err error) {
	l, isList := a.source.(*py.List)
	if !isList {
		if !given(a.source) {
			return "", a.sourceHash, nil
		}
		return py.ToStr(a.source), a.sourceHash, nil
	}
	for _, it := range l.Items {
		ref, h, ok := refOf(it)
		if !ok {
			continue
		}
		if h == nil || !py.IsTrue(h) {
			h = a.sourceHash
		}
		there, err := o.sourceExists(ctx, ref)
		if err != nil {
			return "", nil, err
		}
		if there {
			return ref, h, nil
		}
	}
	return "", nil, execError("none of the specified sources were found")
}

func (o *op) sourceExists(ctx context.Context, ref string) (bool, error) {
	switch scheme := schemeOf(ref); {
	case scheme == "salt" && o.Sources == nil:
		_, ok, err := o.treeText(ctx, ref, o.env())
		return ok, err
	case scheme == "salt":
		_, err := o.Sources.Stat(ctx, ref, "")
		var se *modules.SourceError
		if errors.As(err, &se) {
			return !se.Missing, nil // a source that does not render is there
		}
		return err == nil, err
	case scheme == "file":
		return exists(o, localPath(ref)), nil
	case isRemote(scheme):
		return o.remoteExists(ctx, ref), nil
	}
	return strings.HasPrefix(ref, "/") && exists(o, ref), nil
}

// localPath is the path of a file: URL.
func localPath(ref string) string {
	u, err := url.Parse(ref)
	if err != nil {
		return strings.TrimPrefix(ref, "file://")
	}
	return strings.TrimRight(pypath.Join(u.Host, u.Path), "/")
}

// resolve finds the content of a source (Salt's file.get_managed). have is the
// hash of what the host has, which spares the transfer of the same. problem
// says why there is none, in Salt's words; err is what Salt raises.
func (o *op) resolve(ctx context.Context, a *sourceArgs, source string, hash py.Value, have string) (c *content, problem string, err error) {
	scheme := schemeOf(source)
	switch scheme {
	case "salt", "file", "http", "https", "ftp", "s3", "swift":
	default:
		scheme = ""
	}
	c = &content{source: source, scheme: scheme}
	if a.template != "" && !isTemplate(a.template) && scheme != "salt" {
		return nil, fmt.Sprintf("Specified template format %s is not supported", a.template), nil
	}
	switch {
	case scheme == "salt":
		problem, err = o.resolveTree(ctx, a, c, have)
		return c, problem, err
	case isRemote(scheme):
		problem, err = o.resolveRemote(ctx, a, c, hash)
	default:
		problem, err = o.resolveLocal(ctx, a, c, hash)
	}
	if problem != "" || err != nil {
		return nil, problem, err
	}
	if a.template != "" {
		return nil, fmt.Sprintf("%s: a template that is not in the tree is not rendered: use a salt:// source, or contents", redact(source)), nil
	}
	return c, "", nil
}

func (o *op) resolveTree(ctx context.Context, a *sourceArgs, c *content, have string) (problem string, err error) {
	if o.Sources == nil { // an execution function, which is granted nothing
		data, ok, err := o.treeText(ctx, c.source, o.env())
		if err != nil {
			return "", err
		}
		if !ok {
			return fmt.Sprintf("Source file %s not found in saltenv '%s'", c.source, o.env()), nil
		}
		c.data, c.inMem, c.sum = data, true, checksum{"sha256", hashBytes(data, "sha256")}
		if a.template != "" {
			return o.renderHere(ctx, a, c)
		}
		return "", nil
	}
	var info modules.SourceInfo
	if a.entry != nil {
		info, err = o.Sources.StatEntry(ctx, *a.entry, have, a.extra)
	} else {
		info, err = o.Sources.StatWith(ctx, c.source, have, a.extra)
	}
	var se *modules.SourceError
	switch {
	case errors.As(err, &se) && se.Missing:
		return se.Comment, nil
	case se != nil && !isTemplate(orText(a.template, "jinja")):
		return fmt.Sprintf("Specified template format %s is not supported", a.template), nil
	case se != nil:
		return "", &modules.Error{Class: "SaltRenderError", Msg: se.Comment}
	}
	if err != nil {
		return "", err
	}
	if info.IsDir {
		return fmt.Sprintf("Source file %s not found in saltenv '%s'", c.source, o.env()), nil
	}
	c.info, c.mode, c.sum = &info, info.Mode, checksum{"sha256", info.Hash}
	if info.Same && c.sum.sum == "" {
		c.sum.sum = have
	}
	return "", nil
}

// env is the saltenv of the state.
func (o *op) env() string {
	if o.Chunk != nil && o.Chunk.Env() != "" {
		return o.Chunk.Env()
	}
	return "base"
}

func (o *op) resolveLocal(ctx context.Context, a *sourceArgs, c *content, hash py.Value) (problem string, err error) {
	c.path = c.source
	if c.scheme == "file" {
		c.path = localPath(c.source)
	}
	info, err := o.Stat(c.path)
	if err != nil {
		return fmt.Sprintf("Local file source %s does not exist", c.path), nil
	}
	c.mode = info.Perm()
	if !given(hash) {
		sum, err := fileHash(o, c.path, "sha256")
		if err != nil {
			return "", err
		}
		c.sum = checksum{"sha256", sum}
		return "", nil
	}
	if a.skipVerify {
		return "", nil
	}
	c.remote = !a.useEtag
	c.sum, problem, err = o.sourceSum(ctx, a, c.source, hash)
	return problem, err
}

func (o *op) resolveRemote(ctx context.Context, a *sourceArgs, c *content, hash py.Value) (problem string, err error) {
	if !a.skipVerify {
		switch {
		case given(hash):
			if c.sum, problem, err = o.sourceSum(ctx, a, c.source, hash); problem != "" || err != nil {
				return problem, err
			}
		case !a.useEtag || o.test: // Salt's test mode does not know use_etag
			return fmt.Sprintf("Unable to verify upstream hash of source file %s, please set source_hash or set skip_verify to True", redact(c.source)), nil
		}
	}
	c.remote = !a.skipVerify && !a.useEtag
	if p := o.cachedPath(c.source); p != "" {
		kind := c.sum.kind
		if kind == "" {
			kind = "sha256"
		}
		if sum, err := fileHash(o, p, kind); err == nil && (a.skipVerify || sum == c.sum.sum) {
			c.path, c.sum = p, checksum{kind, sum}
			return "", nil
		}
	}
	path, data, err := o.download(ctx, c.source, fetchOptions{verifyTLS: a.verifyTLS})
	if err != nil {
		return fmt.Sprintf("Failed to cache %s: %s", redact(c.source), raised(err)), nil
	}
	if path == a.name {
		return "", invokeError("Source file cannot be the same as destination")
	}
	c.path, c.data, c.inMem = path, data, path == ""
	if !c.sum.isSet() {
		sum, err := c.hash(ctx, o, "sha256")
		if err != nil {
			return "", err
		}
		c.sum = checksum{"sha256", sum}
	}
	return "", nil
}

// sourceSum reads source_hash: a hash, or a file of hashes on this host, in
// the tree or on the web. The problem is Salt's wording.
func (o *op) sourceSum(ctx context.Context, a *sourceArgs, source string, hash py.Value) (sum checksum, problem string, err error) {
	sum, err = o.readSum(ctx, a, source, hash)
	var me *modules.Error
	if errors.As(err, &me) && me.Class == "CommandExecutionError" {
		return sum, "Unable to manage file: " + me.Msg, nil
	}
	return sum, "", err
}

func (o *op) readSum(ctx context.Context, a *sourceArgs, source string, hash py.Value) (checksum, error) {
	text, isText := hash.(py.Str)
	if !isText {
		return checksum{}, invalidHash(py.ToStr(hash))
	}
	ref := string(text)
	var list []byte
	var err error
	switch scheme := schemeOf(ref); {
	case isAbs(ref):
		if list, err = o.ReadFile(ref); err != nil {
			return checksum{}, err
		}
	case scheme == "":
		return parseHash(ref)
	case scheme == "salt":
		c := &content{source: ref, scheme: scheme}
		b := &sourceArgs{name: a.name}
		problem, err := o.resolveTree(ctx, b, c, "")
		if problem != "" {
			return checksum{}, execError("Source hash file " + redact(ref) + " not found")
		}
		if err == nil {
			list, err = c.read(ctx, o)
		}
		if err != nil {
			return checksum{}, err
		}
	case scheme == "file":
		if list, err = o.ReadFile(localPath(ref)); err != nil {
			return checksum{}, execError("Source hash file " + redact(ref) + " not found")
		}
	case isRemote(scheme):
		path, data, err := o.download(ctx, ref, fetchOptions{verifyTLS: a.verifyTLS})
		if err != nil {
			return checksum{}, &modules.Error{Class: "MinionError", Msg: raised(err)}
		}
		if list = data; path != "" {
			if list, err = o.ReadFile(path); err != nil {
				return checksum{}, err
			}
		}
	default:
		return checksum{}, invalidHash(ref)
	}
	sum, ok := findHash(string(list), a.name, source, a.sourceHashName)
	if !ok {
		return checksum{}, invalidHash(ref)
	}
	return sum, nil
}

// isTemplate says whether Salt knows a template engine of that name.
func isTemplate(engine string) bool {
	switch engine {
	case "jinja", "mako", "py", "cheetah", "genshi", "wempy":
		return true
	}
	return false
}

// renderHere renders content that lies on this host, or in an argument, by the
// controller, where the template engine is.
func (o *op) renderHere(ctx context.Context, a *sourceArgs, c *content) (problem string, err error) {
	data, err := c.read(ctx, o)
	if err != nil {
		return "", err
	}
	out, err := o.render(ctx, string(data), a)
	if err != nil {
		return raised(err), nil
	}
	c.data, c.inMem, c.info = []byte(out), true, nil
	c.sum = checksum{"sha256", hashBytes(c.data, "sha256")}
	return "", nil
}

// render asks the controller to render a text (its function
// file.apply_template_on_contents, as Salt's).
func (o *op) render(ctx context.Context, text string, a *sourceArgs) (string, error) {
	if o.Remote == nil {
		return "", fmt.Errorf("template %s: no controller to render it", a.template)
	}
	vars := py.NewDict()
	for _, d := range []*py.Dict{a.defaults, a.context, a.extra} {
		if d != nil {
			vars.Update(d)
		}
	}
	v, err := o.Remote.Call(ctx, "file.apply_template_on_contents",
		py.NewArgs(py.Str(text), py.Str(a.template), vars, py.None, py.Str(o.env())))
	if err != nil {
		return "", err
	}
	if d, ok := v.(*py.Dict); ok {
		return "", execError(py.ToStr(d.Lookup("comment")))
	}
	return py.ToStr(v), nil
}

// hostWrite returns the options of a file that only pinch reads.
func hostWrite() host.WriteOptions { return host.WriteOptions{} }
