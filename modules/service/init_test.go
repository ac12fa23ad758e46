package service

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// machine is a host with another init system: services that run and that start
// at boot, behind its commands.
type machine struct {
	*host.Fake
	t           *testing.T
	kernel      string
	runs, boots map[string]bool
	memo        *modules.Memo
	reg         *modules.Registry
	ran         []string
	fail        string // a command that fails
}

type commands func(m *machine, argv []string) (out string, code int, change, ok bool)

func newMachine(t *testing.T, kernel string, files map[string]string, programs string, run commands) *machine {
	m := &machine{Fake: host.NewFake(files), t: t, kernel: kernel, runs: map[string]bool{}, boots: map[string]bool{}, memo: modules.NewMemo(), reg: modules.New(Funcs())}
	for _, p := range strings.Fields(programs) {
		m.Programs[p] = "/sbin/" + p
	}
	m.OnRun = func(cmd host.Cmd) (host.Output, bool, error) {
		out, code, change, ok := run(m, cmd.Argv)
		if !ok {
			t.Errorf("unknown command %q", cmd.Argv)
		}
		line := strings.Join(cmd.Argv, " ")
		if change {
			m.ran = append(m.ran, line)
			if line == m.fail {
				return host.Output{Code: 1}, true, nil
			}
		}
		return host.Output{Stdout: []byte(out), Code: code}, true, nil
	}
	return m
}

func (m *machine) call(test bool, data *py.Dict) *modules.Call {
	return &modules.Call{Reader: m.Fake, Test: test, Chunk: &low.Chunk{Data: data}, Memo: m.memo, Opts: py.NewDict(), Output: io.Discard,
		Grains: py.DictOf("kernel", py.Str(m.kernel))}
}

// state runs a state as "result: comment changes".
func (m *machine) state(fun string, test bool, kv ...any) string {
	m.t.Helper()
	data := py.DictOf(append([]any{"state", py.Str("service"), "fun", py.Str(fun), "name", py.Str("web")}, kv...)...)
	c := m.call(test, data)
	f := m.reg.State("service." + fun)
	if ok, reason := f.Virtual(c); !ok {
		m.t.Fatal(reason)
	}
	check := f.Check
	if strings.HasPrefix(fun, "watch ") {
		check = f.Watch
	}
	p, err := check(context.Background(), c, data)
	if err != nil {
		m.t.Fatal(err)
	}
	d := p.Would
	if p.Apply != nil && !test {
		if d, err = p.Apply(context.Background(), m.Fake); err != nil {
			m.t.Fatal(err)
		}
	}
	changes := ""
	if c, ok := d.Changes.(*py.Dict); ok && c.Len() > 0 {
		changes = " " + py.Repr(c)
	}
	return py.Repr(d.Result.Value()) + ": " + d.Comment + changes
}

func (m *machine) set(verb, name string) {
	switch verb {
	case "start", "restart", "onestart", "onerestart":
		m.runs[name] = true
	case "stop", "onestop":
		delete(m.runs, name)
	}
}

func status(on bool) int {
	if on {
		return 0
	}
	return 3
}

func openrcCommands(m *machine, argv []string) (string, int, bool, bool) {
	switch {
	case argv[0] == "rc-service" && argv[2] == "status":
		return "", status(m.runs[argv[1]]), false, true
	case argv[0] == "rc-service":
		m.set(argv[2], argv[1])
		return "", 0, true, true
	case argv[1] == "-v":
		level := ""
		if m.boots["web"] {
			level = "default"
		}
		return "                  web | " + level + "\n                sysfs | sysinit\n", 0, false, true
	case argv[2] == "add", argv[2] == "delete":
		m.boots[argv[3]] = argv[2] == "add"
		return "", 0, true, true
	}
	return "", 0, false, false
}

func sysvCommands(m *machine, argv []string) (string, int, bool, bool) {
	switch {
	case argv[0] == "service" && argv[2] == "status":
		return "", status(m.runs[argv[1]]), false, true
	case argv[0] == "service":
		m.set(argv[2], argv[1])
		return "", 0, true, true
	case argv[0] == "runlevel":
		return "N 2\n", 0, false, true
	case argv[0] == "update-rc.d":
		var err error
		if argv[2] == "enable" {
			if err = m.MkdirAll("/etc/rc2.d", 0o755); err == nil {
				err = m.Symlink("../init.d/web", "/etc/rc2.d/S01web")
			}
		} else {
			err = m.Remove("/etc/rc2.d/S01web")
		}
		if err != nil {
			m.t.Error(err)
		}
		return "", 0, true, true
	}
	return "", 0, false, false
}

