//go:build !linux

package netif

import (
	"fmt"
	"net"
)

// List returns the interfaces.
func List() ([]Interface, error) {
	ifs, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("network interfaces: %w", err)
	}
	out := make([]Interface, 0, len(ifs))
	for _, i := range ifs {
		x := Interface{Name: i.Name, Up: i.Flags&net.FlagUp != 0, Hardware: i.HardwareAddr.String()}
		addrs, err := i.Addrs()
		if err != nil {
			return nil, fmt.Errorf("network addresses of %s: %w", i.Name, err)
		}
		for _, a := range addrs {
			n, ok := a.(*net.IPNet)
			if !ok {
				continue
			}
			prefix, _ := n.Mask.Size()
			v := Addr{IPv6: n.IP.To4() == nil, Address: n.IP.String(), Prefix: prefix, Label: i.Name}
			if ip := n.IP.To4(); ip != nil && i.Flags&net.FlagBroadcast != 0 {
				b := make([]byte, 4)
				for k := range b {
					b[k] = ip[k] | ^n.Mask[len(n.Mask)-4+k]
				}
				v.Broadcast = dotted(b)
			}
			if v.IPv6 {
				v.Scope = scope(n.IP)
			}
			x.Addrs = append(x.Addrs, v)
		}
		out = append(out, x)
	}
	return out, nil
}

func scope(ip net.IP) string {
	switch {
	case ip.IsLoopback():
		return "host"
	case ip.IsLinkLocalUnicast():
		return "link"
	}
	return "global"
}
