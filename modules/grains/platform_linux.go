package grains

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
)

// platform adds what distribution this is, as Salt names it.
func platform(ctx context.Context, h host.Reader, g *py.Dict) error {
	if h.LookPath("systemctl") != "" && h.LookPath("localectl") != "" {
		if d := systemd(ctx, h); d != nil {
			g.SetStr("systemd", d)
		}
	}
	g.SetStr("init", py.Str(initSystem(h)))
	distribution(h, g)
	g.SetStr("osarch", py.Str(osarch(h, g)))
	g.SetStr("ps", py.Str("ps -efHww"))
	virtual(h, g)
	if id := first(h, "/etc/machine-id"); id != "" {
		g.SetStr("machine_id", py.Str(id))
	} else if id := first(h, "/var/lib/dbus/machine-id"); id != "" {
		g.SetStr("machine_id", py.Str(id))
	}
	_, err := h.Stat("/sys/firmware/efi")
	g.SetStr("efi", py.Bool(err == nil))
	g.SetStr("efi-secure-boot", py.Bool(secureBoot(h)))
	kernelParams(h, g)
	blockDevices(h, g)
	g.SetStr("num_gpus", py.Int(0))
	g.SetStr("gpus", py.NewList())
	return nil
}

// systemd is the version that `systemctl --version` prints: nothing on disk
// says it.
func systemd(ctx context.Context, h host.Reader) *py.Dict {
	out, err := h.Query(ctx, host.Cmd{Argv: []string{"systemctl", "--version"}})
	if err != nil || out.Code != 0 {
		return nil
	}
	l := strings.SplitN(strings.TrimSpace(string(out.Stdout)), "\n", 2)
	f := strings.Fields(l[0])
	if len(f) < 2 || len(l) < 2 {
		return nil
	}
	return py.DictOf("version", py.Str(f[1]), "features", py.Str(strings.TrimSpace(l[1])))
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
	for _, name := range []string{"supervisord", "dumb-init", "tini"} {
		if p := h.LookPath(name); p != "" {
			for _, a := range argv {
				if a == p {
					return name
				}
			}
		}
	}
	for _, a := range argv {
		if a == "/sbin/my_init" || a == "runit" && len(argv) == 1 {
			return "runit"
		}
	}
	return "unknown"
}

var (
	prettyName = regexp.MustCompile(`^[^\d]+ (\d[\d.+\-a-z]*) \((.+)\)`)
	versionOf  = regexp.MustCompile(`^\d[\d.+\-a-z]* \((.+)\)`)
	linuxWord  = regexp.MustCompile(`(?i)\W(?:gnu/)?linux`)
)

