package pip

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

var pythonBinary = regexp.MustCompile(`(?i)^(python|pypy)[0-9.]*(\.exe)?$`)

// isPython says whether a program's name is that of a Python.
func isPython(bin string) bool { return pythonBinary.MatchString(bin[strings.LastIndex(bin, "/")+1:]) }

// defaultVenvBin is what makes virtual environments when nothing is said: the
// pillar or the configuration, virtualenv, or Python's own venv.
func defaultVenvBin(ctx context.Context, c *modules.Call) (string, error) {
	if c.Remote != nil {
		v, err := c.Remote.Call(ctx, "pillar.get", py.NewArgs(py.Str("venv_bin"), py.Str("")))
		if err != nil {
			return "", err
		}
		if py.IsTrue(v) {
			return py.ToStr(v), nil
		}
	}
	if c.Opts != nil {
		if s := c.Opts.String("venv_bin"); s != "" {
			return s, nil
		}
	}
	for _, name := range []string{"virtualenv", "virtualenv3"} {
		if p := c.LookPath(name); p != "" {
			return p, nil
		}
	}
	return "venv", nil
}

// create is virtualenv.create.
func create(ctx context.Context, c *modules.Call, w host.Writer, a *createArgs) (modules.CommandResult, error) {
	if err := refuseKwargs("virtualenv.create", a.Extra); err != nil {
		return modules.CommandResult{}, err
	}
	bin := a.VenvBin
	if bin == "" {
		var err error
		if bin, err = defaultVenvBin(ctx, c); err != nil {
			return modules.CommandResult{}, err
		}
	}
	argv, err := venvCommand(ctx, c, w, bin, a)
	if err != nil {
		return modules.CommandResult{}, err
	}
	if a.Clear {
		argv = append(argv, "--clear")
	}
	if a.SystemSitePackages {
		argv = append(argv, "--system-site-packages")
	}
	was := exists(c, a.Path)
	res, err := c.RunAll(ctx, w, modules.Command{Argv: append(argv, a.Path), RunAs: a.User})
	if err != nil {
		return res, err
	}
	if res.Code != 0 {
		if !was && isDir(c, a.Path) {
			err = w.RemoveAll(a.Path)
		}
		return res, err
	}
	if a.Pip && !exists(c, a.Path+"/bin/pip") {
		return res, modules.SaltInvocationError("virtualenv.create: pip is not in " + a.Path + ", and pip: True would run a script of the web, which is not supported")
	}
	return res, nil
}

// venvCommand is the program that makes the environment, with the options that
// it knows.
func venvCommand(ctx context.Context, c *modules.Call, w host.Writer, bin string, a *createArgs) ([]string, error) {
	python := strings.TrimSpace(a.Python)
	var argv []string
	switch {
	case bin == "venv":
		interpreter := hostPython(c)
		if python != "" {
			if c.LookPath(a.Python) == "" {
				return nil, commandError(fmt.Sprintf("Cannot find requested python (%s).", a.Python))
			}
			interpreter = a.Python
		}
		argv = []string{interpreter, "-m", "venv"}
	case isPython(bin):
		if python != "" {
			return nil, commandError("Pass the target interpreter either as `venv_bin` or as `python`, not both.")
		}
		if c.LookPath(bin) == "" {
			return nil, commandError(fmt.Sprintf("Cannot find requested python (%s).", bin))
		}
		argv = []string{bin, "-m", "venv"}
	case !strings.Contains(bin, "venv"):
		return virtualenvCommand(ctx, c, w, bin, a)
	default:
		if python != "" {
			return nil, commandError(fmt.Sprintf("The `python`(`--python`) option is not supported by '%s'", bin))
		}
		argv = []string{bin}
	}
	if s, isText := a.ExtraSearchDir.(py.Str); !isNone(a.ExtraSearchDir) && (!isText || strings.TrimSpace(string(s)) != "") {
		return nil, commandError(fmt.Sprintf("The `extra_search_dir`(`--extra-search-dir`) option is not supported by '%s'", bin))
	}
	if a.NeverDownload != nil {
		return nil, commandError(fmt.Sprintf("The `never_download`(`--never-download`) option is not supported by '%s'", bin))
	}
	if a.Upgrade != nil && *a.Upgrade {
		argv = append(argv, "--upgrade")
	}
	if a.Symlinks != nil && *a.Symlinks {
		argv = append(argv, "--symlinks")
	}
	if strings.TrimSpace(a.Prompt) != "" {
		argv = append(argv, "--prompt", a.Prompt)
	}
	return argv, nil
}

