package lvm

import (
	"fmt"
	"strings"
	"testing"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/statetest"
)

// disks is what the programs of lvm2 keep: groups of physical volumes, and the
// sectors of logical volumes.
type disks struct {
	pvs map[string]string
	vgs map[string]bool
	lvs map[string]int
}

func (d *disks) answer(argv string) (host.Output, bool) {
	w := strings.Fields(argv)
	last := w[len(w)-1]
	switch w[0] {
	case "pvdisplay":
		if vg, ok := d.pvs[last]; ok {
			return statetest.Out(fmt.Sprintf("  %s:%s:65536:-1:8:8:-1:4096:7:7:0:9pP1-x\n", last, vg))
		}
		return statetest.Failed(5, "  Failed to find physical volume \""+last+"\".")
	case "vgdisplay":
		if d.vgs[last] {
			return statetest.Out("  " + last + ":r/w:772:-1:0:0:0:-1:0:1:1:28672:4096:7:0:7:Wf3-y\n")
		}
		return statetest.Failed(5, "  Volume group \""+last+"\" not found")
	case "lvdisplay":
		if n, ok := d.lvs[last]; ok {
			return statetest.Out(fmt.Sprintf("  %s:data:3:1:-1:0:%d:%d:-1:0:-1:253:0\n", last, n, n/8192))
		}
		return statetest.Failed(5, "  Failed to find logical volume")
	case "pvcreate":
		d.pvs[w[2]] = ""
	case "pvremove":
		delete(d.pvs, w[2])
	case "vgcreate":
		d.vgs[w[1]] = true
		d.pvs[w[2]] = w[1]
	case "vgextend":
		d.pvs[w[3]] = w[1]
	case "vgremove":
		delete(d.vgs, w[1])
	case "/sbin/lvcreate":
		if strings.Contains(argv, "-L 9T") {
			return statetest.Failed(5, "  insufficient free space\n")
		}
		d.lvs["/dev/"+w[3]+"/"+w[2]] = 16384
	case "lvresize":
		d.lvs[last] = map[bool]int{true: 32768, false: 16384}[strings.Contains(argv, "-L 16M") || strings.Contains(argv, "-l 4")]
	case "lvremove":
		delete(d.lvs, "/dev/"+w[1])
	case "lvm":
		return statetest.Out("  LVM version:     2.03.16(2) (2022-05-18)\n  Library version: 1.02.185 (2022-05-18)\n")
	}
	return statetest.Out("")
}

func lab(t *testing.T) (*statetest.Host, *disks) {
	d := &disks{pvs: map[string]string{"/dev/sdz": "other"}, vgs: map[string]bool{}, lvs: map[string]int{}}
	h := statetest.New(t, Funcs(), map[string]string{"/dev/sdb": "", "/dev/sdc": ""}, d.answer)
	h.Programs["lvm"], h.Programs["lvcreate"] = "/sbin/lvm", "/sbin/lvcreate"
	return h, d
}

// step is a state that is tried: in test mode, applied, and applied again.
type step struct{ fun, data, test, apply, ran, again string }

func try(t *testing.T, h *statetest.Host, s step) {
	t.Helper()
	h.Is(h.State(s.fun, s.data, true), s.test)
	h.Is(h.State(s.fun, s.data, false), s.apply)
	h.Is(h.Ran(), s.ran)
	if s.again != "" {
		h.Is(h.State(s.fun, s.data, false), s.again)
		h.Is(h.Ran(), "")
	}
}

