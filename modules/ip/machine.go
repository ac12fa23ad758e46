package ip

import (
	"context"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// machine is the host that a function works on. w is nil where nothing may change.
type machine struct {
	ctx context.Context
	c   *modules.Call
	r   host.Reader
	w   host.Writer
}

// backend is what differs between families of systems. In test mode nothing is
// written, and what would be is returned.
type backend interface {
	// interfaceLines are the lines that describe an interface now; empty when nothing does.
	interfaceLines(name string) ([]string, error)
	buildInterface(name, kind string, enabled bool, opts *py.Dict, test bool) ([]string, error)
	// routeLines are the lines that set the routes of an interface; ok is false
	// where Salt has an empty text for them.
	routeLines(name string) (lines []string, ok bool, err error)
	buildRoutes(name string, opts *py.Dict, test bool) (lines []string, ok bool, err error)
	settingsLines() ([]string, error)
	buildSettings(opts *py.Dict, test bool) ([]string, error)
	// apply makes the settings of the whole host work.
	apply(opts *py.Dict) (bool, error)
	up(name, kind string) (py.Value, error)
	down(name, kind string) (py.Value, error)
}

func open(ctx context.Context, c *modules.Call, w host.Writer) (*machine, backend) {
	m := &machine{ctx: ctx, c: c, r: c, w: w}
	if w != nil {
		m.r = w
	}
	switch {
	case isRedHat(c):
		return m, redhat{m}
	case netplanActive(m.r):
		return m, netplan{m}
	}
	return m, debian{m}
}

func isRedHat(c *modules.Call) bool { return c.Grains.String("os_family") == "RedHat" }

// debian is a host with /etc/network/interfaces.
type debian struct{ *machine }

func (d debian) apply(opts *py.Dict) (bool, error) { return d.applyBy(d.restart, opts) }

func (d debian) up(name, kind string) (py.Value, error)   { return d.ifup("ifup", name, kind) }
func (d debian) down(name, kind string) (py.Value, error) { return d.ifup("ifdown", name, kind) }

// ifup runs ifup or ifdown. Slaves follow their master, and a source is no
// interface.
func (d debian) ifup(program, name, kind string) (py.Value, error) {
	if kind == "slave" || kind == "source" {
		return py.None, nil
	}
	return d.command(program, name)
}

// redhat is a host with /etc/sysconfig/network-scripts.
type redhat struct{ *machine }

func (h redhat) apply(opts *py.Dict) (bool, error) { return h.applyBy(h.restart, opts) }

func (h redhat) up(name, kind string) (py.Value, error)   { return h.ifup("ifup", name, kind) }
func (h redhat) down(name, kind string) (py.Value, error) { return h.ifup("ifdown", name, kind) }

// ifup runs ifup or ifdown. Slaves and ports of teams follow their masters.
func (h redhat) ifup(program, name, kind string) (py.Value, error) {
	if kind = py.Lower(kind); kind == "slave" || kind == "teamport" {
		return py.None, nil
	}
	return h.command(program, name)
}

// call calls a function of another module.
func (m *machine) call(fun string, args ...py.Value) (py.Value, error) {
	return m.c.Funcs.Call(m.ctx, fun, py.NewArgs(args...))
}

// major is the first number of the release.
func major(c *modules.Call) int64 {
	text, _, _ := strings.Cut(c.Grains.String("osrelease"), ".")
	v, err := py.ToInt(py.Str(text))
	if err != nil {
		return 0
	}
	n, _ := py.AsInt(v)
	return n
}

// command runs a command and gives what it says.
func (m *machine) command(argv ...string) (py.Value, error) {
	s, err := m.c.DoCommand(m.ctx, m.w, modules.Command{Argv: argv, MergeStderr: true})
	if err != nil {
		return nil, err
	}
	return py.Str(strings.TrimRight(s.All(), "\r\n")), nil
}

// applyBy is Salt's ip.apply_network_settings, which restarts the network.
func (m *machine) applyBy(restart func() (bool, error), opts *py.Dict) (bool, error) {
	named := true
	if in(lookup(opts, "apply_hostname"), yes) {
		named = false
		if name, ok := opts.GetStr("hostname"); ok {
			v, err := m.call("network.mod_hostname", name)
			if err != nil {
				return false, err
			}
			named = py.IsTrue(v)
		} else {
			m.c.Log.Warn("network settings: the name of the host is to be applied, but none is given")
		}
	}
	if in(lookup(opts, "require_reboot"), yes) {
		m.c.Log.Warn("network settings: they need a reboot to be applied")
		return named, nil
	}
	done, err := restart()
	return named && done, err
}
