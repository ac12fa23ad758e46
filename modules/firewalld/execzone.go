package firewalld

import (
	"slices"
	"strings"

	"pinch/internal/py"
	"pinch/modules"
)

// settingFuncs are the functions about the settings of a zone.
func settingFuncs() []*modules.Func {
	port := func(command string) func(*portArgs) []string {
		return func(a *portArgs) []string { return in(a.Zone, command+a.Port, a.Permanent) }
	}
	iface := func(command string) func(*interfaceArgs) []string {
		return func(a *interfaceArgs) []string { return in(a.Zone, command+a.Interface, a.Permanent) }
	}
	source := func(command string) func(*sourceArgs) []string {
		return func(a *sourceArgs) []string { return in(a.Zone, command+a.Source, a.Permanent) }
	}
	masquerade := func(command string) func(*zoneArgs) []string {
		return func(a *zoneArgs) []string { return in(a.Zone, command, a.Permanent) }
	}
	rule := func(command string) func(*firewall, *ruleArgs) (py.Value, error) {
		return func(f *firewall, a *ruleArgs) (py.Value, error) {
			return text(f.rule(a.Zone, command, a.Rule, a.Permanent))
		}
	}
	return []*modules.Func{
		query("get_masquerade", "Says whether a zone masquerades.", func(f *firewall, a *zoneArgs) (py.Value, error) {
			on, err := f.masquerades(a.Zone, a.Permanent)
			return py.Bool(on), err
		}),
		does("add_masquerade", "Makes a zone masquerade.", masquerade("--add-masquerade")),
		does("remove_masquerade", "Makes a zone masquerade no more.", masquerade("--remove-masquerade")),
		action("add_port", "Opens a port in a zone.", func(f *firewall, a *addPortArgs) (py.Value, error) {
			if err := f.force(a.Zone, a.Masquerade); err != nil {
				return nil, err
			}
			return text(f.do(in(a.Zone, "--add-port="+a.Port, a.Permanent)...))
		}),
		does("remove_port", "Closes a port in a zone.", port("--remove-port=")),
		words("list_ports", "Lists the open ports of a zone.", listed("--list-ports")),
		action("add_port_fwd", "Forwards a port.", func(f *firewall, a *addForwardArgs) (py.Value, error) {
			if err := f.force(a.Zone, a.Masquerade); err != nil {
				return nil, err
			}
			return text(f.do(in(a.Zone, forward("--add-forward-port", a.Src, a.Proto, a.Dest, a.Addr), a.Permanent)...))
		}),
		does("remove_port_fwd", "Forwards a port no more.", func(a *forwardArgs) []string {
			return in(a.Zone, forward("--remove-forward-port", a.Src, a.Proto, a.Dest, a.Addr), a.Permanent)
		}),
		query("list_port_fwd", "Lists the forwarded ports of a zone.", func(f *firewall, a *inZoneArgs) (py.Value, error) {
			out, err := f.ask(in(a.Zone, "--list-forward-ports", a.Permanent)...)
			if err != nil {
				return nil, err
			}
			l := py.NewList()
			for _, line := range linesOf(out) {
				l.Append(parseForward(line).shown("Source port", "Protocol", "Destination port", "Destination address"))
			}
			return l, nil
		}),
		action("block_icmp", "Blocks a type of ICMP in a zone; False for one that there is not.", func(f *firewall, a *icmpArgs) (py.Value, error) {
			return f.icmp(a, "--add-icmp-block=", false)
		}),
		action("allow_icmp", "Lets a type of ICMP through a zone; False for one that there is not.", func(f *firewall, a *icmpArgs) (py.Value, error) {
			return f.icmp(a, "--remove-icmp-block=", true)
		}),
		words("list_icmp_block", "Lists the types of ICMP that a zone blocks.", listed("--list-icmp-blocks")),
		words("get_interfaces", "Lists the interfaces of a zone.", listed("--list-interfaces")),
		does("add_interface", "Puts an interface into a zone.", iface("--add-interface=")),
		does("remove_interface", "Takes an interface out of a zone.", iface("--remove-interface=")),
		words("get_sources", "Lists the addresses of a zone.", listed("--list-sources")),
		does("add_source", "Puts an address into a zone.", source("--add-source=")),
		does("remove_source", "Takes an address out of a zone.", source("--remove-source=")),
		query("get_rich_rules", "Lists the rich rules of a zone.", func(f *firewall, a *inZoneArgs) (py.Value, error) {
			out, err := f.ask(in(a.Zone, "--list-rich-rules", a.Permanent)...)
			return py.Strings(linesOf(out)...), err
		}),
		action("add_rich_rule", "Adds a rich rule to a zone.", rule("--add-rich-rule")),
		action("remove_rich_rule", "Removes a rich rule from a zone.", rule("--remove-rich-rule")),
	}
}

func linesOf(out string) []string {
	if out == "" {
		return nil
	}
	return strings.Split(out, "\n")
}

// rule adds or removes a rich rule.
func (f *firewall) rule(zone, command, rule string, permanent bool) (string, error) {
	argv, err := richRule(zone, command, rule, permanent)
	if err != nil {
		return "", err
	}
	return f.do(argv...)
}

func (f *firewall) masquerades(name string, permanent bool) (bool, error) {
	out, err := f.ask(in(name, "--list-all", permanent)...)
	if err != nil {
		return false, err
	}
	for _, v := range parseZones(out).All() {
		if !(zone{v.(*py.Dict)}).masquerade() {
			return false, nil
		}
	}
	return true, nil
}

// force makes a zone masquerade when that is asked for.
func (f *firewall) force(zone string, wanted bool) error {
	if !wanted {
		return nil
	}
	on, err := f.masquerades(zone, true)
	if err == nil && !on {
		_, err = f.do(in(zone, "--add-masquerade", true)...)
	}
	return err
}

// icmp blocks a type of ICMP or lets it through; had says which state of it is
// the one to change.
func (f *firewall) icmp(a *icmpArgs, command string, had bool) (py.Value, error) {
	types, err := f.ask(in("", "--get-icmptypes", a.Permanent)...)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(strings.Fields(types), a.ICMP) {
		f.c.Log.Error("firewalld: there is no such type of ICMP", "type", a.ICMP)
		return py.False, nil
	}
	blocked, err := f.ask(in(a.Zone, "--list-icmp-blocks", a.Permanent)...)
	if err != nil {
		return nil, err
	}
	if slices.Contains(strings.Fields(blocked), a.ICMP) != had {
		return py.Str("success"), nil
	}
	return text(f.do(in(a.Zone, command+a.ICMP, a.Permanent)...))
}
