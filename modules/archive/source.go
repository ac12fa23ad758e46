package archive

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/saltcache"
	"pinch/modules"
	"pinch/states/low"
)

// owner is who what is extracted is to belong to; -1 leaves it.
type owner struct{ uid, gid int }

func (o owner) set() bool { return o.uid >= 0 || o.gid >= 0 }

func ownerOf(c host.Reader, a *extractedArgs) (o owner, problem string) {
	o = owner{-1, -1}
	if py.IsTrue(a.User) {
		s := py.ToStr(a.User)
		if u, ok := c.User(s); ok {
			o.uid = u.UID
		} else if n, ok := py.AsInt(a.User); ok {
			o.uid = int(n)
		} else {
			return o, fmt.Sprintf("User %s does not exist", s)
		}
	}
	if py.IsTrue(a.Group) {
		s := py.ToStr(a.Group)
		if g, ok := c.Group(s); ok {
			o.gid = g.GID
		} else if n, ok := py.AsInt(a.Group); ok {
			o.gid = int(n)
		} else {
			return o, fmt.Sprintf("Group %s does not exist", s)
		}
	}
	return o, ""
}

func (j *job) env() string {
	if env := j.c.Chunk.Env(); env != "" {
		return env
	}
	return "base"
}

// raised is the text of Salt's CommandExecutionError; ok is false for others.
func raised(err error) (text string, ok bool) {
	var e *modules.Error
	if errors.As(err, &e) && e.Class == "CommandExecutionError" {
		return e.Msg, true
	}
	return "", false
}

// chooseSource finds the archive among the sources. problem is Salt's comment.
func (j *job) chooseSource(ctx context.Context) (problem string, err error) {
	v := j.a.Source.Value
	if _, one := v.(py.Str); !one && v != nil {
		pair, err := j.c.Funcs.Call(ctx, "file.source_list", py.NewArgs(v, j.a.SourceHash, py.Str(j.env())))
		if text, ok := raised(err); ok {
			return text, nil
		}
		if err != nil {
			return "", err
		}
		if t, ok := pair.(py.Tuple); ok && len(t) > 0 {
			v = t[0]
		}
	}
	if v == nil || !py.IsTrue(v) {
		return fmt.Sprintf("Invalid source \"%s\"", py.ToStr(py.OrNone(j.a.Source.Value))), nil
	}
	j.source = py.ToStr(v)
	scheme, rest, isURL := strings.Cut(j.source, "://")
	if j.local = !isURL || strings.EqualFold(scheme, "file"); !j.local {
		return "", nil
	}
	file := j.source
	if isURL {
		file = rest
	}
	if file, err = host.Realpath(j.c, expandUser(j.c, file)); err != nil {
		return "", err
	}
	j.source, j.file = file, file
	if !isFile(j.c, file) {
		return fmt.Sprintf("Source file '%s' does not exist", redact(file)), nil
	}
	return "", nil
}

// expandUser is Python's os.path.expanduser.
func expandUser(c *modules.Call, p string) string {
	rest, ok := strings.CutPrefix(p, "~")
	if !ok {
		return p
	}
	name, tail, _ := strings.Cut(rest, "/")
	home := c.Getenv("HOME")
	if name != "" {
		u, ok := c.User(name)
		if !ok {
			return p
		}
		home = u.Home
	}
	return path.Join(home, tail)
}

// wantedSum finds what the archive must hash to.
func (j *job) wantedSum(ctx context.Context) (problem string, err error) {
	if !py.IsTrue(j.a.SourceHash) {
		return "", nil
	}
	args := py.NewArgs()
	for _, kv := range []py.KwArg{{Name: "source", Value: py.Str(j.source)}, {Name: "source_hash", Value: j.a.SourceHash}, {Name: "source_hash_name", Value: j.a.SourceHashName}, {Name: "saltenv", Value: py.Str(j.env())}} {
		args.Kw = append(args.Kw, kv)
	}
	v, err := j.c.Funcs.Call(ctx, "file.get_source_sum", args)
	if text, ok := raised(err); ok {
		return text, nil
	}
	if err != nil {
		return "", err
	}
	d, ok := v.(*py.Dict)
	if !ok {
		return "", fmt.Errorf("file.get_source_sum returned a %s", v.Type())
	}
	j.sum = d.String("hsum")
	return "", nil
}

