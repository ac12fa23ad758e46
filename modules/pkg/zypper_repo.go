package pkg

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"pinch/internal/py"
	"pinch/internal/serialize"
)

const zypperRepos = "/etc/zypp/repos.d"

// config reads all .repo files as one.
func (m *zypper) config() (*serialize.INI, error) {
	entries, err := m.reader().ReadDir(zypperRepos)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	conf := &serialize.INI{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".repo") {
			continue
		}
		path := zypperRepos + "/" + e.Name()
		data, err := m.reader().ReadFile(path)
		if err != nil {
			return nil, err
		}
		if err := conf.Read(string(data), path, true); err != nil {
			return nil, err
		}
	}
	return conf, nil
}

// zypperRepo describes a repository: 0 and 1 are booleans, NONE is None.
func zypperRepo(conf *serialize.INI, alias string) (*py.Dict, error) {
	ret, err := conf.Items(alias)
	if err != nil || ret == nil {
		return py.NewDict(), err
	}
	ret.SetStr("alias", py.Str(alias))
	for _, k := range keys(ret) {
		switch ret.String(k) {
		case "0", "1":
			ret.SetStr(k, py.Bool(ret.String(k) == "1"))
		case "NONE":
			ret.SetStr(k, py.None)
		}
	}
	return ret, nil
}

func (m *zypper) repos(kw *py.Dict) (*py.Dict, error) {
	if err := refused("pkg.list_repos", kw, "root"); err != nil {
		return nil, err
	}
	conf, err := m.config()
	if err != nil {
		return nil, err
	}
	ret := py.NewDict()
	for _, alias := range conf.Sections() {
		repo, err := zypperRepo(conf, alias)
		if err != nil {
			return nil, err
		}
		ret.SetStr(alias, repo)
	}
	return ret, nil
}

func (m *zypper) repo(name string, kw *py.Dict) (*py.Dict, error) {
	if err := refused("pkg.get_repo", kw, "root"); err != nil {
		return nil, err
	}
	conf, err := m.config()
	if err != nil {
		return nil, err
	}
	return zypperRepo(conf, name)
}

func (m *zypper) dropRepo(ctx context.Context, name string, kw *py.Dict) (py.Value, error) {
	if err := refused("pkg.del_repo", kw, "root"); err != nil {
		return nil, err
	}
	for k := range kw.All() {
		if key := py.ToStr(k); key != "root" && !strings.HasPrefix(key, "__") {
			return nil, py.TypeErrorf("del_repo() got an unexpected keyword argument '%s'", key)
		}
	}
	if m.w == nil {
		return nil, errNeedsWriter
	}
	conf, err := m.config()
	if err != nil {
		return nil, err
	}
	if slices.Contains(conf.Sections(), name) {
		out, err := m.call(ctx, false, "--xmlout", "--no-refresh", "rr", "--loose-auth", "--loose-query", name)
		if err != nil {
			return nil, err
		}
		if msg := xmlText(out.stdout, "message"); msg != "" && strings.Contains(out.stdout, "<progress") {
			return py.DictOf(name, py.True, "message", py.Str(msg)), nil
		}
	}
	return nil, commandErrorf("Repository '%s' not found.", name)
}

// setRepo adds a repository with zypper, or adds it again where its URL has
// changed, and sets the options that are given.
func (m *zypper) setRepo(ctx context.Context, name, env string, aptKey bool, kw *py.Dict) (*py.Dict, error) {
	if err := refused("pkg.mod_repo", kw, "root"); err != nil {
		return nil, err
	}
	if m.w == nil {
		return nil, errNeedsWriter
	}
	conf, err := m.config()
	if err != nil {
		return nil, err
	}
	added := !slices.Contains(conf.Sections(), name)
	if added {
		if err := m.addRepo(ctx, conf, name, kw); err != nil {
			return nil, err
		}
		if conf, err = m.config(); err != nil {
			return nil, err
		}
		if !slices.Contains(conf.Sections(), name) {
			return nil, commandErrorf("Failed add new repository '%s' for unspecified reason. Please check zypper logs.", name)
		}
	}
	have, err := zypperRepo(conf, name)
	if err != nil {
		return nil, err
	}
	if url, ok := kw.GetStr("baseurl"); ok && !added {
		if same, err := py.Equal(url, py.OrNone(have.Lookup("baseurl"))); err != nil || !same {
			have.Update(kw)
			if !have.Has("cache") {
				have.SetStr("cache", py.False)
			}
			if _, err := m.dropRepo(ctx, name, py.NewDict()); err != nil {
				return nil, err
			}
			return m.setRepo(ctx, name, env, aptKey, have)
		}
	}
	comment, err := m.changeRepo(ctx, name, added, kw)
	if err != nil {
		return nil, err
	}
	m.forget()
	ret, err := m.repo(name, py.NewDict())
	if err == nil && comment != "" {
		ret.SetStr("comment", py.Str(comment))
	}
	return ret, err
}

