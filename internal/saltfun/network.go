package saltfun

import (
	"fmt"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"

	"pinch/internal/py"
)

func networkFuncs() []*function {
	return []*function{
		parse("network.calc_net", "ip_addr, netmask=None", func(c *call) (py.Value, error) {
			text := py.ToStr(c.arg("ip_addr"))
			if !c.none("netmask") {
				text += "/" + py.ToStr(c.arg("netmask"))
			}
			p, err := network(text, false)
			if err != nil {
				return nil, err
			}
			return py.Str(p.String()), nil
		}),
		parse("network.ip_in_subnet", "ip_addr, cidr", func(c *call) (py.Value, error) {
			p, err := network(py.ToStr(c.arg("cidr")), true)
			if err != nil {
				c.h.log("error", "Invalid CIDR '"+py.ToStr(c.arg("cidr"))+"'")
				return py.False, nil
			}
			addrs := []py.Value{c.arg("ip_addr")}
			if isList(c.arg("ip_addr")) {
				addrs, _ = py.Collect(c.arg("ip_addr"))
			}
			for _, v := range addrs {
				a, err := address(py.ToStr(v))
				if err != nil {
					return nil, err
				}
				if p.Contains(a) {
					return py.True, nil
				}
			}
			return py.False, nil
		}),
		parse("network.is_private", "ip_addr", func(c *call) (py.Value, error) {
			a, err := address(py.ToStr(c.arg("ip_addr")))
			if err != nil {
				return nil, err
			}
			for _, text := range privateNets {
				if netip.MustParsePrefix(text).Contains(a) {
					return py.True, nil
				}
			}
			return py.False, nil
		}),
	}
}

// privateNets are what Python's ipaddress module of 3.11 calls private.
var privateNets = []string{
	"0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/29", "192.0.0.170/31", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "255.255.255.255/32",
	"::1/128", "::/128", "::ffff:0:0/96", "100::/64", "2001::/23", "2001:2::/48",
	"2001:db8::/32", "2001:10::/28", "fc00::/7", "fe80::/10",
}

func address(text string) (netip.Addr, error) {
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}, py.ValueErrorf("%s does not appear to be an IPv4 or IPv6 address", py.Repr(py.Str(text)))
	}
	return a, nil
}

// network is Python's ipaddress.ip_network.
func network(text string, strict bool) (netip.Prefix, error) {
	bad := py.ValueErrorf("%s does not appear to be an IPv4 or IPv6 network", py.Repr(py.Str(text)))
	ip, mask, hasMask := strings.Cut(text, "/")
	a, err := netip.ParseAddr(ip)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, bad
	}
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
