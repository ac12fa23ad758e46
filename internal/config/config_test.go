package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/config"
	"pinch/internal/py"
	"pinch/roster"
)

// unpack writes an archive ("-- name --" lines, each followed by the file's
// text) to a new directory and returns it.
func unpack(t *testing.T, archive string) string {
	t.Helper()
	dir := t.TempDir()
	path := ""
	files := map[string]string{}
	for _, line := range strings.SplitAfter(archive, "\n") {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "-- "); ok {
			path = strings.TrimSuffix(name, " --")
			files[path] = ""
		} else if path != "" {
			files[path] += line
		}
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// options are those of a run in dir/cwd, with nothing outside dir.
func options(dir, cwd string) config.Options {
	return config.Options{Dir: filepath.Join(dir, cwd), Home: filepath.Join(dir, "home"), SystemDir: filepath.Join(dir, "etc-salt")}
}

func load(t *testing.T, o config.Options) *config.Config {
	t.Helper()
	c, err := config.Load(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func rel(dir string, roots []config.EnvRoots) []config.EnvRoots {
	var out []config.EnvRoots
	for _, r := range roots {
		n := config.EnvRoots{Env: r.Env, Dirs: []string{}}
		for _, d := range r.Dirs {
			n.Dirs = append(n.Dirs, strings.TrimPrefix(d, dir+"/"))
		}
		out = append(out, n)
	}
	return out
}

func TestFind(t *testing.T) {
	tree := `
-- proj/Saltfile --
salt-ssh:
  config_dir: conf
  ssh_max_procs: 7
-- proj/conf/master --
state_output: from-saltfile
-- proj/sub/deep/file --
-- env/master --
state_output: from-env
-- given/master --
state_output: from-flag
-- local/etc/salt/master --
state_output: from-tree
-- local/master --
state_output: not this
-- plain/master --
state_output: from-file
-- conv/salt/top.sls --
-- conv/pillar/top.sls --
-- conv/roster --
-- topdir/top.sls --
-- empty/file --
-- home/.salt/none --
-- etc-salt/master --
state_output: from-system
`
	cases := []struct {
		name, cwd string
		set       func(dir string, o *config.Options)
		origin    config.Origin
		state     string
		file      string
	}{
		{"saltfile", "proj", nil, config.FromSaltfile, "from-saltfile", "proj/conf/master"},
		{"saltfile from below", "proj/sub/deep", nil, config.FromSaltfile, "from-saltfile", "proj/conf/master"},
		{"flag wins", "proj", func(dir string, o *config.Options) { o.ConfigDir = filepath.Join(dir, "given") }, config.FromFlag, "from-flag", "given/master"},
		{"flag relative", "empty", func(_ string, o *config.Options) { o.ConfigDir = "../given" }, config.FromFlag, "from-flag", "given/master"},
		{"flag names the file", "empty", func(_ string, o *config.Options) { o.ConfigDir = "../given/master" }, config.FromFlag, "from-flag", "given/master"},
		{"environment", "empty", func(dir string, o *config.Options) {
			o.Getenv = func(n string) string { return map[string]string{"SALT_CONFIG_DIR": filepath.Join(dir, "env")}[n] }
		}, config.FromEnv, "from-env", "env/master"},
		{"saltfile wins over environment", "proj", func(dir string, o *config.Options) {
			o.Getenv = func(n string) string { return map[string]string{"SALT_CONFIG_DIR": filepath.Join(dir, "env")}[n] }
		}, config.FromSaltfile, "from-saltfile", "proj/conf/master"},
		{"master from environment", "empty", func(dir string, o *config.Options) {
			o.Getenv = func(n string) string {
				return map[string]string{"SALT_MASTER_CONFIG": filepath.Join(dir, "given/master")}[n]
			}
		}, config.FromEnv, "from-flag", "given/master"},
		{"tree", "local", nil, config.FromTree, "from-tree", "local/etc/salt/master"},
		{"file", "plain", nil, config.FromFile, "from-file", "plain/master"},
		{"convention", "conv", nil, config.FromConvention, "full", ""},
		{"flag without master", "empty", func(_ string, o *config.Options) { o.ConfigDir = "../conv" }, config.FromFlag, "full", ""},
		{"system", "empty", nil, config.FromSystem, "from-system", "etc-salt/master"},
		{"nothing", "empty", func(dir string, o *config.Options) { o.SystemDir = filepath.Join(dir, "nowhere") }, config.FromNothing, "full", ""},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			dir := unpack(t, tree)
			o := options(dir, tc.cwd)
			if tc.set != nil {
				tc.set(dir, &o)
			}
			c := load(t, o)
			if c.Origin != tc.origin || c.Output.StateOutput != tc.state || strings.TrimPrefix(c.File, dir+"/") != tc.file {
				t.Errorf("origin %q, state_output %q, file %q", c.Origin, c.Output.StateOutput, c.File)
			}
			if tc.origin == config.FromSaltfile && c.SSH.MaxProcs != 7 {
				t.Errorf("ssh_max_procs %d", c.SSH.MaxProcs)
			}
		})
	}
	dir := unpack(t, tree)
	c := load(t, options(dir, "conv"))
	if d := cmp.Diff([]config.EnvRoots{{Env: "base", Dirs: []string{"conv/salt"}}}, rel(dir, c.FileRoots)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]config.EnvRoots{{Env: "base", Dirs: []string{"conv/pillar"}}}, rel(dir, c.PillarRoots)); d != "" {
		t.Error(d)
	}
	if c.RosterFile != filepath.Join(dir, "conv/roster") {
		t.Errorf("roster %q", c.RosterFile)
	}
	if c := load(t, options(dir, "topdir")); len(c.FileRoots) != 1 || c.FileRoots[0].Dirs[0] != filepath.Join(dir, "topdir") {
		t.Errorf("top.sls in the working directory: %v", c.FileRoots)
	}
}

