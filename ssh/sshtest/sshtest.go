// Package sshtest gives tests of this and other packages a host to connect to:
// a real OpenSSH sshd on a socket pair where the binary is installed (no root,
// no port), else the embedded server of internal/demossh, with the nasty
// variants hosts have in the field.
package sshtest

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	xssh "golang.org/x/crypto/ssh"

	"pinch/internal/demossh"
	"pinch/internal/secret"
	"pinch/ssh"
)

// Backend says which server to run.
type Backend int

// The backends.
const (
	Embedded Backend = iota // the server of internal/demossh
	OpenSSH                 // the system's sshd; the test is skipped when it is missing
)

// Backends lists all of them by name, for tests that run on each.
func Backends() map[string]Backend {
	return map[string]Backend{"embedded": Embedded, "openssh": OpenSSH}
}

// Config describes the host. The zero value is a plain one.
type Config struct {
	Backend Backend

	Banner      string // shown before the login
	Noise       string // printed to standard output before each command's own
	MaxSessions int    // 0: the default of 10
	NoSFTP      bool
	RefuseKeys  bool     // no key is accepted
	Authorized  [][]byte // further authorized_keys lines
	Password    string   // accepted by method password; embedded only
	// Keyboard is accepted as the answer to the hidden question Question by
	// keyboard-interactive; embedded only.
	Keyboard, Question string
	// Second asks for Keyboard after the key was accepted; embedded only.
	Second bool

	// HostKeys are private keys in PEM form; nil makes an Ed25519 one.
	HostKeys [][]byte
	// HostCert is a certificate for the first host key, as a line.
	HostCert []byte
	// UserCA is the public key, as a line, of an authority for user
	// certificates; OpenSSH only.
	UserCA []byte
	// Home is the home directory; "" makes one. Embedded only: OpenSSH takes
	// it from the user database.
	Home string
	// Extra are further lines of sshd_config; OpenSSH only.
	Extra []string
}

// Addr is the address all hosts of this package have. Nothing is looked up: the
// hosts are reached by their Dialer.
const Addr = "host.test"

// Server is a host to connect to. It is an ssh.Dialer.
type Server struct {
	Dir        string // a private directory of the test
	Home       string // the home directory of the user on the host
	KeyFile    string // a private key file the host accepts
	KnownHosts string // a known_hosts file with the host's keys

	t    testing.TB
	cfg  Config
	demo *demossh.Server
	sshd *sshd

	logins, passwords atomic.Int64
}

// New starts a host that lives as long as the test.
func New(t testing.TB, cfg Config) *Server {
	t.Helper()
	s := &Server{t: t, cfg: cfg, Dir: t.TempDir()}
	if cfg.HostKeys == nil {
		s.cfg.HostKeys = [][]byte{NewKey(t)}
	}
	private, public, err := demossh.GenerateKey("sshtest")
	if err != nil {
		t.Fatal(err)
	}
	s.KeyFile = s.write("id_ed25519", private)
	if cfg.RefuseKeys {
		public = nil
	}
	for _, line := range cfg.Authorized {
		public = append(public, line...)
	}
	var known []byte
	for _, k := range s.cfg.HostKeys {
		known = append(known, KnownHostsLine(t, Addr, k)...)
	}
	s.KnownHosts = s.write("known_hosts", known)
	if cfg.Backend == OpenSSH {
		s.startOpenSSH(public)
	} else {
		s.startEmbedded(public)
	}
	return s
}

// Endpoint returns the host as a roster would give it.
func (s *Server) Endpoint() ssh.Endpoint {
	e := ssh.Endpoint{ID: "web1", Addr: Addr, User: currentUser(s.t), KeyFiles: []string{s.KeyFile}}
	if s.cfg.Password != "" {
		e.Password = secret.New(s.cfg.Password)
		e.KeyFiles = nil
	}
	return e
}

// Options returns options that reach the host and nothing of the machine.
func (s *Server) Options() ssh.Options {
	return ssh.Options{
		KnownHosts:     []string{s.KnownHosts},
		AgentSocket:    "none",
		Dialer:         s,
		Home:           s.Dir,
		ConnectTimeout: 20 * time.Second,
	}
}

