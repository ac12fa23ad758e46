package pip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// installOptions are the arguments of pip.install, of which the states give
// some.
type installOptions struct {
	pkgs                                      []string
	requirements, editable                    py.Value
	useWheel, noUseWheel                      bool
	noBinary                                  py.Value
	log                                       string
	proxy                                     py.Value
	timeout, findLinks                        py.Value
	indexURL, extraIndexURL                   string
	noIndex                                   bool
	useMirrors                                py.Value
	disableVersionCheck                       bool
	build, target, download, cacheDir, source string
	upgrade, forceReinstall, ignoreInstalled  bool
	existsAction                              string
	noDeps, noInstall, noDownload, noCacheDir bool
	preReleases                               bool
	cert                                      string
	globalOptions, installOptions             py.Value
	allowAllExternal                          bool
	allowExternal, allowUnverified            py.Value
	processDependencyLinks                    bool
	trustedHost                               string
	extraArgs                                 py.Value
}

// installResult is what pip.install returns: how pip ended, or why it did not
// run.
type installResult struct {
	modules.CommandResult
	ran    bool
	reason string
	// nothing says that there was nothing to install.
	nothing bool
}

func (r installResult) dict() *py.Dict {
	switch {
	case r.reason != "":
		return py.DictOf("result", py.False, "comment", py.Str(r.reason))
	case r.nothing:
		return py.DictOf("retcode", py.Int(0), "stdout", py.Str(r.Stdout))
	}
	return resultDict(r.CommandResult)
}

func resultDict(r modules.CommandResult) *py.Dict {
	return py.DictOf("pid", py.Int(r.PID), "retcode", py.Int(r.Code), "stdout", py.Str(r.Stdout), "stderr", py.Str(r.Stderr))
}

// words reads a list, or a text with commas.
func words(v py.Value) []string {
	var out []string
	switch v := v.(type) {
	case nil, py.NoneType:
		return nil
	case *py.List:
		for _, it := range v.Items {
			out = append(out, py.ToStr(it))
		}
		return out
	}
	if !py.IsTrue(v) {
		return nil
	}
	for _, s := range strings.Split(py.ToStr(v), ",") {
		out = append(out, strings.TrimSpace(s))
	}
	return out
}

var editableEgg = regexp.MustCompile(`(?:#|#.*?&)egg=([^&]*)`)

// install is pip.install.
func (t *tool) install(ctx context.Context, w host.Writer, o *installOptions) (installResult, error) {
	if _, err := t.argv(); err != nil {
		return installResult{}, err
	}
	args := []string{"install"}
	reqs, cleanup, problem, err := t.requirementFiles(ctx, w, o.requirements)
	defer func() {
		if cleanup != "" {
			_ = w.RemoveAll(cleanup) // a temporary directory: it goes with the run at the latest
		}
	}()
	if err != nil || problem != "" {
		return installResult{reason: problem}, err
	}
	for _, r := range reqs {
		args = append(args, "--requirement", r)
	}
	version, err := t.version(ctx)
	if err != nil {
		return installResult{}, err
	}
	more, err := o.arguments(t, version)
	if err != nil {
		return installResult{}, err
	}
	if len(o.pkgs) == 0 && len(reqs) == 0 && !isSet(o.editable) {
		return installResult{nothing: true, ran: true, CommandResult: modules.CommandResult{Stdout: "No packages to install."}}, nil
	}
	defer t.forget()
	res, err := t.run(ctx, w, false, append(args, more...)...)
	return installResult{CommandResult: res, ran: true}, err
}

// isSet is the truth of an argument.
func isSet(v py.Value) bool { return v != nil && py.IsTrue(v) }

