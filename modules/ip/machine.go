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
	// restart restarts the network.
	restart() (bool, error)
	// left says whether interfaces of that kind are not brought up or down.
	left(kind string) bool
}

func open(ctx context.Context, c *modules.Call, w host.Writer) (*machine, backend) {
	m := &machine{ctx: ctx, c: c, r: c, w: w}
	if w != nil {
		m.r = w
	}
	if isRedHat(c) {
		return m, redhat{m}
	}
	return m, debian{m}
}

func isRedHat(c *modules.Call) bool { return c.Grains.String("os_family") == "RedHat" }

// debian is a host with /etc/network/interfaces.
type debian struct{ *machine }

func (d debian) left(kind string) bool { return kind == "slave" || kind == "source" }

// redhat is a host with /etc/sysconfig/network-scripts.
type redhat struct{ *machine }

func (h redhat) left(kind string) bool {
	kind = py.Lower(kind)
	return kind == "slave" || kind == "teamport"
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

// ifup runs ifup or ifdown.
func (m *machine) ifup(b backend, program, name, kind string) (py.Value, error) {
	if b.left(kind) {
		return py.None, nil
	}
	s, err := m.c.DoCommand(m.ctx, m.w, modules.Command{Argv: []string{program, name}, MergeStderr: true})
	if err != nil {
		return nil, err
	}
	return py.Str(strings.TrimRight(s.All(), "\r\n")), nil
}

// apply is Salt's ip.apply_network_settings.
func (m *machine) apply(b backend, opts *py.Dict) (bool, error) {
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
	done, err := b.restart()
	return named && done, err
}