// osRelease reads os-release, with the defaults that its manual gives.
func osRelease(h host.Reader) map[string]string {
	var l []string
	if l = lines(h, "/etc/os-release"); l == nil {
		if l = lines(h, "/usr/lib/os-release"); l == nil {
			return nil
		}
	}
	v := map[string]string{"NAME": "Linux", "ID": "linux", "PRETTY_NAME": "Linux"}
	for _, line := range l {
		line = strings.TrimSpace(line)
		k, x, ok := strings.Cut(line, "=")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		if n := len(x); n >= 2 && (x[0] == '"' || x[0] == '\'') && x[n-1] == x[0] {
			x = x[1 : n-1]
		}
		v[k] = strings.NewReplacer(`\"`, `"`, `\$`, `$`, `\\`, `\`, "\\`", "`").Replace(x)
	}
	return v
}

func distribution(h host.Reader, g *py.Dict) {
	lsb := map[string]string{}
	for _, line := range lines(h, "/etc/lsb-release") {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			lsb["lsb_"+strings.ToLower(k)] = strings.Trim(v, `"'`)
		}
	}
	r := osRelease(h)
	if lsb["lsb_distrib_id"] == "" && r != nil {
		lsb["lsb_distrib_id"] = strings.TrimSpace(r["NAME"])
		if v := r["VERSION_ID"]; v != "" {
			lsb["lsb_distrib_release"] = v
		}
		if v := r["VERSION_CODENAME"]; v != "" {
			lsb["lsb_distrib_codename"] = v
		} else if v := r["PRETTY_NAME"]; v != "" {
			lsb["lsb_distrib_codename"] = v
		}
	}
	for _, k := range []string{"lsb_distrib_id", "lsb_distrib_release", "lsb_distrib_codename", "lsb_distrib_description"} {
		if v, ok := lsb[k]; ok {
			g.SetStr(k, py.Str(v))
		}
	}
	full := strings.TrimSpace(r["NAME"])
	if full == "" {
		full = lsb["lsb_distrib_id"]
	}
	name := osName(full, r["ID"])
	release := r["VERSION_ID"]
	switch {
	case r["ID"] == "mendel":
		if f := strings.Fields(r["PRETTY_NAME"]); len(f) >= 3 {
			release = f[2]
		}
	case strings.HasPrefix(r["ID"], "opensuse"):
		name, full = "SUSE", "Leap"
		if r["ID"] == "opensuse-tumbleweed" {
			full = "Tumbleweed"
		}
	case r["ID"] == "centos" || r["ID"] == "rhel":
		if v := regexp.MustCompile(`\d[\d.]*`).FindString(first(h, "/etc/redhat-release")); v != "" {
			release = v
		}
	case r["ID"] == "debian" && release == "": // testing and unstable
		release = strings.TrimSpace(first(h, "/etc/debian_version"))
	case r["ID"] == "arch" && release == "":
		release = "rolling"
	}
	codename := r["VERSION_CODENAME"]
	if codename == "" {
		if m := prettyName.FindStringSubmatch(r["PRETTY_NAME"]); m != nil {
			codename = m[2]
		} else if m := versionOf.FindStringSubmatch(r["VERSION"]); m != nil {
			codename = m[1]
		} else {
			codename = lsb["lsb_distrib_codename"]
		}
	}
	family := osFamilies[name]
	if family == "" {
		family = familyOf(name, r)
	}
	g.SetStr("os", py.Str(name))
	g.SetStr("os_family", py.Str(family))
	g.SetStr("osfullname", py.Str(full))
	g.SetStr("oscodename", py.Str(codename))
	g.SetStr("osrelease", py.Str(release))
	releaseInfo(g, name, full, release)
}

// osName shortens a distribution's name as Salt does.
func osName(full, id string) string {
	switch {
	case id == "astra" && full == "Astra Linux (Orel)":
		return "AstraLinuxCE"
	case id == "astra" && full == "Astra Linux (Smolensk)":
		return "AstraLinuxSE"
	case id == "pop" && full == "Pop!_OS":
		return "Pop"
	}
	plain := strings.TrimSpace(linuxWord.ReplaceAllString(full, ""))
	short := strings.ToLower(strings.ReplaceAll(plain, " ", ""))
	if len(short) > 10 {
		short = short[:10]
	}
	if n := osNames[short]; n != "" {
		return n
	}
	return plain
}

// familyOf finds the family of a distribution that has no name of its own
// there: what it says it is like.
func familyOf(name string, r map[string]string) string {
	like := strings.Fields(r["ID_LIKE"])
	for _, id := range like {
		switch id {
		case "debian", "ubuntu":
			return "Debian"
		case "fedora", "rhel", "centos":
			return "RedHat"
		case "suse", "opensuse":
			return "Suse"
		case "arch":
			return "Arch"
		}
	}
	return name
}

