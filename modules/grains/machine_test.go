package grains

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/host"
	"pinch/internal/netif"
	"pinch/internal/py"
)

// fake is a host with files, programs and the outputs of commands.
func fake(files map[string]string, commands map[string]string, programs ...string) *host.Fake {
	h := host.NewFake(files)
	h.Commands, h.Programs = map[string]host.Output{}, map[string]string{}
	for cmd, out := range commands {
		h.Commands[cmd] = host.Output{Stdout: []byte(out)}
	}
	for _, p := range programs {
		h.Programs[p] = "/usr/bin/" + p
	}
	return h
}

// What Salt's _virtual makes of the same answers and files.
func TestVirtual(t *testing.T) {
	const dmi = "/sys/class/dmi/id/"
	for _, c := range []struct {
		name      string
		h         *host.Fake
		kind, sub string
	}{
		{"kvm", fake(nil, map[string]string{"systemd-detect-virt": "kvm\n"}), "kvm", ""},
		{"nspawn", fake(nil, map[string]string{"systemd-detect-virt": "systemd-nspawn\n"}), "systemd-nspawn", ""},
		{"docker", fake(nil, map[string]string{"systemd-detect-virt": "docker\n"}), "container", "Docker"},
		{"lxc", fake(nil, map[string]string{"systemd-detect-virt": "lxc-libvirt\n"}), "container", "LXC"},
		{"hyper-v", fake(nil, map[string]string{"systemd-detect-virt": "microsoft\n"}), "VirtualPC", ""},
		{"hyper-v with virt-what", fake(nil, map[string]string{"systemd-detect-virt": "microsoft\n"}, "virt-what"), "HyperV", ""},
		{"vmware with virt-what", fake(nil, map[string]string{"systemd-detect-virt": "vmware\n"}, "virt-what"), "VMware", ""},
		{"only virt-what", fake(nil, map[string]string{"virt-what": "hyperv\n"}), "HyperV", ""},
		{"nutanix", fake(nil, map[string]string{"virt-what": "nutanix_ahv\nkvm\n"}), "kvm", "Nutanix AHV"},
		{"amazon", fake(nil, map[string]string{"systemd-detect-virt": "amazon\n"}), "Nitro", "Amazon EC2"},
		{"amazon with dmidecode", fake(map[string]string{dmi + "sys_vendor": "Amazon EC2\n", dmi + "product_name": "t3.micro\n"}, map[string]string{"systemd-detect-virt": "kvm\n"}, "dmidecode"),
			"Nitro", "Amazon EC2 (t3.micro)"},
		{"dmidecode: QEMU", fake(map[string]string{dmi + "sys_vendor": "QEMU\n", dmi + "bios_vendor": "SeaBIOS\n"}, nil, "dmidecode"), "kvm", ""},
		{"dmidecode: ovirt", fake(map[string]string{dmi + "sys_vendor": "oVirt\n"}, nil, "dmidecode"), "kvm", "ovirt"},
		{"dmidecode: metal", fake(map[string]string{dmi + "sys_vendor": "Dell Inc.\n"}, nil, "dmidecode"), "physical", ""},
		{"virtio on the bus", fake(map[string]string{"/proc/bus/pci/": "", "/sys/bus/pci/devices/0000:00:03.0/vendor": "0x1af4\n"}, nil, "lspci"), "kvm", ""},
		{"google", fake(map[string]string{"/sys/devices/virtual/dmi/id/product_name": "Google Compute Engine\n"}, nil), "gce", ""},
		{"virtualbox", fake(map[string]string{"/sys/devices/virtual/dmi/id/product_name": "VirtualBox\n"}, map[string]string{"systemd-detect-virt": "oracle\n"}), "VirtualBox", ""},
		{"old docker", fake(map[string]string{"/proc/1/cgroup": "9:cpu:/docker/0123\n"}, nil), "container", "Docker"},
		{"kubernetes", fake(map[string]string{"/proc/1/cgroup": "9:cpu:/kubepods/x\n"}, nil), "virtual", "kubernetes"},
		{"new lxc", fake(map[string]string{"/proc/1/environ": "TERM=x\x00container=lxc\x00"}, nil), "container", "LXC"},
		{"openvz", fake(map[string]string{"/proc/vz/veinfo": "1"}, nil), "openvzve", ""},
		{"openvz node", fake(map[string]string{"/proc/self/status": "Name:\tx\nenvID:\t0\n"}, nil), "openvzhn", ""},
		{"xen guest", fake(map[string]string{"/proc/xen/capabilities": ""}, nil), "xen", "Xen PV DomU"},
		{"xen host", fake(map[string]string{"/proc/xen/capabilities": "control_d\n"}, nil), "xen", "Xen Dom0"},
		{"qemu processor", fake(map[string]string{"/proc/cpuinfo": "model name\t: QEMU Virtual CPU version 2.5+\n"}, nil), "kvm", ""},
		{"metal", fake(nil, nil), "physical", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := py.NewDict()
			virtual(context.Background(), c.h, g)
			if g.String("virtual") != c.kind || g.String("virtual_subtype") != c.sub {
				t.Errorf("%s, %s; want %s, %s", g.String("virtual"), g.String("virtual_subtype"), c.kind, c.sub)
			}
		})
	}
}

