package firewalld

import (
	"context"
	"slices"

	"pinch/internal/host"
	"pinch/internal/nested"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type presentArgs struct {
	Name            string   `arg:"name,required" doc:"The zone; it is made when there is none."`
	BlockICMP       []string `arg:"block_icmp" doc:"Types of ICMP to block."`
	PruneICMP       bool     `arg:"prune_block_icmp" default:"False" doc:"Block no others."`
	Default         bool     `arg:"default" doc:"Make it the default zone."`
	Masquerade      *bool    `arg:"masquerade" doc:"Masquerade or not; left as it is when not given."`
	Ports           []string `arg:"ports" doc:"Ports to open, such as 22/tcp."`
	PrunePorts      bool     `arg:"prune_ports" default:"False" doc:"Open no others."`
	PortFwd         []string `arg:"port_fwd" doc:"Ports to forward, such as 80:443:tcp:192.168.0.1."`
	PruneFwd        bool     `arg:"prune_port_fwd" default:"False" doc:"Forward no others."`
	Services        []string `arg:"services" doc:"Services to let through."`
	PruneServices   bool     `arg:"prune_services" default:"False" doc:"Let no others through."`
	Interfaces      []string `arg:"interfaces" doc:"Interfaces of the zone."`
	PruneInterfaces bool     `arg:"prune_interfaces" default:"False" doc:"Keep no others."`
	Sources         []string `arg:"sources" doc:"Addresses and networks of the zone."`
	PruneSources    bool     `arg:"prune_sources" default:"False" doc:"Keep no others."`
	RichRules       []string `arg:"rich_rules" doc:"Rules in the rich language."`
	PruneRules      bool     `arg:"prune_rich_rules" default:"False" doc:"Keep no others."`
}

// setting is a list of a zone that a state keeps.
type setting struct {
	key         string // of the changes
	want        []string
	prune       bool
	have        func(z zone) []string
	add, remove func(item string) error
	// shown is how the changes show an item; nil is itself.
	shown func(item string) py.Value
}

// outcome is the state present while it is made.
type outcome struct {
	*firewall
	name    string
	changes *py.Dict
	// failed is what a command said that failed.
	failed string
}

func checkPresent(ctx context.Context, c *modules.Call, a *presentArgs) (modules.Plan, error) {
	if c.Test {
		d, err := present(ctx, c, nil, a)
		return modules.Plan{Would: d}, err
	}
	return modules.Plan{Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) { return present(ctx, c, w, a) }}, nil
}

// present is the state; w is nil in test mode.
func present(ctx context.Context, c *modules.Call, w host.Writer, a *presentArgs) (modules.Done, error) {
	o := &outcome{firewall: &firewall{ctx: ctx, c: c, w: w}, name: a.Name, changes: py.NewDict()}
	err := o.make(a)
	if said, failed := isCommandError(err); failed {
		o.failed, err = "Error: "+said, nil
	}
	if err != nil {
		return modules.Done{}, err
	}
	changed := o.changes.Len() > 0
	d := modules.Done{Result: low.True, Changes: o.changes}
	switch {
	case o.failed != "":
		d.Result, d.Comment = low.False, o.failed
	case !changed:
		d.Comment = "'" + a.Name + "' is already in the desired state."
	case w == nil:
		d.Result, d.Changes = low.None, nil
		d.Comment = "Configuration for '" + a.Name + "' will change:\n" + nested.Text(o.changes)
	default:
		d.Comment = "'" + a.Name + "' was configured."
	}
	if changed && w != nil {
		_, err = o.do("--reload")
	}
	return d, err
}

// act runs a command, but not in test mode.
func (o *outcome) act(words ...string) error {
	if o.w == nil {
		return nil
	}
	_, err := o.do(words...)
	return err
}

func (o *outcome) changed(key string, old, new py.Value) {
	o.changes.SetStr(key, py.DictOf("old", old, "new", new))
}

// make makes the zone and its settings.
func (o *outcome) make(a *presentArgs) error {
	all, err := o.zones()
	if err != nil {
		return err
	}
	if !all.Has(a.Name) {
		if o.w != nil {
			if _, err := o.firewall.make("new-zone", a.Name, true); err != nil {
				return err
			}
		}
		o.changed(a.Name, py.NewList(all.Keys()...), py.Str(a.Name))
	}
	icmp, err := o.knownICMP(a.BlockICMP)
	if err != nil {
		return err
	}
	if err := o.keep(o.word("icmp_types", "icmp-blocks", "icmp-block", icmp, a.PruneICMP)); err != nil {
		return err
	}
	if err := o.setDefault(a.Default); err != nil {
		return err
	}
	if err := o.masquerade(a.Masquerade); err != nil {
		return err
	}
	ports := o.word("ports", "ports", "port", a.Ports, a.PrunePorts)
	ports.have = func(z zone) []string { return sortedPorts(z.words("ports")) }
	if err := o.keep(ports); err != nil {
		return err
	}
	forwards, err := o.forwards(a.PortFwd, a.PruneFwd)
	if err != nil {
		return err
	}
	for _, s := range []setting{
		forwards,
		o.word("services", "services", "service", a.Services, a.PruneServices),
		o.word("interfaces", "interfaces", "interface", a.Interfaces, a.PruneInterfaces),
		o.word("sources", "sources", "source", a.Sources, a.PruneSources),
		o.rules(a.RichRules, a.PruneRules),
	} {
		if err := o.keep(s); err != nil {
			return err
		}
	}
	return nil
}

