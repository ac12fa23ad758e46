package pkg

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// grouper is a manager that knows groups of packages.
type grouper interface {
	manager
	groups(ctx context.Context) (*py.Dict, error)
	group(ctx context.Context, name string, o groupOptions) (*pkgGroup, error)
}

// groupOptions are the arguments of pkg.group_info: expand looks into the
// groups of which a group is made, less those of ignore; kw may limit the
// repositories.
type groupOptions struct {
	expand bool
	ignore []string
	kw     *py.Dict
}

// pkgGroup is a group of packages: its members by kind, and what else is told of it.
type pkgGroup struct {
	about   *py.Dict
	members map[string][]string
}

var memberKinds = []string{"mandatory", "optional", "default", "conditional"}

func (g *pkgGroup) dict() *py.Dict {
	ret := py.NewDict()
	for _, k := range memberKinds {
		slices.Sort(g.members[k])
		g.members[k] = slices.Compact(g.members[k])
		ret.SetStr(k, py.Strings(g.members[k]...))
	}
	ret.Update(g.about)
	return ret
}

// groupsOnly is the __virtual__ of functions for groups.
func groupsOnly(c *modules.Call) (bool, string) {
	if p := provider(c); p != "yumpkg" && p != "pacmanpkg" {
		return false, "groups of packages are there with dnf and pacman only, and the package manager is " + py.Repr(py.Str(p))
	}
	return virtual(c)
}

type groupInfoArgs struct {
	Name         string   `arg:"name,required" doc:"The group."`
	Expand       bool     `arg:"expand" default:"False" doc:"Look into the groups that an environment group is made of."`
	IgnoreGroups py.Value `arg:"ignore_groups" doc:"Groups not to look into."`
	Extra        *py.Dict `arg:"**"`
}

type groupInstallArgs struct {
	Name    py.Value `arg:"name,required" doc:"The group, or several with commas between them."`
	Skip    py.Value `arg:"skip" doc:"Packages to leave out."`
	Include py.Value `arg:"include" doc:"Packages to take besides."`
	Extra   *py.Dict `arg:"**"`
}

func groupFuncs() []*modules.Func {
	install := func(name string) *modules.Func {
		return modules.Action[groupInstallArgs]{Name: name, Doc: "Installs the packages of a group.", Virtual: dnfOnly, Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *groupInstallArgs) (py.Value, error) {
			v, err := groupInstall(ctx, newManager(c, w).(*dnf), a)
			return v, commandError(err)
		}}.Func()
	}
	return []*modules.Func{
		modules.Query[noArgs]{Name: "pkg.group_list", Doc: "Lists the groups of packages, by whether they are installed.", Virtual: groupsOnly, Run: func(ctx context.Context, c *modules.Call, _ *noArgs) (py.Value, error) {
			return dictOrError(newManager(c, nil).(grouper).groups(ctx))
		}}.Func(),
		modules.Query[groupInfoArgs]{Name: "pkg.group_info", Doc: "Lists the packages of a group.", Virtual: groupsOnly, Run: func(ctx context.Context, c *modules.Call, a *groupInfoArgs) (py.Value, error) {
			g, err := newManager(c, nil).(grouper).group(ctx, a.Name, groupOptions{expand: a.Expand, ignore: texts(a.IgnoreGroups), kw: a.Extra})
			if err != nil {
				return nil, err
			}
			return g.dict(), nil
		}}.Func(),
		modules.Query[groupInfoArgs]{Name: "pkg.group_diff", Doc: "Lists the packages of a group, by whether they are installed.", Virtual: groupsOnly, Run: func(ctx context.Context, c *modules.Call, a *groupInfoArgs) (py.Value, error) {
			return dictOrError(groupDiff(ctx, newManager(c, nil).(grouper), a.Name, a.Extra))
		}}.Func(),
		install("pkg.group_install"), install("pkg.groupinstall"),
	}
}

func groupDiff(ctx context.Context, m grouper, name string, kw *py.Dict) (*py.Dict, error) {
	have, err := m.list(ctx, installed)
	if err != nil {
		return nil, err
	}
	g, err := m.group(ctx, name, groupOptions{expand: true, kw: kw})
	if err != nil {
		return nil, err
	}
	all := g.dict()
	ret := py.NewDict()
	for _, kind := range memberKinds {
		is, not := py.NewList(), py.NewList()
		for _, member := range texts(all.Lookup(kind)) {
			if len(have[member]) > 0 {
				is.Append(py.Str(member))
			} else {
				not.Append(py.Str(member))
			}
		}
		ret.SetStr(kind, py.DictOf("installed", is, "not installed", not))
	}
	return ret, nil
}

