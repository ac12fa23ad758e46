package ip

import (
	"slices"

	"pinch/internal/py"
)

// bondModes are the modes of a bond by number.
var bondModes = []string{"balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb"}

// bondDefaults are what Salt sets where nothing is given.
var bondDefaults = map[string]string{
	"ad_select": "0", "miimon": "100", "arp_interval": "250", "downdelay": "200", "lacp_rate": "0", "updelay": "0", "use_carrier": "on",
}

// bond are the options of a bond, which depend on its mode. It counts as
// Ubuntu's when its use_carrier is left out there.
func (s *settings) bond(noCarrier bool) (*py.Dict, error) {
	given, ok := s.opts.GetStr("mode")
	if !ok {
		return nil, py.KeyError(py.Str("mode"))
	}
	mode := slices.IndexFunc(bondModes, func(name string) bool { return given == py.Value(py.Str(name)) })
	if mode < 0 {
		mode = slices.IndexFunc(texts("0", "1", "2", "3", "4", "5", "6"), func(n py.Value) bool { return n == given })
	}
	if mode < 0 {
		return nil, s.bad("mode", slices.Concat(texts("0", "1", "2", "3", "4", "5", "6"), texts(bondModes...))...)
	}
	d := py.DictOf("mode", py.Str(string(rune('0'+mode))))
	switch mode {
	case 0, 2:
		return d, s.bondARP(d, mode == 2)
	case 1:
		if err := s.bondTimes(d, "miimon", "downdelay", "updelay"); err != nil {
			return nil, err
		}
		s.bondPrimary(d)
		if noCarrier {
			return d, nil
		}
		return d, s.bondCarrier(d)
	case 3:
		if err := s.bondTimes(d, "miimon", "downdelay", "updelay"); err != nil {
			return nil, err
		}
		return d, s.bondCarrier(d)
	case 4:
		if err := s.bondTimes(d, "miimon", "downdelay", "updelay", "lacp_rate", "ad_select"); err != nil {
			return nil, err
		}
		if err := s.bondCarrier(d); err != nil {
			return nil, err
		}
		return d, s.bondHash(d)
	}
	if err := s.bondTimes(d, "miimon", "downdelay", "updelay"); err != nil {
		return nil, err
	}
	if err := s.bondCarrier(d); err != nil {
		return nil, err
	}
	s.bondPrimary(d)
	return d, nil
}

// bondTimes sets numbers.
func (s *settings) bondTimes(d *py.Dict, options ...string) error {
	for _, option := range options {
		v, ok := s.opts.GetStr(option)
		if !ok {
			d.SetStr(option, py.Str(bondDefaults[option]))
			continue
		}
		valid := texts("integer")
		if option == "lacp_rate" {
			valid = texts("fast", "1", "slow", "0")
			switch v {
			case py.Value(py.Str("fast")):
				v = py.Str("1")
			case py.Value(py.Str("slow")):
				v = py.Str("0")
			}
			s.opts.SetStr(option, v)
		}
		isNumber, err := isInt(v)
		if err != nil {
			return err
		}
		if !isNumber {
			return s.bad(option, valid...)
		}
		d.SetStr(option, v)
	}
	return nil
}

func (s *settings) bondPrimary(d *py.Dict) {
	if v, ok := s.opts.GetStr("primary"); ok {
		d.SetStr("primary", v)
	}
}

func (s *settings) bondCarrier(d *py.Dict) error {
	if !s.opts.Has("use_carrier") {
		d.SetStr("use_carrier", py.Str(bondDefaults["use_carrier"]))
		return nil
	}
	return s.onOff(d, "use_carrier", "1", "0")
}

func (s *settings) bondHash(d *py.Dict) error {
	v, ok := s.opts.GetStr("hashing-algorithm")
	if !ok {
		return nil
	}
	valid := texts("layer2", "layer2+3", "layer3+4")
	if !in(v, valid) {
		return s.bad("hashing-algorithm", valid...)
	}
	d.SetStr("xmit_hash_policy", v)
	return nil
}

// bondARP sets the options of the modes that watch their links by ARP.
func (s *settings) bondARP(d *py.Dict, hash bool) error {
	targets, ok := s.opts.Lookup("arp_ip_target").(*py.List)
	if !ok || len(targets.Items) < 1 || len(targets.Items) > 16 {
		return s.bad("arp_ip_target", texts("list of ips (up to 16)")...)
	}
	list := ""
	for _, it := range targets.Items {
		ip, isStr := it.(py.Str)
		switch {
		case !isStr:
			return py.TypeErrorf(`can only concatenate str (not "%s") to str`, py.TypeName(it))
		case list == "":
			list = string(ip)
		default:
			list += "," + string(ip)
		}
	}
	d.SetStr("arp_ip_target", py.Str(list))
	if err := s.bondTimes(d, "arp_interval"); err != nil || !hash {
		return err
	}
	return s.bondHash(d)
}
