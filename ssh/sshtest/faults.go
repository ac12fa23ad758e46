package sshtest

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"pinch/ssh"
)

// Faults is a Dialer whose connections misbehave.
type Faults struct {
	Next ssh.Dialer
	// Delay is added to each direction: a round trip takes twice as long.
	Delay time.Duration
	// CutAfter closes a connection after so many bytes from the host; 0 never.
	CutAfter int64
	// StallAfter stops delivering after so many bytes from the host, without
	// closing: a dead network; 0 never.
	StallAfter int64

	mu    sync.Mutex
	conns []*faultConn
	count atomic.Int64
}

// Dials returns the number of connections made.
func (f *Faults) Dials() int { return int(f.count.Load()) }

// Stall stops delivering on all connections, in both directions.
func (f *Faults) Stall() {
	f.each(func(c *faultConn) { c.stalled.Store(true) })
}

// Cut closes all connections.
func (f *Faults) Cut() {
	f.each(func(c *faultConn) { c.Conn.Close() })
}

func (f *Faults) each(fn func(*faultConn)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		fn(c)
	}
}

// DialContext implements ssh.Dialer.
func (f *Faults) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	f.count.Add(1)
	var nc net.Conn
	var err error
	if f.Next != nil {
		nc, err = f.Next.DialContext(ctx, network, addr)
	} else {
		nc, err = new(net.Dialer).DialContext(ctx, network, addr)
	}
	if err != nil {
		return nil, err
	}
	c := &faultConn{Conn: nc, f: f, closed: make(chan struct{})}
	f.mu.Lock()
	f.conns = append(f.conns, c)
	f.mu.Unlock()
	if f.Delay > 0 {
		c.delayLines()
	}
	return c, nil
}

type faultConn struct {
	net.Conn
	f       *Faults
	read    int64 // by the one reader
	stalled atomic.Bool
	once    sync.Once
	closed  chan struct{}

	in, out chan parcel // with Delay
	rest    []byte
}

// parcel is data on its way.
type parcel struct {
	data []byte
	due  time.Time
	err  error
}

func (c *faultConn) delayLines() {
	c.in, c.out = make(chan parcel, 4096), make(chan parcel, 4096)
	go func() {
		for {
			buf := make([]byte, 32<<10)
			n, err := c.Conn.Read(buf)
			select {
			case c.in <- parcel{buf[:n], time.Now().Add(c.f.Delay), err}:
			case <-c.closed:
				return
			}
			if err != nil {
				return
			}
		}
	}()
	go func() {
		for {
			select {
			case p := <-c.out:
				time.Sleep(time.Until(p.due))
				if _, err := c.Conn.Write(p.data); err != nil {
					return
				}
			case <-c.closed:
				return
			}
		}
	}()
}

// Read implements net.Conn.
func (c *faultConn) Read(b []byte) (int, error) {
	if limit := c.f.CutAfter; limit > 0 {
		if c.read >= limit {
			c.Conn.Close()
			return 0, io.ErrUnexpectedEOF
		}
		b = b[:min(int64(len(b)), limit-c.read)]
	}
	if limit := c.f.StallAfter; limit > 0 {
		if c.read >= limit {
			c.stalled.Store(true)
		} else {
			b = b[:min(int64(len(b)), limit-c.read)]
		}
	}
	n, err := c.take(b)
	if c.stalled.Load() {
		<-c.closed
		return 0, net.ErrClosed
	}
	c.read += int64(n)
	return n, err
}

func (c *faultConn) take(b []byte) (int, error) {
	if c.in == nil {
		if c.stalled.Load() {
			return 0, nil
		}
		return c.Conn.Read(b)
	}
	if len(c.rest) == 0 {
		select {
		case p := <-c.in:
			time.Sleep(time.Until(p.due))
			if len(p.data) == 0 {
				return 0, p.err
			}
			c.rest = p.data
		case <-c.closed:
			return 0, net.ErrClosed
		}
	}
	n := copy(b, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// Write implements net.Conn.
func (c *faultConn) Write(b []byte) (int, error) {
	if c.stalled.Load() {
		return len(b), nil // lost on the way
	}
	if c.out == nil {
		return c.Conn.Write(b)
	}
	select {
	case c.out <- parcel{data: append([]byte(nil), b...), due: time.Now().Add(c.f.Delay)}:
		return len(b), nil
	case <-c.closed:
		return 0, net.ErrClosed
	}
}

// Close implements net.Conn.
func (c *faultConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}
