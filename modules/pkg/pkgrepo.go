package pkg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type repoArgs struct {
	Name   string   `arg:"name,required" doc:"The repository as a line of sources.list."`
	PPA    py.Value `arg:"ppa" doc:"A Launchpad archive, OWNER/NAME, in the place of name (Ubuntu)."`
	Copr   py.Value `arg:"copr" doc:"Fedora only."`
	AptKey bool     `arg:"aptkey" default:"True" doc:"Put keys into apt's own keyring with apt-key where there is one."`
	Extra  *py.Dict `arg:"**"`
}

type repoAbsentArgs struct {
	Name  string   `arg:"name,required" doc:"The repository as a line of sources.list."`
	Extra *py.Dict `arg:"**"`
}

const (
	repoManagedDoc = "Configures a package repository, with its key.\n\n" +
		"```yaml\napp-repo:\n  pkgrepo.managed:\n    - name: deb [signed-by=/etc/apt/keyrings/app.asc] https://deb.example.org/ stable main\n    - file: /etc/apt/sources.list.d/app.list\n    - key_url: salt://app/key.asc\n    - aptkey: False\n```"
	repoAbsentDoc = "Removes a package repository.\n\n```yaml\ndeb http://old.example.org/ stable main:\n  pkgrepo.absent: []\n```"

	// repoTestNote is what Salt's test mode adds.
	repoTestNote = "This may cause pkg states to behave differently than stated if this action is repeated without test=True, due to the differences in the configured repositories."
)

func repoStateFuncs() []*modules.Func {
	return []*modules.Func{
		modules.State[repoArgs]{Name: "pkgrepo.managed", Doc: repoManagedDoc, Virtual: aptOnly,
			Check: func(ctx context.Context, c *modules.Call, a *repoArgs) (modules.Plan, error) {
				return plan(ctx, c, func(ctx context.Context, m manager) (modules.Done, error) {
					return (&managing{apt: m.(*apt), a: a}).run(ctx)
				})
			}}.Func(),
		modules.State[repoAbsentArgs]{Name: "pkgrepo.absent", Doc: repoAbsentDoc, Virtual: aptOnly,
			Check: func(ctx context.Context, c *modules.Call, a *repoAbsentArgs) (modules.Plan, error) {
				return plan(ctx, c, func(ctx context.Context, m manager) (modules.Done, error) {
					return repoAbsent(ctx, m.(*apt), a)
				})
			}}.Func(),
	}
}

// managing is one run of pkgrepo.managed. kw are the arguments that go on.
type managing struct {
	*apt
	a    *repoArgs
	kw   *py.Dict
	repo string
	// conflict is set when arguments do not go together. Salt's run goes on,
	// and only test mode's result shows it.
	conflict bool
}

func (m *managing) run(ctx context.Context) (modules.Done, error) {
	m.kw = clone(m.a.Extra)
	if done := m.refuse(); done != nil {
		return *done, nil
	}
	m.kw.SetStr("name", py.Str(m.a.Name))
	m.repo = m.a.Name
	if !py.IsNone(m.a.PPA) {
		m.repo = "ppa:" + py.ToStr(m.a.PPA)
	}
	before, err := m.getRepo(m.repo, str(m.kw.Lookup("ppa_auth")))
	if err != nil {
		if msg, ok := isCommandError(err); ok {
			return m.done(low.False, nil, fmt.Sprintf("Failed to examine repo '%s': %s", m.a.Name, msg)), nil
		}
		return modules.Done{}, err
	}
	wanted, err := m.sanitize(m.repo, m.kw)
	if err != nil {
		return modules.Done{}, err
	}
	stale := before.Len() > 0 && m.hasOtherLines()
	if before.Len() > 0 && !stale {
		before, wanted = without(before, "file"), without(wanted, "file")
		if m.configured(before, wanted) {
			return m.done(low.True, nil, fmt.Sprintf("Package repo '%s' already configured", m.a.Name)), nil
		}
	}
	if before.Len() > 0 {
		if !m.kw.Has("uri") && before.String("uri") != wanted.String("uri") {
			m.kw.SetStr("uri", wanted.Lookup("uri"))
		}
		if uris := texts(wanted.Lookup("uris")); !m.kw.Has("uris") && len(uris) > 0 && !slices.Contains(texts(before.Lookup("uris")), uris[0]) {
			m.kw.SetStr("uris", wanted.Lookup("uris"))
		}
	}
	if m.c.Test {
		changes := py.DictOf("repo", py.Str(m.a.Name))
		if before.Len() > 0 {
			changes = changesOf(keys(wanted), before, wanted)
		}
		result := low.None
		if m.conflict {
			result = low.False
		}
		return m.done(result, changes, fmt.Sprintf("Package repo '%s' would be configured. %s", m.a.Name, repoTestNote)), nil
	}
	return m.configure(ctx, before, wanted)
}

func (m *managing) done(result low.Tri, changes *py.Dict, comment string) modules.Done {
	d := modules.Done{Result: result, Comment: comment}
	if changes != nil {
		d.Changes = changes
	}
	return d
}

