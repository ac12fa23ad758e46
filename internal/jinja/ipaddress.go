package jinja

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"

	"pinch/internal/py"
)

// ipInterface is Python's ipaddress address or interface: an address in a
// network.
type ipInterface struct {
	prefix netip.Prefix
	zone   string // the scope of an IPv6 address, which a prefix does not keep
}

func (i ipInterface) version() int {
	if i.prefix.Addr().Is4() {
		return 4
	}
	return 6
}

// text is str() of the address, with the prefix length for an interface.
func (i ipInterface) text(network bool) string {
	s := formatAddress(i.prefix.Addr())
	if i.zone != "" {
		s += "%" + i.zone
	}
	if network {
		s += "/" + strconv.Itoa(i.bits())
	}
	return s
}

// bits is the prefix length.
func (i ipInterface) bits() int { return i.prefix.Bits() }

// size is the number of addresses in the network.
func (i ipInterface) size() *big.Int {
	return new(big.Int).Lsh(big.NewInt(1), uint(i.prefix.Addr().BitLen()-i.bits()))
}

// formatAddress is str(ip_address): IPv6 in hexadecimal throughout.
func formatAddress(a netip.Addr) string {
	if !a.Is4In6() {
		return a.String()
	}
	b := a.As16()
	return fmt.Sprintf("::ffff:%x:%x", binary.BigEndian.Uint16(b[12:]), binary.BigEndian.Uint16(b[14:]))
}

// parseAddress is ipaddress.ip_address(v).
func parseAddress(v py.Value) (ipInterface, bool) {
	a, ok := addressOf(v)
	if !ok {
		return ipInterface{}, false
	}
	return ipInterface{netip.PrefixFrom(a, a.BitLen()), a.Zone()}, true
}

func addressOf(v py.Value) (netip.Addr, bool) {
	switch x := v.(type) {
	case py.Bytes:
		if len(x) != 4 && len(x) != 16 {
			return netip.Addr{}, false
		}
		return netip.AddrFromSlice([]byte(x))
	case py.Int, py.Bool, *py.Long:
		n, _ := py.AsBig(x)
		if n.Sign() < 0 || n.BitLen() > 128 {
			return netip.Addr{}, false
		}
		size := 16
		if n.BitLen() <= 32 {
			size = 4
		}
		return netip.AddrFromSlice(n.FillBytes(make([]byte, size)))
	}
	text, ok := strOf(v)
	if !ok {
		text = py.ToStr(v)
	}
	if strings.Contains(text, "/") {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(text)
	if err != nil || strings.Contains(a.Zone(), "%") {
		return netip.Addr{}, false
	}
	return a, true
}

// parseInterface is ipaddress.ip_interface(v), and ip_network(v,
// strict=False).
func parseInterface(v py.Value) (ipInterface, bool) {
	addr, mask, masked := v, py.Value(nil), false
	if t, ok := v.(py.Tuple); ok {
		if len(t) == 0 || len(t) > 2 {
			return ipInterface{}, false
		}
		if addr = t[0]; len(t) == 2 {
			mask, masked = t[1], true
		}
	} else if s, ok := strOf(v); ok {
		if before, after, cut := strings.Cut(s, "/"); cut {
			addr, mask, masked = py.Str(before), py.Str(after), true
		}
	}
	a, ok := addressOf(addr)
	if !ok {
		return ipInterface{}, false
	}
	n := a.BitLen()
	if masked {
		if n, ok = prefixLength(mask, a.Is4()); !ok {
			return ipInterface{}, false
		}
	}
	return ipInterface{netip.PrefixFrom(a, n), a.Zone()}, true
}

// prefixLength reads the part behind the slash: a number, or for IPv4 a
// netmask or a host mask.
func prefixLength(v py.Value, v4 bool) (int, bool) {
	limit := 128
	if v4 {
		limit = 32
	}
	if n, ok := py.AsInt(v); ok {
		return int(n), n >= 0 && n <= int64(limit)
	}
	s, ok := strOf(v)
	if !ok {
		return 0, false
	}
	if s != "" && strings.Trim(s, "0123456789") == "" {
		n, err := strconv.Atoi(s)
		return n, err == nil && n <= limit
	}
	if !v4 {
		return 0, false
	}
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is4() {
		return 0, false
	}
	b := a.As4()
	m := binary.BigEndian.Uint32(b[:])
	if ones := bits.LeadingZeros32(^m); m == ^uint32(0)<<(32-ones) {
		return ones, true
	}
	// A host mask such as 0.0.0.255 has its ones at the end.
	ones := bits.LeadingZeros32(m)
	return ones, ^m == ^uint32(0)<<(32-ones)
}

func notAddress(v py.Value, kind string) error {
	return py.ValueErrorf("%s does not appear to be an IPv4 or IPv6 %s", py.Repr(v), kind)
}

// addressTests are the options of ipaddr and its like. Names that are none
// of these are passed over, as in Salt.
var addressTests = map[string]func(i ipInterface, network bool) bool{
	"global": isGlobal, "public": isGlobal,
	"link-local": isLinkLocal, "linklocal": isLinkLocal, "ll": isLinkLocal, "link_local": isLinkLocal,
	"loopback": isLoopback, "lo": isLoopback,
	"multicast":  func(i ipInterface, _ bool) bool { return i.prefix.Addr().IsMulticast() && !i.prefix.Addr().Is4In6() },
	"private":    func(i ipInterface, network bool) bool { return !isGlobal(i, network) },
	"reserved":   func(i ipInterface, _ bool) bool { return within(i.prefix.Addr(), reservedNetworks) },
	"site-local": isSiteLocal, "sl": isSiteLocal, "site_local": isSiteLocal,
	"unspecified": func(i ipInterface, network bool) bool {
		a := i.prefix.Addr()
		return a.IsUnspecified() && (a.Is4() || !network || i.bits() == 128)
	},
}

// isGlobal is "not is_private" by the registries as of CPython 3.11.
func isGlobal(i ipInterface, _ bool) bool {
	a := i.prefix.Addr()
	return !within(a.Unmap(), privateNetworks)
}

func isLinkLocal(i ipInterface, _ bool) bool {
	a := i.prefix.Addr()
	return within(a, []netip.Prefix{netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("fe80::/10")})
}

func isSiteLocal(i ipInterface, _ bool) bool {
	return within(i.prefix.Addr(), []netip.Prefix{netip.MustParsePrefix("fec0::/10")})
}

func isLoopback(i ipInterface, network bool) bool {
	a := i.prefix.Addr()
	if a.Is4() {
		return a.IsLoopback()
	}
	return a == netip.IPv6Loopback() && (!network || i.bits() == 128)
}

func within(a netip.Addr, networks []netip.Prefix) bool {
	for _, n := range networks {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

func prefixes(text string) []netip.Prefix {
	var out []netip.Prefix
	for _, p := range strings.Fields(text) {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

// privateNetworks and reservedNetworks are those of CPython 3.11.7.
var (
	privateNetworks = prefixes(`0.0.0.0/8 10.0.0.0/8 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/29 192.0.0.170/31
		192.0.2.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4
		::1/128 ::/128 100::/64 2001::/23 2001:2::/48 2001:db8::/32 2001:10::/28 fc00::/7 fe80::/10`)
	reservedNetworks = prefixes(`240.0.0.0/4 ::/8 100::/8 200::/7 400::/6 800::/5 1000::/4 4000::/3 6000::/3 8000::/3
		a000::/3 c000::/3 e000::/4 f000::/5 f800::/6 fe00::/9`)
)
