package cmd

import (
	"context"
	"fmt"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

func action(name, doc string, run func(ctx context.Context, c *modules.Call, w host.Writer, a *runArgs) (py.Value, error)) *modules.Func {
	return modules.Action[runArgs]{Name: "cmd." + name, Doc: doc, Run: run}.Func()
}

// finish leaves the exit status for callers and hides output that is to be.
func finish(c *modules.Call, a *runArgs, r *result) {
	if !r.background && !a.IgnoreRetcode {
		c.Memo.Put(modules.RetcodeKey, r.retcode)
	}
	if a.HideOutput {
		r.stdout, r.stderr = "", ""
	}
}

// runner makes a function that runs a command and returns one part of the
// result. shell and redirect are its defaults for python_shell and redirect_stderr.
func runner(name, doc string, shell, redirect bool, part func(*result) py.Value) *modules.Func {
	return action(name, doc, func(ctx context.Context, c *modules.Call, w host.Writer, a *runArgs) (py.Value, error) {
		if shell || a.PythonShell == py.Value(py.None) && c.Chunk == nil && !c.InRun {
			// salt-call, which salt-ssh runs for the command line and for
			// templates, uses the shell; calls within a state run do not
			a.PythonShell = py.True
		}
		if a.RedirectStderr == py.Value(py.None) {
			a.RedirectStderr = py.Bool(redirect)
		}
		r, err := run(ctx, c, w, a)
		if err != nil {
			return nil, err
		}
		finish(c, a, r)
		if a.RaiseErr && r.retcode != 0 {
			return nil, modules.CommandExecutionError(fmt.Sprintf("Command '%s' failed with return code: %d", py.ToStr(a.Cmd), r.retcode))
		}
		return part(r), nil
	})
}

type whichArgs struct {
	Cmd string `arg:"cmd,required" doc:"A program's name."`
}

type whichBinArgs struct {
	Cmds []string `arg:"cmds,required" doc:"Programs' names."`
}

func execFuncs() []*modules.Func {
	stdout := func(r *result) py.Value { return py.Str(r.stdout) }
	fs := []*modules.Func{
		runner("run", "Runs a command and gives what it prints, standard error included.", false, true, stdout),
		runner("shell", "Runs a command in the shell and gives what it prints, standard error included.", true, true, stdout),
		runner("run_stdout", "Runs a command and gives its standard output.", false, false, stdout),
		runner("run_stderr", "Runs a command and gives its standard error.", false, false, func(r *result) py.Value { return py.Str(r.stderr) }),
		runner("run_all", "Runs a command and gives its output, exit status and process number.", false, false, func(r *result) py.Value { return r.dict() }),
		runner("retcode", "Runs a command and gives its exit status.", false, true, func(r *result) py.Value { return py.Int(r.retcode) }),
		action("run_bg", "Runs a command in the background and gives its process number.", func(ctx context.Context, c *modules.Call, w host.Writer, a *runArgs) (py.Value, error) {
			a.Bg = true
			if a.PythonShell == py.Value(py.None) {
				a.PythonShell = py.True
			}
			r, err := run(ctx, c, w, a)
			if err != nil {
				return nil, err
			}
			return py.DictOf("pid", py.Int(r.pid)), nil
		}),
		modules.Query[whichArgs]{Name: "cmd.which", Doc: "Gives the path of a program, or None.", Run: func(_ context.Context, c *modules.Call, a *whichArgs) (py.Value, error) {
			return py.OptStr(c.LookPath(a.Cmd)), nil
		}}.Func(),
		modules.Query[whichBinArgs]{Name: "cmd.which_bin", Doc: "Gives the path of the first program that is there, or None.", Run: func(_ context.Context, c *modules.Call, a *whichBinArgs) (py.Value, error) {
			for _, name := range a.Cmds {
				if p := c.LookPath(name); p != "" {
					return py.Str(p), nil
				}
			}
			return py.None, nil
		}}.Func(),
		modules.Query[whichArgs]{Name: "cmd.has_exec", Doc: "Says whether a program is there.", Run: func(_ context.Context, c *modules.Call, a *whichArgs) (py.Value, error) {
			return py.Bool(c.LookPath(a.Cmd) != ""), nil
		}}.Func(),
	}
	return append(append(fs, codeFuncs()...), scriptFuncs()...)
}
