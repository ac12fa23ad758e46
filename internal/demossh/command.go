package demossh

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	xssh "golang.org/x/crypto/ssh"
)

// command is one process group run for a session. The zero value stands for a
// subsystem, which is no process.
type command struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *os.File
	stderr *os.File

	mu    sync.Mutex
	alive bool // the leader has not been waited for
}

// newCommand starts line (or a shell without line) by /bin/sh.
func (s *Server) newCommand(nc net.Conn, line string) (*command, error) {
	args := []string{"-c", line}
	if line == "" {
		args = nil
	}
	c := &command{cmd: exec.Command("/bin/sh", args...)}
	c.cmd.Dir = s.cfg.Home
	c.cmd.Env = append(append([]string(nil), s.env...), connectionEnv(nc)...)
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var err error
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	// Pipes of our own: Wait of exec.Cmd would wait for every process that
	// still has them open.
	outR, outW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	errR, errW, err := os.Pipe()
	if err != nil {
		outR.Close()
		outW.Close()
		return nil, err
	}
	c.stdout, c.stderr = outR, errR
	c.cmd.Stdout, c.cmd.Stderr = outW, errW
	err = c.cmd.Start()
	outW.Close()
	errW.Close()
	if err != nil {
		outR.Close()
		errR.Close()
		return nil, err
	}
	c.alive = true
	return c, nil
}

func connectionEnv(nc net.Conn) []string {
	remote, ok1 := nc.RemoteAddr().(*net.TCPAddr)
	local, ok2 := nc.LocalAddr().(*net.TCPAddr)
	if !ok1 || !ok2 {
		return nil
	}
	return []string{fmt.Sprintf("SSH_CONNECTION=%s %d %s %d", remote.IP, remote.Port, local.IP, local.Port)}
}

// drainTime is how long output is read after the command has ended, for
// processes it left in the background with its output still open.
const drainTime = 500 * time.Millisecond

// run connects the command with the channel and sends its status.
func (c *command) run(ch xssh.Channel, prelude string) {
	var in, out sync.WaitGroup
	in.Go(func() {
		_, _ = io.Copy(c.stdin, ch) // ends at EOF, or when the command no longer reads
		c.stdin.Close()
	})
	if prelude != "" {
		_, _ = io.WriteString(ch, prelude)
	}
	out.Go(func() { _, _ = io.Copy(ch, c.stdout) })
	out.Go(func() { _, _ = io.Copy(ch.Stderr(), c.stderr) })

	err := c.cmd.Wait()
	c.mu.Lock()
	c.alive = false
	c.mu.Unlock()
	timer := time.AfterFunc(drainTime, func() {
		deadline := time.Unix(1, 0)
		_ = c.stdout.SetReadDeadline(deadline)
		_ = c.stderr.SetReadDeadline(deadline)
	})
	out.Wait()
	timer.Stop()
	c.stdout.Close()
	c.stderr.Close()
	c.report(ch, err)
	ch.Close() // ends the copying of standard input
	in.Wait()
}

// report sends how the command ended.
func (c *command) report(ch xssh.Channel, err error) {
	var exit *exec.ExitError
	switch {
	case err == nil:
		sendStatus(ch, 0)
	case errors.As(err, &exit):
		if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
			_, _ = ch.SendRequest("exit-signal", false, xssh.Marshal(struct {
				Signal     string
				CoreDumped bool
				Error      string
				Lang       string
			}{signalName(ws.Signal()), ws.CoreDump(), "", ""}))
			return
		}
		sendStatus(ch, uint32(exit.ExitCode()))
	default:
		sendStatus(ch, 255)
	}
}

// signals are those RFC 4254 names.
var signals = map[string]syscall.Signal{
	"ABRT": syscall.SIGABRT, "ALRM": syscall.SIGALRM, "FPE": syscall.SIGFPE, "HUP": syscall.SIGHUP,
	"ILL": syscall.SIGILL, "INT": syscall.SIGINT, "KILL": syscall.SIGKILL, "PIPE": syscall.SIGPIPE,
	"QUIT": syscall.SIGQUIT, "SEGV": syscall.SIGSEGV, "TERM": syscall.SIGTERM,
	"USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2,
}

func signalName(sig syscall.Signal) string {
	for name, s := range signals {
		if s == sig {
			return name
		}
	}
	return fmt.Sprintf("SIG%d@pinch", int(sig))
}

// signalName sends the named signal to the command's process group.
func (c *command) signalName(name string) bool {
	sig, ok := signals[name]
	return ok && c.signal(sig)
}

// signal sends sig while the group certainly is the command's.
func (c *command) signal(sig syscall.Signal) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.alive || c.cmd == nil {
		return false
	}
	return syscall.Kill(-c.cmd.Process.Pid, sig) == nil
}

// hangup ends a command whose client went away: SIGTERM to its process group,
// and SIGKILL to what is left of it after grace. The login shell may end before
// the command that it started, which then still puts its things in order.
func (c *command) hangup(grace time.Duration) {
	if c.cmd == nil || !c.signal(syscall.SIGTERM) {
		return
	}
	// The group keeps its number while it has a member, and numbers are not
	// given out again at once: this reaches nobody else.
	for end := time.Now().Add(grace); time.Now().Before(end) && syscall.Kill(-c.cmd.Process.Pid, 0) == nil; {
		time.Sleep(5 * time.Millisecond)
	}
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
}
