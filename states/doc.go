// Package states compiles a state tree for one host: top file, pillar, SLS,
// high data and low chunks, exactly as Salt 3008.3 does, error texts included.
//
// A Tree is shared by all hosts of a run. It owns the fileserver and the
// caches of parsed templates and YAML; it never changes once made, so any
// number of goroutines may call Compile. One call compiles one host: the
// pillar first, then the top file (for a highstate), then each SLS with its
// includes, then Salt's passes over the high data in Salt's order (extend,
// verify, requisite_in, exclude), and last the low chunks in running order.
// Each pass has a file of its own.
//
// What the user did wrong is no Go error: Compiled.Errors holds *Error values
// with Salt's words, the SLS to blame and the place in the file. A Go error
// means that the compiler itself could not go on: the context ended, the host
// could not be asked, or the configuration is unusable.
package states
