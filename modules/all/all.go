// Package all is the one list of the packages that declare functions.
package all

import (
	"sync"

	"pinch/modules"
	"pinch/modules/cmd"
	"pinch/modules/cron"
	"pinch/modules/file"
	"pinch/modules/group"
	"pinch/modules/module"
	"pinch/modules/service"
	"pinch/modules/test"
	"pinch/modules/user"
)

// Registry returns the registry of every function that pinch has.
var Registry = sync.OnceValue(func() *modules.Registry {
	return modules.New(
		cmd.Funcs(),
		cron.Funcs(),
		file.Funcs(),
		group.Funcs(),
		module.Funcs(),
		service.Funcs(),
		test.Funcs(),
		user.Funcs(),
	)
})
