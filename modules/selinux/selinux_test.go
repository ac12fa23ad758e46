package selinux

import (
	"strings"
	"testing"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/statetest"
)

const booleanList = `SELinux boolean                State  Default Description

httpd_enable_cgi               (on   ,   on)  Allow httpd cgi support
ftpd_full_access               (off  ,  off)  Allow ftpd to full access
`

const restored = "Would relabel /srv/web from unconfined_u:object_r:var_t:s0 to system_u:object_r:httpd_sys_content_t:s0\n" +
	"Would relabel /srv/web/a from unconfined_u:object_r:var_t:s0 to unconfined_u:object_r:httpd_sys_content_t:s0"

// An enabled SELinux with the outputs of its programs.
func enabled(t *testing.T) (h *statetest.Host, list *string, relabels *string) {
	list, relabels = new(string), new(string)
	*list = "http_port_t                    tcp      80, 81, 443, 8008\nssh_port_t                     tcp      22"
	*relabels = restored
	h = statetest.New(t, Funcs(), map[string]string{
		"/sys/fs/selinux/enforce": "1", "/etc/selinux/config": "# mode\nSELINUX=enforcing\nSELINUXTYPE=targeted\n",
	}, func(argv string) (host.Output, bool) {
		switch argv {
		case "semanage boolean --list":
			return statetest.Out(booleanList)
		case "semodule --list-modules=full":
			return statetest.Out("100 apache            pp\n100 zabbix            pp disabled\n")
		case "semanage port --list":
			return statetest.Out("SELinux Port Type              Proto    Port Number\n\n" + *list + "\n")
		case "semanage fcontext --list":
			return statetest.Out("SELinux fcontext     type               Context\n\n/srv/web(/.*)?      all files          system_u:object_r:var_t:s0 \n")
		case "restorecon -n -v -R /srv/web":
			return statetest.Out(*relabels)
		case "restorecon -v -F -R /srv/web":
			*relabels = ""
		case "setsebool broken=on":
			return statetest.Failed(1, "no")
		case "semanage port --modify --proto tcp --type http_port_t 22":
			*list = "http_port_t                    tcp      22, 80"
		case "semanage port --delete --proto tcp 443":
			*list = "http_port_t                    tcp      80"
		}
		return statetest.Out("")
	})
	for _, p := range []string{"semanage", "setsebool", "semodule"} {
		h.Programs[p] = "/usr/sbin/" + p
	}
	return h, list, relabels
}

func TestStates(t *testing.T) {
	h, _, _ := enabled(t)
	h.Call = func(fun string, args *py.Args) (py.Value, error) { return py.Str("/cache/own.pp"), nil }
	for _, c := range []struct{ fun, data, test, apply, ran string }{
		{"selinux.mode", "{name: enforcing}", "True | SELinux is already in Enforcing mode", "True | SELinux is already in Enforcing mode", ""},
		{"selinux.boolean", "{name: x, value: on, booleans: [ftpd_full_access, httpd_enable_cgi]}",
			"None | The following booleans were in the correct state: httpd_enable_cgi\nThe following booleans would be changed: ftpd_full_access | {'ftpd_full_access': {'new': 'on', 'old': 'off'}}",
			"True | The following booleans were in the correct state: httpd_enable_cgi\nThe following booleans have been changed: ftpd_full_access | {'ftpd_full_access': {'new': 'on', 'old': 'off'}}",
			"setsebool ftpd_full_access=on"},
		{"selinux.boolean", "{name: ftpd_full_access, value: True, persist: True}",
			"None | The following booleans would be changed: ftpd_full_access | {'ftpd_full_access': {'new': ('on', 'on'), 'old': ('off', 'off')}}",
			"True | The following booleans have been changed: ftpd_full_access | {'ftpd_full_access': {'new': ('on', 'on'), 'old': ('off', 'off')}}",
			"setsebool -P ftpd_full_access=on"},
		{"selinux.module", "{name: zabbix}", "None | Module zabbix is set to be toggled to Enabled", "True | Module zabbix has been set to Enabled", "semodule --enable zabbix"},
		{"selinux.module", "{name: apache, module_state: maybe}", "False | maybe is not a valid state for the apache module.", "False | maybe is not a valid state for the apache module.", ""},
		{"selinux.module_remove", "{name: apache}", "None | Module apache is set to be removed", "True | Module apache has been removed", "semodule --remove apache"},
		{"selinux.module_install", "{name: 'salt://own.pp'}", "None | Module salt://own.pp is set to be installed", "True | Module salt://own.pp has been installed", "semodule --install /cache/own.pp"},
		{"selinux.module", "{name: apache, install: True, source: /root/apache.pp}", "None | Module /root/apache.pp is set to be installed",
			"True | Module apache is in the desired state", "semodule --install /root/apache.pp"},
		{"selinux.fcontext_policy_present", "{name: '/srv/web(/.*)?', sel_type: httpd_sys_content_t}", "None | ",
			"True |  | {'old': {}, 'new': {'/srv/web(/.*)?': {'filetype': 'all files', 'sel_type': 'httpd_sys_content_t'}}}",
			"semanage fcontext --modify --type httpd_sys_content_t /srv/web(/.*)?"},
		{"selinux.fcontext_policy_absent", "{name: '/srv/web(/.*)?'}",
			"None |  | {'old': {'/srv/web(/.*)?': {'filespec': '/srv/web(/.*)?', 'filetype': 'all files', 'sel_user': 'system_u', 'sel_role': 'object_r', 'sel_type': 'var_t', 'sel_level': 's0'}}, 'new': {}}",
			"True |  | {'old': {'/srv/web(/.*)?': {'filespec': '/srv/web(/.*)?', 'filetype': 'all files', 'sel_user': 'system_u', 'sel_role': 'object_r', 'sel_type': 'var_t', 'sel_level': 's0'}}, 'new': {}}",
			"semanage fcontext --delete --type var_t /srv/web(/.*)?"},
		{"selinux.fcontext_policy_applied", "{name: /srv/web, recursive: True}", "None | ",
			"True |  | {'/srv/web': {'old': {'sel_user': 'unconfined_u', 'sel_type': 'var_t'}, 'new': {'sel_user': 'system_u', 'sel_type': 'httpd_sys_content_t'}}, " +
				"'/srv/web/a': {'old': {'sel_type': 'var_t'}, 'new': {'sel_type': 'httpd_sys_content_t'}}}", "restorecon -v -F -R /srv/web"},
		{"selinux.fcontext_policy_applied", "{name: /srv/web, recursive: True}", "True | SElinux policies are already applied for filespec \"/srv/web\"",
			"True | SElinux policies are already applied for filespec \"/srv/web\"", ""},
		{"selinux.port_policy_present", "{name: tcp/22, sel_type: http_port_t}", "None | ",
			"True |  | {'old': {'sel_type': 'ssh_port_t', 'protocol': 'tcp', 'port': '22'}, 'new': {'sel_type': 'http_port_t', 'protocol': 'tcp', 'port': '22, 80'}}",
			"semanage port --modify --proto tcp --type http_port_t 22"},
		{"selinux.port_policy_present", "{name: tcp/8, sel_type: http_port_t}",
			"error: Invalid name \"tcp/8\" format and protocol and port not provided or invalid: \"None\" \"None\".", "error: Invalid name \"tcp/8\" format and protocol and port not provided or invalid: \"None\" \"None\".", ""},
	} {
		h.Is(h.State(c.fun, c.data, true), c.test)
		h.Is(h.State(c.fun, c.data, false), c.apply)
		h.Is(h.Ran(), c.ran)
	}
}

