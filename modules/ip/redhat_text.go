package ip

import (
	"strconv"
	"strings"

	"pinch/internal/py"
)

// ifcfgText is an interface's file.
func ifcfgText(o *py.Dict) (string, error) {
	var b strings.Builder
	put := func(pairs ...string) {
		for i := 0; i < len(pairs); i += 2 {
			if v := lookup(o, pairs[i]); py.IsTrue(v) {
				b.WriteString(pairs[i+1] + `="` + py.ToStr(v) + "\"\n")
			}
		}
	}
	bare := func(key, name, quote string) {
		if v := lookup(o, key); py.IsTrue(v) {
			b.WriteString(name + "=" + quote + py.ToStr(v) + quote + "\n")
		}
	}
	b.WriteString(`DEVICE="` + py.ToStr(lookup(o, "name")) + "\"\n")
	put("nickname", "NAME", "hwaddr", "HWADDR", "macaddr", "MACADDR", "uuid", "UUID", "userctl", "USERCTL", "master", "MASTER", "slave", "SLAVE", "vlan", "VLAN")
	if py.IsTrue(lookup(o, "vlan")) {
		put("reorder_hdr", "REORDER_HDR", "vlan_id", "VID", "phys_dev", "PHYSDEV")
	}
	put("devtype", "TYPE", "devicetype", "DEVICETYPE")
	bare("team_config", "TEAM_CONFIG", "'")
	bare("team_port_config", "TEAM_PORT_CONFIG", "'")
	put("team_master", "TEAM_MASTER", "proto", "BOOTPROTO", "onboot", "ONBOOT")
	bare("onparent", "ONPARENT", "")
	put("ipv4_failure_fatal", "IPV4_FAILURE_FATAL", "ipaddr", "IPADDR", "ipaddr_start", "IPADDR_START", "ipaddr_end", "IPADDR_END",
		"clonenum_start", "CLONENUM_START", "netmask", "NETMASK", "prefix", "PREFIX")
	if l, ok := o.Lookup("ipaddrs").(*py.List); ok {
		for i, it := range l.Items {
			ad, _ := it.(*py.Dict)
			n := strconv.Itoa(i + 1)
			b.WriteString("IPADDR" + n + `="` + ad.String("ipaddr") + "\"\nPREFIX" + n + `="` + ad.String("prefix") + "\"\n")
		}
	}
	put("gateway", "GATEWAY", "arpcheck", "ARPCHECK")
	if py.IsTrue(lookup(o, "enable_ipv6")) {
		b.WriteString("IPV6INIT=\"yes\"\n")
		put("ipv6_autoconf", "IPV6_AUTOCONF", "dhcpv6c", "DHCPV6C", "ipv6addr", "IPV6ADDR", "ipv6gateway", "IPV6_DEFAULTGW")
		if err := putJoined(&b, "IPV6ADDR_SECONDARIES", lookup(o, "ipv6addrs")); err != nil {
			return "", err
		}
		put("ipv6_peerdns", "IPV6_PEERDNS", "ipv6_defroute", "IPV6_DEFROUTE", "ipv6_peerroutes", "IPV6_PEERROUTES")
	}
	put("srcaddr", "SRCADDR", "peerdns", "PEERDNS", "peerroutes", "PEERROUTES", "defroute", "DEFROUTE", "bridge", "BRIDGE", "stp", "STP")
	if v := lookup(o, "delay"); py.IsTrue(v) || in(v, []py.Value{py.Int(0)}) {
		b.WriteString(`DELAY="` + py.ToStr(v) + "\"\n")
	}
	put("mtu", "MTU", "zone", "ZONE")
	bare("my_inner_ipaddr", "MY_INNER_IPADDR", "")
	bare("my_outer_ipaddr", "MY_OUTER_IPADDR", "")
	put("bonding", "BONDING_OPTS", "ethtool", "ETHTOOL_OPTS")
	if err := putJoined(&b, "DOMAIN", lookup(o, "domain")); err != nil {
		return "", err
	}
	put("nm_controlled", "NM_CONTROLLED")
	if v, ok := o.GetStr("dns"); ok {
		servers, err := py.Collect(v)
		if err != nil {
			return "", err
		}
		for i, s := range servers {
			b.WriteString("DNS" + strconv.Itoa(i+1) + `="` + py.ToStr(s) + "\"\n")
		}
	}
	return b.String(), nil
}

// putJoined writes a list in one line; of a text Salt takes the letters.
func putJoined(b *strings.Builder, name string, v py.Value) error {
	if !py.IsTrue(v) {
		return nil
	}
	items, err := py.Collect(v)
	if err != nil {
		return err
	}
	b.WriteString(name + `="` + join(items) + "\"\n")
	return nil
}

// newRoutes are the routes of an interface as ip(8) takes them.
func newRoutes(name string, routes []*py.Dict) string {
	var b strings.Builder
	for _, r := range routes {
		part := partOf(r)
		b.WriteString(part("name", "# ") + "\n" + py.ToStr(lookup(r, "ipaddr")) + part("netmask", "/"))
		if via := part("gateway", " via "); via != "" {
			b.WriteString(via)
		} else {
			b.WriteString(" dev " + name)
		}
		b.WriteString(part("metric", " metric ") + "\n")
	}
	return b.String()
}

// oldRoutes are the routes of an interface as variables.
func oldRoutes(_ string, routes []*py.Dict) string {
	var b strings.Builder
	for i, r := range routes {
		part := partOf(r)
		if comment := part("name", "# "); comment != "" {
			b.WriteString(comment + "\n")
		}
		for _, v := range [][2]string{{"ipaddr", "ADDRESS"}, {"netmask", "NETMASK"}, {"gateway", "GATEWAY"}} {
			if text := part(v[0], ""); text != "" {
				b.WriteString(v[1] + strconv.Itoa(i) + `="` + text + "\"\n")
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// partOf gives values of a route behind a text, and nothing for those that are not set.
func partOf(route *py.Dict) func(key, before string) string {
	return func(key, before string) string {
		v := lookup(route, key)
		if !py.IsTrue(v) {
			return ""
		}
		return before + py.ToStr(v)
	}
}
