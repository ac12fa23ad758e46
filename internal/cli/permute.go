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

// commandAt returns the index of the word that stands where a target would,
// behind flags of the run or of a command; 0 when there is none, or when flags
// say that it is a target or that there is no target.
func commandAt(args []string, flags []cli.Flag, commands []command) int {
	takesValue := map[string]bool{}
	note := func(flags []cli.Flag) {
		for _, f := range flags {
			_, isBool := f.(*cli.BoolFlag)
			for _, n := range f.Names() {
				takesValue[n] = !isBool
			}
		}
	}
	for _, c := range commands {
		note(c.flags)
	}
	note(flags)
	for i := 1; i < len(args); i++ {
		name, isFlag := strings.CutPrefix(args[i], "-")
		if !isFlag {
			return i
		}
		name, _, hasValue := strings.Cut(strings.TrimPrefix(name, "-"), "=")
		value, known := takesValue[name]
		switch name {
		case "local", "raw", "r", "raw-shell", "pcre", "E", "list", "L", "grain", "G", "grain-pcre", "P", "nodegroup", "N", "compound", "C":
			return 0
		}
		if !known {
			return 0
		}
		if value && !hasValue {
			i++
		}
	}
	return 0
}
