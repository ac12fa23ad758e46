package service

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// rcd is FreeBSD's rc.d. Salt 3008 has no module for it any more; this does as
// freebsdservice of the releases before it did.
type rcd struct{}

const rcConf = "/etc/rc.conf"

func (rcd) all(ctx context.Context, c *modules.Call) ([]string, error) {
	out, err := c.Query(ctx, host.Cmd{Argv: []string{"service", "-l"}})
	set := map[string]bool{}
	for _, n := range strings.Fields(string(out.Stdout)) {
		set[n] = true
	}
	return sorted(set), err
}

// variable asks a script for its variable in rc.conf and whether that is on.
func (rcd) variable(ctx context.Context, c *modules.Call, name string) (variable string, on bool, err error) {
	out, err := c.Query(ctx, host.Cmd{Argv: []string{"service", name, "rcvar"}})
	if err != nil {
		return "", false, err
	}
	for line := range strings.Lines(string(out.Stdout)) {
		k, v, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		v, _, _ = strings.Cut(strings.TrimPrefix(v, `"`), `"`)
		switch strings.ToLower(v) {
		case "yes", "true", "on", "1":
			return k, true, nil
		}
		return k, false, nil
	}
	return "", false, nil
}

func (i rcd) look(ctx context.Context, c *modules.Call, name, sig string) (unit, error) {
	if sig != "" {
		return unit{}, modules.CommandExecutionError("Service " + name + ": sig is not supported on FreeBSD")
	}
	all, err := i.all(ctx, c)
	if err != nil {
		return unit{}, err
	}
	for _, n := range all {
		if n != name {
			continue
		}
		_, on, err := i.variable(ctx, c, name)
		if err != nil {
			return unit{}, err
		}
		running, err := succeeds(ctx, c, "service", name, "onestatus")
		return unitOf(name, true, running, on), err
	}
	return unitOf(name, false, false, false), nil
}

func (i rcd) do(ctx context.Context, c *modules.Call, w host.Writer, verb, name string, kw *py.Dict) (bool, error) {
	switch verb {
	case "enable", "disable":
		variable, _, err := i.variable(ctx, c, name)
		if err != nil || variable == "" {
			return false, err
		}
		file := rcConf
		if f, ok := kw.Lookup("config").(py.Str); ok && f != "" {
			file = string(f)
		}
		return true, i.set(c, w, file, variable, verb == "enable")
	case "force-reload":
		return false, modules.CommandExecutionError("Service " + name + ": there is no forced reload on FreeBSD")
	}
	return change(ctx, c, w, "service", name, "one"+verb)
}

// set writes a variable of rc.conf, in its place when it is there.
func (rcd) set(c *modules.Call, w host.Writer, file, variable string, on bool) error {
	defer c.Memo.Drop(memoKey)
	word := "NO"
	if on {
		word = "YES"
	}
	data, err := w.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var b strings.Builder
	done := false
	for line := range strings.Lines(string(data)) {
		if k, _, ok := strings.Cut(line, "="); ok && strings.TrimSpace(k) == variable {
			rest := ""
			if i := strings.IndexByte(line, '#'); i >= 0 {
				rest = " " + strings.TrimRight(line[i:], "\n")
			}
			line, done = variable+`="`+word+`"`+rest+"\n", true
		}
		b.WriteString(line)
	}
	if !done {
		if s := b.String(); s != "" && !strings.HasSuffix(s, "\n") {
			b.WriteString("\n")
		}
		b.WriteString(variable + `="` + word + `"` + "\n")
	}
	return w.WriteFile(file, strings.NewReader(b.String()), host.WriteOptions{})
}

func (i rcd) enabled(ctx context.Context, c *modules.Call) ([]string, error) {
	all, err := i.all(ctx, c)
	var out []string
	for _, n := range all {
		_, on, err := i.variable(ctx, c, n)
		if err != nil {
			return nil, err
		}
		if on {
			out = append(out, n)
		}
	}
	return out, err
}
