// Package netif says what network interfaces a host has, as the program `ip`
// shows them (Salt: salt.utils.network.interfaces). The kernel is asked; no
// process is started.
package netif

import "pinch/internal/py"

// Interface is one network interface.
type Interface struct {
	Name string
	// Parent is what follows the @ of eth0@if7; "" for none.
	Parent string
	Up     bool
	// Hardware is the link-layer address as `ip` writes it, "" for none.
	Hardware string
	Addrs    []Addr
}

// Addr is one address of an interface.
type Addr struct {
	IPv6      bool
	Address   string
	Prefix    int
	Broadcast string // "" for none
	Label     string // IPv4 only
	Scope     string // IPv6 only: global, link, host, ...
	Secondary bool
}

// Netmask is an IPv4 prefix length as a dotted mask.
func (a *Addr) Netmask() string {
	m := ^uint32(0) << (32 - a.Prefix)
	if a.Prefix == 0 {
		m = 0
	}
	return dotted([]byte{byte(m >> 24), byte(m >> 16), byte(m >> 8), byte(m)})
}

// Dict returns interfaces as network.interfaces gives them.
func Dict(list []Interface) *py.Dict {
	out := py.NewDict()
	for i := range list {
		out.SetStr(list[i].Name, list[i].dict())
	}
	return out
}

func (i *Interface) dict() *py.Dict {
	d := py.DictOf("up", py.Bool(i.Up))
	if i.Parent != "" {
		d.SetStr("parent", py.Str(i.Parent))
	}
	if i.Hardware != "" {
		d.SetStr("hwaddr", py.Str(i.Hardware))
	}
	add := func(key string, v py.Value) {
		l, ok := d.Lookup(key).(*py.List)
		if !ok {
			l = py.NewList()
			d.SetStr(key, l)
		}
		l.Append(v)
	}
	for n := range i.Addrs {
		a := &i.Addrs[n]
		v, kind := py.NewDict(), "inet"
		if a.IPv6 {
			kind = "inet6"
		}
		if a.Secondary {
			v.SetStr("type", py.Str(kind))
		}
		v.SetStr("address", py.Str(a.Address))
		if a.IPv6 {
			v.SetStr("prefixlen", py.Str(py.ToStr(py.Int(a.Prefix))))
			v.SetStr("scope", py.OptStr(a.Scope))
		} else {
			v.SetStr("netmask", py.Str(a.Netmask()))
			v.SetStr("broadcast", py.OptStr(a.Broadcast))
			v.SetStr("label", py.Str(a.Label))
		}
		if a.Secondary {
			kind = "secondary"
		}
		add(kind, v)
	}
	return d
}

func dotted(b []byte) string {
	s := ""
	for i, x := range b {
		if i > 0 {
			s += "."
		}
		s += py.ToStr(py.Int(x))
	}
	return s
}
