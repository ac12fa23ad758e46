package grains

import (
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
)

// virtual adds what the host runs in, from what the kernel and the firmware
// say.
func virtual(h host.Reader, g *py.Dict) {
	set := func(kind, sub string) {
		g.SetStr("virtual", py.Str(kind))
		if sub != "" {
			g.SetStr("virtual_subtype", py.Str(sub))
		}
	}
	environ := ""
	if b, err := h.ReadFile("/proc/1/environ"); err == nil {
		environ = string(b)
	}
	container := first(h, "/run/systemd/container")
	if container == "" {
		for _, kv := range strings.Split(environ, "\x00") {
			if v, ok := strings.CutPrefix(kv, "container="); ok {
				container = v
			}
		}
	}
	cgroup := ""
	if b, err := h.ReadFile("/proc/1/cgroup"); err == nil {
		cgroup = string(b)
	}
	_, dockerenv := h.Stat("/.dockerenv")
	switch {
	case container == "systemd-nspawn":
		set("container", "systemd-nspawn")
		return
	case container == "lxc":
		set("container", "LXC")
		return
	case container == "docker" || dockerenv == nil || strings.Contains(cgroup, "/docker/"):
		set("container", "Docker")
		return
	case container != "":
		set("container", container)
		return
	}
	vendor, product := first(h, "/sys/devices/virtual/dmi/id/sys_vendor"), first(h, "/sys/devices/virtual/dmi/id/product_name")
	all := vendor + " " + product + " " + first(h, "/sys/devices/virtual/dmi/id/bios_vendor")
	for _, v := range []struct{ word, kind string }{
		{"VirtualBox", "VirtualBox"}, {"VMware", "VMware"}, {"Xen", "xen"}, {"QEMU", "kvm"}, {"KVM", "kvm"}, {"OpenStack", "OpenStack"},
		{"RHEV", "kvm"}, {"oVirt", "kvm"}, {"Google", "gce"}, {"Amazon EC2", "kvm"}, {"BHYVE", "bhyve"}, {"Parallels", "Parallels"}, {"Bochs", "kvm"},
		{"Hyper-V", "HyperV"}, {"DigitalOcean", "kvm"}, {"Hetzner", "kvm"},
	} {
		if strings.Contains(all, v.word) {
			set(v.kind, "")
			identify(h, g)
			return
		}
	}
	if strings.Contains(vendor, "Microsoft") && strings.Contains(product, "Virtual Machine") {
		set("VirtualPC", "")
		identify(h, g)
		return
	}
	set("physical", "")
	for _, f := range flagsOf(g) {
		if f == py.Value(py.Str("hypervisor")) {
			set("kvm", "")
		}
	}
	identify(h, g)
}

// identify adds what the firmware says of the machine.
func identify(h host.Reader, g *py.Dict) {
	for grain, file := range map[string]string{
		"biosversion": "bios_version", "biosreleasedate": "bios_date", "biosvendor": "bios_vendor", "boardname": "board_name",
		"productname": "product_name", "manufacturer": "sys_vendor", "uuid": "product_uuid", "serialnumber": "product_serial",
	} {
		if v := first(h, "/sys/class/dmi/id/"+file); v != "" {
			if grain == "uuid" {
				v = strings.ToLower(v)
			}
			g.SetStr(grain, py.Str(v))
		}
	}
}

func flagsOf(g *py.Dict) []py.Value {
	if l, ok := g.Lookup("cpu_flags").(*py.List); ok {
		return l.Items
	}
	return nil
}
