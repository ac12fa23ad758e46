package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"pinch/internal/config"
	"pinch/internal/fleet"
	"pinch/internal/py"
	"pinch/internal/rosterrender"
	"pinch/internal/secret"
	"pinch/roster"
	"pinch/roster/sshconfig"
	"pinch/ssh"
	"pinch/states"
)

// selection is the hosts that a target means.
type selection struct {
	hosts []*roster.Host
	// filter decides about hosts that depend on grains; nil when none does.
	filter func(h *roster.Host, grains *py.Dict) (bool, error)
	roster *roster.Roster // nil with --local
}

// peers finds hosts of the roster that was loaded, for the functions that ask
// other hosts.
func (s *selection) peers(conf *config.Config) fleet.Peers {
	if s.roster == nil {
		return nil
	}
	return func(kind, expr string) ([]*roster.Host, func(*roster.Host, *py.Dict) (bool, error), error) {
		sel, err := choose(s.roster, conf, kind, expr, "")
		if err != nil {
			return nil, nil, err
		}
		return sel.hosts, sel.filter, nil
	}
}

// choose holds a target against a roster.
func choose(r *roster.Roster, conf *config.Config, kind, expr, delimiter string) (*selection, error) {
	groups := conf.Groups()
	groups.Source = r.Groups
	t, err := roster.NewTarget(kind, expr, delimiter, groups)
	if err != nil {
		return nil, err
	}
	sel, err := r.Select(t)
	if err != nil {
		return nil, err
	}
	out := &selection{hosts: append(sel.Yes, sel.Maybe...), roster: r}
	if len(sel.Maybe) == 0 {
		return out, nil
	}
	maybe := map[roster.HostID]bool{}
	for _, h := range sel.Maybe {
		maybe[h.ID] = true
	}
	out.filter = func(h *roster.Host, grains *py.Dict) (bool, error) {
		if !maybe[h.ID] {
			return true, nil
		}
		switch t.Match(h, roster.Facts{Grains: grains}) {
		case roster.Yes:
			return true, nil
		case roster.NeedPillar:
			return false, fmt.Errorf("%s: target %q depends on pillar, which is not supported for choosing hosts; use grains, names or nodegroups", h.ID, expr)
		}
		return false, nil
	}
	return out, nil
}

// hosts finds the hosts of a target.
func (a *app) hosts(ctx context.Context, c *cli.Context, conf *config.Config, tree *states.Tree, expr string, log *slog.Logger) (*selection, error) {
	if c.Bool("local") {
		id := c.String("id")
		if id == "" {
			id = tree.Opts().String("id")
		}
		if id == "" {
			name, err := os.Hostname()
			if err != nil {
				return nil, fmt.Errorf("the minion id: %w", err)
			}
			id = name
		}
		return &selection{hosts: []*roster.Host{{
			ID: roster.HostID(id), MinionOpts: py.NewDict(), Grains: py.NewDict(),
			Sudo: roster.Sudo{Enabled: c.Bool("sudo")}, CmdUmask: -1,
		}}}, nil
	}
	r, err := a.loadRoster(ctx, c, conf, tree, expr)
	if err != nil {
		return nil, err
	}
	for _, w := range r.Warnings {
		log.Warn(w.String())
	}
	return choose(r, conf, targetKind(c), expr, c.String("delimiter"))
}

func targetKind(c *cli.Context) string {
	for flag, kind := range map[string]string{"pcre": "pcre", "list": "list", "grain": "grain", "grain-pcre": "grain_pcre", "nodegroup": "nodegroup", "compound": "compound"} {
		if c.Bool(flag) {
			return kind
		}
	}
	return "glob"
}

