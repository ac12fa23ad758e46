package network

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/ipaddr"
	"pinch/internal/py"
	"pinch/modules"
)

type familyArgs struct {
	Family *string `arg:"family" doc:"inet or inet6; both when not given."`
}

type ipArgs struct {
	IP string `arg:"ip,required" doc:"The address to reach."`
}

func routeFuncs() []*modules.Func {
	q := func(name, doc string, run func(context.Context, *modules.Call, *familyArgs) (py.Value, error)) *modules.Func {
		return modules.Query[familyArgs]{Name: "network." + name, Doc: doc, Run: run}.Func()
	}
	return []*modules.Func{
		q("routes", "Lists the routes of the host.", func(ctx context.Context, c *modules.Call, a *familyArgs) (py.Value, error) {
			list, err := routes(ctx, c, a.Family)
			return routeList(list), err
		}),
		q("default_route", "Lists the default routes of the host.", func(ctx context.Context, c *modules.Call, a *familyArgs) (py.Value, error) {
			list, err := routes(ctx, c, a.Family)
			if err != nil {
				return nil, err
			}
			var out []route
			for _, r := range list {
				names := []string{"default"}
				if c.Grains.String("kernel") == "Linux" {
					names = []string{"0.0.0.0", "default", "::/0"}
					if a.Family != nil {
						names = map[string][]string{"inet": {"0.0.0.0", "default"}, "inet6": {"::/0", "default"}}[*a.Family]
					}
				}
				if slices.Contains(names, r.destination) {
					out = append(out, r)
				}
			}
			return routeList(out), nil
		}),
		modules.Query[ipArgs]{Name: "network.get_route", Doc: "Tells how an address is reached.", Run: getRoute}.Func(),
	}
}

// route is one line of the routing table, with netstat's words.
type route struct {
	family, destination, gateway, netmask, flags, iface string
}

func routeList(list []route) py.Value {
	out := py.NewList()
	for _, r := range list {
		out.Append(py.DictOf("addr_family", py.Str(r.family), "destination", py.Str(r.destination), "gateway", py.Str(r.gateway),
			"netmask", py.Str(r.netmask), "flags", py.Str(r.flags), "interface", py.Str(r.iface)))
	}
	return out
}

func routes(ctx context.Context, c *modules.Call, family *string) ([]route, error) {
	if family != nil && *family != "inet" && *family != "inet6" {
		return nil, modules.CommandExecutionError("Invalid address family " + *family)
	}
	var all []route
	var err error
	switch kernel := c.Grains.String("kernel"); {
	case kernel == "Linux" && c.LookPath("netstat") == "":
		all, err = ipRoutes(ctx, c)
	case kernel == "Linux":
		all, err = netstatRoutes(ctx, c)
	case kernel == "FreeBSD" || kernel == "Darwin":
		all, err = bsdRoutes(ctx, c)
	default:
		return nil, modules.CommandExecutionError("Not yet supported on this platform")
	}
	if err != nil || family == nil {
		return all, err
	}
	return slices.DeleteFunc(all, func(r route) bool { return r.family != *family }), nil
}

// said runs a command that only looks and returns the lines of its output.
func said(ctx context.Context, c *modules.Call, argv ...string) ([]string, error) {
	out, err := c.Query(ctx, host.Cmd{Argv: argv})
	if err != nil {
		return nil, err
	}
	text := strings.TrimRight(string(out.Stdout)+string(out.Stderr), "\r\n")
	if text == "" {
		return nil, nil
	}
	return strings.Split(text, "\n"), nil
}

func ipRoutes(ctx context.Context, c *modules.Call) ([]route, error) {
	four, err := said(ctx, c, "ip", "-4", "route", "show", "table", "main")
	if err != nil {
		return nil, err
	}
	six, err := said(ctx, c, "ip", "-6", "route", "show", "table", "all")
	if err != nil {
		return nil, err
	}
	return parseIPRoutes(four, six)
}

// otherRoutes are the kinds of IPv6 routes that Salt passes over.
var otherRoutes = []string{"unicast", "broadcast", "throw", "unreachable", "prohibit", "blackhole", "nat", "anycast", "multicast"}

