package sshtest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// sshd runs one OpenSSH server process per connection, in inetd mode on a
// socket pair.
type sshd struct {
	path   string
	config string
	log    string

	wg sync.WaitGroup
	mu sync.Mutex
	up map[*sshdConn]struct{}
}

// FindSSHD returns the path of the system's sshd, or "".
func FindSSHD() string {
	for _, p := range []string{"/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd", "/sbin/sshd"} {
		if info, err := os.Stat(p); err == nil && info.Mode()&0o111 != 0 {
			return p
		}
	}
	return ""
}

// requireSSHD skips the test when sshd is missing or cannot run here.
func requireSSHD(t testing.TB) string {
	t.Helper()
	path := FindSSHD()
	if path == "" {
		t.Skip("OpenSSH's sshd is not installed")
	}
	if os.Getuid() == 0 {
		// As root it insists on the empty directory its start script makes.
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Skipf("sshd needs /run/sshd: %v", err)
		}
	}
	return path
}

func (s *Server) startOpenSSH(public []byte) {
	s.t.Helper()
	if s.cfg.Password != "" || s.cfg.Keyboard != "" || s.cfg.Home != "" {
		s.t.Fatal("sshtest: passwords and Home need the embedded server")
	}
	path := requireSSHD(s.t)
	u, err := user.Current()
	if err != nil {
		s.t.Fatal(err)
	}
	s.Home = u.HomeDir
	lines := []string{
		"UsePAM no", "StrictModes no", "PasswordAuthentication no", "KbdInteractiveAuthentication no",
		"PermitRootLogin yes", "LogLevel VERBOSE", "PidFile none", "UseDNS no", "PrintMotd no", "PrintLastLog no",
		"AuthorizedKeysFile " + s.write("authorized_keys", public),
	}
	for i, k := range s.cfg.HostKeys {
		lines = append(lines, "HostKey "+s.write(fmt.Sprintf("host_key_%d", i), k))
		s.write(fmt.Sprintf("host_key_%d.pub", i), PublicLine(s.t, k))
	}
	if s.cfg.HostCert != nil {
		lines = append(lines, "HostCertificate "+s.write("host_key_0-cert.pub", s.cfg.HostCert))
	}
	if s.cfg.UserCA != nil {
		lines = append(lines, "TrustedUserCAKeys "+s.write("user_ca.pub", s.cfg.UserCA))
	}
	if s.cfg.Banner != "" {
		lines = append(lines, "Banner "+s.write("banner", []byte(s.cfg.Banner)))
	}
	if s.cfg.MaxSessions != 0 {
		lines = append(lines, fmt.Sprintf("MaxSessions %d", s.cfg.MaxSessions))
	}
	if s.cfg.Noise != "" {
		rc := s.write("noise.sh", []byte("cat "+s.write("noise", []byte(s.cfg.Noise))+"\nexec /bin/sh -c \"$SSH_ORIGINAL_COMMAND\"\n"))
		lines = append(lines, "ForceCommand /bin/sh "+rc)
	}
	if !s.cfg.NoSFTP {
		lines = append(lines, "Subsystem sftp internal-sftp")
	}
	lines = append(lines, s.cfg.Extra...)
	s.sshd = &sshd{
		path:   path,
		config: s.write("sshd_config", []byte(strings.Join(lines, "\n")+"\n")),
		log:    filepath.Join(s.Dir, "sshd.log"),
		up:     map[*sshdConn]struct{}{},
	}
	if out, err := exec.Command(path, "-t", "-f", s.sshd.config).CombinedOutput(); err != nil {
		s.t.Skipf("sshd does not run here: %v: %s", err, out)
	}
	s.t.Cleanup(func() {
		s.sshd.closeAll()
		if s.t.Failed() {
			if log, err := os.ReadFile(s.sshd.log); err == nil {
				s.t.Logf("sshd says:\n%s", log)
			}
		}
	})
}

// Command returns the command line of a server for one connection, for a
// ProxyCommand. OpenSSH only.
func (s *Server) Command() string {
	return s.sshd.path + " -i -f " + s.sshd.config + " -E " + s.sshd.log
}

// sshdConn is a connection to a server process.
type sshdConn struct {
	net.Conn
	srv  *sshd
	cmd  *exec.Cmd
	done chan struct{}
	once sync.Once
}

func (d *sshd) connect() (net.Conn, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, err
	}
	unix.CloseOnExec(pair[0])
	unix.CloseOnExec(pair[1])
	ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
	defer ours.Close()
	defer theirs.Close()
	nc, err := net.FileConn(ours)
	if err != nil {
		return nil, err
	}
	c := &sshdConn{Conn: nc, srv: d, done: make(chan struct{})}
	c.cmd = exec.Command(d.path, "-i", "-f", d.config, "-E", d.log)
	c.cmd.Stdin, c.cmd.Stdout = theirs, theirs
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.cmd.Start(); err != nil {
		nc.Close()
		return nil, err
	}
	d.mu.Lock()
	d.up[c] = struct{}{}
	d.mu.Unlock()
	d.wg.Go(func() {
		defer close(c.done)
		_ = c.cmd.Wait() // a server whose client goes away ends with status 255
	})
	return c, nil
}

// Close ends the connection and the server process.
func (c *sshdConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		select {
		case <-c.done:
		case <-time.After(2 * time.Second):
			_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
			<-c.done
		}
		c.srv.mu.Lock()
		delete(c.srv.up, c)
		c.srv.mu.Unlock()
	})
	return err
}

func (d *sshd) closeAll() {
	d.mu.Lock()
	var open []*sshdConn
	for c := range d.up {
		open = append(open, c)
	}
	d.mu.Unlock()
	for _, c := range open {
		c.Close()
	}
	d.wg.Wait()
}