// cache brings the archive into the minion's cache. failed is the end.
func (j *job) cache(ctx context.Context, w host.Writer) (failed *modules.Done, err error) {
	a := j.a
	data := py.DictOf("name", py.Str(j.source), "source_hash", a.SourceHash, "source_hash_name", a.SourceHashName, "skip_verify", py.Bool(a.SkipVerify),
		"saltenv", py.Str(j.env()), "use_etag", py.Bool(a.UseEtag))
	d, err := j.c.State(ctx, w, "file.cached", data)
	if err != nil {
		var salt *modules.Error
		if errors.As(err, &salt) {
			return &modules.Done{Result: low.False, Comment: fmt.Sprintf("Failed to cache %s: %s", redact(j.source), salt.Msg), Warnings: j.warnings}, nil
		}
		return nil, err
	}
	if d.Result != low.True {
		d.Name = j.source
		return &d, nil
	}
	if j.file = saltcache.Path(j.c.Opts, j.source, j.env()); j.file == "" || !exists(w, j.file) {
		return nil, fmt.Errorf("%s: it is not in the cache", redact(j.source))
	}
	return nil, nil
}

var hashes = map[int]func() hash.Hash{32: md5.New, 40: sha1.New, 56: sha256.New224, 64: sha256.New, 96: sha512.New384, 128: sha512.New}

// sumOf is the hash of a file, of the kind that has so many digits.
func sumOf(r host.Reader, file string, digits int) (string, error) {
	mk := hashes[digits]
	if mk == nil {
		return "", modules.CommandExecutionError(fmt.Sprintf("a hash of %d digits is not supported", digits))
	}
	f, err := r.Open(file)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // reading tells
	h := mk()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// sumFile is where Salt keeps the hash that an archive had the last time.
func (j *job) sumFile(archive string) string {
	dir := saltcache.Dir(j.c.Opts)
	rel, err := filepath.Rel(dir, archive)
	if err != nil || strings.HasPrefix(rel, "../") {
		rel = path.Join("local", strings.TrimLeft(archive, "/"))
		return path.Join(dir, "archive_hash", rel)
	}
	return path.Join(dir, "archive_hash", rel+".hash")
}

// kept is the hash that is kept for an archive, "" for none.
func (j *job) kept(archive string) string {
	data, err := j.c.ReadFile(j.sumFile(archive))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(data)) {
		if sum, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "sha256:"); ok {
			return sum
		}
	}
	return ""
}

// keptSum is kept for the source, be it in the cache or not.
func (j *job) keptSum() string {
	if j.local {
		return j.kept(j.file)
	}
	if p := saltcache.Path(j.c.Opts, j.source, j.env()); p != "" {
		return j.kept(p)
	}
	return ""
}

// checkUpdate compares the archive's hash with the kept one, and keeps the new
// one when w is given.
func (j *job) checkUpdate(w host.Writer) error {
	if j.previous = j.kept(j.file); !j.a.SourceHashUpdate {
		return nil
	}
	sum := j.previous
	if py.IsTrue(j.a.SourceHash) && !j.a.SkipVerify {
		var err error
		if sum, err = sumOf(j.c, j.file, 64); err != nil {
			return err
		}
	}
	j.updated = j.previous != "" && sum != j.previous
	if w == nil || j.c.Test || sum == "" || sum == j.previous {
		return nil
	}
	file := j.sumFile(j.file)
	if err := w.MkdirAll(path.Dir(file), 0o755); err != nil {
		return err
	}
	old, err := w.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var out bytes.Buffer
	for line := range strings.Lines(string(old)) {
		if !strings.HasPrefix(line, "sha256:") && strings.Contains(line, ":") {
			out.WriteString(line)
		}
	}
	out.WriteString("sha256:" + sum + "\n")
	mode := host.GoPerm(0o644)
	return w.WriteFile(file, &out, host.WriteOptions{Mode: &mode})
}
