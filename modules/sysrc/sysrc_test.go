package sysrc

import (
	"strings"
	"testing"

	"pinch/internal/host"
	"pinch/internal/statetest"
)

func TestSysrc(t *testing.T) {
	vars := map[string]string{"sshd_enable": "NO"}
	h := statetest.New(t, Funcs(), nil, func(argv string) (host.Output, bool) {
		w := strings.Fields(argv)
		last := w[len(w)-1]
		name, value, sets := strings.Cut(last, "=")
		old, known := vars[name]
		switch {
		case sets:
			vars[name] = value
			return statetest.Out("/etc/rc.conf: " + name + ": " + old + " -> " + value + "\n")
		case last == "-a":
			return statetest.Out("/etc/rc.conf: sshd_enable: YES\n/etc/rc.conf.local: empty:\n")
		case !known:
			return statetest.Failed(1, "sysrc: unknown variable '"+name+"'")
		case strings.Contains(argv, "-x"):
			delete(vars, name)
			return statetest.Out("")
		case old == "":
			return statetest.Out("/etc/rc.conf: " + name + ":\n")
		}
		return statetest.Out("/etc/rc.conf: " + name + ": " + old + "\n")
	})
	h.Programs["sysrc"] = "/usr/sbin/sysrc"
	const on = "{name: sshd_enable, value: YES}"
	h.Is(h.State("sysrc.managed", on, true), "None | The value of \"sshd_enable\" will be changed! | {'old': {'/etc/rc.conf': {'sshd_enable': 'NO'}}, 'new': 'sshd_enable = YES will be set.'}")
	h.Is(h.State("sysrc.managed", on, false), "True | The value of \"sshd_enable\" was changed! | {'old': {'/etc/rc.conf': {'sshd_enable': 'NO'}}, 'new': {'/etc/rc.conf': {'sshd_enable': ' YES'}}}")
	h.Is(h.Ran(), "sysrc -v sshd_enable=YES")
	h.Is(h.State("sysrc.managed", on, false), "True | sshd_enable is already set to the desired value.")
	h.Is(h.State("sysrc.managed", "{name: new, value: 5, file: /etc/rc.conf.d/x, jail: j}", false), "True | The value of \"new\" was changed! | {'old': None, 'new': {'/etc/rc.conf': {'new': ' 5'}}}")
	h.Is(h.Ran(), "sysrc -v -f /etc/rc.conf.d/x -j j new=5")
	h.Is(h.State("sysrc.absent", "{name: new}", true), "None | \"new\" will be removed! | {'old': {'/etc/rc.conf': {'new': '5'}}, 'new': '\"new\" will be removed.'}")
	h.Is(h.State("sysrc.absent", "{name: new}", false), "True | \"new\" was removed! | {'old': {'/etc/rc.conf': {'new': '5'}}, 'new': 'new removed'}")
	h.Is(h.Ran(), "sysrc -v -x new")
	h.Is(h.State("sysrc.absent", "{name: new}", false), "True | \"new\" is already absent.")
	h.Is(h.Exec("sysrc.get", "{}"), "{'/etc/rc.conf': {'sshd_enable': 'YES'}, '/etc/rc.conf.local': {'empty': ''}}")
	h.Is(h.Exec("sysrc.get", "{name: nothing}"), "None")
}
