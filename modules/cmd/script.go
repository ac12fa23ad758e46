package cmd

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// scriptArgs are the arguments of cmd.script beside those of cmd.run.
type scriptArgs struct {
	Source string   `arg:"source,required" doc:"The script: salt://, or a path on the host."`
	Args   py.Value `arg:"args" doc:"Its arguments."`
	Kwargs *py.Dict `arg:"**"`
}

func scriptFuncs() []*modules.Func {
	return []*modules.Func{
		modules.Action[scriptArgs]{Name: "cmd.script", Doc: "Runs a script of the tree, or one that is on the host.", Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *scriptArgs) (py.Value, error) {
			ra, err := bindRun(a.Kwargs)
			if err != nil {
				return nil, err
			}
			r, err := script(ctx, c, w, a.Source, a.Args, ra)
			if err != nil {
				return nil, err
			}
			return r, nil
		}}.Func(),
		modules.Action[scriptArgs]{Name: "cmd.script_retcode", Doc: "Runs a script and gives its exit status.", Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *scriptArgs) (py.Value, error) {
			ra, err := bindRun(a.Kwargs)
			if err != nil {
				return nil, err
			}
			r, err := script(ctx, c, w, a.Source, a.Args, ra)
			if err != nil {
				return nil, err
			}
			return r.Lookup("retcode"), nil
		}}.Func(),
	}
}

// bindRun reads the arguments of cmd.run from keyword arguments.
func bindRun(kw *py.Dict) (*runArgs, error) {
	d := kw.Copy()
	for _, k := range []string{"context", "defaults", "source_hash"} {
		d.DeleteStr(k)
	}
	d.SetStr("cmd", py.Str(""))
	return modules.Bind[runArgs]("cmd.script", d)
}

// script copies a script to a temporary file and runs it there.
func script(ctx context.Context, c *modules.Call, w host.Writer, source string, args py.Value, a *runArgs) (*py.Dict, error) {
	content, found, err := scriptContent(ctx, c, source)
	if err != nil {
		return nil, err
	}
	if !found {
		return py.DictOf("pid", py.Int(0), "retcode", py.Int(1), "stdout", py.Str(""), "stderr", py.Str(""), "cache_error", py.True), nil
	}
	dir := ""
	if py.IsTrue(a.Cwd) {
		dir = py.ToStr(a.Cwd)
	}
	file, err := w.TempFile(dir, "__salt.tmp.*"+path.Ext(source))
	if err != nil {
		return nil, err
	}
	defer func() { _ = w.Remove(file) }() // the run's end removes it too
	mode := host.GoPerm(0o500)
	o := host.WriteOptions{Mode: &mode}
	if a.Runas != "" {
		u, ok := c.User(a.Runas)
		if !ok {
			return nil, raise("User '%s' is not available", a.Runas)
		}
		o.UID, o.GID = &u.UID, &u.GID
	}
	if err := w.WriteFile(file, bytes.NewReader(content), o); err != nil {
		return nil, err
	}
	line := quote([]string{file})
	if py.IsTrue(args) {
		if l, ok := args.(*py.List); ok {
			for _, it := range l.Items {
				line += " " + quote([]string{py.ToStr(it)})
			}
		} else {
			line += " " + py.ToStr(args)
		}
	}
	a.Cmd, a.PythonShell, a.Template = py.Str(line), py.True, py.None
	r, err := run(ctx, c, w, a)
	if err != nil {
		return nil, err
	}
	finish(c, a, r)
	return r.dict(), nil
}

// scriptContent reads the script; found is false when it is not there.
func scriptContent(ctx context.Context, c *modules.Call, source string) (b []byte, found bool, err error) {
	if !strings.Contains(source, "://") {
		b, err := c.ReadFile(strings.TrimPrefix(source, "file://"))
		return b, err == nil, nil
	}
	if c.Sources == nil {
		return nil, false, modules.CommandExecutionError("cmd.script: files of the tree can be run from states only: use cmd.script in an SLS")
	}
	info, err := c.Sources.Stat(ctx, source, "")
	var se *modules.SourceError
	if errors.As(err, &se) {
		if se.Missing {
			return nil, false, nil
		}
		return nil, false, modules.CommandExecutionError(se.Comment)
	}
	if err != nil {
		return nil, false, err
	}
	r, err := c.Sources.Open(ctx, info)
	if err != nil {
		return nil, false, err
	}
	b, err = io.ReadAll(r)
	return b, err == nil, errors.Join(err, r.Close())
}
