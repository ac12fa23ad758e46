package sshconfig

import (
	"strconv"
	"strings"
	"time"
)

// Query is what is known before the files are asked. Set User and Port only
// when they are given from outside, as ssh's -l and -p: they win then.
type Query struct {
	// Host is the name the user typed.
	Host string
	User string
	Port uint16
}

// Jump is one hop of a ProxyJump.
type Jump struct {
	User string // "" when not given
	Host string
	Port uint16 // 0 when not given
}

// Settings are the settings that apply to one host. Empty and zero values mean
// that the files do not say anything.
type Settings struct {
	// HostName is the name or address to connect to; it is never empty.
	HostName string
	User     string
	Port     uint16
	// IdentityFiles are expanded paths, in order. "none" entries are dropped;
	// NoIdentityFiles says that there was one and no other.
	IdentityFiles    []string
	NoIdentityFiles  bool
	CertificateFiles []string
	IdentitiesOnly   Tri
	// IdentityAgent is a socket path, "none", or "" for $SSH_AUTH_SOCK.
	IdentityAgent string
	// ProxyJump is the way to the host, first hop first.
	ProxyJump []Jump
	// ProxyCommand has its tokens expanded.
	ProxyCommand           string
	HostKeyAlias           string
	StrictHostKeyChecking  string // yes, no, ask, accept-new
	UserKnownHostsFiles    []string
	GlobalKnownHostsFiles  []string
	ConnectTimeout         time.Duration
	ServerAliveInterval    time.Duration
	ServerAliveIntervalSet bool
	ServerAliveCountMax    int // -1 when not said
	// Other holds the remaining keywords (lower case) with the first value
	// said, arguments joined by blanks.
	Other map[string]string
}

// Tri is a boolean that may be unset.
type Tri int8

// The values of Tri.
const (
	Unset Tri = iota
	No
	Yes
)

// Resolve returns the settings for a host. It fails on lines that apply and
// have bad values, and on `Match exec` without Env.Exec.
func (c *Config) Resolve(q Query) (*Settings, error) {
	r := &resolver{c: c, query: q, host: q.Host, s: &Settings{ServerAliveCountMax: -1, Other: map[string]string{}}}
	r.s.User, r.s.Port = q.User, q.Port
	if err := r.run(c.options, true); err != nil {
		return nil, err
	}
	if err := r.run(c.lines, true); err != nil {
		return nil, err
	}
	if err := r.hostName(); err != nil {
		return nil, err
	}
	if r.wantFinal {
		r.final, r.host = true, r.s.HostName
		r.rawHostName = strings.ReplaceAll(r.s.HostName, "%", "%%")
		if err := r.run(c.lines, true); err != nil {
			return nil, err
		}
	}
	return r.s, r.expand()
}

// resolver is one evaluation.
type resolver struct {
	c     *Config
	query Query
	host  string // what Host and Match host look at
	s     *Settings

	rawHostName  string
	rawIdentity  []located
	rawCert      []located
	rawKnown     []located
	rawAgent     *located
	rawProxy     *located
	jumpSaid     bool
	commandSaid  bool
	globalSet    bool
	final        bool
	wantFinal    bool
	lastHostLine *line // for messages
}

type located struct {
	text string
	line *line
}

