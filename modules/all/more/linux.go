//go:build linux || !pinchshim

package more

import (
	"pinch/modules"
	"pinch/modules/acl"
	"pinch/modules/firewalld"
	"pinch/modules/ip"
	"pinch/modules/iptables"
	"pinch/modules/lvm"
	"pinch/modules/nftables"
	"pinch/modules/quota"
	"pinch/modules/raid"
	"pinch/modules/selinux"
)

// linuxOnly are the functions for which hosts with another kernel have no
// programs. Their shims do without; the controller knows them everywhere.
func linuxOnly() [][]*modules.Func {
	return [][]*modules.Func{
		acl.Funcs(),
		firewalld.Funcs(),
		ip.Funcs(),
		iptables.Funcs(),
		lvm.Funcs(),
		nftables.Funcs(),
		quota.Funcs(),
		raid.Funcs(),
		selinux.Funcs(),
	}
}
