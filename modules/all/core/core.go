// Package core lists the functions that the shim itself has: what most trees use.
package core

import (
	"pinch/modules"
	"pinch/modules/alias"
	"pinch/modules/archive"
	"pinch/modules/cmd"
	"pinch/modules/cp"
	"pinch/modules/cron"
	"pinch/modules/environ"
	"pinch/modules/event"
	"pinch/modules/file"
	"pinch/modules/git"
	"pinch/modules/grainstate"
	"pinch/modules/group"
	"pinch/modules/hashutil"
	"pinch/modules/hosts"
	"pinch/modules/http"
	"pinch/modules/ini"
	"pinch/modules/locale"
	"pinch/modules/module"
	"pinch/modules/mount"
	"pinch/modules/network"
	"pinch/modules/pip"
	"pinch/modules/pkg"
	"pinch/modules/process"
	"pinch/modules/service"
	"pinch/modules/sshauth"
	"pinch/modules/status"
	"pinch/modules/sysctl"
	"pinch/modules/temp"
	"pinch/modules/test"
	"pinch/modules/timezone"
	"pinch/modules/user"
)

// Funcs returns them, a list a package.
func Funcs() [][]*modules.Func {
	return append(linuxOnly(),
		alias.Funcs(),
		archive.Funcs(),
		cmd.Funcs(),
		cp.Funcs(),
		cron.Funcs(),
		environ.Funcs(),
		event.Funcs(),
		file.Funcs(),
		git.Funcs(),
		grainstate.Funcs(),
		group.Funcs(),
		hashutil.Funcs(),
		hosts.Funcs(),
		http.Funcs(),
		ini.Funcs(),
		locale.Funcs(),
		module.Funcs(),
		mount.Funcs(),
		network.Funcs(),
		pip.Funcs(),
		pkg.Funcs(),
		process.Funcs(),
		service.Funcs(),
		sshauth.Funcs(),
		status.Funcs(),
		sysctl.Funcs(),
		temp.Funcs(),
		test.Funcs(),
		timezone.Funcs(),
		user.Funcs(),
	)
}
