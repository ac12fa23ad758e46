// Package cmd has Salt's cmd module: commands and scripts on the host.
package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/modules"
)

// Funcs are the functions of this package.
func Funcs() []*modules.Func { return append(stateFuncs(), execFuncs()...) }

// runArgs are the arguments that all functions which run a command share, in
// the order of Salt's cmd.run.
type runArgs struct {
	Cmd             py.Value      `arg:"cmd,required" doc:"The command: a text, or a list of words."`
	Cwd             py.Value      `arg:"cwd" doc:"Directory to run in; the user's home directory by default."`
	Stdin           py.Value      `arg:"stdin" doc:"Text for standard input."`
	Runas           string        `arg:"runas" doc:"User to run as."`
	Group           string        `arg:"group" doc:"Group to run as."`
	Shell           string        `arg:"shell" default:"/bin/sh" doc:"Shell for the command."`
	PythonShell     py.Value      `arg:"python_shell" doc:"True gives the command to the shell."`
	Env             py.Value      `arg:"env" doc:"Environment variables: a mapping or a list of mappings."`
	CleanEnv        bool          `arg:"clean_env" default:"False" doc:"Start from an empty environment."`
	Template        py.Value      `arg:"template" doc:"Renderer for the command line of a state: jinja."`
	Rstrip          bool          `arg:"rstrip" default:"True" doc:"Cut white space off the end of the output."`
	Umask           py.Value      `arg:"umask" doc:"Umask in octal."`
	OutputEncoding  py.Value      `arg:"output_encoding" doc:"Encoding of the output; UTF-8 by default."`
	OutputLoglevel  py.Value      `arg:"output_loglevel" default:"debug" doc:"Level at which the output is logged."`
	LogCallback     py.Value      `arg:"log_callback" doc:"Not used."`
	HideOutput      bool          `arg:"hide_output" default:"False" doc:"Leave the output out of the result."`
	Timeout         py.Value      `arg:"timeout" doc:"Seconds after which the command is ended."`
	ResetLocale     bool          `arg:"reset_system_locale" default:"True" doc:"Run with the locale C."`
	IgnoreRetcode   bool          `arg:"ignore_retcode" default:"False" doc:"Do not take an exit status for an error."`
	Saltenv         py.Value      `arg:"saltenv" doc:"Environment of the tree, for scripts."`
	UseVT           bool          `arg:"use_vt" default:"False" doc:"Keep line ends as a terminal has them."`
	RedirectStderr  py.Value      `arg:"redirect_stderr" doc:"Send standard error to standard output."`
	Bg              bool          `arg:"bg" default:"False" doc:"Run in the background and do not wait."`
	Password        secret.String `arg:"password" doc:"Of the user, on Windows."`
	EncodedCmd      bool          `arg:"encoded_cmd" default:"False" doc:"For PowerShell."`
	RaiseErr        bool          `arg:"raise_err" default:"False" doc:"Raise when the exit status is not 0."`
	PrependPath     string        `arg:"prepend_path" doc:"Directories to put before PATH."`
	SuccessRetcodes py.Value      `arg:"success_retcodes" doc:"Further exit statuses that are a success."`
	SuccessStdout   py.Value      `arg:"success_stdout" doc:"Texts in the output that make it a success."`
	SuccessStderr   py.Value      `arg:"success_stderr" doc:"Texts in the error output that make it a success."`
	Extra           *py.Dict      `arg:"**"`
}

// result is how a command ended, as Salt's cmd.run_all returns it.
type result struct {
	pid            int
	retcode        int64
	background     bool
	stdout, stderr string
	timedOut       bool
}

func (r *result) dict() *py.Dict {
	if r.timedOut {
		return py.DictOf("stdout", py.Str(r.stdout), "stderr", py.Str(r.stderr), "retcode", py.Int(r.retcode), "pid", py.Int(r.pid))
	}
	code := py.Value(py.Int(r.retcode))
	if r.background {
		code = py.None
	}
	return py.DictOf("pid", py.Int(r.pid), "retcode", code, "stdout", py.Str(r.stdout), "stderr", py.Str(r.stderr))
}

