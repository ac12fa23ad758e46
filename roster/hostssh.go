package roster

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pinch/roster/sshconfig"
)

// sshConfig completes the host with what ssh would find in its configuration:
// salt-ssh runs ssh, which reads it. What the roster or Salt's defaults say is
// given to ssh on its command line and so wins over the files; ssh_options are
// given there, too, behind the rest.
func (b *builder) sshConfig() {
	h, e := b.h, &b.m.entry
	base := b.o.SSHConfig
	if base == nil {
		base = &sshconfig.Config{}
	}
	cfg, err := base.With(b.sshEnv(), h.SSHOptions...)
	if err != nil {
		b.problem("ssh_options", "", "ssh_options: %v", err)
		return
	}
	name := e.Alias
	if name == "" {
		name = h.Addr
	}
	d := &b.o.Defaults
	q := sshconfig.Query{Host: name, User: h.User, Port: h.Port}
	if !e.PreferSSHConfig {
		q.User = orString(q.User, d.User, defaultUser)
		q.Port = orPort(q.Port, d.Port, defaultPort)
	}
	s, err := cfg.Resolve(q)
	if err != nil {
		b.problem("host", "", "%v", err)
		return
	}
	if e.Alias != "" || s.HostName != strings.ToLower(h.Addr) {
		h.Addr = strings.Trim(s.HostName, "[]")
	}
	h.User = orString(s.User, d.User, defaultUser)
	h.Port = orPort(s.Port, d.Port, defaultPort)
	b.keys(s)
	b.hostKeys(s)
	h.ProxyCommand = s.ProxyCommand
	if h.Jump, err = b.jumps(cfg, s.ProxyJump, []string{name}); err != nil {
		b.problem("ssh_options", "", "ProxyJump: %v", err)
	}
	for _, key := range passedOptions {
		if v, ok := s.Other[strings.ToLower(key)]; ok {
			h.ConfigOptions = append(h.ConfigOptions, key+"="+v)
		}
	}
}

// ConnectionOptions returns everything about the connection that has the form
// of an ssh option ("Keyword=value"), the first value of a keyword being the
// one that counts: SSHOptions, the fields of the host, ConfigOptions. Address,
// port, user, keys, password and hops are not in it.
func (h *Host) ConnectionOptions() []string {
	out := slices.Clone(h.SSHOptions)
	add := func(key, value string) {
		if value != "" {
			out = append(out, key+"="+value)
		}
	}
	if h.Timeout > 0 {
		add("ConnectTimeout", strconv.Itoa(max(1, int(h.Timeout.Seconds()))))
	}
	add("ServerAliveInterval", strconv.Itoa(int(h.Keepalive.Interval.Seconds())))
	if h.Keepalive.Count > 0 {
		add("ServerAliveCountMax", strconv.Itoa(h.Keepalive.Count))
	}
	add("StrictHostKeyChecking", h.HostKeys.Strict)
	add("UserKnownHostsFile", quotePaths(h.HostKeys.Files))
	add("GlobalKnownHostsFile", quotePaths(h.HostKeys.GlobalFiles))
	for _, c := range h.Auth.CertificateFiles {
		add("CertificateFile", quotePaths([]string{c}))
	}
	switch {
	case !h.Auth.Agent:
		add("IdentityAgent", "none")
	case h.Auth.AgentSocket != "":
		add("IdentityAgent", quotePaths([]string{h.Auth.AgentSocket}))
	}
	add("ProxyCommand", strings.ReplaceAll(h.ProxyCommand, "%", "%%"))
	return append(out, h.ConfigOptions...)
}

// quotePaths joins paths for an option: percent signs are no tokens any more,
// and blanks belong to the name.
func quotePaths(paths []string) string {
	out := make([]string, len(paths))
	for i, p := range paths {
		p = strings.ReplaceAll(p, "%", "%%")
		if strings.ContainsAny(p, " \t") {
			p = `"` + p + `"`
		}
		out[i] = p
	}
	return strings.Join(out, " ")
}