// word is a setting whose items are words: printed names it in what
// firewall-cmd prints, option in its options.
func (o *outcome) word(key, printed, option string, want []string, prune bool) setting {
	do := func(verb string) func(string) error {
		return func(item string) error { return o.act(in(o.name, "--"+verb+"-"+option+"="+item, true)...) }
	}
	return setting{key: key, want: want, prune: prune, have: func(z zone) []string { return z.words(printed) }, add: do("add"), remove: do("remove")}
}

func (o *outcome) rules(want []string, prune bool) setting {
	do := func(command string) func(string) error {
		return func(item string) error {
			if o.w == nil {
				return nil
			}
			_, err := o.rule(o.name, command, item, true)
			return err
		}
	}
	return setting{key: "rich_rules", want: normalized(want), prune: prune, have: func(z zone) []string { return z.lines("rich rules") },
		add: do("--add-rich-rule"), remove: do("--remove-rich-rule")}
}

// forwards are the forwarded ports, as firewall-cmd prints them.
func (o *outcome) forwards(want []string, prune bool) (setting, error) {
	s := o.word("port_fwd", "forward-ports", "forward-port", nil, prune)
	s.have = func(z zone) []string { return z.lines("forward-ports") }
	s.shown = func(item string) py.Value {
		return parseForward(item).shown("Source port", "Destination port", "Protocol", "Destination address")
	}
	for _, w := range want {
		fwd, err := forwardOf(w)
		if err != nil {
			return s, err
		}
		s.want = append(s.want, forward("", fwd.src, fwd.proto, fwd.dest, fwd.addr)[1:])
	}
	return s, nil
}

// knownICMP leaves out the types that the firewall does not know.
func (o *outcome) knownICMP(want []string) ([]string, error) {
	if len(want) == 0 {
		return nil, nil
	}
	if _, err := o.zone(o.name); err != nil { // its error is the first in Salt
		return nil, err
	}
	known, err := o.names("--get-icmptypes")
	return slices.DeleteFunc(slices.Clone(want), func(t string) bool {
		bad := !slices.Contains(known, t)
		if bad {
			o.c.Log.Error("firewalld: there is no such type of ICMP", "type", t)
		}
		return bad
	}), err
}

func (o *outcome) setDefault(wanted bool) error {
	if !wanted {
		return nil
	}
	old, err := remember(o.firewall, "default", func() (string, error) { return o.ask("--get-default-zone") })
	if err != nil || old == o.name {
		return err
	}
	if err := o.act("--set-default-zone=" + o.name); err != nil {
		return err
	}
	o.changed("default", py.Str(old), py.Str(o.name))
	return nil
}

func (o *outcome) masquerade(wanted *bool) error {
	z, err := o.zone(o.name)
	if err != nil || wanted == nil || *wanted == z.masquerade() {
		return err
	}
	command, said := "--remove-masquerade", "Masquerading successfully disabled."
	if *wanted {
		command, said = "--add-masquerade", "Masquerading successfully set."
	}
	if err := o.act(in(o.name, command, true)...); err != nil {
		return err
	}
	o.changed("masquerade", py.Bool(!*wanted), py.Str(said))
	return nil
}

// keep adds what a zone lacks of a setting and removes what it has too much.
func (o *outcome) keep(s setting) error {
	if len(s.want) == 0 && !s.prune {
		return nil
	}
	z, err := o.zone(o.name)
	if err != nil {
		return err
	}
	have := s.have(z)
	add, remove := without(s.want, have), []string(nil)
	if s.prune {
		remove = without(have, s.want)
	}
	for _, item := range add {
		if err := s.add(item); err != nil {
			return err
		}
	}
	for _, item := range remove {
		if err := s.remove(item); err != nil {
			return err
		}
	}
	if len(add)+len(remove) == 0 {
		return nil
	}
	now := s.want
	if !s.prune {
		now = slices.Concat(have, add)
	}
	o.changed(s.key, s.show(have), s.show(now))
	return nil
}

func (s setting) show(items []string) py.Value {
	if s.shown == nil {
		return py.Strings(items...)
	}
	l := py.NewList()
	for _, it := range items {
		l.Append(s.shown(it))
	}
	return l
}

// without are the items that others lack, each once.
func without(items, others []string) []string {
	var out []string
	for _, it := range items {
		if !slices.Contains(others, it) && !slices.Contains(out, it) {
			out = append(out, it)
		}
	}
	return out
}