func raise(format string, args ...any) error {
	return modules.CommandExecutionError(fmt.Sprintf(format, args...))
}

// run runs a command as Salt's cmdmod._run does.
func run(ctx context.Context, c *modules.Call, w host.Writer, a *runArgs) (*result, error) {
	if py.IsTrue(a.Template) {
		if err := render(ctx, c, a); err != nil {
			return nil, err
		}
	}
	if err := knownExtras(a.Extra); err != nil {
		return nil, err
	}
	cmd := host.Cmd{ClearEnv: a.CleanEnv, RunAs: a.Runas, Group: a.Group, Login: a.Runas != "", Env: map[string]*string{}}
	if c.Output != nil && !a.HideOutput {
		cmd.Tee = c.Output
	}
	if a.Runas != "" {
		if _, ok := c.User(a.Runas); !ok {
			return nil, raise("User '%s' is not available", a.Runas)
		}
	}
	if a.Group != "" {
		if _, ok := c.Group(a.Group); !ok {
			return nil, raise("Group '%s' is not available", a.Group)
		}
	}
	if a.Shell != "" && a.Group == "" {
		if fi, err := c.Stat(a.Shell); err != nil || !fi.IsRegular() || fi.Perm()&0o111 == 0 {
			return nil, raise("The shell %s is not available", a.Shell)
		}
	}
	var err error
	if cmd.Dir, err = workingDir(c, a); err != nil {
		return nil, err
	}
	given, err := environment(a.Env)
	if err != nil {
		return nil, err
	}
	for k, v := range given.All() {
		s := py.ToStr(v)
		cmd.Env[py.ToStr(k)] = &s
	}
	if a.ResetLocale {
		for _, k := range modules.LocaleVariables {
			if cmd.Env[k] == nil {
				s := "C"
				cmd.Env[k] = &s
			}
		}
	}
	if a.PrependPath != "" {
		path := c.Getenv("PATH")
		if p := cmd.Env["PATH"]; p != nil {
			path = *p
		}
		path = a.PrependPath + ":" + path
		cmd.Env["PATH"] = &path
	}
	if _, set := cmd.Env["NOTIFY_SOCKET"]; !set {
		cmd.Env["NOTIFY_SOCKET"] = nil
	}
	if cmd.Umask, err = umaskOf(a.Umask); err != nil {
		return nil, err
	}
	if cmd.Timeout, err = timeoutOf(a.Timeout); err != nil {
		return nil, err
	}
	if a.Stdin != py.Value(py.None) {
		cmd.Stdin = strings.NewReader(stdinText(py.ToStr(a.Stdin), a.Extra))
	}
	if err := commandLine(&cmd, a); err != nil {
		return nil, err
	}
	if a.Bg {
		return background(ctx, w, cmd)
	}
	words := cmd.Argv
	if py.IsTrue(a.RedirectStderr) {
		if cmd.Shell == "" && !c.CanStart(cmd) {
			return nil, startError(cmd, a, words, os.ErrNotExist)
		}
		mergeStderr(&cmd)
	}
	out, err := w.Run(ctx, cmd)
	if err != nil {
		return nil, startError(cmd, a, words, err)
	}
	r := &result{pid: out.PID, retcode: int64(out.Code)}
	if out.TimedOut {
		r.timedOut, r.retcode = true, 1
		r.stdout = fmt.Sprintf("%s : Timed out after %s seconds", py.ToStr(a.Cmd), py.ToStr(a.Timeout))
		return r, nil
	}
	r.stdout, r.stderr = modules.DecodeOutput(out.Stdout, ""), modules.DecodeOutput(out.Stderr, "")
	if a.UseVT {
		r.stdout = strings.ReplaceAll(r.stdout, "\r\n", "\n")
	} else if a.Rstrip {
		r.stdout, r.stderr = modules.RStrip(r.stdout), modules.RStrip(r.stderr)
	}
	return r, success(a, r)
}

