package ip

import (
	"regexp"
	"slices"
	"strings"

	"pinch/internal/py"
)

// settings are the arguments of an interface as they came, and whose they are
// for errors.
type settings struct {
	iface string
	opts  *py.Dict
}

var (
	yes   = []py.Value{py.Str("yes"), py.Str("on"), py.Str("true"), py.Str("1"), py.True}
	no    = []py.Value{py.Str("no"), py.Str("off"), py.Str("false"), py.Str("0"), py.False}
	yesNo = slices.Concat(yes, no)
)

func texts(ss ...string) []py.Value { return py.Strings(ss...).Items }

// in is Python's v in list.
func in(v py.Value, list []py.Value) bool {
	ok, err := py.Contains(py.NewList(list...), v)
	return err == nil && ok
}

// expected is how Salt's errors show what may be given.
func expected(list []py.Value) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = py.ToStr(v)
	}
	return "[" + strings.Join(out, "|") + "]"
}

// bad is Salt's error for an option.
func (s *settings) bad(option string, want ...py.Value) error {
	return py.AttributeErrorf("Invalid option -- Interface: %s, Option: %s, Expected: %s", s.iface, option, expected(want))
}

// onOff sets an option that is on or off in its own words.
func (s *settings) onOff(d *py.Dict, option, on, off string) error {
	v, ok := s.opts.GetStr(option)
	switch {
	case !ok:
		return nil
	case in(v, yes):
		d.SetStr(option, py.Str(on))
	case in(v, no):
		d.SetStr(option, py.Str(off))
	default:
		return s.bad(option, yesNo...)
	}
	return nil
}

// isInt says whether int() takes a value; a value of a type that it does not
// take is an error.
func isInt(v py.Value) (bool, error) {
	ok, _, err := integer(v)
	return ok, err
}

// ethtool are the options that set the device.
func (s *settings) ethtool() (*py.Dict, error) {
	d := py.NewDict()
	if err := s.onOff(d, "autoneg", "on", "off"); err != nil {
		return nil, err
	}
	if v, ok := s.opts.GetStr("duplex"); ok {
		valid := texts("full", "half")
		if !in(v, valid) {
			return nil, s.bad("duplex", valid...)
		}
		d.SetStr("duplex", v)
	}
	if v, ok := s.opts.GetStr("speed"); ok {
		valid := texts("10", "100", "1000", "10000")
		if !in(py.Str(py.ToStr(v)), valid) {
			return nil, s.bad(py.ToStr(v), valid...) // Salt names the value
		}
		d.SetStr("speed", v)
	}
	for _, option := range []string{"rx", "tx", "sg", "tso", "ufo", "gso", "gro", "lro"} {
		if err := s.onOff(d, option, "on", "off"); err != nil {
			return nil, err
		}
	}
	return d, nil
}

var pppOptions = []string{
	"user", "password", "provider", "pppoe_iface", "noipdefault", "usepeerdns", "defaultroute", "holdoff", "maxfail", "hide-password",
	"lcp-echo-interval", "lcp-echo-failure", "connect", "noauth", "persist", "mtu", "noaccomp", "linkname",
}

// ppp are the options of a PPPoE connection.
func (s *settings) ppp() (*py.Dict, error) {
	d := py.NewDict()
	for _, option := range pppOptions {
		if v, ok := s.opts.GetStr(option); ok {
			d.SetStr(option, v)
		}
	}
	if v, ok := s.opts.GetStr("provider"); ok && !py.IsTrue(v) {
		return nil, s.bad("provider", yesNo...)
	}
	for _, option := range []string{"noipdefault", "usepeerdns", "defaultroute", "hide-password", "noauth", "persist", "noaccomp"} {
		if err := s.onOff(d, option, "True", "False"); err != nil {
			return nil, err
		}
	}
	return d, nil
}

