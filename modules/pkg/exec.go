package pkg

import (
	"context"
	"maps"
	"slices"
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type namesArgs struct {
	Names []py.Value `arg:"*"`
	Extra *py.Dict   `arg:"**"`
}

type nameArgs struct {
	Name  string   `arg:"name,required" doc:"The package."`
	Extra *py.Dict `arg:"**"`
}

type listPkgsArgs struct {
	VersionsAsList py.Value `arg:"versions_as_list" default:"False" doc:"Give each package's versions as a list."`
	Removed        py.Value `arg:"removed" default:"False" doc:"List packages that are removed and not purged."`
	PurgeDesired   py.Value `arg:"purge_desired" default:"False" doc:"List packages that are installed and selected for purging."`
	Extra          *py.Dict `arg:"**"`
}

type versionCmpArgs struct {
	Pkg1        py.Value `arg:"pkg1,required" doc:"A version."`
	Pkg2        py.Value `arg:"pkg2,required" doc:"Another version."`
	IgnoreEpoch bool     `arg:"ignore_epoch" default:"False" doc:"Compare them without their epochs."`
	Extra       *py.Dict `arg:"**"`
}

type selectionsArgs struct {
	Pattern py.Value `arg:"pattern" doc:"Pattern for names."`
	State   py.Value `arg:"state" doc:"Only this selection."`
}

// query declares a function that only looks, for every manager.
func query[A any](name, doc string, fn func(ctx context.Context, c *modules.Call, m manager, a *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: name, Doc: doc, Virtual: virtual, Run: func(ctx context.Context, c *modules.Call, a *A) (py.Value, error) {
		v, err := fn(ctx, c, newManager(c, nil), a)
		return v, commandError(err)
	}}.Func()
}

// action declares a function that may change something (the index files
// count), for every manager.
func action[A any](name, doc string, fn func(ctx context.Context, c *modules.Call, m manager, a *A) (py.Value, error)) *modules.Func {
	return modules.Action[A]{Name: name, Doc: doc, Virtual: virtual, Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *A) (py.Value, error) {
		v, err := fn(ctx, c, newManager(c, w), a)
		return v, commandError(err)
	}}.Func()
}

// aptQuery declares a function that only looks and that only apt has.
func aptQuery[A any](name, doc string, fn func(ctx context.Context, c *modules.Call, m *apt, a *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: name, Doc: doc, Virtual: aptOnly, Run: func(ctx context.Context, c *modules.Call, a *A) (py.Value, error) {
		v, err := fn(ctx, c, newApt(c, nil), a)
		return v, commandError(err)
	}}.Func()
}

// aptAction declares a function that may change something and that only apt has.
func aptAction[A any](name, doc string, fn func(ctx context.Context, c *modules.Call, m *apt, a *A) (py.Value, error)) *modules.Func {
	return modules.Action[A]{Name: name, Doc: doc, Virtual: aptOnly, Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *A) (py.Value, error) {
		v, err := fn(ctx, c, newApt(c, w), a)
		return v, commandError(err)
	}}.Func()
}

// missing is what a call of a function gets that the manager does not have.
func missing(fun string) error { return py.Errorf("KeyError", "'%s' is not available.", fun) }