// render has the controller render the command and its directory, as it does
// for the texts of a state's file.
func render(ctx context.Context, c *modules.Call, a *runArgs) error {
	if c.Remote == nil || c.Chunk == nil {
		return modules.SaltInvocationError("cmd: a template for a command line is rendered for states only; render it before")
	}
	for _, p := range []*py.Value{&a.Cmd, &a.Cwd} {
		text, ok := (*p).(py.Str)
		if !ok {
			continue
		}
		v, err := c.Remote.Call(ctx, "file.apply_template_on_contents", py.NewArgs(text, a.Template, py.NewDict(), py.None, py.Str(c.Chunk.Env())))
		if err != nil {
			return err
		}
		if d, failed := v.(*py.Dict); failed {
			return raise("Failed to execute cmd with error: %s", py.ToStr(d.Lookup("comment")))
		}
		*p = v
	}
	return nil
}

// knownExtras refuses arguments that Salt's function would take and that have
// a meaning which is not supported; others are ignored, as in Salt.
func knownExtras(extra *py.Dict) error {
	if v, ok := extra.GetStr("pillar"); ok && py.IsTrue(v) {
		return modules.SaltInvocationError("cmd: pillar= for the template of a command line is not supported; set variables in the SLS")
	}
	return nil
}

func workingDir(c *modules.Call, a *runArgs) (string, error) {
	if py.IsTrue(a.Cwd) {
		dir := py.ToStr(a.Cwd)
		if fi, err := c.Stat(dir); !strings.HasPrefix(dir, "/") || err != nil || !fi.IsDir() {
			return "", raise("Specified cwd '%s' either not absolute or does not exist", dir)
		}
		return dir, nil
	}
	home := c.Getenv("HOME")
	if a.Runas != "" {
		if u, ok := c.User(a.Runas); ok {
			home = u.Home
		}
	}
	if fi, err := c.Stat(home); err != nil || !fi.IsDir() || home == "" {
		return "/", nil
	}
	return home, nil
}

