package ssh_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pinch/internal/secret"
	"pinch/ssh"
	"pinch/ssh/sshtest"
)

// dialerFunc is a Dialer.
type dialerFunc func(ctx context.Context, network, addr string) (net.Conn, error)

func (f dialerFunc) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return f(ctx, network, addr)
}

// serveText returns a dialer to something that writes text and closes, or then
// stays silent.
func serveText(t *testing.T, text string, stay bool) ssh.Dialer {
	t.Helper()
	return dialerFunc(func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			go io.Copy(io.Discard, there)
			io.WriteString(there, text)
			if !stay {
				there.Close()
			}
		}()
		t.Cleanup(func() { there.Close() })
		return here, nil
	})
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	port := uint16(closed.Addr().(*net.TCPAddr).Port)
	s := sshtest.New(t, sshtest.Config{})
	cases := map[string]struct {
		change func(e *ssh.Endpoint, o *ssh.Options)
		text   string
	}{
		"refused": {func(e *ssh.Endpoint, o *ssh.Options) { e.Addr, e.Port, o.Dialer = "127.0.0.1", port, nil },
			fmt.Sprintf("web1: connect to 127.0.0.1:%d: connection refused; check that sshd runs there and that port is right", port)},
		"not SSH": {func(_ *ssh.Endpoint, o *ssh.Options) {
			o.Dialer = serveText(t, strings.Repeat("HTTP/1.1 400 Bad Request\r\n", 100), false)
		}, `it does not speak SSH but says "HTTP/1.1 400 Bad Request"; check port`},
		"closed at once":     {func(_ *ssh.Endpoint, o *ssh.Options) { o.Dialer = serveText(t, "", false) }, "closed the connection before it introduced itself; sshd may be overloaded (MaxStartups)"},
		"closed in exchange": {func(_ *ssh.Endpoint, o *ssh.Options) { o.Dialer = serveText(t, "SSH-2.0-x\r\n", false) }, "closed the connection during the key exchange"},
		"no algorithm": {func(e *ssh.Endpoint, _ *ssh.Options) {
			e.SSHOptions = []string{"KexAlgorithms=diffie-hellman-group1-sha1"}
		}, "no common algorithm for key exchange"},
		"empty address":     {func(e *ssh.Endpoint, _ *ssh.Options) { e.Addr = "" }, "address is empty"},
		"option as address": {func(e *ssh.Endpoint, _ *ssh.Options) { e.Addr = "-oProxyCommand=x" }, "starts with a dash"},
		"shell in address":  {func(e *ssh.Endpoint, _ *ssh.Options) { e.Addr = "a;touch x" }, `has the character ';'`},
		"option as user":    {func(e *ssh.Endpoint, _ *ssh.Options) { e.User = "-x" }, "login name"},
		"bad option":        {func(e *ssh.Endpoint, _ *ssh.Options) { e.SSHOptions = []string{"LocalForward=1:h:2"} }, "ssh option LocalForward: not supported"},
		"bad bind address":  {func(e *ssh.Endpoint, o *ssh.Options) { o.Dialer = nil; e.SSHOptions = []string{"BindAddress=eth0"} }, "BindAddress eth0 is not an IP address"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, o := s.Endpoint(), s.Options()
			tc.change(&e, &o)
			_, err := ssh.Dial(context.Background(), e, o)
			var un *ssh.UnreachableError
			if !errors.As(err, &un) || un.Host != "web1" {
				t.Fatalf("got %v, want an UnreachableError", err)
			}
			if !strings.Contains(err.Error(), tc.text) {
				t.Errorf("%v\ndoes not say %q", err, tc.text)
			}
		})
	}
}

// TestDroppedConnectionIsTriedAgain checks what sshd does under MaxStartups.
func TestDroppedConnectionIsTriedAgain(t *testing.T) {
	t.Parallel()
	s := sshtest.New(t, sshtest.Config{})
	for name, tc := range map[string]struct {
		says  string
		drops int64
		works bool
	}{
		"silent drops":     {"", 3, true},
		"with a reason":    {"Exceeded MaxStartups\r\n", 3, true},
		"for ever":         {"Exceeded MaxStartups\r\n", 1000, false},
		"for other causes": {"Not allowed at this time\r\n", 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := s.Options()
			drop := serveText(t, tc.says, false)
			var dials atomic.Int64
			o.Dialer = dialerFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
				if dials.Add(1) <= tc.drops {
					return drop.DialContext(ctx, network, addr)
				}
				return s.DialContext(ctx, network, addr)
			})
			err := dial(t, s.Endpoint(), o)
			if (err == nil) != tc.works {
				t.Errorf("after %d dials: %v", dials.Load(), err)
			}
			if dials.Load() > 5 {
				t.Errorf("%d dials", dials.Load())
			}
		})
	}
}

