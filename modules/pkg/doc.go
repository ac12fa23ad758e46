// Package pkg holds the functions for packages and their repositories:
// pkg.*, pkgrepo.* and lowpkg.*. What a package manager does is behind the
// interface manager, one type a manager, chosen by the host's grains when the
// function runs.
//
// What is installed is read from the package database without a process and
// kept for the run; the database's time and size tell when to read it again.
// Index files are fetched once a run, when the first state needs them.
package pkg

import (
	"slices"

	"pinch/modules"
)

// Funcs returns the functions of this package.
func Funcs() []*modules.Func {
	return slices.Concat(stateFuncs(), repoStateFuncs(), execFuncs())
}
