package server

import (
	"fmt"
	"strings"
	"time"
)

// arguments are the shim's flags. They are visible to every user of the host,
// so nothing secret is among them.
type arguments struct {
	version, wipe, noBlobs bool
	dir                    string
	silence                time.Duration
}

// parseArgs reads them; --name value and --name=value are the same.
func parseArgs(args []string) (arguments, error) {
	var a arguments
	if len(args) > 0 && args[0] == "shim" {
		args = args[1:]
	}
	for len(args) > 0 {
		word, isFlag := strings.CutPrefix(args[0], "--")
		if !isFlag {
			return a, fmt.Errorf("unexpected argument %q", args[0])
		}
		args = args[1:]
		name, value, hasValue := strings.Cut(word, "=")
		if on := map[string]*bool{"version": &a.version, "wipe": &a.wipe, "no-blobs": &a.noBlobs}[name]; on != nil && !hasValue {
			*on = true
			continue
		}
		if name != "dir" && name != "silence" {
			return a, fmt.Errorf("unknown flag --%s", word)
		}
		if !hasValue {
			if len(args) == 0 {
				return a, fmt.Errorf("--%s wants a value", name)
			}
			value, args = args[0], args[1:]
		}
		if name == "dir" {
			a.dir = value // where blobs and the lock are
			continue
		}
		var err error // how long the controller may be silent
		if a.silence, err = time.ParseDuration(value); err != nil {
			return a, fmt.Errorf("--silence: %w", err)
		}
	}
	return a, nil
}
