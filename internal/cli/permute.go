package cli

import (
	"strings"

	"github.com/urfave/cli/v2"
)

// permute moves flags in front of the positional arguments, because Salt's
// users write `salt-ssh '*' state.apply --out=json` and urfave/cli stops at
// the first positional. What follows "--" stays as it is. A word like "-5" or
// "-x=y" behind the function that is no flag of ours is left to the function.
func permute(args []string, flags []cli.Flag) []string {
	takesValue := map[string]bool{}
	known := map[string]bool{}
	for _, f := range flags {
		_, isBool := f.(*cli.BoolFlag)
		for _, n := range f.Names() {
			known[n] = true
			takesValue[n] = !isBool
		}
	}
	var front, rest []string
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			rest = append(rest, args[i+1:]...)
			break
		}
		name, long := strings.CutPrefix(a, "--")
		if !long {
			var short bool
			if name, short = strings.CutPrefix(a, "-"); !short || name == "" {
				rest = append(rest, a)
				continue
			}
		}
		name, _, hasValue := strings.Cut(name, "=")
		if !known[name] {
			if len(rest) >= 2 && !long {
				rest = append(rest, a) // an argument of the function, such as a negative number
				continue
			}
			front = append(front, a) // urfave/cli tells that it is unknown
			continue
		}
		front = append(front, a)
		if takesValue[name] && !hasValue && i+1 < len(args) {
			i++
			front = append(front, args[i])
		}
	}
	if len(rest) > 0 {
		front = append(front, "--")
	}
	return append(front, rest...)
}
