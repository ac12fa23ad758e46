package grains

import (
	"context"
	"errors"
	"io/fs"
	"regexp"
	"sort"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
)

// hardware adds what the firmware says of the machine, by the kernel's files.
func hardware(h host.Reader, g *py.Dict) {
	deviceTree(h, g)
	if _, err := h.Stat("/sys/class/dmi/id"); err != nil {
		return
	}
	for _, kv := range [][2]string{
		{"biosversion", "bios_version"}, {"biosvendor", "bios_vendor"}, {"boardname", "board_name"}, {"productname", "product_name"},
		{"manufacturer", "sys_vendor"}, {"biosreleasedate", "bios_date"}, {"uuid", "product_uuid"}, {"serialnumber", "product_serial"},
	} {
		b, err := h.ReadFile("/sys/class/dmi/id/" + kv[1])
		if err != nil {
			continue // not there, or for root alone
		}
		v := strings.ToValidUTF8(strings.TrimSpace(string(b)), "\ufffd")
		if kv[0] == "uuid" {
			v = strings.ToLower(v)
		}
		g.SetStr(kv[0], py.Str(v))
	}
}

// deviceTree adds what boards without a BIOS say of themselves.
func deviceTree(h host.Reader, g *py.Dict) {
	read := func(name string) string {
		if !isFile(h, "/proc/device-tree/"+name) {
			return ""
		}
		b, err := h.ReadFile("/proc/device-tree/" + name)
		if err != nil {
			return ""
		}
		return strings.TrimRight(string(b), "\x00")
	}
	if model := read("model"); model != "" {
		maker, product, ok := strings.Cut(model, ",")
		if ok {
			g.SetStr("manufacturer", py.Str(maker))
		} else {
			product = maker
		}
		g.SetStr("productname", py.Str(product))
	}
	for _, name := range []string{"system-id", "serial-number"} {
		if v := read(name); v != "" {
			g.SetStr("serialnumber", py.Str(v))
		}
	}
}

// gpus adds the graphics cards. Names come from lspci, which is asked only when
// the kernel knows a device of such a class.
func gpus(ctx context.Context, h host.Reader, g *py.Dict) {
	if h.LookPath("lspci") == "" || !hasGPU(h) {
		return
	}
	out, err := h.Query(ctx, host.Cmd{Argv: []string{"lspci", "-vmm"}})
	if err != nil {
		return
	}
	list := parseLspci(string(out.Stdout))
	g.SetStr("num_gpus", py.Int(list.Len()))
	g.SetStr("gpus", list)
}

// hasGPU says whether there is a PCI device of the classes that count as
// graphics: display controllers (03) and processing accelerators (12).
func hasGPU(h host.Reader) bool {
	entries, err := h.ReadDir("/sys/bus/pci/devices")
	if err != nil {
		return false
	}
	for _, e := range entries {
		class := first(h, "/sys/bus/pci/devices/"+e.Name()+"/class")
		if strings.HasPrefix(class, "0x03") || strings.HasPrefix(class, "0x12") {
			return true
		}
	}
	return false
}

var (
	gpuClasses = map[string]bool{"3d controller": true, "display controller": true, "processing accelerators": true, "vga compatible controller": true}
	gpuVendors = []string{"nvidia", "amd", "ati", "intel", "cirrus logic", "vmware", "matrox", "aspeed"}
	noLetter   = regexp.MustCompile(`[^A-Za-z0-9]`)
)

// parseLspci reads `lspci -vmm`.
func parseLspci(text string) *py.List {
	out := py.NewList()
	dev := map[string]string{}
	for _, line := range append(strings.Split(strings.TrimRight(text, "\n"), "\n"), "") {
		if line != "" {
			if k, v, ok := strings.Cut(line, ":"); ok {
				dev[strings.TrimSpace(k)] = strings.TrimSpace(v)
			}
			continue
		}
		if gpuClasses[strings.ToLower(dev["Class"])] {
			vendor := "unknown"
			words := noLetter.Split(strings.ToLower(dev["Vendor"]), -1)
			for _, name := range gpuVendors {
				if vendor == "unknown" && hasItem(words, name) {
					vendor = name
				}
			}
			out.Append(py.DictOf("vendor", py.Str(vendor), "model", py.Str(dev["Device"])))
		}
		dev = map[string]string{}
	}
	return out
}

