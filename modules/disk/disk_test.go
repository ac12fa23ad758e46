package disk

import (
	"io/fs"
	"strings"
	"testing"

	"pinch/internal/host"
	"pinch/internal/statetest"
)

func TestTuned(t *testing.T) {
	now := map[string]string{"getra": "256", "getro": "0"}
	h := statetest.New(t, Funcs(), map[string]string{"/dev/": ""}, func(argv string) (host.Output, bool) {
		w := strings.Fields(argv)
		if strings.Contains(argv, "--getra") {
			return statetest.Out(now["getro"] + "\n204800\n512\n512\n512\n0\n0\n65535\n204800\n104857600\n" + now["getra"] + "\n256\n")
		}
		for i, o := range w {
			switch o {
			case "--setra":
				if w[i+1] == "x" {
					return statetest.Failed(1, "blockdev: bad number: x")
				}
				now["getra"] = w[i+1]
			case "--setro":
				now["getro"] = "1"
			case "--setrw":
				now["getro"] = "0"
			}
		}
		return statetest.Out("")
	})
	if err := h.Mknod("/dev/sdb", fs.ModeDevice|0o660, 8, 16); err != nil {
		t.Fatal(err)
	}
	h.Ops = nil
	for _, c := range []struct{ data, want, ran string }{
		{"{name: /dev/sdb, read-ahead: 1024}", "True | Block device /dev/sdb successfully modified  | {'read-ahead': 'Changed from 256 to 1024'}", "blockdev --setra 1024 /dev/sdb"},
		{"{name: /dev/sdb, read-ahead: 1024}", "True | Block device /dev/sdb already in correct state", "blockdev --setra 1024 /dev/sdb"},
		{"{name: /dev/sdb, read-only: True}", "True | Block device /dev/sdb successfully modified  | {'read-only': 'Changed from False to True'}", "blockdev --setro /dev/sdb"},
		{"{name: /dev/sdb, read-write: True}", "True | Block device /dev/sdb successfully modified  | {'read-write': 'Changed from False to True'}", "blockdev --setrw /dev/sdb"},
		{"{name: /dev/sdb, read-only: no, other: 1}", "error: Invalid keyword arguments: read-only=False, other=1", ""},
		{"{name: /dev/sdb, read-ahead: x}", "error: blockdev: bad number: x", "blockdev --setra x /dev/sdb"},
		{"{name: /dev/sdx, read-ahead: 1}", "False | Changes to /dev/sdx cannot be applied. Not a block device.", ""},
	} {
		h.Is(h.State("blockdev.tuned", c.data, false), c.want)
		h.Is(h.Ran(), c.ran)
	}
	h.Is(h.State("blockdev.tuned", "{name: /dev/sdb, read-ahead: 1}", true), "None | Changes to /dev/sdb will be applied ")
	h.Is(h.Exec("disk.dump", "{device: /dev/sdb, args: [getss, getra]}"), "{'getss': '512', 'getra': '1024'}")
	h.Is(h.Exec("disk.dump", "{device: /dev/sdb, args: [nothing]}"), "error: KeyError: 'nothing'")
}

func TestUsage(t *testing.T) {
	long := "/dev/mapper/a-very-long-name\n  10 5 5 50% /long\n"
	h := statetest.New(t, Funcs(), map[string]string{"/etc/mtab": ""}, func(argv string) (host.Output, bool) {
		if strings.HasPrefix(argv, "df -iP") {
			return statetest.Out("Filesystem Inodes IUsed IFree IUse% Mounted on\n/dev/sda1 100 40 60 40% /\n")
		}
		return statetest.Out("Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda1 1000 400 600 40% /\nmy share 500 5 495 1% /srv\n" + long)
	})
	h.Is(h.Exec("disk.usage", "{}"), "{'/': {'filesystem': '/dev/sda1', '1K-blocks': '1000', 'used': '400', 'available': '600', 'capacity': '40%'}, "+
		"'/srv': {'filesystem': 'my share', '1K-blocks': '500', 'used': '5', 'available': '495', 'capacity': '1%'}, "+
		"'/long': {'filesystem': '/dev/mapper/a-very-long-name', '1K-blocks': '10', 'used': '5', 'available': '5', 'capacity': '50%'}}")
	h.Is(h.Exec("disk.percent", "{}"), "{}") // as in Salt, which does not join lines there
	long = ""
	h.Is(h.Exec("disk.percent", "{args: /srv}"), "'1%'")
	h.Is(h.Exec("disk.percent", "{args: /none}"), "{}")
	h.Is(h.Exec("disk.inodeusage", "{}"), "{'/': {'inodes': '100', 'used': '40', 'free': '60', 'use': '40%', 'filesystem': '/dev/sda1'}}")
	h.Is(h.Exec("disk.usage", "{args: hz}"), "error: Invalid flag passed to disk.usage")
	h.Is(h.Exec("disk.fstype", "{device: /dev/sda1}"), "error: None of provided binaries(['lsblk', 'df']) was found in $PATH.")
	h.Is(h.Exec("disk.blkid", "{}"), "error: The 'blkid' binary was not found in $PATH.")
}
