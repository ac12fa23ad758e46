package ip

import (
	"fmt"
	"slices"

	"pinch/internal/py"
)

var advertised = texts("0x001", "0x002", "0x004", "0x008", "0x010", "0x020", "0x20000", "0x8000", "0x1000", "0x40000", "0x80000", "0x200000",
	"0x400000", "0x800000", "0x1000000", "0x2000000", "0x4000000")

// redhatEthtool are the options that set the device, in Salt's order.
func (e *ethernet) redhatEthtool() (*py.Dict, error) {
	all, err := e.ethtool()
	if err != nil {
		return nil, err
	}
	d := py.NewDict()
	for _, name := range []string{"autoneg", "duplex", "speed"} {
		if v, ok := all.DeleteStr(name); ok {
			d.SetStr(name, v)
		}
	}
	if v, ok := e.opts.GetStr("advertise"); ok {
		if !in(py.Str(py.ToStr(v)), advertised) {
			return nil, e.bad("advertise", advertised...)
		}
		d.SetStr("advertise", v)
	}
	if v, ok := e.opts.GetStr("channels"); ok {
		if err := e.channels(d, v); err != nil {
			return nil, err
		}
	}
	d.Update(all)
	return d, nil
}

// channels sets the numbers of the device's channels.
func (e *ethernet) channels(d *py.Dict, v py.Value) error {
	channels, ok := v.(*py.Dict)
	if !ok {
		return py.TypeErrorf("channels is a mapping, not %s", py.TypeName(v))
	}
	cpus, _ := py.AsInt(lookup(e.c.Grains, "num_cpus"))
	var valid []py.Value
	for i := int64(1); i <= cpus; i++ {
		valid = append(valid, py.Int(i))
	}
	set := py.NewDict()
	for _, name := range []string{"rx", "tx", "other", "combined"} {
		n, ok := channels.GetStr(name)
		switch {
		case !ok:
		case in(n, valid):
			set.SetStr(name, n)
		default:
			return e.bad(py.ToStr(n), valid...)
		}
	}
	if set.Len() > 0 {
		d.SetStr("-L "+e.iface, py.Str(pairs(set, " ")))
	}
	return nil
}

// redhatBond are the options of a bond, which depend on its mode.
func (e *ethernet) redhatBond() (*py.Dict, error) {
	given := lookup(e.opts, "mode")
	mode := slices.IndexFunc(bondModes, func(name string) bool { return given == py.Value(py.Str(name)) })
	numbers := texts("0", "1", "2", "3", "4", "5", "6")
	if mode < 0 {
		mode = slices.Index(numbers, given)
	}
	if mode < 0 {
		return nil, e.bad("mode", slices.Concat(numbers, texts(bondModes...))...)
	}
	d := py.DictOf("mode", numbers[mode])
	if err := e.miimon(d); err != nil {
		return nil, err
	}
	hasMiimon := e.opts.Has("miimon")
	if mode == 0 || mode == 2 {
		if err := e.arp(d); err != nil {
			return nil, err
		}
		if !hasMiimon && !e.opts.Has("arp_interval") {
			return nil, e.bad("miimon or arp_interval", texts("at least one of these is required")...)
		}
	} else if !hasMiimon {
		return nil, e.bad("miimon", texts("integer")...)
	}
	switch mode {
	case 1, 5, 6:
		e.bondPrimary(d)
	case 2:
		return d, e.bondHash(d)
	case 4:
		return d, e.lacp(d)
	}
	return d, nil
}

// miimon sets how the links are watched.
func (e *ethernet) miimon(d *py.Dict) error {
	for _, name := range []string{"miimon", "downdelay", "updelay"} {
		if v, ok := e.opts.GetStr(name); ok {
			if !good(isInt(v)) {
				return e.bad(name, texts("integer")...)
			}
			d.SetStr(name, v)
		}
	}
	every, ok := d.GetStr("miimon")
	if !ok {
		return nil
	}
	if !d.Has("downdelay") {
		twice, err := py.Binary(py.OpMul, every, py.Int(2))
		if err != nil {
			return err
		}
		d.SetStr("downdelay", twice)
	}
	if !py.IsTrue(every) {
		return e.bad("miimon", texts("nonzero integer")...)
	}
	for _, name := range []string{"downdelay", "updelay"} {
		v, ok := d.GetStr(name)
		if !ok {
			continue
		}
		rest, err := py.Binary(py.OpMod, v, every)
		if err != nil {
			return err
		}
		if py.IsTrue(rest) {
			return e.bad(name, texts(fmt.Sprintf("0 or a multiple of miimon (%s)", py.ToStr(every)))...)
		}
	}
	d.SetStr("use_carrier", py.Str("0"))
	return e.onOff(d, "use_carrier", "1", "0")
}

// arp sets the hosts that are asked by ARP.
func (e *ethernet) arp(d *py.Dict) error {
	v, ok := e.opts.GetStr("arp_interval")
	if !ok {
		return nil
	}
	if !good(isInt(v)) {
		return e.bad("arp_interval", texts("integer")...)
	}
	d.SetStr("arp_interval", v)
	targets, ok := e.opts.Lookup("arp_ip_target").(*py.List)
	if !ok || len(targets.Items) < 1 || len(targets.Items) > 16 {
		return e.bad("arp_ip_target", texts("list of ips (up to 16)")...)
	}
	list, err := joined(targets, ",")
	d.SetStr("arp_ip_target", py.Str(list))
	return err
}

// lacp sets the options of mode 4.
func (e *ethernet) lacp(d *py.Dict) error {
	rates := texts("fast", "1", "slow", "0")
	for _, name := range []string{"lacp_rate", "ad_select"} {
		v, ok := e.opts.GetStr(name)
		if !ok {
			d.SetStr(name, py.Str("0"))
			continue
		}
		valid := texts("integer")
		if name == "lacp_rate" {
			if valid = rates; !in(v, valid) {
				return e.bad(name, valid...)
			}
			switch v {
			case rates[0]:
				v = rates[1]
			case rates[2]:
				v = rates[3]
			}
		}
		if !good(isInt(v)) {
			return e.bad(name, valid...)
		}
		d.SetStr(name, v)
	}
	v, ok := e.opts.GetStr("hashing-algorithm")
	if !ok {
		return nil
	}
	valid := texts("layer2", "layer2+3", "layer3+4", "encap2+3", "encap3+4")
	if major(e.c) >= 8 {
		valid = append(valid, py.Str("vlan+srcmac"))
	}
	if !in(v, valid) {
		return e.bad("hashing-algorithm", valid...)
	}
	d.SetStr("xmit_hash_policy", v)
	return nil
}
