// Package config reads Salt's configuration as salt-ssh has it: the master
// file with master.d and include, and the Saltfile. It finds them without
// anything in /etc being needed, checks what pinch uses and keeps the rest:
// Opts is the whole configuration in Salt's names, for the tree to read.
//
// It is used by internal/cli. What is wrong is an error with the place in the
// file; what would change results and cannot be honoured is a warning.
package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pinch/internal/py"
	"pinch/internal/secret"
	"pinch/roster"
)

// Options say where to look.
type Options struct {
	// ConfigDir is the directory given with -c, or a master file; "" to search.
	ConfigDir string
	// Saltfile is the file given with --saltfile; "" to search.
	Saltfile string
	// Dir is the working directory, Home the user's home directory.
	Dir  string
	Home string
	// Getenv looks up environment variables; nil means there are none.
	Getenv func(name string) string
	// SystemDir is the last place to look, "" for /etc/salt. Tests move it.
	SystemDir string
}

// Origin says how the configuration was found.
type Origin string

// The places that a configuration can come from.
const (
	FromFlag       Origin = "-c"
	FromSaltfile   Origin = "Saltfile"
	FromEnv        Origin = "environment"
	FromTree       Origin = "./etc/salt"
	FromFile       Origin = "./master"
	FromConvention Origin = "convention" // no configuration: salt/, pillar/, roster
	FromSystem     Origin = "/etc/salt"
	FromNothing    Origin = "nothing"
)

// EnvRoots are the directories of one environment, the first has precedence.
type EnvRoots struct {
	Env  string
	Dirs []string
}

// Config is the configuration. It is immutable.
type Config struct {
	Origin Origin
	// File is the master file, "" when there is none; Dir is its directory, or
	// the one whose layout was taken by convention.
	File string
	Dir  string
	// Saltfile is the Saltfile that was read, "" for none.
	Saltfile string
	// Files are all files that were read, in order.
	Files []string

	// FileRoots and PillarRoots are absolute and in the order of the file.
	FileRoots   []EnvRoots
	PillarRoots []EnvRoots

	// Rosters are the names of the back ends, RosterFile the file of flat and
	// ansible, RosterDir and RosterDomain are for dir.
	Rosters        []string
	RosterFile     string
	RosterDir      string
	RosterDomain   string
	RosterDefaults *py.Dict // never nil
	SSH            SSH

	// Nodegroups and ListNodegroups (ssh_list_nodegroups) are never nil.
	Nodegroups     *py.Dict
	ListNodegroups *py.Dict

	Output Output
	// Opts is everything that was configured, in Salt's names, with paths made
	// absolute and the defaults of DefaultOpts. It is never nil and must not
	// be changed.
	Opts *py.Dict
	// Warnings are settings that cannot be honoured or are probably wrong.
	Warnings []roster.Warning

	pos map[string]roster.Pos
}

// SSH are the options of salt-ssh, with Salt's defaults.
type SSH struct {
	User          string
	Port          uint16
	Password      secret.String
	PrivateKeys   []string // ssh_priv, or the salt-ssh key of pki_dir if it is there
	KeyPassphrase secret.String
	// Timeout is ssh_timeout plus timeout, as salt-ssh connects with.
	Timeout            time.Duration
	Keepalive          roster.Keepalive
	NoKeepalive        bool
	Sudo               bool
	SudoUser           string
	IdentitiesOnly     bool
	MaxProcs           int
	MinionOpts         *py.Dict // ssh_minion_opts, never nil
	Grains             *py.Dict // ssh_grains, may be nil
	RemotePortForwards []string
	Options            []string
	ConfigFile         string // ssh_config_file, "" for the usual
	KnownHostsFile     string
	IgnoreHostKeys     bool
	NoHostKeys         bool
	ScanPorts          []uint16
	ScanTimeout        time.Duration
	Wipe               bool
}

// Output are the options of outputters.
type Output struct {
	Outputter          string // output, "" when not set
	StateOutput        string
	StateVerbose       py.Value
	StateOutputDiff    bool
	StateOutputProfile bool
	Color              py.Value
}

