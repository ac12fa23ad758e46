package grains

import (
	"context"
	"strconv"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
)

// virtual adds what a Linux host runs in. Salt asks virt-what or
// systemd-detect-virt, dmidecode and lspci; here systemd-detect-virt is run, and
// the kernel's files stand for the others.
func virtual(ctx context.Context, h host.Reader, g *py.Dict) {
	v := &machine{h: h, g: g, kind: "physical"}
	detected := v.detect(ctx)
	if !detected {
		v.firmware()
	}
	v.chroot()
	v.openvz()
	v.xen()
	v.processor()
	v.product()
	v.container()
	if v.sub != "" && v.kind == "physical" {
		v.kind = "virtual"
	}
	v.amazon()
	g.SetStr("virtual", py.Str(v.kind))
	if v.sub != "" {
		g.SetStr("virtual_subtype", py.Str(v.sub))
	}
	v.hypervisor()
}

// machine is what was found out so far.
type machine struct {
	h         host.Reader
	g         *py.Dict
	kind, sub string
}

func (v *machine) set(kind, sub string) {
	v.kind = kind
	if sub != "" {
		v.sub = sub
	}
}

// detect asks systemd-detect-virt. With virt-what on the host Salt asks that
// one alone, whose words mean other grains; it is a slow script, so its answer
// is made from the other's.
func (v *machine) detect(ctx context.Context) bool {
	what := v.h.LookPath("virt-what") != ""
	word := ""
	switch {
	case v.h.LookPath("systemd-detect-virt") != "":
		out, err := v.h.Query(ctx, host.Cmd{Argv: []string{"systemd-detect-virt"}})
		if err == nil && out.Code == 0 {
			word = strings.TrimSpace(string(out.Stdout))
		}
	case what:
		out, err := v.h.Query(ctx, host.Cmd{Argv: []string{"virt-what"}})
		if err == nil && out.Code == 0 {
			return v.virtWhat(string(out.Stdout))
		}
		return true
	}
	if what {
		return v.virtWhat(map[string]string{"microsoft": "hyperv", "amazon": "kvm", "oracle": "virtualbox", "bochs": ""}[word] + "\n" + word)
	}
	return v.detectVirt(word)
}

// detectVirt reads the answer of systemd-detect-virt; false means that the next
// source is to be asked.
func (v *machine) detectVirt(word string) bool {
	switch {
	case hasItem([]string{"qemu", "kvm", "oracle", "xen", "bochs", "chroot", "uml", "systemd-nspawn"}, word):
		v.kind = word
	case strings.Contains(word, "vmware"):
		v.kind = "VMware"
	case strings.Contains(word, "microsoft"):
		v.kind = "VirtualPC"
	case strings.Contains(word, "lxc"):
		v.set("container", "LXC")
	case strings.Contains(word, "podman"):
		v.set("container", "Podman")
	case strings.Contains(word, "docker"):
		v.set("container", "Docker")
	case strings.Contains(word, "amazon"):
		v.set("Nitro", "Amazon EC2")
	default:
		return false
	}
	return true
}

// virtWhat reads the answer of virt-what, after which Salt asks no other.
func (v *machine) virtWhat(text string) bool {
	for _, line := range strings.Split(text, "\n") {
		switch {
		case hasItem([]string{"kvm", "qemu", "uml", "xen"}, line):
			v.kind = line
		case strings.Contains(line, "lxc"):
			v.set("container", "LXC")
		case strings.Contains(line, "docker"):
			v.set("container", "Docker")
		case strings.Contains(line, "vmware"):
			v.kind = "VMware"
		case strings.Contains(line, "parallels"):
			v.kind = "Parallels"
		case strings.Contains(line, "nutanix"):
			v.set("kvm", "Nutanix AHV")
		case strings.Contains(line, "hyperv"):
			v.kind = "HyperV"
		case line == "ibm_power-kvm":
			v.kind = "kvm"
		case line == "ibm_power-lpar_shared":
			v.set("LPAR", "shared")
		case line == "ibm_power-lpar_dedicated":
			v.set("LPAR", "dedicated")
		default:
			continue
		}
		break
	}
	return true
}

