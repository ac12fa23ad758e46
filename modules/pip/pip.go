// Package pip has Salt's modules pip and virtualenv: Python packages and
// virtual environments, by the pip and virtualenv programs of the host.
package pip

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/pep440"
	"pinch/internal/py"
	"pinch/modules"
)

// tool is one pip: of a virtual environment, a program, or the host's Python.
type tool struct {
	c     *modules.Call
	bin   string // Salt's bin_env: a virtual environment or a program; "" is the host's python3
	user  string
	cwd   string
	env   *py.Dict // more environment variables
	umask *int
}

func notFound(msg string) error { return &modules.Error{Class: "CommandNotFoundError", Msg: msg} }

func commandError(msg string) error { return modules.CommandExecutionError(msg) }

func executable(c host.Reader, p string) bool {
	fi, err := c.Stat(p)
	return err == nil && fi.IsRegular() && fi.Perm()&0o111 != 0
}

func isDir(c host.Reader, p string) bool {
	fi, err := c.Stat(p)
	return err == nil && fi.IsDir()
}

func exists(c host.Reader, p string) bool {
	_, err := c.Stat(p)
	return err == nil
}

var pythonName = regexp.MustCompile(`^python(\d+(\.\d+)?)?$`)

// hostPython is the Python that takes the place of Salt's own.
func hostPython(c *modules.Call) string {
	if p := c.LookPath("python3"); p != "" {
		return p
	}
	return "python3"
}

// argv is how this pip is called.
func (t *tool) argv() ([]string, error) {
	if t.bin == "" {
		return []string{hostPython(t.c), "-m", "pip"}, nil
	}
	if isDir(t.c, t.bin) {
		return t.inDirectory()
	}
	fi, err := t.c.Stat(t.bin)
	if err != nil || fi.Perm()&0o111 == 0 {
		return nil, notFound(fmt.Sprintf("Access denied to %s, could not find a pip binary", t.bin))
	}
	if !fi.IsRegular() {
		return nil, commandError("Could not find a pip binary within " + t.bin)
	}
	if strings.Contains(path.Base(t.bin), "python") {
		return []string{path.Clean(t.bin), "-m", "pip"}, nil
	}
	return []string{path.Clean(t.bin)}, nil
}

// inDirectory finds the Python of a virtual environment.
func (t *tool) inDirectory() ([]string, error) {
	for _, p := range []string{"python", "bin/python", "Scripts/python"} {
		if full := path.Join(t.bin, p); executable(t.c, full) {
			return []string{full, "-m", "pip"}, nil
		}
	}
	entries, err := t.c.ReadDir(path.Join(t.bin, "bin"))
	if err != nil {
		entries = nil // no such directory
	}
	slices.SortStableFunc(entries, func(a, b fs.DirEntry) int { return rank(a.Name()) - rank(b.Name()) })
	for _, e := range entries {
		if full := path.Join(t.bin, "bin", e.Name()); pythonName.MatchString(e.Name()) && executable(t.c, full) {
			return []string{full, "-m", "pip"}, nil
		}
	}
	return nil, notFound("Could not find a pip binary in virtualenv " + t.bin)
}

// rank orders the names of Pythons.
func rank(name string) int {
	switch name {
	case "python":
		return 0
	case "python3":
		return 1
	}
	return 2
}

// run runs pip. w is nil while only looking.
func (t *tool) run(ctx context.Context, w host.Writer, merge bool, args ...string) (modules.CommandResult, error) {
	argv, err := t.argv()
	if err != nil {
		return modules.CommandResult{}, err
	}
	env := map[string]*string{}
	if t.env != nil {
		for k, v := range t.env.All() {
			s := py.ToStr(v)
			env[py.ToStr(k)] = &s
		}
	}
	if t.bin != "" && isDir(t.c, t.bin) {
		env["VIRTUAL_ENV"] = &t.bin
	}
	return t.c.RunAll(ctx, w, modules.Command{Argv: append(argv, args...), Dir: t.cwd, RunAs: t.user, Env: env, Umask: t.umask, MergeStderr: merge})
}

var versionLine = regexp.MustCompile(`^pip (\S+)`)

