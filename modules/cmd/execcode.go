package cmd

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type codeArgs struct {
	Lang  string   `arg:"lang,required" doc:"The interpreter, such as perl."`
	Code  string   `arg:"code,required" doc:"The program's text."`
	Cwd   py.Value `arg:"cwd" doc:"The directory to run in."`
	Args  py.Value `arg:"args" doc:"Arguments: a text, or a list of them."`
	Extra *py.Dict `arg:"**"`
}

// codeFuncs are cmd.exec_code and cmd.exec_code_all: a text is written into a
// temporary file and run by an interpreter.
func codeFuncs() []*modules.Func {
	code := func(name, doc string, part func(*py.Dict) py.Value) *modules.Func {
		return modules.Action[codeArgs]{Name: "cmd." + name, Doc: doc, Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *codeArgs) (py.Value, error) {
			all, err := execCode(ctx, c, w, name, a)
			if err != nil {
				return nil, err
			}
			return part(all), nil
		}}.Func()
	}
	return []*modules.Func{
		code("exec_code", "Runs a program text by an interpreter and gives its standard output.", func(d *py.Dict) py.Value { return py.OrNone(d.Lookup("stdout")) }),
		code("exec_code_all", "Runs a program text by an interpreter and gives its output, exit status and process number.", func(d *py.Dict) py.Value { return d }),
		modules.Query[struct{}]{Name: "cmd.shells", Doc: "Lists the shells of /etc/shells.", Run: func(_ context.Context, c *modules.Call, _ *struct{}) (py.Value, error) {
			out := py.NewList()
			raw, err := c.ReadFile("/etc/shells")
			if err != nil {
				return out, nil // there need not be one
			}
			for _, line := range strings.Split(string(raw), "\n") {
				if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
					out.Append(py.Str(line))
				}
			}
			return out, nil
		}}.Func(),
	}
}

func execCode(ctx context.Context, c *modules.Call, w host.Writer, name string, a *codeArgs) (all *py.Dict, err error) {
	file, err := w.TempFile("", "__salt.tmp.*")
	if err != nil {
		return nil, modules.OSError(err)
	}
	defer func() {
		if rerr := w.Remove(file); rerr != nil && err == nil {
			err = modules.OSError(rerr)
		}
	}()
	if err := w.WriteFile(file, strings.NewReader(a.Code), host.WriteOptions{KeepLinks: true}); err != nil {
		return nil, modules.OSError(err)
	}
	if runas := a.Extra.Lookup("runas"); runas != nil && runas != py.Value(py.None) {
		u, ok := c.User(py.ToStr(runas))
		if !ok {
			return nil, modules.CommandExecutionError(fmt.Sprintf("User '%s' is not available", py.ToStr(runas)))
		}
		if err := w.Chown(file, u.UID, -1); err != nil {
			return nil, modules.OSError(err)
		}
	}
	argv := py.NewList(py.Str(a.Lang), py.Str(file))
	switch x := a.Args.(type) {
	case py.Str:
		argv.Append(x)
	case *py.List:
		argv.Items = append(argv.Items, x.Items...)
	}
	call := py.NewArgs(argv)
	call.Kw = append(call.Kw, py.KwArg{Name: "cwd", Value: a.Cwd}, py.KwArg{Name: "python_shell", Value: py.False})
	for k, v := range a.Extra.All() {
		if key := py.ToStr(k); key == "python_shell" {
			return nil, py.TypeErrorf("salt.modules.cmdmod.run_all() got multiple values for keyword argument 'python_shell'")
		}
		call.Kw = append(call.Kw, py.KwArg{Name: py.ToStr(k), Value: v})
	}
	v, err := c.Funcs.Call(ctx, "cmd.run_all", call)
	if err != nil {
		return nil, err
	}
	d, ok := v.(*py.Dict)
	if !ok {
		return nil, fmt.Errorf("cmd.%s: cmd.run_all gave a %s", name, v.Type())
	}
	return d, nil
}
