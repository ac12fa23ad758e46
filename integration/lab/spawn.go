package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stubInit is the name of the process with which systemd-nspawn fills process
// id 1 of a container that has no init of its own.
const stubInit = "(sd-stubinit)"

// spawn starts systemd-nspawn in the machine's own control group: without that
// all containers would share one, and the systemd of each would end the
// processes of the others.
func (m *machine) spawn(o startOptions) error {
	procs, err := makeGroup(m.name)
	if err != nil {
		return err
	}
	args := []string{
		"-q", "-D", m.root(), "--register=no", "--keep-unit", "--machine=" + m.name, "--hostname=" + o.hostname,
		"--resolv-conf=off", "--timezone=off", "--link-journal=no",
	}
	if !o.network {
		args = append(args, "--private-network")
	}
	for _, b := range m.binds {
		args = append(args, "--bind-ro="+b.Outside+":"+b.Inside)
	}
	if o.systemd {
		args = append(args, "-b")
	} else {
		args = append(args, "--as-pid2", "/bin/sleep", "infinity")
	}
	console, err := os.OpenFile(m.consoleFile(o), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer console.Close()
	// The shell enters the control groups, then becomes systemd-nspawn.
	script := `for f in $GROUPS_PROCS; do echo $$ >"$f"; done; exec systemd-nspawn "$@"`
	cmd := exec.Command("/bin/sh", append([]string{"-ec", script, "nspawn"}, args...)...)
	cmd.Env = append(os.Environ(), "GROUPS_PROCS="+strings.Join(procs, " "))
	cmd.Stdout, cmd.Stderr = console, console
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // a host outlives the program that started it, and its Ctrl-C
	if err := cmd.Start(); err != nil {
		return err
	}
	m.nspawn, m.started, m.exited = cmd.Process, time.Now(), make(chan struct{})
	exited := m.exited
	go func() {
		defer close(exited)
		// The exit status says nothing: a container is always ended by a signal.
		_ = cmd.Wait()
	}()
	return nil
}

// waitLeader waits until the container's init runs and remembers its process id.
func (m *machine) waitLeader(ctx context.Context, systemd bool) error {
	want := stubInit
	if systemd {
		want = "systemd"
	}
	for {
		for _, pid := range children(m.nspawn.Pid) {
			comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
			if err == nil && strings.TrimSpace(string(comm)) == want {
				m.leader = pid
				return nil
			}
		}
		select {
		case <-m.exited:
			return errors.New("systemd-nspawn ended")
		case <-ctx.Done():
			return fmt.Errorf("no init process: %w", ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// waitBooted waits until systemd has finished starting units.
func (m *machine) waitBooted(ctx context.Context) error {
	private := filepath.Join("/proc", strconv.Itoa(m.leader), "root/run/systemd/private")
	for {
		if _, err := os.Stat(private); err == nil {
			res, err := m.exec(ctx, Command{Argv: []string{"systemctl", "is-system-running", "--wait"}})
			if err != nil {
				return err
			}
			switch strings.TrimSpace(res.Stdout) {
			case "running", "degraded":
				return nil
			}
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		select {
		case <-m.exited:
			return errors.New("systemd-nspawn ended")
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(25 * time.Millisecond):
		}
	}
}

// children lists the child processes of a process; one that is gone has none.
func children(pid int) []int {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil
	}
	var pids []int
	for _, word := range strings.Fields(string(data)) {
		if n, err := strconv.Atoi(word); err == nil {
			pids = append(pids, n)
		}
	}
	return pids
}
