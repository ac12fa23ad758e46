package pkg

import (
	"context"
	"regexp"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// dnfOnly is the __virtual__ of what only dnf and yum have.
func dnfOnly(c *modules.Call) (bool, string) {
	if p := provider(c); p != "yumpkg" {
		return false, "this function is there for dnf and yum only, and the package manager is " + py.Repr(py.Str(p))
	}
	return virtual(c)
}

type listHoldsArgs struct {
	Pattern py.Value `arg:"pattern" doc:"Regular expression for names."`
	Full    bool     `arg:"full" default:"True" doc:"Give versions too."`
	Extra   *py.Dict `arg:"**"`
}

// listHolds is pkg.list_holds. dnf5 knows no pattern, as in Salt.
func (m *dnf) listHolds(ctx context.Context, a *listHoldsArgs) ([]string, error) {
	var held []string
	var err error
	switch pattern := str(a.Pattern); {
	case m.program == "dnf5":
		if err := m.checkLock(ctx); err != nil {
			return nil, err
		}
		names, full := m.dnf5Locks()
		if a.Full {
			return full, nil
		}
		return names, nil
	case pattern == "":
		held, err = m.locks(ctx)
	default:
		prefix := `\d+:`
		if m.isDNF() {
			prefix = ""
		}
		lock, invalid := regexp.Compile(prefix + "(" + pattern + `-\S+)`)
		if invalid != nil {
			return nil, commandErrorf("pkg.list_holds: pattern: %v", invalid)
		}
		held, err = m.locksLike(ctx, lock)
	}
	if !a.Full {
		for i, h := range held {
			held[i] = lockedName(h)
		}
	}
	return held, err
}

func dnfFuncs() []*modules.Func {
	patches := func(name, doc string, onlyInstalled bool) *modules.Func {
		return modules.Action[refreshArgs]{Name: name, Doc: doc, Virtual: rpmOnly, Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *refreshArgs) (py.Value, error) {
			m := newManager(c, w)
			if isTrue(a.Refresh) {
				if _, err := m.refresh(ctx, a.Extra); err != nil {
					return nil, commandError(err)
				}
			}
			if z, ok := m.(*zypper); ok {
				if err := refused(name, a.Extra, "root"); err != nil {
					return nil, err
				}
				return dictOrError(z.solvables(ctx, "patch", onlyInstalled))
			}
			return dictOrError(m.(*dnf).patches(ctx, onlyInstalled))
		}}.Func()
	}
	holds := func(name string) *modules.Func {
		return modules.Action[listHoldsArgs]{Name: name, Doc: "Lists the packages that versionlock holds.", Virtual: dnfOnly, Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *listHoldsArgs) (py.Value, error) {
			held, err := newManager(c, w).(*dnf).listHolds(ctx, a)
			return py.Strings(held...), err
		}}.Func()
	}
	return []*modules.Func{
		patches("pkg.list_patches", "Lists the advisory patches that the repositories offer.", false),
		patches("pkg.list_installed_patches", "Lists the advisory patches that are installed.", true),
		holds("pkg.list_holds"), holds("pkg.get_locked_packages"),
	}
}

var patchLine = regexp.MustCompile(`^([i| \t])? ?(\S+) +(\S+) +(\S+)`)

// patches are the advisories that dnf tells of: the packages of each, and
// whether all of them are installed.
func (m *dnf) patches(ctx context.Context, onlyInstalled bool) (*py.Dict, error) {
	out, err := m.look(ctx, m.program, "--quiet", "updateinfo", "list", "all")
	if err != nil {
		return nil, err
	}
	all := py.NewDict()
	for _, line := range lines(out.stdout) {
		s := patchLine.FindStringSubmatch(line)
		if s == nil {
			continue
		}
		is := strings.TrimSpace(s[1]) == "i"
		patch, there := all.Lookup(s[2]).(*py.Dict)
		if !there {
			all.SetStr(s[2], py.DictOf("installed", py.Bool(is), "summary", py.NewList(py.Str(s[4]))))
			continue
		}
		patch.Lookup("summary").(*py.List).Append(py.Str(s[4]))
		if !is {
			patch.SetStr("installed", py.False)
		}
	}
	if onlyInstalled {
		for _, k := range keys(all) {
			if all.Lookup(k).(*py.Dict).Lookup("installed") != py.Value(py.True) {
				all.DeleteStr(k)
			}
		}
	}
	return all, nil
}
