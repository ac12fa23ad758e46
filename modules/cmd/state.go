package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/modules"
	"pinch/states/low"
)

// stateArgs are the arguments of cmd.run as a state.
type stateArgs struct {
	Name            string        `arg:"name,required" doc:"The command."`
	Cwd             py.Value      `arg:"cwd" doc:"Directory to run in; the user's home directory by default."`
	Root            py.Value      `arg:"root" doc:"Directory to change the root to; not supported."`
	Runas           string        `arg:"runas" doc:"User to run as, with the user's login environment."`
	Password        secret.String `arg:"password" doc:"Of the user, on Windows."`
	Shell           string        `arg:"shell" doc:"Shell for the command; the grain shell by default."`
	Env             py.Value      `arg:"env" doc:"Environment variables: a mapping or a list of mappings."`
	PrependPath     string        `arg:"prepend_path" doc:"Directories to put before PATH."`
	Stateful        py.Value      `arg:"stateful" default:"False" doc:"The command tells its changes on its last line or as JSON."`
	OutputLoglevel  py.Value      `arg:"output_loglevel" default:"debug" doc:"Level at which the output is logged."`
	HideOutput      bool          `arg:"hide_output" default:"False" doc:"Leave the output out of the result."`
	Timeout         py.Value      `arg:"timeout" doc:"Seconds after which the command is ended."`
	IgnoreTimeout   bool          `arg:"ignore_timeout" default:"False" doc:"A command that timed out is a success."`
	UseVT           bool          `arg:"use_vt" default:"False" doc:"Keep the output's end as it is."`
	SuccessRetcodes py.Value      `arg:"success_retcodes" doc:"Further exit statuses that are a success."`
	SuccessStdout   py.Value      `arg:"success_stdout" doc:"Texts in the output that make it a success."`
	SuccessStderr   py.Value      `arg:"success_stderr" doc:"Texts in the error output that make it a success."`
	Extra           *py.Dict      `arg:"**"`
}

// scriptStateArgs are the arguments of cmd.script as a state.
type scriptStateArgs struct {
	Name            string         `arg:"name,required" doc:"The script when source is not given; else a text whose words after the first are its arguments."`
	Source          modules.Source `arg:"source" doc:"The script: salt://, or a path on the host."`
	Template        py.Value       `arg:"template" doc:"Renderer for the script: jinja."`
	Cwd             py.Value       `arg:"cwd" doc:"Directory to run in."`
	Runas           string         `arg:"runas" doc:"User to run as."`
	Password        secret.String  `arg:"password" doc:"Of the user, on Windows."`
	Shell           string         `arg:"shell" doc:"Shell for the command; the grain shell by default."`
	Env             py.Value       `arg:"env" doc:"Environment variables: a mapping or a list of mappings."`
	Stateful        py.Value       `arg:"stateful" default:"False" doc:"The script tells its changes on its last line or as JSON."`
	Timeout         py.Value       `arg:"timeout" doc:"Seconds after which the script is ended."`
	UseVT           bool           `arg:"use_vt" default:"False" doc:"Keep the output's end as it is."`
	OutputLoglevel  py.Value       `arg:"output_loglevel" default:"debug" doc:"Level at which the output is logged."`
	HideOutput      bool           `arg:"hide_output" default:"False" doc:"Leave the output out of the result."`
	Defaults        py.Value       `arg:"defaults" doc:"Variables for the template."`
	Context         py.Value       `arg:"context" doc:"Variables for the template, over the defaults."`
	SuccessRetcodes py.Value       `arg:"success_retcodes" doc:"Further exit statuses that are a success."`
	SuccessStdout   py.Value       `arg:"success_stdout" doc:"Texts in the output that make it a success."`
	SuccessStderr   py.Value       `arg:"success_stderr" doc:"Texts in the error output that make it a success."`
	Extra           *py.Dict       `arg:"**"`
}

const runDoc = "Runs a command whenever the state runs; onlyif, unless, creates and onchanges hold it back.\n\n```yaml\nmake install:\n  cmd.run:\n    - cwd: /usr/src/tool\n    - creates: /usr/local/bin/tool\n```"

