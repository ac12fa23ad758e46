package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pinch/integration/lab"
)

// clockTick is the unit of the CPU times in /proc (USER_HZ), the same on every Linux.
const clockTick = 10 * time.Millisecond

// cost runs the floor and pinch once more each through counting proxies and
// prints what one host's share of a run was: bytes, connections and CPU.
func (b *bench) cost(ctx context.Context) error {
	var proxied []lab.Host
	var counters []*counter
	for _, h := range b.hosts {
		c, err := listen(h)
		if err != nil {
			return err
		}
		defer c.Close()
		counters = append(counters, c)
		h.Addr, h.Port = c.addr()
		proxied = append(proxied, h)
	}
	if err := b.configure("proxied", proxied); err != nil {
		return err
	}
	var addrs strings.Builder
	for _, h := range proxied {
		fmt.Fprintf(&addrs, "%s:%d\n", h.Addr, h.Port)
	}
	floor := tool{name: "floor", argv: b.tools[0].argv, in: addrs.String()}
	pinch := tool{name: "pinch", argv: []string{b.pinch, "-c", b.config("proxied"), "*", "state.apply"}}
	for _, t := range []tool{floor, pinch} {
		for _, c := range counters {
			c.reset()
		}
		before, err := b.remoteCPU(ctx)
		if err != nil {
			return err
		}
		if _, err := b.run(ctx, &t, b.config("proxied")); err != nil {
			return err
		}
		after, err := b.remoteCPU(ctx)
		if err != nil {
			return err
		}
		var up, down, conns int64
		for _, c := range counters {
			up, down, conns = up+c.up.Load(), down+c.down.Load(), conns+c.conns.Load()
		}
		n := int64(len(b.hosts))
		fmt.Printf("%-9s a host: %.1f kB sent, %.1f kB received, %.1f connections, %.0f ms CPU there (sshd's work for it included)\n",
			t.name, float64(up)/float64(n)/1000, float64(down)/float64(n)/1000, float64(conns)/float64(n),
			float64((after-before).Milliseconds())/float64(n))
	}
	return nil
}

// remoteCPU is the CPU time of all sessions that ended on all hosts: what
// their sshd has waited for, which includes the shim and its children.
func (b *bench) remoteCPU(ctx context.Context) (time.Duration, error) {
	time.Sleep(300 * time.Millisecond) // let the sessions of the last run end
	var ticks int64
	for _, h := range b.hosts {
		res, err := h.Exec(ctx, `cat /proc/"$(cat /run/sshd.pid)"/stat`)
		if err != nil {
			return 0, err
		}
		_, rest, _ := strings.Cut(res.Stdout, ") ")
		fields := strings.Fields(rest)
		if len(fields) < 15 {
			return 0, fmt.Errorf("%s: sshd's stat is %q", h.ID, res.Stdout)
		}
		// Fields 16 and 17 of proc(5): cutime and cstime; the first two are cut off.
		for _, f := range fields[13:15] {
			n, err := strconv.ParseInt(f, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("%s: sshd's stat is %q: %w", h.ID, res.Stdout, err)
			}
			ticks += n
		}
	}
	return time.Duration(ticks) * clockTick, nil
}

// counter is a proxy in front of one host that counts.
type counter struct {
	net.Listener
	target          string
	up, down, conns atomic.Int64
	open            sync.WaitGroup
}

func listen(h lab.Host) (*counter, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &counter{Listener: l, target: fmt.Sprintf("%s:%d", h.Addr, h.Port)}
	go c.serve()
	return c, nil
}

func (c *counter) addr() (string, int) {
	host, port, _ := net.SplitHostPort(c.Addr().String())
	n, err := strconv.Atoi(port)
	if err != nil {
		return host, 0
	}
	return host, n
}

func (c *counter) reset() {
	c.up.Store(0)
	c.down.Store(0)
	c.conns.Store(0)
}

// serve ends when the listener is closed.
func (c *counter) serve() {
	for {
		client, err := c.Accept()
		if err != nil {
			return
		}
		c.conns.Add(1)
		c.open.Go(func() { c.relay(client) })
	}
}

// relay copies both directions until both have ended. Errors are the ends of connections.
func (c *counter) relay(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", c.target)
	if err != nil {
		return
	}
	defer server.Close()
	var both sync.WaitGroup
	pipe := func(to, from net.Conn, count *atomic.Int64) {
		_, _ = io.Copy(io.MultiWriter(to, counting{count}), from)
		if half, ok := to.(*net.TCPConn); ok {
			_ = half.CloseWrite()
		}
	}
	both.Go(func() { pipe(server, client, &c.up) })
	both.Go(func() { pipe(client, server, &c.down) })
	both.Wait()
}

// counting is a writer that only counts.
type counting struct{ n *atomic.Int64 }

func (c counting) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return len(p), nil
}
