//go:build linux || !pinchshim

package core

import (
	"pinch/modules"
	"pinch/modules/alternatives"
	"pinch/modules/debconf"
	"pinch/modules/kmod"
)

// linuxOnly are the functions for which hosts with another kernel have no
// programs. Their shims do without; the controller knows them everywhere.
func linuxOnly() [][]*modules.Func {
	return [][]*modules.Func{
		alternatives.Funcs(),
		debconf.Funcs(),
		kmod.Funcs(),
	}
}