// loadRoster reads the roster back ends in the order given.
func (a *app) loadRoster(ctx context.Context, c *cli.Context, conf *config.Config, tree *states.Tree, expr string) (*roster.Roster, error) {
	sshConf, err := a.sshConfig(conf)
	if err != nil {
		return nil, err
	}
	kinds := conf.Rosters
	if v := c.String("roster"); v != "" {
		kinds = strings.Split(v, ",")
	}
	file := conf.RosterFile
	if v := c.String("roster-file"); v != "" {
		file = v
	}
	sources, err := roster.Sources(kinds, roster.SourceConfig{
		RosterFile: file, RosterDir: conf.RosterDir, RosterDomain: conf.RosterDomain, SSHConfig: sshConf,
		Render:       rosterrender.New(rosterrender.Options{Opts: tree.Opts()}),
		ScanNetworks: strings.Split(expr, ","), ScanPorts: conf.SSH.ScanPorts, ScanTimeout: conf.SSH.ScanTimeout,
	})
	if err != nil {
		return nil, &usageError{err.Error()}
	}
	if targetKind(c) == "glob" && roster.LooksBare(expr) {
		sources = []roster.Source{&roster.Bare{Destinations: []string{expr}}}
	} else if err := a.rosterThere(kinds, file, conf); err != nil {
		return nil, err
	}
	opts := roster.Options{RosterDefaults: conf.RosterDefaults, Defaults: conf.RosterDefaultsOf(), Home: a.env.Home, LocalUser: localUser()}
	if v := c.String("user"); v != "" {
		opts.Defaults.User = v
	}
	if v := c.String("priv"); v != "" {
		opts.Defaults.PrivateKeys = []string{v}
	}
	if d := c.Duration("connect-timeout"); d > 0 {
		opts.Defaults.Timeout = d
	}
	if c.Bool("sudo") {
		opts.Defaults.Sudo = true
	}
	if c.Bool("identities-only") {
		opts.Defaults.IdentitiesOnly = true
	}
	if c.Bool("askpass") {
		p, err := a.ask(ctx, ssh.PromptPassword, "Password: ")
		if err != nil {
			return nil, err
		}
		opts.Defaults.Password = p
	}
	opts.SSHConfig = sshConf
	return roster.Load(ctx, opts, sources...)
}

// rosterThere tells a newcomer what to do when there is no roster at all.
func (a *app) rosterThere(kinds []string, file string, conf *config.Config) error {
	flat := false
	for _, k := range kinds {
		flat = flat || k == "flat" || k == ""
	}
	if !flat {
		return nil
	}
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("roster %s: there is no such file; write one (web1: {host: 192.0.2.7, user: root}), name one with --roster-file, or give user@host as the target (the configuration is from %s)", file, conf.Origin)
	}
	return nil
}

// sshConfig reads the person's ssh configuration and the system's.
func (a *app) sshConfig(conf *config.Config) (*sshconfig.Config, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost" // only %l and %L of the configuration need it
	}
	return roster.LoadSSHConfig(roster.SSHFiles{File: conf.SSH.ConfigFile, Env: sshconfig.Env{
		Home: a.env.Home, User: localUser(), UID: strconv.Itoa(os.Getuid()), Hostname: host,
		Getenv: func(name string) (string, bool) { v := a.env.Getenv(name); return v, v != "" },
		Exec: func(command string) (bool, error) {
			err := exec.Command("/bin/sh", "-c", command).Run()
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				return false, nil
			}
			return err == nil, err
		},
	}})
}

func localUser() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

// sshOptions are what all connections share.
func (a *app) sshOptions(c *cli.Context, conf *config.Config, log *slog.Logger) (ssh.Options, error) {
	o := ssh.Options{
		Log: log, Home: a.env.Home, SSHOptions: append(append([]string{}, conf.SSH.Options...), c.StringSlice("ssh-option")...),
		ConnectTimeout: conf.SSH.Timeout, SilenceTimeout: c.Duration("silence-timeout"),
		KeepaliveInterval: conf.SSH.Keepalive.Interval, KeepaliveCountMax: conf.SSH.Keepalive.Count,
	}
	switch {
	case c.Bool("ignore-host-keys") || conf.SSH.IgnoreHostKeys:
		o.HostKeys = ssh.IgnoreKeys
	case c.Bool("accept-new"):
		o.HostKeys = ssh.AcceptNew
	}
	if d := c.Duration("connect-timeout"); d > 0 {
		o.ConnectTimeout = d
	}
	if conf.SSH.NoKeepalive {
		o.KeepaliveInterval = -1 * time.Second
	}
	if a.canAsk() {
		o.Prompt = a.ask
	}
	return o, ssh.CheckSSHOptions(o.SSHOptions)
}

func (a *app) canAsk() bool {
	f, ok := a.env.Stdin.(*os.File)
	return ok && a.env.StderrTTY && term.IsTerminal(int(f.Fd()))
}

// ask asks the person at the terminal for a secret.
func (a *app) ask(_ context.Context, _ ssh.PromptKind, text string) (secret.String, error) {
	f, ok := a.env.Stdin.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return secret.String{}, errors.New("there is no terminal to ask at")
	}
	fmt.Fprint(a.env.Stderr, text)
	b, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(a.env.Stderr)
	return secret.New(string(b)), err
}