func hasItem(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func machineID(h host.Reader, g *py.Dict) {
	for _, path := range []string{"/etc/machine-id", "/var/lib/dbus/machine-id"} {
		if b, err := h.ReadFile(path); err == nil {
			g.SetStr("machine_id", py.Str(strings.TrimSpace(string(b))))
			return
		}
	}
}

func uefi(h host.Reader, g *py.Dict) {
	dir := ""
	for _, d := range []string{"/sys/firmware/efi/efivars", "/sys/firmware/efi/vars"} {
		if _, err := h.Stat(d); err == nil {
			dir = d
			break
		}
	}
	g.SetStr("efi", py.Bool(dir != ""))
	g.SetStr("efi-secure-boot", py.Bool(dir != "" && secureBoot(h, dir)))
}

func secureBoot(h host.Reader, dir string) bool {
	entries, err := h.ReadDir(dir)
	if err != nil {
		return false
	}
	var found []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "SecureBoot-") {
			found = append(found, dir+"/"+e.Name())
		}
	}
	if len(found) != 1 {
		return false
	}
	if strings.HasSuffix(dir, "/vars") {
		found[0] += "/data"
	}
	b, err := h.ReadFile(found[0])
	return err == nil && len(b) > 0 && b[len(b)-1] == 1
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
	quote, in := rune(0), false
	for _, r := range s {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote, in = r, true
		case quote == 0 && (r == ' ' || r == '\n' || r == '\t'):
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
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return
	}
	for _, e := range entries {
		n := e.Name()
		if target, err := h.Readlink("/sys/block/" + n); err == nil && strings.HasPrefix(target, "../devices/virtual/") {
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

func mdadm(h host.Reader, g *py.Dict) {
	l := lines(h, "/proc/mdstat")
	if l == nil {
		return
	}
	seen := map[string]bool{}
	for _, line := range l {
		if name, _, ok := strings.Cut(line, " : "); ok && !strings.HasPrefix(line, "Personalities : ") && !strings.HasPrefix(line, "unused devices:") {
			seen[name] = true
		}
	}
	names := make([]string, 0, len(seen))
	for n := range seen {
		names = append(names, n)
	}
	sort.Strings(names)
	g.SetStr("mdadm", py.Strings(names...))
}

// lvm adds the active logical volumes by volume group. The device mapper names
// them VG-LV with doubled hyphens inside.
func lvm(h host.Reader, g *py.Dict) {
	if h.LookPath("lvm") == "" {
		return
	}
	out := py.NewDict()
	entries, err := h.ReadDir("/sys/block")
	if err != nil {
		entries = nil
	}
	for _, e := range entries {
		dir := "/sys/block/" + e.Name() + "/dm/"
		// LVM-<32 characters of the group><32 of the volume>; layers have a suffix
		if uuid := first(h, dir+"uuid"); !strings.HasPrefix(uuid, "LVM-") || len(uuid) != len("LVM-")+64 {
			continue
		}
		vg, lv := splitLV(first(h, dir+"name"))
		l, ok := out.Lookup(vg).(*py.List)
		if !ok {
			l = py.NewList()
			out.SetStr(vg, l)
		}
		l.Append(py.Str(lv))
	}
	g.SetStr("lvm", out)
}

func splitLV(name string) (vg, lv string) {
	for i := 0; i < len(name); i++ {
		if name[i] != '-' {
			continue
		}
		if i+1 < len(name) && name[i+1] == '-' {
			i++
			continue
		}
		return strings.ReplaceAll(name[:i], "--", "-"), strings.ReplaceAll(name[i+1:], "--", "-")
	}
	return name, ""
}
