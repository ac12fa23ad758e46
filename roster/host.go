package roster

import (
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"pinch/internal/py"
	"pinch/internal/secret"
)

// Defaults are the settings of hosts whose roster entry says nothing, from the
// master options ssh_* and the command line. Zero values mean Salt's defaults.
type Defaults struct {
	User          string // root
	Port          uint16 // 22
	Password      secret.String
	PrivateKeys   []string
	KeyPassphrase secret.String
	// Timeout is for connecting; Salt adds ssh_timeout and timeout, 65 s.
	Timeout time.Duration
	// NoKeepalive switches off what Keepalive says (60 s, 3 times).
	NoKeepalive        bool
	Keepalive          Keepalive
	Sudo               bool
	SudoUser           string
	IdentitiesOnly     bool
	RemotePortForwards []string
	SSHOptions         []string
	MinionOpts         *py.Dict // ssh_minion_opts
	Grains             *py.Dict // ssh_grains
	// IgnoreHostKeys is salt-ssh's -i, NoHostKeys its --no-host-keys.
	IgnoreHostKeys bool
	NoHostKeys     bool
	KnownHostsFile string
	ShimDir        string
}

// Salt's defaults.
const (
	defaultUser    = "root"
	defaultPort    = 22
	defaultTimeout = 65 * time.Second
)

// agentForwarding as a key path means the ssh agent instead of a key file.
const agentForwarding = "agent-forwarding"

// builder turns one merged entry into a Host.
type builder struct {
	o        *Options
	m        *merged
	raw      *py.Dict
	h        *Host
	problems Problems
	warnings []Warning
}

// host checks an entry and completes it. Either the host or problems are
// returned.
func (o *Options) host(m *merged) (*Host, []Warning, Problems) {
	b := &builder{o: o, m: m, raw: py.NewDict()}
	if o.RosterDefaults != nil {
		b.raw = py.DeepCopy(o.RosterDefaults).(*py.Dict)
	}
	b.raw.Update(m.entry.Data)
	b.h = &Host{
		ID: m.entry.ID, Raw: b.raw, Source: m.source, Pos: m.entry.Pos, CmdUmask: -1,
		MinionOpts: py.NewDict(), Grains: py.NewDict(),
	}
	if p := m.entry.Problem; p != nil {
		return nil, nil, Problems{p}
	}
	b.connection()
	b.login()
	b.session()
	b.values()
	b.unknownKeys()
	if len(b.problems) == 0 {
		b.sshConfig()
	}
	if len(b.problems) > 0 {
		return nil, b.warnings, b.problems
	}
	return b.h, b.warnings, nil
}

func (b *builder) pos(key string) Pos {
	if !b.m.entry.Data.Has(key) && b.o.DefaultsPos.File != "" {
		return b.o.DefaultsPos
	}
	return b.m.entry.keyPos(key)
}

func (b *builder) problem(key, advice, format string, args ...any) {
	b.problems = append(b.problems, &Error{Pos: b.pos(key), Host: b.h.ID, Msg: fmt.Sprintf(format, args...), Advice: advice})
}

func (b *builder) warn(key, format string, args ...any) {
	b.warnings = append(b.warnings, Warning{Pos: b.pos(key), Host: b.h.ID, Msg: fmt.Sprintf(format, args...)})
}

// connection reads where to connect to.
func (b *builder) connection() {
	addr, ok := b.text("host")
	switch {
	case ok:
		b.h.Addr = b.checkAddr(addr)
	case len(b.problems) == 0 && b.m.entry.Alias == "":
		b.problem("host", "add host: ADDRESS, or keep shared keys in roster_defaults of the master file", "has no host")
	}
	if v, ok := b.get("port"); ok {
		n, valid := portOf(v)
		if !valid {
			b.problem("port", "", "port %s: expected a number from 1 to 65535", show(v))
		}
		b.h.Port = n
	}
	if u, ok := b.text("user"); ok {
		b.h.User = u
		if strings.ContainsAny(u, "\x00\n\r") || strings.HasPrefix(u, "-") {
			b.problem("user", "", "user %q: not a login name", u)
		}
	}
	b.h.Timeout = b.o.Defaults.Timeout
	if b.h.Timeout == 0 {
		b.h.Timeout = defaultTimeout
	}
	if d, ok := b.seconds("timeout"); ok && d > 0 {
		b.h.Timeout = d
	}
	b.keepalive()
	b.h.SSHOptions = b.o.Defaults.SSHOptions
	if l, ok := b.list("ssh_options", false); ok {
		b.h.SSHOptions = l
	}
	b.h.RemotePortForwards = b.o.Defaults.RemotePortForwards
	if l, ok := b.list("remote_port_forwards", true); ok {
		b.h.RemotePortForwards = l
	}
}