var bridgeMAC = regexp.MustCompile(`^[0-9a-f]{2}(?:-[0-9a-f]{2}(?:-[0-9a-f]{2}){4}|:[0-9a-f]{2}(?::[0-9a-f]{2}){4})\n?$`)

// bridge are the options of a bridge.
func (s *settings) bridge() (*py.Dict, error) {
	d := py.NewDict()
	if v, ok := s.opts.GetStr("ports"); ok {
		if l, isList := v.(*py.List); isList {
			ports, err := joined(l, " ")
			if err != nil {
				return nil, err
			}
			v = py.Str(ports)
			s.opts.SetStr("ports", v)
		}
		d.SetStr("ports", v)
	}
	for _, option := range []string{"ageing", "fd", "gcint", "hello", "maxage"} {
		v, ok := s.opts.GetStr(option)
		if !ok {
			continue
		}
		valid, _, err := float(v)
		if err != nil {
			return nil, err
		}
		if !valid {
			return nil, s.bad(option, texts("float")...)
		}
		d.SetStr(option, v)
	}
	for _, option := range []string{"bridgeprio", "maxwait"} {
		if v, ok := s.opts.GetStr(option); ok {
			if !isIntType(v) {
				return nil, s.bad(option, texts("integer")...)
			}
			d.SetStr(option, v)
		}
	}
	if v, ok := s.opts.GetStr("hw"); ok {
		if !isText(v) {
			return nil, py.AttributeErrorf("'%s' object has no attribute 'lower'", py.TypeName(v))
		}
		if !bridgeMAC.MatchString(py.Lower(py.ToStr(v))) {
			return nil, s.bad("hw", texts("valid MAC address")...)
		}
		d.SetStr("hw", v)
	}
	for _, option := range []string{"pathcost", "portprio"} {
		v, ok := s.opts.GetStr(option)
		if !ok {
			continue
		}
		fields, err := fieldsOf(v)
		if err != nil {
			return nil, err
		}
		if len(fields) != 2 || !good(isInt(py.Str(fields[1]))) {
			return nil, s.bad(option, texts("interface integer")...)
		}
		d.SetStr(option, py.Str(fields[0]+" "+fields[1]))
	}
	if err := s.onOff(d, "stp", "on", "off"); err != nil {
		return nil, err
	}
	return d, s.waitport(d)
}

func (s *settings) waitport(d *py.Dict) error {
	v, ok := s.opts.GetStr("waitport")
	if !ok || isIntType(v) {
		if ok {
			d.SetStr("waitport", v)
		}
		return nil
	}
	fields, err := fieldsOf(v)
	if err != nil {
		return err
	}
	if len(fields) == 0 {
		return &py.Error{Class: "IndexError", Msg: "pop from empty list"}
	}
	if len(fields) < 2 || strings.Trim(fields[0], "0123456789") != "" {
		return s.bad("portprio", texts("integer [interfaces]")...) // Salt names the option before
	}
	d.SetStr("waitport", py.Str(strings.Join(fields, " ")))
	return nil
}

func good(ok bool, err error) bool { return ok && err == nil }

// isIntType is isinstance(v, int).
func isIntType(v py.Value) bool {
	switch v.(type) {
	case py.Int, *py.Long, py.Bool:
		return true
	}
	return false
}

// fieldsOf is v.split().
func fieldsOf(v py.Value) ([]string, error) {
	s, ok := v.(py.Str)
	if !ok {
		return nil, py.AttributeErrorf("'%s' object has no attribute 'split'", py.TypeName(v))
	}
	return strings.Fields(string(s)), nil
}

// joined is between.join(list).
func joined(l *py.List, between string) (string, error) {
	out := make([]string, len(l.Items))
	for i, it := range l.Items {
		s, ok := it.(py.Str)
		if !ok {
			return "", py.TypeErrorf("sequence item %d: expected str instance, %s found", i, py.TypeName(it))
		}
		out[i] = string(s)
	}
	return strings.Join(out, between), nil
}
