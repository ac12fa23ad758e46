// Package supervisord has Salt's supervisord functions and states, by
// supervisorctl. The states are those of Salt 3006; 3008 has them in an
// extension.
package supervisord

import (
	"context"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/modules"
)

// Funcs are the functions of this package.
func Funcs() []*modules.Func { return slices.Concat(stateFuncs(), execFuncs()) }

type ctlArgs struct {
	User     *string  `arg:"user" doc:"Who runs supervisorctl."`
	ConfFile *string  `arg:"conf_file" doc:"The configuration of supervisorctl."`
	BinEnv   py.Value `arg:"bin_env" doc:"supervisorctl, or the virtual environment that it is in."`
}

// ctl is a supervisorctl.
type ctl struct {
	c    *modules.Call
	w    host.Writer
	user string
	argv []string
}

func (a *ctlArgs) ctl(c *modules.Call, w host.Writer) (*ctl, error) {
	program, err := find(c, a.BinEnv)
	if err != nil {
		return nil, err
	}
	x := &ctl{c: c, w: w, argv: []string{program}}
	if a.ConfFile != nil {
		x.argv = append(x.argv, "-c", *a.ConfFile)
	}
	if a.User != nil {
		x.user = *a.User
	}
	return x, nil
}

func find(c *modules.Call, env py.Value) (string, error) {
	missing := &modules.Error{Class: "CommandNotFoundError", Msg: "Could not find a `supervisorctl` binary"}
	if env == nil || !py.IsTrue(env) {
		if at := c.LookPath("supervisorctl"); at != "" {
			return at, nil
		}
		return "", missing
	}
	dir := py.ToStr(env)
	if fi, err := c.Stat(dir); err != nil || !fi.IsDir() {
		return dir, nil
	}
	at := pypath.Join(dir, "bin", "supervisorctl")
	if fi, err := c.Stat(at); err != nil || !fi.Mode.IsRegular() {
		return "", missing
	}
	return at, nil
}

// run runs a command with the name of a process, of a group, or none. A failure
// is only seen in the text.
func (x *ctl) run(ctx context.Context, w host.Writer, command string, name py.Value) (string, error) {
	argv := append(slices.Clone(x.argv), command)
	if name != nil && py.IsTrue(name) {
		argv = append(argv, py.ToStr(name))
	}
	said, err := x.c.DoCommand(ctx, w, modules.Command{Argv: argv, RunAs: x.user})
	if err == nil && said.Code != 0 && !strings.Contains(said.Out, "ERROR") {
		said.Out = "ERROR: " + said.Out
	}
	return said.Out, err
}

func (x *ctl) do(ctx context.Context, command, name string) (string, error) {
	return x.run(ctx, x.w, command, py.Str(name))
}

// process is one line of supervisorctl's status.
type process struct{ name, state, reason string }

// parse reads a line; only what is behind two words has blanks.
func parse(line string) (process, error) {
	f := strings.Fields(line)
	if len(f) < 2 {
		return process{}, py.Errorf("ValueError", "not enough values to unpack (expected 3, got %d)", len(f)+1)
	}
	rest := strings.TrimLeft(strings.TrimLeft(line, " \t")[len(f[0]):], " \t")
	return process{f[0], f[1], strings.TrimLeft(rest[len(f[1]):], " \t")}, nil
}

func (x *ctl) status(ctx context.Context, name py.Value) ([]process, error) {
	text, err := x.run(ctx, nil, "status", name)
	if err != nil {
		return nil, err
	}
	var out []process
	for _, line := range py.SplitLines(text, false) {
		p, err := parse(line)
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(out, func(q process) bool { return q.name == p.name }); i >= 0 {
			out[i] = p
		} else {
			out = append(out, p)
		}
	}
	return out, nil
}

// group is the name of a group as Salt passes it on: without the asterisk.
func group(name string) string {
	if strings.HasSuffix(name, ":*") {
		return name[:len(name)-1]
	}
	return name
}

// bare is the name of a group alone.
func bare(name string) string {
	if s, ok := strings.CutSuffix(name, ":"); ok {
		return s
	}
	return strings.TrimSuffix(name, ":*")
}
