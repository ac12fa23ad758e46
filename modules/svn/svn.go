// Package svn has Salt's svn module, which Salt 3008 keeps in an extension:
// working copies of Subversion, by the svn program.
package svn

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/saltargs"
	"pinch/internal/secret"
	"pinch/modules"
	"pinch/states/low"
)

type latestArgs struct {
	Name          string        `arg:"name,required" doc:"The URL."`
	Target        string        `arg:"target" doc:"Where the working copy lies."`
	Rev           py.Value      `arg:"rev" doc:"The revision; HEAD when not given."`
	User          string        `arg:"user" doc:"Who runs svn."`
	Username      string        `arg:"username" doc:"A user of the server."`
	Password      secret.String `arg:"password" doc:"The user's password. It is not kept on the host."`
	Force         bool          `arg:"force" default:"False" doc:"Goes on where paths are in the way."`
	Externals     bool          `arg:"externals" default:"True" doc:"False leaves externals out."`
	Trust         bool          `arg:"trust" default:"False" doc:"Accepts a certificate of an unknown authority."`
	TrustFailures string        `arg:"trust_failures" doc:"The faults of a certificate that are accepted."`
}

type exportArgs struct {
	Name          string        `arg:"name,required" doc:"The URL."`
	Target        string        `arg:"target" doc:"Where the files go."`
	Rev           py.Value      `arg:"rev" doc:"The revision; HEAD when not given."`
	User          string        `arg:"user" doc:"Who runs svn."`
	Username      string        `arg:"username" doc:"A user of the server."`
	Password      secret.String `arg:"password" doc:"The user's password. It is not kept on the host."`
	Force         bool          `arg:"force" default:"False" doc:"Goes on where paths are in the way."`
	Overwrite     bool          `arg:"overwrite" default:"False" doc:"Takes a target that is a file."`
	Externals     bool          `arg:"externals" default:"True" doc:"False leaves externals out."`
	Trust         bool          `arg:"trust" default:"False" doc:"Accepts a certificate of an unknown authority."`
	TrustFailures string        `arg:"trust_failures" doc:"The faults of a certificate that are accepted."`
}

type dirtyArgs struct {
	Name              string        `arg:"name,required" doc:"Any name."`
	Target            string        `arg:"target,required" doc:"The working copy."`
	User              string        `arg:"user" doc:"Has no effect."`
	Username          string        `arg:"username" doc:"Has no effect."`
	Password          secret.String `arg:"password" doc:"Has no effect."`
	IgnoreUnversioned bool          `arg:"ignore_unversioned" default:"False" doc:"Has no effect."`
}

func virtual(c *modules.Call) (bool, string) {
	if c.LookPath("svn") == "" {
		return false, "The svn execution module cannot be loaded: svn unavailable."
	}
	return true, ""
}

func virtualState(c *modules.Call) (bool, string) {
	if c.LookPath("svn") == "" {
		return false, "Command not found: svn"
	}
	return true, ""
}

// tool is how svn is run; w is nil while only looking.
type tool struct {
	c              *modules.Call
	w              host.Writer
	user, username string
	password       secret.String
}

// run runs svn. The password goes through standard input, and svn does not
// keep it.
func (t *tool) run(ctx context.Context, dir, verb string, args ...string) (string, error) {
	argv := append([]string{"svn", "--non-interactive", verb}, args...)
	if t.username != "" {
		argv = append(argv, "--username", t.username)
	}
	cmd := modules.Command{Dir: dir, RunAs: t.user}
	if t.password.IsSet() {
		argv = append(argv, "--no-auth-cache", "--password-from-stdin")
		cmd.Stdin = strings.NewReader(t.password.Reveal() + "\n")
	}
	cmd.Argv = argv
	res, err := t.c.RunAll(ctx, t.w, cmd)
	if err == nil && res.Code != 0 {
		err = modules.CommandExecutionError(res.Stderr + "\n\n" + strings.Join(argv, " "))
	}
	return res.Stdout, err
}

var infoLine = regexp.MustCompile(`(?m)^([^:]+):\s+(\S.*)$`)

// info is svn info as pairs, one list a target.
func (t *tool) info(ctx context.Context, dir string, args ...string) ([][][2]string, error) {
	text, err := t.run(ctx, dir, "info", args...)
	if err != nil {
		return nil, err
	}
	var out [][][2]string
	for _, block := range strings.Split(text, "\n\n") {
		var pairs [][2]string
		for _, m := range infoLine.FindAllStringSubmatch(block, -1) {
			pairs = append(pairs, [2]string{m[1], m[2]})
		}
		out = append(out, pairs)
	}
	return out, nil
}

// revision is the revision of a working copy.
func (t *tool) revision(ctx context.Context, dir string, targets ...string) (string, error) {
	all, err := t.info(ctx, dir, targets...)
	if err != nil {
		return "", err
	}
	for _, p := range all[0] {
		if p[0] == "Revision" {
			return p[1], nil
		}
	}
	return "", py.KeyError(py.Str("Revision"))
}

func isCommandError(err error) bool {
	var e *modules.Error
	return errors.As(err, &e) && e.Class == "CommandExecutionError"
}

// exists says whether a path is there, and whether it is a directory.
func exists(r host.Reader, p string) (there, isDir bool) {
	fi, err := r.Stat(p)
	return err == nil, err == nil && fi.IsDir()
}