func chkconfigCommands(m *machine, argv []string) (string, int, bool, bool) {
	if argv[0] != "chkconfig" {
		return sysvCommands(m, argv)
	}
	state := ":off"
	if m.boots["web"] {
		state = ":on"
	}
	switch {
	case argv[1] == "--list" && len(argv) > 2 && argv[2] != "web":
		return "", 1, false, true
	case argv[1] == "--list":
		return "web            \t0:off\t1:off\t2" + state + "\t3" + state + "\t6:off\n", 0, false, true
	case argv[2] == "on", argv[2] == "off":
		m.boots[argv[1]] = argv[2] == "on"
		return "", 0, true, true
	}
	return "", 0, false, false
}

func rcdCommands(m *machine, argv []string) (string, int, bool, bool) {
	switch {
	case argv[1] == "-l":
		return "cron\nweb\n", 0, false, true
	case argv[2] == "rcvar":
		conf, err := m.ReadFile("/etc/rc.conf")
		if err != nil {
			m.t.Error(err)
		}
		word := "NO"
		if strings.Contains(string(conf), `web_enable="YES"`) {
			word = "YES"
		}
		return "# web\n#\nweb_enable=\"" + word + "\"\n#   (default: \"\")\n", 0, false, true
	case argv[2] == "onestatus":
		return "", status(m.runs[argv[1]]), false, true
	}
	m.set(argv[2], argv[1])
	return "", 0, true, true
}

const webPlist = `<?xml version="1.0"?><plist version="1.0"><dict><key>Label</key><string>org.example.web</string><key>KeepAlive</key><true/></dict></plist>`

func launchdCommands(m *machine, argv []string) (string, int, bool, bool) {
	switch argv[1] {
	case "list":
		if !m.runs["web"] {
			return "", 113, false, true
		}
		return "{\n\t\"PID\" = 77;\n};\n", 0, false, true
	case "print-disabled":
		state := "enabled"
		if !m.boots["web"] {
			state = "disabled"
		}
		return "disabled services = {\n\t\"org.example.web\" => " + state + "\n}\n", 0, false, true
	case "bootstrap", "bootout":
		m.runs["web"] = argv[1] == "bootstrap"
		return "", 0, true, true
	case "enable", "disable":
		m.boots["web"] = argv[1] == "enable"
		return "", 0, true, true
	}
	return "", 0, false, false
}

var machines = []struct {
	name, kernel, programs       string
	files                        map[string]string
	run                          commands
	start, stop, enable, disable string
}{
	{"openrc", "Linux", "rc-service rc-update", nil, openrcCommands,
		"rc-service web start", "rc-service web stop", "rc-update -q add web", "rc-update -q delete web"},
	{"sysv", "Linux", "update-rc.d service runlevel", map[string]string{"/etc/init.d/web": "#!/bin/sh\n"}, sysvCommands,
		"service web start", "service web stop", "update-rc.d web enable", "update-rc.d web disable"},
	{"chkconfig", "Linux", "chkconfig service runlevel", map[string]string{"/etc/init.d/web": "#!/bin/sh\n"}, chkconfigCommands,
		"service web start", "service web stop", "chkconfig web on", "chkconfig web off"},
	{"rc.d", "FreeBSD", "service", map[string]string{"/etc/rc.conf": "hostname=\"h\"\nweb_enable=\"NO\" # why\n"}, rcdCommands,
		"service web onestart", "service web onestop", "", ""},
	{"launchd", "Darwin", "launchctl plutil", map[string]string{"/Library/LaunchDaemons/web.plist": webPlist}, launchdCommands,
		"launchctl bootstrap system /Library/LaunchDaemons/web.plist", "launchctl bootout system /Library/LaunchDaemons/web.plist",
		"launchctl enable system/org.example.web", "launchctl disable system/org.example.web"},
}

