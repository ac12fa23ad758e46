package netif

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"pinch/internal/host"
)

// List returns the interfaces in the kernel's order.
func List(context.Context, host.Reader) ([]Interface, error) {
	links, err := syscall.NetlinkRIB(syscall.RTM_GETLINK, syscall.AF_UNSPEC)
	if err != nil {
		return nil, fmt.Errorf("network interfaces: %w", err)
	}
	addrs, err := syscall.NetlinkRIB(syscall.RTM_GETADDR, syscall.AF_UNSPEC)
	if err != nil {
		return nil, fmt.Errorf("network addresses: %w", err)
	}
	return parse(links, addrs)
}

// link is an interface before the names of parents are known.
type link struct {
	Interface
	index, parent uint32
	hasParent     bool
	foreign       bool // the parent is in another network namespace
}

// parse reads the kernel's answers to RTM_GETLINK and RTM_GETADDR.
func parse(links, addrs []byte) ([]Interface, error) {
	var list []link
	at := map[uint32]int{}
	err := each(links, syscall.RTM_NEWLINK, func(m *syscall.NetlinkMessage, attrs []syscall.NetlinkRouteAttr) {
		if len(m.Data) < syscall.SizeofIfInfomsg {
			return
		}
		l := link{index: binary.NativeEndian.Uint32(m.Data[4:])}
		kind := binary.NativeEndian.Uint16(m.Data[2:])
		l.Up = binary.NativeEndian.Uint32(m.Data[8:])&syscall.IFF_UP != 0
		for _, a := range attrs {
			switch a.Attr.Type {
			case unix.IFLA_IFNAME:
				l.Name = unix.ByteSliceToString(a.Value)
			case unix.IFLA_ADDRESS:
				l.Hardware = hardware(kind, a.Value)
			case unix.IFLA_LINK:
				if len(a.Value) >= 4 {
					l.parent, l.hasParent = binary.NativeEndian.Uint32(a.Value), true
				}
			case unix.IFLA_LINK_NETNSID:
				l.foreign = true
			}
		}
		at[l.index] = len(list)
		list = append(list, l)
	})
	if err != nil {
		return nil, err
	}
	err = each(addrs, syscall.RTM_NEWADDR, func(m *syscall.NetlinkMessage, attrs []syscall.NetlinkRouteAttr) {
		if len(m.Data) < syscall.SizeofIfAddrmsg {
			return
		}
		i, ok := at[binary.NativeEndian.Uint32(m.Data[4:])]
		if a, good := addr(m.Data, attrs); ok && good {
			list[i].Addrs = append(list[i].Addrs, a)
		}
	})
	if err != nil {
		return nil, err
	}
	out := make([]Interface, len(list))
	for i, l := range list {
		out[i] = l.Interface
		if !l.hasParent {
			continue
		}
		switch p, known := at[l.parent]; {
		case l.parent == 0:
			out[i].Parent = "NONE"
		case known && !l.foreign:
			out[i].Parent = list[p].Name
		default:
			out[i].Parent = "if" + strconv.Itoa(int(l.parent))
		}
	}
	return out, nil
}

func each(raw []byte, kind uint16, fn func(*syscall.NetlinkMessage, []syscall.NetlinkRouteAttr)) error {
	msgs, err := syscall.ParseNetlinkMessage(raw)
	if err != nil {
		return err
	}
	for i := range msgs {
		if msgs[i].Header.Type != kind {
			continue
		}
		attrs, err := syscall.ParseNetlinkRouteAttr(&msgs[i])
		if err != nil {
			return err
		}
		fn(&msgs[i], attrs)
	}
	return nil
}

// hardware writes a link-layer address: tunnels have the IP address of an end.
func hardware(kind uint16, b []byte) string {
	switch kind {
	case unix.ARPHRD_TUNNEL, unix.ARPHRD_SIT, unix.ARPHRD_IPGRE:
		if len(b) == 4 {
			return dotted(b)
		}
	case unix.ARPHRD_TUNNEL6, unix.ARPHRD_IP6GRE:
		if a, ok := netip.AddrFromSlice(b); ok {
			return a.String()
		}
	}
	s := ""
	for i, x := range b {
		if i > 0 {
			s += ":"
		}
		s += fmt.Sprintf("%02x", x)
	}
	return s
}

// addr reads one address: data is an ifaddrmsg.
func addr(data []byte, attrs []syscall.NetlinkRouteAttr) (Addr, bool) {
	a := Addr{IPv6: data[0] == syscall.AF_INET6, Prefix: int(data[1]), Scope: scope(data[3])}
	if !a.IPv6 && data[0] != syscall.AF_INET {
		return a, false
	}
	flags := uint32(data[2])
	var local, peer netip.Addr
	for _, at := range attrs {
		switch at.Attr.Type {
		case unix.IFA_ADDRESS:
			peer, _ = netip.AddrFromSlice(at.Value)
		case unix.IFA_LOCAL:
			local, _ = netip.AddrFromSlice(at.Value)
		case unix.IFA_BROADCAST:
			if b, ok := netip.AddrFromSlice(at.Value); ok {
				a.Broadcast = b.String()
			}
		case unix.IFA_LABEL:
			a.Label = unix.ByteSliceToString(at.Value)
		case unix.IFA_FLAGS:
			if len(at.Value) >= 4 {
				flags = binary.NativeEndian.Uint32(at.Value)
			}
		}
	}
	a.Secondary = flags&unix.IFA_F_SECONDARY != 0 && !a.IPv6 // for IPv6 the bit means temporary
	switch {
	case !local.IsValid():
		local = peer
	case peer.IsValid() && peer != local: // `ip` writes ADDRESS peer OTHER/LEN, which Salt reads as /32
		a.Prefix = 32
	}
	a.Address = local.String()
	return a, local.IsValid()
}

// scope is the name of an address's scope.
func scope(b byte) string {
	switch b {
	case unix.RT_SCOPE_UNIVERSE:
		return "global"
	case unix.RT_SCOPE_SITE:
		return "site"
	case unix.RT_SCOPE_LINK:
		return "link"
	case unix.RT_SCOPE_HOST:
		return "host"
	case unix.RT_SCOPE_NOWHERE:
		return "nowhere"
	}
	return strconv.Itoa(int(b))
}
