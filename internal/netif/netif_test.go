package netif

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"pinch/internal/host"
	"pinch/internal/py"
)

func TestParseIfconfig(t *testing.T) {
	got := py.Repr(Dict(ParseIfconfig("vtnet0: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500\n" +
		"\toptions=4c07bb<RXCSUM,TXCSUM>\n\tether 52:54:00:12:34:56\n\tinet 192.0.2.10 netmask 0xffffff00 broadcast 192.0.2.255\n" +
		"\tinet6 fe80::5054:ff:fe12:3456%vtnet0 prefixlen 64 scopeid 0x1\n\tmedia: Ethernet autoselect (10Gbase-T <full-duplex>)\n" +
		"lo0: flags=1008049<UP,LOOPBACK,RUNNING,MULTICAST,LOWER_UP> metric 0 mtu 16384\n\tinet6 ::1 prefixlen 128\n\tinet 127.0.0.1 netmask 255.0.0.0\n" +
		"pflog0: flags=0<> metric 0 mtu 33160\n\tinet bad\n")))
	const want = "{'vtnet0': {'up': True, 'hwaddr': '52:54:00:12:34:56', 'inet': [{'address': '192.0.2.10', 'netmask': '255.255.255.0', 'broadcast': '192.0.2.255', 'label': 'vtnet0'}], " +
		"'inet6': [{'address': 'fe80::5054:ff:fe12:3456', 'prefixlen': '64', 'scope': '0x1'}]}, " +
		"'lo0': {'up': True, 'inet6': [{'address': '::1', 'prefixlen': '128', 'scope': None}], 'inet': [{'address': '127.0.0.1', 'netmask': '255.0.0.0', 'broadcast': None, 'label': 'lo0'}]}, " +
		"'pflog0': {'up': False}}"
	if got != want {
		t.Errorf("%s", got)
	}
}

func TestResolve(t *testing.T) {
	h := host.NewFake(map[string]string{"/etc/hosts": "127.0.0.1 localhost # x\n::1 localhost ip6\n10.1.1.1 Mine\n"})
	h.Commands = map[string]host.Output{
		"getent ahosts web":     {Stdout: []byte("2001:db8::1 STREAM web\n2001:db8::1 DGRAM \n192.0.2.1 STREAM \n192.0.2.1 RAW \n")},
		"getent ahostsv4 web":   {Stdout: []byte("192.0.2.1 STREAM web\n")},
		"getent ahostsv6 four":  {Stdout: []byte("::ffff:192.0.2.1 STREAM four\n")},
		"getent ahosts nowhere": {Code: 2},
	}
	for _, c := range []struct {
		family     int
		name, want string
	}{{0, "localhost", "[127.0.0.1 ::1]"}, {4, "localhost", "[127.0.0.1]"}, {0, "mine", "[10.1.1.1]"}, {0, "web", "[2001:db8::1 192.0.2.1]"}, {4, "web", "[192.0.2.1]"}, {6, "four", "[]"}, {0, "nowhere", "[]"}, {0, "10.0.0.1", "[10.0.0.1]"}, {6, "10.0.0.1", "[]"}, {0, "-s", "[]"}, {0, "", "[]"}} {
		got, err := Resolve(context.Background(), h, c.family, c.name)
		text := "["
		for i, a := range got {
			if i > 0 {
				text += " "
			}
			text += a.String()
		}
		if err != nil || text+"]" != c.want {
			t.Errorf("%s for %d: %s], %v", c.name, c.family, text, err)
		}
	}
}

func TestConnect(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	to := netip.MustParseAddrPort(l.Addr().String())
	if err := Connect(context.Background(), to, time.Second); err != nil {
		t.Errorf("a port that listens: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Connect(context.Background(), to, time.Second); err == nil {
		t.Error("a closed port answers")
	}
}

func TestList(t *testing.T) {
	h := host.NewLocal(nil)
	defer h.Close()
	list, err := List(context.Background(), h)
	if err != nil || len(list) == 0 {
		t.Fatalf("%v, %v", list, err)
	}
}
