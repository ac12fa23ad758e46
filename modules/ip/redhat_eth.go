package ip

import (
	"errors"
	"fmt"
	"strings"

	"pinch/internal/netif"
	"pinch/internal/py"
	"pinch/modules"
)

// ethernet makes the file of an interface of its settings.
type ethernet struct {
	redhat
	*settings
	kind string
	test bool
	out  *py.Dict // what the file is made of
}

// copy takes settings as they are.
func (e *ethernet) copy(names ...string) {
	for _, name := range names {
		if v, ok := e.opts.GetStr(name); ok {
			e.out.SetStr(name, v)
		}
	}
}

// yesNo takes settings that are yes or no; an error names the value, as Salt's do.
func (e *ethernet) yesNo(names ...string) error {
	for _, name := range names {
		v, ok := e.opts.GetStr(name)
		switch {
		case !ok:
		case in(v, yes):
			e.out.SetStr(name, py.Str("yes"))
		case in(v, no):
			e.out.SetStr(name, py.Str("no"))
		default:
			return e.bad(py.ToStr(v), yesNo...)
		}
	}
	return nil
}

func (e *ethernet) set(name, v string) { e.out.SetStr(name, py.Str(v)) }

// fill takes all settings.
func (e *ethernet) fill(enabled bool) error {
	for _, step := range []func() error{e.basic, e.device, e.hardware, e.links, e.addresses} {
		if err := step(); err != nil {
			return err
		}
	}
	e.set("onboot", "no")
	if enabled {
		e.set("onboot", "yes")
	}
	e.set("userctl", "no")
	if err := e.yesNo("userctl", "vlan"); err != nil {
		return err
	}
	if v, ok := e.opts.GetStr("arpcheck"); ok && in(v, no) {
		e.set("arpcheck", "no")
	}
	e.copy("ipaddr_start", "ipaddr_end", "clonenum_start", "hwaddr", "macaddr")
	e.set("nm_controlled", "no")
	return e.yesNo("nm_controlled")
}

func (e *ethernet) basic() error {
	if v, ok := e.opts.GetStr("proto"); ok {
		valid := texts("none", "bootp", "dhcp")
		if !in(v, valid) {
			return e.bad(py.ToStr(v), valid...)
		}
		e.out.SetStr("proto", v)
	}
	if v, ok := e.opts.GetStr("dns"); ok {
		e.out.SetStr("dns", v)
		e.set("peerdns", "yes")
	}
	if v, ok := e.opts.GetStr("mtu"); ok {
		valid, n, err := integer(v)
		if err != nil {
			return err
		}
		if !valid {
			return e.bad("mtu", texts("integer")...)
		}
		e.out.SetStr("mtu", n)
	}
	if e.opts.Has("hwaddr") && e.opts.Has("macaddr") {
		return py.AttributeErrorf("Cannot pass both hwaddr and macaddr. Must use either hwaddr or macaddr")
	}
	if e.kind == "bridge" {
		return nil
	}
	d, err := e.redhatEthtool()
	if err != nil || d.Len() == 0 {
		return err
	}
	e.set("ethtool", pairs(d, " "))
	return nil
}

// pairs are the items of a mapping in one line.
func pairs(d *py.Dict, between string) string {
	var out []string
	for k, v := range d.All() {
		out = append(out, py.ToStr(k)+between+py.ToStr(v))
	}
	return strings.Join(out, " ")
}

// device takes what belongs to the kind of interface.
func (e *ethernet) device() error {
	switch e.kind {
	case "slave":
		e.set("proto", "none")
	case "team":
		e.set("devicetype", "Team")
		return e.json("team_config")
	case "teamport":
		e.set("devicetype", "TeamPort")
		e.copy("team_master")
		return e.json("team_port_config")
	case "bond":
		bond, err := e.redhatBond()
		if err != nil {
			return err
		}
		e.set("bonding", pairs(bond, "="))
		e.set("devtype", "Bond")
	case "vlan":
		return e.vlan()
	}
	return nil
}

func (e *ethernet) json(name string) error {
	v, ok := e.opts.GetStr(name)
	if !ok {
		return nil
	}
	text, err := py.DumpsJSON(v, py.DumpOptions{})
	e.set(name, text)
	return err
}

func (e *ethernet) vlan() error {
	if v, ok := e.opts.GetStr("reorder_hdr"); ok && !in(v, yesNo) {
		return e.bad("reorder_hdr", yesNo...)
	}
	if v, ok := e.opts.GetStr("vlan_id"); ok {
		positive, err := py.Less(py.Int(0), v)
		if err != nil {
			return py.TypeErrorf("'>' not supported between instances of '%s' and 'int'", py.TypeName(v))
		}
		if !positive {
			return e.bad("vlan_id", texts("Positive integer")...)
		}
	}
	if v, ok := e.opts.GetStr("phys_dev"); ok && !py.IsTrue(v) {
		return e.bad("phys_dev", texts("Non-empty string")...)
	}
	before := e.out.Len()
	e.copy("reorder_hdr", "vlan_id", "phys_dev")
	if e.out.Len() > before {
		e.set("devtype", "Vlan")
	}
	return nil
}

