package demossh_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	xssh "golang.org/x/crypto/ssh"

	"pinch/internal/demossh"
)

// host is a server with a key that may log in.
type host struct {
	*demossh.Server
	key  xssh.Signer
	home string
}

func start(t *testing.T, change func(*demossh.Config)) *host {
	t.Helper()
	hostKey, _, err := demossh.GenerateKey("host")
	if err != nil {
		t.Fatal(err)
	}
	private, public, err := demossh.GenerateKey("user")
	if err != nil {
		t.Fatal(err)
	}
	key, err := xssh.ParsePrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cfg := demossh.Config{HostKey: hostKey, AuthorizedKeys: public, Root: filepath.Join(t.TempDir(), "root")}
	if change != nil {
		change(&cfg)
	}
	s, err := demossh.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return &host{s, key, filepath.Join(cfg.Root, "root")}
}

func (h *host) dial(t *testing.T, key xssh.Signer) (*xssh.Client, error) {
	t.Helper()
	c, err := xssh.Dial("tcp", h.Addr(), &xssh.ClientConfig{
		User: "demo", Auth: []xssh.AuthMethod{xssh.PublicKeys(key)},
		HostKeyCallback: func(_ string, _ net.Addr, key xssh.PublicKey) error {
			if want := h.KnownHostsLine("127.0.0.1"); !strings.Contains(want, strings.TrimSpace(string(xssh.MarshalAuthorizedKey(key)))) {
				return fmt.Errorf("host key is not that of %s", want)
			}
			return nil
		},
	})
	if err == nil {
		t.Cleanup(func() { c.Close() })
	}
	return c, err
}

