package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// Forward is a remote port forwarding (ssh -R, roster key
// remote_port_forwards): the host listens at Listen, and what connects there is
// connected to Target as seen from this machine. Both are "address:port".
type Forward struct {
	Listen, Target string
}

// ParseForward reads "[bind_address:]port:host:hostport", IPv6 addresses in
// brackets. Without a bind address the host listens on its loopback address;
// "*" stands for all its addresses.
func ParseForward(spec string) (Forward, error) {
	fail := func(why string) (Forward, error) {
		return Forward{}, fmt.Errorf("remote port forwarding %q: %s", cleanText(spec, 200), why)
	}
	var parts []string
	for rest := spec; ; {
		part := rest
		if strings.HasPrefix(rest, "[") {
			end := strings.IndexByte(rest, ']')
			if end < 0 {
				return fail("a bracket is not closed")
			}
			part, rest = rest[1:end], rest[end+1:]
			if rest != "" && rest[0] != ':' {
				return fail("expected a colon behind the bracket")
			}
		} else {
			part, _, _ = strings.Cut(rest, ":")
			rest = rest[len(part):]
		}
		parts = append(parts, part)
		if rest == "" {
			break
		}
		rest = rest[1:]
	}
	if len(parts) == 3 {
		parts = append([]string{"127.0.0.1"}, parts...)
	}
	if len(parts) != 4 {
		return fail("expected [bind_address:]port:host:hostport")
	}
	switch parts[0] {
	case "", "*":
		parts[0] = "0.0.0.0"
	case "localhost":
		parts[0] = "127.0.0.1"
	}
	if net.ParseIP(parts[0]) == nil {
		return fail("the bind address is not an IP address, localhost or *")
	}
	if err := checkAddr(parts[2]); err != nil {
		return fail(err.Error())
	}
	for _, port := range []string{parts[1], parts[3]} {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return fail("a port is a number from 1 to 65535")
		}
	}
	return Forward{net.JoinHostPort(parts[0], parts[1]), net.JoinHostPort(parts[2], parts[3])}, nil
}

// forwardDial bounds the connection to a forwarding's target.
const forwardDial = 30 * time.Second

// ForwardRemote makes the host listen, until the connection is closed. Errors
// are *RefusedError when the host does not allow it, *ClosedError and
// *TimeoutError.
func (c *Conn) ForwardRemote(ctx context.Context, f Forward) error {
	op := "forward port " + f.Listen + " of"
	if err := c.usable(op); err != nil {
		return err
	}
	type listening struct {
		ln  net.Listener
		err error
	}
	result := make(chan listening, 1)
	if !c.spawn(func() {
		ln, err := c.client.Listen("tcp", f.Listen)
		result <- listening{ln, err}
		if err == nil {
			c.serveForward(ln, f.Target)
		}
	}) {
		return c.usable(op)
	}
	select {
	case <-ctx.Done():
		return c.ended(ctx, op)
	case <-c.done:
		return c.usable(op)
	case l := <-result:
		if l.err == nil {
			return nil
		}
		if c.net.broken() != nil {
			return c.failure(op, l.err)
		}
		return &RefusedError{c.s.fault(op, errors.New("the host refused"), "the port may be in use there, or its sshd_config forbids it (AllowTcpForwarding, PermitListen, GatewayPorts)"), "tcpip-forward"}
	}
}

// serveForward connects what comes in with target. It ends with the connection.
func (c *Conn) serveForward(ln net.Listener, target string) {
	for {
		remote, err := ln.Accept()
		if err != nil {
			return
		}
		if !c.spawn(func() { c.joinForward(remote, target) }) {
			remote.Close()
			return
		}
	}
}

func (c *Conn) joinForward(remote net.Conn, target string) {
	defer remote.Close()
	local, err := net.DialTimeout("tcp", target, forwardDial)
	if err != nil {
		c.s.log.Warn("forwarded connection could not be made", "host", c.s.id, "target", target, "error", err)
		return
	}
	finished := make(chan struct{})
	watched := make(chan struct{})
	go func() { // the target may be silent for ever
		defer close(watched)
		select {
		case <-c.done:
		case <-finished:
		}
		local.Close()
	}()
	half := make(chan struct{})
	go func() {
		defer close(half)
		_, _ = io.Copy(local, remote) // either end may go away
		if t, ok := local.(*net.TCPConn); ok {
			_ = t.CloseWrite()
		}
	}()
	_, _ = io.Copy(remote, local)
	if w, ok := remote.(interface{ CloseWrite() error }); ok {
		_ = w.CloseWrite()
	}
	<-half
	close(finished)
	<-watched
}
