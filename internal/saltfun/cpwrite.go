package saltfun

import (
	"encoding/base64"
	"fmt"
	"path"
	"slices"
	"strings"

	"pinch/internal/fileserver"
	"pinch/internal/fnmatch"
	"pinch/internal/py"
	"pinch/internal/pypath"
)

// The functions of Salt's module cp that put files of the tree on the host. A
// file goes there in pieces, by cp.recv_chunked. Without a host (off line) the
// functions only answer.

func cpWriteFuncs() []*function {
	const url = "path, dest='', saltenv=None, makedirs=False, source_hash=None, verify_ssl=True, use_etag=False"
	return []*function{
		parse("cp.get_file", "path, dest, saltenv=None, makedirs=False, template=None, gzip=None", cpGetFile),
		parse("cp.get_url", url, cpGetURL),
		parse("cp.get_template", "path, dest, template='jinja', saltenv=None, makedirs=False, **kwargs", cpGetTemplate),
		parse("cp.get_dir", "path, dest, saltenv=None, template=None, gzip=None", cpGetDir),
		parse("cp.cache_file", "path, saltenv=None, source_hash=None, verify_ssl=True, use_etag=False", func(c *call) (py.Value, error) {
			text, err := c.text("path")
			if err != nil {
				return nil, err
			}
			return c.cacheFile(text)
		}),
		parse("cp.cache_files", "paths, saltenv=None", cpCacheFiles),
		parse("cp.cache_dir", "path, saltenv=None, include_empty=False, include_pat=None, exclude_pat=None", cpCacheDir),
		parse("cp.cache_dest", "url, saltenv=None", func(c *call) (py.Value, error) {
			text, err := c.text("url")
			if err != nil {
				return nil, err
			}
			if !strings.HasPrefix(text, "salt://") {
				return nil, py.Errorf("CommandExecutionError", "cp.cache_dest: %s: only salt:// is supported", text)
			}
			name, env := fileserver.ParseURL(text)
			if env == "" {
				env = c.env("saltenv")
			}
			return py.Str(path.Join(c.h.CacheDir, "files", env, name)), nil
		}),
		parse("cp.cache_master", "saltenv=None", func(c *call) (py.Value, error) {
			env, out := c.env("saltenv"), py.NewList()
			for _, name := range c.h.Files.Files(env) {
				v, err := c.cacheFile("salt://" + name + "?saltenv=" + env)
				if err != nil {
					return nil, err
				}
				out.Append(v)
			}
			return out, nil
		}),
	}
}

// chunkSize is how much of a file one call carries.
const chunkSize = 512 << 10

// onHost says whether there is a host to write on.
func (h *Host) onHost() bool {
	k, ok := h.Caller.(Knower)
	return ok && k.Knows("cp.recv_chunked")
}

// send writes a file on the host. mode is 0 for the one that a new file gets.
func (c *call) send(dest string, raw []byte, mode int) error {
	if !c.h.onHost() {
		return nil
	}
	for at := 0; at == 0 || at < len(raw); at += chunkSize {
		part := raw[at:min(at+chunkSize, len(raw))]
		args := py.NewArgs(py.Str(dest), py.Str(base64.StdEncoding.EncodeToString(part)), py.Bool(at > 0), py.False)
		if mode != 0 {
			args.Pos = append(args.Pos, py.Int(mode))
		}
		v, err := c.h.Call(c.ctx, "cp.recv_chunked", args)
		if err != nil {
			return err
		}
		if v != py.Value(py.True) {
			return py.Errorf("CommandExecutionError", "%s: %s: %s", c.fn.name, dest, py.ToStr(v))
		}
	}
	return nil
}

// hostTest asks the host whether something is true of a path.
func (c *call) hostTest(fun, p string) (bool, error) {
	if !c.h.onHost() {
		return false, nil
	}
	v, err := c.h.Call(c.ctx, fun, py.NewArgs(py.Str(p)))
	return err == nil && py.IsTrue(v), err
}

