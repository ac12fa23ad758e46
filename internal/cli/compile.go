package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"pinch/internal/compilecmd"
	"pinch/internal/config"
	"pinch/internal/host"
	"pinch/internal/output"
	"pinch/internal/py"
	"pinch/internal/saltyaml"
	"pinch/modules/grains"
	"pinch/states"
)

// compileParts are what --what may name.
var compileParts = []string{"top", "pillar", "high", "low", "templates"}

func compileFlags() []cli.Flag {
	return append(commonFlags(),
		&cli.BoolFlag{Name: "highstate", Usage: "compile what the top file says"},
		&cli.StringFlag{Name: "what", Value: "low", Usage: "what to print: " + strings.Join(compileParts, ", ")},
		&cli.StringFlag{Name: "render", Usage: "render this file of the tree instead, and print its text"},
		&cli.StringFlag{Name: "id", Usage: "the host's minion id (default: the grain id)"},
		&cli.StringFlag{Name: "grains-file", Usage: "the host's grains, JSON or YAML (default: this machine's)"},
		&cli.StringFlag{Name: "execution-file", Usage: "answers of functions that need a host: a list of {fun, args, kwargs, return}"},
		&cli.StringFlag{Name: "opts-file", Usage: "minion options, over those of the configuration"},
		&cli.StringFlag{Name: "pillar-file", Usage: "pillar that is merged over the tree's"},
		&cli.StringFlag{Name: "context-file", Usage: "with --render: variables of the template"},
		&cli.StringFlag{Name: "saltenv", Usage: "the environment of the SLS"},
		&cli.StringFlag{Name: "pillarenv", Usage: "the environment of the pillar"},
		&cli.StringFlag{Name: "out", Aliases: []string{"output"}, Value: "yaml", Usage: "json (with status and errors), yaml, nested, ..."},
		&cli.BoolFlag{Name: "batch", Usage: "read jobs as JSON lines from standard input"},
	)
}

// compile compiles a tree off line: for one host, or jobs in a batch.
func (a *app) compile(ctx context.Context, c *cli.Context) error {
	if c.Bool("batch") {
		if c.NArg() > 0 {
			return usagef("compile --batch: there are no arguments: jobs are read from standard input")
		}
		return compilecmd.Batch(ctx, a.treeConfig(c, nil), a.env.Stdin, a.env.Stdout)
	}
	if c.Bool("version") {
		return a.version()
	}
	render := c.String("render")
	if n := c.NArg(); render != "" && (n > 0 || c.Bool("highstate")) || render == "" && (n > 0) == c.Bool("highstate") {
		return usagef("compile: give SLS, or --highstate, or --render FILE (or --batch, to read jobs from standard input)")
	}
	what := strings.Split(c.String("what"), ",")
	for _, w := range what {
		if !slices.Contains(compileParts, w) {
			return usagef("compile: --what %s: there are %s", w, strings.Join(compileParts, ", "))
		}
	}
	log := a.logger(c.String("log-level"))
	d, err := a.compileJob(ctx, c)
	if err != nil {
		return fmt.Errorf("compile: %w", err)
	}
	d.SetStr("what", py.Strings(what...))
	job, err := compilecmd.JobOf(d)
	if err != nil {
		return fmt.Errorf("compile: %w", err)
	}
	if render != "" {
		return a.renderFile(ctx, c, job, d)
	}
	result, err := compilecmd.One(ctx, a.treeConfig(c, log), job)
	if err != nil {
		return fmt.Errorf("compile: %w", err)
	}
	return a.printCompiled(c, result, what)
}

// compileJob makes the job of the command line, in the form of a batch.
func (a *app) compileJob(ctx context.Context, c *cli.Context) (*py.Dict, error) {
	conf, all, err := a.configure(c)
	if err != nil {
		return nil, err
	}
	opts := all.Copy()
	if conf.Origin == config.FromNothing { // a job says all there is, as in a batch
		opts = py.NewDict()
		for _, key := range []string{"file_roots", "pillar_roots"} {
			if v, ok := all.GetStr(key); ok {
				opts.SetStr(key, v)
			}
		}
	}
	d := py.DictOf("saltenv", py.Str(c.String("saltenv")), "pillarenv", py.Str(c.String("pillarenv")),
		"sls", py.Strings(c.Args().Slice()...), "highstate", py.Bool(c.Bool("highstate")))
	for _, key := range []string{"file_roots", "pillar_roots"} {
		if v, ok := opts.DeleteStr(key); ok {
			d.SetStr(key, v)
		}
	}
	for flag, take := range map[string]func(py.Value) error{
		"opts-file": func(v py.Value) error { return py.UpdateDict(opts, v) },
		"pillar-file": func(v py.Value) error {
			d.SetStr("pillar", v)
			return nil
		},
		"execution-file": func(v py.Value) error {
			d.SetStr("execution", v)
			return nil
		},
	} {
		if err := a.dataFile(c, flag, take); err != nil {
			return nil, err
		}
	}
	d.SetStr("opts", opts)
	g, err := a.compileGrains(ctx, c)
	if err != nil {
		return nil, err
	}
	id := c.String("id")
	if id == "" {
		id = g.String("id")
	}
	if id == "" {
		return nil, usagef("--id is missing: the grains have no id")
	}
	g.SetStr("id", py.Str(id))
	d.SetStr("id", py.Str(id))
	d.SetStr("grains", g)
	return d, nil
}

