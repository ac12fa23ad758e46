package mount

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/host"
	"pinch/internal/py"
)

const sample = "# static\n/dev/sda1 / ext4 defaults 0 1\n\ntmpfs /tmp tmpfs nosuid,nodev\nbad line\n"

func TestSetFstab(t *testing.T) {
	line := func(name, device, fstype, opts string) *setFstab {
		return &setFstab{name: name, device: device, fstype: fstype, opts: opts, dump: "0", pass: "0", config: "/etc/fstab"}
	}
	keep := line("/tmp", "tmpfs", "tmpfs", "size=1m")
	keep.notChange = true
	byName := line("/", "/dev/sdb1", "ext4", "ro")
	byName.matchOn = py.NewList(py.Str("name"))
	for name, c := range map[string]struct {
		a    *setFstab
		word string
		want string
	}{
		"present in another order": {line("/tmp", "tmpfs", "tmpfs", "nodev,nosuid"), "present", sample},
		"change":                   {line("/tmp", "tmpfs", "tmpfs", "size=1m"), "change", "# static\n/dev/sda1 / ext4 defaults 0 1\n\ntmpfs\t\t/tmp\ttmpfs\tsize=1m\t0 0\nbad line\n"},
		"not_change":               {keep, "present", sample},
		"new, by device":           {line("/srv", "/dev/sdb1", "ext4", "defaults"), "new", sample + "/dev/sdb1\t\t/srv\text4\tdefaults\t0 0\n"},
		"match_on name":            {byName, "change", "# static\n/dev/sdb1\t\t/\text4\tro\t0 0\n\ntmpfs /tmp tmpfs nosuid,nodev\nbad line\n"},
	} {
		t.Run(name, func(t *testing.T) {
			h := host.NewFake(map[string]string{"/etc/fstab": sample})
			if word, err := c.a.set(h, nil); word != c.word || err != nil {
				t.Fatalf("test mode: %q, %v, want %q", word, err, c.word)
			}
			if len(h.Ops) != 0 {
				t.Fatalf("test mode wrote: %v", h.Ops)
			}
			if word, err := c.a.set(h, h); word != c.word || err != nil {
				t.Fatalf("set: %q, %v, want %q", word, err, c.word)
			}
			got, err := h.ReadFile("/etc/fstab")
			if diff := cmp.Diff(c.want, string(got)); diff != "" || err != nil {
				t.Error(diff, err)
			}
			if word, err := c.a.set(h, h); word != "present" || err != nil {
				t.Errorf("again: %q, %v", word, err)
			}
		})
	}
}

func TestSetFstabErrors(t *testing.T) {
	h := host.NewFake(map[string]string{"/etc/fstab": sample, "/etc/dir/": ""})
	for name, a := range map[string]*setFstab{
		"no file":   {config: "/etc/none"},
		"directory": {config: "/etc/dir"},
		"match_on":  {config: "/etc/fstab", matchOn: py.Str("colour")},
		"number":    {config: "/etc/fstab", matchOn: py.Int(1)},
	} {
		if word, err := a.set(h, h); err == nil {
			t.Errorf("%s: %q, no error", name, word)
		}
	}
}

func TestSetFstabWithoutLastNewline(t *testing.T) {
	h := host.NewFake(map[string]string{"/etc/fstab": "/dev/sda1 / ext4 defaults 0 1"})
	a := &setFstab{name: "none", device: "/swap", fstype: "swap", opts: "defaults", dump: "0", pass: "0", config: "/etc/fstab"}
	if _, err := a.set(h, h); err != nil {
		t.Fatal(err)
	}
	got, err := h.ReadFile("/etc/fstab")
	if diff := cmp.Diff("/dev/sda1 / ext4 defaults 0 1\n/swap\t\tnone\tswap\tdefaults\t0 0\n", string(got)); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestReadFstabNamesTwice(t *testing.T) {
	h := host.NewFake(map[string]string{"/etc/fstab": "a none swap sw 0 0\nb none swap sw\n"})
	tab, err := readFstab(h, "/etc/fstab")
	if err != nil || len(tab) != 2 || tab[0].name != "none" || tab[1].name != "none_" || tab[1].entry["dump"] != "0" {
		t.Errorf("%v, %v", tab, err)
	}
}

func TestShown(t *testing.T) {
	h := host.NewFake(nil)
	h.UserList = append(h.UserList, host.User{Name: "web", UID: 33})
	h.GroupList = append(h.GroupList, host.Group{Name: "web", GID: 34})
	for _, c := range []struct{ fstype, opt, want string }{
		{"tmpfs", "size=1m", "size=1024k"}, {"tmpfs", "size=2g", "size=2097152k"}, {"tmpfs", "size=5", "size=5"},
		{"nfs", "tcp", "proto=tcp"}, {"nfs", "port=2049", "port"}, {"cifs", "user=a", "username=a"}, {"ext4", "user=a", "user=a"},
		{"vfat", "uid=web", "uid=33"}, {"vfat", "gid=web", "gid=34"}, {"vfat", "uid=7", "uid=7"}, {"vfat", "uid=nobody9", "uid=nobody9"},
		{"ramfs", "size=1m", "size"},
	} {
		m := &mounting{r: h, a: &mountedArgs{Fstype: c.fstype}}
		if got := m.shown(c.opt, invisibleKeys, m.ignoredKeys()); got != c.want {
			t.Errorf("%s %s is shown as %q, want %q", c.fstype, c.opt, got, c.want)
		}
	}
}

func FuzzParseLine(f *testing.F) {
	f.Add("/dev/sda1 / ext4 defaults 0 1")
	f.Fuzz(func(t *testing.T, line string) {
		e, ok := parseLine(line)
		if !ok {
			return
		}
		again, ok := parseLine(e.line())
		if !ok || !e.match(again) {
			t.Errorf("%q becomes %q", line, e.line())
		}
	})
}