// hardware takes the hardware address, the host's own when none is given.
func (e *ethernet) hardware() error {
	switch e.kind {
	case "bond", "team", "vlan", "bridge", "ipip":
		return nil
	}
	if v, ok := e.opts.GetStr("hwaddr"); ok {
		valid, _, err := mac(v)
		if err != nil || valid {
			return err // it is taken at the end
		}
		switch v {
		case py.Value(py.Str("none")):
			return nil
		case py.Value(py.Str("auto")):
		default:
			return e.bad(py.ToStr(v), texts("AA:BB:CC:DD:EE:FF", "auto", "none")...)
		}
	}
	if e.kind == "slave" {
		return nil
	}
	list, err := netif.List(e.ctx, e.r)
	if err != nil {
		return fmt.Errorf("%s: list the interfaces: %w", e.iface, err)
	}
	if d, ok := netif.Dict(list).Lookup(e.iface).(*py.Dict); ok && d.Has("hwaddr") {
		e.out.SetStr("hwaddr", d.Lookup("hwaddr"))
	}
	return nil
}

// links takes what joins the interface to others.
func (e *ethernet) links() error {
	if e.kind == "bridge" {
		return e.bridgeFilter()
	}
	e.copy("bridge")
	switch e.kind {
	case "eth":
		e.set("devtype", "Ethernet")
	case "ib":
		e.set("devtype", "InfiniBand")
	case "ipip":
		e.set("devtype", "IPIP")
		for _, name := range []string{"my_inner_ipaddr", "my_outer_ipaddr"} {
			if !e.opts.Has(name) {
				return e.bad(name, texts("1.2.3.4")...)
			}
		}
		e.copy("my_inner_ipaddr", "my_outer_ipaddr")
	}
	return nil
}

// bridgeFilter says in the kernel's settings whether a bridge passes by the firewall.
func (e *ethernet) bridgeFilter() error {
	e.set("devtype", "Bridge")
	value := py.Int(0)
	if v, ok := e.opts.GetStr("bypassfirewall"); ok && in(v, no) {
		value = 1
	} else if ok && !in(v, yes) {
		return e.bad(py.ToStr(v), yesNo...)
	}
	if e.test {
		return nil
	}
	for _, name := range []string{"ip6tables", "iptables", "arptables"} {
		_, err := e.call("sysctl.persist", py.Str("net.bridge.bridge-nf-call-"+name), value)
		var failure *modules.Error
		if errors.As(err, &failure) && failure.Class == "CommandExecutionError" {
			e.c.Log.Warn("network.managed: the kernel's setting cannot be set", "name", name, "error", failure.Msg)
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// addresses takes addresses, routes and their flags.
func (e *ethernet) addresses() error {
	if e.opts.Has("prefix") {
		if e.opts.Has("netmask") {
			return py.AttributeErrorf("Cannot use prefix and netmask together")
		}
		e.copy("prefix")
	} else {
		e.copy("netmask")
	}
	e.copy("ipaddr", "master", "srcaddr", "delay", "domain", "gateway", "uuid", "nickname", "zone", "ipv6addr", "ipv6gateway")
	if v, ok := e.opts.GetStr("ipaddrs"); ok {
		list, err := moreAddresses(v)
		if err != nil {
			return err
		}
		e.out.SetStr("ipaddrs", list)
	}
	if v, ok := e.opts.GetStr("ipv6addrs"); ok {
		items, err := py.Collect(v)
		if err != nil {
			return err
		}
		for _, it := range items {
			if !isAddress(it, 128) {
				return py.AttributeErrorf("ipv6 CIDR is invalid")
			}
			e.out.SetStr("ipv6addrs", v)
		}
	}
	e.copy("enable_ipv6")
	return e.yesNo("onparent", "peerdns", "peerroutes", "slave", "vlan", "defroute", "stp", "ipv6_peerdns", "ipv6_defroute", "ipv6_peerroutes",
		"ipv6_autoconf", "ipv4_failure_fatal", "dhcpv6c")
}

// moreAddresses are further addresses, each with its prefix.
func moreAddresses(v py.Value) (*py.List, error) {
	items, err := py.Collect(v)
	if err != nil {
		return nil, err
	}
	list := py.NewList()
	for _, it := range items {
		if !isAddress(it, 32) {
			return nil, py.AttributeErrorf("ipv4 CIDR is invalid")
		}
		ip, prefix, ok := strings.Cut(py.ToStr(it), "/")
		if !ok {
			return nil, py.ValueErrorf("not enough values to unpack (expected 2, got 1)")
		}
		list.Append(py.DictOf("ipaddr", py.Str(strings.TrimSpace(ip)), "prefix", py.Str(strings.TrimSpace(prefix))))
	}
	return list, nil
}
