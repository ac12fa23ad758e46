package ip

import (
	"regexp"
	"strings"

	"pinch/internal/py"
)

var vlanEnding = regexp.MustCompile(`\.[0-9]*`)

// addressOptions are the options that make an IPv4 stanza.
var addressOptions = texts("ipaddr", "address", "ipaddresses", "addresses", "gateway", "proto")

// adapter makes an interface of its settings, which it may change. What does
// not fit an address family is left out of it.
func (s *settings) adapter(kind string, enabled, noCarrier bool) (*adapter, error) {
	a := &adapter{name: s.iface, enabled: enabled, hotplug: py.IsTrue(lookup(s.opts, "hotplug"))}
	for _, family := range families {
		if err := s.device(a.family(family), kind, family, noCarrier); err != nil {
			return nil, err
		}
	}
	s.opts.DeleteStr("mode")
	for k, v := range s.opts.All() {
		if err := s.option(a, py.ToStr(k), v); err != nil {
			return nil, err
		}
	}
	for _, key := range commands {
		if v, ok := s.opts.GetStr(key); ok {
			for _, family := range families {
				a.families[family].SetStr(key, v)
			}
		}
	}
	for family, enable := range map[string]string{"inet": "enable_ipv4", "inet6": "enable_ipv6"} {
		off := s.opts.Lookup(enable) == py.Value(py.False)
		if off || a.families[family].Lookup("addrfam") != py.Value(py.Str(family)) {
			delete(a.families, family)
		}
	}
	return a, nil
}

// device sets what belongs to the kind of interface.
func (s *settings) device(o *py.Dict, kind, family string, noCarrier bool) error {
	if kind != "bridge" {
		d, err := s.ethtool()
		if err != nil {
			return err
		}
		if d.Len() > 0 {
			group := within(o, "ethtool")
			for k, v := range d.All() {
				group.SetStr(ethtoolNames[py.ToStr(k)], v)
			}
		}
	}
	switch kind {
	case "bridge":
		d, err := s.bridge()
		if err != nil || d.Len() == 0 {
			return err
		}
		o.SetStr("bridging", d)
	case "bond":
		d, err := s.bond(noCarrier)
		if err != nil {
			return err
		}
		d.SetStr("slaves", lookup(s.opts, "slaves"))
		o.SetStr("bonding", d)
	case "slave":
		s.opts.SetStr("proto", py.Str("manual"))
		o.SetStr("master", lookup(s.opts, "master"))
	case "vlan":
		o.SetStr("vlan_raw_device", py.Str(vlanEnding.ReplaceAllLiteralString(s.iface, "")))
	case "pppoe":
		d, err := s.ppp()
		if err != nil {
			return err
		}
		o.Update(d)
	default:
		return nil
	}
	o.SetStr("addrfam", py.Str(family))
	return nil
}

// option sets one option in the address families that it fits.
func (s *settings) option(a *adapter, name string, v py.Value) error {
	only := ""
	if rest, ok := strings.CutPrefix(name, "ipv4"); ok {
		name, only = rest, "inet"
	} else if rest, ok := strings.CutPrefix(name, "ipv6"); ok {
		name, only = rest, "inet6"
	} else if in(py.Str(name), addressOptions) {
		only = "inet"
	}
	if only != "" {
		a.families[only].SetStr("addrfam", py.Str(only))
	}
	if debian := debianNames[name]; debian != "" {
		name = debian
	}
	key := strings.ReplaceAll(name, "-", "_")
	for _, family := range families {
		valid, value, err := validate(name, v, family)
		if err != nil {
			return err
		}
		if valid && (only == family || only == "" && !a.families[family].Has(key)) {
			a.families[family].SetStr(key, value)
		}
	}
	return nil
}
