// Package network has Salt's network module: addresses, routes and probes of
// the host. What needs no host (calc_net, is_private, ...) is in saltfun.
package network

import (
	"context"
	"os"
	"strings"

	"pinch/internal/ipaddr"
	"pinch/internal/netif"
	"pinch/internal/py"
	"pinch/modules"
)

type noArgs struct{}

type ifaceArgs struct {
	Iface string `arg:"iface,required" doc:"The interface, such as eth0."`
}

type subnetsArgs struct {
	Interfaces py.Value `arg:"interfaces" doc:"An interface or a list of some; all when not given."`
}

type cidrArgs struct {
	CIDR string `arg:"cidr,required" doc:"A network, such as 10.0.0.0/8."`
}

type addrsArgs struct {
	Interface       py.Value `arg:"interface" doc:"Interfaces: a pattern, several with commas, or a list."`
	IncludeLoopback bool     `arg:"include_loopback" default:"False" doc:"Gives loopback addresses too."`
	CIDR            string   `arg:"cidr" doc:"Gives only addresses of this network."`
	Type            string   `arg:"type" doc:"public or private: gives only those."`
}

type addrs6Args struct {
	Interface       py.Value `arg:"interface" doc:"Interfaces: a pattern, several with commas, or a list."`
	IncludeLoopback bool     `arg:"include_loopback" default:"False" doc:"Gives loopback addresses too."`
	CIDR            string   `arg:"cidr" doc:"Gives only addresses of this network."`
}

type networksArgs struct {
	Interface       py.Value `arg:"interface" doc:"Interfaces: a pattern, several with commas, or a list."`
	IncludeLoopback bool     `arg:"include_loopback" default:"False" doc:"Gives loopback networks too."`
	Verbose         bool     `arg:"verbose" default:"False" doc:"Tells mask and size of each network."`
}

// query declares a function that looks at the interfaces.
func query[A any](name, doc string, run func(c *modules.Call, list []netif.Interface, a *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: "network." + name, Doc: doc, Run: func(ctx context.Context, c *modules.Call, a *A) (py.Value, error) {
		list, err := netif.List(ctx, c)
		if err != nil {
			return nil, modules.CommandExecutionError(err.Error())
		}
		return run(c, list, a)
	}}.Func()
}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	out := []*modules.Func{
		query("interfaces", "Tells state and addresses of all interfaces.", func(_ *modules.Call, list []netif.Interface, _ *noArgs) (py.Value, error) {
			return netif.Dict(list), nil
		}),
		query("interface", "Lists the IPv4 addresses of an interface.", func(_ *modules.Call, list []netif.Interface, a *ifaceArgs) (py.Value, error) {
			return of(list, a.Iface, func(d *py.Dict) py.Value {
				if v, ok := d.GetStr("inet"); ok {
					return v
				}
				return py.Str("")
			}), nil
		}),
		query("interface_ip", "Gives the first IPv4 address of an interface.", func(_ *modules.Call, list []netif.Interface, a *ifaceArgs) (py.Value, error) {
			return of(list, a.Iface, func(d *py.Dict) py.Value {
				if l, ok := d.Lookup("inet").(*py.List); ok {
					return l.Items[0].(*py.Dict).Lookup("address")
				}
				return py.Str("")
			}), nil
		}),
		query("subnets", "Lists the IPv4 networks of the host.", func(_ *modules.Call, list []netif.Interface, a *subnetsArgs) (py.Value, error) {
			return subnets(chosen(list, a.Interfaces), false), nil
		}),
		query("subnets6", "Lists the IPv6 networks of the host.", func(_ *modules.Call, list []netif.Interface, _ *noArgs) (py.Value, error) {
			return subnets(list, true), nil
		}),
		query("in_subnet", "Says whether the host has an address in a network.", func(c *modules.Call, list []netif.Interface, a *cidrArgs) (py.Value, error) {
			in, err := within(c, a.CIDR, append(ipAddrs(list, false, false), ipAddrs(list, true, false)...))
			return py.Bool(len(in) > 0), err
		}),
		query("ifacestartswith", "Names the interfaces whose addresses begin with a text.", startsWith),
	}
	for _, name := range []string{"hw_addr", "hwaddr"} {
		out = append(out, query(name, "Gives the hardware address of an interface.", func(_ *modules.Call, list []netif.Interface, a *ifaceArgs) (py.Value, error) {
			return of(list, a.Iface, func(d *py.Dict) py.Value {
				if v, ok := d.GetStr("hwaddr"); ok {
					return v
				}
				return py.Str("")
			}), nil
		}))
	}
	for _, name := range []string{"ip_addrs", "ipaddrs"} {
		out = append(out, query(name, "Lists the IPv4 addresses of the host.", func(c *modules.Call, list []netif.Interface, a *addrsArgs) (py.Value, error) {
			v, err := listed(c, list, a.Interface, false, a.IncludeLoopback, a.CIDR)
			if err != nil || a.CIDR != "" || a.Type != "public" && a.Type != "private" {
				return py.Strings(v...), err
			}
			kept := py.NewList()
			for _, text := range v {
				if ip, err := ipaddr.Address(text); err == nil && ipaddr.IsPrivate(ip) == (a.Type == "private") {
					kept.Append(py.Str(text))
				}
			}
			return kept, nil
		}))
	}
	for _, name := range []string{"ip_addrs6", "ipaddrs6"} {
		out = append(out, query(name, "Lists the IPv6 addresses of the host.", func(c *modules.Call, list []netif.Interface, a *addrs6Args) (py.Value, error) {
			v, err := listed(c, list, a.Interface, true, a.IncludeLoopback, a.CIDR)
			return py.Strings(v...), err
		}))
	}
	for name, six := range map[string]bool{"ip_networks": false, "ip_networks6": true} {
		out = append(out, query(name, "Lists the networks of the host's addresses.", func(_ *modules.Call, list []netif.Interface, a *networksArgs) (py.Value, error) {
			list, err := filter(list, a.Interface)
			return ipNetworks(list, six, a.IncludeLoopback, a.Verbose), err
		}))
	}
	return append(append(append(out, routeFuncs()...), probeFuncs()...), hostnameFuncs()...)
}

// of gives what one interface says, or Salt's text for an unknown one.
func of(list []netif.Interface, name string, get func(*py.Dict) py.Value) py.Value {
	d, ok := netif.Dict(list).Lookup(name).(*py.Dict)
	if !ok {
		return unknown(list, name)
	}
	return get(d)
}

func listed(c *modules.Call, list []netif.Interface, patterns py.Value, six, loopback bool, cidr string) ([]string, error) {
	list, err := filter(list, patterns)
	if err != nil {
		return nil, err
	}
	v := ipAddrs(list, six, loopback)
	if cidr == "" {
		return v, nil
	}
	return within(c, cidr, v)
}

func startsWith(_ *modules.Call, list []netif.Interface, a *cidrArgs) (py.Value, error) {
	out := py.NewList()
	for i := range list {
		for _, ad := range list[i].Addrs {
			if ad.IPv6 || ad.Secondary || !strings.HasPrefix(ad.Address, a.CIDR) {
				continue
			}
			out.Append(py.Str(ad.Label))
		}
	}
	return out, nil
}

// hostname is the kernel's name of the host.
func hostname() (string, error) { return os.Hostname() }
