package match

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"

	"pinch/internal/py"
)

// ipcidr matches an address or a network against the grains ipv4 and ipv6. An
// address is compared as text, a network by arithmetic.
func (m *Matcher) ipcidr(tgt py.Value) (bool, error) {
	addr, isAddr := parseIP(tgt)
	var network netip.Prefix
	if !isAddr {
		s, ok := tgt.(py.Str)
		if ok {
			network, ok = parseNetwork(string(s))
		}
		if !ok {
			m.logf("Invalid IP/CIDR target: %s", py.ToStr(tgt))
			return false, nil
		}
	}
	proto := "ipv6"
	if isAddr && addr.Is4() || !isAddr && network.Addr().Is4() {
		proto = "ipv4"
	}
	have, ok := m.Minion.Grains.GetStr(proto)
	if !ok {
		return false, nil
	}
	if isAddr {
		return contains(have, py.Str(formatIP(addr)))
	}
	var items []py.Value
	switch have := have.(type) {
	case *py.List:
		items = have.Items
	case py.Tuple:
		items = have
	case py.NoneType:
		// Salt: asks the machine it runs on, which here is not the minion.
		return false, nil
	default:
		items = []py.Value{have}
	}
	for _, it := range items {
		ip, ok := parseIP(it)
		if !ok {
			return false, py.ValueErrorf("%s does not appear to be an IPv4 or IPv6 address", py.Repr(it))
		}
		if ip.Is4() == network.Addr().Is4() && network.Contains(ip.WithZone("")) {
			return true, nil
		}
	}
	return false, nil
}

// parseIP is ipaddress.ip_address(v): strict text, or an int that is the
// address.
func parseIP(v py.Value) (netip.Addr, bool) {
	if s, ok := v.(py.Str); ok {
		// Go lets a zone contain everything, Python neither % nor a slash.
		if _, zone, _ := strings.Cut(string(s), "%"); strings.ContainsAny(zone, "%/") {
			return netip.Addr{}, false
		}
		a, err := netip.ParseAddr(string(s))
		return a, err == nil
	}
	n, ok := py.AsBig(v)
	if !ok || n.Sign() < 0 || n.BitLen() > 128 {
		return netip.Addr{}, false
	}
	if n.BitLen() <= 32 {
		var b [4]byte
		n.FillBytes(b[:])
		return netip.AddrFrom4(b), true
	}
	var b [16]byte
	n.FillBytes(b[:])
	return netip.AddrFrom16(b), true
}

// formatIP is str(address): like netip's form but for IPv4-mapped addresses,
// which Python 3.11 writes in hexadecimal.
func formatIP(a netip.Addr) string {
	if !a.Is4In6() {
		return a.String()
	}
	b := a.As16()
	s := fmt.Sprintf("::ffff:%x:%x", binary.BigEndian.Uint16(b[12:]), binary.BigEndian.Uint16(b[14:]))
	if a.Zone() != "" {
		s += "%" + a.Zone()
	}
	return s
}

// parseNetwork is ipaddress.ip_network(s) in strict mode: host bits must be
// zero; an IPv4 network may have a netmask or a wildcard mask instead of a
// prefix length.
func parseNetwork(s string) (netip.Prefix, bool) {
	base, mask, found := strings.Cut(s, "/")
	if !found {
		return netip.Prefix{}, false
	}
	addr, ok := parseIP(py.Str(base))
	if !ok {
		return netip.Prefix{}, false
	}
	length, ok := prefixLength(mask, addr.Is4())
	if !ok || length > addr.BitLen() {
		return netip.Prefix{}, false
	}
	p := netip.PrefixFrom(addr.WithZone(""), length)
	if p.Masked() != p {
		return netip.Prefix{}, false
	}
	return p, true
}

func prefixLength(mask string, v4 bool) (int, bool) {
	if mask != "" && strings.Trim(mask, "0123456789") == "" {
		n, err := strconv.Atoi(mask)
		return n, err == nil
	}
	if !v4 {
		return 0, false
	}
	a, err := netip.ParseAddr(mask)
	if err != nil || !a.Is4() {
		return 0, false
	}
	b := a.As4()
	n := binary.BigEndian.Uint32(b[:])
	for _, v := range []uint32{n, ^n} { // netmask first, then wildcard mask
		ones := bits.LeadingZeros32(^v)
		if v == ^uint32(0)<<(32-ones) {
			return ones, true
		}
	}
	return 0, false
}
