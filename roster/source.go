package roster

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/roster/sshconfig"
)

// Source is one roster: something that tells of hosts.
type Source interface {
	// Name is Salt's name of the back end: flat, dir, sshconfig, ...
	Name() string
	// Entries returns the hosts in the order of the source. It fails as a
	// whole: half a roster is not used.
	Entries(ctx context.Context) ([]Entry, error)
}

// Entry is a host as a source tells of it, before defaults and checks.
type Entry struct {
	ID HostID
	// Data holds the roster's keys. It is never nil.
	Data *py.Dict
	Pos  Pos
	// KeyPos says where a key of Data stands; nil when nobody knows.
	KeyPos func(key string) Pos
	// Groups are the groups that the source puts the host in.
	Groups []string
	// Alias is the name to look up in ssh_config, "" for the address.
	Alias string
	// PreferSSHConfig takes user and port from ssh_config where Data has none.
	// Of other entries Salt's own defaults (root, 22) win over ssh_config, as
	// salt-ssh passes them to ssh.
	PreferSSHConfig bool
	// SudoPassword is the password for sudo where the source has one apart
	// from the login's.
	SudoPassword secret.String
	// Destination is the text of the command line that the entry was made of,
	// "" for entries of a roster. As a target it means this host.
	Destination string
	// Warnings are what the source noticed about the host.
	Warnings []Warning
	// Problem is set when the entry is no host at all (null, a list, ...); it
	// is reported when the host is used.
	Problem *Error
}

func (e *Entry) keyPos(key string) Pos {
	if e.KeyPos != nil {
		if p := e.KeyPos(key); p.File != "" {
			return p
		}
	}
	return e.Pos
}

// Options say how entries become hosts.
type Options struct {
	// RosterDefaults are the keys every entry starts from (master option
	// roster_defaults), nil for none.
	RosterDefaults *py.Dict
	// DefaultsPos is where RosterDefaults stands, for messages.
	DefaultsPos Pos
	// Defaults stand below the roster (master options and flags ssh_*).
	Defaults Defaults
	// SSHConfig completes the hosts as ssh would; nil leaves it out.
	SSHConfig *sshconfig.Config
	// Home and LocalUser are the calling user's.
	Home      string
	LocalUser string
	// DefaultKeys are key files to try where nothing names any; only those
	// that exist should be listed.
	DefaultKeys []string
}

// Roster is all hosts, merged from its sources.
type Roster struct {
	// Hosts are in order of first mention. Those with problems are left out.
	Hosts []*Host
	// Groups are the sources' groups (ansible), by name, in roster order.
	Groups map[string][]HostID
	// Problems are the mistakes in the entries of hosts. They matter when such
	// a host is to be used: Select returns them then.
	Problems map[HostID]Problems
	Warnings []Warning

	ids    []HostID
	byID   map[HostID]*Host
	byDest map[string]HostID // destinations of the command line
}

// Load reads the sources and merges them: of a host that several tell of, the
// keys of a later source replace those of the former ones. The error is that
// of a source as a whole; mistakes in single entries are kept in
// Roster.Problems, so that one bad entry does not keep the others from use.
func Load(ctx context.Context, opts Options, sources ...Source) (*Roster, error) {
	all, order, err := mergeEntries(ctx, sources)
	if err != nil {
		return nil, err
	}
	r := &Roster{Groups: map[string][]HostID{}, Problems: map[HostID]Problems{}, ids: order, byID: map[HostID]*Host{}, byDest: map[string]HostID{}}
	for _, id := range order {
		m := all[id]
		h, warnings, problems := opts.host(m)
		r.Warnings = append(r.Warnings, m.entry.Warnings...)
		r.Warnings = append(r.Warnings, warnings...)
		if m.entry.Destination != "" {
			r.byDest[m.entry.Destination] = id
		}
		for _, g := range m.entry.Groups {
			if !slices.Contains(r.Groups[g], id) {
				r.Groups[g] = append(r.Groups[g], id)
			}
		}
		if len(problems) > 0 {
			r.Problems[id] = problems
			continue
		}
		r.Hosts = append(r.Hosts, h)
		r.byID[id] = h
	}
	return r, nil
}

// merged is what all sources together say of one host.
type merged struct {
	entry   Entry
	source  string
	keyFrom map[string]*Entry // which entry a key comes from
}

func mergeEntries(ctx context.Context, sources []Source) (map[HostID]*merged, []HostID, error) {
	all := map[HostID]*merged{}
	var order []HostID
	for _, src := range sources {
		entries, err := src.Entries(ctx)
		if err != nil {
			return nil, nil, fmt.Errorf("roster %s: %w", src.Name(), err)
		}
		for _, e := range entries {
			m, ok := all[e.ID]
			if !ok {
				m = &merged{keyFrom: map[string]*Entry{}, entry: e}
				m.entry.Data = py.NewDict()
				all[e.ID] = m
				order = append(order, e.ID)
			} else {
				m.entry.Groups = append(m.entry.Groups, e.Groups...)
				m.entry.Warnings = append(m.entry.Warnings, e.Warnings...)
				m.entry.PreferSSHConfig = m.entry.PreferSSHConfig && e.PreferSSHConfig
				if e.Alias != "" {
					m.entry.Alias = e.Alias
				}
				if e.Destination != "" {
					m.entry.Destination = e.Destination
				}
				if e.SudoPassword.IsSet() {
					m.entry.SudoPassword = e.SudoPassword
				}
			}
			m.source = src.Name()
			m.entry.Pos = e.Pos
			m.entry.Problem = e.Problem
			m.entry.Data.Update(e.Data)
			for k := range e.Data.All() {
				m.keyFrom[py.ToStr(k)] = &e
			}
		}
	}
	for _, m := range all {
		m.entry.KeyPos = func(key string) Pos {
			if e, ok := m.keyFrom[key]; ok {
				return e.keyPos(key)
			}
			return m.entry.Pos
		}
	}
	return all, order, nil
}

// Problems are the mistakes found in a roster, in its order.
type Problems []*Error

// Error implements error, one mistake a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, e := range p {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap makes each mistake reachable by errors.As.
func (p Problems) Unwrap() []error {
	out := make([]error, len(p))
	for i, e := range p {
		out[i] = e
	}
	return out
}

// Host returns the host of that name.
func (r *Roster) Host(id HostID) (*Host, bool) {
	h, ok := r.byID[id]
	return h, ok
}

// IDs returns the names of all entries, also of those with problems, in order.
func (r *Roster) IDs() []HostID { return slices.Clone(r.ids) }