func (b *builder) checkAddr(addr string) string {
	trimmed := strings.Trim(addr, "[]")
	if strings.Count(trimmed, ":") == 1 {
		b.problem("host", "put the port in port:", "host %q: not a host name or address", addr)
		return ""
	}
	if strings.Contains(trimmed, "@") {
		b.problem("host", "put the user in user:", "host %q: not a host name or address", addr)
		return ""
	}
	if trimmed == "" || strings.HasPrefix(trimmed, "-") || strings.ContainsAny(trimmed, " \t\r\n\x00/'\"`$\\;&<>|(){}") ||
		strings.Contains(trimmed, ":") && net.ParseIP(strings.SplitN(trimmed, "%", 2)[0]) == nil {
		b.problem("host", "", "host %q: not a host name or address", addr)
		return ""
	}
	return trimmed
}

func portOf(v py.Value) (uint16, bool) {
	var n int64
	switch v := v.(type) {
	case py.Int:
		n = int64(v)
	case py.Str:
		var err error
		if n, err = strconv.ParseInt(strings.TrimSpace(string(v)), 10, 32); err != nil {
			return 0, false
		}
	default:
		return 0, false
	}
	return uint16(n), n >= 1 && n <= 65535
}

func (b *builder) keepalive() {
	ka, off := b.o.Defaults.Keepalive, b.o.Defaults.NoKeepalive
	if ka.Interval == 0 {
		ka.Interval = 60 * time.Second
	}
	if ka.Count == 0 {
		ka.Count = 3
	}
	if on, ok := b.boolean("keepalive"); ok {
		off = !on
	}
	if d, ok := b.seconds("keepalive_interval"); ok {
		ka.Interval = d
	}
	if f, ok := b.number("keepalive_count_max"); ok {
		if f < 1 || f > 1000 || f != math.Trunc(f) {
			b.problem("keepalive_count_max", "", "keepalive_count_max: expected a number from 1 to 1000, got %v", f)
		}
		ka.Count = int(f)
	}
	if off {
		ka = Keepalive{}
	}
	b.h.Keepalive = ka
}

// login reads how to authenticate and whom to become.
func (b *builder) login() {
	d := &b.o.Defaults
	a := &b.h.Auth
	a.Agent = true
	a.Password, a.KeyPassphrase, a.IdentitiesOnly = d.Password, d.KeyPassphrase, d.IdentitiesOnly
	if p, ok := b.password("passwd"); ok {
		a.Password = p
	}
	if p, ok := b.password("priv_passwd"); ok {
		a.KeyPassphrase = p
	}
	if v, ok := b.boolean("identities_only"); ok {
		a.IdentitiesOnly = v
	}
	keys := d.PrivateKeys
	if v, ok := b.get("priv"); ok {
		if _, isList := v.(*py.List); isList {
			keys, _ = b.list("priv", false)
		} else if s, ok := b.text("priv"); ok {
			keys = []string{s}
		}
	}
	for _, k := range keys {
		if k != "" && k != agentForwarding {
			a.PrivateKeys = append(a.PrivateKeys, expandHome(b.o.Home, k))
		}
	}
	s := &b.h.Sudo
	s.Enabled, s.User = d.Sudo, d.SudoUser
	if v, ok := b.boolean("sudo"); ok {
		s.Enabled = v
	}
	if u, ok := b.text("sudo_user"); ok {
		s.User = u
	}
	s.Password = a.Password
	if b.m.entry.SudoPassword.IsSet() {
		s.Password = b.m.entry.SudoPassword
	}
}

func expandHome(home, path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok && home != "" {
		return strings.TrimSuffix(home, "/") + "/" + rest
	}
	return path
}