// arguments are pip's arguments after the requirement files, in Salt's order.
func (o *installOptions) arguments(t *tool, version string) (args []string, err error) {
	add := func(words ...string) { args = append(args, words...) }
	flag := func(set bool, words ...string) {
		if set {
			add(words...)
		}
	}
	option := func(name, value string) { flag(value != "", name, value) }
	old := atLeast(version, "1.4") && !(atLeast(version, "9.0.3") && version != "9.0.3")
	flag(o.useWheel && old, "--use-wheel")
	flag(o.noUseWheel && old, "--no-use-wheel")
	if isSet(o.noBinary) && atLeast(version, "7.0.0") {
		add("--no-binary", strings.Join(words(o.noBinary), ","))
	}
	if err := checkLog(t.c, o.log); err != nil {
		return nil, err
	}
	option("--log", o.log)
	proxy, err := proxyOf(t.c, o.proxy)
	if err != nil {
		return nil, err
	}
	option("--proxy", proxy)
	timeout, err := timeoutOf(o.timeout)
	if err != nil {
		return nil, err
	}
	option("--timeout", timeout)
	for _, link := range words(o.findLinks) {
		if !isURL(link) && !exists(t.c, link) {
			return nil, commandError(fmt.Sprintf("'%s' is not a valid URL or path", link))
		}
		add("--find-links", link)
	}
	if o.noIndex && (o.indexURL != "" || o.extraIndexURL != "") {
		return nil, commandError("'no_index' and ('index_url' or 'extra_index_url') are mutually exclusive.")
	}
	for _, x := range []struct{ name, url string }{{"--index-url", o.indexURL}, {"--extra-index-url", o.extraIndexURL}} {
		if x.url != "" && !isURL(x.url) {
			return nil, commandError(fmt.Sprintf("'%s' is not a valid URL", x.url))
		}
		option(x.name, x.url)
	}
	flag(o.noIndex, "--no-index")
	if mirrors := words(o.useMirrors); len(mirrors) > 0 {
		if atLeast(version, "7.0.0") {
			return nil, commandError("pip >= 7.0.0 does not support mirror argument: use index_url and/or extra_index_url instead")
		}
		add("--use-mirrors")
		for _, m := range mirrors {
			if !strings.HasPrefix(m, "http://") {
				return nil, commandError(fmt.Sprintf("'%s' is not a valid URL", m))
			}
			add("--mirrors", m)
		}
	}
	flag(o.disableVersionCheck, "--disable-pip-version-check")
	option("--build", o.build)
	target := o.target
	if target == "" && t.bin == "" {
		target = t.c.Getenv("VENV_PIP_TARGET")
	}
	option("--target", target)
	option("--download", o.download)
	if atLeast(version, "6.0") {
		option("--cache-dir", o.cacheDir)
	} else {
		option("--download-cache", o.cacheDir)
	}
	option("--source", o.source)
	flag(o.upgrade, "--upgrade")
	flag(o.forceReinstall, "--force-reinstall")
	flag(o.ignoreInstalled, "--ignore-installed")
	if o.existsAction != "" && !slices.Contains([]string{"s", "i", "w", "b"}, strings.ToLower(o.existsAction)) {
		return nil, commandError(fmt.Sprintf("The exists_action pip option only supports the values s, i, w, and b. '%s' is not valid.", o.existsAction))
	}
	option("--exists-action", o.existsAction)
	flag(o.noDeps, "--no-deps")
	flag(o.noInstall, "--no-install")
	flag(o.noDownload, "--no-download")
	flag(o.noCacheDir, "--no-cache-dir")
	flag(o.preReleases && atLeast(version, "1.4"), "--pre")
	option("--cert", o.cert)
	for _, g := range words(o.globalOptions) {
		add("--global-option", g)
	}
	for _, i := range words(o.installOptions) {
		add("--install-option", i)
	}
	for _, p := range o.pkgs {
		add(strings.ReplaceAll(p, ";", ","))
	}
	for _, e := range words(o.editable) {
		if e != "." && !strings.HasPrefix(e, "file://") && !strings.HasPrefix(e, "/") {
			if m := editableEgg.FindStringSubmatch(e); m == nil || m[1] == "" {
				return nil, commandError("You must specify an egg for this editable")
			}
		}
		add("--editable", e)
	}
	flag(o.allowAllExternal, "--allow-all-external")
	for _, p := range words(o.allowExternal) {
		add("--allow-external", p)
	}
	for _, p := range words(o.allowUnverified) {
		add("--allow-unverified", p)
	}
	flag(o.processDependencyLinks, "--process-dependency-links")
	option("--trusted-host", o.trustedHost)
	extra, err := extraArguments(o.extraArgs)
	return append(args, extra...), err
}

