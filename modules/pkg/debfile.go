package pkg

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

func isURL(s string) bool {
	scheme, _, ok := strings.Cut(s, "://")
	return ok && slices.Contains([]string{"salt", "http", "https", "ftp", "swift", "s3", "file"}, strings.ToLower(scheme))
}

// sourceFile returns the path on the host of a package file that is named by a
// path or a URL.
func (a *apt) sourceFile(ctx context.Context, name, source, env string) (string, error) {
	if !isURL(source) {
		if !strings.HasPrefix(source, "/") {
			return "", modules.SaltInvocationError(fmt.Sprintf("Path %s for package %s is either not absolute or an invalid protocol", source, name))
		}
		return source, nil
	}
	file, err := a.cacheFile(ctx, source, env)
	if err != nil {
		return "", err
	}
	if file == "" {
		return "", modules.CommandExecutionError(fmt.Sprintf("Unable to cache source %s for package %s", source, name))
	}
	return file, nil
}

// cacheFile puts a file into the cache of the host and returns its path; ""
// when there is no such file. An error tells why it cannot be had.
func (a *apt) cacheFile(ctx context.Context, source, env string) (string, error) {
	r := a.reader()
	u, err := url.Parse(source)
	if err != nil {
		return "", modules.CommandExecutionError(fmt.Sprintf("%s: not a URL: %v", source, err))
	}
	switch u.Scheme {
	case "", "file":
		if _, err := r.Stat(u.Path); err != nil {
			return "", nil
		}
		return u.Path, nil
	case "salt":
		return a.cacheTreeFile(ctx, source, env)
	case "http", "https":
		return a.cacheWebFile(ctx, u, env)
	}
	return "", modules.CommandExecutionError(fmt.Sprintf("%s: %s is not supported for packages: use salt, http, https or a path", source, u.Scheme))
}

// cacheDest returns where a file is kept below the cache; an error for a name
// that leads out of it.
func (a *apt) cacheDest(parts ...string) (string, error) {
	root := "/var/cache/salt/minion"
	if v, ok := a.c.Opts.GetStr("cachedir"); ok && py.IsTrue(v) {
		root = py.ToStr(v)
	}
	dest := path.Join(append([]string{root}, parts...)...)
	if !strings.HasPrefix(dest, root+"/") {
		return "", modules.CommandExecutionError(fmt.Sprintf("%s: leads out of the cache", path.Join(parts...)))
	}
	return dest, nil
}

func (a *apt) cacheTreeFile(ctx context.Context, source, env string) (string, error) {
	rel, _, _ := strings.Cut(strings.TrimPrefix(source, "salt://"), "?saltenv=")
	dest, err := a.cacheDest("files", env, rel)
	if err != nil {
		return "", err
	}
	have := ""
	if data, err := a.reader().ReadFile(dest); err == nil {
		sum := sha256.Sum256(data)
		have = hex.EncodeToString(sum[:])
	}
	if a.c.Chunk == nil {
		return a.cacheTreeText(ctx, source, env, dest)
	}
	info, err := a.c.Sources.Stat(ctx, source, have)
	var missing *modules.SourceError
	if errors.As(err, &missing) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if info.Same {
		return dest, nil
	}
	if a.w == nil {
		return "", errNeedsWriter
	}
	f, err := a.c.Sources.Open(ctx, info)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // reading tells
	return dest, a.store(dest, f)
}

// cacheTreeText is for a call outside of a state, which has no files granted:
// the controller gives texts (keys, selections), not packages.
func (a *apt) cacheTreeText(ctx context.Context, source, env, dest string) (string, error) {
	v, err := a.c.Remote.Call(ctx, "cp.get_file_str", py.NewArgs(py.Str(source), py.Str(env)))
	if err != nil {
		return "", err
	}
	text, ok := v.(py.Str)
	if !ok {
		return "", nil
	}
	if a.w == nil {
		return "", errNeedsWriter
	}
	return dest, a.store(dest, strings.NewReader(string(text)))
}

