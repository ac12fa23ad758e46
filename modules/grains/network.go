package grains

import (
	"context"
	"net/netip"
	"os"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/ipaddr"
	"pinch/internal/netif"
	"pinch/internal/py"
)

// names adds the host's names. The full one is what the hosts file gives for
// the host's own name; the name service is not asked, which could take seconds.
func names(_ context.Context, h host.Reader, g *py.Dict) error {
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	fqdn := name
	if full := canonicalName(h, name); full != "" {
		fqdn = full
	}
	short, domain, _ := strings.Cut(fqdn, ".")
	g.SetStr("localhost", py.Str(name))
	g.SetStr("fqdn", py.Str(fqdn))
	g.SetStr("host", py.Str(short))
	g.SetStr("domain", py.Str(domain))
	return nil
}

// canonicalName finds the first name of the line of the hosts file that has
// the host's name.
func canonicalName(h host.Reader, name string) string {
	for _, line := range lines(h, "/etc/hosts") {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) > 1 && slices.ContainsFunc(f[1:], func(n string) bool { return strings.EqualFold(n, name) }) {
			return f[1]
		}
	}
	return ""
}

// network adds the interfaces with their addresses.
func network(ctx context.Context, h host.Reader, g *py.Dict) error {
	dns(h, g)
	if h.LookPath("ip") != "" {
		gateways(h, g)
	}
	ifs, err := netif.List(ctx, h)
	if err != nil {
		return nil // a host without a readable network has no such grains
	}
	interfaces(ifs, g)
	four, six := ownAddresses(h, g.String("fqdn"))
	for _, x := range []struct {
		key, own string
		addrs    []string
	}{{"fqdn_ip4", "ipv4", four}, {"fqdn_ip6", "ipv6", six}} {
		if l, ok := g.Lookup(x.own).(*py.List); ok && l.Len() == 0 {
			x.addrs = nil
		}
		g.SetStr(x.key, py.Strings(x.addrs...))
	}
	g.SetStr("fqdns", py.NewList())
	return nil
}

// interfaces adds the grains of the interfaces: primary addresses come before
// secondary ones.
func interfaces(ifs []netif.Interface, g *py.Dict) {
	hw, all, four, six := py.NewDict(), py.NewDict(), py.NewDict(), py.NewDict()
	seen := map[netip.Addr]bool{}
	for i := range ifs {
		x := &ifs[i]
		if x.Hardware != "" {
			hw.SetStr(x.Name, py.Str(x.Hardware))
		}
		pick := func(want func(a *netif.Addr) bool) []py.Value {
			var out []py.Value
			for n := range x.Addrs {
				if want(&x.Addrs[n]) {
					out = append(out, py.Str(x.Addrs[n].Address))
				}
			}
			return out
		}
		p4 := pick(func(a *netif.Addr) bool { return !a.IPv6 && !a.Secondary })
		p6 := pick(func(a *netif.Addr) bool { return a.IPv6 && !a.Secondary })
		s4 := pick(func(a *netif.Addr) bool { return !a.IPv6 && a.Secondary })
		s6 := pick(func(a *netif.Addr) bool { return a.IPv6 && a.Secondary })
		four.SetStr(x.Name, py.NewList(slices.Concat(p4, s4)...))
		six.SetStr(x.Name, py.NewList(slices.Concat(p6, s6)...))
		all.SetStr(x.Name, py.NewList(slices.Concat(p4, p6, s4, s6)...))
		for _, a := range x.Addrs {
			if ip, err := netip.ParseAddr(a.Address); err == nil {
				seen[ip] = true
			}
		}
	}
	g.SetStr("hwaddr_interfaces", hw)
	g.SetStr("ip4_interfaces", four)
	g.SetStr("ip6_interfaces", six)
	g.SetStr("ip_interfaces", all)
	v4, v6 := py.NewList(), py.NewList()
	for _, a := range sorted(seen) {
		if a.Is4() {
			v4.Append(py.Str(a.String()))
		} else {
			v6.Append(py.Str(a.String()))
		}
	}
	g.SetStr("ipv4", v4)
	g.SetStr("ipv6", v6)
}

// sorted orders addresses by number, as Salt's filters do.
func sorted(set map[netip.Addr]bool) []netip.Addr {
	out := make([]netip.Addr, 0, len(set))
	for a := range set {
		out = append(out, a)
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return out
}

// ownAddresses are the addresses that the hosts file gives a name.
func ownAddresses(h host.Reader, name string) (four, six []string) {
	for _, line := range lines(h, "/etc/hosts") {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) < 2 || !slices.ContainsFunc(f[1:], func(n string) bool { return strings.EqualFold(n, name) }) {
			continue
		}
		ip, err := netip.ParseAddr(f[0])
		switch {
		case err != nil:
		case ip.Is4():
			if !slices.Contains(four, ip.String()) {
				four = append(four, ip.String())
			}
		case !slices.Contains(six, ip.String()):
			six = append(six, ip.String())
		}
	}
	return four, six
}

// dns adds what the resolver's file says.
func dns(h host.Reader, g *py.Dict) {
	path := "/etc/resolv.conf"
	if _, err := h.Stat("/run/systemd/resolve/resolv.conf"); err == nil {
		path = "/run/systemd/resolve/resolv.conf"
	}
	if l := lines(h, path); l != nil {
		g.SetStr("dns", parseResolv(l))
	}
}

func parseResolv(l []string) *py.Dict {
	servers, four, six, sortlist := py.NewList(), py.NewList(), py.NewList(), py.NewList()
	search, options := py.NewList(), py.NewList()
	domain := ""
	add := func(l *py.List, s string) {
		if !slices.Contains(l.Items, py.Value(py.Str(s))) {
			l.Append(py.Str(s))
		}
	}
	for _, line := range l {
		f := strings.Fields(line)
		if i := slices.IndexFunc(f, func(s string) bool { return s[0] == '#' || s[0] == ';' }); i > 0 {
			f = f[:i]
		}
		if len(f) < 2 {
			continue
		}
		switch strings.ToLower(f[0]) {
		case "nameserver":
			ip, err := netip.ParseAddr(f[1])
			if err != nil {
				continue
			}
			add(servers, ip.String())
			if ip.Is4() {
				add(four, ip.String())
			} else {
				add(six, ip.String())
			}
		case "domain":
			domain = f[1]
		case "search":
			search = py.Strings(f[1:]...)
		case "sortlist":
			for _, raw := range f[1:] {
				if p, err := ipaddr.Network(raw, true); err == nil {
					add(sortlist, withNetmask(p, raw))
				}
			}
		case "options":
			add(options, f[1])
		}
	}
	return py.DictOf("nameservers", servers, "ip4_nameservers", four, "ip6_nameservers", six,
		"sortlist", sortlist, "domain", py.Str(domain), "search", search, "options", options)
}

// withNetmask writes a network with a dotted mask; one without a mask has the
// one of its class.
func withNetmask(p netip.Prefix, raw string) string {
	if !strings.Contains(raw, "/") && p.Addr().Is4() {
		bits := 32
		switch b := p.Addr().As4()[0]; {
		case b < 128:
			bits = 8
		case b < 192:
			bits = 16
		case b < 224:
			bits = 24
		}
		p = netip.PrefixFrom(p.Addr(), bits).Masked()
	}
	mask, _ := ipaddr.Edges(p)
	return p.Addr().String() + "/" + mask.String()
}
