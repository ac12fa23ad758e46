package cp

import (
	"context"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// Files of the tree for a running state (module.run): the controller answers,
// and gives only what the host's states name.

type fileArgs struct {
	Path     string   `arg:"path,required" doc:"A file of the tree: salt://..."`
	Dest     string   `arg:"dest,required" doc:"Where to put it: a path, or a directory."`
	Saltenv  *string  `arg:"saltenv" doc:"The environment."`
	Makedirs bool     `arg:"makedirs" default:"False" doc:"Make missing directories."`
	Template py.Value `arg:"template" doc:"jinja: the path is a template."`
	Gzip     py.Value `arg:"gzip" doc:"Has no meaning here."`
}

type urlArgs struct {
	Path       string   `arg:"path,required" doc:"A file of the tree: salt://..."`
	Dest       py.Value `arg:"dest" default:"''" doc:"Where to put it; the host's cache when not given."`
	Saltenv    *string  `arg:"saltenv" doc:"The environment."`
	Makedirs   bool     `arg:"makedirs" default:"False" doc:"Make missing directories."`
	SourceHash py.Value `arg:"source_hash" doc:"Has no meaning for files of the tree."`
	VerifySSL  py.Value `arg:"verify_ssl" default:"True" doc:"Has no meaning for files of the tree."`
	UseEtag    py.Value `arg:"use_etag" default:"False" doc:"Has no meaning for files of the tree."`
}

type cacheArgs struct {
	Path       string   `arg:"path,required" doc:"A file of the tree: salt://..."`
	Saltenv    *string  `arg:"saltenv" doc:"The environment."`
	SourceHash py.Value `arg:"source_hash" doc:"Has no meaning for files of the tree."`
	VerifySSL  py.Value `arg:"verify_ssl" default:"True" doc:"Has no meaning for files of the tree."`
	UseEtag    py.Value `arg:"use_etag" default:"False" doc:"Has no meaning for files of the tree."`
}

type readArgs struct {
	Path    string  `arg:"path,required" doc:"A file of the tree: salt://..."`
	Saltenv *string `arg:"saltenv" doc:"The environment."`
}

// ask asks the controller.
func ask(ctx context.Context, c *modules.Call, fun string, pos ...py.Value) (py.Value, error) {
	if c.Remote == nil {
		return nil, modules.CommandExecutionError(fun + " needs the controller")
	}
	return c.Remote.Call(ctx, fun, py.NewArgs(pos...))
}

func env(v *string) py.Value {
	if v == nil {
		return py.None
	}
	return py.Str(*v)
}

func treeFuncs() []*modules.Func {
	read := func(name, doc string) *modules.Func {
		return modules.Query[readArgs]{Name: name, Doc: doc, Where: modules.Controller, Run: func(ctx context.Context, c *modules.Call, a *readArgs) (py.Value, error) {
			return ask(ctx, c, name, py.Str(a.Path), env(a.Saltenv))
		}}.Func()
	}
	fs := []*modules.Func{
		modules.Action[fileArgs]{Name: "cp.get_file", Doc: "Puts a file of the tree on the host and gives its path.", Run: func(ctx context.Context, c *modules.Call, _ host.Writer, a *fileArgs) (py.Value, error) {
			return ask(ctx, c, "cp.get_file", py.Str(a.Path), py.Str(a.Dest), env(a.Saltenv), py.Bool(a.Makedirs), a.Template, a.Gzip)
		}}.Func(),
		modules.Action[urlArgs]{Name: "cp.get_url", Doc: "Puts a file of the tree on the host and gives its path, or with dest=None its text.", Run: func(ctx context.Context, c *modules.Call, _ host.Writer, a *urlArgs) (py.Value, error) {
			return ask(ctx, c, "cp.get_url", py.Str(a.Path), a.Dest, env(a.Saltenv), py.Bool(a.Makedirs), a.SourceHash, a.VerifySSL, a.UseEtag)
		}}.Func(),
		modules.Action[cacheArgs]{Name: "cp.cache_file", Doc: "Puts a file of the tree into the host's cache and gives its path.", Run: func(ctx context.Context, c *modules.Call, _ host.Writer, a *cacheArgs) (py.Value, error) {
			return ask(ctx, c, "cp.cache_file", py.Str(a.Path), env(a.Saltenv), a.SourceHash, a.VerifySSL, a.UseEtag)
		}}.Func(),
		read("cp.get_file_str", "Gives the text of a file of the tree."),
		read("cp.hash_file", "Gives the checksum of a file of the tree."),
	}
	for _, f := range fs {
		f.Where = modules.Controller
	}
	return fs
}
