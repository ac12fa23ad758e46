// Package lab runs real Debian machines on one machine: systemd-nspawn
// containers on overlays of a debootstrap image, with a real init, a real sshd
// and real package management. The scenario tests and the state runs
// (integration/stateruns) are its callers; nothing of the product imports it.
//
// There are two kinds of machine. A Host lives until Down: it has systemd and
// sshd on its own loopback address and shares the network of this machine. An
// Overlay belongs to a Session and lives for one test: it has no sshd, may have
// no network and no init, and everything it wrote goes away with it.
//
// Everything the lab makes lies under one folder and one control group, so a
// run that was killed leaves nothing that the next run does not clear away:
// New clears what dead sessions left.
package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// dirVariable names the environment variable with the lab's folder.
	dirVariable = "PINCH_LAB"
	// netVariable names the environment variable with the first three octets of the hosts' addresses.
	netVariable = "PINCH_LAB_NET"

	defaultDir = "/var/lib/pinch-lab"
	defaultNet = "127.0.1"
)

// Lab is one folder of images and machines. It holds no open resources; several
// processes may use the same folder at once.
type Lab struct {
	dir string
	net string
	log io.Writer
}

// New opens the lab below $PINCH_LAB (default /var/lib/pinch-lab), installs the
// packages it needs where they are missing, and clears away what sessions of
// killed processes left. Progress goes to log, one line each; nil is silent. It
// must run as root.
func New(ctx context.Context, log io.Writer) (*Lab, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("lab: must run as root: it mounts file systems and starts containers")
	}
	if log == nil {
		log = io.Discard
	}
	l := &Lab{dir: defaultDir, net: defaultNet, log: log}
	if dir := os.Getenv(dirVariable); dir != "" {
		l.dir = dir
	}
	if net := os.Getenv(netVariable); net != "" {
		l.net = net
	}
	if !filepath.IsAbs(l.dir) {
		return nil, fmt.Errorf("lab: %s=%s: must be an absolute path", dirVariable, l.dir)
	}
	for _, dir := range []string{"images", "layers", "locks", "sessions", "hosts"} {
		if err := os.MkdirAll(l.path(dir), 0o755); err != nil {
			return nil, fmt.Errorf("lab: %w", err)
		}
	}
	if err := l.installPackages(ctx); err != nil {
		return nil, err
	}
	if err := l.sweep(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

// At is the same lab with its hosts on other loopback addresses: net is the
// first three octets. Labs at different addresses have nothing to do with each
// other but the images.
func (l *Lab) At(net string) *Lab {
	other := *l
	other.net = net
	return &other
}

// Claim reserves the lab's hosts for this process until release is called; a
// second claim waits. Only programs that claim respect it.
func (l *Lab) Claim(ctx context.Context) (release func(), err error) {
	return l.lock(ctx, "claim-"+l.net)
}

// Dir is the folder that holds everything of the lab.
func (l *Lab) Dir() string { return l.dir }

func (l *Lab) path(elem ...string) string {
	return filepath.Join(append([]string{l.dir}, elem...)...)
}

func (l *Lab) logf(format string, args ...any) {
	fmt.Fprintf(l.log, "lab: "+format+"\n", args...)
}

// lock takes the named lock of the lab, which other processes share, and
// returns the function that gives it back.
func (l *Lab) lock(ctx context.Context, name string) (unlock func(), err error) {
	f, err := os.OpenFile(l.path("locks", name), os.O_CREATE|os.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lab: lock %s: %w", name, err)
	}
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			f.Close()
			return nil, fmt.Errorf("lab: lock %s: %w", name, err)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("lab: lock %s is held by another process: %w", name, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// run executes a tool of this machine and puts the end of its output into the error.
func run(ctx context.Context, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), append([]string{"LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"}, env...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, tail(out, 2000))
	}
	return nil
}

// tail is the end of a tool's output, at most n bytes.
func tail(out []byte, n int) string {
	s := strings.TrimSpace(string(out))
	if len(s) > n {
		s = "…" + s[len(s)-n:]
	}
	return s
}
