// Package demossh is a small SSH server for "pinch demo" and for tests: a host
// to try things on without a second machine, without root and without an
// OpenSSH server. It runs commands as the user who started it.
//
// It is not for anything else: it listens on the loopback address only, takes
// public keys only, and confines nobody.
package demossh

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	xssh "golang.org/x/crypto/ssh"
)

// Config describes one host.
type Config struct {
	// HostKey is the private host key in PEM form; GenerateKey makes one.
	HostKey []byte
	// AuthorizedKeys are the keys that may log in, in the form of the file
	// authorized_keys. Options before a key are refused.
	AuthorizedKeys []byte
	// Root is the directory of the host's own files; it is made if missing.
	// "" means none.
	Root string
	// Home is the home and start directory of commands and of SFTP; it is made
	// if missing. "" means Root/root, or the directory the server runs in when
	// there is no Root.
	Home string
	// Env is the whole environment of commands ("NAME=value"); HOME, USER,
	// LOGNAME, SHELL, PATH and SSH_CONNECTION are added where it lacks them.
	Env []string

	// Banner is sent before the login.
	Banner string
	// Prelude is printed to standard output before each command's own output,
	// as a chatty shell start file does.
	Prelude string
	// MaxSessions bounds the sessions of one connection; 0 means 10.
	MaxSessions int
	// NoSFTP refuses the sftp subsystem.
	NoSFTP bool
	// Configure, if not nil, may change the server's settings, for tests of
	// other ways to log in.
	Configure func(*xssh.ServerConfig)
}

// Server is a running server.
type Server struct {
	cfg      Config
	ssh      *xssh.ServerConfig
	env      []string
	ln       net.Listener
	pub      xssh.PublicKey
	graceful time.Duration

	mu     sync.Mutex
	conns  map[net.Conn]struct{}
	closed bool
	wg     sync.WaitGroup
}

// maxSessions is OpenSSH's default.
const maxSessions = 10

// killGrace is how long a command has after SIGTERM when its connection ended.
const killGrace = 2 * time.Second

// loginGrace bounds the time of a connection without login.
const loginGrace = 30 * time.Second

// New checks cfg and returns a server for ServeConn; Start also listens.
func New(cfg Config) (*Server, error) {
	signer, err := xssh.ParsePrivateKey(cfg.HostKey)
	if err != nil {
		return nil, fmt.Errorf("demo host: host key: %w", err)
	}
	keys, err := parseKeys(cfg.AuthorizedKeys)
	if err != nil {
		return nil, err
	}
	if cfg.Home == "" && cfg.Root != "" {
		cfg.Home = filepath.Join(cfg.Root, "root")
	}
	for _, dir := range []string{cfg.Root, cfg.Home} {
		if dir == "" {
			continue
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("demo host: %w", err)
		}
	}
	if cfg.Home, err = filepath.Abs(cfg.Home); err != nil {
		return nil, fmt.Errorf("demo host: %w", err)
	}
	if cfg.MaxSessions == 0 {
		cfg.MaxSessions = maxSessions
	}
	s := &Server{cfg: cfg, pub: signer.PublicKey(), env: environment(cfg), graceful: killGrace, conns: map[net.Conn]struct{}{}}
	s.ssh = &xssh.ServerConfig{
		ServerVersion: "SSH-2.0-pinch_demo",
		MaxAuthTries:  6,
		PublicKeyCallback: func(_ xssh.ConnMetadata, key xssh.PublicKey) (*xssh.Permissions, error) {
			for _, k := range keys {
				if bytes.Equal(k.Marshal(), key.Marshal()) {
					return &xssh.Permissions{}, nil
				}
			}
			return nil, errors.New("key is not authorized")
		},
	}
	if cfg.Banner != "" {
		s.ssh.BannerCallback = func(xssh.ConnMetadata) string { return cfg.Banner }
	}
	s.ssh.AddHostKey(signer)
	if cfg.Configure != nil {
		cfg.Configure(s.ssh)
	}
	return s, nil
}