func (a *apt) cacheWebFile(ctx context.Context, u *url.URL, env string) (string, error) {
	dest, err := a.cacheDest("extrn_files", env, u.Host, u.Path)
	if err != nil {
		return "", err
	}
	return modules.Remember(a.c.Memo, "pkg/fetched/"+u.String(), func() (string, error) {
		if a.w == nil {
			return "", errNeedsWriter
		}
		ctx, cancel := context.WithTimeout(ctx, downloadTimeout)
		defer cancel()
		body, err := fetchFile(ctx, a.c, u)
		if err != nil {
			return "", err
		}
		defer func() { _ = body.Close() }() // reading tells
		return dest, a.store(dest, body)
	})
}

func (a *apt) store(dest string, from io.Reader) error {
	if err := a.w.MkdirAll(path.Dir(dest), 0o755); err != nil {
		return err
	}
	// apt's own user reads it
	mode := fs.FileMode(0o644)
	return a.w.WriteFile(dest, from, host.WriteOptions{Mode: &mode})
}

// fileInfo reads name and version of a Debian package.
func (a *apt) fileInfo(ctx context.Context, file string) (*packageFile, error) {
	info, err := a.binInfo(ctx, file)
	if err != nil {
		return nil, err
	}
	return &packageFile{name: info.String("name"), version: info.String("version")}, nil
}

// binInfo is lowpkg.bin_pkg_info of a file on the host.
func (a *apt) binInfo(ctx context.Context, file string) (*py.Dict, error) {
	if _, err := a.reader().Stat(file); err != nil {
		return nil, modules.CommandExecutionError(file + " does not exist on minion")
	}
	out, err := a.look(ctx, "dpkg", "-I", file)
	if err != nil {
		return nil, err
	}
	if out.code != 0 {
		msg := "Unable to get info for " + file
		if out.stderr != "" {
			msg += ": " + out.stderr
		}
		return nil, modules.CommandExecutionError(msg)
	}
	ret := parseBinInfo(out.stdout)
	var missing []string
	for _, k := range []string{"name", "version", "arch"} {
		if !ret.Has(k) {
			missing = append(missing, k)
		}
	}
	if len(missing) > 0 {
		return nil, modules.CommandExecutionError("Unable to get " + joined(missing) + " for " + file)
	}
	osarch := grain(a.c, "osarch")
	if arch := ret.String("arch"); grain(a.c, "cpuarch") == "x86_64" && arch != "all" && osarch == "amd64" && osarch != arch {
		ret.SetStr("name", py.Str(ret.String("name")+":"+arch))
	}
	return ret, nil
}

func parseBinInfo(stdout string) *py.Dict {
	ret := py.NewDict()
	for line := range strings.Lines(stdout) {
		line = strings.TrimSpace(line)
		key, _, ok := strings.Cut(line, ":")
		w := strings.Fields(line)
		if !ok || len(w) == 0 {
			continue
		}
		last := py.Str(w[len(w)-1])
		switch strings.TrimRight(key, " ") {
		case "Package":
			ret.SetStr("name", last)
		case "Version":
			ret.SetStr("version", last)
		case "Architecture":
			ret.SetStr("arch", last)
		}
	}
	return ret
}

// downloaded lists the package files below apt's cache.
func (a *apt) downloaded(ctx context.Context, root string) (*py.Dict, error) {
	ret := py.NewDict()
	return ret, a.walkDebs(ctx, path.Join("/", root, "var/cache/apt"), ret)
}

func (a *apt) walkDebs(ctx context.Context, dir string, ret *py.Dict) error {
	entries, err := a.reader().ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		p := path.Join(dir, e.Name())
		if e.IsDir() {
			if err := a.walkDebs(ctx, p, ret); err != nil {
				return err
			}
			continue
		}
		if !strings.HasSuffix(p, ".deb") {
			continue
		}
		info, err := a.reader().Stat(p)
		if err != nil {
			return err
		}
		bin, err := a.binInfo(ctx, p)
		if err != nil {
			return err
		}
		name := bin.String("name")
		versions, ok := ret.Lookup(name).(*py.Dict)
		if !ok {
			versions = py.NewDict()
			ret.SetStr(name, versions)
		}
		at := info.ChgTime.UTC().Truncate(time.Second)
		versions.SetStr(bin.String("version"), py.DictOf(
			"path", py.Str(p),
			"size", py.Int(info.Size),
			"creation_date_time_t", py.Int(at.Unix()),
			"creation_date_time", py.Str(at.Format("2006-01-02T15:04:05")),
		))
	}
	return nil
}
