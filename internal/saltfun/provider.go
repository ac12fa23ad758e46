package saltfun

import "pinch/internal/py"

// providers are the files of Salt's source that provide a module with another
// name, by os_family; "" is every other one. A module that is not here is
// provided by a file of its own name.
var providers = map[string]map[string]string{
	"pkg": {"Debian": "aptpkg", "RedHat": "yumpkg", "Suse": "zypperpkg", "Arch": "pacmanpkg", "FreeBSD": "pkgng", "NetBSD": "pkgin",
		"MacOS": "mac_brew_pkg", "Solaris": "solarispkg"},
	"service": {"MacOS": "mac_service", "": "systemd_service"},
	"user":    {"FreeBSD": "pw_user", "MacOS": "mac_user", "": "useradd"},
	"group":   {"FreeBSD": "pw_group", "MacOS": "mac_group", "": "groupadd"},
	"shadow":  {"MacOS": "mac_shadow", "": "linux_shadow"},
	"sysctl":  {"MacOS": "mac_sysctl", "": "linux_sysctl"},
	"lowpkg":  {"Debian": "dpkg_lowpkg", "": "rpm_lowpkg"},
	"cmd":     {"": "cmdmod"}, "debconf": {"": "debconfmod"}, "locale": {"": "localemod"}, "log": {"": "logmod"}, "random": {"": "mod_random"},
	"ini": {"": "ini_manage"}, "sys": {"": "sysmod"}, "pkg_resource": {"": "pkg_resource"},
}

// provider is test.provider: what provides the functions of a module here, ""
// when there is no such module.
func provider(c *call) (py.Value, error) {
	module := py.ToStr(c.arg("module"))
	if !functions().knownModule(c.h, module) {
		return py.Str(""), nil
	}
	by, ok := providers[module]
	if !ok {
		return py.Str(module), nil
	}
	family := c.h.Grains.String("os_family")
	file, ok := by[family]
	if !ok {
		file = by[""]
	}
	if module == "service" && file == "systemd_service" && c.h.Grains.String("init") != "systemd" {
		file = map[string]string{"Debian": "debian_service", "RedHat": "rh_service"}[family]
	}
	return py.Str(file), nil
}
