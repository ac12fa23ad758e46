package network

import (
	"fmt"
	"math/big"
	"net/netip"
	"sort"
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/ipaddr"
	"pinch/internal/netif"
	"pinch/internal/py"
	"pinch/internal/saltargs"
	"pinch/modules"
)

// addrs are the addresses of one family, primary ones first, as Salt's
// _get_ips orders them.
func addrs(list []netif.Interface, six bool) []netif.Addr {
	var out []netif.Addr
	for _, secondary := range []bool{false, true} {
		for i := range list {
			for _, a := range list[i].Addrs {
				if a.IPv6 == six && a.Secondary == secondary {
					out = append(out, a)
				}
			}
		}
	}
	return out
}

// filter keeps the interfaces that a pattern, or one of a list or a
// comma-separated text of patterns, fits; None keeps all.
func filter(list []netif.Interface, patterns py.Value) ([]netif.Interface, error) {
	if _, none := patterns.(py.NoneType); none {
		return list, nil
	}
	pats, err := saltargs.SplitInput(patterns)
	if err != nil {
		return nil, err
	}
	var out []netif.Interface
	for _, i := range list {
		for _, p := range pats {
			if fnmatch.Match(py.ToStr(p), i.Name) {
				out = append(out, i)
				break
			}
		}
	}
	return out, nil
}

// ipAddrs are the addresses of the chosen interfaces as texts, sorted.
func ipAddrs(list []netif.Interface, six, loopback bool) []string {
	seen := map[netip.Addr]bool{}
	for _, a := range addrs(list, six) {
		ip, err := netip.ParseAddr(a.Address)
		if err == nil && (loopback || !ipaddr.IsLoopback(ip)) {
			seen[ip] = true
		}
	}
	sorted := make([]netip.Addr, 0, len(seen))
	for a := range seen {
		sorted = append(sorted, a)
	}
	sort.Slice(sorted, func(i, j int) bool { return sorted[i].Less(sorted[j]) })
	out := make([]string, len(sorted))
	for i, a := range sorted {
		out[i] = a.String()
	}
	return out
}

// networks are the networks of addresses, sorted, without doubles.
func networks(list []netif.Addr, loopback func(ip netip.Addr, net netip.Prefix) bool) []netip.Prefix {
	seen := map[netip.Prefix]bool{}
	for _, a := range list {
		ip, err := netip.ParseAddr(a.Address)
		if err != nil {
			continue
		}
		net := netip.PrefixFrom(ip, a.Prefix).Masked()
		if !loopback(ip, net) {
			seen[net] = true
		}
	}
	out := make([]netip.Prefix, 0, len(seen))
	for p := range seen {
		out = append(out, p)
	}
	sort.Slice(out, func(i, j int) bool {
		if c := out[i].Addr().Compare(out[j].Addr()); c != 0 {
			return c < 0
		}
		return out[i].Bits() < out[j].Bits()
	})
	return out
}

// subnets are the networks of interfaces, those of loopback addresses left
// out.
func subnets(list []netif.Interface, six bool) py.Value {
	out := py.NewList()
	for _, p := range networks(addrs(list, six), func(ip netip.Addr, _ netip.Prefix) bool { return ipaddr.IsLoopback(ip) }) {
		out.Append(py.Str(p.String()))
	}
	return out
}

// chosen is the argument of network.subnets: None is all interfaces, a list
// names some, anything else one.
func chosen(list []netif.Interface, v py.Value) []netif.Interface {
	var names []py.Value
	switch v := v.(type) {
	case py.NoneType:
		return list
	case *py.List:
		names = v.Items
	default:
		names = []py.Value{v}
	}
	var out []netif.Interface
	for _, i := range list {
		for _, n := range names {
			if n == py.Value(py.Str(i.Name)) {
				out = append(out, i)
				break
			}
		}
	}
	return out
}

// netLoopback is Python's is_loopback of a network.
func netLoopback(p netip.Prefix) bool {
	_, last := ipaddr.Edges(p)
	return ipaddr.IsLoopback(p.Addr()) && ipaddr.IsLoopback(last)
}

func ipNetworks(list []netif.Interface, six, loopback, verbose bool) py.Value {
	nets := networks(addrs(list, six), func(_ netip.Addr, p netip.Prefix) bool { return !loopback && netLoopback(p) })
	if !verbose {
		out := py.NewList()
		for _, p := range nets {
			out.Append(py.Str(p.String()))
		}
		return out
	}
	out := py.NewDict()
	for _, p := range nets {
		mask, _ := ipaddr.Edges(p)
		size := new(big.Int).Lsh(big.NewInt(1), uint(p.Addr().BitLen()-p.Bits()))
		out.SetStr(p.String(), py.DictOf("address", py.Str(p.Addr().String()), "netmask", py.Str(mask.String()),
			"num_addresses", py.NewInt(size), "prefixlen", py.Int(p.Bits())))
	}
	return out
}

// within keeps the addresses that are in a network. A bad one is told in the
// log and keeps none.
func within(c *modules.Call, cidr string, list []string) ([]string, error) {
	p, err := ipaddr.Network(cidr, true)
	if err != nil {
		c.Log.Error("Invalid CIDR", "cidr", cidr)
		return nil, nil
	}
	var out []string
	for _, text := range list {
		a, err := ipaddr.Address(text)
		if err != nil {
			return nil, err
		}
		if p.Contains(a) {
			out = append(out, text)
		}
	}
	return out, nil
}

// unknown is what Salt returns for an interface that is not there.
func unknown(list []netif.Interface, name string) py.Value {
	names := make([]string, len(list))
	for i := range list {
		names[i] = list[i].Name
	}
	return py.Str(fmt.Sprintf(`Interface "%s" not in available interfaces: "%s"`, name, strings.Join(names, `", "`)))
}
