package pkg

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"pinch/internal/debversion"
	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// apt is the manager of Debian and its kin.
type apt struct{ commands }

func newApt(c *modules.Call, w host.Writer) *apt {
	return &apt{commands{c: c, w: w, vars: aptEnv[:], busy: "Could not get lock", learnt: []string{dbKey, "pkg/apt/"}}}
}

// aptEnv keeps packages from asking and their messages in English, which is
// what is read here and what a comment shows.
var aptEnv = [...][2]string{
	{"APT_LISTBUGS_FRONTEND", "none"},
	{"APT_LISTCHANGES_FRONTEND", "none"},
	{"DEBIAN_FRONTEND", "noninteractive"},
	{"UCF_FORCE_CONFFOLD", "1"},
	{"LC_ALL", "C"},
	{"LANGUAGE", "C"},
}

func (a *apt) compare(x, y string, ignoreEpoch bool) (int, bool) {
	return debversion.Compare(x, y, ignoreEpoch)
}

func (a *apt) normalize(name string) string {
	i := strings.LastIndexByte(name, ':')
	if i < 0 {
		return name
	}
	switch arch := name[i+1:]; arch {
	case grain(a.c, "osarch"), "all", "any":
		return name[:i]
	}
	return name
}

func (a *apt) list(_ context.Context, kind listKind) (map[string][]string, error) {
	db, err := readDatabase(a.c, a.reader())
	if err != nil {
		return nil, err
	}
	switch kind {
	case removed:
		return db.removed, nil
	case purgeDesired:
		return db.purgeDesired, nil
	}
	if len(db.purgeDesired) == 0 {
		return db.installed, nil
	}
	all := maps.Clone(db.purgeDesired)
	maps.Copy(all, db.installed)
	return all, nil
}

// refresh fetches the index files.
func (a *apt) refresh(ctx context.Context, kw *py.Dict) (py.Value, error) {
	ret := py.NewDict()
	if a.c.Test && a.c.Chunk != nil {
		if _, done := a.c.Memo.Get(testRefresh); done {
			return ret, nil // once is enough when nothing is changed in between
		}
	}
	if a.w == nil {
		return nil, errNeedsWriter
	}
	a.c.Memo.Drop(rtagKey)
	if secs, ok := py.AsInt(py.OrNone(kw.Lookup("cache_valid_time"))); ok && secs > 0 {
		if info, err := a.w.Stat("/var/lib/apt/lists"); err == nil && info.ModTime.Add(time.Duration(secs)*time.Second).After(a.w.Now()) {
			return ret, nil
		}
	}
	out, err := a.change(ctx, "", nil, "apt-get", "-q", "update")
	if err != nil {
		return nil, err
	}
	if out.code != 0 {
		return nil, modules.CommandExecutionError(out.stderr)
	}
	failed := parseUpdate(out.stdout, ret)
	if isTrue(kw.Lookup("failhard")) && len(failed) > 0 {
		return nil, modules.CommandExecutionError("Error getting repos: " + joined(failed))
	}
	if a.c.Test && a.c.Chunk != nil {
		a.c.Memo.Put(testRefresh, true)
	}
	return ret, nil
}

// parseUpdate reads what "apt-get update" prints: True for an index that was
// fetched, None for one that is current, False for one that failed.
func parseUpdate(stdout string, ret *py.Dict) (failed []string) {
	for line := range strings.Lines(stdout) {
		cols := strings.Fields(line)
		if len(cols) == 0 {
			continue
		}
		ident := strings.Join(cols[1:], " ")
		switch tag := cols[0]; {
		case strings.Contains(tag, "Get"):
			if i := strings.Index(ident, " ["); i >= 0 && strings.HasSuffix(ident, "B]") {
				ident = ident[:i]
			}
			ret.SetStr(ident, py.True)
		case strings.Contains(tag, "Ign"):
			ret.SetStr(ident, py.False)
		case strings.Contains(tag, "Hit"):
			ret.SetStr(ident, py.None)
		case strings.Contains(tag, "Err"):
			ret.SetStr(ident, py.False)
			failed = append(failed, ident)
		}
	}
	return failed
}

