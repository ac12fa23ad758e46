package ssh

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// countConn counts what passes over a connection and remembers when the host
// was last heard of.
type countConn struct {
	net.Conn
	in, out  atomic.Int64
	flips    atomic.Int64 // reads that follow a write: round trips that had to be waited for
	wrote    atomic.Bool
	lastRead atomic.Int64 // UnixNano
	failed   atomic.Pointer[netCause]
	once     sync.Once
	closeErr error

	mu   sync.Mutex
	head []byte // the first bytes the host sent
}

// headSize is how much of the host's first words is kept.
const headSize = 256

// greeting returns the first line the host sent, if it is not an SSH server's.
func (c *countConn) greeting() (line string, foreign bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.head) == 0 || bytes.Contains(c.head, []byte("SSH-")) {
		return "", false
	}
	first, _, _ := bytes.Cut(c.head, []byte("\n"))
	return cleanText(string(first), 80), true
}

func newCountConn(nc net.Conn) *countConn {
	c := &countConn{Conn: nc}
	c.lastRead.Store(time.Now().UnixNano())
	return c
}

// Read implements net.Conn.
func (c *countConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		if c.in.Load() < headSize {
			c.mu.Lock()
			c.head = append(c.head, p[:min(n, headSize)]...)
			c.mu.Unlock()
		}
		c.in.Add(int64(n))
		c.lastRead.Store(time.Now().UnixNano())
		if c.wrote.CompareAndSwap(true, false) {
			c.flips.Add(1)
		}
	}
	if err != nil {
		c.failed.CompareAndSwap(nil, &netCause{err.Error(), err})
	}
	return n, err
}

// Write implements net.Conn.
func (c *countConn) Write(p []byte) (int, error) {
	c.wrote.Store(true)
	n, err := c.Conn.Write(p)
	c.out.Add(int64(n))
	if err != nil {
		c.failed.CompareAndSwap(nil, &netCause{err.Error(), err})
	}
	return n, err
}

// Close implements net.Conn; it may be called more than once.
func (c *countConn) Close() error {
	c.once.Do(func() { c.closeErr = c.Conn.Close() })
	return c.closeErr
}

// broken returns the first error of the network, or nil.
func (c *countConn) broken() error {
	if f := c.failed.Load(); f != nil {
		return f.err
	}
	return nil
}

// idle returns how long the host has been silent.
func (c *countConn) idle() time.Duration {
	return time.Since(time.Unix(0, c.lastRead.Load()))
}

// heardSince says whether anything came after a moment.
func (c *countConn) heardSince(t time.Time) bool {
	return c.lastRead.Load() > t.UnixNano()
}

// errConnectTimeout is the cause of a context that a limit ended.
var errConnectTimeout = errors.New("timed out")

// limit is a timeout that stands still while a person is asked something.
type limit struct {
	mu      sync.Mutex
	timer   *time.Timer
	left    time.Duration
	since   time.Time
	pauses  int
	running bool
}

// withLimit returns a context that ends with errConnectTimeout after d of
// unpaused time; d = 0 means never.
func withLimit(ctx context.Context, d time.Duration) (context.Context, *limit, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	l := &limit{left: d, since: time.Now(), running: d > 0}
	if d > 0 {
		l.timer = time.AfterFunc(d, func() { cancel(errConnectTimeout) })
	}
	return ctx, l, func() {
		if l.timer != nil {
			l.timer.Stop()
		}
		cancel(nil)
	}
}

// pause stops the clock; resume starts it again. They nest.
func (l *limit) pause() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pauses++
	if l.pauses == 1 && l.running && l.timer.Stop() {
		l.left -= time.Since(l.since)
	}
}

func (l *limit) resume() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pauses--
	if l.pauses == 0 && l.running {
		l.since = time.Now()
		l.timer.Reset(max(l.left, time.Millisecond))
	}
}
