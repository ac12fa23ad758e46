package grains

import (
	"regexp"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
)

// distribution adds what Linux distribution this is (Salt:
// _linux_distribution_data without Python's lsb_release module, which leads
// through _legacy_linux_distribution_data).
func distribution(h host.Reader, g *py.Dict) {
	for _, kv := range parseLSB(lines(h, "/etc/lsb-release")) {
		g.SetStr(kv[0], py.Str(kv[1]))
	}
	rel := readOSRelease(h)
	if rel != nil {
		g.SetStr("os", py.Str(osName(rel["NAME"], rel["ID"])))
		g.SetStr("osfullname", py.Str(strings.TrimSpace(rel["NAME"])))
	}
	switch {
	case strings.HasPrefix(strings.ToLower(g.String("lsb_distrib_description")), "antergos"):
		// Antergos says in its lsb-release that it is Arch.
		g.SetStr("osfullname", py.Str("Antergos Linux"))
	case g.Has("lsb_distrib_id"):
	case rel != nil:
		fromOSRelease(rel, g)
	default:
		fromOldFiles(h, g)
	}
	d := readDistro(h, rel)
	if !g.Has("osfullname") {
		full := strings.TrimSpace(d.name)
		if id, ok := g.GetStr("lsb_distrib_id"); ok {
			full = strings.TrimSpace(py.ToStr(id))
			if strings.HasPrefix(strings.ToLower(full), "nilrt") {
				full = "nilrt"
			}
		}
		g.SetStr("osfullname", py.Str(full))
	}
	if !g.Has("osrelease") {
		// CentOS 7 and 8 have no minor number in os-release.
		if code := g.String("lsb_distrib_codename"); strings.Contains(code, "CentOS Linux 7") || strings.Contains(code, "CentOS Linux 8") {
			g.DeleteStr("lsb_distrib_release")
		}
		release := d.version
		if v, ok := g.GetStr("lsb_distrib_release"); ok {
			release = py.ToStr(v)
		}
		g.SetStr("osrelease", py.Str(strings.TrimSpace(release)))
	}
	codename(g, d.codename)
	if !g.Has("os") {
		g.SetStr("os", py.Str(osName(g.String("osfullname"), "")))
	}
	if product, ok := rel["SUSE_SUPPORT_PRODUCT"]; ok {
		version := rel["SUSE_SUPPORT_PRODUCT_VERSION"]
		pretty := rel["SUSE_PRETTY_NAME"]
		if pretty == "" {
			pretty = product + " " + version
		}
		g.SetStr("oscodename", py.Str(pretty))
		g.SetStr("osrelease", py.Str(version))
		if product == "SUSE Linux Micro" {
			g.SetStr("osfullname", py.Str("SL-Micro"))
		}
	}
	family := osFamilies[g.String("os")]
	if family == "" {
		family = g.String("os")
	}
	g.SetStr("os_family", py.Str(family))
}

// codename sets oscodename and cuts a codename in brackets out where Salt does.
func codename(g *py.Dict, other string) {
	code := g.String("lsb_distrib_codename")
	name := g.String("os")
	if code != "" && (strings.Contains(name, "Rocky") || strings.Contains(name, "AlmaLinux") || strings.Contains(name, "AstraLinuxSE")) {
		if _, rest, ok := strings.Cut(code, "("); ok {
			inner, _, _ := strings.Cut(rest, ")")
			if f := strings.Fields(inner); name == "AstraLinuxSE" && len(f) > 0 {
				inner = strings.ToLower(f[0])
			}
			code = inner
			g.SetStr("lsb_distrib_codename", py.Str(code))
		}
	}
	code = strings.TrimSpace(code)
	if code == "" || strings.Contains(code, "Red Hat") {
		code = other
	}
	g.SetStr("oscodename", py.Str(code))
}

// fromOSRelease fills the lsb_distrib grains of a distribution without
// lsb-release.
func fromOSRelease(rel map[string]string, g *py.Dict) {
	g.SetStr("lsb_distrib_id", py.Str(strings.TrimSpace(rel["NAME"])))
	if v, ok := rel["VERSION_ID"]; ok {
		g.SetStr("lsb_distrib_release", py.Str(v))
	}
	if v, ok := rel["VERSION_CODENAME"]; ok {
		g.SetStr("lsb_distrib_codename", py.Str(v))
	} else {
		g.SetStr("lsb_distrib_codename", py.Str(rel["PRETTY_NAME"]))
	}
	if vendor, version := parseCPE(rel["CPE_NAME"]); vendor == "suse" || vendor == "opensuse" {
		g.SetStr("os", py.Str("SUSE"))
		switch {
		case rel["NAME"] == "openSUSE Leap":
			g.SetStr("osfullname", py.Str("Leap"))
		case rel["VERSION"] == "Tumbleweed":
			g.SetStr("osfullname", py.Str("Tumbleweed"))
		}
		if version != "" && vendor == "opensuse" { // SLES keeps VERSION_ID
			g.SetStr("lsb_distrib_release", py.Str(version))
		}
	}
	if strings.TrimSpace(rel["ID"]) == "mendel" {
		if f := strings.Fields(rel["PRETTY_NAME"]); len(f) >= 3 {
			g.SetStr("lsb_distrib_release", py.Str(f[2]))
		}
	}
}

