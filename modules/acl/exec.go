package acl

import (
	"context"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

func virtual(c *modules.Call) (bool, string) {
	return c.LookPath("getfacl") != "", "The linux_acl execution module cannot be loaded: the getfacl binary is not in the path."
}

type noArgs struct{}

type filesArgs struct {
	Files []py.Value `arg:"*"`
	Kw    *py.Dict   `arg:"**"`
}

type modArgs struct {
	Type  string     `arg:"acl_type,required" doc:"user, group or mask; with default: before it those of new files in a directory."`
	Name  string     `arg:"acl_name" default:"''" doc:"The user or group."`
	Perms string     `arg:"perms" default:"''" doc:"Permissions, such as rwx."`
	Files []py.Value `arg:"*"`
	Kw    *py.Dict   `arg:"**"`
}

type delArgs struct {
	Type  string     `arg:"acl_type,required" doc:"user, group or mask; with default: before it those of new files in a directory."`
	Name  string     `arg:"acl_name" default:"''" doc:"The user or group."`
	Files []py.Value `arg:"*"`
	Kw    *py.Dict   `arg:"**"`
}

func flag(kw *py.Dict, name string) bool { return py.IsTrue(py.OrNone(kw.Lookup(name))) }

// pathsOf are the files of a call: there must be one.
func pathsOf(files []py.Value) ([]string, error) {
	if len(files) == 0 {
		return nil, modules.CommandExecutionError("You need to specify at least one file or directory to work with!")
	}
	out := make([]string, len(files))
	for i, f := range files {
		out[i] = py.ToStr(f)
	}
	return out, nil
}

// orRaise returns True, or with raise_err the exception.
func orRaise(problem string, err error, raise bool) (py.Value, error) {
	if err == nil && problem != "" && raise {
		err = modules.CommandExecutionError(problem)
	}
	return py.True, err
}

func execFuncs() []*modules.Func {
	return []*modules.Func{
		modules.Query[noArgs]{Name: "acl.version", Virtual: virtual, Doc: "Gives the version of getfacl.",
			Run: func(ctx context.Context, c *modules.Call, _ *noArgs) (py.Value, error) {
				s, err := c.Ask(ctx, "getfacl", "--version")
				if w := strings.Fields(s.Out); len(w) > 1 {
					return py.Str(w[1]), err
				}
				return py.Str(s.Out), err
			}}.Func(),
		modules.Query[filesArgs]{Name: "acl.getfacl", Virtual: virtual, Doc: "Gives the access control lists of files; with recursive=True of all below.",
			Run: func(ctx context.Context, c *modules.Call, a *filesArgs) (py.Value, error) {
				paths, err := pathsOf(a.Files)
				if err != nil {
					return nil, err
				}
				d, err := getfacl(ctx, c, flag(a.Kw, "recursive"), paths...)
				if err != nil {
					return nil, err
				}
				return d, nil
			}}.Func(),
		modules.Action[filesArgs]{Name: "acl.wipefacls", Virtual: virtual, Doc: "Removes all entries of files; with recursive=True of all below.",
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *filesArgs) (py.Value, error) {
				paths, err := pathsOf(a.Files)
				if err != nil {
					return nil, err
				}
				_, err = setfacl(ctx, c, w, flag(a.Kw, "recursive"), []string{"-b"}, paths...)
				return py.True, err
			}}.Func(),
		modules.Action[modArgs]{Name: "acl.modfacl", Virtual: virtual, Doc: "Sets an entry of files; with recursive=True of all below, with raise_err=True failures are told.",
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *modArgs) (py.Value, error) {
				paths, err := pathsOf(a.Files)
				if err != nil {
					return nil, err
				}
				problem, err := modfacl(ctx, c, w, flag(a.Kw, "recursive"), a.Type, a.Name, a.Perms, paths...)
				return orRaise(problem, err, flag(a.Kw, "raise_err"))
			}}.Func(),
		modules.Action[delArgs]{Name: "acl.delfacl", Virtual: virtual, Doc: "Removes an entry of files; with recursive=True of all below.",
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *delArgs) (py.Value, error) {
				paths, err := pathsOf(a.Files)
				if err != nil {
					return nil, err
				}
				_, err = delfacl(ctx, c, w, flag(a.Kw, "recursive"), a.Type, a.Name, paths...)
				return py.True, err
			}}.Func(),
	}
}
