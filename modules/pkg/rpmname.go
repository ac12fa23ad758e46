package pkg

import (
	"slices"
	"strings"

	"pinch/internal/pkgversion"
	"pinch/modules"
)

// Architectures of RPM packages (salt.utils.pkg.rpm).
var (
	arches64    = []string{"x86_64", "x86_64_v2", "athlon", "amd64", "ia32e", "ia64", "geode"}
	arches32    = []string{"i386", "i486", "i586", "i686"}
	archesArm32 = []string{"armv5tel", "armv5tejl", "armv6l", "armv6hl", "armv7l", "armv7hl", "armv7hnl"}
	archesOther = []string{"ppc", "ppc64", "ppc64le", "ppc64iseries", "ppc64pseries", "s390", "s390x", "alpha", "alphaev4", "alphaev45", "alphaev5",
		"alphaev56", "alphapca56", "alphaev6", "alphaev67", "alphaev68", "alphaev7", "sh3", "sh4", "sh4a"}
)

func isRPMArch(s string) bool {
	return slices.Contains(arches64, s) || slices.Contains(arches32, s) || slices.Contains(archesArm32, s) || slices.Contains(archesOther, s)
}

// rpmNames are the rules for names of RPM packages on a host.
type rpmNames struct{ osarch string }

func rpmNamesOf(c *modules.Call) rpmNames { return rpmNames{grain(c, "osarch")} }

// is32 says whether both architectures are of the same 32-bit kind.
func (n rpmNames) is32(arch string) bool {
	return slices.Contains(arches32, arch) && slices.Contains(arches32, n.osarch) ||
		slices.Contains(archesArm32, arch) && slices.Contains(archesArm32, n.osarch)
}

// resolve adds the architecture to a name where it does not go without saying.
func (n rpmNames) resolve(name, arch string) string {
	both64 := strings.HasPrefix(arch, "x86_64") && strings.HasPrefix(n.osarch, "x86_64") && isRPMArch(arch) && isRPMArch(n.osarch)
	if n.is32(arch) || arch == n.osarch || arch == "noarch" || both64 {
		return name
	}
	return name + "." + arch
}

// split takes an architecture off a name.
func (n rpmNames) split(name string) (bare, arch string) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 || !isRPMArch(name[i+1:]) && name[i+1:] != "noarch" {
		return name, ""
	}
	return name[:i], name[i+1:]
}

func (n rpmNames) normalize(name string) string {
	if bare, arch := n.split(name); arch != "" && n.resolve(bare, arch) == bare {
		return bare
	}
	return name
}

// atVersion is NAME-VERSION.ARCH as dnf and zypper take it. The epoch is kept
// on request only.
func (n rpmNames) atVersion(name, version string, epoch bool) string {
	bare, arch := n.split(name)
	if arch == "noarch" {
		bare, arch = name, ""
	}
	if !epoch {
		if _, rest, ok := strings.Cut(version, ":"); ok {
			version = rest
		}
	}
	if arch != "" {
		arch = "." + arch
	}
	return bare + "-" + version + arch
}

// rpmFormat is what rpm is asked to print of each package.
const rpmFormat = "%{NAME}_|-%{EPOCH}_|-%{VERSION}_|-%{RELEASE}_|-%{ARCH}_|-(none)_|-%{INSTALLTIME}"

// parseRPM reads a line of that format: name with its architecture where that
// matters, and [epoch:]version[-release].
func (n rpmNames) parseRPM(line string) (name, version string, ok bool) {
	f := strings.Split(line, "_|-")
	if len(f) != 7 {
		return "", "", false
	}
	version = f[2]
	if f[3] != "" {
		version += "-" + f[3]
	}
	if f[1] != "(none)" && f[1] != "0" {
		version = f[1] + ":" + version
	}
	return n.resolve(f[0], f[4]), version, true
}

// parseRPMs reads the lines of all packages: versions by name, in the order of
// their version without epoch and release.
func (n rpmNames) parseRPMs(stdout string) map[string][]string {
	list := map[string][]string{}
	for line := range strings.Lines(stdout) {
		if name, v, ok := n.parseRPM(strings.TrimRight(line, "\n")); ok && !slices.Contains(list[name], v) {
			list[name] = append(list[name], v)
		}
	}
	bare := func(v string) string {
		if _, rest, ok := strings.Cut(v, ":"); ok {
			v = rest
		}
		v, _, _ = strings.Cut(v, "-")
		return v
	}
	for _, versions := range list {
		slices.SortStableFunc(versions, func(a, b string) int { return strings.Compare(bare(a), bare(b)) })
	}
	return list
}

// newestFirst sorts versions as Salt's LooseVersion does, which is not rpm's
// order.
func newestFirst(versions []string) {
	slices.SortStableFunc(versions, func(a, b string) int {
		c, _ := pkgversion.Loose(b, a, false)
		return c
	})
}