func isNone(v py.Value) bool { return v == nil || v == py.Value(py.None) }

// virtualenvCommand is venvCommand for the program virtualenv.
func virtualenvCommand(ctx context.Context, c *modules.Call, w host.Writer, bin string, a *createArgs) ([]string, error) {
	if a.Upgrade != nil {
		return nil, commandError(fmt.Sprintf("The `upgrade`(`--upgrade`) option is not supported by '%s'", bin))
	}
	if a.Symlinks != nil {
		return nil, commandError(fmt.Sprintf("The `symlinks`(`--symlinks`) option is not supported by '%s'", bin))
	}
	version, err := virtualenvVersion(ctx, c, w, bin, a.User)
	if err != nil {
		return nil, err
	}
	atLeast := func(v ...int) bool { return slices.Compare(version, v) >= 0 }
	argv := []string{bin}
	if a.Distribute && !atLeast(1, 10) {
		argv = append(argv, "--distribute")
	}
	if strings.TrimSpace(a.Python) != "" {
		if c.LookPath(a.Python) == "" {
			return nil, commandError(fmt.Sprintf("Cannot find requested python (%s).", a.Python))
		}
		argv = append(argv, "--python="+a.Python)
	}
	for _, dir := range words(a.ExtraSearchDir) {
		argv = append(argv, "--extra-search-dir="+dir)
	}
	switch {
	case a.NeverDownload == nil:
	case *a.NeverDownload && (!atLeast(1, 10) || atLeast(14, 0, 0)):
		argv = append(argv, "--never-download")
	case !*a.NeverDownload && atLeast(20, 0):
		argv = append(argv, "--download")
	}
	if strings.TrimSpace(a.Prompt) != "" {
		argv = append(argv, fmt.Sprintf("--prompt='%s'", a.Prompt))
	}
	return argv, nil
}

var (
	versionWord   = regexp.MustCompile(`^\d.\d*`)
	versionSuffix = regexp.MustCompile(`(rc|\+ds).*$`)
)

// virtualenvVersion is the version of virtualenv, as numbers.
func virtualenvVersion(ctx context.Context, c *modules.Call, w host.Writer, bin, user string) ([]int, error) {
	argv := []string{bin, "--version"}
	res, err := c.RunAll(ctx, w, modules.Command{Argv: argv, RunAs: user, MergeStderr: true})
	if err != nil {
		return nil, err
	}
	if res.Code > 0 || strings.TrimSpace(res.Stdout) == "" {
		return nil, commandError(fmt.Sprintf("Unable to get the virtualenv version output using '%s'. Returned data: %s", py.Repr(py.Strings(argv...)), py.Repr(resultDict(res))))
	}
	return parseVirtualenvVersion(res.Stdout)
}

func parseVirtualenvVersion(text string) ([]int, error) {
	version := ""
	for _, w := range strings.Fields(text) {
		if versionWord.MatchString(w) {
			version += w
		}
	}
	var out []int
	for _, part := range strings.Split(versionSuffix.ReplaceAllString(version, ""), ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil, py.ValueErrorf("invalid literal for int() with base 10: %s", py.Repr(py.Str(part)))
		}
		out = append(out, n)
	}
	return out, nil
}
