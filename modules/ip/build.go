package ip

import (
	"slices"
	"strings"

	"pinch/internal/py"
	"pinch/internal/pypath"
)

var kinds = texts("eth", "bond", "alias", "clone", "ipsec", "dialup", "bridge", "slave", "vlan", "pppoe", "source")

const pppDir = "/etc/ppp/peers/"

// noCarrier says whether bonds are without use_carrier: since Ubuntu 16.
func (d debian) noCarrier() bool {
	return d.c.Grains.String("os") == "Ubuntu" && major(d.c) >= 16
}

// interfaceLines is Salt's ip.get_interface.
func (d debian) interfaceLines(name string) ([]string, error) {
	all, err := readAdapters(d.r)
	if err != nil {
		return nil, err
	}
	a := all.find(name)
	if a == nil {
		return nil, nil
	}
	if name == "source" {
		a.source = true
	}
	text, err := a.text()
	return split(text), err
}

// buildInterface is Salt's ip.build_interface: the lines of the interface. In
// test mode nothing is written, and no package installed.
func (d debian) buildInterface(name, kind string, enabled bool, opts *py.Dict, test bool) ([]string, error) {
	kind = strings.ToLower(kind)
	s := &settings{iface: name, opts: opts.Copy()}
	if !in(py.Str(kind), kinds) {
		return nil, s.bad(kind, kinds...)
	}
	if err := d.need(s, kind, test); err != nil {
		return nil, err
	}
	var a *adapter
	var err error
	switch kind {
	case "eth", "bond", "bridge", "slave", "vlan", "pppoe":
		a, err = s.adapter(kind, enabled, d.noCarrier())
	case "source":
		v, ok := s.opts.GetStr("source")
		if !ok {
			return nil, py.KeyError(py.Str("source"))
		}
		a = &adapter{name: name, sources: []py.Value{v}}
	default:
		err = &py.Error{Class: "UnboundLocalError", Msg: "cannot access local variable 'opts' where it is not associated with a value"}
	}
	if err != nil {
		return nil, err
	}
	if test {
		text, err := a.text() // Salt: that of an interface for the type source too
		return split(text), err
	}
	a.source = kind == "source"
	lines, err := d.writeInterface(a, s.opts)
	if err != nil || kind != "pppoe" {
		return lines, err
	}
	return lines, d.writeProvider(a)
}

// need checks the settings that a kind of interface wants and installs the
// package that it needs.
func (d debian) need(s *settings, kind string, test bool) error {
	pkg := ""
	switch kind {
	case "slave":
		s.opts.SetStr("slave", py.Str("yes"))
		if !s.opts.Has("master") {
			return py.AttributeErrorf("master is a required setting for slave interfaces")
		}
	case "vlan":
		s.opts.SetStr("vlan", py.Str("yes"))
		pkg = "vlan"
	case "pppoe":
		s.opts.SetStr("pppoe", py.Str("yes"))
		have, err := d.call("pkg.version", py.Str("ppp"))
		if err != nil {
			return err
		}
		if !py.IsTrue(have) {
			pkg = "ppp"
		}
	case "bond":
		if !s.opts.Has("slaves") {
			return py.AttributeErrorf("slaves is a required setting for bond interfaces")
		}
	case "bridge":
		if !s.opts.Has("ports") {
			return py.AttributeErrorf("ports is a required setting for bridge interfaces on Debian or Ubuntu based systems")
		}
		pkg = "bridge-utils"
	}
	if pkg == "" || test {
		return nil
	}
	_, err := d.call("pkg.install", py.Str(pkg))
	return err
}

// writeInterface writes an interface: into the file that the settings name, or
// with all others into /etc/network/interfaces.
func (d debian) writeInterface(a *adapter, opts *py.Dict) ([]string, error) {
	all, err := readAdapters(d.r)
	if err != nil {
		return nil, err
	}
	own, err := a.text()
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for _, other := range all.put(a) {
		text, err := other.text()
		if err != nil {
			return nil, err
		}
		b.WriteString(text)
	}
	file, content := interfacesFile, b.String()
	if v, ok := opts.GetStr("filename"); ok {
		name, isStr := v.(py.Str)
		if !isStr {
			return nil, py.AttributeErrorf("'%s' object has no attribute 'startswith'", py.TypeName(v))
		}
		if file, content = string(name), own; !strings.HasPrefix(file, "/") {
			file = interfacesDir + "/" + file
		}
	}
	if dir := pypath.Dir(file); !exists(d.r, dir) {
		return nil, py.AttributeErrorf("%s cannot be written.", dir)
	}
	return split(own), writeFile(d.w, file, content)
}

// writeProvider writes the settings of a PPPoE connection.
func (d debian) writeProvider(a *adapter) error {
	o := a.families["inet"]
	if o == nil {
		return py.KeyError(py.Str("inet"))
	}
	v, ok := o.GetStr("provider")
	if !ok {
		return py.KeyError(py.Str("provider"))
	}
	name, isStr := v.(py.Str)
	if !isStr {
		return py.TypeErrorf(`can only concatenate str (not "%s") to str`, py.TypeName(v))
	}
	file := pppDir + "/" + string(name)
	if dir := pypath.Dir(file); !exists(d.r, dir) {
		return py.AttributeErrorf("%s cannot be written.", dir)
	}
	return writeFile(d.w, file, pppText(o))
}

// buildBond is Salt's ip.build_bond.
func (d debian) buildBond(name string, opts *py.Dict, test bool) (lines []string, ok bool, err error) {
	s := &settings{iface: name, opts: opts.Copy()}
	bond, err := s.bond(d.noCarrier())
	if err != nil {
		return nil, false, err
	}
	text := "alias " + name + " bonding\noptions " + name + " "
	for k, v := range bond.All() {
		text += py.ToStr(k) + "=" + py.ToStr(v) + " "
	}
	if test {
		return slices.Collect(strings.Lines(text)), true, nil
	}
	file := bondFile(name)
	if dir := "/etc/modprobe.d/"; !exists(d.r, dir) {
		return nil, false, cannotWrite(file, dir)
	}
	if err := writeFile(d.w, file, text); err != nil {
		return nil, false, err
	}
	if _, err := d.call("kmod.load", py.Str("bonding")); err != nil {
		return nil, false, err
	}
	if _, err := d.call("pkg.install", py.Str("ifenslave")); err != nil {
		return nil, false, err
	}
	lines, ok = readLines(d.r, file)
	return lines, ok, nil
}

func bondFile(name string) string { return "/etc/modprobe.d/" + name + ".conf" }
