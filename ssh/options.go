package ssh

import (
	"context"
	"log/slog"
	"net"
	"time"

	"pinch/internal/secret"
)

// HostKeyMode says what to do with a host key that is not in known_hosts.
type HostKeyMode int

// The host key modes.
const (
	// Strict refuses unknown and changed keys. It is the default.
	Strict HostKeyMode = iota
	// AcceptNew stores the key of an unknown host and refuses a changed key,
	// as ssh's StrictHostKeyChecking=accept-new does.
	AcceptNew
	// IgnoreKeys is salt-ssh's -i (StrictHostKeyChecking=no): the key of an
	// unknown host is stored, and a changed key is accepted with a warning,
	// after which neither a password nor an answer to a prompt is sent. A
	// revoked key is refused here too, where ssh goes on.
	IgnoreKeys
)

// String returns ssh's word for the mode: "yes", "accept-new" or "no".
func (m HostKeyMode) String() string {
	switch m {
	case AcceptNew:
		return "accept-new"
	case IgnoreKeys:
		return "no"
	default:
		return "yes"
	}
}

// PromptKind says what a prompt asks for.
type PromptKind int

// The kinds of prompts.
const (
	PromptPassphrase PromptKind = iota // of a private key file
	PromptPassword                     // of a user on a host
	PromptAnswer                       // to a question of the host, a one-time code for example
)

// PromptFunc asks a person for a secret. text is the whole prompt as ssh writes
// it, with the blank at its end, free of control characters. Calls are made one
// at a time. It returns an error when the person declines or ctx ends.
type PromptFunc func(ctx context.Context, kind PromptKind, text string) (secret.String, error)

// Dialer opens the network connection to a host or to the first jump host.
// *net.Dialer is one.
type Dialer interface {
	DialContext(ctx context.Context, network, addr string) (net.Conn, error)
}

// The defaults of Options. The first three are salt-ssh's.
const (
	DefaultConnectTimeout    = 60 * time.Second
	DefaultKeepaliveInterval = 60 * time.Second
	DefaultKeepaliveCountMax = 3
)

// Options hold what is common to all hosts of a run. The zero value is usable
// and strict.
type Options struct {
	// KnownHosts are the files host keys are looked up in; new keys are added
	// to the first. "~" and ssh's % tokens are expanded. nil means
	// ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts.
	KnownHosts []string
	// HostKeys is what to do with unknown and changed keys. A
	// StrictHostKeyChecking in SSHOptions counts only while this is Strict.
	HostKeys HostKeyMode

	// ConnectTimeout bounds everything up to the authenticated connection:
	// name lookup, TCP, jump hosts, key exchange, authentication. Time a person
	// takes to answer a prompt does not count. 0 means DefaultConnectTimeout,
	// negative means no limit.
	ConnectTimeout time.Duration
	// SilenceTimeout ends an operation that waits for the host when no byte for
	// it came for so long. 0 means no limit: states may be silent for minutes,
	// and a dead network is found by the keepalive.
	SilenceTimeout time.Duration
	// KeepaliveInterval is how long the connection may be idle before the host
	// is asked for a sign of life. 0 means DefaultKeepaliveInterval, negative
	// switches keepalives off.
	KeepaliveInterval time.Duration
	// KeepaliveCountMax is the number of unanswered keepalives after which the
	// connection counts as lost. 0 means DefaultKeepaliveCountMax.
	KeepaliveCountMax int

	// AgentSocket is the path of the agent's socket; "" means $SSH_AUTH_SOCK,
	// "none" means no agent.
	AgentSocket string
	// Identities are the private key files for all hosts; nil means ssh's
	// defaults (~/.ssh/id_rsa, id_ecdsa, id_ed25519, ... as far as they exist).
	Identities []string
	// IdentitiesOnly keeps the agent's other keys from being offered.
	IdentitiesOnly bool
	// Prompt asks for passphrases and passwords. nil means there is nobody to
	// ask: a key that needs a passphrase is then reported and passed over.
	Prompt PromptFunc

	// Dialer replaces the system's network, for tests. nil means net.Dialer.
	Dialer Dialer
	// Log gets warnings (changed host keys, unreadable key files) and debug
	// lines; nil means none.
	Log *slog.Logger
	// SSHOptions are options as after ssh's -o ("ProxyJump=bastion"), for all
	// hosts. See CheckSSHOptions.
	SSHOptions []string
	// Home replaces the home directory of the person, for tests.
	Home string
}

// Endpoint is one host to connect to: what the roster knows of it.
type Endpoint struct {
	// ID names the host in errors and logs.
	ID string
	// Addr is a name or an IP address, without port, IPv6 with or without
	// brackets.
	Addr string
	// Port is the TCP port; 0 means Port of the SSHOptions or 22.
	Port uint16
	// User is the login name; "" means User of the SSHOptions or the name of
	// the person running pinch.
	User string
	// Password is for password and keyboard-interactive authentication.
	Password secret.String
	// KeyFiles are private key files (roster: priv). They are offered first,
	// and the default key files are then left out.
	KeyFiles []string
	// KeyPassphrase decrypts KeyFiles (roster: priv_passwd).
	KeyPassphrase secret.String
	// UseAgent offers the agent's keys and no default key files (roster:
	// "priv: agent-forwarding"). Without it the agent is used too, after
	// KeyFiles.
	UseAgent bool
	// IdentitiesOnly is as in Options, for this host.
	IdentitiesOnly bool
	// Jump are the hosts to go through, outermost first. Connections to jump
	// hosts are shared by all hosts of a Pool.
	Jump []Endpoint
	// ProxyCommand is a shell command whose input and output stand for the
	// network; % tokens are expanded. It counts when Jump is empty.
	ProxyCommand string
	// HostKeyAlias is the name to look up in known_hosts instead of Addr.
	HostKeyAlias string
	// KnownHosts and HostKeys are as in Options, for this host. nil and Strict
	// mean what the Options say.
	KnownHosts []string
	HostKeys   HostKeyMode
	// ConnectTimeout, KeepaliveInterval and KeepaliveCountMax are as in
	// Options, for this host; 0 means what the Options say. An ssh option of
	// the host counts before them.
	ConnectTimeout    time.Duration
	KeepaliveInterval time.Duration
	KeepaliveCountMax int
	// SSHOptions are as in Options, for this host; they take precedence.
	SSHOptions []string
}
