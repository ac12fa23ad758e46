package svn

import (
	"context"
	"slices"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/modules"
)

type infoArgs struct {
	Cwd      string        `arg:"cwd,required" doc:"Where svn runs."`
	Targets  string        `arg:"targets" doc:"What is asked about; the directory when not given."`
	User     string        `arg:"user" doc:"Who runs svn."`
	Username string        `arg:"username" doc:"A user of the server."`
	Password secret.String `arg:"password" doc:"The user's password."`
	Fmt      string        `arg:"fmt" default:"str" doc:"str, xml, list or dict."`
}

type remoteArgs struct {
	Cwd      string        `arg:"cwd,required" doc:"Where svn runs."`
	Remote   string        `arg:"remote,required" doc:"The URL."`
	Target   string        `arg:"target" doc:"The directory."`
	User     string        `arg:"user" doc:"Who runs svn."`
	Username string        `arg:"username" doc:"A user of the server."`
	Password secret.String `arg:"password" doc:"The user's password."`
	Opts     []py.Value    `arg:"*"`
}

type targetsArgs struct {
	Cwd      string        `arg:"cwd,required" doc:"Where svn runs."`
	Targets  string        `arg:"targets" doc:"The paths; the directory when not given."`
	User     string        `arg:"user" doc:"Who runs svn."`
	Username string        `arg:"username" doc:"A user of the server."`
	Password secret.String `arg:"password" doc:"The user's password."`
	Opts     []py.Value    `arg:"*"`
}

type messageArgs struct {
	Cwd      string        `arg:"cwd,required" doc:"Where svn runs."`
	Targets  string        `arg:"targets" doc:"The paths; the directory when not given."`
	Msg      string        `arg:"msg" doc:"The message."`
	User     string        `arg:"user" doc:"Who runs svn."`
	Username string        `arg:"username" doc:"A user of the server."`
	Password secret.String `arg:"password" doc:"The user's password."`
	Opts     []py.Value    `arg:"*"`
}

type exportFuncArgs struct {
	Cwd      string        `arg:"cwd,required" doc:"Where svn runs."`
	Remote   string        `arg:"remote,required" doc:"The URL."`
	Target   string        `arg:"target" doc:"The directory."`
	User     string        `arg:"user" doc:"Who runs svn."`
	Username string        `arg:"username" doc:"A user of the server."`
	Password secret.String `arg:"password" doc:"The user's password."`
	Revision py.Value      `arg:"revision" default:"HEAD" doc:"The revision."`
	Opts     []py.Value    `arg:"*"`
}

func action[A any](name, doc string, run func(context.Context, *modules.Call, host.Writer, *A) (string, error)) *modules.Func {
	return modules.Action[A]{Name: "svn." + name, Doc: doc, Virtual: virtual, Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *A) (py.Value, error) {
		text, err := run(ctx, c, w, a)
		return py.Str(text), err
	}}.Func()
}

func optional(word string) []string {
	if word == "" {
		return nil
	}
	return []string{word}
}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	remote := func(name, doc string) *modules.Func {
		return action(name, doc, func(ctx context.Context, c *modules.Call, w host.Writer, a *remoteArgs) (string, error) {
			t := &tool{c, w, a.User, a.Username, a.Password}
			return t.run(ctx, a.Cwd, name, slices.Concat(words(a.Opts), []string{a.Remote}, optional(a.Target))...)
		})
	}
	targets := func(name, doc string) *modules.Func {
		return action(name, doc, func(ctx context.Context, c *modules.Call, w host.Writer, a *targetsArgs) (string, error) {
			paths, err := split(a.Targets)
			if err != nil {
				return "", err
			}
			return (&tool{c, w, a.User, a.Username, a.Password}).run(ctx, a.Cwd, name, append(words(a.Opts), paths...)...)
		})
	}
	message := func(name, doc string) *modules.Func {
		return action(name, doc, func(ctx context.Context, c *modules.Call, w host.Writer, a *messageArgs) (string, error) {
			paths, err := split(a.Targets)
			if err != nil {
				return "", err
			}
			opts := words(a.Opts)
			if a.Msg != "" {
				opts = append(opts, "-m", a.Msg)
			}
			return (&tool{c, w, a.User, a.Username, a.Password}).run(ctx, a.Cwd, name, append(opts, paths...)...)
		})
	}
	return []*modules.Func{
		modules.State[latestArgs]{Name: "svn.latest", Virtual: virtualState, Check: checkLatest,
			Doc: "Keeps a working copy at the newest revision.\n\n```yaml\nhttps://svn.example.org/app/trunk:\n  svn.latest:\n    - target: /opt/app\n```"}.Func(),
		modules.State[exportArgs]{Name: "svn.export", Virtual: virtualState, Check: checkExport,
			Doc: "Exports files, at every run.\n\n```yaml\nhttps://svn.example.org/app/trunk:\n  svn.export:\n    - target: /opt/app\n```"}.Func(),
		modules.State[dirtyArgs]{Name: "svn.dirty", Virtual: virtualState, Check: checkDirty, Doc: "Fails: Salt never had it.\n\n```yaml\ncopy:\n  svn.dirty:\n    - target: /opt/app\n```"}.Func(),
		modules.Action[infoArgs]{Name: "svn.info", Doc: "Describes a working copy or URL.", Virtual: virtual, Run: execInfo}.Func(),
		remote("checkout", "Checks out a URL."),
		remote("switch", "Makes a working copy follow another URL."),
		targets("update", "Updates working copies."),
		targets("diff", "Shows differences."),
		targets("add", "Adds files."),
		targets("status", "Shows what differs."),
		message("commit", "Commits."),
		message("remove", "Removes files."),
		action("export", "Exports files.", func(ctx context.Context, c *modules.Call, w host.Writer, a *exportFuncArgs) (string, error) {
			t := &tool{c, w, a.User, a.Username, a.Password}
			return t.run(ctx, a.Cwd, "export", slices.Concat(words(a.Opts), []string{a.Remote}, optional(a.Target), []string{"-r", py.ToStr(a.Revision)})...)
		}),
	}
}

func execInfo(ctx context.Context, c *modules.Call, w host.Writer, a *infoArgs) (py.Value, error) {
	t := &tool{c, w, a.User, a.Username, a.Password}
	paths, err := split(a.Targets)
	if err != nil {
		return nil, err
	}
	switch a.Fmt {
	case "xml":
		text, err := t.run(ctx, a.Cwd, "info", append([]string{"--xml"}, paths...)...)
		return py.Str(text), err
	case "str":
		text, err := t.run(ctx, a.Cwd, "info", paths...)
		return py.Str(text), err
	}
	all, err := t.info(ctx, a.Cwd, paths...)
	if err != nil {
		return nil, err
	}
	out := py.NewList()
	for _, pairs := range all {
		l, d := py.NewList(), py.NewDict()
		for _, p := range pairs {
			l.Append(py.Tuple{py.Str(p[0]), py.Str(p[1])})
			d.SetStr(p[0], py.Str(p[1]))
		}
		switch a.Fmt {
		case "list":
			out.Append(l)
		case "dict":
			out.Append(d)
		default:
			return py.None, nil
		}
	}
	return out, nil
}
