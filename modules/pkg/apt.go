package pkg

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pinch/internal/debversion"
	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// apt is the manager of Debian and its kin. w is nil when it may only look.
type apt struct {
	c *modules.Call
	w host.Writer
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

// aptOutput is how a command of apt or dpkg ended.
type aptOutput struct {
	stdout, stderr string
	code, pid      int
}

// lockWaits are the times to wait for another apt before it is tried again.
var lockWaits = [...]time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, 64 * time.Second}

// look runs a command that only looks.
func (a *apt) look(ctx context.Context, argv ...string) (aptOutput, error) {
	cmd := host.Cmd{Argv: argv, Env: a.env(nil)}
	var out host.Output
	var err error
	if a.w != nil {
		out, err = a.w.Run(ctx, cmd)
	} else {
		if host.CheckQuery(cmd) != nil {
			return aptOutput{}, errNeedsWriter
		}
		out, err = a.c.Query(ctx, cmd)
	}
	if err != nil {
		return aptOutput{}, fmt.Errorf("%s: %w", argv[0], err)
	}
	return outputOf(out), nil
}

// change runs a command that changes something and waits while another one
// holds the lock.
func (a *apt) change(ctx context.Context, stdin string, env py.Value, argv ...string) (aptOutput, error) {
	if a.w == nil {
		return aptOutput{}, errNeedsWriter
	}
	defer a.forget()
	for try := 0; ; try++ {
		cmd := host.Cmd{Argv: argv, Env: a.env(env), Tee: a.c.Output}
		if stdin != "" {
			cmd.Stdin = strings.NewReader(stdin)
		}
		out, err := a.w.Run(ctx, cmd)
		if err != nil {
			return aptOutput{}, fmt.Errorf("%s: %w", argv[0], err)
		}
		if try == len(lockWaits) || !bytes.Contains(out.Stderr, []byte("Could not get lock")) {
			return outputOf(out), nil
		}
		select {
		case <-ctx.Done():
			return aptOutput{}, ctx.Err()
		case <-time.After(lockWaits[try]):
		}
	}
}

func outputOf(o host.Output) aptOutput {
	clean := func(b []byte) string {
		return strings.TrimRight(strings.ToValidUTF8(string(b), "\uFFFD"), " \t\r\n\v\f")
	}
	return aptOutput{clean(o.Stdout), clean(o.Stderr), o.Code, o.PID}
}

func (a *apt) env(extra py.Value) map[string]*string {
	env := map[string]*string{}
	for _, kv := range aptEnv {
		env[kv[0]] = &kv[1]
	}
	set := func(d *py.Dict) {
		for k, v := range d.All() {
			s := py.ToStr(v)
			env[py.ToStr(k)] = &s
		}
	}
	switch e := extra.(type) {
	case *py.Dict:
		set(e)
	case *py.List:
		for _, it := range e.Items {
			if d, ok := it.(*py.Dict); ok {
				set(d)
			}
		}
	}
	return env
}

// forget drops what was learnt of packages and their candidates.
func (a *apt) forget() {
	a.c.Memo.Drop(dbKey)
	a.c.Memo.Drop("pkg/apt/")
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

func (a *apt) reader() host.Reader {
	if a.w != nil {
		return a.w
	}
	return a.c
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

// rtagKey is the memo's key of Salt's refresh tag: the index files are to be
// fetched before the next package is installed.
const (
	rtagKey     = "pkg/rtag"
	initKey     = "pkg/init"
	testRefresh = "pkg/test-refreshed"
)

// wantsRefresh is Salt's check_refresh. The first pkg.installed or pkg.latest
// of a run sets the tag; a refresh takes it away.
func wantsRefresh(c *modules.Call, refresh py.Value) bool {
	if c.Chunk != nil && (c.Chunk.Fun() == "installed" || c.Chunk.Fun() == "latest") {
		if _, done := c.Memo.Get(initKey); !done {
			c.Memo.Put(initKey, true)
			c.Memo.Put(rtagKey, true)
		}
	}
	if isTrue(refresh) {
		return true
	}
	_, tagged := c.Memo.Get(rtagKey)
	return tagged && refresh != py.Value(py.False)
}

// refresh fetches the index files.
func (a *apt) refresh(ctx context.Context, cacheValid py.Value, failhard bool) (*py.Dict, error) {
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
	if secs, ok := py.AsInt(cacheValid); ok && secs > 0 {
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
	if failhard && len(failed) > 0 {
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
		if _, err := a.refresh(ctx, o.cacheValid, false); err != nil {
			return nil, err
		}
	}
	found, err := a.policy(ctx, names, o.fromrepo)
	if err != nil {
		return nil, err
	}
	tell := func(name string) {
		candidate := found[name]
		current := have[name]
		switch {
		case len(current) == 0 || o.showInstalled:
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
func (a *apt) available(ctx context.Context, names []string) (*py.Dict, error) {
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