func stateFuncs() []*modules.Func {
	runState := func(name, doc string, check func(context.Context, *modules.Call, *stateArgs) (modules.Plan, error)) *modules.Func {
		return modules.State[stateArgs]{Name: "cmd." + name, Doc: doc, Check: check, Watch: checkRun}.Func()
	}
	scriptState := func(name, doc string, check func(context.Context, *modules.Call, *scriptStateArgs) (modules.Plan, error)) *modules.Func {
		return modules.State[scriptStateArgs]{Name: "cmd." + name, Doc: doc, Check: check, Watch: checkScript}.Func()
	}
	waits := func(context.Context, *modules.Call, *stateArgs) (modules.Plan, error) {
		return modules.InOrder(""), nil
	}
	return []*modules.Func{
		runState("run", runDoc, checkRun),
		runState("wait", "Runs a command only when a watched state has changed something.\n\n```yaml\nldconfig:\n  cmd.wait: []\n```", waits),
		runState("watch", "The same as cmd.wait.\n\n```yaml\nldconfig:\n  cmd.watch: []\n```", waits),
		scriptState("script", "Runs a script of the tree.\n\n```yaml\nsetup:\n  cmd.script:\n    - source: salt://app/setup.sh\n```", checkScript),
		scriptState("wait_script", "Runs a script of the tree only when a watched state has changed something.\n\n```yaml\nsetup:\n  cmd.wait_script:\n    - source: salt://app/setup.sh\n```",
			func(context.Context, *modules.Call, *scriptStateArgs) (modules.Plan, error) {
				return modules.InOrder(""), nil
			}),
		callState("call"), callState("wait_call"),
	}
}

type callArgs struct {
	Name  string   `arg:"name,required" doc:"A unique text."`
	Func  py.Value `arg:"func" doc:"A Python function; there is none without Python."`
	Extra *py.Dict `arg:"**"`
}

// callState is cmd.call, which wants a Python function object: nothing that
// YAML can hold.
func callState(name string) *modules.Func {
	refuse := func(_ context.Context, _ *modules.Call, a *callArgs) (modules.Plan, error) {
		return modules.Plan{}, py.TypeErrorf("'%s' object is not callable", a.Func.Type())
	}
	check := refuse
	if name == "wait_call" {
		check = func(context.Context, *modules.Call, *callArgs) (modules.Plan, error) { return modules.InOrder(""), nil }
	}
	return modules.State[callArgs]{Name: "cmd." + name, Doc: "Calls a Python function, which is not possible here.\n\n```yaml\nexample:\n  cmd." + name + ":\n    - func: f\n```", Check: check, Watch: refuse}.Func()
}

const badEnv = "Invalidly-formatted 'env' parameter. See documentation."

func validEnv(v py.Value) bool {
	switch v.(type) {
	case py.NoneType, *py.List, *py.Dict:
		return true
	}
	return false
}

// statefulness reads the argument stateful: whether the command tells its own
// changes, and which command does so in test mode.
func statefulness(v py.Value) (on bool, testName string) {
	l, ok := v.(*py.List)
	if !ok {
		return v == py.Value(py.True), ""
	}
	if len(l.Items) > 0 {
		if d, ok := l.Items[0].(*py.Dict); ok {
			return true, d.String("test_name")
		}
	}
	return len(l.Items) > 0, ""
}

func shellOf(c *modules.Call, shell string) string {
	if shell != "" {
		return shell
	}
	if s := c.Grains.String("shell"); s != "" {
		return s
	}
	return "/bin/sh"
}

func checkRun(_ context.Context, c *modules.Call, a *stateArgs) (modules.Plan, error) {
	stateful, testName := statefulness(a.Stateful)
	name := a.Name
	if c.Test && testName != "" {
		name = testName
	}
	if !validEnv(a.Env) {
		return modules.Fail(badEnv), nil
	}
	if py.IsTrue(a.Root) {
		return modules.Fail("cmd.run: root is not supported; run chroot in the command"), nil
	}
	would := modules.Done{Result: low.None, Comment: "Command \"" + name + "\" would have been executed", Changes: py.DictOf("cmd", py.Str(name))}
	if stateful {
		would = reinterpret(would, would.Changes.(*py.Dict))
	}
	apply := func(ctx context.Context, w host.Writer) (modules.Done, error) {
		return a.apply(ctx, c, w, name, stateful)
	}
	if c.Test && testName != "" {
		// the test command is run in test mode: that is what it is for
		return modules.Plan{Would: would, TestApply: apply}, nil
	}
	return modules.Plan{Would: would, Apply: apply}, nil
}