func TestLspci(t *testing.T) {
	got := py.Repr(parseLspci("Slot:\t00:02.0\nClass:\tVGA compatible controller\nVendor:\tIntel Corporation\nDevice:\tHD Graphics 530\n\n" +
		"Slot:\t01:00.0\nClass:\t3D controller\nVendor:\tNVIDIA Corporation\nDevice:\tGP107M\n\nSlot:\t00:1f.6\nClass:\tEthernet controller\nVendor:\tIntel Corporation\nDevice:\tI219-LM\n\n" +
		"Slot:\t00:04.0\nClass:\tDisplay controller\nVendor:\tRed Hat, Inc.\nDevice:\tVirtio 1.0 GPU\n"))
	const want = "[{'vendor': 'intel', 'model': 'HD Graphics 530'}, {'vendor': 'nvidia', 'model': 'GP107M'}, {'vendor': 'unknown', 'model': 'Virtio 1.0 GPU'}]"
	if got != want {
		t.Errorf("%s", got)
	}
}

func TestCPU(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"x86": {"processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R)\nflags\t\t: fpu vme\n\nprocessor\t: 1\nmodel name\t: Intel(R) Xeon(R)\n",
			"{'num_cpus': 2, 'cpu_model': 'Intel(R) Xeon(R)', 'cpu_flags': ['fpu', 'vme']}"},
		"arm":   {"Processor\t: ARMv6-compatible processor rev 7 (v6l)\nFeatures\t: swp half\n", "{'num_cpus': 1, 'cpu_model': 'ARMv6', 'cpu_flags': ['swp', 'half']}"},
		"s390":  {"vendor_id       : IBM/S390\n# processors    : 2\n", "{'num_cpus': 2, 'cpu_model': 'IBM/S390', 'cpu_flags': []}"},
		"power": {"processor\t: 0\ncpu\t\t: POWER9 (architected), altivec supported\n", "{'num_cpus': 1, 'cpu_model': 'POWER9 (architected), altivec supported', 'cpu_flags': []}"},
		"none":  {"", "{'num_cpus': 0, 'cpu_model': 'Unknown', 'cpu_flags': []}"},
	} {
		g := py.NewDict()
		linuxCPU(host.NewFake(map[string]string{"/proc/cpuinfo": c.text}), g)
		if got := py.Repr(g); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestResolv(t *testing.T) {
	got := py.Repr(parseResolv([]string{"# c", "nameserver 192.0.2.1", "nameserver 2001:db8::1 # x", "nameserver 192.0.2.1", "nameserver bad", "domain example.org",
		"search a.example b.example ; c", "options ndots:2 timeout:1", "options rotate", "sortlist 130.155.160.0/255.255.240.0 130.155.0.0", "lonely"}))
	const want = "{'nameservers': ['192.0.2.1', '2001:db8::1'], 'ip4_nameservers': ['192.0.2.1'], 'ip6_nameservers': ['2001:db8::1'], " +
		"'sortlist': ['130.155.160.0/255.255.240.0', '130.155.0.0/255.255.0.0'], 'domain': 'example.org', 'search': ['a.example', 'b.example'], 'options': ['ndots:2', 'rotate']}"
	if got != want {
		t.Errorf("%s", got)
	}
}

func TestInterfaces(t *testing.T) {
	g := py.NewDict()
	interfaces([]netif.Interface{
		{Name: "lo", Up: true, Hardware: "00:00:00:00:00:00", Addrs: []netif.Addr{{Address: "127.0.0.1", Prefix: 8}, {Address: "::1", IPv6: true, Prefix: 128}}},
		{Name: "tun0", Addrs: []netif.Addr{{Address: "10.0.0.9", Prefix: 24}, {Address: "10.0.0.10", Prefix: 24, Secondary: true}, {Address: "fd00::1", IPv6: true}}},
	}, g)
	want := map[string]any{
		"hwaddr_interfaces": map[string]any{"lo": "00:00:00:00:00:00"},
		"ip4_interfaces":    map[string]any{"lo": []any{"127.0.0.1"}, "tun0": []any{"10.0.0.9", "10.0.0.10"}},
		"ip6_interfaces":    map[string]any{"lo": []any{"::1"}, "tun0": []any{"fd00::1"}},
		"ip_interfaces":     map[string]any{"lo": []any{"127.0.0.1", "::1"}, "tun0": []any{"10.0.0.9", "fd00::1", "10.0.0.10"}},
		"ipv4":              []any{"10.0.0.9", "10.0.0.10", "127.0.0.1"}, "ipv6": []any{"::1", "fd00::1"},
	}
	if d := cmp.Diff(want, plain(t, g)); d != "" {
		t.Error(d)
	}
}

func TestLVMAndRAID(t *testing.T) {
	h := fake(map[string]string{
		"/sys/block/dm-0/dm/uuid": "LVM-0123456789012345678901234567890101234567890123456789012345678901\n", "/sys/block/dm-0/dm/name": "vg--one-root--fs\n",
		"/sys/block/dm-1/dm/uuid": "LVM-01234567890123456789012345678901012345678901234567890123456789012-tpool\n", "/sys/block/dm-1/dm/name": "vg--one-pool-tpool\n",
		"/sys/block/dm-2/dm/uuid": "CRYPT-LUKS2-x\n", "/proc/mdstat": "Personalities : [raid1]\nmd1 : active raid1 sda1[0]\n      100 blocks\nmd0 : active raid1 sdb1[0]\nunused devices: <none>\n",
	}, nil, "lvm")
	g := py.NewDict()
	lvm(h, g)
	mdadm(h, g)
	if got := py.Repr(g); got != "{'lvm': {'vg-one': ['root-fs']}, 'mdadm': ['md0', 'md1']}" {
		t.Errorf("%s", got)
	}
}

func TestKernelParams(t *testing.T) {
	g := py.NewDict()
	kernelParams(host.NewFake(map[string]string{"/proc/cmdline": "BOOT_IMAGE=/vmlinuz root=UUID=1-2 ro quiet opt=\"a b\" x=\n"}), g)
	if got := py.Repr(g.Lookup("kernelparams")); got != "[['BOOT_IMAGE', '/vmlinuz'], ['root', None], ['ro', None], ['quiet', None], ['opt', 'a b'], ['x', '']]" {
		t.Errorf("%s", got)
	}
}

// Grains of the host's own files, in Salt's order of precedence.
func TestCustom(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"file":   {map[string]string{"/etc/salt/grains": "role: web\nos: Mine\nl: [1, 2]\n"}, "{'os': 'Mine', 'a': 1, 'role': 'web', 'l': [1, 2]}"},
		"config": {map[string]string{"/etc/salt/grains": "role: web\n", "/etc/salt/minion": "id: x\ngrains:\n  role: db\n  a: 2\n"}, "{'os': 'Debian', 'a': 2, 'role': 'db'}"},
		"included": {map[string]string{"/etc/salt/minion": "grains: {b: 1}\n", "/etc/salt/minion.d/b.conf": "grains: {c: {y: 2}}\n", "/etc/salt/minion.d/a.conf": "grains: {c: {x: 1}, d: [1]}\n",
			"/etc/salt/minion.d/z.txt": "grains: {no: 1}\n"}, "{'os': 'Debian', 'a': 1, 'c': {'x': 1, 'y': 2}, 'd': [1]}"},
		"include":    {map[string]string{"/etc/salt/minion": "include: [x/*.yml, /opt/g]\ndefault_include: none\n", "/etc/salt/x/1.yml": "grains: {e: 1}\ninclude: more\n", "/etc/salt/x/more": "grains: {f: 2}\n", "/opt/g": "grains: {g: 3}\n"}, "{'os': 'Debian', 'a': 1, 'f': 2, 'g': 3}"},
		"bad file":   {map[string]string{"/etc/salt/grains": "role: [web\n", "/etc/salt/minion": "grains: {a: 5}\n"}, "{'os': 'Debian', 'a': 5}"},
		"no mapping": {map[string]string{"/etc/salt/grains": "- a\n", "/etc/salt/minion": "grains: text\n"}, "{'os': 'Debian', 'a': 1}"},
		"nothing":    {nil, "{'os': 'Debian', 'a': 1}"},
		"deep":       {map[string]string{"/etc/salt/grains": "n: {b: {y: 2}, l: [2]}\n", "/etc/salt/minion": "grains_deep_merge: True\ngrains: {n: {b: {z: 3}}}\n"}, "{'os': 'Debian', 'a': 1, 'n': {'b': {'x': 1, 'y': 2, 'z': 3}, 'l': [2]}}"},
		"blacklist":  {map[string]string{"/etc/salt/grains": "role: web\nroad: 1\nout: 2\n", "/etc/salt/minion": "grains_blacklist: ['ro?d', 'o[a-z]+', '*[', 5]\ngrains: {os: Mine}\n"}, "{'a': 1, 'role': 'web', 'os': 'Mine'}"},
		"endless":    {map[string]string{"/etc/salt/minion": "include: minion\ngrains: {a: 7}\n"}, "{'os': 'Debian', 'a': 7}"},
	} {
		g := py.DictOf("os", py.Str("Debian"), "a", py.Int(1))
		if name == "deep" {
			g.SetStr("n", py.DictOf("b", py.DictOf("x", py.Int(1)), "l", py.NewList(py.Int(1))))
		}
		if err := custom(context.Background(), host.NewFake(c.files), g); err != nil {
			t.Fatal(err)
		}
		if got := py.Repr(g); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