// passedOptions are keywords of ssh_config that the connection understands and
// for which Host has no field.
var passedOptions = []string{
	"AddressFamily", "BindAddress", "Ciphers", "KexAlgorithms", "MACs", "HostKeyAlgorithms", "PubkeyAcceptedAlgorithms",
	"ConnectionAttempts", "HashKnownHosts", "PreferredAuthentications", "PubkeyAuthentication", "PasswordAuthentication",
	"KbdInteractiveAuthentication", "NumberOfPasswordPrompts",
}

func (b *builder) sshEnv() sshconfig.Env {
	return sshconfig.Env{Home: b.o.Home, User: b.o.LocalUser}
}

func (b *builder) keys(s *sshconfig.Settings) {
	a := &b.h.Auth
	agentOnly := b.wantsAgent()
	for _, k := range s.IdentityFiles {
		if !slices.Contains(a.PrivateKeys, k) {
			a.PrivateKeys = append(a.PrivateKeys, k)
		}
	}
	if len(a.PrivateKeys) == 0 && !s.NoIdentityFiles && !agentOnly {
		a.PrivateKeys = slices.Clone(b.o.DefaultKeys)
	}
	a.CertificateFiles = s.CertificateFiles
	a.IdentitiesOnly = a.IdentitiesOnly || s.IdentitiesOnly == sshconfig.Yes
	switch s.IdentityAgent {
	case "none":
		a.Agent = false
	default:
		a.AgentSocket = s.IdentityAgent
	}
}

// wantsAgent says whether the key was given as "agent-forwarding".
func (b *builder) wantsAgent() bool {
	if b.raw.Has("priv") {
		return b.raw.String("priv") == agentForwarding
	}
	return slices.Contains(b.o.Defaults.PrivateKeys, agentForwarding)
}

func (b *builder) hostKeys(s *sshconfig.Settings) {
	k, d := &b.h.HostKeys, &b.o.Defaults
	k.Strict, k.Files, k.GlobalFiles = s.StrictHostKeyChecking, s.UserKnownHostsFiles, s.GlobalKnownHostsFiles
	k.Alias, k.Algorithms = s.HostKeyAlias, s.Other["hostkeyalgorithms"]
	if d.IgnoreHostKeys || d.NoHostKeys {
		k.Strict = "no"
	}
	switch {
	case d.NoHostKeys:
		k.Files = []string{"/dev/null"}
	case d.KnownHostsFile != "":
		k.Files = []string{d.KnownHostsFile}
	}
}

// jumps resolves the hops. As in ssh, every hop has its own settings, and the
// first may need hops of its own. way are the names whose hops are being
// resolved, the target first.
func (b *builder) jumps(cfg *sshconfig.Config, hops []sshconfig.Jump, way []string) ([]Jump, error) {
	var out []Jump
	for i, hop := range hops {
		s, err := cfg.WithoutOptions().Resolve(sshconfig.Query{Host: hop.Host, User: hop.User, Port: hop.Port})
		if err != nil {
			return nil, err
		}
		// A jump host that a pattern sends through itself is reached directly.
		self := len(s.ProxyJump) > 0 && s.ProxyJump[0].Host == hop.Host
		if i == 0 && len(s.ProxyJump) > 0 && !self {
			if slices.Contains(way, hop.Host) {
				return nil, fmt.Errorf("the way goes in a circle: %s", strings.Join(append(way, hop.Host), " > "))
			}
			before, err := b.jumps(cfg, s.ProxyJump, append(way, hop.Host))
			if err != nil {
				return nil, err
			}
			out = append(out, before...)
		}
		keys := s.IdentityFiles
		if len(keys) == 0 && !s.NoIdentityFiles {
			keys = slices.Clone(b.o.DefaultKeys)
		}
		out = append(out, Jump{
			User: orString(s.User, b.o.LocalUser, defaultUser), Addr: strings.Trim(s.HostName, "[]"), Port: orPort(s.Port, defaultPort),
			PrivateKeys: keys, IdentitiesOnly: s.IdentitiesOnly == sshconfig.Yes, HostKeyAlias: s.HostKeyAlias,
		})
	}
	return out, nil
}

func orString(vals ...string) string {
	for _, v := range vals {
		if v != "" {
			return v
		}
	}
	return ""
}

func orPort(vals ...uint16) uint16 {
	for _, v := range vals {
		if v != 0 {
			return v
		}
	}
	return 0
}