// Dial connects to the host; the connection is closed with the test.
func (s *Server) Dial() *ssh.Conn {
	s.t.Helper()
	c, err := ssh.Dial(context.Background(), s.Endpoint(), s.Options())
	if err != nil {
		s.t.Fatalf("connect to the test host: %v", err)
	}
	s.t.Cleanup(func() { c.Close() })
	return c
}

// DialContext implements ssh.Dialer, whatever the address.
func (s *Server) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.sshd != nil {
		return s.sshd.connect()
	}
	return new(net.Dialer).DialContext(ctx, "tcp", s.demo.Addr())
}

// Demo returns the embedded server, nil with OpenSSH.
func (s *Server) Demo() *demossh.Server { return s.demo }

func (s *Server) write(name string, data []byte) string {
	s.t.Helper()
	path := filepath.Join(s.Dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

func (s *Server) startEmbedded(public []byte) {
	s.t.Helper()
	s.Home = s.cfg.Home
	if s.Home == "" {
		s.Home = filepath.Join(s.Dir, "home")
	}
	cfg := demossh.Config{
		HostKey: s.cfg.HostKeys[0], AuthorizedKeys: public, Home: s.Home,
		Banner: s.cfg.Banner, Prelude: s.cfg.Noise, MaxSessions: s.cfg.MaxSessions, NoSFTP: s.cfg.NoSFTP,
		Configure: s.configure,
	}
	demo, err := demossh.Start(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	s.demo = demo
	s.t.Cleanup(func() { demo.Close() })
}

// Logins returns the number of login attempts the host saw, Passwords that of
// passwords. Embedded only.
func (s *Server) Logins() int64 { return s.logins.Load() }

// Passwords returns the number of passwords the host saw. Embedded only.
func (s *Server) Passwords() int64 { return s.passwords.Load() }

// configure adds the ways to log in that demossh itself does not have.
func (s *Server) configure(c *xssh.ServerConfig) {
	for _, pem := range s.cfg.HostKeys[1:] {
		c.AddHostKey(signer(s.t, pem))
	}
	if s.cfg.HostCert != nil {
		cert, _, _, _, err := xssh.ParseAuthorizedKey(s.cfg.HostCert)
		if err != nil {
			s.t.Fatal(err)
		}
		certSigner, err := xssh.NewCertSigner(cert.(*xssh.Certificate), signer(s.t, s.cfg.HostKeys[0]))
		if err != nil {
			s.t.Fatal(err)
		}
		c.AddHostKey(certSigner)
	}
	c.AuthLogCallback = func(xssh.ConnMetadata, string, error) { s.logins.Add(1) }
	refused := errors.New("refused")
	if s.cfg.Password != "" {
		c.PasswordCallback = func(_ xssh.ConnMetadata, password []byte) (*xssh.Permissions, error) {
			s.passwords.Add(1)
			if string(password) == s.cfg.Password {
				return &xssh.Permissions{}, nil
			}
			return nil, refused
		}
	}
	if s.cfg.Keyboard == "" {
		return
	}
	question := s.cfg.Question
	if question == "" {
		question = "Password: "
	}
	keyboard := func(_ xssh.ConnMetadata, challenge xssh.KeyboardInteractiveChallenge) (*xssh.Permissions, error) {
		answers, err := challenge("", "", []string{question}, []bool{false})
		if err == nil && len(answers) == 1 && answers[0] == s.cfg.Keyboard {
			return &xssh.Permissions{}, nil
		}
		return nil, refused
	}
	if !s.cfg.Second {
		c.KeyboardInteractiveCallback = keyboard
		return
	}
	keys := c.PublicKeyCallback
	c.PublicKeyCallback = func(m xssh.ConnMetadata, key xssh.PublicKey) (*xssh.Permissions, error) {
		if _, err := keys(m, key); err != nil {
			return nil, err
		}
		return nil, &xssh.PartialSuccessError{Next: xssh.ServerAuthCallbacks{KeyboardInteractiveCallback: keyboard}}
	}
}