func (a *stateArgs) apply(ctx context.Context, c *modules.Call, w host.Writer, name string, stateful bool) (modules.Done, error) {
	if py.IsTrue(a.Cwd) {
		if fi, err := c.Stat(py.ToStr(a.Cwd)); err != nil || !fi.IsDir() {
			return modules.Failed(fmt.Sprintf("Desired working directory \"%s\" is not available", py.ToStr(a.Cwd))), nil
		}
	}
	if a.Extra.Has("python_shell") {
		return modules.Failed("salt.loaded.int.module.cmdmod.run_all() got multiple values for keyword argument 'python_shell'"), nil
	}
	if name == "" {
		return modules.Failed("list index out of range"), nil
	}
	kw := a.Extra.Copy()
	kw.SetStr("cmd", py.Str(name))
	ra, err := modules.Bind[runArgs]("cmd.run", kw)
	if err != nil {
		return modules.Failed(err.Error()), nil
	}
	ra.Cwd, ra.Runas, ra.Shell, ra.Env, ra.PrependPath = a.Cwd, a.Runas, shellOf(c, a.Shell), a.Env, a.PrependPath
	ra.HideOutput, ra.Timeout, ra.UseVT, ra.PythonShell = a.HideOutput, a.Timeout, a.UseVT, py.True
	ra.SuccessRetcodes, ra.SuccessStdout, ra.SuccessStderr = a.SuccessRetcodes, a.SuccessStdout, a.SuccessStderr
	r, err := run(ctx, c, w, ra)
	if err != nil {
		return failedRun(err)
	}
	finish(c, ra, r)
	if a.IgnoreTimeout && r.timedOut {
		r.retcode = 0
	}
	d := modules.Done{Result: low.TriOf(py.Bool(r.retcode == 0)), Comment: "Command \"" + name + "\" run", Changes: r.dict()}
	if stateful {
		d = reinterpret(d, r.dict())
	}
	if c.Test && r.retcode == 0 && py.IsTrue(d.Changes) {
		d.Result = low.None
	}
	return d, nil
}

// failedRun is the failed state of a command that could not be started; other
// errors (the run is over) go up.
func failedRun(err error) (modules.Done, error) {
	var se *modules.Error
	if errors.As(err, &se) {
		return modules.Failed(se.Msg), nil
	}
	return modules.Done{}, err
}

func checkScript(_ context.Context, c *modules.Call, a *scriptStateArgs) (modules.Plan, error) {
	stateful, testName := statefulness(a.Stateful)
	name := a.Name
	if c.Test && testName != "" {
		name = testName
	}
	if !validEnv(a.Env) {
		return modules.Fail(badEnv), nil
	}
	for what, v := range map[string]py.Value{"context": a.Context, "defaults": a.Defaults} {
		if _, ok := v.(*py.Dict); !ok && py.IsTrue(v) {
			return modules.Fail(fmt.Sprintf("Invalidly-formatted '%s' parameter. Must be formed as a dict.", what)), nil
		}
	}
	would := modules.Done{Result: low.None, Comment: fmt.Sprintf("Command '%s' would have been executed", name)}
	if stateful {
		would = reinterpret(would, py.NewDict())
	}
	return modules.Plan{Would: would, Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) {
		return a.apply(ctx, c, w, name, stateful)
	}}, nil
}

func (a *scriptStateArgs) apply(ctx context.Context, c *modules.Call, w host.Writer, name string, stateful bool) (modules.Done, error) {
	if py.IsTrue(a.Cwd) {
		if fi, err := c.Stat(py.ToStr(a.Cwd)); err != nil || !fi.IsDir() {
			return modules.Failed(fmt.Sprintf("Desired working directory \"%s\" is not available", py.ToStr(a.Cwd))), nil
		}
	}
	source := name
	args := py.Value(py.None)
	if v, ok := a.Extra.GetStr("args"); ok {
		args = v
	}
	// without a source the whole name is looked for, as in Salt
	if _, rest, ok := strings.Cut(name, " "); ok && !py.IsTrue(args) && len(strings.Fields(name)) > 1 {
		args = py.Str(rest)
	}
	if a.Source.IsSet() {
		source = py.ToStr(a.Source.Value)
	}
	kw := a.Extra.Copy()
	kw.DeleteStr("args")
	ra, err := bindRun(kw)
	if err != nil {
		return modules.Failed(err.Error()), nil
	}
	ra.Cwd, ra.Runas, ra.Shell, ra.Env = a.Cwd, a.Runas, shellOf(c, a.Shell), a.Env
	ra.HideOutput, ra.Timeout, ra.UseVT = a.HideOutput, a.Timeout, a.UseVT
	ra.SuccessRetcodes, ra.SuccessStdout, ra.SuccessStderr = a.SuccessRetcodes, a.SuccessStdout, a.SuccessStderr
	r, err := script(ctx, c, w, source, args, ra)
	if err != nil {
		return failedRun(err)
	}
	code, _ := py.AsInt(r.Lookup("retcode"))
	d := modules.Done{Result: low.TriOf(py.Bool(code == 0)), Comment: fmt.Sprintf("Command '%s' run", name), Changes: r}
	if r.Has("cache_error") {
		env := c.Chunk.Env()
		if env == "" {
			env = "base"
		}
		d.Comment = fmt.Sprintf("Unable to cache script %s from saltenv '%s'", source, env)
	}
	if stateful {
		d = reinterpret(d, r)
	}
	return d, nil
}