func TestRootsAndPaths(t *testing.T) {
	dir := unpack(t, `
-- Saltfile --
salt-ssh:
  config_dir: etc/salt
  roster_file: hosts/roster
-- etc/salt/master --
file_roots:
  base:
    - states
    - ./formulas/*
    - /abs/dir
  dev: []
  none:
pillar_roots:
  base: [pillar]
ssh_priv: keys/id
root_dir: run
-- etc/salt/pillar/top.sls --
-- states/top.sls --
-- formulas/b/x --
-- formulas/a/x --
-- hosts/roster --
-- etc/salt/keys/id --
-- sub/x --
`)
	want := []config.EnvRoots{
		{Env: "base", Dirs: []string{"states", "formulas/a", "formulas/b", "/abs/dir"}}, {Env: "dev", Dirs: []string{}}, {Env: "none", Dirs: []string{}},
	}
	for _, cwd := range []string{"", "sub"} {
		c := load(t, options(dir, cwd))
		if d := cmp.Diff(want, rel(dir, c.FileRoots)); d != "" {
			t.Errorf("in %q: %s", cwd, d)
		}
		if d := cmp.Diff([]config.EnvRoots{{Env: "base", Dirs: []string{"etc/salt/pillar"}}}, rel(dir, c.PillarRoots)); d != "" {
			t.Errorf("in %q: %s", cwd, d)
		}
		if c.RosterFile != filepath.Join(dir, "hosts/roster") {
			t.Errorf("in %q: roster file %q", cwd, c.RosterFile)
		}
		if d := cmp.Diff([]string{filepath.Join(dir, "etc/salt/keys/id")}, c.SSH.PrivateKeys); d != "" {
			t.Errorf("in %q: %s", cwd, d)
		}
		if got := py.Repr(c.Opts.Lookup("pillar_roots")); got != "{'base': ['"+dir+"/etc/salt/pillar']}" {
			t.Errorf("opts: %s", got)
		}
	}
}

