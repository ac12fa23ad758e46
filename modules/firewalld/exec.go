package firewalld

import (
	"context"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

func query[A any](name, doc string, run func(f *firewall, a *A) (py.Value, error)) *modules.Func {
	return modules.Query[A]{Name: "firewalld." + name, Doc: doc, Virtual: virtual, Run: func(ctx context.Context, c *modules.Call, a *A) (py.Value, error) {
		return run(&firewall{ctx: ctx, c: c}, a)
	}}.Func()
}

func action[A any](name, doc string, run func(f *firewall, a *A) (py.Value, error)) *modules.Func {
	return modules.Action[A]{Name: "firewalld." + name, Doc: doc, Virtual: virtual, Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *A) (py.Value, error) {
		return run(&firewall{ctx: ctx, c: c, w: w}, a)
	}}.Func()
}

// asks is a function whose answer is what firewall-cmd prints; words and lines
// give it as lists.
func asks[A any](name, doc string, argv func(a *A) []string) *modules.Func {
	return query(name, doc, func(f *firewall, a *A) (py.Value, error) { return text(f.ask(argv(a)...)) })
}

func words[A any](name, doc string, argv func(a *A) []string) *modules.Func {
	return query(name, doc, func(f *firewall, a *A) (py.Value, error) {
		out, err := f.ask(argv(a)...)
		return py.Strings(strings.Fields(out)...), err
	})
}

// does is a function that runs one command.
func does[A any](name, doc string, argv func(a *A) []string) *modules.Func {
	return action(name, doc, func(f *firewall, a *A) (py.Value, error) { return text(f.do(argv(a)...)) })
}

func text(s string, err error) (py.Value, error) { return py.Str(s), err }

// plain are the words of a command that takes no zone.
func plain(command string) func(*permanentArgs) []string {
	return func(a *permanentArgs) []string { return in("", command, a.Permanent) }
}

// listed are the words of a command that lists a setting of a zone.
func listed(command string) func(*inZoneArgs) []string {
	return func(a *inZoneArgs) []string { return in(a.Zone, command, a.Permanent) }
}

// zoneFuncs are the functions about zones as a whole.
func zoneFuncs() []*modules.Func {
	return []*modules.Func{
		asks("version", "Gives the version of firewall-cmd.", func(*noArgs) []string { return []string{"--version"} }),
		does("reload_rules", "Loads the permanent settings.", func(*noArgs) []string { return []string{"--reload"} }),
		does("make_permanent", "Makes the settings at work the permanent ones.", func(*noArgs) []string { return []string{"--runtime-to-permanent"} }),
		asks("default_zone", "Names the default zone.", func(*noArgs) []string { return []string{"--get-default-zone"} }),
		does("set_default_zone", "Sets the default zone.", func(a *oneZoneArgs) []string { return []string{"--set-default-zone=" + a.Zone} }),
		query("list_zones", "Gives the settings of all zones.", func(f *firewall, a *permanentArgs) (py.Value, error) {
			return parsed(f.ask(in("", "--list-all-zones", a.Permanent)...))
		}),
		query("list_all", "Gives the settings of a zone.", func(f *firewall, a *zoneArgs) (py.Value, error) {
			return parsed(f.ask(in(a.Zone, "--list-all", a.Permanent)...))
		}),
		words("get_zones", "Lists the zones.", plain("--get-zones")),
		words("get_services", "Lists the services.", plain("--get-services")),
		words("get_icmp_types", "Lists the types of ICMP.", plain("--get-icmptypes")),
		action("new_zone", "Makes a zone.", func(f *firewall, a *newZoneArgs) (py.Value, error) {
			return text(f.make("new-zone", a.Zone, a.Restart))
		}),
		action("delete_zone", "Removes a zone.", func(f *firewall, a *newZoneArgs) (py.Value, error) {
			return text(f.make("delete-zone", a.Zone, a.Restart))
		}),
		action("new_service", "Makes a service.", func(f *firewall, a *newServiceArgs) (py.Value, error) {
			return text(f.make("new-service", a.Name, a.Restart))
		}),
		action("delete_service", "Removes a service.", func(f *firewall, a *newServiceArgs) (py.Value, error) {
			return text(f.make("delete-service", a.Name, a.Restart))
		}),
	}
}

func parsed(out string, err error) (py.Value, error) {
	if err != nil {
		return nil, err
	}
	return parseZones(out), nil
}

// make makes or deletes a zone or service.
func (f *firewall) make(command, name string, restart bool) (string, error) {
	out, err := f.do("--"+command+"="+name, "--permanent")
	if err != nil || !restart || out != "success" {
		return out, err
	}
	return f.do("--reload")
}

// serviceFuncs are the functions about services.
func serviceFuncs() []*modules.Func {
	ofService := func(command string) func(*serviceArgs) []string {
		return func(a *serviceArgs) []string { return []string{"--permanent", "--service=" + a.Service, command} }
	}
	inZone := func(command string) func(*serviceInZoneArgs) []string {
		return func(a *serviceInZoneArgs) []string { return in(a.Zone, command+a.Service, a.Permanent) }
	}
	port := func(command string) func(*firewall, *servicePortArgs) (py.Value, error) {
		return func(f *firewall, a *servicePortArgs) (py.Value, error) {
			all, err := f.services()
			if err != nil {
				return nil, err
			}
			if !slices.Contains(all, a.Service) {
				return nil, modules.CommandExecutionError("The service does not exist.")
			}
			return text(f.do("--permanent", "--service="+a.Service, command+a.Port))
		}
	}
	protocol := func(command string) func(*serviceProtocolArgs) []string {
		return func(a *serviceProtocolArgs) []string {
			return []string{"--permanent", "--service=" + a.Service, command + a.Protocol}
		}
	}
	return []*modules.Func{
		words("list_services", "Lists the services of a zone.", func(a *zoneArgs) []string { return in(a.Zone, "--list-services", a.Permanent) }),
		does("add_service", "Lets a service through a zone.", inZone("--add-service=")),
		does("remove_service", "Lets a service through a zone no more.", inZone("--remove-service=")),
		action("add_service_port", "Adds a port to a service.", port("--add-port=")),
		action("remove_service_port", "Removes a port from a service.", port("--remove-port=")),
		words("get_service_ports", "Lists the ports of a service.", ofService("--get-ports")),
		does("add_service_protocol", "Adds a protocol to a service.", protocol("--add-protocol=")),
		does("remove_service_protocol", "Removes a protocol from a service.", protocol("--remove-protocol=")),
		words("get_service_protocols", "Lists the protocols of a service.", ofService("--get-protocols")),
	}
}

// services are the permanent services.
func (f *firewall) services() ([]string, error) {
	return f.names("--get-services")
}

// names are what a permanent listing prints.
func (f *firewall) names(command string) ([]string, error) {
	return remember(f, command, func() ([]string, error) {
		out, err := f.ask(command, "--permanent")
		return strings.Fields(out), err
	})
}
