package elsewhere

import "strings"

// virtual are what Salt's modules for other systems say on Linux of why they
// are not there, for the module or for those named in a line.
var virtual = []struct{ reason, modules string }{
	{"Only supported on Mac OS", "macpackage keychain xattr"},
	{"Only supported on Mac OS 10.9+", "assistive"},
	{"Only supported on macOS", "macdefaults"},
	{"Only Mac OS and Windows supported", "proxy"},
	{"* module could not be loaded", "chocolatey lgpo makeconf win_dacl win_dns_client win_iis win_path win_pki win_servermanager win_smtp_server win_snmp"},
	{"firewall module could not be loaded", "win_firewall"},
	{"win_system: Only available on Windows", "system win_system"},
	{"Only Windows supported", "certutil ntp"},
	{"Only Windows OS supported", "license"},
	{"Appx state: Only available on Windows", "appx"},
	{"Module only available on Windows", "dism"},
	{"DSC Resource: Only available on Windows systems", "dsc_resource"},
	{"LGPO_REG State: Only available on Windows", "lgpo_reg"},
	{"PowerCFG: Module only works on Windows", "powercfg"},
	{"Shortcut state only available on Windows systems.", "shortcut"},
	{"State task: Not a Windows System", "task"},
	{"WUA: Only available on Window systems", "wua"},
	{"Only available on Windows systems", "wusa"},
	{"idem is not available", "idem"},
	{"The netacl state cannot be loaded: Please install capirca and napalm.", "netacl"},
}

// onMac are those of them that Salt has on macOS.
const onMac = " macpackage keychain xattr assistive macdefaults proxy "

// Virtual is what Salt says of why a state module is not there on a host with
// that kernel; "" when it says nothing but that.
func Virtual(module, kernel string) string {
	if kernel == "Darwin" && strings.Contains(onMac, " "+module+" ") {
		return ""
	}
	for _, v := range virtual {
		for _, m := range strings.Fields(v.modules) {
			if m == module {
				return strings.Replace(v.reason, "*", module, 1)
			}
		}
	}
	return ""
}