// refuse reads enabled and disabled into disabled, and tells arguments that do
// not go together.
func (m *managing) refuse() *modules.Done {
	fail := func(comment string) *modules.Done {
		d := modules.Failed(comment)
		return &d
	}
	if m.kw.Has("repo") {
		return fail("'repo' is not a supported argument for this state. The 'name' argument is probably what was intended.")
	}
	enabled, disabled := m.kw.Lookup("enabled"), m.kw.Lookup("disabled")
	m.kw = without(without(m.kw, "enabled"), "disabled")
	if !py.IsNone(enabled) && !py.IsNone(disabled) {
		return fail("Only one of enabled/disabled is allowed")
	}
	off := isTrue(disabled)
	if !py.IsNone(enabled) {
		off = !isTrue(enabled)
	}
	insecure := true
	if v, ok := m.kw.GetStr("allow_insecure_key"); ok {
		insecure = py.IsTrue(v)
	}
	m.kw = without(m.kw, "allow_insecure_key")
	if !insecure && strings.HasPrefix(strings.TrimSpace(str(m.kw.Lookup("key_url"))), "http:") {
		return fail("Cannot have 'key_url' using http with 'allow_insecure_key' set to True")
	}
	server := m.kw.Has("keyid") || m.kw.Has("keyserver")
	m.conflict = m.kw.Has("key_url") && server || m.kw.Has("key_text") && (server || m.kw.Has("key_url"))
	m.kw.SetStr("disabled", py.Bool(off))
	return nil
}

// hasOtherLines says whether a file that is to be clean holds anything besides
// the repository.
func (m *managing) hasOtherLines() bool {
	file := str(m.kw.Lookup("file"))
	if on, ok := m.kw.GetStr("clean_file"); !ok || !py.IsTrue(on) || file == "" {
		return false
	}
	data, err := m.reader().ReadFile(file)
	if err != nil {
		return false // as it is not there, nothing is to be cleaned
	}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") && line != strings.TrimSpace(m.a.Name) {
			return true
		}
	}
	return false
}

// configured compares what is there with what is wanted.
func (m *managing) configured(before, wanted *py.Dict) bool {
	for _, k := range keys(wanted) {
		have, want := before.Lookup(k), wanted.Lookup(k)
		switch {
		case k == "comps", k == "architectures" && py.IsTrue(want):
			x, y := texts(have), texts(want)
			slices.Sort(x)
			slices.Sort(y)
			if k == "architectures" {
				x, y = slices.Compact(x), slices.Compact(y)
			}
			if !slices.Equal(x, y) {
				return false
			}
		case k == "line":
			if wanted.Lookup("disabled") == py.Value(py.True) {
				continue
			}
			line, comment, _ := strings.Cut(before.String("line"), "#")
			if !slices.Equal(sortedWords(wanted.String("line")), sortedWords(line)) {
				return false
			}
			if v, ok := m.kw.GetStr("comments"); ok && combineComments(v) != strings.TrimSpace(comment) {
				return false
			}
		default:
			if py.ToStr(have) != py.ToStr(want) {
				return false
			}
		}
	}
	return true
}

// sortedWords are a line's words, those behind the third sorted.
func sortedWords(line string) []string {
	w := strings.Fields(line)
	if len(w) > 3 {
		slices.Sort(w[3:])
	}
	return w
}

func (m *managing) configure(ctx context.Context, before, wanted *py.Dict) (modules.Done, error) {
	if m.w == nil {
		return modules.Done{}, errNeedsWriter
	}
	if on, ok := m.kw.GetStr("clean_file"); ok && py.IsTrue(on) {
		file, ok := m.kw.GetStr("file")
		if !ok {
			return modules.Done{}, py.KeyError(py.Str("file"))
		}
		if err := m.w.WriteFile(py.ToStr(file), strings.NewReader(""), newFileMode(m.w, py.ToStr(file))); err != nil {
			return modules.Done{}, err
		}
	}
	env := "base"
	if m.c.Chunk != nil && m.c.Chunk.Env() != "" {
		env = m.c.Chunk.Env()
	}
	if _, err := m.modRepo(ctx, m.repo, env, m.a.AptKey, m.kw); err != nil {
		if ctx.Err() != nil {
			return modules.Done{}, err
		}
		return m.done(low.False, nil, fmt.Sprintf("Failed to configure repo '%s': %s", m.a.Name, exceptionText(err))), nil
	}
	after, err := m.getRepo(m.repo, str(m.kw.Lookup("ppa_auth")))
	if err != nil {
		return m.done(low.False, nil, fmt.Sprintf("Failed to confirm config of repo '%s': %s", m.a.Name, exceptionText(err))), nil
	}
	changes := py.DictOf("repo", py.Str(m.repo))
	if before.Len() > 0 {
		changes = changesOf(keys(wanted), before, after)
	}
	return m.done(low.True, changes, fmt.Sprintf("Configured package repo '%s'", m.a.Name)), nil
}

