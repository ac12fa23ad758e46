package grains

import (
	"strconv"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
)

// linuxCPU reads /proc/cpuinfo.
func linuxCPU(h host.Reader, g *py.Dict) {
	n, model, flags := 0, "Unknown", py.NewList()
	for _, line := range lines(h, "/proc/cpuinfo") {
		f := strings.Split(line, ":")
		if len(f) < 2 {
			continue
		}
		v := strings.TrimSpace(f[1])
		switch strings.TrimSpace(f[0]) {
		case "processor":
			n++
		case "# processors":
			n, _ = strconv.Atoi(v)
		case "vendor_id", "model name", "cpu":
			model = v
		case "Processor":
			model, _, _ = strings.Cut(v, "-")
			n = 1
		case "flags", "Features":
			flags = py.Strings(strings.Fields(v)...)
		}
	}
	g.SetStr("num_cpus", py.Int(n))
	g.SetStr("cpu_model", py.Str(model))
	g.SetStr("cpu_flags", flags)
}

// linuxMemory reads /proc/meminfo: MiB.
func linuxMemory(h host.Reader, g *py.Dict) {
	g.SetStr("mem_total", py.Int(0))
	g.SetStr("swap_total", py.Int(0))
	for _, line := range lines(h, "/proc/meminfo") {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		kib, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			continue
		}
		switch f[0] {
		case "MemTotal:":
			g.SetStr("mem_total", py.Int(kib/1024))
		case "SwapTotal:":
			g.SetStr("swap_total", py.Int(kib/1024))
		}
	}
}

// debianArchs are dpkg's names of the kernel's architectures.
var debianArchs = map[string]string{
	"x86_64": "amd64", "aarch64": "arm64", "armv7l": "armhf", "armv8l": "armhf", "armv6l": "armhf", "i686": "i386", "i586": "i386",
	"i386": "i386", "ppc64le": "ppc64el", "riscv64": "riscv64", "s390x": "s390x", "mips64": "mips64el",
}

// osarch is the architecture of packages: of the package dpkg, or rpm's
// _host_cpu, which is the kernel's.
func osarch(h host.Reader, g *py.Dict) string {
	kernel := g.String("cpuarch")
	switch g.String("os_family") {
	case "Debian":
		if a := dpkgArch(h); a != "" {
			return a
		}
		if a := debianArchs[kernel]; a != "" {
			return a
		}
	case "RedHat", "Suse":
		if kernel == "armv8l" {
			return "armv7hl"
		}
	}
	return kernel
}

// dpkgArch reads the architecture of the package dpkg from its status file.
func dpkgArch(h host.Reader) string {
	in := false
	for _, line := range lines(h, "/var/lib/dpkg/status") {
		switch {
		case line == "Package: dpkg":
			in = true
		case line == "":
			in = false
		case in && strings.HasPrefix(line, "Architecture: "):
			return strings.TrimPrefix(line, "Architecture: ")
		}
	}
	return ""
}
