package config

import (
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/roster"
)

// finish checks the options that pinch uses and fills in the typed fields.
func (l *loader) finish() error {
	c := l.c
	l.normalize()
	l.roots()
	l.roster()
	l.ssh()
	c.Nodegroups = l.dict("nodegroups")
	c.ListNodegroups = l.dict("ssh_list_nodegroups")
	c.Output = Output{
		Outputter: l.text("output", ""), StateOutput: l.text("state_output", "full"),
		StateVerbose: l.value("state_verbose", py.True), StateOutputDiff: l.boolean("state_output_diff", false),
		StateOutputProfile: l.boolean("state_output_profile", true), Color: l.value("color", py.None),
	}
	l.checkChoices()
	l.warn()
	if err := errors.Join(l.problems...); err != nil {
		return err
	}
	for k, v := range DefaultOpts().All() {
		if name := py.ToStr(k); !l.opts.Has(name) {
			l.opts.SetStr(name, v)
		}
	}
	l.opts.SetStr("config_dir", py.Str(c.Dir))
	if c.File != "" {
		l.opts.SetStr("conf_file", py.Str(c.File))
	}
	l.opts.SetStr("roster_file", py.Str(c.RosterFile))
	c.Opts = l.opts
	return nil
}

// normalize does what Salt does with old and empty forms of options.
func (l *loader) normalize() {
	for _, key := range []string{"nodegroups", "ssh_list_nodegroups", "roster_defaults", "ssh_minion_opts"} {
		if l.opts.Lookup(key) == py.None {
			l.opts.SetStr(key, py.NewDict())
		}
	}
	if env, ok := l.opts.GetStr("environment"); ok {
		if have, set := l.opts.GetStr("saltenv"); !set || have == py.None {
			l.opts.SetStr("saltenv", env)
			l.warning("environment", "environment: the option is called saltenv now")
		}
	}
	if backends, ok := l.opts.Lookup("fileserver_backend").(*py.List); ok {
		for i, b := range backends.Items {
			if s, isText := b.(py.Str); isText && (s == "git" || s == "hg" || s == "svn" || s == "minion") {
				backends.Items[i] = s + "fs"
			}
		}
	}
	for _, key := range []string{"file_ignore_regex", "file_ignore_glob"} {
		if s, ok := l.opts.Lookup(key).(py.Str); ok {
			l.opts.SetStr(key, py.Strings(string(s)))
		}
	}
}

// roots reads file_roots and pillar_roots, or finds the directories of a tree
// without configuration.
func (l *loader) roots() {
	c := l.c
	byLayout := c.File == "" && (c.Origin != FromNothing)
	c.FileRoots = l.readRoots("file_roots")
	if c.FileRoots == nil && byLayout {
		c.FileRoots = layoutRoots(c.Dir, "salt", "states")
		if c.FileRoots == nil && isFile(filepath.Join(c.Dir, "top.sls")) {
			c.FileRoots = []EnvRoots{{Env: "base", Dirs: []string{c.Dir}}}
		}
	}
	c.PillarRoots = l.readRoots("pillar_roots")
	if c.PillarRoots == nil && byLayout {
		c.PillarRoots = layoutRoots(c.Dir, "pillar")
	}
	if c.FileRoots == nil {
		c.FileRoots = []EnvRoots{{Env: "base", Dirs: []string{"/srv/salt", "/srv/spm/salt"}}}
	}
	if c.PillarRoots == nil {
		c.PillarRoots = []EnvRoots{{Env: "base", Dirs: []string{"/srv/pillar", "/srv/spm/pillar"}}}
	}
	l.opts.SetStr("file_roots", rootsValue(c.FileRoots))
	l.opts.SetStr("pillar_roots", rootsValue(c.PillarRoots))
}

func layoutRoots(dir string, names ...string) []EnvRoots {
	for _, n := range names {
		if d := filepath.Join(dir, n); isDir(d) {
			return []EnvRoots{{Env: "base", Dirs: []string{d}}}
		}
	}
	return nil
}

func rootsValue(roots []EnvRoots) *py.Dict {
	d := py.NewDict()
	for _, r := range roots {
		d.SetStr(r.Env, py.Strings(r.Dirs...))
	}
	return d
}

// readRoots reads a mapping of environments to lists of directories; nil when
// the option is not set.
func (l *loader) readRoots(key string) []EnvRoots {
	v, ok := l.opts.GetStr(key)
	if !ok || v == py.None {
		return nil
	}
	d, ok := v.(*py.Dict)
	if !ok {
		l.problem(key, "write `base:` and below it a list of directories", "%s: expected a mapping of environments, got %s", key, show(v))
		return nil
	}
	out := []EnvRoots{}
	for k, dirs := range d.All() {
		r := EnvRoots{Env: py.ToStr(k), Dirs: []string{}}
		switch dirs := dirs.(type) {
		case py.NoneType:
		case *py.List:
			for _, it := range dirs.Items {
				s, ok := it.(py.Str)
				if !ok {
					l.problem(key, "", "%s: %s: expected a directory, got %s", key, r.Env, show(it))
					continue
				}
				r.Dirs = append(r.Dirs, l.expandRoot(string(s))...)
			}
		default:
			// Salt takes anything but a list for no directories at all.
			l.problem(key, "put `- ` before each directory", "%s: %s: expected a list of directories, got %s", key, r.Env, show(dirs))
		}
		out = append(out, r)
	}
	return out
}

