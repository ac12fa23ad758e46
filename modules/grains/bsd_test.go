package grains

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/py"
)

func TestKenv(t *testing.T) {
	env := parseKenv("smbios.bios.vendor=\"Xen\"\nsmbios.bios.version=\"4.11.amazon\"\nsmbios.system.maker=\"Xen\"\nsmbios.system.product=\"HVM domU\"\n" +
		"smbios.system.serial=\"0000000\"\nsmbios.system.uuid=\"ec2b5b5c-0000-1111-2222-333344445555\"\nacpi_load=\"YES\"\n")
	got := map[string]string{}
	for _, kv := range kenvGrains {
		got[kv[0]] = py.Repr(cleanValue(kv[0], env[kv[1]]))
	}
	want := map[string]string{"biosversion": "'4.11.amazon'", "biosvendor": "'Xen'", "manufacturer": "'Xen'", "serialnumber": "None",
		"productname": "'HVM domU'", "biosreleasedate": "None", "uuid": "'ec2b5b5c-0000-1111-2222-333344445555'"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if kind, sub := kenvVirtual(env); kind != "xen" || sub != "Xen HVM domU" {
		t.Errorf("virtual %q, %q", kind, sub)
	}
	for product, want := range map[string]string{"VMware Virtual Platform": "VMware", "VirtualBox": "VirtualBox", "PowerEdge": "physical"} {
		if kind, _ := kenvVirtual(map[string]string{"smbios.system.product": product}); kind != want {
			t.Errorf("%s is %s", product, kind)
		}
	}
}

// The answers are those of Salt's _clean_value.
func TestCleanValue(t *testing.T) {
	for _, c := range []struct{ key, value, want string }{
		{"serialnumber", "Not Specified", "None"}, {"serialnumber", "To be filled by O.E.M.", "None"}, {"serialnumber", "0123456789", "None"},
		{"serialnumber", "VMware-42 1a", "'VMware-42 1a'"}, {"biosversion", "1.2", "'1.2'"}, {"manufacturer", "Manufacturer0", "None"},
		{"manufacturer", "Dell Inc.", "'Dell Inc.'"}, {"productname", "Unknown", "None"}, {"productname", "not available", "None"},
		{"uuid", "not-a-uuid", "None"}, {"uuid", "03000200-0400-0500-0006-000700080009", "'03000200-0400-0500-0006-000700080009'"},
		{"biosvendor", "None", "None"}, {"biosvendor", "", "None"},
	} {
		if got := py.Repr(cleanValue(c.key, c.value)); got != c.want {
			t.Errorf("%s %q: %s, want %s", c.key, c.value, got, c.want)
		}
	}
}

func TestFreeBSDTexts(t *testing.T) {
	if v := parseUserland("#!/bin/sh\n# comment\nset -e\n\nUSERLAND_VERSION=\"14.1-RELEASE-p2\"\n\n: ${LOADER_DIR:=/boot}\n"); v != "14.1-RELEASE-p2" {
		t.Errorf("userland %q", v)
	}
	flags := parseBootFlags("Copyright (c) 1992\nCPU: Intel(R) Xeon(R) (2394.46-MHz K8-class CPU)\n  Origin=\"GenuineIntel\"  Id=0x306c3\n" +
		"  Features=0x783fbff<FPU,VME,DE>\n  Features2=0xfffa3203<SSE3,PCLMULQDQ>\n  TSC: P-state invariant\nreal memory  = 1073741824 (1024 MB)\n  Features=0x1<NOT>\n")
	if got := py.Repr(flags); got != "['FPU', 'VME', 'DE', 'SSE3', 'PCLMULQDQ']" {
		t.Errorf("flags %s", got)
	}
	disks, ssds := parseGeom("Geom name: ada0\nProviders:\n1. Name: ada0\n   Mediasize: 21474836480 (20G)\n   Sectorsize: 512\n   Mode: r2w2e3\n   descr: QEMU HARDDISK\n   ident: QM00001\n   rotationrate: 0\n   fwsectors: 63\n\n" +
		"Geom name: cd0\nProviders:\n1. Name: cd0\n   Mediasize: 0 (0B)\n   descr: QEMU DVD-ROM\n   rotationrate: unknown\n\n" +
		"Geom name: da0\nProviders:\n1. Name: da0\n   Sectorsize: 4096\n   lunid: 5000c500\n   rotationrate: 7200\n")
	const want = "{'ada0': {'Mediasize': '21474836480 (20G)', 'Sectorsize': 512, 'descr': 'QEMU HARDDISK', 'device_model': 'QEMU HARDDISK', " +
		"'ident': 'QM00001', 'serial_number': 'QM00001', 'rotationrate': 0, 'media_RPM': 0}, " +
		"'da0': {'Sectorsize': 4096, 'lunid': '5000c500', 'WWN': '5000c500', 'rotationrate': 7200, 'media_RPM': 7200}}"
	if got := py.Repr(disks); got != want {
		t.Errorf("disks %s", got)
	}
	if got := py.Repr(ssds); got != "['ada0']" {
		t.Errorf("ssds %s", got)
	}
}

func TestSystemVersion(t *testing.T) {
	name, version, build := parseSystemVersion(`<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0">
<dict>
	<key>BuildID</key>
	<string>5B1D7A20</string>
	<key>ProductBuildVersion</key>
	<string>23F79</string>
	<key>ProductName</key>
	<string>macOS</string>
	<key>ProductVersion</key>
	<string>14.5</string>
</dict>
</plist>
`)
	if name != "macOS" || version != "14.5" || build != "23F79" {
		t.Errorf("%q %q %q", name, version, build)
	}
}
