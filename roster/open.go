package roster

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pinch/roster/sshconfig"
)

// SourceConfig is what the back ends need.
type SourceConfig struct {
	// RosterFile is the file of flat and ansible; RosterDir and RosterDomain
	// are for dir.
	RosterFile   string
	RosterDir    string
	RosterDomain string
	Render       Renderer
	// SSHConfig is the ssh configuration, for sshconfig.
	SSHConfig *sshconfig.Config
	// ScanNetworks are the addresses and networks to scan: the target.
	ScanNetworks []string
	ScanPorts    []uint16
	ScanTimeout  time.Duration
}

// Backends lists the names that Sources knows.
func Backends() []string { return []string{"flat", "dir", "sshconfig", "ansible", "scan"} }

// Sources returns the back ends of those names, in order; no name means flat.
// Salt silently leaves out a back end it does not have; here that is an error.
func Sources(names []string, c SourceConfig) ([]Source, error) {
	if len(names) == 0 {
		names = []string{"flat"}
	}
	var out []Source
	for _, n := range names {
		switch n {
		case "flat", "":
			out = append(out, &Flat{Path: c.RosterFile, Render: c.Render})
		case "dir":
			out = append(out, &Dir{Path: c.RosterDir, Domain: c.RosterDomain, Render: c.Render})
		case "sshconfig":
			out = append(out, &SSHConfig{Config: c.SSHConfig})
		case "ansible":
			out = append(out, &Ansible{Path: c.RosterFile})
		case "scan":
			out = append(out, &Scan{Networks: c.ScanNetworks, Ports: c.ScanPorts, Timeout: c.ScanTimeout})
		default:
			why := "there is no such roster back end"
			switch n {
			case "cache", "range", "sshknownhosts", "cloud", "clustershell", "terraform":
				why = "this roster back end of Salt is not supported"
			}
			advice := "known ones are " + strings.Join(Backends(), ", ")
			if like := near(n, Backends()); len(like) > 0 {
				advice = "did you mean " + like[0] + "?"
			}
			return nil, &Error{Msg: fmt.Sprintf("roster %q: %s", n, why), Advice: advice}
		}
	}
	return out, nil
}

// SSHFiles says which ssh configuration to read.
type SSHFiles struct {
	// Env is the environment; ReadFile and Glob are filled in.
	Env sshconfig.Env
	// File replaces the user's and the system's files, as ssh's -F does; "none"
	// reads none.
	File string
}

// LoadSSHConfig reads ~/.ssh/config and /etc/ssh/ssh_config, or the file named.
func LoadSSHConfig(f SSHFiles) (*sshconfig.Config, error) {
	env := f.Env
	env.ReadFile, env.Glob = os.ReadFile, filepath.Glob
	switch f.File {
	case "none":
		return sshconfig.Load(env)
	case "":
		return sshconfig.Load(env,
			sshconfig.File{Path: filepath.Join(env.Home, ".ssh", "config")},
			sshconfig.File{Path: "/etc/ssh/ssh_config", System: true})
	}
	return sshconfig.Load(env, sshconfig.File{Path: f.File, Required: true})
}

// DefaultKeys returns the key files that ssh tries by itself, as far as they
// exist in home.
func DefaultKeys(home string) []string {
	var out []string
	for _, n := range []string{"id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk"} {
		p := filepath.Join(home, ".ssh", n)
		if info, err := os.Stat(p); err == nil && info.Mode().IsRegular() {
			out = append(out, p)
		}
	}
	return out
}
