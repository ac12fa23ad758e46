// Command pinch, in this directory, is the shim: the small static program that
// pinch copies to a host and starts there.
package main

import (
	"os"

	"pinch/modules"
	"pinch/modules/all/core"
	"pinch/shim/server"
)

func main() {
	registry := func() *modules.Registry { return modules.New(core.Funcs()...) }
	os.Exit(server.Main(os.Args[1:], registry, &server.MoreFuncs{States: core.MoreStates, Execs: core.MoreExecs}, nil))
}
