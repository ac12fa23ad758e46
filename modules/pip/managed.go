package pip

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// managed is a run of virtualenv.managed.
type managed struct {
	c       *modules.Call
	a       *managedArgs
	python  string
	was     bool // the environment was there
	changes *py.Dict
	comment string
}

func checkManaged(ctx context.Context, c *modules.Call, a *managedArgs) (modules.Plan, error) {
	if err := refuseKwargs("virtualenv.managed", a.Extra); err != nil {
		return modules.Plan{}, err
	}
	m := &managed{c: c, a: a, python: path.Join(a.Name, "bin/python"), changes: py.NewDict()}
	m.was = exists(c, m.python)
	if s, ok := a.Requirements.(py.Str); ok && strings.HasPrefix(string(s), "salt://") {
		found, err := inTree(ctx, c, string(s))
		if err != nil {
			return modules.Plan{}, err
		}
		if !found {
			return modules.Fail(fmt.Sprintf("pip requirements file '%s' not found", s)), nil
		}
	}
	if m.was && a.Clear {
		had, err := (&tool{c: c, bin: a.Name}).freeze(ctx)
		if err != nil {
			return modules.Plan{}, err
		}
		m.changes.SetStr("cleared_packages", py.Strings(had...))
		if err := m.note(ctx, nil, "old"); err != nil {
			return modules.Plan{}, err
		}
	}
	would := modules.Done{Result: low.None, Comment: fmt.Sprintf("Virtualenv %s is set to be created", a.Name)}
	switch {
	case m.was && a.Clear:
		would.Comment, would.Changes = fmt.Sprintf("Virtualenv %s is set to be cleared", a.Name), m.changes
	case m.was:
		would = modules.Done{Result: low.True, Comment: fmt.Sprintf("Virtualenv %s is already created", a.Name)}
	}
	return modules.Plan{Would: would, Apply: m.apply}, nil
}

// inTree says whether the tree has a file.
func inTree(ctx context.Context, c *modules.Call, ref string) (bool, error) {
	_, err := c.Sources.Stat(ctx, ref, "")
	if isMissing(err) {
		return false, nil
	}
	return err == nil, err
}

// note keeps what Python says of its version on standard error: nothing, since
// Python 3.4.
func (m *managed) note(ctx context.Context, w host.Writer, key string) error {
	res, err := m.c.RunAll(ctx, w, modules.Command{Argv: []string{m.python, "-V"}})
	if err != nil {
		return err
	}
	m.changes.SetStr(key, py.Str(strings.Trim(res.Stderr, "\n")))
	return nil
}

func (m *managed) done(result low.Tri, comment string) modules.Done {
	d := modules.Done{Result: result, Comment: comment}
	if m.changes.Len() > 0 {
		d.Changes = m.changes
	}
	return d
}

func (m *managed) apply(ctx context.Context, w host.Writer) (modules.Done, error) {
	a := m.a
	m.comment = "virtualenv exists"
	if !m.was || a.Clear {
		res, err := create(ctx, m.c, w, &createArgs{Path: a.Name, VenvBin: a.VenvBin, SystemSitePackages: a.SystemSitePackages, Distribute: a.Distribute, Clear: a.Clear,
			Python: a.Python, ExtraSearchDir: a.ExtraSearchDir, NeverDownload: a.NeverDownload, Prompt: a.Prompt, Pip: a.Pip, Symlinks: a.Symlinks, User: a.User, Extra: a.Extra})
		if err != nil {
			return modules.Done{}, err
		}
		if res.Code != 0 {
			return m.done(low.False, res.Stdout+res.Stderr), nil
		}
		m.c.Memo.Drop("pip/")
		if err := m.note(ctx, w, "new"); err != nil {
			return modules.Done{}, err
		}
		m.comment = "Created new virtualenv"
		if a.Clear {
			m.comment = "Cleared existing virtualenv"
		}
	}
	if a.UseWheel || a.NoUseWheel || isSet(a.NoBinary) {
		version, err := (&tool{c: m.c, bin: a.Name}).version(ctx)
		if err != nil {
			return modules.Done{}, err
		}
		if msg := unsupportedOption(version, a.UseWheel, a.NoUseWheel, isSet(a.NoBinary)); msg != "" {
			return m.done(low.False, msg), nil
		}
	}
	if isSet(a.Requirements) || isSet(a.PipPkgs) {
		return m.install(ctx, w)
	}
	return m.done(low.True, m.comment), nil
}

// install installs packages into the environment.
func (m *managed) install(ctx context.Context, w host.Writer) (modules.Done, error) {
	a := m.a
	t := &tool{c: m.c, bin: a.Name, user: a.User, cwd: a.Cwd, env: a.EnvVars}
	asUser, bare := &tool{c: m.c, bin: a.Name, user: a.User}, &tool{c: m.c, bin: a.Name}
	before, err := asUser.freeze(ctx)
	if err != nil {
		if !isSaltError(err) {
			return modules.Done{}, err
		}
		return m.done(low.False, err.Error()), nil
	}
	if isSet(a.Requirements) {
		first := words(a.Requirements)[0]
		if !strings.HasPrefix(first, "salt://") && first != absolute(first) {
			t.cwd = path.Dir(absolute(first))
		}
	}
	res, err := t.install(ctx, w, &installOptions{
		pkgs: words(a.PipPkgs), requirements: a.Requirements, processDependencyLinks: a.ProcessDependencyLinks, useWheel: a.UseWheel, noUseWheel: a.NoUseWheel,
		noBinary: a.NoBinary, indexURL: a.IndexURL, extraIndexURL: a.ExtraIndexURL, download: a.PipDownload, cacheDir: orElse(a.PipDownloadCache, a.PipCacheDir),
		preReleases: a.PreReleases, existsAction: a.PipExistsAction, ignoreInstalled: a.PipIgnoreInstalled, upgrade: a.PipUpgrade, noDeps: a.NoDeps, proxy: a.Proxy,
		noCacheDir: a.PipNoCacheDir,
	})
	if err != nil {
		return modules.Done{}, err
	}
	if !res.ran {
		return modules.Done{}, py.KeyError(py.Str("retcode"))
	}
	result := low.True
	if res.Code != 0 {
		result = low.False
		m.comment = fmt.Sprintf("%s\n%s\n%s", m.comment, res.Stdout, res.Stderr)
	}
	after, err := bare.freeze(ctx)
	if err != nil {
		return modules.Done{}, err
	}
	fresh, gone := difference(after, before), difference(before, after)
	if len(fresh) > 0 || len(gone) > 0 {
		m.changes.SetStr("packages", py.DictOf("new", listOrEmpty(fresh), "old", listOrEmpty(gone)))
	}
	return m.done(result, m.comment), nil
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// difference are the lines of a that b does not have, each once.
func difference(a, b []string) []string {
	var out []string
	for _, s := range a {
		if !slices.Contains(b, s) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func listOrEmpty(s []string) py.Value {
	if len(s) == 0 {
		return py.Str("")
	}
	return py.Strings(s...)
}
