// Package temp has Salt's temp module.
package temp

import (
	"context"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type args struct {
	Suffix string `arg:"suffix" default:"''" doc:"How the name ends."`
	Prefix string `arg:"prefix" default:"tmp" doc:"How the name begins."`
	Parent string `arg:"parent" doc:"The directory; the system's for temporary files when not given."`
}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	action := func(name, doc string, run func(w host.Writer, dir, pattern string) (string, error)) *modules.Func {
		return modules.Action[args]{Name: name, Doc: doc + " It is removed when the run ends.",
			Run: func(_ context.Context, _ *modules.Call, w host.Writer, a *args) (py.Value, error) {
				if strings.ContainsAny(a.Prefix+a.Suffix, "*/") {
					return nil, modules.SaltInvocationError(name + ": prefix and suffix cannot have a slash or an asterisk")
				}
				p, err := run(w, a.Parent, a.Prefix+"*"+a.Suffix)
				return py.Str(p), err
			}}.Func()
	}
	return []*modules.Func{
		action("temp.file", "Makes an empty file that only its owner can read and gives its path.", host.Writer.TempFile),
		action("temp.dir", "Makes a directory that only its owner can read and gives its path.", host.Writer.TempDir),
	}
}
