package ssh

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	xssh "golang.org/x/crypto/ssh"
)

// Dial connects and logs in to a host. ctx bounds the attempt only; the
// connection lives until Close.
func (p *Pool) Dial(ctx context.Context, e Endpoint) (*Conn, error) {
	return p.dial(ctx, e, p.o)
}

func (p *Pool) dial(ctx context.Context, e Endpoint, o Options) (*Conn, error) {
	s, err := resolve(e, o)
	if err != nil {
		return nil, err
	}
	ctx, limit, cancel := withLimit(ctx, s.connectTimeout)
	defer cancel()
	for attempt := 1; ; attempt++ {
		c, err := p.dialOnce(ctx, s, limit)
		var unreachable *UnreachableError
		if err == nil {
			c.attempts = attempt
			return c, nil
		}
		if !errors.As(err, &unreachable) {
			return nil, err
		}
		wait := time.Second // ConnectionAttempts: ssh too waits a second
		if attempt >= s.attempts {
			if !unreachable.dropped || attempt >= maxDrops {
				return nil, err
			}
			wait = dropWait<<attempt + rand.N(dropWait<<attempt)
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(wait):
		}
	}
}

// An sshd with many logins under way at once drops new connections at random
// (MaxStartups 10:30:100), as happens when several roster entries are one
// machine. Such a connection is tried again after a moment.
const (
	maxDrops = 5
	dropWait = 50 * time.Millisecond
)

func (p *Pool) dialOnce(ctx context.Context, s *settings, limit *limit) (*Conn, error) {
	nc, err := p.openNet(ctx, s, limit)
	if err != nil {
		if ended := s.ended(ctx, "connect to"); ended != nil {
			return nil, ended
		}
		return nil, err
	}
	return p.handshake(ctx, s, limit, nc)
}

// ended returns the error of an operation that ctx put an end to, or nil.
func (s *settings) ended(ctx context.Context, op string) error {
	switch cause := context.Cause(ctx); {
	case cause == nil:
		return nil
	case errors.Is(cause, errConnectTimeout):
		return &TimeoutError{
			Fault: s.fault(op, fmt.Errorf("no answer within %s", s.connectTimeout), "check the address, firewalls on the way and the host's load, or raise timeout"),
			After: s.connectTimeout,
		}
	case errors.Is(cause, context.DeadlineExceeded):
		return &TimeoutError{Fault: s.fault(op, cause, "")}
	default:
		return &ClosedError{s.fault(op, cause, "")}
	}
}

// openNet opens the byte stream to the host: through jump hosts, a proxy
// command, or the network.
func (p *Pool) openNet(ctx context.Context, s *settings, limit *limit) (net.Conn, error) {
	if len(s.jump) > 0 {
		return p.openJump(ctx, s, limit)
	}
	if s.proxyCommand != "" {
		nc, err := startProxy(s)
		if err != nil {
			return nil, &UnreachableError{Fault: s.fault("start the ProxyCommand for", err, "check ProxyCommand in ssh_options")}
		}
		return nc, nil
	}
	var d Dialer = s.dialer
	if d == nil {
		nd := &net.Dialer{KeepAlive: 30 * time.Second}
		if s.bind != "" {
			ip := net.ParseIP(s.bind)
			if ip == nil {
				return nil, &UnreachableError{Fault: s.fault("connect to", fmt.Errorf("BindAddress %s is not an IP address", s.bind), "")}
			}
			nd.LocalAddr = &net.TCPAddr{IP: ip}
		}
		d = nd
	}
	nc, err := d.DialContext(ctx, s.network, s.addr())
	if err != nil {
		cause, advice := explainNet(err)
		return nil, &UnreachableError{Fault: s.fault("connect to", cause, advice)}
	}
	return nc, nil
}

func (p *Pool) openJump(ctx context.Context, s *settings, limit *limit) (net.Conn, error) {
	limit.pause() // the jump host has a limit of its own, and may ask a person
	hop, err := p.jump(ctx, s.jump)
	limit.resume()
	if err != nil {
		return nil, &UnreachableError{Fault: s.fault("connect through jump host to", err, "")}
	}
	nc, err := hop.client.DialContext(ctx, "tcp", s.addr())
	if err != nil {
		cause, advice := error(errors.New(cleanText(err.Error(), 300))), ""
		var refused *xssh.OpenChannelError
		if errors.As(err, &refused) {
			cause = fmt.Errorf("jump host %s cannot reach it: %s", hop.s.id, orText(cleanText(refused.Message, 300), refused.Reason.String()))
			advice = "check the address as seen from the jump host"
			if refused.Reason == xssh.Prohibited {
				advice = "the jump host forbids forwarding (AllowTcpForwarding, PermitOpen of its sshd_config)"
			}
		}
		return nil, &UnreachableError{Fault: s.fault("connect through jump host to", cause, advice)}
	}
	return nc, nil
}

