package raid

import (
	"strings"
	"testing"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/statetest"
	"pinch/modules"
)

const (
	scanned = "ARRAY /dev/md0 metadata=1.2 name=lab:0 UUID=aa:bb\n"
	detail  = "/dev/md0:\n           Version : 1.2\n     Raid Level : raid1\n\n    Number   Major   Minor   RaidDevice State\n" +
		"       0       8       16        0      active sync   /dev/sdb\n       1       8       32        1      spare rebuilding   /dev/sdc\n"
)

func TestArrays(t *testing.T) {
	running, members := false, map[string]string{}
	h := statetest.New(t, Funcs(), map[string]string{"/dev/sdb": "", "/dev/sdc": "", "/dev/md0": "", "/etc/mdadm/mdadm.conf": ""}, func(argv string) (host.Output, bool) {
		w := strings.Fields(argv)
		switch {
		case argv == "mdadm --detail --scan" && running:
			return statetest.Out(scanned)
		case strings.HasPrefix(argv, "mdadm --detail /"):
			return statetest.Out(detail)
		case w[1] == "-Y" && members[w[3]] != "":
			return statetest.Out("MD_LEVEL=raid1\nMD_UUID=" + members[w[3]] + "\n")
		case w[1] == "-C" || w[1] == "-A":
			running = true
		case w[1] == "--stop":
			running = false
		}
		return statetest.Out("")
	})
	var asked []string
	h.Call = func(fun string, args *py.Args) (py.Value, error) {
		asked = append(asked, fun+" "+py.Repr(py.NewList(args.Pos...)))
		if fun == "file.replace" && len(args.Kw) > 0 {
			return nil, modules.SaltInvocationError("File not found: /etc/mdadm/mdadm.conf")
		}
		return py.True, nil
	}
	h.Programs["mdadm"], h.Programs["update-initramfs"] = "/sbin/mdadm", "/usr/sbin/update-initramfs"
	const two = "{name: /dev/md0, level: 1, devices: [/dev/sdb, /dev/sdc], chunk: 64, run: True}"
	command := "mdadm -C /dev/md0 -R -v -l 1 --chunk 64 --run -e default -n 2 /dev/sdb /dev/sdc"
	h.Is(h.State("raid.present", two, true), "None | Raid will be created with: "+command)
	h.Is(h.State("raid.present", two, false), "True | Raid /dev/md0 created. | {'device': '/dev/md0', 'metadata': '1.2', 'name': 'lab:0', 'uuid': 'aa:bb'}")
	h.Is(h.Ran(), ""+command+"; update-initramfs -u")
	h.Is(strings.Join(asked, "; "), `file.replace ['/etc/mdadm/mdadm.conf', '^ARRAY\\s+/dev/md0\\s+.*$', 'ARRAY /dev/md0 metadata=1.2 name=lab:0 UUID=aa:bb']; file.write ['/etc/mdadm/mdadm.conf']`)
	members["/dev/sdb"], members["/dev/sdc"] = "aa:bb", "aa:bb"
	h.Is(h.State("raid.present", two, false), "True | Raid /dev/md0 already present.")
	h.Is(h.Ran(), "")
	delete(members, "/dev/sdc")
	h.Is(h.State("raid.present", two, true), "None | Raid /dev/md0 already present. New devices will be added: ['/dev/sdc']")
	h.Is(h.State("raid.present", two, false), "True | Raid /dev/md0 already present. Added new device /dev/sdc to /dev/md0.\n | {'added': ['/dev/sdc']}")
	h.Is(h.Ran(), "mdadm --manage /dev/md0 --add /dev/sdc")
	members["/dev/sdc"] = "cc:dd"
	h.Is(h.State("raid.present", two, false), "False | Devices are a mix of RAID constituents with multiple MD_UUIDs: ['aa:bb', 'cc:dd'].")
	members["/dev/sdb"] = "cc:dd"
	h.Is(h.State("raid.present", two, false), "False | Devices MD_UUIDs: cc:dd differs from present RAID uuid aa:bb.")
	h.Is(h.State("raid.absent", "{name: /dev/md0}", true), "None | Raid /dev/md0 is set to be destroyed")
	h.Is(h.State("raid.absent", "{name: /dev/md0}", false), "True | Raid /dev/md0 has been destroyed")
	h.Is(h.Ran(), "mdadm --stop /dev/md0; mdadm --zero-superblock /dev/sdb /dev/sdc")
	h.Is(h.State("raid.absent", "{name: /dev/md0}", false), "True | Raid /dev/md0 already absent")
	h.Is(h.State("raid.present", "{name: /dev/md0, level: 1, devices: [/dev/sdb, /dev/none, missing]}", true),
		"None | Raid will be assembled with: ['mdadm', '-A', '/dev/md0', '-v', '/dev/sdb'] Missing devices: ['/dev/none', 'missing']")
	h.Is(h.State("raid.present", "{name: /dev/md0, level: 1, devices: 7}", true), "error: TypeError: 'int' object is not iterable")
	h.Is(h.Exec("raid.detail", "{}"), "{'members': {'0': {'device': '/dev/sdb', 'major': '8', 'minor': '16', 'number': '0', 'raiddevice': '0', 'state': 'active sync'}, "+
		"'1': {'device': '/dev/sdc', 'major': '8', 'minor': '32', 'number': '1', 'raiddevice': '1', 'state': 'spare rebuilding'}}, 'version': '1.2', 'raid_level': 'raid1'}")
}