func TestIncludes(t *testing.T) {
	dir := unpack(t, `
-- master --
include: [extra/*.conf, gone.conf]
nodegroups:
  a: main
state_output: terse
unknown_thing: {x: 1}
-- master.d/10.conf --
nodegroups:
  b: ten
ssh_options: [A=1]
-- master.d/20.conf --
nodegroups:
  c: twenty
ssh_options: [B=2, A=1]
-- master.d/ignored.txt --
state_output: wrong
-- extra/x.conf --
state_output: mixed
include: more.inc
-- extra/more.inc --
state_output: changes
`)
	c := load(t, options(dir, ""))
	if got := py.Repr(c.Nodegroups); got != "{'b': 'ten', 'c': 'twenty'}" {
		t.Errorf("files of master.d are merged with each other and replace the master's key: %s", got)
	}
	if d := cmp.Diff([]string{"A=1", "B=2"}, c.SSH.Options); d != "" {
		t.Error(d)
	}
	if c.Output.StateOutput != "changes" {
		t.Errorf("state_output %q: an include's include wins", c.Output.StateOutput)
	}
	if got := py.Repr(c.Opts.Lookup("unknown_thing")); got != "{'x': 1}" {
		t.Errorf("unknown options are kept: %s", got)
	}
	if p := c.Pos("state_output"); p.String() != filepath.Join(dir, "extra/more.inc")+":1:1" {
		t.Errorf("place of state_output: %s", p)
	}
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0].String(), "master:1:1: include: gone.conf matches no files") {
		t.Errorf("warnings %v", c.Warnings)
	}
}

