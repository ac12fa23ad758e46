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
func (m *commands) sourceFile(ctx context.Context, name, source, env string) (string, error) {
	if !isURL(source) {
		if !strings.HasPrefix(source, "/") {
			return "", modules.SaltInvocationError(fmt.Sprintf("Path %s for package %s is either not absolute or an invalid protocol", source, name))
		}
		return source, nil
	}
	file, err := m.cacheFile(ctx, source, env)
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
func (m *commands) cacheFile(ctx context.Context, source, env string) (string, error) {
	r := m.reader()
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
		return m.cacheTreeFile(ctx, source, env)
	case "http", "https":
		return m.cacheWebFile(ctx, u, env)
	}
	return "", modules.CommandExecutionError(fmt.Sprintf("%s: %s is not supported for packages: use salt, http, https or a path", source, u.Scheme))
}

// cacheDest returns where a file is kept below the cache; an error for a name
// that leads out of it.
func (m *commands) cacheDest(parts ...string) (string, error) {
	root := "/var/cache/salt/minion"
	if v, ok := m.c.Opts.GetStr("cachedir"); ok && py.IsTrue(v) {
		root = py.ToStr(v)
	}
	dest := path.Join(append([]string{root}, parts...)...)
	if !strings.HasPrefix(dest, root+"/") {
		return "", modules.CommandExecutionError(fmt.Sprintf("%s: leads out of the cache", path.Join(parts...)))
	}
	return dest, nil
}

func (m *commands) cacheTreeFile(ctx context.Context, source, env string) (string, error) {
	rel, _, _ := strings.Cut(strings.TrimPrefix(source, "salt://"), "?saltenv=")
	dest, err := m.cacheDest("files", env, rel)
	if err != nil {
		return "", err
	}
	have := ""
	if data, err := m.reader().ReadFile(dest); err == nil {
		sum := sha256.Sum256(data)
		have = hex.EncodeToString(sum[:])
	}
	if m.c.Chunk == nil {
		return m.cacheTreeText(ctx, source, env, dest)
	}
	info, err := m.c.Sources.Stat(ctx, source, have)
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
	if m.w == nil {
		return "", errNeedsWriter
	}
	f, err := m.c.Sources.Open(ctx, info)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // reading tells
	return dest, m.store(dest, f)
}

// cacheTreeText is for a call outside of a state, which has no files granted:
// the controller gives texts (keys, selections), not packages.
func (m *commands) cacheTreeText(ctx context.Context, source, env, dest string) (string, error) {
	v, err := m.c.Remote.Call(ctx, "cp.get_file_str", py.NewArgs(py.Str(source), py.Str(env)))
	if err != nil {
		return "", err
	}
	text, ok := v.(py.Str)
	if !ok {
		return "", nil
	}
	if m.w == nil {
		return "", errNeedsWriter
	}
	return dest, m.store(dest, strings.NewReader(string(text)))
}

func (m *commands) cacheWebFile(ctx context.Context, u *url.URL, env string) (string, error) {
	dest, err := m.cacheDest("extrn_files", env, u.Host, u.Path)
	if err != nil {
		return "", err
	}
	return modules.Remember(m.c.Memo, "pkg/fetched/"+u.String(), func() (string, error) {
		if m.w == nil {
			return "", errNeedsWriter
		}
		ctx, cancel := context.WithTimeout(ctx, downloadTimeout)
		defer cancel()
		body, err := fetchFile(ctx, m.c, u)
		if err != nil {
			return "", err
		}
		defer func() { _ = body.Close() }() // reading tells
		return dest, m.store(dest, body)
	})
}

func (m *commands) store(dest string, from io.Reader) error {
	if err := m.w.MkdirAll(path.Dir(dest), 0o755); err != nil {
		return err
	}
	// apt's own user reads it
	mode := fs.FileMode(0o644)
	return m.w.WriteFile(dest, from, host.WriteOptions{Mode: &mode})
}
