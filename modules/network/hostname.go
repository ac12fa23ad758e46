package network

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type hostnameArgs struct {
	Hostname py.Value `arg:"hostname,required" doc:"The new name."`
}

func hostnameFuncs() []*modules.Func {
	return []*modules.Func{
		modules.Action[hostnameArgs]{Name: "network.mod_hostname", Doc: "Gives the host another name, in the kernel and in its files.",
			Run: func(ctx context.Context, c *modules.Call, w host.Writer, a *hostnameArgs) (py.Value, error) {
				if a.Hostname == py.None {
					return py.False, nil
				}
				ok, err := setHostname(ctx, c, w, py.ToStr(a.Hostname))
				return py.Bool(ok), err
			}}.Func(),
	}
}

// setHostname is Salt's network.mod_hostname.
func setHostname(ctx context.Context, c *modules.Call, w host.Writer, name string) (bool, error) {
	old, err := hostname()
	if err != nil {
		return false, err
	}
	if program := w.LookPath("hostnamectl"); program != "" {
		s, err := c.Ask(ctx, program, "status")
		if err != nil {
			return false, err
		}
		if s.Code == 0 {
			old = staticHostname(s)
		}
		if s, err = c.Do(ctx, w, program, "set-hostname", name); err != nil || s.Code != 0 {
			return false, err
		}
	} else {
		if fqdn := c.Grains.String("fqdn"); fqdn != "" {
			old = fqdn
		}
		program := w.LookPath("hostname")
		if program == "" {
			return false, modules.CommandExecutionError("network.mod_hostname: there is neither hostnamectl nor hostname on this host")
		}
		if _, err := c.DoCommand(ctx, w, modules.Command{Argv: []string{program, name}, MergeStderr: true}); err != nil {
			return false, err
		}
	}
	if err := renameInHosts(w, old, name); err != nil {
		return false, err
	}
	switch c.Grains.String("os_family") {
	case "RedHat":
		return true, renameInSysconfig(w, name)
	case "Debian":
		return true, rewrite(w, "/etc/hostname", name+"\n")
	case "OpenBSD":
		return true, rewrite(w, "/etc/myname", name+"\n")
	}
	return true, nil
}

func staticHostname(s modules.Said) string {
	for _, line := range s.Lines() {
		if key, v, ok := strings.Cut(line, ":"); ok && strings.Contains(key, "Static hostname") {
			v, _, _ = strings.Cut(v, ":")
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// renameInHosts puts the new name in the place of the old one. As in Salt every
// line is written anew, its words with tabs between them.
func renameInHosts(w host.Writer, old, name string) error {
	data, err := w.ReadFile("/etc/hosts")
	if err != nil {
		return modules.OSError(err)
	}
	var b strings.Builder
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		for i := range words {
			if words[i] == old {
				words[i] = name
				break
			}
		}
		b.WriteString(strings.Join(words, "\t") + "\n")
	}
	return rewrite(w, "/etc/hosts", b.String())
}

func renameInSysconfig(w host.Writer, name string) error {
	const file = "/etc/sysconfig/network"
	data, err := w.ReadFile(file)
	if err != nil {
		return modules.OSError(err)
	}
	var b strings.Builder
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "HOSTNAME") {
			_, old, _ := strings.Cut(line, "=")
			quote := quoteOf(strings.TrimSpace(old))
			if q := quoteOf(name); q != "" && len(name) > 1 {
				name = name[1 : len(name)-1]
			}
			line = "HOSTNAME=" + quote + name + quote + "\n"
		}
		b.WriteString(line)
	}
	return rewrite(w, file, b.String())
}

// quoteOf is the quote that a text stands in, or nothing.
func quoteOf(s string) string {
	if s != "" && s[0] == s[len(s)-1] && (s[0] == '"' || s[0] == '\'') {
		return s[:1]
	}
	return ""
}

func rewrite(w host.Writer, file, text string) error {
	if err := w.WriteFile(file, strings.NewReader(text), modules.WriteNew(w, file)); err != nil {
		return modules.OSError(fmt.Errorf("%s: write: %w", file, err))
	}
	return nil
}
