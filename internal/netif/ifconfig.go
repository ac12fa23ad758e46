package netif

import (
	"math/bits"
	"net/netip"
	"strconv"
	"strings"
)

// ParseIfconfig reads what `ifconfig -a` prints on FreeBSD and macOS.
func ParseIfconfig(text string) []Interface {
	var out []Interface
	for _, line := range strings.Split(text, "\n") {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		if line[0] != ' ' && line[0] != '\t' {
			name, _, _ := strings.Cut(f[0], ":")
			_, flags, _ := strings.Cut(line, "<")
			flags, _, _ = strings.Cut(flags, ">")
			out = append(out, Interface{Name: name, Up: hasFlag(flags, "UP")})
			continue
		}
		if len(out) == 0 || len(f) < 2 {
			continue
		}
		x := &out[len(out)-1]
		switch f[0] {
		case "ether", "lladdr", "address:":
			x.Hardware = f[1]
		case "inet", "inet6":
			if a, ok := ifconfigAddr(f, x.Name); ok {
				x.Addrs = append(x.Addrs, a)
			}
		}
	}
	return out
}

func hasFlag(list, flag string) bool {
	for _, s := range strings.Split(list, ",") {
		if s == flag {
			return true
		}
	}
	return false
}

// ifconfigAddr reads the words of a line such as "inet 10.0.0.2 netmask
// 0xffffff00 broadcast 10.0.0.255" or "inet6 fe80::1%em0 prefixlen 64 scopeid 0x1".
func ifconfigAddr(f []string, iface string) (Addr, bool) {
	text, _, _ := strings.Cut(f[1], "%")
	text, slash, _ := strings.Cut(text, "/")
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return Addr{}, false
	}
	a := Addr{IPv6: ip.Is6(), Address: ip.String(), Prefix: ip.BitLen(), Label: iface}
	if n, err := strconv.Atoi(slash); err == nil {
		a.Prefix = n
	}
	for i := 2; i+1 < len(f); i++ {
		switch v := f[i+1]; f[i] {
		case "netmask":
			if m, err := strconv.ParseUint(strings.TrimPrefix(v, "0x"), 16, 32); err == nil {
				a.Prefix = bits.OnesCount32(uint32(m))
			} else if m, err := netip.ParseAddr(v); err == nil && m.Is4() {
				b := m.As4()
				a.Prefix = bits.OnesCount8(b[0]) + bits.OnesCount8(b[1]) + bits.OnesCount8(b[2]) + bits.OnesCount8(b[3])
			}
		case "broadcast":
			a.Broadcast = v
		case "prefixlen":
			if n, err := strconv.Atoi(v); err == nil {
				a.Prefix = n
			}
		case "scopeid":
			a.Scope = v
		}
	}
	return a, true
}
