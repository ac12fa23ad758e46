package grains

// osNames maps the first ten letters of a distribution's name to the grain os
// where that is another word.
var osNames = map[string]string{
	"redhatente": "RedHat", "gentoobase": "Gentoo", "archarm": "Arch ARM", "arch": "Arch", "debian": "Debian", "raspbian": "Raspbian",
	"fedoraremi": "Fedora", "chapeau": "Chapeau", "korora": "Korora", "amazonami": "Amazon", "alt": "ALT", "enterprise": "OEL",
	"oracleserv": "OEL", "cloudserve": "CloudLinux", "cloudlinux": "CloudLinux", "virtuozzo": "Virtuozzo", "almalinux": "AlmaLinux",
	"almalinuxk": "AlmaLinux", "pidora": "Fedora", "scientific": "ScientificLinux", "synology": "Synology", "nilrt": "NILinuxRT",
	"poky": "Poky", "manjaro": "Manjaro", "manjarolin": "Manjaro", "univention": "Univention", "antergos": "Antergos", "sles": "SUSE",
	"void": "Void", "slesexpand": "RES", "linuxmint": "Mint", "neon": "KDE neon", "pop": "Pop", "rocky": "Rocky", "alibabaclo": "Alinux",
	"mendel": "Mendel", "photon": "VMware Photon OS",
}

// osFamilies maps the grain os to os_family where that is another word.
var osFamilies = families(map[string][]string{
	"Debian": {"Ubuntu", "Mint", "Trisquel", "GCEL", "Linaro", "elementary OS", "elementary", "Univention", "Raspbian", "Devuan", "antiX", "Kali",
		"Parrot OS", "neon", "Cumulus", "Deepin", "KDE neon", "IDMS", "TurnKey", "Pop", "AstraLinuxCE", "AstraLinuxSE", "Mendel", "OSMC"},
	"RedHat": {"Fedora", "Chapeau", "Korora", "FedBerry", "CentOS", "CentOS Stream", "GoOSe", "Scientific", "Amazon", "CloudLinux", "Virtuozzo",
		"AlmaLinux", "AlmaLinux Kitten", "OVS", "OEL", "XCP", "XCP-ng", "XenServer", "RES", "Sangoma", "VMware Photon OS", "AlterOS", "RED OS", "ALT",
		"ScientificLinux", "Rocky", "Alinux", "openEuler"},
	"Suse": {"SLES", "SUSE Enterprise Server", "SUSE  Enterprise Server", "SLED", "openSUSE", "SUSE", "openSUSE Leap", "openSUSE Tumbleweed", "SLES_SAP",
		"alfaLinux", "alfaLinux Rise"},
	"Arch":   {"Arch ARM", "Manjaro", "Manjaro ARM", "Antergos", "EndeavourOS"},
	"Gentoo": {"Funtoo"}, "Mandriva": {"Mandrake"}, "Slackware": {"Slamd64"}, "VMware": {"VMwareESX"}, "Bluewhite": {"Bluewhite64"},
})

func families(m map[string][]string) map[string]string {
	out := map[string]string{}
	for family, names := range m {
		for _, n := range names {
			out[n] = family
		}
	}
	return out
}
