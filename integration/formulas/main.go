// Command formulas makes cases for integration/stateruns out of checkouts of
// saltstack-formulas: one for each suite of a formula's kitchen.yml, with the
// SLS and the pillar that its own authors test it with. The cases have no
// results: real Salt records them, and pinch is compared with that.
//
//	go run ./integration/formulas -formulas DIR -out CASES
//	go run ./integration/stateruns -goldens CASES -record RECORDED -command '… salt-call …' -bind …
//	go run ./integration/stateruns -goldens RECORDED
//
// DIR holds one folder a formula (NAME-formula). docs/formulas.md says what came of it.
package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"pinch/internal/py"
	"pinch/internal/saltyaml"
)

// observe is what must be equal on both hosts after each step: files and their
// content, packages, unit states. Left out is what no two hosts share: keys,
// caches, machine ids, times.
var observe = []string{
	`find /etc /home /opt /root /srv /usr/local /var/spool/cron /var/www -xdev \( -path /srv/salt -o -path /srv/pillar -o -path /root/.cache -o -path /root/.pyenv -o -name '*-' -o -path '/etc/ssh/ssh_host_*' -o -path /etc/ld.so.cache -o -path '/etc/ssl/*' -o -path '/etc/salt*' -o -name '.pwd.lock' -o -path /etc/machine-id -o -path /etc/.updated \) -prune -o -printf '%y %m %u:%g %p %l\n' 2>/dev/null | sort`,
	`find /etc /home /opt /usr/local /var/www -xdev -type f ! -path '/etc/ssh/ssh_host_*' ! -path /etc/ld.so.cache ! -path '/etc/ssl/*' ! -path '/etc/salt*' ! -name '*-' ! -name .pwd.lock ! -path /etc/machine-id ! -path /etc/shadow ! -path /etc/.updated -exec sha256sum {} + 2>/dev/null | sort -k2`,
	`grep -v '^# DO NOT EDIT\|^# (.* installed on\|^# (Cron version' /var/spool/cron/crontabs/* 2>/dev/null`,
	`cut -d: -f1,4- /etc/shadow | sed 's/:[0-9]*:/:/'`,
	`dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n'`,
	`systemctl list-unit-files --no-legend --type=service,timer,socket --plain | awk '{print $1, $2}'`,
	`systemctl list-units --no-legend --plain --state=active,failed --type=service | awk '$1 !~ /^(user|ssh|apt-daily|dpkg-db|systemd-|e2scrub|logrotate|man-db|fstrim|session)/ {print $1, $3, $4}'`,
}

// notStates are the folders of a formula that hold no states.
var notStates = []string{"test", "docs", "bin", ".git", ".github", ".travis", "node_modules"}

func main() {
	dir := flag.String("formulas", "", "folder with checkouts of formulas")
	out := flag.String("out", "", "folder to write the cases to")
	suite := flag.String("suite", "bookworm", "Debian suite of the hosts")
	flag.Parse()
	if err := work(*dir, *out, *suite); err != nil {
		fmt.Fprintln(os.Stderr, "formulas:", err)
		os.Exit(1)
	}
}

func work(dir, out, platform string) error {
	if dir == "" || out == "" {
		return errors.New("-formulas and -out are needed")
	}
	kitchens, err := filepath.Glob(filepath.Join(dir, "*-formula", "kitchen.yml"))
	if err != nil {
		return err
	}
	if len(kitchens) == 0 {
		return fmt.Errorf("%s: no NAME-formula with a kitchen.yml in it", dir)
	}
	for _, k := range kitchens {
		if err := formula(filepath.Dir(k), out, platform); err != nil {
			return err
		}
	}
	return nil
}

// formula writes the cases of one formula.
func formula(dir, out, platform string) error {
	b, err := os.ReadFile(filepath.Join(dir, "kitchen.yml"))
	if err != nil {
		return err
	}
	v, err := saltyaml.Load(string(b))
	if err != nil {
		return fmt.Errorf("%s/kitchen.yml: %w", dir, err)
	}
	name := strings.TrimSuffix(filepath.Base(dir), "-formula")
	for _, s := range items(get(v, "suites")) {
		c := testCase{Name: text(get(s, "name")), Suite: "formula." + name, Platform: platform, Network: true, Systemd: true,
			Tree: map[string]any{}, Observe: observe, Packages: []string{}}
		p, general := get(s, "provisioner"), get(v, "provisioner")
		if err := c.addTree(dir, ""); err != nil {
			return err
		}
		missing := false
		for _, d := range items(get(p, "dependencies")) {
			from, under := filepath.Join(dir, text(get(d, "path"))), text(get(d, "name"))
			if repo := text(get(d, "source")); repo != "" { // another formula, perhaps at hand
				from, under = filepath.Join(filepath.Dir(dir), strings.TrimSuffix(path.Base(repo), ".git")), ""
				if _, err := os.Stat(from); err != nil {
					missing = true
					continue
				}
			}
			if err := c.addTree(from, under); err != nil {
				return err
			}
		}
		top := get(p, "state_top")
		if top == py.Value(py.None) {
			top = get(general, "state_top")
		}
		for _, sls := range items(get(get(top, "base"), "*")) {
			c.sls = append(c.sls, text(sls))
		}
		if missing || len(c.sls) == 0 {
			fmt.Fprintf(os.Stderr, "%s/%s: left out: it needs other repositories or names no states\n", name, c.Name)
			continue
		}
		if err := c.addPillar(dir, general, p); err != nil {
			return err
		}
		if err := c.write(out); err != nil {
			return err
		}
	}
	return nil
}

