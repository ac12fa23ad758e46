// Package roster says which hosts there are and how each is reached: it reads
// Salt rosters (flat, dir, sshconfig, ansible, scan) and command line targets,
// checks every setting where it was written, and decides which hosts a target
// expression means.
//
// It is used by internal/cli and internal/fleet, and knows nothing of states,
// of Jinja or of the connection itself: rosters are rendered by an injected
// Renderer, and the result is plain data (Host).
//
// Where salt-ssh silently drops an entry or matches nothing, this package says
// what is wrong. What salt-ssh itself would have answered is computed by
// SaltView, which the recorded cases are checked against.
package roster

import (
	"context"
	"strconv"
	"time"

	"pinch/internal/py"
	"pinch/internal/saltyaml"
	"pinch/internal/secret"
)

// HostID is the name of a host in the roster: Salt's minion id.
type HostID string

// Pos is a place in a source file, Line and Col counted from 1. Line 0 means
// that only the file is known, as for text that a template made.
type Pos struct {
	File string
	Line int
	Col  int
}

// String returns "file:line:col", without the parts that are not known.
func (p Pos) String() string {
	switch {
	case p.File == "":
		return ""
	case p.Line == 0:
		return p.File
	case p.Col == 0:
		return p.File + ":" + strconv.Itoa(p.Line)
	}
	return p.File + ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Col)
}

// Host is one machine and everything needed to log in to it and to become the
// right user there.
type Host struct {
	ID HostID
	// Addr is the name or address to connect to, without brackets around an
	// IPv6 address.
	Addr string
	// Port is the TCP port, 22 when nothing else is said.
	Port uint16
	// User is the login name. It is never empty in a Host from Load.
	User string
	Auth Auth
	Sudo Sudo
	// TTY asks for a pseudo terminal (roster key tty).
	TTY bool
	// Jump are the hosts to go through, first hop first (ProxyJump).
	Jump []Jump
	// ProxyCommand is run instead of a TCP connection; tokens are expanded.
	ProxyCommand string
	// ShimDir is where the remote program lives (Salt: thin_dir); "" means the
	// default places.
	ShimDir string
	// Timeout bounds the time to connect and log in.
	Timeout time.Duration
	// SSHOptions are the raw `-o` options of the roster, "Key=value", in order.
	// Those that a field of Host stands for are applied there too.
	SSHOptions []string
	// ConfigOptions are further settings from ssh_config in the same form, for
	// which there is no field (Ciphers, AddressFamily, ...). They stand below
	// SSHOptions.
	ConfigOptions []string
	Keepalive     Keepalive
	HostKeys      HostKeys
	// SetPath replaces $PATH of the remote program (roster key set_path).
	SetPath string
	// CmdUmask is the umask of the remote program, -1 when not set.
	CmdUmask int
	// MinionOpts are options of the host's own (minion_opts over
	// ssh_minion_opts), never nil.
	MinionOpts *py.Dict
	// Grains are the host's extra grains (minion_opts: grains), never nil.
	Grains *py.Dict
	// MineFunctions is the roster's mine_functions, or nil.
	MineFunctions py.Value
	// PreFlight is a local script run on the host before anything else.
	PreFlight *PreFlight
	// RemotePortForwards are ssh -R specifications.
	RemotePortForwards []string
	// Raw is the host's entry as salt-ssh sees it, with roster_defaults below
	// it. Secrets are in it as plain text: it must not be printed.
	Raw *py.Dict
	// Source names the roster back end that told of the host ("flat", ...).
	Source string
	Pos    Pos
}

// Auth is how to prove who we are.
type Auth struct {
	Password secret.String
	// PrivateKeys are paths of key files, tried in order.
	PrivateKeys []string
	// KeyPassphrase opens the private keys that need one.
	KeyPassphrase secret.String
	// Agent allows keys of the ssh agent.
	Agent bool
	// AgentSocket is the agent's socket, "" for $SSH_AUTH_SOCK.
	AgentSocket string
	// IdentitiesOnly offers no agent key that is not also in PrivateKeys.
	IdentitiesOnly bool
	// CertificateFiles are OpenSSH certificates to offer with the keys.
	CertificateFiles []string
}

// Sudo says whether and how to become another user after the login.
type Sudo struct {
	Enabled bool
	// User is the user to become, "" for root.
	User string
	// Password is what sudo may ask for: the login password, as in Salt.
	Password secret.String
}

// Jump is one hop on the way to a host, with what ssh_config says of it.
type Jump struct {
	User           string // never empty in a Host from Load
	Addr           string
	Port           uint16
	PrivateKeys    []string
	IdentitiesOnly bool
	HostKeyAlias   string
}

// String returns the hop in ssh's form, user@addr:port.
func (j Jump) String() string {
	s := j.Addr
	if j.User != "" {
		s = j.User + "@" + s
	}
	if j.Port != 0 && j.Port != 22 {
		s += ":" + strconv.Itoa(int(j.Port))
	}
	return s
}

// Keepalive is when a silent connection counts as dead: after Count
// unanswered messages, Interval apart. Interval 0 switches it off.
type Keepalive struct {
	Interval time.Duration
	Count    int
}

// HostKeys says how the host's key is checked.
type HostKeys struct {
	// Strict is StrictHostKeyChecking: "yes", "no", "accept-new", "ask", or
	// "" when nothing was said.
	Strict string
	// Files are known_hosts files (UserKnownHostsFile), empty for the usual.
	Files []string
	// GlobalFiles are GlobalKnownHostsFile, empty for the usual.
	GlobalFiles []string
	// Alias is the name to look the key up by (HostKeyAlias), "" for Addr.
	Alias string
	// Algorithms is HostKeyAlgorithms, "" for the default.
	Algorithms string
}

// PreFlight is a script of the controller that runs on the host first
// (roster keys ssh_pre_flight, ssh_pre_flight_args).
type PreFlight struct {
	Script string
	// Args is put behind the script's name, for the remote shell to read: as
	// in Salt it is not quoted.
	Args string
}

// Rendered is the content of a roster file.
type Rendered struct {
	Value py.Value
	// Positions tells where the entries stand in the file. It is nil when the
	// text was made by a template, so that lines may have moved.
	Positions *saltyaml.Positions
}

// Renderer renders a roster file, jinja|yaml unless its first line says
// otherwise. path is for messages; text is the file's content. An error should
// name the line; the file is named by the caller.
type Renderer func(ctx context.Context, path string, text []byte) (Rendered, error)
