package pip

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// cmdKwargs are arguments that Salt's states would hand on to cmd.run_all, and
// that would mean something there. Others have no effect.
var cmdKwargs = []string{
	"env", "shell", "python_shell", "group", "stdin", "umask", "clean_env", "rstrip", "timeout", "template", "prepend_path",
	"bg", "ignore_retcode", "success_retcodes", "success_stdout", "success_stderr", "reset_system_locale", "output_encoding", "hide_output",
}

// refuseKwargs names an argument that is not supported.
func refuseKwargs(fun string, extra *py.Dict) error {
	for _, k := range cmdKwargs {
		if extra.Has(k) {
			return modules.SaltInvocationError(fmt.Sprintf("%s: %s is not supported: remove it", fun, k))
		}
	}
	return nil
}

// installed is a run of pip.installed.
type installed struct {
	a    *installedArgs
	t    *tool
	kw   *tool // as t, with the arguments that Salt hands on
	name string
	pkgs []string
	reqs []requirement
	// missing are those to install, already is what is said of the others.
	missing []requirement
	already []string
}

func (i *installed) fail(comment string) (modules.Plan, error) { return i.plan(low.False, comment) }

func (i *installed) plan(result low.Tri, comment string) (modules.Plan, error) {
	return modules.Plan{Would: modules.Done{Result: result, Comment: comment, Name: i.name}}, nil
}

func checkInstalled(ctx context.Context, c *modules.Call, a *installedArgs) (modules.Plan, error) {
	if err := refuseKwargs("pip.installed", a.Extra); err != nil {
		return modules.Plan{}, err
	}
	if a.BinEnv == "" {
		a.BinEnv = a.PipBin
	}
	i := &installed{a: a, t: &tool{c: c, bin: a.BinEnv, user: a.User, cwd: a.Cwd, env: a.EnvVars}}
	kw := *i.t
	if i.kw = &kw; a.Runas != "" {
		kw.user = a.Runas
	}
	if py.IsTrue(a.Pkgs) {
		l, ok := a.Pkgs.(*py.List)
		if !ok {
			return modules.Fail("pkgs argument must be formatted as a list"), nil
		}
		for _, it := range l.Items {
			switch it := it.(type) {
			case py.Str:
				i.pkgs = append(i.pkgs, string(it))
			case *py.Dict:
				return modules.Plan{}, py.TypeErrorf("'dict_items' object is not subscriptable")
			default:
				return modules.Plan{}, py.Errorf("AttributeError", "'%s' object has no attribute 'items'", it.Type())
			}
		}
	} else {
		i.pkgs = []string{a.Name}
	}
	i.name = strings.Join(i.pkgs, ";")
	version, err := (&tool{c: c, bin: a.BinEnv}).version(ctx)
	if err != nil {
		if !isSaltError(err) {
			return modules.Plan{}, err
		}
		return i.fail(fmt.Sprintf("Error installing '%s': %s", a.Name, err))
	}
	if msg := unsupportedOption(version, a.UseWheel, a.NoUseWheel, isSet(a.NoBinary)); msg != "" {
		return i.fail(msg)
	}
	files := isSet(a.Requirements) || isSet(a.Editable)
	if !files {
		var problems []string
		for _, p := range i.pkgs {
			r, problem := parseRequirement(c, p)
			if problem != "" {
				problems = append(problems, problem)
			}
			i.reqs = append(i.reqs, r)
		}
		if len(problems) > 0 {
			return i.fail(strings.Join(problems, "\n"))
		}
	}
	if a.User != "" {
		if _, ok := c.User(a.User); !ok {
			return i.fail(fmt.Sprintf("User %s does not exist", a.User))
		}
	}
	if files {
		return i.planFiles()
	}
	return i.planPackages(ctx)
}

func isSaltError(err error) bool {
	var e *modules.Error
	return errors.As(err, &e) && (e.Class == "CommandExecutionError" || e.Class == "CommandNotFoundError")
}

// unsupportedOption is Salt's comment on options that a version of pip does not have.
func unsupportedOption(version string, useWheel, noUseWheel, noBinary bool) string {
	between := atLeast(version, "1.4") && !(atLeast(version, "9.0.3") && version != "9.0.3")
	for _, o := range []struct {
		name string
		set  bool
	}{{"use_wheel", useWheel}, {"no_use_wheel", noUseWheel}} {
		if o.set && !between {
			return fmt.Sprintf("The '%s' option is only supported in pip between 1.4 and 9.0.3. The version of pip detected was %s.", o.name, version)
		}
	}
	if noBinary && !atLeast(version, "7.0.0") {
		return fmt.Sprintf("The 'no_binary' option is only supported in pip 7.0.0 and newer. The version of pip detected was %s.", version)
	}
	return ""
}