// run applies lines; enclosing says whether the block that an included file
// stands in applies.
func (r *resolver) run(lines []line, enclosing bool) error {
	active := enclosing
	for i := range lines {
		l := &lines[i]
		switch l.key {
		case keyEndOfFile:
			active = enclosing
		case "host":
			active = enclosing && matchHost(l.args, r.host)
		case "match":
			ok, err := r.match(l, enclosing)
			if err != nil {
				return err
			}
			active = ok
		case "include":
			if err := r.run(l.included, active); err != nil {
				return err
			}
		default:
			if active {
				if err := r.apply(l); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// check looks at a line's value wherever it stands: OpenSSH refuses a bad
// value even in a block that does not apply.
func check(l *line) error {
	if l.key == "host" || l.key == "include" || l.key == "match" || rawKeywords[l.key] {
		if len(l.args) == 0 && !rawKeywords[l.key] {
			return l.errorf("keyword %s: missing argument", l.key)
		}
		return nil
	}
	r := &resolver{c: &Config{}, s: &Settings{ServerAliveCountMax: -1, Other: map[string]string{}}}
	return r.apply(l)
}

// apply notes one setting, unless an earlier line said it.
func (r *resolver) apply(l *line) error {
	s := r.s
	if len(l.args) == 0 && !rawKeywords[l.key] {
		return l.errorf("keyword %s: missing argument", l.key)
	}
	var arg string
	if len(l.args) > 0 {
		arg = l.args[0]
	}
	switch l.key {
	case "hostname":
		if r.rawHostName == "" {
			r.rawHostName, r.lastHostLine = arg, l
		}
	case "user":
		setString(&s.User, arg)
	case "port":
		n, err := parsePort(arg)
		if err != nil {
			return l.errorf("Port %q: %v", arg, err)
		}
		if s.Port == 0 {
			s.Port = n
		}
	case "identityfile":
		r.rawIdentity = appendNew(r.rawIdentity, located{arg, l})
	case "certificatefile":
		r.rawCert = appendNew(r.rawCert, located{arg, l})
	case "identitiesonly":
		v, err := yesNo(l, arg)
		if err != nil {
			return err
		}
		if s.IdentitiesOnly == Unset {
			s.IdentitiesOnly = v
		}
	case "identityagent":
		if r.rawAgent == nil {
			r.rawAgent = &located{arg, l}
		}
	case "proxyjump":
		return r.proxyJump(l, arg)
	case "proxycommand":
		// A real ProxyJump wins; "ProxyJump none" leaves the command alone.
		if !r.commandSaid && len(s.ProxyJump) == 0 {
			r.commandSaid = true
			if !strings.EqualFold(strings.TrimSpace(l.raw), "none") {
				r.rawProxy = &located{l.raw, l}
			}
		}
	case "hostkeyalias":
		setString(&s.HostKeyAlias, arg)
	case "stricthostkeychecking":
		v, ok := map[string]string{"yes": "yes", "true": "yes", "no": "no", "false": "no", "off": "no", "ask": "ask", "accept-new": "accept-new"}[strings.ToLower(arg)]
		if !ok {
			return l.errorf("StrictHostKeyChecking %q: expected yes, no, ask or accept-new", arg)
		}
		setString(&s.StrictHostKeyChecking, v)
	case "userknownhostsfile":
		if r.rawKnown == nil {
			r.rawKnown = []located{}
			for _, a := range l.args {
				r.rawKnown = append(r.rawKnown, located{a, l})
			}
		}
	case "globalknownhostsfile":
		if !r.globalSet {
			r.globalSet = true
			s.GlobalKnownHostsFiles = l.args
		}
	case "connecttimeout":
		d, err := parseTime(l, arg)
		if err != nil {
			return err
		}
		if s.ConnectTimeout == 0 {
			s.ConnectTimeout = d
		}
	case "serveraliveinterval":
		d, err := parseTime(l, arg)
		if err != nil {
			return err
		}
		if !s.ServerAliveIntervalSet {
			s.ServerAliveInterval, s.ServerAliveIntervalSet = d, true
		}
	case "serveralivecountmax":
		n, err := strconv.Atoi(arg)
		if err != nil || n < 0 {
			return l.errorf("ServerAliveCountMax %q: expected a number", arg)
		}
		if s.ServerAliveCountMax < 0 {
			s.ServerAliveCountMax = n
		}
	default:
		if _, said := s.Other[l.key]; !said {
			value := strings.Join(l.args, " ")
			if rawKeywords[l.key] {
				value = l.raw
			}
			s.Other[l.key] = value
		}
	}
	return nil
}

// proxyJump notes the hops. "none" only keeps later ProxyJump lines out.
func (r *resolver) proxyJump(l *line, arg string) error {
	hops, err := ParseJumps(arg)
	if err != nil {
		return l.errorf("ProxyJump %q: %v", arg, err)
	}
	if !r.jumpSaid && !r.commandSaid {
		r.jumpSaid = true
		r.s.ProxyJump = hops
	}
	return nil
}

func setString(p *string, v string) {
	if *p == "" {
		*p = v
	}
}

func appendNew(list []located, v located) []located {
	for _, have := range list {
		if have.text == v.text {
			return list
		}
	}
	return append(list, v)
}

func yesNo(l *line, arg string) (Tri, error) {
	switch strings.ToLower(arg) {
	case "yes", "true":
		return Yes, nil
	case "no", "false":
		return No, nil
	}
	return Unset, l.errorf("%s %q: expected yes or no", l.key, arg)
}

// parseTime reads seconds or OpenSSH's time format (1h30m); "none" is 0.
func parseTime(l *line, arg string) (time.Duration, error) {
	d, ok := ParseTime(arg)
	if !ok {
		return 0, l.errorf("%s %q: expected a time such as 30 or 1m30s", l.key, arg)
	}
	return d, nil
}

// ParseTime reads OpenSSH's time format: numbers with an optional unit s, m,
// h, d or w, added up. "none" is 0.
func ParseTime(s string) (time.Duration, bool) {
	if s == "none" {
		return 0, true
	}
	if s == "" {
		return 0, false
	}
	var total time.Duration
	for s != "" {
		i := 0
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		n, err := strconv.ParseInt(s[:i], 10, 32)
		if err != nil {
			return 0, false
		}
		unit := time.Second
		s = s[i:]
		if s != "" {
			switch s[0] {
			case 's', 'S':
			case 'm', 'M':
				unit = time.Minute
			case 'h', 'H':
				unit = time.Hour
			case 'd', 'D':
				unit = 24 * time.Hour
			case 'w', 'W':
				unit = 7 * 24 * time.Hour
			default:
				return 0, false
			}
			s = s[1:]
		}
		if total += time.Duration(n) * unit; total > 1<<31*time.Second {
			return 0, false
		}
	}
	return total, true
}