// expandRoot makes a directory absolute and expands a pattern.
func (l *loader) expandRoot(dir string) []string {
	path := l.resolve(dir)
	if !strings.ContainsAny(dir, "*?[") || exists(path) {
		return []string{path}
	}
	bases := []string{l.c.Dir, l.o.Dir}
	if l.c.Saltfile != "" {
		bases = append([]string{filepath.Dir(l.c.Saltfile)}, bases...)
	}
	for _, b := range bases {
		if names, err := filepath.Glob(l.abs(dir, b)); err == nil && len(names) > 0 {
			return names // sorted
		}
	}
	return nil
}

func (l *loader) roster() {
	c := l.c
	c.RosterDefaults = l.dict("roster_defaults")
	c.Rosters = l.list("roster", []string{"flat"})
	c.RosterDomain = l.text("roster_domain", "")
	c.RosterDir = l.resolve(l.text("roster_dir", "roster.d"))
	if f := l.text("roster_file", ""); f != "" {
		c.RosterFile = l.resolve(f)
		return
	}
	c.RosterFile = filepath.Join(c.Dir, "roster")
}

func (l *loader) ssh() {
	s := &l.c.SSH
	s.User = l.text("ssh_user", "root")
	s.Port = 22
	if v, ok := l.opts.GetStr("ssh_port"); ok && v != py.None {
		n, err := strconv.ParseUint(strings.TrimSpace(py.ToStr(v)), 10, 16)
		if err != nil || n == 0 {
			l.problem("ssh_port", "", "ssh_port %s: expected a number from 1 to 65535", show(v))
		}
		s.Port = uint16(n)
	}
	s.Password = secret.New(l.scalar("ssh_passwd"))
	s.KeyPassphrase = secret.New(l.scalar("ssh_priv_passwd"))
	s.PrivateKeys = l.privateKeys()
	s.Timeout = l.seconds("ssh_timeout", 60*time.Second) + l.seconds("timeout", 5*time.Second)
	s.Keepalive = roster.Keepalive{
		Interval: l.seconds("ssh_keepalive_interval", 60*time.Second), Count: l.integer("ssh_keepalive_count_max", 3),
	}
	s.NoKeepalive = !l.boolean("ssh_keepalive", true)
	s.Sudo = l.boolean("ssh_sudo", false)
	s.SudoUser = l.text("ssh_sudo_user", "")
	s.IdentitiesOnly = l.boolean("ssh_identities_only", false)
	s.MaxProcs = l.integer("ssh_max_procs", l.integer("max_procs", 25))
	s.MinionOpts = l.minionOpts()
	if l.opts.Has("ssh_grains") {
		s.Grains = l.dict("ssh_grains")
	}
	s.RemotePortForwards = l.list("ssh_remote_port_forwards", nil)
	s.Options = l.list("ssh_options", nil)
	if f := l.text("ssh_config_file", ""); f != "" {
		s.ConfigFile = l.resolve(f)
	}
	if f := l.text("known_hosts_file", ""); f != "" {
		s.KnownHostsFile = l.resolve(f)
	}
	s.IgnoreHostKeys = l.boolean("ignore_host_keys", false)
	s.NoHostKeys = l.boolean("no_host_keys", false)
	s.Wipe = l.boolean("ssh_wipe", false)
	s.ScanTimeout = l.seconds("ssh_scan_timeout", time.Second)
	for _, p := range l.list("ssh_scan_ports", []string{"22"}) {
		n, err := strconv.ParseUint(strings.TrimSpace(p), 10, 16)
		if err != nil || n == 0 {
			l.problem("ssh_scan_ports", "", "ssh_scan_ports: %q: expected port numbers", p)
			continue
		}
		s.ScanPorts = append(s.ScanPorts, uint16(n))
	}
}

// privateKeys returns the key salt-ssh would log in with: ssh_priv, the
// user's own with ssh_use_home_key, or the one it made in pki_dir. salt-ssh
// makes that key when it is missing; pinch does not.
func (l *loader) privateKeys() []string {
	if k := l.text("ssh_priv", ""); k != "" {
		if k == "agent-forwarding" {
			return []string{k}
		}
		return []string{l.resolve(k)}
	}
	if l.boolean("ssh_use_home_key", false) {
		if k := filepath.Join(l.o.Home, ".ssh", "id_rsa"); isFile(k) {
			return []string{k}
		}
	}
	pki := l.text("pki_dir", "/etc/salt/pki/master")
	if root := l.text("root_dir", "/"); root != "/" {
		root = l.resolve(root)
		if !strings.HasPrefix(pki, root+"/") {
			pki = filepath.Join(root, pki)
		}
	}
	if k := filepath.Join(l.resolve(pki), "ssh", "salt-ssh.rsa"); isFile(k) {
		return []string{k}
	}
	return nil
}

// minionOpts returns ssh_minion_opts without what Salt refuses in it.
func (l *loader) minionOpts() *py.Dict {
	out := py.NewDict()
	for k, v := range l.dict("ssh_minion_opts").All() {
		name := py.ToStr(k)
		if refusedMinionOpt(name) {
			l.warning("ssh_minion_opts", "ssh_minion_opts: %s is not a valid parameter there and is ignored, as in Salt", name)
			continue
		}
		out.SetStr(name, v)
	}
	return out
}

func refusedMinionOpt(name string) bool {
	lower := strings.ToLower(name)
	if i := strings.Index(lower, "fs_"); i > 0 && strings.Trim(lower[:i], "abcdefghijklmnopqrstuvwxyz0123456789") == "" {
		return true
	}
	return strings.Contains(name, "pillar") && name != "ssh_merge_pillar" || name == "fileserver_backend"
}