// cacheFile puts a file of the tree where a minion keeps its copies, unless the
// same content lies there, and returns the path. A path of the host is its own
// copy. False means that the tree has no such file.
func (c *call) cacheFile(text string) (py.Value, error) {
	if strings.HasPrefix(text, "/") {
		return py.Str(text), nil
	}
	f, err := c.h.treePath(text, c.env("saltenv"))
	if err != nil {
		return nil, err
	}
	if f == nil {
		c.h.log("error", fmt.Sprintf("Unable to cache file '%s' from saltenv '%s'.", text, c.env("saltenv")))
		return py.False, nil
	}
	dest := c.h.CachePath(f)
	if !c.h.onHost() {
		return py.Str(dest), nil
	}
	there, err := c.hostTest("file.file_exists", dest)
	if err != nil {
		return nil, err
	}
	if there {
		v, err := c.h.Call(c.ctx, "file.get_hash", py.NewArgs(py.Str(dest), py.Str("sha256")))
		if err != nil {
			return nil, err
		}
		if sum, err := f.Hash("sha256"); err == nil && v == py.Value(py.Str(sum)) {
			return py.Str(dest), nil
		}
	}
	return py.Str(dest), c.sendFile(f, dest)
}

func (c *call) sendFile(f *fileserver.File, dest string) error {
	raw, err := f.Read()
	if err != nil {
		return fmt.Errorf("%s: %w", f.Path, err)
	}
	return c.send(dest, raw, 0)
}

// place is where a file named name goes: into dest when that is a directory.
// ok is false when the directory is missing and must not be made.
func (c *call) place(dest, name string) (final string, ok bool, err error) {
	if strings.HasSuffix(dest, "/") {
		dest = pypath.Join(dest, pypath.Base(name))
	} else if dir, err := c.hostTest("file.directory_exists", dest); err != nil {
		return "", false, err
	} else if dir {
		dest = pypath.Join(dest, pypath.Base(name))
	}
	if c.is("makedirs") || !c.h.onHost() {
		return dest, true, nil
	}
	there, err := c.hostTest("file.directory_exists", pypath.Dir(dest))
	return dest, there, err
}

func cpGetFile(c *call) (py.Value, error) {
	text, err := c.text("path")
	if err != nil {
		return nil, err
	}
	dest, err := c.text("dest")
	if err != nil {
		return nil, err
	}
	if c.is("template") {
		for _, s := range []*string{&text, &dest} {
			if *s, err = c.renderName(*s); err != nil {
				return nil, err
			}
		}
	}
	f, err := c.h.treePath(text, c.env("saltenv"))
	if err != nil {
		return nil, err
	}
	if f == nil {
		return py.Str(""), nil
	}
	final, ok, err := c.place(dest, f.Rel)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return py.False, nil
	}
	return py.Str(final), c.sendFile(f, final)
}

// renderName renders a path that is a template.
func (c *call) renderName(text string) (string, error) {
	if engine := py.ToStr(c.arg("template")); engine != "jinja" {
		return "", py.Errorf("CommandExecutionError", "Attempted to render file paths with unavailable engine %s", engine)
	}
	if c.h.Render == nil {
		return "", py.Errorf("CommandExecutionError", "%s cannot render here", c.fn.name)
	}
	v, err := c.h.Render(c.ctx, RenderRequest{Text: text, Pipe: "jinja", SaltEnv: c.env("saltenv")})
	return py.ToStr(py.OrNone(v)), err
}

// cpGetURL puts a file at dest, or in the cache; with dest=None it gives the
// text.
func cpGetURL(c *call) (py.Value, error) {
	text, err := c.text("path")
	if err != nil {
		return nil, err
	}
	dest, isText := c.arg("dest").(py.Str)
	switch {
	case strings.HasPrefix(text, "/"): // a file of the host is not copied
		return py.Str(text), nil
	case isText && dest == "":
		return c.cacheFile(text)
	}
	f, err := c.h.treePath(text, c.env("saltenv"))
	if err != nil {
		return nil, err
	}
	if f == nil {
		return py.False, nil
	}
	if !isText {
		return readText(f)
	}
	final, ok, err := c.place(string(dest), f.Rel)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return py.False, nil
	}
	return py.Str(final), c.sendFile(f, final)
}

