package ip

import (
	"context"
	"testing"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/saltyaml"
	"pinch/modules"
)

// Reading and writing interfaces never panics, and what was written is read as
// it is and written the same.
func FuzzInterfaces(f *testing.F) {
	f.Add("auto lo eth0\niface lo inet loopback\niface eth0 inet static\n  address 10.0.0.5/24\n  address 10.0.0.6\n  up a\n  bond-mode 1\n  bridge_fd 0\n  link-speed 10\nsource /x\n")
	f.Add(" up\niface")
	f.Fuzz(func(t *testing.T, text string) {
		first, ok := rendered(text)
		if !ok {
			return
		}
		second, ok := rendered(first)
		if !ok {
			t.Fatalf("cannot be read again:\n%s", first)
		}
		if third, _ := rendered(second); third != second {
			t.Errorf("was\n%s\nbecame\n%s", second, third)
		}
	})
}

func rendered(text string) (string, bool) {
	all, err := readAdapters(host.NewFake(map[string]string{interfacesFile: text}))
	if err != nil {
		return "", false
	}
	out := ""
	for _, a := range all {
		text, err := a.text()
		if err != nil {
			return "", false
		}
		out += text
	}
	return out, true
}

// Settings of any kind end in an interface or in an error.
func FuzzSettings(f *testing.F) {
	f.Add("{type: bond, mode: '4', slaves: [a], miimon: 100, ipaddrs: [1.2.3.4/5], dns: x, mtu: '5'}")
	f.Add("{type: bridge, ports: x, fd: 1.5, waitport: '5 x', hw: '00:11', channels: {rx: 1}, team_config: {a: [1]}}")
	f.Add("{type: vlan, vlan_id: '7', link: x, ipv6addrs: [a], proto: [1], routes: [{ipaddr: 1}, 2]}")
	f.Fuzz(func(_ *testing.T, text string) {
		v, err := saltyaml.Load(text)
		opts, ok := v.(*py.Dict)
		if err != nil || !ok {
			return
		}
		kind := opts.String("type")
		for _, family := range []string{"Debian", "RedHat", "netplan"} {
			files := map[string]string{interfacesFile: ""}
			if family == "netplan" {
				files = map[string]string{"/etc/netplan/": "", "/usr/sbin/netplan": ""}
			}
			c := &modules.Call{Reader: host.NewFake(files), Memo: modules.NewMemo(), Log: modules.NoLog{}, Funcs: nobody{},
				Grains: py.DictOf("os_family", py.Str(family), "osrelease", py.Str("8"), "num_cpus", py.Int(2))}
			m, b := open(context.Background(), c, nil)
			if family == "netplan" {
				b = netplan{m}
			}
			_, _ = b.buildInterface("eth0.5", kind, true, opts, true)
			_, _, _ = b.buildRoutes("eth0", opts, true)
			_, _ = b.buildSettings(opts, true)
		}
	})
}

// nobody has no functions.
type nobody struct{}

func (nobody) Call(_ context.Context, fun string, _ *py.Args) (py.Value, error) {
	return nil, py.KeyError(py.Str(fun))
}
