package pkg

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type refreshArgs struct {
	Refresh py.Value `arg:"refresh" default:"False" doc:"Fetch the index files first."`
	Extra   *py.Dict `arg:"**"`
}

type searchArgs struct {
	Criteria string   `arg:"criteria,required" doc:"What to look for."`
	Refresh  py.Value `arg:"refresh" default:"False" doc:"Fetch the index files first."`
	Extra    *py.Dict `arg:"**"`
}

type productsArgs struct {
	All     bool     `arg:"all" default:"False" doc:"Also those that are not installed."`
	Refresh py.Value `arg:"refresh" default:"False" doc:"Fetch the index files first."`
	Extra   *py.Dict `arg:"**"`
}

type noArgs struct {
	Extra *py.Dict `arg:"**"`
}

// zypperOnly is the __virtual__ of what only zypper has.
func zypperOnly(c *modules.Call) (bool, string) {
	if p := provider(c); p != "zypperpkg" {
		return false, "this function is there for zypper only, and the package manager is " + py.Repr(py.Str(p))
	}
	return virtual(c)
}

// zypperAction declares a function of zypper; those that look may be told to
// fetch the index files first.
func zypperAction[A any](name, doc string, fn func(ctx context.Context, m *zypper, a *A) (py.Value, error)) *modules.Func {
	return modules.Action[A]{Name: name, Doc: doc, Virtual: zypperOnly, Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *A) (py.Value, error) {
		v, err := fn(ctx, newZypper(c, w).(*zypper), a)
		return v, commandError(err)
	}}.Func()
}

func zypperFuncs() []*modules.Func {
	return []*modules.Func{
		zypperAction("pkg.search", "Searches the repositories; each option of zypper search that is given counts.", func(ctx context.Context, m *zypper, a *searchArgs) (py.Value, error) {
			if err := m.first(ctx, a.Refresh, a.Extra); err != nil {
				return nil, err
			}
			return dictOrError(m.search(ctx, a.Criteria, a.Extra))
		}),
		zypperAction("pkg.list_patterns", "Lists the patterns that the repositories offer.", func(ctx context.Context, m *zypper, a *refreshArgs) (py.Value, error) {
			if err := m.first(ctx, a.Refresh, a.Extra); err != nil {
				return nil, err
			}
			return dictOrError(m.solvables(ctx, "pattern", false))
		}),
		zypperAction("pkg.list_installed_patterns", "Lists the patterns that are installed.", func(ctx context.Context, m *zypper, _ *noArgs) (py.Value, error) {
			return dictOrError(m.installedPatterns(ctx))
		}),
		zypperAction("pkg.list_locks", "Lists the locks of packages.", func(_ context.Context, m *zypper, _ *noArgs) (py.Value, error) {
			return m.lockDict(), nil
		}),
		zypperAction("pkg.clean_locks", "Removes locks that have no use.", func(ctx context.Context, m *zypper, _ *noArgs) (py.Value, error) {
			return dictOrError(m.cleanLocks(ctx))
		}),
		zypperAction("pkg.list_products", "Lists the products that are installed.", func(ctx context.Context, m *zypper, a *productsArgs) (py.Value, error) {
			if err := m.first(ctx, a.Refresh, a.Extra); err != nil {
				return nil, err
			}
			return m.products(ctx, a.All)
		}),
		zypperAction("pkg.list_provides", "Lists what packages provide beside their names.", func(ctx context.Context, m *zypper, _ *noArgs) (py.Value, error) {
			return dictOrError(m.provides(ctx))
		}),
		zypperAction("pkg.info_available", "Describes packages that the repositories offer.", func(ctx context.Context, m *zypper, a *namesArgs) (py.Value, error) {
			return dictOrError(m.infoAvailable(ctx, names(a.Names), a.Extra))
		}),
		zypperAction("pkg.services_need_restart", "Lists services that still use files that were replaced.", func(ctx context.Context, m *zypper, _ *noArgs) (py.Value, error) {
			out, err := m.call(ctx, true, "--no-refresh", "ps", "-sss")
			return py.Strings(strings.Fields(out.stdout)...), err
		}),
	}
}

// first fetches the index files where that is wanted, and refuses another root.
func (m *zypper) first(ctx context.Context, refresh py.Value, kw *py.Dict) error {
	if err := refused("pkg", kw, "root"); err != nil || !isTrue(refresh) {
		return err
	}
	_, err := m.refresh(ctx, kw)
	return err
}

