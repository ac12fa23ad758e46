// Package ip has Salt's ip module: interfaces are described in
// /etc/network/interfaces on Debian, in netplan's files where it manages the
// network, and in /etc/sysconfig/network-scripts on Red Hat's systems; and the states network.managed, network.routes and
// network.system, which are built on it.
package ip

import (
	"context"
	"slices"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// virtual says whether the host's files of the network are ones that are known.
func virtual(c *modules.Call) (bool, string) {
	if isRedHat(c) {
		if c.Grains.String("os") == "Amazon" && major(c) < 2 {
			return false, "The ip module could not be loaded: Amazon Linux 1 is not supported"
		}
		return true, ""
	}
	if family := c.Grains.String("os_family"); family != "Debian" {
		return false, "The ip module could not be loaded: " + family + " is not supported, only the families of Debian and Red Hat"
	}
	return true, ""
}

// ifupdownVirtual is for what Salt has with /etc/network/interfaces only.
func ifupdownVirtual(c *modules.Call) (bool, string) {
	if c.Grains.String("os_family") != "Debian" || netplanActive(c) {
		return false, "this function is there for hosts with /etc/network/interfaces only"
	}
	return true, ""
}

// netplanVirtual is for what Salt has with netplan only.
func netplanVirtual(c *modules.Call) (bool, string) {
	if c.Grains.String("os_family") != "Debian" || !netplanActive(c) {
		return false, "netplan_ip: netplan is not the active renderer on this system"
	}
	return true, ""
}

type noArgs struct{}

type ifaceArgs struct {
	Iface string `arg:"iface,required" doc:"The interface."`
}

type kindArgs struct {
	Iface string   `arg:"iface,required" doc:"The interface."`
	Kind  py.Value `arg:"iface_type" doc:"Its type; slave and source are left alone."`
}

type settingsArgs struct {
	Settings *py.Dict `arg:"**" doc:"The settings."`
}

type ifaceSettingsArgs struct {
	Iface    string   `arg:"iface,required" doc:"The interface."`
	Settings *py.Dict `arg:"**" doc:"The settings, as the state takes them."`
}

type buildArgs struct {
	Iface    string   `arg:"iface,required" doc:"The interface."`
	Kind     string   `arg:"iface_type,required" doc:"eth, bond, bridge, slave, vlan, pppoe or source."`
	Enabled  bool     `arg:"enabled,required" doc:"Bring it up at boot."`
	Settings *py.Dict `arg:"**" doc:"The settings, as network.managed takes them."`
}

// job is a call of a function.
type job struct {
	*machine
	backend
}

func query[A any](name, doc string, run func(j job, a *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: "ip." + name, Doc: doc, Virtual: virtual, Run: func(ctx context.Context, c *modules.Call, a *A) (py.Value, error) {
		m, b := open(ctx, c, nil)
		return run(job{m, b}, a)
	}}.Func()
}

func action[A any](name, doc string, run func(j job, a *A) (py.Value, error)) *modules.Func {
	return modules.Action[A]{Name: "ip." + name, Doc: doc, Virtual: virtual, Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *A) (py.Value, error) {
		m, b := open(ctx, c, w)
		return run(job{m, b}, a)
	}}.Func()
}

// ownFuncs are the functions that Salt has on some hosts only.
func ownFuncs() []*modules.Func {
	return []*modules.Func{
		modules.Query[noArgs]{Name: "ip.netplan_active", Doc: "Says whether netplan manages the network.", Virtual: netplanVirtual,
			Run: func(_ context.Context, c *modules.Call, _ *noArgs) (py.Value, error) {
				return py.Bool(netplanActive(c)), nil
			}}.Func(),
		modules.Query[ifaceArgs]{Name: "ip.get_bond", Doc: "Gives the lines of a bond in /etc/modprobe.d.", Virtual: ifupdownVirtual,
			Run: func(_ context.Context, c *modules.Call, a *ifaceArgs) (py.Value, error) {
				lines, ok := readLines(c, bondFile(a.Iface))
				return fileValue(lines, ok, nil)
			}}.Func(),
		modules.Action[ifaceSettingsArgs]{Name: "ip.build_bond", Virtual: ifupdownVirtual,
			Doc: "Writes a bond into /etc/modprobe.d and loads the kernel's module; with test=True only gives its lines.",
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *ifaceSettingsArgs) (py.Value, error) {
				m, _ := open(ctx, c, w)
				return fileValue(debian{m}.buildBond(a.Iface, a.Settings, isTest(a.Settings)))
			}}.Func(),
	}
}

// linesValue is a list of lines.
func linesValue(lines []string, err error) (py.Value, error) { return py.Strings(lines...), err }

// fileValue is the lines of a file, or Salt's empty text for one that is missing.
func fileValue(lines []string, ok bool, err error) (py.Value, error) {
	if !ok {
		return py.Str(""), err
	}
	return py.Strings(lines...), err
}

func isTest(opts *py.Dict) bool { return py.IsTrue(lookup(opts, "test")) }

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return slices.Concat([]*modules.Func{
		query("get_interface", "Gives the lines that describe an interface.", func(j job, a *ifaceArgs) (py.Value, error) {
			return linesValue(j.interfaceLines(a.Iface))
		}),
		query("get_routes", "Gives the lines of the scripts that set the routes of an interface.", func(j job, a *ifaceArgs) (py.Value, error) {
			return fileValue(j.routeLines(a.Iface))
		}),
		query("get_network_settings", "Gives the network settings of the whole host.", func(j job, _ *noArgs) (py.Value, error) {
			return linesValue(j.settingsLines())
		}),
		action("build_interface", "Writes the description of an interface; with test=True only gives its lines.", func(j job, a *buildArgs) (py.Value, error) {
			return linesValue(j.buildInterface(a.Iface, a.Kind, a.Enabled, a.Settings, isTest(a.Settings)))
		}),
		action("build_routes", "Writes the scripts that set the routes of an interface; with test=True only gives their lines.",
			func(j job, a *ifaceSettingsArgs) (py.Value, error) {
				return fileValue(j.buildRoutes(a.Iface, a.Settings, isTest(a.Settings)))
			}),
		action("build_network_settings", "Writes the network settings of the whole host; with test=True only gives their lines.",
			func(j job, a *settingsArgs) (py.Value, error) {
				return linesValue(j.buildSettings(a.Settings, isTest(a.Settings)))
			}),
		action("apply_network_settings", "Restarts the network, and sets the name of the host when apply_hostname is given.", func(j job, a *settingsArgs) (py.Value, error) {
			ok, err := j.apply(a.Settings)
			return py.Bool(ok), err
		}),
		action("up", "Brings an interface up.", func(j job, a *kindArgs) (py.Value, error) {
			return j.up(a.Iface, py.ToStr(a.Kind))
		}),
		action("down", "Takes an interface down.", func(j job, a *kindArgs) (py.Value, error) {
			return j.down(a.Iface, py.ToStr(a.Kind))
		}),
	}, ownFuncs(), stateFuncs())
}
