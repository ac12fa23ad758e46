package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// rootPath is the PATH that root has after logging in to Debian.
const rootPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Command is one program to run in a machine, as root, with a clean environment
// (root's PATH, HOME, LANG=C.UTF-8, SHELL=/bin/bash) and umask 022.
type Command struct {
	Argv  []string  // program and arguments; the program is looked up in root's PATH
	Dir   string    // working folder; empty: /root
	Env   []string  // further variables, KEY=value
	Stdin io.Reader // nil: /dev/null
}

// Result is what a program did. Code is its exit status, or 128 and the signal's number.
type Result struct {
	Code           int
	Stdout, Stderr string
}

// argv is the command line that enters the machine's namespaces and runs the program there.
func (m *machine) argv(c Command) ([]string, error) {
	if m.leader == 0 {
		return nil, fmt.Errorf("lab: %s: is not running", m.name)
	}
	dir := c.Dir
	if dir == "" {
		dir = "/root"
	}
	argv := []string{"nsenter", "-t", strconv.Itoa(m.leader), "-m", "-u", "-i", "-n", "-p", "--", "/usr/bin/env", "-i", "-C", dir,
		"PATH=" + rootPath, "HOME=/root", "USER=root", "LOGNAME=root", "LANG=C.UTF-8", "SHELL=/bin/bash"}
	return append(append(argv, c.Env...), c.Argv...), nil
}

func (m *machine) command(ctx context.Context, c Command) (*exec.Cmd, error) {
	argv, err := m.argv(c)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin = c.Stdin
	return cmd, nil
}

// exec runs a program in the container and returns its output. An error means
// that it could not be run, or was ended because ctx was done.
func (m *machine) exec(ctx context.Context, c Command) (Result, error) {
	cmd, err := m.command(ctx, c)
	if err != nil {
		return Result{}, err
	}
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	// Its own process group, so that a time limit ends all of it; a background
	// process that keeps the output open does not keep us.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	res := Result{Stdout: out.String(), Stderr: errOut.String()}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return res, fmt.Errorf("lab: %s: %q: %w", m.name, c.Argv, ctx.Err())
	case errors.As(err, &exit):
		res.Code = exit.ExitCode()
		if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
			res.Code = 128 + int(ws.Signal())
		}
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return res, fmt.Errorf("lab: %s: %q: %w", m.name, c.Argv, err)
	}
	return res, nil
}

// shell gives the terminal to an interactive shell in the container.
func (m *machine) shell(ctx context.Context) error {
	cmd, err := m.command(ctx, Command{Argv: []string{"/bin/bash", "-l"}, Env: []string{"TERM=" + os.Getenv("TERM")}})
	if err != nil {
		return err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("lab: %s: shell: %w", m.name, err)
	}
	return nil
}
