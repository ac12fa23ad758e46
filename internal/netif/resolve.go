package netif

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"pinch/internal/host"
)

// Resolve asks the host's name service for the addresses of a name: family is
// 4, 6, or 0 for both. Nothing is returned when there is no such name.
func Resolve(ctx context.Context, h host.Reader, family int, name string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(name); err == nil {
		if family == 4 && !a.Is4() || family == 6 && !a.Is6() {
			return nil, nil
		}
		return []netip.Addr{a}, nil
	}
	if name == "" || strings.HasPrefix(name, "-") {
		return nil, nil
	}
	// getent leaves out a family that no interface but lo has.
	if addrs := fromHosts(h, family, name); len(addrs) > 0 {
		return addrs, nil
	}
	db := "ahosts"
	if family != 0 {
		db += "v" + strconv.Itoa(family)
	}
	out, err := h.Query(ctx, host.Cmd{Argv: []string{"getent", db, name}})
	if err != nil || out.Code != 0 {
		return nil, err
	}
	var addrs []netip.Addr
	seen := map[netip.Addr]bool{}
	for _, line := range strings.Split(string(out.Stdout), "\n") {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		a, err := netip.ParseAddr(f[0])
		if err != nil || seen[a] || family == 6 && a.Is4In6() {
			continue
		}
		seen[a] = true
		addrs = append(addrs, a.Unmap())
	}
	return addrs, nil
}

// fromHosts looks a name up in the hosts file.
func fromHosts(h host.Reader, family int, name string) []netip.Addr {
	raw, err := h.ReadFile("/etc/hosts")
	if err != nil {
		return nil
	}
	var out []netip.Addr
	for _, line := range strings.Split(string(raw), "\n") {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		a, err := netip.ParseAddr(f[0])
		if err != nil || family == 4 && !a.Is4() || family == 6 && !a.Is6() {
			continue
		}
		for _, n := range f[1:] {
			if strings.EqualFold(n, name) && !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	return out
}