// version is the version of this pip.
func (t *tool) version(ctx context.Context) (string, error) {
	return modules.Remember(t.c.Memo, "pip/version/"+t.bin, func() (string, error) {
		res, err := (&tool{c: t.c, bin: t.bin, user: t.user, cwd: t.cwd}).run(ctx, nil, false, "--version")
		if err != nil {
			return "", err
		}
		m := versionLine.FindStringSubmatch(res.Stdout)
		switch {
		case res.Code != 0:
			return "", notFound("Could not find a `pip` binary")
		case m == nil:
			return "", nil
		}
		return m[1], nil
	})
}

// forget drops what is known, after a change.
func (t *tool) forget() { t.c.Memo.Drop("pip/") }

// atLeast says whether a version is not older than another. One that cannot
// be read is not.
func atLeast(version, other string) bool {
	a, err := pep440.Parse(version)
	if err != nil {
		return false
	}
	b, err := pep440.Parse(other)
	return err == nil && pep440.Compare(a, b) >= 0
}

var separators = regexp.MustCompile(`[-_.]+`)

// normalize is the name of a package as PEP 503 has it.
func normalize(name string) string { return strings.ToLower(separators.ReplaceAllString(name, "-")) }

// withInfo is Salt's text of an error that has the result of a command.
func withInfo(msg string, res modules.CommandResult) error {
	if msg != "" {
		if !strings.ContainsAny(msg[len(msg)-1:], ".?!") {
			msg += "."
		}
		msg += " "
	}
	indent := func(s string) string { return "    " + strings.ReplaceAll(s, "\n", "\n    ") }
	return commandError(fmt.Sprintf("%sAdditional info follows:\n\npid:\n    %d\nretcode:\n    %d\nstderr:\n%s\nstdout:\n%s", msg, res.PID, res.Code, indent(res.Stderr), indent(res.Stdout)))
}

// list are the installed packages by normalized name; prefix, when given,
// begins their names.
func (t *tool) list(ctx context.Context, prefix string) (*py.Dict, error) {
	version, err := t.version(ctx)
	if err != nil {
		return nil, err
	}
	if !atLeast(version, "9.0") {
		return t.listFreeze(ctx, prefix)
	}
	res, err := t.run(ctx, nil, false, "list", "--format=json", "--disable-pip-version-check")
	if err != nil {
		return nil, err
	}
	if res.Code != 0 {
		return nil, withInfo(res.Stderr, res)
	}
	v, err := py.DecodeJSON(res.Stdout)
	all, ok := v.(*py.List)
	if err != nil || !ok {
		return nil, withInfo("Invalid JSON", res)
	}
	out := py.NewDict()
	for _, it := range all.Items {
		d, ok := it.(*py.Dict)
		if !ok {
			return nil, withInfo("Invalid JSON", res)
		}
		if name := normalize(d.String("name")); strings.HasPrefix(name, normalize(prefix)) {
			out.SetStr(name, d.Lookup("version"))
		}
	}
	return out, nil
}

// freeze are the installed packages as pip freeze prints them.
func (t *tool) freeze(ctx context.Context) ([]string, error) {
	version, err := (&tool{c: t.c, bin: t.bin, cwd: t.cwd}).version(ctx)
	if err != nil {
		return nil, err
	}
	args := []string{"freeze"}
	if atLeast(version, "8.0.3") {
		args = append(args, "--all")
	}
	res, err := t.run(ctx, nil, false, append(args, "--disable-pip-version-check")...)
	if err != nil {
		return nil, err
	}
	if res.Code != 0 {
		return nil, withInfo(res.Stderr, res)
	}
	return py.SplitLines(res.Stdout, false), nil
}

// listFreeze is list for old versions of pip.
func (t *tool) listFreeze(ctx context.Context, prefix string) (*py.Dict, error) {
	want := normalize(prefix)
	out := py.NewDict()
	if strings.HasPrefix("pip", want) {
		v, err := (&tool{c: t.c, bin: t.bin, cwd: t.cwd}).version(ctx)
		if err != nil {
			return nil, err
		}
		out.SetStr("pip", py.Str(v))
	}
	lines, err := t.freeze(ctx)
	if err != nil {
		return nil, err
	}
	for _, line := range lines {
		if name, version, ok := frozen(line); ok && strings.HasPrefix(normalize(name), want) {
			out.SetStr(normalize(name), py.Str(version))
		}
	}
	return out, nil
}

