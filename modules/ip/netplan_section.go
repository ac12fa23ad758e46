package ip

import (
	"fmt"
	"slices"
	"strings"

	"pinch/internal/ipaddr"
	"pinch/internal/py"
	"pinch/modules"
)

// netplanSections are the parts of netplan's files by kind of interface.
var netplanSections = map[string]string{"eth": "ethernets", "bond": "bonds", "slave": "ethernets", "vlan": "vlans", "bridge": "bridges"}

// netplanWithout are the settings that netplan has not, sorted.
var netplanWithout = []string{"down_cmds", "ethtool", "post_down_cmds", "post_up_cmds", "pre_down_cmds", "pre_up_cmds", "up_cmds"}

// netplanBond and netplanBridge are parameters, by Salt's names.
var (
	netplanBond = [][2]string{{"mode", "mode"}, {"miimon", "mii-monitor-interval"}, {"lacp_rate", "lacp-rate"}, {"xmit_hash_policy", "transmit-hash-policy"},
		{"downdelay", "down-delay"}, {"updelay", "up-delay"}, {"arp_interval", "arp-interval"}, {"primary", "primary"}}
	netplanBridge = [][2]string{{"fd", "forward-delay"}, {"forward_delay", "forward-delay"}, {"ageing", "ageing-time"}, {"maxage", "max-age"},
		{"hello", "hello-time"}, {"priority", "priority"}}
)

// plan makes netplan's description of an interface.
type plan struct {
	name, kind string
	opts       *py.Dict
}

// first is the first of some values that is true, or the last.
func first(d *py.Dict, keys ...string) py.Value {
	var v py.Value = py.None
	for _, key := range keys {
		if v = lookup(d, key); py.IsTrue(v) {
			break
		}
	}
	return v
}

// listOf are the items of a list, or the words of a text with spaces or commas.
func listOf(v py.Value) []py.Value {
	switch v := v.(type) {
	case py.NoneType:
		return nil
	case *py.List:
		return slices.Clone(v.Items)
	case py.Tuple:
		return slices.Clone(v)
	}
	return texts(strings.Fields(strings.ReplaceAll(py.ToStr(v), ",", " "))...)
}

// cidr is an address with the length of its prefix.
func cidr(ip, mask py.Value) (py.Value, error) {
	text := py.ToStr(ip)
	if strings.Contains(text, "/") {
		return ip, nil
	}
	both := text + "/" + py.ToStr(mask)
	p, err := ipaddr.Network(both, false)
	if err != nil {
		return nil, modules.CommandExecutionError(fmt.Sprintf("Invalid address/netmask %s: %s does not appear to be an IPv4 or IPv6 interface", both, py.Repr(py.Str(both))))
	}
	a, err := ipaddr.Address(text)
	if err != nil {
		return nil, err
	}
	return py.Str(fmt.Sprintf("%s/%d", a, p.Bits())), nil
}

// section is the description of the interface.
func (p plan) section() (*py.Dict, error) {
	var bad []string
	for _, key := range netplanWithout {
		if py.IsTrue(lookup(p.opts, key)) {
			bad = append(bad, key)
		}
	}
	if len(bad) > 0 {
		return nil, modules.CommandExecutionError("netplan does not support these network.managed options: " + strings.Join(bad, ", ") +
			". Manage them outside network.managed on netplan systems.")
	}
	d := py.NewDict()
	proto := p.lower("proto", "static")
	d.SetStr("dhcp4", py.Bool(proto == "dhcp" || proto == "dhcp4"))
	if proto := p.lower("ipv6proto", ""); proto == "dhcp" || proto == "dhcp6" {
		d.SetStr("dhcp6", py.True)
	}
	addresses, err := p.addresses()
	if err != nil {
		return nil, err
	}
	put := func(key string, items []py.Value) {
		if len(items) > 0 {
			d.SetStr(key, py.NewList(items...))
		}
	}
	put("addresses", addresses)
	var routes []py.Value
	for _, key := range []string{"gateway", "ipv6gateway"} {
		if via := lookup(p.opts, key); py.IsTrue(via) {
			routes = append(routes, py.DictOf("to", py.Str("default"), "via", py.Str(py.ToStr(via))))
		}
	}
	put("routes", routes)
	if dns := listOf(first(p.opts, "dns", "nameservers")); len(dns) > 0 {
		d.SetStr("nameservers", py.DictOf("addresses", py.NewList(dns...)))
	}
	if mtu := lookup(p.opts, "mtu"); py.IsTrue(mtu) {
		n, err := py.ToInt(mtu)
		if err != nil {
			return nil, err
		}
		d.SetStr("mtu", n)
	}
	switch p.kind {
	case "bond", "bridge":
		put("interfaces", p.members())
		if params := p.parameters(); params.Len() > 0 {
			d.SetStr("parameters", params)
		}
	case "vlan":
		id, link := p.vlan()
		if id != py.Value(py.None) {
			d.SetStr("id", id)
		}
		if py.IsTrue(link) {
			d.SetStr("link", link)
		}
	}
	return d, nil
}