// policy gives the candidate by the heading of apt-cache policy, for names
// that are asked together and only once.
func (a *apt) policy(ctx context.Context, names []string, fromrepo string) (map[string]string, error) {
	key := "pkg/apt/policy/" + fromrepo
	known := map[string]string{} // heading: candidate
	if v, ok := a.c.Memo.Get(key); ok {
		known = v.(map[string]string)
	}
	var ask []string
	for _, n := range names {
		if _, ok := known["?"+n]; !ok && !slices.Contains(ask, n) {
			ask = append(ask, n)
		}
	}
	if len(ask) > 0 {
		argv := append([]string{"apt-cache", "-q", "policy"}, ask...)
		if fromrepo != "" {
			argv = append(argv, "-o", "APT::Default-Release="+fromrepo)
		}
		out, err := a.look(ctx, argv...)
		if err != nil {
			return nil, err
		}
		found, first := parsePolicy(out.stdout)
		if first != "" && !answers(ask, first) {
			// a name was taken for a pattern; Salt stumbles over it
			return nil, py.Errorf("UnboundLocalError", "cannot access local variable 'this_pkg' where it is not associated with a value")
		}
		known = maps.Clone(known)
		maps.Copy(known, found)
		for _, n := range ask {
			known["?"+n] = ""
		}
		a.c.Memo.Put(key, known)
	}
	// what apt would have said to a question for just these names
	found := map[string]string{}
	for heading, candidate := range known {
		if strings.HasPrefix(heading, "?") {
			continue
		}
		if answers(names, heading) {
			found[heading] = candidate
		}
	}
	return found, nil
}

// answers says whether a heading is about one of the names, in whatever
// architecture.
func answers(names []string, heading string) bool {
	short, _, _ := strings.Cut(heading, ":")
	return slices.ContainsFunc(names, func(n string) bool {
		s, _, _ := strings.Cut(n, ":")
		return n == heading || s == short
	})
}

// parsePolicy reads "apt-cache policy NAME...": the candidate by heading, ""
// where apt has none. first is the first heading.
func parsePolicy(stdout string) (found map[string]string, first string) {
	found = map[string]string{}
	heading := ""
	for line := range strings.Lines(stdout) {
		line = strings.TrimSpace(line)
		if h, ok := strings.CutSuffix(line, ":"); ok && !strings.HasPrefix(line, "Version table") {
			heading = h
			if first == "" {
				first = h
			}
			continue
		}
		if heading == "" || !strings.HasPrefix(line, "Candidate") {
			continue
		}
		candidate := ""
		if cols := strings.Fields(line); len(cols) >= 2 {
			candidate = cols[len(cols)-1]
		}
		if strings.EqualFold(candidate, "(none)") {
			candidate = ""
		}
		found[heading] = candidate
	}
	return found, first
}

func (a *apt) latest(ctx context.Context, names []string, o latestOptions) (*candidates, error) {
	ret := &candidates{version: py.NewDict(), names: slices.Clone(names)}
	if len(names) == 0 {
		return ret, nil
	}
	for _, n := range names {
		ret.version.SetStr(n, py.Str(""))
	}
	have, err := a.list(ctx, installed)
	if err != nil {
		return nil, err
	}
	if o.refresh {
		if _, err := a.refresh(ctx, o.kwargs); err != nil {
			return nil, err
		}
	}
	found, err := a.policy(ctx, names, str(o.kwargs.Lookup("fromrepo")))
	if err != nil {
		return nil, err
	}
	tell := func(name string) {
		candidate := found[name]
		current := have[name]
		switch {
		case len(current) == 0 || isTrue(o.kwargs.Lookup("show_installed")):
			ret.version.SetStr(name, py.Str(candidate))
		case candidate != "" && !slices.ContainsFunc(current, func(v string) bool {
			return holdsFor(v, ">=", candidate, false, a.compare)
		}):
			ret.version.SetStr(name, py.Str(candidate))
		}
	}
	// a name that apt did not answer for stands for its foreign architectures
	var kept, foreign []string
	for _, n := range names {
		tell(n)
		if _, ok := found[n]; ok {
			kept = append(kept, n)
			continue
		}
		for _, heading := range slices.Sorted(maps.Keys(found)) {
			if strings.HasPrefix(heading, n+":") {
				foreign = append(foreign, heading)
			}
		}
	}
	for _, n := range foreign {
		tell(n)
	}
	ret.names = append(kept, foreign...)
	return ret, nil
}

// available reads "apt-cache show": versions by name, in apt's order.
func (a *apt) available(ctx context.Context, names []string, _ *py.Dict) (*py.Dict, error) {
	argv := []string{"apt-cache", "dump"}
	if len(names) > 0 {
		argv = append([]string{"apt-cache", "show"}, names...)
	}
	out, err := a.look(ctx, argv...)
	if err != nil {
		return nil, err
	}
	return parseShow(out.stdout), nil
}

func parseShow(stdout string) *py.Dict {
	ret := py.NewDict()
	name := ""
	for line := range strings.Lines(stdout) {
		line = strings.TrimRight(line, "\n")
		if n, ok := strings.CutPrefix(line, "Package: "); ok && n != "" {
			name = n
			continue
		}
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "Version:"); ok {
			v = strings.TrimSpace(v)
			if l, ok := ret.Lookup(name).(*py.List); ok {
				l.Append(py.Str(v))
			} else {
				ret.SetStr(name, py.NewList(py.Str(v)))
			}
		}
	}
	return ret
}
