package grains

import (
	"encoding/hex"
	"net/netip"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
)

// gateways adds the default routes, from the kernel's tables.
func gateways(h host.Reader, g *py.Dict) {
	four, six := py.Value(py.False), py.Value(py.False)
	for _, line := range lines(h, "/proc/net/route") {
		f := strings.Fields(line)
		if len(f) > 7 && f[1] == "00000000" && f[7] == "00000000" {
			four = py.True
			if b, err := hex.DecodeString(f[2]); err == nil && len(b) == 4 && f[2] != "00000000" {
				four = py.Str(netip.AddrFrom4([4]byte{b[3], b[2], b[1], b[0]}).String())
			}
			break
		}
	}
	for _, line := range lines(h, "/proc/net/ipv6_route") {
		f := strings.Fields(line)
		if len(f) < 10 || strings.Trim(f[0], "0") != "" || f[1] != "00" || f[9] == "lo" {
			continue
		}
		six = py.True
		b, err := hex.DecodeString(f[4])
		if a, ok := netip.AddrFromSlice(b); err == nil && ok && !a.IsUnspecified() {
			six = py.Str(a.String())
		}
		break
	}
	g.SetStr("ip_gw", py.Bool(four != py.Value(py.False) || six != py.Value(py.False)))
	g.SetStr("ip4_gw", four)
	g.SetStr("ip6_gw", six)
}
