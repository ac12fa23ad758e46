package ip

import (
	"slices"
	"strings"

	"pinch/internal/py"
)

const (
	scriptsDir  = "/etc/sysconfig/network-scripts"
	networkFile = "/etc/sysconfig/network"
)

var redhatKinds = texts("eth", "bond", "team", "alias", "clone", "ipsec", "dialup", "bridge", "slave", "teamport", "vlan", "ipip", "ib")

// linesWithout are the lines of a text without their ends; of the empty ones
// the first is left out, as Salt does.
func linesWithout(text string) []string {
	lines := slices.Collect(strings.Lines(text))
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, "\r\n")
	}
	if i := slices.Index(lines, ""); i >= 0 {
		lines = slices.Delete(lines, i, i+1)
	}
	return lines
}

// file are the lines of a file; there are none of one that cannot be read.
func (h redhat) file(path string) []string {
	data, err := h.r.ReadFile(path)
	if err != nil {
		return nil
	}
	return linesWithout(string(data))
}

func (h redhat) interfaceLines(name string) ([]string, error) {
	return h.file(scriptsDir + "/ifcfg-" + name), nil
}

// release is the release whose form of the files is written.
func (h redhat) release() int64 {
	n := major(h.c)
	switch h.c.Grains.String("os") {
	case "Fedora":
		if n >= 28 {
			return 8
		}
		return 7
	case "Amazon":
		return 7
	}
	return n
}

// buildInterface is Salt's ip.build_interface: the lines of the interface.
func (h redhat) buildInterface(name, kind string, enabled bool, opts *py.Dict, test bool) ([]string, error) {
	kind = strings.ToLower(kind)
	s := &settings{iface: name, opts: opts.Copy()}
	if !in(py.Str(kind), redhatKinds) {
		return nil, s.bad(kind, redhatKinds...)
	}
	if err := h.need(s, kind, test); err != nil {
		return nil, err
	}
	if kind == "clone" || kind == "ipsec" || kind == "dialup" {
		return nil, &py.Error{Class: "UnboundLocalError", Msg: "cannot access local variable 'ifcfg' where it is not associated with a value"}
	}
	e := &ethernet{redhat: h, settings: s, kind: kind, test: test, out: py.DictOf("name", py.Str(name))}
	if err := e.fill(enabled); err != nil {
		return nil, err
	}
	if n := h.release(); n < 7 || n > 9 {
		return nil, py.AttributeErrorf("The form of the files of release %s is not known: those of 7 to 9 are", h.c.Grains.String("osrelease"))
	}
	text, err := ifcfgText(e.out)
	if err != nil {
		return nil, err
	}
	if test {
		return linesWithout(text), nil
	}
	if err := h.script("ifcfg-"+name, text); err != nil {
		return nil, err
	}
	return h.interfaceLines(name)
}

// need checks the settings that a kind of interface wants and installs the
// package that it needs.
func (h redhat) need(s *settings, kind string, test bool) error {
	pkg := ""
	switch kind {
	case "slave":
		s.opts.SetStr("slave", py.Str("yes"))
		if !s.opts.Has("master") {
			return py.AttributeErrorf("master is a required setting for slave interfaces")
		}
	case "bond":
		v, ok := s.opts.GetStr("mode")
		if !ok {
			return py.AttributeErrorf("mode is required for bond interfaces")
		}
		s.opts.SetStr("mode", py.Str(py.ToStr(v)))
	case "teamport":
		master, ok := s.opts.GetStr("master")
		switch {
		case !ok && !s.opts.Has("team_master"):
			return py.AttributeErrorf("master or team_master is a required setting for teamport interfaces")
		case ok && s.opts.Has("team_master"):
			h.c.Log.Warn("network.managed: both team_master and master are given; master is ignored", "interface", s.iface)
			s.opts.DeleteStr("master")
		case ok:
			s.opts.DeleteStr("master")
			s.opts.SetStr("team_master", master)
		}
	case "vlan":
		s.opts.SetStr("vlan", py.Str("yes"))
	case "bridge":
		pkg = "bridge-utils"
	case "team":
		pkg = "teamd"
	}
	if pkg == "" || test {
		return nil
	}
	have, err := h.call("pkg.version", py.Str(pkg))
	if err == nil && !py.IsTrue(have) {
		_, err = h.call("pkg.install", py.Str(pkg))
	}
	return err
}

// script writes a file of the scripts' directory.
func (h redhat) script(name, text string) error {
	file := scriptsDir + "/" + name
	if !exists(h.r, scriptsDir) {
		return cannotWrite(file, scriptsDir)
	}
	return writeFile(h.w, file, text)
}

func (h redhat) routeLines(name string) (lines []string, ok bool, err error) {
	return slices.Concat(h.file(scriptsDir+"/route-"+name), h.file(scriptsDir+"/route6-"+name)), true, nil
}

// buildRoutes is Salt's ip.build_routes.
func (h redhat) buildRoutes(name string, opts *py.Dict, test bool) (lines []string, ok bool, err error) {
	list, err := routeList(name, opts)
	if err != nil {
		return nil, false, err
	}
	// Salt looks at the first figure: 10 has the old form too
	text := newRoutes
	if r := h.c.Grains.String("osrelease"); r != "" && r[0] >= '0' && r[0] < '6' {
		text = oldRoutes
	}
	var four, six []*py.Dict
	for _, it := range list {
		route, isDict := it.(*py.Dict)
		if !isDict {
			return nil, false, py.TypeErrorf("a route is a mapping, not %s", py.TypeName(it))
		}
		ip, has := route.GetStr("ipaddr")
		switch {
		case !has:
			return nil, false, py.KeyError(py.Str("ipaddr"))
		case isAddress(ip, 128):
			six = append(six, route)
		default:
			four = append(four, route)
		}
	}
	if test {
		return slices.Concat(linesWithout(text(name, four)), linesWithout(text(name, six))), true, nil
	}
	if err := h.script("route-"+name, text(name, four)); err != nil {
		return nil, false, err
	}
	if err := h.script("route6-"+name, text(name, six)); err != nil {
		return nil, false, err
	}
	return h.routeLines(name)
}

// restart restarts what manages the network.
func (h redhat) restart() (bool, error) {
	service := "network"
	if major(h.c) >= 8 {
		service = "NetworkManager"
	}
	v, err := h.call("service.restart", py.Str(service))
	return py.IsTrue(v), err
}
