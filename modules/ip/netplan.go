package ip

import (
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/saltyaml"
	"pinch/modules"
)

const netplanDir = "/etc/netplan"

// netplan is a host of Debian's family whose network netplan manages: a file
// for each interface, which goes before those of the installation.
type netplan struct{ *machine }

// netplanActive is Salt's ip.netplan_active.
func netplanActive(r host.Reader) bool {
	fi, err := r.Stat(netplanDir)
	return err == nil && fi.IsDir() && r.LookPath("netplan") != ""
}

func netplanFile(name string) string { return netplanDir + "/90-salt-" + name + ".yaml" }

func (n netplan) interfaceLines(name string) ([]string, error) {
	file := netplanFile(name)
	if fi, err := n.r.Stat(file); err != nil || !fi.IsRegular() {
		return nil, nil
	}
	data, err := n.r.ReadFile(file)
	if err != nil {
		return nil, modules.OSError(err)
	}
	return slices.Collect(strings.Lines(string(data))), nil
}

// yamlLines are the lines of a value in YAML.
func yamlLines(v py.Value) ([]string, error) {
	text, err := saltyaml.Dump(v, saltyaml.Options{FlowStyle: saltyaml.Block})
	return slices.Collect(strings.Lines(text)), err
}

// read reads a file of netplan; an empty one has nothing.
func (n netplan) read(file string) (*py.Dict, error) {
	data, err := n.r.ReadFile(file)
	if err != nil {
		return nil, modules.OSError(err)
	}
	v, err := saltyaml.Load(string(data))
	if err != nil || !py.IsTrue(v) {
		return py.NewDict(), err
	}
	d, ok := v.(*py.Dict)
	if !ok {
		return nil, py.AttributeErrorf("'%s' object has no attribute 'get'", py.TypeName(v))
	}
	network, ok := d.GetStr("network")
	if !ok || !py.IsTrue(network) {
		return py.NewDict(), nil
	}
	if d, ok = network.(*py.Dict); !ok {
		return nil, py.AttributeErrorf("'%s' object has no attribute 'get'", py.TypeName(network))
	}
	return d, nil
}

// renderer is what the files of netplan say of who sets the network up.
func (n netplan) renderer() (py.Value, error) {
	const standard = py.Str("networkd")
	entries, err := n.r.ReadDir(netplanDir)
	if err != nil {
		return standard, nil
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".yaml") && !strings.HasSuffix(e.Name(), ".yml") {
			continue
		}
		d, err := n.read(netplanDir + "/" + e.Name())
		if pe, raised := err.(*py.Error); raised && pe.Class == "AttributeError" {
			return nil, err
		}
		if err != nil {
			return standard, nil // Salt looks at no further file then
		}
		if v := lookup(d, "renderer"); py.IsTrue(v) {
			return v, nil
		}
	}
	return standard, nil
}

// buildInterface is Salt's ip.build_interface.
func (n netplan) buildInterface(name, kind string, _ bool, opts *py.Dict, test bool) ([]string, error) {
	kind = strings.ToLower(kind)
	section, ok := netplanSections[kind]
	if !ok {
		return nil, modules.CommandExecutionError("netplan_ip supports interface types bond, bridge, eth, slave, vlan; got '" + kind + "'")
	}
	renderer, err := n.renderer()
	if err != nil {
		return nil, err
	}
	p := plan{name: name, kind: kind, opts: opts}
	own, err := p.section()
	if err != nil {
		return nil, err
	}
	network := py.DictOf("version", py.Int(2), "renderer", renderer, section, py.DictOf(name, own))
	if members := p.members(); len(members) > 0 {
		others := within(network, "ethernets")
		for _, m := range members {
			if key := py.ToStr(m); key != name && !others.Has(key) {
				others.SetStr(key, py.NewDict())
			}
		}
	}
	lines, err := yamlLines(py.DictOf("network", network))
	if err != nil || test {
		return lines, err
	}
	mode := host.GoPerm(0o600)
	return lines, modules.OSError(n.w.WriteFile(netplanFile(name), strings.NewReader(strings.Join(lines, "")), host.WriteOptions{Mode: &mode}))
}

// routeLines is Salt's ip.get_routes: those of the interface's file.
func (n netplan) routeLines(name string) (lines []string, ok bool, err error) {
	file := netplanFile(name)
	if fi, err := n.r.Stat(file); err != nil || !fi.IsRegular() {
		return nil, true, nil
	}
	d, err := n.read(file)
	if err != nil {
		return nil, false, err
	}
	for _, v := range d.All() {
		section, isDict := v.(*py.Dict)
		if !isDict || !section.Has(name) {
			continue
		}
		own, isDict := section.Lookup(name).(*py.Dict)
		if !isDict {
			return nil, false, py.AttributeErrorf("'%s' object has no attribute 'get'", py.TypeName(section.Lookup(name)))
		}
		if routes := lookup(own, "routes"); py.IsTrue(routes) {
			lines, err := yamlLines(py.DictOf("routes", routes))
			return lines, true, err
		}
	}
	return nil, true, nil
}

// buildRoutes is Salt's ip.build_routes, which on such hosts writes nothing:
// routes belong to the interface's own file.
func (n netplan) buildRoutes(_ string, opts *py.Dict, _ bool) (lines []string, ok bool, err error) {
	given, has := opts.GetStr("routes")
	if !has {
		given = py.NewList()
	}
	items, err := py.Collect(given)
	if err != nil {
		return nil, false, err
	}
	routes := py.NewList()
	for _, it := range items {
		route, isDict := it.(*py.Dict)
		if !isDict {
			return nil, false, py.AttributeErrorf("'%s' object has no attribute 'get'", py.TypeName(it))
		}
		to := first(route, "ipaddr", "destination", "name")
		if py.IsTrue(to) && !in(to, texts("default", "0.0.0.0")) {
			if mask := lookup(route, "netmask"); py.IsTrue(mask) {
				if to, err = cidr(to, mask); err != nil {
					return nil, false, err
				}
			}
		} else {
			to = py.Str("default")
		}
		entry := py.DictOf("to", to)
		if via := lookup(route, "gateway"); py.IsTrue(via) {
			entry.SetStr("via", via)
		}
		routes.Append(entry)
	}
	if len(routes.Items) == 0 {
		return nil, true, nil
	}
	lines, err = yamlLines(py.DictOf("routes", routes))
	return lines, true, err
}

func (n netplan) settingsLines() ([]string, error) { return nil, nil }

// buildSettings has nothing to do: netplan has no settings of the whole host.
func (n netplan) buildSettings(*py.Dict, bool) ([]string, error) { return nil, nil }

// apply is Salt's ip.apply_network_settings.
func (n netplan) apply(opts *py.Dict) (bool, error) {
	if isTest(opts) {
		return true, nil
	}
	program := n.r.LookPath("netplan")
	if program == "" {
		return false, modules.CommandExecutionError("netplan command not found")
	}
	for _, verb := range []string{"generate", "apply"} {
		s, err := n.c.Do(n.ctx, n.w, program, verb)
		if err != nil {
			return false, err
		}
		if s.Code != 0 {
			said := s.Err
			if said == "" {
				said = s.Out
			}
			return false, modules.CommandExecutionError("netplan " + verb + " failed: " + said)
		}
	}
	return true, nil
}

func (n netplan) up(string, string) (py.Value, error) {
	ok, err := n.apply(py.NewDict())
	return py.Bool(ok), err
}

func (n netplan) down(name, _ string) (py.Value, error) {
	return n.command("ip", "link", "set", "dev", name, "down")
}