// planFiles plans for requirements files and editable sources, of which only
// pip knows what is to be done.
func (i *installed) planFiles() (modules.Plan, error) {
	var would []string
	reqs, editable := py.ToStr(i.a.Requirements), py.ToStr(i.a.Editable)
	if isSet(i.a.Requirements) {
		would = append(would, fmt.Sprintf("Requirements file '%s' will be processed.", reqs))
	}
	if isSet(i.a.Editable) {
		would = append(would, fmt.Sprintf(`Package will be installed in editable mode (i.e. setuptools "develop mode") from %s.`, editable))
	}
	return modules.Plan{Would: modules.Done{Result: low.None, Comment: strings.Join(would, " "), Name: i.name}, Apply: i.applyFiles}, nil
}

// unchanged begin the lines that pip prints when it has nothing to do.
var unchanged = []string{
	"Requirement already satisfied", "Requirement already up-to-date", "Requirement not upgraded", "Collecting", "Cloning", "Cleaning up...", "Looking in indexes",
}

func (i *installed) applyFiles(ctx context.Context, w host.Writer) (modules.Done, error) {
	res, err := i.kw.install(ctx, w, i.options(nil))
	if err != nil {
		return modules.Done{}, err
	}
	reqs, editable := py.ToStr(i.a.Requirements), py.ToStr(i.a.Editable)
	d := modules.Done{Result: low.True, Name: i.name}
	var comments []string
	if !res.ran || res.Code != 0 {
		d.Result = low.False
		if isSet(i.a.Requirements) {
			comments = append(comments, fmt.Sprintf(`Unable to process requirements file "%s"`, reqs))
		}
		if isSet(i.a.Editable) {
			comments = append(comments, fmt.Sprintf("Unable to install from VCS checkout %s.", editable))
		}
		d.Comment = strings.Join(append(comments, res.problem()), " ")
		return d, nil
	}
	changes := py.NewDict()
	if isSet(i.a.Requirements) {
		for _, line := range strings.Split(res.Stdout, "\n") {
			if !hasAnyPrefix(strings.TrimSpace(line), unchanged) {
				changes.SetStr("requirements", py.True)
			}
		}
		if changes.Len() > 0 {
			comments = append(comments, fmt.Sprintf("Successfully processed requirements file %s.", reqs))
		} else {
			comments = append(comments, "Requirements were already installed.")
		}
	}
	if isSet(i.a.Editable) {
		comments = append(comments, fmt.Sprintf("Package successfully installed from VCS checkout %s.", editable))
		changes.SetStr("editable", py.True)
	}
	d.Comment, d.Changes = strings.Join(comments, " "), changes
	return d, nil
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// problem is the end of a comment on a failed installation.
func (r installResult) problem() string {
	if r.reason != "" {
		return "Error: " + r.reason
	}
	return fmt.Sprintf("Error: %s %s", r.Stdout, r.Stderr)
}

// planPackages finds out which packages are missing.
func (i *installed) planPackages(ctx context.Context) (modules.Plan, error) {
	have, err := i.t.list(ctx, "")
	if err != nil && !isSaltError(err) {
		return modules.Plan{}, err
	}
	listed := err == nil && have.Len() > 0
	for _, r := range i.reqs {
		comment := ""
		if r.name != "" {
			mine := have
			if !listed {
				if mine, err = i.kw.list(ctx, r.name); err != nil {
					return modules.Plan{}, err
				}
			}
			if comment, err = i.satisfied(ctx, r, mine); err != nil {
				return modules.Plan{}, err
			}
		}
		if comment == "" {
			i.missing = append(i.missing, r)
			continue
		}
		i.already = append(i.already, comment)
	}
	if len(i.missing) == 0 {
		last := "All specified packages are already installed"
		if i.a.Upgrade {
			last += " and up-to-date"
		}
		return i.plan(low.True, strings.Join(append(i.already, last), "\n"))
	}
	would := fmt.Sprintf("Python package %s is set to be installed", i.missing[0].text)
	if len(i.reqs) > 1 {
		would = "Python package(s) set to be installed:"
		for _, r := range i.reqs {
			would += "\n" + r.text
		}
	}
	return modules.Plan{Would: modules.Done{Result: low.None, Comment: would, Name: i.name}, Apply: i.applyPackages}, nil
}

// satisfied is Salt's comment on a package that needs no installation, "" for
// one that does.
func (i *installed) satisfied(ctx context.Context, r requirement, have *py.Dict) (string, error) {
	version, ok := have.GetStr(r.name)
	if i.a.IgnoreInstalled || !ok || i.a.ForceReinstall {
		return "", nil
	}
	now := fmt.Sprintf("Python package %s was already installed", r.text)
	if !i.a.Upgrade {
		if r.fulfilled(py.ToStr(version)) {
			return now, nil
		}
		return "", nil
	}
	q := versionQuery{indexURL: i.a.IndexURL, extraIndexURL: i.a.ExtraIndexURL}
	for _, s := range r.specs {
		q.alpha = q.alpha || strings.Contains(s.Version, "a")
		q.beta = q.beta || strings.Contains(s.Version, "b")
		q.rc = q.rc || strings.Contains(s.Version, "rc")
	}
	bare := *i.t
	bare.env = nil
	all, err := bare.versions(ctx, nil, r.name, q)
	if err != nil {
		return "", err
	}
	want := ""
	for _, v := range all {
		if r.fulfilled(v) {
			want = v
		}
	}
	switch {
	case want == "":
		return fmt.Sprintf("Python package %s was already installed and\nthe available upgrade doesn't fulfills the version requirements", r.name), nil
	case atLeast(py.ToStr(version), want) && atLeast(want, py.ToStr(version)):
		return now, nil
	}
	return "", nil
}

func (i *installed) options(pkgs []string) *installOptions {
	a := i.a
	return &installOptions{
		pkgs: pkgs, requirements: a.Requirements, useWheel: a.UseWheel, noUseWheel: a.NoUseWheel, noBinary: a.NoBinary, log: a.Log, proxy: a.Proxy, timeout: a.Timeout,
		editable: a.Editable, findLinks: a.FindLinks, indexURL: a.IndexURL, extraIndexURL: a.ExtraIndexURL, noIndex: a.NoIndex, useMirrors: a.Mirrors, build: a.Build,
		target: a.Target, download: a.Download, cacheDir: a.DownloadCache, source: a.Source, upgrade: a.Upgrade, forceReinstall: a.ForceReinstall,
		ignoreInstalled: a.IgnoreInstalled, existsAction: a.ExistsAction, noDeps: a.NoDeps, noInstall: a.NoInstall, noDownload: a.NoDownload,
		installOptions: a.InstallOptions, globalOptions: a.GlobalOptions, preReleases: a.PreReleases, cert: a.Cert, allowAllExternal: a.AllowAllExternal,
		allowExternal: a.AllowExternal, allowUnverified: a.AllowUnverified, processDependencyLinks: a.ProcessDependencyLinks, trustedHost: a.TrustedHost,
		noCacheDir: a.NoCacheDir, extraArgs: a.ExtraArgs, disableVersionCheck: true,
	}
}

var nameEnd = regexp.MustCompile(`[=!<>~@]`)

// unchangedPackages are those that pip found to be in order.
func unchangedPackages(stdout string) map[string]bool {
	out := map[string]bool{}
	for _, line := range strings.Split(stdout, "\n") {
		rest, ok := strings.CutPrefix(line, "Requirement already satisfied: ")
		if !ok {
			rest, ok = strings.CutPrefix(line, "Requirement already up-to-date: ")
		}
		if fields := strings.Fields(rest); ok && len(fields) > 0 {
			out[normalize(nameEnd.Split(fields[0], 2)[0])] = true
		}
	}
	return out
}

func (i *installed) applyPackages(ctx context.Context, w host.Writer) (modules.Done, error) {
	var texts []string
	for _, r := range i.missing {
		texts = append(texts, strings.TrimSpace(r.text))
	}
	res, err := i.kw.install(ctx, w, i.options(texts))
	if err != nil {
		return modules.Done{}, err
	}
	d := modules.Done{Result: low.True, Name: i.name}
	if !res.ran || res.Code != 0 {
		for n := range texts {
			texts[n] = strings.ReplaceAll(i.missing[n].text, ",", ";")
		}
		d.Result = low.False
		d.Comment = strings.Join(append(i.already, fmt.Sprintf("Failed to install packages: %s. %s", strings.Join(texts, ", "), res.problem())), "\n")
		return d, nil
	}
	same := unchangedPackages(res.Stdout)
	changes, absent := py.NewDict(), []string(nil)
	for _, r := range i.missing {
		if r.name == "" {
			changes.SetStr(strings.ReplaceAll(r.text, ",", ";")+"==???", py.Str("Installed"))
			continue
		}
		have, err := i.kw.list(ctx, r.name)
		if err != nil {
			return modules.Done{}, err
		}
		if have.Len() == 0 {
			absent = append(absent, fmt.Sprintf("There was no error installing package '%s' although it does not show when calling 'pip.freeze'.", i.pkgs[len(i.pkgs)-1]))
			continue
		}
		if v, ok := have.GetStr(r.name); ok && !same[r.name] {
			changes.SetStr(r.name+"=="+py.ToStr(v), py.Str("Installed"))
		}
	}
	if len(absent) == 0 {
		absent = []string{"All packages were successfully installed"}
	}
	d.Comment, d.Changes = strings.Join(append(i.already, absent...), "\n"), changes
	return d, nil
}