func (v *machine) dmi(name string) string {
	b, err := v.h.ReadFile("/sys/class/dmi/id/" + name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// firmware is what Salt reads from dmidecode, or else from lspci, where they are
// installed.
func (v *machine) firmware() {
	switch {
	case v.h.LookPath("dmidecode") != "" && v.h.Getuid() == 0:
		v.dmidecode()
	case v.h.LookPath("lspci") != "" && isDir(v.h, "/proc/bus/pci"):
		v.pci()
	}
}

func (v *machine) dmidecode() {
	bios, maker, product := v.dmi("bios_vendor"), v.dmi("sys_vendor"), v.dmi("product_name")
	all := strings.Join([]string{bios, maker, product, v.dmi("product_version"), v.dmi("board_vendor"), v.dmi("board_name"), v.dmi("chassis_vendor"), v.dmi("bios_version")}, "\n")
	for _, name := range []string{"QEMU", "Bochs"} {
		if strings.HasPrefix(bios, name) || strings.HasPrefix(maker, name) {
			v.kind = "kvm"
		}
	}
	switch {
	case strings.Contains(all, "BHYVE"):
		v.kind = "bhyve"
	case strings.HasPrefix(maker, "oVirt"):
		v.set("kvm", "ovirt")
	case strings.HasPrefix(product, "RHEV Hypervisor"):
		v.set("kvm", "rhev")
	case strings.Contains(all, "VirtualBox"):
		v.kind = "VirtualBox"
	case strings.Contains(all, "VMware"):
		v.kind = "VMware"
	case strings.HasPrefix(maker, "Microsoft") && strings.Contains(all, "Virtual Machine"):
		v.kind = "VirtualPC"
	case strings.Contains(all, "Parallels Software"):
		v.kind = "Parallels"
	case strings.HasPrefix(maker, "Google"):
		v.kind = "kvm"
	case strings.HasPrefix(maker, "Nutanix") && strings.HasPrefix(product, "AHV"):
		v.set("kvm", "Nutanix AHV")
	case strings.HasPrefix(bios, "SeaBIOS"):
		v.kind = "kvm"
	}
}

// pci looks for the devices of hypervisors by their vendors' numbers.
func (v *machine) pci() {
	entries, err := v.h.ReadDir("/sys/bus/pci/devices")
	if err != nil {
		return
	}
	found := map[string]bool{}
	for _, e := range entries {
		found[first(v.h, "/sys/bus/pci/devices/"+e.Name()+"/vendor")] = true
	}
	switch {
	case found["0x15ad"]:
		v.kind = "VMware"
	case found["0x80ee"]:
		v.kind = "VirtualBox"
	case found["0x1234"], found["0x1b36"], found["0x1af4"]:
		v.kind = "kvm"
	}
}

func (v *machine) chroot() {
	own, err := v.h.Stat("/")
	if err != nil {
		return
	}
	if root, err := v.h.Stat("/proc/1/root/."); err == nil && (own.Dev != root.Dev || own.Inode != root.Inode) {
		v.sub = "chroot"
	}
}

func (v *machine) openvz() {
	switch {
	case isFile(v.h, "/proc/vz/version"):
		v.kind = "openvzhn"
	case isFile(v.h, "/proc/vz/veinfo"):
		v.kind = "openvzve"
	}
	for _, line := range lines(v.h, "/proc/self/status") {
		if rest, ok := strings.CutPrefix(line, "envID:"); ok {
			if n, err := strconv.Atoi(strings.TrimSpace(rest)); err == nil {
				v.kind = "openvzhn"
				if n != 0 {
					v.kind = "openvzve"
				}
			}
		}
	}
}

func (v *machine) xen() {
	if !isDir(v.h, "/proc/sys/xen") && !isDir(v.h, "/sys/bus/xen") && !isDir(v.h, "/proc/xen") {
		return
	}
	capabilities, err := v.h.ReadFile("/proc/xen/capabilities")
	switch {
	case isFile(v.h, "/proc/xen/xsd_kva"):
		v.sub = "Xen Dom0"
	case v.g.String("productname") == "HVM domU":
		v.sub = "Xen HVM DomU"
	case err == nil && strings.Contains(string(capabilities), "control_d"):
		v.sub = "Xen Dom0"
	case err == nil, isDir(v.h, "/sys/bus/xen/drivers/xenconsole"):
		v.sub = "Xen PV DomU"
	}
	if strings.Contains(strings.ToLower(v.sub), "dom") {
		v.kind = "xen"
	}
}

func (v *machine) processor() {
	if b, err := v.h.ReadFile("/proc/cpuinfo"); err == nil && strings.Contains(string(b), "QEMU Virtual CPU") {
		v.kind = "kvm"
	}
}

func (v *machine) product() {
	b, err := v.h.ReadFile("/sys/devices/virtual/dmi/id/product_name")
	if err != nil {
		return
	}
	switch s := string(b); {
	case strings.Contains(s, "VirtualBox"):
		v.kind = "VirtualBox"
	case strings.Contains(s, "RHEV Hypervisor"):
		v.set("kvm", "rhev")
	case strings.Contains(s, "oVirt Node"):
		v.set("kvm", "ovirt")
	case strings.Contains(s, "Google"):
		v.kind = "gce"
	case strings.Contains(s, "BHYVE"):
		v.kind = "bhyve"
	}
}

func (v *machine) container() {
	if b, err := v.h.ReadFile("/proc/1/cgroup"); err == nil {
		s := string(b)
		switch {
		case strings.Contains(s, ":/lxc/"):
			v.set("container", "LXC")
		case strings.Contains(s, ":/kubepods/"):
			v.sub = "kubernetes"
		case strings.Contains(s, ":/libpod_parent/"):
			v.sub = "libpod"
		case strings.Contains(s, ":/system.slice/docker"), strings.Contains(s, ":/docker/"), strings.Contains(s, ":/docker-ce/"):
			v.set("container", "Docker")
		}
	}
	if v.sub != "LXC" {
		if b, err := v.h.ReadFile("/proc/1/environ"); err == nil && strings.Contains(string(b), "container=lxc") {
			v.set("container", "LXC")
		}
	}
}

// amazon tells Amazon's and Nutanix' machines, where Salt has dmidecode to ask.
func (v *machine) amazon() {
	if !hasItem([]string{"qemu", "kvm", "xen", "amazon"}, v.kind) || v.h.LookPath("dmidecode") == "" {
		return
	}
	maker, product, version := v.dmi("sys_vendor"), v.dmi("product_name"), v.dmi("product_version")
	switch {
	case strings.HasPrefix(maker, "Amazon EC2"):
		if v.kind != "xen" {
			v.kind = "Nitro"
		}
		v.sub = "Amazon EC2"
		if product != "" {
			v.sub = "Amazon EC2 (" + product + ")"
		}
	case strings.Contains(version, ".amazon") && !strings.HasPrefix(version, ".amazon"):
		v.sub = "Amazon EC2"
	case strings.HasPrefix(maker, "Nutanix") && strings.HasPrefix(product, "AHV"):
		v.sub = "Nutanix AHV"
	}
}

// xenFeatures are the names of the bits in Xen's features.
var xenFeatures = []string{
	"writable_page_tables", "writable_descriptor_tables", "auto_translated_physmap", "supervisor_mode_kernel", "pae_pgdir_above_4gb",
	"mmu_pt_update_preserve_ad", "", "gnttab_map_avail_bits", "hvm_callback_vector", "hvm_safe_pvclock", "hvm_pirqs", "dom0",
	"grant_map_identity", "memory_op_vnode_supported", "ARM_SMCCC_supported",
}

// hypervisor adds what Xen says of itself.
func (v *machine) hypervisor() {
	if !strings.Contains(v.kind, "xen") {
		return
	}
	dir := "/sys/hypervisor/"
	var parts []string
	for _, name := range []string{"major", "minor", "extra"} {
		if l := lines(v.h, dir+"version/"+name); len(l) > 0 {
			parts = append(parts, strings.TrimSpace(l[0]))
		}
	}
	if len(parts) == 3 {
		v.g.SetStr("virtual_hv_version", py.Str(parts[0]+"."+parts[1]+parts[2]))
		v.g.SetStr("virtual_hv_version_info", py.Strings(parts...))
	}
	features := first(v.h, dir+"properties/features")
	bits, err := strconv.ParseUint(features, 16, 64)
	if err != nil {
		return
	}
	list := py.NewList()
	for i, name := range xenFeatures {
		if name != "" && bits&(1<<i) != 0 {
			list.Append(py.Str(name))
		}
	}
	v.g.SetStr("virtual_hv_features", py.Str(features))
	v.g.SetStr("virtual_hv_features_list", list)
}