// frozen reads a line of pip freeze.
func frozen(line string) (name, version string, ok bool) {
	if strings.HasPrefix(line, "-f") || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "-e hg+not trust") {
		return "", "", false
	}
	if editable, is := strings.CutPrefix(line, "-e "); is {
		if version, name, ok = strings.Cut(editable, "#egg="); ok {
			return name, version, true
		}
		line = editable
	}
	if name, version, ok = strings.Cut(line, "==="); ok {
		return name, version, true
	}
	return strings.Cut(line, "==")
}

// upgrades are the packages of which there is a newer version.
func (t *tool) upgrades(ctx context.Context) (*py.Dict, error) {
	version, err := t.version(ctx)
	if err != nil {
		return nil, err
	}
	if !atLeast(version, "9.0") {
		return nil, commandError("pip.list_upgrades: pip " + version + " is older than 9.0, which is not supported")
	}
	res, err := t.run(ctx, nil, false, "list", "--outdated", "--disable-pip-version-check", "--format=json")
	if err != nil {
		return nil, err
	}
	if res.Code != 0 {
		return nil, withInfo(res.Stderr, res)
	}
	v, err := py.DecodeJSON(res.Stdout)
	all, ok := v.(*py.List)
	if err != nil || !ok {
		return nil, withInfo("Invalid JSON", res)
	}
	out := py.NewDict()
	for _, it := range all.Items {
		if d, ok := it.(*py.Dict); ok {
			out.SetStr(d.String("name"), py.Str(d.String("latest_version")+" ["+d.String("latest_filetype")+"]"))
		}
	}
	return out, nil
}

var (
	availableLine = regexp.MustCompile(`\s*Available versions: (.*)`)
	fromLine      = regexp.MustCompile(`\s*Could not find a version.* \(from versions: (.*)\)`)
)

// versionQuery says which of a package's versions are wanted.
type versionQuery struct {
	alpha, beta, rc         bool
	indexURL, extraIndexURL string
}

// versions are the versions of a package that the index has, oldest first.
func (t *tool) versions(ctx context.Context, w host.Writer, pkg string, q versionQuery) ([]string, error) {
	version, err := t.version(ctx)
	if err != nil {
		return nil, err
	}
	args, line := []string{"--disable-pip-version-check", "index", "versions", pkg}, availableLine
	if !atLeast(version, "21.2") {
		args, line = []string{"--disable-pip-version-check"}, fromLine
		if atLeast(version, "20.3") {
			args = append(args, "--use-deprecated=legacy-resolver")
		}
		args = append(args, "install", pkg+"==versions")
	}
	for _, o := range []struct{ option, url string }{{"--index-url", q.indexURL}, {"--extra-index-url", q.extraIndexURL}} {
		if o.url == "" {
			continue
		}
		if !isURL(o.url) {
			return nil, commandError(fmt.Sprintf("'%s' is not a valid URL", o.url))
		}
		args = append(args, o.option, o.url)
	}
	res, err := t.run(ctx, w, true, args...)
	if err != nil {
		return nil, err
	}
	for _, l := range py.SplitLines(res.Stdout, false) {
		if m := line.FindStringSubmatch(l); m != nil {
			return q.filter(strings.Split(m[1], ", ")), nil
		}
	}
	return nil, nil
}

func (q versionQuery) filter(all []string) []string {
	var out []string
	for _, v := range all {
		if v == "" || !q.alpha && strings.Contains(v, "a") || !q.beta && strings.Contains(v, "b") || !q.rc && strings.Contains(v, "rc") {
			continue
		}
		out = append(out, v)
	}
	slices.SortStableFunc(out, func(a, b string) int {
		va, errA := pep440.Parse(a)
		vb, errB := pep440.Parse(b)
		switch {
		case errA != nil && errB != nil:
			return 0
		case errA != nil:
			return -1
		case errB != nil:
			return 1
		}
		return pep440.Compare(va, vb)
	})
	return out
}

// isURL says whether a text is a URL that pip takes.
func isURL(s string) bool {
	scheme, _, ok := strings.Cut(s, ":")
	return ok && slices.Contains([]string{"http", "https", "ftp", "file"}, strings.ToLower(scheme))
}
