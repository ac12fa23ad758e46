package ssh

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	xssh "golang.org/x/crypto/ssh"
)

// Proc is a command running on the host.
//
// Read Stdout to its end before Wait, or Close the Proc: the command stops when
// about 2 MiB of output wait to be read. Stderr is always drained.
type Proc struct {
	// Stdin is the command's standard input. Close sends end of file. Only one
	// goroutine may use it at a time.
	Stdin io.WriteCloser
	// Stdout is the command's standard output. It ends with io.EOF only when
	// the command closed it; a lost connection, a silent host and an ended
	// context give the typed errors.
	Stdout io.Reader
	// Stderr keeps the last 64 KiB of the command's standard error.
	Stderr *Ring

	c       *Conn
	ch      xssh.Channel
	op      string
	command string
	watch   *silence
	out     *io.PipeWriter
	unwatch func() bool // detaches ctx

	reqsDone chan struct{} // closed when the host closed the channel
	outDone  chan struct{}
	errDone  chan struct{}
	code     int // of exit-status; -1 while none came
	signal   string

	done     chan struct{}
	doneOnce sync.Once
	killOnce sync.Once
	err      error
}

// maxStderr is how much of a command's standard error is kept.
const maxStderr = 64 << 10

// maxCommand bounds a command line: servers take packets of 256 KiB at most.
const maxCommand = 128 << 10

// outBuffers are the buffers between channels and readers.
var outBuffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// Start runs command by the login shell of the user, without a terminal. The
// command is given to the shell as it is: quoting is the caller's business.
// When ctx ends the command is abandoned as by Close.
//
// Errors are *SessionLimitError, *ClosedError and *TimeoutError.
func (c *Conn) Start(ctx context.Context, command string) (*Proc, error) {
	const op = "run command on"
	if len(command) > maxCommand {
		return nil, &ClosedError{c.s.fault(op, fmt.Errorf("the command has %d bytes, more than %d", len(command), maxCommand), "send data on standard input")}
	}
	return c.session(ctx, ctx, op, "exec", command)
}

// session opens a channel and makes one request ("exec" or "subsystem") on it.
// ctx bounds that, life the process. When the host is at its limit, the session
// kept for Put is given back first. And it may still be clearing up a session
// that has just ended (OpenSSH answers an open that follows a close in one
// packet from the state before the close): then it is asked again.
func (c *Conn) session(ctx, life context.Context, op, request, argument string) (*Proc, error) {
	for wait := 10 * time.Millisecond; ; wait *= 2 {
		p, err := c.tryOpen(ctx, life, op, request, argument)
		var limit *SessionLimitError
		if !errors.As(err, &limit) {
			return p, err
		}
		recent := time.Since(time.Unix(0, c.lastEnd.Load())) < clearTime
		if !c.closeIdleFiles(ctx) && !recent {
			return p, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-c.done:
			return nil, c.usable(op)
		case <-time.After(wait):
		}
	}
}

// clearTime is how long a host may take to clear up a session.
const clearTime = time.Second

// tryOpen is one attempt of session.
func (c *Conn) tryOpen(ctx, life context.Context, op, request, argument string) (*Proc, error) {
	if err := c.usable(op); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, c.ended(ctx, op)
	}
	type opened struct {
		ch   xssh.Channel
		reqs <-chan *xssh.Request
		err  error
	}
	result := make(chan opened) // no buffer: either we take it or the goroutine cleans up
	abandoned := make(chan struct{})
	started := c.spawn(func() {
		ch, reqs, err := c.open(request, argument)
		select {
		case result <- opened{ch, reqs, err}:
		case <-abandoned:
			if ch != nil {
				ch.Close()
				xssh.DiscardRequests(reqs)
			}
		}
	})
	if !started {
		return nil, c.usable(op)
	}
	silent := make(chan struct{})
	watch := newSilence(c.s.silence, func() { close(silent) })
	watch.begin()
	defer watch.stop()
	giveUp := func(err error) (*Proc, error) {
		close(abandoned)
		return nil, err
	}
	select {
	case <-ctx.Done():
		return giveUp(c.ended(ctx, op))
	case <-silent:
		return giveUp(c.silent(op))
	case o := <-result:
		if o.err != nil {
			return nil, c.openError(op, request, o.err)
		}
		c.sessions.Add(1)
		return c.newProc(life, op, request, argument, o.ch, o.reqs)
	}
}

// errRefused says that the host answered no to the request on a channel.
var errRefused = errors.New("the host refused the request")

func (c *Conn) open(request, argument string) (xssh.Channel, <-chan *xssh.Request, error) {
	ch, reqs, err := c.conn.OpenChannel("session", nil)
	if err != nil {
		return nil, nil, err
	}
	payload := binary.BigEndian.AppendUint32(nil, uint32(len(argument)))
	ok, err := ch.SendRequest(request, true, append(payload, argument...))
	if err == nil && !ok {
		err = errRefused
	}
	if err != nil {
		ch.Close()
		c.spawn(func() { xssh.DiscardRequests(reqs) }) // until the host confirms
		return nil, nil, err
	}
	return ch, reqs, nil
}

