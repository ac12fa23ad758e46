package ssh

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"pinch/internal/secret"
)

// settings are an Endpoint and Options put together: what one connection
// attempt goes by.
type settings struct {
	id, host, user string
	port           uint16
	alias          string // for known_hosts, "" = host
	home           string

	hostKeys   HostKeyMode
	knownHosts []string // the first gets new keys
	hashKnown  bool

	connectTimeout time.Duration // 0 = none
	silence        time.Duration // 0 = none
	aliveInterval  time.Duration // 0 = none
	aliveCountMax  int
	attempts       int

	password       secret.String
	keyPassphrase  secret.String
	keyFiles       []string // of the endpoint: offered first
	identities     []string // configured for all, or the defaults
	certificates   []string
	identitiesOnly bool
	agentFirst     bool
	agentSocket    string // "" = none
	methods        []string
	prompts        int
	prompt         PromptFunc

	kex, ciphers, macs, hostKeyAlgs []string
	hostKeyAlgsAsked                bool // HostKeyAlgorithms was given
	pubkeyAlgs                      []string

	jump         []Endpoint
	proxyCommand string
	network      string // tcp, tcp4, tcp6
	bind         string
	dialer       Dialer
	log          *slog.Logger
}

// addr is "host:port" with brackets around IPv6.
func (s *settings) addr() string {
	return net.JoinHostPort(s.host, strconv.Itoa(int(s.port)))
}

// knownName is what is looked up in known_hosts, with a port as the libraries
// want it. An alias stands for itself, whatever the port, as in ssh.
func (s *settings) knownName() string {
	if s.alias != "" {
		return net.JoinHostPort(strings.ToLower(s.alias), "22")
	}
	return net.JoinHostPort(strings.ToLower(s.host), strconv.Itoa(int(s.port)))
}

// fault starts an error about this host.
func (s *settings) fault(op string, err error, advice string) Fault {
	return Fault{Host: s.id, Addr: s.addr(), Op: op, Err: err, Advice: advice}
}

// resolve puts e and o together, with ssh's precedence: what the roster says
// outright, then the host's options, then the options of the run.
func resolve(e Endpoint, o Options) (*settings, error) {
	s := &settings{id: e.ID, home: o.Home, dialer: o.Dialer, log: o.Log, prompt: o.Prompt}
	if s.id == "" {
		s.id = e.Addr
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	fail := func(err error) (*settings, error) {
		return nil, &UnreachableError{Fault: Fault{Host: s.id, Op: "connect", Err: err}}
	}
	if s.home == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return fail(fmt.Errorf("home directory of this user: %w", err))
		}
		s.home = home
	}
	o = forHost(e, o)
	opt, err := parseSSHOptions(slices.Concat(e.SSHOptions, o.SSHOptions))
	if err != nil {
		return fail(err)
	}
	if err := s.resolveHost(e, opt); err != nil {
		return fail(err)
	}
	s.resolveTimes(o, opt)
	if err := s.resolveKnownHosts(o, opt); err != nil {
		return fail(err)
	}
	if err := s.resolveAuth(e, o, opt); err != nil {
		return fail(err)
	}
	if err := s.resolveAlgorithms(opt); err != nil {
		return fail(err)
	}
	s.resolveJump(e, opt)
	return s, nil
}

// forHost puts what an endpoint says into the options of the run.
func forHost(e Endpoint, o Options) Options {
	if e.KnownHosts != nil {
		o.KnownHosts = e.KnownHosts
	}
	if e.HostKeys != Strict {
		o.HostKeys = e.HostKeys
	}
	o.ConnectTimeout = first(e.ConnectTimeout, o.ConnectTimeout)
	o.KeepaliveInterval = first(e.KeepaliveInterval, o.KeepaliveInterval)
	o.KeepaliveCountMax = first(e.KeepaliveCountMax, o.KeepaliveCountMax)
	return o
}

func (s *settings) resolveHost(e Endpoint, opt *optionSet) error {
	s.host = strings.TrimSuffix(strings.TrimPrefix(e.Addr, "["), "]")
	if opt.hostName != "" {
		s.host = strings.TrimSuffix(strings.TrimPrefix(opt.hostName, "["), "]")
	}
	if err := checkAddr(s.host); err != nil {
		return err
	}
	s.port = first(e.Port, opt.port, 22)
	s.user = first(e.User, opt.user)
	if s.user == "" {
		u, err := user.Current()
		if err != nil {
			return fmt.Errorf("no login name is given and that of this user is not known: %w", err)
		}
		s.user = u.Username
	}
	if !validUser(s.user) {
		return fmt.Errorf("login name %q has characters that no login name has", cleanText(s.user, 80))
	}
	s.alias = first(e.HostKeyAlias, opt.hostKeyAlias)
	if s.alias != "" {
		if err := checkAddr(s.alias); err != nil {
			return fmt.Errorf("host key alias: %w", err)
		}
	}
	return nil
}