// TestInitSystems starts, enables, watches, disables and stops a service with
// each.
func TestInitSystems(t *testing.T) {
	for _, c := range machines {
		t.Run(c.name, func(t *testing.T) {
			m := newMachine(t, c.kernel, c.files, c.programs, c.run)
			is := func(got, want string) {
				t.Helper()
				if got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			}
			ran := func(want ...string) {
				t.Helper()
				want = slices.DeleteFunc(want, func(s string) bool { return s == "" })
				if !slices.Equal(want, m.ran) {
					t.Errorf("ran %q, not %q", m.ran, want)
				}
				m.ran = nil
			}
			is(m.state("running", true, "enable", py.True), "None: Service web is set to start")
			ran()
			if c.name == "launchd" {
				is(m.state("running", false), "False: The service web is disabled but enable is not True. Set enable to True to successfully start the service.")
				is(m.state("running", false, "enable", py.True), "True: Started service web {'web': True}")
				ran(c.enable, c.start)
			} else {
				is(m.state("running", false, "enable", py.True), "True: Service web has been enabled, and is running {'web': True}")
				ran(c.start, c.enable)
			}
			is(m.state("running", false, "enable", py.True), "True: The service web is already running")
			is(m.state("enabled", false), "True: Service web is already enabled, and is in the desired state")
			ran()
			if c.name == "rc.d" {
				conf, err := m.ReadFile("/etc/rc.conf")
				if err != nil || string(conf) != "hostname=\"h\"\nweb_enable=\"YES\" # why\n" {
					t.Errorf("rc.conf: %q, %v", conf, err)
				}
			}
			is(m.state("disabled", true), "None: Service web set to be disabled")
			is(m.state("disabled", false), "True: Service web has been disabled, and is in the desired state {'web': True}")
			ran(c.disable)
			is(m.state("dead", true), "None: Service web is set to be killed")
			is(m.state("dead", false), "True: Service web was killed {'web': False}")
			ran(c.stop)
			is(m.state("dead", false), "True: The service web is already dead")
			is(m.state("masked", false), "False: Service masking not available on this minion")
			is(m.state("running", false, "name", py.Str("nosuch")), "False: The named service nosuch is not available")
			is(m.state("running", true, "name", py.Str("nosuch")), "None: Service nosuch not present; if created in this state run, it would have been started")
			if c.name != "launchd" {
				m.fail = c.start
				is(m.state("running", false), "False: Service web failed to start")
			}
		})
	}
}

// TestWatchOpenRC: a running service is restarted, one that does not run is stopped
// and started.
func TestWatchOpenRC(t *testing.T) {
	m := newMachine(t, "Linux", nil, "rc-service rc-update", openrcCommands)
	data := py.DictOf("state", py.Str("service"), "fun", py.Str("running"), "name", py.Str("web"))
	watch := func() modules.Done {
		c := m.call(false, data)
		p, err := m.reg.State("service.running").Watch(context.Background(), c, data)
		if err != nil {
			t.Fatal(err)
		}
		d, err := p.Apply(context.Background(), m.Fake)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if d := watch(); d.Comment != "Service started" || d.Result != low.True {
		t.Errorf("%+v", d)
	}
	if d := watch(); d.Comment != "Service restarted" || d.Result != low.True {
		t.Errorf("%+v", d)
	}
	m.fail = "rc-service web restart"
	if d := watch(); d.Comment != "Failed to restart the service" || d.Result != low.False {
		t.Errorf("%+v", d)
	}
	if want := []string{"rc-service web stop", "rc-service web start", "rc-service web restart", "rc-service web restart"}; !slices.Equal(m.ran, want) {
		t.Errorf("ran %q", m.ran)
	}
	// in given runlevels, and in no other
	m.boots["web"] = true
	m.ran = nil
	if _, err := (openrc{}).do(context.Background(), m.call(false, data), m.Fake, "enable", "web", py.DictOf("runlevels", py.Strings("boot"))); err != nil {
		t.Fatal(err)
	}
	if want := []string{"rc-update -q delete web default", "rc-update -q add web boot"}; !slices.Equal(m.ran, want) {
		t.Errorf("ran %q", m.ran)
	}
}
