package pkg

import (
	"context"
	"slices"
	"strings"

	"pinch/internal/py"
)

func pacmanOwner(ctx context.Context, m *pacman, a *namesArgs) (py.Value, error) {
	return ownerOf(names(a.Names), func(path string) (string, error) {
		out, err := m.look(ctx, "pacman", "-Q", "-q", "-o", path)
		return out.stdout, err
	})
}

// files calls fn with each package's files. A first name that is a path is
// another root.
func (m *pacman) files(ctx context.Context, names []string, fn func(pkg, file string)) (said []string, err error) {
	argv := []string{"pacman", "-Q", "-l"}
	if len(names) > 0 {
		if _, err := m.reader().Stat(names[0]); err == nil {
			argv, names = append(argv, "-r", names[0]), names[1:]
		}
	}
	out, err := m.look(ctx, append(argv, names...)...)
	if err != nil {
		return nil, err
	}
	for _, line := range append(lines(out.stdout), lines(out.stderr)...) {
		if f := strings.Fields(line); strings.HasPrefix(line, "error") {
			said = append(said, line)
		} else if len(f) > 0 {
			fn(f[0], strings.Join(f[1:], " "))
		}
	}
	return said, nil
}

func pacmanFileList(ctx context.Context, m *pacman, a *namesArgs) (py.Value, error) {
	all := py.NewList()
	said, err := m.files(ctx, names(a.Names), func(_, file string) { all.Append(py.Str(file)) })
	return py.DictOf("errors", py.Strings(said...), "files", all), err
}

func pacmanFileDict(ctx context.Context, m *pacman, a *namesArgs) (py.Value, error) {
	ret := py.NewDict()
	said, err := m.files(ctx, names(a.Names), func(pkg, file string) {
		l, ok := ret.Lookup(pkg).(*py.List)
		if !ok {
			l = py.NewList()
			ret.SetStr(pkg, l)
		}
		l.Append(py.Str(file))
	})
	return py.DictOf("errors", py.Strings(said...), "packages", ret), err
}

// pacmanGroups reads lines of a group and a package.
func (m *pacman) pacmanGroups(ctx context.Context, argv ...string) (names []string, members map[string][]string, err error) {
	out, err := m.look(ctx, append([]string{"pacman"}, argv...)...)
	if err != nil {
		return nil, nil, err
	}
	members = map[string][]string{}
	for _, line := range lines(out.stdout) {
		if f := strings.Fields(line); len(f) >= 2 {
			if members[f[0]] == nil {
				names = append(names, f[0])
			}
			members[f[0]] = append(members[f[0]], f[1])
		}
	}
	return names, members, nil
}

func (m *pacman) groups(ctx context.Context) (*py.Dict, error) {
	names, offered, err := m.pacmanGroups(ctx, "-Sgg")
	if err != nil {
		return nil, err
	}
	_, have, err := m.pacmanGroups(ctx, "-Qg")
	if err != nil {
		return nil, err
	}
	found := map[string][]string{}
	slices.Sort(names)
	for _, n := range names {
		kind := "partially_installed"
		switch len(have[n]) {
		case 0:
			kind = "available"
		case len(offered[n]):
			kind = "installed"
		}
		found[kind] = append(found[kind], n)
	}
	ret := py.NewDict()
	for _, k := range []string{"installed", "partially_installed", "available"} {
		ret.SetStr(k, py.Strings(found[k]...))
	}
	return ret, nil
}

func (m *pacman) group(ctx context.Context, name string, _ groupOptions) (*pkgGroup, error) {
	names, offered, err := m.pacmanGroups(ctx, "-Sgg", name)
	g := &pkgGroup{about: py.NewDict(), members: map[string][]string{}}
	for _, n := range names {
		g.members["default"] = append(g.members["default"], offered[n]...)
	}
	return g, err
}
