package roster

import (
	"context"
	"errors"
	"strings"

	"pinch/internal/py"
	"pinch/roster/sshconfig"
)

// SSHConfig is the roster of all names on Host lines of the ssh configuration
// that are no patterns.
//
// salt-ssh reads these files line by line and knows only User, Port and
// IdentityFile; here ssh's own rules hold, with HostName, Include, Match,
// negated patterns and the first value winning.
type SSHConfig struct {
	Config *sshconfig.Config
}

// Name implements Source.
func (*SSHConfig) Name() string { return "sshconfig" }

// Entries implements Source.
func (s *SSHConfig) Entries(context.Context) ([]Entry, error) {
	if s.Config == nil {
		return nil, errors.New("no ssh configuration was found; create ~/.ssh/config or name one with ssh_config_file")
	}
	var out []Entry
	for _, h := range s.Config.Hosts() {
		out = append(out, Entry{
			ID: HostID(h.Name), Data: py.NewDict(), Alias: h.Name, PreferSSHConfig: true,
			Pos: Pos{File: h.File, Line: h.Line, Col: 1},
		})
	}
	return out, nil
}

// Bare is a roster of destinations from the command line: user@host:port,
// ssh://user@host:port, or a name of the ssh configuration.
type Bare struct {
	Destinations []string
}

// Name implements Source.
func (*Bare) Name() string { return "command line" }

// Entries implements Source.
func (b *Bare) Entries(context.Context) ([]Entry, error) {
	var out []Entry
	for _, d := range b.Destinations {
		e, err := bareEntry(d)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func bareEntry(dest string) (Entry, error) {
	j, err := sshconfig.ParseDestination(strings.TrimSpace(dest))
	if err != nil {
		return Entry{}, &Error{Pos: Pos{File: "target"}, Err: err, Advice: "write user@host or user@host:port"}
	}
	e := Entry{ID: HostID(j.Host), Data: py.DictOf("host", py.Str(j.Host)), PreferSSHConfig: true, Alias: j.Host, Destination: dest, Pos: Pos{File: "command line"}}
	if j.User != "" {
		e.Data.SetStr("user", py.Str(j.User))
	}
	if j.Port != 0 {
		e.Data.SetStr("port", py.Int(int64(j.Port)))
	}
	return e, nil
}

// LooksBare says whether a target is a destination rather than a pattern of
// the roster: it names a user or a port, or is an ssh:// URL.
func LooksBare(target string) bool {
	if strings.ContainsAny(target, "*?,|() \t\n") {
		return false
	}
	if strings.HasPrefix(target, "ssh://") {
		return true
	}
	user, host, found := strings.Cut(target, "@")
	return found && user != "" && host != ""
}
