package sshconfig

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// matchHost evaluates the patterns of a Host line: one must match, and none
// behind a "!".
func matchHost(patterns []string, host string) bool {
	found := false
	for _, p := range patterns {
		p, negated := strings.CutPrefix(p, "!")
		if !matchPattern(host, p) {
			continue
		}
		if negated {
			return false
		}
		found = true
	}
	return found
}

// matchList evaluates a comma separated pattern list of a Match line.
func matchList(list, s string) bool { return matchHost(strings.Split(list, ","), s) }

// matchPattern knows * and ?; the time is bounded by the product of both
// lengths.
func matchPattern(s, p string) bool {
	si, pi := 0, 0
	star, mark := -1, 0
	for si < len(s) {
		switch {
		case pi < len(p) && p[pi] == '*':
			star, mark = pi, si
			pi++
		case pi < len(p) && (p[pi] == '?' || p[pi] == s[si]):
			si++
			pi++
		case star >= 0:
			mark++
			si, pi = mark, star+1
		default:
			return false
		}
	}
	return strings.Trim(p[pi:], "*") == ""
}

// match evaluates the criteria of a Match line. All are looked at, so that a
// mistake in any of them is found; commands are only run while the line can
// still apply.
func (r *resolver) match(l *line, enclosing bool) (bool, error) {
	result := enclosing
	for i := 0; i < len(l.args); i++ {
		word := l.args[i]
		value, hasValue := "", false
		if name, v, found := strings.Cut(word, "="); found {
			word, value, hasValue = name, v, true
		}
		attr, negated := strings.CutPrefix(strings.ToLower(word), "!")
		switch attr {
		case "all":
			if len(l.args) > 2 || len(l.args) == 2 && !isPass(l.args[1-i]) || negated {
				return false, l.errorf("Match: \"all\" cannot be combined with other criteria")
			}
			continue
		case "canonical":
			// Pinch, like ssh by default, does not canonicalize; the second
			// pass of "final" counts as canonical, as in OpenSSH.
			result = result && r.final != negated
			continue
		case "final":
			r.wantFinal = true
			result = result && r.final != negated
			continue
		}
		if !hasValue {
			if i++; i >= len(l.args) {
				return false, l.errorf("Match %s: missing argument", attr)
			}
			value = l.args[i]
		}
		ok, err := r.criterion(l, attr, value, result)
		if err != nil {
			return false, err
		}
		result = result && ok != negated
	}
	return result, nil
}

func isPass(arg string) bool {
	arg = strings.ToLower(strings.TrimPrefix(arg, "!"))
	return arg == "canonical" || arg == "final"
}

func (r *resolver) criterion(l *line, attr, value string, needed bool) (bool, error) {
	switch attr {
	case "host":
		host := r.host
		if r.rawHostName != "" {
			expanded, err := percent(r.rawHostName, map[byte]string{'h': r.host})
			if err != nil {
				return false, r.lastHostLine.errorf("HostName %q: %v", r.rawHostName, err)
			}
			host = expanded
		}
		return matchList(strings.ToLower(value), strings.ToLower(host)), nil
	case "originalhost":
		return matchList(strings.ToLower(value), strings.ToLower(r.query.Host)), nil
	case "user":
		user := r.s.User
		if user == "" {
			user = r.c.env.User
		}
		return matchList(value, user), nil
	case "localuser":
		return matchList(value, r.c.env.User), nil
	case "tagged":
		return matchList(value, r.s.Other["tag"]), nil
	case "localnetwork":
		return localNetwork(value), nil
	case "exec":
		if !needed {
			return false, nil
		}
		if r.c.env.Exec == nil {
			return false, l.errorf("Match exec %q: commands are not run while reading ssh_config; use other criteria", value)
		}
		command, err := r.expandText(value, "kludhnpirCL")
		if err != nil {
			return false, l.errorf("Match exec %q: %v", value, err)
		}
		ok, err := r.c.env.Exec(command)
		if err != nil {
			return false, l.errorf("Match exec %q: %v", value, err)
		}
		return ok, nil
	}
	return false, l.errorf("Match: unknown criterion %q", attr)
}

// localNetwork says whether an address of this machine is in one of the
// networks.
func localNetwork(list string) bool {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, cidr := range strings.Split(list, ",") {
		_, network, err := net.ParseCIDR(cidr)
		if err != nil {
			continue
		}
		for _, a := range addrs {
			if ip, ok := a.(*net.IPNet); ok && network.Contains(ip.IP) {
				return true
			}
		}
	}
	return false
}

// parsePort reads a port number; the service name ssh is known, too.
func parsePort(s string) (uint16, error) {
	if s == "ssh" {
		return 22, nil
	}
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return 0, errors.New("expected a number from 1 to 65535")
	}
	return uint16(n), nil
}

// ParseJumps reads the value of ProxyJump or ssh -J:
// [user@]host[:port] or ssh://[user@]host[:port], separated by commas, first
// hop first. "none" gives no hops.
func ParseJumps(s string) ([]Jump, error) {
	if strings.EqualFold(s, "none") {
		return nil, nil
	}
	var out []Jump
	for _, part := range strings.Split(s, ",") {
		j, err := ParseDestination(part)
		if err != nil {
			return nil, err
		}
		out = append(out, j)
	}
	return out, nil
}

// ParseDestination reads one [user@]host[:port] or ssh:// destination. An IPv6
// address with a port needs brackets; without brackets it is taken whole.
func ParseDestination(s string) (Jump, error) {
	rest, isURI := strings.CutPrefix(s, "ssh://")
	if isURI {
		rest = strings.TrimSuffix(rest, "/")
	}
	var j Jump
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		j.User, rest = rest[:i], rest[i+1:]
		if j.User == "" {
			return Jump{}, fmt.Errorf("%q: empty user name", s)
		}
	}
	host, port := rest, ""
	switch {
	case strings.HasPrefix(rest, "["):
		end := strings.IndexByte(rest, ']')
		if end < 0 {
			return Jump{}, fmt.Errorf("%q: missing ]", s)
		}
		host = rest[1:end]
		tail := rest[end+1:]
		if tail != "" {
			var found bool
			if port, found = strings.CutPrefix(tail, ":"); !found || port == "" {
				return Jump{}, fmt.Errorf("%q: expected :port behind ]", s)
			}
		}
	case strings.Count(rest, ":") == 1:
		host, port, _ = strings.Cut(rest, ":")
		if port == "" {
			return Jump{}, fmt.Errorf("%q: empty port", s)
		}
	}
	if host == "" {
		return Jump{}, fmt.Errorf("%q: empty host name", s)
	}
	if strings.HasPrefix(host, "-") || strings.ContainsAny(host, " \t\r\n\"'`$\\;&<>|(){}/") {
		return Jump{}, fmt.Errorf("%q: not a host name", s)
	}
	j.Host = host
	if port != "" {
		n, err := parsePort(port)
		if err != nil {
			return Jump{}, fmt.Errorf("%q: port %q: %w", s, port, err)
		}
		j.Port = n
	}
	return j, nil
}
