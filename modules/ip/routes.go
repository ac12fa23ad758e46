package ip

import (
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
)

const (
	upDir   = "/etc/network/if-up.d/"
	downDir = "/etc/network/if-down.d/"
)

// routeLines is Salt's ip.get_routes; ok is false when neither script is there.
func (d debian) routeLines(name string) (lines []string, ok bool, err error) {
	return d.bothScripts(upDir+"route-"+name, downDir+"route-"+name)
}

// bothScripts reads the two scripts of an interface one after the other.
func (d debian) bothScripts(upFile, downFile string) (lines []string, ok bool, err error) {
	up, hasUp := readLines(d.r, upFile)
	down, hasDown := readLines(d.r, downFile)
	if !hasUp && hasDown {
		return nil, false, py.TypeErrorf(`can only concatenate str (not "list") to str`)
	}
	return slices.Concat(up, down), hasUp, nil
}

// buildRoutes is Salt's ip.build_routes.
func (d debian) buildRoutes(name string, opts *py.Dict, test bool) (lines []string, ok bool, err error) {
	list, err := routeList(name, opts)
	if err != nil {
		return nil, false, err
	}
	add, del := routeScript("add", name, list), routeScript("del", name, list)
	if test {
		return slices.Collect(strings.Lines(add + del)), true, nil
	}
	// run-parts leaves out names with dots, which VLANs have
	file := "route-" + strings.ReplaceAll(name, ".", "_")
	for _, s := range []struct{ dir, text string }{{upDir, add}, {downDir, del}} {
		if !exists(d.r, s.dir) {
			return nil, false, cannotWrite(s.dir+file, s.dir)
		}
		if err := writeFile(d.w, s.dir+file, s.text); err != nil {
			return nil, false, err
		}
		if err := d.w.Chmod(s.dir+file, host.GoPerm(0o755)); err != nil {
			return nil, false, err
		}
	}
	return d.bothScripts(upDir+file, downDir+file)
}

// routeScript is the script that adds or deletes the routes of an interface.
func routeScript(verb, name string, routes []py.Value) string {
	var b strings.Builder
	b.WriteString("#!/bin/sh\n# " + verb + "\ntest \"${IFACE}\" = \"" + name + "\" || exit 0\n")
	for _, r := range routes {
		route, ok := r.(*py.Dict)
		if !ok {
			route = py.NewDict()
		}
		part := partOf(route)
		if comment := part("name", "# "); comment != "" {
			b.WriteString(comment + "\n")
		}
		b.WriteString("ip route " + verb + " " + part("ipaddr", "") + part("netmask", "/") + " " + part("gateway", "via ") + " dev " + name +
			part("metric", " metric ") + "\n")
	}
	return b.String()
}

// routeList are the routes of the settings.
func routeList(name string, opts *py.Dict) ([]py.Value, error) {
	var routes py.Value
	for k, v := range opts.All() {
		if py.Lower(py.ToStr(k)) == "routes" {
			routes = v
		}
	}
	if routes == nil {
		return nil, py.AttributeErrorf("Invalid option -- Route interface: %s, Option: routes, Expected: [List of routes]", name)
	}
	return py.Collect(routes)
}
