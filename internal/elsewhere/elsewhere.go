// Package elsewhere knows the state modules that Salt has and pinch has not:
// why, and what to do instead.
package elsewhere

import "strings"

// Entry is what there is to say of some modules.
type Entry struct {
	// modules are names; one that ends in an asterisk is any name that begins so.
	modules string
	// Why says what the modules want that hosts or pinch do not have.
	Why string
	// Instead says what does their work, "" when nothing does.
	Instead string
	// Refused says that a run with such a state does not begin: on a minion
	// Salt would do something that has no meaning here.
	Refused bool
}

// Text is the entry in one line.
func (e *Entry) Text() string {
	if e.Instead == "" {
		return e.Why
	}
	return e.Why + "; " + e.Instead
}

const (
	windows = "it is for Windows, and pinch manages no Windows hosts"
	macOS   = "it is for macOS, where pinch does not have it"
	network = "it is for network devices, which Salt reaches through proxy minions with NAPALM"
	command = "use cmd.run with the program that does it"
	left    = "it left Salt with 3008 for an extension, which pinch does not have"
)

var entries = []Entry{
	{modules: "salt", Refused: true,
		Why:     "it orchestrates minions, as a runner of a master does",
		Instead: "run pinch once for each step, with the hosts of that step as target"},
	{modules: "stateconf", Refused: true,
		Why:     "it belongs to the renderer stateconf",
		Instead: "write the SLS with the renderers jinja and yaml, and its parameters as Jinja variables"},
	{modules: "cloud", Refused: true,
		Why:     "it calls Salt Cloud, of a master",
		Instead: "create machines with the provider's own tool and list them in the roster"},
	{modules: "salt_proxy", Refused: true,
		Why: "it starts proxy minions, and there are no minions"},
	{modules: "winrepo",
		Why: "it makes a master's repository of packages for Windows, and pinch manages no Windows hosts"},
	{modules: "beacon",
		Why:     "it configures a running minion, and there is none",
		Instead: "use a unit of systemd or a job of cron that watches"},
	{modules: "schedule",
		Why:     "it configures a running minion, and there is none",
		Instead: "use cron.present, or a timer of systemd"},
	{modules: "saltutil",
		Why:     "it refreshes a minion, and there is none: each run reads the tree, pillar and grains anew",
		Instead: "leave it out"},
	{modules: "ansible", Why: "it wants Ansible beside a minion", Instead: "use cmd.run with ansible-playbook"},
	{modules: "idem", Why: "it wants idem beside a minion", Instead: command},
	{modules: "chocolatey wua wusa", Why: windows},
	{modules: "reg lgpo lgpo_reg win_* appx certutil dism dsc_resource license ntp powercfg shortcut system task", Why: windows},
	{modules: "macpackage", Why: macOS, Instead: "use pkg.installed, which calls brew there"},
	{modules: "assistive keychain macdefaults xattr mac_*", Why: macOS, Instead: "use cmd.run there"},
	{modules: "proxy", Why: "it is for the system proxy of macOS and Windows", Instead: "use environ.setenv, or a file below /etc"},
	{modules: "netacl netconfig netntp netsnmp netusers napalm* probes bgp", Why: network},
	{modules: "makeconf", Why: "it is for Gentoo", Instead: "use file.keyvalue on /etc/portage/make.conf"},
	{modules: "boto* aws_* azurearm_* gcp* glance* keystone* nova* neutron* openstack_*", Why: left + ": it calls the provider of a cloud",
		Instead: "use the provider's own tool"},
	{modules: "docker_* dockerng kubernetes heat helm lxc lxd*", Why: left, Instead: command},
	{modules: "esx* vsphere vcenter dvs nsxt_* zabbix_* grafana* pagerduty* consul* vault* kapacitor jenkins influxdb* mongodb_* elasticsearch*", Why: left, Instead: command},
	{modules: "btrfs zfs zpool", Why: left, Instead: command},
}

// Of finds the entry of a state function, or of a module; nil is none.
func Of(fun string) *Entry {
	module, _, _ := strings.Cut(fun, ".")
	for i := range entries {
		for _, name := range strings.Fields(entries[i].modules) {
			begin, any := strings.CutSuffix(name, "*")
			if module == name || any && strings.HasPrefix(module, begin) {
				return &entries[i]
			}
		}
	}
	return nil
}
