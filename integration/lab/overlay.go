package lab

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

const (
	keepMarker = "keep"
	lockFile   = "lock"

	// tmpfsFloor is how much memory (bytes) must be available for overlays to be kept in memory.
	tmpfsFloor = 6 << 30
)

// Session owns the overlays of one process. Its lock tells other processes
// that it lives; when the process dies, the next New clears its overlays away.
type Session struct {
	lab   *Lab
	id    string
	dir   string
	lock  *os.File
	tmpfs bool
	count atomic.Int64
}

// Session starts a session.
func (l *Lab) Session(ctx context.Context) (*Session, error) {
	// Under the lock of sweep, which could take a session without a lock for a dead one.
	unlock, err := l.lock(ctx, "sessions")
	if err != nil {
		return nil, err
	}
	defer unlock()
	id := strings.ToLower(rand.Text()[:8])
	s := &Session{lab: l, id: id, dir: l.path("sessions", id), tmpfs: memoryAvailable() >= tmpfsFloor}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, fmt.Errorf("lab: session: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(s.dir, lockFile), os.O_CREATE|os.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lab: session: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lab: session: lock: %w", err)
	}
	s.lock = f
	return s, nil
}

// Keep makes the session's overlays stay when it is closed, until Clean.
func (s *Session) Keep() error {
	return os.WriteFile(filepath.Join(s.dir, keepMarker), nil, 0o644)
}

// Close ends the session and all its overlays, unless they are kept.
func (s *Session) Close() error {
	defer s.lock.Close()
	if _, err := os.Stat(filepath.Join(s.dir, keepMarker)); err == nil {
		return nil
	}
	return s.lab.clearSession(s.dir)
}

// Clean destroys the overlays that were kept.
func (l *Lab) Clean(ctx context.Context) error {
	kept, err := filepath.Glob(l.path("sessions", "*", keepMarker))
	if err != nil {
		return err
	}
	for _, marker := range kept {
		if err := os.Remove(marker); err != nil {
			return fmt.Errorf("lab: clean: %w", err)
		}
	}
	return l.sweep(ctx)
}

// sweep clears away the sessions whose process is gone.
func (l *Lab) sweep(ctx context.Context) error {
	unlock, err := l.lock(ctx, "sessions")
	if err != nil {
		return err
	}
	defer unlock()
	dirs, err := filepath.Glob(l.path("sessions", "*"))
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, keepMarker)); err == nil {
			continue
		}
		if err := l.sweepSession(dir); err != nil {
			return err
		}
	}
	return nil
}

func (l *Lab) sweepSession(dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		// No lock file yet, or none any more: it is being made or removed right now.
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("lab: sweep: %w", err)
	}
	defer f.Close()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil // its process lives
	}
	return l.clearSession(dir)
}

func (l *Lab) clearSession(dir string) error {
	overlays, err := filepath.Glob(filepath.Join(dir, "o*"))
	if err != nil {
		return err
	}
	var failed []error
	for _, o := range overlays {
		m := &machine{name: filepath.Base(dir) + "-" + filepath.Base(o), dir: o}
		failed = append(failed, m.destroy())
	}
	if err := errors.Join(failed...); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

// OverlayOptions describe a machine for one test.
type OverlayOptions struct {
	Suite    string   // Debian release of the image
	Packages []string // packages it must have beyond the image
	Hostname string
	Network  bool   // share the network of this machine; otherwise only a loopback
	Systemd  bool   // boot systemd; otherwise there is no service manager at all
	Binds    []Bind // files and folders of this machine to show in it
}

// Overlay is a machine of a session. It is mounted, so files can be put below
// Root, and runs after Start.
type Overlay struct {
	m *machine
	o OverlayOptions
}

// Overlay makes a fresh machine. The image and the layer with its packages are
// built when they are missing.
func (s *Session) Overlay(ctx context.Context, o OverlayOptions) (*Overlay, error) {
	lower, err := s.lab.Layer(ctx, o.Suite, o.Packages)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("o%d", s.count.Add(1))
	m := &machine{name: s.id + "-" + name, dir: filepath.Join(s.dir, name), lower: lower, tmpfs: s.tmpfs, binds: o.Binds}
	if err := m.mount(); err != nil {
		return nil, errors.Join(err, m.destroy())
	}
	return &Overlay{m: m, o: o}, nil
}

// Root is the folder of this machine that is the overlay's /.
func (o *Overlay) Root() string { return o.m.root() }

// Start starts the machine and waits until programs can be run in it.
func (o *Overlay) Start(ctx context.Context) error {
	return o.m.start(ctx, startOptions{hostname: o.o.Hostname, network: o.o.Network, systemd: o.o.Systemd})
}

// Exec runs a program in the machine.
func (o *Overlay) Exec(ctx context.Context, c Command) (Result, error) { return o.m.exec(ctx, c) }

// Shell gives this terminal to a shell in the machine.
func (o *Overlay) Shell(ctx context.Context) error { return o.m.shell(ctx) }

// Enter is a command line that opens a shell in the running machine.
func (o *Overlay) Enter() string {
	return fmt.Sprintf("nsenter -t %d -m -u -i -n -p env -i PATH=%s HOME=/root LANG=C.UTF-8 TERM=$TERM bash -l", o.m.leader, rootPath)
}

// Close destroys the machine and everything written in it.
func (o *Overlay) Close() error { return o.m.destroy() }

// memoryAvailable is the kernel's estimate of the memory (bytes) that can still be used.
func memoryAvailable() int64 {
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(data), "\n") {
		var kib int64
		if n, err := fmt.Sscanf(line, "MemAvailable: %d kB", &kib); n == 1 && err == nil {
			return kib << 10
		}
	}
	return 0
}