func (h *host) client(t *testing.T) *xssh.Client {
	t.Helper()
	c, err := h.dial(t, h.key)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func session(t *testing.T, c *xssh.Client) *xssh.Session {
	t.Helper()
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestListensOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	h := start(t, nil)
	addr, _, err := net.SplitHostPort(h.Addr())
	if err != nil || addr != "127.0.0.1" {
		t.Errorf("listens on %s", h.Addr())
	}
	if want := fmt.Sprintf("[demo]:%d ssh-ed25519 ", h.Port()); !strings.HasPrefix(h.KnownHostsLine("demo"), want) {
		t.Errorf("known hosts line %q", h.KnownHostsLine("demo"))
	}
}

func TestOnlyAuthorizedKeys(t *testing.T) {
	t.Parallel()
	h := start(t, nil)
	other, _, err := demossh.GenerateKey("other")
	if err != nil {
		t.Fatal(err)
	}
	key, err := xssh.ParsePrivateKey(other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.dial(t, key); err == nil {
		t.Error("another key logs in")
	}
	_, err = xssh.Dial("tcp", h.Addr(), &xssh.ClientConfig{User: "demo", Auth: []xssh.AuthMethod{xssh.Password("")},
		HostKeyCallback: func(string, net.Addr, xssh.PublicKey) error { return nil }})
	if err == nil {
		t.Error("a password logs in")
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("PINCH_LEAK", "1")
	h := start(t, func(c *demossh.Config) { c.Env = []string{"DEMO=yes", "LANG=C"} })
	out, err := session(t, h.client(t)).Output("pwd; env | grep -v -e ^_= -e ^OLDPWD= | cut -d= -f1 | sort | tr '\\n' ' '; echo $HOME $DEMO")
	if err != nil {
		t.Fatal(err)
	}
	want := h.home + "\nDEMO HOME LANG LOGNAME PATH PWD SHELL SSH_CONNECTION USER " + h.home + " yes\n"
	if diff := cmp.Diff(want, string(out)); diff != "" {
		t.Error(diff)
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	c := start(t, nil).client(t)
	for command, want := range map[string]struct {
		code   int
		signal string
	}{
		"true":          {0, ""},
		"exit 42":       {42, ""},
		"kill -KILL $$": {128 + 9, "KILL"},
		"kill -TERM $$": {128 + 15, "TERM"},
		"nonexistent-x": {127, ""},
	} {
		err := session(t, c).Run(command)
		var exit *xssh.ExitError
		code, signal := 0, ""
		if errors.As(err, &exit) {
			code, signal = exit.ExitStatus(), exit.Signal()
		} else if err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		if code != want.code || signal != want.signal {
			t.Errorf("%s: %d %q, want %v", command, code, signal, want)
		}
	}
}

func TestShellReadsCommands(t *testing.T) {
	t.Parallel()
	s := session(t, start(t, nil).client(t))
	var out bytes.Buffer
	s.Stdin, s.Stdout = strings.NewReader("echo one\necho two\n"), &out
	if err := s.Shell(); err != nil {
		t.Fatal(err)
	}
	if err := s.Wait(); err != nil || out.String() != "one\ntwo\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	c := start(t, func(c *demossh.Config) { c.MaxSessions = 2; c.NoSFTP = true }).client(t)
	s := session(t, c)
	if err := s.RequestPty("xterm", 24, 80, nil); err == nil {
		t.Error("a terminal is given")
	}
	if err := s.RequestSubsystem("sftp"); err == nil {
		t.Error("sftp is given")
	}
	if _, err := s.StdinPipe(); err != nil { // else it ends at once
		t.Fatal(err)
	}
	if err := s.Start("cat"); err != nil {
		t.Fatal(err)
	}
	if ok, err := s.SendRequest("exec", true, xssh.Marshal(struct{ C string }{"true"})); ok || err != nil {
		t.Errorf("a second command in a session: %v, %v", ok, err)
	}
	session(t, c)
	if _, err := c.NewSession(); err == nil {
		t.Error("a third session is given")
	}
	if _, err := c.Dial("tcp", "192.0.2.1:80"); err == nil {
		t.Error("forwarding leaves the machine")
	}
	if _, _, err := c.OpenChannel("x11", nil); err == nil {
		t.Error("an unknown channel is given")
	}
}

// pidOf starts a command that tells its process number and waits.
func pidOf(t *testing.T, s *xssh.Session, command string) string {
	t.Helper()
	out, err := s.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(command); err != nil {
		t.Fatal(err)
	}
	var line []byte
	for b := make([]byte, 1); ; {
		if _, err := io.ReadFull(out, b); err != nil {
			t.Fatal(err)
		}
		if b[0] == '\n' {
			return string(line)
		}
		line = append(line, b[0])
	}
}

func waitGone(t *testing.T, pid string) {
	t.Helper()
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("no /proc here")
	}
	for range 400 {
		stat, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil || bytes.Contains(stat, []byte(") Z ")) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %s still runs", pid)
}

func TestProcessesEndWithTheirClient(t *testing.T) {
	t.Parallel()
	commands := map[string]string{
		"plain":           "echo $$; exec sleep 600",
		"ignores TERM":    "trap '' TERM; echo $$; while :; do sleep 0.1; done",
		"child":           "sleep 600 & echo $!; wait",
		"child of a dead": "trap '' TERM; (trap '' TERM; exec sleep 600) & echo $!; trap - TERM; wait",
	}
	ends := map[string]func(h *host, c *xssh.Client, s *xssh.Session){
		"channel":    func(_ *host, _ *xssh.Client, s *xssh.Session) { s.Close() },
		"connection": func(_ *host, c *xssh.Client, _ *xssh.Session) { c.Close() },
		"cut":        func(h *host, _ *xssh.Client, _ *xssh.Session) { h.CloseConns() },
		"server":     func(h *host, _ *xssh.Client, _ *xssh.Session) { h.Close() },
	}
	for name, command := range commands {
		for how, end := range ends {
			t.Run(name+"/"+how, func(t *testing.T) {
				t.Parallel()
				h := start(t, nil)
				c := h.client(t)
				s := session(t, c)
				pid := pidOf(t, s, command)
				end(h, c, s)
				waitGone(t, pid)
			})
		}
	}
}

func TestSignal(t *testing.T) {
	t.Parallel()
	c := start(t, nil).client(t)
	s := session(t, c)
	pidOf(t, s, "trap 'exit 7' USR1; echo ready; while :; do sleep 0.02; done")
	if err := s.Signal("NOSUCH"); err != nil {
		t.Fatal(err)
	}
	if err := s.Signal("USR1"); err != nil {
		t.Fatal(err)
	}
	var exit *xssh.ExitError
	if err := s.Wait(); !errors.As(err, &exit) || exit.ExitStatus() != 7 {
		t.Errorf("got %v", err)
	}
}

// TestBackgroundProcessDoesNotHoldTheSession checks the case of a daemon that
// keeps its output open.
func TestBackgroundProcessDoesNotHoldTheSession(t *testing.T) {
	t.Parallel()
	c := start(t, nil).client(t)
	began := time.Now()
	out, err := session(t, c).Output("sleep 5 & echo started")
	if err != nil || string(out) != "started\n" {
		t.Errorf("%q, %v", out, err)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestBannerAndPrelude(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *demossh.Config) { c.Banner, c.Prelude = "hello\n", "motd\n" })
	out, err := session(t, h.client(t)).Output("echo real")
	if err != nil || string(out) != "motd\nreal\n" {
		t.Errorf("%q, %v", out, err)
	}
}

func TestConfigErrors(t *testing.T) {
	t.Parallel()
	key, public, err := demossh.GenerateKey("k")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, cfg := range map[string]demossh.Config{
		"no host key":    {AuthorizedKeys: public},
		"bad keys":       {HostKey: key, AuthorizedKeys: []byte("what")},
		"key options":    {HostKey: key, AuthorizedKeys: append([]byte(`command="x" `), public...)},
		"home is a file": {HostKey: key, AuthorizedKeys: public, Home: file},
	} {
		if _, err := demossh.New(cfg); err == nil || !strings.HasPrefix(err.Error(), "demo host: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCloseWaitsForEverything(t *testing.T) {
	h := start(t, nil)
	for range 5 {
		c := h.client(t)
		pidOf(t, session(t, c), "echo $$; exec cat")
	}
	raw, err := net.Dial("tcp", h.Addr()) // a client that never says a word
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1<<20)
	if stacks := string(buf[:runtime.Stack(buf, true)]); strings.Contains(stacks, "demossh.(*") {
		t.Errorf("goroutines are left:\n%s", stacks)
	}
	if _, err := net.Dial("tcp", h.Addr()); err == nil {
		t.Error("it still listens")
	}
}
