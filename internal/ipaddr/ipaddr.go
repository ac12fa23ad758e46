// Package ipaddr reads addresses and networks as Python's ipaddress module does.
package ipaddr

import (
	"fmt"
	"math/big"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"

	"pinch/internal/py"
)

// privateNets are what Python's ipaddress module of 3.11 calls private.
var privateNets = []string{
	"0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/29", "192.0.0.170/31", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "255.255.255.255/32",
	"::1/128", "::/128", "::ffff:0:0/96", "100::/64", "2001::/23", "2001:2::/48",
	"2001:db8::/32", "2001:10::/28", "fc00::/7", "fe80::/10",
}

// IsPrivate is Python's is_private.
func IsPrivate(a netip.Addr) bool {
	for _, text := range privateNets {
		if netip.MustParsePrefix(text).Contains(a) {
			return true
		}
	}
	return false
}

// IsLoopback is Python's is_loopback: 127.0.0.0/8 and ::1.
func IsLoopback(a netip.Addr) bool { return a.Is4() && a.IsLoopback() || a == netip.IPv6Loopback() }

// IsAddressOrNet says whether a text is an address or a network without host
// bits.
func IsAddressOrNet(text string) bool {
	if _, err := Address(text); err == nil {
		return true
	}
	_, err := Network(text, true)
	return err == nil
}

// Address is ipaddress.ip_address; the error is its ValueError.
func Address(text string) (netip.Addr, error) {
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}, py.ValueErrorf("%s does not appear to be an IPv4 or IPv6 address", py.Repr(py.Str(text)))
	}
	return a, nil
}

// NetworkOf is Salt's calc_net: the network of an address, which may be a number.
func NetworkOf(ip, mask py.Value) (netip.Prefix, error) {
	if _, none := mask.(py.NoneType); none {
		if n, ok := py.AsBig(ip); ok {
			return numberNet(n)
		}
		return Network(py.ToStr(ip), false)
	}
	return Network(py.ToStr(ip)+"/"+py.ToStr(mask), false)
}

// numberNet is the network of one address that is given as a number.
func numberNet(n *big.Int) (netip.Prefix, error) {
	switch {
	case n.Sign() < 0 || n.BitLen() > 128:
		return netip.Prefix{}, py.ValueErrorf("%s does not appear to be an IPv4 or IPv6 network", n)
	case n.BitLen() <= 32:
		var b [4]byte
		return netip.PrefixFrom(netip.AddrFrom4([4]byte(n.FillBytes(b[:]))), 32), nil
	}
	var b [16]byte
	return netip.PrefixFrom(netip.AddrFrom16([16]byte(n.FillBytes(b[:]))), 128), nil
}

// Edges are the mask and the last address of a network.
func Edges(p netip.Prefix) (mask, last netip.Addr) {
	net := p.Addr().AsSlice()
	m := make([]byte, len(net))
	for i := range m {
		left := min(max(p.Bits()-8*i, 0), 8)
		m[i] = byte(0xff << (8 - left))
		net[i] |= ^m[i]
	}
	mask, _ = netip.AddrFromSlice(m) // as long as an address
	last, _ = netip.AddrFromSlice(net)
	return mask, last
}

// ReversePointer is the name under which the name service has the address.
func ReversePointer(a netip.Addr) string {
	b := a.AsSlice()
	var parts []string
	for i := len(b) - 1; i >= 0; i-- {
		if a.Is4() {
			parts = append(parts, strconv.Itoa(int(b[i])))
		} else {
			parts = append(parts, fmt.Sprintf("%x.%x", b[i]&15, b[i]>>4))
		}
	}
	if a.Is4() {
		return strings.Join(parts, ".") + ".in-addr.arpa"
	}
	return strings.Join(parts, ".") + ".ip6.arpa"
}

// Network is ipaddress.ip_network; the error is its ValueError.
func Network(text string, strict bool) (netip.Prefix, error) {
	bad := py.ValueErrorf("%s does not appear to be an IPv4 or IPv6 network", py.Repr(py.Str(text)))
	ip, mask, hasMask := strings.Cut(text, "/")
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return netip.Prefix{}, bad
	}
	a = a.WithZone("")
	n := a.BitLen()
	if hasMask {
		if n, err = maskBits(mask, a); err != nil {
			return netip.Prefix{}, bad
		}
	}
	p := netip.PrefixFrom(a, n)
	if strict && p.Masked().Addr() != a {
		return netip.Prefix{}, py.ValueErrorf("%s has host bits set", text)
	}
	return p.Masked(), nil
}

// maskBits reads a prefix length, a netmask or a host mask.
func maskBits(mask string, a netip.Addr) (int, error) {
	if n, err := strconv.Atoi(mask); err == nil && strings.Trim(mask, "0123456789") == "" {
		if n < 0 || n > a.BitLen() {
			return 0, fmt.Errorf("prefix length %d", n)
		}
		return n, nil
	}
	m, err := netip.ParseAddr(mask)
	if err != nil || !m.Is4() || !a.Is4() {
		return 0, fmt.Errorf("netmask %q", mask)
	}
	b := m.As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	if ones := bits.LeadingZeros32(^v); v<<ones == 0 {
		return ones, nil
	}
	if zeros := bits.LeadingZeros32(v); v == 1<<(32-zeros)-1 {
		return zeros, nil
	}
	return 0, fmt.Errorf("netmask %q", mask)
}
