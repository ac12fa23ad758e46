package pkg

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/host"
	"pinch/internal/pkgversion"
	"pinch/internal/py"
	"pinch/modules"
)

// zypper is the manager of SUSE.
type zypper struct {
	commands
	rpmNames
}

func newZypper(c *modules.Call, w host.Writer) manager {
	if c.LookPath("zypper") == "" {
		return nil
	}
	return &zypper{commands{c: c, w: w, vars: [][2]string{{"LC_ALL", "C"}, {"LANGUAGE", "C"}}, busy: "System management is locked", learnt: []string{rpmListKey}}, rpmNamesOf(c)}
}

// normalize takes an architecture off that goes without saying.
func (m *zypper) normalize(name string) string {
	if bare, arch := m.split(name); arch != "" && (arch == m.osarch || arch == "noarch" || m.is32(arch)) {
		return bare
	}
	return name
}

func (m *zypper) compare(a, b string, ignoreEpoch bool) (int, bool) {
	return pkgversion.RPM(a, b, ignoreEpoch)
}

func (m *zypper) list(ctx context.Context, kind listKind) (map[string][]string, error) {
	all, err := m.listRPMs(ctx, kind, m.rpmNames)
	list := maps.Clone(all)
	maps.DeleteFunc(list, func(name string, _ []string) bool { return strings.HasPrefix(name, "gpg-pubkey") })
	return list, err
}

// statuses that are no failure: patches are there, restarts are due, or only a
// warning.
var zypperFine = []int{0, 6, 7, 100, 101, 102, 103, 106, 107}

// call runs zypper; a failure is Salt's exception with what it said.
func (m *zypper) call(ctx context.Context, looks bool, args ...string) (output, error) {
	out, err := m.try(ctx, looks, args...)
	if err == nil && !slices.Contains(zypperFine, out.code) {
		said := strings.TrimSpace(out.stderr) + strings.TrimSpace(out.stdout)
		if slices.Contains(args, "--xmlout") {
			said = strings.Join(zypperErrors(out.stdout), "\n")
			if said == "" {
				said = strings.TrimSpace(out.stderr)
			}
		}
		if said == "" {
			said = "Check Zypper's logs."
		}
		err = commandErrorf("Zypper command failure: %s", said)
	}
	return out, err
}

func (m *zypper) try(ctx context.Context, looks bool, args ...string) (output, error) {
	argv := append([]string{"zypper", "--non-interactive"}, args...)
	if looks {
		// without the lock of the package manager
		reading := m.commands
		reading.vars = append(slices.Clone(m.vars), [2]string{"ZYPP_READONLY_HACK", "1"})
		return reading.look(ctx, argv...)
	}
	return m.change(ctx, "", nil, argv...)
}

var (
	xmlMessage = regexp.MustCompile(`(?s)<message type="error">(.*?)</message>`)
	xmlAttr    = regexp.MustCompile(`([\w-]+)="([^"]*)"`)
	xmlPlain   = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&#39;", "'", "&amp;", "&")
)

func zypperErrors(xml string) []string {
	var out []string
	for _, s := range xmlMessage.FindAllStringSubmatch(xml, -1) {
		out = append(out, xmlPlain.Replace(s[1]))
	}
	return out
}

// xmlTags are the attributes of all elements of that name in what zypper
// --xmlout prints.
func xmlTags(xml, name string) []map[string]string {
	var out []map[string]string
	for _, part := range strings.Split(xml, "<"+name+" ")[1:] {
		attrs := map[string]string{}
		tag, _, _ := strings.Cut(part, ">")
		for _, s := range xmlAttr.FindAllStringSubmatch(tag, -1) {
			attrs[s[1]] = xmlPlain.Replace(s[2])
		}
		out = append(out, attrs)
	}
	return out
}

// xmlText is the text of the first element of that name; "" when there is none.
func xmlText(xml, name string) string {
	_, rest, ok := strings.Cut(xml, "<"+name)
	_, rest, inside := strings.Cut(rest, ">")
	text, _, _ := strings.Cut(rest, "<")
	if !ok || !inside {
		return ""
	}
	return xmlPlain.Replace(text)
}

func (m *zypper) latest(ctx context.Context, names []string, o latestOptions) (*candidates, error) {
	if err := refused("pkg.latest_version", o.kwargs, "root"); err != nil {
		return nil, err
	}
	ret := &candidates{version: py.NewDict(), names: slices.Compact(slices.Sorted(slices.Values(names)))}
	if len(names) == 0 {
		return ret, nil
	}
	if o.refresh {
		if _, err := m.refresh(ctx, o.kwargs); err != nil {
			return nil, err
		}
	}
	info := map[string]map[string]string{}
	for batch := range slices.Chunk(ret.names, 200) {
		out, err := m.call(ctx, true, slices.Concat([]string{"--no-refresh", "info", "-t", "package"}, batch)...)
		if err != nil {
			return nil, err
		}
		parseZypperInfo(out.stdout, info)
	}
	for _, n := range ret.names {
		status, version := strings.ToLower(info[n]["status"]), ""
		if strings.Contains(status, "not installed") || strings.Contains(status, "out-of-date") {
			version = info[n]["version"]
		}
		ret.version.SetStr(n, py.Str(version))
	}
	return ret, nil
}