// addRepo adds a repository, unless its URL has another alias already.
func (m *zypper) addRepo(ctx context.Context, conf *serialize.INI, name string, kw *py.Dict) error {
	url := ""
	for _, k := range []string{"url", "mirrorlist", "baseurl"} {
		if v, ok := kw.GetStr(k); ok {
			url = str(v)
			break
		}
	}
	if url == "" {
		return commandErrorf("Repository '%s' not found, and neither 'baseurl' nor 'mirrorlist' was specified", name)
	}
	if scheme, _, _ := urlParts(url); scheme == "" {
		return commandErrorf("Repository '%s' not found and URL for baseurl/mirrorlist is malformed", name)
	}
	for _, alias := range conf.Sections() {
		repo, err := zypperRepo(conf, alias)
		if err != nil {
			return err
		}
		if !repo.Has("baseurl") {
			return py.KeyError(py.Str("baseurl"))
		}
		if sameURL(url, repo.String("baseurl")) {
			return commandErrorf("Repository '%s' already exists as '%s'.", name, alias)
		}
	}
	_, err := m.call(ctx, false, "--xmlout", "--no-refresh", "ar", url, name)
	return err
}

// changeRepo sets a repository's options; the comment says that there were
// none to set.
func (m *zypper) changeRepo(ctx context.Context, name string, added bool, kw *py.Dict) (comment string, err error) {
	var argv []string
	for _, o := range [...][3]string{
		{"enabled", "--enable", "--disable"}, {"refresh", "--refresh", "--no-refresh"},
		{"cache", "--keep-packages", "--no-keep-packages"}, {"gpgcheck", "--gpgcheck", "--no-gpgcheck"},
	} {
		if v, ok := kw.GetStr(o[0]); ok && py.IsTrue(v) {
			argv = append(argv, o[1])
		} else if ok {
			argv = append(argv, o[2])
		}
	}
	if v, ok := kw.GetStr("priority"); ok {
		argv = append(argv, "--priority="+py.ToStr(v))
	}
	if v, ok := kw.GetStr("humanname"); ok {
		argv = append(argv, "--name='"+py.ToStr(v)+"'")
	}
	if v, ok := kw.GetStr("name"); ok {
		argv = append(argv, "--name", py.ToStr(v))
	}
	if len(argv) > 0 {
		if _, err := m.call(ctx, false, slices.Concat([]string{"--xmlout", "mr"}, argv, []string{name})...); err != nil {
			return "", err
		}
	}
	if kw.Lookup("gpgautoimport") == py.Value(py.True) {
		_, err := m.refresh(ctx, with(kw, "repos", py.Str(name)))
		return "", err
	}
	if !added && len(argv) == 0 {
		return "Specified arguments did not result in modification of repo", nil
	}
	return "", nil
}

// urlParts are a URL's scheme, its host and the rest, as Python's urlparse
// takes them apart. scheme is "" when there is none.
func urlParts(url string) (scheme, host, rest string) {
	scheme, rest, ok := strings.Cut(url, ":")
	if !ok || scheme == "" {
		return "", "", url
	}
	scheme = strings.ToLower(scheme)
	for i, c := range scheme {
		if (c < 'a' || c > 'z') && (i == 0 || !strings.ContainsRune("0123456789+-.", c)) {
			return "", "", url
		}
	}
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		i := strings.IndexAny(after, "/?#")
		if i < 0 {
			i = len(after)
		}
		host, rest = after[:i], after[i:]
	}
	return scheme, host, rest
}

// sameURL compares a URL that is to be added, whose path is / when it has none,
// with one that is there.
func sameURL(add, have string) bool {
	scheme, host, rest := urlParts(add)
	if rest == "" || rest[0] == '?' || rest[0] == '#' {
		rest = "/" + rest
	}
	s, h, r := urlParts(have)
	return s == scheme && h == host && r == rest
}