func execFuncs() []*modules.Func {
	return slices.Concat([]*modules.Func{
		query("pkg.list_pkgs", "Lists the packages that are installed, with their versions.", listPkgs),
		query("pkg.version", "Tells which versions of packages are installed; a pattern gives a mapping.", pkgVersion),
		query("pkg.version_cmp", "Compares two versions: -1, 0 or 1.", func(_ context.Context, _ *modules.Call, m manager, a *versionCmpArgs) (py.Value, error) {
			n, ok := m.compare(py.ToStr(a.Pkg1), py.ToStr(a.Pkg2), a.IgnoreEpoch)
			if !ok {
				return py.None, nil
			}
			return py.Int(n), nil
		}),
		query("pkg.normalize_name", "Takes an architecture off a name where it goes without saying.", func(_ context.Context, _ *modules.Call, m manager, a *nameArgs) (py.Value, error) {
			return py.Str(m.normalize(a.Name)), nil
		}),
		modules.Query[nameArgs]{Name: "pkg.parse_arch", Doc: "Splits a name into name and architecture.", Virtual: kinds{apt: owner, rpm: rpmOwner}.virtual, Run: parseArch}.Func(),
		aptQuery("pkg.get_selections", "Lists packages by their selection in dpkg.", func(ctx context.Context, _ *modules.Call, m *apt, a *selectionsArgs) (py.Value, error) {
			all, err := m.selections(ctx)
			if err != nil {
				return nil, err
			}
			ret := selectionsOf(all, str(a.Pattern))
			if s := str(a.State); s != "" {
				return py.DictOf(s, orEmpty(ret.Lookup(s))), nil
			}
			return ret, nil
		}),
		query("pkg.list_repo_pkgs", "Lists all versions that the repositories offer.", func(ctx context.Context, _ *modules.Call, m manager, a *namesArgs) (py.Value, error) {
			return dictOrError(m.available(ctx, names(a.Names), a.Extra))
		}),
		queryKinds("pkg.owner", "Tells which package a file belongs to.", kinds{apt: owner, rpm: rpmOwner, pacman: pacmanOwner}),
		aptQuery("pkg.which", "Tells which package a file belongs to: False when there is no such file, None when it has no package.", which),
		query("pkg.list_downloaded", "Lists the package files of the cache.", func(ctx context.Context, _ *modules.Call, m manager, a *struct {
			Root  string   `arg:"root" doc:"Root directory of another system."`
			Extra *py.Dict `arg:"**"`
		}) (py.Value, error) {
			d, ok := m.(downloader)
			if !ok {
				return nil, missing("pkg.list_downloaded")
			}
			return dictOrError(d.downloaded(ctx, a.Root))
		}),
		aptQuery("pkg.show", "Shows what the repositories tell of packages, by name and version.", show),
		queryKinds("pkg.info_installed", "Describes packages that are installed.", kinds{apt: infoInstalled, rpm: rpmInfoInstalled}),
	}, lowpkgFuncs(), writeFuncs(), repoFuncs(), zypperFuncs(), dnfFuncs(), groupFuncs())
}

func names(vs []py.Value) []string {
	out := make([]string, len(vs))
	for i, v := range vs {
		out[i] = py.ToStr(v)
	}
	return out
}

func parseArch(_ context.Context, c *modules.Call, a *nameArgs) (py.Value, error) {
	bare, arch := a.Name, ""
	if m := rpmOf(newManager(c, nil)); m != nil {
		bare, arch = m.split(a.Name)
	} else if i := strings.LastIndexByte(a.Name, ':'); i >= 0 {
		bare, arch = a.Name[:i], a.Name[i+1:]
	}
	if bare == a.Name {
		return py.DictOf("name", py.Str(a.Name), "arch", py.None), nil
	}
	return py.DictOf("name", py.Str(bare), "arch", py.Str(arch)), nil
}

func listPkgs(ctx context.Context, _ *modules.Call, m manager, a *listPkgsArgs) (py.Value, error) {
	kind := installed
	switch {
	case isTrue(a.Removed):
		kind = removed
	case isTrue(a.PurgeDesired):
		kind = purgeDesired
	}
	list, err := m.list(ctx, kind)
	if err != nil {
		return nil, err
	}
	return versionDict(list, isTrue(a.VersionsAsList)), nil
}

// versionDict is versions by name, sorted by name.
func versionDict(list map[string][]string, asList bool) *py.Dict {
	ret := py.NewDict()
	for _, n := range slices.Sorted(maps.Keys(list)) {
		ret.SetStr(n, versionValue(list[n], asList))
	}
	return ret
}

func versionValue(versions []string, asList bool) py.Value {
	if asList {
		return py.Strings(versions...)
	}
	return py.Str(strings.Join(versions, ","))
}

