// Package all is the one list of the packages that declare functions.
package all

import (
	"sync"

	"pinch/modules"
	"pinch/modules/alias"
	"pinch/modules/cmd"
	"pinch/modules/cron"
	"pinch/modules/file"
	"pinch/modules/group"
	"pinch/modules/hosts"
	"pinch/modules/module"
	"pinch/modules/pkg"
	"pinch/modules/service"
	"pinch/modules/sshauth"
	"pinch/modules/test"
	"pinch/modules/user"
)

// Registry returns the registry of every function that pinch has.
var Registry = sync.OnceValue(func() *modules.Registry {
	return modules.New(
		alias.Funcs(),
		cmd.Funcs(),
		cron.Funcs(),
		file.Funcs(),
		group.Funcs(),
		hosts.Funcs(),
		module.Funcs(),
		pkg.Funcs(),
		service.Funcs(),
		sshauth.Funcs(),
		test.Funcs(),
		user.Funcs(),
	)
})
