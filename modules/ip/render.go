package ip

import (
	"maps"
	"slices"
	"strings"

	"pinch/internal/py"
)

// written are the options of an interface that are written, in their order.
var written = []string{
	"autoconf", "privext", "dhcp", "hwaddress", "hwaddr", "vlan_raw_device", "address", "addresses", "netmask", "metric", "gateway", "pointopoint",
	"scope", "hostname", "media", "leasehours", "leasetime", "vendor", "client", "bootfile", "server", "mode", "endpoint", "dstaddr", "local", "ttl", "mtu",
	"provider", "unit", "options", "master", "dns_nameservers", "wireless_mode", "wpa_ap_scan", "wpa_conf", "wpa_driver", "wpa_group", "wpa_key_mgmt",
	"wpa_pairwise", "wpa_proto", "wpa_psk", "wpa_roam", "wpa_ssid", "accept_ra", "up_cmds", "down_cmds", "pre_up_cmds", "post_up_cmds", "pre_down_cmds",
	"post_down_cmds",
}

// writtenAs are the options whose name in the file is not theirs with dashes.
var writtenAs = map[string]string{
	"addresses": "address", "hwaddr": "hwaddress", "up_cmds": "up", "down_cmds": "down", "pre_up_cmds": "pre-up", "post_up_cmds": "post-up",
	"pre_down_cmds": "pre-down", "post_down_cmds": "post-down", "master": "bond-master", "accept_ra": "accept_ra",
}

// text is an interface as it stands in the file.
func (a *adapter) text() (string, error) {
	var b strings.Builder
	if a.source {
		for _, s := range a.sources {
			b.WriteString("\nsource " + py.ToStr(s) + "\n")
		}
		return b.String(), nil
	}
	if a.enabled {
		b.WriteString("auto " + a.name + "\n")
	}
	if a.hotplug {
		b.WriteString("allow-hotplug " + a.name + "\n")
	}
	for _, family := range families {
		o := a.families[family]
		if o == nil || o.Lookup("addrfam") != py.Value(py.Str(family)) || !py.IsTrue(lookup(o, "proto")) {
			continue
		}
		b.WriteString("iface " + a.name + " " + family + " " + py.ToStr(o.Lookup("proto")) + "\n")
		if err := writeOptions(&b, o); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

// lookup is a value, None when it is not there.
func lookup(d *py.Dict, key string) py.Value {
	if v, ok := d.GetStr(key); ok {
		return v
	}
	return py.None
}

func writeOptions(b *strings.Builder, o *py.Dict) error {
	for _, opt := range written {
		v := lookup(o, opt)
		if !py.IsTrue(v) {
			continue
		}
		name := writtenAs[opt]
		if name == "" {
			name = strings.ReplaceAll(opt, "_", "-")
		}
		var lines []string
		items, err := py.Collect(v)
		switch {
		case opt == "dns_nameservers" && err == nil:
			lines = []string{join(items)}
		case isText(v) || isNumber(v):
			lines = []string{py.ToStr(v)}
		case err == nil:
			for _, it := range items {
				lines = append(lines, py.ToStr(it))
			}
		}
		for _, line := range lines {
			b.WriteString("    " + name + " " + line + "\n")
		}
	}
	for _, group := range []struct{ key, prefix string }{{"ethtool", ""}, {"bonding", "bond-"}, {"bridging", "bridge_"}} {
		d, _ := o.Lookup(group.key).(*py.Dict)
		for _, key := range sortedKeys(d) {
			// a number is neither text nor a collection: Salt leaves it out
			v := d.Lookup(key)
			if items, err := py.Collect(v); isText(v) {
				b.WriteString("    " + group.prefix + key + " " + py.ToStr(v) + "\n")
			} else if err == nil {
				b.WriteString("    " + group.prefix + key + " " + join(items) + "\n")
			}
		}
	}
	return nil
}

func isText(v py.Value) bool { _, ok := v.(py.Str); return ok }

func isNumber(v py.Value) bool {
	switch v.(type) {
	case py.Int, *py.Long, py.Bool, py.Float:
		return true
	}
	return false
}

func join(items []py.Value) string {
	out := make([]string, len(items))
	for i, it := range items {
		out[i] = py.ToStr(it)
	}
	return strings.Join(out, " ")
}

func sortedKeys(d *py.Dict) []string {
	if d == nil {
		return nil
	}
	keys := map[string]bool{}
	for k := range d.All() {
		keys[py.ToStr(k)] = true
	}
	return slices.Sorted(maps.Keys(keys))
}

// split are the lines of a rendered interface as Salt's functions give them:
// the end of the last line counts as a line.
func split(text string) []string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] += "\n"
	}
	return lines
}

// pppText is the file of a provider in /etc/ppp/peers.
func pppText(o *py.Dict) string {
	if !py.IsTrue(lookup(o, "user")) {
		return ""
	}
	var b strings.Builder
	or := func(key, fallback string) string {
		if v, ok := o.GetStr(key); ok {
			return py.ToStr(v)
		}
		return fallback
	}
	flag := func(key, word, end string) {
		if v, ok := o.GetStr(key); !ok || v != py.Value(py.Str("False")) {
			b.WriteString(word)
		}
		b.WriteString(end)
	}
	number := func(key, fallback, end string) {
		if v, ok := o.GetStr(key); !ok || v != py.Value(py.Str("")) {
			b.WriteString(key + " " + or(key, fallback) + end)
		}
		b.WriteString("\n")
	}
	b.WriteString("user " + or("user", "") + "\n")
	if py.IsTrue(lookup(o, "password")) {
		b.WriteString("password " + or("password", "") + " ")
	}
	b.WriteString("\nplugin rp-pppoe.so " + or("pppoe_iface", "eth0") + "\n\n")
	flag("noipdefault", "noipdefault", "\n")
	flag("usepeerdns", "usepeerdns ", "\n")
	flag("defaultroute", "defaultroute", "\n\n")
	number("holdoff", "15", "")
	number("maxfail", "0", "")
	b.WriteString("\n")
	flag("hide-password", "hide-password", "\n")
	number("lcp-echo-interval", "20", " ")
	number("lcp-echo-failure", "3", " ")
	b.WriteString("\n")
	flag("noauth", "noauth", "\n")
	flag("persist", "persist", "\n")
	number("mtu", "1492", " ")
	flag("noaccomp", "noaccomp", "\n")
	if py.IsTrue(lookup(o, "default-asyncmap")) {
		b.WriteString("default-asyncmap")
	}
	b.WriteString("\n")
	if o.Has("linkname") {
		b.WriteString("\nlinkname " + or("linkname", "") + "\n")
	}
	return b.String() + "\n"
}
