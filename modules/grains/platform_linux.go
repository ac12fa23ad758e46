package grains

import (
	"context"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
)

// platform adds what distribution and what machine this is, as Salt names it.
func platform(ctx context.Context, h host.Reader, g *py.Dict) error {
	if h.LookPath("selinuxenabled") != "" {
		g.SetStr("selinux", selinux(h))
	}
	if h.LookPath("systemctl") != "" && h.LookPath("localectl") != "" {
		g.SetStr("systemd", systemd(ctx, h))
	}
	g.SetStr("init", py.Str(initSystem(h)))
	distribution(h, g)
	linuxCPU(h, g)
	gpus(ctx, h, g)
	g.SetStr("osarch", py.Str(osarch(h, g)))
	hardware(h, g)
	virtual(ctx, h, g)
	g.SetStr("ps", py.Str(psCommand(g)))
	releaseGrains(g)
	machineID(h, g)
	uefi(h, g)
	kernelParams(h, g)
	blockDevices(h, g)
	mdadm(h, g)
	lvm(h, g)
	g.SetStr("fibre_channel_host", py.Bool(isDir(h, "/sys/class/fc_host")))
	return nil
}

func cpu(context.Context, host.Reader, *py.Dict) error { return nil } // platform did it

func memory(_ context.Context, h host.Reader, g *py.Dict) error {
	linuxMemory(h, g)
	return nil
}

// psCommand is the grain ps.
func psCommand(g *py.Dict) string {
	switch {
	case g.String("virtual") == "openvzhn":
		return `ps -fH -p $(grep -l "^envID:[[:space:]]*0\$" /proc/[0-9]*/status | sed -e "s=/proc/\([0-9]*\)/.*=\1=")  | awk '{ $7=""; print }'`
	case g.String("os_family") == "NILinuxRT":
		return "ps -o user,pid,ppid,tty,time,comm"
	}
	return "ps -efHww"
}

// selinux is what selinuxenabled and getenforce would say: they look into the
// kernel's file system.
func selinux(h host.Reader) *py.Dict {
	enforce, err := h.ReadFile("/sys/fs/selinux/enforce")
	d := py.DictOf("enabled", py.Bool(err == nil))
	if h.LookPath("getenforce") != "" {
		mode := "Disabled"
		switch {
		case err == nil && strings.HasPrefix(string(enforce), "1"):
			mode = "Enforcing"
		case err == nil:
			mode = "Permissive"
		}
		d.SetStr("enforced", py.Str(mode))
	}
	return d
}

// systemd is the version that `systemctl --version` prints: nothing on disk
// says it.
func systemd(ctx context.Context, h host.Reader) *py.Dict {
	version, features := "UNDEFINED", ""
	out, err := h.Query(ctx, host.Cmd{Argv: []string{"systemctl", "--version"}})
	if l := strings.Split(strings.TrimSpace(string(out.Stdout)), "\n"); err == nil && out.Code == 0 && strings.HasPrefix(l[0], "systemd ") {
		if f := strings.Fields(l[0]); len(f) > 1 {
			version = f[1]
		}
		if len(l) > 1 {
			features = strings.TrimRight(l[1], "\r")
		}
	}
	return py.DictOf("version", py.Str(version), "features", py.Str(features))
}

func initSystem(h host.Reader) string {
	if _, err := h.Stat("/run/systemd/system"); err == nil {
		return "systemd"
	}
	b, err := h.ReadFile("/proc/1/cmdline")
	if err != nil {
		return "unknown"
	}
	argv := strings.Fields(strings.ReplaceAll(string(b), "\x00", " "))
	if len(argv) == 0 {
		return "unknown"
	}
	if bin := h.LookPath(argv[0]); strings.HasSuffix(bin, "bin/init") {
		if program, err := h.ReadFile(bin); err == nil {
			low := strings.ToLower(string(program))
			for _, name := range []string{"upstart", "sysvinit", "systemd"} {
				if strings.Contains(low, name) {
					return name
				}
			}
		}
		return "unknown"
	}
	has := func(p string) bool {
		for _, a := range argv {
			if p != "" && a == p {
				return true
			}
		}
		return false
	}
	for _, name := range []string{"supervisord", "dumb-init", "tini"} {
		if has(h.LookPath(name)) {
			return name
		}
	}
	if has("/sbin/my_init") || len(argv) == 1 && argv[0] == "runit" {
		return "runit"
	}
	return "unknown"
}