func cpGetTemplate(c *call) (py.Value, error) {
	text, err := c.text("path")
	if err != nil {
		return nil, err
	}
	dest, err := c.text("dest")
	if err != nil {
		return nil, err
	}
	f, err := c.h.treePath(text, c.env("saltenv"))
	switch {
	case err != nil:
		return nil, err
	case f == nil:
		return py.Str(""), nil
	case c.h.Render == nil:
		return nil, py.Errorf("CommandExecutionError", "cp.get_template cannot render here")
	}
	if engine := py.ToStr(c.arg("template")); engine != "jinja" {
		return nil, py.Errorf("CommandExecutionError", "cp.get_template: the template engine %s is not supported (only jinja is)", engine)
	}
	raw, err := readText(f)
	if err != nil {
		return nil, err
	}
	v, err := c.h.Render(c.ctx, RenderRequest{Text: py.ToStr(raw), Pipe: "jinja", SaltEnv: c.env("saltenv"), Vars: c.kw})
	if err != nil {
		return nil, err
	}
	final, ok, err := c.place(dest, f.Rel)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return py.Str(""), nil
	}
	return py.Str(final), c.send(final, []byte(py.ToStr(v)), 0o600)
}

// dirFiles are the names of the files below a directory of the tree.
func (c *call) dirFiles(text string) (dir, env string, names []string, err error) {
	if !strings.HasPrefix(text, "salt://") {
		return "", "", nil, py.Errorf("CommandExecutionError", "%s: %s: only directories of the tree (salt://) are supported", c.fn.name, text)
	}
	dir, env = fileserver.ParseURL(text)
	if env == "" {
		env = c.env("saltenv")
	}
	dir = strings.TrimRight(dir, "/")
	for _, name := range c.h.Files.Files(env) {
		if strings.HasPrefix(name, dir+"/") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return dir, env, names, nil
}

func cpGetDir(c *call) (py.Value, error) {
	text, err := c.text("path")
	if err != nil {
		return nil, err
	}
	dest, err := c.text("dest")
	if err != nil {
		return nil, err
	}
	if c.is("template") {
		for _, s := range []*string{&text, &dest} {
			if *s, err = c.renderName(*s); err != nil {
				return nil, err
			}
		}
	}
	dir, env, names, err := c.dirFiles(text)
	if err != nil {
		return nil, err
	}
	up := len(dir) - len(pypath.Base(dir))
	out := py.NewList()
	for _, name := range names {
		f, ok := c.h.Files.Find(name, env)
		if !ok {
			continue
		}
		final := dest + "/" + name[up:]
		if err := c.sendFile(f, final); err != nil {
			return nil, err
		}
		out.Append(py.Str(final))
	}
	return out, nil
}

func cpCacheDir(c *call) (py.Value, error) {
	text, err := c.text("path")
	if err != nil {
		return nil, err
	}
	_, env, names, err := c.dirFiles(text)
	if err != nil {
		return nil, err
	}
	out := py.NewList()
	for _, name := range names {
		keep, err := c.patternsMeet(name)
		switch {
		case err != nil:
			return nil, err
		case !keep:
			continue
		}
		v, err := c.cacheFile("salt://" + name + "?saltenv=" + env)
		if err != nil {
			return nil, err
		}
		out.Append(v)
	}
	return out, nil
}

// patternsMeet holds include_pat and exclude_pat against a path: shell
// patterns, and regular expressions that begin with E@.
func (c *call) patternsMeet(name string) (bool, error) {
	fits := func(param string) (bool, error) {
		pat := py.ToStr(c.arg(param))
		if strings.HasPrefix(pat, "E@") {
			return false, py.Errorf("CommandExecutionError", "%s: %s: regular expressions (E@) are not supported", c.fn.name, param)
		}
		return fnmatch.Match(pat, name), nil
	}
	keep := true
	if c.is("include_pat") {
		in, err := fits("include_pat")
		if err != nil {
			return false, err
		}
		keep = in
	}
	if c.is("exclude_pat") {
		out, err := fits("exclude_pat")
		if err != nil {
			return false, err
		}
		keep = keep && !out
	}
	return keep, nil
}

func cpCacheFiles(c *call) (py.Value, error) {
	var urls []py.Value
	if s, ok := c.arg("paths").(py.Str); ok {
		for _, u := range strings.Split(string(s), ",") {
			urls = append(urls, py.Str(u))
		}
	} else {
		var err error
		if urls, err = py.Collect(c.arg("paths")); err != nil {
			return nil, err
		}
	}
	out := py.NewList()
	for _, u := range urls {
		v, err := c.cacheFile(py.ToStr(u))
		if err != nil {
			return nil, err
		}
		out.Append(v)
	}
	return out, nil
}
