// Command pinch runs Salt states on hosts over SSH, without a minion and
// without Python on either side.
package main

import (
	"os"

	"pinch/internal/cli"
)

func main() { os.Exit(cli.Main(cli.OSEnv(), os.Args)) }
