package lab

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sync/errgroup"
)

// SSHPort is the port on which every host's sshd listens.
const SSHPort = 2222

// bootsAtOnce bounds how many hosts boot at the same time.
const bootsAtOnce = 4

// Host is a running machine with sshd, called h1, h2, … in a lab. Root may log
// in with the key of the lab.
type Host struct {
	ID      string // h1, h2, …: also its host name
	Addr    string // loopback address of its sshd
	Port    int
	KeyFile string // private key (OpenSSH format) that root accepts
	HostKey string // public host key, "ssh-ed25519 AAAA…"

	m *machine
}

// KnownHosts is the host's line of a known_hosts file, without line end.
func (h Host) KnownHosts() string {
	return fmt.Sprintf("[%s]:%d %s", h.Addr, h.Port, h.HostKey)
}

// Root is the folder of this machine that is the host's /.
func (h Host) Root() string { return h.m.root() }

// Exec runs a shell command on the host as root, without SSH.
func (h Host) Exec(ctx context.Context, command string) (Result, error) {
	return h.m.exec(ctx, Command{Argv: []string{"/bin/bash", "-c", command}})
}

// Argv is the command line with which this machine runs a shell command on the
// host as root, without SSH.
func (h Host) Argv(command string) ([]string, error) {
	return h.m.argv(Command{Argv: []string{"/bin/bash", "-c", command}})
}

// Stop ends the host at once, as a power cut would; Down forgets it.
func (h Host) Stop() error { return h.m.stop() }

// hostState is what a lab remembers of a running host for other processes.
type hostState struct {
	Suite   string
	Leader  int
	HostKey string
}