// checkLog checks that pip can write its log.
func checkLog(c *modules.Call, log string) error {
	if log == "" {
		return nil
	}
	if isDir(c, log) {
		return py.Errorf("OSError", "'%s' is a directory. Use --log path_to_file", log)
	}
	if parent := path.Dir(log); !exists(c, log) && !exists(c, parent) {
		return py.Errorf("OSError", "Trying to create '%s' but parent directory '%s' does not exist.", log, parent)
	}
	return nil
}

// proxyOf is the proxy for pip: the argument, or the options of the
// configuration unless the argument is False.
func proxyOf(c *modules.Call, v py.Value) (string, error) {
	if isSet(v) {
		return py.ToStr(v), nil
	}
	if v == py.Value(py.False) || c.Opts == nil {
		return "", nil
	}
	h, p := c.Opts.Lookup("proxy_host"), c.Opts.Lookup("proxy_port")
	if h == nil || p == nil || !py.IsTrue(h) || !py.IsTrue(p) {
		return "", nil
	}
	if c.Opts.String("proxy_username") != "" && c.Opts.String("proxy_password") != "" {
		return "", modules.SaltInvocationError("pip: proxy_password is not supported, since it would stand in pip's arguments: set proxy")
	}
	return "http://" + py.ToStr(h) + ":" + py.ToStr(p), nil
}

func timeoutOf(v py.Value) (string, error) {
	if !isSet(v) {
		return "", nil
	}
	text := py.ToStr(v)
	_, isFloat := v.(py.Float)
	if isFloat || strings.Trim(strings.TrimSpace(text), "0123456789") != "" {
		return "", py.ValueErrorf("'%s' is not a valid timeout, must be an integer", text)
	}
	return text, nil
}

// extraArguments are words, and mappings of an option to its value.
func extraArguments(v py.Value) ([]string, error) {
	l, ok := v.(*py.List)
	if !ok {
		if !isSet(v) {
			return nil, nil
		}
		return strings.Split(py.ToStr(v), ""), nil // Salt takes the letters of a text
	}
	var out []string
	for _, it := range l.Items {
		d, ok := it.(*py.Dict)
		if !ok {
			out = append(out, py.ToStr(it))
			continue
		}
		keys := d.Keys()
		if len(keys) == 0 {
			return nil, py.Errorf("KeyError", "'popitem(): dictionary is empty'")
		}
		key := keys[len(keys)-1]
		value, _, err := d.Get(key)
		if err != nil {
			return nil, err
		}
		switch value.(type) {
		case *py.Dict, *py.List:
			return nil, py.TypeErrorf("Too many levels in: %s", py.ToStr(key))
		}
		out = append(out, py.ToStr(key), py.ToStr(value))
	}
	return out, nil
}

// requirementFiles makes files of the requirements that pip can read: those of
// the tree are fetched, and with a user all are copied to where the user can
// read them. cleanup is a directory to remove.
func (t *tool) requirementFiles(ctx context.Context, w host.Writer, v py.Value) (files []string, cleanup, problem string, err error) {
	var all []string
	switch v := v.(type) {
	case nil, py.NoneType:
		return nil, "", "", nil
	case py.Str:
		all = words(v)
		if v == "" {
			all = []string{""}
		}
	case *py.List:
		all = words(v)
	default:
		return nil, "", "", py.TypeErrorf("requirements must be a string or list")
	}
	temp := func() error {
		if cleanup != "" {
			return nil
		}
		if cleanup, err = w.TempDir("", "pinch-pip-*"); err != nil {
			return err
		}
		return t.own(w, cleanup)
	}
	for _, req := range all {
		if strings.HasPrefix(req, "salt://") {
			if err := temp(); err != nil {
				return nil, cleanup, "", err
			}
			file := fmt.Sprintf("%s/%s", cleanup, path.Base(strings.SplitN(req, "?", 2)[0]))
			ok, err := t.fetch(ctx, w, req, file)
			if err != nil {
				return nil, cleanup, "", err
			}
			if !ok {
				return nil, cleanup, fmt.Sprintf("pip requirements file '%s' not found", req), nil
			}
			files = append(files, file)
			continue
		}
		if t.user != "" {
			if err := temp(); err != nil {
				return nil, cleanup, "", err
			}
			if req, err = t.copyChain(w, req, cleanup); err != nil {
				return nil, cleanup, "", err
			}
		}
		files = append(files, req)
	}
	return files, cleanup, "", nil
}