func (p plan) lower(key, fallback string) string {
	if v, ok := p.opts.GetStr(key); ok {
		return py.Lower(py.ToStr(v))
	}
	return fallback
}

func (p plan) addresses() ([]py.Value, error) {
	var out []py.Value
	both := func(ipKey, maskKey string) error {
		ip, mask := py.Value(py.Str("")), lookup(p.opts, maskKey)
		if v, ok := p.opts.GetStr(ipKey); ok {
			ip = v
		}
		if py.ToStr(ip) == "" || !py.IsTrue(mask) {
			return nil
		}
		v, err := cidr(ip, mask)
		out = append(out, v)
		return err
	}
	if err := both("ipaddr", "netmask"); err != nil {
		return nil, err
	}
	for _, v := range listOf(first(p.opts, "ipaddrs", "addresses")) {
		if !isText(v) {
			return nil, py.TypeErrorf("argument of type '%s' is not iterable", py.TypeName(v))
		}
		v, err := cidr(v, lookup(p.opts, "netmask"))
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	if err := both("ipv6ipaddr", "ipv6netmask"); err != nil {
		return nil, err
	}
	return append(out, listOf(lookup(p.opts, "ipv6addrs"))...), nil
}

func (p plan) parameters() *py.Dict {
	d := py.NewDict()
	names := netplanBond
	if p.kind == "bridge" {
		names = netplanBridge
		if v := lookup(p.opts, "stp"); v != py.Value(py.None) {
			b, isBool := v.(py.Bool)
			if !isBool {
				b = py.Bool(slices.Contains([]string{"true", "yes", "on", "1"}, py.Lower(py.ToStr(v))))
			}
			d.SetStr("stp", b)
		}
	}
	for _, name := range names {
		if v := lookup(p.opts, name[0]); v != py.Value(py.None) {
			d.SetStr(name[1], v)
		}
	}
	return d
}

// vlan are the number of a VLAN and the interface below, which the name may tell.
func (p plan) vlan() (id, link py.Value) {
	id, link = first(p.opts, "vlan_id", "id"), first(p.opts, "vlan-raw-device", "vlan_raw_device", "parent", "link")
	i := strings.LastIndexByte(p.name, '.')
	none := py.Value(py.None)
	if i >= 0 && link == none {
		link = py.Str(p.name[:i])
	}
	if i >= 0 && id == none && isDigits(p.name[i+1:]) {
		id = py.Str(p.name[i+1:])
	}
	if id != none && isDigits(py.ToStr(id)) {
		if n, err := py.ToInt(id); err == nil {
			id = n
		}
	}
	return id, link
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// members are the interfaces that this one is made of.
func (p plan) members() []py.Value {
	switch p.kind {
	case "bond":
		return listOf(first(p.opts, "slaves", "interfaces"))
	case "bridge":
		return listOf(first(p.opts, "ports", "bridge_ports", "interfaces"))
	case "vlan":
		if _, link := p.vlan(); py.IsTrue(link) {
			return []py.Value{link}
		}
	}
	return nil
}