func (c *Conn) openError(op, request string, err error) error {
	var refused *xssh.OpenChannelError
	switch {
	case errors.As(err, &refused):
		return &SessionLimitError{c.s.fault(op, fmt.Errorf("the host accepts no further session: %s", orText(cleanText(refused.Message, 200), refused.Reason.String())), "raise MaxSessions in its sshd_config")}
	case errors.Is(err, errRefused):
		return &RefusedError{c.s.fault(op, err, "its sshd_config may forbid it (Subsystem, ForceCommand, a restricted key)"), request}
	}
	return c.failure(op, err)
}

func (c *Conn) newProc(life context.Context, op, request, argument string, ch xssh.Channel, reqs <-chan *xssh.Request) (*Proc, error) {
	r, w := io.Pipe()
	p := &Proc{
		c: c, ch: ch, op: op, command: argument, out: w, code: -1,
		Stderr:   newRing(maxStderr),
		reqsDone: make(chan struct{}), outDone: make(chan struct{}), errDone: make(chan struct{}), done: make(chan struct{}),
	}
	p.watch = newSilence(c.s.silence, func() { p.kill(c.silent(op)) })
	p.Stdin = &procStdin{p: p}
	p.Stdout = r
	if request == "exec" && p.watch != nil {
		p.Stdout = &watchedReader{r, p.watch} // SFTP always reads, waiting or not
	}
	c.mu.Lock()
	gone := c.closed
	c.procs[p] = struct{}{}
	c.mu.Unlock()
	p.unwatch = context.AfterFunc(life, func() { p.kill(c.ended(life, op)) })
	started := c.spawn(func() { p.requests(reqs) }, p.pumpOut, p.pumpErr, p.reap)
	if !started || gone {
		p.abandon(&ClosedError{c.s.fault(op, errClosed, "")})
		p.unwatch()
		return nil, c.usable(op)
	}
	return p, nil
}

// requests reads the exit status. It ends when the channel is closed.
func (p *Proc) requests(reqs <-chan *xssh.Request) {
	defer close(p.reqsDone)
	for req := range reqs {
		switch req.Type {
		case "exit-status":
			if len(req.Payload) >= 4 {
				p.code = int(binary.BigEndian.Uint32(req.Payload))
			}
		case "exit-signal":
			var msg struct {
				Signal     string
				CoreDumped bool
				Error      string
				Lang       string
			}
			if xssh.Unmarshal(req.Payload, &msg) == nil {
				p.signal = cleanText(msg.Signal, 40)
			}
		}
		if req.WantReply { // keepalives of the host
			_ = req.Reply(false, nil) // fails only when the connection has ended
		}
	}
}

// pumpOut hands the output on. A goroutine of its own lets kill end a Read at
// once, whatever the network does.
func (p *Proc) pumpOut() {
	defer close(p.outDone)
	buf := outBuffers.Get().(*[]byte)
	defer outBuffers.Put(buf)
	for {
		n, err := p.ch.Read(*buf)
		if n > 0 {
			p.watch.heard()
			if _, werr := p.out.Write((*buf)[:n]); werr != nil {
				return
			}
		}
		if err == nil {
			continue
		}
		// The library reports a lost connection as end of file too.
		if p.c.net.broken() != nil {
			<-p.reqsDone
			if p.code < 0 && p.signal == "" {
				p.out.CloseWithError(p.c.failure(p.op, err))
				return
			}
		}
		p.out.Close()
		return
	}
}

// pumpErr drains the error stream.
func (p *Proc) pumpErr() {
	defer close(p.errDone)
	defer p.Stderr.close()
	// The streams of a channel end with EOF and no other error.
	_, _ = p.Stderr.ReadFrom(&touchReader{p.ch.Stderr(), p.watch})
}

// reap waits for the end of the command.
func (p *Proc) reap() {
	<-p.reqsDone
	p.c.lastEnd.Store(time.Now().UnixNano())
	<-p.errDone
	<-p.outDone
	p.finish(p.result())
	p.unwatch()
	p.c.mu.Lock()
	delete(p.c.procs, p)
	p.c.mu.Unlock()
}

// result makes the error of a command the host has ended.
func (p *Proc) result() error {
	if p.code == 0 {
		return nil
	}
	if p.code < 0 && p.signal == "" {
		if p.c.net.broken() != nil {
			return p.c.failure(p.op, io.EOF)
		}
		return &ClosedError{p.c.s.fault(p.op, errors.New("the command ended without a status"), p.said())}
	}
	e := &ExitError{Host: p.c.s.id, Command: cleanText(p.command, 500), Code: p.code, Signal: p.signal,
		Stderr: cleanText(p.Stderr.String(), maxRemoteText)}
	if p.code < 0 {
		e.Code = 128 + signalNumber(p.signal)
	}
	return e
}

