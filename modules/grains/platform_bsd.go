//go:build freebsd || darwin

package grains

import (
	"context"
	"encoding/binary"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"pinch/internal/host"
	"pinch/internal/py"
)

// platform adds the grains of FreeBSD and macOS.
func platform(ctx context.Context, h host.Reader, g *py.Dict) error {
	if runtime.GOOS == "darwin" {
		macOS(h, g)
	} else {
		freeBSD(ctx, h, g)
	}
	releaseGrains(g)
	g.SetStr("osarch", py.Str(g.String("cpuarch")))
	g.SetStr("ps", py.Str("ps auxwww"))
	machineID(h, g)
	return nil
}

func macOS(h host.Reader, g *py.Dict) {
	name, version, build := "macOS", "", ""
	if b, err := h.ReadFile("/System/Library/CoreServices/SystemVersion.plist"); err == nil {
		name, version, build = parseSystemVersion(string(b))
	}
	if version == "" {
		version = sysctl("kern.osproductversion")
	}
	g.SetStr("os", py.Str("MacOS"))
	g.SetStr("os_family", py.Str("MacOS"))
	g.SetStr("osfullname", py.Str(name+" "+version))
	g.SetStr("osrelease", py.Str(version))
	g.SetStr("osbuild", py.Str(build))
	g.SetStr("init", py.Str("launchd"))
	g.SetStr("manufacturer", py.Str("Apple Inc."))
	model := sysctl("hw.model")
	g.SetStr("productname", cleanValue("productname", model))
	kind := "physical"
	for _, v := range []string{"VMware", "Parallels", "VirtualBox"} {
		if strings.HasPrefix(model, v) {
			kind = v
		}
	}
	g.SetStr("virtual", py.Str(kind))
	g.SetStr("efi", py.False)
	g.SetStr("efi-secure-boot", py.False)
}

func freeBSD(ctx context.Context, h host.Reader, g *py.Dict) {
	release := ""
	if p := h.LookPath("freebsd-version"); p != "" {
		if b, err := h.ReadFile(p); err == nil {
			release = parseUserland(string(b))
		}
	}
	if release == "" {
		release = g.String("kernelrelease")
	}
	release, _, _ = strings.Cut(release, "-")
	kernel := g.String("kernel")
	g.SetStr("os", py.Str(kernel))
	g.SetStr("os_family", py.Str(kernel))
	g.SetStr("osrelease", py.Str(release))
	g.SetStr("osfullname", py.Str(kernel+" "+release))
	env := map[string]string{}
	if h.LookPath("kenv") != "" {
		if out, err := h.Query(ctx, host.Cmd{Argv: []string{"kenv"}}); err == nil && out.Code == 0 {
			env = parseKenv(string(out.Stdout))
		}
	}
	for _, kv := range kenvGrains {
		g.SetStr(kv[0], cleanValue(kv[0], env[kv[1]]))
	}
	kind, sub := kenvVirtual(env)
	switch {
	case strings.Contains(sysctl("hw.hv_vendor"), "bhyve"):
		kind = "bhyve"
	case strings.Contains(sysctl("hw.model"), "QEMU Virtual CPU"):
		kind = "kvm"
	}
	if n, err := unix.SysctlUint32("security.jail.jailed"); err == nil && n == 1 {
		sub = "jail"
	}
	if sub != "" && kind == "physical" {
		kind = "virtual"
	}
	g.SetStr("virtual", py.Str(kind))
	if sub != "" {
		g.SetStr("virtual_subtype", py.Str(sub))
	}
	_, err := h.Stat("/dev/efi")
	g.SetStr("efi", py.Bool(err == nil))
	g.SetStr("efi-secure-boot", py.False)
	if h.LookPath("geom") != "" {
		if out, err := h.Query(ctx, host.Cmd{Argv: []string{"geom", "disk", "list"}}); err == nil && out.Code == 0 {
			disks, ssds := parseGeom(string(out.Stdout))
			g.SetStr("disks", disks)
			g.SetStr("ssds", ssds)
		}
	}
}

func sysctl(name string) string {
	v, err := unix.Sysctl(name)
	if err != nil {
		return ""
	}
	return v
}

func cpu(_ context.Context, h host.Reader, g *py.Dict) error {
	n := 1
	if v, err := unix.SysctlUint32("hw.ncpu"); err == nil {
		n = int(v)
	}
	g.SetStr("num_cpus", py.Int(n))
	if v := sysctl("hw.machine"); v != "" {
		g.SetStr("cpuarch", py.Str(v))
	}
	if runtime.GOOS == "darwin" {
		g.SetStr("cpu_model", py.Str(sysctl("machdep.cpu.brand_string")))
		g.SetStr("cpu_flags", py.Strings(strings.Split(sysctl("machdep.cpu.features"), " ")...))
		return nil
	}
	g.SetStr("cpu_model", py.Str(sysctl("hw.model")))
	if b, err := h.ReadFile("/var/run/dmesg.boot"); err == nil {
		g.SetStr("cpu_flags", parseBootFlags(string(b)))
	}
	return nil
}

func memory(_ context.Context, _ host.Reader, g *py.Dict) error {
	key := "hw.physmem"
	if runtime.GOOS == "darwin" {
		key = "hw.memsize"
	}
	total, err := unix.SysctlUint64(key)
	if err != nil {
		total = 0
	}
	var swap uint64
	if runtime.GOOS == "darwin" {
		// struct xsw_usage begins with the total
		if raw, err := unix.SysctlRaw("vm.swapusage"); err == nil && len(raw) >= 8 {
			swap = binary.LittleEndian.Uint64(raw)
		}
	} else if v, err := unix.SysctlUint64("vm.swap_total"); err == nil {
		swap = v
	}
	g.SetStr("mem_total", py.Int(total>>20))
	g.SetStr("swap_total", py.Int(swap>>20))
	return nil
}