func groupInstall(ctx context.Context, m *dnf, a *groupInstallArgs) (py.Value, error) {
	list := func(v py.Value, what string) ([]string, error) {
		switch v := v.(type) {
		case py.Str:
			return strings.Split(string(v), ","), nil
		case *py.List:
			return texts(v), nil
		case py.NoneType:
			return nil, nil
		}
		return nil, modules.SaltInvocationError("'" + what + "' must be a list")
	}
	groups, err := list(a.Name, "groups")
	if err != nil {
		return nil, err
	}
	if len(groups) == 0 || !py.IsTrue(a.Name) {
		return nil, modules.SaltInvocationError("no groups specified")
	}
	skip, err := list(a.Skip, "skip")
	if err != nil {
		return nil, err
	}
	include, err := list(a.Include, "include")
	if err != nil {
		return nil, err
	}
	have, err := m.list(ctx, installed)
	if err != nil {
		return nil, err
	}
	pkgs := py.NewDict()
	add := func(n string) {
		if len(have[n]) == 0 {
			pkgs.SetStr(n, py.None)
		}
	}
	for _, name := range groups {
		g, err := m.group(ctx, name, groupOptions{})
		if err != nil {
			return nil, err
		}
		for _, n := range g.members["mandatory"] {
			add(n)
		}
		for _, n := range g.members["default"] {
			if !slices.Contains(skip, n) {
				add(n)
			}
		}
	}
	for _, n := range include {
		add(n)
	}
	if pkgs.Len() == 0 {
		return py.NewDict(), nil
	}
	return pkgInstall(ctx, m.c, m, &pkgInstallArgs{Pkgs: py.Strings(keys(pkgs)...), Normalize: true, Refresh: py.OrNone(a.Extra.Lookup("refresh")),
		Fromrepo: str(a.Extra.Lookup("fromrepo")), SkipVerify: isTrue(a.Extra.Lookup("skip_verify")), Reinstall: isTrue(a.Extra.Lookup("reinstall")),
		Downloadonly: isTrue(a.Extra.Lookup("downloadonly")), Debconf: py.None, Sources: py.None, Extra: a.Extra})
}

// checkGroup is pkg.group_installed.
func checkGroup(ctx context.Context, c *modules.Call, m manager, a *groupArgs) (modules.Done, error) {
	k, ok := m.(grouper)
	if !ok {
		return modules.Failed("pkg.group_install not available for this platform"), nil
	}
	var lists [2][]string
	for i, v := range []py.Value{a.Skip, a.Include} {
		if l, ok := v.(*py.List); ok {
			lists[i] = texts(l)
		} else if !py.IsNone(v) {
			return modules.Failed([]string{"skip", "include"}[i] + " must be formatted as a list"), nil
		}
	}
	skip, include := lists[0], lists[1]
	if _, isDNF := m.(*dnf); !isDNF && a.Extra.Len() > 0 {
		return modules.Failed("Repo options are not supported on this platform"), nil
	}
	diff, err := groupDiff(ctx, k, a.Name, a.Extra)
	if err != nil {
		if msg, ok := isCommandError(err); ok {
			return modules.Failed(fmt.Sprintf("An error was encountered while installing/updating group '%s': %s.", a.Name, msg)), nil
		}
		return modules.Done{}, err
	}
	of := func(kind, which string) []string { return texts(diff.Lookup(kind).(*py.Dict).Lookup(which)) }
	var invalid []string
	for _, n := range slices.Concat(of("mandatory", "installed"), of("mandatory", "not installed")) {
		if slices.Contains(skip, n) {
			invalid = append(invalid, n)
		}
	}
	if invalid != nil {
		return modules.Failed("The following mandatory packages cannot be skipped: " + joined(invalid)), nil
	}
	required := slices.Concat(of("mandatory", "not installed"), include)
	targets := slices.Concat(of("mandatory", "not installed"),
		slices.DeleteFunc(of("default", "not installed"), func(n string) bool { return slices.Contains(skip, n) }), include)
	if len(targets) == 0 {
		return modules.OK("Group '"+a.Name+"' is already installed", nil), nil
	}
	partly := len(of("mandatory", "installed"))+len(of("default", "installed"))+len(of("optional", "installed")) > 0
	if c.Test {
		will := "will be installed"
		if partly {
			will = "is partially installed and will be updated"
		}
		return modules.Done{Result: low.None, Comment: "Group '" + a.Name + "' " + will}, nil
	}
	return groupApply(ctx, m, a, targets, required, partly)
}

func groupApply(ctx context.Context, m manager, a *groupArgs, targets, required []string, partly bool) (modules.Done, error) {
	pkgs := py.NewDict()
	for _, n := range targets {
		pkgs.SetStr(m.normalize(n), py.None)
	}
	r := &installRequest{pkgs: pkgs, kwargs: a.Extra, env: "base", refresh: isTrue(a.Extra.Lookup("refresh")), fromrepo: str(a.Extra.Lookup("fromrepo")),
		skipVerify: isTrue(a.Extra.Lookup("skip_verify")), reinstall: isTrue(a.Extra.Lookup("reinstall"))}
	changes, err := m.install(ctx, r)
	if err != nil {
		if d, ok := failure(err, "installing/updating group '"+a.Name+"'"); ok {
			return d, nil
		}
		return modules.Done{}, err
	}
	have, err := m.list(ctx, installed)
	if err != nil {
		return modules.Done{}, err
	}
	failed := slices.DeleteFunc(slices.Clone(required), func(n string) bool { return len(have[n]) > 0 })
	if len(failed) > 0 {
		return modules.Done{Result: low.False, Changes: changes, Comment: "Failed to install the following packages: " + joined(failed)}, nil
	}
	was := "installed"
	if partly {
		was = "updated"
	}
	return modules.OK("Group '"+a.Name+"' was "+was, changes), nil
}