// RosterDefaultsOf returns what stands below every roster entry.
func (c *Config) RosterDefaultsOf() roster.Defaults {
	s := &c.SSH
	return roster.Defaults{
		User: s.User, Port: s.Port, Password: s.Password, PrivateKeys: s.PrivateKeys, KeyPassphrase: s.KeyPassphrase,
		Timeout: s.Timeout, Keepalive: s.Keepalive, NoKeepalive: s.NoKeepalive, Sudo: s.Sudo, SudoUser: s.SudoUser,
		IdentitiesOnly: s.IdentitiesOnly, RemotePortForwards: s.RemotePortForwards, SSHOptions: s.Options,
		MinionOpts: s.MinionOpts, Grains: s.Grains, IgnoreHostKeys: s.IgnoreHostKeys, NoHostKeys: s.NoHostKeys,
		KnownHostsFile: s.KnownHostsFile,
	}
}

// Groups returns the nodegroups for targets.
func (c *Config) Groups() roster.Groups {
	return roster.Groups{List: c.ListNodegroups, Compound: c.Nodegroups}
}

// Pos returns where an option was set; the zero Pos when it was not.
func (c *Config) Pos(key string) roster.Pos { return c.pos[key] }

// Load finds and reads the configuration.
func Load(o Options) (*Config, error) {
	l := &loader{o: o, c: &Config{pos: map[string]roster.Pos{}}, opts: py.NewDict()}
	if o.Getenv == nil {
		l.o.Getenv = func(string) string { return "" }
	}
	if o.SystemDir == "" {
		l.o.SystemDir = "/etc/salt"
	}
	if err := l.find(); err != nil {
		return nil, err
	}
	if l.c.File != "" {
		if err := l.readMaster(); err != nil {
			return nil, err
		}
	}
	if l.section != nil {
		l.merge(l.section, l.c.Saltfile, func(k py.Value) roster.Pos { return l.sectionPos(k) })
	}
	if err := l.finish(); err != nil {
		return nil, err
	}
	return l.c, nil
}

// loader is one run of Load.
type loader struct {
	o    Options
	c    *Config
	opts *py.Dict
	// section is the Saltfile's part for salt-ssh, or nil.
	section    *py.Dict
	sectionPos func(py.Value) roster.Pos
	problems   []error
}

// find decides which master file and which Saltfile are read.
//
// Salt: a Saltfile's config_dir is a new default for -c, and so wins over the
// environment; an explicit -c wins over both.
func (l *loader) find() error {
	if err := l.findSaltfile(); err != nil {
		return err
	}
	switch {
	case l.o.ConfigDir != "":
		return l.useGiven(l.o.ConfigDir, l.o.Dir, FromFlag, "-c "+l.o.ConfigDir, roster.Pos{})
	case l.section != nil && l.section.Has("config_dir"):
		dir, ok := l.section.Lookup("config_dir").(py.Str)
		pos := l.sectionPos(py.Str("config_dir"))
		if !ok || dir == "" {
			return &roster.Error{Pos: pos, Msg: "config_dir: expected a directory, got " + show(l.section.Lookup("config_dir"))}
		}
		return l.useGiven(string(dir), filepath.Dir(l.c.Saltfile), FromSaltfile, "config_dir "+string(dir), pos)
	}
	if f := l.o.Getenv("SALT_MASTER_CONFIG"); f != "" && isFile(l.abs(f, l.o.Dir)) {
		l.useFile(l.abs(f, l.o.Dir), FromEnv)
		return nil
	}
	if d := l.o.Getenv("SALT_CONFIG_DIR"); d != "" {
		return l.useGiven(d, l.o.Dir, FromEnv, "SALT_CONFIG_DIR "+d, roster.Pos{})
	}
	if dir := filepath.Join(l.o.Dir, "etc", "salt"); isFile(filepath.Join(dir, "master")) {
		l.useFile(filepath.Join(dir, "master"), FromTree)
		return nil
	}
	if f := filepath.Join(l.o.Dir, "master"); isFile(f) {
		l.useFile(f, FromFile)
		return nil
	}
	if hasLayout(l.o.Dir) {
		l.c.Dir, l.c.Origin = l.o.Dir, FromConvention
		return nil
	}
	if f := filepath.Join(l.o.SystemDir, "master"); isFile(f) {
		l.useFile(f, FromSystem)
		return nil
	}
	l.c.Dir, l.c.Origin = l.o.Dir, FromNothing
	return nil
}