func TestTyped(t *testing.T) {
	dir := unpack(t, `
-- master --
ssh_user: bob
ssh_port: "2222"
ssh_passwd: 0123
ssh_timeout: 10
timeout: 2.5
ssh_sudo: "True"
ssh_keepalive: no
ssh_minion_opts: {a: 1, gitfs_remotes: [x], pillar_x: 2, ssh_merge_pillar: false}
ssh_scan_ports: 22,2200
roster: flat,ansible
roster_defaults: {user: x}
nodegroups:
ssh_list_nodegroups: {g: [a, b]}
environment: dev
fileserver_backend: [git, roots, hg]
master_tops: {ext_nodes: x}
file_root: typo
file_ignore_glob: '*.pyc'
`)
	c := load(t, options(dir, ""))
	s := c.SSH
	if s.User != "bob" || s.Port != 2222 || s.Password.Reveal() != "123" || s.Timeout != 12500*time.Millisecond || !s.Sudo || !s.NoKeepalive {
		t.Errorf("%+v", s)
	}
	if got := py.Repr(s.MinionOpts); got != "{'a': 1, 'ssh_merge_pillar': False}" {
		t.Errorf("ssh_minion_opts %s", got)
	}
	if d := cmp.Diff([]string{"flat", "ansible"}, c.Rosters); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]uint16{22, 2200}, s.ScanPorts); d != "" {
		t.Error(d)
	}
	if c.Nodegroups.Len() != 0 || c.ListNodegroups.Len() != 1 {
		t.Error("nodegroups")
	}
	for key, want := range map[string]string{
		"saltenv": "'dev'", "fileserver_backend": "['gitfs', 'roots', 'hgfs']", "file_ignore_glob": "['*.pyc']",
		"renderer": "'jinja|yaml'", "state_auto_order": "True", "conf_file": "'" + dir + "/master'",
	} {
		if got := py.Repr(c.Opts.Lookup(key)); got != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	var got []string
	for _, w := range c.Warnings {
		got = append(got, strings.TrimPrefix(w.String(), dir+"/"))
	}
	want := []string{
		"master:14:1: environment: the option is called saltenv now",
		"master:8:1: ssh_minion_opts: gitfs_remotes is not a valid parameter there and is ignored, as in Salt",
		"master:8:1: ssh_minion_opts: pillar_x is not a valid parameter there and is ignored, as in Salt",
		"master:16:1: master_tops is not supported: external tops are not asked; put the states into top.sls",
		"master:15:1: fileserver_backend: hgfs is not supported; its files are missing",
		"master:17:1: file_root is no option of Salt; did you mean file_roots?",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestErrors(t *testing.T) {
	cases := map[string]struct{ archive, want string }{
		"broken yaml":    {"-- master --\na: [\n", "master:2:1: the configuration is no valid YAML"},
		"tab":            {"-- master --\na:\n\tb: 1\n", "master:2:1: the configuration is no valid YAML"},
		"duplicate":      {"-- master --\na: 1\na: 2\n", "master:2:1: the configuration is no valid YAML"},
		"list":           {"-- master --\n- a\n", "master:1:1: expected a mapping of options, got list ['a']"},
		"roots type":     {"-- master --\nx: 1\nfile_roots: /srv/salt\n", "master:2:1: file_roots: expected a mapping of environments, got '/srv/salt' (write `base:`"},
		"roots text":     {"-- master --\nfile_roots:\n  base: /srv/salt\n", "master:1:1: file_roots: base: expected a list of directories, got '/srv/salt'"},
		"roots int":      {"-- master --\nfile_roots:\n  base: [5]\n", "file_roots: base: expected a directory, got 5"},
		"port":           {"-- master --\nssh_port: abc\n", "master:1:1: ssh_port 'abc': expected a number from 1 to 65535"},
		"bool":           {"-- master --\nssh_sudo: maybe\n", "master:1:1: ssh_sudo: expected True or False, got 'maybe'"},
		"number":         {"-- master --\nssh_timeout: soon\n", "master:1:1: ssh_timeout: expected a number"},
		"groups":         {"-- master --\nnodegroups: [a]\n", "master:1:1: nodegroups: expected a mapping"},
		"two at once":    {"-- master --\nssh_port: 0\nssh_user: 5\n", "master:2:1: ssh_user: expected text, got 5"},
		"in master.d":    {"-- master --\n-- master.d/a.conf --\n\n\nssh_port: x\n", "master.d/a.conf:3:1: ssh_port"},
		"broken include": {"-- master --\n-- master.d/a.conf --\na: {\n", "master.d/a.conf:2:1: the configuration is no valid YAML"},
		"include type":   {"-- master --\ninclude: 5\n", "master:1:1: include: expected a file name"},
		"include loop":   {"-- master --\ninclude: b\n-- b --\ninclude: b\n", "b:1:1: include: files include each other"},
		"saltfile yaml":  {"-- Saltfile --\nsalt-ssh: [\n", "Saltfile:2:1: the configuration is no valid YAML"},
		"saltfile type":  {"-- Saltfile --\nsalt-ssh: x\n", "Saltfile:1:1: salt-ssh: expected a mapping"},
		"saltfile dir":   {"-- Saltfile --\nsalt-ssh:\n  config_dir: nowhere\n", "Saltfile:2:3: config_dir nowhere: stat "},
		"saltfile value": {"-- Saltfile --\nsalt-ssh:\n  ssh_port: x\n", "Saltfile:2:3: ssh_port 'x'"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			dir := unpack(t, tc.archive)
			_, err := config.Load(options(dir, ""))
			var re *roster.Error
			if err == nil || !strings.Contains(err.Error(), tc.want) || !errors.As(err, &re) {
				t.Errorf("error %v\nwant %s", err, tc.want)
			}
		})
	}
	for name, o := range map[string]config.Options{
		"no such directory": {ConfigDir: "nowhere"}, "no such saltfile": {Saltfile: "nowhere"},
	} {
		o.Dir = t.TempDir()
		if _, err := config.Load(o); err == nil || !strings.Contains(err.Error(), "nowhere") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPrivateKeyOfSaltSSH(t *testing.T) {
	dir := unpack(t, "-- master --\nroot_dir: .\npki_dir: /pki\n-- pki/ssh/salt-ssh.rsa --\nkey\n")
	c := load(t, options(dir, ""))
	if d := cmp.Diff([]string{filepath.Join(dir, "pki/ssh/salt-ssh.rsa")}, c.SSH.PrivateKeys); d != "" {
		t.Error(d)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("file_roots:\n  base: [a]\nssh_port: x\n")
	f.Add("include: master\nnodegroups: {a: 1}\n")
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "master"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(config.Options{Dir: dir, SystemDir: dir + "/none"})
		if err == nil && (c.Opts == nil || len(c.FileRoots) == 0 && !strings.Contains(text, "file_roots")) {
			t.Errorf("incomplete configuration: %+v", c)
		}
	})
}