func TestPortAbsent(t *testing.T) {
	h, _, _ := enabled(t)
	h.Is(h.State("selinux.port_policy_absent", "{name: tcp/443}", false), "True |  | {'old': {'sel_type': 'http_port_t', 'protocol': 'tcp', 'port': '80, 81, 443, 8008'}, 'new': None}")
	h.Is(h.Ran(), "semanage port --delete --proto tcp 443")
	h.Is(h.State("selinux.port_policy_absent", "{name: https, protocol: tcp, port: 443}", false),
		"True | SELinux policy for \"https\" already absent with specified sel_type \"None\", protocol \"tcp\" and port \"443\".")
}

func TestMode(t *testing.T) {
	h, _, _ := enabled(t)
	h.Is(h.State("selinux.mode", "{name: permissive}", true), "None | SELinux mode is set to be changed to Permissive | {'old': 'Enforcing', 'new': 'Permissive'}")
	h.Is(h.State("selinux.mode", "{name: permissive}", false), "True | SELinux has been set to Permissive mode | {'old': 'Enforcing', 'new': 'Permissive'}")
	data, _ := h.ReadFile("/etc/selinux/config")
	h.Is(string(data), "# mode\nSELINUX=permissive\nSELINUXTYPE=targeted\n")
	h.Is(h.State("selinux.mode", "{name: '0'}", false), "True | SELinux is already in Permissive mode")
	h.Is(h.State("selinux.mode", "{name: disabled}", false), "True | SELinux has been set to Disabled mode | {'old': 'Permissive', 'new': 'Permissive'}")
	h.Is(h.Exec("selinux.getconfig", "{}"), "'Disabled'")
	h.Is(h.Exec("selinux.setenforce", "{mode: what}"), "error: Invalid mode what")
}

func TestFunctions(t *testing.T) {
	h, _, _ := enabled(t)
	h.Is(h.Exec("selinux.getsebool", "{boolean: httpd_enable_cgi}"), "{'State': 'on', 'Default': 'on', 'Description': 'Allow httpd cgi support'}")
	h.Is(h.Exec("selinux.getsebool", "{boolean: none}"), "{}")
	h.Is(h.Exec("selinux.list_semod", "{}"), "{'apache': {'Enabled': True, 'Version': None}, 'zabbix': {'Enabled': False, 'Version': None}}")
	h.Is(h.Exec("selinux.setsebool", "{boolean: a, value: 'on', persist: True}"), "True")
	h.Is(h.Exec("selinux.setsebools", "{pairs: {broken: 'on'}}"), "False")
	h.Is(h.Ran(), "setsebool -P a on; setsebool broken=on")
	h.Is(h.Exec("selinux.fcontext_get_policy", "{name: /srv/web, filetype: f}"), "None")
	h.Is(h.Exec("selinux.fcontext_add_policy", "{name: /srv/new x, filetype: d, sel_user: system_u, sel_level: s0}"), "{'pid': 0, 'retcode': 0, 'stdout': '', 'stderr': ''}")
	h.Is(h.Ran(), "semanage fcontext --add --ftype d --seuser system_u --range s0 /srv/new x")
	h.Is(h.Exec("selinux.port_add_policy", "{name: tcp/99}"), "error: SELinux Type is required to add a policy")
	for _, bad := range []string{"", ":::", "a:b:c", "a:b:c:d:e"} {
		if d, err := contextDict(bad); err == nil {
			t.Errorf("%q: %s", bad, py.Repr(d))
		}
	}
	if !strings.Contains(h.Exec("selinux.filetype_id_to_string", "{filetype: q}"), "Invalid file type code 'q'; expected one of: a, f, d, c, b, s, l, p") {
		t.Error("a bad kind of files is taken")
	}
}
