package grains

import (
	"context"
	"net"
	"os"
	"sort"
	"strings"

	"pinch/internal/host"
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
	if !strings.Contains(name, ".") {
		if full := canonicalName(h, name); full != "" {
			fqdn = full
		}
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
		for i, n := range f {
			if i > 0 && n == name && f[1] != "localhost" {
				return f[1]
			}
		}
	}
	return ""
}

// network adds the interfaces with their addresses.
func network(_ context.Context, h host.Reader, g *py.Dict) error {
	dns(h, g)
	gateways(h, g)
	ifs, err := net.Interfaces()
	if err != nil {
		return nil // a host without a readable network has no such grains
	}
	hw, all, four, six := py.NewDict(), py.NewDict(), py.NewDict(), py.NewDict()
	v4, v6 := map[string]bool{}, map[string]bool{}
	for _, i := range ifs {
		mac := i.HardwareAddr.String()
		if mac == "" && i.Flags&net.FlagLoopback != 0 {
			mac = "00:00:00:00:00:00"
		}
		if mac != "" {
			hw.SetStr(i.Name, py.Str(mac))
		}
		a4, a6 := py.NewList(), py.NewList()
		addrs, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addrs {
			n, ok := a.(*net.IPNet)
			if !ok {
				continue
			}
			if ip := n.IP.To4(); ip != nil {
				a4.Append(py.Str(ip.String()))
				v4[ip.String()] = true
			} else {
				a6.Append(py.Str(n.IP.String()))
				v6[n.IP.String()] = true
			}
		}
		four.SetStr(i.Name, a4)
		six.SetStr(i.Name, a6)
		all.SetStr(i.Name, py.NewList(append(append([]py.Value{}, a4.Items...), a6.Items...)...))
	}
	g.SetStr("hwaddr_interfaces", hw)
	g.SetStr("ip4_interfaces", four)
	g.SetStr("ip6_interfaces", six)
	g.SetStr("ip_interfaces", all)
	g.SetStr("ipv4", py.Strings(sorted(v4)...))
	g.SetStr("ipv6", py.Strings(sorted(v6)...))
	f4, f6 := ownAddresses(h, g.String("fqdn"))
	g.SetStr("fqdn_ip4", py.Strings(f4...))
	g.SetStr("fqdn_ip6", py.Strings(f6...))
	g.SetStr("fqdns", py.NewList())
	return nil
}

// ownAddresses are the addresses that the hosts file gives a name.
func ownAddresses(h host.Reader, name string) (four, six []string) {
	for _, line := range lines(h, "/etc/hosts") {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		for i, n := range f {
			if i == 0 || n != name {
				continue
			}
			switch ip := net.ParseIP(f[0]); {
			case ip == nil:
			case ip.To4() != nil:
				four = append(four, ip.String())
			default:
				six = append(six, ip.String())
			}
			break
		}
	}
	return four, six
}

// sorted orders addresses by number, as Salt's filters do.
func sorted(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for a := range set {
		out = append(out, a)
	}
	sort.Slice(out, func(i, j int) bool {
		return string(net.ParseIP(out[i]).To16()) < string(net.ParseIP(out[j]).To16())
	})
	return out
}

func dns(h host.Reader, g *py.Dict) {
	var servers, four, six, search, options, sortlist []string
	domain := ""
	found := false
	for _, line := range lines(h, "/etc/resolv.conf") {
		line, _, _ = strings.Cut(line, "#")
		line, _, _ = strings.Cut(line, ";")
		f := strings.Fields(line)
		found = true
		if len(f) < 2 {
			continue
		}
		switch f[0] {
		case "nameserver":
			ip := net.ParseIP(strings.SplitN(f[1], "%", 2)[0])
			if ip == nil {
				continue
			}
			servers = append(servers, f[1])
			if ip.To4() != nil {
				four = append(four, f[1])
			} else {
				six = append(six, f[1])
			}
		case "domain":
			domain = f[1]
		case "search":
			search = f[1:]
		case "options":
			options = append(options, f[1:]...)
		case "sortlist":
			sortlist = append(sortlist, f[1:]...)
		}
	}
	if !found {
		return
	}
	g.SetStr("dns", py.DictOf("nameservers", py.Strings(servers...), "ip4_nameservers", py.Strings(four...), "ip6_nameservers", py.Strings(six...),
		"sortlist", py.Strings(sortlist...), "domain", py.Str(domain), "search", py.Strings(search...), "options", py.Strings(options...)))
}
