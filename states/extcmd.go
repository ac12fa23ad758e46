package states

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"pinch/internal/py"
	"pinch/internal/saltargs"
	"pinch/internal/saltyaml"
)

// CommandLine is a command that an external pillar has the controller run.
type CommandLine struct {
	Text string
	// Shell has the user's shell run the text; else it is cut into words.
	Shell bool
	// Stderr puts what the command says there into the output.
	Stderr bool
}

// localeVariables are set to C for commands, as Salt does.
var localeVariables = []string{
	"LC_CTYPE", "LC_NUMERIC", "LC_TIME", "LC_COLLATE", "LC_MONETARY", "LC_MESSAGES", "LC_PAPER", "LC_NAME", "LC_ADDRESS",
	"LC_TELEPHONE", "LC_MEASUREMENT", "LC_IDENTIFICATION", "LANGUAGE",
}

// RunCommand runs a command as Salt's cmd.run does on the master: in the
// user's home directory, in the C locale. Only a command that cannot be
// started is an error; its status does not count.
func RunCommand(ctx context.Context, c CommandLine) (string, error) {
	var cmd *exec.Cmd
	if c.Shell {
		shell := os.Getenv("SHELL")
		if shell == "" {
			shell = "/bin/sh"
		}
		cmd = exec.CommandContext(ctx, shell, "-c", c.Text)
	} else {
		words, err := saltargs.ShlexSplit(c.Text)
		if err != nil {
			return "", err
		}
		if len(words) == 0 {
			return "", fmt.Errorf("the command is empty")
		}
		cmd = exec.CommandContext(ctx, words[0], words[1:]...)
	}
	if home, err := os.UserHomeDir(); err == nil {
		cmd.Dir = home
	}
	cmd.Env = os.Environ()
	for _, name := range localeVariables {
		cmd.Env = append(cmd.Env, name+"=C")
	}
	cmd.WaitDelay = 5 * time.Second
	var out bytes.Buffer
	cmd.Stdout = &out
	if c.Stderr {
		cmd.Stderr = &out
	}
	err := cmd.Run()
	if cmd.ProcessState != nil && ctx.Err() == nil {
		err = nil // it ran
	}
	return strings.TrimRightFunc(out.String(), isSpace), err
}

// bindArgs gives the arguments of an external pillar to its parameters, of
// which the first ones are required. The host's id and the pillar stand before
// them.
func bindArgs(args *py.Args, params []string, required int) (*py.Dict, error) {
	out := py.NewDict()
	if len(args.Pos) > len(params) {
		takes := fmt.Sprintf("%d", len(params)+2)
		if required < len(params) {
			takes = fmt.Sprintf("from %d to %d", required+2, len(params)+2)
		}
		return nil, py.TypeErrorf("ext_pillar() takes %s positional arguments but %d were given", takes, 2+len(args.Pos))
	}
	for i, v := range args.Pos {
		out.SetStr(params[i], v)
	}
	for _, k := range args.Kw {
		switch {
		case !contains(params, k.Name):
			return nil, py.TypeErrorf("ext_pillar() got an unexpected keyword argument '%s'", k.Name)
		case out.Has(k.Name):
			return nil, py.TypeErrorf("ext_pillar() got multiple values for argument '%s'", k.Name)
		}
		out.SetStr(k.Name, k.Value)
	}
	for _, p := range params[:required] {
		if !out.Has(p) {
			return nil, py.TypeErrorf("ext_pillar() missing 1 required positional argument: '%s'", p)
		}
	}
	return out, nil
}

func cmdJSON(p *pillar, ctx context.Context, _ *py.Dict, args *py.Args) (py.Value, error) {
	return p.command(ctx, args, "JSON", CommandLine{Stderr: true}, py.LoadsJSON[string])
}

func cmdYAML(p *pillar, ctx context.Context, _ *py.Dict, args *py.Args) (py.Value, error) {
	return p.command(ctx, args, "YAML", CommandLine{Shell: true}, saltyaml.Load)
}

// cmdYAMLEx reads yamlex, of which pinch has not the tags that merge.
func cmdYAMLEx(p *pillar, ctx context.Context, _ *py.Dict, args *py.Args) (py.Value, error) {
	var refused error
	v, err := p.command(ctx, args, "YAML", CommandLine{Stderr: true}, func(text string) (py.Value, error) {
		v, _, err := saltyaml.LoadSLS(text)
		if err != nil && (strings.Contains(text, "!aggregate") || strings.Contains(text, "!reset")) {
			refused = fmt.Errorf("the tags !aggregate and !reset of yamlex are not supported")
		}
		return v, err
	})
	if err == nil {
		err = refused
	}
	return v, err
}

// command runs a command on the controller and reads its output. What cannot
// be run or read gives nothing, which Salt only logs.
func (p *pillar) command(ctx context.Context, args *py.Args, format string, how CommandLine, load func(string) (py.Value, error)) (py.Value, error) {
	a, err := bindArgs(args, []string{"command"}, 1)
	if err != nil {
		return nil, err
	}
	command, ok := a.Lookup("command").(py.Str)
	if !ok {
		if how.Shell { // Salt falls over its own message
			return nil, py.Errorf("UnboundLocalError", "cannot access local variable 'output' where it is not associated with a value")
		}
		p.c.tree.log("critical", "%s data from %s failed to parse", format, py.ToStr(a.Lookup("command")))
		return py.NewDict(), nil
	}
	how.Text = strings.ReplaceAll(string(command), "%s", p.c.req.Host)
	out, err := p.c.tree.cfg.Command(ctx, how)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		p.c.tree.log("critical", "%s data from %s failed to parse: it cannot be run: %s", format, how.Text, err)
		return py.NewDict(), nil
	}
	v, err := load(out)
	if err != nil {
		p.c.tree.log("critical", "%s data from %s failed to parse: %s", format, how.Text, err)
		return py.NewDict(), nil
	}
	return v, nil
}
