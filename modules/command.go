package modules

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"time"

	"pinch/internal/host"
	"pinch/internal/py"
)

// Command is a program that a function runs as Salt's modules run theirs, by
// cmd.run_all: without a shell, with the locale C, as another user with that
// user's login environment.
type Command struct {
	Argv []string
	// Dir is where it runs; "" is the home directory of the user.
	Dir   string
	RunAs string
	// Env is added to the environment; a nil value unsets.
	Env   map[string]*string
	Stdin io.Reader
	Umask *int
	// KeepLocale leaves the locale as it is.
	KeepLocale bool
	// MergeStderr sends standard error to standard output.
	MergeStderr bool
	// IgnoreRetcode keeps the exit status out of RetcodeKey.
	IgnoreRetcode bool
	// KeepSpace leaves white space at the end of the output.
	KeepSpace bool
	// Encoding decodes the output; "" is UTF-8.
	Encoding string
	Timeout  time.Duration
	// Quiet keeps the output from the run's progress.
	Quiet bool
}

// CommandResult is how a command ended; its texts are decoded.
type CommandResult struct {
	PID, Code      int
	Stdout, Stderr string
}

// LocaleVariables are what Salt sets to C so that programs speak English.
var LocaleVariables = []string{
	"LC_CTYPE", "LC_NUMERIC", "LC_TIME", "LC_COLLATE", "LC_MONETARY", "LC_MESSAGES", "LC_PAPER", "LC_NAME",
	"LC_ADDRESS", "LC_TELEPHONE", "LC_MEASUREMENT", "LC_IDENTIFICATION", "LANGUAGE",
}

// RunAll runs a command. w is nil while a function only looks: then the
// command must be one that the host knows to change nothing. A command that
// ran and failed is no error; errors are Salt's CommandExecutionError in its
// words.
func (c *Call) RunAll(ctx context.Context, w host.Writer, cmd Command) (CommandResult, error) {
	hc, err := c.hostCommand(cmd)
	if err != nil {
		return CommandResult{}, err
	}
	run := c.Query
	if w != nil {
		run = w.Run
		if cmd.MergeStderr {
			if !c.CanStart(hc) {
				return CommandResult{}, c.startError(cmd, hc.Dir, fs.ErrNotExist)
			}
			hc.Argv = append([]string{"/bin/sh", "-c", `exec "$@" 2>&1`, "sh"}, hc.Argv...)
		}
		if c.Output != nil && !cmd.Quiet {
			hc.Tee = c.Output
		}
	}
	out, err := run(ctx, hc)
	if err != nil {
		return CommandResult{}, c.startError(cmd, hc.Dir, err)
	}
	r := CommandResult{PID: out.PID, Code: out.Code}
	if out.TimedOut {
		r.Code = 1
		r.Stdout = fmt.Sprintf("%s : Timed out after %s seconds", strings.Join(cmd.Argv, " "), py.FloatRepr(cmd.Timeout.Seconds()))
		return r, nil
	}
	r.Stdout, r.Stderr = DecodeOutput(out.Stdout, cmd.Encoding), DecodeOutput(out.Stderr, cmd.Encoding)
	if cmd.MergeStderr && w == nil {
		r.Stdout, r.Stderr = r.Stdout+r.Stderr, ""
	}
	if !cmd.KeepSpace {
		r.Stdout, r.Stderr = RStrip(r.Stdout), RStrip(r.Stderr)
	}
	if !cmd.IgnoreRetcode {
		c.Memo.Put(RetcodeKey, int64(r.Code))
	}
	return r, nil
}

func (c *Call) hostCommand(cmd Command) (host.Cmd, error) {
	hc := host.Cmd{Argv: cmd.Argv, RunAs: cmd.RunAs, Login: cmd.RunAs != "", Stdin: cmd.Stdin, Umask: cmd.Umask, Timeout: cmd.Timeout,
		Env: map[string]*string{}}
	home := c.Getenv("HOME")
	if cmd.RunAs != "" {
		u, ok := c.User(cmd.RunAs)
		if !ok {
			return hc, CommandExecutionError(fmt.Sprintf("User '%s' is not available", cmd.RunAs))
		}
		home = u.Home
	}
	if hc.Dir = cmd.Dir; hc.Dir == "" {
		if hc.Dir = home; home == "" || !c.isDir(home) {
			hc.Dir = "/"
		}
	} else if !strings.HasPrefix(hc.Dir, "/") || !c.isDir(hc.Dir) {
		return hc, CommandExecutionError(fmt.Sprintf("Specified cwd '%s' either not absolute or does not exist", hc.Dir))
	}
	english := "C"
	if !cmd.KeepLocale {
		for _, k := range LocaleVariables {
			hc.Env[k] = &english
		}
	}
	hc.Env["NOTIFY_SOCKET"] = nil
	for k, v := range cmd.Env {
		hc.Env[k] = v
	}
	return hc, nil
}

func (c *Call) isDir(p string) bool {
	fi, err := c.Stat(p)
	return err == nil && fi.IsDir()
}

// CanStart says whether the program of a command is there: behind the shell
// that merges the streams its absence would only be an exit status.
func (c *Call) CanStart(cmd host.Cmd) bool {
	program := cmd.Argv[0]
	if _, own := cmd.Env["PATH"]; own || cmd.RunAs != "" {
		return true // the PATH is another
	}
	if strings.Contains(program, "/") {
		_, err := c.Stat(program)
		return err == nil
	}
	return c.LookPath(program) != ""
}

// startError is Salt's text for a command that cannot be started: it has the
// arguments of Python's Popen.
func (c *Call) startError(cmd Command, dir string, err error) error {
	var unknown *host.UnknownUserError
	if errors.As(err, &unknown) {
		return CommandExecutionError(fmt.Sprintf("User '%s' is not available", unknown.Name))
	}
	no, ok := host.Errno(err)
	if !ok {
		return err
	}
	return CannotStart(cmd.Argv, dir, cmd.Stdin != nil, cmd.MergeStderr, py.None, no)
}

// CannotStart is Salt's error for a program that the system does not start.
// Its text has the arguments of Python's Popen: the words of the command, the
// directory, whether standard input is given and standard error merged, the
// timeout as it was given.
func CannotStart(argv []string, dir string, stdin, merged bool, timeout py.Value, no syscall.Errno) error {
	in, stderr := "", -1
	if stdin {
		in = "'stdin': -1, "
	}
	if merged {
		stderr = -2
	}
	return CommandExecutionError(fmt.Sprintf("Unable to run command '%s' with the context '{'cwd': %s, 'shell': False, %s'stdout': -1, 'stderr': %d, "+
		"'with_communicate': True, 'timeout': %s, 'bg': False, 'close_fds': True}', reason: [Errno %d] %s: %s",
		py.Repr(py.Strings(argv...)), py.Repr(py.Str(dir)), in, stderr, py.Repr(timeout), int(no), host.Strerror(no), py.Repr(py.Str(argv[0]))))
}

// DecodeOutput decodes what a command printed; "" is UTF-8. What does not fit
// becomes U+FFFD, as in Salt.
func DecodeOutput(b []byte, encoding string) string {
	if encoding == "" {
		encoding = "utf-8"
	}
	s, err := py.Decode(string(b), encoding, "replace")
	if err != nil {
		return strings.ToValidUTF8(string(b), "\ufffd") // an unknown encoding: Salt falls back to the system's
	}
	return s
}

// RStrip is Python's str.RStrip().
func RStrip(s string) string { return strings.TrimRight(s, " \t\n\r\v\f\x1c\x1d\x1e\x1f\u0085") }
