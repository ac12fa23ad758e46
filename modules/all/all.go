// Package all is the registry of every function that pinch has. Its two halves
// are listed in core and more, since a host gets them as two programs.
package all

import (
	"slices"
	"sync"

	"pinch/modules"
	"pinch/modules/all/core"
	"pinch/modules/all/more"
)

// Registry returns the registry of every function that pinch has.
var Registry = sync.OnceValue(func() *modules.Registry {
	return modules.New(slices.Concat(core.Funcs(), more.Funcs())...)
})
