package ssh

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// proxyConn is the byte stream to a ProxyCommand: one end of a socket pair of
// which the command has the other as standard input and output.
type proxyConn struct {
	net.Conn
	cmd    *exec.Cmd
	stderr *Ring
	exited chan struct{}
	err    error // of Wait, after exited
	once   sync.Once
}

// token finds what tokens() will replace.
var token = regexp.MustCompile(`%.`)

// startProxy starts the ProxyCommand. It has no terminal to ask on, since it
// runs in a process group of its own so that it can be ended with all it
// started.
func startProxy(s *settings) (net.Conn, error) {
	for _, t := range token.FindAllString(s.proxyCommand, -1) {
		value, err := s.tokens(t)
		if err != nil {
			return nil, err
		}
		if (t == "%h" || t == "%n" || t == "%r" || t == "%k") && !shellSafe(value) {
			return nil, fmt.Errorf("%s stands for %q, which a shell could misread", t, cleanText(value, 100))
		}
	}
	command, err := s.tokens(s.proxyCommand)
	if err != nil {
		return nil, err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, fmt.Errorf("socket pair: %w", err)
	}
	unix.CloseOnExec(pair[0])
	unix.CloseOnExec(pair[1])
	ours, theirs := os.NewFile(uintptr(pair[0]), "proxy"), os.NewFile(uintptr(pair[1]), "proxy")
	defer theirs.Close()
	defer ours.Close()
	nc, err := net.FileConn(ours)
	if err != nil {
		return nil, fmt.Errorf("socket pair: %w", err)
	}
	p := &proxyConn{Conn: nc, stderr: newRing(16 << 10), exited: make(chan struct{})}
	p.cmd = exec.Command("/bin/sh", "-c", "exec "+command)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = theirs, theirs, p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.WaitDelay = time.Second
	if err := p.cmd.Start(); err != nil {
		nc.Close()
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// Close ends the command and waits for it.
func (p *proxyConn) Close() error {
	err := p.Conn.Close()
	p.once.Do(func() {
		select {
		case <-p.exited: // it ended by itself, which is why we close
			return
		case <-time.After(20 * time.Millisecond):
		}
		p.signal(syscall.SIGHUP)
		select {
		case <-p.exited:
		case <-time.After(500 * time.Millisecond):
			p.signal(syscall.SIGKILL)
			<-p.exited
		}
	})
	return err
}

// signal signals the command and what it started.
func (p *proxyConn) signal(sig syscall.Signal) {
	select {
	case <-p.exited: // its number may belong to another process by now
	default:
		// Fails only when the process has just ended, which is what is wanted.
		_ = syscall.Kill(-p.cmd.Process.Pid, sig)
	}
}

// failure adds what the command said to the cause.
func (p *proxyConn) failure(cause error) error {
	select {
	case <-p.exited:
	case <-time.After(200 * time.Millisecond):
		return cause
	}
	text := "the ProxyCommand ended"
	var exit *exec.ExitError
	if errors.As(p.err, &exit) {
		text += " (" + exit.String() + ")"
	}
	if said := cleanText(p.stderr.String(), 500); said != "" {
		text += ": " + said
	}
	return errors.New(text)
}

// proxyOf returns the ProxyCommand behind nc, or nil.
func proxyOf(nc net.Conn) *proxyConn {
	p, _ := nc.(*proxyConn)
	return p
}