// Start makes the server listen on a free port of 127.0.0.1. Close it after
// use.
func Start(cfg Config) (*Server, error) {
	s, err := New(cfg)
	if err != nil {
		return nil, err
	}
	if s.ln, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("demo host: listen: %w", err)
	}
	s.wg.Go(func() {
		for {
			nc, err := s.ln.Accept()
			if err != nil {
				return // closed
			}
			s.wg.Go(func() { s.ServeConn(nc) })
		}
	})
	return s, nil
}

// Addr returns "127.0.0.1:port", or "" for a server that does not listen.
func (s *Server) Addr() string {
	if s.ln == nil {
		return ""
	}
	return s.ln.Addr().String()
}

// Port returns the port, or 0.
func (s *Server) Port() uint16 {
	if s.ln == nil {
		return 0
	}
	return uint16(s.ln.Addr().(*net.TCPAddr).Port)
}

// KnownHostsLine returns the line for known_hosts under which a client finds
// the server at name, on the server's port.
func (s *Server) KnownHostsLine(name string) string {
	if port := s.Port(); port != 0 && port != 22 {
		name = fmt.Sprintf("[%s]:%d", name, port)
	}
	return name + " " + string(xssh.MarshalAuthorizedKey(s.pub))
}

// Close stops listening, ends all connections and their commands, and waits
// for them.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	for nc := range s.conns {
		nc.Close()
	}
	s.mu.Unlock()
	var err error
	if s.ln != nil {
		if err = s.ln.Close(); errors.Is(err, net.ErrClosed) {
			err = nil
		}
	}
	s.wg.Wait()
	return err
}

// CloseConns ends all connections but goes on listening, as a network failure
// would. It does not wait.
func (s *Server) CloseConns() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for nc := range s.conns {
		nc.Close()
	}
}

// track notes a connection so that Close ends it.
func (s *Server) track(nc net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.conns[nc] = struct{}{}
	return true
}

func (s *Server) untrack(nc net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, nc)
}

// GenerateKey returns a new Ed25519 key: the private half in OpenSSH's PEM form
// and the public half as a line of authorized_keys.
func GenerateKey(comment string) (private, public []byte, err error) {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("generate key: %w", err)
	}
	block, err := xssh.MarshalPrivateKey(priv, comment)
	if err != nil {
		return nil, nil, fmt.Errorf("generate key: %w", err)
	}
	sshPub, err := xssh.NewPublicKey(pub)
	if err != nil {
		return nil, nil, fmt.Errorf("generate key: %w", err)
	}
	line := strings.TrimRight(string(xssh.MarshalAuthorizedKey(sshPub)), "\n") + " " + comment + "\n"
	return pem.EncodeToMemory(block), []byte(line), nil
}

func parseKeys(data []byte) ([]xssh.PublicKey, error) {
	var keys []xssh.PublicKey
	for len(bytes.TrimSpace(data)) > 0 {
		key, _, options, rest, err := xssh.ParseAuthorizedKey(data)
		if err != nil {
			return nil, fmt.Errorf("demo host: authorized keys: %w", err)
		}
		if len(options) > 0 {
			return nil, fmt.Errorf("demo host: authorized keys: options (%s) are not supported", strings.Join(options, ","))
		}
		keys = append(keys, key)
		data = rest
	}
	return keys, nil
}

// environment completes cfg.Env.
func environment(cfg Config) []string {
	env := append([]string(nil), cfg.Env...)
	have := map[string]bool{}
	for _, e := range env {
		name, _, _ := strings.Cut(e, "=")
		have[name] = true
	}
	name := os.Getenv("USER")
	if name == "" {
		name = "root"
	}
	for _, e := range []string{"HOME=" + cfg.Home, "USER=" + name, "LOGNAME=" + name, "SHELL=/bin/sh",
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"} {
		key, _, _ := strings.Cut(e, "=")
		if !have[key] {
			env = append(env, e)
		}
	}
	return env
}