// newFileMode is the mode of a file that is not there yet.
func newFileMode(r host.Reader, file string) host.WriteOptions {
	if _, err := r.Stat(file); err == nil {
		return host.WriteOptions{}
	}
	mode := fs.FileMode(0o644)
	return host.WriteOptions{Mode: &mode}
}

// exceptionText is str() of a Python exception.
func exceptionText(err error) string {
	if msg, ok := isSaltError(err); ok {
		return msg
	}
	var e *py.Error
	if errors.As(err, &e) {
		return e.Msg
	}
	return err.Error()
}

// changesOf lists {new, old} of the keys whose values differ.
func changesOf(names []string, before, after *py.Dict) *py.Dict {
	out := py.NewDict()
	for _, k := range names {
		was, is := py.OrNone(before.Lookup(k)), py.OrNone(after.Lookup(k))
		if eq, err := py.Equal(was, is); err == nil && !eq {
			out.SetStr(k, py.DictOf("new", is, "old", was))
		}
	}
	return out
}

func without(d *py.Dict, key string) *py.Dict {
	out := py.NewDict()
	for k, v := range d.All() {
		if py.ToStr(k) != key {
			out.SetStr(py.ToStr(k), v)
		}
	}
	return out
}

func repoAbsent(ctx context.Context, m *apt, a *repoAbsentArgs) (modules.Done, error) {
	name := a.Name
	if ppa, ok := a.Extra.GetStr("ppa"); ok && m.ubuntuLike() {
		name = "ppa:" + strings.TrimPrefix(py.ToStr(ppa), "ppa:")
	}
	done := func(result low.Tri, changes *py.Dict, comment string) (modules.Done, error) {
		d := modules.Done{Result: result, Comment: comment, Name: a.Name}
		if changes != nil {
			d.Changes = changes
		}
		return d, nil
	}
	auth := str(a.Extra.Lookup("ppa_auth"))
	stripped := stripURI(name)
	have, err := m.getRepo(stripped, auth)
	if err != nil {
		if msg, ok := isCommandError(err); ok {
			return done(low.False, nil, fmt.Sprintf("Failed to configure repo '%s': %s", name, msg))
		}
		return modules.Done{}, err
	}
	if have.Len() > 0 {
		want, err := splitRepo(stripped)
		if err != nil {
			return modules.Done{}, err
		}
		if !sameWords(want.archs, texts(have.Lookup("architectures"))) {
			have = py.NewDict()
		}
	}
	if have.Len() == 0 {
		return done(low.True, nil, "Package repo "+name+" is absent")
	}
	if m.c.Test {
		return done(low.None, nil, fmt.Sprintf("Package repo '%s' will be removed. %s", name, repoTestNote))
	}
	if _, err := m.delRepo(ctx, stripped, auth); err != nil {
		if msg, ok := isSaltError(err); ok {
			return done(low.False, nil, msg)
		}
		return modules.Done{}, err
	}
	changes := py.DictOf("repo", py.Str(name))
	comment := "Removed repo " + name
	id, ppaKey := a.Extra.Lookup("keyid"), a.Extra.Lookup("keyid_ppa")
	if py.IsNone(id) && py.IsNone(ppaKey) {
		return done(low.True, changes, comment)
	}
	removed, err := m.removeKey(ctx, stripped, a.Extra)
	if err != nil {
		if msg, ok := isSaltError(err); ok {
			return done(low.False, changes, comment+", but failed to remove key: "+msg)
		}
		return modules.Done{}, err
	}
	changes.SetStr("keyid", removed)
	return done(low.True, changes, comment+", and keyid "+py.ToStr(removed))
}

// removeKey is pkg.del_repo_key with its keyword arguments.
func (a *apt) removeKey(ctx context.Context, name string, kw *py.Dict) (py.Value, error) {
	id := ""
	if v, ok := kw.GetStr("keyid_ppa"); ok && py.IsTrue(v) {
		rest, isPPA := strings.CutPrefix(name, "ppa:")
		owner, archive, ok := strings.Cut(rest, "/")
		if !isPPA || !ok {
			return nil, modules.SaltInvocationError("keyid_ppa requires that a PPA be passed")
		}
		fingerprint, _, err := ppaInfo(ctx, a.c, owner, archive)
		if err != nil {
			return nil, modules.CommandExecutionError(err.Error())
		}
		id = fingerprint[max(0, len(fingerprint)-8):]
	} else if v, ok := kw.GetStr("keyid"); ok {
		id = keyID(v)
	} else {
		return nil, modules.SaltInvocationError("keyid or keyid_ppa and PPA name must be passed")
	}
	aptKey := true
	if v, ok := kw.GetStr("aptkey"); ok {
		aptKey = py.IsTrue(v)
	}
	return a.delKey(ctx, id, aptKey, str(kw.Lookup("keydir")))
}

// sameWords compares two lists as sets.
func sameWords(a, b []string) bool {
	x, y := slices.Compact(slices.Sorted(slices.Values(a))), slices.Compact(slices.Sorted(slices.Values(b)))
	return slices.Equal(x, y)
}
