package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Grace periods of a command that is to end.
const (
	// termGrace is what a process group has between SIGTERM and SIGKILL.
	termGrace = 5 * time.Second
	// orphanGrace is how long the output of a service's descendants is waited
	// for after the command itself has ended.
	orphanGrace = 2 * time.Second
)

// Query implements Reader.
func (l *Local) Query(ctx context.Context, cmd Cmd) (Output, error) {
	if err := CheckQuery(cmd); err != nil {
		return Output{}, err
	}
	return l.Run(ctx, cmd)
}

// Run implements Writer. The command runs in its own process group, which gets
// SIGTERM and after a while SIGKILL when ctx ends or the timeout passes; on
// Linux it dies with the shim. Standard input is empty unless given. Like Salt,
// Run waits until nobody holds the command's output any more (a background
// child may), except for NewSession.
func (l *Local) Run(ctx context.Context, cmd Cmd) (Output, error) {
	if len(cmd.Argv) == 0 {
		return Output{}, errors.New("no command given")
	}
	if err := ctx.Err(); err != nil {
		return Output{}, fmt.Errorf("%s: not started: %w", cmd.Argv[0], err)
	}
	p, err := l.prepare(ctx, cmd)
	if err != nil {
		return Output{Code: 127}, fmt.Errorf("%s: %w", cmd.Argv[0], err)
	}
	return p.run(ctx, cmd)
}

// process is a command that is ready to start.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr *capture
	files          []io.Reader
	memory         [][]byte
}

func (l *Local) prepare(ctx context.Context, cmd Cmd) (*process, error) {
	argv := cmd.Argv
	env := map[string]string{}
	if !cmd.ClearEnv {
		env = l.environ()
	}
	attr := &syscall.SysProcAttr{Setpgid: !cmd.NewSession, Setsid: cmd.NewSession}
	if !cmd.NewSession {
		procAttr(attr)
	}
	if cmd.RunAs != "" || cmd.Group != "" {
		if err := l.credentials(ctx, cmd, attr, env); err != nil {
			return nil, err
		}
	}
	for k, v := range cmd.Env {
		if v == nil {
			delete(env, k)
			continue
		}
		env[k] = *v
	}
	if cmd.Shell != "" {
		argv = []string{cmd.Shell, "-c", argv[0]}
	}
	if cmd.Umask != nil { // a process's umask cannot be set between fork and exec from Go
		argv = append([]string{"/bin/sh", "-c", fmt.Sprintf(`umask %04o; exec "$@"`, *cmd.Umask), "sh"}, argv...)
	}
	if cmd.Dir != "" {
		st, err := os.Stat(cmd.Dir)
		if err != nil {
			return nil, err
		}
		if !st.IsDir() {
			return nil, &fs.PathError{Op: "chdir", Path: cmd.Dir, Err: syscall.ENOTDIR}
		}
	}
	program := argv[0]
	if !strings.Contains(program, "/") {
		if program = lookPath(argv[0], env["PATH"]); program == "" {
			return nil, &fs.PathError{Op: "exec", Path: argv[0], Err: syscall.ENOENT}
		}
	}
	limit := cmd.MaxOutput
	if limit <= 0 {
		limit = DefaultMaxOutput
	}
	p := &process{stdout: &capture{limit: limit}, stderr: &capture{limit: limit}, files: cmd.Files, memory: cmd.Memory}
	if cmd.Tee != nil {
		tee := &lockedWriter{w: cmd.Tee}
		p.stdout.tee, p.stderr.tee = tee, tee
	}
	p.cmd = &exec.Cmd{Path: program, Args: argv, Dir: cmd.Dir, Env: environList(env), SysProcAttr: attr,
		Stdin: cmd.Stdin, Stdout: p.stdout, Stderr: p.stderr}
	if cmd.Stdout != nil {
		p.cmd.Stdout = cmd.Stdout
	}
	if cmd.NewSession {
		p.cmd.WaitDelay = orphanGrace
	}
	return p, nil
}

