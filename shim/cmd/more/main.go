// Command more has the functions that few trees use: the shim starts it when
// one of them is called.
package main

import (
	"os"

	"pinch/modules"
	"pinch/modules/all/more"
	"pinch/shim/server"
)

func main() {
	os.Exit(server.MoreMain(os.Args[1:], func() *modules.Registry { return modules.New(more.Funcs()...) }))
}