// useGiven takes a directory or a master file that somebody named: it must be
// there. A directory without a master file is taken by its layout.
func (l *loader) useGiven(path, base string, from Origin, what string, pos roster.Pos) error {
	path = l.abs(path, base)
	info, err := os.Stat(path)
	if err != nil {
		return &roster.Error{Pos: pos, Msg: what, Err: err, Advice: "name a directory with a master file, or with salt/, pillar/ and roster"}
	}
	if !info.IsDir() {
		l.useFile(path, from)
		return nil
	}
	if f := filepath.Join(path, "master"); isFile(f) {
		l.useFile(f, from)
		return nil
	}
	l.c.Dir, l.c.Origin = path, from
	return nil
}

func (l *loader) useFile(file string, from Origin) {
	l.c.File, l.c.Dir, l.c.Origin = file, filepath.Dir(file), from
}

// hasLayout says whether a directory looks like a tree without configuration.
func hasLayout(dir string) bool {
	for _, name := range []string{"salt", "states", "pillar"} {
		if isDir(filepath.Join(dir, name)) {
			return true
		}
	}
	return isFile(filepath.Join(dir, "roster")) || isFile(filepath.Join(dir, "top.sls"))
}

// findSaltfile looks for a Saltfile: the one given, $SALT_SALTFILE, from the
// working directory upwards, and in ~/.salt.
func (l *loader) findSaltfile() error {
	given := l.o.Saltfile
	if given == "" {
		given = l.o.Getenv("SALT_SALTFILE")
	}
	if given != "" {
		path := l.abs(given, l.o.Dir)
		if !isFile(path) {
			return &roster.Error{Pos: roster.Pos{File: path}, Msg: "there is no such Saltfile", Advice: "check --saltfile and SALT_SALTFILE"}
		}
		return l.readSaltfile(path)
	}
	for dir := l.o.Dir; dir != ""; {
		if f := filepath.Join(dir, "Saltfile"); isFile(f) {
			return l.readSaltfile(f)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			break
		}
		dir = parent
	}
	if l.o.Home != "" {
		if f := filepath.Join(l.o.Home, ".salt", "Saltfile"); isFile(f) {
			return l.readSaltfile(f)
		}
	}
	return nil
}

// readSaltfile keeps the section salt-ssh, with a section pinch over it.
func (l *loader) readSaltfile(path string) error {
	l.c.Saltfile = path
	doc, err := l.read(path)
	if err != nil {
		return err
	}
	merged := py.NewDict()
	from := map[string]*py.Dict{}
	for _, name := range []string{"salt-ssh", "pinch"} {
		v, ok := doc.top.GetStr(name)
		if !ok || v == py.None {
			continue
		}
		d, ok := v.(*py.Dict)
		if !ok {
			return &roster.Error{Pos: doc.keyPos(py.Str(name)), Msg: fmt.Sprintf("%s: expected a mapping, got %s", name, show(v))}
		}
		merged.Update(d)
		for k := range d.All() {
			from[py.ToStr(k)] = d
		}
	}
	if merged.Len() == 0 {
		return nil
	}
	l.section = merged
	l.sectionPos = func(k py.Value) roster.Pos { return doc.posIn(from[py.ToStr(k)], k) }
	return nil
}

func (l *loader) abs(path, base string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok && l.o.Home != "" {
		return filepath.Join(l.o.Home, rest)
	}
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(base, path)
}

// resolve makes a path of the configuration absolute. Salt takes it relative
// to the working directory, which with a Saltfile is that file's; a tree is to
// work from everywhere, so the configuration's own directory counts, too. The
// first place where the path exists is taken.
func (l *loader) resolve(path string) string {
	var bases []string
	if l.c.Saltfile != "" {
		bases = append(bases, filepath.Dir(l.c.Saltfile))
	}
	bases = append(bases, l.c.Dir, l.o.Dir)
	for _, b := range bases {
		if p := l.abs(path, b); exists(p) {
			return p
		}
	}
	return l.abs(path, l.c.Dir)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// show is a value in a message, bounded.
func show(v py.Value) string {
	if v == nil {
		return "nothing"
	}
	s := []rune(py.Repr(v))
	if len(s) > 60 {
		return string(s[:57]) + "..."
	}
	return string(s)
}
