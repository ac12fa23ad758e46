// Package iptables has Salt's iptables module: rules, chains and policies of
// iptables and ip6tables, and the files that they are saved in.
package iptables

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/internal/saltargs"
	"pinch/modules"
)

func virtual(c *modules.Call) (bool, string) {
	if c.LookPath("iptables") == "" {
		return false, "The iptables execution module cannot be loaded: iptables not installed."
	}
	return true, ""
}

func stateVirtual(c *modules.Call) (bool, string) {
	return c.LookPath("iptables") != "", "iptables module could not be loaded"
}

// tables is iptables or ip6tables on a host. w is nil where nothing may change.
type tables struct {
	ctx    context.Context
	c      *modules.Call
	r      host.Reader
	w      host.Writer
	family string
	path   string
}

func open(ctx context.Context, c *modules.Call, w host.Writer, family string) (*tables, error) {
	t := &tables{ctx: ctx, c: c, r: c, w: w, family: family}
	if w != nil {
		t.r = w
	}
	name := "iptables"
	if family == "ipv6" {
		name = "ip6tables"
	}
	if t.path = t.r.LookPath(name); t.path == "" {
		return nil, modules.CommandExecutionError(name + ": not installed")
	}
	return t, nil
}

// wait is "--wait" where the program knows it.
func (t *tables) wait() (string, error) {
	return modules.Remember(t.c.Memo, "iptables/wait "+t.path, func() (string, error) {
		s, err := t.c.Ask(t.ctx, t.path, "--help")
		if err != nil || !strings.Contains(s.Out, "--wait") {
			return "", err
		}
		return "--wait", nil
	})
}

// line is the command line of Salt for something that changes.
func (t *tables) line(table, rest string) (string, error) {
	w, err := t.wait()
	return fmt.Sprintf("%s %s -t %s %s", t.path, w, table, rest), err
}

// act runs a command line and returns what it said on standard error.
func (t *tables) act(table, rest string) (string, error) {
	line, err := t.line(table, rest)
	if err != nil {
		return "", err
	}
	argv, err := saltargs.ShlexSplit(line)
	if err != nil {
		return "", py.ValueErrorf("%v", err)
	}
	s, err := t.c.Do(t.ctx, t.w, argv...)
	return s.Err, err
}

// full is the command that Salt shows for a rule.
func (t *tables) full(table, chain, command, position, rule string) (string, error) {
	switch {
	case table == "":
		return "Error: Table needs to be specified", nil
	case chain == "":
		return "Error: Chain needs to be specified", nil
	case command == "":
		return "Error: Command needs to be specified", nil
	}
	flag := "--"
	if strings.Contains("ACDIRLSFZNXPE", command) {
		flag = "-"
	}
	return t.line(table, fmt.Sprintf("%s%s %s %s %s", flag, command, chain, position, rule))
}

// check says whether a rule is there.
func (t *tables) check(table, chain, rule string) (bool, error) {
	argv, err := saltargs.ShlexSplit(fmt.Sprintf("%s -t %s -C %s %s", t.path, table, chain, rule))
	if err != nil {
		return false, py.ValueErrorf("%v", err)
	}
	s, err := t.c.Ask(t.ctx, argv...)
	return err == nil && s.Code == 0, err
}

// dump is what iptables-save prints of all tables, or of one.
func (t *tables) dump(table string) (string, error) {
	argv := []string{t.path + "-save"}
	if table != "" {
		argv = append(argv, "-t", table)
	}
	s, err := t.c.Ask(t.ctx, argv...)
	return s.Out, err
}

func (t *tables) hasChain(table, chain string) (bool, error) {
	out, err := t.dump(table)
	return strings.Contains(out, ":"+chain+" "), err
}

// savedPath is where the system loads its rules from.
func (t *tables) savedPath() (string, error) {
	pick := func(v4, v6 string) (string, error) {
		if t.family == "ipv6" {
			return v6, nil
		}
		return v4, nil
	}
	os := t.c.Grains.String("os")
	switch t.c.Grains.String("os_family") {
	case "RedHat":
		return pick("/etc/sysconfig/iptables", "/etc/sysconfig/ip6tables")
	case "Arch", "Void":
		return pick("/etc/iptables/iptables.rules", "/etc/iptables/ip6tables.rules")
	case "Debian":
		return pick("/etc/iptables/rules.v4", "/etc/iptables/rules.v6")
	case "Suse":
		return "/etc/sysconfig/scripts/SuSEfirewall2-custom", nil
	case "NILinuxRT":
		return pick("/etc/natinst/share/iptables.conf", "/etc/natinst/share/ip6tables.conf")
	}
	switch os {
	case "Gentoo":
		return pick("/var/lib/iptables/rules-save", "/var/lib/ip6tables/rules-save")
	case "Alpine":
		return pick("/etc/iptables/rules-save", "/etc/iptables/rules6-save")
	}
	return "", &modules.Error{Class: "SaltException", Msg: fmt.Sprintf(
		"Saving iptables to file is not supported on %s. Please file an issue with SaltStack", os)}
}

// save writes the rules to a file and returns what Salt says of it.
func (t *tables) save(file string) (string, error) {
	if file == "" {
		var err error
		if file, err = t.savedPath(); err != nil {
			return "", err
		}
	}
	if err := t.w.MkdirAll(pypath.Dir(file), 0o777); err != nil {
		return "", fmt.Errorf("%s: make the directory: %w", pypath.Dir(file), err)
	}
	text, err := t.dump("")
	if err != nil {
		return "", err
	}
	if text, err = t.filtered(text); err != nil {
		return "", err
	}
	o := host.WriteOptions{}
	if _, err := t.w.Stat(file); err != nil {
		mode := host.GoPerm(0o666 &^ uint32(t.w.Umask()))
		o.Mode = &mode
	}
	if err := t.w.WriteFile(file, strings.NewReader(text+"\n"), o); err != nil {
		return "", err
	}
	return fmt.Sprintf(`Wrote 1 lines to "%s"`, file), nil
}

// filtered leaves out the lines that the option iptables.save_filters names.
func (t *tables) filtered(text string) (string, error) {
	const option = "iptables.save_filters"
	v := t.c.Opts.Lookup(option)
	if v == nil && t.c.Remote != nil {
		var err error
		if v, err = t.c.Remote.Call(t.ctx, "config.option", py.NewArgs(py.Str(option), py.NewList())); err != nil {
			return "", err
		}
	}
	l, ok := v.(*py.List)
	if !ok || len(l.Items) == 0 {
		return text, nil
	}
	var filters []*regexp.Regexp
	for _, it := range l.Items {
		re, err := regexp.Compile(py.ToStr(it))
		if err != nil {
			t.c.Log.Warn("iptables.save_filters: a pattern is skipped", "pattern", py.ToStr(it), "error", err)
			continue
		}
		filters = append(filters, re)
	}
	var b strings.Builder
lines:
	for line := range strings.Lines(text) {
		for _, re := range filters {
			if re.MatchString(line) {
				continue lines
			}
		}
		b.WriteString(line)
	}
	return b.String(), nil
}