// own gives a path to the user who runs pip.
func (t *tool) own(w host.Writer, p string) error {
	if t.user == "" {
		return nil
	}
	u, ok := t.c.User(t.user)
	if !ok {
		return commandError(fmt.Sprintf("User '%s' is not available", t.user))
	}
	return w.Chown(p, u.UID, -1)
}

// fetch writes a file of the tree; ok is false when there is none.
func (t *tool) fetch(ctx context.Context, w host.Writer, ref, file string) (ok bool, err error) {
	if t.c.Sources == nil {
		return false, modules.SaltInvocationError(ref + ": requirements of the tree are for states only; give the path of a file of the host")
	}
	info, err := t.c.Sources.Stat(ctx, ref, "")
	var se *modules.SourceError
	if errors.As(err, &se) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	body, err := t.c.Sources.Open(ctx, info)
	if err != nil {
		return false, err
	}
	defer func() { _ = body.Close() }() // reading tells
	if err := t.write(w, file, body); err != nil {
		return false, err
	}
	return true, nil
}

func (t *tool) write(w host.Writer, file string, content io.Reader) error {
	mode := host.GoPerm(0o644)
	if err := w.WriteFile(file, content, host.WriteOptions{Mode: &mode}); err != nil {
		return err
	}
	return t.own(w, file)
}

var (
	reqComment = regexp.MustCompile(`(?m)(?:^|\s+)#.*$`)
	reqChain   = regexp.MustCompile(`(?m)(?:-r\s|--requirement[=\s])(.*)\n?`)
)

// copyChain copies a requirements file, and those that it names, into dir, and
// returns where the first lies now.
func (t *tool) copyChain(w host.Writer, req, dir string) (string, error) {
	base, name := t.cwd, req
	if base == "" {
		base, name = path.Dir(absolute(req)), path.Base(req)
	}
	var chain []string
	var follow func(file string, depth int) error
	follow = func(file string, depth int) error {
		if depth > 100 {
			return commandError("requirements files name one another without end: " + file)
		}
		chain = append(chain, file)
		data, err := w.ReadFile(file)
		if err != nil {
			return err
		}
		for _, m := range reqChain.FindAllStringSubmatch(reqComment.ReplaceAllString(string(data), ""), -1) {
			child := m[1]
			if !strings.HasPrefix(child, "/") {
				child = path.Dir(file) + "/" + child
			}
			if err := follow(child, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	first := name
	if !strings.HasPrefix(first, "/") {
		first = path.Join(base, name)
	}
	if err := follow(first, 0); err != nil {
		return "", err
	}
	for _, file := range chain {
		to := path.Join(dir, path.Base(file))
		if exists(w, to) {
			continue
		}
		in, err := w.Open(file)
		if err != nil {
			return "", err
		}
		err = errors.Join(t.write(w, to, in), in.Close())
		if err != nil {
			return "", err
		}
	}
	if strings.HasPrefix(name, "/") {
		return name, nil
	}
	return path.Join(dir, path.Base(name)), nil
}

// absolute is a path as the minion sees it, which runs in the root directory.
func absolute(p string) string {
	if strings.HasPrefix(p, "/") {
		return path.Clean(p)
	}
	return path.Clean("/" + p)
}
