package pkg

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"
	"time"

	"pinch/internal/py"
)

// packageFiles lists the package files below a directory: what there is of
// each version, by name and version. about reads one; nil is none.
func (m *commands) packageFiles(ctx context.Context, dir, ending string, about func(path string) (*packageFile, error)) (*py.Dict, error) {
	ret := py.NewDict()
	return ret, m.walkFiles(ctx, dir, ending, about, ret)
}

func (m *commands) walkFiles(ctx context.Context, dir, ending string, about func(path string) (*packageFile, error), ret *py.Dict) error {
	entries, err := m.reader().ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		p := path.Join(dir, e.Name())
		if e.IsDir() {
			if err := m.walkFiles(ctx, p, ending, about, ret); err != nil {
				return err
			}
			continue
		}
		if !strings.HasSuffix(p, ending) {
			continue
		}
		info, err := m.reader().Stat(p)
		if err != nil {
			return err
		}
		file, err := about(p)
		if err != nil {
			return err
		}
		if file == nil {
			continue
		}
		versions, ok := ret.Lookup(file.name).(*py.Dict)
		if !ok {
			versions = py.NewDict()
			ret.SetStr(file.name, versions)
		}
		at := info.ChgTime.UTC().Truncate(time.Second)
		versions.SetStr(file.version, py.DictOf(
			"path", py.Str(p),
			"size", py.Int(info.Size),
			"creation_date_time_t", py.Int(at.Unix()),
			"creation_date_time", py.Str(at.Format("2006-01-02T15:04:05")),
		))
	}
	return nil
}

// snapshot is what an installation is compared with, before and after: what is
// installed, or with downloadonly what is in the cache.
type snapshot struct {
	versions map[string][]string
	cache    *py.Dict // nil: what is installed
}

func takeSnapshot(ctx context.Context, m downloadManager, downloadOnly bool) (s snapshot, err error) {
	if !downloadOnly {
		s.versions, err = m.list(ctx, installed)
		return s, err
	}
	s.cache, err = m.downloaded(ctx, "")
	s.versions = map[string][]string{}
	for k, v := range s.cache.All() {
		s.versions[py.ToStr(k)] = keys(v.(*py.Dict))
	}
	return s, err
}

// changes are the differences, as {old, new} by name.
func (s snapshot) changes(now snapshot) (*py.Dict, error) {
	if s.cache == nil {
		return compare(stringify(s.versions), stringify(now.versions)), nil
	}
	ret := py.NewDict()
	for k, v := range now.cache.All() {
		old := s.cache.Lookup(py.ToStr(k))
		if old == nil {
			old = py.Str("")
		}
		if same, err := py.Equal(old, v); err != nil {
			return nil, err
		} else if !same {
			ret.SetStr(py.ToStr(k), py.DictOf("old", old, "new", v))
		}
	}
	for k, v := range s.cache.All() {
		if !now.cache.Has(py.ToStr(k)) {
			ret.SetStr(py.ToStr(k), py.DictOf("new", py.Str(""), "old", v))
		}
	}
	return ret, nil
}

// downloaded lists the package files in dnf's cache.
func (m *dnf) downloaded(ctx context.Context, root string) (*py.Dict, error) {
	return m.packageFiles(ctx, path.Join("/", root, "var/cache", m.program), ".rpm", func(p string) (*packageFile, error) { return m.fileInfo(ctx, p) })
}

// downloaded lists the package files in zypper's cache.
func (m *zypper) downloaded(ctx context.Context, root string) (*py.Dict, error) {
	return m.packageFiles(ctx, path.Join("/", root, "var/cache/zypp/packages"), ".rpm", func(p string) (*packageFile, error) { return m.fileInfo(ctx, p) })
}