func TestVolumes(t *testing.T) {
	h, _ := lab(t)
	const vg = "'data': {'Volume Group Name': 'data', 'Volume Group Access': 'r/w', 'Volume Group Status': '772', 'Internal Volume Group Number': '-1', 'Maximum Logical Volumes': '0', " +
		"'Current Logical Volumes': '0', 'Open Logical Volumes': '0', 'Maximum Logical Volume Size': '-1', 'Maximum Physical Volumes': '0', 'Current Physical Volumes': '1', 'Actual Physical Volumes': '1', " +
		"'Volume Group Size (kB)': '28672', 'Physical Extent Size (kB)': '4096', 'Total Physical Extents': '7', 'Allocated Physical Extents': '0', 'Free Physical Extents': '7', 'UUID': 'Wf3-y'}"
	for _, s := range []step{
		{"lvm.pv_present", "{name: /dev/sdb, metadatasize: 1m, unknown: 1}", "None | Physical Volume /dev/sdb is set to be created",
			"True | Created Physical Volume /dev/sdb | {'created': True}", "pvcreate --yes /dev/sdb --metadatasize 1m", "True | Physical Volume /dev/sdb already present"},
		{"lvm.pv_present", "{name: /dev/none}", "None | Physical Volume /dev/none is set to be created", "False | Failed to create Physical Volume /dev/none", "", ""},
		{"lvm.vg_present", "{name: data, devices: [/dev/sdb], clustered: y}", "None | Volume Group data is set to be created",
			"True | Created Volume Group data | {'created': {" + vg + ", 'Output from vgcreate': 'Volume group \"data\" successfully created'}}",
			"vgcreate data /dev/sdb -qq --clustered y", "True | Volume Group data already present\n/dev/sdb is part of Volume Group"},
		{"lvm.pv_present", "{name: /dev/sdc}", "None | Physical Volume /dev/sdc is set to be created", "True | Created Physical Volume /dev/sdc | {'created': True}", "pvcreate --yes /dev/sdc", ""},
		{"lvm.vg_present", "{name: data, devices: '/dev/sdb,/dev/sdc'}", "None | Volume Group data already present\n/dev/sdb is part of Volume Group\n/dev/sdc is set to be added",
			"True | Volume Group data already present\n/dev/sdb is part of Volume Group | {'/dev/sdc': 'added to data'}", "vgextend data -qq /dev/sdc",
			"True | Volume Group data already present\n/dev/sdb is part of Volume Group\n/dev/sdc is part of Volume Group"},
		{"lvm.vg_present", "{name: data, devices: [/dev/sdz, /dev/none]}", "False | Volume Group data already present\n/dev/sdz is part of other\npv /dev/none is not present",
			"False | Volume Group data already present\n/dev/sdz is part of other\npv /dev/none is not present", "", ""},
		{"lvm.lv_present", "{name: srv, vgname: data, size: 9T}", "None | Logical Volume srv is set to be created",
			"False | Failed to create Logical Volume srv. Error: insufficient free space", "/sbin/lvcreate -n srv data -L 9T -qq", ""},
		{"lvm.lv_absent", "{name: srv, vgname: data}", "True | Logical Volume srv already absent", "True | Logical Volume srv already absent", "", ""},
		{"lvm.vg_absent", "{name: data}", "None | Volume Group data is set to be removed",
			"True | Removed Volume Group data | {'removed': 'Volume group \"data\" successfully removed'}", "vgremove data --yes", "True | Volume Group data already absent"},
		{"lvm.pv_absent", "{name: /dev/sdb}", "None | Physical Volume /dev/sdb is set to be removed",
			"True | Removed Physical Volume /dev/sdb | {'removed': True}", "pvremove --yes /dev/sdb", "True | Physical Volume /dev/sdb does not exist"},
	} {
		try(t, h, s)
	}
}

