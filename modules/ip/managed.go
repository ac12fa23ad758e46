package ip

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/netif"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

func managed(o *outcome, a *managedArgs) error {
	o.Comment = fmt.Sprintf("Interface %s is up to date.", a.Name)
	opts := o.withTest(a.Settings)
	kind := "eth"
	if v, ok := opts.DeleteStr("type"); ok {
		kind = py.ToStr(v)
	}
	o.warnOfAddr(opts)
	for _, k := range []string{"iface", "iface_type"} {
		if opts.Has(k) {
			return py.TypeErrorf("build_interface() got multiple values for argument '%s'", k)
		}
	}
	old, err := o.interfaceLines(a.Name)
	if err != nil {
		return err
	}
	new, err := o.buildInterface(a.Name, kind, a.Enabled, opts, o.test)
	if err != nil {
		return err
	}
	ranged := o.file(old, new, "Interface "+a.Name, " is", "interface", "Added network interface.")
	if kind == "source" {
		return nil
	}
	if _, isDebian := o.backend.(debian); isDebian && kind == "bond" {
		changed, err := o.bondFile(a.Name, opts)
		if err != nil {
			return err
		}
		ranged = ranged || changed
	}
	switch {
	case o.test:
		return nil
	case strings.Contains(a.Name, "range"):
		return o.restartRanged(ranged)
	}
	err = o.bringUp(a.Name, kind, a.Enabled, opts.Has("noifupdown"))
	if err != nil || o.Result != low.True || kind != "bond" || opts.Has("noifupdown") {
		return err
	}
	return o.enslave(a.Name, lookup(opts, "slaves"))
}

// warnOfAddr takes a setting addr for hwaddr.
func (o *outcome) warnOfAddr(opts *py.Dict) {
	v, ok := opts.DeleteStr("addr")
	if !ok {
		return
	}
	msg := "'addr' is not a valid argument name, "
	if opts.Has("hwaddr") {
		msg += "it has been ignored in favor of 'hwaddr'."
	} else {
		msg += "its value has been assigned to 'hwaddr' instead."
		opts.SetStr("hwaddr", v)
	}
	o.Warnings = append(o.Warnings, msg+" Update your SLS file to get rid of this warning.")
}

// bondFile keeps the file of a bond in /etc/modprobe.d.
func (o *outcome) bondFile(name string, opts *py.Dict) (changed bool, err error) {
	old, _ := readLines(o.r, bondFile(name))
	new, _, err := debian{o.machine}.buildBond(name, opts, o.test)
	if err != nil {
		return false, err
	}
	return o.file(old, new, "Bond interface "+name, " is", "bond", "Added bond "+name+"."), nil
}

// restartRanged restarts the network for ranges of interfaces, which Red Hat
// has; Salt goes by the name everywhere.
func (o *outcome) restartRanged(changed bool) error {
	if !changed {
		o.Comment = "no change, passing it"
		return nil
	}
	v, err := o.call("service.restart", py.Str("network"))
	if err != nil {
		return o.caught(err)
	}
	o.Comment = "network restarted for change of ranged interfaces"
	if !py.IsTrue(v) {
		o.Result = low.False
	}
	return nil
}

// caught makes an exception the comment of a failed state.
func (o *outcome) caught(err error) error {
	var pe *py.Error
	var me *modules.Error
	switch {
	case errors.As(err, &pe):
		o.Comment = pe.Msg
	case errors.As(err, &me):
		o.Comment = me.Msg
	default:
		return err
	}
	o.Result = low.False
	return nil
}

// bringUp brings the interface up, down, or once down and up when it changed.
func (o *outcome) bringUp(name, kind string, enabled, leave bool) error {
	up, err := o.isUp(name)
	if err != nil || leave {
		return err
	}
	var steps []func(name, kind string) (py.Value, error)
	said := ""
	switch {
	case enabled && up && o.changes.Len() > 0:
		steps, said = []func(string, string) (py.Value, error){o.down, o.up}, "Interface "+name+" restart to validate"
	case enabled && !up:
		steps, said = []func(string, string) (py.Value, error){o.up}, "Interface "+name+" is up"
	case !enabled && up:
		steps, said = []func(string, string) (py.Value, error){o.down}, "Interface "+name+" down"
	default:
		return nil
	}
	for _, step := range steps {
		if _, err := step(name, kind); err != nil {
			return o.caught(err)
		}
	}
	o.changes.SetStr("status", py.Str(said))
	return nil
}

// isUp says whether an interface, or an address with its label, is up.
func (o *outcome) isUp(name string) (bool, error) {
	list, err := netif.List(o.ctx, o.r)
	if err != nil {
		return false, fmt.Errorf("%s: list the interfaces: %w", name, err)
	}
	for i := range list {
		if list[i].Name == name {
			return list[i].Up, nil
		}
	}
	for i := range list {
		for _, ad := range list[i].Addrs {
			if ad.Label == name && (ad.Secondary || list[i].Name == "lo") {
				return true, nil
			}
		}
	}
	return false, nil
}

// enslave adds the interfaces that a bond lacks.
func (o *outcome) enslave(name string, slaves py.Value) error {
	if !py.IsTrue(slaves) {
		return nil
	}
	wanted, err := slaveNames(slaves)
	if err != nil {
		return err
	}
	present, _ := readLines(o.r, "/sys/class/net/"+name+"/bonding/slaves")
	has := strings.Fields(strings.Join(present, ""))
	wanted = slices.DeleteFunc(wanted, func(s string) bool { return slices.Contains(has, s) })
	if len(wanted) == 0 {
		return nil
	}
	if program := o.r.LookPath("ifenslave"); program != "" {
		cmd := modules.Command{Argv: append([]string{program, name}, wanted...), MergeStderr: true}
		if _, err := o.c.DoCommand(o.ctx, o.w, cmd); err != nil {
			return err
		}
	} else {
		o.c.Log.Error("network.managed: there is no ifenslave to add the interfaces to the bond", "bond", name)
	}
	o.changes.SetStr("enslave", py.Str(fmt.Sprintf("Added slaves '%s' to master '%s'", strings.Join(wanted, " "), name)))
	return nil
}

// slaveNames are the interfaces of a bond, each once.
func slaveNames(v py.Value) ([]string, error) {
	names, err := fieldsOf(v)
	if l, ok := v.(*py.List); ok {
		names, err = nil, nil
		for _, it := range l.Items {
			names = append(names, py.ToStr(it))
		}
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for _, n := range names {
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out, nil
}
