// Package file has Salt's file states and file execution functions: the
// content, owner, mode and presence of files, directories and links.
//
// The functions follow Salt 3008 step by step, test mode and wording
// included, because a tree's own conditions and its users' eyes depend on
// them. A state is one function that is given a host: in test mode one that
// refuses every change (host.ReadOnly), otherwise the real one when Apply is
// called. What needs the tree or pillar comes from the controller through
// modules.Call (sources, pillar.get).
package file

import "pinch/modules"

// Funcs returns every function of the package.
func Funcs() []*modules.Func {
	var out []*modules.Func
	out = append(out, stateFuncs()...)
	out = append(out, execFuncs()...)
	return out
}