// parseZypperInfo reads zypper info: keys in lower case by name.
func parseZypperInfo(stdout string, info map[string]map[string]string) {
	for part := range strings.SplitSeq(stdout, "Information for package") {
		about := map[string]string{}
		for line := range strings.Lines(part) {
			key, value, ok := strings.Cut(line, ":")
			if value = strings.TrimSpace(value); ok && value != "" && !strings.HasPrefix(line, "-----") {
				about[strings.ToLower(strings.TrimSpace(key))] = value
			}
		}
		if name := about["name"]; name != "" {
			info[name] = about
		}
	}
}

func (m *zypper) available(ctx context.Context, names []string, kw *py.Dict) (*py.Dict, error) {
	if err := refused("pkg.list_repo_pkgs", kw, "byrepo", "root"); err != nil {
		return nil, err
	}
	out, err := m.call(ctx, true, slices.Concat([]string{"--xmlout", "--no-refresh", "se", "-s"}, names)...)
	if err != nil {
		return nil, err
	}
	from := str(kw.Lookup("fromrepo"))
	versions := map[string][]string{}
	ret := py.NewDict()
	for _, s := range xmlTags(out.stdout, "solvable") {
		name, version := s["name"], s["edition"]
		switch {
		case s["kind"] != "package" || version == "" || from != "" && s["repository"] != from:
		case len(names) > 0 && !slices.ContainsFunc(names, func(n string) bool { return fnmatch.Match(n, name) }):
		case !slices.Contains(versions[name], version):
			versions[name] = append(versions[name], version)
			ret.SetStr(name, py.None)
		}
	}
	for _, n := range keys(ret) {
		newestFirst(versions[n])
		ret.SetStr(n, py.Strings(versions[n]...))
	}
	return ret, nil
}

// refresh returns True for a repository whose data were built, False for one
// that is up to date.
func (m *zypper) refresh(ctx context.Context, kw *py.Dict) (py.Value, error) {
	if err := refused("pkg.refresh_db", kw, "root"); err != nil {
		return nil, err
	}
	if m.w == nil {
		return nil, errNeedsWriter
	}
	m.c.Memo.Drop(rtagKey)
	var argv []string
	if isTrue(kw.Lookup("gpgautoimport")) {
		argv = append(argv, "--gpg-auto-import-keys")
	}
	argv = append(argv, "refresh")
	if v, ok := kw.GetStr("force"); !ok || py.IsNone(v) || py.IsTrue(v) {
		argv = append(argv, "--force")
	}
	out, err := m.call(ctx, false, append(argv, repoList(kw.Lookup("repos"))...)...)
	if err != nil {
		return nil, err
	}
	return parseZypperRefresh(out.stdout), nil
}

func parseZypperRefresh(stdout string) *py.Dict {
	ret := py.NewDict()
	for line := range strings.Lines(stdout) {
		line = strings.TrimSpace(line)
		f := strings.SplitN(line, "'", 3)
		switch {
		case len(f) < 3:
		case strings.HasPrefix(line, "Repository") && strings.Contains(line, "is up to date"):
			ret.SetStr(strings.TrimSpace(f[1]), py.False)
		case strings.HasPrefix(line, "Building") && strings.Contains(line, "done"):
			ret.SetStr(strings.TrimSpace(f[1]), py.True)
		}
	}
	return ret
}

var lowerVersion = regexp.MustCompile(`(?m)^The selected package '([^']+)'.+has lower version`)

func (m *zypper) install(ctx context.Context, r *installRequest) (*py.Dict, error) {
	if err := refused("pkg.install", r.kwargs, "root", "diff_attr", "advisory_ids", "resolve_capabilities"); err != nil {
		return nil, err
	}
	if m.w == nil {
		return nil, errNeedsWriter
	}
	if r.refresh {
		if _, err := m.refresh(ctx, r.kwargs); err != nil {
			return nil, err
		}
	}
	var targets []string
	if r.sources != nil {
		var err error
		if targets, err = m.sourceFiles(ctx, r); err != nil {
			return nil, err
		}
	} else {
		for k, v := range r.pkgs.All() {
			word := py.ToStr(k)
			if !py.IsNone(v) {
				oper, version := splitComparison(str(v))
				if oper == "" {
					oper = "="
				}
				if strings.Contains(version, "*") && r.kwargs.Has("version") { // of a call, not of a state
					var err error
					if version, err = m.wildcard(ctx, word, oper, version); err != nil {
						return nil, err
					}
				}
				word += oper + version
			}
			targets = append(targets, word)
		}
	}
	old, err := takeSnapshot(ctx, m, r.downloadOnly)
	if err != nil {
		return nil, err
	}
	var argv []string
	if r.skipVerify {
		argv = append(argv, "--no-gpg-checks")
	}
	if !r.refresh {
		argv = append(argv, "--no-refresh")
	}
	argv = append(argv, "install", "--auto-agree-with-licenses", "--name")
	if r.downloadOnly {
		argv = append(argv, "--download-only")
	}
	if r.fromrepo != "" {
		argv = append(argv, "--force", "--force-resolution", "--from", r.fromrepo)
	}
	if isTrue(r.kwargs.Lookup("no_recommends")) {
		argv = append(argv, "--no-recommends")
	}
	run := m.call
	if isTrue(r.kwargs.Lookup("ignore_repo_failure")) {
		run = m.try
	}
	var downgrades []string
	for batch := range slices.Chunk(targets, 500) {
		out, err := run(ctx, false, slices.Concat(argv, batch)...)
		if err != nil {
			return nil, err
		}
		for _, s := range lowerVersion.FindAllStringSubmatch(out.stdout, -1) {
			downgrades = append(downgrades, s[1])
		}
	}
	for batch := range slices.Chunk(downgrades, 500) {
		if _, err := run(ctx, false, slices.Concat(argv, []string{"--force"}, batch)...); err != nil {
			return nil, err
		}
	}
	now, err := takeSnapshot(ctx, m, r.downloadOnly)
	if err != nil {
		return nil, err
	}
	return old.changes(now)
}