// trust are the options about certificates.
func trust(yes bool, failures string) []string {
	var out []string
	if yes {
		out = append(out, "--trust-server-cert")
	}
	if failures != "" {
		out = append(out, "--trust-server-cert-failures", failures)
	}
	return out
}

func checkLatest(ctx context.Context, c *modules.Call, a *latestArgs) (modules.Plan, error) {
	if a.Target == "" {
		return modules.Fail("Target option is required"), nil
	}
	there, isDir := exists(c, a.Target)
	if there && !isDir {
		return modules.Fail(fmt.Sprintf(`The path "%s" exists and is not a directory.`, a.Target)), nil
	}
	rev := "HEAD"
	if py.IsTrue(a.Rev) {
		rev = py.ToStr(a.Rev)
	}
	t := &tool{c: c, user: a.User, username: a.Username, password: a.Password}
	if !c.Test {
		return modules.Plan{Would: modules.Done{Result: low.None}, Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) {
			t.w = w
			return t.latest(ctx, a)
		}}, nil
	}
	neutral := func(comment string) (modules.Plan, error) {
		return modules.Plan{Would: modules.Done{Result: low.None, Comment: comment}}, nil
	}
	if !there {
		return neutral(fmt.Sprintf("%s doesn't exist and is set to be checked out at revision %s.", a.Target, rev))
	}
	dir := path.Dir(a.Target)
	now, err := t.revision(ctx, dir, a.Target)
	if isCommandError(err) {
		return modules.Fail(a.Target + " exists but is not a svn working copy."), nil
	}
	if err != nil {
		return modules.Plan{}, err
	}
	out, err := t.run(ctx, dir, "diff", append(append([]string{"-r", now + ":" + rev}, trust(a.Trust, a.TrustFailures)...), a.Target)...)
	if err != nil {
		return modules.Plan{}, err
	}
	return neutral(out)
}

func (t *tool) latest(ctx context.Context, a *latestArgs) (modules.Done, error) {
	dir, base := path.Dir(a.Target), path.Base(a.Target)
	now, err := t.revision(ctx, dir, a.Target)
	if err != nil && !isCommandError(err) {
		return modules.Done{}, err
	}
	isCopy := err == nil
	var opts []string
	if py.IsTrue(a.Rev) {
		opts = append(opts, "-r", py.ToStr(a.Rev))
	}
	if a.Force {
		opts = append(opts, "--force")
	}
	if !a.Externals {
		opts = append(opts, "--ignore-externals")
	}
	opts = append(opts, trust(a.Trust, a.TrustFailures)...)
	var out string
	if isCopy {
		out, err = t.run(ctx, dir, "update", append(opts, base)...)
	} else {
		out, err = t.run(ctx, dir, "checkout", append(opts, a.Name, base)...)
	}
	if err != nil {
		return modules.Done{}, err
	}
	after, err := t.revision(ctx, a.Target)
	if err != nil {
		return modules.Done{}, err
	}
	d := modules.OK(out, nil)
	switch {
	case !isCopy:
		d.Changes = py.DictOf("new", py.Str(a.Name), "revision", py.Str(after))
	case now != after:
		d.Changes = py.DictOf("revision", py.Str(now+" => "+after))
	}
	return d, nil
}

func checkExport(ctx context.Context, c *modules.Call, a *exportArgs) (modules.Plan, error) {
	if a.Target == "" {
		return modules.Fail("Target option is required"), nil
	}
	there, isDir := exists(c, a.Target)
	if !a.Overwrite && there && !isDir {
		return modules.Fail(fmt.Sprintf(`The path "%s" exists and is not a directory.`, a.Target)), nil
	}
	t := &tool{c: c, user: a.User, username: a.Username, password: a.Password}
	dir, base := path.Dir(a.Target), path.Base(a.Target)
	if c.Test {
		comment := a.Target + " doesn't exist and is set to be checked out."
		if there {
			return modules.Plan{}, &py.Error{Class: "KeyError", Msg: "'svn.list'"} // Salt has no such function
		}
		return modules.Plan{Would: modules.Done{Result: low.None, Comment: comment}}, nil
	}
	return modules.Plan{Would: modules.Done{Result: low.None}, Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) {
		t.w = w
		rev := "HEAD"
		if py.IsTrue(a.Rev) {
			rev = py.ToStr(a.Rev)
		}
		var opts []string
		if a.Force {
			opts = append(opts, "--force")
		}
		if !a.Externals {
			opts = append(opts, "--ignore-externals")
		}
		out, err := t.run(ctx, dir, "export", append(append(opts, trust(a.Trust, a.TrustFailures)...), a.Name, base, "-r", rev)...)
		if err != nil {
			return modules.Done{}, err
		}
		return modules.OK(out, py.DictOf("new", py.Str(a.Name), "comment", py.Str(a.Name+" was Exported to "+a.Target))), nil
	}}, nil
}

func checkDirty(context.Context, *modules.Call, *dirtyArgs) (modules.Plan, error) {
	return modules.Fail("This function is not implemented yet."), nil // Salt's own words
}

// split splits a text with targets as a shell does.
func split(targets string) ([]string, error) {
	if targets == "" {
		return nil, nil
	}
	return saltargs.ShlexSplit(targets)
}

func words(opts []py.Value) []string {
	out := make([]string, len(opts))
	for i, o := range opts {
		out[i] = py.ToStr(o)
	}
	return out
}
