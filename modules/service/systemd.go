// Package service has Salt's service module: for systemd, and behind the
// interface initSystem for the other init systems.
package service

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// Funcs are the functions of this package.
func Funcs() []*modules.Func { return append(stateFuncs(), execFuncs()...) }

// unit is what systemd says of a unit.
type unit struct {
	name                   string // canonical, with its type
	load, active, file, id string
	needReload             bool
}

// unitTypes are the endings of unit names; another name is a service's.
var unitTypes = []string{".service", ".socket", ".device", ".mount", ".automount", ".swap", ".target", ".path", ".timer", ".slice", ".scope"}

func canonical(name string) string {
	for _, t := range unitTypes {
		if strings.HasSuffix(name, t) {
			return name
		}
	}
	return name + ".service"
}

// booted says whether systemd runs this host.
func booted(c host.Reader) bool {
	fi, err := c.Stat("/run/systemd/system")
	return err == nil && fi.IsDir()
}

// offline says that there is nobody to ask: systemd is installed but does not
// run, as in a chroot or an image that is being built.
func offline(c *modules.Call) bool {
	if otherInit(c) != nil {
		return false
	}
	switch strings.ToLower(c.Getenv("SYSTEMD_OFFLINE")) {
	case "1", "yes", "true", "y", "t", "on":
		return true
	case "":
	default:
		return false
	}
	return !booted(c)
}

// virtual is Salt's __virtual__ of the provider.
func virtual(c *modules.Call) (bool, string) {
	if otherInit(c) != nil || booted(c.Reader) || offline(c) && c.LookPath("systemctl") != "" {
		return true, ""
	}
	return false, "service: this host runs none of the init systems that are supported: systemd, OpenRC, System V's (update-rc.d or chkconfig), rc.d and launchd"
}

// systemdOnly is the __virtual__ of what other init systems do not have.
func systemdOnly(c *modules.Call) (bool, string) {
	if otherInit(c) != nil {
		return false, "this function is there for systemd only"
	}
	return virtual(c)
}

const memoKey = "service/"

// show asks systemd for units. All services that the run names are asked for
// at once and remembered until something changes them.
func show(ctx context.Context, c *modules.Call, name string) (unit, error) {
	return showSig(ctx, c, name, "")
}

// showSig is show with a text to look for in the process list, which systemd
// does not need.
func showSig(ctx context.Context, c *modules.Call, name, sig string) (unit, error) {
	if i := otherInit(c); i != nil {
		return lookup(ctx, c, i, name, sig)
	}
	want := canonical(name)
	if v, ok := c.Memo.Get(memoKey + want); ok {
		return v.(unit), nil
	}
	names := []string{want}
	seen := map[string]bool{want: true}
	for i := range c.Lowstate {
		if l := &c.Lowstate[i]; l.State() == "service" {
			if n := canonical(l.Name()); !seen[n] && !strings.ContainsAny(n, "*?[ ") && !strings.HasPrefix(n, "-") {
				if _, known := c.Memo.Get(memoKey + n); !known {
					seen[n] = true
					names = append(names, n)
				}
			}
		}
	}
	units, err := query(ctx, c, names)
	if err != nil && len(names) > 1 { // one bad name spoils the others
		units, err = query(ctx, c, names[:1])
	}
	if err != nil {
		return unit{}, err
	}
	for _, u := range units {
		c.Memo.Put(memoKey+u.name, u)
	}
	return units[0], nil
}