// Up starts the hosts h1…hN from the suite's image and waits until they have
// booted and their sshd answers. Hosts of the same suite that run already are kept as they are.
func (l *Lab) Up(ctx context.Context, n int, suite string) ([]Host, error) {
	if n < 1 || n > 250 {
		return nil, fmt.Errorf("lab: up: %d hosts: must be 1 to 250", n)
	}
	lower, err := l.Layer(ctx, suite, nil)
	if err != nil {
		return nil, err
	}
	authorized, err := l.key()
	if err != nil {
		return nil, err
	}
	unlock, err := l.lock(ctx, "hosts-"+l.net)
	if err != nil {
		return nil, err
	}
	defer unlock()
	hosts := make([]Host, n)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(bootsAtOnce)
	for i := range hosts {
		group.Go(func() error {
			h, err := l.upOne(ctx, i+1, suite, lower, authorized)
			hosts[i] = h
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return hosts, nil
}

func (l *Lab) upOne(ctx context.Context, i int, suite string, lower []string, authorized string) (Host, error) {
	h := l.host(i)
	if state, ok := h.m.readState(); ok && state.Suite == suite {
		h.m.leader, h.HostKey = state.Leader, state.HostKey
		if err := waitSSH(ctx, h, time.Second); err == nil {
			return h, nil
		}
	}
	h.m.lower = lower
	if err := h.m.destroy(); err != nil {
		return h, err
	}
	if err := h.m.mount(); err != nil {
		return h, err
	}
	var err error
	if h.HostKey, err = h.configureSSH(authorized); err != nil {
		return h, fmt.Errorf("lab: %s: %w", h.ID, err)
	}
	if err := h.m.start(ctx, startOptions{hostname: h.ID, network: true, systemd: true}); err != nil {
		return h, err
	}
	if err := waitSSH(ctx, h, 30*time.Second); err != nil {
		return h, err
	}
	return h, h.m.writeState(hostState{Suite: suite, Leader: h.m.leader, HostKey: h.HostKey})
}

// host is the i-th host, running or not.
func (l *Lab) host(i int) Host {
	id := "h" + strconv.Itoa(i)
	return Host{
		ID: id, Addr: fmt.Sprintf("%s.%d", l.net, i), Port: SSHPort, KeyFile: l.path("id"),
		m: &machine{name: "host-" + strings.ReplaceAll(l.net, ".", "-") + "-" + id, dir: l.hostDir(id)},
	}
}

func (l *Lab) hostDir(id string) string { return l.path("hosts", l.net, id) }

// hostNumbers lists the hosts that have a folder, whether they run or not, in order.
func (l *Lab) hostNumbers() ([]int, error) {
	entries, err := os.ReadDir(l.path("hosts", l.net))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	var numbers []int
	for _, e := range entries {
		i, err := strconv.Atoi(strings.TrimPrefix(e.Name(), "h"))
		if err != nil {
			return nil, fmt.Errorf("lab: %s: not a host's folder", l.hostDir(e.Name()))
		}
		numbers = append(numbers, i)
	}
	sort.Ints(numbers)
	return numbers, nil
}

// Running lists the hosts that were started and not stopped.
func (l *Lab) Running() ([]Host, error) {
	numbers, err := l.hostNumbers()
	if err != nil {
		return nil, err
	}
	var hosts []Host
	for _, i := range numbers {
		h := l.host(i)
		if state, ok := h.m.readState(); ok {
			h.m.leader, h.HostKey = state.Leader, state.HostKey
			hosts = append(hosts, h)
		}
	}
	return hosts, nil
}

// Down stops all hosts, also those of a process that is gone, and removes what they wrote.
func (l *Lab) Down(ctx context.Context) error {
	unlock, err := l.lock(ctx, "hosts-"+l.net)
	if err != nil {
		return err
	}
	defer unlock()
	numbers, err := l.hostNumbers()
	if err != nil {
		return err
	}
	var group errgroup.Group
	for _, i := range numbers {
		group.Go(l.host(i).m.destroy)
	}
	return group.Wait()
}

// Reset throws away what was written on all hosts and starts n fresh ones.
func (l *Lab) Reset(ctx context.Context, n int, suite string) ([]Host, error) {
	if err := l.Down(ctx); err != nil {
		return nil, err
	}
	return l.Up(ctx, n, suite)
}

// Roster is a salt-ssh roster of the hosts.
func Roster(hosts []Host) string {
	var b strings.Builder
	for _, h := range hosts {
		fmt.Fprintf(&b, "%s:\n  host: %s\n  port: %d\n  user: root\n  priv: %s\n", h.ID, h.Addr, h.Port, h.KeyFile)
	}
	return b.String()
}

func (m *machine) stateFile() string { return filepath.Join(m.dir, "state.json") }

func (m *machine) writeState(s hostState) error {
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := os.WriteFile(m.stateFile(), data, 0o600); err != nil {
		return fmt.Errorf("lab: %s: %w", m.name, err)
	}
	return nil
}

// readState reads the state of a host that some process started; ok is false
// when there is none or its init is gone.
func (m *machine) readState() (s hostState, ok bool) {
	data, err := os.ReadFile(m.stateFile())
	if err != nil || json.Unmarshal(data, &s) != nil {
		return s, false
	}
	_, err = os.Stat(fmt.Sprintf("/proc/%d/root/run/systemd/system", s.Leader))
	return s, err == nil
}

// key makes the lab's SSH key when it is missing and returns its line for authorized_keys.
func (l *Lab) key() (authorized string, err error) {
	path := l.path("id")
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		data, _, err = newKey()
		if err == nil {
			err = os.WriteFile(path, data, 0o600)
		}
	}
	if err != nil {
		return "", fmt.Errorf("lab: key: %w", err)
	}
	signer, err := ssh.ParsePrivateKey(data)
	if err != nil {
		return "", fmt.Errorf("lab: key %s: %w", path, err)
	}
	return string(ssh.MarshalAuthorizedKey(signer.PublicKey())), nil
}

func newKey() (private []byte, public ssh.PublicKey, err error) {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	block, err := ssh.MarshalPrivateKey(priv, "pinch-lab")
	if err != nil {
		return nil, nil, err
	}
	public, err = ssh.NewPublicKey(pub)
	return pem.EncodeToMemory(block), public, err
}

// configureSSH gives a mounted host its own host key, its address and the lab's key for root.
func (h Host) configureSSH(authorized string) (hostKey string, err error) {
	root := h.m.root()
	old, err := filepath.Glob(filepath.Join(root, "etc/ssh/ssh_host_*"))
	if err != nil {
		return "", err
	}
	for _, f := range old {
		if err := os.Remove(f); err != nil {
			return "", err
		}
	}
	private, public, err := newKey()
	if err != nil {
		return "", err
	}
	hostKey = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public)))
	config := fmt.Sprintf("ListenAddress %s\nPort %d\nPermitRootLogin yes\nMaxStartups 200\nMaxSessions 100\nUseDNS no\n", h.Addr, h.Port)
	for _, f := range []struct {
		path, text string
		mode       os.FileMode
	}{
		{"etc/ssh/ssh_host_ed25519_key", string(private), 0o600},
		{"etc/ssh/ssh_host_ed25519_key.pub", hostKey + "\n", 0o644},
		{"etc/ssh/sshd_config.d/lab.conf", config, 0o644},
		{"root/.ssh/authorized_keys", authorized, 0o600},
	} {
		path := filepath.Join(root, f.path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, []byte(f.text), f.mode); err != nil {
			return "", err
		}
	}
	return hostKey, os.Chmod(filepath.Join(root, "root/.ssh"), 0o700)
}

// waitSSH waits until the host's sshd greets.
func waitSSH(ctx context.Context, h Host, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var dialer net.Dialer
	addr := net.JoinHostPort(h.Addr, strconv.Itoa(h.Port))
	for {
		last := func() error {
			conn, err := dialer.DialContext(ctx, "tcp", addr)
			if err != nil {
				return err
			}
			defer conn.Close()
			if err := conn.SetReadDeadline(time.Now().Add(2 * time.Second)); err != nil {
				return err
			}
			line, err := bufio.NewReader(conn).ReadString('\n')
			if err == nil && !strings.HasPrefix(line, "SSH-") {
				err = fmt.Errorf("it greets with %q", line)
			}
			return err
		}()
		if last == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("lab: %s: sshd at %s does not answer: %w", h.ID, addr, last)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