// testCase is a case of integration/stateruns.
type testCase struct {
	Name     string         `json:"name"`
	Suite    string         `json:"suite"`
	Platform string         `json:"platform"`
	Packages []string       `json:"packages"`
	Network  bool           `json:"network"`
	Systemd  bool           `json:"systemd"`
	Setup    string         `json:"setup"`
	Tree     map[string]any `json:"tree"`
	Observe  []string       `json:"observe"`
	Steps    []step         `json:"steps"`

	sls []string
}

type step struct {
	Kind string   `json:"kind"`
	Args []string `json:"args"`
	Test bool     `json:"test"`
}

// addTree adds the states below dir, under a name of their own when one is given.
func (c *testCase) addTree(dir, under string) error {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	return filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		if under == "" && d.IsDir() && slices.Contains(notStates, rel) {
			return filepath.SkipDir
		}
		if !d.Type().IsRegular() || under == "" && !strings.Contains(rel, "/") {
			return nil // what lies beside the states is the repository's
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		c.Tree[path.Join(under, rel)] = content(b)
		return nil
	})
}

func content(b []byte) any {
	if utf8.Valid(b) {
		return string(b)
	}
	return map[string]string{"base64": base64.StdEncoding.EncodeToString(b)}
}

// addPillar makes the setup write the suite's pillar files: they may be templates.
func (c *testCase) addPillar(dir string, provisioners ...py.Value) error {
	files := map[string][]byte{}
	read := func(name, file string) error {
		b, err := os.ReadFile(file)
		files[name] = b
		return err
	}
	for _, p := range provisioners {
		for _, d := range items(get(p, "pillars_from_directories")) {
			found, err := filepath.Glob(filepath.Join(dir, text(d), "*.sls"))
			if err != nil {
				return err
			}
			for _, f := range found {
				if err := read(filepath.Base(f), f); err != nil {
					return err
				}
			}
		}
		for k, v := range pairs(get(p, "pillars")) {
			dumped, err := json.Marshal(plain(v))
			if err != nil {
				return err
			}
			files[k] = dumped
		}
		for k, v := range pairs(get(p, "pillars_from_files")) {
			if err := read(k, filepath.Join(dir, text(v))); err != nil {
				return err
			}
		}
	}
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	if len(names) > 0 {
		b.WriteString("rm -f /srv/pillar/*\n")
	}
	for _, name := range names {
		fmt.Fprintf(&b, "base64 -d >/srv/pillar/%s <<'PINCH'\n%s\nPINCH\n", name, base64.StdEncoding.EncodeToString(files[name]))
	}
	b.WriteString("apt-get update -qq\n")
	c.Setup = b.String()
	return nil
}

// write writes the case, with the usual four steps on its SLS.
func (c *testCase) write(out string) error {
	for _, test := range []bool{true, false, false, true} {
		s := step{Kind: "state.apply", Args: []string{strings.Join(c.sls, ",")}, Test: test}
		if test {
			s.Args = append(s.Args, "test=True")
		}
		c.Steps = append(c.Steps, s)
	}
	b, err := json.MarshalIndent(c, "", " ")
	if err != nil {
		return err
	}
	dir := filepath.Join(out, c.Suite)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, c.Name+".json"), append(b, '\n'), 0o644)
}

func get(v py.Value, key string) py.Value {
	if d, ok := v.(*py.Dict); ok {
		return py.OrNone(d.Lookup(key))
	}
	return py.None
}

func items(v py.Value) []py.Value {
	if l, ok := v.(*py.List); ok {
		return l.Items
	}
	return nil
}

func pairs(v py.Value) map[string]py.Value {
	out := map[string]py.Value{}
	if d, ok := v.(*py.Dict); ok {
		for k, v := range d.All() {
			out[py.ToStr(k)] = v
		}
	}
	return out
}

func text(v py.Value) string {
	if s, ok := v.(py.Str); ok {
		return string(s)
	}
	return ""
}

// plain is the value for encoding/json: a pillar's top file, which is mappings,
// lists and texts.
func plain(v py.Value) any {
	switch v := v.(type) {
	case *py.Dict:
		out := map[string]any{}
		for k, it := range v.All() {
			out[py.ToStr(k)] = plain(it)
		}
		return out
	case *py.List:
		out := []any{}
		for _, it := range v.Items {
			out = append(out, plain(it))
		}
		return out
	}
	return py.ToStr(v)
}
