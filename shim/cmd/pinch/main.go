// Command pinch, in this directory, is the shim: the small static program that
// pinch copies to a host and starts there.
package main

import (
	"os"

	"pinch/modules/all"
	"pinch/shim/server"
)

func main() { os.Exit(server.Main(os.Args[1:], all.Registry, nil)) }