func TestConnectTimeout(t *testing.T) {
	t.Parallel()
	s := sshtest.New(t, sshtest.Config{})
	for name, d := range map[string]ssh.Dialer{
		"no TCP": dialerFunc(func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}),
		"silent":            serveText(t, "", true),
		"stall in exchange": &sshtest.Faults{Next: s, StallAfter: 100},
		"stall in login":    &sshtest.Faults{Next: s, StallAfter: 1800},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := s.Options()
			o.Dialer, o.ConnectTimeout = d, 150*time.Millisecond
			began := time.Now()
			_, err := ssh.Dial(context.Background(), s.Endpoint(), o)
			var timeout *ssh.TimeoutError
			if !errors.As(err, &timeout) || timeout.After != o.ConnectTimeout || !strings.Contains(err.Error(), "no answer within 150ms") {
				t.Errorf("got %v, want a TimeoutError", err)
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestDialCancel(t *testing.T) {
	t.Parallel()
	s := sshtest.New(t, sshtest.Config{})
	o := s.Options()
	o.Dialer = serveText(t, "SSH-2.0-x\r\n", true)
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	began := time.Now()
	_, err := ssh.Dial(ctx, s.Endpoint(), o)
	var closed *ssh.ClosedError
	if !errors.As(err, &closed) || !errors.Is(err, context.Canceled) || time.Since(began) > time.Second {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
	ctx, cancel = context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err = ssh.Dial(ctx, s.Endpoint(), o)
	var timeout *ssh.TimeoutError
	if !errors.As(err, &timeout) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("deadline: %v", err)
	}
}

// TestPromptStopsTheClock checks that a person may take longer than the
// connect timeout.
func TestPromptStopsTheClock(t *testing.T) {
	t.Parallel()
	s := sshtest.New(t, sshtest.Config{Password: "pw"})
	e, o := s.Endpoint(), s.Options()
	e.Password = secret.String{}
	o.ConnectTimeout = 500 * time.Millisecond
	o.Prompt = func(context.Context, ssh.PromptKind, string) (secret.String, error) {
		time.Sleep(700 * time.Millisecond)
		return secret.New("pw"), nil
	}
	if err := dial(t, e, o); err != nil {
		t.Error(err)
	}
}

func TestSilence(t *testing.T) {
	t.Parallel()
	eachBackend(t, sshtest.Config{}, func(t *testing.T, s *sshtest.Server) {
		o := s.Options()
		o.SilenceTimeout = 600 * time.Millisecond
		faults := &sshtest.Faults{Next: s}
		o.Dialer = faults
		c, err := ssh.Dial(context.Background(), s.Endpoint(), o)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		// Output now and then keeps it alive, on either stream.
		out, _, err := run(t, c, "for i in 1 2 3 4; do sleep 0.15; echo $i >&2; sleep 0.15; done; echo end", "")
		if err != nil || out != "end\n" {
			t.Fatalf("talking command: %q, %v", out, err)
		}
		// Waiting counts only while someone waits.
		p, err := c.Start(context.Background(), "cat")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(900 * time.Millisecond)
		var timeout *ssh.TimeoutError
		began := time.Now()
		if _, err = p.Stdout.Read(make([]byte, 1)); !errors.As(err, &timeout) || timeout.After != o.SilenceTimeout {
			t.Errorf("silent command: %v", err)
		}
		if took := time.Since(began); took < 500*time.Millisecond || took > 3*time.Second {
			t.Errorf("silent command: took %v", took)
		}
		if err := p.Wait(); !errors.As(err, &timeout) {
			t.Errorf("wait: %v", err)
		}
		// The connection is fine, also for files.
		dir := t.TempDir()
		if err := c.Put(context.Background(), dir+"/f", strings.NewReader("x"), 1, 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(900 * time.Millisecond) // an idle SFTP session is not silent
		if err := c.Put(context.Background(), dir+"/g", strings.NewReader("x"), 1, 0o600); err != nil {
			t.Fatal(err)
		}
		faults.Stall()
		if err := c.Put(context.Background(), dir+"/h", strings.NewReader("x"), 1, 0o600); !errors.As(err, &timeout) {
			t.Errorf("upload to a stalled host: %v", err)
		}
		if _, err := c.Start(context.Background(), "true"); !errors.As(err, &timeout) {
			t.Errorf("command on a stalled host: %v", err)
		}
	})
}

func TestKeepalive(t *testing.T) {
	t.Parallel()
	eachBackend(t, sshtest.Config{}, func(t *testing.T, s *sshtest.Server) {
		o := s.Options()
		o.KeepaliveInterval, o.KeepaliveCountMax = 50*time.Millisecond, 3
		faults := &sshtest.Faults{Next: s}
		o.Dialer = faults
		c, err := ssh.Dial(context.Background(), s.Endpoint(), o)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		p, err := c.Start(context.Background(), "sleep 0.5; echo awake; cat")
		if err != nil {
			t.Fatal(err)
		}
		line := make([]byte, 6)
		if _, err := io.ReadFull(p.Stdout, line); err != nil || string(line) != "awake\n" {
			t.Fatalf("a silent command on a living host: %q, %v", line, err)
		}
		faults.Stall()
		began := time.Now()
		_, err = p.Stdout.Read(line)
		var timeout *ssh.TimeoutError
		if !errors.As(err, &timeout) || !strings.Contains(err.Error(), "3 keepalives unanswered") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took < 100*time.Millisecond || took > 3*time.Second {
			t.Errorf("took %v", took)
		}
		for what, err := range map[string]error{"wait": p.Wait(), "conn": c.Err()} {
			if !errors.As(err, &timeout) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, err := c.Start(context.Background(), "true"); !errors.As(err, &timeout) {
			t.Errorf("start afterwards: %v", err)
		}
	})
}

// TestCutAnywhere cuts the connection after every so many bytes: each
// operation must end soon, with a typed error or well.
func TestCutAnywhere(t *testing.T) {
	t.Parallel()
	s := sshtest.New(t, sshtest.Config{})
	data := bytes.Repeat([]byte("data"), 20000)
	var wg sync.WaitGroup
	limit := make(chan struct{}, 8)
	for cut := int64(1); cut < 12000; cut += 173 {
		limit <- struct{}{}
		wg.Go(func() {
			defer func() { <-limit }()
			o := s.Options()
			o.Dialer = &sshtest.Faults{Next: s, CutAfter: cut}
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			var un *ssh.UnreachableError
			var auth *ssh.AuthError
			var closed *ssh.ClosedError
			c, err := ssh.Dial(ctx, s.Endpoint(), o)
			if err != nil {
				if !errors.As(err, &un) && !errors.As(err, &auth) {
					t.Errorf("cut after %d: dial: %v", cut, err)
				}
				return
			}
			defer c.Close()
			dest := filepath.Join(s.Dir, fmt.Sprintf("out-%d", cut))
			if err := c.Put(ctx, dest, bytes.NewReader(data), int64(len(data)), 0o600); err != nil {
				// The host may have renamed before the answer was lost.
				if got, rerr := os.ReadFile(dest); rerr == nil && !bytes.Equal(got, data) {
					t.Errorf("cut after %d: half a file was left", cut)
				}
				if !errors.As(err, &closed) {
					t.Errorf("cut after %d: put: %v", cut, err)
				}
				return
			}
			p, err := c.Start(ctx, "echo one; echo two >&2; head -c 20000 /dev/zero")
			if err == nil {
				_, err = io.Copy(io.Discard, p.Stdout)
				if werr := p.Wait(); err == nil && werr != nil {
					err = werr
				}
			}
			if err != nil && !errors.As(err, &closed) {
				t.Errorf("cut after %d: run: %v", cut, err)
			}
		})
	}
	wg.Wait()
}

func TestStatsCountRoundTrips(t *testing.T) {
	t.Parallel()
	s := sshtest.New(t, sshtest.Config{})
	c := s.Dial()
	before := c.Stats()
	p, err := c.Start(context.Background(), "cat")
	if err != nil {
		t.Fatal(err)
	}
	opened := c.Stats()
	if n := opened.Flips - before.Flips; n != 2 {
		t.Errorf("starting a command took %d round trips, want 2", n)
	}
	buf := make([]byte, 4)
	for range 10 {
		io.WriteString(p.Stdin, "ping")
		if _, err := io.ReadFull(p.Stdout, buf); err != nil {
			t.Fatal(err)
		}
	}
	if n := c.Stats().Flips - opened.Flips; n < 10 || n > 20 {
		t.Errorf("10 questions took %d flips", n)
	}
	if n := opened.Connections; n != 1 {
		t.Errorf("%d connections for one login", n)
	}
	if c.Stats().BytesIn == 0 || c.Stats().BytesOut == 0 {
		t.Error("no bytes counted")
	}
}

func TestProxyCommand(t *testing.T) {
	t.Parallel()
	s := sshtest.New(t, sshtest.Config{Backend: sshtest.OpenSSH})
	for name, tc := range map[string]struct {
		option, field, user string
		text                string
	}{
		"option":        {option: "ProxyCommand=" + s.Command()},
		"quoted":        {option: `ProxyCommand="` + s.Command() + `"`},
		"field":         {field: s.Command()},
		"tokens":        {option: "ProxyCommand=test %h:%p:%r:%% = host.test:22:" + s.Endpoint().User + ":%% && exec " + s.Command()},
		"fails":         {option: "ProxyCommand=echo no way >&2; exit 3", text: "the ProxyCommand ended (exit status 3): no way"},
		"not there":     {option: "ProxyCommand=/no/such/program", text: "the ProxyCommand ended (exit status 127)"},
		"bad token":     {option: "ProxyCommand=nc %x", text: "%x is not one of"},
		"hostile user":  {option: "ProxyCommand=nc %r", user: "$HOME", text: "a shell could misread"},
		"lone percent":  {option: "ProxyCommand=nc %", text: "lone %"},
		"prints no SSH": {option: "ProxyCommand=yes", text: ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, o := s.Endpoint(), s.Options()
			o.Dialer = nil
			e.ProxyCommand = tc.field
			if tc.user != "" {
				e.User = tc.user
			}
			if tc.option != "" {
				// "exec" stands before the command: && needs a shell of its own.
				if strings.Contains(tc.option, "&&") {
					tc.option = strings.Replace(tc.option, "ProxyCommand=", "ProxyCommand=sh -c '", 1) + "'"
				}
				e.SSHOptions = []string{tc.option}
			}
			if name == "fails" {
				e.SSHOptions = []string{"ProxyCommand=sh -c 'echo no way >&2; exit 3'"}
			}
			err := dial(t, e, o)
			var un *ssh.UnreachableError
			switch {
			case name == "prints no SSH":
				if !errors.As(err, &un) {
					t.Errorf("got %v", err)
				}
			case tc.text == "":
				if err != nil {
					t.Error(err)
				}
			case !errors.As(err, &un) || !strings.Contains(err.Error(), tc.text):
				t.Errorf("got %v, want %q", err, tc.text)
			}
		})
	}
}

func TestJumpHosts(t *testing.T) {
	t.Parallel()
	// Three hosts in a row; only the first is reached by the dialer.
	target, middle, outer := sshtest.New(t, sshtest.Config{}), sshtest.New(t, sshtest.Config{}), sshtest.New(t, sshtest.Config{})
	known := filepath.Join(t.TempDir(), "known_hosts")
	var lines []byte
	for _, s := range []*sshtest.Server{target, middle, outer} {
		lines = append(lines, s.Demo().KnownHostsLine("127.0.0.1")...)
	}
	if err := os.WriteFile(known, lines, 0o600); err != nil {
		t.Fatal(err)
	}
	faults := &sshtest.Faults{}
	var reached sync.Map
	o := target.Options()
	o.KnownHosts = []string{known}
	o.Dialer = dialerFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
		reached.Store(addr, true)
		return faults.DialContext(ctx, network, addr)
	})
	endpoint := func(id string, s *sshtest.Server) ssh.Endpoint {
		e := s.Endpoint()
		e.ID, e.Addr, e.Port = id, "127.0.0.1", s.Demo().Port()
		return e
	}
	e := endpoint("web1", target)
	e.Jump = []ssh.Endpoint{endpoint("outer", outer), endpoint("middle", middle)}

	t.Run("shared", func(t *testing.T) {
		pool := ssh.NewPool(o)
		defer pool.Close()
		var conns []*ssh.Conn
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				c, err := pool.Dial(context.Background(), e)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				conns = append(conns, c)
				mu.Unlock()
				p, err := c.Start(context.Background(), "echo $SSH_CONNECTION")
				if err != nil {
					t.Error(err)
					return
				}
				out, _ := io.ReadAll(p.Stdout)
				if p.Wait() != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), fmt.Sprint(e.Port)) {
					t.Errorf("output %q", out)
				}
			})
		}
		wg.Wait()
		if n := faults.Dials(); n != 1 {
			t.Errorf("%d network connections for 8 hosts, want 1", n)
		}
		// The jump host goes away: its connections end, and the next Dial makes a new one.
		faults.Cut()
		for _, c := range conns {
			if _, err := c.Start(context.Background(), "true"); err == nil {
				time.Sleep(100 * time.Millisecond)
				if _, err = c.Start(context.Background(), "true"); err == nil {
					t.Error("the connection outlived its jump host")
				}
			}
			c.Close()
		}
		c, err := pool.Dial(context.Background(), e)
		if err != nil {
			t.Fatalf("after the cut: %v", err)
		}
		c.Close()
		reached.Range(func(addr, _ any) bool {
			if addr != outer.Demo().Addr() {
				t.Errorf("%v was reached past the jump hosts", addr)
			}
			return true
		})
	})
	t.Run("ProxyJump option", func(t *testing.T) {
		e := e
		e.Jump = nil
		o := o
		o.Identities = []string{outer.KeyFile, middle.KeyFile}
		e.SSHOptions = []string{fmt.Sprintf("ProxyJump=%s@%s,%s@127.0.0.1:%d", e.User, outer.Demo().Addr(), e.User, middle.Demo().Port())}
		if err := dial(t, e, o); err != nil {
			t.Error(err)
		}
		// For all hosts of the run it must not lead to itself.
		o.SSHOptions, e.SSHOptions = e.SSHOptions, nil
		if err := dial(t, e, o); err != nil {
			t.Error(err)
		}
	})
	t.Run("own pool", func(t *testing.T) {
		if err := dial(t, e, o); err != nil {
			t.Error(err)
		}
	})
	t.Run("login at jump host refused", func(t *testing.T) {
		e := e
		e.Jump = []ssh.Endpoint{e.Jump[0]}
		e.Jump[0].KeyFiles = []string{target.KeyFile}
		pool := ssh.NewPool(o)
		defer pool.Close()
		before := faults.Dials()
		for range 3 {
			_, err := pool.Dial(context.Background(), e)
			var un *ssh.UnreachableError
			var auth *ssh.AuthError
			if !errors.As(err, &un) || un.Host != "web1" || !errors.As(err, &auth) || auth.Host != "outer" {
				t.Errorf("got %v", err)
			}
		}
		if n := faults.Dials() - before; n != 1 {
			t.Errorf("the refused login was tried %d times", n)
		}
	})
	t.Run("target behind jump host refused", func(t *testing.T) {
		e := e
		e.Addr = "192.0.2.1"
		_, err := ssh.Dial(context.Background(), e, o)
		var un *ssh.UnreachableError
		if !errors.As(err, &un) || !strings.Contains(err.Error(), "jump host middle cannot reach it") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("cancel while jumping", func(t *testing.T) {
		o := o
		o.Dialer = serveText(t, "", true)
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		if _, err := ssh.Dial(ctx, e, o); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestManyConnections(t *testing.T) {
	if testing.Short() {
		t.Skip("200 connections")
	}
	t.Parallel()
	s := sshtest.New(t, sshtest.Config{})
	pool := ssh.NewPool(s.Options())
	defer pool.Close()
	var wg sync.WaitGroup
	limit := make(chan struct{}, 32)
	conns := make([]*ssh.Conn, 200)
	for i := range conns {
		limit <- struct{}{}
		wg.Go(func() {
			defer func() { <-limit }()
			c, err := pool.Dial(context.Background(), s.Endpoint())
			if err != nil {
				t.Error(err)
				return
			}
			conns[i] = c
		})
	}
	wg.Wait()
	for _, c := range conns {
		if c != nil {
			wg.Go(func() { c.Close() })
		}
	}
	wg.Wait()
}