func (s *settings) resolveTimes(o Options, opt *optionSet) {
	pick := func(asked *time.Duration, common, def time.Duration) time.Duration {
		d := common
		if asked != nil {
			d = *asked
		}
		if d == 0 {
			d = def
		}
		return max(d, 0)
	}
	s.connectTimeout = pick(opt.connectTimeout, o.ConnectTimeout, DefaultConnectTimeout)
	s.aliveInterval = pick(opt.aliveInterval, o.KeepaliveInterval, DefaultKeepaliveInterval)
	s.aliveCountMax = first(opt.aliveCountMax, max(o.KeepaliveCountMax, 0), DefaultKeepaliveCountMax)
	s.silence = max(o.SilenceTimeout, 0)
	s.attempts = first(opt.attempts, 1)
}

func (s *settings) resolveKnownHosts(o Options, opt *optionSet) error {
	s.hostKeys = o.HostKeys
	if s.hostKeys == Strict && opt.strict != nil {
		s.hostKeys = *opt.strict
	}
	s.hashKnown = opt.hashKnown
	var files []string
	switch {
	case opt.userKnown != nil || opt.globalKnown != nil:
		// An option names one of the two kinds; the other keeps its default.
		files = opt.userKnown
		if opt.userKnown == nil {
			files = first2(o.KnownHosts, []string{"~/.ssh/known_hosts", "~/.ssh/known_hosts2"})
		}
		switch {
		case opt.globalKnown != nil:
			files = slices.Concat(files, opt.globalKnown)
		case o.KnownHosts == nil:
			files = slices.Concat(files, globalKnownHosts())
		}
	case o.KnownHosts != nil:
		files = o.KnownHosts
	default:
		files = slices.Concat([]string{"~/.ssh/known_hosts", "~/.ssh/known_hosts2"}, globalKnownHosts())
	}
	for _, f := range files {
		path, err := s.expand(f)
		if err != nil {
			return fmt.Errorf("known hosts file %q: %w", f, err)
		}
		s.knownHosts = append(s.knownHosts, path)
	}
	return nil
}

func globalKnownHosts() []string {
	return []string{"/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"}
}

// defaultIdentities are ssh's default key files, in ssh's order.
func defaultIdentities() []string {
	return []string{"~/.ssh/id_rsa", "~/.ssh/id_ecdsa", "~/.ssh/id_ecdsa_sk", "~/.ssh/id_ed25519", "~/.ssh/id_ed25519_sk"}
}

func (s *settings) resolveAuth(e Endpoint, o Options, opt *optionSet) error {
	s.password, s.keyPassphrase = e.Password, e.KeyPassphrase
	s.agentFirst = e.UseAgent
	s.identitiesOnly = e.IdentitiesOnly || o.IdentitiesOnly
	if opt.identitiesOnly != nil && !s.identitiesOnly {
		s.identitiesOnly = *opt.identitiesOnly
	}
	if opt.batch {
		s.prompt = nil
	}
	s.prompts = first(opt.passwordPrompts, 3)

	common := o.Identities
	switch {
	case len(opt.identities) > 0:
		common = slices.Concat(opt.identities, o.Identities)
	case o.Identities == nil && len(e.KeyFiles) == 0 && !e.UseAgent:
		common = defaultIdentities()
	}
	for _, list := range []struct {
		from []string
		to   *[]string
	}{{e.KeyFiles, &s.keyFiles}, {common, &s.identities}, {opt.certificates, &s.certificates}} {
		for _, f := range list.from {
			path, err := s.expand(f)
			if err != nil {
				return fmt.Errorf("key file %q: %w", f, err)
			}
			*list.to = append(*list.to, path)
		}
	}

	switch sock := first(opt.identityAgent, o.AgentSocket); {
	case sock == "" || sock == "SSH_AUTH_SOCK":
		s.agentSocket = os.Getenv("SSH_AUTH_SOCK")
	case sock == "none":
	default:
		path, err := s.expand(sock)
		if err != nil {
			return fmt.Errorf("agent socket %q: %w", sock, err)
		}
		s.agentSocket = path
	}

	s.methods = opt.methods
	if s.methods == nil {
		s.methods = []string{"publickey", "keyboard-interactive", "password"}
	}
	for name, allowed := range map[string]*bool{"publickey": opt.pubkey, "keyboard-interactive": opt.kbdInt, "password": opt.password} {
		if allowed != nil && !*allowed {
			s.methods = slices.DeleteFunc(slices.Clone(s.methods), func(m string) bool { return m == name })
		}
	}
	if len(s.methods) == 0 {
		return errors.New("the ssh options leave no way of logging in; allow PubkeyAuthentication or PasswordAuthentication")
	}
	return nil
}

