package firewalld

import (
	"slices"
	"testing"

	"pinch/internal/py"
)

func TestNormalized(t *testing.T) {
	want := `rule family="ipv4" source address="192.168.0.0/16" port port="22" protocol="tcp" accept`
	for _, rule := range []string{
		`rule family="ipv4" source address="192.168.0.0/16" port port=22 protocol=tcp accept`,
		`rule family='ipv4' source address='192.168.0.0/16' port port='22' protocol=tcp accept`,
	} {
		if got := normalized([]string{rule}); got[0] != want {
			t.Errorf("got  %s\nwant %s", got[0], want)
		}
	}
}

func TestSortedPorts(t *testing.T) {
	got := sortedPorts([]string{"443/tcp", "53/udp", "22/tcp", "1000-2000/tcp"})
	if want := []string{"22/tcp", "443/tcp", "1000-2000/tcp", "53/udp"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// What firewall-cmd 1.3 prints.
func TestParseZones(t *testing.T) {
	d := parseZones("public (active)\n  target: default\n  interfaces: eth5\n  masquerade: no\n  forward-ports: \n\tport=80:proto=tcp:toport=443:toaddr=fe80::1\n" +
		"  rich rules: \n\trule service name=\"snmp\" accept\n\trule service name=\"http\" drop\n\nwork\n  ports: 1/tcp 2/udp\n")
	public, ok := d.Lookup("public (active)").(*py.Dict)
	if !ok {
		t.Fatalf("no zone public in %s", py.Repr(d))
	}
	z := zone{public}
	if got := z.lines("rich rules"); len(got) != 2 || got[1] != `rule service name="http" drop` {
		t.Errorf("rich rules: %q", got)
	}
	if z.masquerade() {
		t.Error("it does not masquerade")
	}
	want := forwarding{src: "80", proto: "tcp", dest: "443", addr: "fe80::1"}
	if got := parseForward(z.lines("forward-ports")[0]); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func FuzzParseZones(f *testing.F) {
	f.Add("\ta\n b\nc\n  d: e\n\tf")
	f.Fuzz(func(_ *testing.T, text string) {
		for _, v := range parseZones(text).All() {
			if d, ok := v.(*py.Dict); ok {
				zone{d}.words("ports")
			}
		}
	})
}