// handshake makes an authenticated connection of a byte stream. It owns nc.
func (p *Pool) handshake(ctx context.Context, s *settings, limit *limit, nc net.Conn) (*Conn, error) {
	cc := newCountConn(nc)
	stop := context.AfterFunc(ctx, func() { cc.Close() })
	algos, err := p.keys.algorithms(s)
	if err != nil {
		stop()
		cc.Close()
		return nil, &UnreachableError{Fault: s.fault("connect to", err, "")}
	}
	a := &authenticator{ctx: ctx, s: s, pool: p, limit: limit, net: cc}
	cfg := &xssh.ClientConfig{
		Config:            xssh.Config{KeyExchanges: s.kex, Ciphers: s.ciphers, MACs: s.macs},
		User:              s.user,
		HostKeyAlgorithms: algos,
		ClientVersion:     "SSH-2.0-pinch",
		AuthCallback:      a.next,
		HostKeyCallback: func(_ string, _ net.Addr, key xssh.PublicKey) error {
			a.trusted, a.keyErr = p.keys.verify(ctx, s, key)
			a.verified = a.keyErr == nil
			return a.keyErr
		},
		BannerCallback: func(text string) error {
			if len(a.banner) < maxRemoteText {
				a.banner += text
			}
			return nil
		},
	}
	conn, chans, reqs, err := xssh.NewClientConn(cc, s.knownName(), cfg)
	a.agent.close()
	if !stop() && err == nil { // ctx ended at the last moment
		conn.Close()
		err = context.Cause(ctx)
	}
	if err != nil {
		cc.Close()
		return nil, p.explain(ctx, s, a, cc, nc, err)
	}
	return newConn(s, cc, conn, xssh.NewClient(conn, chans, reqs), a.banner), nil
}

// explain turns the error of a handshake into one of this package's.
func (p *Pool) explain(ctx context.Context, s *settings, a *authenticator, cc *countConn, nc net.Conn, err error) error {
	op := "exchange keys with"
	if a.verified {
		op = "log in as " + s.user + " at"
	}
	if ended := s.ended(ctx, op); ended != nil {
		return ended
	}
	if a.keyErr != nil {
		var known *HostKeyError
		if errors.As(a.keyErr, &known) {
			return a.keyErr
		}
		return &UnreachableError{Fault: s.fault("verify host key of", a.keyErr, "")}
	}
	if a.verified {
		switch broken := cc.broken(); {
		case errors.Is(err, errDenied):
			err = errDenied
		case strings.Contains(err.Error(), "ssh: disconnect"):
			_, said, _ := strings.Cut(err.Error(), "reason ")
			_, said, _ = strings.Cut(said, ": ")
			err = fmt.Errorf("the host ended the login: %s", cleanText(strings.Trim(said, `"`), 300))
		case broken != nil:
			cause, _ := explainNet(broken)
			err = fmt.Errorf("%w before the login was done", cause)
		default:
			err = errors.New(cleanText(strings.TrimPrefix(err.Error(), "ssh: handshake failed: "), 300))
		}
		return a.fail(err)
	}
	cause := errors.New(cleanText(strings.TrimPrefix(err.Error(), "ssh: handshake failed: "), 500))
	advice, dropped := "", false
	greeting, foreign := cc.greeting()
	switch {
	case proxyOf(nc) != nil:
		cause = proxyOf(nc).failure(cause)
		advice = "check ProxyCommand in ssh_options"
	case strings.Contains(err.Error(), "no common algorithm"):
		advice = "the host offers only algorithms that are off by default; upgrade it, or allow one by ssh_options (KexAlgorithms=+..., HostKeyAlgorithms=+ssh-rsa, Ciphers=+...)"
	case cc.in.Load() == 0 && cc.broken() != nil:
		broken, _ := explainNet(cc.broken())
		cause = fmt.Errorf("%w before it introduced itself", broken)
		dropped = true
		advice = "sshd may be overloaded (MaxStartups) or refuse this address (fail2ban, hosts.deny, firewall)"
	case foreign && strings.Contains(greeting, "MaxStartups"): // sshd since 9.8
		dropped = true
		cause = fmt.Errorf("it says %q", greeting)
		advice = "too many logins at once; lower the number of hosts at a time, or raise MaxStartups in its sshd_config"
	case foreign:
		cause = fmt.Errorf("it does not speak SSH but says %q", greeting)
		advice = "check port"
	case cc.broken() != nil:
		broken, _ := explainNet(cc.broken())
		cause = fmt.Errorf("%w during the key exchange", broken)
	}
	return &UnreachableError{Fault: s.fault(op, cause, advice), dropped: dropped}
}
