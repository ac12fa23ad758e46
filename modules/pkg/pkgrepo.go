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
	Name   string   `arg:"name,required" doc:"The repository: a line of sources.list, or its id with dnf and zypper."`
	PPA    py.Value `arg:"ppa" doc:"A Launchpad archive, OWNER/NAME, in the place of name (Ubuntu)."`
	Copr   py.Value `arg:"copr" doc:"A project of Fedora's Copr, OWNER/NAME, in the place of name (dnf)."`
	AptKey bool     `arg:"aptkey" default:"True" doc:"Put keys into apt's own keyring with apt-key where there is one."`
	Extra  *py.Dict `arg:"**"`
}

type repoAbsentArgs struct {
	Name  string   `arg:"name,required" doc:"The repository: a line of sources.list, or its id with dnf and zypper."`
	Extra *py.Dict `arg:"**"`
}

const (
	repoManagedDoc = "Configures a package repository, with its key.\n\n" +
		"```yaml\napp-repo:\n  pkgrepo.managed:\n    - name: deb [signed-by=/etc/apt/keyrings/app.asc] https://deb.example.org/ stable main\n    - file: /etc/apt/sources.list.d/app.list\n    - key_url: salt://app/key.asc\n    - aptkey: False\n```\n\n" +
		"With dnf and zypper the name is the repository's id, and the arguments are the options of its .repo file:\n\n" +
		"```yaml\napp:\n  pkgrepo.managed:\n    - humanname: The app\n    - baseurl: https://rpm.example.org/el$releasever/\n    - gpgcheck: 1\n    - gpgkey: https://rpm.example.org/key.asc\n```"
	repoAbsentDoc = "Removes a package repository.\n\n```yaml\ndeb http://old.example.org/ stable main:\n  pkgrepo.absent: []\n```"

	// repoTestNote is what Salt's test mode adds.
	repoTestNote = "This may cause pkg states to behave differently than stated if this action is repeated without test=True, due to the differences in the configured repositories."
)

func repoStateFuncs() []*modules.Func {
	return []*modules.Func{
		modules.State[repoArgs]{Name: "pkgrepo.managed", Doc: repoManagedDoc, Virtual: virtual,
			Check: func(ctx context.Context, c *modules.Call, a *repoArgs) (modules.Plan, error) {
				return plan(ctx, c, func(ctx context.Context, m manager) (modules.Done, error) {
					k, ok := m.(repoKeeper)
					if !ok {
						return modules.Failed("Repo management not implemented on this platform"), nil
					}
					return (&managing{repoKeeper: k, c: c, a: a}).run(ctx)
				})
			}}.Func(),
		modules.State[repoAbsentArgs]{Name: "pkgrepo.absent", Doc: repoAbsentDoc, Virtual: virtual,
			Check: func(ctx context.Context, c *modules.Call, a *repoAbsentArgs) (modules.Plan, error) {
				return plan(ctx, c, func(ctx context.Context, m manager) (modules.Done, error) {
					switch m := m.(type) {
					case *apt:
						return aptRepoAbsent(ctx, m, a)
					case repoKeeper:
						return rpmRepoAbsent(ctx, c, m, a)
					}
					return modules.Done{}, missing("pkg.get_repo")
				})
			}}.Func(),
	}
}

// managing is one run of pkgrepo.managed. kw are the arguments that go on.
type managing struct {
	repoKeeper
	c    *modules.Call
	a    *repoArgs
	kw   *py.Dict
	name string // of the repository, as the manager takes it
	// conflict is set when arguments do not go together. Salt's run goes on,
	// and only test mode's result shows it.
	conflict bool
}

func (m *managing) run(ctx context.Context) (modules.Done, error) {
	m.kw = clone(m.a.Extra)
	on, done := m.refuse()
	if done != nil {
		return *done, nil
	}
	m.name = m.a.Name
	apt, isApt := m.repoKeeper.(*apt)
	if isApt {
		m.kw.SetStr("disabled", py.Bool(!on))
		m.kw.SetStr("name", py.Str(m.a.Name))
		if !py.IsNone(m.a.PPA) {
			m.name = "ppa:" + py.ToStr(m.a.PPA)
		}
	} else {
		m.nameRPM(on)
	}
	before, err := m.repo(m.name, m.kw)
	if err != nil {
		if msg, ok := isCommandError(err); ok {
			return m.done(low.False, nil, fmt.Sprintf("Failed to examine repo '%s': %s", m.a.Name, msg)), nil
		}
		return modules.Done{}, err
	}
	wanted := m.kw
	if isApt {
		if wanted, err = apt.sanitize(m.name, m.kw); err != nil {
			return modules.Done{}, err
		}
	}
	if before.Len() > 0 && !m.hasOtherLines() {
		before, wanted = without(before, "file"), without(wanted, "file")
		same := m.configured
		if !isApt {
			same, m.kw = m.configuredRPM, wanted
		}
		if same(before, wanted) {
			return m.done(low.True, nil, fmt.Sprintf("Package repo '%s' already configured", m.a.Name)), nil
		}
	}
	if before.Len() > 0 && isApt {
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

// refuse takes enabled and disabled, and tells arguments that do not go
// together.
func (m *managing) refuse() (on bool, done *modules.Done) {
	fail := func(comment string) (bool, *modules.Done) {
		d := modules.Failed(comment)
		return false, &d
	}
	if m.kw.Has("repo") {
		return fail("'repo' is not a supported argument for this state. The 'name' argument is probably what was intended.")
	}
	enabled, disabled := m.kw.Lookup("enabled"), m.kw.Lookup("disabled")
	m.kw = without(without(m.kw, "enabled"), "disabled")
	if !py.IsNone(enabled) && !py.IsNone(disabled) {
		return fail("Only one of enabled/disabled is allowed")
	}
	on = !isTrue(disabled)
	if !py.IsNone(enabled) {
		on = isTrue(enabled)
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
	return on, nil
}

// hasOtherLines says whether a file that is to be clean holds anything besides
// the repository.
func (m *managing) hasOtherLines() bool {
	file := str(m.kw.Lookup("file"))
	if on, ok := m.kw.GetStr("clean_file"); !ok || !py.IsTrue(on) || file == "" {
		return false
	}
	data, err := m.c.ReadFile(file)
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

func (m *managing) configure(ctx context.Context, before, wanted *py.Dict) (modules.Done, error) {
	w := m.writer()
	if w == nil {
		return modules.Done{}, errNeedsWriter
	}
	if on, ok := m.kw.GetStr("clean_file"); ok && py.IsTrue(on) {
		file, ok := m.kw.GetStr("file")
		if !ok {
			return modules.Done{}, py.KeyError(py.Str("file"))
		}
		if err := w.WriteFile(py.ToStr(file), strings.NewReader(""), newFileMode(w, py.ToStr(file))); err != nil {
			return modules.Done{}, err
		}
	}
	env := "base"
	if m.c.Chunk != nil && m.c.Chunk.Env() != "" {
		env = m.c.Chunk.Env()
	}
	if _, err := m.setRepo(ctx, m.name, env, m.a.AptKey, m.kw); err != nil {
		if ctx.Err() != nil {
			return modules.Done{}, err
		}
		return m.done(low.False, nil, fmt.Sprintf("Failed to configure repo '%s': %s", m.a.Name, exceptionText(err))), nil
	}
	after, err := m.repo(m.name, m.kw)
	if err != nil {
		return m.done(low.False, nil, fmt.Sprintf("Failed to confirm config of repo '%s': %s", m.a.Name, exceptionText(err))), nil
	}
	changes := py.DictOf("repo", py.Str(m.name))
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