// searchOptions are the arguments of pkg.search that are options of zypper.
var searchOptions = map[string]string{
	"provides": "--provides", "recommends": "--recommends", "requires": "--requires", "suggests": "--suggests", "conflicts": "--conflicts",
	"obsoletes": "--obsoletes", "file_list": "--file-list", "search_descriptions": "--search-descriptions", "case_sensitive": "--case-sensitive",
	"installed_only": "--installed-only", "not_installed_only": "-u", "details": "--details",
}

func (m *zypper) search(ctx context.Context, criteria string, kw *py.Dict) (*py.Dict, error) {
	argv := []string{"--xmlout", "--no-refresh", "search"}
	switch match := str(kw.Lookup("match")); match {
	case "exact", "words", "substrings":
		argv = append(argv, "--match-"+match)
	}
	for k := range kw.All() {
		if o, ok := searchOptions[py.ToStr(k)]; ok {
			argv = append(argv, o)
		}
	}
	out, err := m.try(ctx, true, append(argv, criteria)...)
	if err != nil {
		return nil, err
	}
	ret := py.NewDict()
	for _, s := range xmlTags(out.stdout, "solvable") {
		ret.SetStr(s["name"], textDict(s))
	}
	if ret.Len() == 0 {
		return nil, commandErrorf("No packages found matching '%s'", criteria)
	}
	return ret, nil
}

// solvables are the patterns or patches of the repositories.
func (m *zypper) solvables(ctx context.Context, kind string, onlyInstalled bool) (*py.Dict, error) {
	out, err := m.call(ctx, true, "--xmlout", "--no-refresh", "se", "-t", kind)
	if err != nil {
		return nil, err
	}
	ret := py.NewDict()
	for _, s := range xmlTags(out.stdout, "solvable") {
		if is := s["status"] == "installed"; is || !onlyInstalled {
			ret.SetStr(s["name"], py.DictOf("installed", py.Bool(is), "summary", py.Str(s["summary"])))
		}
	}
	return ret, nil
}

// installedPatterns also has those that searching does not show: packages
// provide them.
func (m *zypper) installedPatterns(ctx context.Context) (*py.Dict, error) {
	ret, err := m.solvables(ctx, "pattern", true)
	if err != nil {
		return nil, err
	}
	out, err := m.look(ctx, "rpm", "-q", "--provides", "--whatprovides", "pattern()")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(out.stdout) {
		name, ok := strings.CutPrefix(line, "pattern() = ")
		name = strings.TrimSpace(name[strings.LastIndexByte(name, '=')+1:])
		if ok && !strings.HasPrefix(name, ".") && !ret.Has(name) {
			ret.SetStr(name, py.DictOf("installed", py.True, "summary", py.Str("Non-visible pattern")))
		}
	}
	return ret, nil
}

// lockDict is pkg.list_locks: what each lock says, by name.
func (m *zypper) lockDict() *py.Dict {
	ret := py.NewDict()
	data, err := m.reader().ReadFile(zypperLocks)
	if err != nil {
		return ret // no file, no locks
	}
	for block := range strings.SplitSeq(string(data), "\n\n") {
		lock := py.NewDict()
		for line := range strings.Lines(block) {
			if k, v, ok := strings.Cut(line, ":"); ok {
				lock.SetStr(strings.TrimSpace(k), py.Str(strings.TrimSpace(v)))
			}
		}
		if name := lock.String("solvable_name"); name != "" {
			lock.DeleteStr("solvable_name")
			ret.SetStr(name, lock)
		}
	}
	return ret
}

func (m *zypper) cleanLocks(ctx context.Context) (*py.Dict, error) {
	ret := py.DictOf("removed", py.Int(0))
	if _, err := m.reader().Stat(zypperLocks); err != nil {
		return ret, nil //nolint:nilerr // no file, no locks
	}
	out, err := m.call(ctx, false, "--xmlout", "--no-refresh", "cl")
	if err != nil {
		return nil, err
	}
	for _, part := range strings.Split(out.stdout, "<message")[1:] {
		if f := strings.Fields(strings.ToLower(xmlText("<message"+part, "message"))); len(f) > 1 && f[0] == "removed" {
			ret.SetStr("removed", py.Str(f[1]))
			break
		}
	}
	return ret, nil
}

