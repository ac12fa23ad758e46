// Package firewalld has Salt's firewalld module: zones and services of the
// firewall daemon, through firewall-cmd.
package firewalld

import (
	"context"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/saltargs"
	"pinch/modules"
)

func virtual(c *modules.Call) (bool, string) {
	return c.LookPath("firewall-cmd") != "", "The firewalld execution module cannot be loaded: the firewall-cmd binary is not in the path."
}

func stateVirtual(c *modules.Call) (bool, string) {
	return c.LookPath("firewall-cmd") != "", "firewall-cmd is not available, firewalld is probably not installed."
}

// firewall is the firewall of a host. w is nil where nothing may change.
type firewall struct {
	ctx context.Context
	c   *modules.Call
	w   host.Writer
}

// memoKey is the family of what is remembered.
const memoKey = "firewalld/"

// ask runs a command that only looks.
func (f *firewall) ask(words ...string) (string, error) { return f.run(nil, words) }

// do runs a command that changes something.
func (f *firewall) do(words ...string) (string, error) {
	f.c.Memo.Drop(memoKey)
	return f.run(f.w, words)
}

func (f *firewall) run(w host.Writer, words []string) (string, error) {
	program := f.c.LookPath("firewall-cmd")
	if program == "" {
		program = "firewall-cmd"
	}
	s, err := f.c.Do(f.ctx, w, append([]string{program}, words...)...)
	if err != nil {
		return "", err
	}
	if s.Code != 0 {
		said := s.Err
		if said == "" {
			said = s.Out
		}
		return "", modules.CommandExecutionError("firewall-cmd failed: " + said)
	}
	return s.Out, nil
}

// in are the words that choose a zone, or the default one, before a command.
func in(zone, command string, permanent bool) []string {
	var words []string
	if zone != "" {
		words = append(words, "--zone="+zone)
	}
	words = append(words, command)
	if permanent {
		words = append(words, "--permanent")
	}
	return words
}

// richRule are the words of a command with a rule, which Salt puts into single
// quotes: those of the rule itself are lost.
func richRule(zone, command, rule string, permanent bool) ([]string, error) {
	words, err := saltargs.ShlexSplit(command + "='" + rule + "'")
	if err != nil {
		return nil, py.ValueErrorf("%v", err)
	}
	return slices.Concat([]string{"--zone=" + zone}, words, in("", "", permanent)[1:]), nil
}

// forward is the command for a forwarded port.
func forward(command, src, proto, dest, addr string) string {
	return command + "=port=" + src + ":proto=" + proto + ":toport=" + dest + ":toaddr=" + addr
}

// parseZones reads what firewall-cmd prints of zones: values by key, those on
// lines of their own after what follows the key.
func parseZones(text string) *py.Dict {
	out := py.NewDict()
	var zone *py.Dict
	var values *py.List
	for _, line := range strings.Split(text, "\n") {
		switch {
		case strings.TrimSpace(line) == "":
		case line[0] == '\t':
			if values != nil {
				values.Append(py.Str(strings.TrimSpace(line)))
			}
		case line[0] != ' ':
			zone, values = py.NewDict(), nil
			out.SetStr(strings.TrimRight(line, " \t\r"), zone)
		case zone != nil:
			key, v, _ := strings.Cut(line, ":")
			values = py.NewList(py.Str(strings.TrimSpace(v)))
			zone.SetStr(strings.TrimSpace(key), values)
		}
	}
	return out
}

// zones are the permanent settings of all zones.
func (f *firewall) zones() (*py.Dict, error) {
	return remember(f, "zones", func() (*py.Dict, error) {
		out, err := f.ask("--list-all-zones", "--permanent")
		if err != nil {
			return nil, err
		}
		named := py.NewDict()
		for k, v := range parseZones(out).All() {
			name, _, _ := strings.Cut(py.ToStr(k), " (") // public (active)
			named.SetStr(name, v)
		}
		return named, nil
	})
}

// zone are the permanent settings of a zone. One that there is not has
// firewall-cmd's own error.
func (f *firewall) zone(name string) (zone, error) {
	all, err := f.zones()
	if err != nil {
		return zone{}, err
	}
	if d, ok := all.Lookup(name).(*py.Dict); ok {
		return zone{d}, nil
	}
	out, err := f.ask(in(name, "--list-all", true)...)
	if err != nil {
		return zone{}, err
	}
	for _, v := range parseZones(out).All() {
		return zone{v.(*py.Dict)}, nil
	}
	return zone{py.NewDict()}, nil
}

// zone is what firewall-cmd prints of a zone.
type zone struct{ d *py.Dict }

// words are the words of a setting.
func (z zone) words(key string) []string { return strings.Fields(strings.Join(z.lines(key), " ")) }

// lines are the values of a setting with a line each.
func (z zone) lines(key string) []string {
	l, ok := z.d.Lookup(key).(*py.List)
	if !ok {
		return nil
	}
	var out []string
	for _, it := range l.Items {
		if s := py.ToStr(it); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// masquerade says whether a zone masquerades.
func (z zone) masquerade() bool { return !slices.Contains(z.lines("masquerade"), "no") }

// isCommandError says whether an error is one that Salt's states catch.
func isCommandError(err error) (string, bool) {
	e, ok := err.(*modules.Error)
	if !ok || e.Class != "CommandExecutionError" {
		return "", false
	}
	return e.Msg, true
}
