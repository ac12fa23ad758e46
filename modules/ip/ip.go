// Package ip has Salt's ip module on Debian, where interfaces are described in
// /etc/network/interfaces, and the states network.managed, network.routes and
// network.system, which are built on it.
package ip

import (
	"context"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// virtual says whether the host manages its network with ifupdown.
func virtual(c *modules.Call) (bool, string) {
	family := c.Grains.String("os_family")
	if family != "Debian" {
		return false, "The ip module could not be loaded: " + family + " is not supported, only Debian with /etc/network/interfaces"
	}
	if fi, err := c.Stat("/etc/netplan"); err == nil && fi.IsDir() && c.LookPath("netplan") != "" {
		return false, "The ip module could not be loaded: netplan manages the network, and is not supported"
	}
	return true, ""
}

type noArgs struct{}

type ifaceArgs struct {
	Iface string `arg:"iface,required" doc:"The interface."`
}

type kindArgs struct {
	Iface string   `arg:"iface,required" doc:"The interface."`
	Kind  py.Value `arg:"iface_type,required" doc:"Its type; slave and source are left alone."`
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

func query[A any](name, doc string, run func(d *debian, a *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: "ip." + name, Doc: doc, Virtual: virtual, Run: func(ctx context.Context, c *modules.Call, a *A) (py.Value, error) {
		return run(open(ctx, c, nil), a)
	}}.Func()
}

func action[A any](name, doc string, run func(d *debian, a *A) (py.Value, error)) *modules.Func {
	return modules.Action[A]{Name: "ip." + name, Doc: doc, Virtual: virtual, Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *A) (py.Value, error) {
		return run(open(ctx, c, w), a)
	}}.Func()
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
	return append([]*modules.Func{
		query("get_interface", "Gives the lines that describe an interface.", func(d *debian, a *ifaceArgs) (py.Value, error) {
			return linesValue(d.interfaceLines(a.Iface))
		}),
		query("get_bond", "Gives the lines of a bond in /etc/modprobe.d.", func(d *debian, a *ifaceArgs) (py.Value, error) {
			lines, ok := readLines(d.r, bondFile(a.Iface))
			return fileValue(lines, ok, nil)
		}),
		query("get_routes", "Gives the lines of the scripts that set the routes of an interface.", func(d *debian, a *ifaceArgs) (py.Value, error) {
			return fileValue(d.routeLines(a.Iface))
		}),
		query("get_network_settings", "Gives the network settings of the whole host.", func(d *debian, _ *noArgs) (py.Value, error) {
			return linesValue(d.settingsLines())
		}),
		action("build_interface", "Writes the description of an interface; with test=True only gives its lines.", func(d *debian, a *buildArgs) (py.Value, error) {
			return linesValue(d.buildInterface(a.Iface, a.Kind, a.Enabled, a.Settings, isTest(a.Settings)))
		}),
		action("build_bond", "Writes a bond into /etc/modprobe.d and loads the kernel's module; with test=True only gives its lines.",
			func(d *debian, a *ifaceSettingsArgs) (py.Value, error) {
				return fileValue(d.buildBond(a.Iface, a.Settings, isTest(a.Settings)))
			}),
		action("build_routes", "Writes the scripts that set the routes of an interface; with test=True only gives their lines.",
			func(d *debian, a *ifaceSettingsArgs) (py.Value, error) {
				return fileValue(d.buildRoutes(a.Iface, a.Settings, isTest(a.Settings)))
			}),
		action("build_network_settings", "Writes the network settings of the whole host; with test=True only gives their lines.",
			func(d *debian, a *settingsArgs) (py.Value, error) {
				return linesValue(d.buildSettings(a.Settings, isTest(a.Settings)))
			}),
		action("apply_network_settings", "Restarts the network, and sets the name of the host when apply_hostname is given.", func(d *debian, a *settingsArgs) (py.Value, error) {
			ok, err := d.apply(a.Settings)
			return py.Bool(ok), err
		}),
		action("up", "Brings an interface up.", func(d *debian, a *kindArgs) (py.Value, error) { return d.ifup("ifup", a.Iface, py.ToStr(a.Kind)) }),
		action("down", "Takes an interface down.", func(d *debian, a *kindArgs) (py.Value, error) { return d.ifup("ifdown", a.Iface, py.ToStr(a.Kind)) }),
	}, stateFuncs()...)
}

// ifup runs ifup or ifdown. Slaves follow their master, and a source is no
// interface.
func (d *debian) ifup(program, name, kind string) (py.Value, error) {
	if kind == "slave" || kind == "source" {
		return py.None, nil
	}
	s, err := d.c.DoCommand(d.ctx, d.w, modules.Command{Argv: []string{program, name}, MergeStderr: true})
	if err != nil {
		return nil, err
	}
	return py.Str(strings.TrimRight(s.All(), "\r\n")), nil
}
