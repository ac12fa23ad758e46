package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// machine is one container: a folder with an overlay mounted in it, a control
// group, and the processes in that group. Its methods work as well on what
// another process left behind, since everything is found by name.
type machine struct {
	name   string   // unique on this machine; names the control group and the container
	dir    string   // holds upper, work and root; when tmpfs is set it is a mount point itself
	lower  []string // folders below the overlay, uppermost first
	tmpfs  bool     // keep what is written in memory
	leader int      // process id of the container's init, once started
	binds  []Bind

	started time.Time
	exited  chan struct{} // closed when the container's supervisor ended; nil for a machine of another process
	nspawn  *os.Process
}

// Bind shows a file or folder of this machine at Inside, read-only.
type Bind struct{ Outside, Inside string }

func (m *machine) root() string  { return filepath.Join(m.dir, "root") }
func (m *machine) upper() string { return filepath.Join(m.dir, "upper") }

// mount stacks the overlay. The folder must not exist, or be what destroy leaves.
func (m *machine) mount() error {
	if err := os.MkdirAll(m.dir, 0o755); err != nil {
		return fmt.Errorf("lab: %s: %w", m.name, err)
	}
	if m.tmpfs {
		if err := unix.Mount("tmpfs", m.dir, "tmpfs", 0, "mode=755"); err != nil {
			return fmt.Errorf("lab: %s: mount tmpfs: %w", m.name, err)
		}
	}
	for _, dir := range []string{"upper", "work", "root"} {
		if err := os.MkdirAll(filepath.Join(m.dir, dir), 0o755); err != nil {
			return fmt.Errorf("lab: %s: %w", m.name, err)
		}
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", strings.Join(m.lower, ":"), m.upper(), filepath.Join(m.dir, "work"))
	if err := unix.Mount("overlay", m.root(), "overlay", 0, options); err != nil {
		return fmt.Errorf("lab: %s: mount overlay: %w", m.name, err)
	}
	return nil
}

// stop ends the container and everything in it and waits until it is gone.
func (m *machine) stop() error {
	if m.nspawn != nil {
		if err := m.nspawn.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("lab: %s: stop: %w", m.name, err)
		}
		<-m.exited
	}
	m.leader = 0
	return killGroup(m.name)
}

// destroy stops the container, unmounts and removes everything it has. A
// machine that does not exist is destroyed already.
func (m *machine) destroy() error {
	if err := m.stop(); err != nil {
		return err
	}
	if err := unmountBelow(m.dir); err != nil {
		return fmt.Errorf("lab: %s: %w", m.name, err)
	}
	if err := os.RemoveAll(m.dir); err != nil {
		return fmt.Errorf("lab: %s: %w", m.name, err)
	}
	return nil
}

// unmountBelow unmounts dir and whatever is mounted in it, innermost first.
func unmountBelow(dir string) error {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		f := strings.Fields(lines[i])
		if len(f) < 5 {
			continue
		}
		at := unescapeMount(f[4])
		if at != dir && !strings.HasPrefix(at, dir+"/") {
			continue
		}
		if err := unmount(at); err != nil {
			return fmt.Errorf("unmount %s: %w", at, err)
		}
	}
	return nil
}

// unmount waits a moment for a mount that processes just left, then detaches it.
func unmount(path string) error {
	for range 50 {
		err := unix.Unmount(path, 0)
		if err == nil || errors.Is(err, unix.EINVAL) || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if !errors.Is(err, unix.EBUSY) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return unix.Unmount(path, unix.MNT_DETACH)
}

// unescapeMount undoes the octal escapes of /proc/self/mountinfo.
func unescapeMount(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// startOptions say how a container starts.
type startOptions struct {
	hostname string
	network  bool   // share the network of this machine instead of having just a loopback
	systemd  bool   // boot its systemd; otherwise it has an init that does nothing
	console  string // file for the console; empty: console.log in the machine's folder
}

// start writes the host name files, starts the container and waits until
// processes can be started in it; with systemd, until the boot is over.
func (m *machine) start(ctx context.Context, o startOptions) error {
	if err := m.prepare(o); err != nil {
		return fmt.Errorf("lab: %s: %w", m.name, err)
	}
	if err := m.spawn(o); err != nil {
		return fmt.Errorf("lab: %s: %w", m.name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	if err := m.waitLeader(ctx, o.systemd); err != nil {
		return fmt.Errorf("lab: %s: start: %w: console: %s", m.name, err, m.console(o))
	}
	if !o.systemd {
		return nil
	}
	if err := m.waitBooted(ctx); err != nil {
		return fmt.Errorf("lab: %s: boot: %w: console: %s", m.name, err, m.console(o))
	}
	return nil
}

func (m *machine) consoleFile(o startOptions) string {
	if o.console != "" {
		return o.console
	}
	return filepath.Join(m.dir, "console.log")
}

func (m *machine) console(o startOptions) string {
	data, err := os.ReadFile(m.consoleFile(o))
	if err != nil {
		return err.Error()
	}
	return tail(data, 1000)
}

func (m *machine) prepare(o startOptions) error {
	etc := filepath.Join(m.root(), "etc")
	for name, text := range map[string]string{
		"hostname": o.hostname + "\n",
		"hosts":    "127.0.0.1 localhost " + o.hostname + "\n",
	} {
		if err := os.WriteFile(filepath.Join(etc, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	if !o.network {
		return nil
	}
	conf, err := os.ReadFile("/etc/resolv.conf")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(etc, "resolv.conf"), conf, 0o644)
}