// releaseInfo derives osrelease_info, osmajorrelease and osfinger.
func releaseInfo(g *py.Dict, name, full, release string) {
	info := py.NewList()
	for _, p := range strings.Split(release, ".") {
		if n, err := strconv.Atoi(p); err == nil && p != "" {
			info.Append(py.Int(n))
		} else {
			info.Append(py.Str(p))
		}
	}
	g.SetStr("osrelease_info", info)
	if n, ok := info.Items[0].(py.Int); ok {
		g.SetStr("osmajorrelease", n)
	}
	finger := full
	switch name {
	case "Debian", "FreeBSD", "OpenBSD", "NetBSD", "Mac", "Raspbian", "AlmaLinux":
		finger = name
	}
	version := py.ToStr(info.Items[0])
	switch name {
	case "Ubuntu", "Pop", "NixOS":
		version = release
	}
	g.SetStr("osfinger", py.Str(fmt.Sprintf("%s-%s", finger, version)))
}

// debianArchs are dpkg's names of the kernel's architectures.
var debianArchs = map[string]string{
	"x86_64": "amd64", "aarch64": "arm64", "armv7l": "armhf", "armv8l": "armhf", "armv6l": "armhf", "i686": "i386", "i586": "i386",
	"i386": "i386", "ppc64le": "ppc64el", "riscv64": "riscv64", "s390x": "s390x", "mips64": "mips64el",
}

// osarch is the architecture of packages. dpkg's own is that of its package,
// which the list of its files is named after.
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

func secureBoot(h host.Reader) bool {
	entries, err := h.ReadDir("/sys/firmware/efi/efivars")
	if err != nil {
		return false
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "SecureBoot-") {
			b, err := h.ReadFile("/sys/firmware/efi/efivars/" + e.Name())
			return err == nil && len(b) > 0 && b[len(b)-1] == 1
		}
	}
	return false
}

func kernelParams(h host.Reader, g *py.Dict) {
	b, err := h.ReadFile("/proc/cmdline")
	if err != nil {
		return
	}
	l := py.NewList()
	for _, word := range words(string(b)) {
		parts := strings.Split(word, "=")
		value := py.Value(py.None)
		if len(parts) == 2 {
			value = py.Str(strings.Trim(parts[1], `"`))
		}
		l.Append(py.NewList(py.Str(parts[0]), value))
	}
	g.SetStr("kernelparams", l)
}

// words splits a kernel command line, which may have quotes.
func words(s string) []string {
	var out []string
	var b strings.Builder
	quoted, in := false, false
	for _, r := range s {
		switch {
		case r == '"':
			quoted, in = !quoted, true
		case !quoted && (r == ' ' || r == '\n' || r == '\t'):
			if in {
				out = append(out, b.String())
				b.Reset()
			}
			in = false
		default:
			in = true
			b.WriteRune(r)
		}
	}
	if in {
		out = append(out, b.String())
	}
	return out
}

func blockDevices(h host.Reader, g *py.Dict) {
	disks, ssds := py.NewList(), py.NewList()
	entries, err := h.ReadDir("/sys/block")
	if err != nil {
		return
	}
	for _, e := range entries {
		n := e.Name()
		if strings.HasPrefix(n, "loop") || strings.HasPrefix(n, "ram") || strings.HasPrefix(n, "zram") {
			continue
		}
		switch first(h, "/sys/block/"+n+"/queue/rotational") {
		case "0":
			ssds.Append(py.Str(n))
		case "1":
			disks.Append(py.Str(n))
		}
	}
	g.SetStr("disks", disks)
	g.SetStr("ssds", ssds)
}

func cpu(_ context.Context, h host.Reader, g *py.Dict) error {
	n, model, flags := 0, "Unknown", py.NewList()
	for _, line := range lines(h, "/proc/cpuinfo") {
		k, v, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		v, _, _ = strings.Cut(v, ":")
		v = strings.TrimSpace(v)
		switch strings.TrimSpace(k) {
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
	return nil
}

func memory(_ context.Context, h host.Reader, g *py.Dict) error {
	g.SetStr("mem_total", py.Int(0))
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
	return nil
}