func query(ctx context.Context, c host.Reader, names []string) ([]unit, error) {
	argv := append([]string{"systemctl", "show", "-p", "Id,LoadState,ActiveState,UnitFileState,NeedDaemonReload", "--"}, names...)
	out, err := c.Query(ctx, host.Cmd{Argv: argv})
	if err != nil {
		return nil, err
	}
	if out.Code != 0 {
		return nil, modules.CommandExecutionError(fmt.Sprintf("Failed to get information on unit '%s': %s", names[0], strings.TrimSpace(string(out.Stderr))))
	}
	blocks := strings.Split(strings.TrimSpace(string(out.Stdout)), "\n\n")
	if len(blocks) != len(names) {
		return nil, modules.CommandExecutionError(fmt.Sprintf("Failed to get information on unit '%s'", names[0]))
	}
	units := make([]unit, len(names))
	for i, b := range blocks {
		u := unit{name: names[i]}
		for _, line := range strings.Split(b, "\n") {
			k, v, _ := strings.Cut(line, "=")
			switch k {
			case "Id":
				u.id = v
			case "LoadState":
				u.load = v
			case "ActiveState":
				u.active = v
			case "UnitFileState":
				u.file = v
			case "NeedDaemonReload":
				u.needReload = v == "yes"
			}
		}
		units[i] = u
	}
	return units, nil
}

func (u unit) available() bool { return u.load != "not-found" && u.load != "" }
func (u unit) running() bool {
	return u.active == "active" || u.active == "reloading" || u.active == "refreshing"
}

// enabled is `systemctl is-enabled` by the state of the unit's file. A
// generated unit may be of a System V script, which systemctl has to ask.
func (u unit) enabled(ctx context.Context, c host.Reader) (bool, error) {
	switch u.file {
	case "enabled", "enabled-runtime", "static", "indirect":
		return true, nil
	case "alias", "generated":
		out, err := c.Query(ctx, host.Cmd{Argv: []string{"systemctl", "is-enabled", u.id}})
		return out.Code == 0, err
	}
	return false, nil
}

// maskFile is the link that masks a unit.
func maskFile(name string, runtime bool) string {
	if runtime {
		return "/run/systemd/system/" + canonical(name)
	}
	return "/etc/systemd/system/" + canonical(name)
}

func isMasked(c host.Reader, name string, runtime bool) bool {
	target, err := c.Readlink(maskFile(name, runtime))
	return err == nil && target == "/dev/null"
}

// systemctl changes something. said is what it printed to standard error.
func systemctl(ctx context.Context, c *modules.Call, w host.Writer, args ...string) (ok bool, said string, err error) {
	defer c.Memo.Drop(memoKey)
	out, err := w.Run(ctx, host.Cmd{Argv: append([]string{"systemctl"}, args...), Tee: c.Output})
	return out.Code == 0, strings.TrimSpace(string(out.Stderr)), err
}

// act runs a verb on a unit, reloading systemd first when its unit file has
// changed. A failure is an exception with systemctl's words, as in Salt.
// Other init systems just fail.
func act(ctx context.Context, c *modules.Call, w host.Writer, verb, name string, kw *py.Dict) error {
	if i := otherInit(c); i != nil {
		ok, err := i.do(ctx, c, w, verb, name, kw)
		if err == nil && !ok {
			err = errFailed
		}
		return err
	}
	if err := reloadIfNeeded(ctx, c, w, name); err != nil {
		return err
	}
	ok, said, err := systemctl(ctx, c, w, append(flags(kw), verb, canonical(name))...)
	if err != nil {
		return err
	}
	if !ok {
		return modules.CommandExecutionError(said)
	}
	return nil
}

func reloadIfNeeded(ctx context.Context, c *modules.Call, w host.Writer, name string) error {
	c.Memo.Drop(memoKey + canonical(name)) // unit files change behind our back
	u, err := show(ctx, c, name)
	if err != nil || !u.needReload {
		return err
	}
	return daemonReload(ctx, c, w)
}

func daemonReload(ctx context.Context, c *modules.Call, w host.Writer) error {
	ok, said, err := systemctl(ctx, c, w, "--system", "daemon-reload")
	if err == nil && !ok {
		return modules.CommandExecutionError("Problem performing systemctl daemon-reload: " + said)
	}
	return err
}

// flags are systemctl's options among a state's arguments.
func flags(kw *py.Dict) []string {
	if v, ok := kw.GetStr("no_block"); ok && py.IsTrue(v) {
		return []string{"--no-block"}
	}
	return nil
}