// said is the end of standard error, as an advice.
func (p *Proc) said() string {
	if text := cleanText(p.Stderr.String(), 500); text != "" {
		return "it said: " + text
	}
	return ""
}

// signalNumber returns the usual number of a signal name, 0 if unknown.
func signalNumber(name string) int {
	return map[string]int{"HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "ABRT": 6, "FPE": 8, "KILL": 9,
		"SEGV": 11, "PIPE": 13, "ALRM": 14, "TERM": 15}[name]
}

func (p *Proc) finish(err error) {
	p.doneOnce.Do(func() {
		p.err = err
		p.watch.stop()
		close(p.done)
	})
}

// Wait waits for the command to end and for its output to be read. It returns
// nil for status 0, *ExitError for another status or a signal, *ClosedError
// when the connection or the context ended first, *TimeoutError when the host
// was silent too long.
func (p *Proc) Wait() error {
	<-p.done
	return p.err
}

// Close abandons the command: it is sent SIGTERM and its standard input ends. It
// does not wait. After the command has ended it does nothing.
//
// OpenSSH passes the signal on since 7.9, but not to root's commands: only a
// command that watches its standard input surely ends.
func (p *Proc) Close() error {
	p.kill(&ClosedError{p.c.s.fault(p.op, errors.New("the command was abandoned"), "")})
	return nil
}

// Signal sends a signal to the command, by its name without SIG ("TERM",
// "INT", "KILL"). Hosts may ignore it: OpenSSH passes signals on since 7.9, but
// not to root's commands and to forced commands.
func (p *Proc) Signal(name string) error {
	payload := binary.BigEndian.AppendUint32(nil, uint32(len(name)))
	if _, err := p.ch.SendRequest("signal", false, append(payload, name...)); err != nil {
		return p.c.failure("signal command on", err)
	}
	return nil
}

// closeGrace is how long the host may take to confirm that a channel is closed
// before the whole connection counts as stuck.
const closeGrace = 10 * time.Second

// kill ends the command for us at once, and tells the host.
func (p *Proc) kill(cause error) {
	p.abandon(cause)
	p.killOnce.Do(func() {
		select {
		case <-p.reqsDone: // it has ended
			return
		default:
		}
		p.c.spawn(func() {
			// Both block while the network does, and fail only when it is gone.
			sent := make(chan struct{})
			p.c.wg.Go(func() { // never the last one: this goroutine counts too
				defer close(sent)
				_ = p.Signal("TERM")
				_ = p.ch.Close()
			})
			timer := time.NewTimer(closeGrace)
			defer timer.Stop()
			select {
			case <-p.reqsDone:
			case <-p.c.done:
			case <-timer.C:
				p.c.end(&TimeoutError{
					Fault: p.c.s.fault(p.op, fmt.Errorf("the host did not confirm the end of the command within %s", closeGrace), ""),
					After: closeGrace,
				})
			}
			<-sent
		})
	})
}

// abandon makes all waiting for the command end with cause.
func (p *Proc) abandon(cause error) {
	select {
	case <-p.done:
		return
	default:
	}
	p.out.CloseWithError(cause)
	p.Stderr.close()
	p.finish(cause)
}

// procStdin is the standard input of a command.
type procStdin struct {
	p      *Proc
	mu     sync.Mutex
	closed bool
}

// Write implements io.Writer.
func (w *procStdin) Write(b []byte) (int, error) {
	select {
	case <-w.p.done:
		if w.p.err != nil {
			return 0, w.p.err
		}
		return 0, &ClosedError{w.p.c.s.fault("write to command on", errors.New("the command has ended"), w.p.said())}
	default:
	}
	n, err := w.p.ch.Write(b)
	if err == nil {
		return n, nil
	}
	if errors.Is(err, io.EOF) && w.p.c.net.broken() == nil {
		return n, &ClosedError{w.p.c.s.fault("write to command on", errors.New("the command no longer reads"), w.p.said())}
	}
	return n, w.p.c.failure("write to command on", err)
}

// Close implements io.Closer: end of file for the command.
func (w *procStdin) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	w.closed = true
	if err := w.p.ch.CloseWrite(); err != nil && !errors.Is(err, io.EOF) {
		return w.p.c.failure("write to command on", err)
	}
	return nil
}

// watchedReader counts waiting in Read as waiting for the host.
type watchedReader struct {
	io.Reader
	watch *silence
}

func (r *watchedReader) Read(b []byte) (int, error) {
	r.watch.begin()
	defer r.watch.end()
	return r.Reader.Read(b)
}

// touchReader notes every byte as a sign of life.
type touchReader struct {
	io.Reader
	watch *silence
}

func (r *touchReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	if n > 0 {
		r.watch.heard()
	}
	return n, err
}
