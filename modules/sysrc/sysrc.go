// Package sysrc has the sysrc module of Salt's extension for FreeBSD: the
// variables of rc.conf(5), through sysrc(8).
package sysrc

import (
	"context"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

func virtual(c *modules.Call) (bool, string) {
	return c.LookPath("sysrc") != "", "The sysrc execution module failed to load: the sysrc binary is not in the path."
}

func stateVirtual(c *modules.Call) (bool, string) {
	return c.LookPath("sysrc") != "", "Command not found: sysrc"
}

// place is where a variable is kept.
type place struct {
	File string `arg:"file" doc:"The file; rc.conf and its like without it."`
	Jail string `arg:"jail" doc:"The name or number of a jail."`
}

func (p place) argv(more ...string) []string {
	argv := []string{"sysrc", "-v"}
	if p.File != "" {
		argv = append(argv, "-f", p.File)
	}
	if p.Jail != "" {
		argv = append(argv, "-j", p.Jail)
	}
	return append(argv, more...)
}

const unknown = "sysrc: unknown variable"

func outOfRange() error { return &py.Error{Class: "IndexError", Msg: "list index out of range"} }

// get are the variables by file; nil when there is none of that name.
func get(ctx context.Context, c *modules.Call, p place, what string) (*py.Dict, error) {
	s, err := c.DoCommand(ctx, nil, modules.Command{Argv: p.argv(what), MergeStderr: true})
	if err != nil || strings.Contains(s.Out, unknown) {
		return nil, err
	}
	out := py.NewDict()
	for _, line := range strings.Split(s.Out, "\n") {
		w := strings.Split(line, ": ")
		if len(w) < 2 {
			return nil, outOfRange()
		}
		name, value := strings.TrimRight(w[1], ":"), ""
		if len(w) > 2 {
			name, value = w[1], w[2]
		}
		put(out, w[0], name, value)
	}
	return out, nil
}

// put keeps a variable below its file.
func put(d *py.Dict, file, name, value string) {
	in, ok := d.Lookup(file).(*py.Dict)
	if !ok {
		in = py.NewDict()
		d.SetStr(file, in)
	}
	in.SetStr(name, py.Str(value))
}

// text is a value as sysrc takes it: YAML makes booleans of YES and NO.
func text(v py.Value) string {
	if b, ok := v.(py.Bool); ok {
		if b {
			return "YES"
		}
		return "NO"
	}
	return py.ToStr(py.OrNone(v))
}

// set sets a variable and gives the new value by file.
func set(ctx context.Context, c *modules.Call, w host.Writer, p place, name, value string) (*py.Dict, error) {
	s, err := c.Do(ctx, w, p.argv(name+"="+value)...)
	if err != nil {
		return nil, err
	}
	if s.Code != 0 {
		return nil, modules.CommandExecutionError("sysrc failed: " + s.Err)
	}
	out := py.NewDict()
	for _, line := range strings.Split(s.Out, "\n") {
		words := strings.Split(line, ": ")
		if len(words) < 3 {
			return nil, outOfRange()
		}
		change := strings.Split(strings.TrimSpace(words[2]), "->")
		if len(change) < 2 {
			return nil, outOfRange()
		}
		put(out, words[0], words[1], change[1])
	}
	return out, nil
}

func remove(ctx context.Context, c *modules.Call, w host.Writer, p place, name string) (string, error) {
	s, err := c.DoCommand(ctx, w, modules.Command{Argv: p.argv("-x", name), MergeStderr: true})
	if err == nil && strings.Contains(s.Out, unknown) {
		err = modules.CommandExecutionError(s.Out)
	}
	return name + " removed", err
}
