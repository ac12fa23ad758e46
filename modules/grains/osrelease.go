package grains

import (
	"regexp"
	"strings"

	"pinch/internal/host"
)

var (
	osReleaseLine = regexp.MustCompile(`^([a-zA-Z0-9_]+)=(.*)$`)
	unescape      = strings.NewReplacer(`\\`, `\`, `\$`, `$`, `\"`, `"`, `\'`, `'`, "\\`", "`")
	lsbLine       = regexp.MustCompile(`^(DISTRIB_(?:ID|RELEASE|CODENAME|DESCRIPTION))=['"]?([\pL\pN\s._\-]+)`)
)

// readOSRelease reads os-release as Python's platform.freedesktop_os_release
// does, defaults included; nil when there is none.
func readOSRelease(h host.Reader) map[string]string {
	var l []string
	for _, path := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		if l = lines(h, path); l != nil {
			break
		}
	}
	if l == nil {
		return nil
	}
	v := map[string]string{"NAME": "Linux", "ID": "linux", "PRETTY_NAME": "Linux"}
	for _, line := range l {
		m := osReleaseLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		x := m[2]
		if n := len(x); n >= 2 && (x[0] == '"' || x[0] == '\'') && x[n-1] == x[0] {
			x = x[1 : n-1]
		}
		v[m[1]] = unescape.Replace(x)
	}
	return v
}

// parseLSB reads /etc/lsb-release: grains and their values in the file's order.
func parseLSB(l []string) [][2]string {
	var out [][2]string
	for _, line := range l {
		if m := lsbLine.FindStringSubmatch(line); m != nil {
			out = append(out, [2]string{"lsb_" + strings.ToLower(m[1]), strings.TrimRight(m[2], " \t\r\n\f\v")})
		}
	}
	return out
}

// distro is what Python's package distro says: Salt's last resort.
type distro struct{ name, version, codename string }

var (
	releaseFile    = regexp.MustCompile(`^(\w+)[-_](?:release|version)$`)
	releaseContent = regexp.MustCompile(`^(?:[^)]*\)(.*)\()? *(?:STL )?([\d.+\-a-z]*\d) *(?:esaeler *)?(.+)`)
	versionWord    = regexp.MustCompile(`\((\D+)\)|,\s*(\D+)`)
)

// notReleaseFiles are files of /etc that say nothing of the distribution.
var notReleaseFiles = map[string]bool{
	"debian_version": true, "lsb-release": true, "oem-release": true, "os-release": true, "system-release": true, "plesk-release": true,
	"iredmail-release": true, "board-release": true, "ec2_version": true,
}

func readDistro(h host.Reader, rel map[string]string) distro {
	file := distroFile(h)
	attr := func(key string) string { // without platform's defaults
		if v, ok := rel[key]; ok && (v != "Linux" && v != "linux") {
			return v
		}
		return ""
	}
	d := distro{name: attr("NAME"), codename: file.codename}
	if d.name == "" {
		d.name = file.name
	}
	if m := versionWord.FindStringSubmatch(rel["VERSION"]); m != nil {
		d.codename = m[1] + m[2]
	}
	if v, ok := rel["VERSION_CODENAME"]; ok {
		d.codename = v
	} else if v, ok := rel["UBUNTU_CODENAME"]; ok {
		d.codename = v
	}
	// The one with most dots, of equal ones the first.
	candidates := []string{rel["VERSION_ID"], file.version, parseRelease(attr("PRETTY_NAME")).version}
	if rel["ID"] == "debian" || hasWord(rel["ID_LIKE"], "debian") {
		candidates = append(candidates, strings.TrimRight(first(h, "/etc/debian_version"), " \t"))
	}
	for _, v := range candidates {
		if d.version == "" || strings.Count(v, ".") > strings.Count(d.version, ".") {
			d.version = v
		}
	}
	trim := func(s string) string { return strings.Trim(strings.Trim(s, `"`), "'") }
	return distro{trim(d.name), trim(d.version), trim(d.codename)}
}

func hasWord(text, word string) bool {
	for _, w := range strings.Fields(text) {
		if w == word {
			return true
		}
	}
	return false
}

// distroFile reads the first line of the first file such as /etc/redhat-release.
func distroFile(h host.Reader) distro {
	entries, err := h.ReadDir("/etc")
	if err != nil {
		return distro{}
	}
	for _, e := range entries { // sorted
		if notReleaseFiles[e.Name()] || !releaseFile.MatchString(e.Name()) || !isFile(h, "/etc/"+e.Name()) {
			continue
		}
		if l := lines(h, "/etc/"+e.Name()); len(l) > 0 {
			if d := parseRelease(l[0]); d.name != "" {
				return d
			}
		}
	}
	return distro{}
}

// parseRelease reads a line such as "CentOS Linux release 7.9.2009 (Core)". The
// pattern wants it back to front.
func parseRelease(line string) distro {
	m := releaseContent.FindStringSubmatch(reverse(strings.TrimSpace(line)))
	if m == nil {
		return distro{name: strings.TrimSpace(line)}
	}
	return distro{name: reverse(m[3]), version: reverse(m[2]), codename: reverse(m[1])}
}

func reverse(s string) string {
	r := []rune(s)
	for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
		r[i], r[j] = r[j], r[i]
	}
	return string(r)
}