// environment reads env: a mapping, or a list of mappings and texts.
func environment(v py.Value) (*py.Dict, error) {
	out := py.NewDict()
	add := func(d *py.Dict) error {
		for k, x := range d.All() {
			if x == py.Value(py.None) {
				x = py.Str("")
			}
			if b, isBool := x.(py.Bool); isBool {
				x = py.Str(py.ToStr(b))
			}
			if err := out.Set(py.Str(py.ToStr(k)), x); err != nil {
				return err
			}
		}
		return nil
	}
	switch v := v.(type) {
	case *py.Dict:
		return out, add(v)
	case *py.List:
		for _, it := range v.Items {
			d, ok := it.(*py.Dict)
			if !ok {
				return nil, modules.SaltInvocationError(fmt.Sprintf("Invalid env entry %s: NAME: VALUE is needed", py.Repr(it)))
			}
			if err := add(d); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return out, nil
}

func umaskOf(v py.Value) (*int, error) {
	if v == py.Value(py.None) {
		return nil, nil
	}
	s := strings.TrimLeft(py.ToStr(v), "0")
	if s == "" {
		return nil, raise("Zero umask is not allowed.")
	}
	n, err := strconv.ParseInt(s, 8, 32)
	if err != nil {
		return nil, raise("Invalid umask: '%s'", py.ToStr(v))
	}
	m := int(n)
	return &m, nil
}

func timeoutOf(v py.Value) (time.Duration, error) {
	if !py.IsTrue(v) {
		return 0, nil
	}
	f, err := strconv.ParseFloat(py.ToStr(v), 64)
	if err != nil || f < 0 {
		return 0, modules.SaltInvocationError(fmt.Sprintf("Error: timeout %s must be a number", py.ToStr(v)))
	}
	return time.Duration(f * float64(time.Second)), nil
}

// stdinText turns the two characters \n into line breaks, as Salt does unless
// told otherwise.
func stdinText(s string, extra *py.Dict) string {
	if v, ok := extra.GetStr("stdin_raw_newlines"); ok && py.IsTrue(v) {
		return s
	}
	return strings.ReplaceAll(s, `\n`, "\n")
}

// commandLine fills in what is run: a text for the shell, or words.
func commandLine(cmd *host.Cmd, a *runArgs) error {
	if l, ok := a.Cmd.(*py.List); ok {
		for _, it := range l.Items {
			cmd.Argv = append(cmd.Argv, py.ToStr(it))
		}
		if len(cmd.Argv) == 0 {
			return raise("the command is empty")
		}
		return nil
	}
	line := py.ToStr(a.Cmd)
	if a.PythonShell == py.Value(py.True) || a.UseVT {
		cmd.Shell, cmd.Argv = a.Shell, []string{line}
		if cmd.Shell == "" {
			cmd.Shell = "/bin/sh"
		}
		return nil
	}
	words, err := shellWords(line)
	if err != nil {
		return err
	}
	if len(words) == 0 {
		return raise("the command is empty")
	}
	cmd.Argv = words
	return nil
}

// mergeStderr sends standard error where standard output goes.
func mergeStderr(cmd *host.Cmd) {
	if cmd.Shell != "" {
		cmd.Argv[0] = "exec 2>&1\n" + cmd.Argv[0]
		return
	}
	cmd.Argv = append([]string{"/bin/sh", "-c", `exec "$@" 2>&1`, "sh"}, cmd.Argv...)
}

// background starts a command that outlives this call. Its output is lost, as
// in Salt.
func background(ctx context.Context, w host.Writer, cmd host.Cmd) (*result, error) {
	line := cmd.Argv[0]
	if cmd.Shell == "" {
		line = quote(cmd.Argv)
		cmd.Shell = "/bin/sh"
	}
	cmd.Argv = []string{"(" + cmd.Shell + " -c " + quote([]string{line}) + ") </dev/null >/dev/null 2>&1 &\necho $!"}
	cmd.Shell, cmd.NewSession, cmd.Tee = "/bin/sh", true, nil
	out, err := w.Run(ctx, cmd)
	if err != nil {
		return nil, raise("%v", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(out.Stdout)))
	if err != nil {
		return nil, raise("starting in the background: %s", bytes.TrimSpace(out.Stderr))
	}
	return &result{pid: pid, background: true}, nil
}

func quote(words []string) string {
	q := make([]string, len(words))
	for i, w := range words {
		q[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	}
	return strings.Join(q, " ")
}

// startError is Salt's text for a command that cannot be started.
func startError(cmd host.Cmd, a *runArgs, words []string, err error) error {
	var unknown *host.UnknownUserError
	if errors.As(err, &unknown) {
		return raise("User '%s' is not available", unknown.Name)
	}
	no, ok := host.Errno(err)
	if !ok {
		return raise("Unable to run command '%s': %v", py.ToStr(a.Cmd), err)
	}
	return modules.CannotStart(words, cmd.Dir, cmd.Stdin != nil, py.IsTrue(a.RedirectStderr), a.Timeout, no)
}

// success applies the arguments success_*.
func success(a *runArgs, r *result) error {
	codes, err := ints(a.SuccessRetcodes)
	if err != nil {
		return err
	}
	for _, c := range codes {
		if c == r.retcode {
			r.retcode = 0
		}
	}
	for _, s := range split(a.SuccessStdout) {
		if strings.Contains(r.stdout, s) {
			r.retcode = 0
		}
	}
	for _, s := range split(a.SuccessStderr) {
		if strings.Contains(r.stderr, s) {
			r.retcode = 0
		}
	}
	return nil
}

// split reads "a,b" or a list.
func split(v py.Value) []string {
	switch v := v.(type) {
	case py.NoneType:
		return nil
	case *py.List:
		var out []string
		for _, it := range v.Items {
			out = append(out, strings.TrimSpace(py.ToStr(it)))
		}
		return out
	}
	var out []string
	for _, s := range strings.Split(py.ToStr(v), ",") {
		out = append(out, strings.TrimSpace(s))
	}
	return out
}

func ints(v py.Value) ([]int64, error) {
	var out []int64
	for _, s := range split(v) {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil, modules.SaltInvocationError("success_retcodes must be a list of integers")
		}
		out = append(out, n)
	}
	return out, nil
}
