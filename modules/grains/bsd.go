package grains

import (
	"regexp"
	"strconv"
	"strings"

	"pinch/internal/py"
)

// What FreeBSD and macOS print and keep in files, read as Salt reads it. The
// parsers are compiled everywhere, so that they are tested everywhere.

// parseKenv reads the list that kenv prints: name="value".
func parseKenv(text string) map[string]string {
	out := map[string]string{}
	for _, line := range strings.Split(text, "\n") {
		if k, v, ok := strings.Cut(line, "="); ok {
			out[k] = strings.TrimSuffix(strings.TrimPrefix(v, `"`), `"`)
		}
	}
	return out
}

// kenvGrains are the grains that kenv's smbios variables give.
var kenvGrains = [][2]string{
	{"biosversion", "smbios.bios.version"}, {"biosvendor", "smbios.bios.vendor"}, {"manufacturer", "smbios.system.maker"},
	{"serialnumber", "smbios.system.serial"}, {"productname", "smbios.system.product"}, {"biosreleasedate", "smbios.bios.reldate"},
	{"uuid", "smbios.system.uuid"},
}

var (
	noneWord     = regexp.MustCompile(`(?i)^none`)
	uuidForm     = regexp.MustCompile(`(?i)^\{?(?:urn:)?(?:uuid:)?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?$`)
	onlyZeros    = regexp.MustCompile(`^0+$`)
	counting     = regexp.MustCompile(`^0?1234567[89]?[9]?0?`)
	placeholder  = regexp.MustCompile(`(?i)sernum|part[_-]?number|specified|filled|applicable`)
	noMaker      = regexp.MustCompile(`(?i)manufacturer|to be filled|available|asset|^no(?:ne|t)`)
	toBeFilled   = regexp.MustCompile(`(?i)to be filled`)
	unknownValue = regexp.MustCompile(`(?i)un(?:known|specified)|no(?:t|ne)? (?:asset|provided|defined|available|present|specified)`)
)

// cleanValue is None for the well-known texts that mean nothing.
func cleanValue(key, v string) py.Value {
	bogus := false
	switch {
	case v == "", noneWord.MatchString(v):
		bogus = true
	case strings.Contains(key, "uuid"):
		bogus = !uuidForm.MatchString(v)
	case strings.Contains(key, "serial"), strings.Contains(key, "part"), strings.Contains(key, "version"):
		bogus = onlyZeros.MatchString(v) || counting.MatchString(v) || placeholder.MatchString(v)
	case strings.Contains(key, "asset"), strings.Contains(key, "manufacturer"):
		bogus = noMaker.MatchString(v)
	default:
		bogus = toBeFilled.MatchString(v) || unknownValue.MatchString(v)
	}
	if bogus {
		return py.None
	}
	return py.Str(v)
}

// kenvVirtual is what a FreeBSD host runs in.
func kenvVirtual(env map[string]string) (kind, sub string) {
	product, maker := env["smbios.system.product"], env["smbios.system.maker"]
	kind = "physical"
	switch {
	case strings.HasPrefix(product, "VMware"):
		kind = "VMware"
	case strings.HasPrefix(product, "VirtualBox"):
		kind = "VirtualBox"
	}
	switch {
	case strings.HasPrefix(maker, "Xen"):
		kind, sub = "xen", maker+" "+product
	case strings.HasPrefix(maker, "Microsoft") && strings.HasPrefix(product, "Virtual"):
		kind = "VirtualPC"
	case strings.HasPrefix(maker, "OpenStack"):
		kind = "OpenStack"
	case strings.HasPrefix(maker, "Bochs"):
		kind = "kvm"
	case strings.HasPrefix(maker, "Amazon EC2"):
		kind = "Nitro"
	}
	return kind, sub
}

// parseUserland finds the version in the program freebsd-version, a shell
// script that has it as a variable.
func parseUserland(script string) string {
	for _, line := range strings.Split(script, "\n") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "USERLAND_VERSION="); ok {
			return strings.Trim(v, `"'`)
		}
	}
	return ""
}

// parseBootFlags finds the processor's features in FreeBSD's dmesg.boot.
func parseBootFlags(text string) *py.List {
	out := py.NewList()
	in := false
	for _, line := range strings.Split(text, "\n") {
		switch {
		case strings.HasPrefix(line, "CPU: "):
			in = true
		case in && !strings.HasPrefix(line, " "):
			return out
		case in && strings.Contains(line, "Features"):
			start, end := strings.IndexByte(line, '<'), strings.IndexByte(line, '>')
			if start > 0 && end > start {
				for _, f := range strings.Split(line[start+1:end], ",") {
					out.Append(py.Str(f))
				}
			}
		}
	}
	return out
}

// geomAttrs are the attributes of `geom disk list`, with their second names.
var geomAttrs = []struct{ name, alias string }{
	{"Geom name", ""}, {"Mediasize", ""}, {"Sectorsize", ""}, {"Stripesize", ""}, {"Stripeoffset", ""}, {"descr", "device_model"},
	{"lunid", "WWN"}, {"lunname", ""}, {"ident", "serial_number"}, {"rotationrate", "media_RPM"},
}

// parseGeom reads `geom disk list`: disks by name, and which of them do not
// rotate. CD drives are left out.
func parseGeom(text string) (disks *py.Dict, ssds *py.List) {
	disks, ssds = py.NewDict(), py.NewList()
	for _, device := range strings.Split(text, "\n\n") {
		d, name := py.NewDict(), ""
		for _, line := range strings.Split(device, "\n") {
			for _, a := range geomAttrs {
				_, v, ok := strings.Cut(line, a.name+": ")
				if !ok {
					continue
				}
				if a.name == "Geom name" {
					name = v
					continue
				}
				value := py.Value(py.Str(v))
				switch a.name {
				case "Sectorsize", "Stripesize", "Stripeoffset", "rotationrate":
					value = py.None
					if n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64); err == nil {
						value = py.Int(n)
					}
				}
				d.SetStr(a.name, value)
				if a.alias != "" {
					d.SetStr(a.alias, value)
				}
			}
		}
		if name == "" || strings.HasPrefix(name, "cd") {
			continue
		}
		disks.SetStr(name, d)
		if d.Lookup("rotationrate") == py.Value(py.Int(0)) {
			ssds.Append(py.Str(name))
		}
	}
	return disks, ssds
}

var plistPair = regexp.MustCompile(`<key>([^<]+)</key>\s*<string>([^<]*)</string>`)

// parseSystemVersion reads macOS's SystemVersion.plist, from which sw_vers has
// what it prints.
func parseSystemVersion(plist string) (name, version, build string) {
	v := map[string]string{}
	for _, m := range plistPair.FindAllStringSubmatch(plist, -1) {
		v[m[1]] = m[2]
	}
	return v["ProductName"], v["ProductVersion"], v["ProductBuildVersion"]
}