func (m *zypper) products(ctx context.Context, all bool) (py.Value, error) {
	argv := []string{"--xmlout", "--no-refresh"}
	if all {
		argv = append(argv, "products")
	} else {
		argv = append(argv, "--disable-repositories", "products", "-i")
	}
	out, err := m.call(ctx, true, argv...)
	if err != nil {
		return nil, err
	}
	ret := py.NewList()
	for _, part := range strings.Split(out.stdout, "<product ")[1:] {
		part, _, _ = strings.Cut("<product "+part, "</product>")
		tag, _, _ := strings.Cut(part, ">")
		p := py.NewDict()
		for _, s := range xmlAttr.FindAllStringSubmatch(tag, -1) { // in zypper's order
			p.SetStr(s[1], py.Str(xmlPlain.Replace(s[2])))
		}
		for _, k := range keys(p) {
			switch v := p.String(k); {
			case k == "isbase", k == "installed":
				p.SetStr(k, py.Bool(v == "true" || v == "1"))
			case v == "":
				p.DeleteStr(k)
			}
		}
		if end := xmlTags(part, "endoflife"); len(end) > 0 {
			p.SetStr("eol", py.Str(end[0]["text"]))
			var secs int64
			if t := end[0]["time_t"]; t != "" {
				if secs, err = strconv.ParseInt(t, 10, 64); err != nil {
					return nil, py.ValueErrorf("invalid literal for int() with base 10: %s", py.Repr(py.Str(t)))
				}
			}
			p.SetStr("eol_t", py.Int(secs))
		}
		text := lines(xmlText(part, "description"))
		for i, l := range text {
			text[i] = strings.TrimSpace(l)
		}
		p.SetStr("description", py.Str(strings.Join(text, " ")))
		if line := p.String("productline"); line != "" {
			if data, err := m.reader().ReadFile("/var/lib/suseRegister/OEM/" + line); err == nil {
				first, _, _ := strings.Cut(string(data), "\n")
				if first = strings.TrimSpace(first); first != "" {
					p.SetStr("release", py.Str(first))
				}
			}
		}
		ret.Append(p)
	}
	return ret, nil
}

// textDict has texts by name, sorted.
func textDict(texts map[string]string) *py.Dict {
	d := py.NewDict()
	for _, k := range slices.Sorted(maps.Keys(texts)) {
		d.SetStr(k, py.Str(texts[k]))
	}
	return d
}

func (m *zypper) provides(ctx context.Context) (*py.Dict, error) {
	out, err := m.look(ctx, "rpm", "-qa", "--queryformat", `%{PROVIDES}_|-%{NAME}\n`)
	if err != nil {
		return nil, err
	}
	ret := py.NewDict()
	for _, line := range lines(out.stdout) {
		provided, name, ok := strings.Cut(line, "_|-")
		if !ok || provided == name {
			continue
		}
		l, there := ret.Lookup(provided).(*py.List)
		if !there {
			l = py.NewList()
			ret.SetStr(provided, l)
		}
		l.Append(py.Str(name))
	}
	return ret, nil
}

func (m *zypper) infoAvailable(ctx context.Context, want []string, kw *py.Dict) (*py.Dict, error) {
	ret := py.NewDict()
	if len(want) == 0 {
		return ret, nil
	}
	if err := refused("pkg.info_available", kw, "root"); err != nil {
		return nil, err
	}
	if notFalse(kw, "refresh") {
		if _, err := m.refresh(ctx, kw); err != nil {
			return nil, err
		}
	}
	want = slices.Compact(slices.Sorted(slices.Values(want)))
	info := map[string]map[string]string{}
	for batch := range slices.Chunk(want, 200) {
		out, err := m.call(ctx, true, slices.Concat([]string{"--no-refresh", "info", "-t", "package"}, batch)...)
		if err != nil {
			return nil, err
		}
		parseZypperInfo(out.stdout, info)
	}
	for _, name := range slices.Sorted(maps.Keys(info)) {
		about := info[name]
		d := textDict(about)
		d.DeleteStr("name")
		if v, ok := about["installed"]; ok {
			d.SetStr("installed", py.Bool(strings.HasPrefix(strings.ToLower(v), "yes")))
		}
		ret.SetStr(name, d)
	}
	return ret, nil
}
