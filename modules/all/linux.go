//go:build linux || !pinchshim

package all

import (
	"pinch/modules"
	"pinch/modules/acl"
	"pinch/modules/alternatives"
	"pinch/modules/debconf"
	"pinch/modules/iptables"
	"pinch/modules/kmod"
	"pinch/modules/nftables"
)

// linuxOnly are the functions for which hosts with another kernel have no
// programs. Their shims do without; the controller knows them everywhere.
func linuxOnly() [][]*modules.Func {
	return [][]*modules.Func{
		acl.Funcs(),
		alternatives.Funcs(),
		debconf.Funcs(),
		iptables.Funcs(),
		kmod.Funcs(),
		nftables.Funcs(),
	}
}
