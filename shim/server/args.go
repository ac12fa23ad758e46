package server

import (
	"flag"
	"fmt"
	"io"
	"time"
)

// arguments are the shim's flags. They are visible to every user of the host,
// so nothing secret is among them.
type arguments struct {
	version, wipe, noBlobs bool
	dir                    string
	silence                time.Duration
}

func parseArgs(args []string) (arguments, error) {
	var a arguments
	if len(args) > 0 && args[0] == "shim" {
		args = args[1:]
	}
	fs := flag.NewFlagSet("shim", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.BoolVar(&a.version, "version", false, "print the protocol's version")
	fs.BoolVar(&a.wipe, "wipe", false, "remove the shim and its directory at the end")
	fs.BoolVar(&a.noBlobs, "no-blobs", false, "keep no cache of large files")
	fs.StringVar(&a.dir, "dir", "", "the directory for blobs and the lock")
	fs.DurationVar(&a.silence, "silence", 0, "end when the controller is silent for that long")
	if err := fs.Parse(args); err != nil {
		return a, err
	}
	if fs.NArg() > 0 {
		return a, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	return a, nil
}
