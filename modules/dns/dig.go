package dns

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pinch/internal/host"
	"pinch/internal/ipaddr"
	"pinch/internal/py"
	"pinch/modules"
)

// dig asks the name service by the program dig and returns what it printed;
// ok is false when it failed.
func dig(ctx context.Context, c *modules.Call, nameserver string, args ...string) (text string, ok bool, err error) {
	argv := append([]string{"dig", "+short"}, args...)
	if nameserver != "" {
		argv = append(argv, "@"+nameserver)
	}
	out, err := c.Query(ctx, host.Cmd{Argv: argv})
	if err != nil {
		return "", false, err
	}
	if out.Code != 0 {
		c.Log.Warn("dig failed, an empty list is returned", "code", out.Code)
		return "", false, nil
	}
	return strings.TrimRight(string(out.Stdout), "\r\n"), true, nil
}

// checkIP is dig.check_ip: an address, with or without the length of a network.
func checkIP(v py.Value) bool {
	s, ok := v.(py.Str)
	if !ok {
		return false
	}
	text, bits := string(s), ""
	i := strings.LastIndexByte(text, '/')
	if i >= 0 {
		text, bits = text[:i], text[i+1:]
	}
	a, err := ipaddr.Address(text)
	if err != nil {
		return false
	}
	if i < 0 {
		return true
	}
	n, err := strconv.Atoi(bits)
	least := 1
	if a.Is6() {
		least = 8
	}
	return err == nil && n >= least && n <= a.BitLen()
}

// addresses are the records of a name that are addresses.
func addresses(ctx context.Context, c *modules.Call, name, kind, nameserver string) ([]string, error) {
	text, ok, err := dig(ctx, c, nameserver, name, kind)
	if err != nil || !ok {
		return nil, err
	}
	return slices.DeleteFunc(strings.Split(text, "\n"), func(s string) bool { return !checkIP(py.Str(s)) }), nil
}

// records are the lines that dig prints for a name.
func records(ctx context.Context, c *modules.Call, nameserver string, args ...string) (py.Value, error) {
	text, ok, err := dig(ctx, c, nameserver, args...)
	if err != nil || !ok {
		return py.NewList(), err
	}
	return py.Strings(strings.Split(text, "\n")...), nil
}

func ns(ctx context.Context, c *modules.Call, a *nsArgs) (py.Value, error) {
	text, ok, err := dig(ctx, c, a.Nameserver, a.Domain, "NS")
	if err != nil || !ok {
		return py.NewList(), err
	}
	names := strings.Split(text, "\n")
	if !a.Resolve {
		return py.Strings(names...), nil
	}
	var out []string
	for _, n := range names {
		ips, err := addresses(ctx, c, n, "A", a.Nameserver)
		if err != nil {
			return nil, err
		}
		out = append(out, ips...)
	}
	return py.Strings(out...), nil
}

func mx(ctx context.Context, c *modules.Call, a *mxArgs) (py.Value, error) {
	text, ok, err := dig(ctx, c, a.Nameserver, a.Domain, "MX")
	if err != nil || !ok {
		return py.NewList(), err
	}
	out := py.NewList()
	for _, line := range strings.Split(text, "\n") {
		f := strings.Fields(line)
		if a.Resolve {
			if len(f) < 2 {
				return nil, py.Errorf("IndexError", "list index out of range")
			}
			ips, err := addresses(ctx, c, f[1], "A", a.Nameserver)
			switch {
			case err != nil:
				return nil, err
			case len(ips) == 0:
				return nil, py.Errorf("IndexError", "list index out of range")
			}
			f = []string{f[0], ips[0]}
		}
		out.Append(py.Strings(f...))
	}
	return out, nil
}

var mechanism = regexp.MustCompile(`^(?:\+|~)?(ip[46]|include):(.+)`)

// maxSPF bounds how many records one SPF record may lead to.
const maxSPF = 50

func spf(ctx context.Context, c *modules.Call, domain, record, nameserver string, left *int) ([]string, error) {
	if *left--; *left < 0 {
		return nil, modules.CommandExecutionError("SPF: more than " + strconv.Itoa(maxSPF) + " records include one another")
	}
	text, ok, err := dig(ctx, c, nameserver, domain, record)
	switch {
	case err != nil || !ok:
		return nil, err
	case text == "" && record == "SPF":
		return spf(ctx, c, domain, "TXT", nameserver, left)
	}
	f := strings.Fields(strings.ReplaceAll(text, `"`, ""))
	if len(f) == 0 || f[0] != "v=spf1" {
		return nil, nil
	}
	if len(f) > 1 && strings.HasPrefix(f[1], "redirect=") {
		return spf(ctx, c, f[1][len("redirect="):], "SPF", nameserver, left)
	}
	var out []string
	for _, section := range f[1:] {
		m := mechanism.FindStringSubmatch(section)
		switch {
		case m == nil:
		case m[1] == "include":
			more, err := spf(ctx, c, m[2], "SPF", nameserver, left)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
		case checkIP(py.Str(m[2])):
			out = append(out, m[2])
		}
	}
	return out, nil
}