func (p *process) run(ctx context.Context, cmd Cmd) (Output, error) {
	if err := p.start(); err != nil {
		return Output{Code: 127}, startError(cmd, err)
	}
	pid := p.cmd.Process.Pid
	done := make(chan struct{})
	var timeout <-chan time.Time
	if cmd.Timeout > 0 {
		t := time.NewTimer(cmd.Timeout)
		defer t.Stop()
		timeout = t.C
	}
	var timedOut bool
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-done:
			return
		case <-timeout:
			timedOut = true
		case <-ctx.Done():
		}
		killGroup(pid, done)
	})
	err := p.cmd.Wait()
	close(done)
	watcher.Wait()
	out := Output{Stdout: p.stdout.bytes(), Stderr: p.stderr.bytes(), PID: pid, TimedOut: timedOut,
		Truncated: p.stdout.truncated || p.stderr.truncated}
	out.Code = exitCode(p.cmd.ProcessState)
	if timedOut {
		return out, nil
	}
	if cerr := ctx.Err(); cerr != nil {
		return out, fmt.Errorf("%s: stopped: %w", cmd.Argv[0], context.Cause(ctx))
	}
	var ee *exec.ExitError
	if err != nil && !errors.As(err, &ee) && !errors.Is(err, exec.ErrWaitDelay) {
		if errors.Is(err, syscall.EPIPE) { // the command did not read all of its input
			return out, nil
		}
		return out, fmt.Errorf("%s: %w", cmd.Argv[0], err)
	}
	return out, nil
}

// start starts the command and feeds its further inputs. A command that does
// not read one to its end is its own matter, as with standard input.
func (p *process) start() error {
	var ours []*os.File
	defer func() {
		for _, f := range p.cmd.ExtraFiles {
			_ = f.Close() // the command has its own copy
		}
	}()
	for range p.files {
		r, w, err := os.Pipe()
		if err != nil {
			closeAll(ours)
			return err
		}
		p.cmd.ExtraFiles, ours = append(p.cmd.ExtraFiles, r), append(ours, w)
	}
	uid := -1
	if c := p.cmd.SysProcAttr.Credential; c != nil {
		uid = int(c.Uid)
	}
	for _, content := range p.memory {
		f, err := memoryFile(content, uid)
		if err != nil {
			closeAll(ours)
			return err
		}
		p.cmd.ExtraFiles = append(p.cmd.ExtraFiles, f)
	}
	if err := p.cmd.Start(); err != nil {
		closeAll(ours)
		return err
	}
	for i, w := range ours {
		go func() {
			_, _ = io.Copy(w, p.files[i]) // EPIPE: not read to the end
			_ = w.Close()
		}()
	}
	return nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close() // nothing was written
	}
}

// killGroup ends a process group: SIGTERM, and SIGKILL when done is not closed
// in time.
func killGroup(pid int, done <-chan struct{}) {
	_ = syscall.Kill(-pid, syscall.SIGTERM) // gone already: nothing to do
	t := time.NewTimer(termGrace)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL) // what ignored the first signal
}

func startError(cmd Cmd, err error) error {
	if errors.Is(err, syscall.EPERM) && (cmd.RunAs != "" || cmd.Group != "") {
		return fmt.Errorf("%s: cannot run as %s: only root may change the user of a command: %w", cmd.Argv[0], who(cmd), err)
	}
	return fmt.Errorf("%s: %w", cmd.Argv[0], err)
}

func who(cmd Cmd) string {
	if cmd.Group == "" {
		return "user " + cmd.RunAs
	}
	if cmd.RunAs == "" {
		return "group " + cmd.Group
	}
	return "user " + cmd.RunAs + ", group " + cmd.Group
}

func exitCode(st *os.ProcessState) int {
	if st == nil {
		return -1
	}
	if ws, ok := st.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return -int(ws.Signal())
	}
	return st.ExitCode()
}

// capture keeps the first limit bytes of a stream, and reads on.
type capture struct {
	mu        sync.Mutex
	buf       bytes.Buffer
	limit     int64
	truncated bool
	tee       io.Writer
}

func (c *capture) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	keep := p
	if room := c.limit - int64(c.buf.Len()); int64(len(keep)) > room {
		keep, c.truncated = keep[:max(room, 0)], true
	}
	c.buf.Write(keep)
	if c.tee != nil {
		if _, err := c.tee.Write(p); err != nil {
			c.tee = nil // progress is a service: the command goes on without
		}
	}
	return len(p), nil
}

func (c *capture) bytes() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.buf.Bytes()
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.w.Write(p)
}

func environList(env map[string]string) []string {
	out := make([]string, 0, len(env))
	for k, v := range env {
		out = append(out, k+"="+v)
	}
	slices.Sort(out)
	return out
}

// getent asks the name service.
func (l *Local) getent(service, key string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	out, err := l.Query(ctx, Cmd{Argv: []string{"getent", service, key}, MaxOutput: 1 << 16})
	if err != nil || out.Code != 0 {
		return "", err
	}
	first, _, _ := strings.Cut(string(out.Stdout), "\n")
	return first, nil
}

// programName is the last element of a command's first word.
func programName(argv0 string) string { return filepath.Base(argv0) }