// wildcard finds the newest version that a pattern names.
func (m *zypper) wildcard(ctx context.Context, name, oper, pattern string) (string, error) {
	offered, err := m.available(ctx, []string{name}, py.NewDict())
	if err != nil {
		return "", err
	}
	for _, v := range texts(offered.Lookup(name)) {
		if oper == "=" && fnmatch.Match(pattern, v) {
			return v, nil
		}
	}
	return "", commandErrorf("No version matching '%s%s' could be found for package '%s'", strings.TrimPrefix(oper, "="), pattern, name)
}

func (m *zypper) uninstall(ctx context.Context, _ string, targets *py.Dict, _ py.Value) (*py.Dict, error) {
	old, err := m.list(ctx, installed)
	if err != nil {
		return nil, err
	}
	var words []string
	for k, v := range targets.All() {
		name := py.ToStr(k)
		switch have, version := old[name], str(v); {
		case len(have) == 0:
		case version == "":
			words = append(words, name)
		case slices.Contains(have, version):
			words = append(words, name+"-"+version)
		}
	}
	if len(words) == 0 {
		return py.NewDict(), nil
	}
	for batch := range slices.Chunk(words, 500) {
		if _, err := m.call(ctx, false, slices.Concat([]string{"--no-refresh", "remove"}, batch)...); err != nil {
			return nil, err
		}
	}
	now, err := m.list(ctx, installed)
	if err != nil {
		return nil, err
	}
	return compare(stringify(old), stringify(now)), nil
}

func (m *zypper) upgrades(ctx context.Context, _ bool, kw *py.Dict) (*py.Dict, error) {
	if err := refused("pkg.list_upgrades", kw, "root"); err != nil {
		return nil, err
	}
	argv := []string{"--xmlout", "--no-refresh", "list-updates"}
	for _, r := range repoList(kw.Lookup("fromrepo")) {
		argv = append(argv, "--repo", r)
	}
	out, err := m.call(ctx, true, argv...)
	if err != nil {
		return nil, err
	}
	ret := py.NewDict()
	for _, u := range xmlTags(out.stdout, "update") {
		if u["kind"] == "package" {
			ret.SetStr(u["name"], py.Str(u["edition"]))
		}
	}
	return ret, nil
}

func (m *zypper) upgrade(ctx context.Context, o upgradeOptions) (*py.Dict, error) {
	if err := refused("pkg.upgrade", o.kwargs, "root", "diff_attr", "dryrun"); err != nil {
		return nil, err
	}
	var argv []string
	if o.skipVerify {
		argv = append(argv, "--no-gpg-checks")
	}
	verb, repo := "update", "--repo"
	if o.distUpgrade {
		verb, repo = "dist-upgrade", "--from"
	}
	argv = append(argv, "--no-refresh", verb, "--auto-agree-with-licenses")
	for _, r := range repoList(o.kwargs.Lookup("fromrepo")) {
		argv = append(argv, repo, r)
	}
	if o.distUpgrade {
		if isTrue(o.kwargs.Lookup("novendorchange")) {
			argv = append(argv, "--no-allow-vendor-change")
		}
		if isTrue(o.kwargs.Lookup("no_recommends")) {
			argv = append(argv, "--no-recommends")
		}
	} else {
		argv = append(argv, o.names...)
	}
	old, err := m.list(ctx, installed)
	if err != nil {
		return nil, err
	}
	out, err := m.try(ctx, false, argv...)
	if err != nil {
		return nil, err
	}
	now, err := m.list(ctx, installed)
	if err != nil {
		return nil, err
	}
	if out.code >= 100 && out.code <= 103 {
		out.code = 0
	}
	return upgraded(old, now, out)
}

func (m *zypper) fileInfo(ctx context.Context, path string) (*packageFile, error) {
	return m.rpmFileInfo(ctx, path, m.rpmNames)
}