// compileGrains reads --grains-file, or looks at this machine. What `pinch
// --out=json HOST grains.items` prints is taken too.
func (a *app) compileGrains(ctx context.Context, c *cli.Context) (*py.Dict, error) {
	if c.String("grains-file") == "" {
		g, err := grains.Collect(ctx, host.NewLocal(os.Environ()))
		if err != nil {
			return nil, fmt.Errorf("the grains of this machine: %w", err)
		}
		if name, err := os.Hostname(); err == nil {
			g.SetStr("id", py.Str(name))
		}
		return g, nil
	}
	var out *py.Dict
	err := a.dataFile(c, "grains-file", func(v py.Value) error {
		d, ok := v.(*py.Dict)
		if !ok {
			return fmt.Errorf("a mapping is needed, not %s", v.Type())
		}
		if out = d.Copy(); d.Len() == 1 {
			for id, inner := range d.All() {
				if of, ok := inner.(*py.Dict); ok {
					out = of.Copy()
					if !out.Has("id") {
						out.SetStr("id", py.Str(py.ToStr(id)))
					}
				}
			}
		}
		return nil
	})
	return out, err
}

// dataFile reads the JSON or YAML file that a flag names, if it does.
func (a *app) dataFile(c *cli.Context, flag string, take func(py.Value) error) error {
	name := c.String(flag)
	if name == "" {
		return nil
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(a.env.Dir, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("--%s: %w", flag, err)
	}
	var v py.Value
	if s := strings.TrimSpace(string(text)); strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[") {
		if v, err = py.DecodeJSON(text); err != nil { // YAML in braces is no JSON
			v, err = saltyaml.Load(string(text))
		}
	} else {
		v, err = saltyaml.Load(string(text))
	}
	if err == nil {
		err = take(v)
	}
	if err != nil {
		return fmt.Errorf("--%s: %s: %w", flag, name, err)
	}
	return nil
}

// printCompiled prints a result: in JSON all of it, else what was asked for,
// and errors for people.
func (a *app) printCompiled(c *cli.Context, result *py.Dict, what []string) error {
	failed := result.String("status") != "ok"
	if c.String("out") == "json" {
		text, err := py.EncodeJSON(result)
		if err != nil {
			return fmt.Errorf("compile: %w", err)
		}
		if _, err := fmt.Fprintf(a.env.Stdout, "%s\n", text); err != nil {
			return err
		}
	} else if failed {
		l, _ := result.Lookup("errors").(*py.List)
		for _, it := range l.Items {
			e := it.(*py.Dict)
			text := e.String("message")
			if at := e.String("at"); at != "" {
				text = at + ": " + text
			}
			if hint := e.String("hint"); hint != "" {
				text += " (" + hint + ")"
			}
			fmt.Fprintf(a.env.Stderr, "pinch: %s\n", output.Clean(text))
		}
	}
	if failed {
		return &silentError{exitCompile}
	}
	if c.String("out") == "json" {
		return nil
	}
	var data py.Value
	if len(what) == 1 {
		data = result.Lookup(what[0])
	} else {
		d := py.NewDict()
		for _, w := range what {
			if v, ok := result.GetStr(w); ok {
				d.SetStr(w, v)
			}
		}
		data = d
	}
	if data == nil { // such as a top file that was not asked for
		data = py.NewDict()
	}
	out := c.String("out")
	o := output.DefaultOptions()
	o.Out, o.Color, o.Terminal = out, false, a.env.StdoutTTY
	return output.Display(a.env.Stdout, data, o)
}

// renderFile prints what one file of the tree is rendered to.
func (a *app) renderFile(ctx context.Context, c *cli.Context, job *compilecmd.Job, d *py.Dict) error {
	var vars *py.Dict
	if err := a.dataFile(c, "context-file", func(v py.Value) error {
		var ok bool
		if vars, ok = v.(*py.Dict); !ok {
			return fmt.Errorf("a mapping is needed, not %s", v.Type())
		}
		return nil
	}); err != nil {
		return fmt.Errorf("compile: %w", err)
	}
	file := a.inRoots(c.String("render"), d)
	text, errs, err := compilecmd.Render(ctx, a.treeConfig(c, a.logger(c.String("log-level"))), job, file, vars)
	for _, e := range errs {
		fmt.Fprintf(a.env.Stderr, "pinch: %s\n", output.Clean(e.Error()))
	}
	var te *states.TemplateError
	var se *states.Error
	switch {
	case len(errs) > 0:
		return &silentError{exitCompile}
	case errors.As(err, &te), errors.As(err, &se):
		fmt.Fprintf(a.env.Stderr, "pinch: %s\n", output.Clean(err.Error()))
		return &silentError{exitCompile}
	case err != nil:
		return fmt.Errorf("compile: %w", err)
	}
	_, err = a.env.Stdout.Write(text)
	return err
}

// inRoots turns the path of a file on this machine into its path in the tree,
// when it lies in one of the job's roots.
func (a *app) inRoots(file string, d *py.Dict) string {
	if strings.HasPrefix(file, "salt://") {
		return file
	}
	path := file
	if !filepath.IsAbs(path) {
		path = filepath.Join(a.env.Dir, path)
	}
	if _, err := os.Stat(path); err != nil {
		return file
	}
	roots, _ := d.Lookup("file_roots").(*py.Dict)
	for _, dirs := range roots.All() {
		l, ok := dirs.(*py.List)
		if !ok {
			continue
		}
		for _, dir := range l.Items {
			if rel, err := filepath.Rel(py.ToStr(dir), path); err == nil && filepath.IsLocal(rel) {
				return filepath.ToSlash(rel)
			}
		}
	}
	return file
}
