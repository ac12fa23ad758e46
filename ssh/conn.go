package ssh

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	xssh "golang.org/x/crypto/ssh"
)

// Conn is an authenticated connection to one host. It may be used by many
// goroutines at once, as far as the host allows sessions (MaxSessions, usually
// 10).
type Conn struct {
	s      *settings
	net    *countConn
	conn   xssh.Conn
	client *xssh.Client
	banner string

	done     chan struct{} // closed when the transport has ended
	wg       sync.WaitGroup
	sessions atomic.Int64
	attempts int          // of Dial
	lastEnd  atomic.Int64 // UnixNano of the end of the latest session
	noSFTP   atomic.Bool  // the host refused SFTP
	onClose  func() error

	mu     sync.Mutex
	err    error // why the connection ended; set before the transport is closed
	closed bool  // by Close
	idle   bool  // no further goroutine may start
	procs  map[*Proc]struct{}
	files  *SFTP // for Put, opened when needed
}

// Stats are the costs of a connection so far.
type Stats struct {
	// Connections counts those that Dial took: 1, and one more for each that
	// the host dropped before the login. Jump hosts have their own.
	Connections int64
	BytesIn     int64 // from the host, as encrypted
	BytesOut    int64
	Sessions    int64 // channels opened: commands and SFTP
	// Flips counts how often something came from the host after something was
	// sent: an upper bound of the round trips waited for, and exactly them
	// when only one thing is done at a time.
	Flips int64
}

// errLost is the cause of a connection that ended without our doing.
var errLost = errors.New("connection lost")

// errClosed is the cause of errors after Close.
var errClosed = errors.New("connection was closed")

func newConn(s *settings, cc *countConn, conn xssh.Conn, client *xssh.Client, banner string) *Conn {
	c := &Conn{s: s, net: cc, conn: conn, client: client, banner: banner, done: make(chan struct{}), procs: map[*Proc]struct{}{}}
	c.wg.Go(func() {
		err := conn.Wait()
		c.end(c.lost(err))
		close(c.done)
	})
	if s.aliveInterval > 0 {
		c.wg.Go(func() { c.keepalive(s.aliveInterval, s.aliveCountMax) })
	}
	return c
}

// spawn starts goroutines that Close waits for, all of them or, when Close is
// already waiting, none.
func (c *Conn) spawn(fns ...func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.idle {
		return false
	}
	for _, fn := range fns {
		c.wg.Go(fn)
	}
	return true
}

// lost explains why the transport ended.
func (c *Conn) lost(err error) error {
	cause := fmt.Errorf("%w", errLost)
	if broken := c.net.broken(); broken != nil {
		plain, _ := explainNet(broken)
		cause = fmt.Errorf("%w: %w", errLost, plain)
	} else if err != nil {
		cause = fmt.Errorf("%w: %s", errLost, cleanText(err.Error(), 300))
	}
	return &ClosedError{c.s.fault("talk to", cause, "what was running there may still be running")}
}

// end notes why the connection ended, and ends it. Only the first reason
// counts.
func (c *Conn) end(err error) {
	c.mu.Lock()
	if c.err == nil {
		c.err = err
	}
	c.mu.Unlock()
	c.net.Close()
}

// Err returns why the connection ended, or nil while it stands.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// usable returns the error for starting op on a connection that has ended.
func (c *Conn) usable(op string) error {
	err := c.Err()
	var timeout *TimeoutError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &timeout):
		return err
	}
	return &ClosedError{c.s.fault(op, errors.Unwrap(err), "")}
}

// failure explains an error of the library during op: when the connection has
// ended, that is the reason.
func (c *Conn) failure(op string, err error) error {
	if c.net.broken() != nil {
		<-c.done // follows at once, and c.err with it
	}
	if ended := c.usable(op); ended != nil {
		return ended
	}
	return &ClosedError{c.s.fault(op, errors.New(cleanText(err.Error(), 300)), "")}
}

// ended is settings.ended for operations after the login.
func (c *Conn) ended(ctx context.Context, op string) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, context.DeadlineExceeded) {
		return &TimeoutError{Fault: c.s.fault(op, cause, "")}
	}
	return &ClosedError{c.s.fault(op, cause, "")}
}

// silent is the error of a host that said nothing for too long during op.
func (c *Conn) silent(op string) error {
	return &TimeoutError{
		Fault: c.s.fault(op, fmt.Errorf("nothing came for %s", c.s.silence), "the host may hang; what was running there may still be running"),
		After: c.s.silence,
	}
}

// Close ends the connection and everything that runs over it, and waits for
// the goroutines of this connection. Commands on the host get a hangup at
// best; those that must not outlive the connection have to watch their
// standard input.
func (c *Conn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		<-c.done
		c.wg.Wait()
		return nil
	}
	c.closed = true
	if c.err == nil {
		c.err = &ClosedError{c.s.fault("talk to", errClosed, "")}
	}
	procs := make([]*Proc, 0, len(c.procs))
	for p := range c.procs {
		procs = append(procs, p)
	}
	c.mu.Unlock()
	for _, p := range procs {
		p.abandon(&ClosedError{c.s.fault(p.op, errClosed, "")})
	}
	c.net.Close()
	<-c.done
	c.mu.Lock()
	c.idle = true
	c.mu.Unlock()
	c.wg.Wait()
	if c.onClose != nil {
		return c.onClose()
	}
	return nil
}

// Stats returns the costs so far.
func (c *Conn) Stats() Stats {
	return Stats{
		Connections: int64(c.attempts),
		BytesIn:     c.net.in.Load(),
		BytesOut:    c.net.out.Load(),
		Sessions:    c.sessions.Load(),
		Flips:       c.net.flips.Load(),
	}
}

// Banner returns what the host said before the login, cleaned and bounded.
func (c *Conn) Banner() string { return cleanText(c.banner, maxRemoteText) }

// ServerVersion returns the version line of the host's SSH server, cleaned.
func (c *Conn) ServerVersion() string { return cleanText(string(c.conn.ServerVersion()), 255) }

// User returns the login name.
func (c *Conn) User() string { return c.s.user }

// Host returns the roster ID of the host.
func (c *Conn) Host() string { return c.s.id }

// keepalive asks the host for a sign of life whenever it has been silent for
// interval, and ends the connection after max questions without an answer.
// As in ssh anything the host sends counts as an answer.
func (c *Conn) keepalive(interval time.Duration, max int) {
	timer := time.NewTimer(interval)
	defer timer.Stop()
	missed := 0
	var asked time.Time // when the latest question was asked
	for {
		select {
		case <-c.done:
			return
		case <-timer.C:
		}
		idle := c.net.idle()
		if c.net.heardSince(asked) {
			missed = 0
		}
		if idle < interval {
			timer.Reset(interval - idle)
			continue
		}
		if missed >= max {
			after := idle.Round(time.Millisecond)
			c.end(&TimeoutError{
				Fault: c.s.fault("talk to", fmt.Errorf("no sign of life for %s (%d keepalives unanswered)", after, missed),
					"the network or the host went away; what was running there may still be running"),
				After: after,
			})
			return
		}
		missed++
		asked = time.Now()
		// The request blocks until it is answered, or even while it is sent.
		c.spawn(func() { _, _, _ = c.conn.SendRequest("keepalive@openssh.com", true, nil) })
		timer.Reset(interval)
	}
}