func pkgVersion(ctx context.Context, _ *modules.Call, m manager, a *namesArgs) (py.Value, error) {
	asList := isTrue(a.Extra.Lookup("versions_as_list"))
	list, err := m.list(ctx, installed)
	if err != nil {
		return nil, err
	}
	ret, pattern := py.NewDict(), false
	for _, n := range names(a.Names) {
		if !strings.Contains(n, "*") {
			ret.SetStr(n, versionValue(list[n], asList))
			continue
		}
		pattern = true
		for _, match := range fnmatch.Filter(slices.Values(slices.Sorted(maps.Keys(list))), n) {
			ret.SetStr(match, versionValue(list[match], asList))
		}
	}
	if ret.Len() == 1 && !pattern {
		v := ret.Lookup(keys(ret)[0])
		if !py.IsTrue(v) && !asList {
			v = versionOrNone(m, "")
		}
		return v, nil
	}
	return ret, nil
}

func owner(ctx context.Context, _ *modules.Call, m *apt, a *namesArgs) (py.Value, error) {
	return ownerOf(names(a.Names), func(path string) (string, error) {
		out, err := m.look(ctx, "dpkg", "-S", path)
		pkg, _, _ := strings.Cut(out.stdout, ":")
		if strings.Contains(strings.ToLower(pkg), "no path found") {
			pkg = ""
		}
		return pkg, err
	})
}

func which(ctx context.Context, c *modules.Call, m *apt, a *struct {
	Path string `arg:"path,required" doc:"Path of the file."`
}) (py.Value, error) {
	if !strings.HasPrefix(a.Path, "/") {
		return py.False, nil
	}
	if _, err := c.Stat(a.Path); err != nil {
		return py.False, nil
	}
	out, err := m.look(ctx, "dpkg", "-S", a.Path)
	if err != nil {
		return nil, err
	}
	if out.code != 0 {
		return py.None, nil
	}
	pkg, _, _ := strings.Cut(out.stdout, ":")
	return py.Str(pkg), nil
}

// show reads the paragraphs of apt-cache show.
func show(ctx context.Context, _ *modules.Call, m *apt, a *namesArgs) (py.Value, error) {
	ret := py.NewDict()
	var filter []string
	for k, v := range a.Extra.All() {
		switch key := py.ToStr(k); key {
		case "filter":
			if s, ok := v.(py.Str); ok {
				v = py.Strings(strings.Split(string(s), ",")...)
			}
			for _, f := range texts(v) {
				filter = append(filter, strings.ToLower(strings.TrimSpace(f)))
			}
		case "refresh":
			if py.IsTrue(v) {
				return nil, modules.SaltInvocationError("pkg.show: refresh is not supported: run pkg.refresh_db before it")
			}
		default:
			return nil, modules.SaltInvocationError("The following keyword arguments are not valid: " + key + "=" + py.ToStr(v))
		}
	}
	if len(a.Names) == 0 {
		return ret, nil
	}
	out, err := m.look(ctx, append([]string{"apt-cache", "show"}, names(a.Names)...)...)
	if err != nil {
		return nil, err
	}
	info := py.NewDict()
	add := func() {
		name, version := info.String("Package"), info.String("Version")
		if name != "" && version != "" {
			versions, ok := ret.Lookup(name).(*py.Dict)
			if !ok {
				versions = py.NewDict()
				ret.SetStr(name, versions)
			}
			versions.SetStr(version, without(without(info, "Package"), "Version"))
		}
		info = py.NewDict()
	}
	for line := range strings.Lines(out.stdout) {
		line = strings.TrimSpace(line)
		if line == "" {
			add()
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		lower := strings.ToLower(strings.TrimSpace(key))
		if ok && (len(filter) == 0 || lower == "package" || lower == "version" || slices.Contains(filter, lower)) {
			info.SetStr(strings.TrimSpace(key), py.Str(strings.TrimSpace(value)))
		}
	}
	add()
	return ret, nil
}