func (s *settings) resolveAlgorithms(opt *optionSet) (err error) {
	if s.kex, err = chooseAlgorithms(opt.kex, kexAlgorithms()); err != nil {
		return fmt.Errorf("KexAlgorithms: %w", err)
	}
	if s.ciphers, err = chooseAlgorithms(opt.ciphers, cipherAlgorithms()); err != nil {
		return fmt.Errorf("Ciphers: %w", err)
	}
	if s.macs, err = chooseAlgorithms(opt.macs, macAlgorithms()); err != nil {
		return fmt.Errorf("MACs: %w", err)
	}
	s.hostKeyAlgsAsked = opt.hostAlgs != ""
	if s.hostKeyAlgs, err = chooseAlgorithms(opt.hostAlgs, hostKeyAlgorithmNames()); err != nil {
		return fmt.Errorf("HostKeyAlgorithms: %w", err)
	}
	if s.pubkeyAlgs, err = chooseAlgorithms(opt.pubkeyAlgs, pubkeyAlgorithms()); err != nil {
		return fmt.Errorf("PubkeyAcceptedAlgorithms: %w", err)
	}
	return nil
}

func (s *settings) resolveJump(e Endpoint, opt *optionSet) {
	s.network = map[string]string{"inet": "tcp4", "inet6": "tcp6"}[opt.family]
	if s.network == "" {
		s.network = "tcp"
	}
	s.bind = opt.bindAddress
	// As in ssh, whichever of the two stands; ProxyJump of the roster wins.
	s.jump = e.Jump
	s.proxyCommand = e.ProxyCommand
	if len(s.jump) == 0 && s.proxyCommand == "" && opt.proxyJump != nil {
		s.jump = *opt.proxyJump
	}
	if len(s.jump) == 0 && s.proxyCommand == "" && opt.proxyCommand != nil {
		s.proxyCommand = *opt.proxyCommand
	}
}

// expand replaces ~/, ${VARIABLE} and ssh's % tokens in a file name, and makes
// it absolute.
func (s *settings) expand(name string) (string, error) {
	path := name
	if path == "~" || strings.HasPrefix(path, "~/") {
		path = s.home + path[1:]
	} else if strings.HasPrefix(path, "~") {
		return "", errors.New("home directories of other users (~name) are not expanded; write the path")
	}
	path, err := expandEnv(path)
	if err != nil {
		return "", err
	}
	if path, err = s.tokens(path); err != nil {
		return "", err
	}
	if path == "" {
		return "", errors.New("is empty")
	}
	return filepath.Abs(path)
}

// expandEnv replaces ${NAME}; an unset variable is an error, as in ssh.
func expandEnv(text string) (string, error) {
	var b strings.Builder
	for {
		start := strings.Index(text, "${")
		if start < 0 {
			b.WriteString(text)
			return b.String(), nil
		}
		end := strings.IndexByte(text[start:], '}')
		if end < 0 {
			return "", errors.New("${ is not closed")
		}
		name := text[start+2 : start+end]
		value, ok := os.LookupEnv(name)
		if !ok {
			return "", fmt.Errorf("environment variable %q is not set", name)
		}
		b.WriteString(text[:start])
		b.WriteString(value)
		text = text[start+end+1:]
	}
}

// tokens replaces ssh's % tokens.
func (s *settings) tokens(text string) (string, error) {
	if !strings.Contains(text, "%") {
		return text, nil
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			b.WriteByte(text[i])
			continue
		}
		i++
		if i == len(text) {
			return "", errors.New("ends with a lone %; write %% for a percent sign")
		}
		switch text[i] {
		case '%':
			b.WriteByte('%')
		case 'h', 'n':
			b.WriteString(s.host)
		case 'k':
			b.WriteString(first(s.alias, s.host))
		case 'p':
			b.WriteString(strconv.Itoa(int(s.port)))
		case 'r':
			b.WriteString(s.user)
		case 'd':
			b.WriteString(s.home)
		case 'u':
			u, err := user.Current()
			if err != nil {
				return "", fmt.Errorf("%%u: %w", err)
			}
			b.WriteString(u.Username)
		case 'i':
			b.WriteString(strconv.Itoa(os.Getuid()))
		case 'l', 'L':
			name, err := os.Hostname()
			if err != nil {
				return "", fmt.Errorf("%%%c: %w", text[i], err)
			}
			if text[i] == 'L' {
				name, _, _ = strings.Cut(name, ".")
			}
			b.WriteString(name)
		default:
			return "", fmt.Errorf("%%%c is not one of %%%% %%d %%h %%i %%k %%L %%l %%n %%p %%r %%u", text[i])
		}
	}
	return b.String(), nil
}

// first returns the first value that is not zero.
func first[T comparable](values ...T) T {
	var zero T
	for _, v := range values {
		if v != zero {
			return v
		}
	}
	return zero
}

// first2 returns a unless it is nil.
func first2(a, b []string) []string {
	if a != nil {
		return a
	}
	return b
}
