package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"pinch/internal/config"
	"pinch/internal/py"
	"pinch/internal/saltyaml"
)

// configure reads the configuration and puts the command line's options over
// it. The tree's options are returned beside it.
func (a *app) configure(c *cli.Context) (*config.Config, *py.Dict, error) {
	conf, err := config.Load(config.Options{
		ConfigDir: c.String("config-dir"), Saltfile: c.String("saltfile"), Dir: a.env.Dir, Home: a.env.Home, Getenv: a.env.Getenv,
	})
	if err != nil {
		return nil, nil, err
	}
	opts := conf.Opts.Copy()
	if c.Bool("local") {
		if err := a.minionConfig(c, conf, opts); err != nil {
			return nil, nil, err
		}
	}
	for flag, key := range map[string]string{"file-root": "file_roots", "pillar-root": "pillar_roots"} {
		if err := a.addRoots(opts, key, c.StringSlice(flag)); err != nil {
			return nil, nil, fmt.Errorf("--%s: %w", flag, err)
		}
	}
	return conf, opts, nil
}

// minionConfig reads the minion file beside the master file, or /etc/salt's:
// what salt-call --local would go by.
func (a *app) minionConfig(c *cli.Context, conf *config.Config, opts *py.Dict) error {
	var files []string
	if d := c.String("config-dir"); d != "" {
		files = append(files, filepath.Join(conf.Dir, "minion"))
	} else if conf.Origin == config.FromSystem || conf.Origin == config.FromNothing {
		files = append(files, "/etc/salt/minion")
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("the minion's configuration: %w", err)
		}
		v, err := saltyaml.Load(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", f, err)
		}
		d, ok := v.(*py.Dict)
		if !ok && v != py.Value(py.None) {
			return fmt.Errorf("%s: a mapping is needed, not %s", f, v.Type())
		}
		if ok {
			opts.Update(d)
		}
	}
	if conf.Origin == config.FromNothing {
		for key, dir := range map[string]string{"file_roots": "/srv/salt", "pillar_roots": "/srv/pillar"} {
			if d, ok := opts.Lookup(key).(*py.Dict); !ok || d.Len() == 0 {
				opts.SetStr(key, py.DictOf("base", py.Strings(dir)))
			}
		}
	}
	return nil
}

// addRoots puts [ENV=]DIR before the configured directories.
func (a *app) addRoots(opts *py.Dict, key string, given []string) error {
	if len(given) == 0 {
		return nil
	}
	roots := py.NewDict()
	if d, ok := opts.Lookup(key).(*py.Dict); ok {
		roots = d.Copy()
	}
	added := map[string][]string{}
	var order []string
	for _, g := range given {
		env, dir, ok := strings.Cut(g, "=")
		if !ok {
			env, dir = "base", g
		}
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(a.env.Dir, dir)
		}
		if fi, err := os.Stat(dir); err != nil || !fi.IsDir() {
			return fmt.Errorf("%s is no directory", dir)
		}
		if added[env] == nil {
			order = append(order, env)
		}
		added[env] = append(added[env], dir)
	}
	for _, env := range order {
		l := py.Strings(added[env]...)
		if old, ok := roots.Lookup(env).(*py.List); ok {
			l.Items = append(l.Items, old.Items...)
		}
		roots.SetStr(env, l)
	}
	opts.SetStr(key, roots)
	return nil
}