// parseCPE reads vendor (in lower case) and version of a CPE name.
func parseCPE(text string) (vendor, version string) {
	f := strings.Split(text, ":")
	star := func(s string) string {
		if s == "*" {
			return ""
		}
		return s
	}
	if len(f) <= 4 || f[0] != "cpe" {
		return "", ""
	}
	switch {
	case strings.HasPrefix(f[1], "/"):
		vendor, version = f[2], f[4]
	case len(f) == 6 && f[1] == "2.3", len(f) > 7 && len(f) <= 13 && f[1] == "2.3":
		vendor, version = star(f[3]), star(f[5])
	}
	return strings.ToLower(vendor), version
}

var (
	brackets   = regexp.MustCompile(`\(.+\)`)
	noDigits   = regexp.MustCompile(`[^0-9]`)
	twoNumbers = regexp.MustCompile(`\d+\.\d+`)
	inBrackets = regexp.MustCompile(`\((.*?)\)`)
)

// fromOldFiles reads the files of distributions that have neither lsb-release
// nor os-release.
func fromOldFiles(h host.Reader, g *py.Dict) {
	switch {
	case isFile(h, "/etc/SuSE-release"):
		suseRelease(lines(h, "/etc/SuSE-release"), g)
	case isFile(h, "/etc/altlinux-release"):
		g.SetStr("lsb_distrib_id", py.Str("altlinux"))
		for _, line := range lines(h, "/etc/altlinux-release") {
			if f := strings.Fields(line); len(f) > 3 && f[0] == "ALT" {
				g.SetStr("lsb_distrib_release", py.Str(f[2]))
				g.SetStr("lsb_distrib_codename", py.Str(strings.NewReplacer("(", "", ")", "").Replace(f[3])))
			}
		}
	case isFile(h, "/etc/centos-release"):
		g.SetStr("lsb_distrib_id", py.Str("CentOS"))
		for _, line := range lines(h, "/etc/centos-release") {
			if v := twoNumbers.FindString(line); v != "" {
				g.SetStr("lsb_distrib_release", py.Str(v))
			}
			if m := inBrackets.FindStringSubmatch(line); m != nil {
				g.SetStr("lsb_distrib_codename", py.Str(m[1]))
			}
		}
	case isFile(h, "/etc.defaults/VERSION") && isFile(h, "/etc.defaults/synoinfo.conf"):
		g.SetStr("osfullname", py.Str("Synology"))
		info := map[string]string{}
		for _, line := range lines(h, "/etc.defaults/VERSION") {
			if f := strings.Split(line, "="); len(f) == 2 && slices.Contains([]string{"majorversion", "minorversion", "buildnumber"}, f[0]) {
				info[f[0]] = strings.Trim(f[1], `"`)
			}
		}
		if len(info) == 3 {
			g.SetStr("osrelease", py.Str(info["majorversion"]+"."+info["minorversion"]+"-"+info["buildnumber"]))
		}
	}
}

func suseRelease(l []string, g *py.Dict) {
	id, code, version, patch := "SUSE", "", "", ""
	for _, line := range l {
		switch low := strings.ToLower(line); {
		case strings.Contains(low, "enterprise"):
			id, code = "SLES", strings.TrimSpace(brackets.ReplaceAllString(line, ""))
		case strings.Contains(low, "version"):
			version = noDigits.ReplaceAllString(line, "")
		case strings.Contains(low, "patchlevel"):
			patch = noDigits.ReplaceAllString(line, "")
		}
	}
	if patch != "" {
		version += "." + patch
		if code != "" && !strings.Contains(code, "SP"+patch) {
			code += " SP" + patch
		}
	}
	if code == "" {
		code = "n.a"
	}
	g.SetStr("lsb_distrib_id", py.Str(id))
	g.SetStr("lsb_distrib_release", py.Str(version))
	g.SetStr("lsb_distrib_codename", py.Str(code))
}

var linuxWord = regexp.MustCompile(`(?i)[^\pL\pN_](?:gnu/)?linux`)

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
	short := []rune(strings.ToLower(strings.ReplaceAll(plain, " ", "")))
	if n := osNames[string(short[:min(len(short), 10)])]; n != "" {
		return n
	}
	return plain
}

// releaseGrains derives osrelease_info, osmajorrelease and osfinger; without a
// release there are none.
func releaseGrains(g *py.Dict) {
	release := g.String("osrelease")
	if release == "" {
		return
	}
	name := g.String("os")
	info := py.NewList()
	for _, p := range strings.Split(release, ".") {
		info.Append(number(p))
	}
	g.SetStr("osrelease_info", info)
	if n, ok := info.Items[0].(py.Int); ok {
		g.SetStr("osmajorrelease", n)
	}
	finger := g.String("osfullname")
	if slices.Contains([]string{"Debian", "FreeBSD", "OpenBSD", "NetBSD", "Mac", "Raspbian", "AlmaLinux"}, name) {
		finger = name
	}
	version := py.ToStr(info.Items[0])
	if name == "Ubuntu" || name == "Pop" || name == "NixOS" {
		version = release
	}
	g.SetStr("osfinger", py.Str(finger+"-"+version))
}