// parseIPRoutes reads what `ip route` prints and gives it netstat's form.
func parseIPRoutes(four, six []string) ([]route, error) {
	var out []route
	word := func(f []string, i int) string {
		if i < len(f) {
			return f[i]
		}
		return ""
	}
	dev := func(f []string, i int) string {
		if word(f, i) == "dev" {
			return word(f, i+1)
		}
		return ""
	}
	for _, line := range four {
		f := strings.Fields(line)
		switch {
		case len(f) == 0 || f[0] == "unreachable":
		case f[0] == "default":
			out = append(out, route{"inet", "0.0.0.0", word(f, 2), "0.0.0.0", "UG", dev(f, 3)})
		default:
			p, err := ipaddr.Network(f[0], false)
			if err != nil {
				return nil, err
			}
			mask, _ := ipaddr.Edges(p)
			out = append(out, route{"inet", p.Addr().String(), "0.0.0.0", mask.String(), "U", dev(f, 1)})
		}
	}
	for _, line := range six {
		f := strings.Fields(line)
		switch {
		case len(f) == 0 || slices.Contains(otherRoutes, f[0]):
		case f[0] == "default":
			out = append(out, route{"inet6", "::/0", word(f, 2), "", "UG", dev(f, 3)})
		case f[0] == "local":
			out = append(out, route{"inet6", word(f, 1) + "/128", "::", "", "U", dev(f, 2)})
		default:
			if _, err := ipaddr.Network(f[0], false); err != nil {
				return nil, err
			}
			out = append(out, route{"inet6", f[0], "::", "", "U", dev(f, 1)})
		}
	}
	return out, nil
}

func netstatRoutes(ctx context.Context, c *modules.Call) ([]route, error) {
	var out []route
	for _, family := range []string{"inet", "inet6"} {
		lines, err := said(ctx, c, "netstat", "-A", family, "-rn")
		if err != nil {
			return nil, err
		}
		out = append(out, parseNetstat(family, lines)...)
	}
	return out, nil
}

// parseNetstat reads `netstat -rn` after its two lines of heading.
func parseNetstat(family string, lines []string) []route {
	var out []route
	for i, line := range lines {
		f := strings.Fields(line)
		switch {
		case i < 2:
		case family == "inet" && len(f) > 7:
			out = append(out, route{family, f[0], f[1], f[2], f[3], f[7]})
		case family == "inet6" && (len(f) == 6 || len(f) == 7):
			out = append(out, route{family, f[0], f[1], "", f[2], f[len(f)-1]})
		}
	}
	return out
}

// bsdRoutes reads netstat of FreeBSD and macOS.
func bsdRoutes(ctx context.Context, c *modules.Call) ([]route, error) {
	var out []route
	for _, family := range []string{"inet", "inet6"} {
		lines, err := said(ctx, c, "netstat", "-f", family, "-rn")
		if err != nil {
			return nil, err
		}
		for i, line := range lines {
			f := strings.Fields(line)
			if i < 4 || len(f) < 4 {
				continue
			}
			iface := f[3]
			if family == "inet" && c.Grains.String("os") == "FreeBSD" && c.Grains.Lookup("osmajorrelease") != nil {
				if n, ok := py.AsInt(c.Grains.Lookup("osmajorrelease")); ok && n < 10 && len(f) > 5 {
					iface = f[5]
				}
			}
			out = append(out, route{family, f[0], f[1], "", f[2], iface})
		}
	}
	return out, nil
}

var routeOf = regexp.MustCompile(`(?:via\s+([\w.:]+))?\s+dev\s+([\w.:\-]+)\s+.*src\s+([\w.:]+)`)

func getRoute(ctx context.Context, c *modules.Call, a *ipArgs) (py.Value, error) {
	if c.Grains.String("kernel") != "Linux" {
		return nil, modules.CommandExecutionError("Not yet supported on this platform")
	}
	lines, err := said(ctx, c, "ip", "route", "get", a.IP)
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, py.Errorf("IndexError", "list index out of range")
	}
	m := routeOf.FindStringSubmatch(lines[0])
	if m == nil {
		return nil, py.AttributeErrorf("'NoneType' object has no attribute 'group'")
	}
	return py.DictOf("destination", py.Str(a.IP), "gateway", py.OptStr(m[1]), "interface", py.Str(m[2]), "source", py.Str(m[3])), nil
}
