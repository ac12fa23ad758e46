package states

import (
	"context"

	"pinch/internal/fileserver"
	"pinch/internal/py"
	"pinch/internal/saltfun"
)

// Call runs a function as the host's templates would: here, with the host's
// pillar, grains and options, or on the host. It must not be used while
// another goroutine renders for the same host.
func (c *Compiled) Call(ctx context.Context, fun string, args *py.Args) (py.Value, error) {
	return c.c.fun.Call(ctx, fun, args)
}

// IsPure says whether a function is answered without the host.
func IsPure(fun string) bool { return saltfun.IsPure(fun) }

// Nearest returns function names that are spelt like one that does not exist.
func (c *Compiled) Nearest(fun string) []string { return c.c.fun.Nearest(fun) }

// Files returns the server of the tree's files.
func (c *Compiled) Files() *fileserver.Server { return c.c.files }

// PureFunctions returns the names of the functions that need no host, sorted.
func PureFunctions() []string { return saltfun.Names() }
