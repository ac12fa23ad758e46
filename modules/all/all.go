// Package all is the one list of the packages that declare functions.
package all

import (
	"sync"

	"pinch/modules"
	"pinch/modules/alias"
	"pinch/modules/archive"
	"pinch/modules/at"
	"pinch/modules/cmd"
	"pinch/modules/cp"
	"pinch/modules/cron"
	"pinch/modules/dns"
	"pinch/modules/environ"
	"pinch/modules/event"
	"pinch/modules/file"
	"pinch/modules/gem"
	"pinch/modules/git"
	"pinch/modules/grainstate"
	"pinch/modules/group"
	"pinch/modules/hashutil"
	"pinch/modules/hg"
	"pinch/modules/hosts"
	"pinch/modules/http"
	"pinch/modules/ini"
	"pinch/modules/locale"
	"pinch/modules/module"
	"pinch/modules/mount"
	"pinch/modules/mysql"
	"pinch/modules/network"
	"pinch/modules/npm"
	"pinch/modules/pip"
	"pinch/modules/pkg"
	"pinch/modules/postgres"
	"pinch/modules/process"
	"pinch/modules/service"
	"pinch/modules/sshauth"
	"pinch/modules/status"
	"pinch/modules/svn"
	"pinch/modules/sysctl"
	"pinch/modules/temp"
	"pinch/modules/test"
	"pinch/modules/timezone"
	"pinch/modules/user"
)

// Registry returns the registry of every function that pinch has.
var Registry = sync.OnceValue(func() *modules.Registry {
	return modules.New(append(linuxOnly(),
		alias.Funcs(),
		archive.Funcs(),
		at.Funcs(),
		cmd.Funcs(),
		cp.Funcs(),
		cron.Funcs(),
		dns.Funcs(),
		environ.Funcs(),
		event.Funcs(),
		file.Funcs(),
		gem.Funcs(),
		git.Funcs(),
		grainstate.Funcs(),
		group.Funcs(),
		hashutil.Funcs(),
		hg.Funcs(),
		hosts.Funcs(),
		http.Funcs(),
		ini.Funcs(),
		locale.Funcs(),
		module.Funcs(),
		mount.Funcs(),
		mysql.Funcs(),
		network.Funcs(),
		npm.Funcs(),
		pip.Funcs(),
		pkg.Funcs(),
		postgres.Funcs(),
		process.Funcs(),
		service.Funcs(),
		sshauth.Funcs(),
		status.Funcs(),
		svn.Funcs(),
		sysctl.Funcs(),
		temp.Funcs(),
		test.Funcs(),
		timezone.Funcs(),
		user.Funcs(),
	)...)
})