// session reads how the remote program is run.
func (b *builder) session() {
	h := b.h
	h.TTY, _ = b.boolean("tty")
	h.ShimDir = b.o.Defaults.ShimDir
	if s, ok := b.text("thin_dir"); ok {
		h.ShimDir = s
		if !strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "~/") {
			b.problem("thin_dir", "", "thin_dir %q: expected an absolute path", s)
		}
	}
	h.SetPath, _ = b.text("set_path")
	b.umask()
	if s, ok := b.text("ssh_pre_flight"); ok && s != "" {
		h.PreFlight = &PreFlight{Script: s}
		if v, ok := b.get("ssh_pre_flight_args"); ok {
			h.PreFlight.Args = joinWords(v)
		}
	}
	for _, refused := range []struct{ key, why string }{
		{"winrm", "Windows hosts are not supported"},
		{"ssh_pre_hook", "local commands before the connection are not supported; run them before pinch"},
	} {
		if v, ok := b.get(refused.key); ok && py.IsTrue(v) {
			b.problem(refused.key, "", "%s: %s", refused.key, refused.why)
		}
	}
}

// joinWords is what Salt puts behind a script: a list joined by blanks.
func joinWords(v py.Value) string {
	var items []py.Value
	switch v := v.(type) {
	case *py.List:
		items = v.Items
	case py.Tuple:
		items = v
	default:
		return py.ToStr(v)
	}
	words := make([]string, len(items))
	for i, it := range items {
		words[i] = py.ToStr(it)
	}
	return strings.Join(words, " ")
}

// umask reads cmd_umask. Salt pastes the value into a Python program: text is
// an int literal there, and an int is decimal whatever it looked like in YAML.
func (b *builder) umask() {
	v, ok := b.get("cmd_umask")
	if !ok {
		return
	}
	n := int64(-1)
	switch v := v.(type) {
	case py.Int:
		n = int64(v)
		if n > 0 {
			b.warn("cmd_umask", "cmd_umask: %d is a decimal number, 0o%o; write \"0o022\" in quotes for an octal one", n, n)
		}
	case py.Str:
		s := strings.TrimSpace(string(v))
		if len(s) > 1 && s[0] == '0' && s[1] >= '0' && s[1] <= '9' {
			break // no Python literal
		}
		if i, err := strconv.ParseInt(s, 0, 32); err == nil {
			n = i
		}
	}
	if n < 0 || n > 0o777 {
		b.problem("cmd_umask", `write for example "0o022"`, "cmd_umask %s: expected a umask", show(v))
		return
	}
	b.h.CmdUmask = int(n)
}

// values reads the host's own minion options and grains.
func (b *builder) values() {
	h, d := b.h, &b.o.Defaults
	h.MinionOpts.Update(d.MinionOpts)
	if m, ok := b.dict("minion_opts"); ok {
		h.MinionOpts.Update(m)
	}
	if g, ok := h.MinionOpts.Lookup("grains").(*py.Dict); ok {
		h.Grains.Update(g)
	}
	h.Grains.Update(d.Grains)
	if g, ok := b.dict("grains"); ok {
		h.Grains.Update(g)
	}
	if v, ok := b.get("mine_functions"); ok {
		h.MineFunctions = v
	}
}

// knownKeys are the keys of an entry that mean something to salt-ssh.
var knownKeys = []string{
	"host", "port", "user", "passwd", "priv", "priv_passwd", "identities_only", "sudo", "sudo_user", "tty", "timeout",
	"keepalive", "keepalive_interval", "keepalive_count_max", "minion_opts", "grains", "mine_functions", "thin_dir",
	"cmd_umask", "set_path", "ssh_options", "remote_port_forwards", "ssh_pre_flight", "ssh_pre_flight_args", "ssh_pre_hook",
	"winrm", "relenv", "disable_wipe", "ssh_python_env", "mods", "fsclient", "thin", "mine",
}

func (b *builder) unknownKeys() {
	for k := range b.m.entry.Data.All() {
		name := py.ToStr(k)
		if slices.Contains(knownKeys, name) {
			continue
		}
		msg := fmt.Sprintf("unknown key %q is ignored", name)
		if like := near(name, knownKeys); len(like) > 0 && distance(name, like[0]) <= 2 {
			msg += fmt.Sprintf("; did you mean %s?", like[0])
		}
		b.warn(name, "%s", msg)
	}
}