func TestLogicalVolumes(t *testing.T) {
	h, d := lab(t)
	h.Is(h.State("lvm.lv_present", "{name: srv, vgname: data, size: 8M, stripes: 2, nosync: False, force: True, pv: /dev/sdb}", false)[:48], "True | Created Logical Volume srv | {'created': ")
	h.Is(h.Ran(), "/sbin/lvcreate -n srv data -L 8M /dev/sdb --stripes 2 --nosync --yes")
	for _, s := range []step{
		{"lvm.lv_present", "{name: srv, vgname: data, size: 16M}", "None | Logical Volume srv is set to be resized",
			"True | Resized Logical Volume srv | {'resized': {'Output from lvresize': 'Logical volume \"/dev/data/srv\" successfully resized.'}}",
			"lvresize -qq -L 16M /dev/data/srv", "True | Logical Volume srv already present"},
		{"lvm.lv_present", "{name: srv, vgname: data, size: 32768s}", "True | Logical Volume srv already present", "True | Logical Volume srv already present", "", ""},
		{"lvm.lv_present", "{name: srv, vgname: data, size: 8M}", "False | To reduce a Logical Volume option 'force' must be True.",
			"False | To reduce a Logical Volume option 'force' must be True.", "", ""},
		{"lvm.lv_present", "{name: srv, vgname: data, extents: 2, force: True, resizefs: True}", "None | Logical Volume srv is set to be resized",
			"True | Resized Logical Volume srv | {'resized': {'Output from lvresize': 'Logical volume \"/dev/data/srv\" successfully resized.'}}",
			"lvresize --force --resizefs -l 2 /dev/data/srv", "True | Logical Volume srv already present"},
		{"lvm.lv_present", "{name: srv, vgname: data, extents: 50%FREE}", "True | Logical Volume srv already present, 50%FREE won't be resized.",
			"True | Logical Volume srv already present, 50%FREE won't be resized.", "", ""},
		{"lvm.lv_present", "{name: srv, vgname: data, extents: '4'}", "error: TypeError: '<' not supported between instances of 'str' and 'int'",
			"error: TypeError: '<' not supported between instances of 'str' and 'int'", "", ""},
		{"lvm.lv_absent", "{name: srv, vgname: data}", "None | Logical Volume srv is set to be removed",
			"True | Removed Logical Volume srv | {'removed': 'Logical volume \"srv\" successfully removed'}", "lvremove data/srv --yes", "True | Logical Volume srv already absent"},
	} {
		try(t, h, s)
	}
	if len(d.lvs) != 0 {
		t.Errorf("left: %v", d.lvs)
	}
	h.Is(h.State("lvm.lv_present", "{name: t, vgname: data/pool, size: 1G, thinvolume: True}", true), "None | Logical Volume t is set to be created")
	h.State("lvm.lv_present", "{name: srv, vgname: data, snapshot: snap, size: 1G}", false)
	h.Is(h.Ran(), "/sbin/lvcreate -n snap -s data/srv -L 1G -qq")
	h.State("lvm.lv_present", "{name: pool, vgname: data, thinpool: True, extents: 100%FREE}", false)
	h.Is(h.Ran(), "/sbin/lvcreate --thinpool pool data -l 100%FREE -qq")
	h.Is(h.Exec("lvm.version", "{}"), "'2.03.16(2) (2022-05-18)'")
	h.Is(h.Exec("lvm.lvextend", "{lvpath: /dev/data/x}"), "{}")
	h.Is(h.Exec("lvm.lvextend", "{lvpath: /dev/data/x, size: +1G, force: True}"), "{'Output from lvextend': 'Logical volume \"/dev/data/x\" successfully extended.'}")
	h.Is(h.Ran(), "lvextend --yes -L +1G /dev/data/x")
}

func TestMegabytes(t *testing.T) {
	for text, want := range map[string]string{
		"8": "8", "8M": "8", "8mb": "8", "1g": "1024", "1TB": "1048576", "2048s": "1", "1p": "1073741824",
		"x": "Size x is invalid.", "8x": "Unit x is invalid.", "b": "Size b is invalid.", "1.5g": "ValueError: invalid literal for int() with base 10: '1.5'", "1b": "Size 1b is invalid.",
	} {
		got, err := megabytes(py.Str(text))
		s := fmt.Sprint(int64(got))
		if err != nil {
			s = err.Error()
		}
		if s != want {
			t.Errorf("%s: %s, want %s", text, s, want)
		}
	}
}
